/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- tables that several files of tests run through (TEST_EACH).
 *
 * SUBSCRIBE and UNSUBSCRIBE, among others, ask the same of their fixed header,
 * their Packet Identifier and the text of their Topic Filters.
 */
#ifndef MQTTSPEC_TESTS_ROWS_H
#define MQTTSPEC_TESTS_ROWS_H

#include <stdint.h>

#include "suite.h"

/* Flags of a fixed header that must be 0010. Spec: 5.0 s2.1.3. */
struct flags_row {
    struct row row;
    uint8_t flags;
};
static const struct flags_row flags_not_0010[] = {
    {{"0000"}, 0x0}, {{"0001"}, 0x1}, {{"0011"}, 0x3},
    {{"0110"}, 0x6}, {{"1010"}, 0xa}, {{"1111"}, 0xf},
};

/* Topic Filters that are no UTF-8. Spec: 5.0 s1.5.4. */
struct text_row {
    struct row row;
    const char *text;
};
static const struct text_row filters_not_utf8[] = {
    {{"surrogate"}, "a/\xed\xa0\x80"},
    {{"overlong_nul"}, "a/\xc0\x80"},
    {{"no_lead_octet"}, "a/\xff"},
    {{"cut_sequence"}, "a/\xe2\x82"},
};

/* Packet Identifiers at the edges of their octets. Spec: 5.0 s2.2.1. */
struct id_row {
    struct row row;
    uint16_t packet_id;
};
static const struct id_row packet_ids[] = {
    {{"1"}, 1}, {{"255"}, 255}, {{"256"}, 256}, {{"65535"}, 65535}};

#endif
