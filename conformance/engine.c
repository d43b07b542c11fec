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

enum { MAX_GROUPS = 96, TURN_MS = 100 };
enum { BUSY_LOAD = 8, MAX_PATIENCE = 6 }; /* load of one processor; a factor */

/* Shared between the runner, its workers and their cases. Jobs are taken from
 * both ends: the long ones, which wait, and the short ones, which compute. */
struct shared {
    atomic_size_t n_taken, n_from_front, n_from_back;
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
    int done[2]; /* a pipe: workers write the numbers of jobs that ended */
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

/* How many times longer everything may take: where many programs wait for each
 * processor the broker does too, and is late without being wrong. */
static int patience(void)
{
    double load = 0;
    if (getloadavg(&load, 1) != 1)
        return 1;
    int n = (int)load / (BUSY_LOAD * (int)sysconf(_SC_NPROCESSORS_ONLN));
    return n < 1 ? 1 : n > MAX_PATIENCE ? MAX_PATIENCE : n;
}

/* How long one event may take. A short --timeout shortens it, so that a case
 * ends by saying what did not come, and not by being cut off. */
static int event_deadline_ms(const struct engine *e)
{
    int ms = e->plan->deadline_ms ? e->plan->deadline_ms
                                  : ENGINE_DEADLINE_MS * patience();
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
    close(the_engine->done[1]); /* it ends with the last worker */
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
                                        : ENGINE_LIMIT_S * patience();
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

static bool take_job(const struct engine *e, bool from_back, size_t *job)
{
    struct shared *s = e->shared;
    size_t n_jobs = e->plan->n_jobs;
    if (atomic_fetch_add(&s->n_taken, 1) >= n_jobs)
        return false;
    *job = from_back ? n_jobs - 1 - atomic_fetch_add(&s->n_from_back, 1)
                     : atomic_fetch_add(&s->n_from_front, 1);
    return true;
}

static void work(const struct engine *e, bool from_back)
{
    const struct engine_plan *plan = e->plan;
    size_t job;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (!atomic_load(&e->shared->should_stop) &&
           take_job(e, from_back, &job)) {
        run_under_check(e, job);
        if (plan->is_enough && plan->is_enough(plan->user, &e->results[job]))
            atomic_store(&e->shared->should_stop, true);
        if (write(e->done[1], &job, sizeof job) < 0)
            return; /* nobody listens any more */
    }
}

/* Workers mostly wait: a sixteenth of the cases counts seconds, and takes all
 * but a tenth of the time of a run. 60 a processor was measured to be enough;
 * each fourth keeps the processors busy meanwhile with the short cases. */
enum { WORKERS_PER_CPU = 60, MAX_WORKERS = 240, FROM_BACK = 4 };

static int n_workers_for(const struct engine *e, const struct engine_plan *plan)
{
    long fitted = WORKERS_PER_CPU * sysconf(_SC_NPROCESSORS_ONLN);
    long n = plan->n_workers          ? plan->n_workers
             : target_jobs(e->target) ? target_jobs(e->target)
             : fitted > MAX_WORKERS   ? MAX_WORKERS
                                      : fitted;
    return (int)((size_t)n < plan->n_jobs ? n : (long)plan->n_jobs);
}

/* Hears of each job that has ended, until the last worker has. */
static void watch(const struct engine *e)
{
    const struct engine_plan *plan = e->plan;
    struct pollfd ready = {.fd = e->done[0], .events = POLLIN};
    size_t jobs[512];
    for (;;) {
        ssize_t n = 0;
        if (poll(&ready, 1, TURN_MS) > 0 &&
            (n = read(e->done[0], jobs, sizeof jobs)) == 0)
            return;
        for (size_t i = 0; n > 0 && i < (size_t)n / sizeof *jobs; i++) {
            if (plan->on_done)
                plan->on_done(plan->user, jobs[i], &e->results[jobs[i]]);
        }
        if (plan->on_turn)
            plan->on_turn(plan->user);
        if (was_interrupted)
            atomic_store(&e->shared->should_stop, true);
    }
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

static void start_workers(const struct engine *e, pid_t *workers, int n)
{
    fflush(NULL);
    for (int i = 0; i < n; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            close(e->done[0]);
            work(e, i % FROM_BACK == 0);
            _exit(0);
        }
    }
    close(e->done[1]);
}

bool engine_run(struct engine *e, const struct engine_plan *plan,
                struct case_result **results, int *n_workers)
{
    int n = n_workers_for(e, plan);
    pid_t *workers = calloc((size_t)n + 1, sizeof *workers);
    e->plan = plan;
    e->shared = share(sizeof *e->shared);
    e->results = share(size_of_results(plan->n_jobs));
    the_engine = e;
    if (!workers || pipe(e->done) < 0)
        abort();
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    start_workers(e, workers, n);
    watch(e);
    for (int i = 0; i < n; i++)
        waitpid(workers[i], NULL, 0);
    close(e->done[0]);
    *n_workers = n;
    e->n_before += plan->n_jobs;
    free(workers);
    munmap(e->shared, sizeof *e->shared);
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

/* libcheck's own settings would change which cases run, and how. Its messages
 * pass through files: in memory, where the system has such a place. */
static void settle_check(void)
{
    static const char *const names[] = {"CK_RUN_CASE",  "CK_RUN_SUITE",
                                        "CK_FORK",      "CK_TIMEOUT_MULTIPLIER",
                                        "CK_VERBOSITY", "CK_DEFAULT_TIMEOUT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    if (access("/dev/shm", W_OK | X_OK) == 0)
        setenv("TEMP", "/dev/shm", false);
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
    settle_check();
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
