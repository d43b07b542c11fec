// SPDX-License-Identifier: Apache-2.0
/* conn.c -- one network connection: octets in, octets out, a state.
 *
 * The output queue is a list of parts in the order of sending. A part is a
 * stretch of `heads`, where encoded octets lie one behind the other, or a
 * payload that is shared with other connections. Small payloads are copied into
 * heads: that costs less than an iovec entry and a reference.
 * Expected size: 1 part when all is small; 2 for each large message.
 */
#include "net/conn.h"

#include "base/die.h"
#include "codec/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    COPY_LIMIT = 1024,    /* octets; payloads up to it are copied */
    ENCODE_ROOM = 256,    /* most packets fit; the others are measured */
    READ_CHUNK = 65536,   /* octets asked for at once */
    READ_AHEAD = 1 << 20, /* the same within a packet of known length */
    WRITE_PARTS = 128,    /* iovec entries in one writev */
    KEEP_OUTPUT = 16384,  /* an empty output buffer above it is given back */
};

/* payload.data NULL: the next n octets of heads. */
struct conn_part {
    size_t n;
    struct conn_payload payload;
};

static const char *const state_names[CONN_N_STATES] = {
    [CONN_OPENING] = "OPENING",
    [CONN_AWAIT_CONNECT] = "AWAIT_CONNECT",
    [CONN_AUTHENTICATING] = "AUTHENTICATING",
    [CONN_RUNNING] = "RUNNING",
    [CONN_CLOSING] = "CLOSING",
};

struct conn *conn_new(struct transport *transport, const struct log *log)
{
    struct conn *c = mem_new(1, sizeof *c);

    c->transport = transport;
    c->log = log;
    c->state = transport ? CONN_OPENING : CONN_AWAIT_CONNECT;
    return c;
}

/* parts_of gives the parts that wait, n of them. */
static struct conn_part *parts_of(const struct conn *c, size_t *n)
{
    *n = buf_size(&c->parts) / sizeof(struct conn_part);
    return *n ? (void *)(c->parts.data + c->parts.start) : NULL;
}

static void release_payload(const struct conn_payload *payload)
{
    if (payload && payload->release)
        payload->release(payload->holder);
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    size_t n;
    struct conn_part *parts = parts_of(c, &n);
    for (size_t i = 0; i < n; i++)
        release_payload(&parts[i].payload);
    if (c->transport)
        c->transport->ops->free(c->transport);
    buf_clear(&c->in);
    buf_clear(&c->heads);
    buf_clear(&c->parts);
    free(c);
}

void conn_enter(struct conn *c, enum conn_state state)
{
    if (log_is_on(c->log, LOG_DEBUG))
        log_line(c->log, LOG_DEBUG, "connection %llu (%s): %s -> %s",
                 (unsigned long long)c->id, c->peer, state_names[c->state],
                 state_names[state]);
    c->state = state;
}

static void note_end(struct conn *c)
{
    c->has_ended = true;
    c->error = errno;
}

static void note_broken(struct conn *c)
{
    c->is_broken = true;
    note_end(c);
}

