/* SPDX-License-Identifier: Apache-2.0 */
/* runner.h -- cases, and what became of them.
 *
 * Tests become cases (test x row x version x transport); the selected ones are
 * run by worker processes that take them from a shared counter, longest first,
 * each case in a process of its own under libcheck's fork mode and time limit.
 */
#ifndef MQTTSPEC_RUNNER_H
#define MQTTSPEC_RUNNER_H

#include <cjson/cJSON.h>

#include "link/link.h"
#include "suite.h"
#include "verdict.h"
#include "wire/wire.h"

struct fault;

/* One case. */
struct test_case {
    const struct suite *suite;
    const struct test *test;
    const struct row *row; /* NULL without a table */
    enum wire_version version;
    enum transport transport;
    char name[160]; /* "will_published_on_drop/5.0/tcp", "t[row]/5.0/tcp" */
    const char *statements[TEST_MAX_STATEMENTS + 8]; /* of this version */
    size_t n_statements;
    char *row_text; /* the row's ids, cut into words */
};

/* What the command line asks. Zero is the default of each. */
struct run_options {
    const char *target;
    const char **only; /* NULL ends it */
    enum wire_version version;
    int transport; /* -1: as the tests say */
    size_t segment;
    int jobs, shard, n_shards, repeat, timeout_s;
    bool fail_fast, strict, complete, all_captures, list, json;
    const struct fault *fault;
    const char *report, *known;
};

/* cases_select makes the cases that the options select, in the order of the
 * suites. Returns an array for cases_free and its length. */
struct test_case *cases_select(const struct run_options *options, size_t *n);

/* cases_free releases what cases_select returned; takes NULL and 0. */
void cases_free(struct test_case *cases, size_t n);

/* case_to_json makes the case's object of conformance.json (result NULL: only
 * what is known before it ran: --list --json). */
cJSON *case_to_json(const struct test_case *test_case,
                    const struct case_result *result,
                    const struct run_options *options);

/* run runs the selected cases and writes the report. Returns the exit code. */
int run(const struct run_options *options);

#endif
