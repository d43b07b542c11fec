/* SPDX-License-Identifier: Apache-2.0 */
/* document.c -- a run's results as one JSON document, schema "mqttspec/1".
 *
 * What can be derived is derived in one place, document_finish: a run, a merge
 * of its shards and a re-read file all get their summary and statements here.
 */
#include "report/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/judge.h"
#include "report/offending.h"
#include "report/text.h"

static const struct {
    const char *name;
    const char *plural;
} verdicts[DOCUMENT_N_VERDICTS] = {
    [DOCUMENT_FAILED] = {"failed", "failed"},
    [DOCUMENT_ERROR] = {"error", "errors"},
    [DOCUMENT_WARNING] = {"warning", "warnings"},
    [DOCUMENT_INCONCLUSIVE] = {"inconclusive", "inconclusive"},
    [DOCUMENT_SKIPPED] = {"skipped", "skipped"},
    [DOCUMENT_PASSED] = {"passed", "passed"},
};

/* Members that every case has, as strings. */
static const char *const case_texts[] = {
    "name", "test", "file", "mqtt", "transport", "driver", "verdict",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const char *document_verdict_name(enum document_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *document_verdict_plural(enum document_verdict verdict)
{
    return verdicts[verdict].plural;
}

static int find_verdict(const char *name)
{
    for (int v = 0; v < DOCUMENT_N_VERDICTS; v++)
        if (strcmp(verdicts[v].name, name) == 0)
            return v;
    return -1;
}

enum document_verdict document_verdict_of(const cJSON *test_case)
{
    int v = find_verdict(document_text(test_case, "verdict"));
    return v < 0 ? DOCUMENT_ERROR : (enum document_verdict)v;
}

cJSON *document_new(void)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "schema", DOCUMENT_SCHEMA);
    cJSON_AddObjectToObject(document, "target");
    cJSON_AddStringToObject(document, "started", "");
    cJSON_AddNumberToObject(document, "seconds", 0);
    cJSON_AddNumberToObject(document, "jobs", 0);
    cJSON_AddObjectToObject(document, "summary");
    cJSON_AddArrayToObject(document, "cases");
    cJSON_AddArrayToObject(document, "statements");
    return document;
}

static int check_case(const cJSON *test_case, int number, char *error, size_t n)
{
    for (size_t i = 0; i < COUNT(case_texts); i++) {
        const cJSON *member =
            cJSON_GetObjectItemCaseSensitive(test_case, case_texts[i]);
        if (!cJSON_IsString(member)) {
            snprintf(error, n, "case %d has no \"%s\"", number, case_texts[i]);
            return -1;
        }
    }
    if (find_verdict(document_text(test_case, "verdict")) < 0) {
        snprintf(error, n, "case %s has the unknown verdict \"%s\"",
                 document_text(test_case, "name"),
                 document_text(test_case, "verdict"));
        return -1;
    }
    if (!cJSON_IsArray(
            cJSON_GetObjectItemCaseSensitive(test_case, "statements"))) {
        snprintf(error, n, "case %s has no \"statements\"",
                 document_text(test_case, "name"));
        return -1;
    }
    return 0;
}

int document_check(const cJSON *document, char *error, size_t n)
{
    const char *schema = document_text(document, "schema");
    if (!*schema) {
        snprintf(error, n, "it is no report of mqttspec (no \"schema\")");
        return -1;
    }
    if (strcmp(schema, DOCUMENT_SCHEMA) != 0) {
        snprintf(error, n, "its schema is \"%s\", this program reads \"%s\"",
                 schema, DOCUMENT_SCHEMA);
        return -1;
    }
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(document, "target"))) {
        snprintf(error, n, "it has no \"target\"");
        return -1;
    }
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(document, "cases");
    if (!cJSON_IsArray(cases)) {
        snprintf(error, n, "it has no \"cases\"");
        return -1;
    }
    int number = 0;
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, cases)
    {
        if (check_case(test_case, ++number, error, n) < 0)
            return -1;
    }
    return 0;
}

