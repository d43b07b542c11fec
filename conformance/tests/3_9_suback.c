/* SPDX-License-Identifier: Apache-2.0 */
/* 3_9_suback.c -- SUBACK: a code for each Topic Filter, in order, within size.
 *
 * Spec: 5.0 s3.9, 3.1.1 s3.9.
 */
#include "client/client.h"
#include "peer/hostile.h"
#include "suite.h"
#include "tests/small.h"

/* Some brokers grant what their ACL denies and then deliver nothing, which the
 * standard allows. */
#define REFUSES_NO_FILTER "the broker grants what its ACL denies"

/* The codes stand in the order of the Topic Filters. */
TEST(suback_in_order, "3.1.1/MQTT-3.9.3-1", "3.1.1/MQTT-3.9.3-2",
     "5.0/MQTT-3.9.3-1", "5.0/MQTT-3.9.3-2", .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "ordered");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 0},
                                                          {"b", .qos = 2},
                                                          {"c", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0, 2, 1)));
}

/* No filter is granted more than was asked for it; less is allowed. */
TEST(suback_grants_no_more, "3.1.1/RULE-suback-grants-no-more",
     "5.0/RULE-suback-grants-no-more")
{
    struct peer *peer = peer_hello(t, "modest");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a", .qos = 0}, {"b", .qos = 1}}));
    struct wire_bytes codes =
        peer_expect(peer, SUBACK(.packet_id = 1, .reason_any = CODES(0, 1)))
            ->codes;
    t_check(t, wire_len(codes) == 2 && codes.octets[0] == 0,
            "QoS 0 for the first of two filters", "QoS %u", codes.octets[0]);
}

/* Each single QoS that is asked for is granted by its own code. */
TEST(suback_grants_what_is_asked, "3.1.1/MQTT-3.8.4-5", "5.0/MQTT-3.8.4-7",
     .needs = "qos2")
{
    struct client *client = client_connect(t, "asks");
    client_subscribe(client, "a", 0);
    client_subscribe(client, "b", 1);
    client_subscribe(client, "c", 2);
}

static struct peer *ask_for_denied(struct t *t)
{
    struct t_user bound = t_user_bound(t);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "bound", .clean_start = 1,
                   .user_name = {bound.name}, .password = {bound.password}));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 1},
                                                          {"denied/x"},
                                                          {"b", .qos = 0}}));
    return peer;
}

/* A SUBSCRIBE that asks for what is forbidden is no violation: SUBACK comes. */
TEST(suback_for_a_forbidden_filter, "3.1.1/MQTT-3.8.4-1", "5.0/MQTT-3.8.4-1",
     .settings = "users=on;acl=on")
{
    struct peer *peer = ask_for_denied(t);
    peer_expect(peer, SUBACK(.packet_id = 1));
}

/* A refused Topic Filter gets a failure code at its place, the others work. */
TEST(suback_failure_in_place, "3.1.1/MQTT-3.8.4-5", "3.1.1/MQTT-3.9.3-1",
     "3.1.1/MQTT-3.9.3-2", "5.0/MQTT-3.9.3-1", "5.0/MQTT-3.9.3-2",
     .settings = "users=on;acl=on")
{
    struct peer *peer = ask_for_denied(t);
    const struct wire_packet *suback =
        peer_expect_or_close(peer, SUBACK(.packet_id = 1));
    t_skip_unless(t, suback, "the broker closes the connection");
    t_check(t,
            wire_same(suback->codes, CODES(1, 0, 0)) ||
                wire_same(suback->codes, CODES(1, 0x80, 0)) ||
                wire_same(suback->codes, CODES(1, 0x87, 0)),
            "SUBACK with 01, a failure or 00, 00", "the codes are others");
    t_skip_unless(t, suback->codes.octets[1] >= 0x80, REFUSES_NO_FILTER);
    peer_publish(peer, MESSAGE("a", "x", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "x", .qos = 1));
}

/* Reason String and User Property are left out of a SUBACK that they would
 * make larger than the client accepts. */
TEST(suback_within_maximum_packet_size, "5.0/MQTT-3.9.2-1", "5.0/MQTT-3.9.2-2",
     .settings = "users=on;acl=on")
{
    struct t_user bound = t_user_bound(t);
    size_t limit;
    struct peer *peer = small_connect(
        t,
        CONNECT(.client_id = "small", .clean_start = 1,
                .user_name = {bound.name}, .password = {bound.password}),
        &limit);
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"denied/x"}}));
    const struct wire_packet *suback =
        peer_expect(peer, SUBACK(.packet_id = 1));
    t_skip_unless(t, suback->codes.octets[0] >= 0x80, REFUSES_NO_FILTER);
    small_check(t, suback, limit);
}

/* One whose codes alone make it too large does not come at all. */
TEST(suback_of_many_codes_is_not_sent, "5.0/MQTT-3.1.2-24")
{
    size_t limit;
    struct peer *peer = small_connect(
        t, CONNECT(.client_id = "small", .clean_start = 1), &limit);
    peer_send(peer, hostile_subscribe(t, limit + 10));
    peer_send(peer, PINGREQ());
    peer_expect_or_close(peer, PINGRESP());
}

SUITE(suback, "3.9 SUBACK", suback_in_order, suback_grants_no_more,
      suback_grants_what_is_asked, suback_for_a_forbidden_filter,
      suback_failure_in_place, suback_within_maximum_packet_size,
      suback_of_many_codes_is_not_sent);
