// SPDX-License-Identifier: Apache-2.0
/* levels.h -- a tree of topic levels, for filters and for retained messages.
 *
 * All nodes of a tree lie in one hash table under (parent, name), so that a
 * step down costs the same for ten children and for ten thousand, and a leaf
 * costs one allocation. Walks use a queue in place of recursion: a topic of
 * 32,768 levels needs memory, not stack.
 * Expected size: up to a few hundred thousand nodes. Spec: 5.0 s4.7.
 */
#ifndef BROKER_STATE_LEVELS_H
#define BROKER_STATE_LEVELS_H

#include "base/bytes.h"
#include "state/table.h"

/* One node; first member of what a user of the tree keeps in it. */
struct level {
    struct table_link link_of_table; /* by parent and name */
    struct level *parent;            /* NULL: the root */
    struct level *children;
    struct level *next;     /* among the children of parent */
    struct level *previous; /* of the first: the last */
    struct slice name;      /* lies behind the node */
};

struct levels {
    size_t node_size; /* of the user's struct, in octets */
    struct level *root;
    struct table table; /* of all but the root */
};

/* Nodes still to be visited; zeroed is empty. Kept between walks. */
struct level_queue {
    struct level **nodes;
    size_t n;
    size_t capacity;
};

/* levels_init makes a tree with a root; new nodes are zeroed node_size octets.
 */
void levels_init(struct levels *t, size_t node_size);

/* levels_clear frees all nodes. What they hold must be freed before. */
void levels_clear(struct levels *t);

/* levels_hash prepares a name for many calls of levels_child. */
uint64_t levels_hash(const struct levels *t, struct slice name);

/* levels_child finds the child of that name; NULL: none.
 *
 * hash   levels_hash of name
 */
struct level *levels_child(const struct levels *t, const struct level *parent,
                           struct slice name, uint64_t hash);

/* levels_find walks a whole topic or filter from the root; NULL: not there. */
struct level *levels_find(const struct levels *t, struct slice topic);

/* levels_make does the same and makes what is missing. */
struct level *levels_make(struct levels *t, struct slice topic);

/* levels_remove frees a node that has no children, never the root.
 *
 * Returns its parent, which may have become needless as well.
 */
struct level *levels_remove(struct levels *t, struct level *node);

/* levels_next walks the nodes below top, parents before children.
 *
 * node   the last one visited; top itself at the start
 *
 * Returns NULL at the end.
 */
struct level *levels_next(const struct level *top, const struct level *node);

/* level_queue_push adds a node; level_queue_clear frees the queue. */
void level_queue_push(struct level_queue *q, struct level *node);
void level_queue_clear(struct level_queue *q);

#endif
