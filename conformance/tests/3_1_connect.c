/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_connect.c -- CONNECT: opening a session, the Will, client identifiers.
 *
 * Spec: 5.0 s3.1, 3.1.1 s3.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* A connection that drops without DISCONNECT publishes the Will. */
TEST(will_published_on_drop, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_open(t);
    peer_send(pump, CONNECT(.client_id = "pump", .clean_start = 1,
                            .will = {.topic = "status/pump",
                                     .payload = BYTES("gone"),
                                     .qos = 1}));
    peer_expect(pump, CONNACK(.reason = SUCCESS));
    peer_drop(pump); /* RST: no DISCONNECT is sent */

    client_expect(watcher, MESSAGE("status/pump", BYTES("gone"), .qos = 1));
    client_expect_nothing_more(watcher);
}

/* A clean DISCONNECT deletes the Will. */
TEST(will_deleted_on_disconnect, "3.1.1/MQTT-3.1.2-10", "5.0/MQTT-3.1.2-10",
     "5.0/MQTT-3.14.4-3")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);

    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .will = {.topic = "status/pump", .payload = "gone"}));
    peer_disconnect(pump);

    client_expect_nothing_more(watcher);
}

/* A second CONNECT on one connection is a violation: the Server closes. */
TEST(second_connect_closes, "3.1.1/MQTT-3.1.0-2", "5.0/MQTT-3.1.0-2")
{
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, CONNECT(.client_id = "twice", .clean_start = 1));
    peer_expect_error(peer, PROTOCOL_ERROR);
}

SUITE(connect, "3.1 CONNECT", will_published_on_drop,
      will_deleted_on_disconnect, second_connect_closes);
