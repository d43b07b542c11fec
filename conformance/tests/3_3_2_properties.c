/* SPDX-License-Identifier: Apache-2.0 */
/* 3_3_2_properties.c -- properties of PUBLISH on their way to subscribers.
 *
 * Spec: 5.0 s3.3.2.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/lifetime.h"
#include "tests/retain.h"

/* The message of a test with one property, or none. */
struct carried {
    struct row row;
    struct wire_props props;    /* as published */
    struct wire_props expected; /* as delivered */
};

/* Both the same, but that absence is to be seen. */
#define CARRIED(...)                                                           \
    {__VA_ARGS__},                                                             \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

static const struct carried carried[] = {
    /* "equivalent to not sending" one, 5.0 s3.3.2.3.2: it may be left out */
    {{"payload_format_0", "5.0/MQTT-3.3.2-4"},
     {.payload_format_indicator = OPT(0), .content_type = "x"},
     {.content_type = "x"}},
    {{"payload_format_1", "5.0/MQTT-3.3.2-4"},
     CARRIED(.payload_format_indicator = OPT(1))},
    {{"payload_format_absent", "5.0/MQTT-3.3.2-4"},
     {.content_type = "x"},
     {.content_type = "x", .payload_format_indicator = NONE}},
    {{"response_topic", "5.0/MQTT-3.3.2-15"},
     CARRIED(.response_topic = "answers/\xc3\xa9/1")},
    {{"response_topic_absent", "5.0/MQTT-3.3.2-15"},
     {.content_type = "x"},
     {.content_type = "x", .response_topic = {{NULL}, SIZE_MAX}}},
    {{"correlation_data", "5.0/MQTT-3.3.2-16"},
     CARRIED(.correlation_data = {{"\x00\xff\xed\xa0\x80\x00"}, 6})},
    {{"correlation_data_empty", "5.0/MQTT-3.3.2-16"},
     CARRIED(.correlation_data = "")},
    {{"content_type", "5.0/MQTT-3.3.2-20"},
     CARRIED(.content_type = "text/plain; charset=utf-8")},
    {{"content_type_empty", "5.0/MQTT-3.3.2-20"}, CARRIED(.content_type = "")},
    {{"user_property", "5.0/MQTT-3.3.2-17"},
     CARRIED(.user_property = {{"key", "value"}})},
    {{"user_properties_empty", "5.0/MQTT-3.3.2-17"},
     CARRIED(.user_property = {{"", ""}, {"k", ""}, {"", "v"}})},
    {{"user_properties_alike", "5.0/MQTT-3.3.2-17 5.0/MQTT-3.3.2-18"},
     CARRIED(.user_property = {{"k", "1"}, {"k", "2"}, {"k", "2"}, {"l", ""}})},
    {{"user_properties_in_order", "5.0/MQTT-3.3.2-17 5.0/MQTT-3.3.2-18"},
     CARRIED(.user_property = {{"a", "1"},
                               {"b", "2"},
                               {"a", "3"},
                               {"c", "4"},
                               {"a", "1"},
                               {"b", "2"}})},
    {{"user_properties_alike", "5.0/MQTT-3.3.2-17 5.0/MQTT-3.3.2-18"},
     CARRIED(.user_property =
                 {{"a", "1"}, {"a", "2"}, {"a", "2"}, {"a", ""}, {"b", "2"}})},
};

/* What the publisher says of its message reaches the subscriber unchanged. */
TEST_EACH(property_reaches_subscribers, carried, NULL, .versions = "5.0")
{
    const struct carried *row = t_row(t);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1, .props = row->props));
    peer_expect_message(reader, MESSAGE("news", "x", .props = row->expected));
}

/* It does so also when the message was stored as the retained one. */
TEST_EACH(property_stays_with_retained_message, carried, NULL,
          .versions = "5.0", .needs = "retain")
{
    const struct carried *row = t_row(t);
    struct client *writer = client_connect(t, "writer");
    retain_message(
        t, writer,
        MESSAGE("news", "x", .qos = 1, .retain = 1, .props = row->props));
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    peer_expect_message(
        reader, MESSAGE("news", "x", .retain = 1, .props = row->expected));
}

/* It does so also when the message waited for the subscriber. */
TEST_EACH(property_stays_with_queued_message, carried, NULL, .versions = "5.0")
{
    const struct carried *row = t_row(t);
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1, .props = row->props));
    struct peer *again = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_expect_message(again, MESSAGE("news", "x", .props = row->expected));
}

/* Correlation Data may be long; a server may have its limits. */
TEST(long_correlation_data_reaches_subscribers, "5.0/MQTT-3.3.2-16")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    peer_send(writer,
              PUBLISH(.topic = "news", .payload = "x", .qos = 1, .packet_id = 1,
                      .props.correlation_data = t_fill(t, 65535, "\xff\x01z")));
    const struct wire_packet *puback =
        peer_expect_or_close(writer, PUBACK(.packet_id = 1));
    t_skip_unless(t, puback, "the broker closes on so large a packet");
    t_heed_quota(t, "PUBACK", (int)puback->reason);
    t_skip_unless(t, puback->reason < 0x80, "so large a packet is refused");
    peer_expect_message(reader, MESSAGE("news", "x",
                                        .props.correlation_data =
                                            t_fill(t, 65535, "\xff\x01z")));
}

