/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_3_will_5.c -- Will Delay and the Will's other properties.
 *
 * A delay is waited for with a second client that is lost later and whose Will
 * waits as long: when its Will is there, the first one has run out as well.
 * Spec: 5.0 s3.1.2.5, s3.1.3.2, s3.1.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/lifetime.h"

/* A client whose Will waits, in a session that lasts a minute. */
#define WAITING(id, will_topic, delay_s)                                       \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60),       \
            .will = {.topic = will_topic,                                      \
                     .payload = id,                                            \
                     .qos = 1,                                                 \
                     .props.will_delay_interval_s = OPT(delay_s)})

/* The Will is published once its delay has run, and not before. */
TEST(will_delay_is_waited_for, "5.0/MQTT-3.1.2-8", .seconds = 2)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 2));
    int64_t from_ms = t_elapsed_ms(t);
    peer_drop(pump);

    peer_expect_message(watcher, MESSAGE("status/pump", "pump", .qos = 1));
    t_check(t, t_elapsed_ms(t) - from_ms >= 1000,
            "the Will about 2 s after the connection broke",
            "it came within a second");
    peer_expect_nothing(watcher);
}

/* The delay begins when the connection ends, however long that has lasted. */
TEST(will_delay_begins_with_the_end, "5.0/MQTT-3.1.2-8", .seconds = 5)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 2));
    t_let_pass(t, 2500, "more than the Will Delay Interval");
    int64_t from_ms = t_elapsed_ms(t);
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("status/pump", "pump", .qos = 1));
    t_check(t, t_elapsed_ms(t) - from_ms >= 1000,
            "the Will about 2 s after the connection broke",
            "it came within a second");
}

/* It belongs to the Will of its CONNECT, and to no later one of the session. */
TEST(will_delay_is_not_inherited, "5.0/MQTT-3.1.2-8")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *first = peer_connect(t, WAITING("pump", "status/pump", 600));
    peer_disconnect(first);
    struct peer *second = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(60),
                .will = {.topic = "status/pump", .payload = "at once"}));
    peer_drop(second);
    peer_expect_message(watcher, MESSAGE("status/pump", "at once"));
    peer_expect_nothing(watcher);
}

/* The Will is published when the session ends, if that is before the delay has
 * run. */
TEST(will_published_when_session_expires, "5.0/MQTT-3.1.2-8", .seconds = 6)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(1),
                .will = {.topic = "status/pump",
                         .payload = "gone",
                         .props.will_delay_interval_s = OPT(600)}));
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("status/pump", "gone"));
    peer_expect_nothing(watcher);
}

/* A session without expiry ends with the connection, and the Will's delay with
 * it. */
TEST(will_delay_ends_with_the_session, "5.0/MQTT-3.1.2-8")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .will = {.topic = "status/pump",
                            .payload = "gone",
                            .props.will_delay_interval_s = OPT(600)}));
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("status/pump", "gone"));
    peer_expect_nothing(watcher);
}

/* A client that comes back to its session before the delay has run prevents
 * the Will. */
TEST(will_prevented_by_return, "5.0/MQTT-3.1.3-9", "5.0/MQTT-3.1.2-8",
     .seconds = 3)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/#", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 2));
    peer_drop(pump);
    struct peer *again =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    struct peer *clock = peer_connect(t, WAITING("clock", "status/clock", 2));
    peer_drop(clock);

    peer_expect_message(watcher, MESSAGE("status/clock", "clock"));
    peer_expect_nothing(watcher);
    peer_expect_alive(again);
}

/* A client that comes back with Clean Start ends its session, and with it the
 * delay: the Will is published. (A comment of the standard says so; its rule
 * on the Will lets a new connection of the client cancel it.) */
TEST(will_published_when_clean_start_ends_session,
     "5.0/RULE-clean-start-ends-will-delay")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 600));
    peer_drop(pump);
    peer_hello(t, "pump");
    peer_expect_message(watcher, MESSAGE("status/pump", "pump"));
    peer_expect_nothing(watcher);
}

/* A normal DISCONNECT throws away the Will, delay or no delay. */
TEST(delayed_will_removed_by_disconnect, "5.0/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-10", .seconds = 2)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/#", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 1));
    peer_disconnect(pump);
    struct peer *clock = peer_connect(t, WAITING("clock", "status/clock", 1));
    peer_drop(clock);

    peer_expect_message(watcher, MESSAGE("status/clock", "clock"));
    peer_expect_nothing(watcher);
}

