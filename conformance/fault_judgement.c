/* SPDX-License-Identifier: Apache-2.0 */
/* fault_judgement.c -- what a run of all faults proves, and what it does not.
 */
#include "fault_judgement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "faults/catalogue.h"
#include "faults/reasons.h"
#include "report/report.h"

/* What is known of a pair of a fault and a case. */
enum { ASKED = 1, TRIED = 2, FAILED = 4, OBSERVED = 8 };

struct judgement {
    const struct test_case *cases;
    size_t n_cases, n_faults, n_pairs;
    const struct catalogue *catalogue;
    const struct fault **faults;
    unsigned char *marks;  /* [fault][case] */
    enum verdict *without; /* [case]: its verdict without a fault */
    /* worked out by count() */
    size_t n_caught, n_observed, n_disturbed, n_claims, n_unproved;
    size_t n_without, n_without_excused; /* statements */
    size_t n_never, n_never_excused;     /* cases */
    int n_passed, n_failed;
};

static bool names_one_of(const struct test_case *c, const struct fault *fault)
{
    for (size_t i = 0; i < c->n_statements; i++) {
        if (fault_breaks(fault, c->statements[i]))
            return true;
    }
    return false;
}

static unsigned char *mark_of(const struct judgement *j, size_t f, size_t c)
{
    return &j->marks[f * j->n_cases + c];
}

static void *zeroed(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);
    if (!memory)
        abort();
    return memory;
}

struct judgement *judgement_new(const struct test_case *cases, size_t n_cases,
                                const struct catalogue *catalogue)
{
    struct judgement *j = zeroed(1, sizeof *j);
    j->cases = cases;
    j->n_cases = n_cases;
    j->catalogue = catalogue;
    j->n_faults = fault_count();
    j->faults = zeroed(j->n_faults, sizeof *j->faults);
    j->marks = zeroed(j->n_faults * n_cases, 1);
    j->without = zeroed(n_cases, sizeof *j->without);
    for (size_t f = 0; f < j->n_faults; f++) {
        j->faults[f] = fault_at(f);
        for (size_t c = 0; c < n_cases; c++) {
            if (names_one_of(&cases[c], j->faults[f]))
                *mark_of(j, f, c) = ASKED;
        }
    }
    return j;
}

void judgement_free(struct judgement *j)
{
    if (!j)
        return;
    free(j->faults);
    free(j->marks);
    free(j->without);
    free(j);
}

static bool has_failed(const struct case_result *r)
{
    return r->verdict == VERDICT_FAILED || r->verdict == VERDICT_WARNING;
}

void judgement_add(struct judgement *j, const struct engine_job *job,
                   const struct case_result *result)
{
    size_t c = (size_t)(job->test_case - j->cases);
    j->n_pairs++;
    if (job->fault == &fault_relay)
        j->without[c] = result->verdict;
    for (size_t f = 0; f < j->n_faults; f++) {
        if (j->faults[f] != job->fault)
            continue;
        unsigned seen = TRIED | (has_failed(result) ? FAILED : 0) |
                        (result->n_observed ? OBSERVED : 0);
        *mark_of(j, f, c) |= (unsigned char)seen;
    }
}

/* ---- asking
 * ----------------------------------------------------------------*/

static bool has(const struct judgement *j, size_t f, size_t c, unsigned marks)
{
    return (*mark_of(j, f, c) & marks) == marks;
}

bool judgement_is_asked(const struct judgement *j, size_t f, size_t c)
{
    return has(j, f, c, ASKED);
}

bool judgement_is_tried(const struct judgement *j, size_t f, size_t c)
{
    return has(j, f, c, TRIED);
}

static bool has_any(const struct judgement *j, size_t f, unsigned marks)
{
    for (size_t c = 0; c < j->n_cases; c++) {
        if (has(j, f, c, marks))
            return true;
    }
    return false;
}

bool judgement_ever_failed(const struct judgement *j, size_t c)
{
    for (size_t f = 0; f < j->n_faults; f++) {
        if (has(j, f, c, ASKED | FAILED))
            return true;
    }
    return false;
}

bool judgement_names(const struct judgement *j, size_t c, const char *id)
{
    for (size_t k = 0; k < j->cases[c].n_statements; k++) {
        if (strcmp(j->cases[c].statements[k], id) == 0)
            return true;
    }
    return false;
}

static bool is_named(const struct judgement *j, const char *id)
{
    for (size_t c = 0; c < j->n_cases; c++) {
        if (judgement_names(j, c, id))
            return true;
    }
    return false;
}

