/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.h -- bad input in every manner, and the proof that others are served.
 *
 * Each of these sends one bad input several times, on connections of their own:
 * in one segment, octet by octet, and in one segment with the CONNECT; over
 * WebSocket in one frame, in a frame for each octet, in the CONNECT's frame and
 * as the fragments of one message. All the while a watcher is subscribed to
 * "#": it gets nothing of it. Afterwards three clients, all new, send messages
 * round, and the watcher gets exactly these.
 */
#ifndef MQTTSPEC_PEER_HOSTILE_H
#define MQTTSPEC_PEER_HOSTILE_H

#include "peer/peer.h"

/* hostile_closes: the input comes after CONNACK, a PINGREQ behind it, and the
 * broker must close. In 5.0 a DISCONNECT of 0x80 or more may come first. */
#define hostile_closes(t, packet) hostile_at(t, HERE(#packet), packet, 0)
/* hostile_closes_first: the input is the first on the connection; the broker
 * must close. In 5.0 a CONNACK of 0x80 or more may come first. */
#define hostile_closes_first(t, packet)                                        \
    hostile_at(t, HERE(#packet), packet, HOSTILE_FIRST)
/* hostile_is_survived, hostile_is_survived_first: the same where the standard
 * demands no reaction: the broker may answer as it likes. */
#define hostile_is_survived(t, packet)                                         \
    hostile_at(t, HERE(#packet), packet, HOSTILE_ANY_REACTION)
#define hostile_is_survived_first(t, packet)                                   \
    hostile_at(t, HERE(#packet), packet, HOSTILE_ANY_REACTION | HOSTILE_FIRST)

enum hostile { HOSTILE_FIRST = 1, HOSTILE_ANY_REACTION = 2 };
void hostile_at(struct t *t, struct where where,
                const struct wire_packet *packet, unsigned options);

/* hostile_cuts sends only the beginning of a packet and drops the connection,
 * once for each octet at which it can be cut, the first (in 5.0: whole) packet
 * of the connection if it is a CONNECT. Others must be served. */
#define hostile_cuts(t, packet) hostile_cuts_at(t, HERE(#packet), packet)
void hostile_cuts_at(struct t *t, struct where where,
                     const struct wire_packet *packet);

/* hostile_watcher connects "watcher", subscribed to "#" at QoS 0.
 * hostile_others_are_served sends messages between three new clients; the
 * watcher must get these and nothing else. All four are gone then. */
struct peer *hostile_watcher(struct t *t);
#define hostile_others_are_served(t, watcher)                                  \
    hostile_others_are_served_at(t, HERE(""), watcher)
void hostile_others_are_served_at(struct t *t, struct where where,
                                  struct peer *watcher);

/* hostile_guests opens so many connections that are accepted, sends the packet
 * on each and leaves them open. */
#define hostile_guests(t, n, packet) hostile_guests_at(t, HERE(#n), n, packet)
void hostile_guests_at(struct t *t, struct where where, size_t n,
                       const struct wire_packet *packet);

/* hostile_finish ends a connection: nothing more comes from us; whatever the
 * broker still sends is read until it has closed, or long enough. */
#define hostile_finish(peer) hostile_finish_at(peer, HERE(""))
void hostile_finish_at(struct peer *peer, struct where where);

/* hostile_crowd opens so many connections, sends the first octets of a packet
 * on each (NULL: nothing) and leaves them open. */
void hostile_crowd(struct t *t, size_t n_connections,
                   const struct wire_packet *packet, size_t n_octets);

/* hostile_descriptors_fall waits until the broker's process holds no more than
 * n descriptors; the watcher is served meanwhile. */
#define hostile_descriptors_fall(t, watcher, n)                                \
    hostile_descriptors_fall_at(t, HERE(#n), watcher, n)
void hostile_descriptors_fall_at(struct t *t, struct where where,
                                 struct peer *watcher, long n);

/* hostile_shortened gives the packet with the first n octets of its body only,
 * and a Remaining Length that says so. Owned by t. */
const struct wire_packet *
hostile_shortened(struct t *t, const struct wire_packet *packet, size_t n);
/* hostile_subscribe gives a SUBSCRIBE to n filters, "f/0", "f/1" ... */
const struct wire_packet *hostile_subscribe(struct t *t, size_t n);
/* hostile_long gives the packet with a string of n octets of this pattern in
 * the place of a field ("topic", "filters" ...), n_options zeros behind it. */
const struct wire_packet *hostile_long(struct t *t,
                                       const struct wire_packet *packet,
                                       const char *field, const char *pattern,
                                       size_t n, size_t n_options);
/* hostile_properties gives the packet with a property list that repeats these
 * octets n times. */
const struct wire_packet *hostile_properties(struct t *t,
                                             const struct wire_packet *packet,
                                             struct wire_bytes octets,
                                             size_t n);
/* hostile_flood publishes n messages of so many octets at QoS 0. */
void hostile_flood(struct peer *peer, const char *topic, size_t n,
                   size_t octets);
/* hostile_churn connects and drops the connection, n times. */
#define hostile_churn(t, n) hostile_churn_at(t, HERE(#n), n)
void hostile_churn_at(struct t *t, struct where where, size_t n);

#endif
