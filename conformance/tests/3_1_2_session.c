/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_session.c -- Clean Session, Clean Start and what a session keeps.
 *
 * Spec: 3.1.1 s3.1.2.4, s3.1.3.1; 5.0 s3.1.2.4, s3.1.2.11.2, s3.1.3.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"

/* A session that lasts: Clean Session 0, and a minute of it in 5.0. */
#define KEPT .keep_session = true, .session_expiry_interval_s = OPT(60)
#define KEPT_BY(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60))

/* A client that comes back to its session finds its subscription. */
TEST(session_keeps_subscriptions, "3.1.1/MQTT-3.1.2-4", "3.1.1/MQTT-3.1.4-3",
     "5.0/MQTT-3.1.2-5", "5.0/MQTT-3.1.2-23", "5.0/MQTT-3.1.4-4")
{
    struct client *reader = client_connect(t, "reader", KEPT);
    client_subscribe(reader, "news/#", 1);
    client_disconnect(reader);

    struct client *again = client_connect(t, "reader", KEPT);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/local", "rain", .qos = 1));
    client_expect(again, MESSAGE("news/local", "rain", .qos = 1));
    client_expect_nothing_more(again);
}

/* The session outlives a connection that broke as well as one that was ended
 * in order. */
TEST(session_survives_a_break, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-5",
     "5.0/MQTT-3.1.2-23")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_drop(reader);

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/local", "rain", .qos = 1));
    peer_expect_message(again, MESSAGE("news/local", "rain", .qos = 1));
}

/* While the client is away, QoS 1 messages for its subscriptions wait. */
TEST(session_queues_qos_1, "3.1.1/MQTT-3.1.2-5", "5.0/MQTT-3.1.2-5")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));
    client_publish(writer, MESSAGE("news/2", "two", .qos = 1));
    client_publish(writer, MESSAGE("news/3", "three", .qos = 1));

    struct client *again = client_connect(t, "reader", KEPT);
    client_expect_all(again, MESSAGE("news/1", "one", .qos = 1),
                      MESSAGE("news/2", "two", .qos = 1),
                      MESSAGE("news/3", "three", .qos = 1));
    client_expect_nothing_more(again);
}

/* While the client is away, QoS 2 messages for its subscriptions wait. */
TEST(session_queues_qos_2, "3.1.1/MQTT-3.1.2-5", "5.0/MQTT-3.1.2-5",
     .needs = "qos2")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 2);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 2));
    client_publish(writer, MESSAGE("news/2", "two", .qos = 2));

    struct client *again = client_connect(t, "reader", KEPT);
    client_expect_all(again, MESSAGE("news/1", "one", .qos = 2),
                      MESSAGE("news/2", "two", .qos = 2));
    client_expect_nothing_more(again);
}

/* What was delivered from the queue and acknowledged does not come again. */
TEST(session_delivers_the_queue_once, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-5")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));

    struct peer *second = peer_connect(t, KEPT_BY("reader"));
    peer_expect_message(second, MESSAGE("news/1", "one", .qos = 1));
    peer_expect_nothing(second);
    peer_disconnect(second);
    struct peer *third = peer_connect(t, KEPT_BY("reader"));
    peer_expect_nothing(third);
}

/* Coming back to a session is no new subscription: retained messages are not
 * sent for it. */
TEST(session_resumed_sends_no_retained, "3.1.1/MQTT-3.3.1-6",
     "5.0/MQTT-3.1.2-5", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news/1", "old", .qos = 1, .retain = 1));
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/1", 1);
    peer_expect_message(reader, MESSAGE("news/1", "old"));
    peer_expect_nothing(reader);
    peer_disconnect(reader);

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_nothing(again);
}

/* A clean start wipes the stored session: its messages and subscriptions are
 * gone. */
TEST(clean_start_wipes_the_session, "3.1.1/MQTT-3.1.2-6", "3.1.1/MQTT-3.1.4-3",
     "5.0/MQTT-3.1.2-4", "5.0/MQTT-3.1.4-4")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));

    struct client *clean = client_connect(t, "reader");
    client_expect_nothing_more(clean);
    client_publish(writer, MESSAGE("news/2", "two", .qos = 1));
    client_expect_nothing_more(clean);
}

