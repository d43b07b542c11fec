/* SPDX-License-Identifier: Apache-2.0 */
/* csv.h -- a strict reader of comma-separated values.
 *
 * Fields are quoted with " where they hold a comma, a quote or a line break;
 * a quote inside is doubled (RFC 4180). LF and CRLF end a row. The first row is
 * the header; every row has as many fields. Files of some hundred rows.
 */
#ifndef MQTTSPEC_CSV_H
#define MQTTSPEC_CSV_H

#include <stddef.h>

struct csv_row {
    char **fields; /* csv.n_columns of them, NUL-terminated */
    size_t line;   /* where the row begins, from 1 */
};

struct csv {
    char *text; /* holds every field */
    struct csv_row *rows;
    size_t n_rows; /* header included */
    size_t n_columns;
    size_t error_line; /* from 1, when csv_read failed */
    const char *error; /* static text, when csv_read failed */
};

/* csv_read reads a whole file.
 *
 * csv         out: clear with csv_clear, also after a failure
 * octets, n   the text; copied
 *
 * Returns 0, or -1 with csv->error and csv->error_line set: a NUL octet, an
 * open quote, text after a closing quote, a quote inside a bare field, or a
 * row with another number of fields than the header.
 */
int csv_read(struct csv *csv, const char *octets, size_t n);

/* csv_clear releases what csv_read took. */
void csv_clear(struct csv *csv);

/* csv_column returns the index of the column of that name, or -1. */
int csv_column(const struct csv *csv, const char *name);

#endif
