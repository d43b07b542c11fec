/* SPDX-License-Identifier: Apache-2.0 */
/* 2_header.c -- header flags, packet types and Remaining Length.
 *
 * Spec: 3.1.1 s2.1-s2.2; 5.0 s2.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct flags {
    struct row row;
    const char *v3, *v5; /* the packet under 3.1.1 and 5.0 */
};

/* Good packets but for the low four bits of their first octet. */
static const struct flags wrong_flags[] = {
    {{"pingreq_1"}, "c100", "c100"},
    {{"pingreq_8"}, "c800", "c800"},
    {{"subscribe_0"}, "8006 0001 0001 74 00", "8007 0001 00 0001 74 00"},
    {{"subscribe_3"}, "8306 0001 0001 74 00", "8307 0001 00 0001 74 00"},
    {{"unsubscribe_0"}, "a005 0001 0001 74", "a006 0001 00 0001 74"},
    {{"unsubscribe_6"}, "a605 0001 0001 74", "a606 0001 00 0001 74"},
    {{"puback_1"}, "4102 0001", "4102 0001"},
    {{"pubrec_2"}, "5202 0001", "5202 0001"},
    {{"pubrel_0"}, "6002 0001", "6002 0001"},
    {{"pubrel_3"}, "6302 0001", "6302 0001"},
    {{"pubcomp_4"}, "7402 0001", "7402 0001"},
};

/* The reserved bits of the first octet have one value for each packet type; a
 * packet that has another ends the connection. */
TEST_EACH(wrong_header_flags_close, wrong_flags, "3.1.1/MQTT-2.2.2-1",
          "3.1.1/MQTT-2.2.2-2", "5.0/MQTT-2.1.3-1", "5.0/RULE-flags-malformed")
{
    const struct flags *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW(BY_VERSION(t, row->v3, row->v5)));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* A DISCONNECT with wrong flags is no DISCONNECT: the connection ends, and the
 * Will is published. */
TEST(disconnect_with_wrong_flags_keeps_the_will, "3.1.1/MQTT-2.2.2-2",
     "5.0/MQTT-2.1.3-1", "5.0/RULE-flags-malformed")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *peer = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_send(peer, RAW("e1 00"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
}

/* The reserved bits of what the server sends are right: the reader of this
 * harness refuses all others, here in each packet of the server but two. */
TEST(header_flags_of_the_server_are_fixed, "3.1.1/MQTT-2.2.2-1",
     "5.0/MQTT-2.1.3-1", .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_subscribe(peer, "news/#", 2);
    peer_publish(peer, MESSAGE("other/1", "x", .qos = 1));
    peer_publish(peer, MESSAGE("other/2", "x", .qos = 2));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/0", "x", .qos = 0));
    peer_expect_message(peer, MESSAGE("news/0", "x", .qos = 0));
    client_publish(writer, MESSAGE("news/1", "x", .qos = 1));
    peer_expect_message(peer, MESSAGE("news/1", "x", .qos = 1));
    client_publish(writer, MESSAGE("news/2", "x", .qos = 2));
    peer_expect_message(peer, MESSAGE("news/2", "x", .qos = 2));
    peer_unsubscribe(peer, "news/#");
    peer_expect_alive(peer);
}

/* Packet type 0 is no packet. */
TEST(packet_type_0_closes, "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW("00 00"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* Packet type 15 is no packet of 3.1.1. */
TEST(packet_type_15_closes, "3.1.1/MQTT-4.8.0-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW("f0 00"));
    peer_expect_close(peer);
}

struct octets {
    struct row row;
    const char *hex;
};
static const struct octets of_the_server[] = {
    {{"connack"}, "2002 0000"},
    {{"suback"}, "9003 0001 00"},
    {{"unsuback"}, "b002 0001"},
    {{"pingresp"}, "d000"},
};

/* Packets that only a server sends are an error when a client sends them. */
TEST_EACH(packet_of_the_server_closes, of_the_server, "3.1.1/MQTT-4.8.0-1",
          "5.0/MQTT-4.13.1-1")
{
    const struct octets *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW(row->hex));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* The Remaining Length has four octets at most. */
TEST(remaining_length_of_five_octets_closes,
     "3.1.1/RULE-remaining-length-four-octets",
     "5.0/RULE-remaining-length-four-octets")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW("c0 80808080 00"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* A Remaining Length of two, three and four octets is understood. */
TEST(remaining_length_of_each_size_is_read, "3.1.1/MQTT-3.3.2-1",
     "5.0/MQTT-3.3.2-1")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_publish(reader, MESSAGE("news", t_fill(t, 127, "ab"), .qos = 1));
    client_expect(reader, MESSAGE("news", t_fill(t, 127, "ab")));
    client_publish(reader, MESSAGE("news", t_fill(t, 16384, "abc"), .qos = 1));
    client_expect(reader, MESSAGE("news", t_fill(t, 16384, "abc")));
}

/* An empty property list has a length of zero, and that length is there in
 * each packet of the server: the reader of this harness asks for it. */
TEST(property_length_of_the_server_is_there, "5.0/MQTT-2.2.2-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_subscribe(peer, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x"));
    const struct wire_packet *packet =
        peer_expect(peer, PUBLISH(.topic = "news", .payload = "x"));
    size_t at = 2 + wire_len(packet->topic);
    t_check(t, packet->body.octets[at] == packet->body.n - at - 2,
            "a Property Length between topic and payload",
            "the octet there is %02x", packet->body.octets[at]);
    peer_unsubscribe(peer, "news");
}

