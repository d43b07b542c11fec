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

/* Demands that the close is not put off by what goes on meanwhile. */
static void check_in_time(struct t *t, int64_t from_ms)
{
    t_check(t, t_elapsed_ms(t) - from_ms <= LATEST_MS,
            "the close one and a half times the Keep Alive after the last "
            "packet of the client",
            "it does not come within 12 s");
}

static void publish_until_close(struct t *t, struct peer *reader)
{
    int64_t from_ms = t_elapsed_ms(t);
    struct client *writer = client_connect(t, "writer");
    do {
        check_in_time(t, from_ms);
        client_publish(writer, MESSAGE("news", "rain"));
    } while (!peer_closes_within(reader, 1200));
}

/* Octets sent to the client are no sign of life of the client. */
TEST(delivery_does_not_keep_a_client_alive, "3.1.1/MQTT-3.1.2-24",
     "5.0/MQTT-3.1.2-22", .seconds = 12)
{
    struct peer *silent = peer_connect(
        t, CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 2));
    OWN_KEEP_ALIVE(silent);
    peer_subscribe(silent, "news", 0);
    publish_until_close(t, silent);
}

static void send_octets_until_close(struct t *t, struct peer *peer)
{
    int64_t from_ms = t_elapsed_ms(t);
    do {
        check_in_time(t, from_ms);
        peer_send_octets(peer, BYTES("x"));
    } while (!peer_closes_within(peer, 700));
}

/* Nor are octets of the client that never become a packet. */
TEST(part_of_a_packet_does_not_keep_a_client_alive, "3.1.1/MQTT-3.1.2-24",
     "5.0/MQTT-3.1.2-22", .seconds = 12)
{
    struct peer *slow = peer_connect(
        t, CONNECT(.client_id = "slow", .clean_start = 1, .keep_alive_s = 2));
    OWN_KEEP_ALIVE(slow);
    struct wire_bytes payload = t_fill(t, 100, "x");
    peer_send_part(slow, PUBLISH(.topic = "news", .payload = payload), 20);
    send_octets_until_close(t, slow);
}

struct time_row {
    struct row row;
    uint16_t keep_alive_s;
};
/* One and a half times these, in ms, is little more than a power of two. */
static const struct time_row odd_times[] = {
    {{"44"}, 44},       {{"175"}, 175},     {{"437"}, 437},
    {{"21846"}, 21846}, {{"43691"}, 43691}, {{"65535"}, 65535}};

/* A long Keep Alive is long, whatever its number. */
TEST_EACH(long_keep_alive_is_long, odd_times, "3.1.1/MQTT-3.1.2-24",
          "5.0/MQTT-3.1.2-22", .seconds = 2)
{
    const struct time_row *row = t_row(t);
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "idle", .clean_start = 1,
                                .keep_alive_s = row->keep_alive_s));
    t_skip_unless(
        t, wire_value(peer_connack(peer)->props.server_keep_alive_s, 60) > 2,
        "the server replaces the Keep Alive by a short one");
    t_let_pass(t, 2000, "a small part of the Keep Alive");
    peer_expect_alive(peer);
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
      part_of_a_packet_does_not_keep_a_client_alive, long_keep_alive_is_long,
      any_packet_keeps_a_client_alive);
