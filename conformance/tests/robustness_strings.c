/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_strings.c -- octets that are no UTF-8, and names that are none.
 *
 * Spec: 5.0 s1.5.4, 1.5.7, 4.7; 3.1.1 s1.5.3, 4.7.
 */
#include "tests/robustness.h"

/* Every class of octets that UTF-8 does not allow, behind a letter. */
#define EACH_CLASS(X)                                                          \
    X("nul", "a\0b"), X("nul_last", "a\0"), X("lone_80", "a\x80"),             \
        X("lone_bf", "a\xbf"), X("cut_2", "a\xc3"), X("cut_3_1", "a\xe2"),     \
        X("cut_3_2", "a\xe2\x82"), X("cut_4_1", "a\xf0"),                      \
        X("cut_4_2", "a\xf0\x9f"), X("cut_4_3", "a\xf0\x9f\x98"),              \
        X("cut_by_ascii", "a\xe2(\xa1"), X("overlong_2", "a\xc1\xbf"),         \
        X("overlong_nul", "a\xc0\x80"), X("overlong_3", "a\xe0\x80\xaf"),      \
        X("overlong_3_last", "a\xe0\x9f\xbf"),                                 \
        X("overlong_4", "a\xf0\x80\x80\xaf"),                                  \
        X("overlong_4_last", "a\xf0\x8f\xbf\xbf"),                             \
        X("surrogate_d800", "a\xed\xa0\x80"),                                  \
        X("surrogate_dfff", "a\xed\xbf\xbf"),                                  \
        X("surrogate_pair", "a\xed\xa0\xbd\xed\xb8\x80"),                      \
        X("beyond_10ffff", "a\xf4\x90\x80\x80"),                               \
        X("five_octets", "a\xf8\x88\x80\x80\x80"),                             \
        X("six_octets", "a\xfc\x84\x80\x80\x80\x80"), X("fe", "a\xfe"),        \
        X("ff", "a\xff"), X("latin_1", "a\xe9 b")

#define TEXT(text)                                                             \
    {                                                                          \
        {text}, sizeof(text) - 1                                               \
    }
#define IN_CLIENT_ID(name, text)                                               \
    {                                                                          \
        {name}, CONNECT(.client_id = TEXT(text), .clean_start = 1)             \
    }
static const struct input client_ids[] = {EACH_CLASS(IN_CLIENT_ID)};

