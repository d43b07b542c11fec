// SPDX-License-Identifier: Apache-2.0
/* dispatch.c -- one table: packet type, the states it is legal in, its handler.
 *
 * Spec: 5.0 s4.13; 3.1.1 s4.8.
 */
#include "dispatch.h"

#include "client.h"
#include "codec/decode.h"
#include "codec/frame.h"
#include "on_connect.h"
#include "on_publish.h"
#include "on_session.h"
#include "on_subscribe.h"
#include "trace.h"

/* The largest CONNECT: all its strings at their longest, and room for
 * properties. Nobody is known yet who could be granted more memory. */
#define LARGEST_CONNECT (1024u * 1024u)

#define IN(state) (1u << (state))
#define RUNNING IN(CONN_RUNNING)

/* Rows without a handler are what only a server sends. */
static const struct {
    unsigned states;
    enum reason (*handler)(struct broker *b, struct client *c,
                           struct packet *packet);
} table[16] = {
    [PACKET_CONNECT] = {IN(CONN_AWAIT_CONNECT), on_connect},
    [PACKET_PUBLISH] = {RUNNING, on_publish},
    [PACKET_PUBACK] = {RUNNING, on_ack},
    [PACKET_PUBREC] = {RUNNING, on_ack},
    [PACKET_PUBREL] = {RUNNING, on_pubrel},
    [PACKET_PUBCOMP] = {RUNNING, on_ack},
    [PACKET_SUBSCRIBE] = {RUNNING, on_subscribe},
    [PACKET_UNSUBSCRIBE] = {RUNNING, on_unsubscribe},
    [PACKET_PINGREQ] = {RUNNING, on_pingreq},
    [PACKET_DISCONNECT] = {IN(CONN_AUTHENTICATING) | RUNNING, on_disconnect},
    [PACKET_AUTH] = {IN(CONN_AUTHENTICATING) | RUNNING, on_auth},
};

/* largest_packet tells what we accept from a client now; 0: no limit. */
static size_t largest_packet(const struct client *c)
{
    int64_t limit = c->options->maximum_packet_size;
    if (c->conn->state == CONN_AWAIT_CONNECT)
        return LARGEST_CONNECT;
    return limit > 0 ? (size_t)limit : 0;
}

/* handle decodes one whole packet and lets its handler act. */
static enum reason handle(struct broker *b, struct client *c,
                          struct slice octets)
{
    struct packet packet;
    enum reason reason = packet_decode(octets, c->version, &packet);
    b->counters.n_packets_in++;
    if (reason == REASON_SUCCESS)
        client_trace(b, c, "IN <<", &packet);
    if (!(table[packet.type].states & IN(c->conn->state)))
        /* [MQTT-3.1.0-1], [MQTT-3.1.0-2] */
        return client_blame(c, REASON_PROTOCOL_ERROR,
                            "a packet of this type has no place here");
    if (reason != REASON_SUCCESS) {
        if (packet.type != PACKET_CONNECT)
            return reason;
        /* A refusal must be written in a form that the client reads; what
         * size it accepts is not known, so no words. */
        c->version = c->conn->version = packet.connect.version;
        return client_blame(c, reason, "");
    }
    return table[packet.type].handler(b, c, &packet);
}

size_t dispatch_octets(struct broker *b, struct client *c, struct slice octets)
{
    size_t total = 0;
    enum reason reason = REASON_SUCCESS;
    if (c->conn->state == CONN_CLOSING || octets.n == 0)
        return 0;
    /* What does not begin like CONNECT never becomes one: do not wait. */
    if (c->conn->state == CONN_AWAIT_CONNECT &&
        octets.data[0] >> 4 != PACKET_CONNECT)
        reason = REASON_PROTOCOL_ERROR;
    else
        reason = frame_next(octets, largest_packet(c), &total);
    if (reason == REASON_SUCCESS) {
        if (total > octets.n)
            c->conn->in_missing = total - octets.n;
        if (total == 0 || total > octets.n)
            return 0;
        /* Before CONNACK the time for the handshake runs on. */
        if (c->conn->state == CONN_RUNNING)
            conn_heard(c->conn, b->now_ms);
        reason = handle(b, c, slice_of(octets.data, total));
    }
    if (reason != REASON_SUCCESS)
        broker_close_client(b, c, reason);
    c->why = NULL;
    return c->conn->state == CONN_CLOSING ? 0 : total;
}
