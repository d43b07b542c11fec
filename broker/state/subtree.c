// SPDX-License-Identifier: Apache-2.0
/* subtree.c -- who subscribes to what.
 *
 * A match goes level by level through the topic and keeps the nodes that fit
 * so far: each level is hashed once, whatever the number of branches.
 * Spec: 5.0 s4.7, s4.8.2; 3.1.1 s4.7.
 */
#include "state/subtree.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/die.h"
#include "state/hash.h"
#include "state/topic.h"

struct subtree_node {
    struct level level;
    struct subtree_node *single_word; /* the child "+" */
    struct subtree_node *any_words;   /* the child "#" */
    struct subscription *subscriptions;
    struct share_group *groups;
};

static struct subtree_node *node_of(struct level *level)
{
    return (struct subtree_node *)level;
}

static struct slice filter_of(const struct subscription *s)
{
    return slice_of(s->topic_filter, s->topic_filter_n);
}

struct slice subscription_filter(const struct subscription *s)
{
    struct slice share;
    struct slice filter = filter_of(s);
    if (s->group)
        share_parse(filter, &share, &filter);
    return filter;
}

void subtree_init(struct subtree *t)
{
    memset(t, 0, sizeof *t);
    levels_init(&t->levels, sizeof(struct subtree_node));
    t->queue = mem_new(1, sizeof *t->queue);
}

static void free_groups(struct share_group *group)
{
    while (group) {
        struct share_group *next = group->next;
        free(group->name);
        free(group);
        group = next;
    }
}

void subtree_clear(struct subtree *t)
{
    if (!t->levels.root)
        return;
    for (struct level *l = t->levels.root; l;
         l = levels_next(t->levels.root, l))
        free_groups(node_of(l)->groups);
    levels_clear(&t->levels);
    level_queue_clear(t->queue);
    free(t->queue);
    table_clear(&t->subscriptions);
    memset(t, 0, sizeof *t);
}

/* ---- the table of subscriptions by session and Topic Filter -------------- */

static uint64_t subscription_hash(const struct session *session,
                                  struct slice topic_filter)
{
    return hash_octets(topic_filter, (uintptr_t)session);
}

struct subscription *subtree_find(const struct subtree *t,
                                  const struct session *session,
                                  struct slice topic_filter)
{
    struct table_link *l =
        table_find(&t->subscriptions, subscription_hash(session, topic_filter));
    for (; l; l = table_find_same(l)) {
        struct subscription *s = (struct subscription *)l;
        if (s->session == session && slice_equals(filter_of(s), topic_filter))
            return s;
    }
    return NULL;
}

/* ---- nodes and groups ---------------------------------------------------- */

static struct share_group *
make_group(struct subtree *t, struct subtree_node *node, struct slice name)
{
    for (struct share_group *g = node->groups; g; g = g->next)
        if (slice_equals(slice_of(g->name, g->name_n), name))
            return g;
    struct share_group *g = mem_new(1, sizeof *g);
    g->id = ++t->last_group_id;
    g->name = mem_dup(name.data, name.n);
    g->name_n = name.n;
    LL_PREPEND(node->groups, g);
    return g;
}

static void leave_group(struct subtree_node *node, struct subscription *s)
{
    struct share_group *g = s->group;
    if (g->last_served == s)
        g->last_served = s->previous_of_node; /* its turn passes on */
    DL_DELETE2(g->members, s, previous_of_node, next_of_node);
    if (g->members)
        return;
    LL_DELETE(node->groups, g);
    g->next = NULL;
    free_groups(g);
}

/* Where a node is its parent's "+" or "#". */
static struct subtree_node **wildcard_slot(struct subtree_node *parent,
                                           struct slice name)
{
    if (name.n != 1 || (name.data[0] != '+' && name.data[0] != '#'))
        return NULL;
    return name.data[0] == '+' ? &parent->single_word : &parent->any_words;
}

void subtree_add(struct subtree *t, struct subscription *s, struct slice share,
                 struct slice filter)
{
    struct subtree_node *node = node_of(levels_make(&t->levels, filter));
    for (struct subtree_node *n = node; n->level.parent;
         n = node_of(n->level.parent)) {
        struct subtree_node **slot =
            wildcard_slot(node_of(n->level.parent), n->level.name);
        if (slot)
            *slot = n;
    }
    s->node = node;
    s->group = share.n > 0 ? make_group(t, node, share) : NULL;
    if (s->group)
        DL_PREPEND2(s->group->members, s, previous_of_node, next_of_node);
    else
        DL_PREPEND2(node->subscriptions, s, previous_of_node, next_of_node);
    table_add(&t->subscriptions, &s->link_of_table,
              subscription_hash(s->session, filter_of(s)));
}

void subtree_remove(struct subtree *t, struct subscription *s)
{
    struct subtree_node *node = s->node;
    table_remove(&t->subscriptions, &s->link_of_table);
    if (s->group)
        leave_group(node, s);
    else
        DL_DELETE2(node->subscriptions, s, previous_of_node, next_of_node);
    s->node = NULL;
    s->group = NULL;
    while (node->level.parent && !node->level.children &&
           !node->subscriptions && !node->groups) {
        struct subtree_node *parent = node_of(node->level.parent);
        struct subtree_node **slot = wildcard_slot(parent, node->level.name);
        if (slot)
            *slot = NULL;
        levels_remove(&t->levels, &node->level);
        node = parent;
    }
}

/* ---- matching ------------------------------------------------------------ */

static void visit_node(const struct subtree_node *node,
                       void (*visit)(struct subscription *s, void *arg),
                       void *arg)
{
    if (!node)
        return;
    for (struct subscription *s = node->subscriptions; s; s = s->next_of_node)
        visit(s, arg);
    for (struct share_group *g = node->groups; g; g = g->next)
        visit(g->members, arg);
}

void subtree_match(const struct subtree *t, struct slice topic,
                   void (*visit)(struct subscription *s, void *arg), void *arg)
{
    struct level_queue *q = t->queue;
    bool may_be_wild = topic.n == 0 || topic.data[0] != '$';
    size_t first = 0;
    q->n = 0;
    level_queue_push(q, t->levels.root);
    for (bool is_last = false; !is_last && first < q->n;) {
        struct slice name;
        topic_next_level(&topic, &name, &is_last);
        uint64_t hash = levels_hash(&t->levels, name);
        size_t end = q->n;
        for (; first < end; first++) {
            struct subtree_node *node = node_of(q->nodes[first]);
            if (may_be_wild)
                visit_node(node->any_words, visit, arg);
            if (may_be_wild && node->single_word)
                level_queue_push(q, &node->single_word->level);
            struct level *child =
                levels_child(&t->levels, &node->level, name, hash);
            if (child)
                level_queue_push(q, child);
        }
        may_be_wild = true;
    }
    for (; first < q->n; first++) {
        struct subtree_node *node = node_of(q->nodes[first]);
        visit_node(node, visit, arg);
        visit_node(node->any_words, visit, arg); /* "a/#" matches "a" */
    }
}
