/* SPDX-License-Identifier: Apache-2.0 */
/* 2_packet_id.c -- which packets have an identifier, and which one.
 *
 * Spec: 3.1.1 s2.3.1; 5.0 s2.2.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* A SUBSCRIBE has an identifier other than zero. */
TEST(subscribe_with_id_0_closes, "3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, SUBSCRIBE(.packet_id = 0, .filters = {{"news"}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* An UNSUBSCRIBE has an identifier other than zero. */
TEST(unsubscribe_with_id_0_closes, "3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, UNSUBSCRIBE(.packet_id = 0, .filters = {{"news"}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* A PUBLISH of QoS 1 has an identifier other than zero. */
TEST(publish_qos_1_with_id_0_closes, "3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 0));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* A PUBLISH of QoS 2 has an identifier other than zero. */
TEST(publish_qos_2_with_id_0_closes, "3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                            .packet_id = 0));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* Deliveries of the server that are not acknowledged yet have identifiers that
 * are not zero and all differ. */
TEST(open_deliveries_have_different_ids, "3.1.1/MQTT-2.3.1-1",
     "3.1.1/MQTT-2.3.1-4", "5.0/MQTT-2.2.1-4")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    uint16_t b = peer_expect(reader, PUBLISH(.payload = "2"))->packet_id;
    uint16_t c = peer_expect(reader, PUBLISH(.payload = "3"))->packet_id;
    t_check(t, a != 0 && b != 0 && c != 0 && a != b && b != c && a != c,
            "three different identifiers other than 0", "%u, %u and %u", a, b,
            c);
    peer_send_together(reader, PUBACK(.packet_id = a), PUBACK(.packet_id = b),
                       PUBACK(.packet_id = c));
    peer_expect_nothing(reader);
}

/* QoS 1 and QoS 2 deliveries draw their identifiers from one set. */
TEST(open_deliveries_of_both_qos_have_different_ids, "3.1.1/MQTT-2.3.1-4",
     "5.0/MQTT-2.2.1-4", "5.0/RULE-packet-identifier-one-set", .needs = "qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 2));
    const struct wire_packet *a = peer_expect(reader, PUBLISH());
    const struct wire_packet *b = peer_expect(reader, PUBLISH());
    t_check(t,
            a->packet_id != 0 && b->packet_id != 0 &&
                a->packet_id != b->packet_id,
            "two different identifiers other than 0", "%u and %u", a->packet_id,
            b->packet_id);
    uint16_t id = a->qos == 2 ? a->packet_id : b->packet_id;
    uint16_t other = a->qos == 2 ? b->packet_id : a->packet_id;
    peer_send_together(reader, PUBACK(.packet_id = other),
                       PUBREC(.packet_id = id));
    peer_expect(reader, PUBREL(.packet_id = id));
    peer_send(reader, PUBCOMP(.packet_id = id));
    peer_expect_nothing(reader);
}

/* A delivery that is repeated on a new connection keeps its identifier; a new
 * one does not take it. */
TEST(repeated_delivery_keeps_its_id, "3.1.1/MQTT-2.3.1-4", "5.0/MQTT-2.2.1-4")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_drop(reader);

    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_expect(again, PUBLISH(.payload = "1", .packet_id = id));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    uint16_t next = peer_expect(again, PUBLISH(.payload = "2"))->packet_id;
    t_check(t, next != 0 && next != id, "an identifier that is free",
            "%u, which message 1 has", next);
    peer_send_together(again, PUBACK(.packet_id = id),
                       PUBACK(.packet_id = next));
    peer_expect_nothing(again);
}

/* A PUBLISH of QoS 0 has no identifier: the payload follows the topic. */
TEST(publish_qos_0_has_no_id, "3.1.1/MQTT-2.3.1-5", "5.0/MQTT-2.2.1-2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "12345678", .qos = 1));
    const struct wire_packet *packet = peer_expect(
        reader, PUBLISH(.topic = "news", .payload = "12345678", .qos = 0));
    size_t fixed = 2 + wire_len(packet->topic) +
                   (T_IS_5_0(t) ? 1 + packet->props.octets.n : 0);
    t_check(t, packet->body.n == fixed + 8, "a payload right behind the topic",
            "%zu octets in place of %zu", packet->body.n, fixed + 8);
}

/* PUBACK repeats the identifier of the PUBLISH. */
TEST(puback_repeats_the_id, "3.1.1/MQTT-2.3.1-6", "5.0/MQTT-2.2.1-5")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect(peer, PUBACK(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 256));
    peer_expect(peer, PUBACK(.packet_id = 256));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 65535));
    peer_expect(peer, PUBACK(.packet_id = 65535));
}

