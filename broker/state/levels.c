// SPDX-License-Identifier: Apache-2.0
/* levels.c -- a tree of topic levels, for filters and for retained messages.
 *
 * Spec: 5.0 s4.7; 3.1.1 s4.7.
 */
#include "state/levels.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "state/hash.h"
#include "state/topic.h"

#define FIRST_CHAINS 64

void levels_init(struct levels *t, size_t node_size)
{
    memset(t, 0, sizeof *t);
    t->node_size = node_size;
    t->root = mem_new(1, node_size);
    t->n_chains = FIRST_CHAINS;
    t->chains = mem_new(t->n_chains, sizeof *t->chains);
}

void levels_clear(struct levels *t)
{
    for (size_t i = 0; i < t->n_chains; i++) {
        struct level *next = NULL;
        for (struct level *n = t->chains[i]; n; n = next) {
            next = n->chain;
            free(n);
        }
    }
    free(t->chains);
    free(t->root);
    memset(t, 0, sizeof *t);
}

uint64_t levels_hash(const struct levels *t, struct slice name)
{
    return hash_octets(name, (uintptr_t)t->root);
}

/* The table's key is the pair of parent and name. */
static uint64_t pair_hash(const struct level *parent, uint64_t hash)
{
    return hash_mix(hash ^ (uintptr_t)parent);
}

static struct level **chain_of(const struct levels *t, uint64_t pair)
{
    return &t->chains[pair & (t->n_chains - 1)];
}

static void grow(struct levels *t)
{
    struct level **old = t->chains;
    size_t n_old = t->n_chains;
    t->n_chains *= 2;
    t->chains = mem_new(t->n_chains, sizeof *t->chains);
    for (size_t i = 0; i < n_old; i++) {
        struct level *next = NULL;
        for (struct level *n = old[i]; n; n = next) {
            struct level **chain = chain_of(t, n->hash);
            next = n->chain;
            n->chain = *chain;
            *chain = n;
        }
    }
    free(old);
}

struct level *levels_child(const struct levels *t, const struct level *parent,
                           struct slice name, uint64_t hash)
{
    uint64_t pair = pair_hash(parent, hash);
    struct level *n = *chain_of(t, pair);
    while (n && !(n->hash == pair && n->parent == parent &&
                  slice_equals(n->name, name)))
        n = n->chain;
    return n;
}

/* Children stand in the order in which they came, so that retained messages are
 * given out as they were set. The first one's `previous` is the last one.
 */
static void append_child(struct level *parent, struct level *n)
{
    struct level *first = parent->children;
    if (!first) {
        n->previous = n;
        parent->children = n;
        return;
    }
    n->previous = first->previous;
    n->previous->next = n;
    first->previous = n;
}

static void unlink_child(struct level *parent, struct level *n)
{
    if (n == parent->children)
        parent->children = n->next;
    else
        n->previous->next = n->next;
    if (n->next)
        n->next->previous = n->previous;
    else if (parent->children)
        parent->children->previous = n->previous;
}

static struct level *add_child(struct levels *t, struct level *parent,
                               struct slice name, uint64_t hash)
{
    if (t->n_levels >= t->n_chains)
        grow(t);
    t->n_levels++;
    struct level *n = mem_new(1, t->node_size + name.n);
    if (name.n > 0)
        memcpy((char *)n + t->node_size, name.data, name.n);
    n->name = slice_of((char *)n + t->node_size, name.n);
    n->parent = parent;
    n->hash = pair_hash(parent, hash);
    append_child(parent, n);
    struct level **chain = chain_of(t, n->hash);
    n->chain = *chain;
    *chain = n;
    return n;
}

struct level *levels_find(const struct levels *t, struct slice topic)
{
    struct level *node = t->root;
    struct slice name;
    for (bool is_last = false; node && !is_last;) {
        topic_next_level(&topic, &name, &is_last);
        node = levels_child(t, node, name, levels_hash(t, name));
    }
    return node;
}

struct level *levels_make(struct levels *t, struct slice topic)
{
    struct level *node = t->root;
    struct slice name;
    for (bool is_last = false; !is_last;) {
        topic_next_level(&topic, &name, &is_last);
        uint64_t hash = levels_hash(t, name);
        struct level *child = levels_child(t, node, name, hash);
        node = child ? child : add_child(t, node, name, hash);
    }
    return node;
}

struct level *levels_remove(struct levels *t, struct level *node)
{
    struct level *parent = node->parent;
    struct level **at = chain_of(t, node->hash);
    while (*at != node)
        at = &(*at)->chain;
    *at = node->chain;
    unlink_child(parent, node);
    t->n_levels--;
    free(node);
    return parent;
}

struct level *levels_next(const struct level *top, const struct level *node)
{
    if (node->children)
        return node->children;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

void level_queue_push(struct level_queue *q, struct level *node)
{
    if (q->n == q->capacity) {
        q->capacity = q->capacity ? q->capacity * 2 : 64;
        q->nodes = mem_grow(q->nodes, q->capacity, sizeof *q->nodes);
    }
    q->nodes[q->n++] = node;
}

void level_queue_clear(struct level_queue *q)
{
    free(q->nodes);
    memset(q, 0, sizeof *q);
}
