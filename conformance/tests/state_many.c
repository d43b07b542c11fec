/* SPDX-License-Identifier: Apache-2.0 */
/* state_many.c -- many of a kind, where a table or a field might be too small.
 *
 * Numbers are beyond those that an octet, a page or a round table holds.
 * Spec: 5.0 s2.2.1, s3.3.2, s3.8, s3.10, s4.4, s4.9; 3.1.1 s2.3.1, s3.8, s4.4.
 */
#include "client/client.h"
#include "peer/hostile.h"
#include "tests/state.h"

enum {
    FILTERS = 150,
    IN_FLIGHT = 300,
    WAITING = 50,
    IN_A_SEGMENT = 50,
    PAIRS = 50
};

/* The filters of hostile_subscribe. */
static const char *nth(struct t *t, size_t i)
{
    return t_text(t, "f/%zu", i);
}

/* Publishes to each of the filters; the reader gets all of it, or nothing. */
static void publish_to_each(struct peer *writer, struct peer *reader,
                            struct t *t, bool is_subscribed)
{
    for (size_t i = 0; i < FILTERS; i++) {
        peer_publish(writer, MESSAGE(nth(t, i), "x", .qos = 1));
        if (is_subscribed)
            peer_expect_message(reader, MESSAGE(nth(t, i), "x"));
    }
}

static const struct wire_packet *unsubscribe_of_each(struct t *t)
{
    struct wire_filter *filters = t_alloc(t, FILTERS * sizeof *filters);
    struct wire_packet *packet = t_alloc(t, sizeof *packet);
    for (size_t i = 0; i < FILTERS; i++)
        filters[i].filter.text = nth(t, i);
    *packet = *UNSUBSCRIBE(.packet_id = 2, .filter_list = filters,
                           .n_filter_list = FILTERS);
    return packet;
}

/* Every filter of a SUBSCRIBE that was granted takes effect, and every one of
 * an UNSUBSCRIBE ends. */
TEST(each_of_many_filters_counts, "3.1.1/MQTT-3.8.4-4", "5.0/MQTT-3.8.4-5",
     "3.1.1/MQTT-3.10.4-6", "5.0/MQTT-3.10.4-6")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_send(reader, hostile_subscribe(t, FILTERS));
    const struct wire_packet *suback =
        peer_expect(reader, SUBACK(.packet_id = 1, .reason = 0));
    t_check(t, wire_len(suback->codes) == FILTERS, "150 codes", "%zu of them",
            wire_len(suback->codes));
    struct peer *writer = peer_hello(t, "writer");
    publish_to_each(writer, reader, t, true);
    peer_send(reader, unsubscribe_of_each(t));
    peer_expect(reader, UNSUBACK(.packet_id = 2));
    publish_to_each(writer, reader, t, false);
    peer_expect_nothing(reader);
}

/* Takes what comes before PINGRESP, without an acknowledgement: n messages at
 * most; their identifiers into `ids`. A server may have fewer under way. */
static size_t take_open(struct peer *reader, uint16_t *ids, size_t n)
{
    size_t n_open = 0;
    const struct wire_packet *packet;
    peer_send(reader, PINGREQ());
    while (n_open < n) {
        packet = peer_expect_any(reader, PUBLISH(.qos = 1), PINGRESP());
        if (packet->type == WIRE_PINGRESP)
            return n_open;
        ids[n_open++] = packet->packet_id;
    }
    peer_expect(reader, PINGRESP());
    return n_open;
}

/* All of them come again, but the one that was acknowledged. */
static void take_again(struct peer *reader, struct t *t, const uint16_t *ids,
                       size_t n, size_t but)
{
    for (size_t i = 0; i < n; i++) {
        if (i != but)
            peer_expect(reader, PUBLISH(.payload = {t_text(t, "%zu", i)},
                                        .dup = 1, .packet_id = ids[i]));
    }
}

/* Publishes "0", "1" ... */
static void publish_numbers(struct peer *writer, struct t *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        peer_publish(writer,
                     MESSAGE("news", {{t_text(t, "%zu", i)}}, .qos = 1));
}

/* Of hundreds of messages under way, an acknowledgement ends the one it names:
 * when the client comes back, the others come again, in their order. */
TEST(one_of_many_is_acknowledged, "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1",
     "3.1.1/MQTT-4.6.0-1", "5.0/MQTT-4.6.0-5")
{
    enum { LATE = 256 };
    uint16_t ids[IN_FLIGHT];
    struct peer *reader = peer_connect(t, CONNECT(.client_id = "reader", KEPT));
    peer_subscribe(reader, "news", 1);
    publish_numbers(peer_hello(t, "writer"), t, IN_FLIGHT);
    size_t n_open = take_open(reader, ids, IN_FLIGHT);
    t_skip_unless(t, n_open > LATE, "%zu messages are under way at most",
                  n_open);
    peer_send(reader, PUBACK(.packet_id = ids[LATE]));
    peer_expect_alive(reader);
    peer_drop(reader);
    reader = peer_connect(t, CONNECT(.client_id = "reader", KEPT));
    take_again(reader, t, ids, n_open, LATE);
}

