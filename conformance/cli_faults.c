/* SPDX-License-Identifier: Apache-2.0 */
/* cli_faults.c -- every fault against the suite, in one go.
 *
 * All pairs of a fault and a case are jobs of one run: they share the brokers,
 * since a fault acts on the connections of its own case only. With them runs
 * every case behind a relay that alters nothing, under the same load and the
 * same deadline. What fails there, and what no fault breaks, is tried again in
 * its usual time: a machine that was too busy proves nothing.
 */
#include "cli_faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "fault_judgement.h"
#include "faults/catalogue.h"
#include "faults/reasons.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USE, EXIT_HARNESS };
enum {
    DEADLINE_MS = 3000, /* what does not come within it was dropped */
    MAX_CASES = 40,     /* of a fault's statements; then a spread of them */
    N_OTHERS = 2,       /* cases that name none of them */
    WORKERS_PER_CPU = 32,
    WORKERS_AGAIN = 4,
    N_ROUNDS = 4
};

struct work {
    const struct run_options *options;
    struct test_case *cases;
    size_t n_cases;
    struct engine_job *jobs;
    size_t n_jobs, room, n_done;
    struct judgement *judgement;
    bool is_terminal;
};

static int say(int code, const char *what)
{
    fprintf(stderr, "mqttspec faults: %s\n", what);
    return code;
}

/* ---- which pairs
 * -----------------------------------------------------------*/

static void add_job(struct work *w, const struct test_case *c,
                    const struct fault *fault)
{
    if (w->n_jobs == w->room) {
        w->room = 2 * w->room + 4096;
        w->jobs = realloc(w->jobs, w->room * sizeof *w->jobs);
        if (!w->jobs)
            abort();
    }
    w->jobs[w->n_jobs++] = (struct engine_job){c, fault};
}

/* The cases of a fault; of very many an even spread, which begins at another
 * place for each fault. */
static void add_fault(struct work *w, size_t f)
{
    const struct fault *fault = fault_at(f);
    size_t n = 0, n_others = 0, at = 0;
    for (size_t c = 0; c < w->n_cases; c++)
        n += judgement_is_asked(w->judgement, f, c);
    size_t step = w->options->fault || n <= MAX_CASES ? 1 : n / MAX_CASES + 1;
    for (size_t c = 0; c < w->n_cases; c++) {
        if (judgement_is_asked(w->judgement, f, c)) {
            if ((at++ + f) % step == 0)
                add_job(w, &w->cases[c], fault);
        } else if (n_others < N_OTHERS && w->cases[c].test->seconds == 0 &&
                   (c * 7919 + f * 104729) % w->n_cases < 8) {
            n_others++;
            add_job(w, &w->cases[c], fault);
        }
    }
}

/* A case that has not failed yet: a few more of the faults that break its
 * statements. */
static void add_case(struct work *w, size_t c, size_t n, bool is_again)
{
    const struct fault *fault;
    for (size_t f = 0; n && (fault = fault_at(f)); f++) {
        if (judgement_is_asked(w->judgement, f, c) &&
            judgement_is_tried(w->judgement, f, c) == is_again) {
            add_job(w, &w->cases[c], fault);
            n--;
        }
    }
}

/* A statement that a fault should break, and no case has seen broken: a few
 * more of the cases that name it. */
static void add_claims(struct work *w, size_t f, size_t n, bool is_again)
{
    char id[80];
    const struct fault *fault = fault_at(f);
    for (size_t i = 0; fault_statement(fault, i, id, sizeof id); i++) {
        size_t left = judgement_is_proved(w->judgement, f, id) ? 0 : n;
        for (size_t c = 0; left && c < w->n_cases; c++) {
            if (judgement_names(w->judgement, c, id) &&
                judgement_is_tried(w->judgement, f, c) == is_again) {
                add_job(w, &w->cases[c], fault);
                left--;
            }
        }
    }
}

static int by_seconds(const void *a, const void *b)
{
    const struct engine_job *x = a, *y = b;
    int left = x->test_case->test->seconds, right = y->test_case->test->seconds;
    if (left != right)
        return right - left;
    if (x->test_case != y->test_case)
        return x->test_case < y->test_case ? -1 : 1;
    return x->fault < y->fault ? -1 : x->fault > y->fault;
}

/* The longest first, and each pair once. */
static void order_jobs(struct work *w)
{
    size_t n = 0;
    if (w->n_jobs)
        qsort(w->jobs, w->n_jobs, sizeof *w->jobs, by_seconds);
    for (size_t i = 0; i < w->n_jobs; i++) {
        if (n == 0 || by_seconds(&w->jobs[n - 1], &w->jobs[i]) != 0)
            w->jobs[n++] = w->jobs[i];
    }
    w->n_jobs = n;
}

/* The first round: all cases without a fault, and a spread of all pairs. The
 * others: what has not failed, and what was not seen broken. */
