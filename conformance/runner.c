/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c -- a run of the suite: what is selected, shown, reported.
 *
 * The engine runs the cases; here each result goes into the document and onto
 * the terminal, is held against the known failures, and becomes the exit code.
 */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "embed.h"
#include "engine.h"
#include "known.h"
#include "report/console.h"
#include "report/document.h"
#include "report/fault_index.h"
#include "report/report.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USE, EXIT_HARNESS };

struct state {
    const struct run_options *options;
    struct test_case *cases;
    size_t n_cases, n_jobs_total; /* cases x repeat */
    size_t *order;                /* of cases: the longest first */
    struct engine *engine;
    struct engine_job *jobs; /* [repeat][case] */
    struct case_result *results;
    struct known *known;
    struct report *report;
    struct console console;
    cJSON *document;
    char scratch[64];
};

/* ---- results
 * ---------------------------------------------------------------*/

static void put_transcript(const struct state *s, const struct test_case *c,
                           cJSON *object)
{
    char path[700];
    engine_case_file(c, s->scratch, ".json", path, sizeof path);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    fseek(file, 0, SEEK_END);
    long n = ftell(file);
    rewind(file);
    char *text = malloc((size_t)n + 1);
    if (text && fread(text, 1, (size_t)n, file) == (size_t)n) {
        text[n] = '\0';
        cJSON *list = cJSON_Parse(text);
        if (list)
            cJSON_AddItemToObject(object, "transcript", list);
    }
    free(text);
    fclose(file);
    unlink(path);
}

static bool is_bad(const struct case_result *r)
{
    return r->verdict == VERDICT_FAILED || r->verdict == VERDICT_ERROR;
}

/* Makes a failure of what the command line calls one. */
static void heed_options(const struct run_options *o, struct case_result *r)
{
    if (o->strict && r->verdict == VERDICT_WARNING)
        r->verdict = VERDICT_FAILED;
    if (!o->complete || r->verdict != VERDICT_SKIPPED)
        return;
    r->verdict = VERDICT_FAILED;
    snprintf(r->expected, sizeof r->expected, "no case is skipped");
    snprintf(r->actual, sizeof r->actual, "%s", r->reason);
}

/* What the list of known failures says of a result: of a failure, that it is
 * known; of a case that ran and did not fail, that it should have. */
static const char *why_known(const struct state *s, const struct test_case *c,
                             const struct case_result *r)
{
    if (r->verdict == VERDICT_FAILED)
        return known_reason(s->known, c->name, (const char(*)[80])r->violated,
                            r->n_violated);
    if (r->verdict == VERDICT_PASSED || r->verdict == VERDICT_WARNING)
        return known_lists(s->known, c->name);
    return NULL;
}

/* A finished case goes into the document and onto the terminal. */
static void take_result(void *user, size_t job, struct case_result *r)
{
    struct state *s = user;
    const struct test_case *c = s->jobs[job].test_case;
    heed_options(s->options, r);
    cJSON *object = case_to_json(c, r, s->options);
    const char *reason = why_known(s, c, r);
    if (reason)
        cJSON_AddStringToObject(object, "known", reason);
    if (reason && r->verdict != VERDICT_FAILED)
        cJSON_AddBoolToObject(object, "unexpected_pass", true);
    if (r->has_capture) {
        char path[700];
        engine_case_file(c, "captures", ".pcap", path, sizeof path);
        cJSON_AddStringToObject(object, "capture", path);
    }
    put_transcript(s, c, object);
    console_case(&s->console, object);
    cJSON *cases = cJSON_GetObjectItemCaseSensitive(s->document, "cases");
    if (job < s->n_cases)
        cJSON_AddItemToArray(cases, object);
    else
        cJSON_Delete(object);
}

static void on_turn(void *user)
{
    struct state *s = user;
    console_tick(&s->console);
}

static bool is_enough(void *user, const struct case_result *r)
{
    const struct state *s = user;
    return s->options->fail_fast &&
           (r->verdict == VERDICT_FAILED || r->verdict == VERDICT_ERROR);
}

/* Returns false when a signal ended the run. */
static bool run_all(struct state *s)
{
    struct timespec began, ended;
    int n_workers;
    struct engine_plan plan = {
        .jobs = s->jobs,
        .n_jobs = s->n_jobs_total,
        .n_workers = s->options->jobs,
        .captures = report_captures(s->report),
        .scratch = s->scratch,
        .on_done = take_result,
        .on_turn = on_turn,
        .is_enough = is_enough,
        .user = s,
    };
    clock_gettime(CLOCK_MONOTONIC, &began);
    console_begin(&s->console, stdout, (int)s->n_jobs_total);
    if (!engine_run(s->engine, &plan, &s->results, &n_workers))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    cJSON_AddNumberToObject(s->document, "jobs", n_workers);
    cJSON_AddNumberToObject(
        s->document, "seconds",
        (double)(ended.tv_sec - began.tv_sec) +
            (double)((ended.tv_nsec - began.tv_nsec) / 1000000) / 1000);
    cJSON *fault_index = fault_index_new(engine_catalogue(s->engine));
    document_finish(s->document, engine_catalogue(s->engine), fault_index);
    cJSON_Delete(fault_index);
    console_end(&s->console, s->document, s->options->report);
    return true;
}

