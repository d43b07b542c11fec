/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_limits.c -- receiveMaximum, topicAliasMaximum, maximumPacketSize and
 * what a client may have in flight: announced, kept at the boundary, switched
 * off.
 *
 * Spec: the Artemis MQTT manual, "Flow Control", "Topic Alias Maximum",
 * "Maximum Packet Size"; 5.0 s3.2.2.3, s4.9.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

#define AS_CONFIGURED .needs = "acceptor_parameters"
#define FRESH(id) CONNECT(.client_id = id, .clean_start = 1)

/* ---- receiveMaximum -------------------------------------------------------*/

/* receiveMaximum is told in CONNACK. */
TEST(receive_maximum_is_announced, "artemis/R11-receive-maximum-announced",
     "5.0/MQTT-3.3.4-7", .settings = "receiveMaximum=2", AS_CONFIGURED)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.receive_maximum = OPT(2)));
}

/* -1 leaves it out, which the standard reads as 65535: nobody is limited. */
TEST(receive_maximum_is_left_out, "artemis/R11-receive-maximum-announced",
     "artemis/R11-receive-maximum-value", "5.0/MQTT-3.3.4-7",
     .settings = "receiveMaximum=-1", AS_CONFIGURED)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.receive_maximum = NONE));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
    peer_expect(peer, PUBREC(.packet_id = 2));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 3));
    peer_expect(peer, PUBREC(.packet_id = 3));
}

/* A client that opens one exchange too many is disconnected with 0x93, and its
 * message goes nowhere. QoS 0 and QoS 1 messages that are acknowledged do not
 * count. */
TEST(receive_maximum_is_enforced, "artemis/R11-receive-maximum-enforced",
     "5.0/RULE-receive-maximum-exceeded", .settings = "receiveMaximum=2",
     AS_CONFIGURED)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "third", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_publish(peer, MESSAGE("a", "between", .qos = 1));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 102));
    peer_expect(peer, PUBREC(.packet_id = 102));
    peer_publish(peer, MESSAGE("a", "free", .qos = 0));
    peer_send(peer, PUBLISH(.topic = "third", .qos = 2, .packet_id = 103));
    peer_expect_disconnect(peer, RECEIVE_MAXIMUM_EXCEEDED);
    client_expect_nothing_more(watcher);
}

/* PUBREL frees the place of a QoS 2 exchange, PUBREC does not. */
TEST(receive_maximum_counts_until_pubrel,
     "artemis/R11-receive-maximum-enforced", "5.0/MQTT-3.3.4-7",
     .settings = "receiveMaximum=2", AS_CONFIGURED)
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
    peer_expect(peer, PUBREC(.packet_id = 2));
    peer_send(peer, PUBREL(.packet_id = 1));
    peer_expect(peer, PUBCOMP(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 3));
    peer_expect(peer, PUBREC(.packet_id = 3));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 4));
    peer_expect_disconnect(peer, RECEIVE_MAXIMUM_EXCEEDED);
}

/* A copy of a QoS 2 PUBLISH whose exchange is open opens no other. */
TEST(receive_maximum_counts_no_copies, "artemis/R11-receive-maximum-enforced",
     "5.0/MQTT-3.3.4-7", .settings = "receiveMaximum=2", AS_CONFIGURED)
{
    struct peer *peer = peer_hello(t, "one");
    const struct wire_packet *again =
        PUBLISH(.topic = "a", .qos = 2, .packet_id = 1, .dup = 1);
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send_together(peer, again, again, again);
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
    peer_expect(peer, PUBREC(.packet_id = 2));
}

/* A message that is refused leaves its place to the next one. */
TEST(receive_maximum_counts_no_refused, "artemis/R11-receive-maximum-enforced",
     "5.0/MQTT-3.3.4-7", .settings = "users=on;acl=on;receiveMaximum=1",
     AS_CONFIGURED)
{
    struct t_user bound = t_user_bound(t);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "bound", .clean_start = 1,
                   .user_name = {bound.name}, .password = {bound.password}));
    peer_send(peer, PUBLISH(.topic = "denied/x", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1, .reason = REASON_AT_LEAST(0x80)));
    peer_send(peer, PUBLISH(.topic = "denied/x", .qos = 1, .packet_id = 2));
    peer_expect(peer, PUBACK(.packet_id = 2, .reason = REASON_AT_LEAST(0x80)));
    peer_send(peer, PUBLISH(.topic = "a", .qos = 2, .packet_id = 3));
    peer_expect(peer, PUBREC(.packet_id = 3, .reason = SUCCESS));
}

