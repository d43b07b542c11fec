/* SPDX-License-Identifier: Apache-2.0 */
/* wire_bad.c -- malformed packets, each with the statement it breaks.
 *
 * Hex as a broken peer would send it; the reader must say BAD and name the
 * rule. One row a class of mistake.
 */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"
#include "wire/wire.h"

struct bad {
    enum wire_version version;
    enum wire_side from;
    const char *hex, *rule;
};

#define C WIRE_CLIENT
#define S WIRE_SERVER
#define V3 "00 04 4d515454 04"
#define V5 "00 04 4d515454 05"

static const struct bad bad[] = {
    /* fixed header */
    {4, C, "c1 00", "3.1.1/MQTT-2.2.2-1"},
    {5, C, "c1 00", "5.0/MQTT-2.1.3-1"},
    {4, C, "60 02 00 01", "3.1.1/MQTT-3.6.1-1"},
    {5, S, "60 02 00 01", "5.0/MQTT-3.6.1-1"},
    {4, C, "80 06 00 0a 00 01 61 01", "3.1.1/MQTT-3.8.1-1"},
    {5, C, "80 07 00 0a 00 00 01 61 01", "5.0/MQTT-3.8.1-1"},
    {4, C, "a0 05 00 0a 00 01 61", "3.1.1/MQTT-3.10.1-1"},
    {5, C, "a0 06 00 0a 00 00 01 61", "5.0/MQTT-3.10.1-1"},
    {5, C, "f1 00", "5.0/MQTT-3.15.1-1"},
    {4, C, "00 00", "3.1.1 s2.2.1"},
    {4, C, "f0 00", "3.1.1 s2.2.1"},
    {5, C, "00 00", "5.0 s2.1.2"},
    {4, C, "c0 ff ff ff ff", "3.1.1/RULE-remaining-length-four-octets"},
    {5, C, "c0 80 80 80 80 00", "5.0/RULE-remaining-length-four-octets"},
    {5, C, "c0 80 00", "5.0/MQTT-1.5.5-1"},
    {4, S, "e0 00", "3.1.1 s2.2.1"},
    {4, C, "20 02 00 00", "3.1.1 s2.2.1"},
    {5, S, "c0 00", "5.0 s2.1.2"},
    {4, C, "c0 01 00", "3.1.1 s2.2.3"},
    {5, S, "d0 01 00", "5.0 s2.1.4"},
    /* CONNECT */
    {4, C, "10 0c 00 04 4d515455 04 02 00 3c 00 00", "3.1.1/MQTT-3.1.2-1"},
    {5, C, "10 0d 00 04 6d717474 05 02 00 3c 00 00 00", "5.0/MQTT-3.1.2-1"},
    {4, C, "10 0c 00 04 4d515454 06 02 00 3c 00 00", "3.1.1 s3.1.2.2"},
    {4, C, "10 0c " V3 " 03 00 3c 00 00", "3.1.1/MQTT-3.1.2-3"},
    {5, C, "10 0d " V5 " 03 00 3c 00 00 00", "5.0/MQTT-3.1.2-3"},
    {4, C, "10 0c " V3 " 0a 00 3c 00 00", "3.1.1/MQTT-3.1.2-13"},
    {5, C, "10 0d " V5 " 0a 00 3c 00 00 00", "5.0/MQTT-3.1.2-11"},
    {4, C, "10 0c " V3 " 22 00 3c 00 00", "3.1.1/MQTT-3.1.2-15"},
    {5, C, "10 0d " V5 " 22 00 3c 00 00 00", "5.0/MQTT-3.1.2-13"},
    {4, C, "10 11 " V3 " 1e 00 3c 00 00 00 01 74 00 00", "3.1.1/MQTT-3.1.2-14"},
    {5, C, "10 13 " V5 " 1e 00 3c 00 00 00 00 00 01 74 00 00",
     "5.0/MQTT-3.1.2-12"},
    {4, C, "10 0c " V3 " 06 00 3c 00 00", "3.1.1/MQTT-3.1.2-9"},
    {5, C, "10 0d " V5 " 06 00 3c 00 00 00", "5.0/MQTT-3.1.2-9"},
    {4, C, "10 0e " V3 " 42 00 3c 00 00 00 00", "3.1.1/MQTT-3.1.2-22"},
    {4, C, "10 0c " V3 " 82 00 3c 00 00", "3.1.1/MQTT-3.1.2-19"},
    {5, C, "10 0d " V5 " 82 00 3c 00 00 00", "5.0/MQTT-3.1.2-17"},
    {4, C, "10 0f " V3 " c2 00 3c 00 00 00 01 75", "3.1.1/MQTT-3.1.2-21"},
    {5, C, "10 0d " V5 " 42 00 3c 00 00 00", "5.0/MQTT-3.1.2-19"},
    {4, C, "10 0c " V3 " 00 00 3c 00 00", "3.1.1/MQTT-3.1.3-7"},
    {4, C, "10 0a " V3 " 02 00 3c", "3.1.1/MQTT-3.1.3-3"},
    {5, C, "10 0b " V5 " 02 00 3c 00", "5.0/MQTT-3.1.3-3"},
    {5, C, "10 0a " V5 " 02 00 3c", "5.0/MQTT-2.2.2-1"},
    {4, C, "10 0d " V3 " 02 00 3c 00 01 00", "3.1.1/MQTT-1.5.3-2"},
    {4, C, "10 0d " V3 " 02 00 3c 00 01 ff", "3.1.1/MQTT-1.5.3-1"},
    {4, C, "10 0f " V3 " 02 00 3c 00 01 61 00 00", "3.1.1 s2.2.3"},
    {4, C, "10 0d " V3 " 02 00 3c 00 02 61", "3.1.1 s1.5.3"},
    {5, C, "10 10 " V5 " 02 00 3c 03 21 0000 00 00",
     "5.0/RULE-connect-receive-maximum-zero"},
    {5, C, "10 13 " V5 " 02 00 3c 06 21 0001 21 0001 00 00",
     "5.0/RULE-connect-receive-maximum-twice"},
    {5, C, "10 12 " V5 " 02 00 3c 05 27 00000000 00 00",
     "5.0/RULE-connect-maximum-packet-size-zero"},
    {5, C, "10 0f " V5 " 02 00 3c 02 17 02 00 00",
     "5.0/RULE-connect-request-problem-information-range"},
    {5, C, "10 11 " V5 " 02 00 3c 04 16 0001 64 00 00",
     "5.0/RULE-connect-authentication-data-alone"},
    {5, C, "10 0f " V5 " 02 00 3c 02 24 01 00 00",
     "5.0/RULE-property-not-allowed"},
    {5, C, "10 0f " V5 " 02 00 3c 02 7e 01 00 00", "5.0/RULE-property-unknown"},
    {5, C, "10 0f " V5 " 02 00 3c 7f 17 01 00 00",
     "5.0/RULE-property-length-overrun"},
    {5, C, "10 0f " V5 " 02 00 3c 02 21 00 00 00",
     "5.0/RULE-property-length-overrun"},
    {5, C, "10 13 " V5 " 06 00 3c 00 00 00 00 00 01 2b 00 00",
     "5.0/MQTT-4.7.0-1"},
    {4, C, "10 11 " V3 " 06 00 3c 00 00 00 01 23 00 00", "3.1.1/MQTT-4.7.1-1"},
    {3, C, "10 0e 00 06 4d5149736470 03 02 00 0a 00 00", "3.1 s3.1"},
    /* CONNACK */
    {4, S, "20 02 02 00", "3.1.1/RULE-connack-flags-reserved"},
    {5, S, "20 03 02 00 00", "5.0/MQTT-3.2.2-1"},
    {4, S, "20 02 01 05", "3.1.1/MQTT-3.2.2-4"},
    {5, S, "20 03 01 87 00", "5.0/MQTT-3.2.2-6"},
    {4, S, "20 02 00 06", "3.1.1/MQTT-3.2.2-6"},
    {5, S, "20 03 00 8e 00", "5.0/MQTT-3.2.2-8"},
    {5, S, "20 02 00 00", "5.0/MQTT-2.2.2-1"},
    {5, S, "20 05 00 00 02 24 02", "5.0/RULE-connack-maximum-qos-range"},
    {5, S, "20 05 00 00 02 25 02", "5.0/RULE-connack-flag-range"},
    {5, S, "20 07 00 00 04 25 01 25 01", "5.0/RULE-connack-property-twice"},
    /* PUBLISH */
    {4, C, "36 05 00 01 61 00 01", "3.1.1/MQTT-3.3.1-4"},
    {5, C, "36 06 00 01 61 00 01 00", "5.0/MQTT-3.3.1-4"},
    {4, C, "38 03 00 01 61", "3.1.1/MQTT-3.3.1-2"},
    {5, S, "38 04 00 01 61 00", "5.0/MQTT-3.3.1-2"},
    {4, C, "32 05 00 01 61 00 00", "3.1.1/MQTT-2.3.1-1"},
    {5, C, "32 06 00 01 61 00 00 00", "5.0/MQTT-2.2.1-3"},
    {5, S, "32 06 00 01 61 00 00 00", "5.0/MQTT-2.2.1-4"},
    {4, C, "30 03 00 01 2b", "3.1.1/MQTT-3.3.2-2"},
    {5, S, "30 06 00 03 61 2f 23 00", "5.0/MQTT-3.3.2-2"},
    {4, C, "30 02 00 00", "3.1.1/MQTT-4.7.3-1"},
    {5, C, "30 03 00 00 00", "5.0/MQTT-4.7.3-1"},
    {4, C, "30 01 00", "3.1.1/MQTT-3.3.2-1"},
    {4, C, "30 05 00 03 ed a0 80", "3.1.1/MQTT-1.5.3-1"},
    {5, S, "30 05 00 02 c0 80 00", "5.0/MQTT-1.5.4-1"},
    {5, S, "30 06 00 03 61 00 62 00", "5.0/MQTT-1.5.4-2"},
    {5, C, "30 06 00 01 61 02 0b 05", "5.0/MQTT-3.3.4-6"},
    {5, S, "30 06 00 01 61 02 0b 00",
     "5.0/RULE-publish-subscription-identifier-zero"},
    {5, C, "30 07 00 01 61 03 23 0000", "5.0/MQTT-3.3.2-8"},
    {5, C, "30 08 00 01 61 04 08 0001 23", "5.0/MQTT-3.3.2-14"},
    {5, C, "30 0a 00 01 61 06 23 0001 23 0001",
     "5.0/RULE-publish-topic-alias-twice"},
    {5, C, "30 07 00 01 61 02 01 01 ff", "5.0/RULE-publish-payload-utf8"},
    {5, C, "30 0a 00 01 61 06 26 0001 ff 0000", "5.0/MQTT-1.5.7-1"},
    {5, C, "30 03 00 01 61", "5.0/MQTT-2.2.2-1"},
    /* acknowledgements */
    {4, C, "40 02 00 00", "3.1.1 s2.3.1"},
    {4, S, "40 03 00 01 00", "3.1.1 s2.2.3"},
    {5, S, "40 03 00 01 92", "5.0/MQTT-3.4.2-1"},
    {5, S, "50 03 00 01 01", "5.0/MQTT-3.5.2-1"},
    {5, S, "62 03 00 01 10", "5.0/MQTT-3.6.2-1"},
    {5, S, "70 03 00 01 80", "5.0/MQTT-3.7.2-1"},
    {5, S, "40 0c 00 01 00 08 1f 0001 61 1f 0001 62",
     "5.0/RULE-puback-reason-string-twice"},
    /* SUBSCRIBE and its kin */
    {4, C, "82 02 00 01", "3.1.1/MQTT-3.8.3-3"},
    {5, C, "82 03 00 01 00", "5.0/MQTT-3.8.3-2"},
    {4, C, "82 06 00 00 00 01 61 01", "3.1.1/MQTT-2.3.1-1"},
    {4, C, "82 06 00 01 00 01 61 03", "3.1.1/MQTT-3.8.3-4"},
    {4, C, "82 06 00 01 00 01 61 04", "3.1.1/MQTT-3.8.3-4"},
    {5, C, "82 07 00 01 00 00 01 61 03", "5.0/RULE-subscribe-qos-3"},
    {5, C, "82 07 00 01 00 00 01 61 30",
     "5.0/RULE-subscribe-retain-handling-3"},
    {5, C, "82 07 00 01 00 00 01 61 40", "5.0/MQTT-3.8.3-5"},
    {5, C, "82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 67 2f 61 04",
     "5.0/MQTT-3.8.3-4"},
    {5, C, "82 0f 00 01 00 00 09 24 73 68 61 72 65 2f 2f 61 00",
     "5.0/MQTT-4.8.2-1"},
    {5, C, "82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 2b 2f 61 00",
     "5.0/MQTT-4.8.2-2"},
    {5, C, "82 0e 00 01 00 00 08 24 73 68 61 72 65 2f 67 00",
     "5.0/MQTT-4.8.2-2"},
    {4, C, "82 08 00 01 00 03 23 2f 61 00", "3.1.1/MQTT-4.7.1-2"},
    {5, C, "82 08 00 01 00 00 02 61 23 00", "5.0/MQTT-4.7.1-1"},
    {4, C, "82 07 00 01 00 02 61 2b 00", "3.1.1/MQTT-4.7.1-3"},
    {5, C, "82 08 00 01 00 00 02 2b 61 00", "5.0/MQTT-4.7.1-2"},
    {4, C, "82 05 00 01 00 00 00", "3.1.1/MQTT-4.7.3-1"},
    {5, C, "82 09 00 01 02 0b 00 00 01 61 00",
     "5.0/RULE-subscribe-subscription-identifier-zero"},
    {5, C, "82 0b 00 01 04 0b 01 0b 02 00 01 61 00",
     "5.0/RULE-subscribe-subscription-identifier-twice"},
    {4, S, "90 03 00 01 03", "3.1.1/MQTT-3.9.3-2"},
    {5, S, "90 04 00 01 00 03", "5.0/MQTT-3.9.3-2"},
    {4, S, "90 02 00 01", "3.1.1/MQTT-3.8.4-5"},
    {4, C, "a2 02 00 01", "3.1.1/MQTT-3.10.3-2"},
    {5, C, "a2 03 00 01 00", "5.0/MQTT-3.10.3-2"},
    {4, S, "b0 03 00 01 00", "3.1.1 s2.2.3"},
    {5, S, "b0 04 00 01 00 01", "5.0/MQTT-3.11.3-2"},
    /* DISCONNECT, AUTH */
    {4, C, "e1 00", "3.1.1/MQTT-2.2.2-1"},
    {5, C, "e0 01 8b", "5.0/MQTT-3.14.2-1"},
    {5, S, "e0 01 04", "5.0/MQTT-3.14.2-1"},
    {5, S, "e0 07 00 05 11 00000001", "5.0/MQTT-3.14.2-2"},
    {5, C, "e0 0c 00 0a 11 00000001 11 00000001",
     "5.0/RULE-disconnect-session-expiry-twice"},
    {5, S, "f0 06 19 04 15 0001 6d", "5.0/MQTT-3.15.2-1"},
    {5, C, "f0 06 18 04 16 0001 6d", "5.0/RULE-auth-method-missing"},
};

