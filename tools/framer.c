/* SPDX-License-Identifier: Apache-2.0 */
/* framer.c -- whole MQTT packets out of one direction's octets. */
#include "framer.h"

#include "detect.h"
#include "room.h"
#include "wire/wire.h"

void framer_clear(struct framer *f)
{
    free(f->octets);
    f->octets = NULL;
    f->n = f->room = 0;
}

/* Length of the packet that begins at octets; 0 while it is not known. A
 * Remaining Length of five octets is nobody's packet: it counts as one octet
 * more than we have, so that all of it ends up in one damaged packet. */
static size_t packet_length(const uint8_t *octets, size_t n, bool *is_bad)
{
    size_t total = 0;
    *is_bad = wire_frame(octets, n, &total) == WIRE_BAD;
    return total;
}

static void keep(struct framer *f, const uint8_t *octets, size_t n,
                 struct mark mark)
{
    if (f->n == 0)
        f->first = f->latest = mark;
    if (mark.frame > f->latest.frame)
        f->latest = mark;
    if (f->n + n > f->room) {
        f->room = f->n + n > 2 * f->room ? f->n + n : 2 * f->room;
        f->octets = xrealloc(f->octets, f->room);
    }
    memcpy(f->octets + f->n, octets, n);
    f->n += n;
}

/* A chunk that follows lost octets: is it the start of a packet? Only when all
 * of it reads well: text inside a large payload can be cut into packets, too,
 * and whoever sent it shall not be accused of them. */
static bool begins_packet(const uint8_t *octets, size_t n)
{
    struct detect_run run = {0};
    detect_run(octets, n, &run);
    return !run.is_bad;
}

/* Adds to the packet begun earlier. Returns how many octets it took. */
static size_t complete(struct framer *f, const uint8_t *octets, size_t n,
                       struct mark mark, framer_on_packet *on_packet,
                       void *user)
{
    bool is_bad = false;
    size_t used = 0, total = packet_length(f->octets, f->n, &is_bad);
    while (total == 0 && used < n && !is_bad) { /* its length, octet by octet */
        keep(f, octets + used++, 1, mark);
        total = packet_length(f->octets, f->n, &is_bad);
    }
    if (is_bad) { /* to the reader with it: it will say what is wrong */
        on_packet(user, f->octets, f->n, f->first, f->latest);
        f->n = 0;
        f->is_adrift = true;
        return used;
    }
    if (total == 0)
        return used;
    if (total > f->packet_max) {
        f->n_too_large++;
        f->skip = total - f->n;
        f->n = 0;
        return used;
    }
    size_t more = total - f->n < n - used ? total - f->n : n - used;
    keep(f, octets + used, more, mark);
    if (f->n == total) {
        on_packet(user, f->octets, f->n, f->first, f->latest);
        f->n = 0;
    }
    return used + more;
}

void framer_push(struct framer *f, const uint8_t *octets, size_t n,
                 struct mark mark, framer_on_packet *on_packet, void *user)
{
    if (f->is_adrift && !f->skip) {
        if (!begins_packet(octets, n))
            return;
        f->is_adrift = false;
    }
    while (n > 0) {
        size_t used = 0, total = 0;
        bool is_bad = false;
        if (f->skip) {
            used = f->skip < n ? (size_t)f->skip : n;
            f->skip -= used;
        } else if (f->n == 0 &&
                   (total = packet_length(octets, n, &is_bad)) != 0 &&
                   total <= n && total <= f->packet_max) {
            on_packet(user, octets, total, mark, mark);
            used = total;
        } else {
            used = complete(f, octets, n, mark, on_packet, user);
            if (f->is_adrift)
                return;
        }
        octets += used;
        n -= used;
    }
}

void framer_lose(struct framer *f, uint64_t n)
{
    bool is_bad = false;
    size_t total = f->n ? packet_length(f->octets, f->n, &is_bad) : 0;
    uint64_t left = f->skip ? f->skip : total ? total - f->n : 0;
    f->skip = left > n ? left - n : 0;
    f->is_adrift = !f->skip && left != n;
    f->n = 0;
}
