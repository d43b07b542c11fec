/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c -- a capture as a play: causes, answers, excuses.
 *
 * A packet of the captured server is excused when nothing in the capture could
 * have made it (a retained message from before, another publisher), when no
 * server that keeps to the standard would have sent it, or when its client had
 * broken the rules first. All else must come again.
 */
#include <inttypes.h>

#include "observe/observe.h"
#include "room.h"
#include "script.h"

/* ---- requests and answers ------------------------------------------------ */

/* Which client packet each packet of a server answers. */
static const struct {
    enum wire_type answer, request;
    uint8_t qos; /* of a PUBLISH; else 0 */
} ANSWERS[] = {
    {WIRE_CONNACK, WIRE_CONNECT, 0},  {WIRE_PUBACK, WIRE_PUBLISH, 1},
    {WIRE_PUBREC, WIRE_PUBLISH, 2},   {WIRE_PUBCOMP, WIRE_PUBREL, 0},
    {WIRE_SUBACK, WIRE_SUBSCRIBE, 0}, {WIRE_UNSUBACK, WIRE_UNSUBSCRIBE, 0},
    {WIRE_PINGRESP, WIRE_PINGREQ, 0},
};

static bool is_request(const struct item *item, size_t row,
                       const struct item *answer)
{
    return item->kind == ITEM_PACKET && item->from == WIRE_CLIENT &&
           item->message.type == ANSWERS[row].request && !item->is_answered &&
           item->message.qos ==
               (ANSWERS[row].qos ? ANSWERS[row].qos : item->message.qos) &&
           item->message.id == answer->message.id;
}

/* Finds the request that the server's item `at` of a stream answers. */
static void find_request(struct script *s, const struct stream *st, size_t at)
{
    struct item *item = &s->items[st->items[at]];
    for (size_t row = 0; row < sizeof ANSWERS / sizeof ANSWERS[0]; row++) {
        if (ANSWERS[row].answer != item->message.type)
            continue;
        for (size_t i = at; i-- > 0;) {
            struct item *request = &s->items[st->items[i]];
            /* the oldest PINGREQ, the youngest of all others */
            if (item->message.type == WIRE_PINGRESP)
                request = &s->items[st->items[at - 1 - i]];
            if (!is_request(request, row, item))
                continue;
            request->is_answered = true;
            request->answer = (int64_t)st->items[at];
            item->refers = request - s->items;
            return;
        }
        script_excuse(item, "the capture is not conformant: it answers "
                            "nothing that the client has asked");
    }
}

static bool same_session(const struct stream *a, const struct stream *b)
{
    return a->n_client_id && a->n_client_id == b->n_client_id &&
           !memcmp(a->client_id, b->client_id, a->n_client_id);
}

/* The PUBLISH of the server that an acknowledgement, or the server's PUBREL,
 * speaks of: in this stream, or in an earlier one of the same session. */
static void find_delivery(struct script *s, struct item *item)
{
    const struct stream *st = &s->streams[item->stream];
    for (int64_t i = (item - s->items) - 1; i >= 0; i--) {
        const struct item *d = &s->items[i];
        if (d->kind == ITEM_PACKET && d->from == WIRE_SERVER &&
            d->message.type == WIRE_PUBLISH && d->message.qos &&
            d->message.id == item->message.id &&
            (d->stream == item->stream ||
             same_session(&s->streams[d->stream], st))) {
            item->refers = i;
            s->items[i].is_acked |= item->message.type == WIRE_PUBACK;
            return;
        }
    }
}

/* The server's PUBREL answers the client's PUBREC for the same delivery. */
static void answer_pubrec(struct script *s, const struct stream *st, size_t at)
{
    const struct item *pubrel = &s->items[st->items[at]];
    for (size_t i = at; i-- > 0;) {
        struct item *item = &s->items[st->items[i]];
        if (item->kind == ITEM_PACKET && item->from == WIRE_CLIENT &&
            item->message.type == WIRE_PUBREC &&
            item->message.id == pubrel->message.id) {
            item->is_answered = true;
            return;
        }
    }
}

