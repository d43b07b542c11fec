/* SPDX-License-Identifier: Apache-2.0 */
/* 3_3_1_retain.c -- retained messages and the RETAIN flag.
 *
 * Spec: 3.1.1 s3.3.1.3; 5.0 s3.3.1.3, s3.8.3.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"

/* A message with RETAIN is stored and sent to a later subscriber, with RETAIN
 * set and with its own QoS. */
TEST(retained_message_is_sent_to_new_subscription, "3.1.1/MQTT-3.3.1-5",
     "5.0/MQTT-3.3.1-5", "5.0/MQTT-3.3.1-9", "3.1/RULE-retained",
     .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_expect(reader, MESSAGE("news", "rain", .qos = 1));
    client_expect_nothing_more(reader);
}

/* A stored message that is sent because of a new subscription has RETAIN set.
 */
TEST(retained_message_has_retain_set, "3.1.1/MQTT-3.3.1-8",
     "5.0/RULE-retained-sent-with-retain", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news/1", "rain", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/0", "wind", .qos = 0, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news/1", 1);
    client_subscribe(reader, "news/0", 1);
    client_expect_all(reader, MESSAGE("news/1", "rain", .retain = 1),
                      MESSAGE("news/0", "wind", .retain = 1));
}

/* Its QoS is stored with it; a subscription of a lower one caps it. */
TEST(retained_message_is_capped_by_subscription, "3.1.1/MQTT-3.3.1-5",
     "5.0/MQTT-3.3.1-5", .needs = "retain qos2")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 2, .retain = 1));
    struct client *low = client_connect(t, "low");
    client_subscribe(low, "news", 1);
    client_expect(low, MESSAGE("news", "rain", .qos = 1));
    struct client *high = client_connect(t, "high");
    client_subscribe(high, "news", 2);
    client_expect(high, MESSAGE("news", "rain", .qos = 2));
}

/* The newer message takes the place of the older one. */
TEST(retained_message_is_replaced, "3.1.1/MQTT-3.3.1-5", "5.0/MQTT-3.3.1-5",
     "3.1/RULE-retained", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "old", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news", "new", .qos = 1, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_expect(reader, MESSAGE("news", "new"));
    client_expect_nothing_more(reader);
}

/* A retained message of QoS 0 throws the older one out; that it is then there
 * itself is only recommended. */
TEST(retained_qos_0_replaces_the_older, "3.1.1/MQTT-3.3.1-7", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "old", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news", "new", .qos = 0, .retain = 1));
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, "news", 0);
    peer_send(late, PINGREQ());
    peer_expect_any(late, PUBLISH(.topic = "news", .payload = "new"),
                    PINGRESP());
}

/* A new subscription gets the last message of each topic that it matches. */
TEST(retained_messages_of_all_matching_topics, "3.1.1/MQTT-3.3.1-6",
     "5.0/MQTT-3.3.1-9", .needs = "retain wildcards")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news/a", "0", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/a", "1", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/b", "2", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/c/d", "3", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("views/a", "4", .qos = 1, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news/#", 1);
    client_expect_all(reader, MESSAGE("news/a", "1"), MESSAGE("news/b", "2"),
                      MESSAGE("news/c/d", "3"));
    client_expect_nothing_more(reader);
}

/* Each new subscription gets it, and of each client. */
TEST(retained_message_is_sent_to_each_subscriber, "3.1.1/MQTT-3.3.1-6",
     "5.0/MQTT-3.3.1-9", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    struct client *first = client_connect(t, "first");
    client_subscribe(first, "news", 1);
    client_expect(first, MESSAGE("news", "rain"));
    struct client *second = client_connect(t, "second");
    client_subscribe(second, "news", 1);
    client_expect(second, MESSAGE("news", "rain"));
    client_expect_nothing_more(first);
}

/* An existing subscription gets a message with RETAIN as a live one: RETAIN is
 * clear, whatever the publisher set. */
TEST(live_message_has_retain_clear, "3.1.1/MQTT-3.3.1-9", "5.0/MQTT-3.3.1-12",
     "3.1/RULE-retained", .needs = "retain")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 0, .retain = 1));
    client_expect_all(reader, MESSAGE("news", "1", .retain = 0),
                      MESSAGE("news", "2", .retain = 0));
    client_expect_nothing_more(reader);
}

