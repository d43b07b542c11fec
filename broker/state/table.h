// SPDX-License-Identifier: Apache-2.0
/* table.h -- a hash table whose members carry their own links.
 *
 * The caller makes the hash and compares: a lookup walks the members that have
 * it. Links stand first in their struct, so that a cast leads to the member.
 * As many chains as members, doubled at need: an add costs no allocation.
 */
#ifndef BROKER_STATE_TABLE_H
#define BROKER_STATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* The first member of what stands in a table. */
struct table_link {
    struct table_link *next; /* in the same chain */
    uint64_t hash;
};

/* Zeroed is empty. */
struct table {
    struct table_link **chains;
    size_t n_chains; /* a power of two */
    size_t n;
};

/* table_add adds a member that is in no table. */
void table_add(struct table *t, struct table_link *link, uint64_t hash);

/* table_remove takes a member out. */
void table_remove(struct table *t, struct table_link *link);

/* table_find gives the first member with that hash, table_find_same the next
 * one after it; NULL: no more.
 */
struct table_link *table_find(const struct table *t, uint64_t hash);
struct table_link *table_find_same(const struct table_link *link);

/* table_next walks all members, in no order; NULL: the end.
 *
 * link   the last one visited; NULL at the start. It must still be a member:
 *        to take members out on the way, ask for the next one first
 */
struct table_link *table_next(const struct table *t,
                              const struct table_link *link);

/* table_clear forgets all members; they are the caller's to free. */
void table_clear(struct table *t);

#endif
