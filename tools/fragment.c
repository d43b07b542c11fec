/* SPDX-License-Identifier: Apache-2.0 */
/* fragment.c -- IP datagrams put together again.
 *
 * Offsets count in eights, so one bit for each eight octets says what has
 * come; the datagram is whole when all bits below its end are set.
 */
#include "fragment.h"

#include "room.h"

enum { SLOTS = 64, DATAGRAM_MAX = 65536, UNITS = DATAGRAM_MAX / 8 };

struct datagram {
    struct fragment_key key;
    uint64_t age; /* when it was begun; 0 is a free slot */
    size_t end;   /* total length; 0 while the last fragment is missing */
    uint8_t *octets;
    uint8_t has[UNITS / 8];
};

struct fragments {
    struct datagram slots[SLOTS];
    uint64_t clock;
};

struct fragments *fragments_new(void)
{
    return xcalloc(1, sizeof(struct fragments));
}

void fragments_free(struct fragments *f)
{
    for (int i = 0; f && i < SLOTS; i++)
        free(f->slots[i].octets);
    free(f);
}

static bool same_key(const struct fragment_key *a, const struct fragment_key *b)
{
    return a->id == b->id && a->protocol == b->protocol &&
           !memcmp(a->from, b->from, sizeof a->from) &&
           !memcmp(a->to, b->to, sizeof a->to);
}

/* The datagram's slot: its own, a free one, or the oldest one's. */
static struct datagram *find(struct fragments *f,
                             const struct fragment_key *key)
{
    struct datagram *best = &f->slots[0];
    for (int i = 0; i < SLOTS; i++) {
        struct datagram *d = &f->slots[i];
        if (d->age && same_key(&d->key, key))
            return d;
        if (d->age < best->age)
            best = d;
    }
    if (!best->octets)
        best->octets = xcalloc(1, DATAGRAM_MAX);
    best->key = *key;
    best->age = ++f->clock;
    best->end = 0;
    memset(best->has, 0, sizeof best->has);
    return best;
}

static bool is_whole(const struct datagram *d)
{
    for (size_t unit = 0; unit * 8 < d->end; unit++)
        if (!(d->has[unit / 8] >> unit % 8 & 1))
            return false;
    return d->end > 0;
}

bool fragments_add(struct fragments *f, const struct fragment_key *key,
                   size_t offset, bool has_more, const uint8_t *octets,
                   size_t n, const uint8_t **whole, size_t *n_whole)
{
    if (n == 0 || offset % 8 || offset + n > DATAGRAM_MAX ||
        (has_more && n % 8))
        return false;
    struct datagram *d = find(f, key);
    for (size_t at = 0; at < n; at += 8) {
        size_t unit = (offset + at) / 8;
        if (d->has[unit / 8] >> unit % 8 & 1)
            continue;
        d->has[unit / 8] |= (uint8_t)(1 << unit % 8);
        memcpy(d->octets + offset + at, octets + at, n - at < 8 ? n - at : 8);
    }
    if (!has_more)
        d->end = offset + n;
    if (!is_whole(d))
        return false;
    *whole = d->octets;
    *n_whole = d->end;
    d->age = 0;
    return true;
}
