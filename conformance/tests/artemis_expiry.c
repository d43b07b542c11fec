/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_expiry.c -- when sessions and messages end, if nobody says so, and
 * that they last if somebody does.
 *
 * Spec: the Artemis MQTT manual, "Automatic Subscription Clean-up", "Retain
 * Messages"; 5.0 s3.1.2.11.2, s3.2.2.3.2, s3.3.2.3.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/lifetime.h"

#define AFTER_1_S "defaultMqttSessionExpiryInterval=1"
#define AFTER_60_S "defaultMqttSessionExpiryInterval=60"
#define AS_CONFIGURED .needs = "acceptor_parameters"

/* The interval, and a look of the broker at its sessions. */
enum { EXPIRED_MS = 2500 };

/* The client comes back; Session Present is or is not set (5.0 and 3.1.1). */
static struct peer *come_back(struct t *t, uint64_t expiry_s)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "reader",
                            .props = {.session_expiry_interval_s = expiry_s}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    return peer;
}

static void check_present(struct t *t, struct peer *peer, int present)
{
    t_check(t, peer_connack(peer)->session_present == present,
            t_text(t, "Session Present %d", present), "it is %d",
            peer_connack(peer)->session_present);
}

/* A session that lasts, with a subscription and a message that waits. */
static void leave_session(struct t *t, uint64_t expiry_s)
{
    struct peer *reader = come_back(t, expiry_s);
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
}

/* A session of 3.1.1 ends after the default interval, */
TEST(default_expiry_ends_session, "artemis/R10-default-session-expiry",
     .versions = "3.1.1 5.0", .settings = AFTER_1_S, AS_CONFIGURED,
     .seconds = 3)
{
    leave_session(t, 0);
    t_let_pass(t, EXPIRED_MS, "twice the session expiry interval");
    check_present(t, come_back(t, 0), 0);
}

