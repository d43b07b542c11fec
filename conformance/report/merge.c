/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c -- joins the documents of shards into one.
 *
 * Everything that can be derived is derived anew by document_finish, so the
 * result is the one that a single run would have written.
 */
#include "report/merge.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/document.h"

enum { MAX_SHARDS = 4096 };

struct parts {
    cJSON *const *documents;
    const char *const *names;
    size_t n;
    char *error;
    size_t n_error;
};

static const char *target_text(const cJSON *document, const char *name)
{
    return document_text(cJSON_GetObjectItemCaseSensitive(document, "target"),
                         name);
}

static int check_targets(const struct parts *parts)
{
    static const char *const members[] = {"name", "version"};
    for (size_t i = 1; i < parts->n; i++)
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
            const char *one = target_text(parts->documents[0], members[m]);
            const char *other = target_text(parts->documents[i], members[m]);
            if (strcmp(one, other) == 0)
                continue;
            snprintf(parts->error, parts->n_error,
                     "%s judged another target than %s: %s \"%s\", not \"%s\"",
                     parts->names[i], parts->names[0], members[m], other, one);
            return -1;
        }
    return 0;
}

/* Reads "2/3". Returns 0, or -1 when that is not what it says. */
static int parse_shard(const char *text, int *index, int *count)
{
    char rest;
    if (sscanf(text, "%d/%d%c", index, count, &rest) != 2)
        return -1;
    return *index >= 1 && *index <= *count && *count <= MAX_SHARDS ? 0 : -1;
}

static int complain_of_shard(const struct parts *parts, size_t i)
{
    const char *shard = document_text(parts->documents[i], "shard");
    if (*shard)
        snprintf(parts->error, parts->n_error,
                 "%s says it is shard \"%s\", which is no K/N", parts->names[i],
                 shard);
    else
        snprintf(parts->error, parts->n_error, "%s is no shard, but others are",
                 parts->names[i]);
    return -1;
}

static int check_shard(const struct parts *parts, size_t i, int n_shards,
                       const char **owners)
{
    int index, count;
    const char *shard = document_text(parts->documents[i], "shard");
    if (parse_shard(shard, &index, &count) < 0)
        return complain_of_shard(parts, i);
    if (count != n_shards) {
        snprintf(parts->error, parts->n_error,
                 "%s is shard %s, but %s is one of %d", parts->names[i], shard,
                 parts->names[0], n_shards);
        return -1;
    }
    if (owners[index - 1]) {
        snprintf(parts->error, parts->n_error,
                 "shard %d/%d is given twice: %s and %s", index, count,
                 owners[index - 1], parts->names[i]);
        return -1;
    }
    owners[index - 1] = parts->names[i];
    return 0;
}

/* All shards, each once; nothing to check where none of the parts is one. */
static int check_shards(const struct parts *parts)
{
    bool has_shard = false;
    for (size_t i = 0; i < parts->n; i++)
        has_shard |= *document_text(parts->documents[i], "shard") != '\0';
    if (!has_shard)
        return 0;
    int index, n_shards;
    if (parse_shard(document_text(parts->documents[0], "shard"), &index,
                    &n_shards) < 0)
        return complain_of_shard(parts, 0);
    const char *owners[MAX_SHARDS] = {NULL};
    for (size_t i = 0; i < parts->n; i++)
        if (check_shard(parts, i, n_shards, owners) < 0)
            return -1;
    for (int k = 0; k < n_shards; k++)
        if (!owners[k]) {
            snprintf(parts->error, parts->n_error, "shard %d/%d is missing",
                     k + 1, n_shards);
            return -1;
        }
    return 0;
}

/* A case and the part it came from, to find doubles by sorting. */
struct origin {
    const char *name;
    const char *part;
};

static int compare_origins(const void *a, const void *b)
{
    const struct origin *x = a;
    const struct origin *y = b;
    return strcmp(x->name, y->name);
}

static int find_double(const struct parts *parts, struct origin *origins,
                       size_t n)
{
    qsort(origins, n, sizeof *origins, compare_origins);
    for (size_t i = 1; i < n; i++) {
        /* The same part may hold a case twice: a run with --repeat. */
        if (origins[i].part == origins[i - 1].part ||
            strcmp(origins[i].name, origins[i - 1].name) != 0)
            continue;
        snprintf(parts->error, parts->n_error, "case %s is in both %s and %s",
                 origins[i].name, origins[i - 1].part, origins[i].part);
        return -1;
    }
    return 0;
}

static int check_cases(const struct parts *parts)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < parts->n; i++)
        n += (size_t)cJSON_GetArraySize(document_cases(parts->documents[i]));
    struct origin *origins = calloc(n + 1, sizeof *origins);
    if (!origins)
        abort();
    const cJSON *test_case;
    for (size_t i = 0; i < parts->n; i++)
        cJSON_ArrayForEach(test_case, document_cases(parts->documents[i]))
        {
            origins[at].name = document_text(test_case, "name");
            origins[at++].part = parts->names[i];
        }
    int result = find_double(parts, origins, n);
    free(origins);
    return result;
}

/* Shards start the target with the settings that their own cases need. */
static void join_settings(cJSON *all, const cJSON *part)
{
    cJSON *settings = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(all, "target"), "settings");
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(part, "target"), "settings");
    const cJSON *setting, *own;
    if (!cJSON_IsArray(settings) || !cJSON_IsArray(more))
        return;
    cJSON_ArrayForEach(setting, more)
    {
        bool is_there = false;
        cJSON_ArrayForEach(own, settings)
        {
            is_there |= cJSON_Compare(own, setting, true) != 0;
        }
        if (!is_there)
            cJSON_AddItemToArray(settings, cJSON_Duplicate(setting, true));
    }
}

static cJSON *join(const struct parts *parts)
{
    cJSON *all = cJSON_Duplicate(parts->documents[0], true);
    cJSON *cases = cJSON_GetObjectItemCaseSensitive(all, "cases");
    const char *started = document_text(all, "started");
    double seconds = 0, jobs = 0;
    for (size_t i = 0; i < parts->n; i++) {
        const cJSON *part = parts->documents[i];
        const char *part_started = document_text(part, "started");
        seconds += document_number(part, "seconds");
        if (document_number(part, "jobs") > jobs)
            jobs = document_number(part, "jobs");
        if (strcmp(part_started, started) < 0)
            started = part_started;
        const cJSON *test_case;
        join_settings(all, part);
        if (i > 0)
            cJSON_ArrayForEach(test_case, document_cases(part))
            {
                cJSON_AddItemToArray(cases, cJSON_Duplicate(test_case, true));
            }
    }
    cJSON_ReplaceItemInObjectCaseSensitive(all, "started",
                                           cJSON_CreateString(started));
    cJSON_ReplaceItemInObjectCaseSensitive(all, "seconds",
                                           cJSON_CreateNumber(seconds));
    cJSON_ReplaceItemInObjectCaseSensitive(all, "jobs",
                                           cJSON_CreateNumber(jobs));
    cJSON_DeleteItemFromObjectCaseSensitive(all, "shard");
    return all;
}

cJSON *merge_documents(cJSON *const *parts, const char *const *names, size_t n,
                       const struct catalogue *catalogue, char *error,
                       size_t n_error)
{
    struct parts all = {parts, names, n, error, n_error};
    if (check_targets(&all) < 0 || check_shards(&all) < 0 ||
        check_cases(&all) < 0)
        return NULL;
    cJSON *document = join(&all);
    document_finish(document, catalogue, NULL);
    return document;
}
