/* SPDX-License-Identifier: Apache-2.0 */
/* 3_15_auth.c -- AUTH where no authentication method is in use. The exchanges
 * of a method are in 4_12_authentication.c.
 *
 * Spec: 5.0 s3.15.
 */
#include "peer/peer.h"
#include "suite.h"

/* AUTH with reserved flags set closes the connection. */
TEST(auth_wrong_flags, "5.0/MQTT-3.15.1-1")
{
    struct peer *peer = peer_hello(t, "flags");
    peer_send(peer, AUTH(.reason = CONTINUE_AUTHENTICATION, .raw_flags = 1,
                         .props = {.authentication_method = "m"}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* AUTH is a Protocol Error if CONNECT named no Authentication Method. */
TEST(auth_unasked, "5.0/RULE-auth-unasked")
{
    struct peer *peer = peer_hello(t, "plain");
    peer_send(peer, AUTH(.reason = RE_AUTHENTICATE,
                         .props = {.authentication_method = "m"}));
    peer_expect_error(peer, PROTOCOL_ERROR, BAD_AUTHENTICATION_METHOD);
}

/* In 3.1.1 the packet type 15 is reserved. */
TEST(auth_reserved_in_3_1_1, "3.1.1/MQTT-4.8.0-1")
{
    struct peer *peer = peer_hello(t, "plain");
    peer_send(peer, RAW("f0 00"));
    peer_expect_close(peer);
}

SUITE(auth, "3.15 AUTH", auth_wrong_flags, auth_unasked,
      auth_reserved_in_3_1_1);
