// SPDX-License-Identifier: Apache-2.0
/* listen_test.c -- ports taken, ports told, ports refused. */
#include "net/listen.h"
#include "tests/tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct config config;
static struct listener listener;
static struct complaint error;

static void set_up(void)
{
    config_init(&config);
    ck_assert_int_eq(config_add_acceptor(&config, "tcp://127.0.0.1:0", &error),
                     0);
    ck_assert_msg(listener_open(&listener, &config.acceptors[0], &error) == 0,
                  "%s", error.text);
}

static void tear_down(void)
{
    listener_close(&listener);
    config_clear(&config);
}

START_TEST(port_0_takes_a_free_port_and_tells_it)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(listener.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char peer[64];
    int accepted;

    ck_assert_uint_ne(listener.port, 0);
    ck_assert_int_eq(
        listener_accept(&listener, listener.fds[0], peer, sizeof peer), -1);
    ck_assert_int_eq(errno, EAGAIN);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    accepted = listener_accept(&listener, listener.fds[0], peer, sizeof peer);
    ck_assert_int_ge(accepted, 0);
    ck_assert_int_eq(strncmp(peer, "127.0.0.1:", 10), 0);
    close(accepted);
    close(fd);
}
END_TEST

START_TEST(port_in_use_is_refused_with_its_url)
{
    struct listener second;
    char url[64];

    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", listener.port);
    ck_assert_int_eq(config_add_acceptor(&config, url, &error), 0);
    listener.options = &config.acceptors[0]; /* the list has moved */
    ck_assert_int_eq(listener_open(&second, &config.acceptors[1], &error), -1);
    ck_assert_int_eq(second.n_fds, 0);
    ck_assert_ptr_nonnull(strstr(error.text, url));
    ck_assert_ptr_nonnull(strstr(error.text, "Address already in use"));
}
END_TEST

START_TEST(unknown_host_is_refused)
{
    struct listener second;

    ck_assert_int_eq(config_add_acceptor(&config, "tcp://256.1.1.1:0", &error),
                     0);
    listener.options = &config.acceptors[0];
    ck_assert_int_eq(listener_open(&second, &config.acceptors[1], &error), -1);
    ck_assert_ptr_nonnull(
        strstr(error.text, "tcp://256.1.1.1:0: cannot listen"));
}
END_TEST

START_TEST(bad_certificate_opens_no_socket)
{
    struct listener second;

    ck_assert_int_eq(config_add_acceptor(
                         &config, "tcp://127.0.0.1:0?sslEnabled=true", &error),
                     0);
    listener.options = &config.acceptors[0];
    ck_assert_int_eq(listener_open(&second, &config.acceptors[1], &error), -1);
    ck_assert_int_eq(second.n_fds, 0);
    ck_assert_int_eq(strncmp(error.text, "keyStorePath", 12), 0);
}
END_TEST

Suite *suite_listen(void)
{
    Suite *suite = suite_create("listen");
    TCase *tc = tcase_create("listen");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, port_0_takes_a_free_port_and_tells_it);
    tcase_add_test(tc, port_in_use_is_refused_with_its_url);
    tcase_add_test(tc, unknown_host_is_refused);
    tcase_add_test(tc, bad_certificate_opens_no_socket);
    suite_add_tcase(suite, tc);
    return suite;
}