static void plan_round(struct work *w, int round)
{
    static const size_t n_more[N_ROUNDS] = {0, 3, 8, SIZE_MAX};
    const struct fault *asked = w->options->fault, *fault;
    w->n_jobs = 0;
    for (size_t c = 0; !asked && round == 0 && c < w->n_cases; c++)
        add_job(w, &w->cases[c], &fault_relay);
    for (size_t f = 0; round == 0 && (fault = fault_at(f)); f++) {
        if (!asked || fault == asked)
            add_fault(w, f);
    }
    for (size_t c = 0; round > 0 && c < w->n_cases; c++) {
        if (!judgement_ever_failed(w->judgement, c))
            add_case(w, c, n_more[round], false);
    }
    for (size_t f = 0; round > 0 && fault_at(f); f++)
        add_claims(w, f, n_more[round], false);
    order_jobs(w);
}

/* The last round, of few jobs, with more time and less beside them: what came
 * to harm without a fault, and what no fault was seen to break. */
static void plan_again(struct work *w)
{
    w->n_jobs = 0;
    for (size_t c = 0; c < w->n_cases; c++) {
        if (judgement_is_disturbed(w->judgement, c))
            add_job(w, &w->cases[c], &fault_relay);
        if (!judgement_ever_failed(w->judgement, c) &&
            !reason_for_case(w->cases[c].name))
            add_case(w, c, SIZE_MAX, true);
    }
    for (size_t f = 0; fault_at(f); f++)
        add_claims(w, f, SIZE_MAX, true);
    order_jobs(w);
}

/* ---- running
 * ---------------------------------------------------------------*/

static void on_done(void *user, size_t job, struct case_result *result)
{
    struct work *w = user;
    (void)job;
    (void)result;
    w->n_done++;
    if (w->is_terminal && w->n_done % 50 == 0)
        fprintf(stderr, "\r%zu cases under faults", w->n_done);
}

static void print_each(const struct work *w, const struct case_result *results)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        const struct case_result *r = &results[i];
        printf("%-12s %s %s%s%s\n", verdict_name(r->verdict),
               w->jobs[i].test_case->name, r->n_observed ? "[observer] " : "",
               r->actual, r->reason);
    }
}

/* Returns false when a signal ended it. */
static bool run_round(struct work *w, struct engine *engine, int deadline_ms,
                      long n_a_cpu)
{
    int n_workers;
    struct case_result *results;
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct engine_plan plan = {
        .jobs = w->jobs,
        .n_jobs = w->n_jobs,
        .n_workers =
            w->options->jobs ? w->options->jobs : (int)(n_a_cpu * n_cpus),
        .deadline_ms = deadline_ms,
        .on_done = on_done,
        .user = w,
    };
    bool has_ended = engine_run(engine, &plan, &results, &n_workers);
    for (size_t i = 0; has_ended && i < w->n_jobs; i++)
        judgement_add(w->judgement, &w->jobs[i], &results[i]);
    if (w->options->fault)
        print_each(w, results);
    engine_results_free(results, w->n_jobs);
    return has_ended;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_rounds(struct work *w, struct engine *engine)
{
    char error[512];
    double began_s = now_s();
    int n_rounds = w->options->fault ? 1 : N_ROUNDS;
    w->judgement =
        judgement_new(w->cases, w->n_cases, engine_catalogue(engine));
    for (int round = 0; round < n_rounds; round++) {
        plan_round(w, round);
        if (w->n_jobs && !run_round(w, engine, DEADLINE_MS, WORKERS_PER_CPU))
            return say(EXIT_HARNESS, "interrupted; nothing was written");
    }
    plan_again(w);
    if (!w->options->fault && w->n_jobs &&
        !run_round(w, engine, 0, WORKERS_AGAIN))
        return say(EXIT_HARNESS, "interrupted; nothing was written");
    if (w->is_terminal)
        fputc('\n', stderr);
    if (w->options->fault)
        return EXIT_OK;
    double seconds = now_s() - began_s;
    int n_failed = judgement_print(w->judgement, stdout, seconds);
    if (judgement_write(w->judgement, w->options->report, seconds, error,
                        sizeof error) < 0)
        return say(EXIT_HARNESS, error);
    return n_failed ? EXIT_FAILED : EXIT_OK;
}

int cli_faults(const struct run_options *options)
{
    char error[512] = "";
    struct work w = {.options = options, .is_terminal = isatty(2)};
    w.cases = cases_select(options, &w.n_cases);
    if (w.n_cases == 0)
        return say(EXIT_USE, "no case was selected");
    int code = EXIT_USE;
    struct engine *engine =
        engine_new(options, w.cases, w.n_cases, error, sizeof error);
    if (!engine)
        say(code, error);
    else
        code = engine_start(engine, error, sizeof error) < 0
                   ? say(EXIT_HARNESS, error)
                   : run_rounds(&w, engine);
    judgement_free(w.judgement);
    engine_free(engine);
    free(w.jobs);
    cases_free(w.cases, w.n_cases);
    return code;
}
