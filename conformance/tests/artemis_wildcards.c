/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_wildcards.c -- wildcards of MQTT, whatever the broker's own syntax
 * is, and what the manual promises of QoS and retained messages.
 *
 * Spec: the Artemis MQTT manual, "Wildcard subscriptions", "MQTT Quality of
 * Service", "MQTT Retain Messages"; 5.0 s4.7.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define ALL .versions = "3.1 3.1.1 5.0"

struct match_row {
    struct row row;
    const char *filter, *topic;
};

/* The manual's own examples, and the edges of the two wildcards. */
static const struct match_row matching[] = {
    {{"manual_cities"}, "uk/#", "uk/cities"},
    {{"manual_newcastle"}, "uk/#", "uk/cities/newcastle"},
    {{"manual_rivers"}, "uk/#", "uk/rivers/tyne"},
    {{"manual_stores"}, "uk/+/stores", "uk/newcastle/stores"},
    {{"parent"}, "uk/#", "uk"},
    {{"plus_empty"}, "uk/+", "uk/"},
    {{"plus_first"}, "+/uk", "a/uk"},
    {{"two_plus"}, "+/+", "a/b"},
    {{"dot"}, "a.b/+", "a.b/c"},
    {{"dot_in_name"}, "prefix/+", "prefix/a.b"},
    {{"number"}, "1.0/dev", "1.0/dev"},
    {{"star_in_filter"}, "a*b", "a*b"},
    {{"greater_in_filter"}, "a>b", "a>b"},
    {{"backslash"}, "a\\b", "a\\b"},
    {{"backslash_plus"}, "+", "a\\b"},
    {{"backslash_last"}, "a\\", "a\\"},
    {{"backslash_dot"}, "a\\.b", "a\\.b"},
    {{"colons"}, "a::b", "a::b"},
    {{"prefix_like"}, "multicast:a", "multicast:a"},
    {{"quote"}, "it's/\"a\"/+", "it's/\"a\"/x"},
};

/* Filter and name match; the name comes as it was sent. */
static void check_match(struct t *t)
{
    const struct match_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, row->filter, 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE(row->topic, "x", .qos = 1));
    client_expect(subscriber, MESSAGE(row->topic, "x"));
    client_expect_nothing_more(subscriber);
}

static const struct match_row not_matching[] = {
    {{"manual_stores"}, "uk/+/stores", "uk/cities/newcastle/stores"},
    {{"plus_no_level"}, "uk/+", "uk"},
    {{"plus_two_levels"}, "uk/+", "uk/a/b"},
    {{"hash_sibling"}, "uk/#", "ukraine"},
    {{"dot_is_no_slash"}, "a/b", "a.b"},
    {{"slash_is_no_dot"}, "a.b", "a/b"},
    {{"star_is_no_plus"}, "a/*", "a/b"},
    {{"star_is_no_plus_with_dot"}, "a.*", "a.b"},
    {{"greater_is_no_hash"}, "a/>", "a/b"},
    {{"backslash_is_no_slash"}, "a/b", "a\\b"},
};

static void check_no_match(struct t *t)
{
    const struct match_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, row->filter, 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE(row->topic, "x", .qos = 1));
    client_expect_nothing_more(subscriber);
}

TEST_EACH(wildcard_matches, matching, "artemis/R07-wildcards",
          "3.1/RULE-wildcards", "3.1.1/MQTT-4.5.0-1", "3.1.1/MQTT-4.7.3-4",
          "5.0/MQTT-4.5.0-1", "5.0/MQTT-4.7.3-4", ALL)
{
    check_match(t);
}

TEST_EACH(wildcard_does_not_match, not_matching, "artemis/R07-wildcards",
          "3.1/RULE-wildcards", "3.1.1/MQTT-4.7.3-4", "5.0/MQTT-4.7.3-4", ALL)
{
    check_no_match(t);
}

/* Another syntax inside of the broker changes nothing on the wire. */
#define CUSTOM                                                                 \
    .versions = "3.1.1 5.0",                                                   \
    .settings = "delimiter=/;single-word=+;any-words=>",                       \
    .needs = "acceptor_parameters"

TEST_EACH(wildcard_matches_in_custom_syntax, matching,
          "artemis/R07-custom-syntax", CUSTOM)
{
    check_match(t);
}

TEST_EACH(wildcard_does_not_match_in_custom_syntax, not_matching,
          "artemis/R07-custom-syntax", CUSTOM)
{
    check_no_match(t);
}

/* Retained messages go by the same rules. */
TEST_EACH(retained_is_found_by_wildcard, matching, "artemis/R07-wildcards",
          "artemis/R03-retained-first", "3.1.1/MQTT-3.3.1-6",
          "5.0/MQTT-3.3.1-9", "3.1/RULE-retained", ALL,
          .needs = "retain wildcards")
{
    const struct match_row *row = t_row(t);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE(row->topic, "x", .qos = 1, .retain = 1));
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, row->filter, 1);
    client_expect(subscriber, MESSAGE(row->topic, "x", .retain = 1));
    client_expect_nothing_more(subscriber);
}

/* Queues named after clients and filters must not be mixed up: these would be
 * one if names were joined by dots. */
