/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c -- runs the cases over worker processes, each under libcheck.
 *
 * Verdicts, and the counter from which workers take cases, live in shared
 * memory. A worker makes one Suite with one TCase per case and runs it in fork
 * mode: a crash or a hang ends that case only. All that is libcheck is here.
 */
#include "runner.h"

#include <check.h>
#include <errno.h>
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

#include "embed.h"
#include "known.h"
#include "report/console.h"
#include "report/document.h"
#include "report/fault_index.h"
#include "report/report.h"
#include "statement.h"
#include "t_run.h"
#include "tap/tap.h"
#include "target.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USE, EXIT_HARNESS };
enum { DEADLINE_MS = 10000, MAX_GROUPS = 96, TURN_MS = 10 };

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

struct state {
    const struct run_options *options;
    struct test_case *cases;
    size_t n_cases, n_jobs_total; /* cases x repeat */
    size_t *order;                /* of cases: the longest first */
    struct group groups[MAX_GROUPS];
    size_t n_groups;
    struct target *target;
    struct catalogue *catalogue;
    struct known *known;
    struct report *report;
    cJSON *document;
    char captures[400], scratch[64], salt[3];
    struct shared *shared;
    struct case_result *results; /* shared; [repeat][case] */
    atomic_bool *is_done;        /* shared; likewise */
};

/* libcheck hands a test nothing but a number. */
static const struct state *the_state;
static volatile sig_atomic_t was_interrupted;

/* ---- one case, in a process of its own
 * --------------------------------------*/

static struct group *group_of(const struct state *s, const struct test *test)
{
    const char *settings = test->settings ? test->settings : "";
    for (size_t i = 0; i < s->n_groups; i++) {
        if (strcmp(s->groups[i].settings, settings) == 0)
            return (struct group *)&s->groups[i];
    }
    return NULL;
}

static void file_of(const struct state *s, const struct test_case *c,
                    const char *folder, const char *ending, char *out, size_t n)
{
    char name[200];
    (void)s;
    snprintf(name, sizeof name, "%s", c->name);
    for (char *at = name; *at; at++) {
        if (*at == '/' || *at == '[')
            *at = '-';
        else if (*at == ']')
            *at = '_';
    }
    snprintf(out, n, "%s/%s%s", folder, name, ending);
}

static void make_tag(const struct state *s, size_t job, char *tag)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    tag[0] = s->salt[0];
    tag[1] = s->salt[1];
    for (int i = 4; i >= 2; i--, job /= 36)
        tag[i] = digits[job % 36];
    tag[5] = '\0';
}

static void run_case(const struct state *s, size_t job)
{
    const struct test_case *c = &s->cases[s->order[job % s->n_cases]];
    const struct group *group = group_of(s, c->test);
    char pcap[700] = "", json[700] = "";
    struct t_setup setup = {.test = c->test,
                            .row = c->row,
                            .version = c->version,
                            .statements = c->statements,
                            .n_statements = c->n_statements,
                            .catalogue = s->catalogue,
                            .target = s->target,
                            .transport = c->transport,
                            .fault = s->options->fault,
                            .segment = s->options->segment,
                            .deadline_ms = DEADLINE_MS,
                            .pcap = pcap,
                            .json = json,
                            .keeps_all = s->options->all_captures};
    if (!c->test->own_broker || !target_is_ours(s->target))
        setup.instance = group->instance;
    make_tag(s, job, setup.tag);
    if (*s->captures)
        file_of(s, c, s->captures, ".pcap", pcap, sizeof pcap);
    file_of(s, c, s->scratch, ".json", json, sizeof json);
    t_run(&setup, &s->results[job]);
}

START_TEST(one_case)
{
    run_case(the_state, (size_t)_i);
    /* libcheck's message must be out; Paho's threads may not see exit(). */
    fflush(NULL);
    _exit(EXIT_SUCCESS);
}
END_TEST

