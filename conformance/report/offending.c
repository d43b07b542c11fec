/* SPDX-License-Identifier: Apache-2.0 */
/* offending.c -- which packet of a failed case's transcript is to blame.
 *
 * A failed expectation tells the packet as the transcript does, and then what
 * is wrong with it; so one text is part of the other.
 */
#include "report/offending.h"

#include <stdbool.h>
#include <string.h>

#include "report/document.h"

static bool is_event(const cJSON *entry, const char *event)
{
    return strcmp(document_text(entry, "event"), event) == 0 &&
           strcmp(document_text(entry, "from"), "broker") == 0;
}

/* Whether `actual` begins with the packet, or tells of it further on. */
static bool is_told(const cJSON *entry, const char *actual)
{
    const char *text = document_text(entry, "text");
    const char *at = *text ? strstr(actual, text) : NULL;
    char after = at ? at[strlen(text)] : 'x';
    return at && (at == actual || at[-1] == ' ') &&
           (after == '\0' || strchr(" (,;.", after));
}

static bool tells_of_close(const char *actual)
{
    return strstr(actual, "close") || strstr(actual, "end of") ||
           strstr(actual, "reset");
}

static void mark(cJSON *entry)
{
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "offending");
    cJSON_AddTrueToObject(entry, "offending");
}

void offending_mark(cJSON *test_case)
{
    const char *actual = document_text(test_case, "actual");
    cJSON *entry, *told = NULL, *closed = NULL;
    enum document_verdict verdict = document_verdict_of(test_case);
    if (verdict != DOCUMENT_FAILED && verdict != DOCUMENT_WARNING)
        return;
    cJSON_ArrayForEach(
        entry, cJSON_GetObjectItemCaseSensitive(test_case, "transcript"))
    {
        if (document_flag(entry, "offending"))
            return;
        if (is_event(entry, "packet") && is_told(entry, actual))
            told = entry;
        if (is_event(entry, "close"))
            closed = entry;
    }
    if (told)
        mark(told);
    else if (closed && tells_of_close(actual))
        mark(closed);
}
