/* SPDX-License-Identifier: Apache-2.0 */
/* load.c -- publishers and subscribers that count every delivery. */
#include "load.h"

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

#include "link/link.h"
#include "process.h"
#include "room.h"
#include "wire/wire.h"

enum { IN_SIZE = 1 << 18, STALL_S = 10, BATCH = 64, GROUP = 10 };

struct client {
    int fd, number;
    struct link *link; /* NULL: plain TCP */
    int index;         /* among all clients */
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
    size_t n_packet, at_topic, at_id, at_payload;
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
    size_t n = wire_write(version, p, NULL, 0);
    uint8_t *octets = xcalloc(1, n);
    wire_write(version, p, octets, n);
    queue(c, octets, n);
    free(octets);
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

/* Connects over TCP or WebSocket. False: cannot. */
static bool open_client(struct client *c, bool is_web_socket, int port,
                        char *error, size_t size)
{
    struct endpoint to = {TRANSPORT_WS, "127.0.0.1", port, "/mqtt", ""};
    if (is_web_socket) {
        c->link = link_open(&to, STALL_S * 1000, error, size);
        c->fd = c->link ? link_fd(c->link) : -1;
        return c->link != NULL;
    }
    c->fd = connect_to(port);
    if (c->fd < 0)
        snprintf(error, size, "%s", strerror(errno));
    return c->fd >= 0;
}

static void flush(struct client *c)
{
    if (c->link && c->at_out < c->n_out) {
        /* The window keeps what waits small; a lost link shows when read. */
        link_write(c->link, c->out + c->at_out, c->n_out - c->at_out);
        c->at_out = c->n_out;
    }
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
    /* A gap, where everything should come: overtaken, or lost; the sum tells.
     */
    result->n_reordered += !r->load->n_topics && s->message > *next;
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

/* What a subscriber subscribes to: all of it, or every n-th group of topics. */
static void subscribe(struct run *r, struct client *c)
{
    const struct load *l = r->load;
    int n_groups = l->n_topics / GROUP, n = 0;
    struct wire_packet p = {.type = WIRE_SUBSCRIBE, .packet_id = 1};
    struct wire_filter *filters = xcalloc((size_t)n_groups, sizeof *filters);
    char(*texts)[16] = xcalloc((size_t)n_groups, sizeof *texts);
    for (int i = c->index; i < n_groups; i += l->n_subscribers, n++) {
        snprintf(texts[n], sizeof texts[n], "load/%04d/+", i % 10000);
        filters[n] = (struct wire_filter){
            .filter = {{texts[n]}, strlen(texts[n])}, .qos = (uint8_t)l->qos};
    }
    if (n) {
        p.filters[0] = filters[0];
        p.filter_list = filters;
        p.n_filter_list = (size_t)n;
    } else {
        p.filters[0] = (struct wire_filter){.filter = {{"load/#"}},
                                            .qos = (uint8_t)l->qos};
    }
    queue_packet(c, l->version, &p);
    free(filters);
    free(texts);
}

static void on_packet(struct run *r, struct client *c, const uint8_t *packet,
                      size_t head, size_t total)
{
    switch (packet[0] >> 4) {
    case WIRE_CONNACK:
        c->is_ready = packet[3] == 0 && (c->is_publisher || !c->next);
        if (!c->is_publisher && c->next)
            subscribe(r, c);
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

/* Takes what is there. Returns octets, 0 for none yet, -1 at the end. */
static long take(struct client *c)
{
    void *to = c->in + c->n_in;
    size_t room = c->room_in - c->n_in;
    long got =
        c->link ? link_read(c->link, to, room) : recv(c->fd, to, room, 0);
    if (c->link)
        return got == LINK_AGAIN ? 0 : got > 0 ? got : -1;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return got > 0 ? got : -1;
}

/* False: the broker has closed the connection. */
static bool receive(struct run *r, struct client *c)
{
    if (c->room_in - c->n_in < IN_SIZE / 2) {
        c->room_in = c->n_in + IN_SIZE;
        c->in = xrealloc(c->in, c->room_in);
    }
    long got = take(c);
    if (got <= 0)
        return got == 0;
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
    return !c->link || !link_pending(c->link) || receive(r, c);
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
    if (r->load->n_topics) {
        char topic[16];
        int k = (int)(stamp.message * 7919 % (uint64_t)r->load->n_topics);
        snprintf(topic, sizeof topic, "%04d/%d", k / GROUP % 10000, k % GROUP);
        memcpy(r->packet + r->at_topic + 5, topic, 6);
    }
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

/* How many deliveries a message makes. */
static uint64_t copies(const struct load *l)
{
    return l->n_topics ? 1 : (uint64_t)l->n_subscribers;
}

/* Sends as much as the window allows, a batch for each publisher. */
static void send_some(struct run *r)
{
    const struct load *l = r->load;
    uint64_t fan_out = copies(l);
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
    double memory = process_memory(broker);
    for (int i = 0; i < r->n_clients; i++) {
        struct client *c = &r->clients[i];
        char id[32], why[160];
        if (!open_client(c, l->is_web_socket, port, why, sizeof why)) {
            snprintf(r->error, r->size, "%s: connection %d: %s", l->name, i,
                     why);
            return false;
        }
        c->index = i;
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
        r->result->idle_octets =
            (process_memory(broker) - memory) / r->n_clients;
    return true;
}

static void make_packet(struct run *r)
{
    const struct load *l = r->load;
    char *payload = xcalloc(1, l->payload);
    memset(payload, 'x', l->payload);
    struct wire_packet p = {.type = WIRE_PUBLISH,
                            .topic = {{"load/0000/0"}},
                            .qos = (uint8_t)l->qos,
                            .packet_id = 1,
                            .payload = {{payload}, l->payload}};
    if (l->has_properties)
        p.props = (struct wire_props){
            .payload_format_indicator = OPT(0),
            .message_expiry_interval_s = OPT(3600),
            .content_type = {{"application/octet-stream"}},
            .correlation_data = {{"corr-01234567"}, 13},
            .user_property = {{.name = "site", .value = "plant-7"},
                              {.name = "unit", .value = "celsius"}}};
    r->n_packet = wire_write(l->version, &p, NULL, 0);
    r->packet = xcalloc(1, r->n_packet);
    wire_write(l->version, &p, r->packet, r->n_packet);
    r->at_payload = r->n_packet - l->payload;
    size_t head = 2;
    while (r->packet[head - 1] & 0x80)
        head++;
    r->at_topic = head + 2;
    r->at_id = r->at_topic + strlen("load/0000/0");
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
    uint64_t owed = l->n_messages * copies(l);
    double cpu = process_cpu_s(broker);
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
    result->cpu_s = process_cpu_s(broker) - cpu;
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
        if (c->fd >= 0 && !c->link)
            close(c->fd);
        link_free(c->link);
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
