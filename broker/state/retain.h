// SPDX-License-Identifier: Apache-2.0
/* retain.h -- the last retained message of each topic.
 *
 * A tree of topic levels, so that a filter finds its topics without looking at
 * all of them. Spec: 5.0 s3.3.1.3; 3.1.1 s3.3.1.3.
 */
#ifndef BROKER_STATE_RETAIN_H
#define BROKER_STATE_RETAIN_H

#include "state/levels.h"
#include "state/message.h"
#include "state/store.h"

struct retain {
    struct levels levels;
    struct level_queue queue; /* scratch of retain_match */
    size_t n_messages;
    uint64_t next_expiry_ms; /* nothing expires before; 0: nothing at all */
    struct store *store;     /* NULL: nothing is kept on disk */
};

void retain_init(struct retain *r, struct store *store);
void retain_clear(struct retain *r);

/* retain_set keeps a message as the retained one of its topic, in place of the
 * one before; an empty payload only removes it. Takes its own reference.
 * Spec: [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-7].
 */
void retain_set(struct retain *r, struct message *m);

/* retain_find gives the retained message of a topic; NULL: none. It may have
 * expired.
 */
struct message *retain_find(const struct retain *r, struct slice topic);

/* retain_each calls visit for every message, expired or not. */
void retain_each(const struct retain *r,
                 void (*visit)(struct message *m, void *arg), void *arg);

/* retain_match calls visit for each message that is not expired and whose topic
 * the filter matches. visit must not change the retained messages.
 */
void retain_match(struct retain *r, struct slice filter, uint64_t now_ms,
                  void (*visit)(struct message *m, void *arg), void *arg);

/* retain_expire removes what has expired; costs nothing before
 * next_expiry_ms.
 */
void retain_expire(struct retain *r, uint64_t now_ms);

#endif
