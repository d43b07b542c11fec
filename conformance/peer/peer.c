/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c -- the raw speaker's connection: open, send, receive, close.
 */
#include "peer/peer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/inside.h"
#include "tap/tap.h"
#include "transcript.h"

static void note_close(struct peer *peer, enum wire_side by, bool is_reset)
{
    if (!peer->tap)
        transcript_close(t_transcript(peer->t), peer->connection, by,
                         is_reset ? TRANSCRIPT_RST : TRANSCRIPT_FIN);
}

static void on_close(void *object)
{
    struct peer *peer = object;
    /* A reset leaves no TIME_WAIT: thousands of cases would use up the ports.
     */
    if (!peer->is_closed)
        peer_drop(peer);
    link_free(peer->link);
    tap_close(peer->tap);
    free(peer->in);
}

/* Under a fault the peer speaks through a tap, over TCP on our side. */
static void open_tap(struct peer *peer, struct endpoint *endpoint)
{
    char error[256];
    struct t *t = peer->t;
    peer->tap = tap_open(endpoint, t_transcript(t), "peer", t_fault(t), error,
                         sizeof error);
    if (!peer->tap)
        t_error(t, "%s", error);
    *endpoint = (struct endpoint){.transport = TRANSPORT_TCP,
                                  .host = "127.0.0.1",
                                  .port = tap_port(peer->tap)};
}

static struct peer *open_at(struct t *t, struct endpoint endpoint,
                            enum wire_version version)
{
    char error[256];
    struct peer *peer = t_alloc(t, sizeof *peer);
    peer->t = t;
    peer->version = version;
    peer->last = &peer->first;
    peer->is_closed = true;
    t_own(t, peer, on_close);
    t_uses(t, DRIVER_WIRE);
    if (t_fault(t))
        open_tap(peer, &endpoint);
    peer->link = link_open(&endpoint, t_deadline_ms(t), error, sizeof error);
    if (!peer->link && *endpoint.offer) /* which a server need not take */
        t_inconclusive(t, "sub-protocols \"%s\": %s", endpoint.offer, error);
    if (!peer->link)
        t_error(t, "%s", error);
    peer->is_closed = false;
    peer->sent_ms = link_now_ms();
    if (!peer->tap)
        peer->connection = transcript_open(t_transcript(t), "peer");
    return peer;
}

struct peer *peer_open(struct t *t)
{
    return open_at(t, *t_endpoint(t), t_version(t));
}

struct peer *peer_open_as(struct t *t, enum wire_version version)
{
    const char *name = wire_version_name(version);
    t_skip_unless(t, t_has(t, t_text(t, "mqtt%s", name)),
                  "the target does not speak MQTT %s", name);
    return open_at(t, *t_endpoint(t), version);
}

struct peer *peer_open_beside(struct t *t)
{
    struct endpoint endpoint = *t_endpoint(t);
    if (endpoint.transport == TRANSPORT_WS)
        endpoint.transport = TRANSPORT_TCP;
    if (endpoint.transport == TRANSPORT_WSS)
        endpoint.transport = TRANSPORT_TLS;
    return open_at(t, endpoint, t_version(t));
}

struct peer *peer_open_offering(struct t *t, const char *offer)
{
    struct endpoint endpoint = *t_endpoint(t);
    t_skip_unless(t, !t_fault(t), "the sub-protocol does not cross the relay");
    snprintf(endpoint.offer, sizeof endpoint.offer, "%s", offer);
    return open_at(t, endpoint, t_version(t));
}

const char *peer_subprotocol(const struct peer *peer)
{
    return link_subprotocol(peer->link);
}

/* ---- closing
 * ---------------------------------------------------------------*/

void peer_drop(struct peer *peer)
{
    if (!peer->is_closed)
        note_close(peer, WIRE_CLIENT, true);
    peer->is_closed = true;
    link_drop(peer->link);
}

void peer_close(struct peer *peer)
{
    if (!peer->is_closed)
        note_close(peer, WIRE_CLIENT, false);
    peer->is_closed = true;
    link_close(peer->link);
}

void peer_half_close(struct peer *peer)
{
    note_close(peer, WIRE_CLIENT, false);
    link_half_close(peer->link);
}

/* ---- sending
 * ---------------------------------------------------------------*/

static void record_sent(struct peer *peer, const void *octets, size_t n)
{
    peer->sent_ms = link_now_ms();
    if (!peer->tap)
        transcript_octets(t_transcript(peer->t), peer->connection, WIRE_CLIENT,
                          octets, n);
}

static void send_cut(struct peer *peer, const unsigned char *octets, size_t n,
                     size_t segment)
{
    record_sent(peer, octets, n);
    if (peer->is_closed)
        return;
    if (segment == 0)
        segment = n ? n : 1;
    for (size_t at = 0; at < n; at += segment) {
        size_t part = n - at < segment ? n - at : segment;
        if (link_write(peer->link, octets + at, part) < 0)
            return; /* the next expectation finds the close */
    }
}

