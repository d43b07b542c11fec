/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_properties.c -- every property where it does not belong, and cut.
 *
 * Spec: 5.0 s2.2.2, table 2-4.
 */
#include "tests/robustness.h"

/* The packets, each with a property more. */
#define IN_CONNECT(...)                                                        \
    CONNECT(.client_id = "x", .clean_start = 1, .props = {__VA_ARGS__})
#define IN_WILL(...)                                                           \
    CONNECT(.client_id = "x", .clean_start = 1,                                \
            .will = {.topic = "$data/will",                                    \
                     .payload = "gone",                                        \
                     .props = {__VA_ARGS__}})
#define IN_PUBLISH(...)                                                        \
    PUBLISH(.topic = "a", .payload = "x", .props = {__VA_ARGS__})
#define IN_PUBACK(...) PUBACK(.packet_id = 1, .props = {__VA_ARGS__})
#define IN_PUBREC(...) PUBREC(.packet_id = 1, .props = {__VA_ARGS__})
#define IN_PUBREL(...) PUBREL(.packet_id = 1, .props = {__VA_ARGS__})
#define IN_PUBCOMP(...) PUBCOMP(.packet_id = 1, .props = {__VA_ARGS__})
#define IN_SUBSCRIBE(...)                                                      \
    SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, .props = {__VA_ARGS__})
#define IN_UNSUBSCRIBE(...)                                                    \
    UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, .props = {__VA_ARGS__})
#define IN_DISCONNECT(...) DISCONNECT(.props = {__VA_ARGS__})

