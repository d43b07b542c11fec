/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_bounds.c -- large, deep, many, slow, and half finished.
 *
 * What a broker does with such input is its own affair; others are served.
 * Spec: 5.0 s1.5.4, 3.1.4, 4.7.3, 4.13; 3.1.1 s1.5.3, 3.1.4, 4.7.3.
 */
#include "tests/robustness.h"

struct long_row {
    struct row row;
    const struct wire_packet *packet;
    const char *field, *pattern;
    size_t n, n_options;
};
enum { MOST = 65535 };

#define A_CONNECT                                                              \
    CONNECT(.client_id = "x", .clean_start = 1,                                \
            .will = {.topic = "$data/will", .payload = "gone"},                \
            .user_name = "u", .password = "p")
static const struct long_row long_first[] = {
    {{"client_id"}, A_CONNECT, "client_id", "x", MOST},
    {{"client_id_24"}, A_CONNECT, "client_id", "x", 24},
    {{"client_id_slashes"}, A_CONNECT, "client_id", "/", MOST},
    {{"will_topic"}, A_CONNECT, "will.topic", "w", MOST},
    {{"will_topic_deep"}, A_CONNECT, "will.topic", "w/", MOST},
    {{"will_payload"}, A_CONNECT, "will.payload", "0123456789", MOST},
    {{"user_name"}, A_CONNECT, "user_name", "u", MOST},
    {{"password"}, A_CONNECT, "password", "p", MOST},
    {{"protocol_name"}, A_CONNECT, "protocol_name", "MQTT", MOST},
};

/* The longest strings that CONNECT can have disturb nobody. */
TEST_EACH(long_string_in_connect_disturbs_nobody, long_first, DISTURBS_NOBODY,
          EVERY_TRANSPORT)
{
    const struct long_row *row = t_row(t);
    hostile_is_survived_first(t, hostile_long(t, row->packet, row->field,
                                              row->pattern, row->n,
                                              row->n_options));
}

#define A_PUBLISH PUBLISH(.topic = "a", .payload = "x")
#define QOS_1 PUBLISH(.topic = "a", .payload = "x", .qos = 1, .packet_id = 1)
#define A_SUBSCRIBE SUBSCRIBE(.packet_id = 1)
#define AN_UNSUBSCRIBE UNSUBSCRIBE(.packet_id = 1)
static const struct long_row long_strings[] = {
    {{"topic"}, A_PUBLISH, "topic", "hostile", MOST},
    {{"topic_of_slashes"}, A_PUBLISH, "topic", "/", MOST},
    {{"topic_of_200_levels"}, QOS_1, "topic", "h/", 399},
    {{"topic_of_201_levels"}, QOS_1, "topic", "h/", 401},
    {{"topic_of_32768_levels"}, A_PUBLISH, "topic", "h/", MOST},
    {{"topic_of_32768_levels_qos_1"}, QOS_1, "topic", "h/", MOST},
    {{"topic_of_four_octets"}, A_PUBLISH, "topic", "\xf0\x9f\x98\x80", 65532},
    {{"topic_of_dollars"}, A_PUBLISH, "topic", "$", MOST},
    {{"filter"}, A_SUBSCRIBE, "filters", "hostile", MOST, 1},
    {{"filter_of_200_plus"}, A_SUBSCRIBE, "filters", "+/", 399, 1},
    {{"filter_of_wrong_plus"}, A_SUBSCRIBE, "filters", "+", MOST, 1},
    {{"filter_of_hash"}, A_SUBSCRIBE, "filters", "#", MOST, 1},
    {{"unsubscribe"}, AN_UNSUBSCRIBE, "filters", "hostile", MOST},
    {{"unsubscribe_deep"}, AN_UNSUBSCRIBE, "filters", "h/", MOST},
    {{"unsubscribe_of_plus"}, AN_UNSUBSCRIBE, "filters", "+/", MOST},
};

/* The longest strings, and the deepest names, disturb nobody. */
TEST_EACH(long_string_disturbs_nobody, long_strings, DISTURBS_NOBODY,
          EVERY_TRANSPORT)
{
    const struct long_row *row = t_row(t);
    hostile_is_survived(t, hostile_long(t, row->packet, row->field,
                                        row->pattern, row->n, row->n_options));
}

static const struct long_row deep_filters[] = {
    {{"slashes"}, A_SUBSCRIBE, "filters", "/", MOST, 1},
    {{"32768_levels"}, A_SUBSCRIBE, "filters", "h/", MOST, 1},
    {{"plus"}, A_SUBSCRIBE, "filters", "+/", MOST, 1},
    {{"share"}, A_SUBSCRIBE, "filters", "$share/", MOST, 1},
};

