/* SPDX-License-Identifier: Apache-2.0 */
/* 3_14_disconnect.c -- DISCONNECT from either side.
 *
 * Spec: 5.0 s3.14, 3.1.1 s3.14.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/small.h"

#define WILL                                                                   \
    {                                                                          \
        .topic = "will", .payload = "gone"                                     \
    }

struct packet_row {
    struct row row;
    const char *hex;
};
static const struct packet_row first_packets[] = {
    {{"pingreq"}, "c0 00"},
    {{"subscribe"}, "82 07 00 01 00 00 01 61 00"},
    {{"publish"}, "30 04 00 01 61 00"},
    {{"disconnect"}, "e0 00"},
    {{"cut_name_connect"}, "10 02 00 04"},
};

/* The Server sends no DISCONNECT on a connection that it has not accepted. */
TEST_EACH(no_disconnect_before_connack, first_packets, "5.0/MQTT-3.14.0-1")
{
    const struct packet_row *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, RAW(row->hex));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A refused CONNECT is answered by CONNACK or nothing, not by DISCONNECT. */
TEST(no_disconnect_for_refused_connect, "5.0/MQTT-3.14.0-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "refused", .clean_start = 1,
                      .props = {.authentication_method = "no such method"}));
    peer_expect_refused(peer, .v5 = CODES(BAD_AUTHENTICATION_METHOD));
}

/* DISCONNECT with reserved flags set is not a valid DISCONNECT: the connection
 * is closed and the Will is published. */
TEST(disconnect_wrong_flags, "3.1.1/MQTT-3.14.1-1", "5.0/MQTT-3.14.1-1")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "dying", .clean_start = 1, .will = WILL));
    peer_send(peer, DISCONNECT(.raw_flags = 1));
    peer_expect_error(peer, MALFORMED_PACKET);
    client_expect(watcher, MESSAGE("will", "gone"));
}

/* A DISCONNECT that the Server sends has a code from its list and no Session
 * Expiry Interval; it is the last packet, and the connection is closed. */
TEST(disconnect_by_server, "5.0/MQTT-3.14.2-1", "5.0/MQTT-3.14.2-2",
     "5.0/MQTT-3.14.4-1", "5.0/MQTT-3.14.4-2")
{
    struct peer *peer = peer_hello(t, "wrong");
    peer_subscribe(peer, "a", 0);
    peer_send_together(peer, PUBLISH(.topic = "a", .payload = "x"),
                       PUBLISH(.topic = "b/+", .payload = "wrong"),
                       PUBLISH(.topic = "a", .payload = "late"), PINGREQ());
    peer_expect(peer, PUBLISH(.topic = "a", .payload = "x"));
    peer_expect_error(peer, TOPIC_NAME_INVALID, MALFORMED_PACKET,
                      PROTOCOL_ERROR);
}

/* The older connection of a client that takes over is closed; a DISCONNECT
 * before it says 0x8E. */
TEST(disconnect_on_takeover, "5.0/MQTT-3.14.2-1", "5.0/MQTT-3.14.2-2",
     "5.0/MQTT-3.14.4-2")
{
    struct peer *older = peer_hello(t, "one");
    struct peer *newer = peer_hello(t, "one");
    peer_expect_error(older, SESSION_TAKEN_OVER);
    peer_expect_alive(newer);
}

/* Reason String and User Property are left out of a DISCONNECT that they would
 * make larger than the client accepts. */
TEST(disconnect_within_maximum_packet_size, "5.0/MQTT-3.14.2-3",
     "5.0/MQTT-3.14.2-4")
{
    struct peer *peer =
        small_connect(t, CONNECT(.client_id = "small", .clean_start = 1), NULL);
    peer_send(peer, PUBLISH(.topic = "b/+", .payload = "wrong"));
    peer_expect_error(peer, TOPIC_NAME_INVALID, MALFORMED_PACKET,
                      PROTOCOL_ERROR);
}

static const struct packet_row success_forms[] = {
    {{"no_body"}, "e0 00"},
    {{"code_only"}, "e0 01 00"},
    {{"code_and_length"}, "e0 02 00 00"},
};

