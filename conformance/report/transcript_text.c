/* SPDX-License-Identifier: Apache-2.0 */
/* transcript_text.c -- a case's transcript as plain text.
 *
 *      0.004 pump     >  CONNECT client_id="pump"
 *      0.005 pump     <  CONNACK reason=0x00
 */
#include "report/transcript_text.h"

#include <string.h>

#include "report/document.h"

static const char *arrow_of(const cJSON *entry)
{
    const char *from = document_text(entry, "from");
    if (strcmp(from, "client") == 0)
        return ">";
    return strcmp(from, "broker") == 0 ? "<" : "-";
}

void transcript_text_put(struct text *out, const cJSON *test_case, int indent)
{
    const cJSON *entry;
    cJSON_ArrayForEach(
        entry, cJSON_GetObjectItemCaseSensitive(test_case, "transcript"))
    {
        text_printf(out, "%*s%9.4f %-10.24s %s ", indent, "",
                    document_number(entry, "time"), document_text(entry, "who"),
                    arrow_of(entry));
        text_puts_line(out, document_text(entry, "text"), "");
        text_puts(out, document_flag(entry, "offending") ? "   <<<\n" : "\n");
    }
}