/* and its subscriptions and messages with it. */
TEST(default_expiry_removes_subscriptions, "artemis/R10-subscriptions-removed",
     .versions = "3.1 3.1.1 5.0", .settings = AFTER_1_S, AS_CONFIGURED,
     .seconds = 3)
{
    leave_session(t, 0);
    t_let_pass(t, EXPIRED_MS, "twice the session expiry interval");
    struct peer *reader = come_back(t, 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    peer_expect_nothing(reader);
}

/* A client that comes back in time finds everything, and the time starts anew
 * when it leaves again. */
TEST(default_expiry_starts_anew, "artemis/R10-default-session-expiry",
     .versions = "3.1.1 5.0", .settings = "defaultMqttSessionExpiryInterval=7",
     AS_CONFIGURED, .seconds = 8)
{
    leave_session(t, 0);
    t_let_pass(t, 4000, "more than half of the session expiry interval");
    struct peer *reader = come_back(t, 0);
    check_present(t, reader, 1);
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
    peer_drop(reader);
    t_let_pass(t, 4000, "more than half of the session expiry interval");
    check_present(t, come_back(t, 0), 1);
}

/* A session does not expire while its client is connected. */
TEST(default_expiry_spares_the_connected, "artemis/R10-default-session-expiry",
     .versions = "3.1 3.1.1 5.0", .settings = AFTER_1_S, AS_CONFIGURED,
     .seconds = 3)
{
    struct peer *reader = come_back(t, 0);
    peer_subscribe(reader, "news", 1);
    t_let_pass(t, EXPIRED_MS, "twice the session expiry interval");
    peer_publish(reader, MESSAGE("news", "1", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
}

/* A clean session of 3.x ends with its connection, whatever the default. */
TEST(default_expiry_is_not_for_clean_sessions,
     "artemis/R10-default-session-expiry", .versions = "3.1.1",
     .settings = AFTER_60_S, AS_CONFIGURED)
{
    struct peer *clean = peer_hello(t, "reader");
    peer_disconnect(clean);
    check_present(t, come_back(t, 0), 0);
}

/* The interval that the broker chose for a client of 5.0 is in CONNACK. */
TEST(default_expiry_is_announced, "artemis/R10-default-expiry-announced",
     "5.0/MQTT-3.1.2-23", .settings = AFTER_60_S, AS_CONFIGURED)
{
    struct peer *reader = peer_open(t);
    peer_send(reader, CONNECT(.client_id = "reader"));
    peer_expect(reader, CONNACK(.reason = SUCCESS,
                                .props.session_expiry_interval_s = OPT(60)));
    peer_drop(reader);
    check_present(t, come_back(t, 0), 1);
}

struct expiry_row {
    struct row row;
    uint64_t first_s; /* of the session that is left */
    int present;      /* 2.5 s later */
};
static const struct expiry_row own[] = {
    {{"longer"}, OPT(60), 1},
    {{"same"}, OPT(1), 0},
    {{"for_ever"}, OPT(0xffffffff), 1},
};

/* A client's own interval counts for more than the default. */
TEST_EACH(own_expiry_counts, own, "artemis/R10-default-session-expiry",
          "5.0/MQTT-3.1.2-23", .settings = AFTER_1_S, AS_CONFIGURED,
          .seconds = 3)
{
    const struct expiry_row *row = t_row(t);
    leave_session(t, row->first_s);
    t_let_pass(t, EXPIRED_MS, "twice the default session expiry interval");
    check_present(t, come_back(t, OPT(0)), row->present);
}

/* So does 0: the session ends with the connection. */
TEST(own_expiry_zero_counts, "artemis/R10-default-session-expiry",
     "5.0/MQTT-3.1.2-23", .settings = AFTER_60_S, AS_CONFIGURED)
{
    leave_session(t, OPT(0));
    check_present(t, come_back(t, OPT(0)), 0);
}

/* 0 as the default: a session of 3.1.1 ends with the connection. */
TEST(default_expiry_zero, "artemis/R10-default-session-expiry",
     .versions = "3.1.1", .settings = "defaultMqttSessionExpiryInterval=0",
     AS_CONFIGURED)
{
    leave_session(t, 0);
    check_present(t, come_back(t, 0), 0);
}

/* -1: sessions of 3.1.1 stay. */
TEST(default_expiry_off, "artemis/R10-default-session-expiry",
     .versions = "3.1.1", .settings = "defaultMqttSessionExpiryInterval=-1",
     AS_CONFIGURED, .seconds = 3)
{
    leave_session(t, 0);
    t_let_pass(t, EXPIRED_MS, "what others take for the end of a session");
    struct peer *reader = come_back(t, 0);
    check_present(t, reader, 1);
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
}

static const struct expiry_row long_ones[] = {
    {{"one_month"}, OPT(2592000), 1},
    {{"signed_milliseconds"}, OPT(2147484), 1},
    {{"unsigned_milliseconds"}, OPT(4294968), 1},
    {{"signed_seconds"}, OPT(2147483648), 1},
    {{"most"}, OPT(4294967294), 1},
    {{"for_ever"}, OPT(4294967295), 1},
};

/* Long intervals are long: none of them overflows. */
TEST_EACH(long_expiry_is_long, long_ones, "5.0/MQTT-3.1.2-23",
          "artemis/R10-default-session-expiry", .seconds = 1)
{
    const struct expiry_row *row = t_row(t);
    leave_session(t, row->first_s);
    t_let_pass(t, 600, "several looks of the broker at its sessions");
    struct peer *reader = come_back(t, row->first_s);
    check_present(t, reader, row->present);
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
}

/* The same with messages: one that waits, and one that is retained. */
TEST_EACH(long_message_expiry_is_long, long_ones, "5.0/MQTT-3.3.2-6",
          "artemis/R03-retained-until-deleted", .seconds = 1)
{
    const struct expiry_row *row = t_row(t);
    struct peer *reader = come_back(t, OPT(60));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("news", "x", .qos = 1, .retain = 1,
                         .props.message_expiry_interval_s = row->first_s));
    t_let_pass(t, 600, "several looks of the broker at its messages");
    const struct wire_packet *late = peer_expect_message(
        come_back(t, OPT(60)), MESSAGE("news", "x", .qos = 1));
    uint32_t all_s = wire_value(row->first_s, 0);
    uint32_t left_s = wire_value(late->props.message_expiry_interval_s, 0);
    t_check(
        t, left_s <= all_s && left_s >= all_s - 60,
        t_text(t, "a Message Expiry Interval of %u s or little less", all_s),
        "%s", lifetime_text(t, late));
    peer_subscribe(writer, "news", 1);
    peer_expect_message(writer, MESSAGE("news", "x", .retain = 1));
}

/* Where abandoned subscriptions are cleaned up, what waited for one is gone
 * after its delay, though its session may be there; a new subscription works.
 */
TEST(abandoned_subscription_is_emptied, "artemis/R10-subscriptions-removed",
     .versions = "3.1 3.1.1 5.0", .settings = "auto-delete-queues-delay=500",
     AS_CONFIGURED, .seconds = 2)
{
    leave_session(t, OPT(60));
    t_let_pass(t, 1500, "three times the delay");
    struct peer *reader = come_back(t, OPT(60));
    peer_expect_nothing(reader);
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "2", .qos = 1));
}