/* The next message of QoS 1; the one of QoS 0 may come before it, or never. */
#define expect_past_free(peer, packet)                                         \
    expect_past_free_at(peer, HERE(#packet), packet)
static void expect_past_free_at(struct peer *peer, struct where where,
                                const struct wire_packet *expected)
{
    const struct wire_packet *either[] = {PUBLISH(.payload = "free"), expected,
                                          NULL};
    if (peer_expect_any_at(peer, where, either)->qos == 0)
        peer_expect_at(peer, where, expected);
}

/* The broker holds to the Receive Maximum of the client. (QoS 0 may pass by, or
 * wait as well: 5.0 s4.9.) */
TEST(client_receive_maximum, "artemis/R11-client-receive-maximum",
     "5.0/MQTT-3.3.4-9")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props.receive_maximum = OPT(1)));
    peer_subscribe(peer, "a", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    client_publish(writer, MESSAGE("a", "2", .qos = 1));
    uint16_t first =
        peer_expect(peer, PUBLISH(.payload = "1", .qos = 1))->packet_id;
    peer_expect_nothing(peer);
    client_publish(writer, MESSAGE("a", "free", .qos = 0));
    peer_send(peer, PUBACK(.packet_id = first));
    expect_past_free(peer, PUBLISH(.payload = "2", .qos = 1));
}

/* A client that names none, of 3.1.1 or 5.0, is held to
 * defaultMaximumInFlightPublishMessages. */
TEST(default_in_flight, "artemis/R11-client-receive-maximum",
     .versions = "3.1 3.1.1 5.0",
     .settings = "defaultMaximumInFlightPublishMessages=2", AS_CONFIGURED)
{
    struct peer *peer = peer_hello(t, "reader");
    peer_subscribe(peer, "a", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    client_publish(writer, MESSAGE("a", "2", .qos = 1));
    client_publish(writer, MESSAGE("a", "3", .qos = 1));
    uint16_t first = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    peer_expect(peer, PUBLISH(.payload = "2"));
    peer_expect_nothing(peer);
    peer_send(peer, PUBACK(.packet_id = first));
    peer_expect(peer, PUBLISH(.payload = "3"));
}

/* The number a 5.0 client names counts for more than the default. */
TEST(default_in_flight_gives_way, "artemis/R11-client-receive-maximum",
     "5.0/MQTT-3.3.4-9", .settings = "defaultMaximumInFlightPublishMessages=2",
     AS_CONFIGURED)
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props.receive_maximum = OPT(3)));
    peer_subscribe(peer, "a", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    client_publish(writer, MESSAGE("a", "2", .qos = 1));
    client_publish(writer, MESSAGE("a", "3", .qos = 1));
    client_publish(writer, MESSAGE("a", "4", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_expect(peer, PUBLISH(.payload = "2"));
    peer_expect(peer, PUBLISH(.payload = "3"));
    peer_expect_nothing(peer);
}

/* ---- topicAliasMaximum ----------------------------------------------------*/

/* topicAliasMaximum is told in CONNACK; the highest alias works, and can be
 * given to another topic. */
TEST(topic_alias_maximum_is_announced, "artemis/R12-topic-alias-announced",
     "5.0/MQTT-3.3.2-9", .settings = "topicAliasMaximum=5", AS_CONFIGURED)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "+", 0);
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(
        peer, CONNACK(.reason = SUCCESS, .props.topic_alias_maximum = OPT(5)));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "1",
                            .props.topic_alias = OPT(5)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "2",
                            .props.topic_alias = OPT(5)));
    peer_send(peer, PUBLISH(.topic = "b", .payload = "3",
                            .props.topic_alias = OPT(5)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "4",
                            .props.topic_alias = OPT(5)));
    client_expect(watcher, MESSAGE("a", "1"));
    client_expect(watcher, MESSAGE("a", "2"));
    client_expect(watcher, MESSAGE("b", "3"));
    client_expect(watcher, MESSAGE("b", "4"));
}

