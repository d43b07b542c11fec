/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_will_state.c -- the Will where brokers have lost it or kept it.
 *
 * Each case is a defect that some broker had: a Will sent twice, at the wrong
 * QoS, past the access rules, or in place of a newer one.
 * Spec: 3.1.1 s3.1.2.5; 5.0 s3.1.2.5, s3.1.3.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"

#define WILL(payload_)                                                         \
    {                                                                          \
        .topic = "status/pump", .payload = payload_, .qos = 1                  \
    }

/* A connection that breaks the protocol and is dropped in one breath publishes
 * its Will once. */
TEST(will_is_published_once, "3.1.1/MQTT-3.1.2-8", "3.1.1/MQTT-3.1.2-10",
     "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-10")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = WILL("gone")));
    peer_send(pump, RAW("00 00"));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone"));
    peer_hello(t, "pump"); /* by now the break has been seen */
    client_expect_nothing_more(watcher);
}

/* What a client sends right before it leaves still counts: the message is
 * delivered, and the DISCONNECT behind it throws the Will away. */
TEST(publish_and_disconnect_in_one_segment, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = WILL("gone")));
    peer_send_together(pump,
                       PUBLISH(.topic = "status/pump", .payload = "leaving"),
                       DISCONNECT());
    peer_half_close(pump);
    peer_expect_end(pump);
    client_expect(watcher, MESSAGE("status/pump", "leaving"));
    peer_hello(t, "pump");
    client_expect_nothing_more(watcher);
}

/* The Will of the connection that broke is published, and not an older one of
 * the same client. */
TEST(newer_will_takes_the_place_of_the_older, "3.1.1/MQTT-3.1.2-8",
     "3.1.1/MQTT-3.1.2-10", "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-10")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *first =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60),
                                .will = WILL("older")));
    peer_disconnect(first);
    struct peer *second =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60),
                                .will = WILL("newer")));
    peer_drop(second);
    client_expect(watcher, MESSAGE("status/pump", "newer"));
    client_expect_nothing_more(watcher);
}

/* Of two Wills that wait, the return of the client prevents the first, and the
 * second runs its own time. */
TEST(return_replaces_a_waiting_will, "5.0/MQTT-3.1.3-9", .seconds = 2)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *first = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump",
                         .payload = "older",
                         .props.will_delay_interval_s = OPT(1)}));
    peer_drop(first);
    struct peer *second = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump",
                         .payload = "newer",
                         .props.will_delay_interval_s = OPT(1)}));
    peer_drop(second);
    peer_expect_message(watcher, MESSAGE("status/pump", "newer"));
    peer_expect_nothing(watcher);
}

/* A client that comes back while its Will waits is served as before. */
TEST(client_is_served_after_its_will_was_prevented, "5.0/MQTT-3.1.2-5")
{
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump",
                         .payload = "gone",
                         .props.will_delay_interval_s = OPT(60)}));
    peer_subscribe(pump, "orders", 1);
    peer_drop(pump);
    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(again, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_nothing(again);
}

struct pair {
    struct row row;
    uint8_t will, granted, delivered;
};
static const struct pair pairs[] = {
    {{"0_to_0"}, 0, 0, 0}, {{"0_to_1"}, 0, 1, 0}, {{"1_to_0"}, 1, 0, 0},
    {{"1_to_2"}, 1, 2, 1}, {{"2_to_0"}, 2, 0, 0}, {{"2_to_1"}, 2, 1, 1},
};

/* A Will is a message like any other: it is delivered at the lower of its own
 * QoS and the granted one. */
TEST_EACH(will_is_capped_by_the_subscription, pairs, "3.1.1/MQTT-3.8.4-6",
          "5.0/MQTT-3.8.4-8", .needs = "qos2")
{
    const struct pair *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", row->granted);
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = {.topic = "status/pump",
                                         .payload = "gone",
                                         .qos = row->will}));
    peer_drop(pump);
    client_expect(watcher,
                  MESSAGE("status/pump", "gone", .qos = row->delivered));
    client_expect_nothing_more(watcher);
}

/* A Will reaches those who come back to their session later, as any message of
 * QoS 1 does. */
TEST(will_is_queued_for_absent_subscribers, "3.1.1/MQTT-3.1.2-5",
     "5.0/MQTT-3.1.2-5")
{
    struct peer *absent =
        peer_connect(t, CONNECT(.client_id = "absent",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(absent, "status/pump", 1);
    peer_disconnect(absent);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = WILL("gone")));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone"));
    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "absent",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_expect_message(again, MESSAGE("status/pump", "gone", .qos = 1));
}

/* A Will that clears: an empty one with Will Retain removes the stored message
 * of its topic. */
TEST(empty_retained_will_removes, "3.1.1/MQTT-3.3.1-10", "5.0/MQTT-3.3.1-6",
     .needs = "retain")
{
    struct client *watcher = client_connect(t, "watcher");
    retain_message(t, watcher,
                   MESSAGE("status/pump", "well", .qos = 1, .retain = 1));
    client_subscribe(watcher, "status/pump", 1);
    client_expect(watcher, MESSAGE("status/pump", "well"));
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = {.topic = "status/pump",
                                         .payload = "",
                                         .qos = 1,
                                         .retain = 1}));
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", ""));
    struct client *late = client_connect(t, "late");
    client_subscribe(late, "status/pump", 1);
    client_expect_nothing_more(late);
}

/* A client that may not publish to a topic may not do it by its Will: the
 * CONNECT is refused, or the Will goes nowhere. */
TEST(will_keeps_to_the_access_rules, "3.1.1/MQTT-3.3.5-2", "5.0/MQTT-3.1.4-2",
     .settings = "users=on;acl=on")
{
    struct t_user all = t_user(t), bound = t_user_bound(t);
    struct client *watcher = client_connect(t, "watcher", .user_name = all.name,
                                            .password = all.password);
    client_subscribe(watcher, "denied/x", 1);
    struct peer *pump = peer_open(t);
    peer_send(pump, CONNECT(.client_id = "pump", .clean_start = 1,
                            .user_name = bound.name, .password = bound.password,
                            .will = {.topic = "denied/x",
                                     .payload = "gone",
                                     .qos = 1,
                                     .retain = 1}));
    peer_expect_or_close(pump, CONNACK());
    peer_drop(pump);
    peer_connect(t,
                 CONNECT(.client_id = "pump", .clean_start = 1,
                         .user_name = bound.name, .password = bound.password));
    client_expect_nothing_more(watcher);
    client_unsubscribe(watcher, "denied/x");
    client_subscribe(watcher, "denied/x", 1);
    client_expect_nothing_more(watcher);
}

SUITE(will_state, "3.1.2.5 Will: states", will_is_published_once,
      publish_and_disconnect_in_one_segment,
      newer_will_takes_the_place_of_the_older, return_replaces_a_waiting_will,
      client_is_served_after_its_will_was_prevented,
      will_is_capped_by_the_subscription, will_is_queued_for_absent_subscribers,
      empty_retained_will_removes, will_keeps_to_the_access_rules);
