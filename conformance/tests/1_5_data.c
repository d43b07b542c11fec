/* SPDX-License-Identifier: Apache-2.0 */
/* 1_5_data.c -- strings, string pairs and variable byte integers.
 *
 * Bad text is sent at every place that a string can have in a packet of the
 * client; the server closes, and nothing of it goes further.
 * Spec: 3.1.1 s1.5.3; 5.0 s1.5.4, s1.5.5, s1.5.7.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct text {
    struct row row;
    struct wire_bytes text;
};

/* What UTF-8 does not allow, behind a letter so that no name is empty. */
#define BAD_UTF8                                                               \
    {{"surrogate"}, {{"a\xed\xa0\x80"}, 4}},                                   \
        {{"surrogate_pair"}, {{"a\xed\xa0\x80\xed\xb0\x80"}, 7}},              \
        {{"overlong_nul"}, {{"a\xc0\x80"}, 3}},                                \
        {{"overlong_slash"}, {{"a\xc0\xaf"}, 3}},                              \
        {{"octet_ff"}, {{"a\xff"}, 2}}, {{"octet_fe"}, {{"a\xfe"}, 2}},        \
        {{"lone_continuation"}, {{"a\x80"}, 2}},                               \
        {{"cut_sequence"}, {{"a\xe2\x82"}, 3}},                                \
    {                                                                          \
        {"beyond_10ffff"},                                                     \
        {                                                                      \
            {"a\xf4\x90\x80\x80"}, 5                                           \
        }                                                                      \
    }

static const struct text bad_utf8[] = {BAD_UTF8};

/* A Client Identifier with ill-formed UTF-8 ends the connection. */
TEST_EACH(bad_utf8_in_client_id_closes, bad_utf8, "3.1.1/MQTT-1.5.3-1",
          "3.1.1/MQTT-3.1.3-4", "5.0/MQTT-1.5.4-1", "5.0/MQTT-3.1.3-4",
          "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = row->text, .clean_start = 1));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          CLIENT_IDENTIFIER_NOT_VALID));
}

/* A Topic Name with ill-formed UTF-8 ends the connection, and the message goes
 * nowhere. */
TEST_EACH(bad_utf8_in_topic_name_closes, bad_utf8, "3.1.1/MQTT-1.5.3-1",
          "3.1.1/MQTT-3.3.2-1", "5.0/MQTT-1.5.4-1", "5.0/MQTT-3.3.2-1",
          "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "#", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = row->text, .payload = "x"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
    client_expect_nothing_more(watcher);
}

/* A Topic Filter with ill-formed UTF-8 ends the connection. */
TEST_EACH(bad_utf8_in_topic_filter_closes, bad_utf8, "3.1.1/MQTT-1.5.3-1",
          "5.0/MQTT-1.5.4-1", "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{row->text}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_FILTER_INVALID);
}

/* A User Name with ill-formed UTF-8 ends the connection. */
TEST_EACH(bad_utf8_in_user_name_closes, bad_utf8, "3.1.1/MQTT-1.5.3-1",
          "3.1.1/MQTT-3.1.3-11", "5.0/MQTT-1.5.4-1", "5.0/MQTT-3.1.3-12",
          "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .user_name = row->text, .password = "x"));
    peer_expect_refused(
        peer,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true,
        .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR, BAD_USER_NAME_OR_PASSWORD,
                    NOT_AUTHORIZED));
}

/* A Will Topic with ill-formed UTF-8 ends the connection. */
TEST_EACH(bad_utf8_in_will_topic_closes, bad_utf8, "3.1.1/MQTT-1.5.3-1",
          "3.1.1/MQTT-3.1.3-10", "5.0/MQTT-1.5.4-1", "5.0/MQTT-3.1.3-11",
          "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = row->text, .payload = "x"}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          TOPIC_NAME_INVALID));
}

/* A Response Topic with ill-formed UTF-8 ends the connection, and the message
 * goes nowhere. */
