// SPDX-License-Identifier: Apache-2.0
/* conn.h -- one network connection: octets in, octets out, a state.
 *
 * A connection knows packets and no sessions. Without a transport it is a pair
 * of memory buffers: what is appended to `in` counts as received, what is sent
 * gathers in `out` until conn_take_output fetches it (tests and fuzzing).
 *
 * Output is a queue of parts: octets of `heads` (small packets, and the heads
 * of PUBLISH), and references to payloads that many connections share. One
 * writev sends them, once a turn.
 */
#ifndef BROKER_NET_CONN_H
#define BROKER_NET_CONN_H

#include "base/buf.h"
#include "base/log.h"
#include "codec/packet.h"
#include "net/transport.h"

enum conn_state {
    CONN_OPENING,        /* TLS or WebSocket is being set up */
    CONN_AWAIT_CONNECT,  /* only CONNECT is legal */
    CONN_AUTHENTICATING, /* between CONNECT and CONNACK; only AUTH is legal */
    CONN_RUNNING,
    CONN_CLOSING, /* nothing more is read; flushed, then swept */
};
#define CONN_N_STATES 5

/* Payload octets that outlive the message's other holders: the conn drops its
 * reference through `release` when they are written or given up. */
struct conn_payload {
    struct slice octets;
    void (*release)(void *holder); /* NULL: octets are copied into heads */
    void *holder;
};

/* What every turn looks at stands first, in one cache line: there are many
 * connections, and most are idle. */
struct conn {
    struct transport *transport; /* owned; NULL: memory only */
    void *user;                  /* whoever is above; never touched here */
    size_t out_octets;           /* not yet written, heads and payloads */
    uint64_t deadline_ms; /* when silence ends the connection; 0: never */
    uint64_t silence_ms;  /* how long silence may last; 0: for ever */
    enum conn_state state;
    enum mqtt_version version; /* 0 until CONNECT was read */
    bool is_finished; /* all was said; only waits for the other side's end */
    bool is_broken;   /* writing failed: nothing can be sent any more */
    bool has_ended;   /* nothing more will come; what is queued may yet go */
    int error;        /* errno of the failure; 0: orderly end */
    uint64_t id;      /* counts connections, for the log */
    const struct log *log;
    char peer[64]; /* "address:port" */
    /* on_send sees every packet that conn_send takes (trace, counters); NULL:
     * nobody looks. */
    void (*on_send)(struct conn *c, const struct packet *packet);
    struct buf in;
    size_t in_missing; /* octets that the first packet in `in` still lacks */
    struct buf heads;
    struct buf parts; /* struct conn_part, those not yet written */
    uint64_t n_octets_in;
    uint64_t n_octets_out;
};

/* conn_new makes a connection in CONN_OPENING (CONN_AWAIT_CONNECT without a
 * transport).
 *
 * transport   owned from now on; NULL: memory only
 * log         borrowed; may be NULL
 *
 * Returns it for conn_free.
 */
struct conn *conn_new(struct transport *transport, const struct log *log);

/* conn_free gives up everything; references to payloads are released. */
void conn_free(struct conn *c);

/* conn_enter changes the state, and logs `A -> B`. The only way to do so. */
void conn_enter(struct conn *c, enum conn_state state);

/* conn_read pulls what has arrived into c->in.
 *
 * max_octets   stop after that many (a turn should not be filled by one
 *              connection); but what is missing of a large packet
 *              (in_missing) is read in pieces of up to 1 MiB
 *
 * In CONN_CLOSING what arrives is thrown away: were it left unread, closing the
 * socket would reset the connection, and the other side could lose the last
 * packet that was sent to it.
 * Returns true if octets came. At the end sets has_ended.
 */
bool conn_read(struct conn *c, size_t max_octets);

/* conn_heard starts the keep-alive interval anew: call for each packet.
 *
 * now_ms   the broker's clock
 */
static inline void conn_heard(struct conn *c, uint64_t now_ms)
{
    c->deadline_ms = c->silence_ms ? now_ms + c->silence_ms : 0;
}

/* conn_send puts a packet on the output queue; nothing is written yet.
 *
 * packet    encoded for c->version at once; borrowed. For CONNACK and before,
 *           version 0 counts as 5.0 only if the caller set c->version
 * payload   the payload of a PUBLISH, by reference; NULL: packet's own payload
 *           is copied. Small payloads are copied as well, and released at once
 *
 * Does nothing in CONN_CLOSING but release the payload.
 */
void conn_send(struct conn *c, const struct packet *packet,
               const struct conn_payload *payload);

/* conn_send_octets puts encoded octets on the output queue, copied. */
void conn_send_octets(struct conn *c, struct slice octets);

/* conn_flush writes as much of the output as the transport takes; one writev
 * for hundreds of parts. In CONN_CLOSING, when all is written, it says goodbye
 * and ends the sending side. Without a transport it does nothing.
 *
 * Returns false when nothing can be sent any more (is_broken is set).
 */
bool conn_flush(struct conn *c);

/* conn_has_output tells whether octets wait to be written. */
static inline bool conn_has_output(const struct conn *c)
{
    return c->out_octets > 0;
}

/* conn_wants_write tells whether progress needs a writable socket. */
static inline bool conn_wants_write(const struct conn *c)
{
    return c->transport && !c->is_broken &&
           (c->out_octets > 0 || c->transport->wants_write);
}

/* conn_take_output moves all output to the end of out, payloads included. For
 * connections without a transport.
 */
void conn_take_output(struct conn *c, struct buf *out);

#endif
