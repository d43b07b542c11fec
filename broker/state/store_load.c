// SPDX-License-Identifier: Apache-2.0
/* store_load.c -- what survives a restart: bringing it back.
 *
 * A restart is a lost connection for every client that was connected: expiry
 * and Will Delay start now for them. For the others time has gone on.
 * Spec: 5.0 s3.1.2.5, s3.1.2.11.2, s4.1, s4.4.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "codec/props.h"
#include "state/retain.h"
#include "state/session.h"
#include "state/store_sql.h"
#include "state/topic.h"

struct loading {
    struct store *store;
    struct session_table *sessions;
    struct subtree *subtree;
    struct retain *retain;
    const struct session_limits *limits;
    struct message **messages; /* by ascending stored_id */
    size_t n_messages;
    size_t capacity;
};

static int compare_messages(const void *a, const void *b)
{
    uint64_t left = (*(struct message *const *)a)->stored_id;
    uint64_t right = (*(struct message *const *)b)->stored_id;
    return (left > right) - (left < right);
}

/* find_message gives the message with a row id; NULL: it was not loaded. */
static struct message *find_message(const struct loading *l, uint64_t id)
{
    struct message key = {.stored_id = id}, *at = &key;
    struct message **found = NULL;
    if (l->n_messages > 0)
        found = bsearch(&at, l->messages, l->n_messages, sizeof *l->messages,
                        compare_messages);
    return found ? *found : NULL;
}

static uint64_t id_at(sqlite3_stmt *row, int column)
{
    return (uint64_t)sqlite3_column_int64(row, column);
}

static struct slice slice_at(sqlite3_stmt *row, int column)
{
    const void *data = sqlite3_column_blob(row, column);
    return slice_of(data, (size_t)sqlite3_column_bytes(row, column));
}

/* The message in six columns; NULL if it cannot be read. An expired one is
 * brought back too: a PUBLISH that was sent is sent again whatever its age
 * [MQTT-4.3.3-7]. For message_unref. */
static struct message *message_at(const struct store *s, sqlite3_stmt *row,
                                  int column)
{
    bool has_expiry = sqlite3_column_type(row, column + 5) != SQLITE_NULL;
    int64_t expires = sqlite3_column_int64(row, column + 5);
    struct publish publish;
    memset(&publish, 0, sizeof publish);
    struct slice topic = slice_at(row, column);
    publish.payload = slice_at(row, column + 1);
    struct reader r = reader_of(slice_at(row, column + 2));
    if (props_read(&r, PROPERTY_IN(PACKET_PUBLISH), &publish.properties))
        return NULL;
    publish.qos = (uint8_t)sqlite3_column_int(row, column + 3);
    publish.is_retained = sqlite3_column_int(row, column + 4) != 0;
    struct message *m = message_new(topic, &publish, s->now_ms);
    m->has_expiry = has_expiry;
    m->expires_ms = has_expiry ? store_from_wall(s, expires) : 0;
    return m;
}

/* ---- rows ---------------------------------------------------------------- */

static void load_message(struct loading *l, sqlite3_stmt *row)
{
    struct message *m = message_at(l->store, row, 1);
    if (!m)
        return;
    m->stored_id = id_at(row, 0);
    l->messages =
        mem_more(l->messages, l->n_messages, &l->capacity, sizeof *l->messages);
    l->messages[l->n_messages++] = m;
}

static void load_will(struct loading *l, sqlite3_stmt *row,
                      struct session *session)
{
    int64_t due = sqlite3_column_int64(row, 6);
    if (sqlite3_column_type(row, 7) == SQLITE_NULL)
        return;
    session->will.message = message_at(l->store, row, 7);
    if (session->will.message && session->will.message->has_expiry)
        session->will.message->expires_ms = id_at(row, 12);
    session->will.delay_s = (uint32_t)sqlite3_column_int64(row, 5);
    session->will.due_ms =
        due > 0 ? store_from_wall(l->store, due)
                : l->store->now_ms + UINT64_C(1000) * session->will.delay_s;
}