/* PUBREC and PUBCOMP repeat the identifier of the PUBLISH, also when several
 * exchanges run side by side. */
TEST(pubrec_and_pubcomp_repeat_the_id, "3.1.1/MQTT-2.3.1-6", "5.0/MQTT-2.2.1-5",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                            .packet_id = 255));
    peer_expect(peer, PUBREC(.packet_id = 255));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "y", .qos = 2,
                            .packet_id = 65280));
    peer_expect(peer, PUBREC(.packet_id = 65280));
    peer_send(peer, PUBREL(.packet_id = 65280));
    peer_expect(peer, PUBCOMP(.packet_id = 65280));
    peer_send(peer, PUBREL(.packet_id = 255));
    peer_expect(peer, PUBCOMP(.packet_id = 255));
}

/* PUBREL repeats the identifier of the server's PUBLISH. */
TEST(pubrel_repeats_the_id, "3.1.1/MQTT-2.3.1-6", "5.0/MQTT-2.2.1-5",
     .needs = "qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 2));
    client_publish(writer, MESSAGE("news", "2", .qos = 2));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    uint16_t b = peer_expect(reader, PUBLISH(.payload = "2"))->packet_id;
    peer_send(reader, PUBREC(.packet_id = b));
    peer_expect(reader, PUBREL(.packet_id = b));
    peer_send(reader, PUBREC(.packet_id = a));
    peer_expect(reader, PUBREL(.packet_id = a));
    peer_send_together(reader, PUBCOMP(.packet_id = a),
                       PUBCOMP(.packet_id = b));
    peer_expect_nothing(reader);
}

struct id {
    struct row row;
    uint16_t id;
};
static const struct id ids[] = {
    {{"1"}, 1}, {{"255"}, 255}, {{"256"}, 256}, {{"65535"}, 65535}};

/* SUBACK and UNSUBACK repeat the identifier of what they answer. */
TEST_EACH(suback_and_unsuback_repeat_the_id, ids, "3.1.1/MQTT-2.3.1-7",
          "5.0/MQTT-2.2.1-6")
{
    const struct id *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              SUBSCRIBE(.packet_id = row->id, .filters = {{"news", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = row->id, .codes = CODES(1)));
    peer_send(peer, UNSUBSCRIBE(.packet_id = row->id, .filters = {{"news"}}));
    peer_expect(peer, UNSUBACK(.packet_id = row->id));
}

/* The two directions number their packets each for itself: a client may use an
 * identifier that the server is using. */
TEST(both_sides_may_use_one_id, "3.1.1/MQTT-2.3.1-6", "5.0/MQTT-2.2.1-5",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_subscribe(peer, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 2));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    peer_send(peer, PUBLISH(.topic = "other", .payload = "x", .qos = 2,
                            .packet_id = id));
    peer_expect(peer, PUBREC(.packet_id = id));
    peer_send(peer, PUBREC(.packet_id = id));
    peer_expect(peer, PUBREL(.packet_id = id));
    peer_send(peer, PUBREL(.packet_id = id));
    peer_expect(peer, PUBCOMP(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
}

/* An identifier is free again once its exchange is over. */
TEST(id_is_free_after_the_exchange, "3.1.1/MQTT-2.3.1-6", "5.0/MQTT-2.2.1-5",
     .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 2);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "1", .qos = 2,
                            .packet_id = 9));
    peer_expect(peer, PUBREC(.packet_id = 9));
    peer_send(peer, PUBREL(.packet_id = 9));
    peer_expect(peer, PUBCOMP(.packet_id = 9));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "2", .qos = 1,
                            .packet_id = 9));
    peer_expect(peer, PUBACK(.packet_id = 9));
    client_expect_all(reader, MESSAGE("news", "1", .qos = 2),
                      MESSAGE("news", "2", .qos = 1));
}

SUITE(packet_id, "2.2.1 Packet Identifier", subscribe_with_id_0_closes,
      unsubscribe_with_id_0_closes, publish_qos_1_with_id_0_closes,
      publish_qos_2_with_id_0_closes, open_deliveries_have_different_ids,
      open_deliveries_of_both_qos_have_different_ids,
      repeated_delivery_keeps_its_id, publish_qos_0_has_no_id,
      puback_repeats_the_id, pubrec_and_pubcomp_repeat_the_id,
      pubrel_repeats_the_id, suback_and_unsuback_repeat_the_id,
      both_sides_may_use_one_id, id_is_free_after_the_exchange);
