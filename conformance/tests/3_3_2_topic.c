/* SPDX-License-Identifier: Apache-2.0 */
/* 3_3_2_topic.c -- the Topic Name of PUBLISH, and its aliases.
 *
 * Spec: 3.1.1 s3.3.2; 5.0 s3.3.2.1, s3.3.2.3.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct name {
    struct row row;
    const char *topic;
};
static const struct name wildcards[] = {
    {{"plus"}, "news/+"},          {{"hash"}, "news/#"},
    {{"plus_inside"}, "news/a+b"}, {{"hash_inside"}, "news/a#"},
    {{"plus_first"}, "+/news"},
};

/* A Topic Name holds no wildcard: the connection ends, and the message goes
 * nowhere. */
TEST_EACH(wildcard_in_topic_name_closes, wildcards, "3.1.1/MQTT-3.3.2-2",
          "5.0/MQTT-3.3.2-2")
{
    const struct name *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "#", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = row->topic, .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
    client_expect_nothing_more(watcher);
}

/* The topic comes first in the variable header, and arrives as it was sent. */
TEST(topic_name_comes_first, "3.1.1/MQTT-3.3.2-1", "5.0/MQTT-3.3.2-1")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news/#", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news/North Sea/\xc3\xa9", "rain"));
    const struct wire_packet *packet = peer_expect(
        reader, PUBLISH(.topic = "news/North Sea/\xc3\xa9", .payload = "rain"));
    size_t n = wire_len(packet->topic);
    t_check(t,
            (size_t)(packet->body.octets[0] << 8 | packet->body.octets[1]) == n,
            "the length of the topic in the first two octets", "%02x %02x",
            packet->body.octets[0], packet->body.octets[1]);
}

/* A topic that is cut short by the end of its packet is malformed. */
TEST(topic_name_longer_than_packet_closes, "3.1.1/MQTT-3.3.2-1",
     "5.0/MQTT-3.3.2-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, RAW("30 05 00ff 616263"));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
}

struct match {
    struct row row;
    const char *filter, *topic;
};
static const struct match matching[] = {
    {{"itself"}, "a/b", "a/b"},
    {{"plus"}, "a/+", "a/b"},
    {{"plus_empty"}, "a/+", "a/"},
    {{"plus_inside"}, "a/+/c", "a/b/c"},
    {{"plus_inside_empty"}, "a/+/c", "a//c"},
    {{"hash"}, "a/#", "a/b/c"},
    {{"hash_parent"}, "a/#", "a"},
    {{"plus_and_hash"}, "+/b/#", "a/b/c/d"},
    {{"dot"}, "a.b/c.d", "a.b/c.d"},
    {{"star"}, "a/*/b", "a/*/b"},
    {{"backslash"}, "a\\b\\", "a\\b\\"},
    {{"blank"}, " a / b ", " a / b "},
    {{"quotes"}, "it's \"a\"", "it's \"a\""},
    {{"colons"}, "a::b", "a::b"},
    {{"greater"}, "a/>", "a/>"},
    {{"percent"}, "a/%s%n", "a/%s%n"},
    {{"dollar_inside"}, "a/$b/#", "a/$b/c"},
};

/* A topic that matches the filter is sent to its subscriber. */
TEST_EACH(matching_topic_is_delivered, matching, "3.1.1/MQTT-3.3.2-3",
          "5.0/MQTT-3.3.2-3", "3.1/RULE-wildcards", .needs = "wildcards")
{
    const struct match *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, row->filter, 1);
    client_publish(reader, MESSAGE(row->topic, "x", .qos = 1));
    client_expect(reader, MESSAGE(row->topic, "x"));
    client_expect_nothing_more(reader);
}

