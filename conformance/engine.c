/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c -- runs cases over worker processes, each under libcheck.
 *
 * Results, and the counter from which workers take jobs, live in shared memory.
 * A worker makes one Suite with one TCase per job and runs it in fork mode: a
 * crash or a hang ends that case only. All that is libcheck is here.
 */
#include "engine.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t_run.h"

enum { MAX_GROUPS = 96, TURN_MS = 10 };

/* Shared between the runner, its workers and their cases. */
struct shared {
    atomic_size_t next;
    atomic_bool should_stop;
};

/* Brokers with the same settings are one. */
struct group {
    const char *settings;
    struct instance *instance; /* NULL: could not be started */
    char error[256];
};

struct engine {
    const struct run_options *options;
    const struct test_case *cases;
    size_t n_cases;
    struct group groups[MAX_GROUPS];
    size_t n_groups;
    struct target *target;
    struct catalogue *catalogue;
    char salt[3];
    size_t n_before; /* jobs of earlier runs: their names are not used again */
    /* while jobs run */
    const struct engine_plan *plan;
    struct shared *shared;
    struct case_result *results; /* shared */
    atomic_bool *is_done;        /* shared */
};

/* libcheck hands a test nothing but a number. */
static const struct engine *the_engine;
static volatile sig_atomic_t was_interrupted;

/* ---- one case, in a process of its own
 * --------------------------------------*/

static const struct group *group_of(const struct engine *e,
                                    const struct test *test)
{
    const char *settings = test->settings ? test->settings : "";
    for (size_t i = 0; i < e->n_groups; i++) {
        if (strcmp(e->groups[i].settings, settings) == 0)
            return &e->groups[i];
    }
    return NULL;
}

/* A broker of its own, started and stopped by the case. */
static bool has_own_broker(const struct engine *e, const struct test *test)
{
    return (test->own_broker || test->apart) && target_is_ours(e->target);
}

void engine_case_file(const struct test_case *c, const char *folder,
                      const char *ending, char *out, size_t n)
{
    char name[200];
    snprintf(name, sizeof name, "%s", c->name);
    for (char *at = name; *at; at++) {
        if (*at == '/' || *at == '[')
            *at = '-';
        else if (*at == ']')
            *at = '_';
    }
    snprintf(out, n, "%s/%s%s", folder, name, ending);
}

/* Two letters of this run and a number of the job; more jobs than three digits
 * hold take another letter. */
static void make_tag(const struct engine *e, size_t job, char *tag)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    tag[0] = e->salt[0];
    for (int i = 4; i >= 2; i--, job /= 36)
        tag[i] = digits[job % 36];
    tag[1] = (char)('a' + ((size_t)(e->salt[1] - 'a') + job) % 26);
    tag[5] = '\0';
}

/* How long one event may take. A short --timeout shortens it, so that a case
 * ends by saying what did not come, and not by being cut off. */
static int event_deadline_ms(const struct engine *e)
{
    int ms = e->plan->deadline_ms ? e->plan->deadline_ms : ENGINE_DEADLINE_MS;
    int half_ms = e->options->timeout_s * 500;
    return half_ms && half_ms < ms ? half_ms : ms;
}

static void run_case(const struct engine *e, size_t number)
{
    const struct engine_plan *plan = e->plan;
    const struct engine_job *job = &plan->jobs[number];
    const struct test_case *c = job->test_case;
    char pcap[700] = "", json[700] = "";
    struct t_setup setup = {.test = c->test,
                            .row = c->row,
                            .version = c->version,
                            .statements = c->statements,
                            .n_statements = c->n_statements,
                            .catalogue = e->catalogue,
                            .target = e->target,
                            .transport = c->transport,
                            .fault = job->fault,
                            .segment = e->options->segment,
                            .deadline_ms = event_deadline_ms(e),
                            .pcap = pcap,
                            .json = json,
                            .keeps_all = e->options->all_captures};
    if (!has_own_broker(e, c->test))
        setup.instance = group_of(e, c->test)->instance;
    make_tag(e, e->n_before + number, setup.tag);
    if (plan->captures)
        engine_case_file(c, plan->captures, ".pcap", pcap, sizeof pcap);
    if (plan->scratch)
        engine_case_file(c, plan->scratch, ".json", json, sizeof json);
    t_run(&setup, &e->results[number]);
}

