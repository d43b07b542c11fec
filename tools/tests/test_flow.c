/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow.c -- finding MQTT: WebSocket, mid-stream, framing, twins. */
#include <stdlib.h>
#include <string.h>

#include "detect.h"
#include "framer.h"
#include "room.h"
#include "tests/scene.h"
#include "twin.h"
#include "wire/wire.h"
#include "ws.h"

/* ---- framing ------------------------------------------------------------- */

static size_t n_packets, n_octets;
static uint64_t first_frame, last_frame; /* of the latest packet */

static void count_packet(void *user, const uint8_t *octets, size_t n,
                         struct mark first, struct mark last)
{
    (void)user;
    (void)octets;
    first_frame = first.frame;
    last_frame = last.frame;
    n_packets++;
    n_octets += n;
}

/* Whole, octet by octet, in sevens: the same packets. */
START_TEST(framer_any_cut)
{
    uint8_t octets[600] = {0xC0, 0, 0x30, 0x80, 4, 0, 1, 't'};
    struct framer f = {.packet_max = 1 << 20};
    size_t step = (size_t[]){600, 1, 7}[_i];
    memcpy(octets + 517, "\xC0\0\xD0\0\x40\2\0\1", 8);
    n_packets = n_octets = 0;
    for (size_t at = 0; at < 525; at += step)
        framer_push(&f, octets + at, at + step > 525 ? 525 - at : step,
                    (struct mark){at, 0}, count_packet, NULL);
    ck_assert_uint_eq(n_packets, 5);
    ck_assert_uint_eq(n_octets, 525);
    framer_clear(&f);
}
END_TEST

/* A hole inside a packet costs that packet and no other. */
START_TEST(framer_hole_inside)
{
    struct framer f = {.packet_max = 1 << 20};
    n_packets = 0;
    framer_push(&f, (const uint8_t *)"\x30\x0A\0\1t", 5, (struct mark){1, 0},
                count_packet, NULL);
    framer_lose(&f, 3);
    framer_push(&f, (const uint8_t *)"abcd\xC0\0", 6, (struct mark){2, 0},
                count_packet, NULL);
    ck_assert_uint_eq(n_packets, 1);
    framer_clear(&f);
}
END_TEST

/* Behind a hole in a payload of digits, which could be read as a chain of
 * PUBLISH packets, the next packet is found where a chunk begins with it. */
START_TEST(framer_hole_before_text)
{
    struct framer f = {.packet_max = 1 << 20};
    uint8_t text[51 * 4];
    memset(text, '1', sizeof text); /* type 3, 49 octets, type 3, ... */
    n_packets = 0;
    framer_lose(&f, 100);
    framer_push(&f, text, sizeof text, (struct mark){1, 0}, count_packet, NULL);
    ck_assert_uint_eq(n_packets, 0);
    framer_push(&f, (const uint8_t *)"\xD0\0", 2, (struct mark){2, 0},
                count_packet, NULL);
    ck_assert_uint_eq(n_packets, 1);
    framer_clear(&f);
}
END_TEST

/* Of a packet whose end was captured first, the frame is the one that made it
 * whole. */
START_TEST(framer_out_of_order)
{
    struct framer f = {.packet_max = 1 << 20};
    n_packets = 0;
    framer_push(&f, (const uint8_t *)"\x30\5\0", 3, (struct mark){5, 0},
                count_packet, NULL);
    framer_push(&f, (const uint8_t *)"\1t", 2, (struct mark){6, 0},
                count_packet, NULL);
    framer_push(&f, (const uint8_t *)"ab", 2, (struct mark){4, 0}, count_packet,
                NULL);
    ck_assert_uint_eq(n_packets, 1);
    ck_assert_uint_eq(first_frame, 5);
    ck_assert_uint_eq(last_frame, 6);
    framer_clear(&f);
}
END_TEST

/* A packet beyond the limit is stepped over, not kept. */
START_TEST(framer_too_large)
{
    struct framer f = {.packet_max = 8};
    n_packets = 0;
    framer_push(&f, (const uint8_t *)"\x30\x0A\0\1tabcdefg\xC0\0", 14,
                (struct mark){1, 0}, count_packet, NULL);
    ck_assert_uint_eq(n_packets, 1);
    ck_assert_uint_eq(f.n_too_large, 1);
    framer_clear(&f);
}
END_TEST

/* ---- detection ----------------------------------------------------------- */

