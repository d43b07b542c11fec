/* SPDX-License-Identifier: Apache-2.0 */
/* expect.c -- what the raw speaker expects, and how it says what came instead.
 */
#include <string.h>

#include "peer/inside.h"

enum { MAX_ALTERNATIVES = 32 };

static int64_t deadline(const struct peer *peer)
{
    return link_now_ms() + t_deadline_ms(peer->t);
}

static const char *tell(struct peer *peer, const struct wire_packet *packet)
{
    char text[600];
    return t_text(peer->t, "%s", wire_describe(packet, text, sizeof text));
}

/* The case ends: no packet came. */
static _Noreturn void fail_no_packet(struct peer *peer, struct where where,
                                     enum peer_event event)
{
    if (event == PEER_CLOSED)
        t_fail_at(peer->t, where, where.text,
                  "the broker closed the connection");
    t_fail_at(peer->t, where, where.text, "nothing came within %d ms",
              t_deadline_ms(peer->t));
}

const struct wire_packet *peer_receive_at(struct peer *peer, struct where where)
{
    const struct wire_packet *packet;
    enum peer_event event = peer_next(peer, where, deadline(peer), &packet);
    if (event != PEER_PACKET)
        fail_no_packet(peer, where, event);
    return packet;
}

const char *peer_lacks_dup(const struct peer *peer,
                           const struct wire_packet *expected,
                           const struct wire_packet *packet)
{
    char why[400];
    struct wire_packet without = *expected;
    without.dup = 0;
    if (peer->version == WIRE_3_1 || !expected->dup ||
        !wire_match(&without, packet, why, sizeof why))
        return NULL;
    return BY_VERSION(peer->t, "3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1");
}

const struct wire_packet *peer_expect_at(struct peer *peer, struct where where,
                                         const struct wire_packet *expected)
{
    char why[400] = "";
    const struct wire_packet *packet = peer_receive_at(peer, where);
    expected = t_unique(peer->t, expected);
    if (!wire_match(expected, packet, why, sizeof why))
        t_fail_breach_at(peer->t, where, peer_lacks_dup(peer, expected, packet),
                         where.text, "%s (%s)", tell(peer, packet), why);
    return packet;
}

const struct wire_packet *
peer_expect_any_at(struct peer *peer, struct where where,
                   const struct wire_packet **alternatives)
{
    char why[400] = "";
    const struct wire_packet *packet = peer_receive_at(peer, where);
    for (size_t i = 0; alternatives[i]; i++) {
        if (wire_match(t_unique(peer->t, alternatives[i]), packet, why,
                       sizeof why))
            return packet;
    }
    t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
}

void peer_expect_all_at(struct peer *peer, struct where where,
                        const struct wire_packet **packets)
{
    char why[400];
    const struct wire_packet *left[MAX_ALTERNATIVES];
    size_t n = 0;
    for (; n < MAX_ALTERNATIVES && packets[n]; n++)
        left[n] = t_unique(peer->t, packets[n]);
    while (n > 0) {
        size_t i = 0;
        const struct wire_packet *packet = peer_receive_at(peer, where);
        const char *breach = NULL;
        for (; i < n && !wire_match(left[i], packet, why, sizeof why); i++)
            breach = breach ? breach : peer_lacks_dup(peer, left[i], packet);
        if (i == n)
            t_fail_breach_at(peer->t, where, breach, where.text, "%s",
                             tell(peer, packet));
        left[i] = left[--n];
    }
}

void peer_expect_nothing_at(struct peer *peer, struct where where)
{
    where.text = "nothing but PINGRESP";
    peer_send(peer, PINGREQ());
    const struct wire_packet *packet = peer_receive_at(peer, where);
    if (packet->type != WIRE_PINGRESP)
        t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
}

void peer_expect_alive_at(struct peer *peer, struct where where)
{
    where.text = "PINGRESP: the connection is still served";
    peer_send(peer, PINGREQ());
    while (peer_receive_at(peer, where)->type != WIRE_PINGRESP)
        continue;
}

/* ---- closes
 * ----------------------------------------------------------------*/