/* ---- before and after
 * ------------------------------------------------------*/

static const struct state *sorting;

/* What a case takes at least. A broker of its own takes the machine as well:
 * the cases that share one are not to be kept waiting for it. It is up in a
 * tenth of the time that it may take. */
static int seconds_of(size_t i)
{
    const struct test *test = sorting->cases[i].test;
    const struct target *target = engine_target(sorting->engine);
    bool has_own = (test->own_broker || test->apart) && target_is_ours(target);
    return test->seconds + (has_own ? target_start_seconds(target) / 10 : 0);
}

static int by_seconds(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int left = seconds_of(x), right = seconds_of(y);
    return left != right ? right - left : x < y ? -1 : x > y;
}

static void put_in_order(struct state *s)
{
    s->order = calloc(s->n_cases + 1, sizeof *s->order);
    for (size_t i = 0; i < s->n_cases; i++)
        s->order[i] = i;
    sorting = s;
    qsort(s->order, s->n_cases, sizeof *s->order, by_seconds);
    s->n_jobs_total =
        s->n_cases * (s->options->repeat > 1 ? (size_t)s->options->repeat : 1);
    s->jobs = calloc(s->n_jobs_total + 1, sizeof *s->jobs);
    for (size_t j = 0; j < s->n_jobs_total; j++)
        s->jobs[j] = (struct engine_job){&s->cases[s->order[j % s->n_cases]],
                                         s->options->fault};
}

static int say(int code, const char *what)
{
    fprintf(stderr, "mqttspec: %s\n", what);
    return code;
}

static void put_lines(cJSON *object, const char *name, const char *lines)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    char text[1200], *rest = text, *line;
    snprintf(text, sizeof text, "%s", lines);
    while ((line = strsep(&rest, "\n")) && *line) {
        cJSON_AddItemToArray(list, cJSON_CreateString(line));
        if (strstr(line, ", though "))
            fprintf(stderr, "mqttspec: the broker contradicts: %s\n", line);
    }
}

static void describe_run(struct state *s)
{
    char started[40];
    const struct target *t = engine_target(s->engine);
    time_t now = time(NULL);
    struct tm utc;
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &utc));
    s->document = document_new();
    cJSON_DeleteItemFromObjectCaseSensitive(s->document, "target");
    cJSON_DeleteItemFromObjectCaseSensitive(s->document, "started");
    cJSON_DeleteItemFromObjectCaseSensitive(s->document, "seconds");
    cJSON_DeleteItemFromObjectCaseSensitive(s->document, "jobs");
    cJSON *target = cJSON_AddObjectToObject(s->document, "target");
    cJSON_AddStringToObject(target, "name", target_name(t));
    cJSON_AddStringToObject(target, "url", target_url(t));
    cJSON_AddStringToObject(target, "version", target_version_text(t));
    cJSON *settings = cJSON_AddArrayToObject(target, "settings");
    const char *one;
    for (size_t i = 0; (one = engine_settings(s->engine, i)); i++)
        cJSON_AddItemToArray(settings, cJSON_CreateString(one));
    put_lines(target, "capabilities", target_told(t));
    cJSON_AddStringToObject(s->document, "started", started);
    if (s->options->n_shards > 1) {
        char shard[32];
        snprintf(shard, sizeof shard, "%d/%d", s->options->shard,
                 s->options->n_shards);
        cJSON_AddStringToObject(s->document, "shard", shard);
    }
}

static int read_known(struct state *s, char *error, size_t n)
{
    char path[200];
    const char *asked = s->options->known;
    const char *version = target_version_text(engine_target(s->engine));
    if (asked && strcmp(asked, "none") == 0)
        return 0;
    if (asked) {
        s->known = known_read(asked, NULL, version, error, n);
        return s->known ? 0 : -1;
    }
    snprintf(path, sizeof path, "conformance/targets/%s.known",
             target_name(engine_target(s->engine)));
    const struct embed_file *file = embed_find(path);
    if (!file || s->options->fault)
        return 0;
    s->known = known_read(path, (const char *)file->octets, version, error, n);
    if (known_n_other(s->known))
        fprintf(stderr,
                "mqttspec: %s: %d lines are for other versions than %s\n", path,
                known_n_other(s->known), version);
    return s->known ? 0 : -1;
}

