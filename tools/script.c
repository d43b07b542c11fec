/* SPDX-License-Identifier: Apache-2.0 */
/* script.c -- a capture as a play: loading it. */
#include "script.h"

#include <inttypes.h>

#include "reading.h"
#include "room.h"
#include "twin.h"

const char *class_name(enum replay_class class)
{
    static const char *const NAMES[N_CLASSES] = {
        "OPEN",      "MATCH", "MAPPED",  "CHANGED", "MISSING",
        "REORDERED", "RACE",  "EXCUSED", "EXTRA"};
    return NAMES[class];
}

/* A stream while it is read. */
struct loading {
    size_t stream;
    struct aliases aliases[2];
};

struct loader {
    struct script *script;
    const struct script_options *options;
    struct twins twins;
};

static struct item *add_item(struct script *s, size_t stream)
{
    struct stream *st = &s->streams[stream];
    s->items = grow(s->items, s->n_items, sizeof *s->items);
    st->items = grow(st->items, st->n_items, sizeof *st->items);
    st->items[st->n_items++] = s->n_items;
    struct item *item = &s->items[s->n_items++];
    *item = (struct item){.stream = stream,
                          .refers = NOTHING,
                          .answer = NOTHING,
                          .live = NOTHING};
    return item;
}

/* A client that was there before the capture begins: its CONNECT is made up,
 * with an identifier of its own and a clean start. */
static void synthesise(struct loader *l, const struct flow *flow,
                       struct loading *ing, struct mark mark)
{
    struct script *s = l->script;
    struct stream *st = &s->streams[ing->stream];
    char id[40];
    uint8_t octets[128];
    snprintf(id, sizeof id, "replay-%" PRIu64, st->number);
    if (st->version == WIRE_UNKNOWN)
        st->version = WIRE_3_1_1;
    struct wire_packet *connect =
        CONNECT(.client_id = {{id}, strlen(id)}, .clean_start = 1);
    size_t n = wire_write(st->version, connect, octets, sizeof octets);
    struct item *item = add_item(s, ing->stream);
    item->from = WIRE_CLIENT;
    item->frame = mark.frame;
    item->time_ns = mark.time_ns;
    item->is_own = true;
    message_read(&item->message, st->version, WIRE_CLIENT, octets, n, NULL);
    st->client_id = xstrdup(id);
    st->n_client_id = strlen(id);
    st->is_synthesised = true;
    (void)flow;
}

static void on_open(void *user, struct flow *flow, struct mark mark)
{
    struct loader *l = user;
    struct script *s = l->script;
    struct loading *ing = xcalloc(1, sizeof *ing);
    s->streams = grow(s->streams, s->n_streams, sizeof *s->streams);
    ing->stream = s->n_streams++;
    struct stream *st = &s->streams[ing->stream];
    *st = (struct stream){.number = flow->tcp->number,
                          .client = flow->tcp->side[flow->client],
                          .server = flow->tcp->side[!flow->client],
                          .version = flow->version,
                          .is_ws = flow->is_ws,
                          .is_tls = flow->is_tls,
                          .has_connect = flow->has_connect,
                          .has_syn = flow->tcp->has_syn,
                          .doomed = NOTHING,
                          .doubt = NOTHING};
    flow->user = ing;
    if (!flow->has_connect && l->options->synthesises)
        synthesise(l, flow, ing, mark);
}

static void take_client_id(struct stream *st, const struct message *m)
{
    struct wire_packet p;
    message_decode(m, &p);
    st->n_client_id = wire_len(p.client_id);
    st->client_id = xmemdup(p.client_id.text, st->n_client_id);
}

static void on_packet(void *user, struct flow *flow,
                      const struct flow_packet *p)
{
    struct loader *l = user;
    struct loading *ing = flow->user;
    struct stream *st = &l->script->streams[ing->stream];
    if (flow->version != WIRE_UNKNOWN)
        st->version = flow->version;
    struct item *item = add_item(l->script, ing->stream);
    item->from = p->from;
    item->frame = p->last.frame;
    item->time_ns = p->last.time_ns;
    message_read(&item->message, st->version, p->from, p->octets, p->n,
                 &ing->aliases[p->from == WIRE_SERVER]);
    if (p->from != WIRE_CLIENT)
        return;
    st->n_publishes += item->message.type == WIRE_PUBLISH;
    st->n_auth += item->message.type == WIRE_AUTH;
    if (item->message.type == WIRE_CONNECT && !st->client_id)
        take_client_id(st, &item->message);
}

