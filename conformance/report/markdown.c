/* SPDX-License-Identifier: Apache-2.0 */
/* markdown.c -- a summary to read on a forge, its annotations, the badge.
 *
 * GitHub cuts step summaries at 1 MiB and shows ten annotations of a kind per
 * step; so failures come first, and their number is limited.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "report/document.h"
#include "report/writers.h"

enum { MAX_DETAILED = 50, MAX_REASONS = 40 };

static void put_plain(struct text *out, const char *string)
{
    text_puts_line(out, string, "\\`*_|<>[]#");
}

static bool is_failure(const cJSON *test_case)
{
    enum document_verdict v = document_verdict_of(test_case);
    return v == DOCUMENT_FAILED || v == DOCUMENT_ERROR ||
           document_flag(test_case, "unexpected_pass");
}

static void put_counts(struct text *out, const cJSON *document)
{
    static const char *const names[] = {
        "passed", "failed", "errors", "warnings", "inconclusive", "skipped",
    };
    text_puts(out, "| cases |");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        text_printf(out, " %s |", names[i]);
    text_puts(out, "\n|---:|---:|---:|---:|---:|---:|---:|\n|");
    text_printf(out, " %d |", document_count(document, "cases"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        text_printf(out, " %d |", document_count(document, names[i]));
    text_puts(out, "\n\n");
}

/* How many numbered statements of one standard have which verdict. */
static void put_standard(struct text *out, const cJSON *document,
                         const char *standard)
{
    int verified = 0, violated = 0, other = 0;
    size_t n = strlen(standard);
    const cJSON *s;
    cJSON_ArrayForEach(s,
                       cJSON_GetObjectItemCaseSensitive(document, "statements"))
    {
        const char *id = document_text(s, "id");
        const char *verdict = document_text(s, "verdict");
        if (strncmp(id, standard, n) != 0 || strncmp(id + n, "/MQTT-", 6) != 0)
            continue;
        verified += strcmp(verdict, "verified") == 0;
        violated += strcmp(verdict, "violated") == 0;
        other += strcmp(verdict, "verified") != 0 &&
                 strcmp(verdict, "violated") != 0;
    }
    text_printf(out, "| %s | %d | %d | %d |\n", standard, verified, violated,
                other);
}

static void put_quote(struct text *out, const cJSON *test_case,
                      const char *title, const char *member)
{
    if (!*document_text(test_case, member))
        return;
    text_printf(out, "  - %s: ", title);
    put_plain(out, document_text(test_case, member));
    text_puts(out, "\n");
}

static void put_failure(struct text *out, const cJSON *test_case)
{
    char ids[2048];
    text_puts(out, "- **");
    put_plain(out, document_text(test_case, "name"));
    text_printf(out, "** (%s", document_text(test_case, "verdict"));
    if (*document_text(test_case, "known"))
        text_puts(out, ", known");
    document_list(cJSON_GetObjectItemCaseSensitive(test_case, "statements"),
                  ", ", ids, sizeof ids);
    text_printf(out, ") `%s`\n", ids);
    text_puts(out, "  - requirement: ");
    put_plain(out, document_requirement(test_case));
    text_puts(out, "\n");
    put_quote(out, test_case, "expected", "expected");
    put_quote(out, test_case, "actual", "actual");
    put_quote(out, test_case, "reason", "reason");
    if (document_flag(test_case, "unexpected_pass"))
        text_puts(out, "  - a known failure passed: take it off the list\n");
    if (*document_text(test_case, "rerun"))
        text_printf(out, "  - rerun: `%s`\n",
                    document_text(test_case, "rerun"));
}

static void put_failures(struct text *out, const cJSON *document)
{
    int n = 0;
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        if (!is_failure(test_case))
            continue;
        if (n == 0)
            text_puts(out, "### What failed\n\n");
        if (n++ < MAX_DETAILED)
            put_failure(out, test_case);
    }
    if (n > MAX_DETAILED)
        text_printf(out, "- and %d more, see the page\n", n - MAX_DETAILED);
    if (n > 0)
        text_puts(out, "\n");
}