START_TEST(one_case)
{
    run_case(the_engine, (size_t)_i);
    /* libcheck's message must be out; Paho's threads may not see exit(). */
    fflush(NULL);
    _exit(EXIT_SUCCESS);
}
END_TEST

/* Why a case cannot be run on this target; false: it can. */
static bool is_skipped(const struct engine *e, const struct test_case *c,
                       struct case_result *r)
{
    char why[256];
    const struct group *group = group_of(e, c->test);
    if (target_lacks(e->target, c->test->settings, c->test->needs,
                     transport_name(c->transport),
                     wire_version_name(c->version), why, sizeof why)) {
        r->verdict = VERDICT_SKIPPED;
        snprintf(r->reason, sizeof r->reason, "%s", why);
    } else if (c->test->own_broker && !target_is_ours(e->target)) {
        r->verdict = VERDICT_SKIPPED;
        strcpy(r->reason, "the test needs a broker of its own, which a URL "
                          "cannot give");
    } else if (!has_own_broker(e, c->test) && (!group || !group->instance)) {
        r->verdict = VERDICT_ERROR;
        snprintf(r->reason, sizeof r->reason,
                 "the broker cannot be started with these settings: %s",
                 group ? group->error : "");
    }
    return r->verdict != VERDICT_NONE;
}

static void run_under_check(const struct engine *e, size_t job)
{
    const struct test_case *c = e->plan->jobs[job].test_case;
    struct case_result *r = &e->results[job];
    int limit_s = e->options->timeout_s ? e->options->timeout_s
                  : e->plan->limit_s    ? e->plan->limit_s
                                        : ENGINE_LIMIT_S;
    if (is_skipped(e, c, r))
        return;
    Suite *suite = suite_create(c->name);
    TCase *tcase = tcase_create(c->name);
    if (has_own_broker(e, c->test)) /* it may be restarted, too */
        limit_s += 2 * target_start_seconds(e->target);
    tcase_set_timeout(tcase, limit_s + c->test->seconds);
    tcase_add_loop_test(tcase, one_case, (int)job, (int)job + 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_SILENT);
    if (r->verdict == VERDICT_NONE || srunner_ntests_failed(runner)) {
        TestResult **all = srunner_failures(runner);
        r->verdict = VERDICT_ERROR;
        snprintf(r->reason, sizeof r->reason, "the case did not end: %s",
                 srunner_ntests_failed(runner) ? tr_msg(all[0]) : "no verdict");
        strcpy(r->ended_by, "timeout");
        free(all);
    }
    srunner_free(runner);
}

/* ---- workers
 * ---------------------------------------------------------------*/

static void work(const struct engine *e)
{
    const struct engine_plan *plan = e->plan;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        size_t job = atomic_fetch_add(&e->shared->next, 1);
        if (job >= plan->n_jobs || atomic_load(&e->shared->should_stop))
            return;
        run_under_check(e, job);
        if (plan->is_enough && plan->is_enough(plan->user, &e->results[job]))
            atomic_store(&e->shared->should_stop, true);
        atomic_store(&e->is_done[job], true);
    }
}

/* Workers mostly wait: a sixteenth of the cases counts seconds, and takes all
 * but a tenth of the time of a run. 40 a processor was measured to be enough.
 */
enum { WORKERS_PER_CPU = 40, MAX_WORKERS = 160 };

static int n_workers_for(const struct engine *e, const struct engine_plan *plan)
{
    long fitted = WORKERS_PER_CPU * sysconf(_SC_NPROCESSORS_ONLN);
    long n = plan->n_workers          ? plan->n_workers
             : target_jobs(e->target) ? target_jobs(e->target)
             : fitted > MAX_WORKERS   ? MAX_WORKERS
                                      : fitted;
    return (int)((size_t)n < plan->n_jobs ? n : (long)plan->n_jobs);
}

