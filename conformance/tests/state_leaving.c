/* SPDX-License-Identifier: Apache-2.0 */
/* state_leaving.c -- what a client that leaves with DISCONNECT has left open:
 * the same as after a break.
 *
 * Spec: 5.0 s4.1, s4.3, s4.4; 3.1.1 s4.1, s4.3, s4.4.
 */
#include "client/client.h"
#include "tests/state.h"

/* Deliveries that are open come again, */
TEST(deliveries_stay_open_after_disconnect, "3.1.1/MQTT-4.4.0-1",
     "5.0/MQTT-4.4.0-1", .needs = "qos2")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "released", .qos = 2));
    uint16_t released = peer_expect(peer, PUBLISH(.qos = 2))->packet_id;
    client_publish(publisher, MESSAGE("a", "open 1", .qos = 1));
    uint16_t open_1 = peer_expect(peer, PUBLISH(.qos = 1))->packet_id;
    client_publish(publisher, MESSAGE("a", "open 2", .qos = 2));
    uint16_t open_2 = peer_expect(peer, PUBLISH(.qos = 2))->packet_id;
    peer_send(peer, PUBREC(.packet_id = released));
    peer_expect(peer, PUBREL(.packet_id = released));
    peer_disconnect(peer);

    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_all(
        peer, PUBREL(.packet_id = released),
        PUBLISH(.payload = "open 1", .qos = 1, .dup = 1, .packet_id = open_1),
        PUBLISH(.payload = "open 2", .qos = 2, .dup = 1, .packet_id = open_2));
    peer_expect_nothing(peer);
}

/* and a message that was received, but for its PUBREL, is not taken twice. */
TEST(received_message_stays_known_after_disconnect, "3.1.1/MQTT-4.3.3-2",
     "5.0/MQTT-4.3.3-10", .needs = "qos2")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "a", 1);
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "x", .qos = 2, .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_disconnect(peer);

    peer = peer_connect(t, CONNECT(.client_id = "pub", KEPT));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "x", .qos = 2, .dup = 1,
                            .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    peer_expect_message(watcher, MESSAGE("a", "x", .qos = 1));
    peer_expect_nothing(watcher);
}

SUITE(state_leaving, "State: leaving with DISCONNECT",
      deliveries_stay_open_after_disconnect,
      received_message_stays_known_after_disconnect);
