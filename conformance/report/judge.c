/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c -- what the cases say of each statement.
 *
 * One failed case is enough to call a statement violated, and one that passed
 * to call it verified where none failed.
 */
#include "report/judge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/document.h"

/* What the cases say of one statement. */
struct tally {
    cJSON *cases;
    int counts[DOCUMENT_N_VERDICTS];
};

static bool holds(const cJSON *array, const char *string)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, string) == 0)
            return true;
    }
    return false;
}

/* A failed case may name the statements that it saw broken ("violated"); then
 * its other statements are neither broken nor shown. */
static enum document_verdict verdict_for(const cJSON *test_case, const char *id)
{
    enum document_verdict verdict = document_verdict_of(test_case);
    const cJSON *violated =
        cJSON_GetObjectItemCaseSensitive(test_case, "violated");
    if (verdict == DOCUMENT_FAILED && cJSON_GetArraySize(violated) > 0 &&
        !holds(violated, id))
        return DOCUMENT_INCONCLUSIVE;
    return verdict;
}

static void tally_list(struct tally *tallies, const cJSON *index,
                       const cJSON *test_case, const char *list_name)
{
    const cJSON *item;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(test_case, list_name);
    const cJSON *already =
        strcmp(list_name, "violated") == 0
            ? cJSON_GetObjectItemCaseSensitive(test_case, "statements")
            : NULL;
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *at =
            cJSON_IsString(item)
                ? cJSON_GetObjectItemCaseSensitive(index, item->valuestring)
                : NULL;
        if (!at || holds(already, item->valuestring))
            continue;
        struct tally *tally = &tallies[at->valueint];
        tally->counts[verdict_for(test_case, item->valuestring)]++;
        cJSON_AddItemToArray(
            tally->cases, cJSON_CreateString(document_text(test_case, "name")));
    }
}

static const char *judge(const struct statement *s, const struct tally *tally)
{
    const int *n = tally->counts;
    if (n[DOCUMENT_FAILED] > 0)
        return "violated";
    if (n[DOCUMENT_PASSED] > 0)
        return "verified";
    /* A case warns when a SHOULD is not followed: that breaks no MUST. */
    if (n[DOCUMENT_WARNING] > 0)
        return s->level == STATEMENT_LEVEL_MUST ? "verified" : "violated";
    if (cJSON_GetArraySize(tally->cases) > 0)
        return "skipped";
    if (s->testable == STATEMENT_TESTABLE_NO)
        return "unobservable";
    return s->role == STATEMENT_ROLE_CLIENT ? "client" : "untested";
}

/* Members of a statement that some readers want and none must have. */
static void add_details(cJSON *out, const struct statement *s)
{
    cJSON_AddStringToObject(out, "title", s->title);
    cJSON_AddStringToObject(out, "level", statement_level_name(s->level));
    cJSON_AddStringToObject(out, "testable",
                            statement_testable_name(s->testable));
    if (*s->observable)
        cJSON_AddStringToObject(out, "observable", s->observable);
    if (*s->reason)
        cJSON_AddStringToObject(out, "reason", s->reason);
}

static cJSON *statement_object(const struct statement *s, struct tally *tally,
                               const cJSON *faults)
{
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "id", s->id);
    cJSON_AddStringToObject(out, "section", s->section);
    cJSON_AddStringToObject(out, "role", statement_role_name(s->role));
    cJSON_AddStringToObject(out, "summary", s->summary);
    cJSON_AddStringToObject(out, "verdict", judge(s, tally));
    add_details(out, s);
    cJSON_AddItemToObject(out, "cases", tally->cases);
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(faults, s->id);
    cJSON_AddItemToObject(out, "faults",
                          cJSON_IsArray(known) ? cJSON_Duplicate(known, true)
                                               : cJSON_CreateArray());
    if (cJSON_IsString(known))
        cJSON_AddStringToObject(out, "no_fault", known->valuestring);
    return out;
}

cJSON *judge_statements(const cJSON *cases, const struct catalogue *catalogue,
                        const cJSON *faults)
{
    size_t n = catalogue_count(catalogue);
    struct tally *tallies = calloc(n + 1, sizeof *tallies);
    cJSON *index = cJSON_CreateObject();
    if (!tallies)
        abort();
    for (size_t i = 0; i < n; i++) {
        cJSON_AddNumberToObject(index, catalogue_at(catalogue, i)->id,
                                (double)i);
        tallies[i].cases = cJSON_CreateArray();
    }
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, cases)
    {
        tally_list(tallies, index, test_case, "statements");
        tally_list(tallies, index, test_case, "violated");
    }
    cJSON *statements = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(
            statements,
            statement_object(catalogue_at(catalogue, i), &tallies[i], faults));
    cJSON_Delete(index);
    free(tallies);
    return statements;
}

cJSON *judge_faults_of(const cJSON *document)
{
    cJSON *faults = cJSON_CreateObject();
    const cJSON *s;
    cJSON_ArrayForEach(s,
                       cJSON_GetObjectItemCaseSensitive(document, "statements"))
    {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(s, "no_fault");
        if (!list)
            list = cJSON_GetObjectItemCaseSensitive(s, "faults");
        if (cJSON_IsString(list) || cJSON_GetArraySize(list) > 0)
            cJSON_AddItemToObject(faults, document_text(s, "id"),
                                  cJSON_Duplicate(list, true));
    }
    return faults;
}
