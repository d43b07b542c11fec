/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c -- one connection through the tap.
 *
 * A turn of the loop: wait on both sides, a wake-up pipe and the nearest due
 * octets; read; cut into packets; let the fault decide; send what is due.
 * A packet that stays unfinished is passed on as far as it came, past the
 * fault: what the broker says to it could not be seen otherwise.
 */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap/inside.h"

enum {
    CONNECT_MS = 10000,
    UNFINISHED_MS = 300 /* without an octet more, and it goes on unfinished */
};

/* Octets on their way, not before due_ms. n == 0 with fin: the close. */
struct parcel {
    struct parcel *next;
    int64_t due_ms;
    bool fin;
    size_t n;
    unsigned char octets[];
};

/* What one side sends. */
struct lane {
    unsigned char *in; /* what is no whole packet yet */
    size_t n, cap, n_packets;
    size_t n_passed;   /* of these octets went on already */
    int64_t growth_ms; /* when the last octet came */
    struct parcel *first, **last;
    int delay_ms;
    bool has_ended; /* that side closed */
    bool is_done;   /* its close was passed on */
};

struct tap_relay {
    struct tap *tap;
    struct link *sides[2]; /* 0 the speaker, 1 the broker */
    struct lane lanes[2];  /* what that side sends */
    enum wire_version version;
    int connection;
    void *state;
    bool is_over;
};

static int index_of(enum wire_side side)
{
    return side == WIRE_SERVER;
}

static enum wire_side side_of(int i)
{
    return i ? WIRE_SERVER : WIRE_CLIENT;
}

/* ---- what a fault may do
 * ---------------------------------------------------*/

static void queue(struct tap_relay *relay, int from, const void *octets,
                  size_t n, bool fin)
{
    struct lane *lane = &relay->lanes[from];
    struct parcel *parcel = malloc(sizeof *parcel + n);
    if (!parcel)
        abort();
    parcel->next = NULL;
    parcel->due_ms = lane->delay_ms ? link_now_ms() + lane->delay_ms : 0;
    parcel->fin = fin;
    parcel->n = n;
    if (n)
        memcpy(parcel->octets, octets, n);
    *lane->last = parcel;
    lane->last = &parcel->next;
}

void tap_send_octets(struct tap_relay *relay, enum wire_side from,
                     const void *octets, size_t n)
{
    if (n)
        queue(relay, index_of(from), octets, n, false);
}

void tap_forward(struct tap_relay *relay, enum wire_side from,
                 const struct wire_packet *packet)
{
    tap_send_octets(relay, from, packet->octets.octets,
                    wire_len(packet->octets));
}

void tap_forward_part(struct tap_relay *relay, enum wire_side from,
                      const struct wire_packet *packet, size_t n)
{
    size_t all = wire_len(packet->octets);
    tap_send_octets(relay, from, packet->octets.octets, n < all ? n : all);
}

void tap_send(struct tap_relay *relay, enum wire_side from,
              const struct wire_packet *packet)
{
    size_t n = wire_write(relay->version, packet, NULL, 0);
    unsigned char *octets = malloc(n + 1);
    if (!octets)
        abort();
    wire_write(relay->version, packet, octets, n);
    tap_send_octets(relay, from, octets, n);
    free(octets);
}

void tap_delay(struct tap_relay *relay, enum wire_side from, int ms)
{
    relay->lanes[index_of(from)].delay_ms = ms;
}

void tap_cut(struct tap_relay *relay)
{
    link_drop(relay->sides[0]);
    link_drop(relay->sides[1]);
    relay->is_over = true;
}

void tap_shut(struct tap_relay *relay)
{
    queue(relay, 0, NULL, 0, true);
    queue(relay, 1, NULL, 0, true);
}

enum wire_version tap_version(const struct tap_relay *relay)
{
    return relay->version;
}

const void *tap_arg(const struct tap_relay *relay)
{
    return relay->tap->fault->arg;
}

size_t tap_count(const struct tap_relay *relay, enum wire_side from)
{
    return relay->lanes[index_of(from)].n_packets;
}

/* ---- one connection
 * --------------------------------------------------------*/

/* What the speaker sees: its own octets as they come, the broker's as they go.
 */
static void record(struct tap_relay *relay, int from, const void *octets,
                   size_t n)
{
    transcript_octets(relay->tap->transcript, relay->connection, side_of(from),
                      octets, n);
}

