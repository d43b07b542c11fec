/* SPDX-License-Identifier: Apache-2.0 */
/* load.c -- publishers and subscribers that count every delivery. */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "room.h"
#include "wire/wire.h"

enum { IN_SIZE = 1 << 18, STALL_S = 10, BATCH = 64 };

struct client {
    int fd, number;
    bool is_publisher, is_ready;
    uint8_t *in;
    size_t n_in, room_in;
    uint8_t *out;
    size_t n_out, at_out, room_out;
    uint16_t id;
    uint64_t n_sent, n_inflight;
    uint64_t *next; /* subscriber: by publisher, the message expected next */
};

struct run {
    const struct load *load;
    struct load_result *result;
    struct client *clients;
    int n_clients;
    struct pollfd *fds;
    uint8_t *packet; /* a PUBLISH, to be filled in */
    size_t n_packet, at_id, at_payload;
    uint32_t *delays; /* microseconds, sampled */
    size_t n_delays;
    uint64_t last_ns, next_send_ns;
    char *error;
    size_t size;
};

enum { DELAYS_MAX = 1 << 20 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the broker's process ------------------------------------------------ */

/* CPU seconds of all its threads. */
static double cpu_of(pid_t pid)
{
    char path[300];
    double ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = pid ? opendir(path) : NULL;
    for (struct dirent *d; tasks && (d = readdir(tasks)) != NULL;) {
        double one = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid,
                 d->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lf", &one) == 1)
            ns += one;
        if (file)
            fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return ns / 1e9;
}

static double memory_of(pid_t pid)
{
    char path[64], line[200];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %lf kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

/* ---- connections --------------------------------------------------------- */

static void queue(struct client *c, const void *octets, size_t n)
{
    if (c->at_out == c->n_out)
        c->at_out = c->n_out = 0;
    if (c->n_out + n > c->room_out) {
        c->room_out = 2 * (c->n_out + n);
        c->out = xrealloc(c->out, c->room_out);
    }
    memcpy(c->out + c->n_out, octets, n);
    c->n_out += n;
}

static void queue_packet(struct client *c, enum wire_version version,
                         const struct wire_packet *p)
{
    uint8_t octets[256];
    queue(c, octets, wire_write(version, p, octets, sizeof octets));
}

static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void flush(struct client *c)
{
    while (c->at_out < c->n_out) {
        ssize_t put =
            send(c->fd, c->out + c->at_out, c->n_out - c->at_out, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        c->at_out += (size_t)put;
    }
}

/* ---- packets that come --------------------------------------------------- */

static void acknowledge(struct client *c, unsigned type, const uint8_t *id)
{
    uint8_t ack[4] = {(uint8_t)(type << 4 | (type == WIRE_PUBREL ? 2 : 0)), 2,
                      id[0], id[1]};
    queue(c, ack, sizeof ack);
}

/* What stands in a payload: publisher, message, time. */
struct stamp {
    uint64_t publisher, message, time_ns;
};

static void count_delivery(struct run *r, struct client *c,
                           const struct stamp *s)
{
    struct load_result *result = r->result;
    if (s->publisher >= (uint64_t)r->load->n_publishers)
        return;
    uint64_t *next = &c->next[s->publisher];
    if (s->message < *next) {
        result->n_repeated++;
        return;
    }
    result->n_reordered += s->message > *next; /* or lost: the sum tells */
    *next = s->message + 1;
    result->n_received++;
    r->last_ns = now_ns();
    if (r->n_delays < DELAYS_MAX)
        r->delays[r->n_delays++] = (uint32_t)((r->last_ns - s->time_ns) / 1000);
}

static void on_publish(struct run *r, struct client *c, const uint8_t *packet,
                       size_t head, size_t total)
{
    unsigned qos = packet[0] >> 1 & 3;
    size_t topic = (size_t)packet[head] << 8 | packet[head + 1];
    size_t at = head + 2 + topic;
    const uint8_t *id = packet + at;
    at += qos ? 2 : 0;
    if (r->load->version == WIRE_5_0)
        at += 1u + packet[at]; /* the property list is short */
    struct stamp stamp;
    if (at + sizeof stamp > total)
        return;
    memcpy(&stamp, packet + at, sizeof stamp);
    count_delivery(r, c, &stamp);
    if (qos)
        acknowledge(c, qos == 1 ? WIRE_PUBACK : WIRE_PUBREC, id);
}

static void on_packet(struct run *r, struct client *c, const uint8_t *packet,
                      size_t head, size_t total)
{
    switch (packet[0] >> 4) {
    case WIRE_CONNACK:
        c->is_ready = packet[3] == 0 && (c->is_publisher || !c->next);
        if (!c->is_publisher && c->next) {
            struct wire_packet p = {.type = WIRE_SUBSCRIBE, .packet_id = 1};
            p.filters[0] = (struct wire_filter){.filter = {{"load/#"}},
                                                .qos = (uint8_t)r->load->qos};
            queue_packet(c, r->load->version, &p);
        }
        break;
    case WIRE_SUBACK:
        c->is_ready = packet[total - 1] == r->load->qos;
        break;
    case WIRE_PUBLISH:
        on_publish(r, c, packet, head, total);
        break;
    case WIRE_PUBACK:
    case WIRE_PUBCOMP:
        c->n_inflight--;
        break;
    case WIRE_PUBREC:
        acknowledge(c, WIRE_PUBREL, packet + head);
        break;
    case WIRE_PUBREL:
        acknowledge(c, WIRE_PUBCOMP, packet + head);
        break;
    }
}

/* False: the broker has closed the connection. */
static bool receive(struct run *r, struct client *c)
{
    if (c->room_in - c->n_in < IN_SIZE / 2) {
        c->room_in = c->n_in + IN_SIZE;
        c->in = xrealloc(c->in, c->room_in);
    }
    ssize_t got = recv(c->fd, c->in + c->n_in, c->room_in - c->n_in, 0);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    c->n_in += (size_t)got;
    size_t at = 0, total;
    while (wire_frame(c->in + at, c->n_in - at, &total) == WIRE_OK) {
        size_t head = 2;
        while (c->in[at + head - 1] & 0x80)
            head++;
        on_packet(r, c, c->in + at, head, total);
        at += total;
    }
    memmove(c->in, c->in + at, c->n_in - at);
    c->n_in -= at;
    return true;
}

/* ---- one turn ------------------------------------------------------------ */

/* Waits and serves. False: a connection is gone. */
static bool turn(struct run *r, int timeout_ms)
{
    for (int i = 0; i < r->n_clients; i++) {
        struct client *c = &r->clients[i];
        flush(c);
        r->fds[i] = (struct pollfd){
            c->fd, (short)(POLLIN | (c->at_out < c->n_out ? POLLOUT : 0)), 0};
    }
    poll(r->fds, (nfds_t)r->n_clients, timeout_ms);
    for (int i = 0; i < r->n_clients; i++)
        if (r->fds[i].revents & (POLLIN | POLLHUP | POLLERR) &&
            !receive(r, &r->clients[i])) {
            snprintf(r->error, r->size, "%s: the broker closed a connection",
                     r->load->name);
            return false;
        }
    return true;
}

static void send_one(struct run *r, struct client *c)
{
    struct stamp stamp = {(uint64_t)c->number, c->n_sent++, now_ns()};
    if (r->load->qos) {
        c->id = c->id == 65535 ? 1 : (uint16_t)(c->id + 1);
        r->packet[r->at_id] = (uint8_t)(c->id >> 8);
        r->packet[r->at_id + 1] = (uint8_t)c->id;
        c->n_inflight++;
    }
    memcpy(r->packet + r->at_payload, &stamp, sizeof stamp);
    queue(c, r->packet, r->n_packet);
    r->result->n_sent++;
}

/* Sends as much as the window allows, a batch for each publisher. */
static void send_some(struct run *r)
{
    const struct load *l = r->load;
    uint64_t fan_out = (uint64_t)l->n_subscribers;
    uint64_t each = l->window / (uint64_t)l->n_publishers;
    for (int i = 0; i < l->n_publishers; i++) {
        struct client *c = &r->clients[l->n_subscribers + i];
        for (int k = 0; k < BATCH; k++) {
            uint64_t owed = r->result->n_sent * fan_out - r->result->n_received;
            if (r->result->n_sent >= l->n_messages ||
                owed >= l->window * fan_out ||
                c->n_inflight >= (each ? each : 1))
                break;
            if (l->pause_us && now_ns() < r->next_send_ns)
                return;
            r->next_send_ns = now_ns() + (uint64_t)l->pause_us * 1000;
            send_one(r, c);
        }
    }
}

/* Waits until the first n clients are accepted, and subscribed. */
static bool wait_ready(struct run *r, int n)
{
    uint64_t begin = now_ns();
    for (int i = 0; i < n;) {
        if (r->clients[i].is_ready) {
            i++;
            continue;
        }
        if (!turn(r, 1000))
            return false;
        if (now_ns() - begin > STALL_S * 1000000000ull) {
            snprintf(r->error, r->size, "%s: not all connections were accepted",
                     r->load->name);
            return false;
        }
    }
    return true;
}

static bool open_all(struct run *r, int port, pid_t broker)
{
    const struct load *l = r->load;
    uint64_t begin = now_ns();
    double memory = memory_of(broker);
    for (int i = 0; i < r->n_clients; i++) {
        struct client *c = &r->clients[i];
        char id[32];
        c->fd = connect_to(port);
        if (c->fd < 0) {
            snprintf(r->error, r->size, "%s: connection %d: %s", l->name, i,
                     strerror(errno));
            return false;
        }
        c->is_publisher =
            i >= l->n_subscribers && i < l->n_subscribers + l->n_publishers;
        c->number = i - l->n_subscribers;
        if (i < l->n_subscribers)
            c->next = xcalloc((size_t)l->n_publishers, sizeof *c->next);
        snprintf(id, sizeof id, "load-%d-%d", (int)getpid() % 10000, i);
        queue_packet(c, l->version,
                     CONNECT(.client_id = {{id}, strlen(id)}, .clean_start = 1,
                             .props = {.receive_maximum = OPT(65535)}));
        flush(c);
        /* not more at a time than any broker lets queue */
        if (i % 32 == 31 && !wait_ready(r, i + 1))
            return false;
    }
    if (!wait_ready(r, r->n_clients))
        return false;
    r->result->connects_per_s = r->n_clients * 1e9 / (double)(now_ns() - begin);
    if (l->n_idle)
        r->result->idle_octets = (memory_of(broker) - memory) / r->n_clients;
    return true;
}

static void make_packet(struct run *r)
{
    const struct load *l = r->load;
    char *payload = xcalloc(1, l->payload);
    memset(payload, 'x', l->payload);
    struct wire_packet p = {.type = WIRE_PUBLISH,
                            .topic = {{"load/topic"}},
                            .qos = (uint8_t)l->qos,
                            .packet_id = 1,
                            .payload = {{payload}, l->payload}};
    r->n_packet = wire_write(l->version, &p, NULL, 0);
    r->packet = xcalloc(1, r->n_packet);
    wire_write(l->version, &p, r->packet, r->n_packet);
    r->at_payload = r->n_packet - l->payload;
    r->at_id = r->at_payload - 2 - (l->version == WIRE_5_0);
    free(payload);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool publish_all(struct run *r, pid_t broker)
{
    const struct load *l = r->load;
    struct load_result *result = r->result;
    uint64_t owed = l->n_messages * (uint64_t)l->n_subscribers;
    double cpu = cpu_of(broker);
    uint64_t begin = now_ns();
    r->last_ns = begin;
    while (result->n_received < owed) {
        send_some(r);
        if (!turn(r, l->pause_us ? 1 : 100))
            return false;
        if (now_ns() - r->last_ns > STALL_S * 1000000000ull)
            break; /* what is missing is lost */
    }
    result->seconds = (double)(r->last_ns - begin) / 1e9;
    result->cpu_s = cpu_of(broker) - cpu;
    result->n_lost = owed - result->n_received;
    if (r->n_delays) {
        qsort(r->delays, r->n_delays, sizeof *r->delays, by_size);
        result->p50_us = r->delays[r->n_delays / 2];
        result->p99_us = r->delays[r->n_delays * 99 / 100];
    }
    return true;
}

int load_run(const struct load *load, int port, pid_t broker,
             struct load_result *result, char *error, size_t size)
{
    struct run r = {
        .load = load, .result = result, .error = error, .size = size};
    *result = (struct load_result){0};
    r.n_clients = load->n_subscribers + load->n_publishers + load->n_idle;
    r.clients = xcalloc((size_t)r.n_clients, sizeof *r.clients);
    r.fds = xcalloc((size_t)r.n_clients, sizeof *r.fds);
    r.delays = xcalloc(DELAYS_MAX, sizeof *r.delays);
    for (int i = 0; i < r.n_clients; i++)
        r.clients[i].fd = -1;
    if (load->n_publishers)
        make_packet(&r);
    bool is_good = open_all(&r, port, broker) &&
                   (!load->n_messages || publish_all(&r, broker));
    for (int i = 0; i < r.n_clients; i++) {
        struct client *c = &r.clients[i];
        if (c->fd >= 0)
            close(c->fd);
        free(c->in);
        free(c->out);
        free(c->next);
    }
    free(r.clients);
    free(r.fds);
    free(r.delays);
    free(r.packet);
    return is_good ? 0 : -1;
}
