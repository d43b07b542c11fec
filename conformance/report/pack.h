/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h -- a comparison in a tenth of its size, for the page that carries it.
 *
 * Four brokers and six thousand cases say the same things over and over. In
 * the packed form ("mqttspec-compare-page/1") every text, list and number of a
 * case or packet stands once in "values" and is meant by its index there, 0
 * being "absent":
 *
 *   runs, statements   as in the comparison
 *   values             what the indices mean
 *   heads, details     tables: {members, rows}; a row has an index per member
 *   cases              [head, row of the test's table, then for each run the
 *                      detail and the milliseconds]
 *   transcripts        [name of the case, microseconds since the entry before,
 *                      who, shape, ...] with three numbers before what the
 *                      shape asks for; see pack_transcript.c
 *
 * Cases of one test that failed in the same way in one run share one
 * transcript, and a long one keeps its beginning and what led to the offending
 * packet: what is left out stands in the report of the run.
 */
#ifndef MQTTSPEC_REPORT_PACK_H
#define MQTTSPEC_REPORT_PACK_H

#include <cjson/cJSON.h>

#include "report/pool.h"

/* pack_comparison packs what compare_documents returned.
 *
 * comparison   borrowed and unchanged
 *
 * Returns the packed form, to be freed with cJSON_Delete.
 */
cJSON *pack_comparison(const cJSON *comparison);

/* pack_transcript packs the transcript of one case.
 *
 * values       takes the texts
 * name         the case
 * transcript   an array of entries, borrowed
 *
 * Returns an array, to be freed with cJSON_Delete.
 */
cJSON *pack_transcript(struct pool *values, const char *name,
                       const cJSON *transcript);

#endif
