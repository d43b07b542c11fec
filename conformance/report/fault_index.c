/* SPDX-License-Identifier: Apache-2.0 */
/* fault_index.c -- which faults prove that a statement's tests can fail. */
#include "report/fault_index.h"

#include <stdlib.h>
#include <string.h>

#include "faults/catalogue.h"
#include "faults/reasons.h"

static void add(cJSON *index, const char *id, const char *fault)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(index, id);
    if (!list)
        list = cJSON_AddArrayToObject(index, id);
    cJSON_AddItemToArray(list, cJSON_CreateString(fault));
}

cJSON *fault_index_new(const struct catalogue *catalogue)
{
    cJSON *index = cJSON_CreateObject();
    const struct fault *fault;
    for (size_t i = 0; (fault = fault_at(i)); i++) {
        char *ids = strdup(fault->statements);
        char *save = NULL;
        if (!ids)
            abort();
        for (char *id = strtok_r(ids, " ", &save); id;
             id = strtok_r(NULL, " ", &save))
            add(index, id, fault->name);
        free(ids);
    }
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const char *id = catalogue_at(catalogue, i)->id;
        const char *why = reason_for_statement(id);
        if (why && !cJSON_HasObjectItem(index, id))
            cJSON_AddStringToObject(index, id, why);
    }
    return index;
}