bool judgement_is_proved(const struct judgement *j, size_t f, const char *id)
{
    for (size_t c = 0; c < j->n_cases; c++) {
        if (has(j, f, c, ASKED | FAILED) && judgement_names(j, c, id))
            return true;
    }
    return false;
}

bool judgement_is_disturbed(const struct judgement *j, size_t c)
{
    enum verdict verdict = j->without[c];
    return verdict != VERDICT_PASSED && verdict != VERDICT_WARNING &&
           verdict != VERDICT_SKIPPED && verdict != VERDICT_INCONCLUSIVE;
}

static bool has_fault(const struct judgement *j, const char *id)
{
    for (size_t f = 0; f < j->n_faults; f++) {
        if (fault_breaks(j->faults[f], id))
            return true;
    }
    return false;
}

/* ---- the lists
 * -------------------------------------------------------------*/

/* What a list is told: a name, and why it need not be there (NULL: it need). */
struct lists {
    FILE *out;    /* may be NULL */
    cJSON *array; /* may be NULL */
    size_t n, n_excused;
};

static void put(struct lists *lists, const char *what, const char *name,
                const char *why)
{
    if (why)
        lists->n_excused++;
    else
        lists->n++;
    if (lists->out)
        fprintf(lists->out, "%s%s %s%s%s\n", why ? "excused: " : "", what, name,
                why ? ": " : "", why ? why : "");
    if (!lists->array)
        return;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "what", what);
    cJSON_AddStringToObject(object, "name", name);
    if (why)
        cJSON_AddStringToObject(object, "reason", why);
    cJSON_AddItemToArray(lists->array, object);
}

static void count_faults(struct judgement *j, struct lists *lists)
{
    for (size_t f = 0; f < j->n_faults; f++) {
        bool is_caught = has_any(j, f, ASKED | FAILED);
        j->n_caught += is_caught;
        j->n_observed += has_any(j, f, OBSERVED);
        if (!is_caught)
            put(lists, "fault not caught:", j->faults[f]->name, NULL);
    }
}

/* A fault breaks each of its statements: a case that names it sees that. */
static void count_claims(struct judgement *j, struct lists *lists)
{
    char id[80], claim[240];
    for (size_t f = 0; f < j->n_faults; f++) {
        const struct fault *fault = j->faults[f];
        for (size_t i = 0; fault_statement(fault, i, id, sizeof id); i++) {
            if (!is_named(j, id))
                continue;
            j->n_claims++;
            if (judgement_is_proved(j, f, id))
                continue;
            j->n_unproved++;
            snprintf(claim, sizeof claim, "%s of %s", id, fault->name);
            put(lists, "statement not seen broken:", claim, NULL);
        }
    }
}

static void count_statements(struct judgement *j, struct lists *lists)
{
    size_t before = lists->n, excused_before = lists->n_excused;
    for (size_t i = 0; i < catalogue_count(j->catalogue); i++) {
        const char *id = catalogue_at(j->catalogue, i)->id;
        if (is_named(j, id) && !has_fault(j, id))
            put(lists, "statement without a fault:", id,
                reason_for_statement(id));
    }
    j->n_without = lists->n - before;
    j->n_without_excused = lists->n_excused - excused_before;
}

static void count_cases(struct judgement *j, struct lists *lists)
{
    for (size_t i = 0; i < j->n_cases; i++) {
        const struct test_case *c = &j->cases[i];
        if (judgement_is_disturbed(j, i)) {
            j->n_disturbed++;
            put(lists, "not passed without a fault:", c->name, NULL);
        }
        if (!judgement_ever_failed(j, i)) {
            const char *why = reason_for_case(c->name);
            j->n_never += why == NULL;
            j->n_never_excused += why != NULL;
            put(lists, "case never failed:", c->name, why);
        }
    }
}

static void count(struct judgement *j, struct lists *lists)
{
    j->n_caught = j->n_observed = j->n_disturbed = 0;
    j->n_claims = j->n_unproved = 0;
    j->n_never = j->n_never_excused = 0;
    count_faults(j, lists);
    count_claims(j, lists);
    count_statements(j, lists);
    count_cases(j, lists);
    j->n_failed = (int)lists->n;
    j->n_passed =
        (int)(j->n_faults + j->n_claims + 2 * j->n_cases) - j->n_failed;
}

