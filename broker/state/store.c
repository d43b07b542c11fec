// SPDX-License-Identifier: Apache-2.0
/* store.c -- what survives a restart: opening, and what is written.
 *
 * One prepared statement for each kind of write, one transaction a turn. Row
 * ids are counted here, so that rows are in the order of their messages. An
 * error is logged once, poisons the turn, and comes out of store_commit.
 */
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "state/session.h"
#include "state/store_sql.h"

#define SCHEMA_VERSION 1
#define MESSAGE_COLUMNS                                                        \
    "topic BLOB, payload BLOB, properties BLOB, qos INT, is_retained INT,"     \
    " expires INT"

static const char schema[] =
    "CREATE TABLE session (id INTEGER PRIMARY KEY, client_id BLOB UNIQUE,"
    " user TEXT, expiry_interval INT, ends INT, will_delay INT,"
    " will_due INT, " MESSAGE_COLUMNS ");"
    "CREATE TABLE subscription (session INT, topic_filter BLOB,"
    " identifier INT, qos INT, retain_handling INT, is_no_local INT,"
    " is_retain_as_published INT, is_shared INT,"
    " PRIMARY KEY (session, topic_filter)) WITHOUT ROWID;"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, " MESSAGE_COLUMNS ");"
    "CREATE TABLE delivery (id INTEGER PRIMARY KEY, session INT, message INT,"
    " packet_id INT, qos INT, is_retained INT, state INT, share BLOB,"
    " identifiers BLOB);"
    "CREATE TABLE incoming (session INT, packet_id INT,"
    " PRIMARY KEY (session, packet_id)) WITHOUT ROWID;"
    "CREATE TABLE retained (" MESSAGE_COLUMNS ", PRIMARY KEY (topic))"
    " WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

static const char *const sql[STORE_N_STATEMENTS] = {
    [STORE_BEGIN] = "BEGIN",
    [STORE_COMMIT] = "COMMIT",
    [STORE_SAVE_SESSION] = ("REPLACE INTO session VALUES"
                            " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"),
    [STORE_DELETE_SESSION] = "DELETE FROM session WHERE id = ?1",
    [STORE_DELETE_SESSION_SUBSCRIPTIONS] =
        "DELETE FROM subscription WHERE session = ?1",
    [STORE_DELETE_SESSION_INCOMING] = "DELETE FROM incoming WHERE session = ?1",
    [STORE_SAVE_SUBSCRIPTION] =
        "REPLACE INTO subscription VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
    [STORE_DELETE_SUBSCRIPTION] =
        "DELETE FROM subscription WHERE session = ?1 AND topic_filter = ?2",
    [STORE_SAVE_MESSAGE] = "REPLACE INTO message VALUES (?1,?2,?3,?4,?5,?6,?7)",
    [STORE_DELETE_MESSAGE] = "DELETE FROM message WHERE id = ?1",
    [STORE_SAVE_DELIVERY] =
        "REPLACE INTO delivery VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [STORE_DELETE_DELIVERY] = "DELETE FROM delivery WHERE id = ?1",
    [STORE_RELEASE_DELIVERY] =
        "UPDATE delivery SET id = ?2, message = 0, state = ?3 WHERE id = ?1",
    [STORE_SAVE_INCOMING] = "REPLACE INTO incoming VALUES (?1,?2)",
    [STORE_DELETE_INCOMING] =
        "DELETE FROM incoming WHERE session = ?1 AND packet_id = ?2",
    [STORE_SAVE_RETAINED] = "REPLACE INTO retained VALUES (?1,?2,?3,?4,?5,?6)",
    [STORE_DELETE_RETAINED] = "DELETE FROM retained WHERE topic = ?1",
};

void store_log_error(const struct store *s, const char *doing)
{
    log_line(s->log, LOG_ERROR, "store: cannot %s: %s", doing,
             sqlite3_errmsg(s->db));
}

/* ---- opening and closing ------------------------------------------------- */

static int number_of(sqlite3 *db, const char *query, uint64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int result = -1;
    if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        *number = (uint64_t)sqlite3_column_int64(statement, 0);
        result = 0;
    }
    sqlite3_finalize(statement);
    return result;
}