static const struct match strange[] = {
    {{"another"}, "a/b", "a/c"},
    {{"longer"}, "a/b", "a/b/c"},
    {{"shorter"}, "a/b", "a"},
    {{"case"}, "a/b", "a/B"},
    {{"trailing_slash"}, "a/b", "a/b/"},
    {{"leading_slash"}, "a/b", "/a/b"},
    {{"empty_level"}, "a//b", "a/b"},
    {{"plus_two_levels"}, "a/+", "a/b/c"},
    {{"plus_parent"}, "a/+", "a"},
    {{"plus_inside_other"}, "a/+/c", "a/b/d"},
    {{"hash_sibling"}, "a/#", "ab"},
    {{"hash_other"}, "a/b/#", "a/c/b"},
    {{"dot_is_no_slash"}, "a.b", "a/b"},
    {{"slash_is_no_dot"}, "a/b", "a.b"},
    {{"star_is_no_plus"}, "a/*", "a/b"},
    {{"greater_is_no_hash"}, "a/>", "a/b"},
    {{"percent_is_no_wildcard"}, "a/%", "a/b"},
};

/* A topic that does not match the filter is not sent. */
TEST_EACH(other_topic_is_not_delivered, strange, "3.1.1/MQTT-3.3.2-3",
          "5.0/MQTT-3.3.2-3", "3.1/RULE-wildcards", .needs = "wildcards")
{
    const struct match *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, row->filter, 1);
    client_publish(reader, MESSAGE(row->topic, "x", .qos = 1));
    client_expect_nothing_more(reader);
}

/* An empty topic without an alias names nothing. */
TEST(empty_topic_without_alias_closes, "5.0/RULE-publish-topic-empty",
     "5.0/MQTT-4.13.1-1", "3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              PUBLISH(.topic = "", .payload = "x", .qos = 1, .packet_id = 1));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR,
                      TOPIC_NAME_INVALID);
}

/* Alias 0 does not exist. */
TEST(alias_0_closes, "5.0/MQTT-3.3.2-8", "5.0/RULE-publish-topic-alias-zero")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1, .props.topic_alias = OPT(0)));
    peer_expect_error(peer, TOPIC_ALIAS_INVALID, PROTOCOL_ERROR,
                      MALFORMED_PACKET);
    client_expect_nothing_more(watcher);
}

/* An alias that was never set stands for no topic. */
TEST(unknown_alias_closes, "5.0/RULE-publish-topic-alias-unknown",
     "5.0/MQTT-4.13.1-1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "", .payload = "x", .qos = 1,
                            .packet_id = 1, .props.topic_alias = OPT(1)));
    peer_expect_error(peer, TOPIC_ALIAS_INVALID, PROTOCOL_ERROR);
}

/* An alias lasts as long as its connection: the next one of the same session
 * does not know it. */
