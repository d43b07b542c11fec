/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_restart.c -- what survives when the broker is stopped and started
 * again, and when it is killed.
 *
 * Spec: the Artemis MQTT manual, "MQTT Quality of Service"; 5.0 s4.1, 3.1.1
 * s4.1.
 */
#include "tests/restart.h"

/* A session comes back with its subscription and what was queued for it. */
static void check_session(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news/#", 2);
    peer_disconnect(reader);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news/1", "one", .qos = 1));
    peer_publish(writer, MESSAGE("news/2", "two", .qos = 2));
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    t_check(t, t_version(t) == WIRE_3_1 || peer_connack(back)->session_present,
            "Session Present 1", "it is 0");
    peer_expect_messages(back, MESSAGE("news/1", "one", .qos = 1),
                         MESSAGE("news/2", "two", .qos = 2));
    struct peer *other = peer_hello(t, "writer");
    peer_publish(other, MESSAGE("news/3", "three", .qos = 1));
    peer_expect_message(back, MESSAGE("news/3", "three", .qos = 1));
}

TEST(session_survives_stop, "artemis/R17-sessions-survive-restart", ALL,
     STOPPED_WITH_QOS_2)
{
    check_session(t, STOP);
}

/* So does a share with its member. */
TEST(share_survives_stop, "artemis/R17-sessions-survive-restart",
     .versions = "5.0", .settings = "persistence=on", .own_broker = true,
     .needs = "restart persistence shared")
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "$share/g/news", 1);
    peer_disconnect(reader);
    t_broker_restart(t);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "one", .qos = 1));
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect_message(back, MESSAGE("news", "one", .qos = 1));
}

TEST(session_survives_kill, "artemis/R17-sessions-survive-restart", ALL,
     KILLED_WITH_QOS_2)
{
    check_session(t, KILL);
}

/* What a client has unsubscribed from does not come back. */
static void check_unsubscribed(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    peer_subscribe(reader, "sport", 1);
    peer_unsubscribe(reader, "news");
    peer_disconnect(reader);
    again(t, how);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "no", .qos = 1));
    peer_publish(writer, MESSAGE("sport", "yes", .qos = 1));
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect_message(back, MESSAGE("sport", "yes", .qos = 1));
    peer_expect_nothing(back);
}

TEST(unsubscribed_stays_so_after_stop, "artemis/R17-sessions-survive-restart",
     ALL, STOPPED)
{
    check_unsubscribed(t, STOP);
}

TEST(unsubscribed_stays_so_after_kill, "artemis/R17-sessions-survive-restart",
     ALL, KILLED)
{
    check_unsubscribed(t, KILL);
}

/* A session that ended does not come back, though an older one with the same
 * identifier had been kept. */
static void check_clean(struct t *t, enum how how)
{
    struct peer *lasting = peer_connect(t, LASTING("reader"));
    peer_subscribe(lasting, "news", 1);
    peer_disconnect(lasting);
    struct peer *clean = peer_hello(t, "reader");
    peer_subscribe(clean, "sport", 1);
    peer_disconnect(clean);
    again(t, how);
    struct peer *back = peer_open(t);
    peer_send(back, LASTING("reader"));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 0));
    peer_send(back, PUBLISH(.topic = "news", .payload = "x"));
    peer_send(back, PUBLISH(.topic = "sport", .payload = "x"));
    peer_expect_nothing(back);
}

TEST(ended_session_stays_so_after_stop, "artemis/R17-sessions-survive-restart",
     ALL, STOPPED)
{
    check_clean(t, STOP);
}

TEST(ended_session_stays_so_after_kill, "artemis/R17-sessions-survive-restart",
     ALL, KILLED)
{
    check_clean(t, KILL);
}

/* The options of a subscription come back with it. */
static void check_options(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_send(reader, SUBSCRIBE(.packet_id = 1,
                                .filters = {{"news", .qos = 1, .no_local = 1,
                                             .retain_as_published = 1}},
                                .props.subscription_identifier = {OPT(7)}));
    peer_expect(reader, SUBACK(.packet_id = 1, .codes = CODES(1)));
    peer_disconnect(reader);
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_publish(back, MESSAGE("news", "mine", .qos = 1));
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "kept", .qos = 1, .retain = 1));
    peer_expect_message(
        back, MESSAGE("news", "kept", .qos = 1, .retain = 1,
                      .props = {.subscription_identifier = {OPT(7)}}));
    peer_expect_nothing(back);
}

TEST(options_survive_stop, "artemis/R17-sessions-survive-restart",
     .versions = "5.0", STOPPED_WITH_QOS_2)
{
    check_options(t, STOP);
}

