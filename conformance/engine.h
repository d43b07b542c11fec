/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h -- runs cases over worker processes, each case under libcheck.
 *
 * A job is a case, with or without a fault. Workers take jobs from a shared
 * counter in the order in which they are given; each runs in a process of its
 * own with a time limit, and its result lies in shared memory. The brokers that
 * the cases share are started before the first job and live until engine_free.
 * Some thousands of jobs a run.
 */
#ifndef MQTTSPEC_ENGINE_H
#define MQTTSPEC_ENGINE_H

#include "runner.h"
#include "statement.h"
#include "target.h"

struct engine_job {
    const struct test_case *test_case;
    const struct fault *fault; /* NULL: none */
};

struct engine;

/* engine_new prepares the target of the options for these cases: reads the
 * catalogue and the descriptor. No broker is started yet.
 *
 * options, cases   borrowed until engine_free
 * error, n         out: one line
 *
 * Returns an engine for engine_free, or NULL (wrong use).
 */
struct engine *engine_new(const struct run_options *options,
                          const struct test_case *cases, size_t n_cases,
                          char *error, size_t n);
/* engine_start starts the brokers and learns what they can do. Returns 0, or -1
 * with one line in error when the target cannot be reached. */
int engine_start(struct engine *engine, char *error, size_t n);
/* engine_free stops the brokers; takes NULL. */
void engine_free(struct engine *engine);

struct target *engine_target(const struct engine *engine);
const struct catalogue *engine_catalogue(const struct engine *engine);
/* engine_settings gives the settings of broker i; NULL beyond the last. */
const char *engine_settings(const struct engine *engine, size_t i);

/* What is run, and where its files go. */
struct engine_plan {
    const struct engine_job *jobs; /* borrowed; the first start first */
    size_t n_jobs;
    int n_workers;        /* 0: the target's, or the machine's */
    int limit_s;          /* for a case, lest it hang; 0: ENGINE_LIMIT_S */
    int deadline_ms;      /* for one event; 0: ENGINE_DEADLINE_MS */
    const char *captures; /* folder for .pcap files; NULL none */
    const char *scratch;  /* folder for transcripts as JSON; NULL none */
    /* Called for each job that has ended, and at every turn of the loop. A
     * worker stops when is_enough says so of a result. All may be NULL. */
    void (*on_done)(void *user, size_t job, struct case_result *result);
    void (*on_turn)(void *user);
    bool (*is_enough)(void *user, const struct case_result *result);
    void *user;
};
enum { ENGINE_DEADLINE_MS = 10000, ENGINE_LIMIT_S = 60 };

/* engine_run runs the jobs and returns when all have ended, or a signal came.
 *
 * results    out: array of n_jobs, for engine_results_free
 * n_workers  out: how many ran side by side
 *
 * Returns true, or false when SIGINT or SIGTERM ended it early.
 */
bool engine_run(struct engine *engine, const struct engine_plan *plan,
                struct case_result **results, int *n_workers);
void engine_results_free(struct case_result *results, size_t n_jobs);

/* engine_case_file writes the path of a case's file: FOLDER/CASE.ENDING. */
void engine_case_file(const struct test_case *test_case, const char *folder,
                      const char *ending, char *out, size_t n);

#endif
