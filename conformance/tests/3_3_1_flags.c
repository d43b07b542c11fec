/* SPDX-License-Identifier: Apache-2.0 */
/* 3_3_1_flags.c -- DUP and QoS of PUBLISH.
 *
 * Spec: 3.1.1 s3.3.1.1, s3.3.1.2; 5.0 s3.3.1.1, s3.3.1.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define KEPT_BY(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60))

/* A QoS 1 message that is sent again has DUP set. */
TEST(repeated_qos_1_has_dup, "3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1",
     "3.1/RULE-redelivery-on-reconnect")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    peer_expect(reader, PUBLISH(.payload = "1", .dup = 0));
    peer_drop(reader);

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_message(again, MESSAGE("news", "1", .qos = 1, .dup = 1));
    peer_expect_nothing(again);
}

/* A QoS 2 message that is sent again has DUP set. */
TEST(repeated_qos_2_has_dup, "3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1",
     .needs = "qos2")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 2));
    peer_expect(reader, PUBLISH(.payload = "1", .dup = 0));
    peer_drop(reader);

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_message(again, MESSAGE("news", "1", .qos = 2, .dup = 1));
    peer_expect_nothing(again);
}

/* A message that is sent a third time, after a second break, has DUP set as
 * well. */
TEST(message_repeated_twice_has_dup, "3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1")
{
    struct peer *first = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(first, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    peer_expect(first, PUBLISH(.payload = "1"));
    peer_drop(first);
    struct peer *second = peer_connect(t, KEPT_BY("reader"));
    peer_expect(second, PUBLISH(.payload = "1", .dup = 1));
    peer_drop(second);

    struct peer *third = peer_connect(t, KEPT_BY("reader"));
    peer_expect_message(third, MESSAGE("news", "1", .qos = 1, .dup = 1));
    peer_expect_nothing(third);
}

/* A QoS 0 message has DUP clear. */
TEST(qos_0_has_no_dup, "3.1.1/MQTT-3.3.1-2", "5.0/MQTT-3.3.1-2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "0", .qos = 0));
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    peer_expect(reader, PUBLISH(.payload = "0", .qos = 0, .dup = 0));
    peer_expect(reader, PUBLISH(.payload = "1", .qos = 0, .dup = 0));
}

/* DUP of the publisher goes no further: a copy that the server sends for the
 * first time has DUP clear. */
TEST(dup_is_not_passed_on, "3.1.1/MQTT-3.3.1-3", "5.0/MQTT-3.3.1-3")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    peer_send(writer, PUBLISH(.topic = "news", .payload = "1", .qos = 1,
                              .dup = 1, .packet_id = 5));
    peer_expect(writer, PUBACK(.packet_id = 5));
    const struct wire_packet *copy = peer_expect(
        reader, PUBLISH(.topic = "news", .payload = "1", .qos = 1, .dup = 0));
    peer_send(reader, PUBACK(.packet_id = copy->packet_id));
}

/* The same for QoS 2. */
TEST(dup_of_qos_2_is_not_passed_on, "3.1.1/MQTT-3.3.1-3", "5.0/MQTT-3.3.1-3",
     .needs = "qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_send(writer, PUBLISH(.topic = "news", .payload = "1", .qos = 2,
                              .dup = 1, .packet_id = 5));
    peer_expect(writer, PUBREC(.packet_id = 5));
    peer_send(writer, PUBREL(.packet_id = 5));
    peer_expect(writer, PUBCOMP(.packet_id = 5));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "1", .dup = 0));
    peer_expect_nothing(reader);
}

/* DUP on QoS 0 is a breach by the client; many servers let it pass, and then
 * pass on a message without DUP. */
TEST(dup_with_qos_0_should_close, "3.1.1/MQTT-3.3.1-2", "5.0/MQTT-3.3.1-2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_send_together(
        writer, PUBLISH(.topic = "news", .payload = "x", .raw_flags = OPT(8)),
        PINGREQ());
    const struct wire_packet *pong = peer_expect_or_close(writer, PINGRESP());
    pong ? t_warn(t, "the connection is closed", "it goes on") : (void)0;
    peer_send(reader, PINGREQ());
    peer_expect_any(reader, PINGRESP(), PUBLISH(.topic = "news", .dup = 0));
}

/* QoS 3 is no QoS: the connection ends, and the message goes nowhere. */
TEST(qos_3_closes, "3.1.1/MQTT-3.3.1-4", "5.0/MQTT-3.3.1-4")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 3,
                            .packet_id = 1));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* QoS 3 is no QoS with DUP and RETAIN set either, and nothing is stored. */
TEST(qos_3_with_retain_closes, "3.1.1/MQTT-3.3.1-4", "5.0/MQTT-3.3.1-4")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 3, .dup = 1,
                            .retain = 1, .packet_id = 1));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    struct client *late = client_connect(t, "late");
    client_subscribe(late, "news", 1);
    client_expect_nothing_more(late);
}

/* The answer to PUBLISH is none, PUBACK or PUBREC, as its QoS is 0, 1 or 2. A
 * server before 5.0 may grant less than QoS 2; it cannot decline to receive it.
 */
TEST(publish_is_answered_by_its_qos, "3.1.1/MQTT-3.3.4-1", "5.0/MQTT-3.3.4-1",
     "3.1/RULE-publish-answers")
{
    t_skip_unless(t, !T_IS_5_0(t) || t_has(t, "qos2"), "the target lacks qos2");
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "0", .qos = 0));
    peer_expect_nothing(peer);
    peer_send(peer, PUBLISH(.topic = "news", .payload = "1", .qos = 1,
                            .packet_id = 7));
    peer_expect(peer, PUBACK(.packet_id = 7));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "2", .qos = 2,
                            .packet_id = 8));
    peer_expect(peer, PUBREC(.packet_id = 8));
    peer_send(peer, PUBREL(.packet_id = 8));
    peer_expect(peer, PUBCOMP(.packet_id = 8));
}

/* The same through a client of the trade: each QoS finishes its exchange. */
TEST(paho_finishes_each_qos, "3.1.1/MQTT-3.3.4-1", "5.0/MQTT-3.3.4-1",
     "3.1/RULE-publish-answers", .needs = "qos2")
{
    struct client *client = client_connect(t, "one");
    client_subscribe(client, "news", 2);
    client_publish(client, MESSAGE("news", "0", .qos = 0));
    client_publish(client, MESSAGE("news", "1", .qos = 1));
    client_publish(client, MESSAGE("news", "2", .qos = 2));
    client_expect_all(client, MESSAGE("news", "0", .qos = 0),
                      MESSAGE("news", "1", .qos = 1),
                      MESSAGE("news", "2", .qos = 2));
    client_expect_nothing_more(client);
}

SUITE(publish_flags, "3.3.1 PUBLISH DUP and QoS", repeated_qos_1_has_dup,
      repeated_qos_2_has_dup, message_repeated_twice_has_dup, qos_0_has_no_dup,
      dup_is_not_passed_on, dup_of_qos_2_is_not_passed_on,
      dup_with_qos_0_should_close, qos_3_closes, qos_3_with_retain_closes,
      publish_is_answered_by_its_qos, paho_finishes_each_qos);