/* Through a client of the trade: properties there and back. */
TEST_EACH(property_reaches_paho, carried, NULL, .versions = "5.0")
{
    const struct carried *row = t_row(t);
    struct client *client = client_connect(t, "one");
    client_subscribe(client, "news", 2);
    client_publish(client, MESSAGE("news", "x", .qos = 2, .props = row->props));
    client_expect(client, MESSAGE("news", "x", .props = row->expected));
}

/* A message whose lifetime ends while it waits for its subscriber is deleted;
 * one that has more time is not. */
TEST(expired_message_is_not_delivered, "5.0/MQTT-3.3.2-5", .seconds = 3)
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(reader, "news", 2);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "brief", .qos = 1,
                                   .props.message_expiry_interval_s = OPT(1)));
    client_publish(writer, MESSAGE("news", "brief too", .qos = 2,
                                   .props.message_expiry_interval_s = OPT(1)));
    client_publish(writer,
                   MESSAGE("news", "long", .qos = 1,
                           .props.message_expiry_interval_s = OPT(600)));
    t_let_pass(t, 2500, "the lifetime of the message, of 1 s");
    struct peer *again = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_expect_message(again, MESSAGE("news", "long"));
    peer_expect_nothing(again);
}

/* The lifetime that is sent on is the one received less the seconds that the
 * message has waited. */
TEST(waiting_takes_from_the_lifetime, "5.0/MQTT-3.3.2-6", .seconds = 3)
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    int64_t from_ms = t_elapsed_ms(t);
    client_publish(writer, MESSAGE("news", "x", .qos = 1,
                                   .props.message_expiry_interval_s = OPT(60)));
    t_let_pass(t, 2500, "the time that the message waits in the server");
    struct peer *again = peer_connect(t, CONNECT(.client_id = "reader"));
    const struct wire_packet *packet =
        peer_expect_message(again, MESSAGE("news", "x"));
    int64_t least_s = 60 - (t_elapsed_ms(t) - from_ms) / 1000 - 2;
    uint32_t left_s = wire_value(packet->props.message_expiry_interval_s, 0);
    t_check(t, left_s >= least_s && left_s <= 59,
            "a Message Expiry Interval of 60 s less the time of waiting", "%s",
            lifetime_text(t, packet));
}

/* The same holds for a retained message. */
TEST(waiting_takes_from_the_lifetime_of_retained, "5.0/MQTT-3.3.2-6",
     .needs = "retain", .seconds = 3)
{
    struct client *writer = client_connect(t, "writer");
    int64_t from_ms = t_elapsed_ms(t);
    retain_message(t, writer,
                   MESSAGE("news", "x", .qos = 1, .retain = 1,
                           .props.message_expiry_interval_s = OPT(60)));
    t_let_pass(t, 2500, "the time that the message waits in the server");
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    const struct wire_packet *packet =
        peer_expect_message(reader, MESSAGE("news", "x", .retain = 1));
    int64_t least_s = 60 - (t_elapsed_ms(t) - from_ms) / 1000 - 2;
    uint32_t left_s = wire_value(packet->props.message_expiry_interval_s, 0);
    t_check(t, left_s >= least_s && left_s <= 59,
            "a Message Expiry Interval of 60 s less the time of waiting", "%s",
            lifetime_text(t, packet));
}

/* A message without a lifetime is not given one. */
TEST(no_lifetime_stays_none, "5.0/MQTT-3.3.2-6")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x"));
    peer_expect(reader, PUBLISH(.topic = "news",
                                .props.message_expiry_interval_s = NONE));
}

/* A lifetime of 0 s has passed when the subscriber comes back; */
TEST(lifetime_of_zero_is_over_at_once, "5.0/MQTT-3.3.2-5", .seconds = 1)
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1,
                                   .props.message_expiry_interval_s = OPT(0)));
    t_let_pass(t, 1100, "the lifetime of the message, of 0 s");
    struct peer *back = peer_connect(t, CONNECT(.client_id = "reader"));
    peer_expect_nothing(back);
}

/* and who is there gets the message with that lifetime, if at all. */
TEST(lifetime_of_zero_is_told, "5.0/MQTT-3.3.2-6")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1,
                                   .props.message_expiry_interval_s = OPT(0)));
    client_publish(writer, MESSAGE("news", "end", .qos = 1));
    peer_expect_any(
        reader,
        PUBLISH(.payload = "x", .props.message_expiry_interval_s = OPT(0)),
        PUBLISH(.payload = "end"));
}

