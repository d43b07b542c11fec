/* SPDX-License-Identifier: Apache-2.0 */
/* test_capture.c -- file formats, link layers, fragments. */
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "tests/scene.h"

#define WHOLE "C:CONNECT S:CONNACK C:PUBLISH S:PUBACK C:DISCONNECT C:fin S:fin"

static struct scene scene;

static void set_up(void)
{
    scene_hello(&scene, 1);
}

static void tear_down(void)
{
    scene_clear(&scene);
}

/* Replaces the first `drop` octets of every frame by others. */
static void new_head(int link_type, size_t drop, const uint8_t *head, size_t n)
{
    scene.link_type = link_type;
    for (size_t i = 0; i < scene.n; i++) {
        struct scene_frame *f = &scene.frames[i];
        uint8_t *octets = xcalloc(1, n + f->n - drop);
        if (n)
            memcpy(octets, head, n);
        memcpy(octets + n, f->octets + drop, f->n - drop);
        free(f->octets);
        f->octets = octets;
        f->n = n + f->n - drop;
    }
}

static const struct head {
    int link_type;
    size_t n;
    uint8_t octets[24];
} HEADS[] = {
    {1, 18, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 7, 8, 0}},
    {1, 22, {2, 0,    0,    0, 0, 1,    2, 0, 0, 0, 0,
             2, 0x88, 0xA8, 0, 7, 0x81, 0, 0, 9, 8, 0}},
    {0, 4, {2, 0, 0, 0}},   /* NULL, little-endian host */
    {0, 4, {0, 0, 0, 2}},   /* NULL, big-endian host */
    {108, 4, {0, 0, 0, 2}}, /* LOOP */
    {101, 0, {0}},          /* RAW */
    {228, 0, {0}},          /* IPV4 */
    {113, 16, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}}, /* SLL */
    {276, 20, {8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6}},             /* SLL2 */
    {1, 22, {2, 0,    0,    0,    0, 1, 2, 0, 0,  0, 0,
             2, 0x88, 0x64, 0x11, 0, 0, 1, 0, 40, 0, 0x21}}, /* PPPoE */
};

/* The same exchange under every link layer. */
START_TEST(link_layers)
{
    new_head(HEADS[_i].link_type, 14, HEADS[_i].octets, HEADS[_i].n);
    ck_assert_str_eq(scene_read(&scene), WHOLE);
}
END_TEST

/* Frames of other protocols are counted and left out. */
START_TEST(other_protocols)
{
    scene_copy(&scene, 4);
    scene.frames[5].octets[12] = 0x08;
    scene.frames[5].octets[13] = 0x06; /* ARP */
    scene_copy(&scene, 6);
    scene.frames[7].octets[23] = 17; /* UDP */
    ck_assert_str_eq(scene_read(&scene), WHOLE);
    ck_assert_uint_eq(scene_facts()->link.not_ip, 1);
    ck_assert_uint_eq(scene_facts()->link.not_tcp, 1);
}
END_TEST

/* Octets that Ethernet pads a short frame with are no payload. */
START_TEST(padding)
{
    for (size_t i = 0; i < scene.n; i++) {
        struct scene_frame *f = &scene.frames[i];
        f->octets = xrealloc(f->octets, f->n + 6);
        memset(f->octets + f->n, 0xAA, 6);
        f->n += 6;
    }
    ck_assert_str_eq(scene_read(&scene), WHOLE);
}
END_TEST

/* IPv4 fragments of eight octets, in any of two orders. */
START_TEST(ipv4_fragments)
{
    struct scene bent = {.link_type = 1};
    for (size_t i = 0; i < scene.n; i++) {
        const struct scene_frame *f = &scene.frames[i];
        size_t body = f->n - 34, n_parts = (body + 7) / 8;
        for (size_t k = 0; k < n_parts; k++) {
            size_t part = _i ? n_parts - 1 - k : k, at = part * 8;
            size_t n = body - at < 8 ? body - at : 8;
            uint8_t *o = xcalloc(1, 34 + n);
            memcpy(o, f->octets, 34);
            memcpy(o + 34, f->octets + 34 + at, n);
            o[16] = 0;
            o[17] = (uint8_t)(20 + n);
            o[18] = (uint8_t)i;
            o[20] = part + 1 < n_parts ? 0x20 : 0;
            o[21] = (uint8_t)part;
            bent.frames = grow(bent.frames, bent.n, sizeof *bent.frames);
            bent.frames[bent.n++] = (struct scene_frame){f->time_ns, 34 + n, o};
        }
    }
    ck_assert_str_eq(scene_read(&bent), WHOLE);
    ck_assert_uint_gt(scene_facts()->link.fragments, 30);
    scene_clear(&bent);
}
END_TEST

