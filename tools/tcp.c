/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.c -- ordered octets out of TCP segments, both directions in causal order.
 *
 * Most segments find everything before them in place and go straight through.
 * The others wait in their direction's list, sorted by sequence number. When
 * PATIENCE more segments of the stream have passed, or memory is short, or it
 * ends, what the earliest waiting segment misses is declared a gap.
 * Spec: RFC 9293 s3.4 (sequence numbers wrap), s3.10.
 */
#include "tcp.h"

#include "room.h"

enum {
    BUCKETS = 4096,
    CLOSED_MAX = 512, /* closed streams kept for their stragglers */
    PATIENCE = 64,    /* segments of its stream that one waits for */
    RECENT = 8,
    GAP_MAX = 64 << 20, /* a jump beyond this is a wild number, not a gap */
    HELD_MAX = 16 << 20
};

/* A segment that waits. */
struct held {
    struct held *next;
    uint32_t sequence, acknowledged;
    uint8_t flags;
    uint64_t arrived; /* the stream had so many segments then */
    struct mark mark;
    size_t n, n_wire;
    uint8_t octets[];
};

/* A segment handed on a moment ago, to know its copies by. */
struct recent {
    uint32_t sequence;
    uint32_t interface;
    size_t n;
    uint64_t hash;
};

struct half {
    bool is_known; /* `next` is known */
    bool has_isn;
    bool has_ended;
    uint32_t isn, next;
    struct held *held;
    struct recent recent[RECENT];
    unsigned n_recent;
};

struct entry {
    struct tcp_stream stream; /* first: the watcher's pointer is ours */
    struct entry *chain, *older, *newer;
    uint32_t bucket;
    struct half half[2];
    uint64_t n_segments;
    size_t n_held; /* octets */
    unsigned n_waiting;
    bool is_closed;
};

struct tcp {
    struct tcp_watcher watcher;
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *newest; /* all streams, in order of number */
    uint64_t n_streams;
    size_t n_held, held_max;
    struct entry *closed[CLOSED_MAX]; /* a ring */
    unsigned n_closed;
};

struct tcp *tcp_new(const struct tcp_watcher *watcher, size_t held_max)
{
    struct tcp *tcp = xcalloc(1, sizeof *tcp);
    tcp->watcher = *watcher;
    tcp->held_max = held_max ? held_max : HELD_MAX;
    return tcp;
}

/* ---- the table of streams ------------------------------------------------ */

static uint32_t hash_endpoint(const struct endpoint *e)
{
    uint32_t word[4], h = e->port * 2654435761u;
    memcpy(word, e->address, sizeof word);
    for (int i = 0; i < 4; i++)
        h = (h ^ word[i]) * 2246822519u;
    return h ^ h >> 15;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && !memcmp(a->address, b->address, 16);
}

static uint32_t bucket_of(const struct segment *s)
{
    return (hash_endpoint(&s->from) + hash_endpoint(&s->to)) % BUCKETS;
}

/* The youngest stream between the two ends, and which end is speaking. */
static struct entry *find(const struct tcp *tcp, const struct segment *s,
                          int *from)
{
    for (struct entry *e = tcp->buckets[bucket_of(s)]; e; e = e->chain) {
        for (int i = 0; i < 2; i++) {
            if (same_endpoint(&e->stream.side[i], &s->from) &&
                same_endpoint(&e->stream.side[!i], &s->to))
                return *from = i, e;
        }
    }
    return NULL;
}

static struct entry *open_stream(struct tcp *tcp, const struct segment *s,
                                 int *from)
{
    struct entry *e = xcalloc(1, sizeof *e);
    bool is_answer = (s->flags & TCP_SYN) && (s->flags & TCP_ACK);
    *from = is_answer ? 1 : 0;
    e->stream.number = tcp->n_streams++;
    e->stream.side[*from] = s->from;
    e->stream.side[!*from] = s->to;
    e->stream.first = (struct mark){s->frame, s->time_ns};
    e->bucket = bucket_of(s);
    e->chain = tcp->buckets[e->bucket];
    tcp->buckets[e->bucket] = e;
    e->older = tcp->newest;
    if (tcp->newest)
        tcp->newest->newer = e;
    else
        tcp->oldest = e;
    tcp->newest = e;
    if (tcp->watcher.on_open)
        tcp->watcher.on_open(tcp->watcher.user, &e->stream);
    return e;
}

