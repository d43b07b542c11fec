/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_restart_state.c -- what survives a restart, survives it whole: the
 * order of a queue, the properties of its messages, what replaced what.
 *
 * Spec: the Artemis MQTT manual, "MQTT Quality of Service"; 5.0 s3.3.2.3, s4.1,
 * s4.6; 3.1.1 s4.1, s4.6.
 */
#include "client/client.h"
#include "tests/restart.h"

/* Messages that wait for a session come in the order they were published in. */
TEST(queue_keeps_its_order_over_stop, "artemis/R17-sessions-survive-restart",
     "3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5", ALL, STOPPED)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    client_disconnect(writer);
    t_broker_restart(t);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_expect_message(back, MESSAGE("news", "1", .qos = 1));
    peer_expect_message(back, MESSAGE("news", "2", .qos = 1));
    peer_expect_message(back, MESSAGE("news", "3", .qos = 1));
    peer_expect_nothing(back);
}

/* A lifetime that was given is still told, less what has passed. */
static void check_lifetime(struct t *t, const struct wire_packet *packet)
{
    uint32_t left_s = wire_value(packet->props.message_expiry_interval_s, 0);
    t_check(t, left_s > 0 && left_s <= 600,
            "a Message Expiry Interval of 600 s less the time of waiting",
            "it is %u s", (unsigned)left_s);
}

/* Messages that wait keep their Subscription Identifiers and their lifetime, */
TEST(queue_keeps_its_properties_over_stop,
     "artemis/R17-sessions-survive-restart", "5.0/MQTT-3.3.4-3",
     "5.0/MQTT-3.3.2-6", STOPPED)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = 1}},
                                .props.subscription_identifier = {OPT(7)}));
    peer_expect(reader, SUBACK(.packet_id = 1, .codes = CODES(1)));
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer,
                   MESSAGE("news", "x", .qos = 1,
                           .props.message_expiry_interval_s = OPT(600)));
    client_disconnect(writer);
    t_broker_restart(t);
    struct peer *back = peer_connect(t, LASTING("reader"));
    check_lifetime(
        t, peer_expect_message(
               back, MESSAGE("news", "x", .qos = 1,
                             .props.subscription_identifier = {OPT(7)})));
}

/* and so do retained ones. */
TEST(retained_keeps_its_lifetime_over_stop,
     "artemis/R17-retained-survive-restart", "5.0/MQTT-3.3.2-6", STOPPED)
{
    struct client *writer = client_connect(t, "writer");
    client_publish(writer,
                   MESSAGE("news", "x", .qos = 1, .retain = 1,
                           .props.message_expiry_interval_s = OPT(600)));
    client_disconnect(writer);
    t_broker_restart(t);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    check_lifetime(t, peer_expect_message(
                          reader, MESSAGE("news", "x", .qos = 1, .retain = 1)));
}

/* A retained message that was sent and not acknowledged comes again as one. */
TEST(retained_delivery_survives_stop, "artemis/R17-inflight-survives-restart",
     "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1", "3.1.1/MQTT-3.3.1-8",
     "5.0/MQTT-3.3.1-8", ALL, STOPPED)
{
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1, .retain = 1));
    client_disconnect(writer);
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    uint16_t id =
        peer_expect(reader, PUBLISH(.payload = "x", .retain = 1))->packet_id;
    peer_drop(reader);
    t_broker_restart(t);
    struct peer *back = peer_connect(t, LASTING("reader"));
    t_proves(t, "4.4.0-1");
    const struct wire_packet *copy =
        peer_expect(back, PUBLISH(.payload = "x", .qos = 1, .packet_id = id));
    t_proves(t, "3.3.1-8");
    t_check(t, copy->retain, "RETAIN 1", "it is 0");
}

/* What was replaced before a restart stays replaced: the retained message, and
 * the subscription. */
static void check_replaced(struct t *t, enum how how)
{
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("kept", "older", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("kept", "newer", .qos = 1, .retain = 1));
    client_disconnect(writer);
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 0);
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_publish(back, MESSAGE("news", "x", .qos = 1));
    peer_expect_message(back, MESSAGE("news", "x", .qos = 1));
    peer_subscribe(back, "kept", 1);
    peer_expect_message(back, MESSAGE("kept", "newer", .qos = 1, .retain = 1));
    peer_expect_nothing(back);
}

TEST(replaced_stays_so_after_stop, "artemis/R17-sessions-survive-restart",
     "artemis/R17-retained-survive-restart", ALL, STOPPED)
{
    check_replaced(t, STOP);
}

TEST(replaced_stays_so_after_kill, "artemis/R17-sessions-survive-restart",
     "artemis/R17-retained-survive-restart", ALL, KILLED)
{
    check_replaced(t, KILL);
}

/* A Packet Identifier whose QoS 2 exchange is done is free after a restart: the
 * next message under it is a new one. */
static void check_free_identifier(struct t *t, enum how how)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_connect(t, LASTING("writer"));
    peer_publish(writer, MESSAGE("news", "1", .qos = 2));
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
    peer_expect_nothing(reader); /* its PUBACK has been taken by now */
    again(t, how);
    struct peer *back = peer_connect(t, LASTING("reader"));
    peer_publish(peer_connect(t, LASTING("writer")),
                 MESSAGE("news", "2", .qos = 2));
    peer_expect_message(back, MESSAGE("news", "2", .qos = 1));
    peer_expect_nothing(back);
}

