/* SPDX-License-Identifier: Apache-2.0 */
/* results.c -- a case and its verdict as an object of conformance.json. */
#include <stdio.h>
#include <string.h>

#include "runner.h"
#include "t.h"
#include "tap/tap.h"

static const char *driver_name(unsigned drivers)
{
    static const char *const names[] = {"none", "wire", "paho", "both"};
    return names[drivers & 3];
}

static void add(cJSON *object, const char *name, const char *text)
{
    /* What a broker sent may be no UTF-8; JSON must be. */
    char clean[2100];
    size_t at = 0;
    struct wire_bytes bytes = {{text}, strlen(text)};
    bool is_text = wire_utf8_is_valid(bytes);
    for (; *text && at + 1 < sizeof clean; text++)
        clean[at++] =
            (char)(is_text || (unsigned char)*text < 0x80 ? *text : '?');
    clean[at] = '\0';
    cJSON_AddStringToObject(object, name, clean);
}

/* The command that runs this case alone, under the same conditions. */
static void add_rerun(cJSON *object, const struct test_case *c,
                      const struct run_options *options)
{
    char line[700], segment[40] = "", timeout[40] = "", fault[100] = "";
    if (options->segment)
        snprintf(segment, sizeof segment, " --segment %zu", options->segment);
    if (options->timeout_s)
        snprintf(timeout, sizeof timeout, " --timeout %d", options->timeout_s);
    if (options->fault)
        snprintf(fault, sizeof fault, " --fault %s", options->fault->name);
    snprintf(line, sizeof line,
             "mqttspec run %s%s--only '%s' --transport %s%s%s%s%s%s",
             options->target ? options->target : "", options->target ? " " : "",
             c->name, transport_name(c->transport), segment, timeout,
             options->strict ? " --strict" : "",
             options->complete ? " --complete" : "", fault);
    cJSON_AddStringToObject(object, "rerun", line);
}

cJSON *case_to_json(const struct test_case *c, const struct case_result *r,
                    const struct run_options *options)
{
    const char *slash = strrchr(c->suite->file, '/');
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", c->name);
    cJSON_AddStringToObject(object, "test", c->test->name);
    cJSON_AddStringToObject(object, "file", slash ? slash + 1 : c->suite->file);
    cJSON_AddNumberToObject(object, "line", c->test->line);
    cJSON_AddStringToObject(object, "mqtt", wire_version_name(c->version));
    cJSON_AddStringToObject(object, "transport", transport_name(c->transport));
    cJSON *list = cJSON_AddArrayToObject(object, "statements");
    for (size_t i = 0; i < c->n_statements; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(c->statements[i]));
    if (!r)
        return object;
    cJSON_AddStringToObject(object, "driver", driver_name(r->drivers));
    cJSON_AddStringToObject(object, "verdict", verdict_name(r->verdict));
    add(object, "ended_by", r->ended_by);
    cJSON_AddNumberToObject(object, "seconds",
                            (double)(long)(r->seconds * 10000) / 10000);
    add(object, "requirement", r->requirement);
    add(object, "expected", r->expected);
    add(object, "actual", r->actual);
    add(object, "reason", r->reason);
    if (r->verdict != VERDICT_PASSED && *r->file) {
        char at[200];
        snprintf(at, sizeof at, "%s:%d", r->file, r->line);
        cJSON_AddStringToObject(object, "at", at);
    }
    if (r->n_violated) {
        list = cJSON_AddArrayToObject(object, "violated");
        for (int i = 0; i < r->n_violated; i++)
            cJSON_AddItemToArray(list, cJSON_CreateString(r->violated[i]));
    }
    add_rerun(object, c, options);
    return object;
}
