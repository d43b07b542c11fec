// SPDX-License-Identifier: Apache-2.0
/* ws.h -- MQTT in WebSocket binary frames, by wslay.
 *
 * The HTTP upgrade happens inside read; a text frame ends the connection.
 * Spec: 5.0 s6; 3.1.1 s6; RFC 6455.
 */
#ifndef BROKER_NET_WS_H
#define BROKER_NET_WS_H

#include "base/bytes.h"
#include "config.h"
#include "net/transport.h"

/* ws_new starts the server side of a WebSocket on TCP or TLS.
 *
 * below     the transport it stands on; owned from now on
 * options   webSocketMaxFramePayloadLength and its like; outlives the transport
 * early     what was already read from below, the beginning of the request;
 *           copied
 */
struct transport *ws_new(struct transport *below,
                         const struct acceptor_options *options,
                         struct slice early);

#endif
