/* SPDX-License-Identifier: Apache-2.0 */
/* link.c -- from a captured frame to a TCP segment.
 *
 * Every layer narrows one cursor (`struct rest`): what is left of the
 * frame, and how much of it was on the wire. A layer that does not fit makes
 * the frame "broken", never a read past its end.
 */
#include "link.h"

#include <arpa/inet.h>

#include "fragment.h"
#include "room.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_BSD = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276,

    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86DD,
    ETHER_PPPOE = 0x8864,

    PROTOCOL_TCP = 6
};

struct link {
    struct fragments *fragments;
    struct link_counts counts;
};

/* What a lower layer left: captured octets, and how many were sent. */
struct rest {
    const uint8_t *at;
    size_t n, n_wire;
};

struct link *link_new(void)
{
    struct link *link = xcalloc(1, sizeof *link);
    link->fragments = fragments_new();
    return link;
}

const struct link_counts *link_counts(const struct link *link)
{
    return &link->counts;
}

void link_forget(struct link *link)
{
    if (!link)
        return;
    fragments_free(link->fragments);
    free(link);
}

static unsigned be16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static bool skip(struct rest *r, size_t n)
{
    if (n > r->n)
        return false;
    r->at += n;
    r->n -= n;
    r->n_wire -= n;
    return true;
}

/* Limits the rest to what a length field says: Ethernet pads. */
static void limit(struct rest *r, size_t n)
{
    if (n < r->n_wire)
        r->n_wire = n;
    if (r->n > r->n_wire)
        r->n = r->n_wire;
}

/* Steps over VLAN tags and PPPoE. Returns the EtherType that counts. */
static unsigned skip_tags(struct rest *r, unsigned type)
{
    while ((type == 0x8100 || type == 0x88A8 || type == 0x9100) && r->n >= 4) {
        type = be16(r->at + 2);
        skip(r, 4);
    }
    if (type == ETHER_PPPOE && r->n >= 8) {
        type = be16(r->at + 6) == 0x0021 ? ETHER_IPV4 : ETHER_IPV6;
        skip(r, 8);
    }
    return type;
}

/* The families of BSD systems: 2 is IPv4, IPv6 has a number of its own each. */
static bool is_ip_family(uint32_t family)
{
    return family == 2 || family == 10 || family == 24 || family == 28 ||
           family == 30;
}

/* Narrows the rest to an IP packet. False: there is none. */
static bool to_ip(const struct frame *f, struct rest *r, uint32_t *interface)
{
    unsigned type;
    switch (f->link_type) {
    case LINK_NULL:
    case LINK_LOOP: {
        if (r->n < 4)
            return false;
        uint32_t family = be32(r->at); /* in the order of the capturing host */
        uint32_t other = (uint32_t)r->at[3] << 24 | (uint32_t)r->at[2] << 16 |
                         (uint32_t)r->at[1] << 8 | r->at[0];
        return (is_ip_family(family) || is_ip_family(other)) && skip(r, 4);
    }
    case LINK_ETHERNET:
        if (r->n < 14)
            return false;
        type = be16(r->at + 12);
        skip(r, 14);
        break;
    case LINK_SLL:
        if (r->n < 16)
            return false;
        type = be16(r->at + 14);
        skip(r, 16);
        break;
    case LINK_SLL2:
        if (r->n < 20)
            return false;
        type = be16(r->at);
        *interface = be32(r->at + 4);
        skip(r, 20);
        break;
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        return r->n > 0;
    default:
        return false;
    }
    type = skip_tags(r, type);
    return type == ETHER_IPV4 || type == ETHER_IPV6;
}

/* What the IP layer says about its payload. */
struct datagram {
    struct segment *segment;
    unsigned protocol;
    bool is_fragment, has_more;
    size_t offset;
    uint32_t id;
};

static void map_ipv4(uint8_t address[16], const uint8_t *at)
{
    memset(address, 0, 10);
    address[10] = address[11] = 0xFF;
    memcpy(address + 12, at, 4);
}

static bool read_ipv4(struct rest *r, struct datagram *d)
{
    if (r->n < 20)
        return false;
    const uint8_t *h = r->at;
    size_t header = (size_t)(h[0] & 15) * 4, total = be16(h + 2);
    if (header < 20 || header > r->n || (total && total < header))
        return false;
    if (total) /* 0 is written by network cards that cut segments themselves */
        limit(r, total);
    unsigned place = be16(h + 6);
    d->has_more = place & 0x2000;
    d->offset = (size_t)(place & 0x1FFF) * 8;
    d->is_fragment = d->has_more || d->offset;
    d->id = be16(h + 4);
    d->protocol = h[9];
    map_ipv4(d->segment->from.address, h + 12);
    map_ipv4(d->segment->to.address, h + 16);
    return skip(r, header);
}

