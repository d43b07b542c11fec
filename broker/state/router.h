// SPDX-License-Identifier: Apache-2.0
/* router.h -- from one message to all who want it.
 *
 * A session with several matching filters gets one copy, at the highest QoS
 * granted, with all its Subscription Identifiers. (When some of them have
 * Retain As Published and others not, and the message is retained, the session
 * gets one copy with the RETAIN flag and one without.) A share group gives the
 * message to one member, turn by turn, connected ones first; that copy is apart
 * from what the member's own subscriptions bring.
 * Spec: 5.0 s3.3.4 [MQTT-3.3.4-2..5], s4.8.2 [MQTT-4.8.2-3..6]; 3.1.1 s3.3.5.
 */
#ifndef BROKER_STATE_ROUTER_H
#define BROKER_STATE_ROUTER_H

#include "state/message.h"
#include "state/session.h"
#include "state/subtree.h"

/* Scratch of the router, reused from message to message; zeroed is empty. */
struct router {
    struct router_match *matches; /* router.c */
    size_t n_matches;
    size_t capacity;
    struct router_identifier *identifiers; /* of all matches, chained */
    size_t n_identifiers;
    size_t identifiers_capacity;
    uint32_t *gathered; /* the identifiers of one match */
    size_t gathered_capacity;
    /* may_deliver asks whether a session may receive a message now; NULL: all
     * may. Set once, by the broker. */
    bool (*may_deliver)(const struct session *s, const struct message *m,
                        void *arg);
    void *may_deliver_arg;
    /* on_dropped is told of each delivery lost, once s->n_dropped has counted
     * it. NULL: nobody is told. */
    void (*on_dropped)(const struct session *s, void *arg);
    void *on_dropped_arg;
    uint64_t n_dropped; /* deliveries lost to the limits, ever */
};

void router_clear(struct router *r);

/* router_publish delivers a message to all matching subscriptions.
 *
 * m   its publisher is left out by subscriptions with No Local [MQTT-3.8.3-3]
 *
 * Returns how many subscriptions or share groups it was for: 0 means that
 * there are no matching subscribers.
 */
size_t router_publish(struct router *r, const struct subtree *subtree,
                      struct message *m, uint64_t now_ms);

/* router_send_retained delivers one retained message for one subscription,
 * RETAIN set, if its session may receive it. [MQTT-3.3.1-8], [MQTT-3.8.4-4].
 */
void router_send_retained(struct router *r, const struct subscription *s,
                          struct message *m, uint64_t now_ms);

/* router_hand_over gives the messages that a session holds for its share groups
 * to other members, before the session ends: those not yet sent, and QoS 1 ones
 * not acknowledged. A QoS 2 message that was sent goes down with its session.
 * Spec: 5.0 s4.8.2 [MQTT-4.8.2-5].
 */
void router_hand_over(struct router *r, struct session *s, uint64_t now_ms);

#endif