TEST(qos_2_identifier_is_free_after_stop,
     "artemis/R17-inflight-survives-restart", ALL, STOPPED_WITH_QOS_2)
{
    check_free_identifier(t, STOP);
}

TEST(qos_2_identifier_is_free_after_kill,
     "artemis/R17-inflight-survives-restart", ALL, KILLED_WITH_QOS_2)
{
    check_free_identifier(t, KILL);
}

#define BOUND(id)                                                              \
    CONNECT(.client_id = (id), .user_name = {t_user_bound(t).name},            \
            .password = {t_user_bound(t).password},                            \
            .props.session_expiry_interval_s = OPT(600))

#define WITH_ACL                                                               \
    .settings = "persistence=on;users=on;acl=on", .own_broker = true

static struct client *unbound(struct t *t, const char *id)
{
    return client_connect(t, id, .user_name = t_user(t).name,
                          .password = t_user(t).password);
}

/* What waits for a client that the ACL binds comes after a restart, too: what
 * was published before it, and after it. */
TEST(queue_of_a_bound_client_survives_stop,
     "artemis/R17-sessions-survive-restart", ALL, WITH_ACL,
     .needs = "restart persistence")
{
    struct peer *reader = peer_connect(t, BOUND("reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = unbound(t, "writer");
    client_publish(writer, MESSAGE("news", "before", .qos = 1));
    client_disconnect(writer);
    t_broker_restart(t);
    writer = unbound(t, "writer");
    client_publish(writer, MESSAGE("news", "after", .qos = 1));
    struct peer *back = peer_connect(t, BOUND("reader"));
    peer_expect_message(back, MESSAGE("news", "before", .qos = 1));
    peer_expect_message(back, MESSAGE("news", "after", .qos = 1));
}

/* What it may not read does not wait for it, restart or no restart. */
TEST(forbidden_topic_does_not_wait_after_stop,
     "artemis/R17-sessions-survive-restart", "artemis/R16-publish-5-0",
     .versions = "3.1.1 5.0", WITH_ACL,
     .needs = "restart persistence acceptor_parameters")
{
    struct peer *reader = peer_connect(t, BOUND("reader"));
    peer_subscribe(reader, "#", 1);
    peer_disconnect(reader);
    t_broker_restart(t);
    struct client *writer = unbound(t, "writer");
    client_publish(writer, MESSAGE("denied/x", "no", .qos = 1));
    client_publish(writer, MESSAGE("news", "yes", .qos = 1));
    struct peer *back = peer_connect(t, BOUND("reader"));
    peer_expect_message(back, MESSAGE("news", "yes", .qos = 1));
    peer_expect_nothing(back);
}

/* The Will of a client that was there when the broker was killed is published
 * by the broker that starts: it belongs to the session. */
TEST(will_survives_kill, "artemis/R04-will-on-failure",
     "artemis/R17-sessions-survive-restart", ALL, .settings = "persistence=on",
     .own_broker = true,
     .needs = "restart persistence durable acceptor_parameters")
{
    struct peer *watcher = peer_connect(t, LASTING("watcher"));
    peer_subscribe(watcher, "will", 1);
    peer_disconnect(watcher);
    peer_connect(
        t, CONNECT(.client_id = "pump",
                   .props.session_expiry_interval_s = OPT(600),
                   .will = {.topic = "will", .payload = "gone", .qos = 1}));
    t_broker_kill(t);
    struct peer *back = peer_connect(t, LASTING("watcher"));
    peer_expect_message(back, MESSAGE("will", "gone", .qos = 1));
    peer_expect_nothing(back);
}

/* It is judged by the rights that its client had. */
TEST(will_of_a_bound_client_survives_kill, "artemis/R04-will-on-failure",
     "artemis/R17-sessions-survive-restart", ALL, WITH_ACL,
     .needs = "restart persistence durable acceptor_parameters")
{
    struct t_user user = t_user(t), bound = t_user_bound(t);
    struct wire_packet *watch =
        CONNECT(.client_id = "watcher", .user_name = {user.name},
                .password = {user.password},
                .props.session_expiry_interval_s = OPT(600));
    struct peer *watcher = peer_connect(t, watch);
    peer_subscribe(watcher, "will", 1);
    peer_disconnect(watcher);
    peer_connect(
        t, CONNECT(.client_id = "pump", .user_name = {bound.name},
                   .password = {bound.password},
                   .props.session_expiry_interval_s = OPT(600),
                   .will = {.topic = "will", .payload = "gone", .qos = 1}));
    t_broker_kill(t);
    struct peer *back = peer_connect(t, watch);
    peer_expect_message(back, MESSAGE("will", "gone", .qos = 1));
    peer_expect_nothing(back);
}

SUITE(artemis_restart_state, "Artemis R17 Durability: states",
      queue_keeps_its_order_over_stop, queue_keeps_its_properties_over_stop,
      retained_keeps_its_lifetime_over_stop, retained_delivery_survives_stop,
      replaced_stays_so_after_stop, replaced_stays_so_after_kill,
      qos_2_identifier_is_free_after_stop, qos_2_identifier_is_free_after_kill,
      queue_of_a_bound_client_survives_stop, will_survives_kill,
      forbidden_topic_does_not_wait_after_stop,
      will_of_a_bound_client_survives_kill);
