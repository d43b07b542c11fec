/* SPDX-License-Identifier: Apache-2.0 */
/* test_frames.c -- what is wrong with a server's WebSocket frames is seen.
 */
#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "link/frames.h"
#include "selftest.h"

/* Heads of frames, and whether they are in order. */
static const struct {
    unsigned char head[10];
    size_t n_head, n_payload;
    bool is_right;
} heads[] = {
    {{0x82, 0}, 2, 0, true},
    {{0x82, 125}, 2, 125, true},
    {{0x82, 126, 0, 125}, 4, 125, false},
    {{0x82, 126, 0, 126}, 4, 126, true},
    {{0x82, 126, 0xff, 0xff}, 4, 65535, true},
    {{0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 10, 65535, false},
    {{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10, 65536, true},
    {{0x8a, 126, 0, 3}, 4, 3, false},
    {{0x82, 0x80 | 2}, 2, 2, false},
};

/* A sound frame of one octet, then one with this head, in pieces of so many
 * octets. */
static bool are_right(size_t i, size_t piece)
{
    static unsigned char octets[3 + 10 + 65536];
    size_t n = 3 + heads[i].n_head + heads[i].n_payload;
    struct frames frames = {.n_head = 0};
    memset(octets, 0xff, sizeof octets);
    memcpy(octets, "\x82\x01", 2);
    memcpy(octets + 3, heads[i].head, heads[i].n_head);
    for (size_t at = 0; at < n; at += piece) {
        if (frames_follow(&frames, octets + at,
                          n - at < piece ? n - at : piece))
            return false;
    }
    return frames.left == 0 && frames.n_head == 0;
}

START_TEST(form_of_a_length)
{
    size_t i = (size_t)_i;
    ck_assert_int_eq(are_right(i, 1), heads[i].is_right);
    ck_assert_int_eq(are_right(i, 7), heads[i].is_right);
    ck_assert_int_eq(are_right(i, 100000), heads[i].is_right);
}
END_TEST

Suite *suite_frames(void)
{
    Suite *suite = suite_create("frames");
    TCase *tcase = tcase_create("frames");
    tcase_add_loop_test(tcase, form_of_a_length, 0,
                        sizeof heads / sizeof heads[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
