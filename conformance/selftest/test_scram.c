/* SPDX-License-Identifier: Apache-2.0 */
/* test_scram.c -- the example of RFC 7677 s3, and what is refused.
 */
#include <check.h>
#include <string.h>

#include "peer/scram.h"
#include "selftest.h"

#define CHALLENGE                                                              \
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"                    \
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL                                                                  \
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"             \
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static bool is_text(struct wire_bytes bytes, const char *text)
{
    return wire_len(bytes) == strlen(text) &&
           memcmp(bytes.text, text, strlen(text)) == 0;
}

START_TEST(example_of_the_rfc)
{
    struct scram scram;
    scram_begin(&scram, "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    ck_assert(is_text(scram_first(&scram), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    ck_assert(is_text(scram_final(&scram, BYTES(CHALLENGE)), FINAL));
    ck_assert(scram_verify(
        &scram, BYTES("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
    ck_assert(!scram_verify(
        &scram, BYTES("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
}
END_TEST

START_TEST(foreign_nonce_is_refused)
{
    struct scram scram;
    scram_begin(&scram, "user", "pencil", "another");
    ck_assert_uint_eq(wire_len(scram_final(&scram, BYTES(CHALLENGE))), 0);
    ck_assert(!scram_verify(
        &scram, BYTES("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
}
END_TEST

Suite *suite_scram(void)
{
    Suite *suite = suite_create("scram");
    TCase *tcase = tcase_create("scram");
    tcase_add_test(tcase, example_of_the_rfc);
    tcase_add_test(tcase, foreign_nonce_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
