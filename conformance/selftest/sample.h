/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h -- a small document for the tests of the reports.
 *
 * Eight cases: two passed (one of them unexpectedly), two failed (one of them
 * known), and one of each other verdict.
 */
#ifndef MQTTSPEC_SELFTEST_SAMPLE_H
#define MQTTSPEC_SELFTEST_SAMPLE_H

#include <cjson/cJSON.h>

/* sample_unfinished makes the document as a runner does, before
 * document_finish. For cJSON_Delete. */
cJSON *sample_unfinished(void);

/* sample_finish calls document_finish with the embedded catalogue. */
void sample_finish(cJSON *document);

/* sample_document makes the finished document. */
cJSON *sample_document(void);

/* sample_shard makes the finished document of shard k of n: its share of the
 * cases, "shard" set. */
cJSON *sample_shard(int k, int n);

#endif
