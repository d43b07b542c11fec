/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_session_state.c -- sessions where brokers have lost or mixed them up.
 *
 * Each case is a defect that some broker had: identifiers given twice after a
 * resume, acknowledgements lost with the connection, numbers that overflow.
 * Spec: 3.1.1 s3.1.2.4, s4.4; 5.0 s3.1.2.4, s3.1.2.11, s4.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/lifetime.h"
#include "tests/retain.h"

#define KEPT_BY(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60))

/* After a resume, new deliveries take none of the identifiers that repeated
 * ones still hold. */
TEST(new_ids_after_a_resume_are_free, "3.1.1/MQTT-2.3.1-4", "5.0/MQTT-2.2.1-4")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    uint16_t b = peer_expect(reader, PUBLISH(.payload = "2"))->packet_id;
    peer_drop(reader);
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect(again, PUBLISH(.payload = "1", .packet_id = a));
    peer_expect(again, PUBLISH(.payload = "2", .packet_id = b));
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    client_publish(writer, MESSAGE("news", "4", .qos = 1));
    uint16_t c = peer_expect(again, PUBLISH(.payload = "3"))->packet_id;
    uint16_t d = peer_expect(again, PUBLISH(.payload = "4"))->packet_id;
    t_check(t, c != a && c != b && d != a && d != b && c != d,
            "identifiers that are free", "%u and %u beside %u and %u", c, d, a,
            b);
}

/* An acknowledgement counts, though the connection ends right behind it. Only
 * once the broker has closed, too, can it be held to what it was sent. */
TEST(puback_before_the_end_counts, "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_send_together(reader, PUBACK(.packet_id = id), DISCONNECT());
    peer_half_close(reader);
    peer_expect_end(reader);
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_nothing(again);
}

/* A subscription of QoS 0 is part of the session, too. */
TEST(session_keeps_qos_0_subscriptions, "3.1.1/MQTT-3.1.2-4",
     "5.0/MQTT-3.1.2-5")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 0);
    peer_disconnect(reader);
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1"));
    peer_expect_message(again, MESSAGE("news", "1"));
}

struct waited_row {
    struct row row;
    uint8_t qos;
};
static const struct waited_row waited[] = {{{"1"}, 1}, {{"2"}, 2}};

/* What waits for it, if a server keeps it, comes at QoS 0 all the same. */
TEST_EACH(qos_0_subscription_is_served_at_0, waited, "3.1.1/MQTT-3.8.4-6",
          "5.0/MQTT-3.8.4-8", .needs = "qos2")
{
    const struct waited_row *row = t_row(t);
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 0);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = row->qos));
    struct peer *back = peer_connect(t, KEPT_BY("reader"));
    client_publish(writer, MESSAGE("news", "2", .qos = row->qos));
    peer_expect_any(back, PUBLISH(.payload = "1", .qos = 0),
                    PUBLISH(.payload = "2", .qos = 0));
}

/* The Session Expiry Interval begins when the connection ends, not when it was
 * made. */
TEST(session_expiry_counts_from_the_end, "5.0/MQTT-3.1.2-23", .seconds = 3)
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(2)));
    t_let_pass(t, 2600, "more than the Session Expiry Interval of 2 s");
    peer_expect_alive(peer);
    peer_drop(peer);
    struct peer *back = peer_open(t);
    peer_send(back, CONNECT(.client_id = "pump",
                            .props.session_expiry_interval_s = OPT(2)));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 1));
}

/* What was unsubscribed stays so when the session is resumed. */
TEST(session_forgets_what_was_unsubscribed, "3.1.1/MQTT-3.1.2-4",
     "5.0/MQTT-3.1.2-5")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    peer_subscribe(reader, "other", 1);
    peer_unsubscribe(reader, "news");
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("other", "2", .qos = 1));
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_message(again, MESSAGE("other", "2", .qos = 1));
    peer_expect_nothing(again);
}

/* The QoS that was granted is part of the session. */
TEST(session_keeps_the_granted_qos, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-5",
     .needs = "qos2")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news/1", 1);
    peer_subscribe(reader, "news/2", 2);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/1", "1", .qos = 2));
    client_publish(writer, MESSAGE("news/2", "2", .qos = 2));
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_expect_messages(again, MESSAGE("news/1", "1", .qos = 1),
                         MESSAGE("news/2", "2", .qos = 2));
}

/* Subscription Identifiers and options are part of the session. */
TEST(session_keeps_subscription_options, "5.0/MQTT-3.1.2-5",
     .needs = "subscription_identifiers retain")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_send(reader, SUBSCRIBE(.packet_id = 1,
                                .filters = {{"news", .qos = 1, .no_local = 1,
                                             .retain_as_published = 1}},
                                .props.subscription_identifier = {OPT(9)}));
    peer_expect(reader, SUBACK(.packet_id = 1, .codes = CODES(1)));
    peer_disconnect(reader);
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    peer_publish(again, MESSAGE("news", "own", .qos = 1));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    peer_expect_message(again,
                        MESSAGE("news", "1", .retain = 1,
                                .props.subscription_identifier = {OPT(9)}));
    peer_expect_nothing(again);
}

/* Taking a session over is no new subscription: no retained messages come. */
TEST(takeover_sends_no_retained, "3.1.1/MQTT-3.3.1-6", "5.0/MQTT-3.1.2-5",
     .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    struct peer *older = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(older, "news", 1);
    peer_expect_message(older, MESSAGE("news", "1"));
    peer_expect_nothing(older);
    struct peer *newer = peer_connect(t, KEPT_BY("reader"));
    peer_expect_nothing(newer);
}

