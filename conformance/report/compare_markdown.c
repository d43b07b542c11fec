/* SPDX-License-Identifier: Apache-2.0 */
/* compare_markdown.c -- a comparison as Markdown.
 *
 * Differences come first: a statement that all runs agree on tells the reader
 * nothing new about any of them.
 */
#include <stdbool.h>
#include <string.h>

#include "report/compare.h"
#include "report/document.h"

static void put_plain(struct text *out, const char *string)
{
    text_puts_line(out, string, "\\`*_|<>[]#");
}

static const cJSON *list_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_history(const cJSON *comparison)
{
    return strcmp(document_text(comparison, "mode"), "history") == 0;
}

/* What a run is called: in a history by its time, else by its broker. */
static void put_run_name(struct text *out, const cJSON *comparison,
                         const cJSON *run)
{
    if (!is_history(comparison)) {
        put_plain(out, document_text(run, "name"));
        text_puts(out, " ");
    }
    put_plain(out, document_text(run, "version"));
    if (is_history(comparison)) {
        text_puts(out, " of ");
        put_plain(out, document_text(run, "started"));
    }
}

static void put_runs(struct text *out, const cJSON *comparison)
{
    static const char *const counts[] = {
        "cases",  "passed",   "failed",       "known_failures",
        "errors", "warnings", "inconclusive", "skipped",
    };
    text_puts(out, "| run | started | cases | passed | failed | of these known"
                   " | errors | warnings | inconclusive | skipped |\n"
                   "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    const cJSON *run;
    cJSON_ArrayForEach(run, list_of(comparison, "runs"))
    {
        text_puts(out, "| ");
        put_plain(out, document_text(run, "name"));
        text_puts(out, " ");
        put_plain(out, document_text(run, "version"));
        text_puts(out, " | ");
        put_plain(out, document_text(run, "started"));
        text_puts(out, " |");
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            text_printf(out, " %d |", document_count(run, counts[i]));
        text_puts(out, "\n");
    }
    text_puts(out, "\n");
}

static const char *verdict_at(const cJSON *row, int run)
{
    const cJSON *verdict = cJSON_GetArrayItem(list_of(row, "verdicts"), run);
    return cJSON_IsString(verdict) ? verdict->valuestring : "";
}

/* Whether two runs that came to a conclusion differ in it. */
static bool differs(const cJSON *row)
{
    bool is_verified = false, is_violated = false;
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, list_of(row, "verdicts"))
    {
        is_verified |= strcmp(verdict->valuestring, "verified") == 0;
        is_violated |= strcmp(verdict->valuestring, "violated") == 0;
    }
    return is_verified && is_violated;
}

static bool is_violated_by_all(const cJSON *row)
{
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, list_of(row, "verdicts"))
    {
        if (strcmp(verdict->valuestring, "violated") != 0)
            return false;
    }
    return true;
}

static void put_table_head(struct text *out, const cJSON *comparison)
{
    text_puts(out, "| statement | it asks |");
    const cJSON *run;
    cJSON_ArrayForEach(run, list_of(comparison, "runs"))
    {
        text_puts(out, " ");
        put_run_name(out, comparison, run);
        text_puts(out, " |");
    }
    text_puts(out, "\n|---|---|");
    cJSON_ArrayForEach(run, list_of(comparison, "runs"))
    {
        text_puts(out, "---|");
    }
    text_puts(out, "\n");
}

static void put_row(struct text *out, const cJSON *row)
{
    text_puts(out, "| ");
    put_plain(out, document_text(row, "id"));
    text_puts(out, " | ");
    put_plain(out, document_text(row, "summary"));
    text_puts(out, " |");
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, list_of(row, "verdicts"))
    {
        bool is_violated = strcmp(verdict->valuestring, "violated") == 0;
        const char *word = *verdict->valuestring ? verdict->valuestring : "-";
        text_printf(out, is_violated ? " **%s** |" : " %s |", word);
    }
    text_puts(out, "\n");
}

