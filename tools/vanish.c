/* SPDX-License-Identifier: Apache-2.0 */
/* vanish.c -- connections that come, work and are cut. */
#include "vanish.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "wire/wire.h"

enum {
    AT_A_TIME = 32,   /* connections open at the same time */
    PATIENCE_S = 10,  /* for an answer */
    MOOD = 128 * 1024 /* octets by which a resting process may have grown; 32,
                         the least that malloc gives, ten thousand times
                         would be more */
};

static struct holdings holdings_of(pid_t pid)
{
    return (struct holdings){process_memory(pid), process_descriptors(pid)};
}

static int open_socket(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {PATIENCE_S, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void cut(int fd)
{
    struct linger reset = {1, 0};
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
}

static bool await(int fd, enum wire_type type)
{
    uint8_t in[1024];
    size_t n = 0, total;
    while (n < sizeof in) {
        ssize_t got = recv(fd, in + n, sizeof in - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        for (size_t at = 0; at < n; at += total) {
            if (wire_frame(in + at, n - at, &total) != WIRE_OK)
                break;
            if (in[at] >> 4 == type)
                return true;
        }
    }
    return false;
}

static bool say(int fd, enum wire_version version,
                const struct wire_packet *packet)
{
    uint8_t out[512];
    size_t n = wire_write(version, packet, out, sizeof out);
    return send(fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* One life: everything but the end. Returns the socket, or -1. */
static int live(int port, int number)
{
    enum wire_version version = number % 2 ? WIRE_5_0 : WIRE_3_1_1;
    char id[32], filter[48], topic[48];
    struct wire_packet subscribe = {.type = WIRE_SUBSCRIBE, .packet_id = 1};
    int fd = open_socket(port);
    snprintf(id, sizeof id, "v%d-%d", (int)getpid() % 10000, number);
    snprintf(filter, sizeof filter, "vanish/%s/+/#", id);
    snprintf(topic, sizeof topic, "vanish/%s/x/y", id);
    subscribe.filters[0] =
        (struct wire_filter){.filter = {{filter}, strlen(filter)}, .qos = 1};
    struct wire_packet connect = {
        .type = WIRE_CONNECT,
        .clean_start = 1,
        .client_id = {{id}, strlen(id)},
        .will = {.topic = {{topic}, strlen(topic)}, .payload = {{"gone"}, 4}},
    };
    struct wire_packet publish = {.type = WIRE_PUBLISH,
                                  .topic = {{topic}, strlen(topic)},
                                  .payload = {{"here"}, 4},
                                  .packet_id = 2,
                                  .qos = 1};
    if (fd >= 0 && say(fd, version, &connect) && await(fd, WIRE_CONNACK) &&
        say(fd, version, &subscribe) && await(fd, WIRE_SUBACK) &&
        say(fd, version, &publish) && await(fd, WIRE_PUBACK))
        return fd;
    cut(fd);
    return -1;
}

static bool live_all(int port, int n)
{
    int open[AT_A_TIME];
    bool is_good = true;
    memset(open, -1, sizeof open);
    for (int i = 0; i < n && is_good; i++) {
        cut(open[i % AT_A_TIME]);
        open[i % AT_A_TIME] = live(port, i);
        is_good = open[i % AT_A_TIME] >= 0;
    }
    for (int i = 0; i < AT_A_TIME; i++)
        cut(open[i]);
    return is_good;
}

/* settle waits until the broker has noticed that all are gone. */
static struct holdings settle(pid_t broker, int n_descriptors)
{
    struct holdings h = holdings_of(broker);
    for (int i = 0; i < 100 && h.n_descriptors > n_descriptors; i++) {
        nanosleep(&(struct timespec){0, 50000000}, NULL);
        h = holdings_of(broker);
    }
    return h;
}

int vanish_run(int port, pid_t broker, int n, struct vanish_result *result,
               char *error, size_t size)
{
    int n_descriptors = holdings_of(broker).n_descriptors;
    struct timespec begin, end;
    *result = (struct vanish_result){0};
    if (!live_all(port, n / 10)) {
        snprintf(error, size, "a connection was not served: %s",
                 strerror(errno));
        return -1;
    }
    result->before = settle(broker, n_descriptors);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (!live_all(port, n)) {
        snprintf(error, size, "a connection was not served: %s",
                 strerror(errno));
        return -1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    result->after = settle(broker, result->before.n_descriptors);
    result->seconds = (double)(end.tv_sec - begin.tv_sec) +
                      (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    return 0;
}

bool vanish_is_clean(const struct vanish_result *r, int n)
{
    double grown = r->after.memory_octets - r->before.memory_octets;
    return r->after.n_descriptors <= r->before.n_descriptors &&
           grown < MOOD + n;
}