static void drop_held(struct tcp *tcp, struct entry *e, struct half *h)
{
    struct held *gone = h->held;
    h->held = gone->next;
    e->n_held -= gone->n;
    tcp->n_held -= gone->n;
    e->n_waiting--;
    free(gone);
}

static void forget(struct tcp *tcp, struct entry *e, bool is_told)
{
    struct entry **at = &tcp->buckets[e->bucket];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    *(e->older ? &e->older->newer : &tcp->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &tcp->newest) = e->older;
    for (int i = 0; i < 2; i++)
        while (e->half[i].held)
            drop_held(tcp, e, &e->half[i]);
    if (is_told && tcp->watcher.on_close)
        tcp->watcher.on_close(tcp->watcher.user, &e->stream);
    free(e);
}

/* ---- handing on ---------------------------------------------------------- */

static void hand_gap(struct tcp *tcp, struct entry *e, int from, uint32_t n,
                     struct mark mark)
{
    e->half[from].next += n;
    e->stream.n_gaps[from]++;
    e->stream.n_lost[from] += n;
    if (tcp->watcher.on_gap)
        tcp->watcher.on_gap(tcp->watcher.user, &e->stream, from, n, mark);
}

static void hand_end(struct tcp *tcp, struct entry *e, int from,
                     enum tcp_end end, struct mark mark)
{
    if (e->half[from].has_ended)
        return;
    e->half[from].has_ended = true;
    if (tcp->watcher.on_end)
        tcp->watcher.on_end(tcp->watcher.user, &e->stream, from, end, mark);
}

static void keep_closed(struct tcp *tcp, struct entry *e)
{
    if (e->is_closed || !e->half[0].has_ended || !e->half[1].has_ended)
        return;
    e->is_closed = true;
    struct entry **slot = &tcp->closed[tcp->n_closed++ % CLOSED_MAX];
    if (*slot)
        forget(tcp, *slot, true);
    *slot = e;
}

/* Hands on a segment whose place has come. */
static void release(struct tcp *tcp, struct entry *e, int from,
                    const struct held *s, const uint8_t *octets)
{
    struct half *h = &e->half[from];
    uint32_t old = h->next - s->sequence; /* octets that came before */
    if (!h->has_ended && old < s->n_wire) {
        size_t n = old < s->n ? s->n - old : 0;
        if (n) {
            h->next += (uint32_t)n;
            e->stream.n_octets[from] += n;
            if (tcp->watcher.on_octets)
                tcp->watcher.on_octets(tcp->watcher.user, &e->stream, from,
                                       octets + old, n, s->mark);
        }
        uint32_t cut = s->sequence + (uint32_t)s->n_wire - h->next;
        if (cut) /* the capture has kept only the first part of the frame */
            hand_gap(tcp, e, from, cut, s->mark);
    }
    if (s->flags & TCP_FIN && !h->has_ended) {
        h->next++;
        hand_end(tcp, e, from, TCP_END_FIN, s->mark);
    }
    if (s->flags & TCP_RST) {
        hand_end(tcp, e, from, TCP_END_RST, s->mark);
        hand_end(tcp, e, !from, TCP_END_CAPTURE, s->mark);
    }
}

/* Distance from a to b on the circle of sequence numbers. */
static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(b - a);
}

/* How many octets of the other side must still come before what `s` says. */
static uint32_t missing_cause(struct entry *e, int from, uint8_t flags,
                              uint32_t acknowledged)
{
    struct half *other = &e->half[!from];
    if (!(flags & TCP_ACK) || other->has_ended)
        return 0;
    if (!other->is_known) {
        other->is_known = true;
        other->next = acknowledged;
        e->stream.first_sequence[!from] = acknowledged;
        return 0;
    }
    int32_t n = ahead(other->next, acknowledged);
    return n > 0 && n <= GAP_MAX ? (uint32_t)n : 0;
}

static bool is_ready(struct entry *e, int from, const struct held *s)
{
    return ahead(e->half[from].next, s->sequence) <= 0 &&
           !missing_cause(e, from, s->flags, s->acknowledged);
}