/* A Client Identifier with such octets ends the connection. */
TEST_EACH(no_utf8_in_client_id_closes, client_ids, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

#define IN_TOPIC(name, text)                                                   \
    {                                                                          \
        {name}, PUBLISH(.topic = TEXT(text), .payload = "x")                   \
    }
static const struct input topics[] = {EACH_CLASS(IN_TOPIC)};

/* A Topic Name with such octets ends the connection, and the message goes
 * nowhere. */
TEST_EACH(no_utf8_in_topic_closes, topics, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define IN_FILTER(name, text)                                                  \
    {                                                                          \
        {name}, SUBSCRIBE(.packet_id = 1, .filters = {{TEXT(text)}})           \
    }
static const struct input filters[] = {EACH_CLASS(IN_FILTER)};

/* A Topic Filter with such octets ends the connection. */
TEST_EACH(no_utf8_in_filter_closes, filters, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define BAD TEXT("a\xc3(")
#define BAD_PAIR                                                               \
    {                                                                          \
        {                                                                      \
            "k", "a\xc3(", 1, 3                                                \
        }                                                                      \
    }
#define BAD_NAME                                                               \
    {                                                                          \
        {                                                                      \
            "a\xc3(", "v", 3, 1                                                \
        }                                                                      \
    }
#define CONNECT_WITH(...)                                                      \
    CONNECT(.client_id = "x", .clean_start = 1, __VA_ARGS__)
static const struct input places_in_connect[] = {
    {{"protocol_name"},
     CONNECT_WITH(.raw_fields = {{"protocol_name", TEXT("\0\4MQ\xc3(")}})},
    {{"user_name"}, CONNECT_WITH(.user_name = BAD, .password = "p")},
    {{"user_name_nul"},
     CONNECT_WITH(.user_name = TEXT("a\0b"), .password = "p")},
    {{"will_topic"}, CONNECT_WITH(.will = {.topic = BAD, .payload = "x"})},
    {{"will_topic_nul"},
     CONNECT_WITH(.will = {.topic = TEXT("a\0b"), .payload = "x"})},
    {{"authentication_method", NULL, ONLY_5},
     CONNECT_WITH(.props = {.authentication_method = BAD})},
    {{"user_property_name", NULL, ONLY_5},
     CONNECT_WITH(.props = {.user_property = BAD_NAME})},
    {{"user_property_value", NULL, ONLY_5},
     CONNECT_WITH(.props = {.user_property = BAD_PAIR})},
    {{"will_content_type", NULL, ONLY_5},
     CONNECT_WITH(.will = {.topic = "w", .props = {.content_type = BAD}})},
    {{"will_response_topic", NULL, ONLY_5},
     CONNECT_WITH(.will = {.topic = "w", .props = {.response_topic = BAD}})},
    {{"will_user_property", NULL, ONLY_5},
     CONNECT_WITH(.will = {.topic = "w",
                           .props = {.user_property = BAD_PAIR}})},
};

/* Ill-formed text at any place of CONNECT ends the connection. */
TEST_EACH(no_utf8_in_connect_closes, places_in_connect, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

#define SUBSCRIBE_WITH(...)                                                    \
    SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, .props = {__VA_ARGS__})
#define UNSUBSCRIBE_WITH(...)                                                  \
    UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, .props = {__VA_ARGS__})
#define PUBLISH_WITH(...)                                                      \
    PUBLISH(.topic = "a", .payload = "x", .props = {__VA_ARGS__})
static const struct input places[] = {
    {{"unsubscribe"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{TEXT("a\xc3(")}})},
    {{"unsubscribe_nul"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{TEXT("a\0b")}})},
    {{"second_filter"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}, {TEXT("a\xc3(")}})},
    {{"publish_content_type", NULL, ONLY_5}, PUBLISH_WITH(.content_type = BAD)},
    {{"publish_response_topic", NULL, ONLY_5},
     PUBLISH_WITH(.response_topic = BAD)},
    {{"publish_user_property_name", NULL, ONLY_5},
     PUBLISH_WITH(.user_property = BAD_NAME)},
    {{"publish_user_property_value", NULL, ONLY_5},
     PUBLISH_WITH(.user_property = BAD_PAIR)},
    {{"subscribe_user_property", NULL, ONLY_5},
     SUBSCRIBE_WITH(.user_property = BAD_PAIR)},
    {{"unsubscribe_user_property", NULL, ONLY_5},
     UNSUBSCRIBE_WITH(.user_property = BAD_PAIR)},
    {{"puback_reason_string", NULL, ONLY_5},
     PUBACK(.packet_id = 1, .props = {.reason_string = BAD})},
    {{"pubrec_reason_string", NULL, ONLY_5},
     PUBREC(.packet_id = 1, .props = {.reason_string = BAD})},
    {{"pubrel_reason_string", NULL, ONLY_5},
     PUBREL(.packet_id = 1, .props = {.reason_string = BAD})},
    {{"pubcomp_reason_string", NULL, ONLY_5},
     PUBCOMP(.packet_id = 1, .props = {.reason_string = BAD})},
    {{"puback_user_property", NULL, ONLY_5},
     PUBACK(.packet_id = 1, .props = {.user_property = BAD_PAIR})},
    {{"pubrec_user_property", NULL, ONLY_5},
     PUBREC(.packet_id = 1, .props = {.user_property = BAD_NAME})},
    {{"pubrel_user_property", NULL, ONLY_5},
     PUBREL(.packet_id = 1, .props = {.user_property = BAD_PAIR})},
    {{"pubcomp_user_property", NULL, ONLY_5},
     PUBCOMP(.packet_id = 1, .props = {.user_property = BAD_NAME})},
    {{"disconnect_reason_string", NULL, ONLY_5},
     DISCONNECT(.props = {.reason_string = BAD})},
    {{"disconnect_user_property", NULL, ONLY_5},
     DISCONNECT(.props = {.user_property = BAD_PAIR})},
};

