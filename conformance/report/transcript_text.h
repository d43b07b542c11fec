/* SPDX-License-Identifier: Apache-2.0 */
/* transcript_text.h -- a case's transcript as plain text.
 *
 * One line per entry: time, who, direction, the decoded packet. Used wherever
 * a report has no room for a ladder. Some tens of lines.
 */
#ifndef MQTTSPEC_REPORT_TRANSCRIPT_TEXT_H
#define MQTTSPEC_REPORT_TRANSCRIPT_TEXT_H

#include <cjson/cJSON.h>

#include "report/text.h"

/* transcript_text_put appends the transcript of a case, each line indented.
 *
 * indent   spaces before each line
 *
 * Adds nothing when the case has no transcript. The offending entry is marked
 * with "<<<".
 */
void transcript_text_put(struct text *out, const cJSON *test_case, int indent);

#endif
