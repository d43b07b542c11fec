/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c -- values that are said once and then meant by a number.
 *
 * A hash table over the values' texts; it doubles when it is half full.
 */
#include "report/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024 };

static size_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the key, or the free one where it belongs. */
static int *find_slot(const struct pool *pool, const char *key)
{
    size_t at = hash_of(key);
    for (;; at++) {
        int *slot = &pool->slots[at & (pool->n_slots - 1)];
        if (*slot == 0 || strcmp(pool->keys[*slot], key) == 0)
            return slot;
    }
}

static void grow(struct pool *pool)
{
    pool->n_slots = pool->n_slots ? 2 * pool->n_slots : FIRST_SLOTS;
    free(pool->slots);
    pool->slots = calloc(pool->n_slots, sizeof *pool->slots);
    pool->keys = realloc(pool->keys, pool->n_slots * sizeof *pool->keys);
    if (!pool->slots || !pool->keys)
        abort();
    for (size_t i = 1; i < pool->n; i++)
        *find_slot(pool, pool->keys[i]) = (int)i;
}

void pool_init(struct pool *pool)
{
    *pool = (struct pool){.values = cJSON_CreateArray(), .n = 1};
    cJSON_AddItemToArray(pool->values, cJSON_CreateNull());
    grow(pool);
    pool->keys[0] = NULL;
}

int pool_put(struct pool *pool, const cJSON *value)
{
    if (!value || cJSON_IsNull(value))
        return 0;
    char *key = cJSON_PrintUnformatted(value);
    if (!key)
        abort();
    int *slot = find_slot(pool, key);
    if (*slot != 0) {
        cJSON_free(key);
        return *slot;
    }
    int index = *slot = (int)pool->n;
    pool->keys[pool->n++] = key;
    cJSON_AddItemToArray(pool->values, cJSON_Duplicate(value, true));
    if (2 * pool->n > pool->n_slots)
        grow(pool);
    return index;
}

int pool_put_text(struct pool *pool, const char *text)
{
    cJSON *value = cJSON_CreateString(text);
    int index = pool_put(pool, value);
    cJSON_Delete(value);
    return index;
}

cJSON *pool_take(struct pool *pool)
{
    cJSON *values = pool->values;
    for (size_t i = 1; i < pool->n; i++)
        cJSON_free(pool->keys[i]);
    free(pool->keys);
    free(pool->slots);
    *pool = (struct pool){0};
    return values;
}