static void watch(const struct engine *e, pid_t *workers, int n)
{
    const struct engine_plan *plan = e->plan;
    int n_left = n;
    bool *taken = calloc(plan->n_jobs + 1, sizeof *taken);
    while (n_left > 0) {
        poll(NULL, 0, TURN_MS);
        for (int i = 0; i < n; i++) {
            if (workers[i] > 0 && waitpid(workers[i], NULL, WNOHANG) != 0) {
                workers[i] = 0;
                n_left--;
            }
        }
        for (size_t j = 0; j < plan->n_jobs; j++) {
            if (taken[j] || !atomic_load(&e->is_done[j]))
                continue;
            taken[j] = true;
            if (plan->on_done)
                plan->on_done(plan->user, j, &e->results[j]);
        }
        if (plan->on_turn)
            plan->on_turn(plan->user);
        if (was_interrupted)
            atomic_store(&e->shared->should_stop, true);
    }
    free(taken);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

static void on_signal(int number)
{
    (void)number;
    was_interrupted = 1;
}

static size_t size_of_results(size_t n_jobs)
{
    return (n_jobs + 1) * sizeof(struct case_result);
}

void engine_results_free(struct case_result *results, size_t n_jobs)
{
    if (results)
        munmap(results, size_of_results(n_jobs));
}

bool engine_run(struct engine *e, const struct engine_plan *plan,
                struct case_result **results, int *n_workers)
{
    size_t flags = (plan->n_jobs + 1) * sizeof *e->is_done;
    int n = n_workers_for(e, plan);
    pid_t *workers = calloc((size_t)n + 1, sizeof *workers);
    e->plan = plan;
    e->shared = share(sizeof *e->shared);
    e->results = share(size_of_results(plan->n_jobs));
    e->is_done = share(flags);
    the_engine = e;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    fflush(NULL);
    for (int i = 0; i < n; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            work(e);
            _exit(0);
        }
    }
    *n_workers = n;
    watch(e, workers, n);
    e->n_before += plan->n_jobs;
    free(workers);
    munmap(e->shared, sizeof *e->shared);
    munmap(e->is_done, flags);
    *results = e->results;
    return !was_interrupted;
}

/* ---- before and after
 * ------------------------------------------------------*/

/* The broker without settings comes first: it is probed. */
static void gather_settings(struct engine *e)
{
    e->groups[e->n_groups++].settings = "";
    for (size_t i = 0; i < e->n_cases; i++) {
        const struct test *test = e->cases[i].test;
        char why[256];
        if (test->own_broker || test->apart || !test->settings ||
            group_of(e, test) || e->n_groups == MAX_GROUPS ||
            target_lacks(e->target, test->settings, test->needs, NULL, NULL,
                         why, sizeof why))
            continue;
        e->groups[e->n_groups++].settings = test->settings;
    }
}

int engine_start(struct engine *e, char *error, size_t n)
{
    gather_settings(e);
    for (size_t i = 0; i < e->n_groups; i++) {
        struct group *g = &e->groups[i];
        g->instance =
            target_start(e->target, g->settings, g->error, sizeof g->error);
    }
    for (size_t i = 0; i < e->n_groups; i++) {
        struct group *g = &e->groups[i];
        if (g->instance &&
            target_wait(e->target, g->instance, g->error, sizeof g->error) < 0)
            g->instance = NULL;
    }
    if (!e->groups[0].instance) {
        snprintf(error, n, "%s", e->groups[0].error);
        return -1;
    }
    return target_probe(e->target, e->groups[0].instance, TARGET_PROBE_MS,
                        error, n);
}

/* libcheck's own settings would change which cases run, and how. */
static void forget_check_settings(void)
{
    static const char *const names[] = {"CK_RUN_CASE",  "CK_RUN_SUITE",
                                        "CK_FORK",      "CK_TIMEOUT_MULTIPLIER",
                                        "CK_VERBOSITY", "CK_DEFAULT_TIMEOUT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

struct engine *engine_new(const struct run_options *options,
                          const struct test_case *cases, size_t n_cases,
                          char *error, size_t n)
{
    struct timespec now;
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    clock_gettime(CLOCK_REALTIME, &now);
    e->salt[0] = (char)('a' + now.tv_nsec / 1000 % 26);
    e->salt[1] = (char)('a' + (now.tv_nsec / 26000 + getpid()) % 26);
    e->options = options;
    e->cases = cases;
    e->n_cases = n_cases;
    forget_check_settings();
    e->catalogue = catalogue_new(error, n);
    e->target = e->catalogue ? target_new(options->target, error, n) : NULL;
    if (e->target)
        return e;
    engine_free(e);
    return NULL;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    target_free(e->target);
    catalogue_free(e->catalogue);
    free(e);
}

struct target *engine_target(const struct engine *e)
{
    return e->target;
}

const struct catalogue *engine_catalogue(const struct engine *e)
{
    return e->catalogue;
}

const char *engine_settings(const struct engine *e, size_t i)
{
    return i < e->n_groups ? e->groups[i].settings : NULL;
}
