/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h -- the raw speaker: one connection that says what a test tells it.
 *
 * It sends any octets, right or wrong, answers nothing by itself (but in the
 * helpers that say so) and hands the broker's packets to the test in order.
 * TCP, TLS or WebSocket as the case has it. A failed expectation ends the case
 * with what was expected, what came, and the line of the test.
 *
 * Waiting is for an event, up to t_deadline_ms. That nothing comes is proved by
 * a fence: PINGREQ, and its PINGRESP must be the next packet.
 */
#ifndef MQTTSPEC_PEER_PEER_H
#define MQTTSPEC_PEER_PEER_H

#include "message.h"
#include "t.h"

struct peer;

/* ---- opening and closing --------------------------------------------------*/

/* peer_open opens a connection and sends nothing. Owned by t. */
struct peer *peer_open(struct t *t);

/* peer_open_as opens one that speaks another version than the case; skipped
 * where the target does not. */
struct peer *peer_open_as(struct t *t, enum wire_version version);

/* peer_open_beside opens one without WebSocket, on the very port on which the
 * case speaks WebSocket: TCP for "ws", TLS for "wss". */
struct peer *peer_open_beside(struct t *t);

/* peer_open_offering opens a WebSocket with this list of sub-protocols in the
 * upgrade; peer_subprotocol gives the one the server chose, "" if none. */
struct peer *peer_open_offering(struct t *t, const char *offer);
const char *peer_subprotocol(const struct peer *peer);

/* peer_connect opens, sends a CONNECT and demands a CONNACK of success.
 *     struct peer *pump = peer_connect(t, CONNECT(.client_id = "pump",
 *                                                 .clean_start = 1));
 * Say clean_start yourself: it is 0 if unset. */
#define peer_connect(t, connect) peer_connect_at(t, HERE(#connect), connect)
struct peer *peer_connect_at(struct t *t, struct where where,
                             const struct wire_packet *connect);
/* peer_hello: peer_connect with a clean start and keep alive 0. */
#define peer_hello(t, client_id) peer_hello_at(t, HERE(#client_id), client_id)
struct peer *peer_hello_at(struct t *t, struct where where,
                           const char *client_id);
/* peer_connack: the CONNACK this peer was accepted with; never NULL after
 * peer_connect, peer_hello or an expected CONNACK. Owned by t. */
const struct wire_packet *peer_connack(const struct peer *peer);

/* peer_drop cuts the connection with a reset: no DISCONNECT is sent, the
 * broker sees a network failure. peer_close closes in order (FIN, or a
 * WebSocket close), also without DISCONNECT. peer_disconnect sends DISCONNECT
 * (reason 0) and waits until the broker has closed. */
void peer_drop(struct peer *peer);
void peer_close(struct peer *peer);
#define peer_disconnect(peer) peer_disconnect_at(peer, HERE(""))
void peer_disconnect_at(struct peer *peer, struct where where);
/* peer_half_close: FIN from our side only; the broker may still send. */
void peer_half_close(struct peer *peer);

/* ---- sending ---------------------------------------------------------------
 * Sending on a connection that the broker has closed is no failure: the next
 * expectation will tell. Strings of names are made unique (t.h). */
void peer_send(struct peer *peer, const struct wire_packet *packet);
/* Several packets in one segment: peer_send_together(p, A(), B()). */
#define peer_send_together(peer, ...)                                          \
    peer_send_list(peer, (const struct wire_packet *[]){__VA_ARGS__, NULL})
void peer_send_list(struct peer *peer, const struct wire_packet **packets);
/* Octets as they stand. */
void peer_send_octets(struct peer *peer, struct wire_bytes octets);
/* The first n octets of the packet only. */
void peer_send_part(struct peer *peer, const struct wire_packet *packet,
                    size_t n);
/* One segment per octet. */
void peer_send_dribbling(struct peer *peer, const struct wire_packet *packet);
/* In one WebSocket text frame (ws and wss only). */
void peer_send_as_text(struct peer *peer, const struct wire_packet *packet);
/* One WebSocket message in frames of so many octets; a ping of WebSocket. */
void peer_send_fragments(struct peer *peer, const struct wire_packet *packet,
                         size_t octets);
void peer_send_ws_ping(struct peer *peer);
/* Octets in the place of a WebSocket frame. */
void peer_send_frame_octets(struct peer *peer,
                            const struct wire_packet *octets);