/* That of a client who comes back in time is not, */
TEST(abandoned_subscription_in_time, "artemis/R10-subscriptions-removed",
     .versions = "3.1 3.1.1 5.0", .settings = "auto-delete-queues-delay=60000",
     AS_CONFIGURED, .seconds = 1)
{
    leave_session(t, OPT(60));
    t_let_pass(t, 500, "several looks of the broker, within the delay");
    peer_expect_message(come_back(t, OPT(60)), MESSAGE("news", "1", .qos = 1));
}

/* and that of a client who is there never. */
TEST(subscription_in_use_is_kept, "artemis/R10-subscriptions-removed",
     .versions = "3.1 3.1.1 5.0", .settings = "auto-delete-queues-delay=500",
     AS_CONFIGURED, .seconds = 2)
{
    struct peer *reader = come_back(t, OPT(60));
    peer_subscribe(reader, "news", 1);
    t_let_pass(t, 1500, "three times the delay");
    peer_publish(reader, MESSAGE("news", "1", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
}

/* An expiry delay of the settings applies to retained messages: before it, a
 * subscriber of 5.0 sees the time that is left; after it, there is none. */
TEST(expiry_delay_ends_retained, "artemis/R03-expiry-delay",
     .versions = "3.1 3.1.1 5.0", .settings = "expiry-delay=4000",
     AS_CONFIGURED, .seconds = 6)
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "x", .qos = 1, .retain = 1));
    struct peer *early = peer_hello(t, "early");
    peer_subscribe(early, "news", 1);
    const struct wire_packet *message =
        peer_expect_message(early, MESSAGE("news", "x", .retain = 1));
    uint32_t left_s = wire_value(message->props.message_expiry_interval_s, 1);
    t_check(t, left_s <= 4, "a Message Expiry Interval of 4 s at most", "%s",
            lifetime_text(t, message));
    t_let_pass(t, 5500, "the expiry delay, and more");
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, "news", 1);
    peer_expect_nothing(late);
}

/* It does not apply to a message with an interval of its own. */
TEST(expiry_delay_gives_way, "artemis/R03-expiry-delay", "5.0/MQTT-3.3.2-6",
     .settings = "expiry-delay=1000", AS_CONFIGURED, .seconds = 3)
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "x", .qos = 1, .retain = 1,
                                 .props.message_expiry_interval_s = OPT(600)));
    t_let_pass(t, EXPIRED_MS, "twice the expiry delay");
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, "news", 1);
    peer_expect_message(late, MESSAGE("news", "x", .retain = 1));
}

SUITE(artemis_expiry, "Artemis R10 Automatic Subscription Clean-up",
      default_expiry_ends_session, default_expiry_removes_subscriptions,
      default_expiry_starts_anew, default_expiry_spares_the_connected,
      default_expiry_is_not_for_clean_sessions, default_expiry_is_announced,
      own_expiry_counts, own_expiry_zero_counts, default_expiry_zero,
      default_expiry_off, long_expiry_is_long, long_message_expiry_is_long,
      abandoned_subscription_is_emptied, abandoned_subscription_in_time,
      subscription_in_use_is_kept, expiry_delay_ends_retained,
      expiry_delay_gives_way);