START_TEST(the_broken_statement_is_named)
{
    const struct bad *b = &bad[_i];
    unsigned char octets[128];
    const size_t n = wire_hex(b->hex, octets, sizeof octets);
    struct wire_packet packet;
    struct wire_fault fault;
    size_t total;

    ck_assert_msg(wire_read(b->version, b->from, octets, n, &packet, &total,
                            &fault) == WIRE_BAD,
                  "%s was taken, expected %s", b->hex, b->rule);
    ck_assert_msg(!strcmp(fault.rule, b->rule), "%s: %s (%s), expected %s",
                  b->hex, fault.rule, fault.sentence, b->rule);
    ck_assert_str_eq(fault.statement, strchr(b->rule, '/') ? b->rule : "");
    ck_assert_uint_gt(strlen(fault.sentence), 0);
    ck_assert_uint_lt(fault.at, n + 1);
}
END_TEST

/* Truth for UTF-8: what RFC 3629 and the standard allow in a string. */
static const struct {
    const char *hex;
    bool is_valid;
} texts[] = {
    {"", true},
    {"61", true},
    {"c3a9", true},
    {"efbbbf", true},
    {"ee8080", true},
    {"efbfbf", true},
    {"f0908080", true},
    {"f48fbfbf", true},
    {"01", true},
    {"7f", true},
    {"ed9fbf", true},
    {"00", false},
    {"80", false},
    {"bf", false},
    {"c080", false},
    {"c1bf", false},
    {"c2", false},
    {"e08080", false},
    {"e09fbf", false},
    {"eda080", false},
    {"edbfbf", false},
    {"e282", false},
    {"f08080", false},
    {"f08fbfbf", false},
    {"f4908080", false},
    {"f5808080", false},
    {"fe", false},
    {"ff", false},
    {"61c3", false},
    {"c361", false},
    {"f8888080 80", false},
    {"6100", false},
};