struct alias_row {
    struct row row;
    uint32_t alias;
};
static const struct alias_row outside[] = {
    {{"zero"}, 0}, {{"one_above"}, 6}, {{"most"}, 65535}};

/* Aliases outside of 1 to topicAliasMaximum are answered with 0x94. */
TEST_EACH(topic_alias_maximum_is_enforced, outside,
          "artemis/R12-topic-alias-enforced", "5.0/MQTT-3.3.2-8",
          .settings = "topicAliasMaximum=5", AS_CONFIGURED)
{
    const struct alias_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "a", 0);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "a", .payload = "x",
                            .props.topic_alias = OPT(row->alias)));
    peer_expect_disconnect(peer, TOPIC_ALIAS_INVALID);
    client_expect_nothing_more(watcher);
}

/* -1 leaves it out, which forbids aliases. */
TEST(topic_alias_maximum_is_left_out, "artemis/R12-topic-alias-announced",
     "artemis/R12-topic-alias-value", "5.0/MQTT-3.2.2-18",
     .settings = "topicAliasMaximum=-1", AS_CONFIGURED)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.topic_alias_maximum = NONE));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "x",
                            .props.topic_alias = OPT(1)));
    peer_expect_disconnect(peer, TOPIC_ALIAS_INVALID);
}

/* 0 forbids aliases, said or not. */
TEST(topic_alias_maximum_is_zero, "artemis/R12-topic-alias-announced",
     "5.0/MQTT-3.2.2-18", .settings = "topicAliasMaximum=0", AS_CONFIGURED)
{
    struct peer *peer = peer_hello(t, "one");
    t_check(t,
            wire_value(peer_connack(peer)->props.topic_alias_maximum, 0) == 0,
            "no Topic Alias Maximum, or 0", "CONNACK has another");
    peer_send(peer, PUBLISH(.topic = "a", .payload = "x",
                            .props.topic_alias = OPT(1)));
    peer_expect_disconnect(peer, TOPIC_ALIAS_INVALID);
}

/* An alias ends with its connection, though the session goes on. */
TEST(topic_alias_ends_with_connection, "artemis/R12-topic-alias-enforced",
     "5.0/MQTT-3.3.2-7", .settings = "topicAliasMaximum=5", AS_CONFIGURED)
{
    const struct wire_packet *connect =
        CONNECT(.client_id = "one", .props.session_expiry_interval_s = OPT(60));
    struct peer *first = peer_connect(t, connect);
    peer_publish(first, MESSAGE("a", "1", .props.topic_alias = OPT(5)));
    peer_disconnect(first);
    struct peer *second = peer_connect(t, connect);
    peer_send(second, PUBLISH(.topic = "", .payload = "2",
                              .props.topic_alias = OPT(5)));
    peer_expect_error(second, PROTOCOL_ERROR, TOPIC_ALIAS_INVALID);
}

/* ---- maximumPacketSize ----------------------------------------------------*/

#define LIMITED .settings = "maximumPacketSize=256", AS_CONFIGURED

/* Type and Remaining Length take 3 octets of a packet of 256. */
enum { LIMIT = 256, LIMITED_BODY = LIMIT - 3 };

/* The payload that makes a PUBLISH on "a" of just this size: the topic with its
 * length, the identifier of QoS 1, and the length of no properties go off. */
static struct wire_bytes payload_up_to(struct t *t, size_t body, int qos)
{
    size_t taken = 2 + strlen(t_topic(t, "a")) + (qos ? 2 : 0) + 1;
    return t_fill(t, body - taken, "x");
}

/* The filter that makes a SUBSCRIBE or UNSUBSCRIBE of just this size. */
static const char *filter_up_to(struct t *t, size_t body, size_t options)
{
    size_t taken = 2 + 1 + 2 + strlen(t_topic(t, "")) + 6 + options;
    return t_fill(t, body - taken, "f").text;
}

/* maximumPacketSize is told in CONNACK. */
TEST(maximum_packet_size_is_announced, "artemis/R13-packet-size-announced",
     "5.0/MQTT-3.2.2-15", LIMITED)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.maximum_packet_size = OPT(LIMIT)));
}

