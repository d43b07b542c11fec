/* SPDX-License-Identifier: Apache-2.0 */
/* fault_index.h -- which faults prove that a statement's tests can fail.
 *
 * Made from the catalogue of faults; a hundred faults or so.
 */
#ifndef MQTTSPEC_REPORT_FAULT_INDEX_H
#define MQTTSPEC_REPORT_FAULT_INDEX_H

#include <cjson/cJSON.h>

#include "statement.h"

/* fault_index_new makes the object that document_finish takes:
 * { statement id: [names of the faults that break it] }; a statement of the
 * catalogue that no fault can break has the reason in place of the list.
 *
 * Returns it, to be freed with cJSON_Delete.
 */
cJSON *fault_index_new(const struct catalogue *catalogue);

#endif
