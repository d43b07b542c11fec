/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_level_3.c -- what is different when a client speaks MQTT 3.1.
 *
 * MQTT 3.1 ("MQIsdp", level 3) mostly says "should", so these cases warn.
 * Most of what it shares with 3.1.1 is in the files of the sections.
 * Spec: 3.1 s3.1-3.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* MQTT 3.1 goes by the name of MQIsdp; with the level of another version it is
 * not served as 3.1. */
TEST(name_of_3_1_with_another_level, "3.1/RULE-protocol-name-level")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_level = OPT(9)));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v3_may_just_close = true,
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
}

/* A Client Identifier of more than 23 characters is refused with code 2, or
 * taken as 3.1.1 takes it. */
TEST(client_id_of_24_characters, "3.1/RULE-client-identifier-too-long")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = EXACT "{}0123456789012345678",
                            .clean_start = 1));
    peer_expect(peer,
                CONNACK(.reason_any = CODES(SUCCESS, REFUSED_IDENTIFIER)));
}

/* An empty Client Identifier is refused with code 2, clean session or not. */
TEST(empty_client_id_is_refused_in_3_1, "3.1/RULE-client-identifier-empty")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "", .clean_start = 1));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_IDENTIFIER));
}

/* Where the flag promises a User Name and the packet ends before it, the
 * connection goes on. */
TEST(missing_user_name_is_forgiven_in_3_1, "3.1/RULE-user-name-flag-lenient")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x82)));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
}

/* A silent client is cut off, and its Will is published. */
TEST(silent_client_is_cut_off_in_3_1, "3.1/RULE-keep-alive", .seconds = 12)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *silent = peer_connect(
        t,
        CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 2,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_expect_close_within(silent, 1900, 12000);
    peer_expect_message(watcher, MESSAGE("status/pump", "gone", .qos = 1));
}

/* Clean session 0 keeps subscriptions and messages, and 1 forgets them. */
TEST(clean_session_in_3_1, "3.1/RULE-clean-session")
{
    struct peer *reader = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    struct peer *again = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_expect_message(again, MESSAGE("news", "1", .qos = 1));
    peer_disconnect(again);
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    struct peer *clean = peer_hello(t, "reader");
    peer_expect_nothing(clean);
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    peer_expect_nothing(clean);
}

/* CONNACK knows no Session Present: its first octet is 00. */
TEST(connack_has_no_session_present_in_3_1, "3.1/RULE-connack-reserved-octet")
{
    struct peer *first = peer_connect(t, CONNECT(.client_id = "one"));
    peer_disconnect(first);
    struct peer *second = peer_connect(t, CONNECT(.client_id = "one"));
    t_check(t, peer_connack(second)->body.octets[0] == 0, "octet 00", "%02x",
            peer_connack(second)->body.octets[0]);
}

struct pair {
    struct row row;
    uint8_t published, granted, delivered;
};
static const struct pair pairs[] = {
    {{"0_to_0"}, 0, 0, 0}, {{"0_to_1"}, 0, 1, 0}, {{"0_to_2"}, 0, 2, 0},
    {{"1_to_0"}, 1, 0, 0}, {{"1_to_1"}, 1, 1, 1}, {{"1_to_2"}, 1, 2, 1},
    {{"2_to_0"}, 2, 0, 0}, {{"2_to_1"}, 2, 1, 1}, {{"2_to_2"}, 2, 2, 2},
};

/* A message is delivered at the lower of its own QoS and the granted one. */
TEST_EACH(qos_of_delivery_in_3_1, pairs, "3.1/RULE-publish-qos-downgrade",
          "3.1/RULE-qos-2-handshake")
{
    const struct pair *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", row->granted);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = row->published));
    client_expect(reader, MESSAGE("news", "x", .qos = row->delivered));
    client_expect_nothing_more(reader);
}

/* A QoS 2 message that comes twice before PUBREL is delivered once. */
TEST(repeated_qos_2_is_delivered_once_in_3_1, "3.1/RULE-dup-is-a-hint",
     .needs = "qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_send(writer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                              .packet_id = 7));
    peer_expect(writer, PUBREC(.packet_id = 7));
    peer_send(writer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                              .dup = 1, .packet_id = 7));
    peer_expect(writer, PUBREC(.packet_id = 7));
    peer_send(writer, PUBREL(.packet_id = 7));
    peer_expect(writer, PUBCOMP(.packet_id = 7));
    peer_expect_message(reader, MESSAGE("news", "x"));
    peer_expect_nothing(reader);
}

/* SUBSCRIBE gets one SUBACK with its identifier and the granted QoS of each
 * filter, in order; UNSUBSCRIBE gets UNSUBACK, and ends the deliveries. */
TEST(subscribing_in_3_1, "3.1/RULE-subscribe-answers",
     "3.1/RULE-unsubscribe-answers", "3.1/RULE-ping-answers", .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              SUBSCRIBE(.packet_id = 4660, .filters = {{"news/0", .qos = 0},
                                                       {"news/2", .qos = 2},
                                                       {"news/1", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 4660, .codes = CODES(0, 2, 1)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/0", "x"));
    peer_expect_message(peer, MESSAGE("news/0", "x"));
    peer_send(peer, UNSUBSCRIBE(.packet_id = 4661, .filters = {{"news/0"}}));
    peer_expect(peer, UNSUBACK(.packet_id = 4661));
    client_publish(writer, MESSAGE("news/0", "x"));
    peer_send(peer, PINGREQ());
    peer_expect(peer, PINGRESP());
}

/* SUBSCRIBE and UNSUBSCRIBE with DUP are retries; a server that is as strict as
 * 3.1.1 closes. */
TEST(subscribe_with_dup_in_3_1, "3.1/RULE-subscribe-dup")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .raw_flags = OPT(0xa),
                              .filters = {{"news", .qos = 1}}));
    peer_expect_or_close(peer, SUBACK(.packet_id = 1, .codes = CODES(1)));
    peer_send(peer, UNSUBSCRIBE(.packet_id = 2, .raw_flags = OPT(0xa),
                                .filters = {{"news"}}));
    peer_expect_or_close(peer, UNSUBACK(.packet_id = 2));
}

/* SUBACK knows no failure: what is forbidden is granted, and nothing comes. */
TEST(forbidden_filter_is_granted_in_3_1, "3.1/RULE-suback-has-no-failure",
     .settings = "users=on;acl=on")
{
    struct t_user all = t_user(t), bound = t_user_bound(t);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .user_name = bound.name, .password = bound.password));
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1, .filters = {{"denied/x", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .reason_any = CODES(0, 1)));
    struct client *writer = client_connect(t, "writer", .user_name = all.name,
                                           .password = all.password);
    client_publish(writer, MESSAGE("denied/x", "x", .qos = 1));
    peer_expect_nothing(peer);
}

SUITE(level_3, "3.1 MQTT 3.1", name_of_3_1_with_another_level,
      client_id_of_24_characters, empty_client_id_is_refused_in_3_1,
      missing_user_name_is_forgiven_in_3_1, silent_client_is_cut_off_in_3_1,
      clean_session_in_3_1, connack_has_no_session_present_in_3_1,
      qos_of_delivery_in_3_1, repeated_qos_2_is_delivered_once_in_3_1,
      subscribing_in_3_1, subscribe_with_dup_in_3_1,
      forbidden_filter_is_granted_in_3_1);
