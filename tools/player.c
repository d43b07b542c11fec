/* SPDX-License-Identifier: Apache-2.0 */
/* player.c -- drives the connections of a replay.
 *
 * Each connection walks its own stream: a packet of the captured server is
 * waited for, a packet of the client is sent when its causes have happened.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "player.h"
#include "replay.h"
#include "room.h"

static uint64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t replay_now(const struct replay *r)
{
    return monotonic() - r->start_ns;
}

/* ---- one connection's traffic -------------------------------------------- */

static uint64_t day_time(const struct replay *r)
{
    return r->epoch_ns + replay_now(r);
}

static void on_finding(void *user, const struct observe_finding *f)
{
    struct conn *c = user;
    if (!replay_judges(c->replay, c->last_frame))
        return;
    c->findings = grow(c->findings, c->n_findings, sizeof *c->findings);
    c->findings[c->n_findings++] = (struct finding){
        .who = f->who,
        .is_should = f->is_should,
        .statement = xstrdup(*f->statement ? f->statement : f->rule),
        .sentence = xstrdup(f->sentence),
        .frame = c->last_frame};
}

void player_send(struct conn *c, const uint8_t *octets, size_t n)
{
    struct replay *r = c->replay;
    if (!c->live || live_state(c->live) == LIVE_CLOSED)
        return;
    live_send(c->live, octets, n);
    r->n_sent++;
    r->last_activity_ns = replay_now(r);
    observe_octets(c->observe, WIRE_CLIENT, octets, n, (int64_t)day_time(r), 0);
    if (c->has_pcap)
        pcapout_send(r->out, c->pcap, true, octets, n, day_time(r));
}

static void on_packet(void *user, const uint8_t *octets, size_t n,
                      struct mark first, struct mark last)
{
    struct conn *c = user;
    struct message m;
    (void)first;
    (void)last;
    message_read(&m, c->stream->version, WIRE_SERVER, octets, n, &c->aliases);
    matching_take(c, &m);
}

static void on_octets(void *user, const uint8_t *octets, size_t n)
{
    struct conn *c = user;
    struct replay *r = c->replay;
    r->last_activity_ns = replay_now(r);
    observe_octets(c->observe, WIRE_SERVER, octets, n, (int64_t)day_time(r), 0);
    if (c->has_pcap)
        pcapout_send(r->out, c->pcap, false, octets, n, day_time(r));
    framer_push(&c->framer, octets, n, (struct mark){0, 0}, on_packet, c);
}

bool player_is_closed(const struct conn *c)
{
    return !c->live || live_state(c->live) == LIVE_CLOSED;
}

/* Everything that was sent on a closed connection has been handled. */
static void note_closed(struct conn *c)
{
    struct replay *r = c->replay;
    for (size_t i = 0; i < c->at; i++) {
        struct item *item = conn_item(c, i);
        item->is_done |= item->is_sent;
    }
    if (c->has_pcap)
        pcapout_close(r->out, c->pcap, false, live_was_reset(c->live),
                      day_time(r));
    c->has_pcap = false;
    observe_close(c->observe, WIRE_SERVER,
                  live_was_reset(c->live) ? OBSERVE_RST : OBSERVE_FIN,
                  (int64_t)day_time(r), 0);
}

static void pump(struct conn *c)
{
    if (player_is_closed(c))
        return;
    live_pump(c->live, on_octets, c);
    if (player_is_closed(c)) {
        c->replay->last_activity_ns = replay_now(c->replay);
        note_closed(c);
    }
}

static bool open_conn(struct conn *c)
{
    struct replay *r = c->replay;
    static const uint32_t LOOPBACK = 0x7F000001;
    c->live = live_open(&r->options->url, r->options->cafile, r->trouble,
                        sizeof r->trouble);
    if (!c->live) {
        r->is_unreachable = true;
        return false;
    }
    c->framer.packet_max = 256u << 20;
    c->observe = observe_new(r->world, on_finding, NULL, c);
    if (r->out) {
        struct pcapout_end client = {
            LOOPBACK, (uint16_t)(40000 + (c - r->conns) % 20000)};
        struct pcapout_end server = {LOOPBACK,
                                     (uint16_t)atoi(r->options->url.port)};
        c->pcap = pcapout_connect(r->out, client, server, day_time(r));
        c->has_pcap = true;
    }
    return true;
}

/* ---- sending ------------------------------------------------------------- */

/* The delivery that a PUBACK of the client answers live. A client acknowledges
 * in the order of what it got [3.1.1/MQTT-4.6.0-2], and that may be another one
 * now: the oldest that waits takes the place of the captured one. */
