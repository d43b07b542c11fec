/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.c -- bad input in every manner, and the proof that others are served.
 */
#include "peer/hostile.h"

#include <string.h>

#include "peer/inside.h"

enum {
    MAX_SEGMENTS = 100,
    FRAGMENT_OCTETS = 3,
    LONG_ENOUGH_MS = 2000,
    FIRST_PACKET_TIMES = 3, /* the deadline of an event */
};

enum manner { IN_ONE, IN_OCTETS, BEHIND_CONNECT, IN_FRAGMENTS, N_MANNERS };

static const char *const manner_names[N_MANNERS] = {
    [IN_ONE] = "in one segment",
    [IN_OCTETS] = "octet by octet",
    [BEHIND_CONNECT] = "in one segment with the CONNECT",
    [IN_FRAGMENTS] = "in fragments of a WebSocket message",
};

/* Behind a relay the peer itself speaks TCP. */
static bool is_websocket(const struct t *t)
{
    if (t_fault(t))
        return false;
    enum transport transport = t_endpoint(t)->transport;
    return transport == TRANSPORT_WS || transport == TRANSPORT_WSS;
}

static const struct wire_packet *greeting(void)
{
    static const struct wire_packet connect = {
        .type = WIRE_CONNECT, .client_id = {{"hostile"}}, .clean_start = 1};
    return &connect;
}

/* Whatever follows CONNECT at once, its answer comes first, or the close. */
static void expect_connack_first(struct peer *peer, struct where where)
{
    char text[600];
    const struct wire_packet *packet = NULL;
    int64_t until_ms = link_now_ms() + t_deadline_ms(peer->t);
    where.text = "CONNACK of success";
    enum peer_event event = peer_next(peer, where, until_ms, &packet);
    if (event == PEER_TIMEOUT)
        t_fail_at(peer->t, where, where.text, "nothing came within %d ms",
                  t_deadline_ms(peer->t));
    if (event == PEER_CLOSED || peer_is_farewell(peer, packet))
        return;
    if (packet->type != WIRE_CONNACK)
        t_fail_breach_at(
            peer->t, where,
            BY_VERSION(peer->t, "3.1.1/MQTT-3.2.0-1", "5.0/MQTT-3.2.0-1"),
            where.text, "%s", wire_describe(packet, text, sizeof text));
    if (packet->reason != 0)
        t_fail_at(peer->t, where, where.text, "%s",
                  wire_describe(packet, text, sizeof text));
}

/* Sends the input in this manner on a new connection. */
static struct peer *attack(struct t *t, struct where where, enum manner manner,
                           const struct wire_packet *packet, bool is_first)
{
    struct peer *peer = peer_open(t);
    if (manner == BEHIND_CONNECT) {
        peer_send_together(peer, greeting(), packet);
        expect_connack_first(peer, where);
        return peer;
    }
    if (!is_first) {
        peer_send(peer, greeting());
        where.text = "CONNACK of success";
        peer_expect_at(peer, where, CONNACK(.reason = SUCCESS));
    }
    if (manner == IN_ONE)
        peer_send(peer, packet);
    else
        peer_send_cut(peer, packet, MAX_SEGMENTS,
                      manner == IN_FRAGMENTS ? FRAGMENT_OCTETS : 0);
    return peer;
}

/* The close must come, behind a farewell at most. A server that waits for more
 * of a first packet gives up when CONNECT has not come in time: that takes a
 * while, and is a close all the same. */
