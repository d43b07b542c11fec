/* SPDX-License-Identifier: Apache-2.0 */
/* cli_explain.c -- `mqttspec explain`: what a statement asks, who tests it. */
#include <stdio.h>
#include <string.h>

#include "cli_reports.h"
#include "report/fault_index.h"
#include "statement.h"
#include "suite.h"

enum { EXIT_DONE = 0, EXIT_WRONG_USE = 2, EXIT_BROKEN = 3, MAX_NEAR = 5 };

static void print_versions(unsigned versions)
{
    static const char *const names[] = {"3.1", "3.1.1", "5.0"};
    for (unsigned v = 0; v < sizeof names / sizeof names[0]; v++)
        if (versions & 1U << v)
            printf(" %s", names[v]);
}

/* Whether a list of ids, separated by spaces, holds one. */
static int is_listed(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *at = list; at && *at;) {
        size_t n_word = strcspn(at, " ");
        if (n_word == n && strncmp(at, id, n) == 0)
            return 1;
        at += n_word + strspn(at + n_word, " ");
    }
    return 0;
}

static int test_names(const struct test *test, const char *id)
{
    for (int i = 0; i < TEST_MAX_STATEMENTS && test->statements[i]; i++)
        if (strcmp(test->statements[i], id) == 0)
            return 1;
    return 0;
}

static void print_test(const struct suite *suite, const struct test *test,
                       const struct row *row, int *n)
{
    printf("  %-9s %s%s%s%s (%s)\n", *n ? "" : "tests", test->name,
           row ? "[" : "", row ? row->name : "", row ? "]" : "", suite->title);
    (*n)++;
}

/* The tests that name the statement, and the rows of a table that do. */
static void print_tests(const char *id)
{
    int n = 0;
    for (size_t s = 0; suites[s]; s++)
        for (size_t i = 0; suites[s]->tests[i]; i++) {
            const struct test *test = suites[s]->tests[i];
            if (test_names(test, id))
                print_test(suites[s], test, NULL, &n);
            for (size_t r = 0; test->rows && r < test->n_rows; r++) {
                const struct row *row =
                    (const void *)((const char *)test->rows +
                                   r * test->row_size);
                if (is_listed(row->statements, id))
                    print_test(suites[s], test, row, &n);
            }
        }
    if (n == 0)
        printf("  tests     none names it\n");
}

/* The faults that break it, which its tests must catch. */
static void print_faults(const cJSON *index, const char *id)
{
    int n = 0;
    const cJSON *name;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(index, id);
    if (cJSON_IsString(list)) {
        printf("  faults    none: %s\n", list->valuestring);
        return;
    }
    cJSON_ArrayForEach(name, list)
    {
        printf("  %-9s %s\n", n++ ? "" : "faults", name->valuestring);
    }
    if (n == 0)
        printf("  faults    none breaks it\n");
}

static void print_statement(const struct statement *s, const cJSON *index)
{
    static const char *const bound[] = {
        [STATEMENT_ROLE_SERVER] = "the server",
        [STATEMENT_ROLE_CLIENT] = "the client",
        [STATEMENT_ROLE_BOTH] = "client and server",
    };
    static const char *const tested[] = {
        [STATEMENT_TESTABLE_YES] = "from the wire",
        [STATEMENT_TESTABLE_CONFIG] = "with settings of the broker",
        [STATEMENT_TESTABLE_NO] = "not from the wire",
    };
    printf("%s\n  section   %s %s\n  mqtt     ", s->id, s->section, s->title);
    print_versions(s->versions);
    printf("\n  asks      %s\n  binds     %s (%s)\n  tested    %s\n",
           s->summary, bound[s->role], statement_level_name(s->level),
           tested[s->testable]);
    if (*s->observable)
        printf("  seen by   %s\n", s->observable);
    if (*s->reason)
        printf("  because   %s\n", s->reason);
    print_tests(s->id);
    print_faults(index, s->id);
}

/* Explains an id with its version, or without for every one that has it.
 * Returns how many statements that were. */
static int explain(const struct catalogue *catalogue, const cJSON *index,
                   const char *id)
{
    int n = 0;
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct statement *s = catalogue_at(catalogue, i);
        if (strcmp(s->id, id) != 0 && strcmp(strchr(s->id, '/') + 1, id) != 0)
            continue;
        print_statement(s, index);
        n++;
    }
    return n;
}

/* The ids that hold what was typed, to help with a slip. */
static void print_near(const struct catalogue *catalogue, const char *id)
{
    int n = 0;
    fprintf(stderr, "mqttspec explain: no statement \"%s\"", id);
    const char *bare = strchr(id, '/') ? strchr(id, '/') + 1 : id;
    for (size_t i = 0; i < catalogue_count(catalogue) && n < MAX_NEAR; i++) {
        const struct statement *s = catalogue_at(catalogue, i);
        if (!*bare || !strstr(s->id, bare))
            continue;
        fprintf(stderr, "%s%s", n++ ? ", " : "; near it: ", s->id);
    }
    fputs("\n", stderr);
}

int cli_explain(int argc, char **argv)
{
    char error[512];
    int code = EXIT_DONE;
    if (argc < 2 || argv[1][0] == '-') {
        int is_help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: mqttspec explain ID ...   for example"
              " 5.0/MQTT-3.1.2-8 or MQTT-3.1.2-8\n",
              is_help ? stdout : stderr);
        return is_help ? EXIT_DONE : EXIT_WRONG_USE;
    }
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    if (!catalogue) {
        fprintf(stderr, "mqttspec explain: %s\n", error);
        return EXIT_BROKEN;
    }
    cJSON *index = fault_index_new(catalogue);
    for (int i = 1; i < argc; i++)
        if (explain(catalogue, index, argv[i]) == 0) {
            print_near(catalogue, argv[i]);
            code = EXIT_WRONG_USE;
        }
    cJSON_Delete(index);
    catalogue_free(catalogue);
    return code;
}