/* A clean start is for good: who comes back without one finds no session. */
TEST(clean_start_leaves_no_older_session, "3.1.1/MQTT-3.1.2-6",
     "5.0/MQTT-3.1.2-4")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_disconnect(reader);
    struct peer *clean = peer_hello(t, "reader");
    peer_disconnect(clean);

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));
    peer_expect_nothing(again);
}

/* A clean session ends with its connection: its subscriptions do not come back
 * to the client. */
TEST(clean_session_leaves_nothing, "3.1.1/MQTT-3.1.2-6", "5.0/MQTT-4.1.0-2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news/#", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));

    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_nothing(again);
}

/* Without a stored session the server makes one, and it works: there is one to
 * come back to. */
TEST(session_is_made_for_a_new_client, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-6",
     "5.0/MQTT-3.1.4-4")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/#", 1);
    peer_publish(reader, MESSAGE("news/1", "one", .qos = 1));
    peer_expect_message(reader, MESSAGE("news/1", "one", .qos = 1));
    peer_expect_alive(reader); /* its PUBACK has come */
    peer_disconnect(reader);
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    t_check(t, peer_connack(again)->session_present, "Session Present 1",
            "it is 0");
    peer_publish(again, MESSAGE("news/2", "two", .qos = 1));
    peer_expect_message(again, MESSAGE("news/2", "two", .qos = 1));
}

/* A session may be taken up again and again. */
TEST(session_resumed_twice, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-5",
     "5.0/MQTT-3.1.2-23")
{
    struct peer *first = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(first, "news/#", 1);
    peer_disconnect(first);
    struct peer *second = peer_connect(t, KEPT_BY("reader"));
    peer_disconnect(second);

    struct peer *third = peer_connect(t, KEPT_BY("reader"));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "one", .qos = 1));
    peer_expect_message(third, MESSAGE("news/1", "one", .qos = 1));
}

/* Retained messages are no part of a session: they stay when it ends. */
TEST(retained_message_outlives_the_session, "3.1.1/MQTT-3.1.2-7",
     "5.0/MQTT-3.3.1-5", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news/1", "one", .qos = 1, .retain = 1));
    client_disconnect(writer);

    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news/1", 1);
    client_expect(reader, MESSAGE("news/1", "one"));
    client_expect_nothing_more(reader);
}

/* Session state belongs to a Client Identifier: each client gets its own back
 * and nothing of the other's. */
TEST(session_belongs_to_its_client_id, "3.1.1/MQTT-3.1.3-2", "5.0/MQTT-3.1.3-2")
{
    struct peer *north = peer_connect(t, KEPT_BY("north"));
    peer_subscribe(north, "news/north", 1);
    peer_disconnect(north);
    struct peer *south = peer_connect(t, KEPT_BY("south"));
    peer_subscribe(south, "news/south", 1);
    peer_disconnect(south);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/north", "cold", .qos = 1));
    client_publish(writer, MESSAGE("news/south", "warm", .qos = 1));

    struct client *cold = client_connect(t, "north", KEPT);
    struct client *warm = client_connect(t, "south", KEPT);
    client_expect(cold, MESSAGE("news/north", "cold", .qos = 1));
    client_expect(warm, MESSAGE("news/south", "warm", .qos = 1));
    client_expect_nothing_more(cold);
    client_expect_nothing_more(warm);
}

/* Client Identifiers are told apart by every octet, also by the case of their
 * letters. */
TEST(client_ids_differ_by_case, "3.1.1/MQTT-3.1.3-2", "5.0/MQTT-3.1.3-2")
{
    struct client *small = client_connect(t, "pump");
    struct client *great = client_connect(t, "PUMP");
    client_subscribe(small, "news/small", 1);
    client_publish(great, MESSAGE("news/small", "rain", .qos = 1));
    client_expect(small, MESSAGE("news/small", "rain", .qos = 1));
    client_expect_nothing_more(great);
}

SUITE(session, "3.1.2.4 Clean Session and Clean Start",
      session_keeps_subscriptions, session_survives_a_break,
      session_queues_qos_1, session_queues_qos_2,
      session_delivers_the_queue_once, session_resumed_sends_no_retained,
      clean_start_wipes_the_session, clean_start_leaves_no_older_session,
      clean_session_leaves_nothing, session_is_made_for_a_new_client,
      session_resumed_twice, retained_message_outlives_the_session,
      session_belongs_to_its_client_id, client_ids_differ_by_case);