/* Returns NULL, or what is wrong. */
static const char *prepare(struct store *s)
{
    uint64_t version = 0;
    /* EXCLUSIVE: a second broker in the same folder is refused at once. */
    if (sqlite3_exec(s->db,
                     "PRAGMA locking_mode = EXCLUSIVE;"
                     "PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL;"
                     "BEGIN EXCLUSIVE; COMMIT;",
                     NULL, NULL, NULL) != SQLITE_OK ||
        number_of(s->db, "PRAGMA user_version", &version) < 0)
        return sqlite3_errmsg(s->db);
    if (version == 0 &&
        sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite3_errmsg(s->db);
    if (version != 0 && version != SCHEMA_VERSION)
        return "it was written by another version of the broker";
    for (int i = 0; i < STORE_N_STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL) != SQLITE_OK)
            return sqlite3_errmsg(s->db);
    if (number_of(s->db, "SELECT max(id) FROM session", &s->last_session_id) ||
        number_of(s->db, "SELECT max(id) FROM message", &s->last_message_id) ||
        number_of(s->db, "SELECT max(id) FROM delivery", &s->last_delivery_id))
        return sqlite3_errmsg(s->db);
    return NULL;
}

/* The file holds what clients send: nobody else may read it. */
static int create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    return close(fd);
}