START_TEST(utf_8_is_checked)
{
    unsigned char octets[16];
    const size_t n = wire_hex(texts[_i].hex, octets, sizeof octets);

    ck_assert_msg(wire_utf8_is_valid(SLICE(octets, n)) == texts[_i].is_valid,
                  "%s", texts[_i].hex);
}
END_TEST

/* Whatever the octets: no crash, and a total that lies within reason. */
START_TEST(random_octets_are_survived)
{
    unsigned char octets[64];
    struct wire_packet packet;
    struct wire_fault fault;
    char line[300];
    size_t total;

    srand((unsigned)_i + 1);
    for (int round = 0; round < 2000; round++) {
        const size_t n = (size_t)rand() % sizeof octets;
        for (size_t i = 0; i < n; i++)
            octets[i] = (unsigned char)(rand() % 3 ? rand() : rand() % 40);
        if (n > 1 && round % 2)
            octets[1] = (unsigned char)(n - 2);
        for (int version = 0; version <= 5; version++) {
            const enum wire_status status = wire_read(
                (enum wire_version)version, (enum wire_side)(round % 3), octets,
                n, &packet, &total, &fault);
            if (status == WIRE_MORE)
                continue;
            ck_assert(total <= n);
            wire_describe(&packet, line, sizeof line);
            wire_write(WIRE_5_0, &packet, octets, 0);
        }
    }
}
END_TEST

Suite *suite_wire_bad(void)
{
    Suite *suite = suite_create("wire: bad packets");
    TCase *tcase = tcase_create("bad");

    tcase_add_loop_test(tcase, the_broken_statement_is_named, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(tcase, utf_8_is_checked, 0,
                        (int)(sizeof texts / sizeof *texts));
    tcase_add_loop_test(tcase, random_octets_are_survived, 0, 8);
    suite_add_tcase(suite, tcase);
    return suite;
}