/* Nor do the deepest filters; a broker that keeps each level apart may be busy
 * with them for seconds. */
TEST_EACH(deep_filter_disturbs_nobody, deep_filters, DISTURBS_NOBODY,
          EVERY_TRANSPORT, .apart = true)
{
    const struct long_row *row = t_row(t);
    hostile_is_survived(t, hostile_long(t, row->packet, row->field,
                                        row->pattern, row->n, row->n_options));
}

struct many_row {
    struct row row;
    const struct wire_packet *packet;
    struct wire_bytes property;
    size_t n;
};
#define EMPTY_PAIR                                                             \
    {                                                                          \
        {"\x26\0\0\0\0"}, 5                                                    \
    }
#define PAIR                                                                   \
    {                                                                          \
        {"\x26\0\3key\0\5value"}, 13                                           \
    }
static const struct many_row many_first[] = {
    {{"user_properties"}, A_CONNECT, EMPTY_PAIR, 20000},
    {{"larger_user_properties"}, A_CONNECT, PAIR, 5000},
};

/* Thousands of User Properties in CONNECT disturb nobody. */
TEST_EACH(many_properties_in_connect_disturb_nobody, many_first,
          DISTURBS_NOBODY, .versions = "5.0", EVERY_TRANSPORT)
{
    const struct many_row *row = t_row(t);
    hostile_is_survived_first(
        t, hostile_properties(t, row->packet, row->property, row->n));
}

static const struct many_row many[] = {
    {{"publish"}, PUBLISH(.topic = "$data/hostile"), EMPTY_PAIR, 20000},
    {{"publish_larger"}, PUBLISH(.topic = "$data/hostile"), PAIR, 5000},
    {{"subscribe"}, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}), PAIR, 5000},
    {{"unsubscribe"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}}),
     PAIR,
     5000},
    {{"puback"}, PUBACK(.packet_id = 1), PAIR, 5000},
    {{"pubrel"}, PUBREL(.packet_id = 1), PAIR, 5000},
    {{"disconnect"}, DISCONNECT(), PAIR, 5000},
    {{"identifiers"},
     PUBLISH(.topic = "$data/hostile"),
     {{"\x0b\1"}, 2},
     20000},
};

/* Thousands of properties in any other packet disturb nobody. */
TEST_EACH(many_properties_disturb_nobody, many, DISTURBS_NOBODY,
          .versions = "5.0", EVERY_TRANSPORT)
{
    const struct many_row *row = t_row(t);
    hostile_is_survived(
        t, hostile_properties(t, row->packet, row->property, row->n));
}

struct number_row {
    struct row row;
    size_t n;
};
static const struct number_row filter_numbers[] = {
    {{"9"}, 9}, {{"200"}, 200}, {{"2000"}, 2000}};

/* Many filters in one SUBSCRIBE disturb nobody; if they get a SUBACK, it has a
 * code for each. */
TEST_EACH(many_filters_disturb_nobody, filter_numbers, DISTURBS_NOBODY,
          EVERY_TRANSPORT, .apart = true)
{
    const struct number_row *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_hello(t, "many");
    peer_send(peer, hostile_subscribe(t, row->n));
    const struct wire_packet *suback =
        peer_expect_or_close(peer, SUBACK(.packet_id = 1));
    t_check(t, !suback || wire_len(suback->codes) == row->n,
            "a code for each filter", "%zu codes", wire_len(suback->codes));
    peer_drop(peer);
    hostile_others_are_served(t, watcher);
}

struct crowd_row {
    struct row row;
    const struct wire_packet *packet;
    size_t octets;
};
static const struct crowd_row crowds[] = {
    {{"silent"}, NULL, 0},
    {{"one_octet"}, A_CONNECT, 1},
    {{"half_a_connect"}, A_CONNECT, 15},
    {{"all_but_one_octet"}, A_CONNECT, 30},
    {{"announced_256_mib"}, RAW("10 ffffff7f 0004 4d515454"), 64},
};

/* Fifty connections that do not get beyond a part of their CONNECT disturb
 * nobody. */
TEST_EACH(crowd_of_unfinished_connects_disturbs_nobody, crowds, DISTURBS_NOBODY,
          WATCHED)
{
    const struct crowd_row *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    hostile_crowd(t, 50, row->packet, row->octets);
    hostile_others_are_served(t, watcher);
}

/* Clients that come and are gone at once disturb nobody. */
TEST(coming_and_going_disturbs_nobody, DISTURBS_NOBODY, WATCHED)
{
    struct peer *watcher = hostile_watcher(t);
    hostile_churn(t, 100);
    hostile_others_are_served(t, watcher);
}

