/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_config.c -- values that parameters may have, and those they may not:
 * a broker that is told nonsense does not start, and says which parameter it
 * is.
 *
 * Spec: the Artemis MQTT manual; 5.0 s3.2.2.3.
 */
#include "peer/peer.h"
#include "suite.h"

struct setting {
    struct row row;
    const char *setting;
    const char *name; /* that the broker must name; NULL: it starts */
};

#define RECEIVE_MAXIMUM "artemis/R11-receive-maximum-value"
#define TOPIC_ALIAS "artemis/R12-topic-alias-value"
#define PACKET_SIZE "artemis/R13-packet-size-value"
#define KEEP_ALIVE "artemis/R14-keep-alive-value"
#define EXPIRY "artemis/R10-default-session-expiry"
#define STEALING "artemis/R09-stealing-allowed"
#define CLOSE "artemis/R16-publish-3-1-1-close"
#define IN_FLIGHT "artemis/R11-client-receive-maximum"
#define PROTOCOLS "artemis/R01-protocols"

#define BAD(row_, id_, name_, value_)                                          \
    {                                                                          \
        {row_, id_}, name_ "=" value_, name_                                   \
    }

static const struct setting illegal[] = {
    BAD("receive_maximum_0", RECEIVE_MAXIMUM, "receiveMaximum", "0"),
    BAD("receive_maximum_minus_2", RECEIVE_MAXIMUM, "receiveMaximum", "-2"),
    BAD("receive_maximum_65536", RECEIVE_MAXIMUM, "receiveMaximum", "65536"),
    BAD("receive_maximum_word", RECEIVE_MAXIMUM, "receiveMaximum", "many"),
    BAD("receive_maximum_tail", RECEIVE_MAXIMUM, "receiveMaximum", "10x"),
    BAD("receive_maximum_empty", RECEIVE_MAXIMUM, "receiveMaximum", ""),
    BAD("receive_maximum_wraps", RECEIVE_MAXIMUM, "receiveMaximum",
        "4294967297"),
    BAD("receive_maximum_wraps_64", RECEIVE_MAXIMUM, "receiveMaximum",
        "18446744073709551617"),
    BAD("topic_alias_minus_2", TOPIC_ALIAS, "topicAliasMaximum", "-2"),
    BAD("topic_alias_65536", TOPIC_ALIAS, "topicAliasMaximum", "65536"),
    BAD("topic_alias_word", TOPIC_ALIAS, "topicAliasMaximum", "all"),
    BAD("packet_size_0", PACKET_SIZE, "maximumPacketSize", "0"),
    BAD("packet_size_minus_2", PACKET_SIZE, "maximumPacketSize", "-2"),
    BAD("packet_size_above", PACKET_SIZE, "maximumPacketSize", "300000000"),
    BAD("packet_size_unit", PACKET_SIZE, "maximumPacketSize", "1MB"),
    BAD("keep_alive_minus_2", KEEP_ALIVE, "serverKeepAlive", "-2"),
    BAD("keep_alive_65536", KEEP_ALIVE, "serverKeepAlive", "65536"),
    BAD("keep_alive_word", KEEP_ALIVE, "serverKeepAlive", "abc"),
    BAD("keep_alive_fraction", KEEP_ALIVE, "serverKeepAlive", "1.5"),
    BAD("expiry_minus_2", EXPIRY, "defaultMqttSessionExpiryInterval", "-2"),
    BAD("expiry_above", EXPIRY, "defaultMqttSessionExpiryInterval",
        "4294967296"),
    BAD("expiry_word", EXPIRY, "defaultMqttSessionExpiryInterval", "never"),
    BAD("stealing_word", STEALING, "allowLinkStealing", "tru"),
    BAD("stealing_number", STEALING, "allowLinkStealing", "2"),
    BAD("stealing_empty", STEALING, "allowLinkStealing", ""),
    BAD("close_word", CLOSE, "closeMqttConnectionOnPublishAuthorizationFailure",
        "perhaps"),
    BAD("in_flight_0", IN_FLIGHT, "defaultMaximumInFlightPublishMessages", "0"),
    BAD("in_flight_65536", IN_FLIGHT, "defaultMaximumInFlightPublishMessages",
        "65536"),
    BAD("protocols_unknown", PROTOCOLS, "protocols", "SMTP"),
    BAD("protocols_without_mqtt", PROTOCOLS, "protocols", "AMQP,STOMP"),
    BAD("protocols_empty", PROTOCOLS, "protocols", ""),
};