/* A CONNECT that is not valid has no effect on the client whose identifier it
 * names. */
TEST(bad_connect_leaves_the_client_alone, "3.1.1/MQTT-3.1.4-1",
     "5.0/MQTT-3.1.4-1")
{
    struct peer *pump = peer_hello(t, "pump");
    peer_subscribe(pump, "orders", 1);
    struct peer *bad = peer_open(t);
    peer_send(bad, CONNECT(.client_id = "pump", .clean_start = 1,
                           .raw_trailing = BYTES("\x00")));
    peer_expect_close(bad);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(pump, MESSAGE("orders", "stop", .qos = 1));
}

struct interval {
    struct row row;
    uint32_t seconds;
};
static const struct interval intervals[] = {
    {{"1_day"}, 86400},
    {{"30_days"}, 2592000},
    {{"2_to_the_31"}, 2147483648u},
    {{"almost_for_ever"}, 4294967294u},
    {{"for_ever"}, 4294967295u},
};

/* A long Session Expiry Interval is a long one, whatever the server counts in.
 */
TEST_EACH(long_session_is_kept, intervals, "5.0/MQTT-3.1.2-23")
{
    const struct interval *row = t_row(t);
    struct peer *reader = peer_connect(
        t, CONNECT(.client_id = "reader", .clean_start = 1,
                   .props.session_expiry_interval_s = OPT(row->seconds)));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    struct peer *again = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_expect_message(again, MESSAGE("news", "1", .qos = 1));
}

/* A long Message Expiry Interval is a long one as well. */
TEST_EACH(long_lifetime_is_kept, intervals, "5.0/MQTT-3.3.2-6")
{
    const struct interval *row = t_row(t);
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("news", "1", .qos = 1,
                         .props.message_expiry_interval_s = OPT(row->seconds)));
    struct peer *again = peer_connect(t, KEPT_BY("reader"));
    const struct wire_packet *packet =
        peer_expect_message(again, MESSAGE("news", "1", .qos = 1));
    uint32_t left_s = wire_value(packet->props.message_expiry_interval_s, 0);
    t_check(t, left_s <= row->seconds && left_s >= row->seconds - 60,
            t_text(t, "a Message Expiry Interval of %u s or little less",
                   (unsigned)row->seconds),
            "%s", lifetime_text(t, packet));
}

/* A message that has expired in the queue takes no place in the window: the one
 * behind it comes. */
TEST(expired_message_holds_no_slot, "5.0/RULE-send-quota-restored",
     .seconds = 3)
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props.receive_maximum = OPT(1)));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "brief", .qos = 1,
                                   .props.message_expiry_interval_s = OPT(1)));
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    t_let_pass(t, 2500, "the lifetime of the message, of 1 s");
    peer_send(reader, PUBACK(.packet_id = id));
    peer_expect_message(reader, MESSAGE("news", "3", .qos = 1));
    peer_expect_nothing(reader);
}

/* A message that is too big for the client takes no place in the window. */
TEST(dropped_message_holds_no_slot, "5.0/MQTT-3.1.2-25")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props = {.receive_maximum = OPT(1),
                                          .maximum_packet_size = OPT(64)}));
    peer_subscribe(reader, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", t_fill(t, 99, "x"), .qos = 1));
    client_publish(writer, MESSAGE("news", t_fill(t, 99, "x"), .qos = 2));
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 2));
    peer_expect_message(reader, MESSAGE("news", "1", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "2", .qos = 2));
}

/* A message that is dropped sets no alias: the next one of its topic can be
 * told by the client. */
TEST(dropped_message_sets_no_alias, "5.0/MQTT-3.1.2-25")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props = {.topic_alias_maximum = OPT(5),
                                          .maximum_packet_size = OPT(64)}));
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", t_fill(t, 99, "x"), .qos = 1));
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "1"));
    peer_expect_message(reader, MESSAGE("news", "2"));
}

/* Aliases of the server end with the connection, too: a client that comes back
 * to its session is told the topic anew. */
TEST(server_alias_ends_with_the_connection, "5.0/MQTT-3.3.2-7")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props = {.session_expiry_interval_s = OPT(60),
                                          .topic_alias_maximum = OPT(5)}));
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1"));
    client_publish(writer, MESSAGE("news", "2"));
    peer_expect_message(reader, MESSAGE("news", "1"));
    peer_expect_message(reader, MESSAGE("news", "2"));
    peer_disconnect(reader);
    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props = {.session_expiry_interval_s = OPT(60),
                                          .topic_alias_maximum = OPT(5)}));
    client_publish(writer, MESSAGE("news", "3"));
    peer_expect_message(again, MESSAGE("news", "3"));
}

SUITE(session_state, "3.1.2.4 Session: states", new_ids_after_a_resume_are_free,
      puback_before_the_end_counts, session_keeps_qos_0_subscriptions,
      session_forgets_what_was_unsubscribed, session_keeps_the_granted_qos,
      session_keeps_subscription_options, takeover_sends_no_retained,
      bad_connect_leaves_the_client_alone, long_session_is_kept,
      long_lifetime_is_kept, expired_message_holds_no_slot,
      dropped_message_holds_no_slot, dropped_message_sets_no_alias,
      server_alias_ends_with_the_connection, qos_0_subscription_is_served_at_0,
      session_expiry_counts_from_the_end);