/* Of the sessions that expired meanwhile only those are left whose end has to
 * publish a Will (see sweeps): they are over at the next scan. */
static void load_session(struct loading *l, sqlite3_stmt *row)
{
    struct store *store = l->store;
    int64_t expires = sqlite3_column_int64(row, 4);
    struct session *s =
        session_new(l->sessions, slice_at(row, 1), store, l->limits);
    s->stored_id = id_at(row, 0);
    s->detached_ms = store->now_ms;
    if (sqlite3_column_type(row, 2) != SQLITE_NULL)
        s->user = mem_dup(slice_at(row, 2).data, slice_at(row, 2).n);
    s->expiry_interval_s = (uint32_t)sqlite3_column_int64(row, 3);
    if (expires > 0)
        s->expires_ms = store_from_wall(store, expires);
    else if (s->expiry_interval_s != SESSION_NEVER_EXPIRES)
        s->expires_ms = store->now_ms + UINT64_C(1000) * s->expiry_interval_s;
    load_will(l, row, s);
}

/* session_at finds whose row it is: the last column tells the Client
 * Identifier.
 */
static struct session *session_at(const struct loading *l, sqlite3_stmt *row)
{
    return session_find(l->sessions,
                        slice_at(row, sqlite3_column_count(row) - 1));
}

static void load_subscription(struct loading *l, sqlite3_stmt *row)
{
    struct session *s = session_at(l, row);
    struct subscription_request request = {
        .filter = slice_at(row, 1),
        .qos = (uint8_t)sqlite3_column_int(row, 3),
        .retain_handling = (uint8_t)sqlite3_column_int(row, 4),
        .is_no_local = sqlite3_column_int(row, 5) != 0,
        .is_retain_as_published = sqlite3_column_int(row, 6) != 0,
    };
    struct slice share = {NULL, 0};
    struct slice filter = request.filter;
    if (!s)
        return;
    /* Whether "$share/" meant a share group depended on the client's version.
     */
    if ((sqlite3_column_int(row, 7) && !share_parse(filter, &share, &filter)) ||
        !topic_filter_is_valid(filter))
        return;
    uint64_t stored_id = s->stored_id;
    s->stored_id = 0; /* what comes from the store need not be stored */
    session_add_subscription(s, l->subtree, &request, share, filter,
                             (uint32_t)sqlite3_column_int64(row, 2));
    s->stored_id = stored_id;
}

static void load_delivery(struct loading *l, sqlite3_stmt *row)
{
    struct session *s = session_at(l, row);
    struct message *m = find_message(l, id_at(row, 2));
    enum outgoing_state state = (enum outgoing_state)sqlite3_column_int(row, 6);
    struct slice ids = slice_at(row, 8);
    uint32_t n = (uint32_t)(ids.n / sizeof(uint32_t));
    if (!s || (!m && state != OUTGOING_AWAIT_PUBCOMP))
        return;
    /* Memory of SQLite's is aligned for any type. */
    struct delivery *d = delivery_new(m, (uint8_t)sqlite3_column_int(row, 4),
                                      sqlite3_column_int(row, 5) != 0,
                                      (const void *)ids.data, n);
    if (m)
        m->n_stored++;
    d->stored_id = id_at(row, 0);
    d->packet_id = (uint16_t)sqlite3_column_int(row, 3);
    d->state = state;
    d->was_sent = state != OUTGOING_FREE;
    const struct subscription *sub =
        subtree_find(l->subtree, s, slice_at(row, 7));
    d->share_group_id = sub && sub->group ? sub->group->id : 0;
    if (state == OUTGOING_FREE)
        delivery_list_append(&s->queue, d);
    else
        inflight_restore(&s->inflight, d);
}

