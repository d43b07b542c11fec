/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c -- what each captured and each live packet is, at the end.
 *
 * Every captured packet of the server gets exactly one class; live packets
 * that stand for none are EXTRA, unless there is a reason. A stream fails when
 * something differs, or when the live server breaks the standard even where the
 * capture did the same.
 */
#include <inttypes.h>

#include "replay.h"
#include "room.h"

static void set_detail(char **at, const char *text)
{
    free(*at);
    *at = xstrdup(text);
}

static bool is_server_item(const struct item *item)
{
    return item->from == WIRE_SERVER &&
           (item->kind == ITEM_PACKET ||
            (item->kind == ITEM_END && item->is_close));
}

static const char *doubt_text(const struct conn *c, char out[160])
{
    const struct item *doubt = &c->replay->script->items[c->stream->doubt];
    snprintf(
        out, 160, "the client breaks the rules in frame %" PRIu64 "%s%.80s",
        doubt->frame, *doubt->message.fault ? ": " : "", doubt->message.fault);
    return out;
}

static bool is_after_doubt(const struct conn *c, const struct item *item)
{
    return c->stream->doubt != NOTHING &&
           item - c->replay->script->items > c->stream->doubt;
}

static void excuse_item(struct item *item, const char *why)
{
    char both[400];
    snprintf(both, sizeof both, "%s%s%s", why, item->detail ? "; " : "",
             item->detail ? item->detail : "");
    set_detail(&item->detail, both);
    item->class = CLASS_EXCUSED;
}

static void decide_item(struct conn *c, struct item *item)
{
    char why[160];
    if (!replay_judges(c->replay, item->frame)) {
        item->class = CLASS_OPEN;
        return;
    }
    bool differs = item->class == CLASS_OPEN || item->class == CLASS_CHANGED ||
                   item->class == CLASS_REORDERED;
    if (!differs)
        return;
    if (item->excuse)
        excuse_item(item, item->excuse);
    else if (is_after_doubt(c, item))
        excuse_item(item, doubt_text(c, why));
    else if (item->class == CLASS_OPEN && item->kind == ITEM_PACKET &&
             item->message.type == WIRE_PUBLISH && !item->message.qos &&
             c->replay->options->allows_qos0_loss)
        excuse_item(item, "QoS 0 may be lost (--allow-qos0-loss)");
    else if (item->class == CLASS_OPEN && item->kind == ITEM_END &&
             c->has_said_bye)
        excuse_item(item, "the client left first");
    else if (item->class == CLASS_OPEN)
        item->class = CLASS_MISSING;
    if (item->class == CLASS_REORDERED && !item->detail)
        set_detail(&item->detail, "came after a later one");
}

/* ---- races
 * --------------------------------------------------------------------
 */

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Whether the replay sees to it that a PUBLISH comes after a SUBSCRIBE of
 * another stream, as it did in the capture: then it must be delivered. */
static bool is_ordered(const struct replay *r, const struct item *publish,
                       const struct item *subscribe)
{
    return r->options->order != ORDER_TIMED &&
           publish->message.type == WIRE_PUBLISH &&
           subscribe->message.type == WIRE_SUBSCRIBE &&
           subscribe->answer != NOTHING &&
           publish > &r->script->items[subscribe->answer];
}

/* Whether a stream changed its subscriptions so near to a PUBLISH of another
 * that the capture does not tell which came first. */
static bool is_race(const struct replay *r, const struct stream *st,
                    const struct item *publish, bool is_missing)
{
    const struct item *items = r->script->items;
    for (size_t i = 0; i < st->n_items; i++) {
        const struct item *item = &items[st->items[i]];
        if (item->kind != ITEM_PACKET || item->from != WIRE_CLIENT ||
            (item->message.type != WIRE_SUBSCRIBE &&
             item->message.type != WIRE_UNSUBSCRIBE) ||
            &r->script->streams[publish->stream] == st)
            continue;
        uint64_t done = item->answer != NOTHING ? items[item->answer].time_ns
                                                : item->time_ns;
        bool is_between =
            publish->time_ns >= item->time_ns && publish->time_ns <= done;
        bool is_near =
            apart(publish->time_ns, item->time_ns) <= r->options->race_ns ||
            apart(publish->time_ns, done) <= r->options->race_ns;
        if (is_between ||
            (is_near && (!r->options->has_fence ||
                         (is_missing && !is_ordered(r, publish, item)))))
            return true;
    }
    return false;
}

