// SPDX-License-Identifier: Apache-2.0
/* ws_test.c -- the WebSocket handshake and frames, whole and octet by octet. */
#include "config.h"
#include "net/tcp.h"
#include "net/ws.h"
#include "net/ws_handshake.h"
#include "tests/tests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The example of RFC 6455 s1.3, with MQTT's sub-protocol. */
#define REQUEST(fields)                                                        \
    "GET /mqtt HTTP/1.1\r\nHost: example\r\n"                                  \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" fields "\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define MQTT "Sec-WebSocket-Protocol: mqtt\r\n"
#define GOOD REQUEST(UPGRADE VERSION MQTT)
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* Requests, and how their answers begin. status 0: more is needed. */
static const struct {
    const char *request;
    int status;
    const char *holds;
} requests[] = {
    {GOOD, 101, ACCEPT "Sec-WebSocket-Protocol: mqtt\r\n"},
    {REQUEST(UPGRADE VERSION "Sec-WebSocket-Protocol: foo, mqttv3.1\r\n"), 101,
     "Sec-WebSocket-Protocol: mqttv3.1\r\n"},
    {REQUEST(UPGRADE VERSION "Sec-WebSocket-Protocol: foo\r\n" MQTT), 101,
     "Sec-WebSocket-Protocol: mqtt\r\n"},
    {REQUEST(UPGRADE VERSION "Sec-WebSocket-Protocol: mqttv3.1,mqtt\r\n"), 101,
     "Sec-WebSocket-Protocol: mqttv3.1\r\n"},
    {REQUEST("uPgRaDe: WebSocket\r\nconnection: UPGRADE\r\n" VERSION MQTT), 101,
     ACCEPT},
    {REQUEST(UPGRADE VERSION), 400, ""},
    {REQUEST(UPGRADE VERSION "Sec-WebSocket-Protocol: MQTT\r\n"), 400, ""},
    {REQUEST(UPGRADE VERSION "Sec-WebSocket-Protocol: mqtt5\r\n"), 400, ""},
    {REQUEST(UPGRADE MQTT), 426, "Sec-WebSocket-Version: 13\r\n"},
    {REQUEST(UPGRADE "Sec-WebSocket-Version: 12\r\n" MQTT), 426,
     "Sec-WebSocket-Version: 13\r\n"},
    {REQUEST(VERSION MQTT "Connection: Upgrade\r\n"), 426,
     "Upgrade: websocket"},
    {REQUEST(VERSION MQTT "Upgrade: websocket\r\n"), 426, ""},
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426, "Upgrade: websocket\r\n"},
    {"GET / HTTP/1.1\r\nHost: x\r\n" UPGRADE VERSION MQTT "\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: c2hvcnQ=\r\n" UPGRADE
         VERSION MQTT "\r\n",
     400, ""},
    {"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET\r\n"},
    {"GET / HTTP/1.0\r\nHost: x\r\n\r\n", 505, ""},
    {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, ""},
    {"GET /\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\n" UPGRADE VERSION MQTT "\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, ""},
    {"GET / HTTP/1.1\r\nHost: x\r\n", 0, ""},
    {"G", 0, ""},
    {"", 0, ""},
};

START_TEST(request_is_answered_as_the_rfc_asks)
{
    struct buf response = {0};
    size_t n_used = 0;
    enum ws_handshake result = ws_handshake_answer(
        slice_of_text(requests[_i].request), true, &response, &n_used);
    char begin[32];

    buf_append(&response, "", 1);
    snprintf(begin, sizeof begin, "HTTP/1.1 %d ", requests[_i].status);
    if (requests[_i].status == 0) {
        ck_assert_int_eq(result, WS_HANDSHAKE_MORE);
        ck_assert_uint_eq(buf_size(&response), 1);
    } else {
        const char *text = (const char *)buf_slice(&response).data;
        ck_assert_int_eq(result, requests[_i].status == 101
                                     ? WS_HANDSHAKE_ACCEPTED
                                     : WS_HANDSHAKE_REFUSED);
        ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "%s", text);
        ck_assert_msg(strstr(text, requests[_i].holds) != NULL, "%s", text);
        ck_assert_msg(strstr(text, "\r\n\r\n") != NULL, "%s", text);
    }
    buf_clear(&response);
}
END_TEST

