/* SPDX-License-Identifier: Apache-2.0 */
/* matching.c -- which captured packet a live one stands for.
 *
 * Acknowledgements are found by their identifier, deliveries by their content,
 * among what has been caused already and is still open. What is nearly right is
 * paired too, and given back if the right one comes after all.
 */
#include "compare.h"
#include "replay.h"
#include "room.h"

static bool is_open(const struct item *item, enum wire_type type)
{
    return item->kind == ITEM_PACKET && item->from == WIRE_SERVER &&
           item->message.type == type && item->class == CLASS_OPEN;
}

/* ---- chains of open packets ---------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t value)
{
    return (h ^ value) * 0xFF51AFD7ED558CCDu;
}

/* Deliveries are looked for by their content, answers by their type. */
static uint64_t content_key(const struct script *s, const struct item *item)
{
    const struct message *m = &item->message;
    (void)s;
    return m->type == WIRE_PUBLISH ? m->content | 16 : m->type;
}

/* What must keep its order among itself: see overtake. */
static uint64_t order_key(const struct script *s, const struct item *item)
{
    const struct message *m = &item->message;
    if (m->type == WIRE_PUBACK || m->type == WIRE_PUBREC ||
        m->type == WIRE_PUBCOMP)
        return m->type;
    if (m->type != WIRE_PUBLISH || item->refers == NOTHING)
        return 0;
    uint64_t h = mix(m->qos * 2u + m->is_retain, s->items[item->refers].stream);
    for (size_t i = 0; i < m->n_topic; i++)
        h = mix(h, (uint8_t)m->topic[i]);
    return h | 16;
}

static void build_chains(struct conn *c)
{
    const struct script *s = c->replay->script;
    if (c->by_content.n_heads)
        return;
    opens_build(&c->by_content, s, c->stream, content_key);
    opens_build(&c->by_order, s, c->stream, order_key);
}

/* ---- pairs --------------------------------------------------------------- */

/* Whether what made a captured packet has been done live too. */
static bool is_caused(const struct conn *c, const struct item *item)
{
    const struct item *items = c->replay->script->items;
    return item->refers == NOTHING || item->from != WIRE_SERVER ||
           items[item->refers].from != WIRE_CLIENT ||
           items[item->refers].is_sent;
}

/* The identifier that the live form of a captured answer must carry; 0 if it
 * cannot come yet: the delivery that a PUBREL belongs to has not. */
static uint16_t expected_id(const struct conn *c, const struct item *item)
{
    const struct item *items = c->replay->script->items;
    if (item->message.type == WIRE_PUBREL && item->refers != NOTHING)
        return items[item->refers].live_id;
    return item->message.id;
}

static void set_detail(char **at, const char *text)
{
    free(*at);
    *at = *text ? xstrdup(text) : NULL;
}

/* Earlier deliveries of the same publisher, topic and QoS, and earlier
 * acknowledgements of the same kind, cannot come any more: nobody need wait. */
static void overtake(struct conn *c, const struct item *item)
{
    const struct item *items = c->replay->script->items;
    enum wire_type type = item->message.type;
    uint64_t key = order_key(c->replay->script, item);
    if (!key)
        return;
    for (size_t *at = opens_first(&c->by_order, key); *at;
         at = opens_next(&c->by_order, at)) {
        struct item *o = opens_item(&c->by_order, at);
        if (o >= item)
            return;
        if (!is_open(o, type))
            continue;
        if (type == WIRE_PUBLISH &&
            (items[o->refers].stream != items[item->refers].stream ||
             o->message.qos != item->message.qos ||
             o->message.is_retain != item->message.is_retain ||
             o->message.n_topic != item->message.n_topic ||
             memcmp(o->message.topic, item->message.topic, o->message.n_topic)))
            continue;
        o->is_settled = o->is_overtaken = true;
    }
}