static const char *name_of_case(const void *cases, size_t i)
{
    return ((const struct test_case *)cases)[i].name;
}

/* When all cases were asked for, each line must name some of them. */
static int count_unused(const struct state *s)
{
    const struct run_options *o = s->options;
    const char *pattern = "";
    int line = 0, n = 0;
    if ((o->only && o->only[0]) || o->version || o->transport >= 0 ||
        o->n_shards > 1)
        return 0;
    while ((line = known_next_unused(s->known, line, s->n_cases, name_of_case,
                                     s->cases, &pattern))) {
        n++;
        fprintf(stderr,
                "mqttspec: known failures, line %d: no case has the name %s\n",
                line, pattern);
    }
    return n;
}

/* Which verdicts changed from one repetition to another. */
static int count_changes(const struct state *s)
{
    int n_changed = 0;
    for (size_t i = 0; i < s->n_cases; i++) {
        bool changed = false;
        for (size_t j = i; j < s->n_jobs_total; j += s->n_cases)
            changed |= s->results[j].verdict != s->results[i].verdict;
        if (!changed)
            continue;
        n_changed++;
        printf("changed: %s:", s->jobs[i].test_case->name);
        for (size_t j = i; j < s->n_jobs_total; j += s->n_cases)
            printf(" %s", verdict_name(s->results[j].verdict));
        printf("\n");
    }
    return n_changed;
}

static int exit_code(const struct state *s)
{
    int code = count_unused(s) ? EXIT_FAILED : EXIT_OK;
    for (size_t j = 0; j < s->n_jobs_total; j++) {
        const struct test_case *c = s->jobs[j].test_case;
        const struct case_result *r = &s->results[j];
        if (r->verdict == VERDICT_NONE)
            continue;
        if (r->verdict == VERDICT_ERROR)
            return EXIT_HARNESS;
        /* Bad and not known, or known and not bad. */
        if (is_bad(r) != (why_known(s, c, r) != NULL))
            code = EXIT_FAILED;
    }
    return code;
}

static int list(const struct run_options *options, struct test_case *cases,
                size_t n)
{
    cJSON *all = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++) {
        if (options->json) {
            cJSON_AddItemToArray(all, case_to_json(&cases[i], NULL, options));
            continue;
        }
        printf("%s", cases[i].name);
        for (size_t j = 0; j < cases[i].n_statements; j++)
            printf(" %s", cases[i].statements[j]);
        printf("\n");
    }
    char *text = options->json ? cJSON_Print(all) : NULL;
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(all);
    return EXIT_OK;
}

static int run_and_report(struct state *s)
{
    char error[512];
    strcpy(s->scratch, "/tmp/mqttspec-run.XXXXXX");
    if (!mkdtemp(s->scratch))
        return say(EXIT_HARNESS, "cannot make a folder in /tmp");
    describe_run(s);
    bool has_ended = run_all(s);
    rmdir(s->scratch);
    if (!has_ended)
        return say(EXIT_HARNESS, "interrupted; no report was written");
    int n_changed = count_changes(s);
    report_tell_ci(s->document);
    struct report *report = s->report;
    s->report = NULL;
    if (report && report_commit(report, s->document, error, sizeof error) < 0)
        return say(EXIT_HARNESS, error);
    int code = exit_code(s);
    return code == EXIT_OK && n_changed ? EXIT_FAILED : code;
}

int run(const struct run_options *options)
{
    char error[512] = "";
    int code = EXIT_HARNESS;
    struct state *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->options = options;
    s->cases = cases_select(options, &s->n_cases);
    if (s->n_cases == 0) {
        code = say(EXIT_USE, "no case was selected");
        goto out;
    }
    if (options->list) {
        code = list(options, s->cases, s->n_cases);
        goto out;
    }
    s->engine = engine_new(options, s->cases, s->n_cases, error, sizeof error);
    if (!s->engine || read_known(s, error, sizeof error) < 0) {
        code = say(EXIT_USE, error);
        goto out;
    }
    s->report = report_begin(options->report, error, sizeof error);
    if (!s->report || engine_start(s->engine, error, sizeof error) < 0) {
        say(code, error);
        goto out;
    }
    put_in_order(s);
    code = run_and_report(s);
out:
    report_discard(s->report);
    engine_results_free(s->results, s->n_jobs_total);
    engine_free(s->engine);
    known_free(s->known);
    cJSON_Delete(s->document);
    free(s->jobs);
    free(s->order);
    cases_free(s->cases, s->n_cases);
    free(s);
    return code;
}