START_TEST(subprotocol_is_optional_when_configured)
{
    struct buf response = {0};
    size_t n_used = 0;

    ck_assert_int_eq(
        ws_handshake_answer(slice_of_text(REQUEST(UPGRADE VERSION)), false,
                            &response, &n_used),
        WS_HANDSHAKE_ACCEPTED);
    buf_append(&response, "", 1);
    ck_assert_ptr_null(strstr((const char *)buf_slice(&response).data,
                              "Sec-WebSocket-Protocol"));
    buf_clear(&response);
}
END_TEST

START_TEST(endless_request_is_refused)
{
    static char request[9000];
    struct buf response = {0};
    size_t n_used = 0;

    memset(request, 'G', sizeof request);
    ck_assert_int_eq(ws_handshake_answer(slice_of(request, sizeof request),
                                         true, &response, &n_used),
                     WS_HANDSHAKE_REFUSED);
    ck_assert_mem_eq(buf_slice(&response).data, "HTTP/1.1 431 ", 13);
    buf_clear(&response);
}
END_TEST

/* ---- frames ------------------------------------------------------------- */

static struct acceptor_options options;
static struct transport *ws;
static int other;

static void set_up(void)
{
    int pair[2];

    config_init_acceptor(&options);
    options.web_socket_max_frame_payload_length = 1000;
    options.is_web_socket_limit_given = true;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    other = pair[1];
    ws = ws_new(tcp_new(pair[0]), &options, slice_of_text("GET"));
}

static void tear_down(void)
{
    ws->ops->free(ws);
    close(other);
    free(options.host);
    free(options.protocols);
    free(options.enabled_protocols);
}

/* frame appends a masked frame to out. */
static void frame(struct buf *out, uint8_t first, const void *payload, size_t n)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    const uint8_t *octets = payload;
    uint8_t head[4] = {first, (uint8_t)(0x80 | (n < 126 ? n : 126)),
                       (uint8_t)(n >> 8), (uint8_t)n};

    buf_append(out, head, n < 126 ? 2 : 4);
    buf_append(out, mask, sizeof mask);
    for (size_t i = 0; i < n; i++) {
        uint8_t masked = octets[i] ^ mask[i % 4];
        buf_append(out, &masked, 1);
    }
}

struct outcome {
    struct buf payload;
    struct buf written; /* by the server, after its handshake response */
    bool has_ended;
};

static void drain(struct outcome *o)
{
    uint8_t octets[4096];
    ssize_t n;

    if (ws->wants_write)
        ws->ops->writev(ws, NULL, 0);
    while ((n = recv(other, octets, sizeof octets, MSG_DONTWAIT)) > 0)
        buf_append(&o->written, octets, (size_t)n);
}

static void pull(struct outcome *o)
{
    uint8_t octets[300];
    ssize_t n;

    do {
        n = ws->ops->read(ws, octets, sizeof octets);
        if (n > 0)
            buf_append(&o->payload, octets, (size_t)n);
    } while (n > 0);
    o->has_ended = o->has_ended || n < 0;
    if (!o->has_ended)
        ck_assert(!ws->ops->has_pending(ws));
}

/* speak sends the rest of the handshake and then frames, step octets at a time,
 * as far as the server listens.
 */
static struct outcome speak(const struct buf *frames, size_t step)
{
    struct outcome o = {0};
    struct buf all = {0};
    struct slice s;