/* IPv6 behind a hop-by-hop and a destination options header. */
START_TEST(ipv6_extension_headers)
{
    for (size_t i = 0; i < scene.n; i++) {
        struct scene_frame *f = &scene.frames[i];
        size_t tcp = f->n - 34, n = 14 + 40 + 16 + tcp;
        uint8_t *o = xcalloc(1, n);
        memcpy(o, f->octets, 12);
        o[12] = 0x86;
        o[13] = 0xDD;
        o[14] = 0x60;
        o[19] = (uint8_t)(16 + tcp);
        o[20] = 0; /* hop-by-hop */
        o[14 + 8 + 15] = f->octets[29];
        o[14 + 24 + 15] = f->octets[33];
        o[54] = 60;
        o[62] = 6;
        memcpy(o + 70, f->octets + 34, tcp);
        free(f->octets);
        f->octets = o;
        f->n = n;
    }
    ck_assert_str_eq(scene_read(&scene), WHOLE);
}
END_TEST

/* ---- pcapng -------------------------------------------------------------- */

static void put_block(FILE *file, uint32_t type, const void *body, size_t n)
{
    uint32_t total = (uint32_t)(12 + (n + 3) / 4 * 4), zero = 0;
    fwrite(&type, 1, 4, file);
    fwrite(&total, 1, 4, file);
    fwrite(body, 1, n, file);
    fwrite(&zero, 1, (4 - n % 4) % 4, file);
    fwrite(&total, 1, 4, file);
}

/* Two interfaces of different link types in one file, in nanoseconds, with a
 * block of a kind that nobody knows: libpcap gives up here. */
START_TEST(pcapng_mixed_interfaces)
{
    FILE *file = tmpfile();
    uint32_t section[4] = {0x1A2B3C4D, 1, 0xFFFFFFFF, 0xFFFFFFFF};
    uint8_t ethernet[20] = {1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9};
    uint8_t raw[20] = {101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9};
    put_block(file, 0x0A0D0D0A, section, 16);
    put_block(file, 1, ethernet, 20);
    put_block(file, 0xBAD, "strange", 7);
    put_block(file, 1, raw, 20);
    for (size_t i = 0; i < scene.n; i++) {
        const struct scene_frame *f = &scene.frames[i];
        size_t skip = i % 2 ? 14 : 0;
        uint32_t n = (uint32_t)(f->n - skip);
        uint8_t body[4096];
        uint32_t head[5] = {i % 2, (uint32_t)(f->time_ns >> 32),
                            (uint32_t)f->time_ns, n, n};
        memcpy(body, head, 20);
        memcpy(body + 20, f->octets + skip, n);
        put_block(file, 6, body, 20 + n);
    }
    rewind(file);
    ck_assert_str_eq(scene_read_file(file), WHOLE);
    ck_assert_uint_eq(scene_facts()->tcp.first.time_ns,
                      scene.frames[0].time_ns);
}
END_TEST

/* ---- trouble ------------------------------------------------------------- */

/* A file cut anywhere gives what came before the cut, and never more. */
START_TEST(cut_at_every_octet)
{
    FILE *whole = scene_file(&scene);
    uint8_t octets[4096];
    size_t n = fread(octets, 1, sizeof octets, whole);
    fclose(whole);
    for (size_t cut = 1; cut < n; cut++) {
        FILE *file = tmpfile();
        fwrite(octets, 1, cut, file);
        rewind(file);
        const char *got = scene_read_file(file);
        size_t same = strcspn(got, ".");
        ck_assert_msg(same < 3 || !strncmp(got, WHOLE, same - 2),
                      "cut at %zu: %s", cut, got);
    }
}
END_TEST

/* What is no capture at all is refused with a sentence. */
START_TEST(not_a_capture)
{
    char error[300] = "";
    FILE *file = tmpfile();
    fputs("#!/bin/sh\n", file);
    rewind(file);
    ck_assert_ptr_null(capture_from(file, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "not a capture file"));
}
END_TEST

Suite *suite_capture(void)
{
    Suite *s = suite_create("capture");
    TCase *t = tcase_create("capture");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, link_layers, 0, sizeof HEADS / sizeof HEADS[0]);
    tcase_add_test(t, other_protocols);
    tcase_add_test(t, padding);
    tcase_add_loop_test(t, ipv4_fragments, 0, 2);
    tcase_add_test(t, ipv6_extension_headers);
    tcase_add_test(t, pcapng_mixed_interfaces);
    tcase_add_test(t, cut_at_every_octet);
    tcase_add_test(t, not_a_capture);
    suite_add_tcase(s, t);
    return s;
}
