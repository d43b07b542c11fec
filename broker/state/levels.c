// SPDX-License-Identifier: Apache-2.0
/* levels.c -- a tree of topic levels, for filters and for retained messages.
 *
 * Spec: 5.0 s4.7; 3.1.1 s4.7.
 */
#include "state/levels.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/die.h"
#include "state/hash.h"
#include "state/topic.h"

void levels_init(struct levels *t, size_t node_size)
{
    memset(t, 0, sizeof *t);
    t->node_size = node_size;
    t->root = mem_new(1, node_size);
}

void levels_clear(struct levels *t)
{
    struct table_link *next;
    for (struct table_link *l = table_next(&t->table, NULL); l; l = next) {
        next = table_next(&t->table, l);
        free(l);
    }
    table_clear(&t->table);
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

struct level *levels_child(const struct levels *t, const struct level *parent,
                           struct slice name, uint64_t hash)
{
    struct table_link *l = table_find(&t->table, pair_hash(parent, hash));
    for (; l; l = table_find_same(l)) {
        struct level *n = (struct level *)l;
        if (n->parent == parent && slice_equals(n->name, name))
            return n;
    }
    return NULL;
}

static struct level *add_child(struct levels *t, struct level *parent,
                               struct slice name, uint64_t hash)
{
    struct level *n = mem_new(1, t->node_size + name.n);
    if (name.n > 0)
        memcpy((char *)n + t->node_size, name.data, name.n);
    n->name = slice_of((char *)n + t->node_size, name.n);
    n->parent = parent;
    /* Children stand in the order in which they came, so that retained messages
     * are given out as they were set. */
    DL_APPEND2(parent->children, n, previous, next);
    table_add(&t->table, &n->link_of_table, pair_hash(parent, hash));
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
    table_remove(&t->table, &node->link_of_table);
    DL_DELETE2(parent->children, node, previous, next);
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
    q->nodes = mem_more(q->nodes, q->n, &q->capacity, sizeof *q->nodes);
    q->nodes[q->n++] = node;
}

void level_queue_clear(struct level_queue *q)
{
    free(q->nodes);
    memset(q, 0, sizeof *q);
}
