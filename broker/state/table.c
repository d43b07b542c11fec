// SPDX-License-Identifier: Apache-2.0
/* table.c -- a hash table whose members carry their own links. */
#include "state/table.h"

#include <stdlib.h>

#include "base/die.h"

#define FIRST_CHAINS 8

static void push(struct table *t, struct table_link *link)
{
    struct table_link **chain = &t->chains[link->hash & (t->n_chains - 1)];
    link->next = *chain;
    *chain = link;
}

static void grow(struct table *t)
{
    struct table old = *t;
    t->n_chains = old.n_chains ? old.n_chains * 2 : FIRST_CHAINS;
    t->chains = mem_new(t->n_chains, sizeof *t->chains);
    for (size_t i = 0; i < old.n_chains; i++) {
        struct table_link *next;
        for (struct table_link *link = old.chains[i]; link; link = next) {
            next = link->next;
            push(t, link);
        }
    }
    free(old.chains);
}

void table_add(struct table *t, struct table_link *link, uint64_t hash)
{
    if (t->n >= t->n_chains)
        grow(t);
    link->hash = hash;
    push(t, link);
    t->n++;
}

void table_remove(struct table *t, struct table_link *link)
{
    struct table_link **at = &t->chains[link->hash & (t->n_chains - 1)];
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    t->n--;
}

/* same_hash gives the first in the rest of a chain with that hash. */
static struct table_link *same_hash(struct table_link *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct table_link *table_find(const struct table *t, uint64_t hash)
{
    return t->n ? same_hash(t->chains[hash & (t->n_chains - 1)], hash) : NULL;
}

struct table_link *table_find_same(const struct table_link *link)
{
    return same_hash(link->next, link->hash);
}

struct table_link *table_next(const struct table *t,
                              const struct table_link *link)
{
    struct table_link *next = link ? link->next : NULL;
    size_t i = link ? (link->hash & (t->n_chains - 1)) + 1 : 0;
    for (; !next && i < t->n_chains; i++)
        next = t->chains[i];
    return next;
}

void table_clear(struct table *t)
{
    free(t->chains);
    *t = (struct table){0};
}