/* A delayed Will is published once, though its session ends later on. */
TEST(delayed_will_is_published_once, "5.0/MQTT-3.1.2-10", "5.0/MQTT-3.1.2-8",
     .seconds = 4)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/#", 1);
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .props.session_expiry_interval_s = OPT(2),
                .will = {.topic = "status/pump",
                         .payload = "gone",
                         .props.will_delay_interval_s = OPT(1)}));
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("status/pump", "gone"));
    struct peer *clock = peer_connect(t, WAITING("clock", "status/clock", 2));
    peer_drop(clock);
    peer_expect_message(watcher, MESSAGE("status/clock", "clock"));
    peer_expect_nothing(watcher);
}

/* A takeover that carries the session on, with no delay to wait for, publishes
 * the Will of the older connection. */
TEST(takeover_of_session_publishes_will, "5.0/RULE-takeover-publishes-will")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 0));
    peer_connect(t, CONNECT(.client_id = "pump",
                            .props.session_expiry_interval_s = OPT(60)));
    peer_expect_error(pump, SESSION_TAKEN_OVER);
    peer_expect_message(watcher, MESSAGE("status/pump", "pump"));
    peer_expect_nothing(watcher);
}

/* A takeover that carries the session on is a return before the delay has run:
 * there is no Will. */
TEST(takeover_within_delay_prevents_will, "5.0/RULE-takeover-publishes-will",
     "5.0/MQTT-3.1.3-9", .seconds = 2)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/#", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 1));
    peer_connect(t, CONNECT(.client_id = "pump",
                            .props.session_expiry_interval_s = OPT(60)));
    peer_expect_error(pump, SESSION_TAKEN_OVER);
    struct peer *clock = peer_connect(t, WAITING("clock", "status/clock", 1));
    peer_drop(clock);

    peer_expect_message(watcher, MESSAGE("status/clock", "clock"));
    peer_expect_nothing(watcher);
}

/* A takeover with Clean Start ends the older session: its Will is published,
 * whatever the delay. */
TEST(takeover_with_clean_start_publishes_will,
     "5.0/RULE-clean-start-ends-will-delay")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(t, WAITING("pump", "status/pump", 600));
    peer_hello(t, "pump");
    peer_expect_error(pump, SESSION_TAKEN_OVER);
    peer_expect_message(watcher, MESSAGE("status/pump", "pump"));
    peer_expect_nothing(watcher);
}

/* The User Properties of the Will are published in the order given. */
TEST(will_user_properties_keep_their_order, "5.0/MQTT-3.1.3-10")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump",
                         .payload = "gone",
                         .props.user_property = {
                             {"a", "1"}, {"b", "2"}, {"a", "3"}, {"", ""}}}));
    peer_drop(pump);
    peer_expect_message(
        watcher, MESSAGE("status/pump", "gone",
                         .props.user_property = {
                             {"a", "1"}, {"b", "2"}, {"a", "3"}, {"", ""}}));
}

struct property {
    struct row row;
    struct wire_props props;
};
static const struct property carried[] = {
    {{"payload_format_indicator", "5.0/MQTT-3.3.2-4"},
     {.payload_format_indicator = OPT(1)}},
    {{"content_type", "5.0/MQTT-3.3.2-20"}, {.content_type = "text/plain"}},
    {{"response_topic", "5.0/MQTT-3.3.2-15"}, {.response_topic = "answers"}},
    {{"correlation_data", "5.0/MQTT-3.3.2-16"},
     {.correlation_data = {{"\x00\xff\x00"}, 3}}},
    {{"user_property", "5.0/MQTT-3.3.2-17"},
     {.user_property = {{"key", "value"}}}},
};

/* A property of the Will reaches its subscribers unchanged. */
TEST_EACH(will_property_reaches_subscribers, carried, NULL, .versions = "5.0")
{
    const struct property *row = t_row(t);
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = "pump", .clean_start = 1,
                                .will = {.topic = "status/pump",
                                         .payload = "gone",
                                         .props = row->props}));
    peer_drop(pump);
    peer_expect_message(watcher,
                        MESSAGE("status/pump", "gone", .props = row->props));
}

/* A Will with a Message Expiry Interval is published with it. */
TEST(will_message_expiry_reaches_subscribers, "5.0/MQTT-3.3.2-6")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .will = {.topic = "status/pump",
                            .payload = "gone",
                            .props.message_expiry_interval_s = OPT(600)}));
    peer_drop(pump);
    const struct wire_packet *will =
        peer_expect_message(watcher, MESSAGE("status/pump", "gone"));
    uint32_t left_s = wire_value(will->props.message_expiry_interval_s, 0);
    t_check(t, left_s > 540 && left_s <= 600,
            "a Message Expiry Interval of 600 s or little less", "%s",
            lifetime_text(t, will));
}

/* A Will that calls its payload text, and whose payload is none, may be refused
 * for it; if it is not, it is published as it stands. */
