/* SPDX-License-Identifier: Apache-2.0 */
/* store.c -- what lies in the store's file need not be what the broker wrote.
 *
 * Input: an octet (bit 0: another schema version, bit 1: a table is missing,
 * bit 2: no database, bit 3: no folder, bit 4: a column of another name), then
 * values for the rows of each table in turn; a value is an octet of kind and
 * what it needs. The rows are written behind the broker's back, and a broker
 * begins with them: it may refuse the file in a sentence or leave rows out, but
 * neither fall over nor lose its hold on what it took.
 */
#include "state/store_sql.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "support/fuzz.h"

#define WALL_S 1700000000
#define FOLDER "/dev/shm/mqttspec-fuzz-store"

enum { MAX_ROWS = 64 };

static const struct {
    const char *insert;
    int n_columns;
} tables[] = {
    {"REPLACE INTO session VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", 13},
    {"REPLACE INTO subscription VALUES (?,?,?,?,?,?,?,?)", 8},
    {"REPLACE INTO message VALUES (?,?,?,?,?,?,?)", 7},
    {"REPLACE INTO delivery VALUES (?,?,?,?,?,?,?,?,?)", 9},
    {"REPLACE INTO incoming VALUES (?,?)", 2},
    {"REPLACE INTO retained VALUES (?,?,?,?,?,?)", 6},
};

#define N_TABLES (sizeof tables / sizeof tables[0])

static void bind(sqlite3_stmt *row, int column, struct feed *feed)
{
    unsigned kind = feed_u8(feed);
    size_t n;
    const uint8_t *octets;
    switch (kind & 7) {
    case 0:
    case 1:
    case 2: /* a small number */
        sqlite3_bind_int(row, column, (int)(kind >> 3));
        return;
    case 3:
        sqlite3_bind_int64(row, column, (int16_t)feed_u16(feed));
        return;
    case 4: /* a time around now, in milliseconds */
        sqlite3_bind_int64(row, column,
                           INT64_C(1000) * (WALL_S + (int16_t)feed_u16(feed)));
        return;
    case 5:
        octets = feed_run(feed, kind >> 3, &n);
        sqlite3_bind_text(row, column, (const char *)octets, (int)n,
                          SQLITE_STATIC);
        return;
    case 6:
        octets = feed_run(feed, kind >> 3, &n);
        sqlite3_bind_blob(row, column, octets, (int)n, SQLITE_STATIC);
        return;
    default:
        sqlite3_bind_null(row, column);
        return;
    }
}

static void write_rows(sqlite3 *db, struct feed *feed)
{
    for (int i = 0; i < MAX_ROWS && feed->n > 0; i++) {
        unsigned which = feed_u8(feed) % N_TABLES;
        sqlite3_stmt *row = NULL;
        if (sqlite3_prepare_v2(db, tables[which].insert, -1, &row, NULL) !=
            SQLITE_OK)
            fuzz_fail("%s", sqlite3_errmsg(db));
        for (int column = 1; column <= tables[which].n_columns; column++)
            bind(row, column, feed);
        sqlite3_step(row); /* what no table takes stays out */
        sqlite3_finalize(row);
    }
}

static void forget_files(void)
{
    static const char *const names[] = {"", "-wal", "-shm", "-journal"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, FOLDER "-%ld/mqttspec-broker.db%s",
                 (long)getpid(), names[i]);
        unlink(path);
    }
}

/* spoil_file writes over the beginning of the file. */
static void spoil_file(void)
{
    char path[128];
    snprintf(path, sizeof path, FOLDER "-%ld/mqttspec-broker.db",
             (long)getpid());
    FILE *file = fopen(path, "r+");
    if (!file || fputs("no database at all", file) < 0 || fclose(file) != 0)
        fuzz_fail("the file cannot be spoiled");
}

/* run lets a broker live with the file for an hour. */
static void run(const char *folder, const struct config *config)
{
    struct broker b;
    char error[256] = "";
    struct store *store = store_open(folder, NULL, error, sizeof error);
    if (!store && !*error)
        fuzz_fail("refused without a word");
    if (!store)
        return;
    if (broker_init(&b, config, NULL, NULL, store, 1000, WALL_S) == 0) {
        for (uint64_t s = 1; s <= 3601; s += 1200) {
            broker_begin_turn(&b, s * 1000, WALL_S + (int64_t)s);
            broker_end_turn(&b);
        }
    }
    broker_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    static struct config config;
    struct feed feed = {octets, n};
    unsigned settings = feed_u8(&feed);
    char folder[64], error[256];
    if (!config.wildcard_syntax.delimiter) {
        config_init(&config);
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    }
    snprintf(folder, sizeof folder, FOLDER "-%ld", (long)getpid());
    mkdir(folder, 0700);
    forget_files();
    struct store *store = store_open(folder, NULL, error, sizeof error);
    if (!store)
        fuzz_fail("%s", error);
    sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL);
    write_rows(store->db, &feed);
    sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    if (settings & 1)
        sqlite3_exec(store->db, "PRAGMA user_version = 2", NULL, NULL, NULL);
    if (settings & 2)
        sqlite3_exec(store->db, "DROP TABLE incoming", NULL, NULL, NULL);
    if (settings & 16)
        sqlite3_exec(store->db, "ALTER TABLE session RENAME topic TO t", NULL,
                     NULL, NULL);
    store_close(store);
    if (settings & 4)
        spoil_file();
    run(settings & 8 ? "/nowhere" : folder, &config);
    run(folder, &config);
    forget_files();
    rmdir(folder);
    return 0;
}