/* An empty message with RETAIN is delivered like any other, and removes the
 * stored one. */
TEST(empty_retained_message_removes, "3.1.1/MQTT-3.3.1-10", "5.0/MQTT-3.3.1-6",
     "3.1/RULE-retained-cleared", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    struct client *live = client_connect(t, "live");
    client_subscribe(live, "news", 1);
    client_expect(live, MESSAGE("news", "rain"));
    retain_message(t, writer, MESSAGE("news", "", .qos = 1, .retain = 1));
    client_expect(live, MESSAGE("news", ""));
    struct client *late = client_connect(t, "late");
    client_subscribe(late, "news", 1);
    client_expect_nothing_more(late);
}

/* An empty message of QoS 0 removes as well. */
TEST(empty_retained_qos_0_removes, "3.1.1/MQTT-3.3.1-10", "5.0/MQTT-3.3.1-6",
     .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news", "", .qos = 0, .retain = 1));
    struct client *late = client_connect(t, "late");
    client_subscribe(late, "news", 1);
    client_expect_nothing_more(late);
}

/* Removing the message of a topic leaves those above and below it. */
TEST(removal_leaves_other_topics, "3.1.1/MQTT-3.3.1-10", "5.0/MQTT-3.3.1-6",
     .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/a", "2", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/a/b", "3", .qos = 1, .retain = 1));
    retain_message(t, writer, MESSAGE("news/a", "", .qos = 1, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news/a", 1);
    client_expect_nothing_more(reader);
    client_subscribe(reader, "news", 1);
    client_expect(reader, MESSAGE("news", "1"));
    client_subscribe(reader, "news/a/b", 1);
    client_expect(reader, MESSAGE("news/a/b", "3"));
    client_expect_nothing_more(reader);
}

/* An empty message is never stored. */
TEST(empty_retained_message_is_not_stored, "3.1.1/MQTT-3.3.1-11",
     "5.0/MQTT-3.3.1-7", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "", .qos = 1, .retain = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_expect_nothing_more(reader);
}

/* A message without RETAIN is not stored, and leaves the stored one as it is.
 */
TEST(message_without_retain_is_not_stored, "3.1.1/MQTT-3.3.1-12",
     "5.0/MQTT-3.3.1-8", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "kept", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("news", "live", .qos = 1));
    client_publish(writer, MESSAGE("news", "", .qos = 1));
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_expect(reader, MESSAGE("news", "kept"));
    client_expect_nothing_more(reader);
}

/* In 3.1.1 every SUBSCRIBE brings the stored messages, a repeated one too. */
TEST(repeated_subscribe_brings_retained, "3.1.1/MQTT-3.8.4-3",
     "5.0/MQTT-3.3.1-9", .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    peer_expect_message(reader, MESSAGE("news", "rain"));
    peer_expect_nothing(reader);
    peer_subscribe(reader, "news", 1);
    peer_expect_message(reader, MESSAGE("news", "rain"));
    peer_expect_nothing(reader);
}

/* Retain Handling 0: each SUBSCRIBE brings the stored messages. */
TEST(retain_handling_0_sends_each_time, "5.0/MQTT-3.3.1-9", .needs = "retain")
{
    struct client *client = client_connect(t, "one");
    retain_message(t, client, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 0);
    client_expect(client, MESSAGE("news", "rain"));
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 0);
    client_expect(client, MESSAGE("news", "rain"));
    client_expect_nothing_more(client);
}

/* Retain Handling 1: a subscription that was there already brings none. */
TEST(retain_handling_1_sends_once, "5.0/MQTT-3.3.1-10", .needs = "retain")
{
    struct client *client = client_connect(t, "one");
    retain_message(t, client, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 1);
    client_expect(client, MESSAGE("news", "rain"));
    client_subscribe_with(client, "news", .qos = 0, .retain_handling = 1);
    client_expect_nothing_more(client);
}

/* Retain Handling 1: a subscription that was given up is new again. */
TEST(retain_handling_1_sends_after_unsubscribe, "5.0/MQTT-3.3.1-10",
     .needs = "retain")
{
    struct client *client = client_connect(t, "one");
    retain_message(t, client, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 1);
    client_expect(client, MESSAGE("news", "rain"));
    client_unsubscribe(client, "news");
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 1);
    client_expect(client, MESSAGE("news", "rain"));
    client_expect_nothing_more(client);
}

