/* SPDX-License-Identifier: Apache-2.0 */
/* cases.c -- tests become cases, and patterns select them.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

static const enum wire_version versions[] = {WIRE_3_1, WIRE_3_1_1, WIRE_5_0};
enum { N_VERSIONS = 3 };

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; at && (at = strstr(at, word)); at += n) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* Is it a statement of this version, or one of no version at all? */
static bool is_of_version(const char *id, enum wire_version version)
{
    const char *name = wire_version_name(version);
    size_t n = strlen(name);
    if (strncmp(id, "artemis/", 8) == 0 || strncmp(id, "robustness/", 11) == 0)
        return true;
    return strncmp(id, name, n) == 0 && id[n] == '/';
}

static void add_statement(struct test_case *c, const char *id)
{
    size_t room = sizeof c->statements / sizeof *c->statements;
    if (c->n_statements < room && is_of_version(id, c->version))
        c->statements[c->n_statements++] = id;
}

/* The words of a row's statements; the case owns them. */
static void add_row_statements(struct test_case *c)
{
    if (!c->row || !c->row->statements)
        return;
    c->row_text = strdup(c->row->statements);
    if (!c->row_text)
        abort();
    for (char *rest = c->row_text, *word; (word = strsep(&rest, " "));) {
        if (*word)
            add_statement(c, word);
    }
}

static bool names_a_version(const struct test_case *c)
{
    for (size_t i = 0; i < c->n_statements; i++) {
        if (strncmp(c->statements[i], "artemis/", 8) != 0 &&
            strncmp(c->statements[i], "robustness/", 11) != 0)
            return true;
    }
    return false;
}

static bool names_any_version(const struct test *test)
{
    for (size_t i = 0; i < TEST_MAX_STATEMENTS && test->statements[i]; i++) {
        if (test->statements[i][0] >= '0' && test->statements[i][0] <= '9')
            return true;
    }
    return false;
}

static bool runs_under(const struct test_case *c)
{
    const char *name = wire_version_name(c->version);
    if (c->row && c->row->versions && !has_word(c->row->versions, name))
        return false;
    if (c->test->versions)
        return has_word(c->test->versions, name);
    if (c->row && c->row->versions)
        return true;
    if (names_any_version(c->test) || names_a_version(c))
        return names_a_version(c);
    return c->version != WIRE_3_1;
}

static bool runs_over(const struct test *test, enum transport transport,
                      int asked)
{
    const char *name = transport_name(transport);
    if (test->only_transports && !has_word(test->only_transports, name))
        return false;
    if (asked >= 0)
        return (int)transport == asked;
    if (test->transports)
        return has_word(test->transports, name);
    return test->only_transports ? true : transport == TRANSPORT_TCP;
}

/* ---- selecting
 * -------------------------------------------------------------*/

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "4.7" selects suites titled "4.7 ..." or "4.7.1 ..." and statements of
 * those sections: "5.0/MQTT-4.7.1-2". */
static bool is_in_section(const char *text, const char *section)
{
    size_t n = strlen(section);
    return strncmp(text, section, n) == 0 &&
           (text[n] == ' ' || text[n] == '.' || text[n] == '-' ||
            text[n] == '\0');
}

static bool is_selected_by(const struct test_case *c, const char *pattern)
{
    const char *file = file_name(c->suite->file);
    size_t n = strlen(file);
    if (fnmatch(pattern, c->test->name, 0) == 0 ||
        strcmp(pattern, c->name) == 0 || fnmatch(pattern, c->name, 0) == 0 ||
        strcmp(pattern, file) == 0 || strcmp(pattern, c->suite->name) == 0 ||
        is_in_section(c->suite->title, pattern))
        return true;
    if (n > 2 && strncmp(pattern, file, n - 2) == 0 && pattern[n - 2] == '\0')
        return true;
    for (size_t i = 0; i < c->n_statements; i++) {
        const char *id = c->statements[i], *bare = strchr(id, '/') + 1;
        const char *number = strncmp(bare, "MQTT-", 5) == 0 ? bare + 5 : bare;
        if (strcmp(id, pattern) == 0 || strcmp(bare, pattern) == 0 ||
            is_in_section(number, pattern))
            return true;
    }
    return false;
}

static bool is_selected(const struct test_case *c,
                        const struct run_options *options)
{
    if (options->version && options->version != c->version)
        return false;
    if (!options->only || !options->only[0])
        return true;
    for (size_t i = 0; options->only[i]; i++) {
        if (is_selected_by(c, options->only[i]))
            return true;
    }
    return false;
}

/* ---- the list
 * --------------------------------------------------------------*/

struct list {
    struct test_case *cases;
    size_t n, cap;
};

static void add_case(struct list *list, const struct run_options *options,
                     struct test_case c)
{
    c.n_statements = 0;
    for (size_t i = 0; i < TEST_MAX_STATEMENTS && c.test->statements[i]; i++)
        add_statement(&c, c.test->statements[i]);
    add_row_statements(&c);
    snprintf(c.name, sizeof c.name,
             c.row ? "%.60s[%.50s]/%s/%s" : "%.60s%.0s/%s/%s", c.test->name,
             c.row ? c.row->name : "", wire_version_name(c.version),
             transport_name(c.transport));
    if (!runs_under(&c) ||
        !runs_over(c.test, c.transport, options->transport) ||
        !is_selected(&c, options)) {
        free(c.row_text);
        return;
    }
    if (list->n == list->cap) {
        list->cap = 2 * list->cap + 256;
        list->cases = realloc(list->cases, list->cap * sizeof *list->cases);
        if (!list->cases)
            abort();
    }
    list->cases[list->n++] = c;
}

static void add_test(struct list *list, const struct run_options *options,
                     const struct suite *suite, const struct test *test)
{
    size_t n_rows = test->rows ? test->n_rows : 1;
    for (size_t r = 0; r < n_rows; r++) {
        const char *row = test->rows;
        for (size_t v = 0; v < N_VERSIONS; v++) {
            for (int k = 0; k < N_TRANSPORTS; k++)
                add_case(
                    list, options,
                    (struct test_case){
                        .suite = suite,
                        .test = test,
                        .row = row ? (const void *)(row + r * test->row_size)
                                   : NULL,
                        .version = versions[v],
                        .transport = (enum transport)k});
        }
    }
}

struct test_case *cases_select(const struct run_options *options, size_t *n)
{
    struct list list = {0};
    for (size_t i = 0; suites[i]; i++) {
        for (size_t j = 0; suites[i]->tests[j]; j++)
            add_test(&list, options, suites[i], suites[i]->tests[j]);
    }
    if (options->n_shards > 1) {
        size_t kept = 0;
        for (size_t i = 0; i < list.n; i++) {
            if ((int)(i % (size_t)options->n_shards) == options->shard - 1)
                list.cases[kept++] = list.cases[i];
            else
                free(list.cases[i].row_text);
        }
        list.n = kept;
    }
    *n = list.n;
    return list.cases;
}

void cases_free(struct test_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(cases[i].row_text);
    free(cases);
}
