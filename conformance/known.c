/* SPDX-License-Identifier: Apache-2.0 */
/* known.c -- the list of known failures. */
#include "known.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    char name[200], statement[60], reason[600];
};

struct known {
    struct entry *first;
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

static int read_line(struct known *known, const char *line)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        abort();
    if (sscanf(line, "%199s %59s %599[^\n]", entry->name, entry->statement,
               entry->reason) != 3) {
        free(entry);
        return -1;
    }
    entry->next = known->first;
    known->first = entry;
    return 0;
}

struct known *known_read(const char *path, const char *text, char *error,
                         size_t n)
{
    char line[1000];
    FILE *file = text ? fmemopen((void *)(size_t)text, strlen(text), "r")
                      : fopen(path, "r");
    if (!file && text && !*text)
        return calloc(1, sizeof(struct known));
    if (!file) {
        snprintf(error, n, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct known *known = calloc(1, sizeof *known);
    if (!known)
        abort();
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        size_t skip = strspn(line, " \t\n");
        if (!line[skip] || line[skip] == '#' || read_line(known, line) == 0)
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

const char *known_reason(const struct known *known, const char *name)
{
    for (const struct entry *e = known ? known->first : NULL; e; e = e->next) {
        /* [row] is part of a name, not a set of letters. */
        char pattern[420], *out = pattern;
        for (const char *in = e->name; *in; in++) {
            if (*in == '[' || *in == ']')
                *out++ = '\\';
            *out++ = *in;
        }
        *out = '\0';
        if (fnmatch(pattern, name, 0) == 0)
            return e->reason;
    }
    return NULL;
}
