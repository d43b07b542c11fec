/* SPDX-License-Identifier: Apache-2.0 */
/* test_tcp.c -- orders, copies, holes, ends: the reassembler. */
#include <stdlib.h>
#include <string.h>

#include "tests/scene.h"

#define WHOLE                                                                  \
    "C:CONNECT S:CONNACK C:PUBLISH S:PUBACK C:PUBLISH S:PUBACK C:DISCONNECT "  \
    "C:fin S:fin"

/* Frames of scene_hello(2): 0 SYN, 1 SYN-ACK, 2 ACK, 3 CONNECT, 4 CONNACK,
 * 5 PUBLISH, 6 PUBACK, 7 PUBLISH, 8 PUBACK, 9 DISCONNECT, 10 FIN ... */
static struct scene scene;

static void set_up(void)
{
    scene_hello(&scene, 2);
}

static void tear_down(void)
{
    scene_clear(&scene);
}

/* A capture as it should be. */
START_TEST(straight)
{
    ck_assert_str_eq(scene_read(&scene), WHOLE);
    ck_assert_uint_eq(scene_facts()->tcp.has_syn, 1);
    ck_assert_uint_eq(scene_facts()->tcp.n_retransmitted, 0);
}
END_TEST

/* Any two records swapped give the same exchange: cause before effect. */
START_TEST(any_two_frames_swapped)
{
    for (size_t a = 0; a < scene.n; a++) {
        for (size_t b = a + 1; b < scene.n; b++) {
            bool is_handshake = a < 3;
            scene_swap(&scene, a, b);
            const char *got = scene_read(&scene);
            if (!is_handshake)
                ck_assert_msg(!strncmp(got, WHOLE, strlen(WHOLE) - 12),
                              "%zu and %zu swapped: %s", a, b, got);
            scene_swap(&scene, a, b);
        }
    }
}
END_TEST

/* A retransmission gives nothing new, and is counted. */
START_TEST(each_frame_twice)
{
    for (size_t i = scene.n; i-- > 3;)
        scene_copy(&scene, i);
    ck_assert_str_eq(scene_read(&scene), WHOLE);
    ck_assert_uint_eq(scene_facts()->tcp.n_retransmitted, 7);
    ck_assert_uint_eq(scene_facts()->tcp.n_conflicts, 0);
}
END_TEST

/* Of two copies the first wins; that they differ is counted. */
START_TEST(copies_that_differ)
{
    scene_copy(&scene, 5);
    scene.frames[6].octets[scene.frames[6].n - 1] ^= 1;
    ck_assert_str_eq(scene_read(&scene), WHOLE);
    ck_assert_uint_eq(scene_facts()->tcp.n_conflicts, 1);
}
END_TEST

/* What was acknowledged but not captured is a gap of known size. */
START_TEST(lost_publish_is_a_gap)
{
    scene_drop(&scene, 5);
    ck_assert_str_eq(scene_read(&scene),
                     "C:CONNECT S:CONNACK C(gap 12) S:PUBACK C:PUBLISH "
                     "S:PUBACK C:DISCONNECT C:fin S:fin");
    ck_assert_uint_eq(scene_facts()->tcp.n_lost[0], 12);
}
END_TEST

/* The same before two frames that were swapped: the gap comes before both, so
 * that no answer stands before its question. */
START_TEST(lost_publish_before_swapped_frames)
{
    scene_swap(&scene, 6, 7);
    scene_drop(&scene, 5);
    ck_assert_str_eq(scene_read(&scene),
                     "C:CONNECT S:CONNACK C(gap 12) S:PUBACK C:PUBLISH "
                     "S:PUBACK C:DISCONNECT C:fin S:fin");
}
END_TEST

/* A lost CONNECT leaves a stream without version, still known as MQTT. */
START_TEST(lost_connect)
{
    scene_drop(&scene, 3);
    ck_assert_ptr_nonnull(strstr(scene_read(&scene), "S:CONNACK C:PUBLISH"));
    ck_assert_int_eq(scene_facts()->version, WIRE_UNKNOWN);
}
END_TEST