/* The broker does not start, and names the parameter. */
TEST_EACH(illegal_value_is_refused, illegal, NULL, .versions = "5.0",
          .needs = "acceptor_parameters")
{
    const struct setting *row = t_row(t);
    t_broker_refuses(t, row->setting, row->name);
}

/* Names are looked at as well: one that does not exist is no parameter. */
TEST(unknown_parameter_is_refused, "artemis/R11-receive-maximum-value",
     .versions = "5.0", .needs = "acceptor_parameters")
{
    t_broker_refuses(t, "recieveMaximum=5", "recieveMaximum");
}

#define GOOD(row_, id_, setting_)                                              \
    {                                                                          \
        {row_, id_}, setting_, NULL                                            \
    }

static const struct setting legal[] = {
    GOOD("receive_maximum_1", RECEIVE_MAXIMUM, "receiveMaximum=1"),
    GOOD("receive_maximum_65535", RECEIVE_MAXIMUM, "receiveMaximum=65535"),
    GOOD("receive_maximum_off", RECEIVE_MAXIMUM, "receiveMaximum=-1"),
    GOOD("topic_alias_0", TOPIC_ALIAS, "topicAliasMaximum=0"),
    GOOD("topic_alias_65535", TOPIC_ALIAS, "topicAliasMaximum=65535"),
    GOOD("topic_alias_off", TOPIC_ALIAS, "topicAliasMaximum=-1"),
    GOOD("packet_size_1", PACKET_SIZE, "maximumPacketSize=1"),
    GOOD("packet_size_most", PACKET_SIZE, "maximumPacketSize=268435455"),
    GOOD("packet_size_off", PACKET_SIZE, "maximumPacketSize=-1"),
    GOOD("keep_alive_0", KEEP_ALIVE, "serverKeepAlive=0"),
    GOOD("keep_alive_65535", KEEP_ALIVE, "serverKeepAlive=65535"),
    GOOD("keep_alive_off", KEEP_ALIVE, "serverKeepAlive=-1"),
    GOOD("expiry_0", EXPIRY, "defaultMqttSessionExpiryInterval=0"),
    GOOD("expiry_most", EXPIRY, "defaultMqttSessionExpiryInterval=4294967295"),
    GOOD("expiry_off", EXPIRY, "defaultMqttSessionExpiryInterval=-1"),
    GOOD("stealing_false", STEALING, "allowLinkStealing=false"),
    GOOD("stealing_true", STEALING, "allowLinkStealing=true"),
    GOOD("protocols_mqtt", PROTOCOLS, "protocols=MQTT"),
    GOOD("several", RECEIVE_MAXIMUM,
         "receiveMaximum=10;topicAliasMaximum=0;maximumPacketSize=1000;"
         "serverKeepAlive=30;allowLinkStealing=false"),
};

/* At both ends of what is legal the broker starts. */
TEST_EACH(legal_value_is_taken, legal, NULL, .versions = "5.0",
          .needs = "acceptor_parameters")
{
    const struct setting *row = t_row(t);
    t_broker_takes(t, row->setting);
}

