/* SPDX-License-Identifier: Apache-2.0 */
/* 4_9_flow.c -- Receive Maximum: how many messages may be open.
 *
 * Spec: 5.0 s4.9.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* With a Receive Maximum of 1 one message comes, and the next one not before
 * the first was acknowledged. */
TEST(window_of_one, "5.0/MQTT-4.9.0-1", "5.0/MQTT-3.3.4-9",
     "5.0/RULE-send-quota-restored")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    uint16_t id =
        peer_expect(peer, PUBLISH(.payload = "1", .qos = 1))->packet_id;
    peer_expect_nothing(peer);
    peer_send(peer, PUBACK(.packet_id = id));
    peer_expect(peer, PUBLISH(.payload = "2", .qos = 1));
}

/* With a Receive Maximum of 2, two messages of QoS 1 and 2 are open; QoS 0
 * still flows; an acknowledgement makes room for one. */
TEST(window_of_two, "5.0/MQTT-4.9.0-2", "5.0/MQTT-3.3.4-9", .needs = "qos2")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 2}));
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a", .qos = 2}, {"b", .qos = 0}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    uint16_t first = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    client_publish(publisher, MESSAGE("a", "2", .qos = 2));
    uint16_t second = peer_expect(peer, PUBLISH(.payload = "2"))->packet_id;
    client_publish(publisher, MESSAGE("a", "3", .qos = 1));
    client_publish(publisher, MESSAGE("a", "4", .qos = 1));
    peer_expect_nothing(peer);
    peer_send(peer, PUBACK(.packet_id = first));
    peer_expect(peer, PUBLISH(.payload = "3"));
    peer_expect_nothing(peer);
    peer_send(peer, PUBREC(.packet_id = second));
    peer_expect(peer, PUBREL(.packet_id = second));
    peer_expect_nothing(peer); /* PUBREC frees no place, PUBCOMP does */
    peer_send(peer, PUBCOMP(.packet_id = second));
    peer_expect(peer, PUBLISH(.payload = "4"));
}

/* A PUBREC with an error makes room as well. */
TEST(window_restored_by_error, "5.0/RULE-send-quota-restored", .needs = "qos2")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 2));
    client_publish(publisher, MESSAGE("a", "2", .qos = 2));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    peer_send(peer, PUBREC(.packet_id = id, .reason = UNSPECIFIED_ERROR));
    peer_expect(peer, PUBLISH(.payload = "2"));
}

/* Acknowledgements that nobody asked for make no room. */
TEST(window_not_widened_by_stray_acks, "5.0/MQTT-4.9.0-1",
     "5.0/RULE-send-quota-restored")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 1);
    peer_send_together(peer, PUBACK(.packet_id = 901), PUBACK(.packet_id = 902),
                       PINGREQ());
    const struct wire_packet *answer = peer_expect_any(
        peer, PINGRESP(), DISCONNECT(.reason = REASON_AT_LEAST(0x80)));
    t_skip_unless(t, answer->type == WIRE_PINGRESP,
                  "the broker closes on a PUBACK that nobody asked for");
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1", .qos = 1));
    peer_expect_nothing(peer);
}

/* The same while the window is full. */
TEST(full_window_not_widened_by_stray_acks, "5.0/MQTT-4.9.0-1",
     "5.0/RULE-send-quota-restored")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    peer_send_together(peer, PUBACK(.packet_id = id ^ 0x300),
                       PUBCOMP(.packet_id = id ^ 0x500),
                       PUBREC(.packet_id = id ^ 0x600, .reason = 0x80));
    peer_send(peer, PINGREQ());
    const struct wire_packet *answer = peer_expect_any(
        peer, PINGRESP(), DISCONNECT(.reason = REASON_AT_LEAST(0x80)));
    t_skip_unless(t, answer->type == WIRE_PINGRESP,
                  "the broker closes on a PUBACK that nobody asked for");
    peer_send(peer, PUBACK(.packet_id = id));
    peer_expect(peer, PUBLISH(.payload = "2", .qos = 1));
}

/* A spent window does not stop the handling of other packets. */
TEST(window_spent_serves_others, "5.0/MQTT-4.9.0-3")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_send(peer, SUBSCRIBE(.packet_id = 5, .filters = {{"b"}}));
    peer_expect(peer, SUBACK(.packet_id = 5));
    peer_send(peer,
              PUBLISH(.topic = "c", .payload = "x", .qos = 1, .packet_id = 6));
    peer_expect(peer, PUBACK(.packet_id = 6));
    peer_send(peer, UNSUBSCRIBE(.packet_id = 7, .filters = {{"b"}}));
    peer_expect(peer, UNSUBACK(.packet_id = 7));
    peer_expect_nothing(peer);
}

/* A new connection starts with a full window of its own: messages that are
 * open come again up to its Receive Maximum. */
TEST(window_restarts, "5.0/RULE-send-quota-restarts")
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "narrow",
                   .props = {.receive_maximum = 1,
                             .session_expiry_interval_s = OPT(60)}));
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    client_publish(publisher, MESSAGE("a", "3", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_drop(peer);

    peer = peer_connect(
        t, CONNECT(.client_id = "narrow",
                   .props = {.receive_maximum = 2,
                             .session_expiry_interval_s = OPT(60)}));
    peer_expect(peer, PUBLISH(.payload = "1", .dup = 1));
    peer_expect(peer, PUBLISH(.payload = "2", .dup = 0));
    peer_expect_nothing(peer);
}

/* A message that expires in the queue holds no place in the window. */
TEST(window_not_held_by_expired, "5.0/MQTT-3.3.2-5",
     "5.0/RULE-send-quota-restored", .seconds = 2)
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "narrow", .clean_start = 1,
                                .props = {.receive_maximum = 1}));
    peer_subscribe(peer, "a", 1);
    struct peer *publisher = peer_hello(t, "publisher");
    peer_publish(publisher, MESSAGE("a", "1", .qos = 1));
    peer_publish(publisher,
                 MESSAGE("a", "2", .qos = 1,
                         .props = {.message_expiry_interval_s = OPT(1)}));
    peer_publish(publisher, MESSAGE("a", "3", .qos = 1));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    t_let_pass(t, 2000, "twice the Message Expiry Interval");
    peer_send(peer, PUBACK(.packet_id = id));
    peer_expect(peer, PUBLISH(.payload = "3", .qos = 1));
}

SUITE(flow, "4.9 Flow Control", window_of_one, window_of_two,
      window_restored_by_error, window_not_widened_by_stray_acks,
      window_spent_serves_others, window_restarts, window_not_held_by_expired,
      full_window_not_widened_by_stray_acks);