/* Hands on whatever can be, the earliest frame first. */
static void drain(struct tcp *tcp, struct entry *e)
{
    for (;;) {
        int best = -1;
        for (int i = 0; i < 2; i++) {
            struct held *s = e->half[i].held;
            if (s && is_ready(e, i, s) &&
                (best < 0 || s->mark.frame < e->half[best].held->mark.frame))
                best = i;
        }
        if (best < 0)
            break;
        struct held *s = e->half[best].held;
        release(tcp, e, best, s, s->octets);
        drop_held(tcp, e, &e->half[best]);
    }
}

/* The direction whose first waiting segment is the earlier one; something
 * waits. */
static int earliest(const struct entry *e)
{
    const struct held *a = e->half[0].held, *b = e->half[1].held;
    return !a || (b && b->mark.frame < a->mark.frame);
}

/* Declares lost what the earliest waiting segment misses. */
static void give_up(struct tcp *tcp, struct entry *e)
{
    int from = earliest(e);
    struct held *s = e->half[from].held;
    uint32_t cause = missing_cause(e, from, s->flags, s->acknowledged);
    int32_t hole = ahead(e->half[from].next, s->sequence);
    if (cause) {
        struct held *first = e->half[!from].held;
        int32_t until = first ? ahead(e->half[!from].next, first->sequence) : 0;
        if (until > 0 && (uint32_t)until < cause)
            cause = (uint32_t)until;
        if (first && until <= 0 && hole > 0) { /* both wait for the hole */
            hand_gap(tcp, e, from, (uint32_t)hole, s->mark);
        } else if (first && until <= 0) { /* ... for each other: let it pass */
            release(tcp, e, !from, first, first->octets);
            drop_held(tcp, e, &e->half[!from]);
        } else {
            hand_gap(tcp, e, !from, cause, s->mark);
        }
    } else if (hole > 0) {
        hand_gap(tcp, e, from, (uint32_t)hole, s->mark);
    }
    drain(tcp, e);
}

static bool has_waited_enough(const struct tcp *tcp, const struct entry *e)
{
    const struct held *s = e->half[earliest(e)].held;
    return tcp->n_held > tcp->held_max || e->n_segments - s->arrived > PATIENCE;
}

static void give_up_all(struct tcp *tcp, struct entry *e)
{
    drain(tcp, e);
    while (e->n_waiting)
        give_up(tcp, e);
}

static void end_stream(struct tcp *tcp, struct entry *e)
{
    give_up_all(tcp, e);
    for (int i = 0; i < 2; i++)
        hand_end(tcp, e, i, TCP_END_CAPTURE, e->stream.last);
}

/* ---- taking -------------------------------------------------------------- */