TEST(options_survive_kill, "artemis/R17-sessions-survive-restart",
     .versions = "5.0", KILLED_WITH_QOS_2)
{
    check_options(t, KILL);
}

/* Retained messages come back with their properties; a deleted one does not. */
static void check_retained(struct t *t, enum how how)
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("kept/1", "one", .qos = 1, .retain = 1,
                         .props = {.content_type = "text/plain",
                                   .user_property = {{"a", "1"}, {"a", "2"}}}));
    peer_publish(writer, MESSAGE("kept/2", BYTES("\x00\xff\x00"), .qos = 2,
                                 .retain = 1));
    peer_publish(writer, MESSAGE("kept/3", "old", .qos = 1, .retain = 1));
    peer_publish(writer, MESSAGE("kept/3", "", .qos = 1, .retain = 1));
    again(t, how);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "kept/+", 2);
    peer_expect_messages(
        reader,
        MESSAGE("kept/1", "one", .qos = 1, .retain = 1,
                .props = {.content_type = "text/plain",
                          .user_property = {{"a", "1"}, {"a", "2"}}}),
        MESSAGE("kept/2", BYTES("\x00\xff\x00"), .qos = 2, .retain = 1));
    peer_expect_nothing(reader);
}

TEST(retained_survives_stop, "artemis/R17-retained-survive-restart", ALL,
     STOPPED_WITH_QOS_2)
{
    check_retained(t, STOP);
}

TEST(retained_survives_kill, "artemis/R17-retained-survive-restart", ALL,
     KILLED_WITH_QOS_2)
{
    check_retained(t, KILL);
}

/* Messages that were sent and not acknowledged come again with their
 * identifiers, and those that were queued behind them follow. */
static void check_qos_1(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1", .qos = 1));
    peer_publish(writer, MESSAGE("news", "2", .qos = 1));
    uint16_t first = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    uint16_t second = peer_expect(reader, PUBLISH(.payload = "2"))->packet_id;
    peer_send(reader, PUBACK(.packet_id = first));
    peer_expect_nothing(reader);
    peer_drop(reader);
    peer_publish(writer, MESSAGE("news", "3", .qos = 1));
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect(
        back, PUBLISH(.payload = "2", .qos = 1, .dup = 1, .packet_id = second));
    peer_send(back, PUBACK(.packet_id = second));
    peer_expect_message(back, MESSAGE("news", "3", .qos = 1));
    peer_expect_nothing(back);
}

TEST(qos_1_survives_stop, "artemis/R17-inflight-survives-restart", ALL, STOPPED)
{
    check_qos_1(t, STOP);
}

TEST(qos_1_survives_kill, "artemis/R17-inflight-survives-restart", ALL, KILLED)
{
    check_qos_1(t, KILL);
}

/* A QoS 2 delivery goes on where it was: before PUBREC, */
static void check_qos_2_publish(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 2);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "x", .qos = 2));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "x"))->packet_id;
    peer_drop(reader);
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect(back,
                PUBLISH(.payload = "x", .qos = 2, .dup = 1, .packet_id = id));
    peer_send(back, PUBREC(.packet_id = id));
    peer_expect(back, PUBREL(.packet_id = id));
    peer_send(back, PUBCOMP(.packet_id = id));
    peer_expect_nothing(back);
}

TEST(qos_2_publish_survives_stop, "artemis/R17-inflight-survives-restart", ALL,
     STOPPED_WITH_QOS_2)
{
    check_qos_2_publish(t, STOP);
}

TEST(qos_2_publish_survives_kill, "artemis/R17-inflight-survives-restart", ALL,
     KILLED_WITH_QOS_2)
{
    check_qos_2_publish(t, KILL);
}

/* ... and behind it. */
static void check_qos_2_pubrel(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 2);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "x", .qos = 2));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "x"))->packet_id;
    peer_send(reader, PUBREC(.packet_id = id));
    peer_expect(reader, PUBREL(.packet_id = id));
    peer_drop(reader);
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect(back, PUBREL(.packet_id = id));
    peer_send(back, PUBCOMP(.packet_id = id));
    peer_expect_nothing(back);
}

TEST(qos_2_pubrel_survives_stop, "artemis/R17-inflight-survives-restart", ALL,
     STOPPED_WITH_QOS_2)
{
    check_qos_2_pubrel(t, STOP);
}

TEST(qos_2_pubrel_survives_kill, "artemis/R17-inflight-survives-restart", ALL,
     KILLED_WITH_QOS_2)
{
    check_qos_2_pubrel(t, KILL);
}

/* The broker remembers what it has received but for PUBREL: a copy is no second
 * message. */
