/* SPDX-License-Identifier: Apache-2.0 */
/* state_takeover.c -- what goes over to a newer connection, and what does not.
 *
 * Spec: 5.0 s3.1.4, 4.1, 4.4, 4.9; 3.1.1 s3.1.4, 4.1, 4.4.
 */
#include "client/client.h"
#include "tests/state.h"

#define TAKES_OVER "3.1.1/MQTT-3.1.4-2", "5.0/MQTT-3.1.4-3"

/* Takes the connection over; the older one must close. */
#define take_over(t, older, connect)                                           \
    take_over_at(t, HERE(#connect), older, connect)
static struct peer *take_over_at(struct t *t, struct where where,
                                 struct peer *older,
                                 const struct wire_packet *connect)
{
    struct peer *newer = peer_connect_at(t, where, connect);
    peer_expect_close(older);
    return newer;
}

/* The deliveries that the older connection left open come again on the newer
 * one, each in its own state. */
TEST(open_deliveries_go_over, "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1",
     "3.1.1/MQTT-4.6.0-1", .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    uint16_t one = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    client_publish(writer, MESSAGE("a", "2", .qos = 2));
    client_publish(writer, MESSAGE("a", "3", .qos = 2));
    uint16_t two = peer_expect(peer, PUBLISH(.payload = "2"))->packet_id;
    uint16_t three = peer_expect(peer, PUBLISH(.payload = "3"))->packet_id;
    peer_send(peer, PUBREC(.packet_id = two));
    peer_expect(peer, PUBREL(.packet_id = two));
    peer = take_over(t, peer, CONNECT(.client_id = "one", KEPT));
    peer_expect_all(peer, PUBLISH(.payload = "1", .dup = 1, .packet_id = one),
                    PUBREL(.packet_id = two),
                    PUBLISH(.payload = "3", .dup = 1, .packet_id = three));
    peer_expect_nothing(peer);
}

/* An exchange that the client began on the older connection is finished on the
 * newer one; the message goes on once. */
TEST(open_publication_goes_over, "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10",
     .needs = "qos2")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a", 1);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    send_times(peer, 1,
               PUBLISH(.topic = "a", .payload = "x", .qos = 2, .packet_id = 7),
               PUBREC(.packet_id = 7));
    peer = take_over(t, peer, CONNECT(.client_id = "one", KEPT));
    send_times(peer, 1,
               PUBLISH(.topic = "a", .payload = "x", .qos = 2, .dup = 1,
                       .packet_id = 7),
               PUBREC(.packet_id = 7));
    peer = take_over(t, peer, CONNECT(.client_id = "one", KEPT));
    send_times(peer, 2, PUBREL(.packet_id = 7), PUBCOMP(.packet_id = 7));
    client_expect(reader, MESSAGE("a", "x"));
    client_expect_nothing_more(reader);
}

/* With a clean start nothing goes over: neither deliveries nor exchanges. */
TEST(nothing_goes_over_to_a_clean_start, "3.1.1/MQTT-3.1.2-6",
     "5.0/MQTT-3.1.2-4", .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    client_publish(writer, MESSAGE("a", "2", .qos = 2));
    peer_expect_all(peer, PUBLISH(.payload = "1"), PUBLISH(.payload = "2"));
    peer = take_over(t, peer, CONNECT(.client_id = "one", .clean_start = 1));
    t_check(t, peer_connack(peer)->session_present == 0, "Session Present 0",
            "it is 1");
    client_publish(writer, MESSAGE("a", "3", .qos = 1));
    peer_expect_nothing(peer);
}

#define WINDOW(n)                                                              \
    .clean_start = 0,                                                          \
    .props = {.session_expiry_interval_s = OPT(60), .receive_maximum = OPT(n)}

/* The Receive Maximum of the newer connection counts, for the open messages
 * too. */
