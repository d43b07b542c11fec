/* SPDX-License-Identifier: Apache-2.0 */
/* 4_7_topics.c -- Topic Names, Topic Filters, and what matches what.
 *
 * Spec: 5.0 s4.7 and s4.8.2, 3.1.1 s4.7.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct topic_row {
    struct row row;
    const char *text;
};
static const struct topic_row bad_names[] = {
    {{"plus"}, "a/+"},          {{"plus_in_level"}, "a+b"}, {{"hash"}, "a/#"},
    {{"hash_in_level"}, "a#b"}, {{"only_plus"}, "+"},
};

/* A Topic Name with a wildcard closes the connection and is not delivered. */
TEST_EACH(wildcard_in_topic_name, bad_names, "3.1.1/MQTT-4.7.1-1",
          "5.0/MQTT-4.7.0-1")
{
    const struct topic_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "#", 0);
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer, PUBLISH(.topic = {row->text}, .payload = "x"));
    peer_expect_error(peer, TOPIC_NAME_INVALID, MALFORMED_PACKET,
                      PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

static const struct topic_row bad_filters[] = {
    {{"hash_behind_text", "3.1.1/MQTT-4.7.1-2 5.0/MQTT-4.7.1-1"}, "a#"},
    {{"hash_before_level", "3.1.1/MQTT-4.7.1-2 5.0/MQTT-4.7.1-1"}, "a/#/b"},
    {{"hash_twice", "3.1.1/MQTT-4.7.1-2 5.0/MQTT-4.7.1-1"}, "a/##"},
    {{"hash_before_slash", "3.1.1/MQTT-4.7.1-2 5.0/MQTT-4.7.1-1"}, "a/#/"},
    {{"plus_behind_text", "3.1.1/MQTT-4.7.1-3 5.0/MQTT-4.7.1-2"}, "a/b+"},
    {{"plus_before_text", "3.1.1/MQTT-4.7.1-3 5.0/MQTT-4.7.1-2"}, "a/+b"},
    {{"plus_inside", "3.1.1/MQTT-4.7.1-3 5.0/MQTT-4.7.1-2"}, "a/b+/c"},
    {{"plus_and_hash", "3.1.1/MQTT-4.7.1-2 5.0/MQTT-4.7.1-1"}, "a/+#"},
    {{"share_empty_name", "5.0/MQTT-4.8.2-1", "5.0"}, "$share//a"},
    {{"share_nothing", "5.0/MQTT-4.8.2-1", "5.0"}, EXACT "$share/"},
    {{"share_plus", "5.0/MQTT-4.8.2-2", "5.0"}, EXACT "$share/g+/{}/a"},
    {{"share_hash", "5.0/MQTT-4.8.2-2", "5.0"}, EXACT "$share/g#/{}/a"},
    {{"share_no_filter", "5.0/MQTT-4.8.2-2", "5.0"}, EXACT "$share/g"},
    {{"share_empty_filter", "5.0/MQTT-4.8.2-2", "5.0"}, EXACT "$share/g/"},
};

/* A Topic Filter that breaks the rules for wildcards or for shares is never
 * granted: a failure code in SUBACK, or the close. */
TEST_EACH(wrong_filter_not_granted, bad_filters, "3.1.1/MQTT-4.8.0-1",
          "5.0/MQTT-4.13.1-1")
{
    const struct topic_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "subscriber");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{{row->text}}}));
    peer_expect_not_granted(peer, 1);
}