static void explain_answers(struct script *s, struct stream *st)
{
    for (size_t i = 0; i < st->n_items; i++) {
        struct item *item = &s->items[st->items[i]];
        if (item->kind != ITEM_PACKET)
            continue;
        enum wire_type type = item->message.type;
        bool is_ack =
            type == WIRE_PUBACK || type == WIRE_PUBREC || type == WIRE_PUBCOMP;
        if (item->from == WIRE_SERVER && type == WIRE_PUBREL) {
            find_delivery(s, item);
            answer_pubrec(s, st, i);
        }
        if (item->from == WIRE_SERVER && type != WIRE_PUBREL)
            find_request(s, st, i);
        else if (is_ack)
            find_delivery(s, item);
    }
}

/* ---- deliveries ---------------------------------------------------------- */

struct source {
    uint64_t content;
    size_t item;
};

/* Pairs (source, receiving stream) that are taken: open addressing. */
struct taken {
    uint64_t *keys; /* 0 is free */
    size_t n, room;
};

static size_t slot_of(const struct taken *t, uint64_t key)
{
    return (size_t)(key * 0x9E3779B97F4A7C15u >> 32) % t->room;
}

static bool take(struct taken *t, size_t source, size_t stream)
{
    uint64_t key = ((uint64_t)source << 24 | (stream + 1)) + 1;
    if (2 * t->n >= t->room) {
        struct taken old = *t;
        *t = (struct taken){.room = old.room ? 2 * old.room : 1024};
        t->keys = xcalloc(t->room, sizeof *t->keys);
        for (size_t i = 0; i < old.room; i++) {
            size_t at = slot_of(t, old.keys[i]);
            while (old.keys[i] && t->keys[at])
                at = (at + 1) % t->room;
            if (old.keys[i]) {
                t->keys[at] = old.keys[i];
                t->n++;
            }
        }
        free(old.keys);
    }
    size_t at = slot_of(t, key);
    for (; t->keys[at]; at = (at + 1) % t->room)
        if (t->keys[at] == key)
            return false;
    t->keys[at] = key;
    t->n++;
    return true;
}

static int by_content(const void *a, const void *b)
{
    const struct source *x = a, *y = b;
    if (x->content != y->content)
        return x->content < y->content ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* A Will is published by the end of its connection: as a source it stands
 * where its CONNECT stands. */
static bool will_content(const struct item *item, uint64_t *content)
{
    struct wire_packet p, publish = {.type = WIRE_PUBLISH};
    struct message m;
    if (item->message.type != WIRE_CONNECT)
        return false;
    message_decode(&item->message, &p);
    if (!p.will.topic.text)
        return false;
    publish.topic = p.will.topic;
    publish.payload = p.will.payload;
    size_t n = wire_write(WIRE_3_1_1, &publish, NULL, 0);
    uint8_t *octets = xcalloc(1, n);
    wire_write(WIRE_3_1_1, &publish, octets, n);
    message_read(&m, WIRE_3_1_1, WIRE_CLIENT, octets, n, NULL);
    *content = m.content;
    message_clear(&m);
    free(octets);
    return true;
}

static struct source *list_sources(const struct script *s, size_t *n)
{
    struct source *list = NULL;
    *n = 0;
    for (size_t i = 0; i < s->n_items; i++) {
        const struct item *item = &s->items[i];
        uint64_t content = item->message.content;
        if (item->kind != ITEM_PACKET || item->from != WIRE_CLIENT ||
            *s->streams[item->stream].why)
            continue;
        if (item->message.type != WIRE_PUBLISH && !will_content(item, &content))
            continue;
        list = grow(list, *n, sizeof *list);
        list[(*n)++] = (struct source){content, i};
    }
    if (list)
        qsort(list, *n, sizeof *list, by_content);
    return list;
}

static void find_source(struct script *s, const struct source *list, size_t n,
                        struct taken *taken, size_t at)
{
    struct item *item = &s->items[at];
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (list[mid].content < item->message.content)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < n && list[lo].content == item->message.content &&
           list[lo].item < at;
         lo++) {
        item->refers = (int64_t)list[lo].item; /* the last one at least */
        if (take(taken, list[lo].item, item->stream))
            return;
    }
    if (item->refers != NOTHING)
        return;
    if (item->message.n_topic && item->message.topic[0] == '$')
        script_excuse(item, "a topic of the server itself");
    else if (item->message.is_retain)
        script_excuse(item, "a retained message that has no source in the "
                            "capture (--seed-retained gives it one)");
    else
        script_excuse(item, "it has no source in the capture");
}