/* A subscriber that reads nothing holds up nobody else. */
TEST(subscriber_that_never_reads_disturbs_nobody, DISTURBS_NOBODY, WATCHED)
{
    struct peer *watcher = hostile_watcher(t);
    struct peer *deaf = peer_hello(t, "deaf");
    peer_send(deaf, SUBSCRIBE(.packet_id = 1, .filters = {{"$data/flood"}}));
    peer_expect(deaf, SUBACK(.packet_id = 1)); /* it may refuse $ topics */
    struct peer *writer = peer_hello(t, "writer");
    hostile_flood(writer, "$data/flood", 60, 60000);
    hostile_others_are_served(t, watcher);
}

/* A client that has said all it will say, but listens, is no danger. */
TEST(half_open_connection_disturbs_nobody, DISTURBS_NOBODY, WATCHED)
{
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "half", .clean_start = 1));
    peer_half_close(peer);
    hostile_others_are_served(t, watcher);
}

static const struct crowd_row announcements[] = {
    {{"connect"}, RAW("10 ffffff7f 0004 4d515454"), 64},
    {{"publish"}, RAW("30 ffffff7f 0001 61"), 64},
    {{"subscribe"}, RAW("82 ffffff7f 0001"), 64},
};

/* A length of 256 MiB that is only announced takes no memory: twenty of them
 * would take 5 GiB. */
TEST_EACH(announced_length_takes_no_memory, announcements,
          "robustness/R2-memory-bounded", .own_broker = true,
          .needs = "wildcards process")
{
    const struct crowd_row *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    hostile_others_are_served(t, watcher);
    watcher = hostile_watcher(t);
    long before_kib = t_broker_memory_kib(t);
    hostile_crowd(t, 10, row->packet, row->octets);
    hostile_guests(t, 10, row->packet);
    hostile_others_are_served(t, watcher);
    long grown_kib = t_broker_memory_kib(t) - before_kib;
    t_check(t, grown_kib < 100 * 1024, "the memory does not grow by 100 MiB",
            "it grew by %ld KiB", grown_kib);
}

/* Connections that were cut off leave no descriptor open. */
TEST(descriptors_are_released, "robustness/R2-descriptors-released",
     .own_broker = true, .needs = "wildcards process")
{
    struct peer *watcher = hostile_watcher(t);
    long before = t_broker_descriptors(t);
    hostile_churn(t, 100);
    hostile_descriptors_fall(t, watcher, before + 5);
}

/* By when a connection must be closed that has a second or two. */
enum { LATEST_MS = 8000 };

static const struct crowd_row unfinished[] = {
    {{"silence"}, A_CONNECT, 0},
    {{"one_octet"}, A_CONNECT, 1},
    {{"half_a_connect"}, A_CONNECT, 15},
};

/* A connection that does not get beyond a part of its CONNECT is closed. */
TEST_EACH(unfinished_connect_is_closed, unfinished,
          "robustness/R2-waits-bounded", .settings = "handshake-timeout=1",
          .seconds = 2)
{
    const struct crowd_row *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send_part(peer, row->packet, row->octets);
    peer_expect_close_within(peer, 0, LATEST_MS);
}

static void send_octets_until_close(struct t *t, struct peer *peer)
{
    int64_t from_ms = t_elapsed_ms(t);
    do {
        t_check(t, t_elapsed_ms(t) - from_ms < LATEST_MS,
                "the close a second or two after the connection was made",
                "it does not come within 8 s");
        peer_send_octets(peer, BYTES("x"));
    } while (!peer_closes_within(peer, 400));
}

/* Nor is one that gets nearer to the end of its CONNECT, and never there. */
TEST(dribbling_connect_is_closed, "robustness/R2-waits-bounded",
     .settings = "handshake-timeout=1", .seconds = 2)
{
    struct peer *peer = peer_open(t);
    const char *id = t_fill(t, 200, "x").text;
    peer_send_part(peer, CONNECT(.client_id = {id}, .clean_start = 1), 40);
    send_octets_until_close(t, peer);
}

#define TIMED                                                                  \
    "artemis/R18-handshake-timeout", .settings = "handshake-timeout=2",        \
                                     .needs = "acceptor_parameters",           \
                                     .transports = "tcp ws", .seconds = 3

/* handshake-timeout demands both. */
TEST_EACH(handshake_that_does_not_end_is_closed, unfinished, TIMED)
{
    const struct crowd_row *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send_part(peer, row->packet, row->octets);
    peer_expect_close_within(peer, 0, LATEST_MS);
}

