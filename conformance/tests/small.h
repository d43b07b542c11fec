/* SPDX-License-Identifier: Apache-2.0 */
/* small.h -- a client that takes small packets alone, but its CONNACK.
 *
 * What a server says of itself in CONNACK may be more than a very small packet
 * holds; then it must not send it, and nothing else can be seen. So the limit
 * is told from the CONNACK that comes to the same client without one.
 * Spec: 5.0 s3.1.2.11.4 [MQTT-3.1.2-24].
 */
#ifndef MQTTSPEC_TESTS_SMALL_H
#define MQTTSPEC_TESTS_SMALL_H

#include "peer/peer.h"

/* small_connect connects twice: as it stands, and with a Maximum Packet Size.
 *
 * connect   with a clean start
 * limit     out: that size, in octets: 20, or what CONNACK needs; may be NULL
 *
 * Returns the second peer, and demands that both are accepted.
 */
#define small_connect(t, connect, limit)                                       \
    small_connect_at(t, HERE(#connect), connect, limit)
static inline struct peer *small_connect_at(struct t *t, struct where where,
                                            const struct wire_packet *connect,
                                            size_t *limit)
{
    struct wire_packet limited = *connect;
    struct peer *measured = peer_connect_at(t, where, connect);
    size_t n = wire_len(peer_connack(measured)->octets);
    peer_disconnect_at(measured, where);
    n = n > 20 ? n : 20;
    if (limit)
        *limit = n;
    limited.props.maximum_packet_size = OPT(n);
    return peer_connect_at(t, where, &limited);
}

/* small_check demands that this packet keeps to the limit. */
#define small_check(t, packet, limit)                                          \
    t_check(t, wire_len((packet)->octets) <= (limit),                          \
            t_text(t, "a packet of at most %zu octets", limit), "%zu octets",  \
            wire_len((packet)->octets))

#endif