/* The client's PUBLISH that a live packet comes from. */
static const struct item *source_of(const struct replay *r,
                                    const struct message *m)
{
    for (size_t i = 0; i < r->script->n_items; i++) {
        const struct item *item = &r->script->items[i];
        if (item->kind == ITEM_PACKET && item->from == WIRE_CLIENT &&
            item->is_sent && item->message.type == WIRE_PUBLISH &&
            item->message.content == m->content)
            return item;
    }
    return NULL;
}

/* The capture stops so soon after the cause that its effect is not in it. */
static bool is_cut(const struct replay *r, const struct conn *c,
                   const struct item *cause)
{
    const struct script *s = r->script;
    static const uint64_t SOON_NS = 1000000000u;
    uint64_t last = 0;
    for (size_t i = 0; i < s->n_items; i++)
        last = s->items[i].time_ns > last ? s->items[i].time_ns : last;
    for (size_t i = 0; i < c->stream->n_items; i++)
        if (conn_item(c, i)->kind == ITEM_END)
            return false;
    return apart(last, cause->time_ns) < SOON_NS;
}

static void decide_extra(struct replay *r, struct conn *c,
                         struct live_packet *p)
{
    char why[160];
    const struct stream *st = c->stream;
    const struct item *source;
    if (p->item != NOTHING || p->class != CLASS_EXTRA)
        return;
    if (!replay_judges(r, p->frame)) {
        p->class = CLASS_OPEN;
    } else if (st->doomed != NOTHING && p->message.type == WIRE_DISCONNECT) {
        p->class = CLASS_EXCUSED;
        set_detail(&p->detail, "the server says why it closes");
    } else if (st->doubt != NOTHING &&
               p->frame >= r->script->items[st->doubt].frame) {
        p->class = CLASS_EXCUSED;
        set_detail(&p->detail, doubt_text(c, why));
    } else if (p->message.type == WIRE_PUBLISH &&
               (source = source_of(r, &p->message)) != NULL) {
        if (is_race(r, st, source, false)) {
            p->class = CLASS_RACE;
            set_detail(&p->detail, "its PUBLISH and this client's SUBSCRIBE "
                                   "are too near to each other");
        } else if (is_cut(r, c, source)) {
            p->class = CLASS_EXCUSED;
            set_detail(&p->detail, "the capture ends before it");
        }
    }
}

static void decide_missing(struct replay *r, struct conn *c, struct item *item)
{
    if (item->class != CLASS_MISSING || item->message.type != WIRE_PUBLISH ||
        item->refers == NOTHING)
        return;
    if (is_race(r, c->stream, &r->script->items[item->refers], true)) {
        item->class = CLASS_RACE;
        set_detail(&item->detail, "its PUBLISH and this client's SUBSCRIBE "
                                  "are too near to each other");
    }
}

/* ---- streams ------------------------------------------------------------- */

static void count(struct conn *c)
{
    for (size_t i = 0; i < c->stream->n_items; i++)
        if (is_server_item(conn_item(c, i)))
            c->counts[conn_item(c, i)->class]++;
    for (size_t i = 0; i < c->n_packets; i++)
        if (c->packets[i].item == NOTHING)
            c->counts[c->packets[i].class]++;
    for (int i = CLASS_MATCH; i <= CLASS_RACE; i++)
        c->n_checked += c->counts[i];
    c->n_checked += c->is_doom_settled && !c->is_doom_broken;
}