/* Ill-formed text at any place of the other packets ends the connection. */
TEST_EACH(no_utf8_in_packet_closes, places, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define NAMED(name, text)                                                      \
    {                                                                          \
        {name}, PUBLISH(.topic = text, .payload = "x")                         \
    }
static const struct input wildcards[] = {
    NAMED("plus", "+"),
    NAMED("hash", "#"),
    NAMED("plus_last", "a/+"),
    NAMED("hash_last", "a/#"),
    NAMED("plus_inside", "a/+/b"),
    NAMED("hash_inside", "a/#/b"),
    NAMED("plus_glued", "a+b"),
    NAMED("hash_glued", "a#"),
    {{"retained"}, PUBLISH(.topic = "a/#", .payload = "x", .retain = 1)},
    {{"qos_1", NULL, ONLY_3},
     PUBLISH(.topic = "a/+", .qos = 1, .packet_id = 1)},
    {{"qos_2", NULL, ONLY_3},
     PUBLISH(.topic = "a/+", .qos = 2, .packet_id = 1)},
    {{"empty", NULL, ONLY_3}, PUBLISH(.topic = "", .payload = "x")},
};

/* A Topic Name with wildcards, and in 3.1.1 an empty one, ends the connection,
 * and the message goes nowhere. */
TEST_EACH(wildcard_in_topic_closes, wildcards, CLOSES, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define LEGAL(name, text)                                                      \
    {                                                                          \
        {name}, PUBLISH(.topic = EXACT "$data/{}/" text, .payload = "x")       \
    }
#define ASKED(name, text)                                                      \
    {                                                                          \
        {name}, SUBSCRIBE(.packet_id = 1, .filters = {{EXACT text}})           \
    }
static const struct input odd_names[] = {
    LEGAL("control_01", "\x01"),
    LEGAL("control_1f", "\x1f"),
    LEGAL("control_7f", "\x7f"),
    LEGAL("control_80", "\xc2\x80"),
    LEGAL("control_9f", "\xc2\x9f"),
    LEGAL("not_a_character_ffff", "\xef\xbf\xbf"),
    LEGAL("not_a_character_fdd0", "\xef\xb7\x90"),
    LEGAL("not_a_character_1ffff", "\xf0\x9f\xbf\xbf"),
    LEGAL("spaces", "  "),
    LEGAL("slashes", "////"),
    LEGAL("percent", "%s%n%d"),
    LEGAL("dots", "../../../etc/passwd"),
    LEGAL("quotes", "'\";--\\"),
    LEGAL("mark", "\xef\xbb\xbf"),
    LEGAL("last_character", "\xf4\x8f\xbf\xbd"),
    {{"sys"}, PUBLISH(.topic = "$SYS/broker/version", .payload = "x")},
    {{"sys_qos_1"}, PUBLISH(.topic = "$SYS/hostile", .qos = 1, .packet_id = 1)},
    {{"dollar_alone"}, PUBLISH(.topic = EXACT "$", .payload = "x")},
    {{"share_as_topic"}, PUBLISH(.topic = EXACT "$share/g/{}", .payload = "x")},
    ASKED("plus_glued", "{}/a+"),
    ASKED("glued_plus", "{}/+a"),
    ASKED("hash_glued", "{}/a#"),
    ASKED("glued_hash", "{}/#a"),
    ASKED("hash_inside", "{}/#/a"),
    ASKED("hash_twice", "{}/##"),
    ASKED("plus_twice", "{}/++"),
    ASKED("share_alone", "$share"),
    ASKED("share_slash", "$share/"),
    ASKED("share_group", "$share/{}"),
    ASKED("share_group_slash", "$share/{}/"),
    ASKED("share_no_group", "$share//{}"),
    ASKED("share_plus", "$share/+/{}"),
    ASKED("share_hash", "$share/#/{}"),
    ASKED("share_glued_plus", "$share/a+/{}"),
    ASKED("share_bad_filter", "$share/g/{}/#/a"),
    ASKED("dollar_alone_filter", "$"),
    ASKED("spaces_filter", "{}/  "),
};

/* Names that are odd, and filters that may be refused in more than one way,
 * disturb nobody, whatever is done later. */
TEST_EACH(odd_name_disturbs_nobody, odd_names, DISTURBS_NOBODY, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived(t, row->packet);
}

SUITE(robustness_strings, "Robustness: strings", no_utf8_in_client_id_closes,
      no_utf8_in_topic_closes, no_utf8_in_filter_closes,
      no_utf8_in_connect_closes, no_utf8_in_packet_closes,
      wildcard_in_topic_closes, odd_name_disturbs_nobody);
