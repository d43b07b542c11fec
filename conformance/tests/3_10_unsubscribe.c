/* SPDX-License-Identifier: Apache-2.0 */
/* 3_10_unsubscribe.c -- UNSUBSCRIBE and UNSUBACK.
 *
 * Spec: 5.0 s3.10 and s3.11, 3.1.1 s3.10 and s3.11.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/rows.h"
#include "tests/small.h"

/* UNSUBSCRIBE whose reserved flags are not 0010 closes the connection. */
TEST_EACH(unsubscribe_wrong_flags, flags_not_0010, "3.1.1/MQTT-3.10.1-1",
          "5.0/MQTT-3.10.1-1", "5.0/RULE-flags-malformed")
{
    const struct flags_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "flags");
    peer_send(peer, UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                                .raw_flags = OPT(row->flags)));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* A Topic Filter that is no UTF-8 closes the connection. */
TEST_EACH(unsubscribe_bad_utf8, filters_not_utf8, "3.1.1/MQTT-3.10.3-1",
          "5.0/MQTT-3.10.3-1")
{
    const struct text_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "utf8");
    peer_send(peer, UNSUBSCRIBE(.packet_id = 1, .filters = {{row->text}}));
    peer_expect_error(peer, MALFORMED_PACKET, TOPIC_FILTER_INVALID);
}

/* UNSUBSCRIBE without a Topic Filter closes the connection. */
TEST(unsubscribe_without_filter, "3.1.1/MQTT-3.10.3-2", "5.0/MQTT-3.10.3-2")
{
    struct peer *peer = peer_hello(t, "empty");
    peer_send(peer, UNSUBSCRIBE(.packet_id = 1));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* Only a Topic Filter that is the same octet by octet is deleted; filters that
 * match it, or that it matches, leave it alone. */
TEST(unsubscribe_compares_text, "3.1.1/MQTT-3.10.4-1", "5.0/MQTT-3.10.4-1")
{
    struct client *subscriber = client_connect(t, "subscriber");
    struct client *publisher = client_connect(t, "publisher");
    client_subscribe(subscriber, "a/+", 1);
    client_unsubscribe(subscriber, "a/b");
    client_unsubscribe(subscriber, "A/+");
    client_unsubscribe(subscriber, "a/#");
    client_publish(publisher, MESSAGE("a/b", "still", .qos = 1));
    client_expect(subscriber, MESSAGE("a/b", "still"));

    client_unsubscribe(subscriber, "a/+");
    client_publish(publisher, MESSAGE("a/b", "gone", .qos = 1));
    client_expect_nothing_more(subscriber);
}

/* After UNSUBACK no new message is added for delivery. */
TEST(unsubscribe_ends_delivery, "3.1.1/MQTT-3.10.4-2", "5.0/MQTT-3.10.4-2")
{
    struct peer *peer = peer_hello(t, "leaves");
    peer_subscribe(peer, "a", 1);
    peer_unsubscribe(peer, "a");
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "late", .qos = 1));
    peer_expect_nothing(peer);
}

/* A QoS 2 delivery that has begun is finished after UNSUBSCRIBE. */
TEST(unsubscribe_finishes_qos2, "3.1.1/MQTT-3.10.4-3", "5.0/MQTT-3.10.4-3",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "leaves");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    const struct wire_packet *message =
        peer_expect(peer, PUBLISH(.topic = "a", .payload = "x", .qos = 2));

    peer_unsubscribe(peer, "a");
    peer_send(peer, PUBREC(.packet_id = message->packet_id));
    peer_expect(peer, PUBREL(.packet_id = message->packet_id));
    peer_send(peer, PUBCOMP(.packet_id = message->packet_id));
    peer_expect_nothing(peer);
}

/* A QoS 1 delivery that has begun survives UNSUBSCRIBE and a reconnect: it is
 * sent again, because it was not acknowledged. */
