/* SPDX-License-Identifier: Apache-2.0 */
/* framer.h -- whole MQTT packets out of one direction's octets.
 *
 * A packet inside one chunk is handed on where it stands; only packets that
 * are spread over chunks are copied together. After a gap the framer goes on
 * behind the damaged packet when its length is known, and otherwise waits
 * for a chunk that begins like a packet.
 */
#ifndef TOOLS_FRAMER_H
#define TOOLS_FRAMER_H

#include "tcp.h"

struct framer {
    uint8_t *octets; /* the beginning of a packet that is not whole */
    size_t n, room;
    struct mark first, latest; /* of its chunks, by frame */
    uint64_t skip;             /* octets of a damaged packet still to come */
    bool is_adrift;            /* no packet boundary is known */
    size_t packet_max;
    uint64_t n_too_large;
};

/* What the framer gives: `octets` is one whole packet, borrowed. `last` is the
 * frame that made it whole: of segments out of order, the one that came last.
 */
typedef void framer_on_packet(void *user, const uint8_t *octets, size_t n,
                              struct mark first, struct mark last);

/* framer_push takes the next octets; any cut. */
void framer_push(struct framer *framer, const uint8_t *octets, size_t n,
                 struct mark mark, framer_on_packet *on_packet, void *user);

/* framer_lose says that the next n octets were lost. */
void framer_lose(struct framer *framer, uint64_t n);

/* framer_clear frees what the framer holds. */
void framer_clear(struct framer *framer);

#endif
