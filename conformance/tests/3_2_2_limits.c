/* SPDX-License-Identifier: Apache-2.0 */
/* 3_2_2_limits.c -- what CONNACK promises and what it forbids.
 *
 * The limits need a server that is told to have them; the settings say so.
 * Spec: 5.0 s3.2.2.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

/* A server that does not take QoS 2 says so in CONNACK. */
TEST(maximum_qos_is_told, "5.0/MQTT-3.2.2-9", .settings = "maximumQoS=1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS, .props.maximum_qos = OPT(1)));
}

/* A server that takes QoS 0 alone says so in CONNACK. */
TEST(maximum_qos_0_is_told, "5.0/MQTT-3.2.2-9", .settings = "maximumQoS=0")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS, .props.maximum_qos = OPT(0)));
}

/* A limit on publishing is none on subscribing: a SUBSCRIBE for QoS 2 is
 * accepted, at whatever QoS the server then grants. */
TEST(maximum_qos_lets_subscribe, "5.0/MQTT-3.2.2-10",
     .settings = "maximumQoS=0")
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1, .filters = {{"news/0", .qos = 0},
                                                    {"news/1", .qos = 1},
                                                    {"news/2", .qos = 2}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .reason_any = CODES(0, 1, 2)));
    peer_publish(peer, MESSAGE("news/2", "x"));
    peer_expect_message(peer, MESSAGE("news/2", "x"));
}

/* A client that publishes above the Maximum QoS loses its connection, and the
 * message goes nowhere. */
TEST(publish_above_maximum_qos_closes, "5.0/MQTT-3.2.2-11",
     "5.0/RULE-feature-unavailable", .settings = "maximumQoS=1")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe_result(watcher, "news", 1);
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 2,
                            .packet_id = 1));
    peer_expect_error(peer, QOS_NOT_SUPPORTED);
    client_expect_nothing_more(watcher);
}

/* A Will above the Maximum QoS is refused together with its client. */
TEST(will_above_maximum_qos_is_refused, "5.0/MQTT-3.2.2-12",
     .settings = "maximumQoS=1")
{
    struct peer *peer = peer_open(t);
    peer_send(
        peer,
        CONNECT(.client_id = "one", .clean_start = 1,
                .will = {.topic = "status", .payload = "gone", .qos = 2}));
    peer_expect_refused(peer, .v5 = CODES(QOS_NOT_SUPPORTED));
}

/* A server without retained messages refuses a Will that asks for one. */
TEST(retained_will_is_refused_without_retain, "5.0/MQTT-3.2.2-13",
     .settings = "retainAvailable=false")
{
    struct peer *peer = peer_open(t);
    peer_send(
        peer,
        CONNECT(.client_id = "one", .clean_start = 1,
                .will = {.topic = "status", .payload = "gone", .retain = 1}));
    peer_expect_refused(peer, .v5 = CODES(RETAIN_NOT_SUPPORTED));
}

/* A client that was told that there is no retain and sets it all the same
 * loses its connection. */
TEST(retain_closes_without_retain, "5.0/MQTT-3.2.2-14",
     "5.0/RULE-feature-unavailable", .settings = "retainAvailable=false")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.retain_available = OPT(0)));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .retain = 1, .packet_id = 1));
    peer_expect_error(peer, RETAIN_NOT_SUPPORTED);
}

/* A packet above the Maximum Packet Size of the server ends the connection, and
 * its message goes nowhere. */
TEST(packet_too_large_closes, "5.0/MQTT-3.2.2-15",
     "5.0/RULE-maximum-packet-size-enforced",
     .settings = "maximumPacketSize=200")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.maximum_packet_size = OPT(200)));
    peer_send(peer, PUBLISH(.topic = "news", .payload = t_fill(t, 200, "x"),
                            .qos = 1, .packet_id = 1));
    peer_expect_error(peer, PACKET_TOO_LARGE);
    client_expect_nothing_more(watcher);
}

/* A packet of exactly the Maximum Packet Size of the server is taken. */
TEST(packet_of_maximum_size_is_taken, "5.0/MQTT-3.2.2-15",
     .settings = "maximumPacketSize=200")
{
    struct peer *peer = peer_hello(t, "one");
    /* type and length take 3 octets, the properties 1, the identifier 2 */
    size_t payload = 200 - 3 - 2 - strlen(t_topic(t, "news")) - 2 - 1;
    peer_send(peer, PUBLISH(.topic = "news", .payload = t_fill(t, payload, "x"),
                            .qos = 1, .packet_id = 1));
    peer_expect(peer, PUBACK(.packet_id = 1));
}

/* A Topic Alias outside of 1 to the maximum in CONNACK ends the connection, and
 * the message goes nowhere. (Where every number is inside, 0 is outside.) */
TEST(alias_above_the_maximum_closes, "5.0/MQTT-3.2.2-17", "5.0/MQTT-3.3.2-9",
     "5.0/RULE-publish-topic-alias-too-high")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "one");
    uint32_t outside =
        1 + wire_value(peer_connack(peer)->props.topic_alias_maximum, 0);
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x",
                            .props.topic_alias = OPT(outside % 65536)));
    peer_expect_error(peer, TOPIC_ALIAS_INVALID, PROTOCOL_ERROR,
                      MALFORMED_PACKET);
    client_expect_nothing_more(watcher);
}

