/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_will.c -- when the Will is published, and when it is not.
 *
 * Spec: 3.1.1 s3.1.2.5-3.1.2.7, s3.14; 5.0 s3.1.2.5-3.1.2.7, s3.1.3.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* A connection that ends without DISCONNECT publishes the Will. */
TEST(will_published_when_client_closes, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-7", "5.0/MQTT-3.1.2-8", "3.1/RULE-will")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_close(pump);

    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* A client that breaks the protocol loses its connection, not its Will. */
TEST(will_published_after_protocol_error, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_send(pump, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .raw_flags = OPT(0)));
    peer_expect_close(pump);

    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* The Will belongs to the session: it is published also when the session
 * outlives the connection. */
TEST(will_published_though_session_stays, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-7", "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_drop(pump);

    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* A DISCONNECT throws the Will away. */
TEST(will_not_published_after_disconnect, "3.1.1/MQTT-3.1.2-8",
     "3.1.1/MQTT-3.1.2-10", "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-10",
     "3.1/RULE-will")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_disconnect(pump);

    client_expect_nothing_more(watcher);
}

/* A Will thrown away by DISCONNECT stays away: the next connection of the
 * client has none, and none is published when it breaks. */
TEST(will_forgotten_after_disconnect, "3.1.1/MQTT-3.1.2-10",
     "5.0/MQTT-3.1.2-10")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_disconnect(pump);

    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_drop(again);

    peer_hello(t, "pump"); /* the break has been seen by now */
    client_expect_nothing_more(watcher);
}

/* A Will is published once; the next connection of the client has none. */
TEST(will_forgotten_after_publication, "3.1.1/MQTT-3.1.2-10",
     "3.1.1/MQTT-3.1.2-12", "5.0/MQTT-3.1.2-10")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));

    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_drop(again);

    peer_hello(t, "pump"); /* the break has been seen by now */
    client_expect_nothing_more(watcher);
}

/* The second break of one session publishes the Will of that connection. */
TEST(will_published_at_each_break, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {
                    .topic = "status/pump", .payload = "first", .qos = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "first", .qos = 1));

    struct peer *again = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {
                    .topic = "status/pump", .payload = "second", .qos = 1}));
    peer_drop(again);
    client_expect(watcher, MESSAGE("status/pump", "second", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* A client that gave no Will causes no message when its connection breaks. */
TEST(no_will_no_message, "3.1.1/MQTT-3.1.2-12", "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/#", 1);

    struct peer *pump = peer_hello(t, "pump");
    peer_drop(pump);

    peer_hello(t, "pump"); /* the break has been seen by now */
    client_expect_nothing_more(watcher);
}

/* The Will belongs to an accepted connection: one that is refused has none. */
TEST(will_of_refused_client_not_published, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-7")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_open(t);
    peer_send(
        pump,
        CONNECT(.client_id = "pump", .protocol_level = OPT(9),
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_expect_refused(pump, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v3_may_just_close = true,
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
    client_expect_nothing_more(watcher);
}

/* A Will with Will Retain 0 is an ordinary message: it is not kept. */
TEST(will_without_retain_is_not_kept, "3.1.1/MQTT-3.1.2-16",
     "5.0/MQTT-3.1.2-14")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .retain = 0));

    struct client *late = client_connect(t, "late");
    client_subscribe(late, "status/pump", 1);
    client_expect_nothing_more(late);
}

/* A Will with Will Retain 1 is the retained message of its topic. */
TEST(will_with_retain_is_kept, "3.1.1/MQTT-3.1.2-17", "5.0/MQTT-3.1.2-15")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = {.topic = "status/pump",
                                         .payload = "gone",
                                         .qos = 1,
                                         .retain = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .retain = 0));

    struct client *late = client_connect(t, "late");
    client_subscribe(late, "status/pump", 1);
    client_expect(late, MESSAGE("status/pump", "gone", .retain = 1));
    client_expect_nothing_more(late);
}

/* Will QoS 0 is allowed, and the Will is delivered at it. */
TEST(will_qos_0_is_delivered, "3.1.1/MQTT-3.1.2-14", "3.1.1/MQTT-3.8.4-6",
     "5.0/MQTT-3.1.2-12", "5.0/MQTT-3.8.4-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 0}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 0));
}

/* Will QoS 1 is allowed, and the Will is delivered at it. */
TEST(will_qos_1_is_delivered, "3.1.1/MQTT-3.1.2-14", "3.1.1/MQTT-3.8.4-6",
     "5.0/MQTT-3.1.2-12", "5.0/MQTT-3.8.4-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
}

/* Will QoS 2 is allowed, and the Will is delivered at it. */
TEST(will_qos_2_is_delivered, "3.1.1/MQTT-3.1.2-14", "3.1.1/MQTT-3.8.4-6",
     "5.0/MQTT-3.1.2-12", "5.0/MQTT-3.8.4-8", .needs = "qos2")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 2);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 2}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 2));
    client_expect_nothing_more(watcher);
}

/* The payload of a Will is its octets alone, without the two of their length;
 * any octets will do, and none at all as well. */
TEST(will_payload_is_any_octets, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8",
     "3.1/RULE-will-payload")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/#", 1);

    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .will = {.topic = "status/octets",
                            .qos = 1,
                            .payload = BYTES("\x00\xff\xed\xa0\x80")}));
    peer_drop(pump);
    peer_expect_message(
        watcher,
        MESSAGE("status/octets", BYTES("\x00\xff\xed\xa0\x80"), .qos = 1));
    struct peer *valve = peer_connect(
        t, CONNECT(.client_id = "valve", .clean_start = 1,
                   .will = {.topic = "status/none", .payload = "", .qos = 1}));
    peer_drop(valve);
    peer_expect_message(watcher, MESSAGE("status/none", "", .qos = 1));
}

/* A server that loses a client to silence publishes its Will; so does one that
 * loses it to a new connection under the same Client Identifier. */
TEST(will_published_on_takeover, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8",
     "5.0/RULE-takeover-publishes-will")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_hello(t, "pump");
    peer_expect_error(pump, SESSION_TAKEN_OVER);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

SUITE(connect_will, "3.1.2.5 Will", will_published_when_client_closes,
      will_published_after_protocol_error, will_published_though_session_stays,
      will_not_published_after_disconnect, will_forgotten_after_disconnect,
      will_forgotten_after_publication, will_published_at_each_break,
      no_will_no_message, will_of_refused_client_not_published,
      will_without_retain_is_not_kept, will_with_retain_is_kept,
      will_qos_0_is_delivered, will_qos_1_is_delivered, will_qos_2_is_delivered,
      will_payload_is_any_octets, will_published_on_takeover);
