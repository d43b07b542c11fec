/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c -- several runs side by side, as data.
 *
 * Rows are the union over all runs; a run that lacks a row has an empty verdict
 * there.
 */
#include "report/compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/document.h"
#include "report/pack.h"
#include "report/page.h"

#define COMPARE_SCHEMA "mqttspec-compare/1"

static const cJSON *target_of(const cJSON *document)
{
    return cJSON_GetObjectItemCaseSensitive(document, "target");
}

static bool is_history(cJSON *const *documents, size_t n)
{
    const char *name = document_text(target_of(documents[0]), "name");
    for (size_t i = 1; i < n; i++)
        if (strcmp(document_text(target_of(documents[i]), "name"), name) != 0)
            return false;
    return true;
}

static int compare_starts(const void *a, const void *b)
{
    return strcmp(document_text(*(cJSON *const *)a, "started"),
                  document_text(*(cJSON *const *)b, "started"));
}

static void copy_member(cJSON *to, const cJSON *from, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(from, name);
    if (member)
        cJSON_AddItemToObject(to, name, cJSON_Duplicate(member, true));
}

static cJSON *run_object(const cJSON *document)
{
    static const char *const of_target[] = {"name", "version", "url",
                                            "settings"};
    static const char *const of_run[] = {"started", "seconds", "summary"};
    cJSON *run = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof of_target / sizeof of_target[0]; i++)
        copy_member(run, target_of(document), of_target[i]);
    for (size_t i = 0; i < sizeof of_run / sizeof of_run[0]; i++)
        copy_member(run, document, of_run[i]);
    return run;
}

/* How one kind of row is made. */
struct rows {
    const char *list;                     /* "statements" or "cases" */
    const char *key;                      /* "id" or "name" */
    const char *const *shared;            /* members that all runs have alike */
    cJSON *(*detail)(const cJSON *entry); /* evidence, or NULL; may be NULL */
};

static cJSON *case_detail(const cJSON *test_case)
{
    static const char *const always[] = {"seconds", "ended_by"};
    static const char *const evidence[] = {
        "expected",        "actual",   "reason", "known",      "capture",
        "unexpected_pass", "violated", "rerun",  "transcript",
    };
    cJSON *detail = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        copy_member(detail, test_case, always[i]);
    if (document_verdict_of(test_case) == DOCUMENT_PASSED &&
        !document_flag(test_case, "unexpected_pass"))
        return detail;
    for (size_t i = 0; i < sizeof evidence / sizeof evidence[0]; i++)
        copy_member(detail, test_case, evidence[i]);
    return detail;
}

static cJSON *new_row(const struct rows *rows, const cJSON *entry, size_t n)
{
    cJSON *row = cJSON_CreateObject();
    for (size_t i = 0; rows->shared[i]; i++)
        copy_member(row, entry, rows->shared[i]);
    cJSON *verdicts = cJSON_AddArrayToObject(row, "verdicts");
    cJSON *details =
        rows->detail ? cJSON_AddArrayToObject(row, "details") : NULL;
    for (size_t i = 0; i < n; i++) {
        cJSON_AddItemToArray(verdicts, cJSON_CreateString(""));
        if (details)
            cJSON_AddItemToArray(details, cJSON_CreateNull());
    }
    return row;
}

/* What a failed case names is what was broken; it speaks for the row. */
static void complete_row(cJSON *row, const cJSON *entry)
{
    static const char *const member = "requirement";
    bool is_failed = strcmp(document_text(entry, "verdict"),
                            document_verdict_name(DOCUMENT_FAILED)) == 0;
    if (!*document_text(entry, member) ||
        (*document_text(row, member) && !is_failed))
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(row, member);
    copy_member(row, entry, member);
}

static void fill_row(const struct rows *rows, cJSON *row, const cJSON *entry,
                     int run)
{
    cJSON_ReplaceItemInArray(
        cJSON_GetObjectItemCaseSensitive(row, "verdicts"), run,
        cJSON_CreateString(document_text(entry, "verdict")));
    if (rows->detail)
        cJSON_ReplaceItemInArray(
            cJSON_GetObjectItemCaseSensitive(row, "details"), run,
            rows->detail(entry));
}

struct keyed_row {
    const char *key;
    cJSON *row;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct keyed_row *)a)->key,
                  ((const struct keyed_row *)b)->key);
}

static cJSON *find_row(struct keyed_row *index, size_t n, const char *key)
{
    struct keyed_row wanted = {.key = key};
    struct keyed_row *found =
        n ? bsearch(&wanted, index, n, sizeof wanted, compare_keys) : NULL;
    return found ? found->row : NULL;
}

/* Adds one run's entries to the rows; new rows follow the old ones. */
static void add_run(const struct rows *rows, cJSON *all, const cJSON *document,
                    int run, size_t n_runs)
{
    size_t n = 0;
    struct keyed_row *index =
        calloc((size_t)cJSON_GetArraySize(all) + 1, sizeof *index);
    if (!index)
        abort();
    cJSON *row;
    cJSON_ArrayForEach(row, all)
    {
        index[n].key = document_text(row, rows->key);
        index[n++].row = row;
    }
    qsort(index, n, sizeof *index, compare_keys);
    const cJSON *entry;
    cJSON_ArrayForEach(entry,
                       cJSON_GetObjectItemCaseSensitive(document, rows->list))
    {
        row = find_row(index, n, document_text(entry, rows->key));
        if (!row) {
            row = new_row(rows, entry, n_runs);
            cJSON_AddItemToArray(all, row);
        }
        complete_row(row, entry);
        fill_row(rows, row, entry, run);
    }
    free(index);
}

cJSON *compare_documents(cJSON **documents, size_t n)
{
    static const char *const statement_members[] = {
        "id", "section", "title", "role", "level", "summary", NULL,
    };
    static const char *const case_members[] = {
        "name",   "test",       "file",        "mqtt", "transport",
        "driver", "statements", "requirement", NULL,
    };
    static const struct rows kinds[] = {
        {"statements", "id", statement_members, NULL},
        {"cases", "name", case_members, case_detail},
    };
    bool history = is_history(documents, n);
    if (history)
        qsort(documents, n, sizeof(cJSON *), compare_starts);
    cJSON *comparison = cJSON_CreateObject();
    cJSON_AddStringToObject(comparison, "schema", COMPARE_SCHEMA);
    cJSON_AddStringToObject(comparison, "mode",
                            history ? "history" : "brokers");
    cJSON *runs = cJSON_AddArrayToObject(comparison, "runs");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(runs, run_object(documents[i]));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        cJSON *all = cJSON_AddArrayToObject(comparison, kinds[k].list);
        for (size_t i = 0; i < n; i++)
            add_run(&kinds[k], all, documents[i], (int)i, n);
    }
    return comparison;
}

void write_compare_page(struct text *out, const cJSON *comparison)
{
    cJSON *packed = pack_comparison(comparison);
    char *json = cJSON_PrintUnformatted(packed);
    cJSON_Delete(packed);
    if (!json)
        abort();
    page_put(out, "reports/page/compare.html", "reports/page/compare.js", json);
    cJSON_free(json);
}