static bool read_ipv6(struct rest *r, struct datagram *d)
{
    if (r->n < 40)
        return false;
    const uint8_t *h = r->at;
    size_t payload = be16(h + 4);
    d->protocol = h[6];
    memcpy(d->segment->from.address, h + 8, 16);
    memcpy(d->segment->to.address, h + 24, 16);
    if (payload)
        limit(r, payload + 40);
    skip(r, 40);
    for (;;) { /* extension headers: next header, length, content */
        size_t length;
        switch (d->protocol) {
        case 0:   /* hop by hop */
        case 43:  /* routing */
        case 60:  /* destination */
        case 135: /* mobility */
            if (r->n < 8)
                return false;
            length = ((size_t)r->at[1] + 1) * 8;
            break;
        case 51: /* authentication counts in fours */
            if (r->n < 8)
                return false;
            length = ((size_t)r->at[1] + 2) * 4;
            break;
        case 44: /* fragment */
            if (r->n < 8)
                return false;
            length = 8;
            d->offset = be16(r->at + 2) & 0xFFF8u;
            d->has_more = r->at[3] & 1;
            d->is_fragment = d->has_more || d->offset;
            d->id = be32(r->at + 4);
            break;
        default:
            return true;
        }
        d->protocol = r->at[0];
        if (!skip(r, length))
            return false;
        if (d->is_fragment)
            return true;
    }
}

static bool read_tcp(struct rest *r, struct segment *s)
{
    if (r->n < 20)
        return false;
    const uint8_t *h = r->at;
    size_t header = (size_t)(h[12] >> 4) * 4;
    if (header < 20 || header > r->n_wire)
        return false;
    s->from.port = (uint16_t)be16(h);
    s->to.port = (uint16_t)be16(h + 2);
    s->sequence = be32(h + 4);
    s->acknowledged = be32(h + 8);
    s->flags = h[13];
    if (header > r->n) { /* cut inside the options */
        s->n_wire = r->n_wire - header;
        s->octets = r->at + r->n;
        s->n = 0;
        return true;
    }
    skip(r, header);
    s->octets = r->at;
    s->n = r->n;
    s->n_wire = r->n_wire;
    return true;
}

/* A fragment's header fields make the key under which its datagram waits. */
static bool join_fragments(struct link *link, struct rest *r,
                           const struct datagram *d)
{
    struct fragment_key key = {.id = d->id, .protocol = d->protocol};
    memcpy(key.from, d->segment->from.address, sizeof key.from);
    memcpy(key.to, d->segment->to.address, sizeof key.to);
    link->counts.fragments++;
    return fragments_add(link->fragments, &key, d->offset, d->has_more, r->at,
                         r->n, &r->at, &r->n) &&
           (r->n_wire = r->n, true);
}

bool link_segment(struct link *link, const struct frame *f, struct segment *s)
{
    struct link_counts *c = &link->counts;
    struct rest r = {f->octets, f->n, f->n_wire};
    *s = (struct segment){
        .frame = f->number, .time_ns = f->time_ns, .interface = f->interface};
    struct datagram d = {.segment = s};
    c->frames++;
    if (!to_ip(f, &r, &s->interface) || r.n == 0)
        return c->not_ip++, false;
    unsigned version = r.at[0] >> 4;
    if (version != 4 && version != 6)
        return c->not_ip++, false;
    if (version == 4 ? !read_ipv4(&r, &d) : !read_ipv6(&r, &d))
        return c->broken++, false;
    if (d.protocol != PROTOCOL_TCP)
        return c->not_tcp++, false;
    if (d.is_fragment && !join_fragments(link, &r, &d))
        return false;
    if (!read_tcp(&r, s))
        return c->broken++, false;
    c->tcp++;
    if (s->n < s->n_wire)
        c->truncated++;
    return true;
}

const char *endpoint_text(const struct endpoint *e, char text[64])
{
    char address[INET6_ADDRSTRLEN];
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    bool is_v4 = !memcmp(e->address, mapped, sizeof mapped);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? e->address + 12 : e->address,
              address, sizeof address);
    snprintf(text, 64, is_v4 ? "%s:%u" : "[%s]:%u", address, (unsigned)e->port);
    return text;
}
