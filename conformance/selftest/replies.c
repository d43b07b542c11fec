/* SPDX-License-Identifier: Apache-2.0 */
/* replies.c -- a broker of a few lines, for the tests of the harness. */
#include "selftest/replies.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEVEL_AT = 8 }; /* of a CONNECT that is short, and not of 3.1 */

/* The answer to a packet; NULL: none. */
static const char *find(const struct reply *replies,
                        const unsigned char *packet)
{
    for (const struct reply *r = replies; r->type; r++) {
        if ((int)r->type == packet[0] >> 4 &&
            (r->level == 0 || r->level == packet[LEVEL_AT]))
            return r->hex;
    }
    return NULL;
}

static void answer(int fd, const struct reply *replies)
{
    unsigned char in[4096] = {0}, out[256];
    size_t n = 0, total;
    for (;;) {
        while (wire_frame(in, n, &total) == WIRE_OK) {
            const char *hex = find(replies, in);
            size_t size = hex ? wire_hex(hex, out, sizeof out) : 0;
            if (hex && (!*hex || write(fd, out, size) < 0))
                return;
            memmove(in, in + total, n - total);
            n -= total;
        }
        ssize_t got = read(fd, in + n, sizeof in - n);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
}

pid_t replies_start(const struct reply *replies, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, n), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    pid_t pid = fork();
    while (pid == 0) {
        int fd = accept(listener, NULL, NULL);
        answer(fd, replies);
        close(fd);
    }
    close(listener);
    return pid;
}
