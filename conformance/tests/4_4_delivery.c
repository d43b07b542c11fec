/* SPDX-License-Identifier: Apache-2.0 */
/* 4_4_delivery.c -- stored state, delivery to every session, order.
 *
 * Spec: 5.0 s4.1, s4.4, s4.5, s4.6; 3.1.1 s4.1, s4.4, s4.5, s4.6.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define KEPT .clean_start = 0, .props = {.session_expiry_interval_s = OPT(60)}
#define OPEN_PUBLISH(n)                                                        \
    PUBLISH(.topic = "a", .payload = #n, .qos = 1, .packet_id = n)

/* The session keeps its subscription while its client is away. */
TEST(subscription_is_kept, "3.1.1/MQTT-4.1.0-1", "5.0/MQTT-4.1.0-1",
     "3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1")
{
    struct client *away = client_connect(t, "away", .keep_session = true,
                                         .session_expiry_interval_s = OPT(60));
    client_subscribe(away, "a", 1);
    client_drop(away);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "meanwhile", .qos = 1));

    struct client *back = client_connect(t, "away", .keep_session = true,
                                         .session_expiry_interval_s = OPT(60));
    t_check(t, client_session_present(back), "Session Present 1", "0");
    client_expect(back, MESSAGE("a", "meanwhile", .qos = 1));
    client_publish(publisher, MESSAGE("a", "now", .qos = 1));
    client_expect(back, MESSAGE("a", "now", .qos = 1));
    client_expect_nothing_more(back);
}

/* State lasts as long as the connection does, even where the Session Expiry
 * Interval is shorter than that. */
TEST(state_lasts_while_connected, "3.1.1/MQTT-4.1.0-2", "5.0/MQTT-4.1.0-1",
     .seconds = 2)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "idle", .clean_start = 1,
                   .props = {.session_expiry_interval_s = OPT(1)}));
    peer_subscribe(peer, "a", 1);
    t_let_pass(t, 2000, "twice the Session Expiry Interval");
    peer_send(peer, PUBLISH(.topic = "a", .payload = "x"));
    peer_expect_message(peer, MESSAGE("a", "x"));
}

/* Once the Session Expiry Interval has run, the Server forgets the session. */
TEST(session_expires, "5.0/MQTT-4.1.0-2", .seconds = 3)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "expiring", .clean_start = 1,
                   .props = {.session_expiry_interval_s = OPT(1)}));
    peer_subscribe(peer, "a", 1);
    peer_drop(peer);
    t_let_pass(t, 3000, "three times the Session Expiry Interval");
    struct peer *back = peer_open(t);
    peer_send(back, CONNECT(.client_id = "expiring"));
    peer_expect(back, CONNACK(.reason = SUCCESS, .session_present = 0));
    peer_publish(back, MESSAGE("a", "x", .qos = 0));
    peer_expect_nothing(back);
}

/* TCP is an ordered, lossless stream in both directions: a large message comes
 * back as it was sent. */
TEST(transport_is_lossless, "3.1.1/MQTT-7.1.1-1", "5.0/MQTT-4.2.0-1",
     .transports = "tcp tls ws wss")
{
    struct client *client = client_connect(t, "stream");
    struct wire_bytes large = t_fill(t, 100000, "0123456789abcdef-");
    client_subscribe(client, "large", 0);
    client_publish(client, MESSAGE("large", large, .qos = 0));
    client_expect(client, MESSAGE("large", large));
}

/* When the client comes back, PUBLISH and PUBREL that are open come again under
 * their first identifiers; the one that was finished does not. */