static void on_gap(void *user, struct flow *flow, enum wire_side from,
                   uint64_t n, struct mark mark)
{
    struct loader *l = user;
    struct loading *ing = flow->user;
    struct item *item = add_item(l->script, ing->stream);
    item->kind = ITEM_GAP;
    item->from = from;
    item->n_lost = n;
    item->frame = mark.frame;
    item->time_ns = mark.time_ns;
    l->script->streams[ing->stream].n_lost += n;
}

static void on_end(void *user, struct flow *flow, enum wire_side from,
                   enum tcp_end end, size_t left, struct mark mark)
{
    struct loader *l = user;
    struct loading *ing = flow->user;
    (void)left;
    if (end == TCP_END_CAPTURE)
        return;
    struct item *item = add_item(l->script, ing->stream);
    item->kind = ITEM_END;
    item->from = from;
    item->end = end;
    item->frame = mark.frame;
    item->time_ns = mark.time_ns;
}

static void on_close(void *user, struct flow *flow)
{
    struct loader *l = user;
    struct loading *ing = flow->user;
    l->script->n_tls += flow->kind == FLOW_TLS;
    if (flow->kind != FLOW_MQTT)
        return;
    struct stream *st = &l->script->streams[ing->stream];
    int64_t twin = twins_find(&l->twins, flow);
    if (!st->client_id)
        st->client_id = xstrdup("");
    if (twin >= 0) {
        l->script->n_twins++;
        snprintf(st->why, sizeof st->why,
                 "repeats stream %" PRId64 " on the other side of a proxy",
                 twin);
    } else if (!flow->has_connect && !st->is_synthesised && st->has_syn) {
        st->is_inconclusive = true;
        snprintf(st->why, sizeof st->why,
                 "its CONNECT is not in the capture (a gap of %" PRIu64
                 " octets)",
                 st->n_lost);
    } else if (!flow->has_connect && !st->is_synthesised) {
        snprintf(st->why, sizeof st->why,
                 "mid-stream: no CONNECT in the capture (--midstream "
                 "synthesise makes one up)");
    } else if (st->n_auth) {
        snprintf(st->why, sizeof st->why,
                 "its authentication exchange is bound to random numbers of "
                 "both sides: it cannot be repeated");
    } else if (flow->n_too_large) {
        st->is_inconclusive = true;
        snprintf(st->why, sizeof st->why, "a packet is larger than 16 MiB");
    }
    aliases_clear(&ing->aliases[0]);
    aliases_clear(&ing->aliases[1]);
    free(ing);
}

bool script_load(struct script *script, const struct script_options *o)
{
    *script = (struct script){0};
    struct loader l = {.script = script, .options = o};
    struct read_options reading = {
        .path = o->path, .keys = o->keys, .assumed = o->assumed};
    struct flow_watcher watcher = {.user = &l,
                                   .on_open = on_open,
                                   .on_packet = on_packet,
                                   .on_gap = on_gap,
                                   .on_end = on_end,
                                   .on_close = on_close};
    int64_t n = reading_run(&reading, &watcher, &script->counts);
    twins_clear(&l.twins);
    if (n < 0)
        return false;
    script_explain(script);
    return true;
}

void script_excuse(struct item *item, const char *why)
{
    if (!item->excuse)
        item->excuse = xstrdup(why);
}

void script_clear(struct script *s)
{
    for (size_t i = 0; i < s->n_items; i++) {
        message_clear(&s->items[i].message);
        free(s->items[i].detail);
        free(s->items[i].excuse);
    }
    for (size_t i = 0; i < s->n_streams; i++) {
        free(s->streams[i].client_id);
        free(s->streams[i].items);
    }
    free(s->items);
    free(s->streams);
    *s = (struct script){0};
}
