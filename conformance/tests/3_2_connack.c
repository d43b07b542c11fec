/* SPDX-License-Identifier: Apache-2.0 */
/* 3_2_connack.c -- the answer to CONNECT: first, once, and true.
 *
 * Spec: 3.1.1 s3.2; 5.0 s3.2.1, s3.2.2.1, s3.2.2.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"

#define KEPT_BY(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60))

/* CONNACK comes first, also when messages have waited for the client and
 * packets of its own are on their way. */
TEST(connack_comes_first, "3.1.1/MQTT-3.2.0-1", "5.0/MQTT-3.2.0-1")
{
    struct peer *reader = peer_connect(t, KEPT_BY("reader"));
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));

    struct peer *again = peer_open(t);
    peer_send_together(again, KEPT_BY("reader"),
                       SUBSCRIBE(.packet_id = 1, .filters = {{"other"}}));
    peer_expect(again, CONNACK(.reason = SUCCESS, .session_present = 1));
    peer_expect_all(again, SUBACK(.packet_id = 1),
                    PUBLISH(.topic = "news", .payload = "1"));
}

/* CONNACK comes first, also when retained messages wait for the subscription
 * that follows CONNECT in the same segment. */
TEST(connack_comes_before_retained, "3.1.1/MQTT-3.2.0-1", "5.0/MQTT-3.2.0-1",
     .needs = "retain")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "1", .qos = 1, .retain = 1));
    struct peer *peer = peer_open(t);
    peer_send_together(peer, CONNECT(.client_id = "one", .clean_start = 1),
                       SUBSCRIBE(.packet_id = 1, .filters = {{"news"}}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_all(peer, SUBACK(.packet_id = 1),
                    PUBLISH(.topic = "news", .payload = "1", .retain = 1));
}

/* A connection sees one CONNACK, whatever it says later: not even a second
 * CONNECT gets another. */
TEST(connack_comes_once, "5.0/MQTT-3.2.0-2")
{
    struct peer *peer = peer_hello(t, "one");
    peer_subscribe(peer, "news", 1);
    peer_publish(peer, MESSAGE("other", "x", .qos = 1));
    peer_send_together(peer, PINGREQ(), PINGREQ());
    peer_expect(peer, PINGRESP());
    peer_expect(peer, PINGRESP());
    peer_send_together(peer, CONNECT(.client_id = "one"), PINGREQ());
    peer_expect_or_close(peer, PINGRESP());
}

/* The seven upper bits of the flags are zero, with a session and without. */
TEST(connack_flags_are_zero, "3.1.1/RULE-connack-flags-reserved",
     "5.0/MQTT-3.2.2-1")
{
    struct peer *peer = peer_connect(t, KEPT_BY("one"));
    t_check(t, (peer_connack(peer)->body.octets[0] & 0xfe) == 0,
            "flags 00 or 01", "%02x", peer_connack(peer)->body.octets[0]);
    peer_subscribe(peer, "news", 1);
    peer_disconnect(peer);
    struct peer *again = peer_connect(t, KEPT_BY("one"));
    t_check(t, (peer_connack(again)->body.octets[0] & 0xfe) == 0,
            "flags 00 or 01", "%02x", peer_connack(again)->body.octets[0]);
}

/* A stored session is announced, to a raw client as to Paho. */
TEST(session_present_for_a_stored_session, "3.1.1/MQTT-3.2.2-2",
     "5.0/MQTT-3.2.2-3")
{
    struct client *first = client_connect(t, "one", .keep_session = true,
                                          .session_expiry_interval_s = OPT(60));
    client_subscribe(first, "news", 1);
    client_disconnect(first);
    struct client *second = client_connect(
        t, "one", .keep_session = true, .session_expiry_interval_s = OPT(60));
    t_check(t, client_session_present(second), "Session Present 1",
            "it is 0 for a stored session");
}

/* A stored session is announced though it holds nothing. */
TEST(session_present_for_an_empty_session, "3.1.1/MQTT-3.2.2-2",
     "5.0/MQTT-3.2.2-3")
{
    struct peer *first = peer_connect(t, KEPT_BY("one"));
    peer_disconnect(first);
    struct peer *second = peer_open(t);
    peer_send(second, KEPT_BY("one"));
    peer_expect(second, CONNACK(.reason = SUCCESS, .session_present = 1));
}

/* A session that is not stored is not announced, whether the client asks for a
 * clean one or not. */
TEST(session_not_present_for_a_new_client, "3.1.1/MQTT-3.2.2-1",
     "3.1.1/MQTT-3.2.2-3", "5.0/MQTT-3.2.2-2", "5.0/MQTT-3.2.2-3")
{
    struct peer *clean = peer_open(t);
    peer_send(clean, CONNECT(.client_id = "clean", .clean_start = 1));
    peer_expect(clean, CONNACK(.reason = SUCCESS, .session_present = 0));
    struct peer *kept = peer_open(t);
    peer_send(kept, KEPT_BY("kept"));
    peer_expect(kept, CONNACK(.reason = SUCCESS, .session_present = 0));
}

/* A session that ended with its connection is not announced. */
TEST(session_not_present_after_clean_session, "3.1.1/MQTT-3.2.2-3",
     "5.0/MQTT-3.2.2-3")
{
    struct peer *first = peer_hello(t, "one");
    peer_subscribe(first, "news", 1);
    peer_disconnect(first);
    struct peer *second = peer_open(t);
    peer_send(second, KEPT_BY("one"));
    peer_expect(second, CONNACK(.reason = SUCCESS, .session_present = 0));
}

/* A clean start of a client with a stored session says Session Present 0. */
TEST(session_not_present_after_clean_start, "3.1.1/MQTT-3.2.2-1",
     "5.0/MQTT-3.2.2-2")
{
    struct peer *first = peer_connect(t, KEPT_BY("one"));
    peer_subscribe(first, "news", 1);
    peer_disconnect(first);
    struct peer *second = peer_open(t);
    peer_send(second, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(second, CONNACK(.reason = SUCCESS, .session_present = 0));
}

/* The CONNACK that refuses; the case is of no use where there is none. */
static const struct wire_packet *take_refusal(struct t *t, struct peer *peer)
{
    const struct wire_packet *connack = peer_expect_or_close(peer, CONNACK());
    t_skip_unless(t, connack && connack->reason != SUCCESS,
                  "the server does not refuse this with a CONNACK");
    return connack;
}

/* A refusal says Session Present 0 though the client has a session. */
TEST(refusal_says_no_session, "3.1.1/MQTT-3.2.2-4", "5.0/MQTT-3.2.2-6",
     .settings = "users=on")
{
    struct t_user user = t_user(t);
    struct peer *first =
        peer_connect(t, CONNECT(.client_id = "one", .user_name = user.name,
                                .password = user.password,
                                .props.session_expiry_interval_s = OPT(60)));
    peer_disconnect(first);
    struct peer *wrong = peer_open(t);
    peer_send(wrong, CONNECT(.client_id = "one", .user_name = user.name,
                             .password = "wrong"));
    t_check(t, take_refusal(t, wrong)->session_present == 0,
            "Session Present 0", "it is 1");
}

/* A refusal of an unknown level says Session Present 0 as well. */
TEST(refusal_of_level_says_no_session, "3.1.1/MQTT-3.2.2-4", "5.0/MQTT-3.2.2-6")
{
    struct peer *first = peer_connect(t, KEPT_BY("one"));
    peer_disconnect(first);
    struct peer *other = peer_open(t);
    peer_send(other, CONNECT(.client_id = "one", .protocol_level = OPT(9)));
    t_check(t, take_refusal(t, other)->session_present == 0,
            "Session Present 0", "it is 1");
}

/* After a CONNACK that refuses, the connection ends. */
TEST(refusal_closes, "3.1.1/MQTT-3.2.2-5", "5.0/MQTT-3.2.2-7")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .protocol_level = OPT(9)));
    take_refusal(t, peer);
    peer_expect_close(peer);
}

