/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_truncated.c -- packets that end too early, and lengths that lie.
 *
 * A packet can be cut in two ways: its Remaining Length says so (it is
 * malformed), or the stream ends before the packet does (nobody is wrong yet).
 * Spec: 5.0 s1.5, 2.1, 4.13; 3.1.1 s1.5, 2.2, 4.8.
 */
#include "tests/robustness.h"

enum kind {
    A_CONNECT,
    A_PUBLISH,
    A_QOS_0,
    A_PUBACK,
    A_PUBREC,
    A_PUBREL,
    A_PUBCOMP,
    A_SUBSCRIBE,
    A_UNSUBSCRIBE,
    A_DISCONNECT
};

/* Topics and identifiers grow by the case's tag: "a" is 7 octets on the wire,
 * "x" is 6. */
static const struct wire_packet *const packets[] = {
    [A_CONNECT] = CONNECT(.client_id = "x", .clean_start = 1,
                          .will = {.topic = "w", .payload = "gone"},
                          .user_name = "u", .password = "p"),
    [A_PUBLISH] = PUBLISH(.topic = "a", .payload = "xy", .qos = 1,
                          .packet_id = 1, .props = {.content_type = "c"}),
    [A_QOS_0] = PUBLISH(.topic = "a", .payload = "xy"),
    [A_PUBACK] = PUBACK(.packet_id = 1, .props = {.reason_string = "r"}),
    [A_PUBREC] = PUBREC(.packet_id = 1, .props = {.reason_string = "r"}),
    [A_PUBREL] = PUBREL(.packet_id = 1, .props = {.reason_string = "r"}),
    [A_PUBCOMP] = PUBCOMP(.packet_id = 1, .props = {.reason_string = "r"}),
    [A_SUBSCRIBE] = SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .props = {.subscription_identifier = {OPT(1)}}),
    [A_UNSUBSCRIBE] = UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                                  .props = {.user_property = {{"k", "v"}}}),
    [A_DISCONNECT] = DISCONNECT(.props = {.reason_string = "r"}),
};