static void put_statements(struct text *out, const cJSON *comparison,
                           const char *title, bool (*is_wanted)(const cJSON *))
{
    int n = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, list_of(comparison, "statements"))
    {
        if (!is_wanted(row))
            continue;
        if (n++ == 0) {
            text_printf(out, "## %s\n\n", title);
            put_table_head(out, comparison);
        }
        put_row(out, row);
    }
    if (n > 0)
        text_puts(out, "\n");
}

/* The cases whose verdict is another one in a run than in the one before it.
 * What only one of them has is counted, unless it fails now. */
static void put_changes_of(struct text *out, const cJSON *comparison, int run)
{
    int n_changed = 0, n_added = 0, n_gone = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, list_of(comparison, "cases"))
    {
        const char *before = verdict_at(row, run - 1);
        const char *now = verdict_at(row, run);
        n_added += !*before && *now;
        n_gone += *before && !*now;
        if (strcmp(before, now) == 0 || !*now ||
            (!*before && strcmp(now, "failed") != 0))
            continue;
        text_puts(out, "- ");
        put_plain(out, document_text(row, "name"));
        text_printf(out, ": %s -> %s\n", *before ? before : "not there", now);
        n_changed++;
    }
    text_puts(out, n_changed ? "\n" : "No verdict.\n\n");
    if (n_added + n_gone > 0)
        text_printf(out,
                    "Cases that were not there before: %d; that are not there"
                    " any more: %d.\n\n",
                    n_added, n_gone);
}

/* From run to run. */
static void put_changes(struct text *out, const cJSON *comparison)
{
    int n_runs = cJSON_GetArraySize(list_of(comparison, "runs"));
    for (int i = 1; i < n_runs; i++) {
        text_puts(out, "## What changed with ");
        put_run_name(out, comparison,
                     cJSON_GetArrayItem(list_of(comparison, "runs"), i));
        text_puts(out, "\n\n");
        put_changes_of(out, comparison, i);
    }
}

static void put_member(struct text *out, const cJSON *object, const char *name)
{
    if (!*document_text(object, name))
        return;
    text_printf(out, "  - %s: ", name);
    put_plain(out, document_text(object, name));
    text_puts(out, "\n");
}

static void put_broken(struct text *out, const cJSON *comparison,
                       const cJSON *run, int number)
{
    int n = 0;
    text_puts(out, "## What ");
    put_run_name(out, comparison, run);
    text_puts(out, " breaks\n\n");
    const cJSON *row;
    cJSON_ArrayForEach(row, list_of(comparison, "cases"))
    {
        const cJSON *detail =
            cJSON_GetArrayItem(list_of(row, "details"), number);
        char ids[2048];
        if (strcmp(verdict_at(row, number), "failed") != 0)
            continue;
        text_puts(out, "- **");
        put_plain(out, document_text(row, "name"));
        text_printf(
            out, "** `%s`\n",
            document_list(list_of(row, "statements"), ", ", ids, sizeof ids));
        text_puts(out, "  - requirement: ");
        put_plain(out, document_requirement(row));
        text_puts(out, "\n");
        put_member(out, detail, "expected");
        put_member(out, detail, "actual");
        put_member(out, detail, "known");
        n++;
    }
    text_puts(out, n ? "\n" : "Nothing that the suite looks at.\n\n");
}

void write_compare_markdown(struct text *out, const cJSON *comparison)
{
    const cJSON *first = cJSON_GetArrayItem(list_of(comparison, "runs"), 0);
    if (is_history(comparison)) {
        text_puts(out, "# MQTT conformance of ");
        put_plain(out, document_text(first, "name"));
        text_puts(out, " over time\n\n");
    } else {
        text_puts(out, "# MQTT conformance of brokers, side by side\n\n");
    }
    put_runs(out, comparison);
    if (is_history(comparison))
        put_changes(out, comparison);
    put_statements(out, comparison, "Where they differ", differs);
    put_statements(out, comparison, "What all of them break",
                   is_violated_by_all);
    int number = 0;
    const cJSON *run;
    cJSON_ArrayForEach(run, list_of(comparison, "runs"))
    {
        put_broken(out, comparison, run, number++);
    }
}