/* Why a case cannot be run on this target; false: it can. */
static bool is_skipped(const struct state *s, const struct test_case *c,
                       struct case_result *r)
{
    char why[256];
    const struct group *group = group_of(s, c->test);
    if (target_lacks(s->target, c->test->settings, c->test->needs,
                     transport_name(c->transport),
                     wire_version_name(c->version), why, sizeof why)) {
        r->verdict = VERDICT_SKIPPED;
        snprintf(r->reason, sizeof r->reason, "%s", why);
    } else if (c->test->own_broker && !target_is_ours(s->target)) {
        r->verdict = VERDICT_SKIPPED;
        strcpy(r->reason, "the test needs a broker of its own, which a URL "
                          "cannot give");
    } else if (!c->test->own_broker && (!group || !group->instance)) {
        r->verdict = VERDICT_ERROR;
        snprintf(r->reason, sizeof r->reason,
                 "the broker cannot be started with these settings: %s",
                 group ? group->error : "");
    }
    return r->verdict != VERDICT_NONE;
}

static void run_under_check(const struct state *s, size_t job)
{
    const struct test_case *c = &s->cases[s->order[job % s->n_cases]];
    struct case_result *r = &s->results[job];
    int limit_s = s->options->timeout_s ? s->options->timeout_s : 60;
    if (is_skipped(s, c, r))
        return;
    Suite *suite = suite_create(c->name);
    TCase *tcase = tcase_create(c->name);
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

static void work(const struct state *s)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        size_t job = atomic_fetch_add(&s->shared->next, 1);
        if (job >= s->n_jobs_total || atomic_load(&s->shared->should_stop))
            return;
        run_under_check(s, job);
        if (s->options->fail_fast &&
            (s->results[job].verdict == VERDICT_FAILED ||
             s->results[job].verdict == VERDICT_ERROR))
            atomic_store(&s->shared->should_stop, true);
        atomic_store(&s->is_done[job], true);
    }
}

static int n_workers(const struct state *s)
{
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    long n = s->options->jobs ? s->options->jobs : 4 * n_cpus + 8;
    return (int)((size_t)n < s->n_jobs_total ? n : (long)s->n_jobs_total);
}

static void put_transcript(const struct state *s, const struct test_case *c,
                           cJSON *object)
{
    char path[700];
    file_of(s, c, s->scratch, ".json", path, sizeof path);
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

static bool is_bad(const struct state *s, const struct case_result *r)
{
    return r->verdict == VERDICT_FAILED || r->verdict == VERDICT_ERROR ||
           (s->options->strict && r->verdict == VERDICT_WARNING);
}

/* A finished case goes into the document and onto the terminal. */
static void take_result(struct state *s, struct console *console, size_t job)
{
    const struct test_case *c = &s->cases[s->order[job % s->n_cases]];
    struct case_result *r = &s->results[job];
    if (s->options->strict && r->verdict == VERDICT_WARNING)
        r->verdict = VERDICT_FAILED;
    cJSON *object = case_to_json(c, r, s->options);
    const char *reason = known_reason(s->known, c->name);
    if (reason && r->verdict == VERDICT_FAILED)
        cJSON_AddStringToObject(object, "known", reason);
    if (reason && r->verdict == VERDICT_PASSED) {
        cJSON_AddStringToObject(object, "known", reason);
        cJSON_AddBoolToObject(object, "unexpected_pass", true);
    }
    if (r->has_capture) {
        char path[700];
        file_of(s, c, "captures", ".pcap", path, sizeof path);
        cJSON_AddStringToObject(object, "capture", path);
    }
    put_transcript(s, c, object);
    console_case(console, object);
    cJSON *cases = cJSON_GetObjectItemCaseSensitive(s->document, "cases");
    if (job < s->n_cases)
        cJSON_AddItemToArray(cases, object);
    else
        cJSON_Delete(object);
}

static void watch(struct state *s, pid_t *workers, int n)
{
    struct console console;
    struct timespec began, ended;
    int n_left = n;
    clock_gettime(CLOCK_MONOTONIC, &began);
    bool *taken = calloc(s->n_jobs_total + 1, sizeof *taken);
    console_begin(&console, stdout, (int)s->n_jobs_total);
    while (n_left > 0) {
        poll(NULL, 0, TURN_MS);
        for (int i = 0; i < n; i++) {
            if (workers[i] > 0 && waitpid(workers[i], NULL, WNOHANG) != 0) {
                workers[i] = 0;
                n_left--;
            }
        }
        for (size_t j = 0; j < s->n_jobs_total; j++) {
            if (!taken[j] && atomic_load(&s->is_done[j])) {
                taken[j] = true;
                take_result(s, &console, j);
            }
        }
        console_tick(&console);
        if (was_interrupted)
            atomic_store(&s->shared->should_stop, true);
    }
    free(taken);
    if (was_interrupted)
        return;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    cJSON_AddNumberToObject(
        s->document, "seconds",
        (double)(ended.tv_sec - began.tv_sec) +
            (double)((ended.tv_nsec - began.tv_nsec) / 1000000) / 1000);
    cJSON *fault_index = fault_index_new();
    document_finish(s->document, s->catalogue, fault_index);
    cJSON_Delete(fault_index);
    console_end(&console, s->document, s->options->report);
}

static void run_all(struct state *s)
{
    int n = n_workers(s);
    pid_t *workers = calloc((size_t)n + 1, sizeof *workers);
    the_state = s;
    fflush(NULL);
    for (int i = 0; i < n; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            work(s);
            _exit(0);
        }
    }
    cJSON_AddNumberToObject(s->document, "jobs", n);
    watch(s, workers, n);
    free(workers);
}

