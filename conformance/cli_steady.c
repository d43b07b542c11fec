/* SPDX-License-Identifier: Apache-2.0 */
/* cli_steady.c -- the suite many times: does any verdict ever change?
 *
 * Two rounds of jobs: the first leaves the machine alone, in the second as many
 * processes as there are processors do nothing but count, and the relay makes
 * every packet wait. A case that the relay cannot carry is skipped there, which
 * is no change.
 */
#include "cli_steady.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "faults/catalogue.h"
#include "report/report.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USE, EXIT_HARNESS };
enum {
    DEFAULT_RUNS = 50,
    MAX_BUSY = 64,
    BUSY_DEADLINE_MS = 30000, /* for one event, whose packets all wait */
    BUSY_LIMIT_S = 600,       /* for a case: no time-out of ours is a verdict */
    BUSY_WORKERS_PER_CPU = 96, /* they sleep most of the time */
    RUNS_AT_ONCE = 5           /* their results are held in memory */
};

struct steady {
    const struct run_options *options;
    struct test_case *cases;
    size_t n_cases, n_runs, n_quiet;
    struct engine_job *jobs;
    enum verdict *verdicts; /* [run][case] */
    char **whys;            /* [run][case], NULL: it passed */
    pid_t busy[MAX_BUSY];
    long n_busy;
};

static int say(int code, const char *what)
{
    fprintf(stderr, "mqttspec steady: %s\n", what);
    return code;
}

/* ---- a busy machine
 * --------------------------------------------------------*/

static void keep_busy(struct steady *s)
{
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    s->n_busy = n_cpus < MAX_BUSY ? n_cpus : MAX_BUSY;
    fflush(NULL);
    for (long i = 0; i < s->n_busy; i++) {
        s->busy[i] = fork();
        if (s->busy[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (volatile unsigned long count = 0;; count++)
                continue;
        }
    }
}

static void let_rest(struct steady *s)
{
    for (long i = 0; i < s->n_busy; i++) {
        if (s->busy[i] > 0) {
            kill(s->busy[i], SIGKILL);
            waitpid(s->busy[i], NULL, 0);
        }
    }
    s->n_busy = 0;
}

/* ---- two rounds
 * ------------------------------------------------------------*/

/* Keeps the verdict, and why it is not good. */
static void take(struct steady *s, size_t at, const struct case_result *r)
{
    char why[4096];
    s->verdicts[at] = r->verdict;
    if (r->verdict == VERDICT_PASSED || r->verdict == VERDICT_SKIPPED)
        return;
    snprintf(why, sizeof why, "%s:%d: %s%s%s%s", r->file, r->line, r->expected,
             *r->expected ? "; but " : "", r->actual, r->reason);
    s->whys[at] = strdup(why);
}

static bool run_round(struct steady *s, struct engine *engine, size_t first,
                      size_t n, const struct fault *fault)
{
    int n_workers;
    struct case_result *results;
    struct engine_plan plan = {.jobs = s->jobs,
                               .n_jobs = n * s->n_cases,
                               .n_workers = s->options->jobs};
    for (size_t j = 0; j < plan.n_jobs; j++)
        s->jobs[j] = (struct engine_job){&s->cases[j % s->n_cases], fault};
    if (fault) {
        plan.deadline_ms = BUSY_DEADLINE_MS;
        plan.limit_s = BUSY_LIMIT_S;
        if (!plan.n_workers)
            plan.n_workers =
                (int)(BUSY_WORKERS_PER_CPU * sysconf(_SC_NPROCESSORS_ONLN));
    }
    bool has_ended = engine_run(engine, &plan, &results, &n_workers);
    for (size_t j = 0; j < plan.n_jobs; j++)
        take(s, first * s->n_cases + j, &results[j]);
    engine_results_free(results, plan.n_jobs);
    return has_ended;
}

/* Some runs at a time, from run `first` to run `end`. */
static bool run_some(struct steady *s, struct engine *engine, size_t first,
                     size_t end, const struct fault *fault)
{
    while (first < end) {
        size_t n = end - first < RUNS_AT_ONCE ? end - first : RUNS_AT_ONCE;
        if (!run_round(s, engine, first, n, fault))
            return false;
        first += n;
    }
    return true;
}

static bool run_all(struct steady *s, struct engine *engine)
{
    if (!run_some(s, engine, 0, s->n_quiet, NULL))
        return false;
    keep_busy(s);
    bool has_ended = run_some(s, engine, s->n_quiet, s->n_runs, &fault_jitter);
    let_rest(s);
    return has_ended;
}

/* ---- what changed
 * ----------------------------------------------------------*/

static enum verdict verdict_at(const struct steady *s, size_t run, size_t c)
{
    return s->verdicts[run * s->n_cases + c];
}

/* Skipped behind the relay is no change. */
static bool has_changed(const struct steady *s, size_t c)
{
    enum verdict first = verdict_at(s, 0, c);
    for (size_t run = 1; run < s->n_runs; run++) {
        enum verdict verdict = verdict_at(s, run, c);
        bool is_relayed = run >= s->n_quiet;
        if (verdict != first && !(is_relayed && verdict == VERDICT_SKIPPED))
            return true;
    }
    return false;
}

static cJSON *to_json(const struct steady *s, double seconds)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "runs", (double)s->n_runs);
    cJSON_AddNumberToObject(document, "cases", (double)s->n_cases);
    cJSON_AddNumberToObject(document, "busy_runs",
                            (double)(s->n_runs - s->n_quiet));
    cJSON_AddNumberToObject(document, "seconds", (double)(long)seconds);
    cJSON *changed = cJSON_AddArrayToObject(document, "changed");
    for (size_t c = 0; c < s->n_cases; c++) {
        if (!has_changed(s, c))
            continue;
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "case", s->cases[c].name);
        cJSON *verdicts = cJSON_AddArrayToObject(object, "verdicts");
        for (size_t run = 0; run < s->n_runs; run++)
            cJSON_AddItemToArray(verdicts, cJSON_CreateString(verdict_name(
                                               verdict_at(s, run, c))));
        cJSON_AddItemToArray(changed, object);
    }
    return document;
}