static void explain_deliveries(struct script *s)
{
    size_t n;
    struct taken taken = {0};
    struct source *list = list_sources(s, &n);
    for (size_t i = 0; i < s->n_items; i++) {
        const struct item *item = &s->items[i];
        if (item->kind == ITEM_PACKET && item->from == WIRE_SERVER &&
            item->message.type == WIRE_PUBLISH &&
            !*s->streams[item->stream].why)
            find_source(s, list, n, &taken, i);
    }
    free(taken.keys);
    free(list);
}

/* ---- sessions ------------------------------------------------------------ */

/* Whether a stream's session outlives it; seconds, 0 if it does not. */
static uint32_t session_keeps_s(const struct script *s, const struct stream *st)
{
    struct wire_packet p;
    uint32_t keeps = 0;
    for (size_t i = 0; i < st->n_items; i++) {
        const struct item *item = &s->items[st->items[i]];
        if (item->kind != ITEM_PACKET)
            continue;
        if (item->message.type == WIRE_CONNECT) {
            message_decode(&item->message, &p);
            keeps = st->version == WIRE_5_0
                        ? wire_value(p.props.session_expiry_interval_s, 0)
                    : p.clean_start ? 0
                                    : UINT32_MAX;
        } else if (item->message.type == WIRE_CONNACK) {
            message_decode(&item->message, &p);
            if (p.reason)
                return 0;
        } else if (item->message.type == WIRE_DISCONNECT &&
                   st->version == WIRE_5_0) {
            message_decode(&item->message, &p);
            keeps = wire_value(p.props.session_expiry_interval_s, keeps);
        }
    }
    return keeps;
}

/* What Session Present of a CONNACK ought to be, from the capture alone. */
static void explain_session(struct script *s, struct item *connack)
{
    struct wire_packet p;
    const struct stream *st = &s->streams[connack->stream];
    const struct stream *before = NULL;
    if (connack->refers == NOTHING ||
        s->items[connack->refers].message.is_clean)
        return;
    message_decode(&connack->message, &p);
    if (p.reason)
        return;
    for (const struct stream *o = s->streams; o < st; o++)
        if (same_session(o, st) && o->n_items && !*o->why)
            before = o;
    if (!before) {
        if (p.session_present)
            script_excuse(connack, "the session is from before the capture");
        return;
    }
    uint32_t keeps = session_keeps_s(s, before);
    uint64_t gone =
        connack->time_ns - s->items[before->items[before->n_items - 1]].time_ns;
    if (!p.session_present && keeps && gone / 1000000000u < keeps)
        script_excuse(connack,
                      "the capture is not conformant: Session Present 0, but "
                      "an earlier connection has left a session");
}

/* ---- the observer's opinion ---------------------------------------------- */

struct judge {
    struct script *script;
    struct item *item; /* under judgement */
};

static void on_finding(void *user, const struct observe_finding *f)
{
    struct judge *j = user;
    char why[160];
    if (f->is_should || !j->item)
        return;
    if (f->who == WIRE_SERVER) {
        snprintf(why, sizeof why, "the capture is not conformant: %s",
                 *f->statement ? f->statement : f->rule);
        script_excuse(j->item, why);
    } else if (j->script->streams[j->item->stream].doubt == NOTHING) {
        j->script->streams[j->item->stream].doubt = j->item - j->script->items;
    }
}

/* Streams to different servers share nothing: one world for each server. */
static struct observe_world *world_of(struct script *s, size_t stream,
                                      struct observe_world **worlds)
{
    const struct endpoint *server = &s->streams[stream].server;
    for (size_t i = 0; i < stream; i++)
        if (s->streams[i].server.port == server->port &&
            !memcmp(s->streams[i].server.address, server->address, 16))
            return worlds[stream] = worlds[i];
    return worlds[stream] = observe_world_new(false);
}

