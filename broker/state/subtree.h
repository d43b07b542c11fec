// SPDX-License-Identifier: Apache-2.0
/* subtree.h -- who subscribes to what.
 *
 * A tree of topic levels; each node holds the subscriptions whose filter ends
 * there, the shared ones in groups. A second table finds a session's own
 * subscription by its Topic Filter, for SUBSCRIBE and UNSUBSCRIBE.
 * Expected size: thousands of filters, tens of matches. Spec: 5.0 s4.7, s4.8.2.
 */
#ifndef BROKER_STATE_SUBTREE_H
#define BROKER_STATE_SUBTREE_H

#include "codec/packet.h"
#include "state/levels.h"
#include "state/table.h"

struct session;
struct subtree_node;
struct share_group;

/* One subscription. Owned by its session; linked into the tree. */
struct subscription {
    struct table_link link_of_table; /* of subtree_find */
    struct subscription *next_of_session;
    struct subscription *previous_of_session;
    struct subscription *next_of_node; /* or of its share group */
    struct subscription *previous_of_node;
    struct subtree_node *node;
    struct share_group *group; /* NULL: not shared */
    struct session *session;
    uint32_t identifier; /* 0: none */
    uint8_t qos;
    uint8_t retain_handling;
    bool is_no_local;
    bool is_retain_as_published;
    bool is_abandoned; /* gathers nothing until its client returns */
    size_t topic_filter_n;
    char topic_filter[]; /* as subscribed, "$share/" included; NUL behind */
};

/* Sessions that share one filter under one ShareName. */
struct share_group {
    struct share_group *next; /* at the same node */
    uint64_t id;              /* never reused; known to deliveries */
    char *name;               /* owned */
    size_t name_n;
    struct subscription *members;
    struct subscription *last_served; /* turn by turn; NULL: nobody yet */
};

struct subtree {
    struct levels levels;
    struct level_queue *queue;  /* scratch of subtree_match */
    struct table subscriptions; /* by session and Topic Filter */
    uint64_t last_group_id;
};

/* subscription_filter gives the Topic Filter without "$share/NAME/"; borrowed.
 */
struct slice subscription_filter(const struct subscription *s);

void subtree_init(struct subtree *t);

/* subtree_clear frees the nodes; subscriptions belong to their sessions. */
void subtree_clear(struct subtree *t);

/* subtree_add links a subscription that is in no tree; its session and Topic
 * Filter are set.
 *
 * share    ShareName; empty: not shared
 * filter   valid Topic Filter without "$share/NAME/"
 */
void subtree_add(struct subtree *t, struct subscription *s, struct slice share,
                 struct slice filter);

/* subtree_remove takes a subscription out, and nodes that became empty. */
void subtree_remove(struct subtree *t, struct subscription *s);

/* subtree_find gives a session's subscription to a Topic Filter; NULL: none.
 *
 * topic_filter   as subscribed, "$share/" included, compared octet by octet
 */
struct subscription *subtree_find(const struct subtree *t,
                                  const struct session *session,
                                  struct slice topic_filter);

/* subtree_match calls visit for every subscription whose filter matches, and
 * once per share group (with the group's first member; the router chooses).
 * visit must not change the tree.
 *
 * topic   a valid Topic Name. Filters that begin with a wildcard are passed
 *         over when it begins with "$" [MQTT-4.7.2-1]
 */
void subtree_match(const struct subtree *t, struct slice topic,
                   void (*visit)(struct subscription *s, void *arg), void *arg);

#endif
