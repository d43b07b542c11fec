/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c -- whole exchanges: connect, subscribe, publish, take a message.
 */
#include <string.h>

#include "peer/inside.h"

enum { MAX_MESSAGES = 32 };

struct peer *peer_connect_at(struct t *t, struct where where,
                             const struct wire_packet *connect)
{
    struct peer *peer = peer_open(t);
    where.text = t_text(t, "CONNACK of success to CONNECT(%s)",
                        connect->said ? connect->said : "");
    peer_send(peer, connect);
    peer_expect_at(peer, where, CONNACK(.reason = SUCCESS));
    return peer;
}

struct peer *peer_hello_at(struct t *t, struct where where,
                           const char *client_id)
{
    return peer_connect_at(
        t, where, CONNECT(.client_id = {{client_id}}, .clean_start = 1));
}

void peer_subscribe_filter_at(struct peer *peer, struct where where,
                              const struct wire_filter *filter)
{
    uint16_t id = peer_packet_id(peer);
    struct wire_packet *packet = SUBSCRIBE(.packet_id = id);
    packet->filters[0] = *filter;
    peer_send(peer, packet);
    where.text = t_text(peer->t, "SUBACK that grants QoS %d", filter->qos);
    struct wire_bytes codes = peer_await(peer, where, WIRE_SUBACK, id)->codes;
    int code = wire_len(codes) == 1 ? codes.octets[0] : -1;
    if (code >= 0 && code < filter->qos) /* which a Server may */
        t_skip(peer->t, "the server grants QoS %d in place of %d", code,
               filter->qos);
    t_heed_quota(peer->t, "SUBACK", code);
    if (code != filter->qos)
        t_fail_at(peer->t, where, where.text, "SUBACK with %zu codes, 0x%02X",
                  wire_len(codes), (unsigned)code & 0xff);
}

void peer_subscribe_at(struct peer *peer, struct where where,
                       const char *filter, int qos)
{
    struct wire_filter one = {.filter = {{filter}}, .qos = (uint8_t)qos};
    peer_subscribe_filter_at(peer, where, &one);
}

void peer_unsubscribe_at(struct peer *peer, struct where where,
                         const char *filter)
{
    uint16_t id = peer_packet_id(peer);
    struct wire_packet *packet = UNSUBSCRIBE(.packet_id = id);
    packet->filters[0].filter = (struct wire_bytes){{filter}, strlen(filter)};
    peer_send(peer, packet);
    where.text = "UNSUBACK";
    peer_await(peer, where, WIRE_UNSUBACK, id);
}

const struct wire_packet *peer_await(struct peer *peer, struct where where,
                                     enum wire_type type, uint16_t id)
{
    char text[600];
    struct deferred *kept = NULL, **end = &kept;
    const struct wire_packet *packet;
    while ((packet = peer_receive_at(peer, where))->type == WIRE_PUBLISH) {
        struct deferred *one = t_alloc(peer->t, sizeof *one);
        one->packet = packet;
        *end = one;
        end = &one->next;
    }
    if (packet->type != type || (id && packet->packet_id != id))
        t_fail_at(peer->t, where, where.text, "%s",
                  wire_describe(packet, text, sizeof text));
    *end = peer->first;
    peer->first = kept;
    for (peer->last = &peer->first; *peer->last;)
        peer->last = &(*peer->last)->next;
    return packet;
}

/* An acknowledgement of this type, with a reason below 0x80. */
static void expect_ack(struct peer *peer, struct where where,
                       enum wire_type type, uint16_t id)
{
    where.text = t_text(peer->t, "%s for Packet Identifier %u",
                        wire_type_name(type), id);
    const struct wire_packet *ack = peer_await(peer, where, type, id);
    t_heed_quota(peer->t, wire_type_name(type), (int)ack->reason);
    if (ack->reason >= 0x80)
        t_fail_at(peer->t, where, where.text, "%s with Reason Code 0x%02X",
                  wire_type_name(type), ack->reason);
}

