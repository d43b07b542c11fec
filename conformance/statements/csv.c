/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c -- a strict reader of comma-separated values.
 *
 * The text is copied once and unquoted in place: a field never grows, so the
 * write position never passes the read position.
 */
#include "statements/csv.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    char *at;    /* next octet to read */
    char *end;   /* one behind the last octet */
    char *out;   /* where the next octet of a field goes */
    size_t line; /* of `at`, from 1 */
    const char *error;
};

static void *must_alloc(void *p)
{
    if (!p)
        abort();
    return p;
}

/* Copies a quoted field; stands behind the closing quote afterwards. */
static void read_quoted(struct reader *r)
{
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"')
                return;
        }
        if (*r->at == '\n')
            r->line++;
        *r->out++ = *r->at;
    }
    r->error = "a quoted field is never closed";
}

static void read_bare(struct reader *r)
{
    while (r->at < r->end && !strchr(",\r\n", *r->at)) {
        if (*r->at == '"') {
            r->error = "a quote inside a field that is not quoted";
            return;
        }
        *r->out++ = *r->at++;
    }
}

/* Reads one field and what ends it. Returns ',' when another field of the row
 * follows, '\n' at the end of the row, 0 on an error. */
static int read_field(struct reader *r)
{
    if (r->at < r->end && *r->at == '"')
        read_quoted(r);
    else
        read_bare(r);
    if (r->error)
        return 0;
    int ended_by = '\n';
    if (r->at < r->end) {
        if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
            r->at++;
        if (*r->at != ',' && *r->at != '\n') {
            r->error = "text after a closing quote";
            return 0;
        }
        ended_by = *r->at++;
        r->line += ended_by == '\n';
    }
    *r->out++ = '\0';
    return ended_by;
}

/* Reads one row into `fields`, which has room for `room` of them. Returns how
 * many fields there were, counting on beyond the room. */
static size_t read_row(struct reader *r, char **fields, size_t room)
{
    size_t n = 0;
    int ended_by;
    do {
        char *start = r->out;
        ended_by = read_field(r);
        if (n < room)
            fields[n] = start;
        n++;
    } while (ended_by == ',');
    return n;
}

static int fail(struct csv *csv, size_t line, const char *error)
{
    csv->error_line = line;
    csv->error = error;
    return -1;
}

static size_t count_columns(const char *octets, size_t n)
{
    size_t columns = 1;
    for (size_t i = 0; i < n && octets[i] != '\n'; i++)
        columns += octets[i] == ',';
    return columns;
}

static struct csv_row *add_row(struct csv *csv, size_t line)
{
    csv->rows =
        must_alloc(realloc(csv->rows, (csv->n_rows + 1) * sizeof *csv->rows));
    struct csv_row *row = &csv->rows[csv->n_rows++];
    row->line = line;
    row->fields = must_alloc(calloc(csv->n_columns, sizeof *row->fields));
    return row;
}

int csv_read(struct csv *csv, const char *octets, size_t n)
{
    memset(csv, 0, sizeof *csv);
    if (n == 0)
        return fail(csv, 1, "the file is empty");
    if (memchr(octets, '\0', n))
        return fail(csv, 1, "the file holds a NUL octet");
    /* One more than the text: the last field may end without a line break. */
    csv->text = must_alloc(malloc(n + 1));
    memcpy(csv->text, octets, n);
    csv->n_columns = count_columns(octets, n);
    struct reader r = {.at = csv->text, .end = csv->text + n, .line = 1};
    r.out = csv->text;
    while (r.at < r.end) {
        struct csv_row *row = add_row(csv, r.line);
        size_t n_fields = read_row(&r, row->fields, csv->n_columns);
        if (r.error)
            return fail(csv, row->line, r.error);
        if (n_fields != csv->n_columns)
            return fail(csv, row->line,
                        "the row has not as many fields as the header");
    }
    return 0;
}

void csv_clear(struct csv *csv)
{
    for (size_t i = 0; i < csv->n_rows; i++)
        free(csv->rows[i].fields);
    free(csv->rows);
    free(csv->text);
    csv->rows = NULL;
    csv->text = NULL;
    csv->n_rows = 0;
}

int csv_column(const struct csv *csv, const char *name)
{
    for (size_t i = 0; csv->n_rows > 0 && i < csv->n_columns; i++)
        if (strcmp(csv->rows[0].fields[i], name) == 0)
            return (int)i;
    return -1;
}
