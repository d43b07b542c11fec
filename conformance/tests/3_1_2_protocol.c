/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_protocol.c -- the first packet, the protocol's name and its level.
 *
 * Spec: 3.1.1 s3.1.0, s3.1.2.1, s3.1.2.2; 5.0 s3.1.0, s3.1.2.1, s3.1.2.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* What a server may say to another protocol's name before it closes. */
#define REFUSED                                                                \
    .v3 = CODES(REFUSED_PROTOCOL_VERSION), .v3_may_just_close = true,          \
    .v5 =                                                                      \
        CODES(UNSUPPORTED_PROTOCOL_VERSION, MALFORMED_PACKET, PROTOCOL_ERROR)

/* A client opens every connection with CONNECT: a PINGREQ before it gets the
 * close and no PINGRESP. */
TEST(pingreq_before_connect_closes, "3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, PINGREQ());
    peer_expect_close(peer);
}

/* A client opens every connection with CONNECT: a PUBLISH before it gets the
 * close and goes nowhere. */
TEST(publish_before_connect_closes, "3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "early", 1);

    struct peer *peer = peer_open(t);
    peer_send(peer, PUBLISH(.topic = "early", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect_close(peer);
    client_expect_nothing_more(watcher);
}

/* A client opens every connection with CONNECT: a SUBSCRIBE before it gets the
 * close and no SUBACK. */
TEST(subscribe_before_connect_closes, "3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"early"}}));
    peer_expect_close(peer);
}

/* A client opens every connection with CONNECT, also when it authenticates. */
TEST(auth_before_connect_closes, "5.0/MQTT-3.1.0-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, AUTH(.reason = CONTINUE_AUTHENTICATION,
                         .props.authentication_method = "plain"));
    peer_expect_close(peer);
}

/* A second CONNECT on a connection ends it, and gets no CONNACK. */
TEST(second_connect_gets_no_connack, "3.1.1/MQTT-3.1.0-2", "5.0/MQTT-3.1.0-2")
{
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, CONNECT(.client_id = "twice", .clean_start = 1));
    peer_expect_error(peer, PROTOCOL_ERROR);
}

/* A second CONNECT is refused for being the second, whatever client it names:
 * nor is the session of the other client touched. */
TEST(second_connect_of_another_client_closes, "3.1.1/MQTT-3.1.0-2",
     "5.0/MQTT-3.1.0-2")
{
    struct client *other = client_connect(t, "other");
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, CONNECT(.client_id = "other", .clean_start = 1));
    peer_expect_error(peer, PROTOCOL_ERROR);
    client_expect_nothing_more(other);
}

/* A second CONNECT is a violation and no DISCONNECT: the Will is published. */
TEST(second_connect_publishes_the_will, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *peer = peer_connect(
        t,
        CONNECT(.client_id = "twice", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_send(peer, CONNECT(.client_id = "twice", .clean_start = 1));
    peer_expect_error(peer, PROTOCOL_ERROR);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* The protocol is called MQTT; another name is not served by its rules. */
TEST(unknown_protocol_name_is_refused, "3.1.1/MQTT-3.1.2-1", "5.0/MQTT-3.1.2-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_name = "MQTX"));
    peer_expect_refused(peer, REFUSED);
}

/* The protocol's name is written in capitals. */
TEST(protocol_name_in_small_letters_is_refused, "3.1.1/MQTT-3.1.2-1",
     "5.0/MQTT-3.1.2-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_name = "mqtt"));
    peer_expect_refused(peer, REFUSED);
}

/* The protocol's name is MQTT and nothing behind it. */
TEST(longer_protocol_name_is_refused, "3.1.1/MQTT-3.1.2-1", "5.0/MQTT-3.1.2-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_name = "MQTTX"));
    peer_expect_refused(peer, REFUSED);
}

/* A level that the server does not know is refused, in 3.1.1 with code 1. */
TEST(unknown_protocol_level_is_refused, "3.1.1/MQTT-3.1.2-2",
     "5.0/MQTT-3.1.2-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_level = OPT(0x7f)));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
}

/* The level after the newest one is not served on suspicion. */
TEST(next_protocol_level_is_refused, "3.1.1/MQTT-3.1.2-2", "5.0/MQTT-3.1.2-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_level = OPT(6)));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
}

/* Level 0 is no version of the protocol. */
TEST(protocol_level_zero_is_refused, "3.1.1/MQTT-3.1.2-2", "5.0/MQTT-3.1.2-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_level = OPT(0)));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
}

SUITE(connect_protocol, "3.1.0 First packet, protocol name and level",
      pingreq_before_connect_closes, publish_before_connect_closes,
      subscribe_before_connect_closes, auth_before_connect_closes,
      second_connect_gets_no_connack, second_connect_of_another_client_closes,
      second_connect_publishes_the_will, unknown_protocol_name_is_refused,
      protocol_name_in_small_letters_is_refused,
      longer_protocol_name_is_refused, unknown_protocol_level_is_refused,
      next_protocol_level_is_refused, protocol_level_zero_is_refused);
