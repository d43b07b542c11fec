/* SPDX-License-Identifier: Apache-2.0 */
/* cli_explain.c -- `mqttspec explain`: what a statement asks. */
#include <stdio.h>
#include <string.h>

#include "cli_reports.h"
#include "statement.h"

enum { EXIT_DONE = 0, EXIT_WRONG_USE = 2, EXIT_BROKEN = 3, MAX_NEAR = 5 };

static void print_versions(unsigned versions)
{
    static const char *const names[] = {"3.1", "3.1.1", "5.0"};
    for (unsigned v = 0; v < sizeof names / sizeof names[0]; v++)
        if (versions & 1U << v)
            printf(" %s", names[v]);
}

static void print_statement(const struct statement *s)
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
}

/* Explains an id with its version, or without for every one that has it.
 * Returns how many statements that were. */
static int explain(const struct catalogue *catalogue, const char *id)
{
    int n = 0;
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct statement *s = catalogue_at(catalogue, i);
        if (strcmp(s->id, id) != 0 && strcmp(strchr(s->id, '/') + 1, id) != 0)
            continue;
        print_statement(s);
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
    for (int i = 1; i < argc; i++)
        if (explain(catalogue, argv[i]) == 0) {
            print_near(catalogue, argv[i]);
            code = EXIT_WRONG_USE;
        }
    catalogue_free(catalogue);
    return code;
}
