/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h -- joins the documents of shards into one.
 *
 * The parts must be of one target and share no case; where they are shards
 * ("shard": "2/3"), all of them must be there, each once.
 */
#ifndef MQTTSPEC_REPORT_MERGE_H
#define MQTTSPEC_REPORT_MERGE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "statement.h"

/* merge_documents joins n checked documents.
 *
 * parts, n    the documents, borrowed and unchanged; n >= 1
 * names       what to call each in messages, e.g. its path
 * error, n_error   where to say what is wrong; untouched on success
 *
 * Returns a finished document, to be freed with cJSON_Delete; NULL when the
 * parts do not belong together.
 */
cJSON *merge_documents(cJSON *const *parts, const char *const *names, size_t n,
                       const struct catalogue *catalogue, char *error,
                       size_t n_error);

#endif