static void load_incoming(struct loading *l, sqlite3_stmt *row)
{
    struct session *s = session_at(l, row);
    if (s)
        inflight_incoming_set(&s->inflight,
                              (uint16_t)sqlite3_column_int(row, 1),
                              INCOMING_AWAIT_PUBREL);
}

static void load_retained(struct loading *l, sqlite3_stmt *row)
{
    struct message *m = message_at(l->store, row, 0);
    if (m)
        retain_set(l->retain, m);
    message_unref(m);
}

/* ---- all of it ----------------------------------------------------------- */

#define OF_SESSION(table)                                                      \
    "SELECT " table ".*, client_id FROM " table " JOIN session ON session.id " \
    "= " table ".session"

static const struct {
    const char *query;
    void (*load)(struct loading *l, sqlite3_stmt *row);
} steps[] = {
    {"SELECT * FROM message ORDER BY id", load_message},
    {"SELECT * FROM session ORDER BY id", load_session},
    {OF_SESSION("subscription"), load_subscription},
    {OF_SESSION("delivery") " ORDER BY delivery.id", load_delivery},
    {OF_SESSION("incoming"), load_incoming},
    {"SELECT * FROM retained", load_retained},
};

static int run_step(struct loading *l, size_t i)
{
    sqlite3_stmt *row = NULL;
    int result =
        sqlite3_prepare_v2(l->store->db, steps[i].query, -1, &row, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(row);
        if (result == SQLITE_ROW)
            steps[i].load(l, row);
    }
    sqlite3_finalize(row);
    if (result == SQLITE_DONE)
        return 0;
    store_log_error(l->store, "read");
    return -1;
}

/* Rows that nobody needs any more; ?1 is the time. In this order. */
static const char *const sweeps[] = {
    "DELETE FROM session WHERE ends > 0 AND ends <= ?1 AND topic IS NULL",
    "DELETE FROM subscription WHERE session NOT IN (SELECT id FROM session)",
    "DELETE FROM incoming WHERE session NOT IN (SELECT id FROM session)",
    "DELETE FROM delivery WHERE session NOT IN (SELECT id FROM session)",
    "DELETE FROM retained WHERE expires <= ?1",
    "DELETE FROM message WHERE id NOT IN (SELECT message FROM delivery)",
};

static int sweep(struct store *s)
{
    int result = SQLITE_DONE;
    for (size_t i = 0;
         result == SQLITE_DONE && i < sizeof sweeps / sizeof *sweeps; i++) {
        sqlite3_stmt *statement = NULL;
        result = sqlite3_prepare_v2(s->db, sweeps[i], -1, &statement, NULL);
        if (result != SQLITE_OK)
            break;
        if (sqlite3_bind_parameter_count(statement) > 0)
            sqlite3_bind_int64(statement, 1, s->wall_ms);
        result = sqlite3_step(statement);
        sqlite3_finalize(statement);
    }
    if (result == SQLITE_DONE)
        return 0;
    store_log_error(s, "clean up");
    return -1;
}

static void save_session(struct session *session, void *arg)
{
    store_save_session(arg, session);
}

int store_load(struct store *s, struct session_table *sessions,
               struct subtree *subtree, struct retain *retain,
               const struct session_limits *limits)
{
    if (!s)
        return 0;
    struct loading l = {.store = s,
                        .sessions = sessions,
                        .subtree = subtree,
                        .retain = retain,
                        .limits = limits};
    s->sessions = sessions;
    s->retain = retain;
    struct store *kept = retain->store;
    retain->store = NULL; /* what comes from the store need not be stored */
    int result = sweep(s);
    for (size_t i = 0; result == 0 && i < sizeof steps / sizeof *steps; i++)
        result = run_step(&l, i);
    retain->store = kept;
    /* What was connected has an end now: a second restart must not put it off.
     */
    if (result == 0) {
        session_each(sessions, save_session, s);
        result = store_commit(s);
    }
    for (size_t i = 0; i < l.n_messages; i++)
        message_unref(l.messages[i]);
    free(l.messages);
    return result;
}
