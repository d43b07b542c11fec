// SPDX-License-Identifier: Apache-2.0
/* scram_test.c -- the exchange of RFC 7677 s3, and what is refused. */
#include "scram.h"
#include "tests/tests.h"

#include <openssl/evp.h>
#include <string.h>

#define CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define OUR_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST "n,,n=user,r=" CLIENT_NONCE
#define FINAL "c=biws,r=" CLIENT_NONCE OUR_NONCE
#define PROOF ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static struct scram scram;
static struct scram_user user;
static struct buf out;

static void set_up(void)
{
    memset(&scram, 0, sizeof scram);
    memset(&out, 0, sizeof out);
    user = (struct scram_user){.is_known = true, .iterations = 4096};
    memcpy(user.salt,
           "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81",
           16);
    PKCS5_PBKDF2_HMAC("pencil", 6, user.salt, 16, 4096, EVP_sha256(), 32,
                      user.salted_password);
}

static void tear_down(void)
{
    scram_clear(&scram);
    buf_clear(&out);
}

static void challenge(void)
{
    ck_assert(scram_read_first(&scram, slice_of_text(FIRST)));
    scram_challenge(&scram, &user, OUR_NONCE, &out);
}

static void expect_out(const char *text)
{
    ck_assert_uint_eq(buf_size(&out), strlen(text));
    ck_assert_mem_eq(buf_slice(&out).data, text, strlen(text));
    buf_consume(&out, buf_size(&out));
}

START_TEST(exchange_is_that_of_the_rfc)
{
    challenge();
    ck_assert(slice_equals(buf_slice(&scram.name), slice_of_text("user")));
    expect_out("r=" CLIENT_NONCE OUR_NONCE
               ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    ck_assert(scram_check_final(&scram, slice_of_text(FINAL PROOF), &out));
    expect_out("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}
END_TEST

START_TEST(wrong_password_is_refused)
{
    user.salted_password[5] ^= 1;
    challenge();
    ck_assert(!scram_check_final(&scram, slice_of_text(FINAL PROOF), &out));
}
END_TEST

START_TEST(unknown_user_is_refused_even_with_the_right_proof)
{
    user.is_known = false;
    challenge();
    ck_assert(!scram_check_final(&scram, slice_of_text(FINAL PROOF), &out));
}
END_TEST

static const char *const bad_first[] = {
    "",
    "n,",
    "n,,",
    "n,,n=user",
    "n,,r=abc,n=user",
    "n,,n=,r=abc",
    "n,,n=user,r=",
    "n,,n=user,r=a b",
    "n,,n=us=er,r=abc",
    "n,,n=user=2,r=abc",
    "n,,m=x,n=user,r=abc",        /* an extension that must be understood */
    "n,a=other,n=user,r=abc",     /* to act for others */
    "p=tls-unique,,n=user,r=abc", /* channel binding */
};

START_TEST(malformed_first_message_is_refused)
{
    ck_assert_msg(!scram_read_first(&scram, slice_of_text(bad_first[_i])), "%s",
                  bad_first[_i]);
}
END_TEST

static const char *const bad_final[] = {
    "",
    "c=biws",
    FINAL,
    "c=eSws,r=" CLIENT_NONCE OUR_NONCE PROOF, /* another header */
    "c=biws,r=" CLIENT_NONCE PROOF,
    "c=biws,r=" OUR_NONCE PROOF,
    "r=" CLIENT_NONCE OUR_NONCE ",c=biws" PROOF,
    FINAL ",p=",
    FINAL ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7BndVQ=",
    FINAL ",x=y" PROOF, /* signed by the proof, so it does not fit */
    FINAL PROOF ",p=AAAA",
};

START_TEST(malformed_last_message_is_refused)
{
    challenge();
    ck_assert_msg(
        !scram_check_final(&scram, slice_of_text(bad_final[_i]), &out), "%s",
        bad_final[_i]);
}
END_TEST

START_TEST(escapes_in_names_are_undone)
{
    ck_assert(
        scram_read_first(&scram, slice_of_text("y,,n=a=2Cb=3Dc,r=x,ext=1")));
    ck_assert(slice_equals(buf_slice(&scram.name), slice_of_text("a,b=c")));
}
END_TEST

START_TEST(nonces_differ)
{
    char one[SCRAM_NONCE];
    char two[SCRAM_NONCE];

    ck_assert(scram_make_nonce(one) && scram_make_nonce(two));
    ck_assert_uint_eq(strlen(one), SCRAM_NONCE - 1);
    ck_assert_str_ne(one, two);
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_scram(void)
{
    Suite *suite = suite_create("scram");
    TCase *tc = tcase_create("scram");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, exchange_is_that_of_the_rfc);
    tcase_add_test(tc, wrong_password_is_refused);
    tcase_add_test(tc, unknown_user_is_refused_even_with_the_right_proof);
    tcase_add_loop_test(tc, malformed_first_message_is_refused, 0,
                        N(bad_first));
    tcase_add_loop_test(tc, malformed_last_message_is_refused, 0, N(bad_final));
    tcase_add_test(tc, escapes_in_names_are_undone);
    tcase_add_test(tc, nonces_differ);
    suite_add_tcase(suite, tc);
    return suite;
}