struct refusal_case {
    struct row row;
    struct wire_props props;
};
static const struct refusal_case refusals[] = {
    {{"receive_maximum_0"}, {.receive_maximum = OPT(0)}},
    {{"request_problem_information_2"},
     {.request_problem_information = OPT(2)}},
    {{"unknown_authentication_method"},
     {.authentication_method = "no-such-method"}},
};

/* If a refusal is told, its code is one that CONNACK knows, and its flags are
 * zero. */
TEST_EACH(told_refusal_is_in_form, refusals, "5.0/MQTT-3.2.2-6",
          "5.0/MQTT-3.2.2-8", "5.0/MQTT-3.2.2-1")
{
    const struct refusal_case *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props = row->props));
    const struct wire_packet *connack = take_refusal(t, peer);
    t_proves(t, "3.2.2-6 3.2.2-1");
    t_check(t, connack->body.octets[0] == 0, "flags 00", "%02x",
            connack->body.octets[0]);
}

/* If a refusal is told, the connection ends after it. */
TEST_EACH(told_refusal_closes, refusals, "5.0/MQTT-3.2.2-7")
{
    const struct refusal_case *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props = row->props));
    take_refusal(t, peer);
    peer_expect_close(peer);
}

/* A refusal stays within the packet size of the client: its Reason String is
 * left out if need be. */