/* Retain Handling 1: in a session that was resumed the subscription is there
 * already. */
TEST(retain_handling_1_counts_the_session, "5.0/MQTT-3.3.1-10",
     .needs = "retain")
{
    struct client *first =
        client_connect(t, "one", .session_expiry_interval_s = OPT(60));
    client_subscribe_with(first, "news", .qos = 1, .retain_handling = 1);
    client_disconnect(first);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("other", "x", .qos = 1));
    struct client *again = client_connect(t, "one", .keep_session = true,
                                          .session_expiry_interval_s = OPT(60));
    client_publish(writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_expect(again, MESSAGE("news", "rain"));
    client_subscribe_with(again, "news", .qos = 1, .retain_handling = 1);
    client_expect_nothing_more(again);
}

/* Retain Handling 2: subscribing brings no stored message. */
TEST(retain_handling_2_sends_none, "5.0/MQTT-3.3.1-11", .needs = "retain")
{
    struct client *client = client_connect(t, "one");
    retain_message(t, client, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_subscribe_with(client, "news", .qos = 1, .retain_handling = 2);
    client_expect_nothing_more(client);
    client_publish(client, MESSAGE("news", "live", .qos = 1));
    client_expect(client, MESSAGE("news", "live"));
}

/* Retain As Published 0: live messages have RETAIN clear. */
TEST(retain_as_published_0_clears, "5.0/MQTT-3.3.1-12", .needs = "retain")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe_with(reader, "news/#", .qos = 1, .retain_as_published = 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/a", "1", .qos = 1, .retain = 1));
    client_expect(reader, MESSAGE("news/a", "1", .retain = 0));
    client_publish(writer, MESSAGE("news/a", "2", .qos = 1, .retain = 0));
    client_expect(reader, MESSAGE("news/a", "2", .retain = 0));
}

/* Retain As Published 1: live messages have RETAIN as the publisher set it. */
TEST(retain_as_published_1_keeps, "5.0/MQTT-3.3.1-13", .needs = "retain")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe_with(reader, "news/#", .qos = 1, .retain_as_published = 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/a", "1", .qos = 1, .retain = 1));
    client_expect(reader, MESSAGE("news/a", "1", .retain = 1));
    client_publish(writer, MESSAGE("news/a", "2", .qos = 1, .retain = 0));
    client_expect(reader, MESSAGE("news/a", "2", .retain = 0));
}

/* Retain As Published 1 holds for messages that waited for the client too. */
TEST(retain_as_published_1_keeps_in_the_queue, "5.0/MQTT-3.3.1-13",
     .needs = "retain")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe_with(reader, .filter = "news", .qos = 1,
                        .retain_as_published = 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1, .retain = 0));
    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_expect_message(again, MESSAGE("news", "1", .retain = 1));
    peer_expect_message(again, MESSAGE("news", "2", .retain = 0));
}

/* A stored message whose lifetime is over is not sent any more. */
TEST(retained_message_expires, "5.0/RULE-retained-expires", "5.0/MQTT-3.3.2-5",
     .needs = "retain", .seconds = 3)
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer,
                   MESSAGE("news", "rain", .qos = 1, .retain = 1,
                           .props.message_expiry_interval_s = OPT(1)));
    t_let_pass(t, 2500, "the lifetime of the message, of 1 s");
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    client_expect_nothing_more(reader);
}

SUITE(retain, "3.3.1.3 RETAIN", retained_message_is_sent_to_new_subscription,
      retained_message_has_retain_set,
      retained_message_is_capped_by_subscription, retained_message_is_replaced,
      retained_qos_0_replaces_the_older,
      retained_messages_of_all_matching_topics,
      retained_message_is_sent_to_each_subscriber,
      live_message_has_retain_clear, empty_retained_message_removes,
      empty_retained_qos_0_removes, removal_leaves_other_topics,
      empty_retained_message_is_not_stored,
      message_without_retain_is_not_stored, repeated_subscribe_brings_retained,
      retain_handling_0_sends_each_time, retain_handling_1_sends_once,
      retain_handling_1_sends_after_unsubscribe,
      retain_handling_1_counts_the_session, retain_handling_2_sends_none,
      retain_as_published_0_clears, retain_as_published_1_keeps,
      retain_as_published_1_keeps_in_the_queue, retained_message_expires);