static void expect_close(struct peer *peer, struct where where, bool is_first)
{
    int patience_ms =
        (is_first ? FIRST_PACKET_TIMES : 1) * t_deadline_ms(peer->t);
    char text[600];
    bool has_farewell = false;
    const struct wire_packet *packet = NULL;
    int64_t until_ms = link_now_ms() + patience_ms;
    peer->awaits_close = true;
    for (;;) {
        enum peer_event event = peer_next(peer, where, until_ms, &packet);
        if (event == PEER_CLOSED)
            return;
        if (event == PEER_TIMEOUT)
            t_fail_at(peer->t, where, where.text,
                      "the connection was still open after %d ms", patience_ms);
        /* Of an odd level in either form; and whoever says more to a bad
         * CONNECT than nothing has refused it, too. */
        bool is_refusal = is_first && packet->type == WIRE_CONNACK &&
                          packet->reason && !peer->connack;
        if (has_farewell || !(is_refusal || peer_is_farewell(peer, packet)))
            t_fail_at(peer->t, where, where.text, "%s",
                      wire_describe(packet, text, sizeof text));
        has_farewell = true;
    }
}

void hostile_finish_at(struct peer *peer, struct where where)
{
    const struct wire_packet *packet = NULL;
    int64_t until_ms = link_now_ms() + LONG_ENOUGH_MS;
    peer_half_close(peer);
    while (peer_next(peer, where, until_ms, &packet) == PEER_PACKET)
        continue;
    peer_drop(peer);
}

void hostile_at(struct t *t, struct where where,
                const struct wire_packet *packet, unsigned options)
{
    struct peer *watcher = hostile_watcher(t);
    bool is_first = options & HOSTILE_FIRST;
    for (enum manner manner = IN_ONE; manner < N_MANNERS; manner++) {
        if ((manner == BEHIND_CONNECT && is_first) ||
            (manner == IN_FRAGMENTS && !is_websocket(t)))
            continue;
        struct where here = where;
        here.text = t_text(t, "the broker closes the connection (sent %s)",
                           manner_names[manner]);
        struct peer *peer = attack(t, where, manner, packet, is_first);
        if (options & HOSTILE_ANY_REACTION) {
            hostile_finish_at(peer, here);
            continue;
        }
        /* PINGRESP shows at once that the broker goes on. */
        if (!is_first)
            peer_send(peer, PINGREQ());
        expect_close(peer, here, is_first);
    }
    hostile_others_are_served_at(t, where, watcher);
}

void hostile_cuts_at(struct t *t, struct where where,
                     const struct wire_packet *packet)
{
    struct peer *watcher = hostile_watcher(t);
    const struct wire_packet *unique = t_unique(t, packet);
    size_t n = wire_write(t_version(t), unique, NULL, 0);
    for (size_t cut = 1; cut < n; cut++) {
        struct peer *peer = packet->type == WIRE_CONNECT
                                ? peer_open(t)
                                : peer_hello_at(t, where, "hostile");
        peer_send_part(peer, packet, cut);
        hostile_finish_at(peer, where);
    }
    hostile_others_are_served_at(t, where, watcher);
}

struct peer *hostile_watcher(struct t *t)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "#", 0);
    return watcher;
}

void hostile_others_are_served_at(struct t *t, struct where where,
                                  struct peer *watcher)
{
    static const char *const names[] = {"one", "two", "three"};
    static const char *const topics[] = {"to/one", "to/two", "to/three"};
    enum { N = 3 };
    struct peer *peers[N];
    for (size_t i = 0; i < N; i++) {
        peers[i] = peer_hello_at(t, where, names[i]);
        peer_subscribe_at(peers[i], where, topics[i], 1);
    }
    for (size_t i = 0; i < N; i++)
        peer_publish_at(peers[i], where,
                        MESSAGE(topics[(i + 1) % N], BYTES("round"), .qos = 1));
    for (size_t i = 0; i < N; i++) {
        where.text = t_text(t, "the message \"round\" for %s", names[i]);
        peer_expect_message_at(peers[i], where,
                               MESSAGE(topics[i], BYTES("round"), .qos = 1));
    }
    where.text = "nothing but the messages that were sent round";
    peer_expect_messages_at(
        watcher, where,
        (const struct message *[]){MESSAGE("to/one", BYTES("round")),
                                   MESSAGE("to/two", BYTES("round")),
                                   MESSAGE("to/three", BYTES("round")), NULL});
    peer_expect_nothing_at(watcher, where);
    /* Reset: thousands of cases must not use up the machine's ports. */
    for (size_t i = 0; i < N; i++)
        peer_drop(peers[i]);
    peer_drop(watcher);
}