/* The first breach of a MUST by the live server, or NULL. */
static const struct finding *breach(const struct conn *c)
{
    for (size_t i = 0; i < c->n_findings; i++)
        if (c->findings[i].who == WIRE_SERVER && !c->findings[i].is_should)
            return &c->findings[i];
    return NULL;
}

static bool loses_client_octets(const struct conn *c)
{
    for (size_t i = 0; i < c->stream->n_items; i++)
        if (conn_item(c, i)->kind == ITEM_GAP &&
            conn_item(c, i)->from == WIRE_CLIENT)
            return true;
    return false;
}

/* Whether any of a stream is judged. */
static bool is_judged(const struct conn *c)
{
    const struct stream *st = c->stream;
    return replay_judges(c->replay, conn_item(c, st->n_items - 1)->frame);
}

static void decide_stream(struct conn *c)
{
    const struct finding *f = breach(c);
    uint64_t n_differences =
        c->counts[CLASS_CHANGED] + c->counts[CLASS_MISSING] +
        c->counts[CLASS_REORDERED] + c->counts[CLASS_EXTRA];
    bool may_close =
        c->stream->doubt != NOTHING || c->stream->doomed != NOTHING;
    const char *trouble = c->live ? live_trouble(c->live) : "";
    c->verdict = VERDICT_FAIL;
    if (!is_judged(c)) {
        c->verdict = VERDICT_SKIPPED;
        snprintf(c->why, sizeof c->why, "all of it is before frame %" PRIu64,
                 c->replay->options->resume_from);
    } else if (c->is_doom_broken) {
        snprintf(c->why, sizeof c->why,
                 "the server kept the connection after a malformed packet "
                 "(frame %" PRIu64 ")",
                 c->replay->script->items[c->stream->doomed].frame);
    } else if (f) {
        snprintf(c->why, sizeof c->why, "the live server breaks %s: %s",
                 f->statement, f->sentence);
    } else if (c->was_closed_early && !may_close) {
        snprintf(c->why, sizeof c->why,
                 "the server closed the connection after frame %" PRIu64 "%s%s",
                 c->last_frame, *trouble ? ": " : "", trouble);
    } else if (n_differences) {
        snprintf(c->why, sizeof c->why, "%" PRIu64 " differences",
                 n_differences);
    } else if (*c->why || loses_client_octets(c)) {
        c->verdict = VERDICT_INCONCLUSIVE;
        if (!*c->why)
            snprintf(c->why, sizeof c->why,
                     "octets of the client are not in the capture");
    } else if (!c->n_checked) {
        c->verdict = VERDICT_INCONCLUSIVE;
        snprintf(c->why, sizeof c->why,
                 "the capture holds nothing of the server to compare");
    } else {
        c->verdict = VERDICT_PASS;
    }
}

void verdict_decide(struct replay *r)
{
    for (size_t i = 0; i < r->n_conns; i++)
        for (size_t k = 0; k < r->conns[i].stream->n_items; k++)
            if (is_server_item(conn_item(&r->conns[i], k)))
                decide_item(&r->conns[i], conn_item(&r->conns[i], k));
    for (size_t i = 0; i < r->n_conns; i++)
        for (size_t k = 0; k < r->conns[i].n_packets; k++)
            decide_extra(r, &r->conns[i], &r->conns[i].packets[k]);
    for (size_t i = 0; i < r->n_conns; i++) {
        struct conn *c = &r->conns[i];
        for (size_t k = 0; k < c->stream->n_items; k++)
            decide_missing(r, c, conn_item(c, k));
        count(c);
        decide_stream(c);
        for (int k = 0; k < N_CLASSES; k++)
            r->counts[k] += c->counts[k];
        r->n_checked += c->n_checked;
        r->verdicts[c->verdict]++;
    }
    for (size_t i = 0; i < r->script->n_streams; i++) {
        const struct stream *st = &r->script->streams[i];
        if (*st->why)
            r->verdicts[st->is_inconclusive ? VERDICT_INCONCLUSIVE
                                            : VERDICT_SKIPPED]++;
    }
}
