/* SPDX-License-Identifier: Apache-2.0 */
/* compare.h -- several runs side by side.
 *
 * A comparison is a JSON document of its own ("mqttspec-compare/1"): the runs,
 * every statement with its verdict in each run, every case likewise, with the
 * evidence of what failed. The page and the Markdown are views of it. When all
 * runs judged a target of one name it is that broker's history, in the order of
 * time. Some runs of a thousand cases.
 */
#ifndef MQTTSPEC_REPORT_COMPARE_H
#define MQTTSPEC_REPORT_COMPARE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "report/text.h"

/* compare_documents makes the comparison of n finished documents.
 *
 * documents, n   borrowed and unchanged; n >= 2; sorted in place by their start
 *                when they are one broker's history
 *
 * Returns the comparison, to be freed with cJSON_Delete.
 */
cJSON *compare_documents(cJSON **documents, size_t n);

/* write_compare_markdown writes a comparison as Markdown: the runs, the
 * differences (in a history: what changed from run to run), what each breaks.
 */
void write_compare_markdown(struct text *out, const cJSON *comparison);

/* write_compare_page writes a comparison as one self-contained HTML page, with
 * the packets of one case for all that failed alike in a run (report/pack.h).
 */
void write_compare_page(struct text *out, const cJSON *comparison);

#endif