/* A folder stands for the report in it. */
static void find_file(const char *path, char *file, size_t n)
{
    struct stat status;
    bool is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    snprintf(file, n, "%s%s", path, is_folder ? "/conformance.json" : "");
}

cJSON *document_load(const char *path, char *error, size_t n)
{
    char file[4096], what[512];
    struct text text = {0};
    cJSON *document = NULL;
    find_file(path, file, sizeof file);
    if (text_load(&text, file) < 0) {
        snprintf(error, n, "%s: %s", file, strerror(errno));
        goto out;
    }
    document = cJSON_ParseWithLength(text.chars, text.n);
    if (!document) {
        snprintf(error, n, "%s: it is not JSON", file);
        goto out;
    }
    if (document_check(document, what, sizeof what) < 0) {
        snprintf(error, n, "%s: %s", file, what);
        cJSON_Delete(document);
        document = NULL;
    }
out:
    text_clear(&text);
    return document;
}

/* ---- what follows from the cases -------------------------------------------
 */

/* Compares texts with the numbers in them as numbers: 3_2 before 3_10. */
static int compare_natural(const char *a, const char *b)
{
    while (*a && *b) {
        size_t x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
        if (x > 0 && y > 0) {
            long one = strtol(a, NULL, 10), other = strtol(b, NULL, 10);
            if (one != other)
                return one < other ? -1 : 1;
            a += x;
            b += y;
        } else if (*a++ != *b++) {
            return (unsigned char)a[-1] < (unsigned char)b[-1] ? -1 : 1;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

static int compare_cases(const void *a, const void *b)
{
    const cJSON *x = *(cJSON *const *)a;
    const cJSON *y = *(cJSON *const *)b;
    static const char *const keys[] = {"test", "mqtt", "transport", "name"};
    int order =
        compare_natural(document_text(x, "file"), document_text(y, "file"));
    if (order == 0)
        order = strcmp(document_text(x, "file"), document_text(y, "file"));
    double lines = document_number(x, "line") - document_number(y, "line");
    if (order == 0 && lines < 0)
        order = -1;
    if (order == 0 && lines > 0)
        order = 1;
    for (size_t i = 0; order == 0 && i < COUNT(keys); i++)
        order = strcmp(document_text(x, keys[i]), document_text(y, keys[i]));
    return order;
}

static void sort_cases(cJSON *cases)
{
    int n = cJSON_GetArraySize(cases);
    if (n < 2)
        return;
    cJSON **all = calloc((size_t)n, sizeof(cJSON *));
    if (!all)
        abort();
    for (int i = 0; i < n; i++)
        all[i] = cJSON_DetachItemFromArray(cases, 0);
    qsort(all, (size_t)n, sizeof(cJSON *), compare_cases);
    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(cases, all[i]);
    free(all);
}

static cJSON *summarize(const cJSON *cases)
{
    int counts[DOCUMENT_N_VERDICTS] = {0};
    int known = 0, unexpected = 0;
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, cases)
    {
        enum document_verdict verdict = document_verdict_of(test_case);
        bool is_known = *document_text(test_case, "known") != '\0';
        counts[verdict]++;
        known += is_known && verdict == DOCUMENT_FAILED;
        unexpected += document_flag(test_case, "unexpected_pass");
    }
    cJSON *summary = cJSON_CreateObject();
    cJSON_AddNumberToObject(summary, "cases", cJSON_GetArraySize(cases));
    static const enum document_verdict order[DOCUMENT_N_VERDICTS] = {
        DOCUMENT_PASSED,  DOCUMENT_FAILED,       DOCUMENT_WARNING,
        DOCUMENT_SKIPPED, DOCUMENT_INCONCLUSIVE, DOCUMENT_ERROR,
    };
    for (int i = 0; i < DOCUMENT_N_VERDICTS; i++)
        cJSON_AddNumberToObject(summary, verdicts[order[i]].plural,
                                counts[order[i]]);
    cJSON_AddNumberToObject(summary, "known_failures", known);
    cJSON_AddNumberToObject(summary, "unexpected_passes", unexpected);
    return summary;
}

static void set_member(cJSON *object, const char *name, cJSON *value)
{
    if (cJSON_HasObjectItem(object, name))
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
    else
        cJSON_AddItemToObject(object, name, value);
}

/* A case that broke nothing asks what its first statement asks. */
static void complete_requirement(cJSON *test_case,
                                 const struct catalogue *catalogue)
{
    const cJSON *first = cJSON_GetArrayItem(
        cJSON_GetObjectItemCaseSensitive(test_case, "statements"), 0);
    const struct statement *s =
        cJSON_IsString(first) ? catalogue_find(catalogue, first->valuestring)
                              : NULL;
    struct text text = {0};
    if (!s || *document_text(test_case, "requirement"))
        return;
    text_printf(&text, "%s: %s", s->id, s->summary);
    set_member(test_case, "requirement", cJSON_CreateString(text.chars));
    text_clear(&text);
}

void document_finish(cJSON *document, const struct catalogue *catalogue,
                     const cJSON *faults)
{
    cJSON *cases = cJSON_GetObjectItemCaseSensitive(document, "cases");
    cJSON *own_faults = faults ? NULL : judge_faults_of(document);
    sort_cases(cases);
    cJSON *test_case;
    cJSON_ArrayForEach(test_case, cases)
    {
        complete_requirement(test_case, catalogue);
        offending_mark(test_case);
    }
    set_member(document, "summary", summarize(cases));
    set_member(
        document, "statements",
        judge_statements(cases, catalogue, faults ? faults : own_faults));
    cJSON_Delete(own_faults);
}

/* ---- reading ---------------------------------------------------------------
 */

const cJSON *document_cases(const cJSON *document)
{
    return cJSON_GetObjectItemCaseSensitive(document, "cases");
}

int document_count(const cJSON *document, const char *name)
{
    const cJSON *summary =
        cJSON_GetObjectItemCaseSensitive(document, "summary");
    return (int)document_number(summary, name);
}

const char *document_text(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(member) ? member->valuestring : "";
}

double document_number(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(member) ? member->valuedouble : 0;
}

bool document_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

const char *document_requirement(const cJSON *test_case)
{
    const char *text = document_text(test_case, "requirement");
    const char *colon = strstr(text, ": ");
    const char *slash = strchr(text, '/');
    size_t n_id = strcspn(text, " ");
    bool has_id =
        colon && slash && n_id == (size_t)(colon - text) + 1 && slash < colon;
    return has_id ? colon + 2 : text;
}

const char *document_section(const cJSON *test_case, char *buffer, size_t n)
{
    const char *file = document_text(test_case, "file");
    const char *slash = strrchr(file, '/');
    if (slash)
        file = slash + 1;
    size_t n_numbers = strspn(file, "0123456789_");
    while (n_numbers > 0 && file[n_numbers - 1] == '_')
        n_numbers--;
    if (n_numbers == 0) {
        snprintf(buffer, n, "%.*s", (int)strcspn(file, "."), file);
        return buffer;
    }
    snprintf(buffer, n, "%.*s", (int)n_numbers, file);
    for (char *c = buffer; *c; c++)
        if (*c == '_')
            *c = '.';
    return buffer;
}

const char *document_list(const cJSON *array, const char *separator,
                          char *buffer, size_t n)
{
    const cJSON *item;
    size_t used = 0;
    buffer[0] = '\0';
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item) || used >= n)
            continue;
        int more = snprintf(buffer + used, n - used, "%s%s",
                            used ? separator : "", item->valuestring);
        used += more > 0 ? (size_t)more : 0;
    }
    return buffer;
}
