/* SPDX-License-Identifier: Apache-2.0 */
/* 6_websocket.c -- MQTT in WebSocket frames.
 *
 * That every frame of the server is binary is looked at in all cases that run
 * over WebSocket.
 * Spec: 5.0 s6, 3.1.1 s6, RFC 6455.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

#define OVER_WS .only_transports = "ws wss"

/* A CONNECT in a text frame ends the connection. */
TEST(connect_in_text_frame, "3.1.1/MQTT-6.0.0-1", "5.0/MQTT-6.0.0-1", OVER_WS)
{
    struct peer *peer = peer_open(t);
    peer_send_as_text(peer, CONNECT(.client_id = "text", .clean_start = 1));
    peer_expect_close(peer);
}

/* A text frame later on ends the connection, and its message goes nowhere. */
TEST(publish_in_text_frame, "3.1.1/MQTT-6.0.0-1", "5.0/MQTT-6.0.0-1", OVER_WS)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "text");
    peer_send_as_text(peer, PUBLISH(.topic = "news", .payload = "rain"));
    peer_expect_close(peer);
    client_expect_nothing_more(watcher);
}

/* Binary frames carry a whole exchange. */
TEST(binary_frames, "3.1.1/MQTT-6.0.0-1", "5.0/MQTT-6.0.0-1", OVER_WS)
{
    struct peer *peer = peer_hello(t, "binary");
    peer_subscribe(peer, "news", 2);
    peer_publish(peer, MESSAGE("news", "rain", .qos = 2));
    peer_expect_message(peer, MESSAGE("news", "rain", .qos = 2));
    peer_disconnect(peer);
}

/* A packet may be cut over frames, octet by octet: edges of frames are no edges
 * of packets. */
TEST(packets_over_several_frames, "3.1.1/MQTT-6.0.0-2", "5.0/MQTT-6.0.0-2",
     OVER_WS)
{
    struct peer *peer = peer_open(t);
    peer_send_dribbling(peer, CONNECT(.client_id = "slow", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_send_dribbling(
        peer, SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = 0}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0)));
    peer_send_dribbling(peer, PUBLISH(.topic = "news", .payload = "rain",
                                      .qos = 1, .packet_id = 2));
    peer_expect_all(peer, PUBACK(.packet_id = 2),
                    PUBLISH(.topic = "news", .payload = "rain"));
}

/* One frame may hold several packets. */
TEST(packets_in_one_frame, "3.1.1/MQTT-6.0.0-2", "5.0/MQTT-6.0.0-2", OVER_WS)
{
    struct peer *peer = peer_open(t);
    peer_send_together(
        peer, CONNECT(.client_id = "hasty", .clean_start = 1),
        SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = 0}}),
        PUBLISH(.topic = "news", .payload = "rain", .qos = 1, .packet_id = 2),
        PINGREQ(), PINGREQ());
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_all(peer, SUBACK(.packet_id = 1), PUBACK(.packet_id = 2),
                    PUBLISH(.topic = "news", .payload = "rain"), PINGRESP(),
                    PINGRESP());
}

/* A frame may end in the middle of a packet whose rest the next one begins
 * with, before a whole one. */
TEST(packet_across_the_edge_of_frames, "3.1.1/MQTT-6.0.0-2", "5.0/MQTT-6.0.0-2",
     OVER_WS)
{
    struct peer *peer = peer_hello(t, "edge");
    peer_send_octets(peer, BYTES("\xc0\x00\xc0"));
    peer_expect(peer, PINGRESP());
    peer_send_octets(peer, BYTES("\x00\xc0\x00"));
    peer_expect(peer, PINGRESP());
    peer_expect(peer, PINGRESP());
}

struct size_row {
    struct row row;
    size_t octets;
};
static const struct size_row fragment_sizes[] = {
    {{"one"}, 1}, {{"three"}, 3}, {{"all_but_one"}, 20}, {{"all"}, 4096}};

/* A WebSocket message in several frames is one stream of octets. */
TEST_EACH(fragmented_message, fragment_sizes, "3.1.1/MQTT-6.0.0-2",
          "5.0/MQTT-6.0.0-2", OVER_WS)
{
    const struct size_row *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send_fragments(peer, CONNECT(.client_id = "parts", .clean_start = 1),
                        row->octets);
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_send_fragments(
        peer,
        PUBLISH(.topic = "news", .payload = "rain", .qos = 1, .packet_id = 2),
        row->octets);
    peer_expect(peer, PUBACK(.packet_id = 2));
}

static const struct size_row payload_sizes[] = {
    {{"below_126"}, 50},      {{"above_126"}, 200}, {{"below_65536"}, 65000},
    {{"above_65536"}, 66000}, {{"large"}, 100000},
};

/* Messages of every size cross both ways whole; the lengths of WebSocket
 * frames have three forms. */