TEST(open_packets_come_again, "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1",
     .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "finished", .qos = 1));
    client_publish(publisher, MESSAGE("a", "released", .qos = 2));
    client_publish(publisher, MESSAGE("a", "open 1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "open 2", .qos = 2));
    uint16_t finished = peer_receive(peer)->packet_id;
    uint16_t released = peer_receive(peer)->packet_id;
    uint16_t open_1 = peer_receive(peer)->packet_id;
    uint16_t open_2 = peer_receive(peer)->packet_id;
    peer_send(peer, PUBACK(.packet_id = finished));
    peer_send(peer, PUBREC(.packet_id = released));
    peer_expect(peer, PUBREL(.packet_id = released));
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_all(
        peer, PUBREL(.packet_id = released),
        PUBLISH(.payload = "open 1", .qos = 1, .dup = 1, .packet_id = open_1),
        PUBLISH(.payload = "open 2", .qos = 2, .dup = 1, .packet_id = open_2));
    peer_expect_nothing(peer);
}

/* An identifier stays with its message, though those before it are free. */
TEST(open_message_keeps_its_identifier, "3.1.1/MQTT-4.4.0-1",
     "5.0/MQTT-4.4.0-1")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "finished", .qos = 1));
    client_publish(publisher, MESSAGE("a", "open", .qos = 1));
    uint16_t finished = peer_expect(peer, PUBLISH(.qos = 1))->packet_id;
    uint16_t open = peer_expect(peer, PUBLISH(.qos = 1))->packet_id;
    peer_send(peer, PUBACK(.packet_id = finished));
    peer_expect_nothing(peer);
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer, PUBLISH(.payload = "open", .qos = 1, .dup = 1,
                              .packet_id = open));
    peer_expect_nothing(peer);
}

/* Each session with a matching subscription gets the message. */
TEST(every_session_gets_it, "3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1")
{
    struct client *exact = client_connect(t, "exact");
    struct client *plus = client_connect(t, "plus");
    struct client *hash = client_connect(t, "hash");
    struct client *other = client_connect(t, "other");
    client_subscribe(exact, "a/b", 1);
    client_subscribe(plus, "a/+", 1);
    client_subscribe(hash, "#", 1);
    client_subscribe(other, "b", 1);
    client_publish(other, MESSAGE("a/b", "x", .qos = 1));
    client_expect(exact, MESSAGE("a/b", "x"));
    client_expect(plus, MESSAGE("a/b", "x"));
    client_expect(hash, MESSAGE("a/b", "x"));
    client_expect_nothing_more(other);
}

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row each_qos[] = {{{"0"}, 0}, {{"1"}, 1}, {{"2"}, 2}};

/* What one publisher sends on a topic at one QoS arrives in that order. */
TEST_EACH(order_is_kept, each_qos, "3.1.1/MQTT-4.6.0-5", "3.1.1/MQTT-4.6.0-6",
          "5.0/MQTT-4.6.0-5", "5.0/MQTT-4.6.0-6", .needs = "qos2")
{
    const struct qos_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", row->qos);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = row->qos));
    client_publish(publisher, MESSAGE("a", "2", .qos = row->qos));
    client_publish(publisher, MESSAGE("a", "3", .qos = row->qos));
    client_publish(publisher, MESSAGE("a", "4", .qos = row->qos));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect(subscriber, MESSAGE("a", "2"));
    client_expect(subscriber, MESSAGE("a", "3"));
    client_expect(subscriber, MESSAGE("a", "4"));
}

/* A burst in one segment, not acknowledged in between, keeps its order too. */
TEST(order_of_burst_is_kept, "3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 1);
    struct peer *publisher = peer_hello(t, "publisher");
    peer_send_together(publisher, OPEN_PUBLISH(1), OPEN_PUBLISH(2),
                       OPEN_PUBLISH(3), OPEN_PUBLISH(4), OPEN_PUBLISH(5));
    peer_expect_all(publisher, PUBACK(.packet_id = 1), PUBACK(.packet_id = 2),
                    PUBACK(.packet_id = 3), PUBACK(.packet_id = 4),
                    PUBACK(.packet_id = 5));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect(subscriber, MESSAGE("a", "2"));
    client_expect(subscriber, MESSAGE("a", "3"));
    client_expect(subscriber, MESSAGE("a", "4"));
    client_expect(subscriber, MESSAGE("a", "5"));
}

/* Messages that are sent again keep the order of their first sending, and stand
 * before those that have never been sent. */
TEST(order_of_resending_is_kept, "3.1.1/MQTT-4.6.0-1", "3.1.1/MQTT-4.6.0-6",
     "5.0/MQTT-4.6.0-5", "5.0/MQTT-4.6.0-6")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    client_publish(publisher, MESSAGE("a", "3", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_expect(peer, PUBLISH(.payload = "2"));
    peer_expect(peer, PUBLISH(.payload = "3"));
    peer_drop(peer);
    client_publish(publisher, MESSAGE("a", "4", .qos = 1));

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer, PUBLISH(.payload = "1", .dup = 1));
    peer_expect(peer, PUBLISH(.payload = "2", .dup = 1));
    peer_expect(peer, PUBLISH(.payload = "3", .dup = 1));
    /* "4" may have been sent before the broker noticed the drop. */
    peer_expect(peer, PUBLISH(.payload = "4"));
}