static void keep(struct lane *lane, const void *octets, size_t n)
{
    if (lane->n + n > lane->cap) {
        lane->cap = 2 * (lane->n + n);
        lane->in = realloc(lane->in, lane->cap);
        if (!lane->in)
            abort();
    }
    memcpy(lane->in + lane->n, octets, n);
    lane->n += n;
    lane->growth_ms = link_now_ms();
}

/* What is there of a packet goes on, whatever follows. */
static void pass_unfinished(struct tap_relay *relay, int from)
{
    struct lane *lane = &relay->lanes[from];
    tap_send_octets(relay, side_of(from), lane->in + lane->n_passed,
                    lane->n - lane->n_passed);
    lane->n_passed = lane->n;
}

/* A whole packet: the fault decides, unless its beginning went on already. */
static void handle_packet(struct tap_relay *relay, int from,
                          const struct wire_packet *packet)
{
    const struct fault *fault = relay->tap->fault;
    struct lane *lane = &relay->lanes[from];
    if (packet->type == WIRE_CONNECT && packet->version != WIRE_UNKNOWN)
        relay->version = packet->version;
    lane->n_packets++;
    if (lane->n_passed)
        tap_send_octets(relay, side_of(from),
                        packet->octets.octets + lane->n_passed,
                        wire_len(packet->octets) - lane->n_passed);
    else if (fault && fault->on_packet)
        fault->on_packet(relay, side_of(from), packet, relay->state);
    else
        tap_forward(relay, side_of(from), packet);
    lane->n_passed = 0;
}

static void handle_packets(struct tap_relay *relay, int from)
{
    struct lane *lane = &relay->lanes[from];
    size_t at = 0;
    while (at < lane->n && !relay->is_over) {
        struct wire_packet packet;
        size_t total = 0;
        enum wire_status status =
            wire_read(relay->version, side_of(from), lane->in + at,
                      lane->n - at, &packet, &total, NULL);
        if (status == WIRE_MORE)
            break;
        if (total == 0 || total > lane->n - at) {
            total = lane->n - at; /* no packet: the rest of what is there */
            memset(&packet, 0, sizeof packet);
        }
        packet.octets = SLICE(lane->in + at, total);
        handle_packet(relay, from, &packet);
        at += total;
    }
    memmove(lane->in, lane->in + at, lane->n - at);
    lane->n -= at;
    if (lane->n_passed)
        pass_unfinished(relay, from);
}

/* Milliseconds until what has not grown is passed on; -1: nothing is held. */
static int flush_unfinished(struct tap_relay *relay, int from)
{
    const struct lane *lane = &relay->lanes[from];
    if (lane->has_ended || lane->n == lane->n_passed)
        return -1;
    int64_t left = lane->growth_ms + UNFINISHED_MS - link_now_ms();
    if (left > 0)
        return (int)left;
    pass_unfinished(relay, from);
    return -1;
}

/* A side has closed: what is no whole packet goes on as it is. */
static void handle_end(struct tap_relay *relay, int from, long how)
{
    struct lane *lane = &relay->lanes[from];
    const struct fault *fault = relay->tap->fault;
    lane->has_ended = true;
    if (from == 0)
        transcript_close(relay->tap->transcript, relay->connection, WIRE_CLIENT,
                         how == LINK_FIN ? TRANSCRIPT_FIN : TRANSCRIPT_RST);
    if (fault && fault->on_close &&
        fault->on_close(relay, side_of(from), relay->state))
        return;
    pass_unfinished(relay, from);
    lane->n = lane->n_passed = 0;
    if (how == LINK_FIN) {
        queue(relay, from, NULL, 0, true);
        return;
    }
    if (from == 1)
        transcript_close(relay->tap->transcript, relay->connection, WIRE_SERVER,
                         TRANSCRIPT_RST);
    tap_cut(relay);
}

static void read_side(struct tap_relay *relay, int from)
{
    unsigned char octets[65536];
    while (!relay->lanes[from].has_ended && !relay->is_over) {
        long got = link_read(relay->sides[from], octets, sizeof octets);
        if (got == LINK_AGAIN)
            return;
        if (got <= 0) {
            handle_end(relay, from, got);
            return;
        }
        if (from == 0)
            record(relay, 0, octets, (size_t)got);
        keep(&relay->lanes[from], octets, (size_t)got);
        handle_packets(relay, from);
    }
}