static void learn_connack(struct conn *c, const struct item *item,
                          const struct message *live)
{
    struct wire_packet captured, p;
    message_decode(live, &p);
    c->is_connected = p.reason == 0;
    c->alias_max = wire_value(p.props.topic_alias_maximum, 0);
    c->packet_max = wire_value(p.props.maximum_packet_size, 0);
    if (!item)
        return;
    message_decode(&item->message, &captured);
    struct wire_bytes from = captured.props.assigned_client_identifier,
                      to = p.props.assigned_client_identifier;
    if (!from.text || !to.text)
        return;
    char *names[2] = {xmemdup(from.text, wire_len(from)),
                      xmemdup(to.text, wire_len(to))};
    renames_add(&c->replay->rewrite.assigned, names[0], names[1]);
    free(names[0]);
    free(names[1]);
}

/* Pairs a live packet with a captured one. */
static void pair(struct conn *c, size_t packet, struct item *item)
{
    struct script *s = c->replay->script;
    struct live_packet *live = &c->packets[packet];
    char why[256];
    enum compared result = compare_messages(
        &item->message, &live->message, expected_id(c, item), why, sizeof why);
    /* a CONNECT that is made up need not be answered to the letter */
    if (c->stream->is_synthesised && live->message.type == WIRE_CONNACK &&
        item->message.reason == live->message.reason)
        result = COMPARED_MAPPED;
    live->item = item - s->items;
    live->frame = item->frame;
    item->live = (int64_t)packet;
    item->live_id = live->message.id;
    if (result == COMPARED_DIFFERENT)
        item->class = CLASS_CHANGED;
    else if (item->is_overtaken && !item->excuse)
        item->class = CLASS_REORDERED;
    else
        item->class = result == COMPARED_MAPPED ? CLASS_MAPPED : CLASS_MATCH;
    set_detail(&item->detail, why);
    item->is_settled = true;
    if (item->refers != NOTHING && s->items[item->refers].from == WIRE_CLIENT)
        s->items[item->refers].is_done = true;
    if (item->message.type == WIRE_CONNACK)
        learn_connack(c, item, &live->message);
    overtake(c, item);
}

static struct item *find_delivery(struct conn *c, const struct message *live)
{
    build_chains(c);
    for (size_t *at = opens_first(&c->by_content, live->content | 16); *at;
         at = opens_next(&c->by_content, at)) {
        struct item *item = opens_item(&c->by_content, at);
        if (is_open(item, WIRE_PUBLISH) && is_caused(c, item) &&
            compare_is_delivery(&item->message, live))
            return item;
    }
    return NULL;
}

/* Whether a live delivery repeats one that has its partner already. */
static bool is_repeated(const struct conn *c, const struct message *live)
{
    for (size_t i = c->stream->n_items; i-- > 0;) {
        const struct item *item = conn_item(c, i);
        if (item->kind == ITEM_PACKET && item->from == WIRE_SERVER &&
            item->message.type == WIRE_PUBLISH && item->class != CLASS_OPEN &&
            item->class != CLASS_CHANGED && item->live != NOTHING &&
            compare_is_delivery(&item->message, live))
            return true;
    }
    return false;
}

/* The delivery that a live one is a changed form of: same topic, or same
 * payload. */
static struct item *find_changed(struct conn *c, const struct message *live)
{
    struct item *best = NULL;
    for (size_t i = 0; i < c->stream->n_items; i++) {
        struct item *item = conn_item(c, i);
        if (!is_open(item, WIRE_PUBLISH) || !is_caused(c, item) ||
            item->is_settled)
            continue;
        const struct message *m = &item->message;
        if (m->content == live->content)
            return item;
        if (!best && m->n_topic == live->n_topic &&
            !memcmp(m->topic, live->topic, m->n_topic))
            best = item;
        if (!best && m->n_payload && m->n_payload == live->n_payload &&
            !memcmp(m->octets + m->payload_at, live->octets + live->payload_at,
                    m->n_payload))
            best = item;
    }
    return best;
}

