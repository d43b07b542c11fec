/* SPDX-License-Identifier: Apache-2.0 */
/* suite.h -- how a test is declared, and how tests are gathered.
 *
 *     TEST(will_published_on_drop, "3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8")
 *     { ... }
 *     TEST(packet_too_large, "5.0/RULE-packet-too-large",
 *          .settings = "maximumPacketSize=100", .seconds = 2)
 *     { ... }
 *     SUITE(connect, "3.1 CONNECT", will_published_on_drop, packet_too_large);
 *
 * The statements come first, then options by name (struct test). A test that is
 * left out of its SUITE is an unused constant, which the compiler refuses.
 * A case is a test under one version, over one transport and, for TEST_EACH,
 * with one row of a table. About 1,500 cases.
 */
#ifndef MQTTSPEC_SUITE_H
#define MQTTSPEC_SUITE_H

#include <stdbool.h>
#include <stddef.h>

struct t;

enum { TEST_MAX_STATEMENTS = 24 };

/* What each row of a table for TEST_EACH begins with. The first member of the
 * row's struct must be `struct row row`; .row = {"name", ...}. */
struct row {
    const char *name;       /* [a-z0-9_], stable; part of the case's name */
    const char *statements; /* more ids, separated by spaces; may be NULL */
    const char *versions;   /* "3.1.1 5.0": only these; NULL: the test's */
};

struct test {
    /* Filled by the macros. */
    const char *name;
    const char *file; /* as the compiler saw it */
    int line;
    void (*run)(struct t *t);
    const void *rows; /* TEST_EACH; else NULL */
    size_t n_rows, row_size;

    /* Ids with their version: the versions a test runs under follow from them
     * ("3.1/", "3.1.1/", "5.0/"; "artemis/" and "robustness/" say nothing:
     * both 3.1.1 and 5.0 unless `versions` tells). */
    const char *statements[TEST_MAX_STATEMENTS];

    /* ---- options, all NULL or 0 by default ---- */

    /* "3.1 3.1.1": run under these versions, whatever the ids say. */
    const char *versions;

    /* Transports it runs over unless the command line chooses: "tcp tls ws
     * wss"; default "tcp". */
    const char *transports;
    /* The test makes sense over these only: "ws wss", "tls wss". */
    const char *only_transports;

    /* Settings the broker must run with: "receiveMaximum=5;users=on". Names of
     * the Artemis manual's acceptor parameters, and the harness's own generic
     * ones (target.h). Skipped where the target cannot be given them. Cases
     * with the same settings share one broker. */
    const char *settings;

    /* What the broker must be able to do, separated by spaces: "retain",
     * "qos2", "shared", "wildcards", "subscription_identifiers",
     * "topic_alias", "restart", "empty_client_id" ... (target.h). Else the case
     * is skipped, and says so. */
    const char *needs;

    /* A broker of its own, not shared with any other case: for filters that
     * see everything ("#"), $SYS, restarts. Skipped when the target is a URL
     * that cannot be started. */
    bool own_broker;

    /* It may keep the broker busy for seconds, which other cases would be
     * blamed for: it gets a broker of its own where the harness starts it, and
     * runs all the same where it does not. */
    bool apart;

    /* Statements that the settings waive for the observer's judgement. */
    const char *waives;

    /* How long it takes when the standard itself counts seconds (keep alive,
     * expiry); 0 for all others. The longest start first. The time limit of
     * the case grows by it. */
    int seconds;
};

struct suite {
    const char *name;  /* "connect" */
    const char *title; /* "3.1 CONNECT": the section, then words */
    const char *file;
    const struct test *const *tests; /* NULL ends the list */
};

/* TEST(name, ids..., .option = value ...) { body }: the body sees `t`. */
#define TEST(name_, ...)                                                       \
    static void run_##name_(struct t *t);                                      \
    static const struct test name_[1] = {{.name = #name_,                      \
                                          .file = __FILE__,                    \
                                          .line = __LINE__,                    \
                                          .run = run_##name_,                  \
                                          .statements[0] = __VA_ARGS__}};      \
    static void run_##name_(struct t *t)

/* TEST_EACH(name, table, ids..., .option = value ...): one case per row of the
 * array `table`, whose elements begin with `struct row`. The body sees `t` and
 * reaches its row by `const struct x *row = t_row(t);`. */
#define TEST_EACH(name_, table_, ...)                                          \
    static void run_##name_(struct t *t);                                      \
    static const struct test name_[1] = {                                      \
        {.name = #name_,                                                       \
         .file = __FILE__,                                                     \
         .line = __LINE__,                                                     \
         .run = run_##name_,                                                   \
         .rows = (table_),                                                     \
         .n_rows = sizeof(table_) / sizeof((table_)[0]),                       \
         .row_size = sizeof((table_)[0]),                                      \
         .statements[0] = __VA_ARGS__}};                                       \
    static void run_##name_(struct t *t)

/* SUITE(name, "section title", tests...): at the end of the file; then one line
 * in the list of suites.c. Defines `suite_<name>`. */
#define SUITE(name_, title_, ...)                                              \
    extern const struct suite suite_##name_;                                   \
    const struct suite suite_##name_ = {                                       \
        .name = #name_,                                                        \
        .title = (title_),                                                     \
        .file = __FILE__,                                                      \
        .tests = (const struct test *const[]){__VA_ARGS__, NULL}}

/* All suites in the order of the standard; NULL ends the list. */
extern const struct suite *const suites[];

#endif
