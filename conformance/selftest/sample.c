/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c -- a small document for the tests of the reports. */
#include "selftest/sample.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "report/document.h"

#define COMMON(name, line)                                                     \
    "\"name\": \"" name "/5.0/tcp\", \"test\": \"" name "\","                  \
    "\"file\": \"conformance/tests/3_1_connect.c\", \"line\": " #line ","      \
    "\"mqtt\": \"5.0\", \"transport\": \"tcp\", \"driver\": \"wire\","         \
    "\"seconds\": 0.01" #line ","

static const char *const cases[] = {
    "{" COMMON("first_packet", 1) "\"verdict\": \"passed\","
                                  "\"statements\": [\"5.0/MQTT-3.1.0-1\"]}",

    "{" COMMON(
        "second_connect",
        2) "\"verdict\": \"failed\","
           "\"statements\": [\"5.0/MQTT-3.1.0-2\"],"
           "\"requirement\": \"A second CONNECT ends the connection.\","
           "\"expected\": \"the close\", \"actual\": \"CONNACK <b>&\\\"</b>\","
           "\"capture\": \"captures/second_connect.pcap\","
           "\"transcript\": [{\"time\": 0.5, \"who\": \"one\", \"from\": "
           "\"broker\","
           "\"event\": \"packet\", \"type\": \"PUBLISH\","
           "\"text\": \"PUBLISH \\\"a\\\"\", \"offending\": true}]}",

    "{" COMMON(
        "protocol_name",
        3) "\"verdict\": \"skipped\","
           "\"statements\": [\"5.0/MQTT-3.1.2-1\"], \"reason\": \"no users\"}",

    "{" COMMON(
        "reserved_bit",
        4) "\"verdict\": \"error\","
           "\"statements\": [\"5.0/MQTT-3.1.2-3\"], \"reason\": \"no socket\"}",

    "{" COMMON(
        "clean_start",
        5) "\"verdict\": \"warning\","
           "\"statements\": [\"5.0/MQTT-3.1.2-4\"], \"actual\": \"no code\"}",

    "{" COMMON(
        "no_answer",
        6) "\"verdict\": \"inconclusive\","
           "\"statements\": [\"5.0/MQTT-3.1.2-5\"], \"reason\": \"too early\"}",

    "{" COMMON(
        "known",
        7) "\"verdict\": \"failed\", \"known\": \"issue 7\","
           "\"statements\": [\"5.0/MQTT-2.2.1-3\"],"
           "\"violated\": [\"5.0/MQTT-2.2.1-4\"], \"actual\": \"id twice\"}",

    "{" COMMON("mended", 8) "\"verdict\": \"passed\","
                            "\"known\": \"issue 8\", \"unexpected_pass\": "
                            "true, \"statements\": [\"5.0/MQTT-3.1.2-6\"]}",
};

enum { N_CASES = sizeof cases / sizeof cases[0] };

static cJSON *begin(void)
{
    cJSON *document = document_new();
    cJSON *target = cJSON_GetObjectItemCaseSensitive(document, "target");
    cJSON_AddStringToObject(target, "name", "sample");
    cJSON_AddStringToObject(target, "version", "1.0");
    cJSON_AddStringToObject(target, "url", "mqtt://127.0.0.1:1883");
    cJSON_ReplaceItemInObjectCaseSensitive(
        document, "started", cJSON_CreateString("2026-01-02T03:04:05Z"));
    return document;
}

static void add_case(cJSON *document, int i)
{
    cJSON *test_case = cJSON_Parse(cases[i]);
    ck_assert_msg(test_case != NULL, "case %d: %s", i, cases[i]);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(document, "cases"),
                         test_case);
}

cJSON *sample_unfinished(void)
{
    cJSON *document = begin();
    for (int i = 0; i < N_CASES; i++)
        add_case(document, i);
    return document;
}

void sample_finish(cJSON *document)
{
    char error[256];
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    ck_assert_msg(catalogue != NULL, "%s", error);
    document_finish(document, catalogue, NULL);
    catalogue_free(catalogue);
}

cJSON *sample_document(void)
{
    cJSON *document = sample_unfinished();
    sample_finish(document);
    return document;
}

cJSON *sample_shard(int k, int n)
{
    char shard[32];
    cJSON *document = begin();
    for (int i = k - 1; i < N_CASES; i += n)
        add_case(document, i);
    snprintf(shard, sizeof shard, "%d/%d", k, n);
    cJSON_AddStringToObject(document, "shard", shard);
    sample_finish(document);
    return document;
}
