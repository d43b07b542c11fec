// SPDX-License-Identifier: Apache-2.0
/* ws_handshake.h -- the HTTP request that opens a WebSocket, and its answer.
 *
 * Spec: RFC 6455 s4.2; 5.0 s6 [MQTT-6.0.0-3], [MQTT-6.0.0-4].
 */
#ifndef BROKER_NET_WS_HANDSHAKE_H
#define BROKER_NET_WS_HANDSHAKE_H

#include "base/buf.h"

enum ws_handshake {
    WS_HANDSHAKE_MORE,     /* the request is not whole yet */
    WS_HANDSHAKE_ACCEPTED, /* frames follow */
    WS_HANDSHAKE_REFUSED,  /* the connection ends after the response */
};

/* ws_handshake_answer reads a request and writes the response.
 *
 * octets               what has arrived so far, from the first octet on
 * requires_subprotocol whether to refuse a client that offers neither "mqtt"
 *                      nor "mqttv3.1"
 * response             out: the whole response, appended; nothing for MORE
 * n_used               out: length of the request when ACCEPTED; the octets
 *                      behind it are frames
 *
 * Refusals: 400 (malformed, no key, no sub-protocol), 405 (not GET), 426 (no
 * WebSocket, or not version 13), 431 (more than 8,192 octets), 505.
 */
enum ws_handshake ws_handshake_answer(struct slice octets,
                                      bool requires_subprotocol,
                                      struct buf *response, size_t *n_used);

#endif