TEST(unsubscribe_finishes_qos1, "3.1.1/MQTT-3.10.4-3", "5.0/MQTT-3.10.4-3")
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaves",
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    const struct wire_packet *message = peer_expect(
        peer, PUBLISH(.topic = "a", .payload = "x", .qos = 1, .dup = 0));
    peer_unsubscribe(peer, "a");
    peer_drop(peer);

    struct peer *back = peer_connect(
        t, CONNECT(.client_id = "leaves",
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_expect(back, PUBLISH(.topic = "a", .payload = "x", .qos = 1, .dup = 1,
                              .packet_id = message->packet_id));
    peer_send(back, PUBACK(.packet_id = message->packet_id));
    peer_expect_nothing(back);
}

/* UNSUBSCRIBE is answered by UNSUBACK with the same Packet Identifier. */
TEST_EACH(unsubscribe_answered, packet_ids, "3.1.1/MQTT-3.10.4-4",
          "5.0/MQTT-3.10.4-4")
{
    const struct id_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "leaves");
    peer_subscribe(peer, "a", 0);
    peer_send(peer,
              UNSUBSCRIBE(.packet_id = row->packet_id, .filters = {{"a"}}));
    peer_expect(peer, UNSUBACK(.packet_id = row->packet_id));
    peer_expect_nothing(peer);
}

/* UNSUBACK comes even if nothing was deleted; 5.0 says 0x11. */
TEST(unsubscribe_unknown_answered, "3.1.1/MQTT-3.10.4-5", "5.0/MQTT-3.10.4-5")
{
    struct peer *peer = peer_hello(t, "leaves");
    peer_send(peer, UNSUBSCRIBE(.packet_id = 7, .filters = {{"never"}}));
    peer_expect(peer, UNSUBACK(.packet_id = 7));
    peer_expect_nothing(peer);
}

/* Several Topic Filters in one UNSUBSCRIBE: one UNSUBACK, and all are gone. */
TEST(unsubscribe_several_filters, "3.1.1/MQTT-3.10.4-6", "5.0/MQTT-3.10.4-6")
{
    struct peer *peer = peer_hello(t, "leaves");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a"}, {"b/+"}, {"c/#"}, {"d"}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    peer_send(peer, UNSUBSCRIBE(.packet_id = 2,
                                .filters = {{"a"}, {"b/+"}, {"c/#"}}));
    peer_expect(peer, UNSUBACK(.packet_id = 2));

    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("b/b", "2", .qos = 1));
    client_publish(publisher, MESSAGE("c", "3", .qos = 1));
    client_publish(publisher, MESSAGE("d", "4", .qos = 1));
    peer_expect_message(peer, MESSAGE("d", "4"));
    peer_expect_nothing(peer);
}

/* The codes of UNSUBACK stand in the order of the Topic Filters: two known, one
 * unknown. No statement demands that a server tells these apart: one that
 * answers 0x00 to all shows no order. */
TEST(unsuback_in_order, "5.0/MQTT-3.11.3-1", "5.0/MQTT-3.11.3-2",
     "5.0/MQTT-3.10.4-6")
{
    struct peer *peer = peer_hello(t, "leaves");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}, {"c"}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    peer_send(peer,
              UNSUBSCRIBE(.packet_id = 2, .filters = {{"a"}, {"c"}, {"b"}}));
    const struct wire_packet *unsuback =
        peer_expect(peer, UNSUBACK(.packet_id = 2));
    t_skip_unless(t,
                  !wire_same(unsuback->codes, CODES(SUCCESS, SUCCESS, SUCCESS)),
                  "the broker says Success of an unknown Topic Filter, too");
    t_check(t,
            wire_same(unsuback->codes,
                      CODES(SUCCESS, SUCCESS, NO_SUBSCRIPTION_EXISTED)),
            "UNSUBACK with 00, 00, 11", "the codes are others");
}

/* Reason String and User Property are left out of an UNSUBACK that they would
 * make larger than the client accepts. */
TEST(unsuback_within_maximum_packet_size, "5.0/MQTT-3.11.2-1",
     "5.0/MQTT-3.11.2-2")
{
    size_t limit;
    struct peer *peer = small_connect(
        t, CONNECT(.client_id = "small", .clean_start = 1), &limit);
    peer_send(peer,
              UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}, {"b"}, {"c"}}));
    const struct wire_packet *unsuback =
        peer_expect(peer, UNSUBACK(.packet_id = 1));
    small_check(t, unsuback, limit);
}

SUITE(unsubscribe, "3.10 UNSUBSCRIBE", unsubscribe_wrong_flags,
      unsubscribe_bad_utf8, unsubscribe_without_filter,
      unsubscribe_compares_text, unsubscribe_ends_delivery,
      unsubscribe_finishes_qos2, unsubscribe_finishes_qos1,
      unsubscribe_answered, unsubscribe_unknown_answered,
      unsubscribe_several_filters, unsuback_in_order,
      unsuback_within_maximum_packet_size);