/* peer_upgrade sends an HTTP request for this target's WebSocket, with these
 * fields behind Host (each with its CR LF), and returns the answer up to its
 * empty line; "" if the broker closed without one. Owned by t. */
const char *peer_upgrade(struct t *t, const char *fields);

/* ---- expecting
 * -------------------------------------------------------------*/

/* The next packet must match; returned, owned by t. */
#define peer_expect(peer, packet) peer_expect_at(peer, HERE(#packet), packet)
const struct wire_packet *peer_expect_at(struct peer *peer, struct where where,
                                         const struct wire_packet *packet);
/* The next packet must match one of several; peer_which then tells which. */
#define peer_expect_any(peer, ...)                                             \
    peer_expect_any_at(peer, HERE(#__VA_ARGS__),                               \
                       (const struct wire_packet *[]){__VA_ARGS__, NULL})
const struct wire_packet *
peer_expect_any_at(struct peer *peer, struct where where,
                   const struct wire_packet **alternatives);
/* The next packet must match, or the broker must close as for
 * peer_expect_close. Returns NULL after the close. */
#define peer_expect_or_close(peer, packet)                                     \
    peer_expect_or_close_at(peer, HERE(#packet " or the close"), packet)
const struct wire_packet *
peer_expect_or_close_at(struct peer *peer, struct where where,
                        const struct wire_packet *packet);
/* The next packets must match all of these, in any order. */
#define peer_expect_all(peer, ...)                                             \
    peer_expect_all_at(peer, HERE(#__VA_ARGS__),                               \
                       (const struct wire_packet *[]){__VA_ARGS__, NULL})
void peer_expect_all_at(struct peer *peer, struct where where,
                        const struct wire_packet **packets);
/* The next packet, whatever it is: for a test that judges for itself. */
#define peer_receive(peer) peer_receive_at(peer, HERE(""))
const struct wire_packet *peer_receive_at(struct peer *peer,
                                          struct where where);

/* A fence: nothing but PINGRESP may come; the connection is alive. */
#define peer_expect_nothing(peer) peer_expect_nothing_at(peer, HERE(""))
void peer_expect_nothing_at(struct peer *peer, struct where where);
/* The connection is still served; packets that come before the PINGRESP are
 * dropped. */
#define peer_expect_alive(peer) peer_expect_alive_at(peer, HERE(""))
void peer_expect_alive_at(struct peer *peer, struct where where);

/* The broker must close the connection (FIN or reset). Before it, in 5.0, a
 * DISCONNECT with a code of 0x80 or more may come; if the peer is not yet
 * accepted, in 5.0 a CONNACK of 0x80 or more. Any other packet fails. */
#define peer_expect_close(peer) peer_expect_close_at(peer, HERE(""), NO_CODES)
/* The same; in 5.0 a code that is not among these is a warning (naming the
 * code is a SHOULD): peer_expect_error(p, MALFORMED_PACKET, PROTOCOL_ERROR). */
#define peer_expect_error(peer, ...)                                           \
    peer_expect_close_at(peer, HERE(#__VA_ARGS__), CODES(__VA_ARGS__))
void peer_expect_close_at(struct peer *peer, struct where where,
                          struct wire_bytes codes);
#define NO_CODES ((struct wire_bytes){{NULL}, 0})
/* The connection ends, whatever the broker says before. */
#define peer_expect_end(peer) peer_expect_end_at(peer, HERE(""))
void peer_expect_end_at(struct peer *peer, struct where where);
/* A SUBSCRIBE with a wrong Topic Filter must not be granted: a failure code in
 * SUBACK, or the close as in peer_expect_close. */
#define peer_expect_not_granted(peer, packet_id)                               \
    peer_expect_not_granted_at(peer, HERE(""), packet_id)
void peer_expect_not_granted_at(struct peer *peer, struct where where,
                                uint16_t packet_id);
/* In 5.0 a DISCONNECT with one of these codes must come, then the close; under
 * 3.x just the close. */
#define peer_expect_disconnect(peer, ...)                                      \
    peer_expect_disconnect_at(peer, HERE(#__VA_ARGS__), CODES(__VA_ARGS__))
void peer_expect_disconnect_at(struct peer *peer, struct where where,
                               struct wire_bytes codes);
/* The close must come between these many milliseconds after the last octet this
 * peer sent (keep alive). Packets before it as for peer_expect_close. */
#define peer_expect_close_within(peer, from_ms, to_ms)                         \
    peer_expect_close_within_at(peer, HERE(#from_ms ".." #to_ms), from_ms,     \
                                to_ms)
void peer_expect_close_within_at(struct peer *peer, struct where where,
                                 int from_ms, int to_ms);

/* A pong of WebSocket with this payload must come; packets that come meanwhile
 * are dropped. */
#define peer_expect_pong(peer, payload)                                        \
    peer_expect_pong_at(peer, HERE(#payload), payload)
void peer_expect_pong_at(struct peer *peer, struct where where,
                         struct wire_bytes payload);
/* The broker says Close of WebSocket before it ends the connection. */
#define peer_expect_ws_close(peer) peer_expect_ws_close_at(peer, HERE(""))
void peer_expect_ws_close_at(struct peer *peer, struct where where);

/* Has the broker closed within so many milliseconds? What it sends meanwhile is
 * dropped. For a test that does something over and over until the close. */
#define peer_closes_within(peer, ms) peer_closes_within_at(peer, HERE(#ms), ms)
bool peer_closes_within_at(struct peer *peer, struct where where, int ms);

/* How a CONNECT may be refused. Both lists empty: the connection is closed,
 * under 3.x without a CONNACK. */
struct refusal {
    struct wire_bytes v3;   /* 3.x: CONNACK with one of these return codes */
    bool v3_may_just_close; /* ... or no CONNACK at all (a SHOULD) */
    struct wire_bytes v5;   /* 5.0: an other CONNACK code is a warning */
    bool v5_must;           /* 5.0: CONNACK with one of these is a MUST */
};
/* The CONNECT must be refused and the connection closed:
 *     peer_expect_refused(p, .v3 = CODES(2), .v5 = CODES(0x85));
 * In 5.0 a close without CONNACK is always fine unless v5_must. */
#define peer_expect_refused(peer, ...)                                         \
    peer_expect_refused_at(peer, HERE(#__VA_ARGS__),                           \
                           &(struct refusal){__VA_ARGS__})
void peer_expect_refused_at(struct peer *peer, struct where where,
                            const struct refusal *refusal);

/* ---- conversations ---------------------------------------------------------
 * Whole exchanges, done right, for what a test needs but is not about. */

/* SUBSCRIBE to one filter, and a SUBACK that grants exactly this QoS. A Server
 * that grants less is in its right, and the case is skipped. Messages that come
 * before SUBACK are kept for later expectations. */
#define peer_subscribe(peer, filter, qos)                                      \
    peer_subscribe_at(peer, HERE(#filter), filter, qos)
void peer_subscribe_at(struct peer *peer, struct where where,
                       const char *filter, int qos);
/* The same for a filter with options: peer_subscribe_with(p, .filter = "a",
 * .qos = 1, .no_local = 1); see struct wire_filter. */
#define peer_subscribe_with(peer, ...)                                         \
    peer_subscribe_filter_at(peer, HERE(#__VA_ARGS__),                         \
                             &(struct wire_filter){__VA_ARGS__})
void peer_subscribe_filter_at(struct peer *peer, struct where where,
                              const struct wire_filter *filter);
#define peer_unsubscribe(peer, filter)                                         \
    peer_unsubscribe_at(peer, HERE(#filter), filter)
void peer_unsubscribe_at(struct peer *peer, struct where where,
                         const char *filter);

/* Publishes and finishes the hand-shake of its QoS. In 5.0 a reason below 0x80
 * is demanded. QoS 0 is followed by PINGREQ/PINGRESP, so that the broker has
 * taken the message when this returns. */
#define peer_publish(peer, message)                                            \
    peer_publish_at(peer, HERE(#message), message)
void peer_publish_at(struct peer *peer, struct where where,
                     const struct message *message);

/* The next packet must be this message; the hand-shake of its QoS is finished.
 * Returns the PUBLISH, owned by t. */
#define peer_expect_message(peer, message)                                     \
    peer_expect_message_at(peer, HERE(#message), message)
const struct wire_packet *peer_expect_message_at(struct peer *peer,
                                                 struct where where,
                                                 const struct message *message);
/* Several messages, in any order. */
#define peer_expect_messages(peer, ...)                                        \
    peer_expect_messages_at(peer, HERE(#__VA_ARGS__),                          \
                            (const struct message *[]){__VA_ARGS__, NULL})
void peer_expect_messages_at(struct peer *peer, struct where where,
                             const struct message **messages);

/* peer_packet_id gives an identifier this peer has not used yet. */
uint16_t peer_packet_id(struct peer *peer);

#endif