    buf_append(&all, &GOOD[3], strlen(GOOD) - 3);
    buf_append(&all, buf_slice(frames).data, buf_size(frames));
    s = buf_slice(&all);
    for (size_t at = 0; at < s.n && !o.has_ended; at += step) {
        size_t n = s.n - at < step ? s.n - at : step;
        ck_assert_int_eq(write(other, s.data + at, n), (ssize_t)n);
        pull(&o);
        drain(&o);
    }
    drain(&o);
    ck_assert_mem_eq(buf_slice(&o.written).data, "HTTP/1.1 101 ", 13);
    buf_append(&o.written, "", 1);
    const char *end =
        strstr((const char *)buf_slice(&o.written).data, "\r\n\r\n");
    ck_assert_ptr_nonnull(end);
    buf_consume(&o.written, (size_t)((const uint8_t *)end + 4 -
                                     buf_slice(&o.written).data));
    buf_clear(&all);
    return o;
}

static void outcome_clear(struct outcome *o, struct buf *frames)
{
    buf_clear(&o->payload);
    buf_clear(&o->written);
    buf_clear(frames);
}

static const size_t steps[] = {100000, 1, 2, 7};

/* Packets and frames need not align: what comes out is one stream. */
START_TEST(frames_become_one_stream)
{
    struct buf frames = {0};
    struct outcome o;
    char long_payload[700];

    memset(long_payload, 'x', sizeof long_payload);
    frame(&frames, 0x82, "ab", 2);
    frame(&frames, 0x82, "", 0);
    frame(&frames, 0x02, "c", 1);     /* a message in three frames, */
    frame(&frames, 0x89, "ping!", 5); /* a Ping between them */
    frame(&frames, 0x00, "d", 1);
    frame(&frames, 0x80, "e", 1);
    frame(&frames, 0x8A, "unasked", 7); /* Pong */
    frame(&frames, 0x82, long_payload, sizeof long_payload);
    o = speak(&frames, steps[_i]);
    ck_assert(!o.has_ended);
    ck_assert_uint_eq(buf_size(&o.payload), 5 + sizeof long_payload);
    ck_assert_mem_eq(buf_slice(&o.payload).data, "abcdexxx", 8);
    ck_assert_uint_eq(buf_size(&o.written), 7 + 1);
    ck_assert_mem_eq(buf_slice(&o.written).data, "\x8A\x05ping!", 7);
    outcome_clear(&o, &frames);
}
END_TEST

/* Frames that end the connection, and the code of the Close frame. */
static const struct {
    const char *what;
    const char *octets; /* after one good frame */
    size_t n;
    unsigned code; /* 0: a Close frame without one */
} endings[] = {
    {"text [MQTT-6.0.0-1]", "\x81\x81\0\0\0\0x", 7, 1003},
    {"unmasked", "\x82\x01x", 3, 1002},
    {"reserved bit", "\xC2\x81\0\0\0\0x", 7, 1002},
    {"reserved opcode", "\x83\x81\0\0\0\0x", 7, 1002},
    {"reserved control opcode", "\x8B\x80\0\0\0\0", 6, 1002},
    {"continuation of nothing", "\x80\x81\0\0\0\0x", 7, 1002},
    {"fragmented ping", "\x09\x80\0\0\0\0", 6, 1002},
    {"new message inside a message", "\x02\x81\0\0\0\0x\x82\x81\0\0\0\0y", 14,
     1002},
    {"1,001 octets, 1,000 allowed", "\x82\xFE\x03\xE9\0\0\0\0x", 9, 1009},
    {"8 octets of length, too large", "\x82\xFF\0\0\0\1\0\0\0\0\0\0\0\0x", 15,
     1009},
    {"close without code", "\x88\x80\0\0\0\0", 6, 0},
    {"close 1000", "\x88\x82\0\0\0\0\x03\xE8", 8, 1000},
    {"close 1000 with reason", "\x88\x84\0\0\0\0\x03\xE8ok", 10, 1000},
    {"close 4000", "\x88\x82\0\0\0\0\x0F\xA0", 8, 4000},
    {"close of one octet", "\x88\x81\0\0\0\0\x03", 7, 1002},
    {"close 1005", "\x88\x82\0\0\0\0\x03\xED", 8, 1002},
    {"close 999", "\x88\x82\0\0\0\0\x03\xE7", 8, 1002},
    {"close with bad UTF-8", "\x88\x83\0\0\0\0\x03\xE8\xFF", 9, 1007},
};

