/* SPDX-License-Identifier: Apache-2.0 */
/* state_publish.c -- copies, repetitions and strays of the QoS hand-shakes.
 *
 * Brokers that take one duplicate have failed at the second, and brokers that
 * answer PUBREL have closed on one that came late.
 * Spec: 5.0 s4.3, 4.4; 3.1.1 s4.3, 4.4.
 */
#include "client/client.h"
#include "tests/state.h"

#define FIRST(text, id)                                                        \
    PUBLISH(.topic = "a", .payload = text, .qos = 2, .packet_id = id)
#define COPY(text, id)                                                         \
    PUBLISH(.topic = "a", .payload = text, .qos = 2, .packet_id = id, .dup = 1)

struct number_row {
    struct row row;
    size_t n;
};
static const struct number_row numbers[] = {
    {{"1"}, 1}, {{"2"}, 2}, {{"3"}, 3}, {{"10"}, 10}};

/* However many copies of a QoS 2 PUBLISH come before PUBREL, each gets its
 * PUBREC, and one message goes on. (Only 3.1.1 lets a client send copies on one
 * connection.) */
TEST_EACH(qos_2_copies_are_answered, numbers, "3.1.1/MQTT-4.3.3-2",
          .needs = "qos2")
{
    const struct number_row *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_hello(t, "writer");
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, row->n, COPY("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "1"));
    client_expect_nothing_more(reader);
}

/* In 5.0 a client must not send copies but when it resumes its session. Copies
 * that come too early may be answered or not: one message goes on, and the one
 * that comes in time is answered. */
TEST_EACH(early_copies_are_harmless, numbers, "5.0/MQTT-4.3.3-10",
          .needs = "qos2")
{
    const struct number_row *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    only_send_times(peer, row->n, COPY("1", 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, COPY("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "1"));
    client_expect_nothing_more(reader);
}

/* The same when each copy comes on a connection of its own. */
TEST(qos_2_copies_on_each_connection, "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10",
     .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, COPY("1", 7), PUBREC(.packet_id = 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, COPY("1", 7), PUBREC(.packet_id = 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "1"));
    client_expect_nothing_more(reader);
}

/* Two exchanges cross each other, copies and all: two messages. */
TEST(qos_2_exchanges_cross, "3.1.1/MQTT-4.3.3-2", .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_hello(t, "writer");
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1, FIRST("2", 8), PUBREC(.packet_id = 8));
    send_times(peer, 1, COPY("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1, COPY("2", 8), PUBREC(.packet_id = 8));
    send_times(peer, 1, PUBREL(.packet_id = 8), PUBCOMP(.packet_id = 8));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect_all(reader, MESSAGE("a", "1"), MESSAGE("a", "2"));
    client_expect_nothing_more(reader);
}

/* PUBREL that comes again and again, because PUBCOMP was lost each time, is
 * answered each time, and the identifier is free for a new message. */
TEST_EACH(pubrel_is_answered_each_time, numbers, "3.1.1/MQTT-4.3.3-2",
          "5.0/MQTT-4.3.3-11", .needs = "qos2")
{
    const struct number_row *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_hello(t, "writer");
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1 + row->n, PUBREL(.packet_id = 7),
               PUBCOMP(.packet_id = 7));
    send_times(peer, 1, FIRST("2", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1 + row->n, PUBREL(.packet_id = 7),
               PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "1"));
    client_expect(reader, MESSAGE("a", "2"));
    client_expect_nothing_more(reader);
}

/* The same over connections: PUBREL comes again on each that resumes. */
TEST(pubrel_is_answered_on_each_connection, "3.1.1/MQTT-4.3.3-2",
     "5.0/MQTT-4.3.3-11", .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 2, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "1"));
    client_expect_nothing_more(reader);
}

/* PUBREL with the identifier of a delivery in the other direction is a stray:
 * it is answered, and the delivery goes on. */
TEST(pubrel_of_the_other_direction, "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-11",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "both");
    peer_subscribe(peer, "a", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    send_times(peer, 1, PUBREL(.packet_id = id), PUBCOMP(.packet_id = id));
    send_times(peer, 1, PUBREC(.packet_id = id), PUBREL(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
}

/* The receiver says PUBREC again, as it has seen no PUBREL: it gets PUBREL
 * again. */
TEST_EACH(pubrec_is_answered_each_time, numbers, "3.1.1/MQTT-4.3.3-1",
          "5.0/MQTT-4.3.3-4", .needs = "qos2")
{
    const struct number_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "reader");
    peer_subscribe(peer, "a", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    send_times(peer, 1 + row->n, PUBREC(.packet_id = id),
               PUBREL(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
}

static const struct number_row levels[] = {{{"1"}, 1}, {{"2"}, 2}};

/* Messages that nobody has subscribed to are acknowledged like all others,
 * however many there are. */
TEST_EACH(messages_for_nobody_are_acknowledged, levels, "3.1.1/MQTT-4.3.2-2",
          "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.2-4", "5.0/MQTT-4.3.3-8",
          .needs = "qos2")
{
    const struct number_row *row = t_row(t);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    publish_times(peer, 50, MESSAGE("nobody", "x", .qos = (uint8_t)row->n));
    peer_expect_nothing(peer);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "nobody", 2);
    client_expect_nothing_more(reader);
}

/* A new session knows nothing of the exchanges that the older one left open:
 * their identifiers carry new messages. */
TEST(new_session_forgets_open_exchanges, "3.1.1/MQTT-3.1.2-6",
     "5.0/MQTT-3.1.2-4", .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 2);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "writer", KEPT));
    send_times(
        peer, 1,
        PUBLISH(.topic = "old", .payload = "1", .qos = 2, .packet_id = 7),
        PUBREC(.packet_id = 7));
    send_times(
        peer, 1,
        PUBLISH(.topic = "old", .payload = "2", .qos = 2, .packet_id = 8),
        PUBREC(.packet_id = 8));
    peer_drop(peer);
    peer = peer_hello(t, "writer");
    send_times(peer, 1, FIRST("1", 7), PUBREC(.packet_id = 7));
    send_times(peer, 1, FIRST("2", 8), PUBREC(.packet_id = 8));
    send_times(peer, 1, PUBREL(.packet_id = 8), PUBCOMP(.packet_id = 8));
    send_times(peer, 1, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect_all(reader, MESSAGE("a", "1"), MESSAGE("a", "2"));
    client_expect_nothing_more(reader);
}

struct ack_row {
    struct row row;
    uint8_t qos;
    enum wire_type type;
};
static const struct ack_row wrong_acks[] = {
    {{"pubrec_for_qos_1", "3.1.1/MQTT-4.3.2-1 5.0/MQTT-4.3.2-3"},
     1,
     WIRE_PUBREC},
    {{"pubcomp_for_qos_1", "3.1.1/MQTT-4.3.2-1 5.0/MQTT-4.3.2-3"},
     1,
     WIRE_PUBCOMP},
    {{"puback_for_qos_2", "3.1.1/MQTT-4.3.3-1 5.0/MQTT-4.3.3-5"},
     2,
     WIRE_PUBACK},
    {{"pubcomp_for_qos_2", "3.1.1/MQTT-4.3.3-1 5.0/MQTT-4.3.3-5"},
     2,
     WIRE_PUBCOMP},
};

/* An acknowledgement of the wrong kind acknowledges nothing: on the next
 * connection the message comes again. */
TEST_EACH(wrong_acknowledgement_loses_nothing, wrong_acks, "3.1.1/MQTT-4.4.0-1",
          "5.0/MQTT-4.4.0-1", .needs = "qos2")
{
    const struct ack_row *row = t_row(t);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "reader", KEPT));
    peer_subscribe(peer, "a", row->qos);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = row->qos));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "x"))->packet_id;
    peer_send(peer, &(struct wire_packet){.type = row->type, .packet_id = id});
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "reader", KEPT));
    peer_expect(peer, PUBLISH(.payload = "x", .qos = row->qos, .dup = 1,
                              .packet_id = id));
}