/* Each reason for skipping once, with how many cases it left out. */
static void put_skipped(struct text *out, const cJSON *document)
{
    cJSON *reasons = cJSON_CreateObject();
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        if (document_verdict_of(test_case) != DOCUMENT_SKIPPED)
            continue;
        const char *why = document_text(test_case, "reason");
        cJSON *count = cJSON_GetObjectItemCaseSensitive(reasons, why);
        if (count)
            cJSON_SetNumberValue(count, count->valuedouble + 1);
        else
            cJSON_AddNumberToObject(reasons, why, 1);
    }
    int n = 0;
    const cJSON *reason;
    if (reasons->child)
        text_puts(out, "### What was skipped\n\n");
    cJSON_ArrayForEach(reason, reasons)
    {
        if (n++ >= MAX_REASONS)
            break;
        text_printf(out, "- %d: ", reason->valueint);
        put_plain(out, *reason->string ? reason->string : "no reason given");
        text_puts(out, "\n");
    }
    cJSON_Delete(reasons);
}

void write_markdown(struct text *out, const cJSON *document)
{
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(document, "target");
    int bad = document_count(document, "failed") -
              document_count(document, "known_failures") +
              document_count(document, "unexpected_passes") +
              document_count(document, "errors");
    text_puts(out, "## MQTT conformance of ");
    put_plain(out, document_text(target, "name"));
    text_puts(out, *document_text(target, "version") ? " " : "");
    put_plain(out, document_text(target, "version"));
    text_printf(out, ": %s\n\n", bad > 0 ? "not passed" : "passed");
    put_counts(out, document);
    text_puts(out, "| statements of | verified | violated | neither |\n"
                   "|---|---:|---:|---:|\n");
    put_standard(out, document, "3.1.1");
    put_standard(out, document, "5.0");
    text_puts(out, "\n");
    put_failures(out, document);
    put_skipped(out, document);
}

/* A value of an annotation: % CR LF, and in properties also : and , escaped. */
static void put_annotation_text(struct text *out, const char *string,
                                bool is_property)
{
    for (; *string; string++) {
        bool escape = *string == '%' || *string == '\r' || *string == '\n' ||
                      (is_property && (*string == ':' || *string == ','));
        if (escape)
            text_printf(out, "%%%02X", (unsigned char)*string);
        else
            text_add(out, string, 1);
    }
}

static void put_annotation(struct text *out, const cJSON *test_case,
                           const char *level)
{
    text_printf(out, "::%s title=", level);
    put_annotation_text(out, document_text(test_case, "name"), true);
    text_puts(out, "::");
    put_annotation_text(out, document_text(test_case, "requirement"), false);
    if (*document_text(test_case, "expected")) {
        text_puts(out, "%0Aexpected: ");
        put_annotation_text(out, document_text(test_case, "expected"), false);
        text_puts(out, "%0Aactual: ");
        put_annotation_text(out, document_text(test_case, "actual"), false);
    }
    if (*document_text(test_case, "reason")) {
        text_puts(out, "%0Areason: ");
        put_annotation_text(out, document_text(test_case, "reason"), false);
    }
    text_puts(out, "\n");
}

void write_annotations(struct text *out, const cJSON *document)
{
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        bool is_known = document_verdict_of(test_case) == DOCUMENT_FAILED &&
                        *document_text(test_case, "known") != '\0';
        if (is_failure(test_case) && !is_known)
            put_annotation(out, test_case, "error");
        else if (document_verdict_of(test_case) == DOCUMENT_WARNING || is_known)
            put_annotation(out, test_case, "warning");
    }
}

void write_badge(struct text *out, const cJSON *document)
{
    int passed = document_count(document, "passed");
    int failed = document_count(document, "failed");
    int errors = document_count(document, "errors");
    char message[96];
    if (errors > 0)
        snprintf(message, sizeof message, "%d passed, %d failed, %d errors",
                 passed, failed, errors);
    else if (failed > 0)
        snprintf(message, sizeof message, "%d passed, %d failed", passed,
                 failed);
    else
        snprintf(message, sizeof message, "%d passed", passed);
    cJSON *badge = cJSON_CreateObject();
    cJSON_AddNumberToObject(badge, "schemaVersion", 1);
    cJSON_AddStringToObject(badge, "label", "MQTT conformance");
    cJSON_AddStringToObject(badge, "message", message);
    cJSON_AddStringToObject(badge, "color",
                            failed > 0                  ? "red"
                            : errors > 0 || passed == 0 ? "lightgrey"
                                                        : "brightgreen");
    char *json = cJSON_Print(badge);
    text_puts(out, json);
    text_puts(out, "\n");
    cJSON_free(json);
    cJSON_Delete(badge);
}