static bool is_among(struct wire_bytes codes, uint32_t reason)
{
    for (size_t i = 0; i < wire_len(codes); i++) {
        if (codes.octets[i] == reason)
            return true;
    }
    return false;
}

bool peer_is_farewell(const struct peer *peer, const struct wire_packet *packet)
{
    if (peer->version != WIRE_5_0)
        return false;
    if (packet->type == WIRE_DISCONNECT)
        return peer->connack != NULL;
    return packet->type == WIRE_CONNACK && packet->reason >= 0x80 &&
           peer->connack == NULL;
}

/* Waits for the close; returns the farewell, if there was one. */
static const struct wire_packet *
await_close(struct peer *peer, struct where where, int64_t until_ms)
{
    const struct wire_packet *packet, *farewell = NULL;
    int64_t began_ms = link_now_ms();
    peer->awaits_close = true;
    for (;;) {
        enum peer_event event = peer_next(peer, where, until_ms, &packet);
        if (event == PEER_CLOSED)
            return farewell;
        if (event == PEER_TIMEOUT)
            t_fail_at(peer->t, where, where.text,
                      "%sthe connection was still open after %d ms",
                      farewell
                          ? t_text(peer->t, "%s, then ", tell(peer, farewell))
                          : "",
                      (int)(link_now_ms() - began_ms));
        if (farewell || !peer_is_farewell(peer, packet))
            t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
        farewell = packet;
    }
}

static void judge_code(struct peer *peer, struct where where,
                       const struct wire_packet *farewell,
                       struct wire_bytes codes)
{
    if (farewell && farewell->reason < 0x80)
        t_warn_at(peer->t, where, "a Reason Code of 0x80 or more", "%s",
                  tell(peer, farewell));
    else if (farewell && wire_len(codes) && !is_among(codes, farewell->reason))
        t_warn_at(peer->t, where, t_text(peer->t, "Reason Code %s", where.text),
                  "%s", tell(peer, farewell));
}

const struct wire_packet *
peer_expect_or_close_at(struct peer *peer, struct where where,
                        const struct wire_packet *expected)
{
    char why[400] = "";
    const struct wire_packet *packet;
    enum peer_event event = peer_next(peer, where, deadline(peer), &packet);
    if (event == PEER_TIMEOUT)
        fail_no_packet(peer, where, event);
    if (event == PEER_CLOSED)
        return NULL;
    if (wire_match(t_unique(peer->t, expected), packet, why, sizeof why))
        return packet;
    if (!peer_is_farewell(peer, packet))
        t_fail_at(peer->t, where, where.text, "%s (%s)", tell(peer, packet),
                  why);
    where.text = "the close after DISCONNECT";
    if (await_close(peer, where, deadline(peer)))
        t_fail_at(peer->t, where, where.text, "a second farewell");
    return NULL;
}

void peer_expect_close_at(struct peer *peer, struct where where,
                          struct wire_bytes codes)
{
    struct where asked = where;
    asked.text = "the broker closes the connection";
    const struct wire_packet *farewell =
        await_close(peer, asked, deadline(peer));
    judge_code(peer, where, farewell, codes);
}

void peer_expect_end_at(struct peer *peer, struct where where)
{
    const struct wire_packet *packet;
    enum peer_event event = PEER_PACKET;
    int64_t until = deadline(peer);
    while (event == PEER_PACKET)
        event = peer_next(peer, where, until, &packet);
    where.text = "the end of the connection";
    if (event == PEER_TIMEOUT)
        t_fail_at(peer->t, where, where.text, "it was still open after %d ms",
                  t_deadline_ms(peer->t));
}

void peer_expect_not_granted_at(struct peer *peer, struct where where,
                                uint16_t packet_id)
{
    const struct wire_packet *packet;
    where.text = "SUBACK with a failure code, or the close";
    enum peer_event event = peer_next(peer, where, deadline(peer), &packet);
    if (event == PEER_CLOSED)
        return;
    if (event == PEER_TIMEOUT)
        fail_no_packet(peer, where, event);
    if (peer_is_farewell(peer, packet)) {
        await_close(peer, where, deadline(peer));
        return;
    }
    if (!wire_match(
            SUBACK(.packet_id = packet_id, .reason = REASON_AT_LEAST(0x80)),
            packet, NULL, 0))
        t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
}

