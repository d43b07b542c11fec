/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c -- the WebSocket transport: handshake, frames, and what it writes.
 *
 * Input: settings, then records of a length and octets that arrive from below.
 * Below is memory that gives and takes a few octets at a time, or takes none
 * now and then. With bit 0 of the settings a good handshake goes before, so
 * that frames are reached; with bits 4 and 5 off and on the answer is a large
 * one. Spec: RFC 6455; 5.0 s6.
 */
#include "support/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/ws.h"

struct memory {
    struct transport base;
    struct buf in;
    struct buf out;
    unsigned step; /* octets a call takes; 0: all */
    unsigned n_writes;
    bool is_closed;
};

static struct memory *memory_of(struct transport *t)
{
    return (struct memory *)(uintptr_t)t;
}

static ssize_t memory_read(struct transport *t, uint8_t *out, size_t n)
{
    struct memory *m = memory_of(t);
    size_t some = buf_size(&m->in) < n ? buf_size(&m->in) : n;
    if (m->step && some > m->step)
        some = m->step;
    if (some == 0) {
        errno = 0;
        return m->is_closed ? -1 : 0;
    }
    memcpy(out, buf_slice(&m->in).data, some);
    buf_consume(&m->in, some);
    return (ssize_t)some;
}

static ssize_t memory_writev(struct transport *t, const struct iovec *parts,
                             int n_parts)
{
    struct memory *m = memory_of(t);
    size_t left = m->step ? m->step : SIZE_MAX;
    size_t taken = 0;
    if (m->step && ++m->n_writes % 3 == 0)
        return 0; /* full for the moment */
    for (int i = 0; i < n_parts && left > 0; i++) {
        size_t n = parts[i].iov_len < left ? parts[i].iov_len : left;
        buf_append(&m->out, parts[i].iov_base, n);
        taken += n;
        left -= n;
    }
    return (ssize_t)taken;
}

static bool memory_has_pending(const struct transport *t)
{
    (void)t;
    return false;
}

static int memory_finish(struct transport *t)
{
    (void)t;
    return 1;
}

static void memory_free(struct transport *t)
{
    buf_clear(&memory_of(t)->in);
    buf_clear(&memory_of(t)->out);
    free(t);
}

static const struct transport_ops memory_ops = {
    "memory",           memory_read,   memory_writev,
    memory_has_pending, memory_finish, memory_free};

static const char handshake[] =
    "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n";

/* answer_largely writes what is longer than a frame may be. */
static void answer_largely(struct transport *t)
{
    static uint8_t octets[70000];
    struct iovec part = {octets, sizeof octets};
    for (int i = 0; i < 4 && part.iov_len > 0; i++) {
        ssize_t n = t->ops->writev(t, &part, 1);
        if (n < 0 || (size_t)n > part.iov_len)
            return;
        part.iov_len -= (size_t)n;
    }
}

/* serve reads all there is and echoes it. Returns false at the end. */
static bool serve(struct transport *t)
{
    static const struct iovec none = {NULL, 0};
    uint8_t octets[512];
    for (int i = 0; i < 64; i++) {
        ssize_t n = t->ops->read(t, octets, sizeof octets);
        if (n < 0)
            return false;
        struct iovec part = {octets, (size_t)n};
        ssize_t written = t->ops->writev(t, n ? &part : &none, n ? 1 : 0);
        if (written < 0 || written > n)
            return false;
        if (n == 0 && !t->ops->has_pending(t))
            return true;
    }
    return true;
}

/* answer_is_http tells whether what was said first is an HTTP answer. */
static bool answer_is_http(const struct buf *out)
{
    struct slice s = buf_slice(out);
    return s.n < 9 || memcmp(s.data, "HTTP/1.1 ", 9) == 0;
}

/* The texts of the options are kept: they are the same in each run. */
static struct acceptor_options defaults(void)
{
    static struct acceptor_options options;
    if (!options.host)
        config_init_acceptor(&options);
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    unsigned settings = feed_u8(&feed);
    struct acceptor_options options = defaults();
    options.web_socket_requires_subprotocol = !(settings & 2);
    options.is_web_socket_limit_given = (settings & 4) != 0;
    options.web_socket_max_frame_payload_length = settings & 8 ? 100 : 65536;
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->base.ops = &memory_ops;
    m->base.fd = -1;
    m->step = settings & 16 ? 1 + (settings >> 5) : 0;
    struct slice early = slice_of_text(settings & 1 ? handshake : "");
    struct transport *t = ws_new(&m->base, &options, early);
    bool goes_on = serve(t);
    while (goes_on && feed.n > 0) {
        size_t got;
        const uint8_t *at = feed_run(&feed, 1u + feed_u8(&feed), &got);
        buf_append(&m->in, at, got);
        goes_on = serve(t);
    }
    if ((settings & 48) == 32)
        answer_largely(t);
    if (!answer_is_http(&m->out))
        fuzz_fail("what is said first is no HTTP");
    m->is_closed = true;
    serve(t);
    for (int i = 0; i < 1000 && t->ops->finish(t) == 0; i++)
        ;
    t->ops->free(t);
    return 0;
}
