/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.h -- ordered octets out of TCP segments, both directions in causal order.
 *
 * Segments may come out of order, twice, overlapping, from the middle of a
 * connection, or never. A segment is handed on when all octets before it have
 * been, and when all octets that its sender had acknowledged have been: so what
 * a side did always comes after what made it do so, however the capture's
 * records are shuffled. Octets that were sent but never captured become a gap,
 * said as such. Of two copies the first wins.
 * Expected size: up to tens of thousands of streams; only what waits is kept,
 * and never more than a limit. Spec: RFC 9293 s3.4, s3.10.
 */
#ifndef TOOLS_TCP_H
#define TOOLS_TCP_H

#include "link.h"

/* Where in the capture an octet or event was. */
struct mark {
    uint64_t frame;
    uint64_t time_ns;
};

enum tcp_end {
    TCP_END_FIN,     /* this side will send no more */
    TCP_END_RST,     /* this side broke the connection */
    TCP_END_CAPTURE, /* the capture, or the use of the 4-tuple, ends here */
};

struct tcp_stream {
    uint64_t number;         /* from 0, in the order of their first segment */
    struct endpoint side[2]; /* side[0] sent the SYN, or spoke first */
    bool has_syn;            /* the beginning is known: SYN or SYN-ACK */
    struct mark first, last;
    /* per direction; 0 is what side[0] sends */
    uint64_t n_octets[2];          /* handed on */
    uint64_t n_gaps[2], n_lost[2]; /* gaps, and the octets in them */
    uint32_t first_sequence[2];
    /* what came more than once, and was dropped */
    uint64_t n_copies;        /* the same segment on another interface */
    uint64_t n_retransmitted; /* the same octets again */
    uint64_t n_conflicts;     /* ... with other content */
    uint64_t n_out_of_order;
    void *user; /* the watcher's */
};

/* Told what happens. Any member may be NULL. `from` is 0 or 1. */
struct tcp_watcher {
    void *user;
    void (*on_open)(void *user, struct tcp_stream *stream);
    /* octets are borrowed for the call */
    void (*on_octets)(void *user, struct tcp_stream *stream, int from,
                      const uint8_t *octets, size_t n, struct mark mark);
    void (*on_gap)(void *user, struct tcp_stream *stream, int from, uint64_t n,
                   struct mark mark);
    /* once per direction at most */
    void (*on_end)(void *user, struct tcp_stream *stream, int from,
                   enum tcp_end end, struct mark mark);
    /* the stream is about to be freed */
    void (*on_close)(void *user, struct tcp_stream *stream);
};

struct tcp;

/* tcp_new makes a reassembler.
 *
 * watcher     copied; its functions must not call back
 * held_max    octets that may wait for missing ones, over all streams; 0: 16
 * MiB
 */
struct tcp *tcp_new(const struct tcp_watcher *watcher, size_t held_max);

/* tcp_take takes the next segment of the capture. */
void tcp_take(struct tcp *tcp, const struct segment *segment);

/* tcp_finish hands on all that still waits and ends every stream. */
void tcp_finish(struct tcp *tcp);

/* tcp_free frees without a word to the watcher; NULL is allowed. */
void tcp_free(struct tcp *tcp);

#endif
