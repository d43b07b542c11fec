/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng.c -- the block format that Wireshark writes.
 *
 * A block is a type, its length, a body and the length again. Unknown blocks
 * are stepped over. Lengths come from the file and are believed only up to
 * a limit, and only as far as the file delivers.
 * Spec: draft-ietf-opsawg-pcapng, sections 3 and 4.
 */
#include "pcapng.h"

#include <stdlib.h>
#include <string.h>

#include "room.h"

enum {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    BLOCK_SECRETS = 10,
    SECRETS_TLS = 0x544c534b,
    BODY_MAX = 64 << 20,
    OPTION_END = 0,
    OPTION_TIME_RESOLUTION = 9,
    OPTION_TIME_OFFSET = 14
};

struct interface {
    int link_type;
    uint32_t snap_length;
    uint64_t ticks_per_s;
    int64_t offset_s;
};

struct pcapng {
    FILE *file;
    bool is_swapped;
    struct interface *interfaces;
    size_t n_interfaces;
    uint32_t first_interface; /* of this section, among all of the file */
    uint8_t *body;
    size_t n, room;
    char *keys;
    size_t n_keys;
};

struct pcapng *pcapng_new(FILE *file)
{
    struct pcapng *ng = xcalloc(1, sizeof *ng);
    ng->file = file;
    return ng;
}

const char *pcapng_tls_keys(const struct pcapng *ng)
{
    return ng->keys ? ng->keys : "";
}

void pcapng_free(struct pcapng *ng)
{
    if (!ng)
        return;
    free(ng->interfaces);
    free(ng->body);
    free(ng->keys);
    free(ng);
}

static uint32_t swap32(uint32_t v)
{
    return v >> 24 | (v >> 8 & 0xFF00) | (v << 8 & 0xFF0000) | v << 24;
}

/* Numbers stand in the file in the byte order of the section. */
static uint32_t get32(const struct pcapng *ng, const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return ng->is_swapped ? swap32(v) : v;
}

static uint16_t get16(const struct pcapng *ng, const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return (uint16_t)(ng->is_swapped ? v >> 8 | v << 8 : v);
}

static uint64_t power(uint64_t base, unsigned exponent)
{
    uint64_t p = 1;
    while (exponent-- && p < UINT64_MAX / 10)
        p *= base;
    return p;
}

static void read_interface_options(struct pcapng *ng, struct interface *i,
                                   const uint8_t *at, size_t n)
{
    while (n >= 4) {
        unsigned code = get16(ng, at), length = get16(ng, at + 2);
        size_t padded = (length + 3u) & ~3u;
        if (code == OPTION_END || padded > n - 4)
            return;
        const uint8_t *value = at + 4;
        if (code == OPTION_TIME_RESOLUTION && length >= 1)
            i->ticks_per_s = power(value[0] & 0x80 ? 2 : 10, value[0] & 0x7F);
        if (code == OPTION_TIME_OFFSET && length >= 8) {
            uint64_t lo = get32(ng, value), hi = get32(ng, value + 4);
            i->offset_s =
                (int64_t)(ng->is_swapped ? lo << 32 | hi : hi << 32 | lo);
        }
        at += 4 + padded;
        n -= 4 + padded;
    }
}

static void add_interface(struct pcapng *ng)
{
    if (ng->n < 8)
        return;
    struct interface i = {.link_type = get16(ng, ng->body),
                          .snap_length = get32(ng, ng->body + 4),
                          .ticks_per_s = 1000000};
    read_interface_options(ng, &i, ng->body + 8, ng->n - 8);
    if (!i.ticks_per_s)
        i.ticks_per_s = 1000000;
    ng->interfaces =
        xrealloc(ng->interfaces, (ng->n_interfaces + 1) * sizeof i);
    ng->interfaces[ng->n_interfaces++] = i;
}

static void add_secrets(struct pcapng *ng)
{
    if (ng->n < 8 || get32(ng, ng->body) != SECRETS_TLS)
        return;
    size_t length = get32(ng, ng->body + 4);
    if (length > ng->n - 8)
        length = ng->n - 8;
    ng->keys = xrealloc(ng->keys, ng->n_keys + length + 2);
    memcpy(ng->keys + ng->n_keys, ng->body + 8, length);
    ng->n_keys += length;
    ng->keys[ng->n_keys++] = '\n';
    ng->keys[ng->n_keys] = '\0';
}

