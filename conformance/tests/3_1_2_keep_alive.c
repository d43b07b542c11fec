/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_keep_alive.c -- a silent client is cut off, and no other.
 *
 * The server must close after one and a half times the Keep Alive. Real servers
 * look at their clocks every few seconds, so the upper bound is generous; that
 * they wait at all is what the lower one says.
 * Spec: 3.1.1 s3.1.2.10; 5.0 s3.1.2.10, s3.2.2.3.14.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* With Keep Alive 2 the limit is 3 s; servers that look every 5 s are in. */
enum { NOT_BEFORE_MS = 1900, LATEST_MS = 12000 };

/* A server with a Server Keep Alive has told the client another time. */
#define OWN_KEEP_ALIVE(peer)                                                   \
    t_skip_unless(t,                                                           \
                  !wire_is_set(peer_connack(peer)->props.server_keep_alive_s), \
                  "the server replaces the Keep Alive of the client")

/* A client that is silent for one and a half times its Keep Alive is cut off;
 * a client with a longer one is not. */
TEST(silent_client_is_cut_off, "3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22",
     "5.0/MQTT-3.2.2-22", .seconds = 12)
{
    struct peer *patient =
        peer_connect(t, CONNECT(.client_id = "patient", .clean_start = 1,
                                .keep_alive_s = 60));
    struct peer *silent = peer_connect(
        t, CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 2));
    OWN_KEEP_ALIVE(silent);
    peer_expect_close_within(silent, NOT_BEFORE_MS, LATEST_MS);
    peer_expect_alive(patient);
}

/* The cut is a network failure to the server: the Will is published. */
TEST(silent_client_leaves_its_will, "3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-22",
     "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8", .seconds = 12)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *silent = peer_connect(
        t,
        CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 2,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    OWN_KEEP_ALIVE(silent);
    peer_expect_close_within(silent, NOT_BEFORE_MS, LATEST_MS);
    peer_expect_message(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    peer_expect_nothing(watcher);
}

/* Octets sent to the client are no sign of life of the client. */
TEST(delivery_does_not_keep_a_client_alive, "3.1.1/MQTT-3.1.2-24",
     "5.0/MQTT-3.1.2-22", .seconds = 12)
{
    struct client *writer = client_connect(t, "writer");
    struct peer *silent = peer_connect(
        t, CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 2));
    OWN_KEEP_ALIVE(silent);
    peer_subscribe(silent, "news", 0);
    int64_t from_ms = t_elapsed_ms(t);
    t_let_pass(t, 1500, "half of the time that a silent client has");
    client_publish(writer, MESSAGE("news", "rain"));
    peer_expect(silent, PUBLISH(.topic = "news"));
    peer_expect_close(silent);
    t_check(t, t_elapsed_ms(t) - from_ms <= LATEST_MS,
            "the close one and a half times the Keep Alive after the last "
            "packet of the client",
            "it came after more than 12 s");
}

/* Any packet of the client counts, not only PINGREQ. */
TEST(any_packet_keeps_a_client_alive, "3.1.1/MQTT-3.1.2-24",
     "5.0/MQTT-3.1.2-22", .seconds = 8)
{
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1, .keep_alive_s = 3));
    OWN_KEEP_ALIVE(pump);
    t_let_pass(t, 2500, "five sixths of the Keep Alive");
    peer_publish(pump, MESSAGE("status/pump", "well", .qos = 1));
    t_let_pass(t, 2500, "five sixths of the Keep Alive");
    peer_subscribe(pump, "orders", 1);
    t_let_pass(t, 2500, "five sixths of the Keep Alive");
    peer_expect_alive(pump);
}

SUITE(keep_alive, "3.1.2.10 Keep Alive", silent_client_is_cut_off,
      silent_client_leaves_its_will, delivery_does_not_keep_a_client_alive,
      any_packet_keeps_a_client_alive);