TEST(alias_ends_with_the_connection, "5.0/MQTT-3.3.2-7", .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *first =
        peer_connect(t, CONNECT(.client_id = "one",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_publish(first,
                 MESSAGE("news", "1", .qos = 1, .props.topic_alias = OPT(1)));
    client_expect(watcher, MESSAGE("news", "1"));
    peer_disconnect(first);
    struct peer *second =
        peer_connect(t, CONNECT(.client_id = "one",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_send(second, PUBLISH(.topic = "", .payload = "2", .qos = 1,
                              .packet_id = 1, .props.topic_alias = OPT(1)));
    peer_expect_error(second, TOPIC_ALIAS_INVALID, PROTOCOL_ERROR);
    client_expect_nothing_more(watcher);
}

/* An alias belongs to its connection: another one sets its own. */
TEST(alias_is_of_one_connection, "5.0/MQTT-3.3.2-7", .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news/+", 1);
    struct peer *north = peer_hello(t, "north");
    struct peer *south = peer_hello(t, "south");
    peer_publish(north, MESSAGE("news/north", "1", .qos = 1,
                                .props.topic_alias = OPT(1)));
    peer_publish(south, MESSAGE("news/south", "2", .qos = 1,
                                .props.topic_alias = OPT(1)));
    peer_send(north, PUBLISH(.topic = "", .payload = "3", .qos = 1,
                             .packet_id = 99, .props.topic_alias = OPT(1)));
    peer_expect(north, PUBACK(.packet_id = 99));
    client_expect_all(watcher, MESSAGE("news/north", "1"),
                      MESSAGE("news/south", "2"), MESSAGE("news/north", "3"));
    client_expect_nothing_more(watcher);
}

/* The first alias and the last one that the server takes both stand for the
 * topic they were set to. */
TEST(aliases_up_to_the_maximum_are_taken, "5.0/MQTT-3.3.2-12",
     .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news/+", 1);
    struct peer *peer = peer_hello(t, "one");
    uint32_t maximum =
        wire_value(peer_connack(peer)->props.topic_alias_maximum, 0);
    t_skip_unless(t, maximum > 1, "the server takes less than two aliases");
    peer_publish(peer, MESSAGE("news/first", "1", .qos = 1,
                               .props.topic_alias = OPT(1)));
    peer_publish(peer, MESSAGE("news/last", "2", .qos = 1,
                               .props.topic_alias = OPT(maximum)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "3", .qos = 1,
                            .packet_id = 98, .props.topic_alias = OPT(1)));
    peer_expect(peer, PUBACK(.packet_id = 98));
    peer_send(peer,
              PUBLISH(.topic = "", .payload = "4", .qos = 1, .packet_id = 99,
                      .props.topic_alias = OPT(maximum)));
    peer_expect(peer, PUBACK(.packet_id = 99));
    client_expect_all(watcher, MESSAGE("news/first", "1"),
                      MESSAGE("news/last", "2"), MESSAGE("news/first", "3"),
                      MESSAGE("news/last", "4"));
}

/* Aliases are numbers of two octets, each of which counts. */
TEST(aliases_far_apart_are_two, "5.0/MQTT-3.3.2-12", .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news/+", 1);
    struct peer *peer = peer_hello(t, "one");
    t_skip_unless(
        t, wire_value(peer_connack(peer)->props.topic_alias_maximum, 0) > 256,
        "the server takes no Topic Alias above 256");
    peer_publish(peer,
                 MESSAGE("news/1", "a", .qos = 1, .props.topic_alias = OPT(1)));
    peer_publish(peer, MESSAGE("news/257", "b", .qos = 1,
                               .props.topic_alias = OPT(257)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "c", .qos = 1,
                            .packet_id = 99, .props.topic_alias = OPT(1)));
    peer_expect(peer, PUBACK(.packet_id = 99));
    client_expect_all(watcher, MESSAGE("news/1", "a"), MESSAGE("news/257", "b"),
                      MESSAGE("news/1", "c"));
}

/* An alias that is set once more stands for its new topic. */
TEST(alias_can_be_set_anew, "5.0/MQTT-3.3.2-12", .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news/+", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_publish(
        peer, MESSAGE("news/old", "1", .qos = 1, .props.topic_alias = OPT(1)));
    peer_publish(
        peer, MESSAGE("news/new", "2", .qos = 1, .props.topic_alias = OPT(1)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "3", .qos = 1,
                            .packet_id = 99, .props.topic_alias = OPT(1)));
    peer_expect(peer, PUBACK(.packet_id = 99));
    client_expect_all(watcher, MESSAGE("news/old", "1"),
                      MESSAGE("news/new", "2"), MESSAGE("news/new", "3"));
    client_expect_nothing_more(watcher);
}

/* The alias of the publisher goes no further: subscribers without a maximum
 * see the topic. */
TEST(alias_of_the_publisher_is_not_passed_on, "5.0/MQTT-3.1.2-27",
     .needs = "topic_alias")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("news", "1", .qos = 1, .props.topic_alias = OPT(1)));
    peer_send(writer, PUBLISH(.topic = "", .payload = "2", .qos = 1,
                              .packet_id = 99, .props.topic_alias = OPT(1)));
    peer_expect(writer, PUBACK(.packet_id = 99));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "1",
                                .props.topic_alias = NONE));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "2",
                                .props.topic_alias = NONE));
}

SUITE(publish_topic, "3.3.2 Topic Name and Topic Alias",
      wildcard_in_topic_name_closes, topic_name_comes_first,
      topic_name_longer_than_packet_closes, matching_topic_is_delivered,
      other_topic_is_not_delivered, empty_topic_without_alias_closes,
      alias_0_closes, unknown_alias_closes, alias_ends_with_the_connection,
      alias_is_of_one_connection, aliases_up_to_the_maximum_are_taken,
      alias_can_be_set_anew, alias_of_the_publisher_is_not_passed_on,
      aliases_far_apart_are_two);