#define ROW(name, packet, field, ...)                                          \
    {                                                                          \
        {#field "_in_" name, NULL, NULL}, packet(.field = __VA_ARGS__)         \
    }

/* The properties in groups, by the packets that may carry them. */
#define OF_MESSAGE(name, p)                                                    \
    ROW(name, p, payload_format_indicator, OPT(1)),                            \
        ROW(name, p, message_expiry_interval_s, OPT(9)),                       \
        ROW(name, p, content_type, "c"), ROW(name, p, response_topic, "r"),    \
        ROW(name, p, correlation_data, "d")
#define OF_WILL(name, p) ROW(name, p, will_delay_interval_s, OPT(1))
#define OF_PUBLISH(name, p) ROW(name, p, topic_alias, OPT(1))
#define OF_SUBSCRIBE(name, p) ROW(name, p, subscription_identifier, {OPT(1)})
#define OF_CONNECT(name, p)                                                    \
    ROW(name, p, request_problem_information, OPT(1)),                         \
        ROW(name, p, request_response_information, OPT(1)),                    \
        ROW(name, p, receive_maximum, OPT(9)),                                 \
        ROW(name, p, topic_alias_maximum, OPT(9)),                             \
        ROW(name, p, maximum_packet_size, OPT(9999)),                          \
        ROW(name, p, authentication_method, "m"),                              \
        ROW(name, p, authentication_data, "d")
#define OF_SESSION(name, p) ROW(name, p, session_expiry_interval_s, OPT(0))
#define OF_REASON(name, p) ROW(name, p, reason_string, "s")
#define OF_REFERENCE(name, p) ROW(name, p, server_reference, "s")
#define OF_CONNACK(name, p)                                                    \
    ROW(name, p, assigned_client_identifier, "i"),                             \
        ROW(name, p, server_keep_alive_s, OPT(9)),                             \
        ROW(name, p, response_information, "i"),                               \
        ROW(name, p, maximum_qos, OPT(1)),                                     \
        ROW(name, p, retain_available, OPT(1)),                                \
        ROW(name, p, wildcard_subscription_available, OPT(1)),                 \
        ROW(name, p, subscription_identifier_available, OPT(1)),               \
        ROW(name, p, shared_subscription_available, OPT(1))

static const struct input wrong_first[] = {
    OF_MESSAGE("connect", IN_CONNECT), OF_WILL("connect", IN_CONNECT),
    OF_PUBLISH("connect", IN_CONNECT), OF_SUBSCRIBE("connect", IN_CONNECT),
    OF_REASON("connect", IN_CONNECT),  OF_REFERENCE("connect", IN_CONNECT),
    OF_CONNACK("connect", IN_CONNECT), OF_PUBLISH("will", IN_WILL),
    OF_SUBSCRIBE("will", IN_WILL),     OF_CONNECT("will", IN_WILL),
    OF_SESSION("will", IN_WILL),       OF_REASON("will", IN_WILL),
    OF_REFERENCE("will", IN_WILL),     OF_CONNACK("will", IN_WILL),
};

/* A property that does not belong to CONNECT or its Will ends the connection.
 */
TEST_EACH(wrong_property_in_connect_closes, wrong_first,
          "5.0/RULE-property-not-allowed", "5.0/MQTT-4.13.1-1",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

#define OF_NO_ACK(name, p)                                                     \
    OF_MESSAGE(name, p), OF_WILL(name, p), OF_PUBLISH(name, p),                \
        OF_SUBSCRIBE(name, p), OF_CONNECT(name, p), OF_SESSION(name, p),       \
        OF_REFERENCE(name, p), OF_CONNACK(name, p)

static const struct input wrong[] = {
    OF_WILL("publish", IN_PUBLISH),
    OF_SUBSCRIBE("publish", IN_PUBLISH),
    OF_CONNECT("publish", IN_PUBLISH),
    OF_SESSION("publish", IN_PUBLISH),
    OF_REASON("publish", IN_PUBLISH),
    OF_REFERENCE("publish", IN_PUBLISH),
    OF_CONNACK("publish", IN_PUBLISH),
    OF_NO_ACK("puback", IN_PUBACK),
    OF_NO_ACK("pubrec", IN_PUBREC),
    OF_NO_ACK("pubrel", IN_PUBREL),
    OF_NO_ACK("pubcomp", IN_PUBCOMP),
    OF_MESSAGE("subscribe", IN_SUBSCRIBE),
    OF_WILL("subscribe", IN_SUBSCRIBE),
    OF_PUBLISH("subscribe", IN_SUBSCRIBE),
    OF_CONNECT("subscribe", IN_SUBSCRIBE),
    OF_SESSION("subscribe", IN_SUBSCRIBE),
    OF_REASON("subscribe", IN_SUBSCRIBE),
    OF_REFERENCE("subscribe", IN_SUBSCRIBE),
    OF_CONNACK("subscribe", IN_SUBSCRIBE),
    OF_NO_ACK("unsubscribe", IN_UNSUBSCRIBE),
    OF_REASON("unsubscribe", IN_UNSUBSCRIBE),
    OF_MESSAGE("disconnect", IN_DISCONNECT),
    OF_WILL("disconnect", IN_DISCONNECT),
    OF_PUBLISH("disconnect", IN_DISCONNECT),
    OF_SUBSCRIBE("disconnect", IN_DISCONNECT),
    OF_CONNECT("disconnect", IN_DISCONNECT),
    OF_CONNACK("disconnect", IN_DISCONNECT),
};

/* A property that does not belong to its packet ends the connection. */
TEST_EACH(wrong_property_closes, wrong, "5.0/RULE-property-not-allowed",
          "5.0/MQTT-4.13.1-1", "robustness/R1-closes-bad-input",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define CUT(name, packet, text)                                                \
    {                                                                          \
        {name}, packet(.raw = {{text}, sizeof(text) - 1})                      \
    }
static const struct input cut_first[] = {
    CUT("session_expiry", IN_CONNECT, "\x11\0\0\0"),
    CUT("receive_maximum", IN_CONNECT, "\x21\0"),
    CUT("maximum_packet_size", IN_CONNECT, "\x27\0\0"),
    CUT("topic_alias_maximum", IN_CONNECT, "\x22"),
    CUT("request_response", IN_CONNECT, "\x19"),
    CUT("request_problem", IN_CONNECT, "\x17"),
    CUT("authentication_method", IN_CONNECT, "\x15\0\2m"),
    CUT("authentication_data", IN_CONNECT, "\x15\0\1m\x16\0\5d"),
    CUT("user_property_name", IN_CONNECT, "\x26\0\5k"),
    CUT("user_property_value", IN_CONNECT, "\x26\0\1k\0"),
    CUT("second_property", IN_CONNECT, "\x21\0\5\x22\0"),
    CUT("identifier_open", IN_CONNECT, "\x80"),
    CUT("identifier_in_two", IN_CONNECT, "\xff\1\0"),
    CUT("identifier_0", IN_CONNECT, "\0\0"),
    CUT("identifier_127", IN_CONNECT, "\x7f\0"),
    CUT("will_delay", IN_WILL, "\x18\0\0\0"),
    CUT("will_format", IN_WILL, "\1"),
    CUT("will_expiry", IN_WILL, "\2\0"),
    CUT("will_content_type", IN_WILL, "\3\0\2c"),
    CUT("will_response_topic", IN_WILL, "\x08\0"),
    CUT("will_correlation_data", IN_WILL,
        "\x09\0\x09"
        "d"),
    CUT("will_user_property", IN_WILL, "\x26\0\1k\0\2v"),
    CUT("will_unknown", IN_WILL, "\x2b\0"),
    {{"request_response_2"},
     IN_CONNECT(.request_response_information = OPT(2))},
    {{"request_problem_255"},
     IN_CONNECT(.request_problem_information = OPT(255))},
    {{"receive_maximum_0"}, IN_CONNECT(.receive_maximum = OPT(0))},
    {{"maximum_packet_size_0"}, IN_CONNECT(.maximum_packet_size = OPT(0))},
    {{"authentication_data_alone"}, IN_CONNECT(.authentication_data = "d")},
};

/* A property of CONNECT or its Will that is cut, unknown or out of its range
 * ends the connection. */
TEST_EACH(bad_property_in_connect_closes, cut_first, "5.0/MQTT-4.13.1-1",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

static const struct input cut[] = {
    CUT("publish_format", IN_PUBLISH, "\1"),
    CUT("publish_expiry", IN_PUBLISH, "\2\0\0\0"),
    CUT("publish_alias", IN_PUBLISH, "\x23\0"),
    CUT("publish_response_topic", IN_PUBLISH, "\x08\0\2r"),
    CUT("publish_user_property", IN_PUBLISH, "\x26\0\1k"),
    CUT("publish_unknown", IN_PUBLISH, "\x7f"),
    {{"publish_alias_0"}, IN_PUBLISH(.topic_alias = OPT(0))},
    {{"publish_response_topic_plus"}, IN_PUBLISH(.response_topic = "r/+")},
    {{"publish_response_topic_hash"}, IN_PUBLISH(.response_topic = "r/#")},
    {{"publish_identifier_0"}, IN_PUBLISH(.subscription_identifier = {OPT(0)})},
    {{"publish_empty_topic"}, PUBLISH(.topic = "", .payload = "x")},
    {{"publish_unknown_alias"},
     PUBLISH(.topic = "", .payload = "x", .props.topic_alias = OPT(1))},
    CUT("subscribe_identifier", IN_SUBSCRIBE, "\x0b\x80"),
    CUT("subscribe_identifier_missing", IN_SUBSCRIBE, "\x0b"),
    CUT("subscribe_user_property", IN_SUBSCRIBE, "\x26\0"),
    CUT("subscribe_unknown", IN_SUBSCRIBE, "\x7e\0"),
    {{"subscribe_identifier_0"},
     IN_SUBSCRIBE(.subscription_identifier = {OPT(0)})},
    {{"subscribe_identifier_twice"},
     IN_SUBSCRIBE(.subscription_identifier = {OPT(1), OPT(2)})},
    CUT("unsubscribe_user_property", IN_UNSUBSCRIBE, "\x26\0\1k\0\2v"),
    CUT("unsubscribe_unknown", IN_UNSUBSCRIBE, "\x7e\0"),
    CUT("puback_reason_string", IN_PUBACK, "\x1f\0\2s"),
    CUT("puback_unknown", IN_PUBACK, "\x7e\0"),
    CUT("pubrec_reason_string", IN_PUBREC, "\x1f\0"),
    CUT("pubrec_unknown", IN_PUBREC, "\x7e\0"),
    CUT("pubrel_user_property", IN_PUBREL, "\x26\0\1k\0\1"),
    CUT("pubrel_unknown", IN_PUBREL, "\x7e\0"),
    CUT("pubcomp_reason_string", IN_PUBCOMP, "\x1f"),
    CUT("pubcomp_unknown", IN_PUBCOMP, "\x7e\0"),
    CUT("disconnect_session_expiry", IN_DISCONNECT, "\x11\0\0\0"),
    CUT("disconnect_unknown", IN_DISCONNECT, "\x7e\0"),
};

/* A property of any other packet that is cut, unknown or out of its range ends
 * the connection. */
TEST_EACH(bad_property_in_packet_closes, cut, "5.0/MQTT-4.13.1-1",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define TWICE(name, packet, text)                                              \
    {                                                                          \
        {name}, packet(.raw = {{text text}, sizeof(text text) - 1})            \
    }
/* A message that the watcher need not care about. */
#define IN_DATA(...)                                                           \
    PUBLISH(.topic = "$data/hostile", .payload = "x", .props = {__VA_ARGS__})
static const struct input odd[] = {
    TWICE("format", IN_DATA, "\1\1"),
    TWICE("expiry", IN_DATA, "\2\0\0\0\5"),
    CUT("property_padded", IN_DATA, "\x81\0\1"),
    {{"format_2"}, IN_DATA(.payload_format_indicator = OPT(2))},
    {{"server_reference_in_disconnect"},
     IN_DISCONNECT(.server_reference = "s")},
    {{"alias_above_any_maximum"}, IN_DATA(.topic_alias = OPT(65535))},
    {{"expiry_0"}, IN_DATA(.message_expiry_interval_s = OPT(0))},
    {{"empty_response_topic"}, IN_DATA(.response_topic = "")},
    {{"empty_user_property"},
     IN_SUBSCRIBE(.user_property = {{"", ""}, {"", ""}})},
    {{"identifier_of_28_bits"},
     IN_SUBSCRIBE(.subscription_identifier = {OPT(268435455)})},
    CUT("identifier_padded", IN_SUBSCRIBE, "\x0b\x81\0"),
    {{"length_padded"},
     IN_SUBSCRIBE(.subscription_identifier = {OPT(1)}, .raw_length_octets = 4)},
};

/* Properties that are odd, or whose breach the standard does not weigh, disturb
 * nobody. */
TEST_EACH(odd_property_disturbs_nobody, odd, DISTURBS_NOBODY, .versions = "5.0",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived(t, row->packet);
}

static const struct input odd_first[] = {
    {{"will_format_2"}, IN_WILL(.payload_format_indicator = OPT(2))},
    {{"packet_size_1"}, IN_CONNECT(.maximum_packet_size = OPT(1))},
    {{"receive_maximum_1"}, IN_CONNECT(.receive_maximum = OPT(1))},
    {{"alias_maximum_65535"}, IN_CONNECT(.topic_alias_maximum = OPT(65535))},
    {{"method_nobody_knows"}, IN_CONNECT(.authentication_method = "m")},
    {{"method_empty"}, IN_CONNECT(.authentication_method = "")},
    {{"response_information"},
     IN_CONNECT(.request_response_information = OPT(1))},
};

/* The same in CONNECT. */
TEST_EACH(odd_property_in_connect_disturbs_nobody, odd_first, DISTURBS_NOBODY,
          .versions = "5.0", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived_first(t, row->packet);
}

SUITE(robustness_properties, "Robustness: properties",
      wrong_property_in_connect_closes, wrong_property_closes,
      bad_property_in_connect_closes, bad_property_in_packet_closes,
      odd_property_disturbs_nobody, odd_property_in_connect_disturbs_nobody);