struct filter_row {
    struct row row;
    const char *filter;
};
static const struct filter_row filters[] = {
    {{"exact"}, "t/a"},
    {{"plus"}, "t/+"},
    {{"hash"}, "t/#"},
    {{"all"}, "#"},
    {{"shared"}, "$share/g/t/a"},
    {{"shared_hash"}, "$share/g/t/#"},
};

/* PUBACK says that nobody matches (0x10) only if nobody does. */
TEST_EACH(matching_subscriber_is_not_denied, filters, "5.0/MQTT-3.4.2-1",
          "5.0/MQTT-4.5.0-1", .needs = "shared wildcards")
{
    const struct filter_row *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, row->filter, 1);
    struct peer *peer = peer_hello(t, "writer");
    peer_send(peer, PUBLISH(.topic = "t/a", .payload = "x", .qos = 1,
                            .packet_id = 7));
    t_proves(t, "3.4.2-1");
    peer_expect(peer, PUBACK(.packet_id = 7, .reason = SUCCESS));
    t_proves(t, "4.5.0-1");
    client_expect(reader, MESSAGE("t/a", "x"));
}

SUITE(state_publish, "State: hand-shakes", qos_2_copies_are_answered,
      early_copies_are_harmless, qos_2_copies_on_each_connection,
      qos_2_exchanges_cross, pubrel_is_answered_each_time,
      pubrel_is_answered_on_each_connection, pubrel_of_the_other_direction,
      pubrec_is_answered_each_time, messages_for_nobody_are_acknowledged,
      new_session_forgets_open_exchanges, wrong_acknowledgement_loses_nothing,
      matching_subscriber_is_not_denied);