TEST_EACH(messages_of_any_size, payload_sizes, "3.1.1/MQTT-6.0.0-2",
          "5.0/MQTT-6.0.0-2", OVER_WS)
{
    const struct size_row *row = t_row(t);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    struct wire_bytes payload = t_fill(t, row->octets, "0123456789");
    peer_publish(writer, MESSAGE("news", payload, .qos = 1));
    peer_expect_message(reader, MESSAGE("news", payload, .qos = 1));
}

/* A ping of WebSocket itself is none of MQTT's business. */
TEST(websocket_ping, "3.1.1/MQTT-6.0.0-2", "5.0/MQTT-6.0.0-2", OVER_WS)
{
    struct peer *peer = peer_hello(t, "ping");
    peer_send_ws_ping(peer);
    peer_expect_nothing(peer);
    peer_send_octets(peer, BYTES("\xc0"));
    peer_send_ws_ping(peer);
    peer_send_octets(peer, BYTES("\x00"));
    peer_expect(peer, PINGRESP());
}

struct offer_row {
    struct row row;
    const char *offer;
};
static const struct offer_row offers[] = {
    {{"mqtt"}, "mqtt"},
    {{"last"}, "chat, mqtt"},
    {{"first"}, "mqtt, chat"},
    {{"no_space"}, "chat,mqtt,soap"},
};

/* The sub-protocol the server picks from those offered is mqtt. */
TEST_EACH(subprotocol_is_mqtt, offers, "3.1.1/MQTT-6.0.0-4", "5.0/MQTT-6.0.0-4",
          OVER_WS)
{
    const struct offer_row *row = t_row(t);
    struct peer *peer = peer_open_offering(t, row->offer);
    t_check(t, strcmp(peer_subprotocol(peer), "mqtt") == 0,
            "Sec-WebSocket-Protocol: mqtt", "it is \"%s\"",
            peer_subprotocol(peer));
    peer_send(peer, CONNECT(.client_id = "offer", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
}

/* A connection that closes without DISCONNECT, be it by a close of WebSocket,
 * publishes the Will. */
TEST(websocket_close_publishes_will, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8",
     OVER_WS)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump", .clean_start = 1,
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_close(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* Where the length of a frame takes another form. */
static const struct size_row packet_sizes[] = {
    {{"125"}, 125}, {{"126"}, 126}, {{"65535"}, 65535}, {{"65536"}, 65536}};

/* A length has the shortest form there is; so both sides agree on it. Another
 * client publishes: an answer to it would make the frame longer. */
TEST_EACH(frame_lengths_at_their_edges, packet_sizes,
          "robustness/R4-websocket-lengths", "3.1.1/MQTT-6.0.0-2",
          "5.0/MQTT-6.0.0-2", .only_transports = "ws")
{
    const struct size_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "reader");
    peer_subscribe(peer, "news", 0);
    size_t n_header = wire_write(
        t_version(t),
        PUBLISH(.topic = {t_topic(t, "news")}, .raw_length = OPT(row->octets)),
        NULL, 0);
    struct wire_bytes payload = t_fill(t, row->octets - n_header, "0123456789");
    peer_publish(peer_hello(t, "writer"), MESSAGE("news", payload));
    peer_expect_message(peer, MESSAGE("news", payload));
}

struct frame_row {
    struct row row;
    const struct wire_packet *octets;
};
#define MASK "00000000"
static const struct frame_row idle_frames[] = {
    {{"pong"}, RAW("8a 80" MASK)},
    {{"pong_with_data"}, RAW("8a 82" MASK "6869")},
    {{"empty_message"}, RAW("82 80" MASK)},
    {{"empty_fragments"}, RAW("02 80" MASK "80 80" MASK)},
};

/* A pong that nobody asked for, and a message without octets, are legal, and
 * mean nothing. */
TEST_EACH(frame_without_octets_means_nothing, idle_frames, "3.1.1/MQTT-6.0.0-2",
          "5.0/MQTT-6.0.0-2", .only_transports = "ws")
{
    const struct frame_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "idle");
    peer_send_frame_octets(peer, row->octets);
    peer_send_octets(peer, BYTES("\xc0"));
    peer_send_frame_octets(peer, row->octets);
    peer_send_octets(peer, BYTES("\x00"));
    peer_expect(peer, PINGRESP());
    peer_expect_nothing(peer);
}

SUITE(websocket, "6 WebSocket", connect_in_text_frame, publish_in_text_frame,
      binary_frames, packets_over_several_frames, packets_in_one_frame,
      packet_across_the_edge_of_frames, fragmented_message,
      messages_of_any_size, websocket_ping, subprotocol_is_mqtt,
      websocket_close_publishes_will, frame_lengths_at_their_edges,
      frame_without_octets_means_nothing);
