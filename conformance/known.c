/* SPDX-License-Identifier: Apache-2.0 */
/* known.c -- the list of known failures.
 */
#include "known.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    int line;
    bool is_sometimes;
    char name[200], statements[200], reason[600];
};

struct known {
    struct entry *first, *last; /* in the order of the list */
    bool is_other;              /* while reading: below another @version */
    bool is_sometimes;          /* likewise */
    int n_other;
};

void known_free(struct known *known)
{
    while (known && known->first) {
        struct entry *next = known->first->next;
        free(known->first);
        known->first = next;
    }
    free(known);
}

/* CASE STATEMENT REASON. Returns -1 unless all three are there. */
static int read_entry(struct known *known, const char *line, int number)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        abort();
    entry->line = number;
    entry->is_sometimes = known->is_sometimes;
    bool is_whole = sscanf(line, "%199s %199s %599[^\n]", entry->name,
                           entry->statements, entry->reason) == 3;
    if (!is_whole || known->is_other) {
        known->n_other += is_whole;
        free(entry);
        return is_whole ? 0 : -1;
    }
    if (known->last)
        known->last->next = entry;
    else
        known->first = entry;
    known->last = entry;
    return 0;
}

static int read_line(struct known *known, const char *line, int number,
                     const char *version)
{
    char pattern[60];
    line += strspn(line, " \t\n");
    if (!*line || *line == '#')
        return 0;
    if (*line != '@')
        return read_entry(known, line, number);
    known->is_sometimes = strncmp(line, "@sometimes", 10) == 0;
    if (known->is_sometimes)
        return 0;
    if (sscanf(line, "@version %59s", pattern) != 1)
        return -1;
    known->is_other = fnmatch(pattern, version ? version : "", 0) != 0;
    return 0;
}

struct known *known_read(const char *path, const char *text,
                         const char *version, char *error, size_t n)
{
    char line[1100];
    if (text && !*text)
        return calloc(1, sizeof(struct known)); /* fmemopen wants an octet */
    FILE *file = text ? fmemopen((void *)(size_t)text, strlen(text), "r")
                      : fopen(path, "r");
    if (!file) {
        snprintf(error, n, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct known *known = calloc(1, sizeof *known);
    if (!known)
        abort();
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        if (read_line(known, line, number, version) == 0)
            continue;
        snprintf(error, n, "%s:%d: expected: CASE STATEMENT REASON", path,
                 number);
        fclose(file);
        known_free(known);
        return NULL;
    }
    fclose(file);
    return known;
}

/* [row] is part of a name, not a set of letters. */
static bool is_named(const struct entry *entry, const char *name)
{
    char pattern[420], *out = pattern;
    for (const char *in = entry->name; *in; in++) {
        if (*in == '[' || *in == ']')
            *out++ = '\\';
        *out++ = *in;
    }
    *out = '\0';
    return fnmatch(pattern, name, 0) == 0;
}

static bool has_statement(const struct entry *entry, const char *id)
{
    size_t n = strlen(id);
    if (strcmp(entry->statements, "-") == 0)
        return true;
    for (const char *at = entry->statements; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, id, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    }
    return false;
}

const char *known_lists(const struct known *known, const char *name)
{
    for (const struct entry *e = known ? known->first : NULL; e; e = e->next) {
        if (!e->is_sometimes && is_named(e, name))
            return e->reason;
    }
    return NULL;
}

const char *known_reason(const struct known *known, const char *name,
                         const char (*statements)[80], int n)
{
    for (const struct entry *e = known ? known->first : NULL; e; e = e->next) {
        for (int i = 0; i < n; i++) {
            if (has_statement(e, statements[i]) && is_named(e, name))
                return e->reason;
        }
    }
    return NULL;
}

int known_next_unused(const struct known *known, int line, size_t n_cases,
                      const char *(*name_of)(const void *cases, size_t i),
                      const void *cases, const char **pattern)
{
    for (const struct entry *e = known ? known->first : NULL; e; e = e->next) {
        size_t i = 0;
        if (e->line <= line)
            continue;
        while (i < n_cases && !is_named(e, name_of(cases, i)))
            i++;
        if (i == n_cases) {
            *pattern = e->name;
            return e->line;
        }
    }
    return 0;
}

int known_n_other(const struct known *known)
{
    return known ? known->n_other : 0;
}
