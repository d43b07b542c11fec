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
#include "support/rows.h"

#define FOLDER "/dev/shm/mqttspec-fuzz-store"

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
    struct complaint error = {0};
    struct store *store = store_open(folder, NULL, &error);
    if (!store && !error.text[0])
        fuzz_fail("refused without a word");
    if (!store)
        return;
    if (broker_init(&b, config, NULL, NULL, store, 1000, ROWS_WALL_S) == 0) {
        for (uint64_t s = 1; s <= 3601; s += 1200) {
            broker_begin_turn(&b, s * 1000, ROWS_WALL_S + (int64_t)s);
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
    char folder[64];
    struct complaint error;
    if (!config.wildcard_syntax.delimiter) {
        config_init(&config);
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    }
    snprintf(folder, sizeof folder, FOLDER "-%ld", (long)getpid());
    mkdir(folder, 0700);
    forget_files();
    struct store *store = store_open(folder, NULL, &error);
    if (!store)
        fuzz_fail("%s", error.text);
    sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL);
    rows_write(store->db, &feed);
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