static int write_json(const struct steady *s, double seconds)
{
    char path[600];
    cJSON *document = to_json(s, seconds);
    char *text = cJSON_Print(document);
    snprintf(path, sizeof path, "%s/steady.json", s->options->report);
    FILE *file =
        report_make_folders(s->options->report) == 0 ? fopen(path, "w") : NULL;
    bool is_written = file && fprintf(file, "%s\n", text) > 0;
    is_written = file && fclose(file) == 0 && is_written;
    free(text);
    cJSON_Delete(document);
    return is_written ? 0 : say(-1, strerror(errno));
}

/* What the case said; the same twice running is said once. */
static void print_whys(const struct steady *s, size_t c)
{
    const char *last = "";
    for (size_t run = 0; run < s->n_runs; run++) {
        const char *why = s->whys[run * s->n_cases + c];
        if (why && strcmp(why, last) != 0)
            printf("    run %zu: %s\n", run + 1, why);
        last = why ? why : last;
    }
}

static int judge(const struct steady *s, double seconds)
{
    size_t n_changed = 0;
    for (size_t c = 0; c < s->n_cases; c++) {
        if (!has_changed(s, c))
            continue;
        n_changed++;
        printf("changed: %s:", s->cases[c].name);
        for (size_t run = 0; run < s->n_runs; run++)
            printf(" %s", verdict_name(verdict_at(s, run, c)));
        printf("\n");
        print_whys(s, c);
    }
    printf("%zu runs of %zu cases in %.0f s, %zu of them on a busy machine "
           "with slow packets\n",
           s->n_runs, s->n_cases, seconds, s->n_runs - s->n_quiet);
    printf("%zu passed, %zu failed\n", s->n_cases - n_changed, n_changed);
    if (write_json(s, seconds) < 0)
        return EXIT_HARNESS;
    return n_changed ? EXIT_FAILED : EXIT_OK;
}

static int run_steady(struct steady *s, struct engine *engine)
{
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (!run_all(s, engine))
        return say(EXIT_HARNESS, "interrupted; nothing was written");
    clock_gettime(CLOCK_MONOTONIC, &ended);
    return judge(s, (double)(ended.tv_sec - began.tv_sec));
}

int cli_steady(const struct run_options *options)
{
    char error[512] = "";
    struct steady s = {.options = options};
    s.cases = cases_select(options, &s.n_cases);
    if (s.n_cases == 0)
        return say(EXIT_USE, "no case was selected");
    int code = EXIT_USE;
    s.n_runs = options->repeat > 1 ? (size_t)options->repeat : DEFAULT_RUNS;
    s.n_quiet = (s.n_runs + 1) / 2;
    s.jobs = calloc(RUNS_AT_ONCE * s.n_cases, sizeof *s.jobs);
    s.verdicts = calloc(s.n_runs * s.n_cases + 1, sizeof *s.verdicts);
    s.whys = calloc(s.n_runs * s.n_cases + 1, sizeof *s.whys);
    if (!s.jobs || !s.verdicts || !s.whys)
        abort();
    struct engine *engine =
        engine_new(options, s.cases, s.n_cases, error, sizeof error);
    if (!engine)
        say(code, error);
    else
        code = engine_start(engine, error, sizeof error) < 0
                   ? say(EXIT_HARNESS, error)
                   : run_steady(&s, engine);
    engine_free(engine);
    free(s.jobs);
    free(s.verdicts);
    for (size_t i = 0; i < s.n_runs * s.n_cases; i++)
        free(s.whys[i]);
    free(s.whys);
    cases_free(s.cases, s.n_cases);
    return code;
}