TEST(dribbling_handshake_is_closed, TIMED)
{
    struct peer *peer = peer_open(t);
    const char *id = t_fill(t, 200, "x").text;
    peer_send_part(peer, CONNECT(.client_id = {id}, .clean_start = 1), 40);
    send_octets_until_close(t, peer);
}

static const struct input leftovers[] = {
    {{"publish"}, PUBLISH(.topic = "$data/hostile", .payload = "late")},
    {{"subscribe"}, SUBSCRIBE(.packet_id = 1, .filters = {{"#"}})},
    {{"connect"}, CONNECT(.client_id = "again", .clean_start = 1)},
    {{"disconnect"}, DISCONNECT()},
    {{"garbage"}, RAW("ffffffff ffffffff 00000000")},
};

/* What comes behind DISCONNECT disturbs nobody. */
TEST_EACH(packet_behind_disconnect_disturbs_nobody, leftovers, DISTURBS_NOBODY,
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_hello(t, "leaving");
    peer_send_together(peer, DISCONNECT(), row->packet);
    hostile_finish(peer);
    hostile_others_are_served(t, watcher);
}

/* Nor is it served. */
TEST(message_behind_disconnect_goes_nowhere,
     "robustness/R1-nothing-behind-the-end", EVERY_TRANSPORT)
{
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_hello(t, "leaving");
    peer_send_together(peer, DISCONNECT(),
                       PUBLISH(.topic = "a", .payload = "late"));
    hostile_finish(peer);
    peer_expect_nothing(watcher);
}

/* CONNECT, SUBSCRIBE and PUBLISHes in one segment are all served; CONNACK comes
 * first. */
TEST(packets_before_connack_are_served, "robustness/R3-coalesced",
     "3.1.1/MQTT-3.2.0-1", "5.0/MQTT-3.2.0-1", .transports = "tcp ws",
     .needs = "qos2")
{
    struct peer *peer = peer_open(t);
    peer_send_together(
        peer, CONNECT(.client_id = "hasty", .clean_start = 1),
        SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 1}}),
        PUBLISH(.topic = "a", .payload = "1", .qos = 1, .packet_id = 2),
        PUBLISH(.topic = "b", .payload = "2", .qos = 2, .packet_id = 3),
        PUBREL(.packet_id = 3), UNSUBSCRIBE(.packet_id = 4, .filters = {{"c"}}),
        PINGREQ());
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_all(peer, SUBACK(.packet_id = 1), PUBACK(.packet_id = 2),
                    PUBLISH(.topic = "a", .payload = "1", .qos = 1),
                    PUBREC(.packet_id = 3), PUBCOMP(.packet_id = 3),
                    UNSUBACK(.packet_id = 4), PINGRESP());
}

/* The same, each octet in a segment of its own. */
TEST(packets_octet_by_octet_are_served, "robustness/R3-octet-by-octet",
     .transports = "tcp ws", .needs = "qos2")
{
    struct peer *peer = peer_open(t);
    peer_send_dribbling(peer, CONNECT(.client_id = "slow", .clean_start = 1));
    peer_send_dribbling(
        peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 1}}));
    peer_send_dribbling(
        peer, PUBLISH(.topic = "a", .payload = "1", .qos = 2, .packet_id = 2));
    peer_send_dribbling(peer, PUBREL(.packet_id = 2));
    peer_send_dribbling(peer, PINGREQ());
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_all(peer, SUBACK(.packet_id = 1), PUBREC(.packet_id = 2),
                    PUBLISH(.topic = "a", .payload = "1", .qos = 1),
                    PUBCOMP(.packet_id = 2), PINGRESP());
}

SUITE(robustness_bounds, "Robustness: bounds",
      long_string_in_connect_disturbs_nobody, long_string_disturbs_nobody,
      deep_filter_disturbs_nobody, many_properties_in_connect_disturb_nobody,
      many_properties_disturb_nobody, many_filters_disturb_nobody,
      crowd_of_unfinished_connects_disturbs_nobody,
      coming_and_going_disturbs_nobody,
      subscriber_that_never_reads_disturbs_nobody,
      half_open_connection_disturbs_nobody, announced_length_takes_no_memory,
      descriptors_are_released, unfinished_connect_is_closed,
      packet_behind_disconnect_disturbs_nobody,
      message_behind_disconnect_goes_nowhere, packets_before_connack_are_served,
      packets_octet_by_octet_are_served, dribbling_connect_is_closed,
      handshake_that_does_not_end_is_closed, dribbling_handshake_is_closed);