/* DISCONNECT with code 0 deletes the Will, in each form it may have. */
TEST_EACH(disconnect_deletes_will, success_forms, "5.0/MQTT-3.14.4-3")
{
    const struct packet_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL));
    peer_send(peer, RAW(row->hex));
    peer_expect_close(peer);
    peer_hello(t, "leaving"); /* the end has been seen by now */
    client_expect_nothing_more(watcher);
}

/* Any DISCONNECT of 3.1.1 deletes the Will. */
TEST(disconnect_deletes_will_3_1_1, "3.1.1/MQTT-3.14.4-3")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL));
    peer_disconnect(peer);
    peer_hello(t, "leaving"); /* the end has been seen by now */
    client_expect_nothing_more(watcher);
}

/* A message and the DISCONNECT right behind it: the message counts. */
TEST(disconnect_behind_publish, "3.1.1/MQTT-3.14.4-3", "5.0/MQTT-3.14.4-3")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "last", 0);
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL));
    peer_send_together(peer, PUBLISH(.topic = "last", .payload = "word"),
                       DISCONNECT());
    peer_half_close(peer);
    peer_expect_end(peer);
    client_expect(watcher, MESSAGE("last", "word"));
    client_expect_nothing_more(watcher);
}

struct reason_row {
    struct row row;
    uint8_t reason;
};
static const struct reason_row errors[] = {
    {{"with_will", .statements = "5.0/RULE-disconnect-with-will"},
     DISCONNECT_WITH_WILL_MESSAGE},
    {{"unspecified"}, UNSPECIFIED_ERROR},
    {{"protocol_error"}, PROTOCOL_ERROR},
    {{"quota"}, QUOTA_EXCEEDED},
};

/* Only a DISCONNECT with code 0x00 removes the Will: with any other, above all
 * with 0x04, it is published. */
TEST_EACH(disconnect_publishes_will, errors, "5.0/MQTT-3.1.2-8")
{
    const struct reason_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL));
    peer_send(peer, DISCONNECT(.reason = row->reason));
    peer_expect_close(peer);
    client_expect(watcher, MESSAGE("will", "gone"));
    client_expect_nothing_more(watcher);
}

/* A Session Expiry Interval in DISCONNECT is a Protocol Error if CONNECT had
 * none: that is no valid DISCONNECT, so the Will is published. */
TEST(disconnect_expiry_from_zero,
     "5.0/RULE-disconnect-session-expiry-from-zero")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL,
                   .props = {.session_expiry_interval_s = OPT(0)}));
    peer_send(peer,
              DISCONNECT(.props = {.session_expiry_interval_s = OPT(60)}));
    peer_expect_error(peer, PROTOCOL_ERROR);
    client_expect(watcher, MESSAGE("will", "gone"));
}

/* A Session Expiry Interval that is given twice is a Protocol Error. */
TEST(disconnect_expiry_twice, "5.0/RULE-disconnect-session-expiry-twice")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1, .will = WILL,
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_send(peer,
              DISCONNECT(.props = {.session_expiry_interval_s = OPT(60),
                                   .extra = {{WIRE_SESSION_EXPIRY_INTERVAL,
                                              .number = 60}}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* The Session Expiry Interval of DISCONNECT takes the place of the one of
 * CONNECT: with 0 the session ends here. */
TEST(disconnect_expiry_ends_session, "5.0/MQTT-3.1.2-23")
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "leaving", .clean_start = 1,
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_send(peer, DISCONNECT(.props = {.session_expiry_interval_s = OPT(0)}));
    peer_expect_close(peer);
    struct peer *back = peer_open(t);
    peer_send(back, CONNECT(.client_id = "leaving"));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 0));
}

SUITE(disconnect, "3.14 DISCONNECT", no_disconnect_before_connack,
      no_disconnect_for_refused_connect, disconnect_wrong_flags,
      disconnect_by_server, disconnect_on_takeover,
      disconnect_within_maximum_packet_size, disconnect_deletes_will,
      disconnect_deletes_will_3_1_1, disconnect_behind_publish,
      disconnect_publishes_will, disconnect_expiry_from_zero,
      disconnect_expiry_twice, disconnect_expiry_ends_session);