void peer_send_octets(struct peer *peer, struct wire_bytes octets)
{
    send_cut(peer, octets.octets, wire_len(octets), t_segment(peer->t));
}

static void learn(struct peer *peer, const struct wire_packet *packet)
{
    if (packet->type != WIRE_CONNECT || peer->has_connected)
        return;
    peer->has_connected = true;
    peer->asks_odd_level =
        wire_is_set(packet->protocol_level) || packet->protocol_name.text ||
        (packet->raw_fields[0].name &&
         strncmp(packet->raw_fields[0].name, "protocol_", 9) == 0);
    struct wire_bytes id = packet->client_id;
    size_t n_mark = strlen(EXACT);
    if (wire_len(id) >= n_mark && memcmp(id.text, EXACT, n_mark) == 0)
        id = SLICE(id.text + n_mark, wire_len(id) - n_mark);
    if (wire_len(id) && !peer->tap)
        transcript_name(t_transcript(peer->t), peer->connection,
                        t_text(peer->t, "%.*s", (int)wire_len(id), id.text));
}

/* The octets of a packet with unique names; owned by t. */
static struct wire_bytes encode(struct peer *peer,
                                const struct wire_packet *packet)
{
    learn(peer, packet);
    const struct wire_packet *unique = t_unique(peer->t, packet);
    size_t n = wire_write(peer->version, unique, NULL, 0);
    unsigned char *octets = t_alloc(peer->t, n + 1);
    wire_write(peer->version, unique, octets, n);
    return SLICE(octets, n);
}

void peer_send(struct peer *peer, const struct wire_packet *packet)
{
    peer_send_octets(peer, encode(peer, packet));
}

void peer_send_list(struct peer *peer, const struct wire_packet **packets)
{
    struct wire_bytes all[64];
    size_t n = 0, total = 0;
    for (; n < 64 && packets[n]; n++) {
        all[n] = encode(peer, packets[n]);
        total += wire_len(all[n]);
    }
    char *octets = t_alloc(peer->t, total + 1), *at = octets;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, all[i].octets, wire_len(all[i]));
        at += wire_len(all[i]);
    }
    peer_send_octets(peer, SLICE(octets, total));
}

void peer_send_part(struct peer *peer, const struct wire_packet *packet,
                    size_t n)
{
    struct wire_bytes octets = encode(peer, packet);
    size_t all = wire_len(octets);
    peer_send_octets(peer, SLICE(octets.octets, n < all ? n : all));
}

void peer_send_dribbling(struct peer *peer, const struct wire_packet *packet)
{
    struct wire_bytes octets = encode(peer, packet);
    send_cut(peer, octets.octets, wire_len(octets), 1);
}

void peer_send_as_text(struct peer *peer, const struct wire_packet *packet)
{
    struct wire_bytes octets = encode(peer, packet);
    record_sent(peer, octets.octets, wire_len(octets));
    if (link_write_text(peer->link, octets.octets, wire_len(octets)) < 0)
        t_skip(peer->t, "text frames need a WebSocket");
}

/* Sends octets as one WebSocket message in frames of this size. Returns false
 * when a frame could not be sent. */
static bool send_fragments(struct peer *peer, struct wire_bytes octets,
                           size_t size)
{
    enum { FIN = 0x80, CONTINUATION = 0, BINARY = 2 };
    size_t n = wire_len(octets);
    if (peer->tap) { /* speaks TCP on our side */
        send_cut(peer, octets.octets, n, size);
        return true;
    }
    record_sent(peer, octets.octets, n);
    for (size_t at = 0; at < n; at += size) {
        size_t part = n - at < size ? n - at : size;
        unsigned first = (at ? CONTINUATION : BINARY) | (at + part == n) * FIN;
        if (link_write_frame(peer->link, first, octets.octets + at, part) < 0)
            return false;
    }
    return true;
}

void peer_send_fragments(struct peer *peer, const struct wire_packet *packet,
                         size_t size)
{
    t_skip_unless(peer->t, !t_fault(peer->t), "frames do not cross the relay");
    if (!send_fragments(peer, encode(peer, packet), size))
        t_skip(peer->t, "frames need a WebSocket");
}

void peer_send_cut(struct peer *peer, const struct wire_packet *packet,
                   size_t max_segments, size_t fragment)
{
    struct wire_bytes octets = encode(peer, packet);
    size_t n = wire_len(octets), least = (n + max_segments - 1) / max_segments;
    if (least == 0)
        least = 1;
    if (!fragment)
        send_cut(peer, octets.octets, n, least);
    else /* the broker may have closed already */
        send_fragments(peer, octets, least > fragment ? least : fragment);
}

void peer_send_ws_ping(struct peer *peer)
{
    enum { FIN_PING = 0x89 };
    if (link_write_frame(peer->link, FIN_PING, "hello", 5) < 0)
        t_skip(peer->t, "a WebSocket ping needs a WebSocket");
}

