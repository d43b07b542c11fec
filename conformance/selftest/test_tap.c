/* SPDX-License-Identifier: Apache-2.0 */
/* test_tap.c -- what the relay does with the octets that cross it.
 *
 * Both ends are here: a socket that stands for the broker, and one that speaks.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults/catalogue.h"
#include "selftest/selftest.h"
#include "tap/tap.h"

enum { WAIT_MS = 10000, N_PACKETS = 200 };

static struct transcript *transcript;
static struct tap *tap;
static int listener, speaker, broker;

static void open_both(const struct fault *fault)
{
    char error[200];
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    struct endpoint endpoint = {.transport = TRANSPORT_TCP,
                                .host = "127.0.0.1",
                                .port = ntohs(address.sin_port)};
    transcript = transcript_new();
    tap =
        tap_open(&endpoint, transcript, "speaker", fault, error, sizeof error);
    ck_assert_msg(tap != NULL, "%s", error);
    address.sin_port = htons((uint16_t)tap_port(tap));
    speaker = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(speaker, (struct sockaddr *)&address, n), 0);
    broker = accept(listener, NULL, NULL);
    ck_assert_int_ge(broker, 0);
}

static void close_both(void)
{
    close(speaker);
    close(broker);
    close(listener);
    tap_close(tap);
    transcript_free(transcript);
}

static void say(const void *octets, size_t n)
{
    ck_assert_int_eq(write(speaker, octets, n), (ssize_t)n);
}

/* The next octets at the broker are these. */
static void expect(const void *octets, size_t n)
{
    unsigned char in[4096];
    size_t n_in = 0;
    ck_assert_uint_le(n, sizeof in);
    while (n_in < n) {
        struct pollfd ready = {.fd = broker, .events = POLLIN};
        ck_assert_msg(poll(&ready, 1, WAIT_MS) == 1,
                      "%zu octets of %zu came through", n_in, n);
        ssize_t got = read(broker, in + n_in, n - n_in);
        ck_assert_int_gt(got, 0);
        n_in += (size_t)got;
    }
    ck_assert_mem_eq(in, octets, n);
}

static void drop_all(struct tap_relay *relay, enum wire_side from,
                     const struct wire_packet *packet, void *state)
{
    (void)relay;
    (void)from;
    (void)packet;
    (void)state;
}
static const struct fault drops = {.name = "drops", .on_packet = drop_all};

START_TEST(an_unfinished_packet_goes_on)
{
    open_both(NULL);
    say("\x30\x06\x00", 3);
    expect("\x30\x06\x00", 3);
    say("\x01", 1); /* no packet yet: straight through */
    expect("\x01", 1);
    say("axyz\xc0\x00", 6);
    expect("axyz\xc0\x00", 6);
    close_both();
}
END_TEST

START_TEST(a_fault_is_for_whole_packets)
{
    open_both(&drops);
    say("\xc0\x00\x30\x03\x00", 5);
    expect("\x30\x03\x00", 3);
    say("\x01z\xc0\x00\xe0", 5);
    expect("\x01z\xe0", 3);
    close_both();
}
END_TEST

/* Slow packets are on their way together, and keep their order. */
START_TEST(slow_packets_do_not_add_up)
{
    unsigned char octets[4 * N_PACKETS];
    for (size_t i = 0; i < N_PACKETS; i++)
        memcpy(octets + 4 * i,
               (unsigned char[]){0x40, 2, (unsigned char)(i >> 8),
                                 (unsigned char)i},
               4);
    open_both(&fault_jitter);
    int64_t began = link_now_ms();
    say(octets, sizeof octets);
    expect(octets, sizeof octets);
    /* one after the other, they would take twenty seconds */
    ck_assert_int_lt(link_now_ms() - began, WAIT_MS);
    close_both();
}
END_TEST

Suite *suite_tap(void)
{
    Suite *suite = suite_create("tap");
    TCase *tcase = tcase_create("tap");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_unfinished_packet_goes_on);
    tcase_add_test(tcase, a_fault_is_for_whole_packets);
    tcase_add_test(tcase, slow_packets_do_not_add_up);
    suite_add_tcase(suite, tcase);
    return suite;
}