static void judge_item(struct judge *j, struct observe **observers,
                       struct observe_world **worlds)
{
    struct item *item = j->item;
    size_t k = item->stream;
    struct stream *st = &j->script->streams[k];
    if (!observers[k] || item->kind == ITEM_GAP) {
        observe_free(observers[k]);
        observers[k] =
            observe_new(worlds[k] ? worlds[k] : world_of(j->script, k, worlds),
                        on_finding, NULL, j);
        if (item->kind == ITEM_GAP || (!st->has_connect && !st->is_synthesised))
            observe_begin_midstream(observers[k], st->version);
    }
    if (item->kind == ITEM_PACKET)
        observe_octets(observers[k], item->from, item->message.octets,
                       item->message.n, (int64_t)item->time_ns, item->frame);
    else if (item->kind == ITEM_END)
        observe_close(observers[k], item->from,
                      item->end == TCP_END_FIN ? OBSERVE_FIN : OBSERVE_RST,
                      (int64_t)item->time_ns, item->frame);
}

static void explain_conformance(struct script *s)
{
    struct observe **observers = xcalloc(s->n_streams, sizeof(void *));
    struct observe_world **worlds = xcalloc(s->n_streams, sizeof(void *));
    struct judge j = {.script = s};
    for (size_t i = 0; i < s->n_streams; i++)
        world_of(s, i, worlds);
    for (size_t i = 0; i < s->n_items; i++) {
        j.item = &s->items[i];
        judge_item(&j, observers, worlds);
    }
    j.item = NULL;
    for (size_t i = 0; i < s->n_streams; i++)
        observe_free(observers[i]);
    for (size_t i = 0; i < s->n_streams; i++) {
        bool is_first = true;
        for (size_t k = 0; k < i; k++)
            is_first &= worlds[k] != worlds[i];
        if (is_first)
            observe_world_free(worlds[i]);
    }
    free(observers);
    free(worlds);
}

/* ---- ends ---------------------------------------------------------------- */

/* Who closes, and what a server must close for. */
static void explain_end(struct script *s, struct stream *st)
{
    bool is_client_done = false;
    for (size_t i = 0; i < st->n_items; i++) {
        struct item *item = &s->items[st->items[i]];
        bool is_end = item->kind == ITEM_END;
        bool is_bye =
            item->kind == ITEM_PACKET && item->message.type == WIRE_DISCONNECT;
        if (st->doomed != NOTHING && item->from == WIRE_SERVER) {
            char why[160];
            snprintf(why, sizeof why,
                     "the client's packet in frame %" PRIu64
                     " is malformed: a server must close",
                     s->items[st->doomed].frame);
            script_excuse(item, why);
        }
        if (item->from == WIRE_CLIENT && (is_end || is_bye)) {
            item->closes = true;
            is_client_done = true;
        }
        if (item->from == WIRE_SERVER && is_end && !is_client_done)
            item->is_close = true;
        if (item->from == WIRE_CLIENT && item->message.is_bad) {
            int64_t at = item - s->items;
            if (item->message.is_fatal && st->doomed == NOTHING)
                st->doomed = at;
            if (st->doubt == NOTHING || at < st->doubt)
                st->doubt = at;
        }
    }
}

/* Whether a silence of the capture, which lasts so long, may do something. */
static bool uses_time(const struct message *m, uint64_t span_s)
{
    struct wire_packet p;
    if (m->version != WIRE_5_0 || m->from != WIRE_CLIENT ||
        (m->type != WIRE_CONNECT && m->type != WIRE_PUBLISH))
        return false;
    message_decode(m, &p);
    uint64_t expiry_s = wire_value(p.props.session_expiry_interval_s, 0);
    return (expiry_s && expiry_s <= span_s) ||
           wire_value(p.props.message_expiry_interval_s, 0) ||
           wire_value(p.will.props.will_delay_interval_s, 0) ||
           wire_value(p.will.props.message_expiry_interval_s, 0);
}

void script_explain(struct script *s)
{
    for (size_t i = 0; i < s->n_streams; i++) {
        explain_answers(s, &s->streams[i]);
        explain_end(s, &s->streams[i]);
    }
    explain_deliveries(s);
    uint64_t span_s = 0;
    if (s->n_items && s->items[s->n_items - 1].time_ns > s->items[0].time_ns)
        span_s = (s->items[s->n_items - 1].time_ns - s->items[0].time_ns) /
                 1000000000u;
    for (size_t i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        if (item->kind != ITEM_PACKET)
            continue;
        if (item->from == WIRE_SERVER && item->message.type == WIRE_CONNACK)
            explain_session(s, item);
        s->uses_time |= uses_time(&item->message, span_s);
    }
    explain_conformance(s);
}