/* Without the SYN the first octets decide. */
START_TEST(without_handshake)
{
    for (int i = 0; i < 3; i++)
        scene_drop(&scene, 0);
    ck_assert_str_eq(scene_read(&scene), WHOLE);
    ck_assert_uint_eq(scene_facts()->tcp.has_syn, 0);
}
END_TEST

/* Of a capture of one direction, the acknowledgements tell what the other one
 * has sent. */
START_TEST(one_direction)
{
    for (size_t i = scene.n; i-- > 0;)
        if (scene.frames[i].octets[26 + 3] == 2) /* from 10.0.0.2 */
            scene_drop(&scene, i);
    ck_assert_str_eq(scene_read(&scene),
                     "C:CONNECT S(gap 4) C:PUBLISH S(gap 4) C:PUBLISH S(gap 4) "
                     "C:DISCONNECT C:fin S(gap 1) S:..");
}
END_TEST

static void add_to_sequences(uint32_t client, uint32_t server)
{
    for (size_t i = 0; i < scene.n; i++) {
        uint8_t *tcp = scene.frames[i].octets + 34;
        bool is_client = scene.frames[i].octets[29] == 1;
        for (int k = 0; k < 2; k++) {
            uint8_t *at = tcp + 4 + 4 * k;
            uint32_t v = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                         (uint32_t)at[2] << 8 | at[3];
            v += (k == 0) == is_client ? client : server;
            at[0] = (uint8_t)(v >> 24);
            at[1] = (uint8_t)(v >> 16);
            at[2] = (uint8_t)(v >> 8);
            at[3] = (uint8_t)v;
        }
    }
}

/* Sequence numbers wrap at 2^32, anywhere in the exchange. */
START_TEST(sequence_numbers_wrap)
{
    for (uint32_t at = 0; at < 64; at++) {
        add_to_sequences(0u - 1001 - at, 0u - 501 - at % 16);
        ck_assert_str_eq(scene_read(&scene), WHOLE);
        add_to_sequences(1001 + at, 501 + at % 16);
    }
}
END_TEST

/* The same two ports again are another stream. */
START_TEST(ports_used_again)
{
    size_t n = scene.n;
    for (size_t i = 0; i < n; i++) {
        scene_copy(&scene, scene.n - 1);
        struct scene_frame *f = &scene.frames[scene.n - 1];
        free(f->octets);
        f->n = scene.frames[i].n;
        f->octets = malloc(f->n);
        memcpy(f->octets, scene.frames[i].octets, f->n);
        f->octets[34 + 5] ^= 0x40; /* another initial sequence number */
        if (!(f->octets[34 + 13] & 2))
            f->octets[34 + 9] ^= 0;
    }
    /* the second half acknowledges numbers of the first: make both equal */
    for (size_t i = n; i < scene.n; i++)
        if (scene.frames[i].octets[34 + 13] & 16)
            scene.frames[i].octets[34 + 9] ^= 0x40;
    ck_assert_str_eq(scene_read(&scene), WHOLE " " WHOLE);
    ck_assert_uint_eq(scene_facts()->n_streams, 2);
}
END_TEST

Suite *suite_tcp(void)
{
    Suite *s = suite_create("tcp");
    TCase *t = tcase_create("tcp");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, straight);
    tcase_add_test(t, any_two_frames_swapped);
    tcase_add_test(t, each_frame_twice);
    tcase_add_test(t, copies_that_differ);
    tcase_add_test(t, lost_publish_is_a_gap);
    tcase_add_test(t, lost_publish_before_swapped_frames);
    tcase_add_test(t, lost_connect);
    tcase_add_test(t, without_handshake);
    tcase_add_test(t, one_direction);
    tcase_add_test(t, sequence_numbers_wrap);
    tcase_add_test(t, ports_used_again);
    suite_add_tcase(s, t);
    return s;
}
