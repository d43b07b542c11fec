/* SPDX-License-Identifier: Apache-2.0 */
/* tap.c -- the Test Anything Protocol.
 *
 * Version 13, whose readers are everywhere; every line of it is also TAP 14. A
 * known failure is a TODO, which must not fail a run; so is a warning, which is
 * "not ok" without being a failure of a MUST.
 */
#include <stdbool.h>
#include <string.h>

#include "report/document.h"
#include "report/transcript_text.h"
#include "report/writers.h"

/* A member as a YAML block, so that no text needs quoting. */
static void put_yaml(struct text *out, const cJSON *test_case,
                     const char *member)
{
    if (!*document_text(test_case, member))
        return;
    text_printf(out, "  %s: |\n    ", member);
    text_puts_line(out, document_text(test_case, member), "");
    text_puts(out, "\n");
}

/* The transcript as a list of quoted lines: they begin with spaces, which a
 * block would take for indentation, and small readers of YAML know no more. */
static void put_transcript(struct text *out, const cJSON *test_case)
{
    struct text lines = {0};
    transcript_text_put(&lines, test_case, 0);
    if (lines.n > 0)
        text_puts(out, "  transcript:\n");
    for (const char *at = lines.chars; at && *at;) {
        size_t n = strcspn(at, "\n");
        text_puts(out, "    - '");
        for (size_t i = 0; i < n; i++)
            text_add(out, at[i] == '\'' ? "''" : at + i, at[i] == '\'' ? 2 : 1);
        text_puts(out, "'\n");
        at += n + (at[n] == '\n');
    }
    text_clear(&lines);
}

static void put_diagnosis(struct text *out, const cJSON *test_case)
{
    static const char *const members[] = {
        "verdict", "requirement", "expected", "actual",
        "reason",  "ended_by",    "capture",  "rerun",
    };
    char ids[2048];
    text_puts(out, "  ---\n");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        put_yaml(out, test_case, members[i]);
    text_printf(
        out, "  statements: [%s]\n",
        document_list(cJSON_GetObjectItemCaseSensitive(test_case, "statements"),
                      ", ", ids, sizeof ids));
    put_transcript(out, test_case);
    text_puts(out, "  ...\n");
}

static void put_directive(struct text *out, const char *word, const char *why)
{
    text_printf(out, " # %s ", word);
    text_puts_line(out, why, "");
}

static void put_case(struct text *out, const cJSON *test_case, int number)
{
    enum document_verdict verdict = document_verdict_of(test_case);
    const char *reason = document_text(test_case, "reason");
    const char *known = document_text(test_case, "known");
    bool is_unexpected = document_flag(test_case, "unexpected_pass");
    bool is_ok = (verdict == DOCUMENT_PASSED && !is_unexpected) ||
                 verdict == DOCUMENT_SKIPPED ||
                 verdict == DOCUMENT_INCONCLUSIVE;
    text_printf(out, "%s %d - ", is_ok ? "ok" : "not ok", number);
    text_puts_line(out, document_text(test_case, "name"), "#\\");
    if (verdict == DOCUMENT_SKIPPED)
        put_directive(out, "SKIP", reason);
    else if (verdict == DOCUMENT_INCONCLUSIVE) {
        put_directive(out, "SKIP", "inconclusive: ");
        text_puts_line(out, reason, "");
    } else if (verdict == DOCUMENT_WARNING)
        put_directive(out, "TODO", "a SHOULD is not followed");
    else if (verdict == DOCUMENT_FAILED && *known)
        put_directive(out, "TODO", known);
    text_puts(out, "\n");
    if (is_unexpected)
        text_puts(out, "# a known failure passed: take it off the list\n");
    if (!is_ok)
        put_diagnosis(out, test_case);
}

void write_tap(struct text *out, const cJSON *document)
{
    const cJSON *test_case;
    int number = 0;
    text_puts(out, "TAP version 13\n");
    text_printf(out, "1..%d\n", cJSON_GetArraySize(document_cases(document)));
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        put_case(out, test_case, ++number);
    }
}
