// SPDX-License-Identifier: Apache-2.0
/* sniff_test.c -- first octets, and what they mean. */
#include "net/sniff.h"
#include "tests/tests.h"

#include <string.h>

static const struct {
    const char *octets;
    size_t n;
    enum sniff expected;
} rows[] = {
    {"", 0, SNIFF_MORE},
    {"\x16", 1, SNIFF_TLS}, /* ClientHello */
    {"\x16\x03\x01", 3, SNIFF_TLS},
    {"G", 1, SNIFF_MORE},
    {"GE", 2, SNIFF_HTTP},
    {"GET / HTTP/1.1\r\n", 16, SNIFF_HTTP},
    {"POST", 4, SNIFF_HTTP},             /* refused there, as HTTP */
    {"P", 1, SNIFF_MORE},                /* POST, or a PUBREC */
    {"\x50\x02\x00\x01", 4, SNIFF_MQTT}, /* PUBREC */
    {"\x10", 1, SNIFF_MQTT},             /* CONNECT */
    {"\x10\x0c\x00\x04MQTT", 8, SNIFF_MQTT},
    {"\x15\x03\x01", 3, SNIFF_MQTT}, /* a TLS alert opens nothing */
    {"\x00", 1, SNIFF_MQTT},
    {"\xff", 1, SNIFF_MQTT},
    {"ge", 2, SNIFF_MQTT},
    {"PROXY TCP4 ", 11, SNIFF_MQTT}, /* refused at once */
};

START_TEST(first_octets_tell_the_protocol)
{
    ck_assert_int_eq(sniff_protocol(slice_of(rows[_i].octets, rows[_i].n)),
                     rows[_i].expected);
}
END_TEST

Suite *suite_sniff(void)
{
    Suite *suite = suite_create("sniff");
    TCase *tc = tcase_create("sniff");

    tcase_add_loop_test(tc, first_octets_tell_the_protocol, 0,
                        (int)(sizeof rows / sizeof *rows));
    suite_add_tcase(suite, tc);
    return suite;
}
