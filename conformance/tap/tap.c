/* SPDX-License-Identifier: Apache-2.0 */
/* tap.c -- the tap's thread: it listens, and serves one connection at a time.
 */
#include "tap/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap/inside.h"

static void *tap_main(void *user)
{
    struct tap *tap = user;
    while (!atomic_load(&tap->should_stop)) {
        struct pollfd fds[2] = {{.fd = tap->wake[0], .events = POLLIN},
                                {.fd = tap->listener, .events = POLLIN}};
        poll(fds, 2, -1);
        relay_drain(tap);
        if (atomic_load(&tap->should_stop))
            break;
        int fd = accept(tap->listener, NULL, NULL);
        if (fd >= 0) {
            atomic_store(&tap->should_drop, false);
            relay_serve(tap, fd);
        }
    }
    return NULL;
}

static int listen_anywhere(struct tap *tap)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tap->listener =
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (tap->listener < 0 ||
        bind(tap->listener, (struct sockaddr *)&address, n) < 0 ||
        listen(tap->listener, 16) < 0 ||
        getsockname(tap->listener, (struct sockaddr *)&address, &n) < 0)
        return -1;
    tap->port = ntohs(address.sin_port);
    return 0;
}

struct tap *tap_open(const struct endpoint *endpoint,
                     struct transcript *transcript, const char *who,
                     const struct fault *fault, char *error, size_t n)
{
    struct tap *tap = calloc(1, sizeof *tap);
    if (!tap)
        abort();
    tap->endpoint = *endpoint;
    tap->transcript = transcript;
    tap->fault = fault;
    tap->wake[0] = tap->wake[1] = -1;
    snprintf(tap->who, sizeof tap->who, "%s", who);
    bool is_ready = listen_anywhere(tap) == 0 && pipe(tap->wake) == 0;
    for (int i = 0; is_ready && i < 2; i++) {
        fcntl(tap->wake[i], F_SETFL, O_NONBLOCK);
        fcntl(tap->wake[i], F_SETFD, FD_CLOEXEC);
    }
    if (is_ready && pthread_create(&tap->thread, NULL, tap_main, tap) == 0)
        return tap;
    snprintf(error, n, "the tap cannot listen on the loopback address");
    close(tap->listener);
    close(tap->wake[0]);
    close(tap->wake[1]);
    free(tap);
    return NULL;
}

static void wake(struct tap *tap)
{
    ssize_t ignored = write(tap->wake[1], "x", 1);
    (void)ignored; /* a full pipe wakes as well */
}

void tap_close(struct tap *tap)
{
    if (!tap)
        return;
    atomic_store(&tap->should_stop, true);
    wake(tap);
    pthread_join(tap->thread, NULL);
    close(tap->listener);
    close(tap->wake[0]);
    close(tap->wake[1]);
    free(tap);
}

int tap_port(const struct tap *tap)
{
    return tap->port;
}

void tap_nudge(struct tap *tap)
{
    atomic_store(&tap->should_nudge, true);
    wake(tap);
}

void tap_drop(struct tap *tap)
{
    atomic_store(&tap->should_drop, true);
    wake(tap);
}