/* Sends what is due. Returns milliseconds until the next; -1 for none. */
static int flush_lane(struct tap_relay *relay, int from)
{
    struct lane *lane = &relay->lanes[from];
    struct link *to = relay->sides[!from];
    while (lane->first && !relay->is_over) {
        struct parcel *parcel = lane->first;
        int64_t left = parcel->due_ms - link_now_ms();
        if (parcel->due_ms && left > 0)
            return (int)left;
        lane->first = parcel->next;
        if (!lane->first)
            lane->last = &lane->first;
        if (parcel->n) {
            if (from == 1)
                record(relay, 1, parcel->octets, parcel->n);
            link_write(to, parcel->octets, parcel->n);
        }
        if (parcel->fin && !lane->is_done) {
            lane->is_done = true;
            if (from == 1)
                transcript_close(relay->tap->transcript, relay->connection,
                                 WIRE_SERVER, TRANSCRIPT_FIN);
            link_half_close(to);
            relay->is_over = relay->lanes[!from].is_done;
        }
        free(parcel);
    }
    return -1;
}

static bool is_told_to_end(struct tap *tap, struct tap_relay *relay)
{
    if (atomic_exchange(&tap->should_drop, false)) {
        transcript_close(tap->transcript, relay->connection, WIRE_CLIENT,
                         TRANSCRIPT_RST);
        tap_cut(relay);
    }
    if (atomic_exchange(&tap->should_nudge, false) && !relay->is_over)
        link_write(relay->sides[0], "\xd0", 2); /* with its NUL: D0 00 */
    return relay->is_over || atomic_load(&tap->should_stop);
}

void relay_drain(struct tap *tap)
{
    char octets[64];
    while (read(tap->wake[0], octets, sizeof octets) > 0)
        continue;
}

static int sooner(int a_ms, int b_ms)
{
    return b_ms < 0 || (a_ms >= 0 && a_ms < b_ms) ? a_ms : b_ms;
}

static void relay_loop(struct tap *tap, struct tap_relay *relay)
{
    while (!is_told_to_end(tap, relay)) {
        int wait_ms =
            sooner(flush_unfinished(relay, 0), flush_unfinished(relay, 1));
        wait_ms = sooner(wait_ms, flush_lane(relay, 0));
        wait_ms = sooner(wait_ms, flush_lane(relay, 1));
        if (relay->is_over)
            break;
        struct pollfd fds[3] = {{.fd = tap->wake[0], .events = POLLIN}};
        for (int i = 0; i < 2; i++) {
            fds[i + 1].fd =
                relay->lanes[i].has_ended ? -1 : link_fd(relay->sides[i]);
            fds[i + 1].events = POLLIN;
            if (fds[i + 1].fd >= 0 && link_pending(relay->sides[i]))
                wait_ms = 0;
        }
        poll(fds, 3, wait_ms);
        relay_drain(tap);
        read_side(relay, 0);
        read_side(relay, 1);
    }
}

static void relay_clear(struct tap_relay *relay)
{
    for (int i = 0; i < 2; i++) {
        while (relay->lanes[i].first) {
            struct parcel *next = relay->lanes[i].first->next;
            free(relay->lanes[i].first);
            relay->lanes[i].first = next;
        }
        free(relay->lanes[i].in);
        link_free(relay->sides[i]);
    }
    if (relay->state && relay->tap->fault->on_free)
        relay->tap->fault->on_free(relay->state);
    else
        free(relay->state);
}

void relay_serve(struct tap *tap, int fd)
{
    char error[256];
    struct tap_relay relay = {.tap = tap, .sides[0] = link_adopt(fd)};
    relay.lanes[0].last = &relay.lanes[0].first;
    relay.lanes[1].last = &relay.lanes[1].first;
    relay.sides[1] = link_open(&tap->endpoint, CONNECT_MS, error, sizeof error);
    if (!relay.sides[1]) {
        transcript_note(tap->transcript, -1, error);
        link_drop(relay.sides[0]);
        relay_clear(&relay);
        return;
    }
    relay.connection = transcript_open(tap->transcript, tap->who);
    if (tap->fault && tap->fault->on_open)
        relay.state = tap->fault->on_open(&relay);
    relay_loop(tap, &relay);
    relay_clear(&relay);
}