static void check_ending(size_t step, int i)
{
    struct buf frames = {0};
    struct outcome o;
    uint8_t code[2] = {(uint8_t)(endings[i].code >> 8),
                       (uint8_t)endings[i].code};

    frame(&frames, 0x82, "good", 4);
    buf_append(&frames, endings[i].octets, endings[i].n);
    o = speak(&frames, step);
    ck_assert_msg(o.has_ended, "%s", endings[i].what);
    ck_assert_mem_eq(buf_slice(&o.payload).data, "good", 4);
    ck_assert_msg(buf_size(&o.written) == (endings[i].code ? 4 : 2) + 1,
                  "%s: %zu octets", endings[i].what, buf_size(&o.written));
    ck_assert_uint_eq(buf_slice(&o.written).data[0], 0x88);
    if (endings[i].code)
        ck_assert_msg(slice_equals(slice_of(buf_slice(&o.written).data + 2, 2),
                                   slice_of(code, 2)),
                      "%s: %u", endings[i].what,
                      (unsigned)(buf_slice(&o.written).data[2] << 8 |
                                 buf_slice(&o.written).data[3]));
    outcome_clear(&o, &frames);
}

START_TEST(bad_or_last_frame_ends_the_connection)
{
    check_ending(100000, _i);
}
END_TEST

START_TEST(bad_or_last_frame_in_single_octets_ends_the_connection)
{
    check_ending(1, _i);
}
END_TEST

/* What is written goes out in binary frames of the allowed length. */
START_TEST(output_is_cut_into_frames)
{
    struct buf none = {0};
    struct outcome o = speak(&none, 100000);
    char payload[1500];
    struct iovec parts[2] = {{payload, 400}, {payload + 400, 1100}};

    memset(payload, 'p', sizeof payload);
    ck_assert_int_eq(ws->ops->writev(ws, parts, 2), 1000);
    parts[0] = (struct iovec){payload + 1000, 500};
    ck_assert_int_eq(ws->ops->writev(ws, parts, 1), 500);
    buf_consume(&o.written, buf_size(&o.written));
    drain(&o);
    ck_assert_uint_eq(buf_size(&o.written), 4 + 1000 + 4 + 500);
    ck_assert_mem_eq(buf_slice(&o.written).data, "\x82\x7E\x03\xE8pp", 6);
    ck_assert_mem_eq(buf_slice(&o.written).data + 1004, "\x82\x7E\x01\xF4pp",
                     6);
    outcome_clear(&o, &none);
}
END_TEST

START_TEST(finish_says_close_and_ends_the_stream)
{
    struct buf none = {0};
    struct outcome o = speak(&none, 100000);
    char octets[16];

    ck_assert_int_eq(ws->ops->finish(ws), 1);
    ck_assert_int_eq(read(other, octets, sizeof octets), 4);
    ck_assert_mem_eq(octets, "\x88\x02\x03\xE8", 4);
    ck_assert_int_eq(read(other, octets, sizeof octets), 0);
    outcome_clear(&o, &none);
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_ws(void)
{
    Suite *suite = suite_create("ws");
    TCase *handshakes = tcase_create("handshake");
    TCase *frames = tcase_create("frames");

    tcase_add_loop_test(handshakes, request_is_answered_as_the_rfc_asks, 0,
                        N(requests));
    tcase_add_test(handshakes, subprotocol_is_optional_when_configured);
    tcase_add_test(handshakes, endless_request_is_refused);
    suite_add_tcase(suite, handshakes);
    tcase_add_checked_fixture(frames, set_up, tear_down);
    tcase_add_loop_test(frames, frames_become_one_stream, 0, N(steps));
    tcase_add_loop_test(frames, bad_or_last_frame_ends_the_connection, 0,
                        N(endings));
    tcase_add_loop_test(frames,
                        bad_or_last_frame_in_single_octets_ends_the_connection,
                        0, N(endings));
    tcase_add_test(frames, output_is_cut_into_frames);
    tcase_add_test(frames, finish_says_close_and_ends_the_stream);
    suite_add_tcase(suite, frames);
    return suite;
}
