/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c -- MQTT packets out of the streams of a capture.
 *
 * While a stream is not decided, its first octets wait in order. Each decision
 * (TLS, WebSocket, MQTT) puts a layer on top and runs what waited through it,
 * so that the later octets of a layer take the same way as the first ones.
 */
#include "flow.h"

#include "detect.h"
#include "framer.h"
#include "room.h"
#include "tls.h"
#include "wire/wire.h"
#include "ws.h"

enum { WAIT_MAX = 1 << 18, PACKET_MAX = 16 << 20 };

/* Octets, or a gap, that wait for the decision. */
struct chunk {
    int from;
    struct mark mark;
    uint64_t n_lost;
    size_t n;
    uint8_t *octets;
};

struct state {
    struct flow flow; /* first: the watcher's pointer is ours */
    struct flows *flows;
    struct chunk *chunks;
    size_t n_chunks, n_waiting; /* chunks; octets in them */
    bool is_layered;            /* TLS or WebSocket is decided */
    struct tls *tls;
    struct ws *ws[2];
    struct framer framer[2]; /* by side of the TCP stream */
    int from;                /* of the octets on their way through */
    struct mark mark;
};

struct flows {
    struct flow_watcher watcher;
    size_t packet_max;
    enum wire_version version;
    struct link *link;
    struct tcp *tcp;
    struct tls_keys *keys;
    uint64_t n_mqtt;
};

static enum wire_side side_of(const struct state *s, int from)
{
    return from == s->flow.client ? WIRE_CLIENT : WIRE_SERVER;
}

/* ---- MQTT ---------------------------------------------------------------- */

/* The version that a CONNECT asks for, or UNKNOWN. */
static enum wire_version version_of(const uint8_t *octets, size_t n)
{
    struct wire_packet packet;
    size_t total;
    wire_read(WIRE_UNKNOWN, WIRE_CLIENT, octets, n, &packet, &total, NULL);
    switch (wire_value(packet.protocol_level, 0) & 0x7F) {
    case 3:
        return WIRE_3_1;
    case 4:
        return WIRE_3_1_1;
    case 5:
        return WIRE_5_0;
    }
    return WIRE_UNKNOWN;
}