TEST_EACH(told_refusal_fits_the_client, refusals, "5.0/MQTT-3.2.2-19",
          "5.0/MQTT-3.2.2-20")
{
    const struct refusal_case *row = t_row(t);
    struct wire_props props = row->props;
    props.extra[0] = (struct wire_extra){WIRE_MAXIMUM_PACKET_SIZE, 10};
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .clean_start = 1, .props = props));
    const struct wire_packet *connack = take_refusal(t, peer);
    t_check(t, connack->octets.n <= 10, "a CONNACK of 10 octets or less",
            "it has %zu", connack->octets.n);
}

/* An acceptance stays within the packet size of the client as well. */
TEST(connack_fits_the_client, "5.0/MQTT-3.2.2-19", "5.0/MQTT-3.2.2-20",
     "5.0/MQTT-3.1.2-24")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "one", .clean_start = 1,
                                .props.maximum_packet_size = OPT(80)));
    t_check(t, peer_connack(peer)->octets.n <= 80,
            "a CONNACK of 80 octets or less", "it has %zu",
            peer_connack(peer)->octets.n);
}

/* Is this optional number absent, or 0 or 1? */
static bool is_flag(uint64_t number)
{
    return !wire_is_set(number) || wire_value(number, 0) <= 1;
}

/* The limits in CONNACK have values that mean something: no Receive Maximum or
 * Maximum Packet Size of 0, a Maximum QoS of 0 or 1, flags of 0 or 1. */
TEST(connack_limits_make_sense, "5.0/RULE-connack-receive-maximum-zero",
     "5.0/RULE-connack-maximum-packet-size-zero",
     "5.0/RULE-connack-maximum-qos-range", "5.0/RULE-connack-flag-range")
{
    struct peer *peer = peer_hello(t, "one");
    const struct wire_props *props = &peer_connack(peer)->props;
    t_proves(t, "RULE-connack-receive-maximum-zero");
    t_check(t, wire_value(props->receive_maximum, 1) > 0,
            "a Receive Maximum above 0", "it is 0");
    t_proves(t, "RULE-connack-maximum-packet-size-zero");
    t_check(t, wire_value(props->maximum_packet_size, 1) > 0,
            "a Maximum Packet Size above 0", "it is 0");
    t_proves(t, "RULE-connack-maximum-qos-range");
    t_check(t, is_flag(props->maximum_qos), "a Maximum QoS of 0 or 1, or none",
            "it is %u", (unsigned)wire_value(props->maximum_qos, 0));
    t_proves(t, "RULE-connack-flag-range");
    t_check(t,
            is_flag(props->retain_available) &&
                is_flag(props->wildcard_subscription_available) &&
                is_flag(props->subscription_identifier_available) &&
                is_flag(props->shared_subscription_available),
            "0 or 1 for what is available", "another value");
}

/* Each property of CONNACK but User Property comes once: the reader of this
 * harness refuses a second one. */
TEST(connack_properties_come_once, "5.0/RULE-connack-property-twice")
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "", .clean_start = 1,
                   .props = {.session_expiry_interval_s = OPT(5),
                             .request_response_information = OPT(1)}));
    peer_expect_alive(peer);
}

SUITE(connack, "3.2 CONNACK", connack_comes_first,
      connack_comes_before_retained, connack_comes_once, connack_flags_are_zero,
      session_present_for_a_stored_session,
      session_present_for_an_empty_session,
      session_not_present_for_a_new_client,
      session_not_present_after_clean_session,
      session_not_present_after_clean_start, refusal_says_no_session,
      refusal_of_level_says_no_session, refusal_closes, told_refusal_is_in_form,
      told_refusal_closes, told_refusal_fits_the_client,
      connack_fits_the_client, connack_limits_make_sense,
      connack_properties_come_once);
