/* SPDX-License-Identifier: Apache-2.0 */
/* fault_index.c -- which faults prove that a statement's tests can fail. */
#include "report/fault_index.h"

#include <stdlib.h>
#include <string.h>

#include "tap/tap.h"

static void add(cJSON *index, const char *id, const char *fault)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(index, id);
    if (!list)
        list = cJSON_AddArrayToObject(index, id);
    cJSON_AddItemToArray(list, cJSON_CreateString(fault));
}

cJSON *fault_index_new(void)
{
    cJSON *index = cJSON_CreateObject();
    for (size_t i = 0; faults[i]; i++) {
        char *ids = strdup(faults[i]->statements ? faults[i]->statements : "");
        char *save = NULL;
        if (!ids)
            abort();
        for (char *id = strtok_r(ids, " ", &save); id;
             id = strtok_r(NULL, " ", &save))
            add(index, id, faults[i]->name);
        free(ids);
    }
    return index;
}
