// SPDX-License-Identifier: Apache-2.0
/* retain.h -- the last retained message of each topic.
 *
 * A tree of topic levels, so that a filter finds its topics without looking at
 * all of them. Spec: 5.0 s3.3.1.3; 3.1.1 s3.3.1.3.
 */
#ifndef BROKER_STATE_RETAIN_H
#define BROKER_STATE_RETAIN_H

#include "state/message.h"
#include "state/store.h"

struct retain_node;

struct retain {
    struct retain_node *root;
    size_t n_messages;
    size_t n_octets;
    struct store *store; /* NULL: nothing is kept on disk */
};

void retain_init(struct retain *r, struct store *store);
void retain_clear(struct retain *r);

/* retain_set keeps a message as the retained one of its topic, in place of the
 * one before; an empty payload only removes it. Takes its own reference.
 * Spec: [MQTT-3.3.1-5], [MQTT-3.3.1-6].
 */
void retain_set(struct retain *r, struct message *m);

/* retain_match calls visit for each message that is not expired and whose topic
 * the filter matches.
 */
void retain_match(struct retain *r, struct slice filter, uint64_t now_ms,
                  void (*visit)(struct message *m, void *arg), void *arg);

/* retain_expire removes what has expired; called once in a while. */
void retain_expire(struct retain *r, uint64_t now_ms);

#endif