static uint64_t hash_octets(const uint8_t *octets, size_t n)
{
    uint64_t h = 0x9E3779B97F4A7C15u ^ n, word;
    for (; n >= 8; octets += 8, n -= 8) {
        memcpy(&word, octets, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    while (n--)
        h = (h ^ *octets++) * 0x100000001B3u;
    return h;
}

/* Counts a segment that has nothing new, by what its twin was like. */
static void count_copy(struct entry *e, int from, const struct segment *s)
{
    const struct half *h = &e->half[from];
    uint64_t hash = hash_octets(s->octets, s->n);
    for (unsigned i = 0; i < RECENT && i < h->n_recent; i++) {
        const struct recent *r = &h->recent[i];
        if (r->sequence != s->sequence || r->n != s->n)
            continue;
        if (r->hash != hash)
            e->stream.n_conflicts++;
        else if (r->interface != s->interface) {
            e->stream.n_copies++;
            return;
        }
        break;
    }
    e->stream.n_retransmitted++;
}

static void remember(struct half *h, const struct segment *s)
{
    h->recent[h->n_recent++ % RECENT] = (struct recent){
        s->sequence, s->interface, s->n, hash_octets(s->octets, s->n)};
}

/* Puts a segment into its direction's list, by sequence number, then frame. */
static void hold(struct tcp *tcp, struct entry *e, int from,
                 const struct held *s, const uint8_t *octets)
{
    struct held **at = &e->half[from].held;
    while (*at && ahead((*at)->sequence, s->sequence) >= 0) {
        if ((*at)->sequence == s->sequence && (*at)->n_wire == s->n_wire &&
            (*at)->flags == s->flags) {
            bool is_same =
                (*at)->n == s->n && !memcmp((*at)->octets, octets, s->n);
            e->stream.n_retransmitted++;
            e->stream.n_conflicts += !is_same;
            return;
        }
        at = &(*at)->next;
    }
    struct held *copy = xcalloc(1, sizeof *copy + s->n);
    *copy = *s;
    copy->arrived = e->n_segments;
    if (s->n)
        memcpy(copy->octets, octets, s->n);
    copy->next = *at;
    *at = copy;
    e->n_held += s->n;
    tcp->n_held += s->n;
    e->n_waiting++;
}

/* A SYN that begins another connection between the same two ends. */
static bool is_new_connection(const struct entry *e, int from,
                              const struct segment *s)
{
    const struct half *h = &e->half[from];
    if (!(s->flags & TCP_SYN))
        return false;
    if (h->has_isn)
        return h->isn != s->sequence;
    return h->is_known && h->next != s->sequence + 1;
}

static void take_syn(struct entry *e, int from, const struct segment *s)
{
    struct half *h = &e->half[from];
    if (h->has_isn)
        return;
    h->has_isn = h->is_known = e->stream.has_syn = true;
    h->isn = s->sequence;
    h->next = s->sequence + 1;
    e->stream.first_sequence[from] = h->next;
}

/* The segment as it would wait, its SYN taken off. */
static void to_held(const struct segment *s, struct held *held)
{
    *held =
        (struct held){.sequence = s->sequence + (s->flags & TCP_SYN ? 1 : 0),
                      .acknowledged = s->acknowledged,
                      .flags = s->flags & (TCP_FIN | TCP_RST | TCP_ACK),
                      .mark = {s->frame, s->time_ns},
                      .n = s->n,
                      .n_wire = s->n_wire};
}

static void place(struct tcp *tcp, struct entry *e, int from,
                  const struct segment *s)
{
    struct half *h = &e->half[from];
    struct held seg;
    to_held(s, &seg);
    if (!h->is_known) {
        h->is_known = true;
        h->next = seg.sequence;
        e->stream.first_sequence[from] = seg.sequence;
    }
    int32_t hole = ahead(h->next, seg.sequence);
    if (s->flags & TCP_RST && (hole < 0 || hole > GAP_MAX))
        seg.sequence = h->next; /* a reset need not carry a good number */
    bool is_old = ahead(h->next, seg.sequence + (uint32_t)seg.n_wire) <= 0;
    if (is_old && seg.n_wire && !(s->flags & (TCP_FIN | TCP_RST))) {
        count_copy(e, from, s);
        return;
    }
    if (h->has_ended || (is_old && !(s->flags & (TCP_FIN | TCP_RST))))
        return;
    if (seg.n_wire)
        remember(h, s);
    if (!h->held && is_ready(e, from, &seg)) {
        release(tcp, e, from, &seg, s->octets);
    } else {
        e->stream.n_out_of_order += hole > 0 && seg.n_wire > 0;
        hold(tcp, e, from, &seg, s->octets);
    }
    if (e->n_waiting)
        drain(tcp, e);
}

void tcp_take(struct tcp *tcp, const struct segment *s)
{
    int from = 0;
    struct entry *e = find(tcp, s, &from);
    if (e && is_new_connection(e, from, s)) {
        end_stream(tcp, e);
        keep_closed(tcp, e);
        e = NULL;
    }
    bool is_empty = !s->n_wire && !(s->flags & TCP_SYN);
    if (!e && is_empty && s->flags & TCP_RST)
        return; /* the reset of a connection that we know nothing of */
    if (!e)
        e = open_stream(tcp, s, &from);
    e->stream.last = (struct mark){s->frame, s->time_ns};
    e->n_segments++;
    if (s->flags & TCP_SYN)
        take_syn(e, from, s);
    if (s->flags & TCP_ACK && !e->half[!from].is_known)
        missing_cause(e, from, s->flags, s->acknowledged);
    place(tcp, e, from, s);
    while (e->n_waiting && has_waited_enough(tcp, e))
        give_up(tcp, e);
    keep_closed(tcp, e);
}

void tcp_finish(struct tcp *tcp)
{
    for (struct entry *e = tcp->oldest; e; e = e->newer)
        end_stream(tcp, e);
    while (tcp->oldest)
        forget(tcp, tcp->oldest, true);
    memset(tcp->closed, 0, sizeof tcp->closed);
}

void tcp_free(struct tcp *tcp)
{
    if (!tcp)
        return;
    while (tcp->oldest)
        forget(tcp, tcp->oldest, false);
    free(tcp);
}