/* The same with a server whose maximum is known. */
TEST(alias_above_a_small_maximum_closes, "5.0/MQTT-3.2.2-17",
     "5.0/MQTT-3.3.2-9", "5.0/RULE-publish-topic-alias-too-high",
     .settings = "topicAliasMaximum=3")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(
        peer, CONNACK(.reason = SUCCESS, .props.topic_alias_maximum = OPT(3)));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1, .props.topic_alias = OPT(3)));
    peer_expect(peer, PUBACK(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 2, .props.topic_alias = OPT(4)));
    peer_expect_error(peer, TOPIC_ALIAS_INVALID);
}

/* A server that named no Topic Alias Maximum, or zero, takes no alias. */
TEST(alias_without_a_maximum_closes, "5.0/MQTT-3.2.2-18",
     .settings = "topicAliasMaximum=0")
{
    struct peer *peer = peer_hello(t, "one");
    t_check(t,
            wire_value(peer_connack(peer)->props.topic_alias_maximum, 0) == 0,
            "no Topic Alias Maximum, or 0", "CONNACK has another");
    peer_send(peer, PUBLISH(.topic = "news", .payload = "x", .qos = 1,
                            .packet_id = 1, .props.topic_alias = OPT(1)));
    peer_expect_error(peer, TOPIC_ALIAS_INVALID);
}

/* The client's publications in flight stay within the Receive Maximum of the
 * server. One too many ends with DISCONNECT 0x93; a server that refuses just
 * the one message keeps its limit too, though in another way than the standard
 * describes. */
TEST(publications_above_receive_maximum_close, "5.0/MQTT-3.3.4-7",
     "5.0/RULE-receive-maximum-exceeded", .settings = "receiveMaximum=2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS, .props.receive_maximum = OPT(2)));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "1", .qos = 2,
                            .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "2", .qos = 2,
                            .packet_id = 2));
    peer_expect(peer, PUBREC(.packet_id = 2));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "3", .qos = 2,
                            .packet_id = 3));
    const struct wire_packet *refusal = peer_expect_or_close(
        peer, PUBREC(.packet_id = 3, .reason = REASON_AT_LEAST(0x80)));
    refusal ? t_warn(t, "DISCONNECT with 0x93 and the close",
                     "the message alone is refused, by PUBREC")
            : (void)0;
}

/* An exchange that is over makes room for the next one. */
TEST(finished_publications_free_receive_maximum, "5.0/MQTT-3.3.4-7",
     .settings = "receiveMaximum=1")
{
    struct peer *peer = peer_hello(t, "one");
    peer_publish(peer, MESSAGE("news", "1", .qos = 2));
    peer_publish(peer, MESSAGE("news", "2", .qos = 1));
    peer_publish(peer, MESSAGE("news", "3", .qos = 2));
    peer_expect_alive(peer);
}

/* A new connection may use the whole of it, whatever is open. */
TEST(receive_maximum_is_whole_again, "5.0/MQTT-3.3.4-7",
     "5.0/RULE-send-quota-restarts", .settings = "receiveMaximum=2")
{
    const struct wire_packet *connect =
        CONNECT(.client_id = "one", .props.session_expiry_interval_s = OPT(60));
    struct peer *peer = peer_connect(t, connect);
    peer_send(peer, PUBLISH(.topic = "news", .payload = "1", .qos = 2,
                            .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBLISH(.topic = "news", .payload = "2", .qos = 2,
                            .packet_id = 2));
    peer_expect(peer, PUBREC(.packet_id = 2));
    peer_drop(peer);
    peer = peer_connect(t, connect);
    peer_send(peer, PUBLISH(.topic = "news", .payload = "3", .qos = 1,
                            .packet_id = 3));
    peer_expect(peer, PUBACK(.packet_id = 3));
}

/* A server without one of these features says so in CONNACK, and grants no
 * subscription that asks for it. */
TEST(missing_wildcards_are_told, "5.0/RULE-feature-unavailable",
     .settings = "wildcardSubscriptionAvailable=false")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.wildcard_subscription_available = OPT(0)));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"$share/g/#"}}));
    peer_expect_not_granted(peer, 1);
}

TEST(missing_shares_are_told, "5.0/RULE-feature-unavailable",
     .settings = "sharedSubscriptionAvailable=false")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.shared_subscription_available = OPT(0)));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"$share/g/a"}}));
    peer_expect_not_granted(peer, 1);
}

TEST(missing_identifiers_are_told, "5.0/RULE-feature-unavailable",
     .settings = "subscriptionIdentifierAvailable=false")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer,
                CONNACK(.reason = SUCCESS,
                        .props.subscription_identifier_available = OPT(0)));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .props.subscription_identifier = {OPT(7)}));
    peer_expect_not_granted(peer, 1);
}

SUITE(connack_limits, "3.2.2.3 CONNACK Properties", maximum_qos_is_told,
      maximum_qos_0_is_told, maximum_qos_lets_subscribe,
      publish_above_maximum_qos_closes, will_above_maximum_qos_is_refused,
      retained_will_is_refused_without_retain, retain_closes_without_retain,
      packet_too_large_closes, packet_of_maximum_size_is_taken,
      alias_above_the_maximum_closes, alias_above_a_small_maximum_closes,
      alias_without_a_maximum_closes, publications_above_receive_maximum_close,
      finished_publications_free_receive_maximum, missing_wildcards_are_told,
      missing_shares_are_told, missing_identifiers_are_told,
      receive_maximum_is_whole_again);