struct cut {
    struct row row;
    enum kind kind;
    size_t n; /* octets of the body that are left */
};
#define CUT(name, kind, n, versions)                                           \
    {                                                                          \
        {name "_" #n, NULL, versions}, kind, n                                 \
    }
#define CUTS_5(name, kind, a, b, c, d, e, versions)                            \
    CUT(name, kind, a, versions), CUT(name, kind, b, versions),                \
        CUT(name, kind, c, versions), CUT(name, kind, d, versions),            \
        CUT(name, kind, e, versions)

#define CUTS_4(name, kind, a, b, c, d, versions)                               \
    CUT(name, kind, a, versions), CUT(name, kind, b, versions),                \
        CUT(name, kind, c, versions), CUT(name, kind, d, versions)

#define CONNECT_CUTS(a, b, c, d, e)                                            \
    CUTS_5("connect", A_CONNECT, a, b, c, d, e, NULL)
static const struct cut connect_cuts[] = {
    CONNECT_CUTS(0, 1, 2, 3, 4),
    CONNECT_CUTS(5, 6, 7, 8, 9),
    CONNECT_CUTS(10, 11, 12, 13, 14),
    CONNECT_CUTS(15, 16, 17, 18, 19),
    CONNECT_CUTS(20, 21, 22, 23, 24),
    CONNECT_CUTS(25, 26, 27, 28, 29),
    CONNECT_CUTS(30, 31, 32, 33, 34),
    CUT("connect", A_CONNECT, 35, NULL),
    CUT("connect", A_CONNECT, 36, NULL),
    CUT("connect", A_CONNECT, 37, NULL),
    CUT("connect", A_CONNECT, 38, NULL),
    CUT("connect", A_CONNECT, 39, ONLY_5),
    CUT("connect", A_CONNECT, 40, ONLY_5),
};

/* A CONNECT that is shorter than its fields ends the connection. */
TEST_EACH(short_connect_closes, connect_cuts, CLOSES, EVERY_TRANSPORT)
{
    const struct cut *row = t_row(t);
    hostile_closes_first(t, hostile_shortened(t, packets[row->kind], row->n));
}

static const struct cut cuts[] = {
    CUTS_5("publish", A_PUBLISH, 0, 1, 2, 3, 4, NULL),
    CUTS_5("publish", A_PUBLISH, 5, 6, 7, 8, 9, NULL),
    CUT("publish", A_PUBLISH, 10, NULL),
    CUTS_5("publish", A_PUBLISH, 11, 12, 13, 14, 15, ONLY_5),
    CUTS_5("publish_qos_0", A_QOS_0, 0, 1, 2, 7, 8, NULL),
    CUT("publish_qos_0", A_QOS_0, 9, ONLY_5),
    CUT("puback", A_PUBACK, 0, NULL),
    CUT("puback", A_PUBACK, 1, NULL),
    CUTS_4("puback", A_PUBACK, 4, 5, 6, 7, ONLY_5),
    CUT("pubrec", A_PUBREC, 0, NULL),
    CUT("pubrec", A_PUBREC, 1, NULL),
    CUTS_4("pubrec", A_PUBREC, 4, 5, 6, 7, ONLY_5),
    CUT("pubrel", A_PUBREL, 0, NULL),
    CUT("pubrel", A_PUBREL, 1, NULL),
    CUTS_4("pubrel", A_PUBREL, 4, 5, 6, 7, ONLY_5),
    CUT("pubcomp", A_PUBCOMP, 0, NULL),
    CUT("pubcomp", A_PUBCOMP, 1, NULL),
    CUTS_4("pubcomp", A_PUBCOMP, 4, 5, 6, 7, ONLY_5),
    CUTS_5("subscribe", A_SUBSCRIBE, 0, 1, 2, 3, 4, NULL),
    CUTS_5("subscribe", A_SUBSCRIBE, 5, 6, 7, 8, 9, NULL),
    CUT("subscribe", A_SUBSCRIBE, 10, NULL),
    CUT("subscribe", A_SUBSCRIBE, 11, NULL),
    CUT("subscribe", A_SUBSCRIBE, 12, ONLY_5),
    CUT("subscribe", A_SUBSCRIBE, 13, ONLY_5),
    CUT("subscribe", A_SUBSCRIBE, 14, ONLY_5),
    CUTS_5("unsubscribe", A_UNSUBSCRIBE, 0, 1, 2, 3, 4, NULL),
    CUTS_5("unsubscribe", A_UNSUBSCRIBE, 5, 6, 7, 8, 9, NULL),
    CUT("unsubscribe", A_UNSUBSCRIBE, 10, NULL),
    CUTS_5("unsubscribe", A_UNSUBSCRIBE, 11, 12, 13, 14, 15, ONLY_5),
    CUT("unsubscribe", A_UNSUBSCRIBE, 16, ONLY_5),
    CUT("unsubscribe", A_UNSUBSCRIBE, 17, ONLY_5),
    CUT("unsubscribe", A_UNSUBSCRIBE, 18, ONLY_5),
    CUTS_4("disconnect", A_DISCONNECT, 2, 3, 4, 5, ONLY_5),
};

/* Any other packet that is shorter than its fields ends the connection. */
TEST_EACH(short_packet_closes, cuts, CLOSES, EVERY_TRANSPORT)
{
    const struct cut *row = t_row(t);
    hostile_closes(t, hostile_shortened(t, packets[row->kind], row->n));
}

static const struct input whole_packets[] = {
    {{"connect"},
     CONNECT(.client_id = "x", .clean_start = 1,
             .will = {.topic = "w", .payload = "gone"}, .user_name = "u",
             .password = "p", .props = {.receive_maximum = OPT(2)})},
    {{"publish"},
     PUBLISH(.topic = "a", .payload = "xy", .props = {.content_type = "c"})},
    {{"publish_qos_2"},
     PUBLISH(.topic = "a", .payload = "xy", .qos = 2, .packet_id = 1,
             .props = {.user_property = {{"k", "v"}}})},
    {{"puback"}, PUBACK(.packet_id = 1, .props = {.reason_string = "r"})},
    {{"pubrec"}, PUBREC(.packet_id = 1, .props = {.reason_string = "r"})},
    {{"pubrel"}, PUBREL(.packet_id = 1, .props = {.reason_string = "r"})},
    {{"pubcomp"}, PUBCOMP(.packet_id = 1, .props = {.reason_string = "r"})},
    {{"subscribe"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a/b"}, {"c/d"}},
               .props = {.subscription_identifier = {OPT(1)}})},
    {{"unsubscribe"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a/b"}, {"c/d"}},
                 .props = {.user_property = {{"k", "v"}}})},
    {{"disconnect"}, DISCONNECT(.props = {.reason_string = "r"})},
    {{"auth", NULL, ONLY_5},
     AUTH(.reason = 0x19, .props = {.authentication_method = "m"})},
};

/* A stream that ends within a packet, after any of its octets, disturbs nobody,
 * and nothing is made of the part that came. */
TEST_EACH(stream_cut_anywhere_disturbs_nobody, whole_packets, DISTURBS_NOBODY,
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_cuts(t, row->packet);
}

#define CONNECT_LIE(field, text)                                               \
    CONNECT(.client_id = "x", .clean_start = 1,                                \
            .will = {.topic = "w", .payload = "gone"}, .user_name = "u",       \
            .password = "p",                                                   \
            .raw_fields = {{field, {{text}, sizeof(text) - 1}}})
static const struct input connect_lies[] = {
    {{"protocol_name_65535"}, CONNECT_LIE("protocol_name", "\xff\xffMQTT")},
    {{"protocol_name_0"}, CONNECT_LIE("protocol_name", "\0\0MQTT")},
    {{"protocol_name_3"}, CONNECT_LIE("protocol_name", "\0\3MQTT")},
    {{"protocol_name_5"}, CONNECT_LIE("protocol_name", "\0\5MQTT")},
    {{"client_id_65535"},
     CONNECT_LIE("client_id", "\xff\xff"
                              "abc")},
    {{"client_id_256"},
     CONNECT_LIE("client_id", "\1\0"
                              "abc")},
    {{"client_id_32768"},
     CONNECT_LIE("client_id", "\x80\0"
                              "abc")},
    {{"will_topic_65535"}, CONNECT_LIE("will.topic", "\xff\xffw")},
    {{"will_topic_256"}, CONNECT_LIE("will.topic", "\1\0w")},
    {{"will_payload_65535"}, CONNECT_LIE("will.payload", "\xff\xffgone")},
    {{"will_payload_11"}, CONNECT_LIE("will.payload", "\0\x0bgone")},
    {{"user_name_65535"}, CONNECT_LIE("user_name", "\xff\xffu")},
    {{"user_name_5"}, CONNECT_LIE("user_name", "\0\5u")},
    {{"password_65535"}, CONNECT_LIE("password", "\xff\xffp")},
    {{"password_2"}, CONNECT_LIE("password", "\0\2p")},
    {{"password_missing"}, CONNECT_LIE("password", "")},
    {{"user_name_missing"}, CONNECT_LIE("user_name", "")},
    {{"property_length_127", NULL, ONLY_5}, CONNECT_LIE("props", "\x7f")},
    {{"property_length_in_5", NULL, ONLY_5},
     CONNECT_LIE("props", "\xff\xff\xff\xff\1")},
    {{"property_length_open", NULL, ONLY_5},
     CONNECT_LIE("props", "\xff\xff\xff\x7f")},
    {{"will_property_length_127", NULL, ONLY_5},
     CONNECT_LIE("will.props", "\x7f")},
    {{"will_property_length_in_5", NULL, ONLY_5},
     CONNECT_LIE("will.props", "\x80\x80\x80\x80\0")},
    {{"property_length_1", NULL, ONLY_5}, CONNECT_LIE("props", "\1\x21\0\5")},
    {{"property_length_2", NULL, ONLY_5}, CONNECT_LIE("props", "\2\x21\0\5")},
    {{"trailing_octet"},
     CONNECT(.client_id = "x", .clean_start = 1, .raw_trailing = {{"\0"}, 1})},
    {{"trailing_string"},
     CONNECT(.client_id = "x", .clean_start = 1,
             .raw_trailing = {{"\0\3abc"}, 5})},
};

/* A length in CONNECT that does not fit its packet ends the connection. */
TEST_EACH(lying_length_in_connect_closes, connect_lies, CLOSES, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

#define FIELD(name, text) .raw_fields = {{name, {{text}, sizeof(text) - 1}}}
#define PUBLISH_LIE(field, text)                                               \
    PUBLISH(.topic = "a", .payload = "xy", .qos = 1, .packet_id = 1,           \
            FIELD(field, text))
static const struct input lies[] = {
    {{"topic_65535"},
     PUBLISH_LIE("topic", "\xff\xff"
                          "abc")},
    {{"topic_32768"},
     PUBLISH_LIE("topic", "\x80\0"
                          "abc")},
    {{"topic_one_more"},
     PUBLISH(.topic = "a",
             FIELD("topic", "\0\2"
                            "a"),
             .props.raw_omit = true)},
    {{"topic_takes_identifier", NULL, ONLY_3},
     PUBLISH(.topic = "a", .qos = 1, .packet_id = 0x6161,
             FIELD("topic", "\0\3"
                            "a"))},
    {{"publish_property_length_127", NULL, ONLY_5},
     PUBLISH_LIE("props", "\x7f")},
    {{"publish_property_length_in_5", NULL, ONLY_5},
     PUBLISH_LIE("props", "\xff\xff\xff\xff\1")},
    {{"publish_property_length_max", NULL, ONLY_5},
     PUBLISH_LIE("props", "\xff\xff\xff\x7f")},
    {{"publish_property_cut_id", NULL, ONLY_5},
     PUBLISH_LIE("props", "\1\2\0\0\0\5")},
    {{"publish_content_type_65535", NULL, ONLY_5},
     PUBLISH_LIE("props", "\4\3\xff\xff"
                          "c")},
    {{"publish_content_type_2", NULL, ONLY_5},
     PUBLISH_LIE("props", "\4\3\0\2"
                          "c")},
    {{"publish_correlation_data_65535", NULL, ONLY_5},
     PUBLISH_LIE("props", "\4\x09\xff\xff"
                          "c")},
    {{"publish_user_property_name_65535", NULL, ONLY_5},
     PUBLISH_LIE("props", "\7\x26\xff\xffk\0\1v")},
    {{"publish_user_property_value_65535", NULL, ONLY_5},
     PUBLISH_LIE("props", "\7\x26\0\1k\xff\xffv")},
    {{"publish_user_property_value_missing", NULL, ONLY_5},
     PUBLISH_LIE("props", "\4\x26\0\1k")},
    {{"subscribe_filter_65535"},
     SUBSCRIBE(.packet_id = 1, FIELD("filters", "\xff\xff"
                                                "a\0"))},
    {{"subscribe_filter_takes_options"},
     SUBSCRIBE(.packet_id = 1, FIELD("filters", "\0\2"
                                                "a\0"))},
    {{"subscribe_second_filter_cut"},
     SUBSCRIBE(.packet_id = 1, FIELD("filters", "\0\1a\0\0\5b\0"))},
    {{"subscribe_second_without_options"},
     SUBSCRIBE(.packet_id = 1, FIELD("filters", "\0\1a\0\0\1b"))},
    {{"subscribe_property_length_127", NULL, ONLY_5},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, FIELD("props", "\x7f"))},
    {{"subscribe_identifier_open", NULL, ONLY_5},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
               FIELD("props", "\5\x0b\xff\xff\xff\xff"))},
    {{"subscribe_identifier_in_5", NULL, ONLY_5},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
               FIELD("props", "\6\x0b\xff\xff\xff\xff\1"))},
    {{"unsubscribe_filter_65535"},
     UNSUBSCRIBE(.packet_id = 1, FIELD("filters", "\xff\xff"
                                                  "a"))},
    {{"unsubscribe_second_filter_cut"},
     UNSUBSCRIBE(.packet_id = 1, FIELD("filters", "\0\1a\0\5b"))},
    {{"unsubscribe_half_a_length"},
     UNSUBSCRIBE(.packet_id = 1, FIELD("filters", "\0\1a\0"))},
    {{"unsubscribe_property_length_127", NULL, ONLY_5},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}}, FIELD("props", "\x7f"))},
    {{"puback_property_length_127", NULL, ONLY_5}, RAW("40 04 0001 00 7f")},
    {{"pubrec_property_length_127", NULL, ONLY_5}, RAW("50 04 0001 00 7f")},
    {{"pubrel_property_length_127", NULL, ONLY_5}, RAW("62 04 0001 00 7f")},
    {{"pubcomp_property_length_127", NULL, ONLY_5}, RAW("70 04 0001 00 7f")},
    {{"disconnect_property_length_127", NULL, ONLY_5}, RAW("e0 02 00 7f")},
    {{"disconnect_property_cut", NULL, ONLY_5}, RAW("e0 04 00 02 1100")},
    {{"disconnect_string_65535", NULL, ONLY_5}, RAW("e0 06 00 04 1f ffff 72")},
};

/* A length in any other packet that does not fit its packet ends the
 * connection. */
TEST_EACH(lying_length_closes, lies, CLOSES, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

SUITE(robustness_truncated, "Robustness: truncations and lying lengths",
      short_connect_closes, short_packet_closes,
      stream_cut_anywhere_disturbs_nobody, lying_length_in_connect_closes,
      lying_length_closes);
