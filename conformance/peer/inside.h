/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h -- what the files of peer/ share. */
#ifndef MQTTSPEC_PEER_INSIDE_H
#define MQTTSPEC_PEER_INSIDE_H

#include "link/link.h"
#include "peer/peer.h"

struct tap;

/* A packet that came while another was awaited. */
struct deferred {
    struct deferred *next;
    const struct wire_packet *packet;
};

struct peer {
    struct t *t;
    enum wire_version version; /* that it speaks */
    struct link *link;
    struct tap *tap; /* only under a fault */
    int connection;  /* of the transcript; unused with a tap */
    unsigned char *in;
    size_t n_in, cap_in;
    struct deferred *first, **last; /* owned by t */
    uint16_t last_id;
    bool has_connected;  /* a CONNECT was sent */
    bool awaits_close;   /* any other packet breaks what the case is about */
    bool asks_odd_level; /* ... with a level that is not the version of t */
    bool is_closed;      /* by us */
    bool has_ended;      /* the broker closed */
    int64_t sent_ms;     /* when the last octet was sent */
    const struct wire_packet *connack;  /* of success */
    const struct wire_packet **aliased; /* by Topic Alias; NULL: none yet */
    const struct wire_packet *last_disconnect;
};

enum peer_event { PEER_PACKET, PEER_CLOSED, PEER_TIMEOUT };

/* peer_is_farewell: 5.0 lets a Server announce the close by this packet. */
bool peer_is_farewell(const struct peer *peer,
                      const struct wire_packet *packet);

/* peer_send_cut sends a packet octet by octet; a longer one in so many segments
 * at most. fragment: not 0: in one WebSocket message whose fragments have so
 * many octets, or more so as not to need more fragments. */
void peer_send_cut(struct peer *peer, const struct wire_packet *packet,
                   size_t max_segments, size_t fragment);

/* peer_next waits for the next packet, the close, or until_ms. A packet that is
 * not well-formed ends the case. */
enum peer_event peer_next(struct peer *peer, struct where where,
                          int64_t until_ms, const struct wire_packet **packet);

/* peer_await waits for a packet of this type and Packet Identifier (0: none);
 * messages that come before it are kept for later expectations. */
const struct wire_packet *peer_await(struct peer *peer, struct where where,
                                     enum wire_type type, uint16_t id);

/* peer_lacks_dup: is it only DUP that a message lacks which comes again? That
 * is a statement of its own, and says nothing of what the case is about.
 * Returns the statement, or NULL. */
const char *peer_lacks_dup(const struct peer *peer,
                           const struct wire_packet *expected,
                           const struct wire_packet *packet);

#endif
