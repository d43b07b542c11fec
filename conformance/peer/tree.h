/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h -- a tree of retained messages, and what a filter must find in it.
 *
 * A model keeps beside the broker which topics have a retained message. Trees
 * of tens of topics, some hundreds at most. Random ones come from a seed, so
 * that a case is the same in each run. Spec: 5.0 s3.3.1.3, 4.7; 3.1.1 likewise.
 */
#ifndef MQTTSPEC_PEER_TREE_H
#define MQTTSPEC_PEER_TREE_H

#include "peer/peer.h"

struct tree;

/* tree_open connects a writer and a witness, who sees that a message has gone
 * to the subscribers before the next is written. Owned by t. */
struct tree *tree_open(struct t *t, unsigned seed);

/* tree_retain retains a message; an empty payload removes it. */
#define tree_retain(tree, topic, payload)                                      \
    tree_retain_at(tree, HERE(#topic), topic, payload)
void tree_retain_at(struct tree *tree, struct where where, const char *topic,
                    const char *payload);
/* tree_plant retains a message for each of these topics; NULL ends them. */
#define tree_plant(tree, topics) tree_plant_at(tree, HERE(#topics), topics)
void tree_plant_at(struct tree *tree, struct where where,
                   const char *const *topics);
/* tree_grow takes n random steps: most retain a message, some remove one. */
#define tree_grow(tree, n) tree_grow_at(tree, HERE(#n), n)
void tree_grow_at(struct tree *tree, struct where where, size_t n);
/* tree_widen retains messages for n topics side by side. */
#define tree_widen(tree, n) tree_widen_at(tree, HERE(#n), n)
void tree_widen_at(struct tree *tree, struct where where, size_t n);

/* tree_expect subscribes a new client to the filter: it must get exactly the
 * retained messages that match, with RETAIN 1, once each. tree_expect_random
 * does so with n random filters. */
#define tree_expect(tree, filter) tree_expect_at(tree, HERE(#filter), filter)
void tree_expect_at(struct tree *tree, struct where where, const char *filter);
#define tree_expect_random(tree, n) tree_expect_random_at(tree, HERE(#n), n)
void tree_expect_random_at(struct tree *tree, struct where where, size_t n);

/* tree_deliver subscribes n readers to random filters, some of which they give
 * up again, and publishes twice as many random messages: each reader must get
 * exactly those that its filter matches, once each. */
#define tree_deliver(tree, n) tree_deliver_at(tree, HERE(#n), n)
void tree_deliver_at(struct tree *tree, struct where where, size_t n);

#endif
