/* SPDX-License-Identifier: Apache-2.0 */
/* state.h -- exchanges that are repeated, for the tests of state.
 */
#ifndef MQTTSPEC_TESTS_STATE_H
#define MQTTSPEC_TESTS_STATE_H

#include "peer/peer.h"
#include "suite.h"

/* A session that outlives its connection. */
#define KEPT .clean_start = 0, .props = {.session_expiry_interval_s = OPT(60)}

/* send_times sends a packet n times, each time for this answer. */
#define send_times(peer, n, packet, answer)                                    \
    send_times_at(peer, HERE(#answer), n, packet, answer)
static inline void send_times_at(struct peer *peer, struct where where,
                                 size_t n, const struct wire_packet *packet,
                                 const struct wire_packet *answer)
{
    while (n-- > 0) {
        peer_send(peer, packet);
        peer_expect_at(peer, where, answer);
    }
}

/* only_send_times sends a packet n times. */
static inline void only_send_times(struct peer *peer, size_t n,
                                   const struct wire_packet *packet)
{
    while (n-- > 0)
        peer_send(peer, packet);
}

/* publish_times publishes a message n times. */
#define publish_times(peer, n, message)                                        \
    publish_times_at(peer, HERE(#message), n, message)
static inline void publish_times_at(struct peer *peer, struct where where,
                                    size_t n, const struct message *message)
{
    while (n-- > 0)
        peer_publish_at(peer, where, message);
}

/* publish_from_clients publishes a message from each of n new clients, "c0",
 * "c1" ...: every one must be answered. */
#define publish_from_clients(t, n, message)                                    \
    publish_from_clients_at(t, HERE(#message), n, message)
static inline void publish_from_clients_at(struct t *t, struct where where,
                                           size_t n,
                                           const struct message *message)
{
    while (n-- > 0) {
        struct peer *peer = peer_hello_at(t, where, t_text(t, "c%zu", n));
        peer_publish_at(peer, where, message);
        peer_drop(peer);
    }
}

#endif
