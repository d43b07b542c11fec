/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c -- the WebSocket transport: handshake, frames, and what it writes.
 *
 * Input: settings, then records of a length and octets that arrive from below,
 * which is memory (memory.h). With bit 0 of the settings a good handshake goes
 * before, so that frames are reached; with bits 4 and 5 off and on the answer
 * is a large one. Spec: RFC 6455; 5.0 s6.
 */
#include "support/fuzz.h"

#include <string.h>

#include "net/ws.h"
#include "support/memory.h"

static const char handshake[] =
    "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n";

/* flush writes what was not sent yet, as far as below takes it. Returns false
 * at the end. */
static bool flush(struct transport *t, struct buf *unsent)
{
    for (int i = 0; i < 1000; i++) {
        struct slice s = buf_slice(unsent);
        struct iovec part = {(void *)(uintptr_t)s.data, s.n};
        if (s.n == 0 && !t->wants_write)
            return true;
        ssize_t n = t->ops->writev(t, &part, s.n ? 1 : 0);
        if (n < 0 || (size_t)n > s.n)
            return false;
        buf_consume(unsent, (size_t)n);
    }
    return true;
}

/* serve reads all there is and echoes it. Returns false at the end. */
static bool serve(struct transport *t, struct buf *unsent, uint64_t *n_given)
{
    uint8_t octets[512];
    for (int i = 0; i < 64; i++) {
        ssize_t n = t->ops->read(t, octets, sizeof octets);
        if (n > 0)
            buf_append(unsent, octets, (size_t)n);
        *n_given += n > 0 ? (size_t)n : 0;
        if (!flush(t, unsent) || n < 0)
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

/* check_frame looks at the next frame that was sent: not masked, nothing
 * reserved, in one piece, its length in the shortest form, and nothing behind a
 * Close frame. Returns false at the end, or where the rest was not sent yet. */
static bool check_frame(struct reader *r, uint64_t *n_left)
{
    unsigned first = read_u8(r);
    uint64_t n = read_u8(r), least = n == 127 ? 65536 : n == 126 ? 126 : 0;
    bool is_control = (first & 8) != 0;
    if (n == 127)
        n = (uint64_t)read_u32(r) << 32;
    if (least == 65536)
        n |= read_u32(r);
    else if (n == 126)
        n = read_u16(r);
    if (r->has_failed)
        return false;
    if ((first != 0x82 && first != 0x88 && first != 0x8a) || n < least)
        fuzz_fail("a frame begins with %02x, its length is %llu", first,
                  (unsigned long long)n);
    if (n > (is_control ? 125 : *n_left))
        fuzz_fail("a frame %02x of %llu octets", first, (unsigned long long)n);
    *n_left -= is_control ? 0 : n;
    read_octets(r, n < reader_left(r) ? n : reader_left(r));
    if (first == 0x88 && reader_left(r) > 0)
        fuzz_fail("%zu octets behind a Close frame", reader_left(r));
    return reader_left(r) > 0;
}

/* check_answer reads all that was sent, if the handshake was accepted: frames
 * for at most the n octets that were to be sent. */
static void check_answer(struct slice out, uint64_t n)
{
    struct reader r = reader_of(out);
    if (out.n < 12 || memcmp(out.data, "HTTP/1.1 101", 12) != 0)
        return;
    while (reader_left(&r) >= 4 && memcmp(r.at, "\r\n\r\n", 4) != 0)
        read_u8(&r);
    read_octets(&r, 4);
    while (reader_left(&r) > 0 && check_frame(&r, &n))
        ;
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
    static const uint8_t large[70000]; /* longer than a frame may be */
    struct feed feed = {octets, n};
    unsigned settings = feed_u8(&feed);
    struct acceptor_options options = defaults();
    options.web_socket_requires_subprotocol = !(settings & 2);
    options.is_web_socket_limit_given = (settings & 4) != 0;
    options.web_socket_max_frame_payload_length = settings & 8 ? 100 : 65536;
    struct memory *m = memory_new(settings & 16 ? 1 + (settings >> 5) : 0);
    struct slice early = slice_of_text(settings & 1 ? handshake : "");
    struct transport *t = ws_new(&m->base, &options, early);
    struct buf unsent = {0};
    uint64_t n_given = (settings & 48) == 32 ? sizeof large : 0;
    bool goes_on = serve(t, &unsent, &n_given);
    while (goes_on && feed.n > 0) {
        size_t got;
        const uint8_t *at = feed_run(&feed, 1u + feed_u8(&feed), &got);
        buf_append(&m->in, at, got);
        goes_on = serve(t, &unsent, &n_given);
    }
    if (goes_on && (settings & 48) == 32)
        buf_append(&unsent, large, sizeof large);
    flush(t, &unsent);
    if (!answer_is_http(&m->out))
        fuzz_fail("what is said first is no HTTP");
    m->is_closed = true;
    serve(t, &unsent, &n_given);
    /* Goodbye is said when all was sent. */
    for (int i = 0; buf_size(&unsent) == 0 && i < 1000; i++)
        if (t->ops->finish(t) != 0)
            break;
    check_answer(buf_slice(&m->out), n_given);
    buf_clear(&unsent);
    t->ops->free(t);
    return 0;
}
