/* SPDX-License-Identifier: Apache-2.0 */
/* 3_12_ping.c -- PINGREQ and PINGRESP.
 *
 * Spec: 5.0 s3.12 and s3.13, 3.1.1 s3.12 and s3.13.
 */
#include "peer/peer.h"
#include "suite.h"

/* PINGREQ is answered by PINGRESP. */
TEST(ping_answered, "3.1.1/MQTT-3.12.4-1", "5.0/MQTT-3.12.4-1",
     .transports = "tcp tls ws wss")
{
    struct peer *peer = peer_hello(t, "pings");
    peer_send(peer, PINGREQ());
    peer_expect(peer, PINGRESP());
    peer_expect_nothing(peer);
}

/* Each of several PINGREQ in one segment has its PINGRESP. */
TEST(ping_each_answered, "3.1.1/MQTT-3.12.4-1", "5.0/MQTT-3.12.4-1")
{
    struct peer *peer = peer_hello(t, "pings");
    peer_send_together(peer, PINGREQ(), PINGREQ(), PINGREQ());
    peer_expect(peer, PINGRESP());
    peer_expect(peer, PINGRESP());
    peer_expect(peer, PINGRESP());
    peer_expect_nothing(peer);
}

/* A PINGREQ that comes octet by octet is answered too. */
TEST(ping_dribbling_answered, "3.1.1/MQTT-3.12.4-1", "5.0/MQTT-3.12.4-1")
{
    struct peer *peer = peer_hello(t, "pings");
    peer_send_dribbling(peer, PINGREQ());
    peer_expect(peer, PINGRESP());
}

SUITE(ping, "3.12 PINGREQ", ping_answered, ping_each_answered,
      ping_dribbling_answered);
