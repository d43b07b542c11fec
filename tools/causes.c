/* SPDX-License-Identifier: Apache-2.0 */
/* causes.c -- what a client's packet waits for on other connections.
 *
 * What publishes (PUBLISH, PUBREL) waits for the control packets (CONNECT,
 * SUBSCRIBE, UNSUBSCRIBE, the end) that were complete before it in the capture,
 * and a control packet waits for everything before it. That a QoS 0 PUBLISH has
 * been handled is learnt by a PINGREQ behind it: a fence.
 */
#include "player.h"
#include "room.h"

static bool is_publishing(const struct item *item)
{
    return item->kind == ITEM_PACKET && item->from == WIRE_CLIENT &&
           (item->message.type == WIRE_PUBLISH ||
            item->message.type == WIRE_PUBREL);
}

static bool is_control(const struct item *item)
{
    if (item->from != WIRE_CLIENT)
        return false;
    return item->closes || (item->kind == ITEM_PACKET &&
                            (item->message.type == WIRE_CONNECT ||
                             item->message.type == WIRE_SUBSCRIBE ||
                             item->message.type == WIRE_UNSUBSCRIBE));
}

/* A sent request whose effect has shown, or is no more waited for. */
static bool is_effective(struct conn *c, struct item *item)
{
    uint64_t now = replay_now(c->replay);
    if (item->is_done)
        return true;
    if (!item->is_sent)
        return c->is_finished;
    uint64_t patience = c->replay->options->timeout_ns;
    if (item->closes) /* the broker's FIN, a moment after a RST */
        patience = item->end == TCP_END_RST && item->kind == ITEM_END
                       ? 50 * MS
                       : 1000 * MS;
    if (player_is_closed(c) && !(item->closes && item->kind == ITEM_END))
        return item->is_done = true;
    if (now - item->sent_ns > patience)
        item->is_done = true;
    return item->is_done;
}

/* The first item from *at on that a test selects and that is not done. */
static struct item *first_undone(struct conn *c, size_t *at,
                                 bool (*selects)(const struct item *))
{
    for (; *at < c->stream->n_items; ++*at) {
        struct item *item = conn_item(c, *at);
        if (selects(item) && !is_effective(c, item))
            return item;
    }
    return NULL;
}

/* Asks whether all before has been handled: a PINGREQ of our own. */
static void ask_fence(struct conn *c)
{
    static const uint8_t PINGREQ_OCTETS[2] = {0xC0, 0};
    if (player_is_closed(c) || c->has_said_bye || !c->is_connected)
        return;
    for (size_t i = c->at_ping; i < c->n_pings; i++)
        if (c->pings[i].is_fence && c->pings[i].upto >= c->at)
            return;
    c->pings = grow(c->pings, c->n_pings, sizeof *c->pings);
    c->pings[c->n_pings++] = (struct ping){true, c->at};
    player_send(c, PINGREQ_OCTETS, sizeof PINGREQ_OCTETS);
}

/* Control packets of `o` that were complete before `item` in the capture. */
static bool waits_for_control(struct conn *o, const struct item *item)
{
    const struct item *items = o->replay->script->items;
    for (size_t at = o->first_c; at < o->stream->n_items; at++) {
        struct item *p = conn_item(o, at);
        if (p >= item)
            return false;
        if (!is_control(p) || is_effective(o, p))
            continue;
        const struct item *complete =
            p->answer != NOTHING ? &items[p->answer] : p;
        if (complete < item)
            return true;
    }
    return false;
}

static bool waits_for_publish(struct conn *o, const struct item *item)
{
    struct item *p = first_undone(o, &o->first_p, is_publishing);
    if (!p || p >= item)
        return false;
    if (p->is_sent && o->replay->options->has_fence && !p->message.qos &&
        p->message.type == WIRE_PUBLISH)
        ask_fence(o);
    return true;
}

/* Two connections that write one retained topic keep their order. */
static bool waits_for_retained(struct conn *o, const struct item *item)
{
    for (size_t at = o->first_p; at < o->stream->n_items; at++) {
        struct item *p = conn_item(o, at);
        if (p >= item)
            return false;
        if (is_publishing(p) && p->message.is_retain &&
            p->message.n_topic == item->message.n_topic &&
            !memcmp(p->message.topic, item->message.topic,
                    p->message.n_topic) &&
            !is_effective(o, p))
            return waits_for_publish(o, item);
    }
    return false;
}

static bool waits_for_all(struct conn *o, const struct item *item)
{
    for (size_t at = o->at; at < o->stream->n_items; at++) {
        const struct item *p = conn_item(o, at);
        if (p >= item)
            break;
        if (!o->is_finished)
            return true;
    }
    return waits_for_publish(o, item) || waits_for_control(o, item);
}

bool causes_have_happened(struct conn *c, const struct item *item)
{
    struct replay *r = c->replay;
    bool publishes = is_publishing(item), controls = is_control(item);
    if (r->options->order == ORDER_TIMED || item->is_own)
        return true;
    for (size_t i = 0; i < r->n_conns; i++) {
        struct conn *o = &r->conns[i];
        if (o == c)
            continue;
        first_undone(o, &o->first_c, is_control);
        if (r->options->order == ORDER_LOCKSTEP) {
            if (waits_for_all(o, item))
                return false;
            continue;
        }
        if ((publishes || controls) && waits_for_control(o, item))
            return false;
        if (controls && waits_for_publish(o, item))
            return false;
        if (publishes && item->message.is_retain && waits_for_retained(o, item))
            return false;
    }
    return true;
}