/* A pair that was only nearly right gives way to the right packet. */
static bool take_back(struct conn *c, size_t packet)
{
    const struct message *live = &c->packets[packet].message;
    for (size_t i = 0; i < c->stream->n_items; i++) {
        struct item *item = conn_item(c, i);
        char why[200];
        if (item->kind != ITEM_PACKET || item->from != WIRE_SERVER ||
            item->message.type != live->type || item->class != CLASS_CHANGED ||
            item->live == NOTHING ||
            compare_messages(&item->message, live,
                             live->type == WIRE_PUBLISH ? 0
                                                        : expected_id(c, item),
                             why, sizeof why) == COMPARED_DIFFERENT)
            continue;
        struct live_packet *old = &c->packets[item->live];
        old->item = NOTHING;
        old->class = CLASS_EXTRA;
        pair(c, packet, item);
        return true;
    }
    return false;
}

static struct item *find_answer(struct conn *c, const struct message *live,
                                bool any_id)
{
    build_chains(c);
    for (size_t *at = opens_first(&c->by_content, live->type); *at;
         at = opens_next(&c->by_content, at)) {
        struct item *item = opens_item(&c->by_content, at);
        if (!is_open(item, live->type) || !is_caused(c, item))
            continue;
        if (any_id ? !(item->excuse && item->message.id)
                   : expected_id(c, item) == live->id)
            return item;
    }
    return NULL;
}

/* A request that has no answer in the capture has one live: no wonder. */
static bool answers_cut_request(struct conn *c, const struct message *live)
{
    static const enum wire_type REQUESTS[16] = {
        [WIRE_CONNACK] = WIRE_CONNECT,  [WIRE_PUBACK] = WIRE_PUBLISH,
        [WIRE_PUBREC] = WIRE_PUBLISH,   [WIRE_PUBCOMP] = WIRE_PUBREL,
        [WIRE_SUBACK] = WIRE_SUBSCRIBE, [WIRE_UNSUBACK] = WIRE_UNSUBSCRIBE,
        [WIRE_PINGRESP] = WIRE_PINGREQ, [WIRE_PUBREL] = WIRE_PUBREC,
    };
    const struct item *items = c->replay->script->items;
    enum wire_type request = REQUESTS[live->type & 15];
    for (size_t i = 0; request && i < c->at; i++) {
        struct item *item = conn_item(c, i);
        if (item->kind == ITEM_PACKET && item->from == WIRE_CLIENT &&
            item->message.type == request && item->is_sent &&
            !item->is_answered && !item->has_cut_answer &&
            live->id == (request == WIRE_PUBREC && item->refers != NOTHING
                             ? items[item->refers].live_id
                             : item->message.id)) {
            item->has_cut_answer = item->is_done = true;
            return true;
        }
    }
    return false;
}

/* A well-behaved client acknowledges also what it did not expect. */
static void acknowledge(struct conn *c, const struct message *m)
{
    enum wire_type type = WIRE_OCTETS;
    if (m->type == WIRE_PUBLISH && m->qos)
        type = m->qos == 1 ? WIRE_PUBACK : WIRE_PUBREC;
    else if (m->type == WIRE_PUBREL && c->auto_ids &&
             c->auto_ids[m->id / 8] >> m->id % 8 & 1)
        type = WIRE_PUBCOMP;
    if (type == WIRE_OCTETS)
        return;
    if (!c->auto_ids)
        c->auto_ids = xcalloc(1, 8192);
    if (m->type == WIRE_PUBLISH)
        c->auto_ids[m->id / 8] |= (uint8_t)(1 << m->id % 8);
    uint8_t octets[8];
    struct wire_packet ack = {.type = type, .packet_id = m->id};
    player_send(c, octets, wire_write(m->version, &ack, octets, sizeof octets));
}

static bool has_shared(const struct conn *c)
{
    for (size_t i = 0; i < c->stream->n_items; i++) {
        const struct item *item = conn_item(c, i);
        struct wire_packet p;
        struct wire_filter f;
        if (item->kind != ITEM_PACKET || item->message.type != WIRE_SUBSCRIBE)
            continue;
        message_decode(&item->message, &p);
        for (size_t k = 0; wire_filter_at(&p, k, &f); k++)
            if (wire_len(f.filter) > 7 && !memcmp(f.filter.text, "$share/", 7))
                return true;
    }
    return false;
}

