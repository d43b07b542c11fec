/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- rows for the store's tables. */
#include "support/rows.h"

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
                           INT64_C(1000) *
                               (ROWS_WALL_S + (int16_t)feed_u16(feed)));
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

void rows_write(sqlite3 *db, struct feed *feed)
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