/* ---- before and after
 * ------------------------------------------------------*/

static const struct state *sorting;

static int by_seconds(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int left = sorting->cases[x].test->seconds;
    int right = sorting->cases[y].test->seconds;
    return left != right ? right - left : x < y ? -1 : x > y;
}

static void put_in_order(struct state *s)
{
    s->order = calloc(s->n_cases + 1, sizeof *s->order);
    for (size_t i = 0; i < s->n_cases; i++)
        s->order[i] = i;
    sorting = s;
    qsort(s->order, s->n_cases, sizeof *s->order, by_seconds);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* The broker without settings comes first: it is probed. */
static int start_brokers(struct state *s, char *error, size_t n)
{
    s->groups[s->n_groups++].settings = "";
    for (size_t i = 0; i < s->n_cases; i++) {
        const struct test *test = s->cases[i].test;
        char why[256];
        if (test->own_broker || !test->settings || group_of(s, test) ||
            s->n_groups == MAX_GROUPS ||
            target_lacks(s->target, test->settings, test->needs, NULL, NULL,
                         why, sizeof why))
            continue;
        s->groups[s->n_groups++].settings = test->settings;
    }
    for (size_t i = 0; i < s->n_groups; i++) {
        struct group *g = &s->groups[i];
        g->instance =
            target_start(s->target, g->settings, g->error, sizeof g->error);
    }
    for (size_t i = 0; i < s->n_groups; i++) {
        struct group *g = &s->groups[i];
        if (g->instance &&
            target_wait(s->target, g->instance, g->error, sizeof g->error) < 0)
            g->instance = NULL;
    }
    if (!s->groups[0].instance) {
        snprintf(error, n, "%s", s->groups[0].error);
        return -1;
    }
    return target_probe(s->target, s->groups[0].instance, error, n);
}

static int say(int code, const char *what)
{
    fprintf(stderr, "mqttspec: %s\n", what);
    return code;
}

static void describe_run(struct state *s)
{
    char started[40];
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
    cJSON_AddStringToObject(target, "name", target_name(s->target));
    cJSON_AddStringToObject(target, "url", target_url(s->target));
    cJSON_AddStringToObject(target, "version", target_version_text(s->target));
    cJSON *settings = cJSON_AddArrayToObject(target, "settings");
    for (size_t i = 0; i < s->n_groups; i++)
        cJSON_AddItemToArray(settings,
                             cJSON_CreateString(s->groups[i].settings));
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
    if (asked && strcmp(asked, "none") == 0)
        return 0;
    if (asked) {
        s->known = known_read(asked, NULL, error, n);
        return s->known ? 0 : -1;
    }
    snprintf(path, sizeof path, "conformance/targets/%s.known",
             target_name(s->target));
    const struct embed_file *file = embed_find(path);
    if (!file || s->options->fault)
        return 0;
    s->known = known_read(path, (const char *)file->octets, error, n);
    return s->known ? 0 : -1;
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
        printf("changed: %s:", s->cases[s->order[i]].name);
        for (size_t j = i; j < s->n_jobs_total; j += s->n_cases)
            printf(" %s", verdict_name(s->results[j].verdict));
        printf("\n");
    }
    return n_changed;
}