TEST(newer_receive_maximum_counts, "5.0/MQTT-3.3.4-9",
     "5.0/RULE-send-quota-restarts")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", WINDOW(9)));
    peer_subscribe(peer, "a", 1);
    peer = take_over(t, peer, CONNECT(.client_id = "one", WINDOW(1)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    client_publish(writer, MESSAGE("a", "2", .qos = 1));
    client_publish(writer, MESSAGE("a", "3", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_expect_nothing(peer);
    peer = take_over(t, peer, CONNECT(.client_id = "one", WINDOW(9)));
    peer_expect(peer, PUBLISH(.payload = "1", .dup = 1));
    peer_expect(peer, PUBLISH(.payload = "2", .dup = 0));
    peer_expect(peer, PUBLISH(.payload = "3", .dup = 0));
    peer_expect_nothing(peer);
}

/* The Topic Aliases of the older connection mean nothing on the newer one. */
TEST(topic_aliases_do_not_go_over, "5.0/MQTT-3.3.2-7", .needs = "topic_alias")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "a", 0);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    peer_publish(peer, MESSAGE("a", "x", .qos = 1, .props.topic_alias = 1));
    client_expect(watcher, MESSAGE("a", "x"));
    peer = take_over(t, peer, CONNECT(.client_id = "one", KEPT));
    peer_send(peer, PUBLISH(.topic = "", .payload = "y",
                            .props.topic_alias = OPT(1)));
    peer_expect_error(peer, PROTOCOL_ERROR, TOPIC_ALIAS_INVALID);
    client_expect_nothing_more(watcher);
}

/* Connects n times under one identifier; returns the last connection. */
static struct peer *storm(struct t *t, struct where where, size_t n)
{
    struct peer *peer =
        peer_connect_at(t, where, CONNECT(.client_id = "one", KEPT));
    while (n-- > 0)
        peer = take_over_at(t, where, peer, CONNECT(.client_id = "one", KEPT));
    return peer;
}

/* A storm of connections under one identifier leaves the last one, with the
 * session, and nobody else is disturbed. */
TEST(storm_leaves_the_last, TAKES_OVER)
{
    struct peer *other = peer_hello(t, "other");
    peer_subscribe(other, "a", 1);
    struct peer *peer = storm(t, HERE("accepted"), 30);
    peer_subscribe(peer, "b", 1);
    peer = storm(t, HERE("accepted"), 30);
    peer_publish(other, MESSAGE("b", "x", .qos = 1));
    peer_expect_message(peer, MESSAGE("b", "x", .qos = 1));
    peer_publish(peer, MESSAGE("a", "y", .qos = 1));
    peer_expect_message(other, MESSAGE("a", "y", .qos = 1));
    peer_expect_nothing(other);
}

/* What is published between takeovers is not lost, and its order is kept. */
TEST(takeovers_lose_no_message, "3.1.1/MQTT-3.1.2-5", "5.0/MQTT-4.5.0-1",
     "3.1.1/MQTT-4.6.0-6", "5.0/MQTT-4.6.0-5")
{
    struct client *writer = client_connect(t, "writer");
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    peer_subscribe(peer, "a", 1);
    client_publish(writer, MESSAGE("a", "1", .qos = 1));
    peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    client_publish(writer, MESSAGE("a", "2", .qos = 1));
    peer_expect(peer, PUBLISH(.payload = "1"));
    peer_expect(peer, PUBLISH(.payload = "2"));
    peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    client_publish(writer, MESSAGE("a", "3", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "1", .qos = 1, .dup = 1));
    peer_expect_message(peer, MESSAGE("a", "2", .qos = 1, .dup = 1));
    peer_expect_message(peer, MESSAGE("a", "3", .qos = 1));
    peer_expect_nothing(peer);
}

/* An older connection that is taken over in the middle of a packet takes its
 * half with it. */
TEST(half_a_packet_does_not_go_over, TAKES_OVER)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "a", 0);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "one", KEPT));
    peer_send_part(peer, PUBLISH(.topic = "a", .payload = "cut short"), 12);
    peer = take_over(t, peer, CONNECT(.client_id = "one", KEPT));
    peer_send_octets(peer, BYTES("\xc0\x00"));
    peer_expect(peer, PINGRESP());
    client_expect_nothing_more(watcher);
}

SUITE(state_takeover, "State: takeover", open_deliveries_go_over,
      open_publication_goes_over, nothing_goes_over_to_a_clean_start,
      newer_receive_maximum_counts, topic_aliases_do_not_go_over,
      storm_leaves_the_last, takeovers_lose_no_message,
      half_a_packet_does_not_go_over);