struct match_row {
    struct row row;
    const char *filter, *topic;
};
static const struct match_row matching[] = {
    {{"same"}, "a/b", "a/b"},
    {{"hash_child"}, "sport/#", "sport/tennis"},
    {{"hash_grandchild"}, "sport/#", "sport/tennis/player1"},
    {{"hash_parent"}, "sport/tennis/#", "sport/tennis"},
    {{"hash_empty_level"}, "sport/#", "sport/"},
    {{"hash_all"}, "#", "a/b/c"},
    {{"plus_last"}, "sport/+", "sport/tennis"},
    {{"plus_empty_level"}, "sport/+", "sport/"},
    {{"plus_middle"}, "sport/+/player1", "sport/tennis/player1"},
    {{"plus_and_hash"}, "+/tennis/#", "sport/tennis/player1"},
    {{"plus_empty_first"}, "a/+/+", "a//finance"},
    {{"empty_levels"}, "a//b", "a//b"},
    {{"trailing_slash"}, "a/b/", "a/b/"},
    {{"spaces"}, "a b/ c ", "a b/ c "},
    {{"case"}, "ACCOUNTS", "ACCOUNTS"},
    {{"dollar_inside"}, "a/$b/+", "a/$b/c"},
    {{"dollar_under_plus"}, "a/+", "a/$b"},
    {{"dollar_under_plus_inside"}, "a/+/c", "a/$b/c"},
    {{"dollar_under_plus_last"}, "a/b/+", "a/b/$c"},
    {{"dollar_under_two"}, "+/+", "a/$b"},
    {{"dollar_under_hash"}, "a/#", "a/$b/c"},
    {{"accents_composed"}, "caf\xc3\xa9", "caf\xc3\xa9"},
    {{"beyond_bmp"}, "\xf0\x9f\x98\x80/+", "\xf0\x9f\x98\x80/x"},
};

/* The filter matches the name, and the message is delivered with its name
 * unchanged, octet by octet. */
TEST_EACH(filter_matches, matching, "3.1.1/MQTT-4.7.3-4", "5.0/MQTT-4.7.3-4",
          "3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1")
{
    const struct match_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    struct client *publisher = client_connect(t, "publisher");
    client_subscribe(subscriber, row->filter, 1);
    client_publish(publisher, MESSAGE(row->topic, "x", .qos = 1));
    client_expect(subscriber, MESSAGE(row->topic, "x"));
    client_expect_nothing_more(subscriber);
}

static const struct match_row not_matching[] = {
    {{"case"}, "ACCOUNTS", "Accounts"},
    {{"longer"}, "a/b", "a/b/c"},
    {{"shorter"}, "a/b/c", "a/b"},
    {{"plus_two_levels"}, "sport/tennis/+", "sport/tennis/a/b"},
    {{"plus_no_level"}, "sport/+", "sport"},
    {{"plus_leading_slash"}, "a/+", "a//b"},
    {{"hash_sibling"}, "sport/#", "sports"},
    {{"trailing_slash"}, "a/b", "a/b/"},
    {{"double_slash"}, "a//b", "a/b"},
    {{"single_slash"}, "a/b", "a//b"},
    {{"space"}, "a/b", "a/b "},
    {{"prefix"}, "a/b", "a/bc"},
    {{"accents_decomposed"}, "caf\xc3\xa9", "cafe\xcc\x81"},
    {{"dot"}, "a.b", "a/b"},
    {{"star"}, "a/*", "a/b"},
};

/* The filter does not match the name: nothing is delivered. */
TEST_EACH(filter_does_not_match, not_matching, "3.1.1/MQTT-4.7.3-4",
          "5.0/MQTT-4.7.3-4")
{
    const struct match_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    struct client *publisher = client_connect(t, "publisher");
    client_subscribe(subscriber, row->filter, 1);
    client_publish(publisher, MESSAGE(row->topic, "x", .qos = 1));
    client_expect_nothing_more(subscriber);
}

static const struct topic_row leading_wildcards[] = {
    {{"hash"}, EXACT "#"},
    {{"plus_hash"}, EXACT "+/#"},
    {{"plus_tag_name"}, EXACT "+/{}/x"},
};

#define NOBODY_USES_DOLLAR "the broker passes on no message of a $ topic"

/* Publishes "$" to a name that begins with $, then "after" to another. A Server
 * SHOULD prevent that clients exchange messages of the former (4.7.2): it may
 * refuse it, or drop it. */
static void publish_both(struct t *t, const char *topic, const char *after,
                         bool is_retained)
{
    struct peer *publisher = peer_hello(t, "publisher");
    peer_send(publisher, PUBLISH(.topic = {topic}, .payload = "$", .qos = 1,
                                 .packet_id = 1, .retain = is_retained));
    const struct wire_packet *puback =
        peer_expect_or_close(publisher, PUBACK(.packet_id = 1));
    t_skip_unless(t, puback && puback->reason < 0x80, NOBODY_USES_DOLLAR);
    peer_publish(publisher, MESSAGE(after, "after", .qos = 1));
}

/* Subscribes to a filter of $ topics, which may be refused, and to "after". */
static struct peer *reader_of(struct t *t, const char *filter,
                              const char *after)
{
    struct peer *reader = peer_hello(t, "reader");
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{{filter}}}));
    peer_expect(reader, SUBACK(.packet_id = 1));
    peer_subscribe(reader, after, 0);
    return reader;
}

