/* SPDX-License-Identifier: Apache-2.0 */
/* 4_3_qos.c -- what the three Qualities of Service promise.
 *
 * The sender's half is seen by a subscriber that withholds acknowledgements,
 * the receiver's half by a publisher that repeats itself.
 * Spec: 5.0 s4.3, 3.1.1 s4.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define KEPT .clean_start = 0, .props = {.session_expiry_interval_s = OPT(60)}

/* At QoS 0 the Server sends QoS 0 and DUP 0. */
TEST(qos0_delivery, "3.1.1/MQTT-4.3.1-1", "5.0/MQTT-4.3.1-1")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 0);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 0));
    peer_expect(peer,
                PUBLISH(.topic = "a", .payload = "x", .qos = 0, .dup = 0));
    peer_expect_nothing(peer);
}

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row qos_1_and_2[] = {
    {{"1", "5.0/MQTT-4.3.2-1 5.0/MQTT-4.3.2-2 3.1.1/MQTT-4.3.2-1"}, 1},
    {{"2", "5.0/MQTT-4.3.3-1 5.0/MQTT-4.3.3-2 3.1.1/MQTT-4.3.3-1"}, 2},
};

/* Each new message gets an identifier that is not in use, and DUP 0. */
TEST_EACH(sender_takes_free_identifiers, qos_1_and_2, "3.1.1/MQTT-4.3.1-1",
          "5.0/MQTT-4.3.1-1", .needs = "qos2")
{
    const struct qos_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", row->qos);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = row->qos));
    client_publish(publisher, MESSAGE("a", "2", .qos = row->qos));
    client_publish(publisher, MESSAGE("a", "3", .qos = row->qos));
    uint16_t first =
        peer_expect(peer, PUBLISH(.payload = "1", .qos = row->qos, .dup = 0))
            ->packet_id;
    uint16_t second =
        peer_expect(peer, PUBLISH(.payload = "2", .qos = row->qos, .dup = 0))
            ->packet_id;
    uint16_t third =
        peer_expect(peer, PUBLISH(.payload = "3", .qos = row->qos, .dup = 0))
            ->packet_id;
    t_check(t, first && second && third, "Packet Identifiers above 0",
            "%d, %d, %d", first, second, third);
    t_check(t, first != second && second != third && third != first,
            "three different Packet Identifiers", "%d, %d, %d", first, second,
            third);
}

/* A QoS 1 message stays open until PUBACK: it is not repeated on the live
 * connection, and comes again, as a duplicate of the same identifier, on each
 * connection that resumes the session, until it is acknowledged. */
TEST(qos1_sender_waits_for_puback, "3.1.1/MQTT-4.3.2-1", "5.0/MQTT-4.3.2-3",
     "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .dup = 0))->packet_id;
    peer_expect_nothing(peer);
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer,
                PUBLISH(.payload = "x", .qos = 1, .dup = 1, .packet_id = id));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer,
                PUBLISH(.payload = "x", .qos = 1, .dup = 1, .packet_id = id));
    peer_send(peer, PUBACK(.packet_id = id));
    peer_expect_alive(peer);
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_nothing(peer);
}

/* Once PUBACK is sent, the identifier carries a new message, whatever DUP. */
TEST(qos1_receiver_takes_identifier_again, "3.1.1/MQTT-4.3.2-2",
     "5.0/MQTT-4.3.2-4", "5.0/MQTT-4.3.2-5")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "1", .qos = 1, .packet_id = 7));
    t_proves(t, "4.3.2-4");
    peer_expect(peer, PUBACK(.packet_id = 7));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "2", .qos = 1, .dup = 1,
                            .packet_id = 7));
    peer_expect(peer, PUBACK(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "1"));
    t_proves(t, "4.3.2-5");
    client_expect(subscriber, MESSAGE("a", "2"));
    client_expect_nothing_more(subscriber);
}