static const struct item *to_acknowledge(struct conn *c,
                                         const struct item *captured)
{
    struct item *items = c->replay->script->items;
    for (; c->first_unacked < c->n_packets; c->first_unacked++) {
        const struct live_packet *p = &c->packets[c->first_unacked];
        if (p->item == NOTHING || p->message.type != WIRE_PUBLISH ||
            p->message.qos != 1 || !items[p->item].is_acked)
            continue;
        c->first_unacked++;
        return &items[p->item];
    }
    return captured;
}

/* Octets of the live form of a client's packet; NULL if it is not to be sent.
 */
static uint8_t *live_form(struct conn *c, const struct item *item, size_t *n)
{
    const struct message *m = &item->message;
    const struct item *answered;
    struct wire_packet p;
    *n = m->n;
    switch (m->type) {
    case WIRE_CONNECT:
        return rewrite_connect(m, &c->replay->rewrite, n);
    case WIRE_PUBACK:
    case WIRE_PUBREC:
    case WIRE_PUBCOMP:
        if (item->refers == NOTHING)
            break;
        answered = &c->replay->script->items[item->refers];
        if (!answered->live_id)
            return NULL; /* what it acknowledges has not come */
        if (m->type == WIRE_PUBACK && m->n == 4)
            answered = to_acknowledge(c, answered);
        return rewrite_id(m, answered->live_id);
    case WIRE_PUBLISH:
        message_decode(m, &p);
        if (m->is_bad || wire_value(p.props.topic_alias, 0) <= c->alias_max ||
            !m->n_topic)
            break;
        return rewrite_alias(m, n);
    default:
        break;
    }
    return xmemdup(m->octets, m->n);
}

static void say_bye(struct conn *c, bool is_rst)
{
    struct replay *r = c->replay;
    c->has_said_bye = true;
    c->bye_ns = replay_now(r);
    if (player_is_closed(c))
        return;
    observe_close(c->observe, WIRE_CLIENT, is_rst ? OBSERVE_RST : OBSERVE_FIN,
                  (int64_t)day_time(r), 0);
    if (c->has_pcap)
        pcapout_close(r->out, c->pcap, true, is_rst, day_time(r));
    if (is_rst) {
        c->has_pcap = false;
        live_abort(c->live);
    } else {
        live_shut(c->live);
    }
}

static void send_item(struct conn *c, struct item *item)
{
    struct replay *r = c->replay;
    item->is_sent = true;
    item->sent_ns = replay_now(r);
    c->last_frame = item->frame;
    if (item->kind == ITEM_END) {
        if (!c->has_said_bye)
            say_bye(c, item->end == TCP_END_RST);
        return;
    }
    size_t n;
    uint8_t *octets = live_form(c, item, &n);
    if (octets && c->packet_max && n > c->packet_max && !*c->why)
        snprintf(c->why, sizeof c->why,
                 "the live server takes packets of at most %" PRIu32
                 " octets; frame %" PRIu64 " has %zu",
                 c->packet_max, item->frame, n);
    if (octets)
        player_send(c, octets, n);
    if (item->message.type == WIRE_PINGREQ) {
        c->pings = grow(c->pings, c->n_pings, sizeof *c->pings);
        c->pings[c->n_pings++] = (struct ping){false, 0};
    }
    if (item->closes)
        say_bye(c, false);
    free(octets);
    /* what nobody answers is done when it is sent */
    enum wire_type type = item->message.type;
    item->is_done =
        type == WIRE_PUBACK || type == WIRE_PUBREC || type == WIRE_PUBCOMP ||
        (type == WIRE_PUBLISH && !item->message.qos && !r->options->has_fence);
}

/* ---- walking ------------------------------------------------------------- */

/* Whether what causes a captured packet is still to be sent elsewhere. */
static bool is_cause_ahead(const struct conn *c, const struct item *item)
{
    const struct script *s = c->replay->script;
    if (item->refers == NOTHING || s->items[item->refers].from != WIRE_CLIENT)
        return false;
    const struct item *cause = &s->items[item->refers];
    const struct conn *o = NULL;
    for (size_t i = 0; i < c->replay->n_conns; i++)
        if (c->replay->conns[i].stream == &s->streams[cause->stream])
            o = &c->replay->conns[i];
    if (!o || o == c || o->is_finished)
        return false;
    /* a Will comes with the end of its connection */
    return !cause->is_sent ||
           (item->message.type == WIRE_PUBLISH &&
            cause->message.type == WIRE_CONNECT && !o->has_said_bye);
}