/* Has the message of the $ topic come, and not the other one at once? Where no
 * client gets it, nothing is shown by its absence elsewhere. */
static bool is_passed_on(struct peer *reader)
{
    const struct wire_packet *packet = peer_expect_any(
        reader, PUBLISH(.payload = "$"), PUBLISH(.payload = "after"));
    return wire_same(packet->payload, BYTES("$"));
}

/* Stands for any other name, and matches each of leading_wildcards. */
#define AFTER EXACT "after/{}/x"

/* A filter that begins with a wildcard does not match a name that begins with
 * $; one that names the first level does. */
TEST_EACH(dollar_topics, leading_wildcards, "3.1.1/MQTT-4.7.2-1",
          "5.0/MQTT-4.7.2-1", .own_broker = true)
{
    const struct topic_row *row = t_row(t);
    struct peer *wild = peer_hello(t, "wild");
    peer_subscribe(wild, row->text, 0);
    struct peer *reader = reader_of(t, "$test/#", AFTER);
    publish_both(t, "$test/x", AFTER, false);
    peer_expect_message(wild, MESSAGE(AFTER, "after"));
    peer_expect_nothing(wild);
    t_skip_unless(t, is_passed_on(reader), NOBODY_USES_DOLLAR);
}

/* The same for retained messages. */
TEST_EACH(dollar_topics_retained, leading_wildcards, "3.1.1/MQTT-4.7.2-1",
          "5.0/MQTT-4.7.2-1", .own_broker = true, .needs = "retain")
{
    const struct topic_row *row = t_row(t);
    struct peer *reader = reader_of(t, "$test/x", AFTER);
    publish_both(t, "$test/x", AFTER, true);
    bool has_effect = is_passed_on(reader);
    struct peer *wild = peer_hello(t, "wild");
    peer_subscribe(wild, row->text, 0);
    peer_expect_nothing(wild);
    t_skip_unless(t, has_effect, NOBODY_USES_DOLLAR);
    struct peer *named = peer_hello(t, "named");
    peer_subscribe(named, "$test/x", 0);
    peer_expect_message(named, MESSAGE("$test/x", "$", .retain = 1));
}

/* An empty Topic Name without an alias closes the connection. */
TEST(empty_topic_name, "3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1")
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer, PUBLISH(.topic = "", .payload = "x"));
    peer_expect_error(peer, PROTOCOL_ERROR, TOPIC_NAME_INVALID,
                      MALFORMED_PACKET);
}

/* An empty Topic Filter is never granted. */
TEST(empty_topic_filter, "3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{""}}));
    peer_expect_not_granted(peer, 1);
}

/* U+0000 in a Topic Name closes the connection. */
TEST(nul_in_topic_name, "3.1.1/MQTT-4.7.3-2", "5.0/MQTT-4.7.3-2")
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer, PUBLISH(.topic = BYTES("a\0b"), .payload = "x"));
    peer_expect_error(peer, MALFORMED_PACKET, TOPIC_NAME_INVALID);
}

/* U+0000 in a Topic Filter closes the connection. */
TEST(nul_in_topic_filter, "3.1.1/MQTT-4.7.3-2", "5.0/MQTT-4.7.3-2")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{BYTES("a\0b")}}));
    peer_expect_error(peer, MALFORMED_PACKET, TOPIC_FILTER_INVALID);
}

/* "$shared/..." is no shared subscription: it is an ordinary filter, which gets
 * nothing of what is published below its first two levels. */
TEST(shared_needs_its_prefix, "5.0/MQTT-4.8.2-1")
{
    struct peer *reader = reader_of(t, EXACT "$shared/g/{}/b", "after");
    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("b", "b", .qos = 1));
    publish_both(t, EXACT "$shared/g/{}/b", "after", false);
    t_skip_unless(t, is_passed_on(reader), NOBODY_USES_DOLLAR);
}

SUITE(topics, "4.7 Topic Names and Topic Filters", wildcard_in_topic_name,
      wrong_filter_not_granted, filter_matches, filter_does_not_match,
      dollar_topics, empty_topic_name, empty_topic_filter, nul_in_topic_name,
      nul_in_topic_filter, shared_needs_its_prefix, dollar_topics_retained);