void peer_send_frame_octets(struct peer *peer, const struct wire_packet *frame)
{
    struct wire_bytes octets = encode(peer, frame);
    if (link_write_below(peer->link, octets.octets, wire_len(octets)) < 0)
        t_skip(peer->t, "a WebSocket frame needs a WebSocket");
}

uint16_t peer_packet_id(struct peer *peer)
{
    return ++peer->last_id;
}

/* ---- receiving
 * -------------------------------------------------------------*/

static void note_end(struct peer *peer, long how)
{
    if (peer->has_ended)
        return;
    peer->has_ended = true;
    note_close(peer, WIRE_SERVER, how == LINK_RST);
    if (!peer->last_disconnect)
        t_ended(peer->t, "broker close");
}

/* Gives a PUBLISH with an alias alone the topic that the alias stands for. */
static void resolve_alias(struct peer *peer, struct wire_packet *publish)
{
    uint32_t alias = wire_value(publish->props.topic_alias, 0) & 0xffff;
    if (!wire_is_set(publish->props.topic_alias))
        return;
    if (!peer->aliased)
        peer->aliased = t_alloc(peer->t, 65536 * sizeof *peer->aliased);
    if (wire_len(publish->topic))
        peer->aliased[alias] = publish;
    else if (peer->aliased[alias])
        publish->topic = peer->aliased[alias]->topic;
}

static const struct wire_packet *cut_packet(struct peer *peer,
                                            struct where where)
{
    struct wire_packet packet;
    struct wire_fault fault;
    size_t total = 0;
    if (peer->n_in == 0)
        return NULL;
    enum wire_status status = wire_read(peer->version, WIRE_SERVER, peer->in,
                                        peer->n_in, &packet, &total, &fault);
    if (status == WIRE_MORE)
        return NULL;
    /* Who offers an unknown level may be refused in either form. */
    if (status == WIRE_BAD && peer->asks_odd_level &&
        packet.type == WIRE_CONNACK)
        status = wire_read(peer->version == WIRE_5_0 ? WIRE_3_1_1 : WIRE_5_0,
                           WIRE_SERVER, peer->in, peer->n_in, &packet, &total,
                           &fault);
    if (status == WIRE_BAD)
        t_fail_breach_at(
            peer->t, where, peer->awaits_close ? NULL : fault.statement,
            "a well-formed packet from the broker", "%s%s%s", fault.sentence,
            *fault.statement ? " " : "", fault.statement);
    struct wire_packet *copy = wire_dup(&packet);
    t_own(peer->t, copy, free);
    memmove(peer->in, peer->in + total, peer->n_in - total);
    peer->n_in -= total;
    if (copy->type == WIRE_PUBLISH)
        resolve_alias(peer, copy);
    if (copy->type == WIRE_CONNACK && !peer->connack && copy->reason == 0)
        peer->connack = copy;
    if (copy->type == WIRE_DISCONNECT) {
        peer->last_disconnect = copy;
        t_ended(peer->t, "DISCONNECT 0x%02X", copy->reason);
    }
    return copy;
}

static void keep(struct peer *peer, const void *octets, size_t n)
{
    if (peer->n_in + n > peer->cap_in) {
        peer->cap_in = 2 * (peer->n_in + n);
        peer->in = realloc(peer->in, peer->cap_in);
        if (!peer->in)
            abort();
    }
    memcpy(peer->in + peer->n_in, octets, n);
    peer->n_in += n;
    if (!peer->tap)
        transcript_octets(t_transcript(peer->t), peer->connection, WIRE_SERVER,
                          octets, n);
}

enum peer_event peer_next(struct peer *peer, struct where where,
                          int64_t until_ms, const struct wire_packet **packet)
{
    unsigned char octets[16384];
    if (peer->first) {
        *packet = peer->first->packet;
        peer->first = peer->first->next;
        if (!peer->first)
            peer->last = &peer->first;
        return PEER_PACKET;
    }
    for (;;) {
        *packet = cut_packet(peer, where);
        if (*packet)
            return PEER_PACKET;
        if (peer->has_ended || peer->is_closed)
            return PEER_CLOSED;
        long got = link_read(peer->link, octets, sizeof octets);
        if (got == LINK_BAD)
            t_fail_at(peer->t, where, "a transport that carries MQTT", "%s",
                      link_error(peer->link));
        if (got > 0) {
            keep(peer, octets, (size_t)got);
            continue;
        }
        if (got != LINK_AGAIN) {
            note_end(peer, got);
            return PEER_CLOSED;
        }
        int64_t left = until_ms - link_now_ms();
        if (left <= 0)
            return PEER_TIMEOUT;
        struct pollfd ready = {.fd = link_fd(peer->link), .events = POLLIN};
        poll(&ready, 1, link_pending(peer->link) ? 0 : (int)left);
    }
}

const struct wire_packet *peer_connack(const struct peer *peer)
{
    return peer->connack;
}
