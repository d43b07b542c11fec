/* SPDX-License-Identifier: Apache-2.0 */
/* test_live.c -- the live side of a replay: Pings of a WebSocket server. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "tests/scene.h"

static void on_octets(void *user, const uint8_t *octets, size_t n)
{
    char *got = user;
    ck_assert_uint_lt(strlen(got) + n, 16);
    strncat(got, (const char *)octets, n);
}

/* Listens on a port of its own and begins to connect to it. */
static struct live *begin(int *listener)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char text[64], error[100];
    struct live_url url;
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(*listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(*listener, 1), 0);
    getsockname(*listener, (struct sockaddr *)&at, &n);
    snprintf(text, sizeof text, "ws://127.0.0.1:%d/mqtt", ntohs(at.sin_port));
    ck_assert(live_url_read(text, &url));
    struct live *live = live_open(&url, NULL, error, sizeof error);
    ck_assert_msg(live != NULL, "%s", error);
    return live;
}

/* Pumps until the server's socket has something. Returns how much it read. */
static size_t read_some(struct live *live, int fd, char *got, uint8_t *in,
                        size_t size)
{
    for (int i = 0; i < 1000; i++) {
        live_pump(live, on_octets, got);
        ssize_t n = recv(fd, in, size, MSG_DONTWAIT);
        if (n > 0)
            return (size_t)n;
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    ck_abort_msg("nothing came");
    return 0;
}

/* RFC 6455 s5.5.2: upon receipt of a Ping, a Pong with the same octets; also
 * when the Ping arrives in pieces, inside a message, or carries nothing. */
START_TEST(ping_is_answered)
{
    static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    static const char *const PINGS[] = {"\x89\2hi", "\2\1M\x89\2hi\x80\1Q",
                                        "\x89\0"};
    static const size_t LENGTHS[] = {4, 10, 2};
    const size_t n_payload = _i == 2 ? 0 : 2;
    int listener;
    char got[16] = "";
    uint8_t in[2000];
    struct live *live = begin(&listener);
    int fd = accept(listener, NULL, NULL);
    read_some(live, fd, got, in, sizeof in);
    send(fd, ANSWER, sizeof ANSWER - 1, 0);
    for (size_t i = 0; i < LENGTHS[_i]; i++) {
        send(fd, PINGS[_i] + i, 1, 0);
        live_pump(live, on_octets, got);
    }
    size_t n = read_some(live, fd, got, in, sizeof in);
    while (n < 6 + n_payload)
        n += read_some(live, fd, got, in + n, sizeof in - n);
    ck_assert_uint_eq(n, 6 + n_payload);
    ck_assert_uint_eq(in[0], 0x8A);
    ck_assert_uint_eq(in[1], 0x80 | n_payload);
    for (size_t i = 0; i < n_payload; i++)
        ck_assert_int_eq(in[6 + i] ^ in[2 + i % 4], "hi"[i]);
    live_pump(live, on_octets, got);
    ck_assert_str_eq(got, _i == 1 ? "MQ" : "");
    close(fd);
    close(listener);
    live_free(live);
}
END_TEST

Suite *suite_live(void)
{
    Suite *s = suite_create("live");
    TCase *t = tcase_create("live");
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, ping_is_answered, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