/* How long a captured packet is waited for. */
static uint64_t patience_for(const struct conn *c, const struct item *item)
{
    const struct replay_options *o = c->replay->options;
    uint64_t gap = 0;
    if (c->n_given_up >= 3)
        return 200 * MS;
    if (c->at > 0) {
        const struct item *before = conn_item(c, c->at - 1);
        if (item->time_ns > before->time_ns)
            gap = item->time_ns - before->time_ns;
    }
    return o->timeout_ns + (gap < 600000 * MS ? gap : 600000 * MS);
}

/* At a packet, or the close, of the captured server. True: go on. */
static bool pass_server_item(struct conn *c, struct item *item)
{
    uint64_t now = replay_now(c->replay);
    if (item->is_settled || item->excuse || item->kind == ITEM_GAP)
        return true;
    if (item->kind == ITEM_END && !item->is_close)
        return true;
    if (item->kind == ITEM_END && (player_is_closed(c) || c->has_said_bye)) {
        item->is_settled = true;
        item->class = player_is_closed(c) ? CLASS_MATCH : CLASS_OPEN;
        return true;
    }
    if (player_is_closed(c))
        return item->is_settled = true;
    if (!c->wait_since || is_cause_ahead(c, item))
        c->wait_since = now;
    if (now - c->wait_since < patience_for(c, item))
        return false;
    c->n_given_up++;
    return item->is_settled = true;
}

/* After a packet that no server may accept: wait for the close. */
static bool pass_doom(struct conn *c)
{
    const struct stream *st = c->stream;
    if (st->doomed == NOTHING || c->is_doom_settled)
        return true;
    const struct item *doomed = &c->replay->script->items[st->doomed];
    if (!doomed->is_sent)
        return true;
    bool is_late = replay_now(c->replay) - doomed->sent_ns >
                   c->replay->options->timeout_ns;
    c->is_doom_settled = player_is_closed(c) || is_late;
    c->is_doom_broken = is_late && !player_is_closed(c) &&
                        replay_judges(c->replay, doomed->frame);
    return c->is_doom_settled;
}

/* A client's item. True: go on with the next one. */
static bool pass_client_item(struct conn *c, struct item *item)
{
    bool needs_open = item->kind == ITEM_PACKET;
    if (c->has_said_bye || (c->live && player_is_closed(c))) {
        item->is_done = true;
        if (!c->has_said_bye && item->kind == ITEM_PACKET)
            c->was_closed_early = true;
        return true;
    }
    if (!c->live && !needs_open)
        return item->is_done = true;
    if (!pace_is_due(c, item) || !causes_have_happened(c, item))
        return false;
    if (!c->live && !open_conn(c))
        return true;
    /* one CONNECT at a time can be on its way: what follows is pipelined only
     * where the client did so */
    send_item(c, item);
    return true;
}

/* Goes on with one connection as far as it can. True if it moved. */
static bool play(struct conn *c)
{
    size_t before = c->at;
    while (c->at < c->stream->n_items && !c->replay->is_unreachable) {
        struct item *item = conn_item(c, c->at);
        if (!pass_doom(c))
            break;
        bool goes_on = item->from == WIRE_SERVER || item->kind == ITEM_GAP
                           ? pass_server_item(c, item)
                           : pass_client_item(c, item);
        if (!goes_on)
            break;
        c->at++;
        c->wait_since = 0;
    }
    if (c->at == c->stream->n_items && pass_doom(c))
        c->is_finished = true;
    return c->at != before;
}

/* Sleeps until a socket is ready or a deadline is near. */
static void wait_for_sockets(struct replay *r, struct pollfd *fds,
                             int timeout_ms)
{
    nfds_t n = 0;
    for (size_t i = 0; i < r->n_conns; i++) {
        struct conn *c = &r->conns[i];
        if (!player_is_closed(c))
            fds[n++] =
                (struct pollfd){live_fd(c->live), live_events(c->live), 0};
    }
    poll(fds, n, timeout_ms);
    n = 0;
    for (size_t i = 0; i < r->n_conns; i++)
        if (!player_is_closed(&r->conns[i]) && fds[n++].revents)
            pump(&r->conns[i]);
}

/* The refusal of the very first connection ends the run. */
static void check_reach(struct replay *r)
{
    for (size_t i = 0; i < r->n_conns; i++) {
        const struct conn *c = &r->conns[i];
        if (c->live && player_is_closed(c) && !c->n_packets &&
            !c->has_said_bye && live_state(c->live) == LIVE_CLOSED &&
            *live_trouble(c->live) && !live_was_reset(c->live)) {
            snprintf(r->trouble, sizeof r->trouble, "%s:%s: %s",
                     r->options->url.host, r->options->url.port,
                     live_trouble(c->live));
            r->is_unreachable = true;
        }
    }
}

