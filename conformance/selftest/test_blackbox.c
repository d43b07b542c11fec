/* SPDX-License-Identifier: Apache-2.0 */
/* test_blackbox.c -- the bursts of `mqttspec fuzz` can be made again.
 *
 * A finding is worth its command: seed and number must give the same packets in
 * another run, on another day, against another broker.
 */
#include <check.h>
#include <string.h>

#include "blackbox/blackbox.h"
#include "selftest/selftest.h"

enum { SEED = 11, N_BURSTS = 40 };

static struct burst one, other;

static bool is_same_step(size_t i)
{
    const struct step *a = &one.steps[i], *b = &other.steps[i];
    return a->kind == b->kind && a->who == b->who && a->n == b->n &&
           memcmp(a->octets, b->octets, a->n) == 0;
}

/* From seed and number follow all packets of a burst. */
START_TEST(burst_follows_from_its_seed)
{
    for (uint64_t number = 0; number < N_BURSTS; number++) {
        burst_write(&one, SEED, number, 1);
        burst_write(&other, SEED, number, 1);
        ck_assert_uint_eq(one.n_steps, other.n_steps);
        for (size_t i = 0; i < one.n_steps; i++)
            ck_assert(is_same_step(i));
    }
}
END_TEST

/* Another run changes names, and nothing but names: all lengths are the same.
 */
START_TEST(burst_of_another_run_differs_in_names_only)
{
    size_t n_different = 0;
    for (uint64_t number = 0; number < N_BURSTS; number++) {
        burst_write(&one, SEED, number, 1);
        burst_write(&other, SEED, number, 2);
        ck_assert_uint_eq(one.n_steps, other.n_steps);
        for (size_t i = 0; i < one.n_steps; i++) {
            ck_assert_int_eq(one.steps[i].kind, other.steps[i].kind);
            ck_assert_uint_eq(one.steps[i].who, other.steps[i].who);
            ck_assert_uint_eq(one.steps[i].n, other.steps[i].n);
            n_different += !is_same_step(i);
        }
    }
    ck_assert_uint_gt(n_different, 0);
}
END_TEST

static bool is_same_burst(void)
{
    bool is_same = one.n_steps == other.n_steps;
    for (size_t i = 0; is_same && i < one.n_steps; i++)
        is_same = is_same_step(i);
    return is_same;
}

/* Another number, or another seed, is another burst. */
START_TEST(bursts_differ)
{
    burst_write(&one, SEED, 0, 1);
    burst_write(&other, SEED, 1, 1);
    ck_assert(!is_same_burst());
    burst_write(&other, SEED + 1, 0, 1);
    ck_assert(!is_same_burst());
}
END_TEST

Suite *suite_blackbox(void)
{
    Suite *suite = suite_create("blackbox");
    TCase *bursts = tcase_create("bursts");
    tcase_add_test(bursts, burst_follows_from_its_seed);
    tcase_add_test(bursts, burst_of_another_run_differs_in_names_only);
    tcase_add_test(bursts, bursts_differ);
    suite_add_tcase(suite, bursts);
    return suite;
}