/* Which member of a group gets a message is the server's choice: the delivery
 * may have gone to another connection in the capture. */
static bool is_shared(struct conn *c, size_t packet)
{
    static const char WHY[] =
        "a shared subscription: the server chooses the member";
    struct live_packet *live = &c->packets[packet];
    if (!has_shared(c))
        return false;
    for (size_t i = 0; i < c->replay->n_conns; i++) {
        struct conn *o = &c->replay->conns[i];
        struct item *item =
            o != c && has_shared(o) ? find_delivery(o, &live->message) : NULL;
        if (!item)
            continue;
        item->class = live->class = CLASS_EXCUSED;
        item->is_settled = true;
        live->frame = item->frame;
        set_detail(&item->detail, WHY);
        set_detail(&live->detail, WHY);
        acknowledge(c, &live->message);
        return true;
    }
    return false;
}

/* Nothing in the capture is like it. */
static void leave_over(struct conn *c, size_t packet)
{
    struct live_packet *live = &c->packets[packet];
    const struct message *m = &live->message;
    bool is_auto = m->type == WIRE_PUBREL && c->auto_ids &&
                   c->auto_ids[m->id / 8] >> m->id % 8 & 1;
    live->class = CLASS_EXTRA;
    live->frame = c->last_frame;
    if (answers_cut_request(c, m)) {
        live->class = CLASS_EXCUSED;
        set_detail(&live->detail,
                   "the capture does not have the answer to this request");
        if (m->type == WIRE_CONNACK)
            learn_connack(c, NULL, m);
    } else if (is_auto) {
        live->class = CLASS_EXCUSED;
        set_detail(&live->detail, "goes with an extra delivery");
    } else if (m->type == WIRE_PUBLISH && m->qos == 1 && m->is_dup &&
               is_repeated(c, m)) {
        live->class = CLASS_EXCUSED;
        set_detail(&live->detail, "QoS 1 may come again, and says so by DUP");
    }
    acknowledge(c, m);
}

static void on_pingresp(struct conn *c, size_t packet)
{
    if (c->at_ping < c->n_pings) {
        struct ping ping = c->pings[c->at_ping++];
        if (ping.is_fence) { /* not of the capture: it is not compared */
            for (size_t i = c->fenced; i < ping.upto; i++)
                if (conn_item(c, i)->is_sent)
                    conn_item(c, i)->is_done |=
                        conn_item(c, i)->message.qos == 0 &&
                        conn_item(c, i)->message.type == WIRE_PUBLISH;
            c->fenced = ping.upto;
            message_clear(&c->packets[packet].message);
            c->n_packets--;
            return;
        }
    }
    struct item *item = find_answer(c, &c->packets[packet].message, true);
    if (item)
        pair(c, packet, item);
    else
        leave_over(c, packet);
}

void matching_take(struct conn *c, struct message *message)
{
    size_t packet = c->n_packets;
    c->packets = grow(c->packets, packet, sizeof *c->packets);
    c->packets[c->n_packets++] = (struct live_packet){
        .message = *message,
        .time_ns = replay_now(c->replay),
        .item = NOTHING,
    };
    const struct message *m = &c->packets[packet].message;
    struct item *item = NULL;
    if (m->type == WIRE_PINGRESP) {
        on_pingresp(c, packet);
        return;
    }
    if (m->type == WIRE_PUBLISH)
        item = find_delivery(c, m);
    else
        item = find_answer(c, m,
                           m->type == WIRE_CONNACK || m->type == WIRE_AUTH ||
                               m->type == WIRE_DISCONNECT);
    if (!item && take_back(c, packet))
        return;
    if (!item && m->type == WIRE_PUBLISH && is_shared(c, packet))
        return;
    if (!item && m->type == WIRE_PUBLISH && !is_repeated(c, m))
        item = find_changed(c, m);
    else if (!item && m->type != WIRE_PUBLISH && m->type != WIRE_PUBREL)
        item = find_answer(c, m, true);
    if (item)
        pair(c, packet, item);
    else
        leave_over(c, packet);
}