/* A QoS 2 PUBLISH stays open until PUBREC. */
TEST(qos2_sender_waits_for_pubrec, "3.1.1/MQTT-4.3.3-1", "5.0/MQTT-4.3.3-3",
     .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "x", .qos = 2, .dup = 0))
                      ->packet_id;
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer,
                PUBLISH(.payload = "x", .qos = 2, .dup = 1, .packet_id = id));
    peer_send(peer, PUBREC(.packet_id = id));
    peer_expect(peer, PUBREL(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
}

/* PUBREC is answered by PUBREL, which stays open until PUBCOMP; the PUBLISH
 * does not come again. */
TEST(qos2_sender_waits_for_pubcomp, "3.1.1/MQTT-4.3.3-1", "3.1.1/MQTT-4.4.0-1",
     "5.0/MQTT-4.3.3-4", "5.0/MQTT-4.3.3-5", "5.0/MQTT-4.3.3-6",
     "5.0/MQTT-4.4.0-1", .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_send(peer, PUBREC(.packet_id = id));
    t_proves(t, "4.3.3-4");
    peer_expect(peer, PUBREL(.packet_id = id));
    t_proves(t, "4.3.3-5 4.3.3-6 4.4.0-1 4.3.3-1");
    peer_expect_nothing(peer);
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer, PUBREL(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_nothing(peer);
}

/* A PUBREC with an error ends the exchange: no PUBREL, and the message does not
 * come again. */
TEST(qos2_sender_takes_error, "5.0/MQTT-4.3.3-4", "5.0/MQTT-4.4.0-2",
     .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_send(peer, PUBREC(.packet_id = id, .reason = QUOTA_EXCEEDED));
    peer_expect_nothing(peer);
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_nothing(peer);
}

/* A PUBREC that says that nobody else subscribed is none with an error. */
TEST(qos2_sender_goes_on_after_a_success, "5.0/MQTT-4.3.3-4", .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "sub");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_send(peer, PUBREC(.packet_id = id, .reason = NO_MATCHING_SUBSCRIBERS));
    peer_expect(peer, PUBREL(.packet_id = id, .reason = SUCCESS));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
}

/* A PUBACK with an error ends the exchange just as well. */
TEST(qos1_sender_takes_error, "5.0/MQTT-4.4.0-2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 1))->packet_id;
    peer_send(peer, PUBACK(.packet_id = id, .reason = UNSPECIFIED_ERROR));
    peer_expect_nothing(peer);
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_nothing(peer);
}

/* The expiry of a message no longer counts once its PUBLISH was sent. */
TEST(qos2_sender_finishes_expired, "5.0/MQTT-4.3.3-7", .needs = "qos2",
     .seconds = 2)
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct peer *publisher = peer_hello(t, "publisher");
    peer_publish(publisher,
                 MESSAGE("a", "x", .qos = 2,
                         .props = {.message_expiry_interval_s = OPT(1)}));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_drop(peer);
    t_let_pass(t, 2000, "twice the Message Expiry Interval");

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer,
                PUBLISH(.payload = "x", .qos = 2, .dup = 1, .packet_id = id));
    peer_send(peer, PUBREC(.packet_id = id));
    peer_expect(peer, PUBREL(.packet_id = id));
}

/* Each copy of a QoS 2 PUBLISH is answered by PUBREC, and only one message is
 * passed on, however many copies come; PUBREL is answered by PUBCOMP, and then
 * the identifier carries a new message. (Only 3.1.1 lets a client send copies
 * on one connection.) */
TEST(qos2_receiver_takes_one, "3.1.1/MQTT-4.3.3-2", .needs = "qos2")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_hello(t, "publisher");
    const struct wire_packet *first =
        PUBLISH(.topic = "a", .payload = "1", .qos = 2, .packet_id = 7);
    const struct wire_packet *again =
        PUBLISH(.topic = "a", .payload = "1", .qos = 2, .dup = 1,
                .packet_id = 7);
    peer_send(peer, first);
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send_together(peer, again, again, again);
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect_nothing_more(subscriber);
}

struct distance_row {
    struct row row;
    uint16_t away;
};
static const struct distance_row distances[] = {
    {{"256"}, 256}, {{"2048"}, 2048}, {{"4096"}, 4096}, {{"32768"}, 32768}};

/* Two identifiers are two messages, however far apart they are. */
TEST_EACH(qos2_receiver_tells_identifiers_apart, distances,
          "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10", .needs = "qos2")
{
    const struct distance_row *row = t_row(t);
    uint16_t far = (uint16_t)(7 + row->away);
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "1", .qos = 2, .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "2", .qos = 2,
                            .packet_id = far));
    peer_expect(peer, PUBREC(.packet_id = far));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = far));
    peer_expect(peer, PUBCOMP(.packet_id = far));
    client_expect_all(subscriber, MESSAGE("a", "1"), MESSAGE("a", "2"));
    client_expect_nothing_more(subscriber);
}