START_TEST(detects_connect)
{
    static const char CONNECT_OCTETS[] = "\x10\x0C\0\4MQTT\4\2\0\x3C\0\0";
    for (size_t n = 1; n < 8; n++)
        ck_assert_int_eq(detect_connect((const uint8_t *)CONNECT_OCTETS, n),
                         DETECT_MORE);
    ck_assert_int_eq(detect_connect((const uint8_t *)CONNECT_OCTETS, 8),
                     DETECT_YES);
    ck_assert_int_eq(detect_connect((const uint8_t *)"\x10\x0C\0\4HTTP", 8),
                     DETECT_NO);
    ck_assert_int_eq(detect_connect((const uint8_t *)"GET / HT", 8), DETECT_NO);
}
END_TEST

/* Text of other protocols is not taken for packets. */
START_TEST(detects_no_text)
{
    static const char *const TEXTS[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "220 mail ESMTP ready\r\n",
                                        "<html><head></head></html>",
                                        "SSH-2.0-OpenSSH_9.2\r\n",
                                        "{\"jsonrpc\": \"2.0\"}",
                                        "0123456789"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct detect_run run = {0};
        detect_run((const uint8_t *)TEXTS[i], strlen(TEXTS[i]), &run);
        ck_assert_msg(run.is_bad || run.score < 3, "%s", TEXTS[i]);
    }
}
END_TEST

/* ---- WebSocket ----------------------------------------------------------- */

static char payload[256];

static void on_payload(void *user, const uint8_t *octets, size_t n)
{
    (void)user;
    strncat(payload, (const char *)octets, n);
}

/* Head, a masked frame, a ping between two fragments; any cut. */
START_TEST(websocket_any_cut)
{
    static const char OCTETS[] =
        "GET /mqtt HTTP/1.1\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
        "\x82\x83\x01\x02\x03\x04"
        "```" /* "abc" masked */
        "\x02\x82\x01\x02\x03\x04"
        "ea"                       /* "dc" masked, not final */
        "\x89\x80\x01\x02\x03\x04" /* ping */
        "\x80\x81\x01\x02\x03\x04"
        "g"; /* "f", the rest */
    size_t n = sizeof OCTETS - 1, step = (size_t[]){n, 1, 5}[_i];
    struct ws *ws = ws_new();
    payload[0] = '\0';
    for (size_t at = 0; at < n; at += step)
        ws_push(ws, (const uint8_t *)OCTETS + at, at + step > n ? n - at : step,
                on_payload, NULL);
    ck_assert_str_eq(payload, "abcdcf");
    ck_assert(ws_facts(ws)->is_mqtt);
    ck_assert(!ws_facts(ws)->is_broken);
    ws_free(ws);
}
END_TEST

/* ---- twins --------------------------------------------------------------- */

static struct flow flow_of(struct tcp_stream *tcp, uint64_t number,
                           uint8_t server)
{
    *tcp = (struct tcp_stream){
        .number = number, .first = {1, 1000}, .last = {9, 9000 + number}};
    tcp->side[0].address[15] = 1;
    tcp->side[1].address[15] = server;
    return (struct flow){
        .tcp = tcp, .kind = FLOW_MQTT, .n_octets = {100, 20}, .hash = {42, 43}};
}

/* The same octets to another server are a proxy's; to the same server they are
 * another client's. */
START_TEST(twins_go_to_different_servers)
{
    struct tcp_stream a, b, c;
    struct flow one = flow_of(&a, 0, 7), same = flow_of(&b, 1, 7),
                other = flow_of(&c, 2, 8);
    struct twins twins = {0};
    ck_assert_int_eq(twins_find(&twins, &one), -1);
    ck_assert_int_eq(twins_find(&twins, &same), -1);
    ck_assert_int_eq(twins_find(&twins, &other), 0);
    twins_clear(&twins);
}
END_TEST

Suite *suite_flow(void)
{
    Suite *s = suite_create("flow");
    TCase *t = tcase_create("flow");
    tcase_add_loop_test(t, framer_any_cut, 0, 3);
    tcase_add_test(t, framer_hole_inside);
    tcase_add_test(t, framer_hole_before_text);
    tcase_add_test(t, framer_out_of_order);
    tcase_add_test(t, framer_too_large);
    tcase_add_test(t, detects_connect);
    tcase_add_test(t, detects_no_text);
    tcase_add_loop_test(t, websocket_any_cut, 0, 3);
    tcase_add_test(t, twins_go_to_different_servers);
    suite_add_tcase(s, t);
    return s;
}