/* read_and_drop empties what a closing connection still receives. */
static void read_and_drop(struct conn *c, size_t max_octets)
{
    uint8_t scrap[4096];
    size_t n = 0;

    while (n < max_octets) {
        ssize_t got =
            c->transport->ops->read(c->transport, scrap, sizeof scrap);
        if (got < 0)
            note_end(c);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
}

bool conn_read(struct conn *c, size_t max_octets)
{
    size_t n = 0, chunk = READ_CHUNK;

    if (!c->transport || c->has_ended)
        return false;
    if (c->state == CONN_CLOSING) {
        read_and_drop(c, max_octets);
        return false;
    }
    /* A large packet goes to its place in one piece. It is not trusted with all
     * the room that it claims, lest a few octets take much memory. */
    if (c->in_missing > max_octets)
        max_octets = chunk =
            c->in_missing < READ_AHEAD ? c->in_missing : READ_AHEAD;
    while (n < max_octets) {
        size_t room = max_octets - n < chunk ? max_octets - n : chunk;
        uint8_t *out = buf_reserve(&c->in, room);
        ssize_t got = c->transport->ops->read(c->transport, out, room);
        if (got < 0)
            note_end(c);
        if (got <= 0)
            break;
        buf_commit(&c->in, (size_t)got);
        n += (size_t)got;
        /* A socket that gave less than asked is empty: save the call. */
        if ((size_t)got < room && !c->transport->ops->has_pending(c->transport))
            break;
    }
    c->n_octets_in += n;
    return n > 0;
}

/* extend_heads notes that n more octets stand at the end of heads. */
static void extend_heads(struct conn *c, size_t n)
{
    struct conn_part more = {.n = n};
    size_t n_parts;
    struct conn_part *parts = parts_of(c, &n_parts);

    if (n == 0)
        return;
    c->out_octets += n;
    if (n_parts > 0 && !parts[n_parts - 1].payload.octets.data)
        parts[n_parts - 1].n += n;
    else
        buf_append(&c->parts, &more, sizeof more);
}

/* encode_head puts all but the payload of a PUBLISH behind heads. The usual
 * packet fits into ENCODE_ROOM, so that it need not be measured first.
 */
static void encode_head(struct conn *c, const struct packet *packet)
{
    enum mqtt_version version = c->version;
    uint8_t *out = buf_reserve(&c->heads, ENCODE_ROOM);
    size_t n = packet_encode(packet, version, out, ENCODE_ROOM);

    if (n == 0) {
        size_t size = packet_size(packet, version);
        out = buf_reserve(&c->heads, size);
        n = packet_encode(packet, version, out, size);
    }
    buf_commit(&c->heads, n);
    extend_heads(c, n);
}

void conn_send(struct conn *c, const struct packet *packet,
               const struct conn_payload *payload)
{
    struct conn_part part;
    struct slice octets;

    if (c->state == CONN_CLOSING) {
        release_payload(payload);
        return;
    }
    if (c->on_send)
        c->on_send(c, packet);
    encode_head(c, packet);
    if (packet->type != PACKET_PUBLISH)
        return;
    octets = payload ? payload->octets : packet->publish.payload;
    if (!payload || !payload->release || octets.n <= COPY_LIMIT) {
        conn_send_octets(c, octets);
        release_payload(payload);
        return;
    }
    part = (struct conn_part){.n = octets.n, .payload = *payload};
    buf_append(&c->parts, &part, sizeof part);
    c->out_octets += octets.n;
}

void conn_send_octets(struct conn *c, struct slice octets)
{
    if (c->state == CONN_CLOSING || octets.n == 0)
        return;
    buf_append(&c->heads, octets.data, octets.n);
    extend_heads(c, octets.n);
}

/* gather lists the first parts for writev; returns how many. */
static int gather(const struct conn *c, struct iovec *list, size_t *n_octets)
{
    const uint8_t *heads = c->heads.data + c->heads.start;
    size_t n;
    const struct conn_part *part = parts_of(c, &n);

    *n_octets = 0;
    n = n < WRITE_PARTS ? n : WRITE_PARTS;
    for (size_t i = 0; i < n; i++, part++) {
        const uint8_t *from = part->payload.octets.data;
        if (!from) {
            from = heads;
            heads += part->n;
        }
        list[i].iov_base = (void *)(uintptr_t)from;
        list[i].iov_len = part->n;
        *n_octets += part->n;
    }
    return (int)n;
}

/* forget drops what was written from the front of the queue. */
static void forget(struct conn *c, size_t n)
{
    size_t n_parts;
    struct conn_part *part = parts_of(c, &n_parts);

    c->out_octets -= n;
    c->n_octets_out += n;
    while (n > 0) {
        size_t some = n < part->n ? n : part->n;
        if (part->payload.octets.data)
            part->payload.octets.data += some;
        else
            buf_consume(&c->heads, some);
        part->n -= some;
        n -= some;
        if (part->n > 0)
            return;
        release_payload(&part->payload);
        buf_consume(&c->parts, sizeof *part);
        part++;
    }
}

/* finish says goodbye once, when a closing connection has nothing to send. */
static void finish(struct conn *c)
{
    int done = c->transport->ops->finish(c->transport);

    if (done < 0)
        note_broken(c);
    c->is_finished = done > 0;
}

bool conn_flush(struct conn *c)
{
    const struct transport_ops *ops;
    struct iovec list[WRITE_PARTS];
    size_t wanted;

    if (!c->transport || c->is_broken)
        return !c->is_broken;
    ops = c->transport->ops;
    /* The transport itself may have something to say (handshake, Pong). */
    if (c->out_octets == 0 && c->transport->wants_write && !c->is_finished &&
        ops->writev(c->transport, NULL, 0) < 0)
        note_broken(c);
    while (c->out_octets > 0 && !c->is_broken) {
        int n_parts = gather(c, list, &wanted);
        ssize_t n = ops->writev(c->transport, list, n_parts);
        if (n < 0)
            note_broken(c);
        if (n <= 0)
            break;
        forget(c, (size_t)n);
    }
    if (c->out_octets == 0 && !c->is_broken) {
        buf_shrink(&c->heads, KEEP_OUTPUT);
        if (c->state == CONN_CLOSING && !c->is_finished)
            finish(c);
    }
    return !c->is_broken;
}

void conn_take_output(struct conn *c, struct buf *out)
{
    struct iovec list[WRITE_PARTS];
    size_t n_octets;

    while (c->out_octets > 0) {
        int n_parts = gather(c, list, &n_octets);
        for (int i = 0; i < n_parts; i++)
            buf_append(out, list[i].iov_base, list[i].iov_len);
        forget(c, n_octets);
    }
}
