// SPDX-License-Identifier: Apache-2.0
/* retain.c -- the last retained message of each topic.
 *
 * Spec: 5.0 s3.3.1.3, s4.7; 3.1.1 s3.3.1.3.
 */
#include "state/retain.h"

#include <string.h>

#include "state/topic.h"

struct retain_node {
    struct level level;
    struct message *message; /* NULL: only a way to others */
};

static struct retain_node *node_of(struct level *level)
{
    return (struct retain_node *)level;
}

void retain_init(struct retain *r, struct store *store)
{
    memset(r, 0, sizeof *r);
    levels_init(&r->levels, sizeof(struct retain_node));
    r->store = store;
}

void retain_clear(struct retain *r)
{
    if (!r->levels.root)
        return;
    for (struct level *l = r->levels.root; l;
         l = levels_next(r->levels.root, l))
        message_unref(node_of(l)->message);
    levels_clear(&r->levels);
    level_queue_clear(&r->queue);
    memset(r, 0, sizeof *r);
}

static void drop_message(struct retain *r, struct retain_node *node)
{
    if (!node->message)
        return;
    r->n_messages--;
    message_unref(node->message);
    node->message = NULL;
}

static void prune(struct retain *r, struct level *level)
{
    while (level->parent && !level->children && !node_of(level)->message)
        level = levels_remove(&r->levels, level);
}

static void forget(struct retain *r, struct retain_node *node)
{
    if (node->message)
        store_delete_retained(r->store, node->message->topic);
    drop_message(r, node);
    prune(r, &node->level);
}

void retain_set(struct retain *r, struct message *m)
{
    if (m->payload.n == 0) {
        struct level *level = levels_find(&r->levels, m->topic);
        if (level)
            forget(r, node_of(level));
        return;
    }
    struct retain_node *node = node_of(levels_make(&r->levels, m->topic));
    message_ref(m); /* before the old one goes: it may be the same */
    drop_message(r, node);
    node->message = m;
    r->n_messages++;
    if (m->has_expiry &&
        (r->next_expiry_ms == 0 || m->expires_ms < r->next_expiry_ms))
        r->next_expiry_ms = m->expires_ms;
    store_save_retained(r->store, m);
}

struct message *retain_find(const struct retain *r, struct slice topic)
{
    struct level *level = levels_find(&r->levels, topic);
    return level ? node_of(level)->message : NULL;
}

void retain_each(const struct retain *r,
                 void (*visit)(struct message *m, void *arg), void *arg)
{
    struct level *root = r->levels.root;
    for (struct level *l = root; l; l = levels_next(root, l))
        if (node_of(l)->message)
            visit(node_of(l)->message, arg);
}

/* Whether a wildcard in place of this node's name may match it
 * [MQTT-4.7.2-1]. */
static bool is_hidden(const struct retain *r, const struct level *level)
{
    return level->parent == r->levels.root && level->name.n > 0 &&
           level->name.data[0] == '$';
}

/* All nodes below top, for "#". */
static void push_below(struct retain *r, struct level *top)
{
    const struct level *root = r->levels.root;
    for (struct level *child = top->children; child; child = child->next) {
        if (top == root && is_hidden(r, child))
            continue;
        for (struct level *l = child; l; l = levels_next(child, l))
            level_queue_push(&r->queue, l);
    }
}

static void push_children(struct retain *r, struct level *top)
{
    for (struct level *child = top->children; child; child = child->next)
        if (!is_hidden(r, child))
            level_queue_push(&r->queue, child);
}

/* Leaves the matching nodes in r->queue from the index returned. */
static size_t find_matches(struct retain *r, struct slice filter)
{
    struct level_queue *q = &r->queue;
    size_t first = 0;
    q->n = 0;
    level_queue_push(q, r->levels.root);
    for (bool is_last = false; !is_last && first < q->n;) {
        struct slice name;
        topic_next_level(&filter, &name, &is_last);
        uint64_t hash = levels_hash(&r->levels, name);
        bool is_wild = name.n == 1 && name.data[0] == '+';
        bool is_any = name.n == 1 && name.data[0] == '#';
        size_t end = q->n;
        for (size_t i = first; i < end; i++) {
            struct level *child = NULL;
            if (is_any)
                push_below(r, q->nodes[i]);
            else if (is_wild)
                push_children(r, q->nodes[i]);
            else
                child = levels_child(&r->levels, q->nodes[i], name, hash);
            if (child)
                level_queue_push(q, child);
        }
        /* "a/#" matches "a" as well: its nodes stay among the matches. */
        if (!is_any)
            first = end;
    }
    return first;
}

void retain_match(struct retain *r, struct slice filter, uint64_t now_ms,
                  void (*visit)(struct message *m, void *arg), void *arg)
{
    for (size_t i = find_matches(r, filter); i < r->queue.n; i++) {
        struct message *m = node_of(r->queue.nodes[i])->message;
        if (m && !message_is_expired(m, now_ms))
            visit(m, arg);
    }
}

void retain_expire(struct retain *r, uint64_t now_ms)
{
    if (r->next_expiry_ms == 0 || now_ms < r->next_expiry_ms)
        return;
    struct level *root = r->levels.root;
    r->next_expiry_ms = 0;
    r->queue.n = 0;
    for (struct level *l = root; l; l = levels_next(root, l)) {
        const struct message *m = node_of(l)->message;
        if (!m || !m->has_expiry)
            continue;
        if (message_is_expired(m, now_ms))
            level_queue_push(&r->queue, l);
        else if (r->next_expiry_ms == 0 || m->expires_ms < r->next_expiry_ms)
            r->next_expiry_ms = m->expires_ms;
    }
    /* Children before parents: pruning a child may take its empty parent
     * along, but no node that still holds a message. */
    while (r->queue.n > 0)
        forget(r, node_of(r->queue.nodes[--r->queue.n]));
}