void hostile_crowd(struct t *t, size_t n_connections,
                   const struct wire_packet *packet, size_t n_octets)
{
    for (size_t i = 0; i < n_connections; i++) {
        struct peer *peer = peer_open(t);
        if (packet)
            peer_send_part(peer, packet, n_octets);
    }
}

const struct wire_packet *
hostile_shortened(struct t *t, const struct wire_packet *packet, size_t n)
{
    const struct wire_packet *unique = t_unique(t, packet);
    struct wire_packet *copy = t_alloc(t, sizeof *copy);
    size_t total = wire_write(t_version(t), unique, NULL, 0);
    unsigned char *octets = t_alloc(t, total + 1);
    wire_write(t_version(t), unique, octets, total);
    size_t header = 2; /* the packets of the tests are short */
    *copy = *unique;
    copy->raw_body =
        SLICE(octets + header, n < total - header ? n : total - header);
    return copy;
}

const struct wire_packet *hostile_subscribe(struct t *t, size_t n)
{
    struct wire_filter *list = t_alloc(t, n * sizeof *list);
    struct wire_packet *packet = t_alloc(t, sizeof *packet);
    for (size_t i = 0; i < n; i++)
        list[i].filter.text = t_text(t, "f/%zu", i);
    *packet =
        *SUBSCRIBE(.packet_id = 1, .filter_list = list, .n_filter_list = n);
    return packet;
}

const struct wire_packet *hostile_long(struct t *t,
                                       const struct wire_packet *packet,
                                       const char *field, const char *pattern,
                                       size_t n, size_t n_options)
{
    struct wire_packet *copy = t_alloc(t, sizeof *copy);
    unsigned char *octets = t_alloc(t, 2 + n + n_options + 1);
    struct wire_bytes fill = t_fill(t, n, pattern);
    octets[0] = (unsigned char)(n >> 8);
    octets[1] = (unsigned char)n;
    memcpy(octets + 2, fill.octets, n);
    *copy = *packet;
    copy->raw_fields[0] =
        (struct wire_raw_field){field, SLICE(octets, 2 + n + n_options)};
    return copy;
}

const struct wire_packet *hostile_properties(struct t *t,
                                             const struct wire_packet *packet,
                                             struct wire_bytes octets, size_t n)
{
    size_t length = wire_len(octets), total = n * length;
    struct wire_packet *copy = t_alloc(t, sizeof *copy);
    char *all = t_alloc(t, total + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(all + i * length, octets.octets, length);
    *copy = *packet;
    copy->props.raw = SLICE(all, total);
    return copy;
}

void hostile_flood(struct peer *peer, const char *topic, size_t n,
                   size_t octets)
{
    struct wire_bytes payload = t_fill(peer->t, octets, "0123456789");
    for (size_t i = 0; i < n; i++)
        peer_send(peer, PUBLISH(.topic = {{topic}}, .payload = payload));
    peer_expect_alive(peer);
}

void hostile_churn_at(struct t *t, struct where where, size_t n)
{
    for (size_t i = 0; i < n; i++)
        peer_drop(peer_hello_at(t, where, "churn"));
}

void hostile_descriptors_fall_at(struct t *t, struct where where,
                                 struct peer *watcher, long n)
{
    int64_t until_ms = link_now_ms() + t_deadline_ms(t);
    long now;
    while ((now = t_broker_descriptors(t)) > n && link_now_ms() < until_ms)
        peer_expect_alive_at(watcher, where);
    if (now > n)
        t_fail_at(t, where, t_text(t, "at most %ld descriptors, as before", n),
                  "%ld after %d ms", now, t_deadline_ms(t));
}

void hostile_guests_at(struct t *t, struct where where, size_t n,
                       const struct wire_packet *packet)
{
    while (n-- > 0)
        peer_send(peer_hello_at(t, where, t_text(t, "guest%zu", n)), packet);
}
