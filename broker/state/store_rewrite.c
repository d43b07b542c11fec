// SPDX-License-Identifier: Apache-2.0
/* store_rewrite.c -- the file made anew from the tables.
 *
 * A turn that cannot be written, for the disk is full, leaves the tables ahead
 * of the file; what later turns change would not fit to what stands there. So
 * the next turn with something to write writes everything. Until that succeeds
 * no turn is acknowledged.
 */
#include "state/retain.h"
#include "state/session.h"
#include "state/store_sql.h"
#include "state/topic.h"

/* A disk that is full is not asked at every turn. */
#define RETRY_MS 1000

static const char empty[] =
    "BEGIN; DELETE FROM session; DELETE FROM subscription;"
    "DELETE FROM message; DELETE FROM delivery; DELETE FROM incoming;"
    "DELETE FROM retained;";

/* Rows get new ids, so that those of the tables are forgotten before. */
static void forget_deliveries(struct delivery *d)
{
    for (; d; d = d->next) {
        d->stored_id = 0;
        if (d->message)
            d->message->n_stored = 0;
    }
}

static void forget_session(struct session *s, void *arg)
{
    (void)arg;
    forget_deliveries(s->inflight.sent.first);
    forget_deliveries(s->inflight.released.first);
    forget_deliveries(s->queue.first);
}

static void save_deliveries(struct store *store, const struct session *s,
                            struct delivery *d)
{
    for (; d; d = d->next)
        store_save_delivery(store, s, session_find_share(s, d->share_group_id),
                            d);
}

static void save_session(struct session *s, void *arg)
{
    struct store *store = arg;
    if (s->stored_id == 0)
        return;
    store_save_session(store, s);
    for (struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session)
        store_save_subscription(store, sub);
    save_deliveries(store, s, s->inflight.sent.first);
    save_deliveries(store, s, s->inflight.released.first);
    save_deliveries(store, s, s->queue.first);
    for (size_t id = 1; id < s->inflight.incoming_capacity * 8; id++)
        if (inflight_incoming_state(&s->inflight, (uint16_t)id) !=
            INCOMING_FREE)
            store_save_incoming(store, s, (uint16_t)id);
}

static void save_retained(struct message *m, void *arg)
{
    if (!topic_is_sys(m->topic)) /* counted anew after each start */
        store_save_retained(arg, m);
}

static void roll_back(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_rewrite(struct store *s)
{
    roll_back(s);
    if (s->now_ms < s->next_rewrite_ms)
        return -1;
    s->next_rewrite_ms = s->now_ms + RETRY_MS;
    s->has_failed = sqlite3_exec(s->db, empty, NULL, NULL, NULL) != SQLITE_OK;
    s->is_in_transaction = true;
    session_each(s->sessions, forget_session, NULL);
    session_each(s->sessions, save_session, s);
    retain_each(s->retain, save_retained, s);
    s->is_in_transaction = false;
    if (!s->has_failed &&
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        s->has_failed = true;
    if (!s->has_failed) {
        log_line(s->log, LOG_WARNING, "store: written anew, nothing is lost");
        return 0;
    }
    store_log_error(s, "write anew");
    roll_back(s);
    return -1;
}