static int exit_code(const struct state *s)
{
    int code = EXIT_OK;
    for (size_t j = 0; j < s->n_jobs_total; j++) {
        const struct test_case *c = &s->cases[s->order[j % s->n_cases]];
        const struct case_result *r = &s->results[j];
        bool is_known = known_reason(s->known, c->name) != NULL;
        if (!atomic_load(&s->is_done[j]))
            continue;
        if (r->verdict == VERDICT_ERROR)
            return EXIT_HARNESS;
        if ((is_bad(s, r) && !is_known) ||
            (is_known && r->verdict == VERDICT_PASSED))
            code = EXIT_FAILED;
    }
    return code;
}

static void on_signal(int number)
{
    (void)number;
    was_interrupted = 1;
}

static void begin_memory(struct state *s)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyz";
    struct timespec now;
    size_t repeat = s->options->repeat > 1 ? (size_t)s->options->repeat : 1;
    clock_gettime(CLOCK_REALTIME, &now);
    s->salt[0] = letters[now.tv_nsec / 1000 % 26];
    s->salt[1] = letters[(now.tv_nsec / 26000 + getpid()) % 26];
    s->n_jobs_total = s->n_cases * repeat;
    s->shared = share(sizeof *s->shared);
    s->results = share((s->n_jobs_total + 1) * sizeof *s->results);
    s->is_done = share((s->n_jobs_total + 1) * sizeof *s->is_done);
    for (const char *const *name =
             (const char *const[]){"CK_RUN_CASE", "CK_RUN_SUITE", "CK_FORK",
                                   "CK_TIMEOUT_MULTIPLIER", "CK_VERBOSITY",
                                   "CK_DEFAULT_TIMEOUT", NULL};
         *name; name++)
        unsetenv(*name);
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
    if (s->report)
        snprintf(s->captures, sizeof s->captures, "%s",
                 report_captures(s->report));
    describe_run(s);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    run_all(s);
    rmdir(s->scratch);
    if (was_interrupted)
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
    s->catalogue = catalogue_new(error, sizeof error);
    if (!s->catalogue) {
        say(code, error);
        goto out;
    }
    s->target = target_new(options->target, error, sizeof error);
    if (!s->target) {
        code = say(EXIT_USE, error);
        goto out;
    }
    if (read_known(s, error, sizeof error) < 0) {
        code = say(EXIT_USE, error);
        goto out;
    }
    s->report = report_begin(options->report, error, sizeof error);
    if (!s->report || start_brokers(s, error, sizeof error) < 0) {
        say(code, error);
        goto out;
    }
    put_in_order(s);
    begin_memory(s);
    code = run_and_report(s);
out:
    report_discard(s->report);
    target_free(s->target);
    known_free(s->known);
    catalogue_free(s->catalogue);
    cJSON_Delete(s->document);
    free(s->order);
    cases_free(s->cases, s->n_cases);
    free(s);
    return code;
}