void peer_expect_disconnect_at(struct peer *peer, struct where where,
                               struct wire_bytes codes)
{
    struct where asked = where;
    asked.text =
        peer->version == WIRE_5_0
            ? t_text(peer->t, "DISCONNECT with %s, then the close", where.text)
            : "the broker closes the connection";
    const struct wire_packet *farewell =
        await_close(peer, asked, deadline(peer));
    if (peer->version != WIRE_5_0)
        return;
    if (!farewell)
        t_fail_at(peer->t, where, asked.text, "a close without DISCONNECT");
    else if (!is_among(codes, farewell->reason))
        t_fail_at(peer->t, where, asked.text, "%s", tell(peer, farewell));
}

void peer_expect_close_within_at(struct peer *peer, struct where where,
                                 int from_ms, int to_ms)
{
    int64_t began = peer->sent_ms;
    where.text = t_text(peer->t, "the close %d to %d ms after the last packet",
                        from_ms, to_ms);
    await_close(peer, where, began + to_ms);
    int64_t took = link_now_ms() - began;
    if (took < from_ms)
        t_fail_at(peer->t, where, where.text, "the close came after %d ms",
                  (int)took);
}

bool peer_closes_within_at(struct peer *peer, struct where where, int ms)
{
    const struct wire_packet *packet;
    int64_t until_ms = link_now_ms() + ms;
    enum peer_event event = PEER_PACKET;
    while (event == PEER_PACKET)
        event = peer_next(peer, where, until_ms, &packet);
    return event == PEER_CLOSED;
}

void peer_expect_refused_at(struct peer *peer, struct where where,
                            const struct refusal *refusal)
{
    const struct wire_packet *packet;
    bool is_5 = peer->version == WIRE_5_0;
    struct wire_bytes codes = is_5 ? refusal->v5 : refusal->v3;
    bool is_must = is_5 ? refusal->v5_must
                        : wire_len(codes) && !refusal->v3_may_just_close;
    where.text = is_must ? t_text(peer->t,
                                  "a CONNACK that refuses (%s), then "
                                  "the close",
                                  where.text)
                         : "the connection is refused and closed";
    enum peer_event event = peer_next(peer, where, deadline(peer), &packet);
    if (event == PEER_TIMEOUT)
        fail_no_packet(peer, where, event);
    if (event == PEER_CLOSED) {
        if (is_must)
            t_fail_at(peer->t, where, where.text, "a close without CONNACK");
        return;
    }
    bool is_connack = packet->type == WIRE_CONNACK && packet->reason != 0;
    bool is_legal = is_5 || wire_len(codes);
    if (!is_connack || !is_legal)
        t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
    if (packet->version != WIRE_5_0 && is_5 && packet->type == WIRE_CONNACK)
        codes = refusal->v3; /* refused in the older form */
    if (packet->version == WIRE_5_0 && !is_5 && packet->type == WIRE_CONNACK)
        codes = refusal->v5;
    if (!is_among(codes, packet->reason) && (is_must || !is_5))
        t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
    if (wire_len(codes) && !is_among(codes, packet->reason))
        t_warn_at(peer->t, where, where.text, "%s", tell(peer, packet));
    where.text = "the close after the refusing CONNACK";
    event = peer_next(peer, where, deadline(peer), &packet);
    if (event == PEER_TIMEOUT)
        fail_no_packet(peer, where, event);
    if (event == PEER_PACKET)
        t_fail_at(peer->t, where, where.text, "%s", tell(peer, packet));
}

void peer_disconnect_at(struct peer *peer, struct where where)
{
    const struct wire_packet *packet;
    where.text = "the broker closes the connection after DISCONNECT";
    peer_send(peer, DISCONNECT());
    for (;;) {
        /* What was on its way when we said DISCONNECT is no breach. */
        enum peer_event event = peer_next(peer, where, deadline(peer), &packet);
        if (event == PEER_CLOSED)
            break;
        if (event == PEER_TIMEOUT) /* the close is ours to make in 5.0 */
            break;
    }
    peer_close(peer);
}