TEST(will_payload_that_is_no_text, "5.0/RULE-will-payload-utf8")
{
    struct peer *pump = peer_open(t);
    peer_send(pump,
              CONNECT(.client_id = "pump", .clean_start = 1,
                      .will = {.topic = "status/pump",
                               .payload = BYTES("\xff"),
                               .props.payload_format_indicator = OPT(1)}));
    peer_expect(pump,
                CONNACK(.reason_any = CODES(SUCCESS, PAYLOAD_FORMAT_INVALID)));
}

static const struct property twice[] = {
    {{"will_delay_interval", "5.0/RULE-will-will-delay-interval-twice", NULL},
     {.will_delay_interval_s = OPT(1),
      .extra = {{WIRE_WILL_DELAY_INTERVAL, 1}}}},
    {{"payload_format_indicator",
      "5.0/RULE-will-payload-format-indicator-twice", NULL},
     {.payload_format_indicator = OPT(1),
      .extra = {{WIRE_PAYLOAD_FORMAT_INDICATOR, 1}}}},
    {{"message_expiry_interval", "5.0/RULE-will-message-expiry-interval-twice",
      NULL},
     {.message_expiry_interval_s = OPT(60),
      .extra = {{WIRE_MESSAGE_EXPIRY_INTERVAL, 60}}}},
    {{"content_type", "5.0/RULE-will-content-type-twice", NULL},
     {.content_type = "x", .extra = {{WIRE_CONTENT_TYPE, .octets = "x"}}}},
    {{"response_topic", "5.0/RULE-will-response-topic-twice", NULL},
     {.response_topic = "x", .extra = {{WIRE_RESPONSE_TOPIC, .octets = "x"}}}},
    {{"correlation_data", "5.0/RULE-will-correlation-data-twice", NULL},
     {.correlation_data = "x",
      .extra = {{WIRE_CORRELATION_DATA, .octets = "x"}}}},
};

/* A property of the Will other than User Property comes once. */
TEST_EACH(will_property_twice_is_refused, twice, "5.0/MQTT-3.1.4-1",
          "5.0/MQTT-4.13.1-1")
{
    const struct property *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = "will",
                                     .payload = "gone",
                                     .props = row->props}));
    peer_expect_refused(peer, .v5 = CODES(PROTOCOL_ERROR, MALFORMED_PACKET));
}

/* A Response Topic has no wildcards, be it that of a Will: the CONNECT is
 * refused, or at least no such Will is published. */
TEST(wildcard_in_response_topic_of_will, "5.0/MQTT-3.3.2-14")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 0);
    struct peer *pump = peer_open(t);
    peer_send(pump, CONNECT(.client_id = "pump", .clean_start = 1,
                            .will = {.topic = "status/pump",
                                     .payload = "gone",
                                     .props = {.response_topic = "a/+"}}));
    peer_expect_or_close(pump, CONNACK());
    peer_close(pump);
    struct peer *other = peer_connect(
        t, CONNECT(.client_id = "other", .clean_start = 1,
                   .will = {.topic = "status/pump", .payload = "other"}));
    peer_close(other);
    peer_expect_any(
        watcher, PUBLISH(.payload = "other"),
        PUBLISH(.payload = "gone", .props = {.response_topic = NO_BYTES}));
}

/* The lifetime of a Will begins when it is published. */
TEST(lifetime_of_will_begins_with_its_end, "5.0/MQTT-3.1.2-8",
     "5.0/MQTT-3.3.2-6", .seconds = 3)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "status/pump", 0);
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .will = {.topic = "status/pump",
                            .payload = "gone",
                            .props = {.message_expiry_interval_s = OPT(2)}}));
    t_let_pass(t, 2500, "more than the Message Expiry Interval of the Will");
    peer_drop(pump);
    const struct wire_packet *will =
        peer_expect(watcher, PUBLISH(.payload = "gone"));
    t_check(t, wire_value(will->props.message_expiry_interval_s, 0) <= 2,
            "a Message Expiry Interval of 2 s at most", "%s",
            lifetime_text(t, will));
}

SUITE(will_properties, "3.1.3.2 Will Properties", will_delay_is_waited_for,
      will_published_when_session_expires, will_delay_ends_with_the_session,
      will_prevented_by_return, will_published_when_clean_start_ends_session,
      delayed_will_removed_by_disconnect, delayed_will_is_published_once,
      takeover_of_session_publishes_will, takeover_within_delay_prevents_will,
      takeover_with_clean_start_publishes_will,
      will_user_properties_keep_their_order, will_property_reaches_subscribers,
      will_message_expiry_reaches_subscribers, will_payload_that_is_no_text,
      will_property_twice_is_refused, wildcard_in_response_topic_of_will,
      lifetime_of_will_begins_with_its_end, will_delay_begins_with_the_end,
      will_delay_is_not_inherited);