static const struct name {
    struct row row;
    const char *topic;
} wildcards[] = {
    {{"plus"}, "answers/+"}, {{"hash"}, "#"}, {{"hash_inside"}, "a/b#"}};

/* A Response Topic holds no wildcard: the connection ends, and the message goes
 * nowhere. */
TEST_EACH(wildcard_in_response_topic_closes, wildcards, "5.0/MQTT-3.3.2-14")
{
    const struct name *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              PUBLISH(.topic = "news", .payload = "x", .qos = 1, .packet_id = 1,
                      .props.response_topic = row->topic));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
    client_expect_nothing_more(watcher);
}

/* A client puts no Subscription Identifier on a publication. */
TEST(subscription_identifier_in_publish_closes, "5.0/MQTT-3.3.4-6")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              PUBLISH(.topic = "news", .payload = "x", .qos = 1, .packet_id = 1,
                      .props.subscription_identifier = {OPT(5)}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
    client_expect_nothing_more(watcher);
}

struct refused {
    struct row row;
    struct wire_props props;
};

static const struct refused refused_properties[] = {
    {{"topic_alias_twice", "5.0/RULE-publish-topic-alias-twice"},
     {.topic_alias = OPT(1), .extra = {{WIRE_TOPIC_ALIAS, 1}}}},
    {{"response_topic_twice", "5.0/RULE-publish-response-topic-twice"},
     {.response_topic = "a", .extra = {{WIRE_RESPONSE_TOPIC, .octets = "a"}}}},
    {{"correlation_data_twice", "5.0/RULE-publish-correlation-data-twice"},
     {.correlation_data = "a",
      .extra = {{WIRE_CORRELATION_DATA, .octets = "a"}}}},
    {{"content_type_twice", "5.0/RULE-publish-content-type-twice"},
     {.content_type = "a", .extra = {{WIRE_CONTENT_TYPE, .octets = "a"}}}},
    {{"subscription_identifier_0",
      "5.0/RULE-publish-subscription-identifier-zero"},
     {.subscription_identifier = {OPT(0)}}},
};

/* A property of PUBLISH other than User Property comes once, and has a value
 * that the standard knows. */
TEST_EACH(publish_property_is_refused, refused_properties, "5.0/MQTT-4.13.1-1")
{
    const struct refused *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1, .props = row->props));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET,
                      TOPIC_ALIAS_INVALID);
    client_expect_nothing_more(watcher);
}

static const struct refused doubtful_properties[] = {
    {{"payload_format_indicator_twice",
      "5.0/RULE-publish-payload-format-indicator-twice"},
     {.payload_format_indicator = OPT(1),
      .extra = {{WIRE_PAYLOAD_FORMAT_INDICATOR, 1}}}},
    {{"message_expiry_interval_twice",
      "5.0/RULE-publish-message-expiry-interval-twice"},
     {.message_expiry_interval_s = OPT(60),
      .extra = {{WIRE_MESSAGE_EXPIRY_INTERVAL, 60}}}},
};

/* For two properties of PUBLISH the standard forgets to forbid the second one:
 * the server should end the connection, and may go on. */
TEST_EACH(publish_property_twice_should_close, doubtful_properties, NULL,
          .versions = "5.0")
{
    const struct refused *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1, .props = row->props));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* An empty payload is text like any other. */
TEST(empty_payload_is_text, "5.0/MQTT-3.3.2-4")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "", .qos = 1,
                                 .props.payload_format_indicator = OPT(1)));
    peer_expect_message(reader,
                        MESSAGE("news", "", .qos = 1,
                                .props.payload_format_indicator = OPT(1)));
}

/* A payload that is called text and is none may be refused, with an
 * acknowledgement or the close; if it is not, it is delivered as it stands. */
TEST(payload_that_is_no_text, "5.0/RULE-publish-payload-utf8")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = BYTES("\xff"), .qos = 1,
                            .packet_id = 1,
                            .props.payload_format_indicator = OPT(1)));
    peer_expect_or_close(
        peer, PUBACK(.packet_id = 1,
                     .reason_any = CODES(SUCCESS, NO_MATCHING_SUBSCRIBERS,
                                         PAYLOAD_FORMAT_INVALID)));
}

SUITE(publish_properties, "3.3.2.3 PUBLISH Properties",
      property_reaches_subscribers, property_stays_with_retained_message,
      property_stays_with_queued_message,
      long_correlation_data_reaches_subscribers, property_reaches_paho,
      expired_message_is_not_delivered, waiting_takes_from_the_lifetime,
      waiting_takes_from_the_lifetime_of_retained, no_lifetime_stays_none,
      wildcard_in_response_topic_closes,
      subscription_identifier_in_publish_closes, publish_property_is_refused,
      publish_property_twice_should_close, payload_that_is_no_text,
      lifetime_of_zero_is_over_at_once, lifetime_of_zero_is_told,
      empty_payload_is_text);