static void play_all(struct replay *r, struct pollfd *fds)
{
    bool is_running = true;
    while (is_running && !r->is_unreachable) {
        bool has_moved = false;
        is_running = false;
        for (size_t i = 0; i < r->n_conns; i++) {
            struct conn *c = &r->conns[i];
            if (!c->is_finished)
                has_moved |= play(c);
            is_running |= !c->is_finished;
        }
        wait_for_sockets(r, fds, has_moved ? 0 : pace_deadline(r));
        check_reach(r);
    }
}

/* Reads on until nothing has come for a while: what is extra shows now. */
static void settle(struct replay *r, struct pollfd *fds)
{
    uint64_t begin = replay_now(r);
    while (!r->is_unreachable) {
        uint64_t now = replay_now(r), last = r->last_activity_ns;
        if (now - (last > begin ? last : begin) >= r->options->settle_ns)
            return;
        wait_for_sockets(r, fds, 10);
    }
}

static void end_all(struct replay *r, struct pollfd *fds)
{
    static const uint8_t DISCONNECT_OCTETS[2] = {0xE0, 0};
    for (size_t i = 0; i < r->n_conns; i++) {
        struct conn *c = &r->conns[i];
        if (player_is_closed(c) || c->has_said_bye)
            continue;
        if (r->options->at_end == AT_END_DISCONNECT) {
            player_send(c, DISCONNECT_OCTETS, sizeof DISCONNECT_OCTETS);
            say_bye(c, false);
        } else if (r->options->at_end == AT_END_ABORT) {
            say_bye(c, true);
        }
    }
    for (int i = 0; i < 30 && !r->is_unreachable; i++) {
        bool is_open = false;
        for (size_t k = 0; k < r->n_conns; k++)
            is_open |=
                !player_is_closed(&r->conns[k]) && r->conns[k].has_said_bye;
        if (!is_open)
            return;
        wait_for_sockets(r, fds, 10);
    }
}

/* ---- beginning and end --------------------------------------------------- */

bool player_run(struct replay *r)
{
    struct script *s = r->script;
    r->conns = xcalloc(s->n_streams, sizeof *r->conns);
    for (size_t i = 0; i < s->n_streams; i++)
        if (!*s->streams[i].why && s->streams[i].n_items)
            r->conns[r->n_conns++] =
                (struct conn){.replay = r, .stream = &s->streams[i]};
    struct pollfd *fds = xcalloc(r->n_conns, sizeof *fds);
    struct timespec day;
    clock_gettime(CLOCK_REALTIME, &day);
    r->world = observe_world_new(false);
    r->epoch_ns = (uint64_t)day.tv_sec * 1000000000u + (uint64_t)day.tv_nsec;
    r->start_ns = monotonic();
    r->rewrite = r->options->rewrite;
    pace_plan(r);
    bool is_seeded = (!r->options->wipes_sessions || wipe_sessions(r)) &&
                     (!r->options->seeds_retained || seed_retained(r, true));
    r->start_ns = monotonic();
    if (is_seeded && !r->is_unreachable) {
        play_all(r, fds);
        r->seconds = (double)replay_now(r) / 1e9;
        settle(r, fds);
        end_all(r, fds);
        if (r->n_seeded)
            seed_retained(r, false);
        if (r->options->wipes_sessions)
            wipe_sessions(r);
    }
    free(fds);
    return !r->is_unreachable;
}

void player_free(struct replay *r)
{
    for (size_t i = 0; i < r->n_conns; i++) {
        struct conn *c = &r->conns[i];
        for (size_t k = 0; k < c->n_packets; k++) {
            message_clear(&c->packets[k].message);
            free(c->packets[k].detail);
        }
        for (size_t k = 0; k < c->n_findings; k++) {
            free(c->findings[k].statement);
            free(c->findings[k].sentence);
        }
        observe_free(c->observe);
        live_free(c->live);
        framer_clear(&c->framer);
        aliases_clear(&c->aliases);
        free(c->packets);
        free(c->findings);
        free(c->pings);
        free(c->auto_ids);
        opens_clear(&c->by_content);
        opens_clear(&c->by_order);
    }
    observe_world_free(r->world);
    renames_clear(&r->rewrite.assigned);
    free(r->conns);
    free(r->due_ns);
}