static void expect_numbers(struct peer *reader, struct t *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        peer_expect_message(reader, MESSAGE("news", {{t_text(t, "%zu", i)}}));
}

/* All that waits comes, however small the window is in which it comes. */
TEST(many_come_through_a_small_window, "5.0/MQTT-4.9.0-1", "5.0/MQTT-3.3.4-9",
     "5.0/MQTT-4.5.0-1")
{
    struct peer *reader = peer_connect(t, CONNECT(.client_id = "reader", KEPT));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    publish_numbers(peer_hello(t, "writer"), t, WAITING);
    reader = peer_connect(
        t, CONNECT(.client_id = "reader",
                   .props = {.receive_maximum = 2,
                             .session_expiry_interval_s = OPT(60)}));
    expect_numbers(reader, t, WAITING);
    peer_expect_nothing(reader);
}

/* Sends n messages in one segment, with the Packet Identifiers 1 to n. */
static void publish_together(struct peer *writer, struct t *t, size_t n)
{
    const struct wire_packet **packets = t_alloc(t, (n + 1) * sizeof *packets);
    for (size_t i = 0; i < n; i++) {
        struct wire_packet *packet = t_alloc(t, sizeof *packet);
        *packet = *PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                           .packet_id = (uint16_t)(i + 1));
        packets[i] = packet;
    }
    peer_send_list(writer, packets);
}

static void expect_pubacks(struct peer *writer, size_t n)
{
    for (size_t i = 0; i < n; i++)
        peer_expect(writer, PUBACK(.packet_id = (uint16_t)(i + 1)));
}

/* Packets are a stream: many in one segment are all served without waiting for
 * another octet. */
TEST(many_packets_in_one_segment, "3.1.1/MQTT-4.3.2-2", "5.0/MQTT-4.3.2-4")
{
    struct peer *writer = peer_hello(t, "writer");
    publish_together(writer, t, IN_A_SEGMENT);
    expect_pubacks(writer, IN_A_SEGMENT);
}

/* Every one of many User Properties reaches the subscriber. */
TEST(many_user_properties_reach_subscribers, "5.0/MQTT-3.3.2-17")
{
    static const struct wire_bytes pair = {{"\x26\0\1k\0\1v"}, 7};
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_send(writer,
              hostile_properties(t, PUBLISH(.topic = "news"), pair, PAIRS));
    const struct wire_packet *packet =
        peer_expect(reader, PUBLISH(.topic = "news"));
    t_check(t, packet->props.n_user_properties == PAIRS, "50 User Properties",
            "%zu of them", packet->props.n_user_properties);
}

struct length_row {
    struct row row;
    size_t octets; /* of the name; that of the case comes before it */
};
static const struct length_row lengths[] = {
    {{"250"}, 250},     {{"300"}, 300},     {{"1000"}, 1000},
    {{"32800"}, 32800}, {{"65529"}, 65529},
};

/* A long Topic Name comes as it was published. A server that does not take it
 * is in its right. */
TEST_EACH(long_topic_name_is_kept, lengths, "3.1.1/MQTT-3.3.2-3",
          "5.0/MQTT-3.3.2-3")
{
    const struct length_row *row = t_row(t);
    const char *topic = t_fill(t, row->octets, "t").text;
    struct peer *reader = peer_hello(t, "reader");
    struct peer *writer = peer_hello(t, "writer");
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{{topic}}}));
    const struct wire_packet *suback =
        peer_expect_or_close(reader, SUBACK(.packet_id = 1));
    t_skip_unless(t, suback && *suback->codes.text == 0,
                  "Topic Filters of %zu octets are refused", row->octets);
    peer_send(writer, PUBLISH(.topic = {topic}, .payload = "x", .qos = 1,
                              .packet_id = 2));
    const struct wire_packet *puback =
        peer_expect_or_close(writer, PUBACK(.packet_id = 2));
    t_skip_unless(t, puback && puback->reason < 0x80,
                  "Topic Names of %zu octets are refused", row->octets);
    peer_expect_message(reader, MESSAGE(topic, "x"));
}

static const struct length_row will_lengths[] = {
    {{"300"}, 300}, {{"32768"}, 32768}, {{"65535"}, 65535}};

/* So does the payload of a Will, which a server may not take either. */
TEST_EACH(long_will_payload_is_kept, will_lengths, "3.1.1/MQTT-3.1.2-8",
          "5.0/MQTT-3.1.2-8")
{
    const struct length_row *row = t_row(t);
    struct wire_bytes payload = t_fill(t, row->octets, "0123456789");
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "will", 1);
    struct peer *pump = peer_open(t);
    peer_send(pump, CONNECT(.client_id = "pump", .clean_start = 1,
                            .will = {.topic = "will", .payload = payload}));
    const struct wire_packet *connack = peer_expect_or_close(pump, CONNACK());
    t_skip_unless(t, connack && connack->reason == SUCCESS,
                  "Wills of %zu octets are refused", row->octets);
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("will", payload));
}

SUITE(state_many, "Many of a kind", each_of_many_filters_counts,
      one_of_many_is_acknowledged, many_come_through_a_small_window,
      many_packets_in_one_segment, many_user_properties_reach_subscribers,
      long_topic_name_is_kept, long_will_payload_is_kept);