/* A CONNECT without the length of its properties is malformed. */
TEST(connect_without_property_length_closes, "5.0/MQTT-2.2.2-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props.raw_omit = true));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A SUBSCRIBE without the length of its properties is malformed. */
TEST(subscribe_without_property_length_closes, "5.0/MQTT-2.2.2-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW("82 06 0001 0001 74 00"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

static const struct octets bad_properties[] = {
    {{"unknown", "5.0/RULE-property-unknown"}, "3007 0001 74 02 7f00 78"},
    {{"session_expiry_in_publish", "5.0/RULE-property-not-allowed"},
     "300a 0001 74 05 1100000001 78"},
    {{"receive_maximum_in_publish", "5.0/RULE-property-not-allowed"},
     "3008 0001 74 03 210001 78"},
    {{"will_delay_in_publish", "5.0/RULE-property-not-allowed"},
     "300a 0001 74 05 1800000001 78"},
    {{"topic_alias_in_subscribe", "5.0/RULE-property-not-allowed"},
     "820a 0001 03 230001 0001 74 00"},
    {{"reason_string_in_subscribe", "5.0/RULE-property-not-allowed"},
     "820b 0001 04 1f000178 0001 74 00"},
    {{"subscription_identifier_in_unsubscribe",
      "5.0/RULE-property-not-allowed"},
     "a208 0001 02 0b01 0001 74"},
    {{"server_keep_alive_in_disconnect", "5.0/RULE-property-not-allowed"},
     "e005 00 03 130001"},
    {{"length_beyond_the_packet", "5.0/RULE-property-length-overrun"},
     "3005 0001 74 7f 78"},
    {{"length_cuts_a_property", "5.0/RULE-property-length-overrun"},
     "3007 0001 74 02 2300 01"},
    {{"length_cuts_a_string", "5.0/RULE-property-length-overrun"},
     "3008 0001 74 03 030005 78"},
};

/* A property that is unknown, that belongs to another packet, or that does not
 * end where its list ends makes the packet malformed. */
TEST_EACH(bad_property_closes, bad_properties, "5.0/MQTT-4.13.1-1")
{
    const struct octets *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW(row->hex));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

SUITE(header, "2.1 Fixed header", wrong_header_flags_close,
      disconnect_with_wrong_flags_keeps_the_will,
      header_flags_of_the_server_are_fixed, packet_type_0_closes,
      packet_type_15_closes, packet_of_the_server_closes,
      remaining_length_of_five_octets_closes,
      remaining_length_of_each_size_is_read,
      property_length_of_the_server_is_there,
      connect_without_property_length_closes,
      subscribe_without_property_length_closes, bad_property_closes);
