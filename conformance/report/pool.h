/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h -- values that are said once and then meant by a number.
 *
 * Reports repeat themselves: ten thousand cases have a few hundred reasons, and
 * packets few names of fields. A pool is a JSON array without doubles; whoever
 * puts the same value into it twice gets the same index. Some ten thousand
 * values.
 */
#ifndef MQTTSPEC_REPORT_POOL_H
#define MQTTSPEC_REPORT_POOL_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* struct pool is ready when zeroed but for pool_init. */
struct pool {
    cJSON *values; /* an array; [0] is null, which stands for "absent" */
    char **keys;   /* the values as text, by index */
    int *slots;    /* open addressing; 0 is free */
    size_t n, n_slots;
};

/* pool_init makes a pool that holds null as its value 0. */
void pool_init(struct pool *pool);

/* pool_put adds a value that is not there yet.
 *
 * value   any JSON, borrowed and copied; NULL and null are the value 0
 *
 * Returns the value's index.
 */
int pool_put(struct pool *pool, const cJSON *value);

/* pool_put_text adds a string. */
int pool_put_text(struct pool *pool, const char *text);

/* pool_take frees the pool, and returns its array for the caller to own. */
cJSON *pool_take(struct pool *pool);

#endif