int judgement_print(const struct judgement *judgement, FILE *out,
                    double seconds)
{
    struct judgement j = *judgement;
    struct lists lists = {.out = out};
    count(&j, &lists);
    fprintf(out, "%zu faults, %zu caught, %zu not caught\n", j.n_faults,
            j.n_caught, j.n_faults - j.n_caught);
    fprintf(out, "%zu of them seen by the observer alone\n", j.n_observed);
    fprintf(out, "%zu times they break a statement, %zu of them unseen\n",
            j.n_claims, j.n_unproved);
    fprintf(out, "%zu statements without a fault, %zu more with a reason\n",
            j.n_without, j.n_without_excused);
    fprintf(out, "%zu cases never failed, %zu more with a reason\n", j.n_never,
            j.n_never_excused);
    fprintf(out, "%zu cases without a fault, %zu of them not passed\n",
            j.n_cases, j.n_disturbed);
    fprintf(out, "%zu pairs in %.1f s\n", j.n_pairs, seconds);
    fprintf(out, "%d passed, %d failed\n", j.n_passed, j.n_failed);
    return j.n_failed;
}

/* ---- faults.json
 * -----------------------------------------------------------*/

static void put_statements(cJSON *object, const char *ids)
{
    char *copy = strdup(ids), *save = NULL;
    cJSON *list = cJSON_AddArrayToObject(object, "statements");
    for (char *id = strtok_r(copy, " ", &save); id;
         id = strtok_r(NULL, " ", &save))
        cJSON_AddItemToArray(list, cJSON_CreateString(id));
    free(copy);
}

static cJSON *fault_to_json(const struct judgement *j, size_t f)
{
    const struct fault *fault = j->faults[f];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", fault->name);
    cJSON_AddStringToObject(object, "sentence", fault->sentence);
    put_statements(object, fault->statements);
    cJSON *asked = cJSON_AddArrayToObject(object, "caught_by");
    cJSON *others = cJSON_AddArrayToObject(object, "also_caught_by");
    for (size_t c = 0; c < j->n_cases; c++) {
        if (has(j, f, c, FAILED))
            cJSON_AddItemToArray(has(j, f, c, ASKED) ? asked : others,
                                 cJSON_CreateString(j->cases[c].name));
    }
    cJSON_AddBoolToObject(object, "observer", has_any(j, f, OBSERVED));
    return object;
}

static cJSON *to_json(const struct judgement *judgement, double seconds)
{
    struct judgement j = *judgement;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "schema", "mqttspec-faults/1");
    cJSON *summary = cJSON_AddObjectToObject(document, "summary");
    struct lists lists = {.array = cJSON_AddArrayToObject(document, "open")};
    count(&j, &lists);
    cJSON_AddNumberToObject(summary, "faults", (double)j.n_faults);
    cJSON_AddNumberToObject(summary, "caught", (double)j.n_caught);
    cJSON_AddNumberToObject(summary, "uncaught",
                            (double)(j.n_faults - j.n_caught));
    cJSON_AddNumberToObject(summary, "statements_without_fault",
                            (double)j.n_without);
    cJSON_AddNumberToObject(summary, "cases_never_failed", (double)j.n_never);
    cJSON_AddNumberToObject(summary, "claims", (double)j.n_claims);
    cJSON_AddNumberToObject(summary, "claims_unseen", (double)j.n_unproved);
    cJSON_AddNumberToObject(summary, "observer", (double)j.n_observed);
    cJSON_AddNumberToObject(summary, "excused", (double)lists.n_excused);
    cJSON_AddNumberToObject(summary, "excused_statements",
                            (double)j.n_without_excused);
    cJSON_AddNumberToObject(summary, "excused_cases",
                            (double)j.n_never_excused);
    cJSON_AddNumberToObject(summary, "not_passed_without_fault",
                            (double)j.n_disturbed);
    cJSON_AddNumberToObject(summary, "pairs", (double)j.n_pairs);
    cJSON_AddNumberToObject(summary, "seconds",
                            (double)(long)(seconds * 10) / 10);
    cJSON *list = cJSON_AddArrayToObject(document, "faults");
    for (size_t f = 0; f < j.n_faults; f++)
        cJSON_AddItemToArray(list, fault_to_json(&j, f));
    return document;
}

int judgement_write(const struct judgement *j, const char *folder,
                    double seconds, char *error, size_t n)
{
    char path[600];
    cJSON *document = to_json(j, seconds);
    char *text = cJSON_Print(document);
    snprintf(path, sizeof path, "%s/faults.json", folder);
    FILE *file = report_make_folders(folder) == 0 ? fopen(path, "w") : NULL;
    bool is_written = file && fputs(text, file) >= 0 && fputc('\n', file) >= 0;
    is_written = file && fclose(file) == 0 && is_written;
    if (!is_written)
        snprintf(error, n, "%s: %s", path, strerror(errno));
    free(text);
    cJSON_Delete(document);
    return is_written ? 0 : -1;
}