struct store *store_open(const char *folder, const struct log *log,
                         struct complaint *error)
{
    struct store *s = mem_new(1, sizeof *s);
    size_t path_n = strlen(folder) + sizeof "/mqttspec-broker.db";
    char *path = mem_new(path_n, 1);
    const char *problem = NULL;
    s->log = log;
    snprintf(path, path_n, "%s/mqttspec-broker.db", folder);
    if (create_private(path) < 0)
        problem = strerror(errno);
    else if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL) !=
             SQLITE_OK)
        problem = s->db ? sqlite3_errmsg(s->db) : "no memory";
    else
        problem = prepare(s);
    if (problem) {
        complain(error, "data=%s: cannot open the store %s: %s", folder, path,
                 problem);
        store_close(s);
        s = NULL;
    }
    free(path);
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (!s->has_failed) /* the tables are gone: nothing could be written anew */
        store_commit(s);
    for (int i = 0; i < STORE_N_STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

/* ---- time ---------------------------------------------------------------- */

void store_set_time(struct store *s, uint64_t now_ms, int64_t wall_s)
{
    if (!s)
        return;
    s->now_ms = now_ms;
    s->wall_ms = wall_s * 1000;
}

int64_t store_to_wall(const struct store *s, uint64_t at_ms)
{
    return at_ms == 0 ? 0 : s->wall_ms + (int64_t)(at_ms - s->now_ms);
}

uint64_t store_from_wall(const struct store *s, int64_t wall_ms)
{
    if (wall_ms <= s->wall_ms)
        return s->now_ms;
    return s->now_ms + (uint64_t)(wall_ms - s->wall_ms);
}

/* ---- statements ---------------------------------------------------------- */

/* run writes, unless a write has failed: SQLite may have rolled the turn back
 * by itself then, and what came after would stay without what came before. */
static void run(struct store *s, enum store_statement which)
{
    sqlite3_stmt *statement = s->statements[which];
    if (!s->has_failed && sqlite3_step(statement) != SQLITE_DONE) {
        store_log_error(s, "write");
        s->has_failed = true;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

/* The statement to bind to, in the turn's transaction. */
static sqlite3_stmt *start(struct store *s, enum store_statement which)
{
    if (!s->is_in_transaction) {
        s->is_in_transaction = true;
        run(s, STORE_BEGIN);
    }
    return s->statements[which];
}

int store_commit(struct store *s)
{
    if (!s || !s->is_in_transaction)
        return 0;
    s->is_in_transaction = false;
    run(s, STORE_COMMIT);
    return s->has_failed ? store_rewrite(s) : 0;
}

static void bind_id(sqlite3_stmt *statement, int at, uint64_t id)
{
    sqlite3_bind_int64(statement, at, (sqlite3_int64)id);
}

static void bind_slice(sqlite3_stmt *statement, int at, struct slice s)
{
    if (s.n == 0)
        sqlite3_bind_zeroblob(statement, at, 0);
    else
        sqlite3_bind_blob64(statement, at, s.data, s.n, SQLITE_STATIC);
}

/* The properties as they stand in a PUBLISH, behind their length. */
static void bind_properties(sqlite3_stmt *statement, int at,
                            struct slice encoded)
{
    size_t n = varint_size((uint32_t)encoded.n) + encoded.n;
    struct writer w = writer_of(mem_new(n, 1), n);
    write_varint(&w, (uint32_t)encoded.n);
    write_octets(&w, encoded);
    sqlite3_bind_blob64(statement, at, w.at - n, n, free);
}

static void bind_message(struct store *s, sqlite3_stmt *statement, int at,
                         const struct message *m)
{
    bind_slice(statement, at, m->topic);
    bind_slice(statement, at + 1, m->payload);
    bind_properties(statement, at + 2, m->properties);
    sqlite3_bind_int(statement, at + 3, m->qos);
    sqlite3_bind_int(statement, at + 4, m->is_retained);
    if (m->has_expiry)
        sqlite3_bind_int64(statement, at + 5, store_to_wall(s, m->expires_ms));
}

/* ---- sessions and subscriptions ------------------------------------------ */

void store_save_session(struct store *s, struct session *session)
{
    if (!s)
        return;
    if (session->stored_id == 0)
        session->stored_id = ++s->last_session_id;
    sqlite3_stmt *statement = start(s, STORE_SAVE_SESSION);
    bind_id(statement, 1, session->stored_id);
    bind_slice(statement, 2,
               slice_of(session->client_id, session->client_id_n));
    if (session->user)
        sqlite3_bind_text(statement, 3, session->user, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, session->expiry_interval_s);
    sqlite3_bind_int64(statement, 5, store_to_wall(s, session->expires_ms));
    if (session->will.message) {
        sqlite3_bind_int64(statement, 6, session->will.delay_s);
        sqlite3_bind_int64(statement, 7,
                           store_to_wall(s, session->will.due_ms));
        bind_message(s, statement, 8, session->will.message);
        if (session->will.message->has_expiry) /* not a time yet */
            bind_id(statement, 13, session->will.message->expires_ms);
    }
    run(s, STORE_SAVE_SESSION);
}

static void delete_deliveries(struct store *s, struct delivery *d)
{
    for (; d; d = d->next)
        store_delete_delivery(s, d);
}

void store_delete_session(struct store *s, struct session *session)
{
    static const enum store_statement statements[] = {
        STORE_DELETE_SESSION_SUBSCRIPTIONS, STORE_DELETE_SESSION_INCOMING,
        STORE_DELETE_SESSION};
    if (!s || session->stored_id == 0)
        return;
    delete_deliveries(s, session->inflight.sent.first);
    delete_deliveries(s, session->inflight.released.first);
    delete_deliveries(s, session->queue.first);
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        bind_id(start(s, statements[i]), 1, session->stored_id);
        run(s, statements[i]);
    }
    session->stored_id = 0;
}

void store_save_subscription(struct store *s, struct subscription *sub)
{
    if (!s || sub->session->stored_id == 0)
        return;
    sqlite3_stmt *statement = start(s, STORE_SAVE_SUBSCRIPTION);
    bind_id(statement, 1, sub->session->stored_id);
    bind_slice(statement, 2, slice_of(sub->topic_filter, sub->topic_filter_n));
    sqlite3_bind_int64(statement, 3, sub->identifier);
    sqlite3_bind_int(statement, 4, sub->qos);
    sqlite3_bind_int(statement, 5, sub->retain_handling);
    sqlite3_bind_int(statement, 6, sub->is_no_local);
    sqlite3_bind_int(statement, 7, sub->is_retain_as_published);
    sqlite3_bind_int(statement, 8, sub->group != NULL);
    run(s, STORE_SAVE_SUBSCRIPTION);
}

void store_delete_subscription(struct store *s, struct subscription *sub)
{
    if (!s || sub->session->stored_id == 0)
        return;
    sqlite3_stmt *statement = start(s, STORE_DELETE_SUBSCRIPTION);
    bind_id(statement, 1, sub->session->stored_id);
    bind_slice(statement, 2, slice_of(sub->topic_filter, sub->topic_filter_n));
    run(s, STORE_DELETE_SUBSCRIPTION);
}

/* ---- messages and deliveries --------------------------------------------- */

static void keep_message(struct store *s, struct message *m)
{
    if (m->n_stored++ > 0)
        return;
    m->stored_id = ++s->last_message_id;
    sqlite3_stmt *statement = start(s, STORE_SAVE_MESSAGE);
    bind_id(statement, 1, m->stored_id);
    bind_message(s, statement, 2, m);
    run(s, STORE_SAVE_MESSAGE);
}

static void let_message_go(struct store *s, struct message *m)
{
    if (!m || --m->n_stored > 0)
        return;
    bind_id(start(s, STORE_DELETE_MESSAGE), 1, m->stored_id);
    run(s, STORE_DELETE_MESSAGE);
    m->stored_id = 0;
}

void store_save_delivery(struct store *s, const struct session *session,
                         const struct subscription *share, struct delivery *d)
{
    if (!s || session->stored_id == 0)
        return;
    if (d->stored_id == 0) {
        d->stored_id = ++s->last_delivery_id;
        if (d->message)
            keep_message(s, d->message);
    }
    sqlite3_stmt *statement = start(s, STORE_SAVE_DELIVERY);
    bind_id(statement, 1, d->stored_id);
    bind_id(statement, 2, session->stored_id);
    bind_id(statement, 3, d->message ? d->message->stored_id : 0);
    sqlite3_bind_int(statement, 4, d->packet_id);
    sqlite3_bind_int(statement, 5, d->qos);
    sqlite3_bind_int(statement, 6, d->is_retained);
    sqlite3_bind_int(statement, 7, (int)d->state);
    if (share)
        bind_slice(statement, 8,
                   slice_of(share->topic_filter, share->topic_filter_n));
    bind_slice(statement, 9,
               slice_of(d->subscription_identifiers,
                        d->n_subscription_identifiers * sizeof(uint32_t)));
    run(s, STORE_SAVE_DELIVERY);
}

void store_delete_delivery(struct store *s, struct delivery *d)
{
    if (!s || d->stored_id == 0)
        return;
    bind_id(start(s, STORE_DELETE_DELIVERY), 1, d->stored_id);
    run(s, STORE_DELETE_DELIVERY);
    d->stored_id = 0;
    let_message_go(s, d->message);
}

void store_release_delivery(struct store *s, struct delivery *d)
{
    if (!s || d->stored_id == 0)
        return;
    uint64_t old = d->stored_id;
    d->stored_id = ++s->last_delivery_id;
    sqlite3_stmt *statement = start(s, STORE_RELEASE_DELIVERY);
    bind_id(statement, 1, old);
    bind_id(statement, 2, d->stored_id);
    sqlite3_bind_int(statement, 3, OUTGOING_AWAIT_PUBCOMP);
    run(s, STORE_RELEASE_DELIVERY);
    let_message_go(s, d->message);
}

static void run_incoming(struct store *s, enum store_statement which,
                         const struct session *session, uint16_t packet_id)
{
    if (!s || session->stored_id == 0)
        return;
    sqlite3_stmt *statement = start(s, which);
    bind_id(statement, 1, session->stored_id);
    sqlite3_bind_int(statement, 2, packet_id);
    run(s, which);
}

void store_save_incoming(struct store *s, const struct session *session,
                         uint16_t packet_id)
{
    run_incoming(s, STORE_SAVE_INCOMING, session, packet_id);
}

void store_delete_incoming(struct store *s, const struct session *session,
                           uint16_t packet_id)
{
    run_incoming(s, STORE_DELETE_INCOMING, session, packet_id);
}

/* ---- retained messages --------------------------------------------------- */

void store_save_retained(struct store *s, struct message *m)
{
    if (!s)
        return;
    bind_message(s, start(s, STORE_SAVE_RETAINED), 1, m);
    run(s, STORE_SAVE_RETAINED);
}

void store_delete_retained(struct store *s, struct slice topic)
{
    if (!s)
        return;
    bind_slice(start(s, STORE_DELETE_RETAINED), 1, topic);
    run(s, STORE_DELETE_RETAINED);
}