static void check_qos_2_received(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct peer *writer = peer_connect(t, LASTING("writer"));
    peer_send(writer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                              .packet_id = 7));
    peer_expect(writer, PUBREC(.packet_id = 7));
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("writer"));
    peer_send(back, PUBLISH(.topic = "news", .payload = "x", .qos = 2, .dup = 1,
                            .packet_id = 7));
    peer_expect(back, PUBREC(.packet_id = 7));
    peer_send(back, PUBREL(.packet_id = 7));
    peer_expect(back, PUBCOMP(.packet_id = 7));
    struct peer *late = peer_connect(t, LASTING("reader"));
    peer_expect_message(late, MESSAGE("news", "x", .qos = 1));
    peer_expect_nothing(late);
}

TEST(qos_2_received_survives_stop, "artemis/R17-inflight-survives-restart", ALL,
     STOPPED_WITH_QOS_2)
{
    check_qos_2_received(t, STOP);
}

TEST(qos_2_received_survives_kill, "artemis/R17-inflight-survives-restart", ALL,
     KILLED_WITH_QOS_2)
{
    check_qos_2_received(t, KILL);
}

/* Time goes on for sessions while the broker is down: the rest of an interval
 * counts, not a new one. A broker may count whole seconds, and look seldom. */
TEST(expiry_survives_stop, "artemis/R17-sessions-survive-restart",
     "artemis/R10-subscriptions-removed", "5.0/MQTT-4.1.0-2", STOPPED,
     .seconds = 6)
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(4)));
    peer_disconnect(reader);
    t_let_pass(t, 2800, "the greater part of the interval");
    t_broker_restart(t);
    t_let_pass(t, 2800, "the rest of the interval, less than a whole one");
    struct peer *back = peer_open(t);
    peer_send(back, LASTING("reader"));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 0));
}

/* And for retained messages. */
TEST(retained_expires_over_stop, "artemis/R17-retained-survive-restart",
     "5.0/MQTT-3.3.2-5", STOPPED, .seconds = 6)
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("kept", "x", .qos = 1, .retain = 1,
                                 .props.message_expiry_interval_s = OPT(4)));
    peer_disconnect(writer);
    t_let_pass(t, 2800, "the greater part of the interval");
    t_broker_restart(t);
    t_let_pass(t, 2800, "the rest of the interval, less than a whole one");
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "kept", 1);
    peer_expect_nothing(reader);
}

/* A clean stop is no DISCONNECT of the clients; a Will is published once, by
 * the broker that stops or by the one that starts. */
TEST(will_survives_stop, "artemis/R04-will-on-failure",
     "artemis/R17-sessions-survive-restart", ALL, .settings = "persistence=on",
     .own_broker = true, .needs = "restart persistence acceptor_parameters")
{
    struct peer *watcher = peer_connect(t, LASTING("watcher"));
    peer_subscribe(watcher, "will", 1);
    peer_disconnect(watcher);
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump",
                   .will = {.topic = "will", .payload = "gone", .qos = 1}));
    t_broker_restart(t);
    struct peer *back = peer_connect(t, LASTING("watcher"));
    peer_expect_message(back, MESSAGE("will", "gone", .qos = 1));
    peer_expect_nothing(back);
    peer_expect_end(pump);
}

/* Without persistence nothing comes back. */
TEST(nothing_survives_in_memory, "artemis/R17-sessions-survive-restart",
     .versions = "3.1.1 5.0", .own_broker = true, .needs = "restart")
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    peer_publish(reader, MESSAGE("kept", "x", .qos = 1, .retain = 1));
    peer_disconnect(reader);
    t_broker_restart(t);
    struct peer *back = peer_open(t);
    peer_send(back, LASTING("reader"));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 0));
    peer_subscribe(back, "kept", 1);
    peer_expect_nothing(back);
}

SUITE(artemis_restart, "Artemis R17 Durability", session_survives_stop,
      session_survives_kill, unsubscribed_stays_so_after_stop,
      unsubscribed_stays_so_after_kill, ended_session_stays_so_after_stop,
      ended_session_stays_so_after_kill, options_survive_stop,
      options_survive_kill, retained_survives_stop, retained_survives_kill,
      qos_1_survives_stop, qos_1_survives_kill, qos_2_publish_survives_stop,
      qos_2_publish_survives_kill, qos_2_pubrel_survives_stop,
      qos_2_pubrel_survives_kill, qos_2_received_survives_stop,
      qos_2_received_survives_kill, expiry_survives_stop, will_survives_stop,
      nothing_survives_in_memory, share_survives_stop,
      retained_expires_over_stop);