static uint64_t to_ns(const struct interface *i, uint64_t ticks)
{
    uint64_t s = ticks / i->ticks_per_s, rest = ticks % i->ticks_per_s;
    uint64_t ns = i->ticks_per_s > UINT64_MAX / 1000000000u
                      ? rest / (i->ticks_per_s / 1000000000u)
                      : rest * 1000000000u / i->ticks_per_s;
    return (s + (uint64_t)i->offset_s) * 1000000000u + ns;
}

/* Fills the frame from a packet block whose octets begin at `head`. */
static int take_packet(struct pcapng *ng, uint32_t interface, uint64_t ticks,
                       size_t head, size_t captured, size_t wire,
                       struct frame *frame)
{
    size_t index = (size_t)ng->first_interface + interface;
    if (index >= ng->n_interfaces || head > ng->n)
        return 0;
    if (captured > ng->n - head)
        captured = ng->n - head;
    const struct interface *i = &ng->interfaces[index];
    *frame = (struct frame){.time_ns = to_ns(i, ticks),
                            .link_type = i->link_type,
                            .interface = (uint32_t)index,
                            .octets = ng->body + head,
                            .n = captured,
                            .n_wire = wire > captured ? wire : captured};
    return 1;
}

static int read_packet(struct pcapng *ng, uint32_t type, struct frame *frame)
{
    const uint8_t *b = ng->body;
    if (type == BLOCK_SIMPLE) {
        if (ng->n < 4 || ng->first_interface >= ng->n_interfaces)
            return 0;
        size_t wire = get32(ng, b), captured = wire;
        uint32_t snap = ng->interfaces[ng->first_interface].snap_length;
        if (snap && captured > snap)
            captured = snap;
        return take_packet(ng, 0, 0, 4, captured, wire, frame);
    }
    if (ng->n < 20)
        return 0;
    uint32_t interface = type == BLOCK_ENHANCED ? get32(ng, b) : get16(ng, b);
    uint64_t ticks = (uint64_t)get32(ng, b + 4) << 32 | get32(ng, b + 8);
    return take_packet(ng, interface, ticks, 20, get32(ng, b + 12),
                       get32(ng, b + 16), frame);
}

static const char CUT[] = "the file ends inside a block";
static const char BAD[] = "a block has an impossible length";
static const char END[] = ""; /* a clean end */

/* Reads one block into ng->body. Returns its type; 0 with trouble set. */
static uint32_t read_block(struct pcapng *ng, const char **trouble)
{
    uint8_t head[12];
    size_t got = fread(head, 1, 8, ng->file);
    if (got < 8) {
        *trouble = got ? CUT : END;
        return 0;
    }
    uint32_t type = get32(ng, head);
    size_t start = 8;
    if (type == BLOCK_SECTION) { /* the same in both byte orders */
        if (fread(head + 8, 1, 4, ng->file) != 4)
            return *trouble = CUT, 0;
        ng->is_swapped = false;
        ng->is_swapped = get32(ng, head + 8) != 0x1A2B3C4D;
        start = 12;
    }
    uint32_t total = get32(ng, head + 4);
    if (total < start + 4 || total % 4 || total > BODY_MAX)
        return *trouble = BAD, 0;
    size_t n = total - start; /* with the length at the end */
    if (n > ng->room) {
        ng->body = xrealloc(ng->body, n);
        ng->room = n;
    }
    if (fread(ng->body, 1, n, ng->file) != n)
        return *trouble = CUT, 0;
    ng->n = n - 4;
    return type;
}

int pcapng_next(struct pcapng *ng, struct frame *frame, const char **trouble)
{
    *trouble = NULL;
    for (;;) {
        uint32_t type = read_block(ng, trouble);
        if (*trouble) {
            *trouble = *trouble == END ? NULL : *trouble;
            return 0;
        }
        if (type == BLOCK_SECTION)
            ng->first_interface = (uint32_t)ng->n_interfaces;
        else if (type == BLOCK_INTERFACE)
            add_interface(ng);
        else if (type == BLOCK_SECRETS)
            add_secrets(ng);
        else if ((type == BLOCK_ENHANCED || type == BLOCK_SIMPLE ||
                  type == BLOCK_OLD_PACKET) &&
                 read_packet(ng, type, frame))
            return 1;
    }
}
