/* SPDX-License-Identifier: Apache-2.0 */
/* link.h -- from a captured frame to a TCP segment.
 *
 * Ethernet with any number of VLAN tags, the loopback headers of BSD and
 * macOS, raw IP, Linux cooked captures of both generations; IPv4 and IPv6
 * with their extension headers, datagrams put together from fragments.
 * Spec: RFC 791, 8200, 9293; LINKTYPE_ pages of tcpdump.org.
 */
#ifndef TOOLS_LINK_H
#define TOOLS_LINK_H

#include "capture.h"

/* An address and port. IPv4 is kept as ::ffff:a.b.c.d. */
struct endpoint {
    uint8_t address[16];
    uint16_t port;
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct segment {
    uint64_t frame;
    uint64_t time_ns;
    uint32_t interface;
    struct endpoint from, to;
    uint32_t sequence, acknowledged;
    uint8_t flags; /* TCP_ bits and the others of the header's octet */
    const uint8_t *octets;
    size_t n;      /* payload captured */
    size_t n_wire; /* payload sent */
};

/* What became of the frames. */
struct link_counts {
    uint64_t frames, tcp, not_ip, not_tcp, fragments, broken, truncated;
};

struct link;

struct link *link_new(void);

/* link_segment takes a frame apart.
 *
 * frame     as capture_next gives it
 * segment   out; octets borrowed until the next call or the frame's end
 *
 * Returns true with a TCP segment. Returns false for everything else: another
 * protocol, a fragment whose datagram is not whole, a header that is cut.
 */
bool link_segment(struct link *link, const struct frame *frame,
                  struct segment *segment);

const struct link_counts *link_counts(const struct link *link);

void link_forget(struct link *link);

/* endpoint_text writes "127.0.0.1:1883" or "[::1]:1883".
 *
 * text   at least 64 octets
 */
const char *endpoint_text(const struct endpoint *e, char text[64]);

#endif