TEST_EACH(bad_utf8_in_response_topic_closes, bad_utf8, "5.0/MQTT-1.5.4-1",
          "5.0/MQTT-3.3.2-13", "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x",
                            .props.response_topic = row->text));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
    client_expect_nothing_more(watcher);
}

/* A Content Type with ill-formed UTF-8 ends the connection, and the message
 * goes nowhere. */
TEST_EACH(bad_utf8_in_content_type_closes, bad_utf8, "5.0/MQTT-1.5.4-1",
          "5.0/MQTT-3.3.2-19", "5.0/RULE-utf8-malformed")
{
    const struct text *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x",
                            .props.content_type = row->text));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* The name in a string pair is a string like all others. */
TEST_EACH(bad_utf8_in_user_property_name_closes, bad_utf8, "5.0/MQTT-1.5.7-1",
          "5.0/RULE-string-pair-malformed")
{
    const struct text *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              PUBLISH(.topic = "news", .payload = "x",
                      .props.extra = {{WIRE_USER_PROPERTY, .octets = row->text,
                                       .value = BYTES("v")}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* The value in a string pair is a string like all others. */
TEST_EACH(bad_utf8_in_user_property_value_closes, bad_utf8, "5.0/MQTT-1.5.7-1",
          "5.0/RULE-string-pair-malformed")
{
    const struct text *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              PUBLISH(.topic = "news", .payload = "x",
                      .props.extra = {{WIRE_USER_PROPERTY, .octets = BYTES("k"),
                                       .value = row->text}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* A Client Identifier that holds U+0000 ends the connection. */
TEST(nul_in_client_id_closes, "3.1.1/MQTT-1.5.3-2", "5.0/MQTT-1.5.4-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = BYTES("a\0b"), .clean_start = 1));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          CLIENT_IDENTIFIER_NOT_VALID));
}

/* A Topic Name that holds U+0000 ends the connection, and the message goes
 * nowhere. */
TEST(nul_in_topic_name_closes, "3.1.1/MQTT-1.5.3-2", "5.0/MQTT-1.5.4-2")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "#", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = BYTES("a\0b"), .payload = "x"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
    client_expect_nothing_more(watcher);
}

/* A Topic Filter that holds U+0000 ends the connection. */
TEST(nul_in_topic_filter_closes, "3.1.1/MQTT-1.5.3-2", "5.0/MQTT-1.5.4-2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{BYTES("a\0b")}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_FILTER_INVALID);
}

/* A User Name that holds U+0000 ends the connection. */
TEST(nul_in_user_name_closes, "3.1.1/MQTT-1.5.3-2", "5.0/MQTT-1.5.4-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .user_name = BYTES("a\0b"), .password = "x"));
    peer_expect_refused(
        peer,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true,
        .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR, BAD_USER_NAME_OR_PASSWORD,
                    NOT_AUTHORIZED));
}

/* A property that is a string and holds U+0000 ends the connection, and the
 * message goes nowhere. */
TEST(nul_in_content_type_closes, "5.0/MQTT-1.5.4-2")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x",
                            .props.content_type = BYTES("a\0b")));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* A string pair that holds U+0000 ends the connection, and the message goes
 * nowhere. */
TEST(nul_in_user_property_closes, "5.0/MQTT-1.5.4-2", "5.0/MQTT-1.5.7-1")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x",
                            .props.user_property = {PAIR_BYTES("k", "a\0b")}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* EF BB BF is a character like any other: it is kept, and a name with it is
 * not the name without it. */
TEST(byte_order_mark_is_kept, "3.1.1/MQTT-1.5.3-3", "5.0/MQTT-1.5.4-3")
{
    struct peer *marked = peer_hello(t, "marked");
    peer_subscribe(marked, EXACT "\xef\xbb\xbf{}/news", 0);
    struct peer *plain = peer_hello(t, "plain");
    peer_subscribe(plain, EXACT "{}/news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE(EXACT "\xef\xbb\xbf{}/news", "rain"));
    peer_expect_message(marked, MESSAGE(EXACT "\xef\xbb\xbf{}/news", "rain"));
    peer_expect_nothing(plain);
}

/* In the middle of a name EF BB BF is kept as well. */
TEST(byte_order_mark_inside_is_kept, "3.1.1/MQTT-1.5.3-3", "5.0/MQTT-1.5.4-3")
{
    struct client *marked = client_connect(t, "marked");
    client_subscribe(marked,
                     "news/\xef\xbb\xbf"
                     "local",
                     1);
    struct client *plain = client_connect(t, "plain");
    client_subscribe(plain, "news/local", 1);
    client_publish(plain, MESSAGE("news/\xef\xbb\xbf"
                                  "local",
                                  "rain", .qos = 1));
    client_expect(marked, MESSAGE("news/\xef\xbb\xbf"
                                  "local",
                                  "rain"));
    client_expect_nothing_more(plain);
}

/* Text of every length of sequence goes through unchanged. */
TEST(well_formed_text_is_kept, "3.1.1/MQTT-1.5.3-1", "5.0/MQTT-1.5.4-1")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x98\x80", 1);
    client_publish(reader, MESSAGE("\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x98\x80",
                                   "rain", .qos = 1));
    client_expect(reader, MESSAGE("\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x98\x80",
                                  "rain", .qos = 1));
}

struct number {
    struct row row;
    uint32_t identifier; /* 0: none */
    size_t payload;      /* octets of it */
};
static const struct number numbers[] = {{{"127"}, 127, 10},
                                        {{"128"}, 128, 90},
                                        {{"16383"}, 16383, 110},
                                        {{"16384"}, 16384, 128},
                                        {{"2097151"}, 2097151, 16350},
                                        {{"2097152"}, 2097152, 16400},
                                        {{"268435455"}, 268435455, 1}};

/* The server writes each variable byte integer in as few octets as its value
 * takes: the reader of this harness refuses all others. */
TEST_EACH(variable_byte_integers_are_minimal, numbers, "5.0/MQTT-1.5.5-1",
          .needs = "subscription_identifiers")
{
    const struct number *row = t_row(t);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = 0}},
                              .props.subscription_identifier = {
                                  OPT(row->identifier)}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", t_fill(t, row->payload, "abc")));
    peer_expect_message(
        peer, MESSAGE("news", t_fill(t, row->payload, "abc"),
                      .props.subscription_identifier = {OPT(row->identifier)}));
}