/* One acceptor serves all three versions, by what the first octets say. */
TEST(versions_share_a_port, "artemis/R01-versions-one-port",
     .versions = "3.1 3.1.1 5.0", .transports = "tcp tls ws wss")
{
    struct peer *peer = peer_hello(t, "mine");
    struct peer *oldest = peer_open_as(t, WIRE_3_1);
    peer_send(oldest, CONNECT(.client_id = "oldest", .clean_start = 1));
    peer_expect(oldest, CONNACK(.reason = SUCCESS));
    struct peer *older = peer_open_as(t, WIRE_3_1_1);
    peer_send(older, CONNECT(.client_id = "older", .clean_start = 1));
    peer_expect(older, CONNACK(.reason = SUCCESS));
    struct peer *newest = peer_open_as(t, WIRE_5_0);
    peer_send(newest, CONNECT(.client_id = "newest", .clean_start = 1));
    peer_expect(newest, CONNACK(.reason = SUCCESS));
    peer_subscribe(oldest, "a", 1);
    peer_subscribe(older, "a", 1);
    peer_subscribe(newest, "a", 1);
    peer_publish(peer, MESSAGE("a", "x", .qos = 1));
    peer_expect_message(oldest, MESSAGE("a", "x"));
    peer_expect_message(older, MESSAGE("a", "x"));
    peer_expect_message(newest, MESSAGE("a", "x"));
}

/* An acceptor that is told to speak one version only refuses the others. */
TEST(one_version_only, "artemis/R01-protocols", .versions = "3.1 5.0",
     .settings = "protocols=MQTT-3.1.1", .needs = "acceptor_parameters")
{
    struct peer *wrong = peer_open(t);
    peer_send(wrong, CONNECT(.client_id = "wrong", .clean_start = 1,
                             .protocol_level = OPT(BY_VERSION(t, 3, 5))));
    peer_expect_refused(wrong, .v3 = CODES(REFUSED_PROTOCOL_VERSION),
                        .v3_may_just_close = true,
                        .v5 = CODES(UNSUPPORTED_PROTOCOL_VERSION));
    struct peer *right = peer_open_as(t, WIRE_3_1_1);
    peer_send(right, CONNECT(.client_id = "right", .clean_start = 1));
    peer_expect(right, CONNACK(.reason = SUCCESS));
}

/* WebSocket is served on the port of the MQTT acceptor, TLS and secure
 * WebSocket on one with sslEnabled. */
TEST(transports_share_a_port, "artemis/R08-websocket-same-port",
     "artemis/R08-wss", .versions = "3.1 3.1.1 5.0",
     .only_transports = "ws wss", .needs = "acceptor_parameters")
{
    struct peer *peer = peer_hello(t, "web");
    struct peer *plain = peer_open_beside(t);
    peer_send(plain, CONNECT(.client_id = "plain", .clean_start = 1));
    peer_expect(plain, CONNACK(.reason = SUCCESS));
    peer_subscribe(plain, "a", 2);
    peer_publish(peer, MESSAGE("a", "x", .qos = 2));
    peer_expect_message(plain, MESSAGE("a", "x", .qos = 2));
}

#define SMALL_FRAMES                                                           \
    .versions = "3.1.1 5.0", .only_transports = "ws wss",                      \
    .settings = "webSocketMaxFramePayloadLength=200",                          \
    .needs = "acceptor_parameters"

/* A WebSocket frame above webSocketMaxFramePayloadLength ends the connection,
 */
TEST(frame_above_its_maximum, "artemis/R08-websocket-same-port", SMALL_FRAMES)
{
    struct peer *peer = peer_hello(t, "web");
    peer_send(peer, PUBLISH(.topic = "a", .payload = t_fill(t, 300, "x"),
                            .qos = 1, .packet_id = 1));
    peer_expect_end(peer);
}

/* a packet may be larger than a frame, in both directions. */
TEST(packet_above_the_maximum_of_frames, "artemis/R08-websocket-same-port",
     SMALL_FRAMES)
{
    struct peer *peer = peer_hello(t, "web");
    struct wire_bytes payload = t_fill(t, 1000, "0123456789");
    peer_subscribe(peer, "a", 0);
    peer_send_fragments(
        peer,
        PUBLISH(.topic = "a", .payload = payload, .qos = 1, .packet_id = 1),
        200);
    peer_expect_all(peer, PUBACK(.packet_id = 1),
                    PUBLISH(.topic = "a", .payload = payload));
}

SUITE(artemis_config, "Artemis R01-R16 parameters", illegal_value_is_refused,
      unknown_parameter_is_refused, legal_value_is_taken, versions_share_a_port,
      one_version_only, transports_share_a_port, frame_above_its_maximum,
      packet_above_the_maximum_of_frames);