/* -1 leaves it out: large packets are taken. */
TEST(maximum_packet_size_is_left_out, "artemis/R13-packet-size-announced",
     "artemis/R13-packet-size-value", "5.0/MQTT-3.2.2-15",
     .settings = "maximumPacketSize=-1", AS_CONFIGURED)
{
    struct peer *peer = peer_open(t);
    peer_send(peer, FRESH("one"));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.maximum_packet_size = NONE));
    peer_publish(peer, MESSAGE("a", t_fill(t, 3000000, "large"), .qos = 1));
}

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row all_qos[] = {{{"0"}, 0}, {{"1"}, 1}, {{"2"}, 2}};

/* A PUBLISH of just that size is taken and delivered. */
TEST_EACH(publish_of_maximum_packet_size, all_qos,
          "artemis/R13-packet-size-enforced", "5.0/MQTT-3.2.2-15", LIMITED)
{
    const struct qos_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "a", 0);
    struct peer *peer = peer_hello(t, "one");
    struct wire_bytes payload = payload_up_to(t, LIMITED_BODY, row->qos);
    peer_publish(peer, MESSAGE("a", payload, .qos = row->qos));
    client_expect(watcher, MESSAGE("a", payload));
}

/* One octet more is answered with 0x95, and not delivered. */
TEST_EACH(publish_above_maximum_packet_size, all_qos,
          "artemis/R13-packet-size-enforced",
          "5.0/RULE-maximum-packet-size-enforced", LIMITED)
{
    const struct qos_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "a", 0);
    struct peer *peer = peer_hello(t, "one");
    struct wire_bytes payload = payload_up_to(t, LIMITED_BODY + 1, row->qos);
    peer_send(peer, PUBLISH(.topic = "a", .payload = payload, .qos = row->qos,
                            .packet_id = row->qos));
    peer_expect_disconnect(peer, PACKET_TOO_LARGE);
    client_expect_nothing_more(watcher);
}

/* So it is with SUBSCRIBE: taken at the limit, refused above it. */
TEST(subscribe_at_maximum_packet_size, "artemis/R13-packet-size-enforced",
     "5.0/RULE-maximum-packet-size-enforced", LIMITED)
{
    struct peer *peer = peer_hello(t, "one");
    peer_subscribe(peer, filter_up_to(t, LIMITED_BODY, 1), 0);
    peer_send(peer,
              SUBSCRIBE(.packet_id = 7,
                        .filters = {{filter_up_to(t, LIMITED_BODY + 1, 1)}}));
    peer_expect_disconnect(peer, PACKET_TOO_LARGE);
}

/* And with UNSUBSCRIBE. */
TEST(unsubscribe_at_maximum_packet_size, "artemis/R13-packet-size-enforced",
     "5.0/RULE-maximum-packet-size-enforced", LIMITED)
{
    struct peer *peer = peer_hello(t, "one");
    peer_unsubscribe(peer, filter_up_to(t, LIMITED_BODY, 0));
    peer_send(peer,
              UNSUBSCRIBE(.packet_id = 7,
                          .filters = {{filter_up_to(t, LIMITED_BODY + 1, 0)}}));
    peer_expect_disconnect(peer, PACKET_TOO_LARGE);
}

/* The size is known from the header: nobody waits for the rest of a packet that
 * is too large. */
TEST(packet_size_is_judged_by_its_header, "artemis/R13-packet-size-enforced",
     "5.0/RULE-maximum-packet-size-enforced", LIMITED)
{
    struct peer *peer = peer_hello(t, "one");
    peer_send_octets(peer, BYTES("\x30\xff\xff\xff\x7f\x00\x01"));
    peer_expect_disconnect(peer, PACKET_TOO_LARGE);
}

SUITE(artemis_limits, "Artemis R11-R13 limits", receive_maximum_is_announced,
      receive_maximum_is_left_out, receive_maximum_is_enforced,
      receive_maximum_counts_until_pubrel, receive_maximum_counts_no_copies,
      receive_maximum_counts_no_refused, client_receive_maximum,
      default_in_flight, default_in_flight_gives_way,
      topic_alias_maximum_is_announced, topic_alias_maximum_is_enforced,
      topic_alias_maximum_is_left_out, topic_alias_maximum_is_zero,
      topic_alias_ends_with_connection, maximum_packet_size_is_announced,
      maximum_packet_size_is_left_out, publish_of_maximum_packet_size,
      publish_above_maximum_packet_size, subscribe_at_maximum_packet_size,
      unsubscribe_at_maximum_packet_size, packet_size_is_judged_by_its_header);