TEST(subscriptions_are_not_mixed_up, "artemis/R07-wildcards",
     "3.1.1/MQTT-3.1.3-2", "5.0/MQTT-3.1.3-2")
{
    struct client *one = client_connect(t, EXACT "{}");
    client_subscribe(one, EXACT "a/{}/b/c", 1);
    struct client *other = client_connect(t, EXACT "{}.a");
    client_subscribe(other, EXACT "{}/b/c", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE(EXACT "a/{}/b/c", "one", .qos = 1));
    client_publish(publisher, MESSAGE(EXACT "{}/b/c", "other", .qos = 1));
    client_expect(one, MESSAGE(EXACT "a/{}/b/c", "one"));
    client_expect_nothing_more(one);
    client_expect(other, MESSAGE(EXACT "{}/b/c", "other"));
    client_expect_nothing_more(other);
}

/* The same with the name of a share, which is another client's identifier. */
TEST(shares_are_not_mixed_up, "artemis/R07-wildcards",
     "5.0/RULE-shared-one-receiver", .needs = "shared")
{
    struct client *member = client_connect(t, "member");
    client_subscribe(member, EXACT "$share/{}/{}/b", 1);
    struct client *single = client_connect(t, EXACT "{}");
    client_subscribe(single, EXACT "{}/b", 1);
    struct client *other = client_connect(t, "other");
    client_subscribe(other, EXACT "$share/{}/{}/c", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE(EXACT "{}/b", "x", .qos = 1));
    client_expect(member, MESSAGE(EXACT "{}/b", "x"));
    client_expect_nothing_more(member);
    client_expect(single, MESSAGE(EXACT "{}/b", "x"));
    client_expect_nothing_more(single);
    client_expect_nothing_more(other);
}

struct pair {
    struct row row;
    uint8_t published, granted, delivered;
};
static const struct pair pairs[] = {
    {{"0_to_0"}, 0, 0, 0}, {{"0_to_1"}, 0, 1, 0}, {{"0_to_2"}, 0, 2, 0},
    {{"1_to_0"}, 1, 0, 0}, {{"1_to_1"}, 1, 1, 1}, {{"1_to_2"}, 1, 2, 1},
    {{"2_to_0"}, 2, 0, 0}, {{"2_to_1"}, 2, 1, 1}, {{"2_to_2"}, 2, 2, 2},
};

/* A message is delivered at the lower of its QoS and the subscription's, live
 * or retained. */
TEST_EACH(delivery_at_the_lower_qos, pairs, "artemis/R02-qos-minimum",
          "3.1.1/MQTT-3.8.4-6", "5.0/MQTT-3.8.4-8",
          "3.1/RULE-publish-qos-downgrade", ALL, .needs = "qos2 retain")
{
    const struct pair *row = t_row(t);
    struct peer *live = peer_hello(t, "live");
    peer_subscribe(live, "news", row->granted);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("news", "x", .qos = row->published, .retain = 1));
    peer_expect_message(
        live, MESSAGE("news", "x", .qos = row->delivered, .retain = 0));
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, "news", row->granted);
    peer_expect_message(
        late, MESSAGE("news", "x", .qos = row->delivered, .retain = 1));
}

/* The retained message comes before any other one, and it is the last that was
 * retained. */
TEST(retained_comes_first, "artemis/R03-retained-first", ALL, .needs = "retain")
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "old", .qos = 1, .retain = 1));
    peer_publish(writer, MESSAGE("news", "kept", .qos = 1, .retain = 1));
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    peer_publish(writer, MESSAGE("news", "live", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "kept", .retain = 1));
    peer_expect_message(reader, MESSAGE("news", "live", .retain = 0));
    peer_expect_nothing(reader);
}

/* A retained message stays until it is deleted by an empty one, which is
 * delivered to those who listen and kept for nobody. */
TEST(retained_until_deleted, "artemis/R03-retained-until-deleted",
     "3.1.1/MQTT-3.3.1-5", "5.0/MQTT-3.3.1-5", ALL, .needs = "retain")
{
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "kept", .qos = 1, .retain = 1));
    peer_disconnect(writer);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    peer_expect_message(reader, MESSAGE("news", "kept", .retain = 1));
    struct peer *again = peer_hello(t, "writer");
    peer_publish(again, MESSAGE("news", "", .qos = 1, .retain = 1));
    peer_expect_message(reader, MESSAGE("news", ""));
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, "news", 1);
    peer_expect_nothing(late);
}

/* Where retained messages are kept is no topic that others reach. */
TEST(retained_store_is_no_topic, "artemis/R03-retained-until-deleted", ALL,
     .needs = "retain", .own_broker = true)
{
    struct peer *writer = peer_hello(t, "writer");
    struct peer *early = peer_hello(t, "early");
    peer_subscribe(early, EXACT "#", 1);
    peer_send(writer, PUBLISH(.topic = EXACT "$sys/mqtt/retain/x",
                              .payload = "forged"));
    peer_send(writer, PUBLISH(.topic = EXACT "$sys.mqtt.retain.x",
                              .payload = "forged"));
    peer_publish(writer, MESSAGE("news", "kept", .qos = 1, .retain = 1));
    peer_expect_message(early, MESSAGE("news", "kept", .qos = 1));
    peer_expect_nothing(early);
    struct peer *late = peer_hello(t, "late");
    peer_subscribe(late, EXACT "x", 1);
    peer_expect_nothing(late);
}

SUITE(artemis_wildcards, "Artemis R07 Wildcard subscriptions", wildcard_matches,
      wildcard_does_not_match, wildcard_matches_in_custom_syntax,
      wildcard_does_not_match_in_custom_syntax, retained_is_found_by_wildcard,
      subscriptions_are_not_mixed_up, shares_are_not_mixed_up,
      delivery_at_the_lower_qos, retained_comes_first, retained_until_deleted,
      retained_store_is_no_topic);
