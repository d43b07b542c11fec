/* SPDX-License-Identifier: Apache-2.0 */
/* statement.c -- the catalogue of normative statements.
 *
 * Each CSV file becomes a run of statements whose strings live in the parsed
 * file; a second array, sorted by id, serves the look-ups.
 */
#include "statement.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "statements/csv.h"

/* The files of the catalogue; ids are prefixed with the catalogue's name. */
static const struct {
    const char *name;
    const char *path;
} catalogue_files[] = {
    {"3.1.1", "conformance/statements/3.1.1.csv"},
    {"3.1.1", "conformance/statements/3.1.1-rules.csv"},
    {"5.0", "conformance/statements/5.0.csv"},
    {"5.0", "conformance/statements/5.0-rules.csv"},
    {"3.1", "conformance/statements/3.1-rules.csv"},
    {"artemis", "conformance/statements/artemis.csv"},
    {"robustness", "conformance/statements/robustness.csv"},
};

#define N_FILES (sizeof catalogue_files / sizeof catalogue_files[0])

enum column {
    COLUMN_ID,
    COLUMN_SECTION,
    COLUMN_ROLE,
    COLUMN_TESTABLE,
    COLUMN_LEVEL,
    COLUMN_MQTT,
    COLUMN_OBSERVABLE,
    COLUMN_SUMMARY,
    COLUMN_REASON,
    N_COLUMNS,
};

static const char *const column_names[N_COLUMNS] = {
    "id",   "section",    "role",    "testable", "level",
    "mqtt", "observable", "summary", "reason",
};