/* PUBREC and PUBCOMP carry the identifier, and after them it carries a new
 * message, even one that looks like the first. */
TEST(qos2_receiver_takes_identifier_again, "3.1.1/MQTT-4.3.3-2",
     "5.0/MQTT-4.3.3-8", "5.0/MQTT-4.3.3-11", "5.0/MQTT-4.3.3-12",
     .needs = "qos2")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_hello(t, "publisher");
    const struct wire_packet *message =
        PUBLISH(.topic = "a", .payload = "1", .qos = 2, .packet_id = 7);
    peer_send(peer, message);
    t_proves(t, "4.3.3-8");
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    t_proves(t, "4.3.3-11");
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    t_proves(t, "4.3.3-8 4.3.3-11");
    peer_publish(peer, MESSAGE("a", "2", .qos = 2));
    peer_send(peer, message);
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect(subscriber, MESSAGE("a", "2"));
    t_proves(t, "4.3.3-12");
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect_nothing_more(subscriber);
}

/* The same across a reconnect: a copy that comes on the next connection of the
 * session is still a copy. */
TEST(qos2_receiver_takes_one_over_connections, "3.1.1/MQTT-4.3.3-2",
     "5.0/MQTT-4.3.3-10", .needs = "qos2")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "1", .qos = 2, .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "1", .qos = 2, .dup = 1,
                            .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect_nothing_more(subscriber);
}

/* PUBREL comes again because PUBCOMP was lost: it is answered again, and
 * nothing is delivered again. */
TEST(qos2_receiver_answers_pubrel_again, "3.1.1/MQTT-4.3.3-2",
     "5.0/MQTT-4.3.3-11", .needs = "qos2")
{
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_publish(peer, MESSAGE("a", "1", .qos = 2));
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "2", .qos = 2, .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    peer_drop(peer);

    peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "1"));
    client_expect(subscriber, MESSAGE("a", "2"));
    client_expect_nothing_more(subscriber);
}

/* After a PUBREC with an error the identifier carries a new message. */
TEST(qos2_receiver_forgets_refused, "5.0/MQTT-4.3.3-9", .needs = "qos2",
     .settings = "users=on;acl=on")
{
    struct t_user tester = t_user(t), bound = t_user_bound(t);
    struct client *subscriber = client_connect(
        t, "subscriber", .user_name = tester.name, .password = tester.password);
    client_subscribe(subscriber, "a", 0);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "bound", .clean_start = 1,
                   .user_name = {bound.name}, .password = {bound.password}));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "1", .qos = 2,
                            .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7, .reason = REASON_AT_LEAST(0x80)));
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "2", .qos = 2, .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7, .reason = SUCCESS));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    client_expect(subscriber, MESSAGE("a", "2"));
}

/* The exchange is finished even when the message has expired meanwhile. */
TEST(qos2_receiver_finishes_expired, "5.0/MQTT-4.3.3-13", .needs = "qos2",
     .seconds = 2)
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "x", .qos = 2, .packet_id = 7,
                      .props = {.message_expiry_interval_s = OPT(1)}));
    peer_expect(peer, PUBREC(.packet_id = 7));
    t_let_pass(t, 2000, "twice the Message Expiry Interval");
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
}

SUITE(qos, "4.3 Quality of Service", qos0_delivery,
      sender_takes_free_identifiers, qos1_sender_waits_for_puback,
      qos1_receiver_takes_identifier_again, qos2_sender_waits_for_pubrec,
      qos2_sender_waits_for_pubcomp, qos2_sender_takes_error,
      qos1_sender_takes_error, qos2_sender_finishes_expired,
      qos2_receiver_takes_one, qos2_receiver_takes_identifier_again,
      qos2_receiver_takes_one_over_connections,
      qos2_receiver_answers_pubrel_again, qos2_receiver_forgets_refused,
      qos2_receiver_finishes_expired, qos2_receiver_tells_identifiers_apart,
      qos2_sender_goes_on_after_a_success);
