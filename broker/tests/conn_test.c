// SPDX-License-Identifier: Apache-2.0
/* conn_test.c -- the output queue: order, sharing, partial writes, the end. */
#include "net/conn.h"
#include "net/tcp.h"
#include "tests/tests.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE 100000

static struct conn *conn;
static int other; /* the other end of the connection */
static int n_released;

static void set_up(void)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    conn = conn_new(tcp_new(pair[0]), NULL);
    conn->version = MQTT_5_0;
    other = pair[1];
    n_released = 0;
}

static void tear_down(void)
{
    conn_free(conn);
    close(other);
}

static void on_release(void *holder)
{
    ck_assert_ptr_eq(holder, &n_released);
    n_released++;
}

static struct packet publish_of(const void *payload, size_t n)
{
    struct packet packet = {.type = PACKET_PUBLISH};

    packet.publish.topic = slice_of_text("t");
    packet.publish.payload = slice_of(payload, n);
    return packet;
}

static void send_shared(const void *octets, size_t n)
{
    struct packet packet = publish_of(octets, n);
    struct conn_payload payload = {slice_of(octets, n), on_release,
                                   &n_released};

    conn_send(conn, &packet, &payload);
}

/* Large payloads are held by reference until they are written, small ones are
 * copied and released at once; the order on the wire is that of conn_send.
 */
START_TEST(payloads_are_sent_in_order_and_released)
{
    static uint8_t large[LARGE];
    struct packet pingresp = {.type = PACKET_PINGRESP};
    struct buf out = {0};

    memset(large, 'L', sizeof large);
    send_shared("small", 5);
    ck_assert_int_eq(n_released, 1);
    send_shared(large, sizeof large);
    ck_assert_int_eq(n_released, 1);
    conn_send(conn, &pingresp, NULL);
    conn_take_output(conn, &out);
    ck_assert_int_eq(n_released, 2);
    ck_assert_uint_eq(buf_size(&out), 11 + 8 + LARGE + 2);
    ck_assert_mem_eq(buf_slice(&out).data, "\x30\x09\x00\x01t\x00small", 11);
    ck_assert_mem_eq(buf_slice(&out).data + 11,
                     "\x30\xa4\x8d\x06\x00\x01t\x00L", 9);
    ck_assert_mem_eq(buf_slice(&out).data + 19 + LARGE, "\xd0\x00", 2);
    ck_assert_uint_eq(conn->out_octets, 0);
    buf_clear(&out);
}
END_TEST

/* A socket that takes only some of it gets the rest later, unchanged. */
START_TEST(partial_writes_lose_nothing)
{
    static uint8_t large[LARGE];
    static uint8_t got[8 * (LARGE + 8)];
    size_t n = 0;
    int small = 4096;

    setsockopt(conn->transport->fd, SOL_SOCKET, SO_SNDBUF, &small,
               sizeof small);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 7);
    for (int i = 0; i < 8; i++)
        send_shared(large, sizeof large);
    ck_assert(conn_flush(conn));
    ck_assert(conn_wants_write(conn));
    while (n < sizeof got) {
        ssize_t r = read(other, got + n, sizeof got - n);
        ck_assert_int_gt(r, 0);
        n += (size_t)r;
        ck_assert(conn_flush(conn));
    }
    ck_assert(!conn_wants_write(conn));
    ck_assert_int_eq(n_released, 8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_mem_eq(got + i * (LARGE + 8) + 8, large, LARGE);
}
END_TEST

/* What was queued before the end is written; nothing after it is. */
START_TEST(closing_sends_the_last_packet_and_then_ends)
{
    struct packet packet = {.type = PACKET_DISCONNECT};
    char got[16];

    packet.disconnect.reason = REASON_PROTOCOL_ERROR;
    ck_assert_int_eq(write(other, "unread", 6), 6);
    conn_send(conn, &packet, NULL);
    conn_enter(conn, CONN_CLOSING);
    send_shared("late", 4);
    ck_assert_int_eq(n_released, 1);
    ck_assert(conn_flush(conn));
    ck_assert(conn->is_finished && !conn->has_ended);
    ck_assert_int_eq(read(other, got, sizeof got), 3);
    ck_assert_mem_eq(got, "\xe0\x01\x82", 3);
    ck_assert_int_eq(read(other, got, sizeof got), 0);
    shutdown(other, SHUT_WR);
    ck_assert(!conn_read(conn, 100)); /* thrown away */
    ck_assert(!conn_read(conn, 100));
    ck_assert(conn->has_ended);
    ck_assert_int_eq(conn->error, 0);
}
END_TEST

/* A connection that is given up releases what it still holds. */
START_TEST(freeing_releases_what_was_not_written)
{
    static uint8_t large[LARGE];
    struct conn *memory = conn_new(NULL, NULL);
    struct packet packet = publish_of(large, sizeof large);
    struct conn_payload payload = {slice_of(large, sizeof large), on_release,
                                   &n_released};

    memory->version = MQTT_3_1_1;
    for (int i = 0; i < 5; i++)
        conn_send(memory, &packet, &payload);
    conn_free(memory);
    ck_assert_int_eq(n_released, 5);
}
END_TEST

START_TEST(reading_stops_at_the_limit_and_tells_the_end)
{
    char octets[3000] = {0};

    ck_assert_int_eq(write(other, octets, sizeof octets), sizeof octets);
    ck_assert(conn_read(conn, 1000));
    ck_assert_uint_eq(buf_size(&conn->in), 1000);
    ck_assert(conn_read(conn, 10000));
    ck_assert_uint_eq(buf_size(&conn->in), 3000);
    ck_assert(!conn_read(conn, 10000));
    ck_assert(!conn->has_ended);
    shutdown(other, SHUT_WR);
    ck_assert(!conn_read(conn, 10000));
    ck_assert(conn->has_ended);
}
END_TEST

Suite *suite_conn(void)
{
    Suite *suite = suite_create("conn");
    TCase *tc = tcase_create("conn");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, payloads_are_sent_in_order_and_released);
    tcase_add_test(tc, partial_writes_lose_nothing);
    tcase_add_test(tc, closing_sends_the_last_packet_and_then_ends);
    tcase_add_test(tc, freeing_releases_what_was_not_written);
    tcase_add_test(tc, reading_stops_at_the_limit_and_tells_the_end);
    suite_add_tcase(suite, tc);
    return suite;
}