/* PUBRELs go out in the order in which the PUBRECs came. */
TEST(order_of_pubrel, "3.1.1/MQTT-4.6.0-4", "3.1.1/MQTT-4.6.0-6",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 2));
    client_publish(publisher, MESSAGE("a", "2", .qos = 2));
    client_publish(publisher, MESSAGE("a", "3", .qos = 2));
    uint16_t first = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    uint16_t second = peer_expect(peer, PUBLISH(.payload = "2"))->packet_id;
    uint16_t third = peer_expect(peer, PUBLISH(.payload = "3"))->packet_id;
    peer_send_together(peer, PUBREC(.packet_id = third),
                       PUBREC(.packet_id = first), PUBREC(.packet_id = second));
    peer_expect(peer, PUBREL(.packet_id = third));
    peer_expect(peer, PUBREL(.packet_id = first));
    peer_expect(peer, PUBREL(.packet_id = second));
}

/* And again in this order, when the session is carried on. */
TEST(order_of_pubrel_is_kept, "3.1.1/MQTT-4.6.0-4", "5.0/MQTT-4.4.0-1",
     .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 2));
    client_publish(publisher, MESSAGE("a", "2", .qos = 2));
    uint16_t first = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    uint16_t second = peer_expect(peer, PUBLISH(.payload = "2"))->packet_id;
    peer_send_together(peer, PUBREC(.packet_id = first),
                       PUBREC(.packet_id = second));
    peer_expect(peer, PUBREL(.packet_id = first));
    peer_expect(peer, PUBREL(.packet_id = second));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer, PUBREL(.packet_id = first));
    peer_expect(peer, PUBREL(.packet_id = second));
}

/* So many messages, "0", "1" ...: more than a round number of them. */
enum { MANY = 150 };

static void publish_many(struct t *t, struct peer *peer)
{
    for (uint16_t i = 0; i < MANY; i++)
        peer_send(peer, PUBLISH(.topic = "a", .payload = {t_text(t, "%u", i)},
                                .qos = 1, .packet_id = i + 1));
    for (uint16_t i = 0; i < MANY; i++)
        peer_expect(peer, PUBACK(.packet_id = i + 1));
}

static void expect_many(struct t *t, struct peer *peer)
{
    for (unsigned i = 0; i < MANY; i++)
        peer_expect_message(peer, MESSAGE("a", {t_text(t, "%u", i)}, .qos = 1));
}

/* All messages wait for a session whose client is away, and keep their order.
 */
TEST(many_messages_wait, "3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1",
     "3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5")
{
    struct peer *reader = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(reader, "a", 1);
    peer_disconnect(reader);
    publish_many(t, peer_hello(t, "publisher"));
    reader = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    expect_many(t, reader);
    peer_expect_nothing(reader);
}

enum { N_READERS = 80 };

static void open_readers(struct t *t, struct peer **readers)
{
    for (int i = 0; i < N_READERS; i++) {
        readers[i] = peer_hello(t, t_text(t, "r%d", i));
        peer_subscribe(readers[i], "a", 1);
    }
}

static void expect_at_each(struct peer **readers, const struct message *message)
{
    for (int i = 0; i < N_READERS; i++)
        peer_expect_message(readers[i], message);
}

/* However many sessions have subscribed, each gets the message. */
TEST(many_sessions_get_it, "3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1")
{
    struct peer *readers[N_READERS];
    open_readers(t, readers);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    expect_at_each(readers, MESSAGE("a", "x", .qos = 1));
}

SUITE(delivery, "4.4 Delivery", subscription_is_kept,
      state_lasts_while_connected, session_expires, transport_is_lossless,
      open_packets_come_again, open_message_keeps_its_identifier,
      every_session_gets_it, order_is_kept, order_of_burst_is_kept,
      order_of_resending_is_kept, order_of_pubrel, many_messages_wait,
      many_sessions_get_it, order_of_pubrel_is_kept);