void peer_publish_at(struct peer *peer, struct where where,
                     const struct message *message)
{
    uint16_t id = message->qos ? peer_packet_id(peer) : 0;
    peer_send(peer,
              PUBLISH(.topic = {{message->topic}}, .payload = message->payload,
                      .qos = message->qos, .retain = message->retain,
                      .packet_id = id, .props = message->props));
    if (message->qos == 0) {
        peer_send(peer, PINGREQ());
        where.text = "PINGRESP";
        peer_await(peer, where, WIRE_PINGRESP, 0);
    } else if (message->qos == 1) {
        expect_ack(peer, where, WIRE_PUBACK, id);
    } else {
        expect_ack(peer, where, WIRE_PUBREC, id);
        peer_send(peer, PUBREL(.packet_id = id));
        expect_ack(peer, where, WIRE_PUBCOMP, id);
    }
}

/* The PUBLISH in which a message is expected. */
static const struct wire_packet *publish_of(struct peer *peer,
                                            const struct message *message)
{
    struct wire_packet *p = t_alloc(peer->t, sizeof *p);
    *p = (struct wire_packet){.type = WIRE_PUBLISH,
                              .topic = {{message->topic}},
                              .payload = message->payload,
                              .qos = message->qos,
                              .retain = message->retain,
                              .dup = message->dup,
                              .said =
                                  t_text(peer->t, ".topic = , .payload = %s",
                                         message->said ? message->said : "")};
    if (peer->version == WIRE_5_0)
        p->props = message->props;
    return t_unique(peer->t, p);
}

static void finish(struct peer *peer, struct where where,
                   const struct wire_packet *publish)
{
    if (publish->qos == 1)
        peer_send(peer, PUBACK(.packet_id = publish->packet_id));
    if (publish->qos != 2)
        return;
    where.text = "PUBREL";
    peer_send(peer, PUBREC(.packet_id = publish->packet_id));
    peer_expect_at(peer, where, PUBREL(.packet_id = publish->packet_id));
    peer_send(peer, PUBCOMP(.packet_id = publish->packet_id));
}

const struct wire_packet *peer_expect_message_at(struct peer *peer,
                                                 struct where where,
                                                 const struct message *message)
{
    char why[400] = "", text[600];
    const struct wire_packet *packet = peer_receive_at(peer, where);
    const struct wire_packet *expected = publish_of(peer, message);
    if (!wire_match(expected, packet, why, sizeof why))
        t_fail_breach_at(peer->t, where, peer_lacks_dup(peer, expected, packet),
                         where.text, "%s (%s)",
                         wire_describe(packet, text, sizeof text), why);
    finish(peer, where, packet);
    return packet;
}

void peer_expect_messages_at(struct peer *peer, struct where where,
                             const struct message **messages)
{
    char why[400], text[600];
    const struct wire_packet *left[MAX_MESSAGES];
    uint16_t released[MAX_MESSAGES]; /* PUBREC was sent */
    size_t n = 0, n_pubrel = 0;
    for (; n < MAX_MESSAGES && messages[n]; n++)
        left[n] = publish_of(peer, messages[n]);
    while (n > 0 || n_pubrel > 0) {
        size_t i = 0;
        const struct wire_packet *packet = peer_receive_at(peer, where);
        if (packet->type == WIRE_PUBREL && n_pubrel > 0) {
            size_t k = 0;
            while (k < n_pubrel && released[k] != packet->packet_id)
                k++;
            if (k == n_pubrel)
                t_fail_breach_at(peer->t, where,
                                 BY_VERSION(peer->t, "3.1.1/MQTT-4.3.3-1",
                                            "5.0/MQTT-4.3.3-4"),
                                 "PUBREL for each PUBREC", "%s",
                                 wire_describe(packet, text, sizeof text));
            released[k] = released[--n_pubrel];
            peer_send(peer, PUBCOMP(.packet_id = packet->packet_id));
            continue;
        }
        while (i < n && !wire_match(left[i], packet, why, sizeof why))
            i++;
        if (i == n)
            t_fail_at(peer->t, where, where.text, "%s",
                      wire_describe(packet, text, sizeof text));
        left[i] = left[--n];
        if (packet->qos == 1)
            peer_send(peer, PUBACK(.packet_id = packet->packet_id));
        if (packet->qos == 2) {
            peer_send(peer, PUBREC(.packet_id = packet->packet_id));
            released[n_pubrel++] = packet->packet_id;
        }
    }
}