static uint64_t hash_more(uint64_t h, const uint8_t *octets, size_t n)
{
    uint64_t word;
    for (; n >= 8; octets += 8, n -= 8) {
        memcpy(&word, octets, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    while (n--)
        h = (h ^ *octets++) * 0x100000001B3u;
    return h;
}

static void on_framed(void *user, const uint8_t *octets, size_t n,
                      struct mark first, struct mark last)
{
    struct state *s = user;
    struct flow *flow = &s->flow;
    const struct flow_watcher *w = &s->flows->watcher;
    struct flow_packet packet = {side_of(s, s->from), octets, n, first, last};
    int i = packet.from == WIRE_SERVER;
    if (!flow->n_packets[0] && !i && octets[0] >> 4 == WIRE_CONNECT)
        flow->version = version_of(octets, n);
    flow->n_packets[i]++;
    flow->n_octets[i] += n;
    flow->hash[i] = hash_more(flow->hash[i], octets, n);
    if (w->on_packet)
        w->on_packet(w->user, flow, &packet);
}

static void give_gap(struct state *s, int from, uint64_t n, struct mark mark)
{
    const struct flow_watcher *w = &s->flows->watcher;
    framer_lose(&s->framer[from], n);
    if (w->on_gap)
        w->on_gap(w->user, &s->flow, side_of(s, from), n, mark);
}

static void give_octets(struct state *s, const uint8_t *octets, size_t n)
{
    framer_push(&s->framer[s->from], octets, n, s->mark, on_framed, s);
}

static void become_mqtt(struct state *s, int client, bool has_connect)
{
    struct flows *flows = s->flows;
    s->flow.kind = FLOW_MQTT;
    s->flow.client = client;
    s->flow.has_connect = has_connect;
    if (!has_connect)
        s->flow.version = flows->version;
    for (int i = 0; i < 2; i++) {
        s->framer[i].packet_max = flows->packet_max;
        s->framer[i].is_adrift = !has_connect;
    }
    flows->n_mqtt++;
    if (flows->watcher.on_open)
        flows->watcher.on_open(flows->watcher.user, &s->flow,
                               s->n_chunks ? s->chunks[0].mark : s->mark);
}

/* ---- deciding ------------------------------------------------------------ */

static void drop_chunks(struct chunk *chunks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(chunks[i].octets);
    free(chunks);
}

/* Up to `cap` first octets of a side that stand before any gap of it. */
static size_t first_octets(const struct state *s, int from, uint8_t *out,
                           size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_chunks && n < cap; i++) {
        const struct chunk *c = &s->chunks[i];
        if (c->from != from)
            continue;
        if (c->n_lost)
            break;
        size_t more = c->n < cap - n ? c->n : cap - n;
        memcpy(out + n, c->octets, more);
        n += more;
    }
    return n;
}

/* All octets of a side, from the first chunk that begins like a packet. */
static struct detect_run judge_side(const struct state *s, int from)
{
    struct detect_run run = {0};
    uint8_t *all = xrealloc(NULL, s->n_waiting + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->n_chunks; i++) {
        const struct chunk *c = &s->chunks[i];
        if (c->from != from)
            continue;
        if (c->n_lost) {
            detect_run(all, n, &run);
            n = 0;
            continue;
        }
        memcpy(all + n, c->octets, c->n);
        n += c->n;
        struct detect_run begin = {0};
        if (n == c->n && run.score == 0) {
            detect_run(all, n, &begin);
            if (begin.is_bad) /* the middle of a packet: try the next chunk */
                n = 0;
        }
        run.is_bad |= begin.is_bad && c->n > 1;
    }
    if (n) {
        run.is_bad = false;
        detect_run(all, n, &run);
    }
    free(all);
    return run;
}

static bool is_mqtt_port(uint16_t port)
{
    return port == 1883 || port == 8883;
}

/* A stream without a CONNECT: do its packets convince? */
static bool decide_midstream(struct state *s)
{
    const struct tcp_stream *tcp = s->flow.tcp;
    struct detect_run run[2] = {judge_side(s, 0), judge_side(s, 1)};
    if (run[0].is_bad || run[1].is_bad)
        return false;
    int a = run[0].client + run[1].server, b = run[1].client + run[0].server;
    int port =
        is_mqtt_port(tcp->side[0].port) - is_mqtt_port(tcp->side[1].port);
    if (a && b)
        return false; /* both sides speak as client */
    if (run[0].score + run[1].score < (port ? 3 : 5))
        return false;
    int client = a ? 0 : b ? 1 : 0;
    if (!a && !b && (tcp->has_syn ? false : port > 0))
        client = 1;
    if (!a && !b && !tcp->has_syn && !port)
        client = tcp->side[0].port <
                 tcp->side[1].port; /* ports of clients are high */
    become_mqtt(s, client, false);
    return true;
}

enum decision { WAIT, MQTT, LAYER, OTHER };

/* Puts WebSocket between TCP and MQTT. */
static enum decision layer_ws(struct state *s, int client)
{
    s->flow.is_ws = s->is_layered = true;
    s->flow.client = client;
    for (int i = 0; i < 2; i++)
        s->ws[i] = ws_new();
    return LAYER;
}

static enum decision layer_tls(struct state *s, int client)
{
    s->flow.is_tls = s->is_layered = true;
    s->tls = tls_new(s->flows->keys, client);
    s->flow.kind = s->tls ? FLOW_UNDECIDED : FLOW_TLS;
    return s->tls ? LAYER : OTHER;
}

/* Looks at what waits. is_last: no more will come. */
static enum decision decide(struct state *s, bool is_last)
{
    bool can_layer = !s->is_layered || (s->tls && !s->flow.is_ws);
    int undecided = 0;
    for (int i = 0; i < 2; i++) {
        uint8_t head[16];
        size_t n = first_octets(s, i, head, sizeof head);
        enum detected connect = detect_connect(head, n);
        enum detected upgrade = can_layer ? detect_upgrade(head, n) : DETECT_NO;
        enum detected tls = s->is_layered ? DETECT_NO : detect_tls(head, n);
        if (n && connect == DETECT_YES)
            return become_mqtt(s, i, true), MQTT;
        if (n && upgrade == DETECT_YES)
            return layer_ws(s, i);
        if (n && tls == DETECT_YES)
            return layer_tls(s, head[5] == 1 ? i : !i);
        undecided += n && (connect == DETECT_MORE || upgrade == DETECT_MORE ||
                           tls == DETECT_MORE);
    }
    bool is_partial = !s->flow.tcp->has_syn || s->flow.tcp->n_gaps[0] ||
                      s->flow.tcp->n_gaps[1];
    if (is_partial && !s->is_layered && (is_last || s->n_chunks > 1) &&
        decide_midstream(s))
        return MQTT;
    if (is_last || s->n_waiting > WAIT_MAX || s->n_chunks > 200)
        return OTHER;
    if (undecided || is_partial)
        return WAIT;
    return s->n_waiting > 64 ? OTHER : WAIT;
}

static void on_stream(void *user, const uint8_t *octets, size_t n);
static void through(struct state *s, int from, const uint8_t *octets, size_t n,
                    struct mark mark);

/* A hole in TLS records or WebSocket frames: nothing after it can be read. */
static void lose_layered(struct state *s, int from)
{
    if (s->tls)
        tls_lose(s->tls, from);
    if (s->ws[from])
        ws_lose(s->ws[from]);
}

/* Runs what waited through the layer that is now in place. */
static void layer_chunks(struct state *s)
{
    struct chunk *chunks = s->chunks;
    size_t n = s->n_chunks;
    s->chunks = NULL;
    s->n_chunks = s->n_waiting = 0;
    for (size_t i = 0; i < n; i++) {
        struct chunk *c = &chunks[i];
        s->from = c->from;
        s->mark = c->mark;
        if (c->n_lost)
            lose_layered(s, c->from);
        else if (s->ws[0])
            on_stream(s, c->octets, c->n);
        else
            through(s, c->from, c->octets, c->n, c->mark);
    }
    drop_chunks(chunks, n);
}

/* Gives what waited to the framers. */
static void frame_chunks(struct state *s)
{
    struct chunk *chunks = s->chunks;
    size_t n = s->n_chunks;
    s->chunks = NULL;
    s->n_chunks = s->n_waiting = 0;
    for (size_t i = 0; i < n; i++) {
        s->from = chunks[i].from;
        s->mark = chunks[i].mark;
        if (chunks[i].n_lost)
            give_gap(s, s->from, chunks[i].n_lost, s->mark);
        else
            give_octets(s, chunks[i].octets, chunks[i].n);
    }
    drop_chunks(chunks, n);
}

static void act(struct state *s, enum decision decision)
{
    if (decision == WAIT)
        return;
    if (decision == OTHER) {
        if (s->flow.kind == FLOW_UNDECIDED)
            s->flow.kind = FLOW_OTHER;
        drop_chunks(s->chunks, s->n_chunks);
        s->chunks = NULL;
        s->n_chunks = s->n_waiting = 0;
        return;
    }
    if (decision == LAYER)
        layer_chunks(s); /* it will be decided anew, one layer up */
    else
        frame_chunks(s);
}

static void wait_with(struct state *s, const uint8_t *octets, size_t n,
                      uint64_t n_lost)
{
    s->chunks = grow(s->chunks, s->n_chunks, sizeof *s->chunks);
    s->chunks[s->n_chunks++] =
        (struct chunk){.from = s->from,
                       .mark = s->mark,
                       .n_lost = n_lost,
                       .n = n,
                       .octets = n ? xmemdup(octets, n) : NULL};
    s->n_waiting += n;
}

/* Octets above all layers. */
static void on_plain(void *user, const uint8_t *octets, size_t n)
{
    struct state *s = user;
    if (n == 0 || s->flow.kind == FLOW_OTHER)
        return;
    if (s->flow.kind == FLOW_MQTT) {
        give_octets(s, octets, n);
        return;
    }
    wait_with(s, octets, n, 0);
    enum decision decision = decide(s, false);
    struct mark mark = s->mark;
    int from = s->from;
    act(s, decision);
    s->mark = mark;
    s->from = from;
}

/* Octets out of TLS, or straight from TCP. */
static void on_stream(void *user, const uint8_t *octets, size_t n)
{
    struct state *s = user;
    if (s->ws[0])
        ws_push(s->ws[s->from], octets, n, on_plain, s);
    else
        on_plain(s, octets, n);
}

static void through(struct state *s, int from, const uint8_t *octets, size_t n,
                    struct mark mark)
{
    s->from = from;
    s->mark = mark;
    if (s->tls && !tls_push(s->tls, from, octets, n, on_stream, s)) {
        if (s->flow.kind != FLOW_MQTT)
            s->flow.kind = FLOW_TLS; /* its keys are not in the log */
    } else if (!s->tls) {
        on_stream(s, octets, n);
    }
}

/* ---- from the reassembler ------------------------------------------------ */

static void on_tcp_open(void *user, struct tcp_stream *tcp)
{
    struct state *s = xcalloc(1, sizeof *s);
    s->flows = user;
    s->flow.tcp = tcp;
    tcp->user = s;
}

static void on_tcp_octets(void *user, struct tcp_stream *tcp, int from,
                          const uint8_t *octets, size_t n, struct mark mark)
{
    struct state *s = tcp->user;
    (void)user;
    if (s->flow.kind == FLOW_OTHER || s->flow.kind == FLOW_TLS)
        return;
    through(s, from, octets, n, mark);
}

static void on_tcp_gap(void *user, struct tcp_stream *tcp, int from, uint64_t n,
                       struct mark mark)
{
    struct state *s = tcp->user;
    (void)user;
    s->from = from;
    s->mark = mark;
    if (s->flow.kind == FLOW_MQTT && !s->is_layered)
        give_gap(s, from, n, mark);
    else if (s->flow.kind == FLOW_UNDECIDED && !s->is_layered)
        wait_with(s, NULL, 0, n);
    else if (s->is_layered && s->flow.kind != FLOW_OTHER) {
        if (s->flow.kind == FLOW_MQTT && s->flows->watcher.on_gap)
            s->flows->watcher.on_gap(s->flows->watcher.user, &s->flow,
                                     side_of(s, from), n, mark);
        lose_layered(s, from);
    }
}

static void on_tcp_end(void *user, struct tcp_stream *tcp, int from,
                       enum tcp_end end, struct mark mark)
{
    struct state *s = tcp->user;
    struct flows *flows = user;
    if (s->flow.kind == FLOW_UNDECIDED && end != TCP_END_FIN) {
        s->mark = mark;
        act(s, decide(s, true));
    }
    if (s->flow.kind != FLOW_MQTT || !flows->watcher.on_end)
        return;
    flows->watcher.on_end(flows->watcher.user, &s->flow, side_of(s, from), end,
                          s->framer[from].n, mark);
}

static void on_tcp_close(void *user, struct tcp_stream *tcp)
{
    struct state *s = tcp->user;
    struct flows *flows = user;
    if (s->flow.kind == FLOW_UNDECIDED)
        act(s, decide(s, true));
    for (int i = 0; i < 2; i++) {
        s->flow.n_too_large += s->framer[i].n_too_large;
        if (s->ws[i]) {
            s->flow.n_ws_text += ws_facts(s->ws[i])->n_text;
            s->flow.is_ws_deflated |= ws_facts(s->ws[i])->is_deflated;
        }
    }
    if (flows->watcher.on_close)
        flows->watcher.on_close(flows->watcher.user, &s->flow);
    for (int i = 0; i < 2; i++) {
        ws_free(s->ws[i]);
        framer_clear(&s->framer[i]);
    }
    tls_free(s->tls);
    drop_chunks(s->chunks, s->n_chunks);
    free(s);
}

/* ---- public -------------------------------------------------------------- */

struct flows *flows_new(const struct flow_watcher *watcher, size_t packet_max)
{
    struct flows *flows = xcalloc(1, sizeof *flows);
    flows->watcher = *watcher;
    flows->packet_max = packet_max ? packet_max : PACKET_MAX;
    flows->link = link_new();
    flows->keys = tls_keys_new();
    flows->tcp = tcp_new(&(struct tcp_watcher){.user = flows,
                                               .on_open = on_tcp_open,
                                               .on_octets = on_tcp_octets,
                                               .on_gap = on_tcp_gap,
                                               .on_end = on_tcp_end,
                                               .on_close = on_tcp_close},
                         0);
    return flows;
}

void flows_set_version(struct flows *flows, enum wire_version version)
{
    flows->version = version;
}

void flows_add_keys(struct flows *flows, const char *text)
{
    tls_keys_add(flows->keys, text);
}

uint64_t flows_run(struct flows *flows, struct capture *capture)
{
    struct frame frame;
    struct segment segment;
    size_t n_keys = 0;
    while (capture_next(capture, &frame)) {
        const char *keys = capture_tls_keys(capture) + n_keys;
        if (*keys) {
            tls_keys_add(flows->keys, keys);
            n_keys += strlen(keys);
        }
        if (link_segment(flows->link, &frame, &segment))
            tcp_take(flows->tcp, &segment);
    }
    tcp_finish(flows->tcp);
    return flows->n_mqtt;
}

const struct link_counts *flows_link(const struct flows *flows)
{
    return link_counts(flows->link);
}

void flows_free(struct flows *flows)
{
    if (!flows)
        return;
    tcp_free(flows->tcp);
    link_forget(flows->link);
    tls_keys_free(flows->keys);
    free(flows);
}