struct hex_row {
    struct row row;
    const char *hex;
};
static const struct hex_row padded[] = {
    {{"length_of_subscribe"}, "82 08 0001 8000 0001 61 00"},
    {{"length_of_unsubscribe"}, "a2 07 0001 8000 0001 61"},
    {{"length_of_publish"}, "30 06 0001 61 8000 78"},
    {{"length_of_disconnect"}, "e0 03 00 8000"},
    {{"identifier"}, "82 0a 0001 03 0b8100 0001 61 00"},
};

/* A variable byte integer takes no more octets than it needs, wherever it
 * stands. */
TEST_EACH(padded_integer_closes, padded, "5.0/MQTT-1.5.5-1",
          "5.0/MQTT-4.13.1-1")
{
    const struct hex_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 1);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .will = {.topic = "will", .payload = "gone", .qos = 1}));
    peer_send(peer, RAW(row->hex));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
    client_expect(watcher, MESSAGE("will", "gone"));
}

SUITE(data, "1.5 Data representation", bad_utf8_in_client_id_closes,
      bad_utf8_in_topic_name_closes, bad_utf8_in_topic_filter_closes,
      bad_utf8_in_user_name_closes, bad_utf8_in_will_topic_closes,
      bad_utf8_in_response_topic_closes, bad_utf8_in_content_type_closes,
      bad_utf8_in_user_property_name_closes,
      bad_utf8_in_user_property_value_closes, nul_in_client_id_closes,
      nul_in_topic_name_closes, nul_in_topic_filter_closes,
      nul_in_user_name_closes, nul_in_content_type_closes,
      nul_in_user_property_closes, byte_order_mark_is_kept,
      byte_order_mark_inside_is_kept, well_formed_text_is_kept,
      variable_byte_integers_are_minimal, padded_integer_closes);
