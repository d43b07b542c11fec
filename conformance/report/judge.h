/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h -- what the cases say of each statement.
 *
 * From the verdicts of a thousand cases to one verdict for each of some five
 * hundred statements.
 */
#ifndef MQTTSPEC_REPORT_JUDGE_H
#define MQTTSPEC_REPORT_JUDGE_H

#include <cjson/cJSON.h>

#include "statement.h"

/* judge_statements makes the "statements" of a document.
 *
 * cases    the document's cases; borrowed
 * faults   { statement id: [names of faults], or why there are none };
 *          borrowed, may be NULL
 *
 * Returns an array with an object per statement of the catalogue, in its order:
 * its verdict, the cases that name it, its faults. For cJSON_Delete.
 */
cJSON *judge_statements(const cJSON *cases, const struct catalogue *catalogue,
                        const cJSON *faults);

/* judge_faults_of reads { statement id: [names of faults] } back out of a
 * finished document. For cJSON_Delete. */
cJSON *judge_faults_of(const cJSON *document);

#endif
