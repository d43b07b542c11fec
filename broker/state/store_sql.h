// SPDX-License-Identifier: Apache-2.0
/* store_sql.h -- the store's insides, shared by store.c, store_load.c and
 * store_rewrite.c.
 *
 * A message takes six columns wherever it is kept, always in this order:
 * topic, payload, properties, qos, is_retained, expires.
 */
#ifndef BROKER_STATE_STORE_SQL_H
#define BROKER_STATE_STORE_SQL_H

#include <sqlite3.h>

#include "state/store.h"

#define STORE_MESSAGE_COLUMNS 6

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_SAVE_SESSION,
    STORE_DELETE_SESSION,
    STORE_DELETE_SESSION_SUBSCRIPTIONS,
    STORE_DELETE_SESSION_INCOMING,
    STORE_SAVE_SUBSCRIPTION,
    STORE_DELETE_SUBSCRIPTION,
    STORE_SAVE_MESSAGE,
    STORE_DELETE_MESSAGE,
    STORE_SAVE_DELIVERY,
    STORE_DELETE_DELIVERY,
    STORE_RELEASE_DELIVERY,
    STORE_SAVE_INCOMING,
    STORE_DELETE_INCOMING,
    STORE_SAVE_RETAINED,
    STORE_DELETE_RETAINED,
    STORE_N_STATEMENTS,
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_N_STATEMENTS];
    const struct log *log;
    bool is_in_transaction;
    bool has_failed; /* a write went wrong: the file is behind the tables */
    uint64_t next_rewrite_ms;       /* not before */
    struct session_table *sessions; /* the tables, once they are loaded */
    struct retain *retain;
    uint64_t now_ms; /* the same moment on both clocks */
    int64_t wall_ms;
    uint64_t last_session_id; /* row ids given so far */
    uint64_t last_message_id;
    uint64_t last_delivery_id;
};

/* store_log_error tells what SQLite complains about.
 *
 * doing   what was tried, as in "cannot DOING: ..."
 */
void store_log_error(const struct store *s, const char *doing);

/* store_rewrite writes all that the tables hold, in place of what stands in the
 * file; at most once a second. Returns 0: the file has caught up; or -1.
 */
int store_rewrite(struct store *s);

/* store_to_wall turns a time of the broker's clock into wall-clock
 * milliseconds; 0 stays 0.
 */
int64_t store_to_wall(const struct store *s, uint64_t at_ms);

/* store_from_wall turns it back. What lies in the past becomes the present. */
uint64_t store_from_wall(const struct store *s, int64_t wall_ms);

#endif