static const char *const role_names[] = {"server", "client", "both"};
static const char *const testable_names[] = {"yes", "config", "no"};
static const char *const level_names[] = {"must", "should", "may"};
static const char *const level_words[] = {"MUST", "SHOULD", "MAY"};
static const char *const version_names[] = {"3.1", "3.1.1", "5.0"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct catalogue {
    struct statement **statements; /* in the order of the files */
    struct statement **by_id;
    size_t n;
    struct csv *files; /* own the strings of the statements */
    size_t n_files;
};

/* Where one file is being read, and where to complain. */
struct loading {
    const char *name;
    const char *path;
    int columns[N_COLUMNS];
    char *error;
    size_t n_error;
};

static void *must_alloc(void *p)
{
    if (!p)
        abort();
    return p;
}

static int complain(const struct loading *l, size_t line, const char *format,
                    ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(l->error, l->n_error, "%s:%zu: %s", l->path, line, what);
    return -1;
}

static int find_word(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

/* Reads "3.1 3.1.1 5.0". Returns the set, or 0 for an unknown version. */
static unsigned parse_versions(const char *text)
{
    unsigned set = 0;
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    char *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        int v = find_word(version_names, COUNT(version_names), word);
        if (v < 0)
            return 0;
        set |= 1U << v;
    }
    return set;
}

static const char *field(const struct loading *l, const struct csv_row *row,
                         enum column column)
{
    return row->fields[l->columns[column]];
}

/* Splits "3.1.2.5 Will Flag" in place. Returns the title, or NULL. */
static const char *split_section(char *section)
{
    char *space = strchr(section, ' ');
    if (!space)
        return NULL;
    *space = '\0';
    return space + 1;
}

/* The words of a row that come from short lists. */
static int fill_words(const struct loading *l, const struct csv_row *row,
                      struct statement *s)
{
    int role =
        find_word(role_names, COUNT(role_names), field(l, row, COLUMN_ROLE));
    int testable = find_word(testable_names, COUNT(testable_names),
                             field(l, row, COLUMN_TESTABLE));
    int level =
        find_word(level_names, COUNT(level_names), field(l, row, COLUMN_LEVEL));
    if (role < 0)
        return complain(l, row->line,
                        "role '%s' is none of server, client, both",
                        field(l, row, COLUMN_ROLE));
    if (testable < 0)
        return complain(l, row->line,
                        "testable '%s' is none of yes, config, no",
                        field(l, row, COLUMN_TESTABLE));
    if (level < 0)
        return complain(l, row->line, "level '%s' is none of must, should, may",
                        field(l, row, COLUMN_LEVEL));
    s->versions = parse_versions(field(l, row, COLUMN_MQTT));
    if (!s->versions)
        return complain(l, row->line, "mqtt '%s' is no list of 3.1, 3.1.1, 5.0",
                        field(l, row, COLUMN_MQTT));
    s->role = (enum statement_role)role;
    s->testable = (enum statement_testable)testable;
    s->level = (enum statement_level)level;
    return 0;
}

static int fill_statement(const struct loading *l, const struct csv_row *row,
                          struct statement *s)
{
    const char *id = field(l, row, COLUMN_ID);
    if (!*id || strchr(id, '/') || strchr(id, ' '))
        return complain(l, row->line, "'%s' is no id", id);
    if (fill_words(l, row, s) < 0)
        return -1;
    s->section = field(l, row, COLUMN_SECTION);
    s->title = split_section(row->fields[l->columns[COLUMN_SECTION]]);
    s->observable = field(l, row, COLUMN_OBSERVABLE);
    s->summary = field(l, row, COLUMN_SUMMARY);
    s->reason = field(l, row, COLUMN_REASON);
    s->catalogue = l->name;
    s->is_numbered = strncmp(id, "MQTT-", 5) == 0;
    if (!s->title || !*s->title)
        return complain(l, row->line, "section of %s has no title", id);
    if (!*s->summary)
        return complain(l, row->line, "%s has no summary", id);
    bool is_untestable = s->testable == STATEMENT_TESTABLE_NO;
    if (is_untestable != (*s->reason != '\0'))
        return complain(l, row->line, "%s: a reason goes with testable=no", id);
    size_t n = strlen(l->name) + 1 + strlen(id) + 1;
    char *full = must_alloc(malloc(n));
    snprintf(full, n, "%s/%s", l->name, id);
    s->id = full;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    const struct statement *const *x = a;
    const struct statement *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

static void statement_free(struct statement *s)
{
    if (s)
        free((char *)(size_t)s->id);
    free(s);
}

/* Takes the statement over, in the array and in the index. */
static void append(struct catalogue *c, struct statement *s)
{
    c->statements = must_alloc(
        realloc(c->statements, (c->n + 1) * sizeof(struct statement *)));
    c->by_id =
        must_alloc(realloc(c->by_id, (c->n + 1) * sizeof(struct statement *)));
    c->statements[c->n] = s;
    size_t at = c->n++;
    while (at > 0 && compare_ids(&c->by_id[at - 1], &s) > 0) {
        c->by_id[at] = c->by_id[at - 1];
        at--;
    }
    c->by_id[at] = s;
}

static int find_columns(struct loading *l, const struct csv *csv)
{
    for (int i = 0; i < N_COLUMNS; i++) {
        l->columns[i] = csv_column(csv, column_names[i]);
        if (l->columns[i] < 0)
            return complain(l, 1, "there is no column '%s'", column_names[i]);
    }
    return 0;
}

/* Drops what was added behind the first n statements. */
static void roll_back(struct catalogue *c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        bool is_new = false;
        for (size_t j = n; j < c->n; j++)
            is_new |= c->statements[j] == c->by_id[i];
        if (!is_new)
            c->by_id[kept++] = c->by_id[i];
    }
    for (size_t j = n; j < c->n; j++)
        statement_free(c->statements[j]);
    c->n = n;
}

static int add_rows(struct catalogue *c, const struct loading *l,
                    const struct csv *csv)
{
    for (size_t i = 1; i < csv->n_rows; i++) {
        struct statement *s = must_alloc(calloc(1, sizeof *s));
        if (fill_statement(l, &csv->rows[i], s) < 0) {
            statement_free(s);
            return -1;
        }
        if (catalogue_find(c, s->id)) {
            complain(l, csv->rows[i].line, "%s stands there twice", s->id);
            statement_free(s);
            return -1;
        }
        append(c, s);
    }
    return 0;
}

struct catalogue *catalogue_new_empty(void)
{
    return must_alloc(calloc(1, sizeof(struct catalogue)));
}

int catalogue_add_csv(struct catalogue *catalogue, const char *name,
                      const char *path, const char *octets, size_t n,
                      char *error, size_t n_error)
{
    struct loading l = {
        .name = name, .path = path, .error = error, .n_error = n_error};
    size_t n_before = catalogue->n;
    struct csv csv;
    if (csv_read(&csv, octets, n) < 0) {
        complain(&l, csv.error_line, "%s", csv.error);
        goto broken;
    }
    if (find_columns(&l, &csv) < 0 || add_rows(catalogue, &l, &csv) < 0)
        goto broken;
    catalogue->files = must_alloc(
        realloc(catalogue->files, (catalogue->n_files + 1) * sizeof csv));
    catalogue->files[catalogue->n_files++] = csv;
    return 0;
broken:
    roll_back(catalogue, n_before);
    csv_clear(&csv);
    return -1;
}

struct catalogue *catalogue_new(char *error, size_t n)
{
    struct catalogue *c = catalogue_new_empty();
    for (size_t i = 0; i < N_FILES; i++) {
        const char *path = catalogue_files[i].path;
        const struct embed_file *file = embed_find(path);
        if (!file) {
            snprintf(error, n, "%s:0: not part of this binary", path);
            goto broken;
        }
        if (catalogue_add_csv(c, catalogue_files[i].name, path,
                              (const char *)file->octets, file->n_octets, error,
                              n) < 0)
            goto broken;
    }
    return c;
broken:
    catalogue_free(c);
    return NULL;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (!catalogue)
        return;
    for (size_t i = 0; i < catalogue->n; i++)
        statement_free(catalogue->statements[i]);
    for (size_t i = 0; i < catalogue->n_files; i++)
        csv_clear(&catalogue->files[i]);
    free(catalogue->statements);
    free(catalogue->by_id);
    free(catalogue->files);
    free(catalogue);
}

size_t catalogue_count(const struct catalogue *catalogue)
{
    return catalogue->n;
}

const struct statement *catalogue_at(const struct catalogue *catalogue,
                                     size_t i)
{
    return catalogue->statements[i];
}

const struct statement *catalogue_find(const struct catalogue *catalogue,
                                       const char *id)
{
    const struct statement key = {.id = id};
    const struct statement *key_at = &key;
    if (catalogue->n == 0)
        return NULL;
    struct statement **found = bsearch(&key_at, catalogue->by_id, catalogue->n,
                                       sizeof(struct statement *), compare_ids);
    return found ? *found : NULL;
}

const char *statement_role_name(enum statement_role role)
{
    return role_names[role];
}

const char *statement_level_name(enum statement_level level)
{
    return level_words[level];
}

const char *statement_testable_name(enum statement_testable testable)
{
    return testable_names[testable];
}
