/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c -- Packet Identifiers and the hand-shakes of QoS 1 and 2.
 *
 * Both directions run through the same code; the cites differ by side. What
 * the client sends is seen before the server gets it, and what the server
 * sends is seen after: a rule about the server must hold whatever the server
 * had received by then. Spec: 5.0 s2.2.1, s4.3, s4.4, s4.9; 3.1.1 s2.3.1,
 * s4.3, s4.4.
 */
#include <stdlib.h>
#include <string.h>

#include "observe/state.h"

/* ---- exchanges in flight
 * --------------------------------------------------------------- */

struct exchange *observe_find(struct sender *sender, uint16_t id)
{
    struct exchange *e = sender->exchanges;

    while (e && e->id != id)
        e = e->next;
    return e;
}

struct exchange *observe_begin(struct observe *o, struct sender *sender,
                               enum exchange_kind kind, uint16_t id)
{
    struct exchange *e = calloc(1, sizeof *e);

    if (!e)
        abort();
    e->kind = kind;
    e->id = id;
    e->order = o->order;
    e->next = sender->exchanges;
    sender->exchanges = e;
    return e;
}

void observe_end(struct sender *sender, struct exchange *exchange)
{
    struct exchange **link = &sender->exchanges;

    while (*link != exchange)
        link = &(*link)->next;
    *link = exchange->next;
    exchange->next = NULL;
    observe_free_exchanges(exchange);
}

void observe_free_exchanges(struct exchange *exchange)
{
    while (exchange) {
        struct exchange *next = exchange->next;
        free(exchange->request);
        free(exchange);
        exchange = next;
    }
}

static bool has_bit(const unsigned char *bits, uint16_t id)
{
    return bits[id / 8] >> (id % 8) & 1;
}

static void set_bit(unsigned char *bits, uint16_t id)
{
    bits[id / 8] |= (unsigned char)(1u << (id % 8));
}

static enum wire_side other(enum wire_side side)
{
    return side == WIRE_CLIENT ? WIRE_SERVER : WIRE_CLIENT;
}

/* Whether all exchanges that can be open are known here. */
static bool is_all_known(const struct observe *o)
{
    return !o->is_midstream && !o->is_tainted && o->session && o->is_fresh;
}

static void give_back(struct sender *sender)
{
    if (sender->quota < sender->quota_max)
        sender->quota++;
}

/* Ends an exchange; the other side may still answer repeats of it. */
static void finish(struct observe *o, enum wire_side from, struct exchange *e)
{
    const unsigned n_asked = e->n_publish + e->owed_pubcomp;
    const unsigned n_answered = e->n_pubrec + 1;

    if (n_asked > n_answered)
        o->n_spare[other(from)] += n_asked - n_answered;
    observe_end(&o->sides[from], e);
}

/* ---- PUBLISH
 * ------------------------------------------------------------------------------
 */

static const char *const by[] = {"", "Client", "Server"};

static void spend_quota(struct observe *o, enum wire_side from)
{
    static const struct observe_cite cite[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.3.4-7"}, {NULL, "5.0/MQTT-3.3.4-9"}};
    struct sender *sender = &o->sides[from];

    if (sender->quota > 0) {
        sender->quota--;
        return;
    }
    if (o->is_midstream)
        return;
    observe_blame(o, from, &cite[from], MUST,
                  "more than %u publications are unfinished, the Receive "
                  "Maximum",
                  (unsigned)sender->quota_max);
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

/* A PUBLISH under an identifier that this connection has in flight. */
static void judge_repeat(struct observe *o, enum wire_side from,
                         const struct wire_packet *p, const struct exchange *e)
{
    static const struct observe_cite in_use[] = {
        {NULL, NULL},
        {"3.1.1/MQTT-2.3.1-2", "5.0/MQTT-2.2.1-3"},
        {"3.1.1/MQTT-2.3.1-4", "5.0/MQTT-2.2.1-4"}};
    static const struct observe_cite released = {"3.1.1/MQTT-4.3.3-1",
                                                 "5.0/MQTT-4.3.3-6"};
    static const struct observe_cite again = {NULL, "5.0/MQTT-4.4.0-1"};

    if (!p->dup) {
        observe_blame(o, from, &in_use[from], MUST,
                      "Packet Identifier %u is in use", (unsigned)p->packet_id);
        if (from == WIRE_CLIENT)
            observe_taint(o);
    } else if (e->is_released) {
        observe_blame(o, from, &released, MUST,
                      "PUBLISH %u is sent again after its PUBREL",
                      (unsigned)p->packet_id);
    } else {
        observe_blame(o, from, &again, MUST,
                      "PUBLISH %u is sent again on the same connection",
                      (unsigned)p->packet_id);
    }
}

/* The first PUBLISH of an exchange that an earlier connection left open. */
static void judge_resumed(struct observe *o, enum wire_side from,
                          const struct wire_packet *p, const struct exchange *e,
                          uint64_t hash)
{
    static const struct observe_cite dup = {"3.1.1/MQTT-3.3.1-1",
                                            "5.0/MQTT-3.3.1-1"};
    static const struct observe_cite released = {"3.1.1/MQTT-4.3.3-1",
                                                 "5.0/MQTT-4.3.3-6"};

    if (o->is_tainted || e->is_shared)
        return;
    if (e->is_released && p->dup && e->hash == hash)
        observe_blame(o, from, &released, MUST,
                      "PUBLISH %u is sent again after its PUBREL",
                      (unsigned)p->packet_id);
    else if (!p->dup && e->hash == hash && !e->is_released)
        observe_blame(o, from, &dup, MUST,
                      "PUBLISH %u is sent again without DUP",
                      (unsigned)p->packet_id);
}

static void follow_publish(struct observe *o, enum wire_side from,
                           const struct wire_packet *p, uint64_t hash,
                           bool is_shared)
{
    static const struct observe_cite dup[] = {
        {NULL, NULL},
        {"3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1"},
        {"3.1.1/MQTT-3.3.1-3", "5.0/MQTT-3.3.1-3"}};
    struct sender *sender = &o->sides[from];
    unsigned char *used = p->qos == 1 ? sender->used_qos_1 : sender->used_qos_2;
    struct exchange *e = observe_find(sender, p->packet_id);

    if (e && e->is_resumed)
        judge_resumed(o, from, p, e, hash);
    else if (e)
        judge_repeat(o, from, p, e);
    else if (p->dup && is_all_known(o) && !has_bit(used, p->packet_id))
        observe_blame(o, from, &dup[from], MUST,
                      "DUP is set on a PUBLISH of the %s that was not sent "
                      "before",
                      by[from]);
    if (!e || !p->dup || e->is_resumed)
        spend_quota(o, from);
    if (e && !p->dup) {
        observe_end(sender, e);
        e = NULL;
    }
    if (!e)
        e = observe_begin(o, sender,
                          p->qos == 1 ? EXCHANGE_QOS_1 : EXCHANGE_QOS_2,
                          p->packet_id);
    if (e->is_resumed)
        e->order = o->order;
    e->is_resumed = false;
    e->is_shared = is_shared;
    e->hash = hash;
    e->n_octets = p->octets.n;
    e->n_publish++;
    set_bit(used, p->packet_id);
}

/* ---- Topic Alias
 * ---------------------------------------------------------------------------
 */

static struct topic_alias *find_alias(struct sender *sender, uint32_t alias)
{
    for (size_t i = 0; i < sender->n_aliases; i++)
        if (sender->aliases[i].alias == alias)
            return &sender->aliases[i];
    return NULL;
}

static void set_alias(struct sender *sender, uint32_t alias,
                      struct wire_bytes topic)
{
    struct topic_alias *entry = find_alias(sender, alias);

    if (!entry) {
        sender->aliases = realloc(sender->aliases, (sender->n_aliases + 1) *
                                                       sizeof *sender->aliases);
        if (!sender->aliases)
            abort();
        entry = &sender->aliases[sender->n_aliases++];
        *entry = (struct topic_alias){.alias = (uint16_t)alias};
    }
    free(entry->topic);
    entry->n = wire_len(topic);
    entry->topic = observe_copy(topic.text, entry->n);
}

static void judge_alias_maximum(struct observe *o, enum wire_side from,
                                uint32_t alias)
{
    static const struct observe_cite above[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.2.2-17"}, {NULL, "5.0/MQTT-3.1.2-26"}};
    static const struct observe_cite none[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.2.2-18"}, {NULL, "5.0/MQTT-3.1.2-27"}};
    const uint32_t max = o->sides[from].alias_max;

    if (o->is_midstream || alias <= max)
        return;
    observe_blame(o, from, max ? &above[from] : &none[from], MUST,
                  "Topic Alias %u, the Topic Alias Maximum is %u",
                  (unsigned)alias, (unsigned)max);
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

/* The topic of a PUBLISH, looked up if there is only an alias; unset if it is
 * not known. */
static struct wire_bytes resolve_topic(struct observe *o, enum wire_side from,
                                       const struct wire_packet *p)
{
    static const struct observe_cite unknown = {
        NULL, "5.0/RULE-publish-topic-alias-unknown"};
    const struct wire_bytes unset = {{NULL}, 0};
    struct sender *sender = &o->sides[from];
    const struct topic_alias *entry;
    uint32_t alias;

    if (!wire_is_set(p->props.topic_alias))
        return p->topic;
    alias = wire_value(p->props.topic_alias, 0);
    judge_alias_maximum(o, from, alias);
    if (wire_len(p->topic)) {
        set_alias(sender, alias, p->topic);
        return p->topic;
    }
    entry = find_alias(sender, alias);
    if (entry)
        return SLICE(entry->topic, entry->n);
    if (!o->is_midstream) {
        observe_blame(o, from, &unknown, MUST,
                      "Topic Alias %u without a Topic Name, but it was not set "
                      "on this connection",
                      (unsigned)alias);
        if (from == WIRE_CLIENT)
            observe_taint(o);
    }
    return unset;
}

/* What CONNACK switched off. */
static void judge_features(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite qos = {NULL, "5.0/MQTT-3.2.2-11"};
    static const struct observe_cite retain = {NULL, "5.0/MQTT-3.2.2-14"};
    const struct wire_props *props = o->connack ? &o->connack->props : NULL;

    if (props && p->qos > wire_value(props->maximum_qos, 2)) {
        observe_blame(o, WIRE_CLIENT, &qos, MUST,
                      "QoS %u, the Maximum QoS is %u", (unsigned)p->qos,
                      (unsigned)wire_value(props->maximum_qos, 2));
        observe_taint(o);
    }
    if (props && p->retain && !wire_value(props->retain_available, 1)) {
        observe_blame(o, WIRE_CLIENT, &retain, MUST,
                      "RETAIN is set, but Retain Available is 0");
        observe_taint(o);
    }
}

void observe_publish(struct observe *o, enum wire_side from,
                     const struct wire_packet *p)
{
    const struct wire_bytes topic = resolve_topic(o, from, p);
    const struct exchange *e = observe_find(&o->sides[from], p->packet_id);
    const bool is_first = !p->dup && !(p->qos && e);

    if (from == WIRE_CLIENT)
        judge_features(o, p);
    if (p->qos == 3 || (p->qos && !p->packet_id))
        return;
    if (p->qos)
        follow_publish(o, from, p, observe_hash(topic, p->payload),
                       from == WIRE_SERVER && observe_may_be_shared(o, topic));
    if (!topic.text)
        return;
    if (from == WIRE_CLIENT)
        observe_message_sent(o, p, topic);
    else
        observe_delivery(o, p, topic, is_first);
}

/* ---- acknowledgements
 * ------------------------------------------------------------------------ */

/* An acknowledgement whose exchange is not open: was it ever? */
static void judge_unknown(struct observe *o, enum wire_side from,
                          const struct wire_packet *p,
                          const unsigned char *used)
{
    static const struct observe_cite cite = {"3.1.1/MQTT-2.3.1-6",
                                             "5.0/MQTT-2.2.1-5"};
    const char *name = wire_type_name(p->type);

    if (!is_all_known(o))
        return;
    if (o->n_spare[from] > 0)
        o->n_spare[from]--; /* the answer to a repeat */
    else if (has_bit(used, p->packet_id))
        observe_blame(o, from, &cite, SHOULD,
                      "%s %u, but that exchange is finished", name,
                      (unsigned)p->packet_id);
    else
        observe_blame(o, from, &cite, MUST,
                      "%s %u answers nothing that was sent", name,
                      (unsigned)p->packet_id);
}

static void judge_wrong_kind(struct observe *o, enum wire_side from,
                             const struct wire_packet *p)
{
    static const struct observe_cite cite = {"3.1.1/MQTT-3.3.4-1",
                                             "5.0/MQTT-3.3.4-1"};

    if (!o->is_tainted || from == WIRE_CLIENT)
        observe_blame(o, from, &cite, MUST, "%s %u answers a PUBLISH of QoS %u",
                      wire_type_name(p->type), (unsigned)p->packet_id,
                      p->type == WIRE_PUBACK ? 2u : 1u);
}

/* The client's acknowledgements go in the order of what they answer. */
static void judge_order(struct observe *o, const struct exchange *e,
                        const struct wire_packet *p)
{
    static const struct observe_cite cite[] = {
        {"3.1.1/MQTT-4.6.0-2", "5.0/MQTT-4.6.0-2"},
        {"3.1.1/MQTT-4.6.0-3", "5.0/MQTT-4.6.0-3"}};
    const struct exchange *x = o->sides[WIRE_SERVER].exchanges;

    for (; x; x = x->next)
        if (x->kind == e->kind && x->order < e->order && !x->is_resumed &&
            !x->received_order)
            break;
    if (x)
        observe_blame(o, WIRE_CLIENT, &cite[p->type == WIRE_PUBREC], MUST,
                      "%s %u overtakes that of PUBLISH %u, which came before",
                      wire_type_name(p->type), (unsigned)p->packet_id,
                      (unsigned)x->id);
}

static void on_puback(struct observe *o, enum wire_side from,
                      const struct wire_packet *p)
{
    struct sender *sender = &o->sides[other(from)];
    struct exchange *e = observe_find(sender, p->packet_id);

    give_back(sender);
    if (!e)
        judge_unknown(o, from, p, sender->used_qos_1);
    else if (e->kind == EXCHANGE_QOS_2)
        judge_wrong_kind(o, from, p);
    else if (e->kind == EXCHANGE_QOS_1) {
        if (from == WIRE_CLIENT)
            judge_order(o, e, p);
        finish(o, other(from), e);
    } else if (is_all_known(o))
        judge_unknown(o, from, p, sender->used_qos_1);
}

static void on_pubrec(struct observe *o, enum wire_side from,
                      const struct wire_packet *p)
{
    struct sender *sender = &o->sides[other(from)];
    static const struct observe_cite more = {"3.1.1/MQTT-2.3.1-6",
                                             "5.0/MQTT-2.2.1-5"};
    struct exchange *e = observe_find(sender, p->packet_id);
    const bool is_error = p->reason >= 0x80;

    if (!e || (e->kind != EXCHANGE_QOS_2 && e->kind != EXCHANGE_QOS_1)) {
        judge_unknown(o, from, p, sender->used_qos_2);
        if (from == WIRE_SERVER || e)
            return;
        /* The server may answer PUBREL, with 0x92 in 5.0. */
        e = observe_begin(o, sender, EXCHANGE_QOS_2, p->packet_id);
        e->is_resumed = true;
    } else if (e->kind == EXCHANGE_QOS_1) {
        judge_wrong_kind(o, from, p);
        return;
    }
    if (is_error) {
        give_back(sender);
        finish(o, other(from), e);
        return;
    }
    if (from == WIRE_CLIENT && !e->received_order && !e->is_resumed)
        judge_order(o, e, p);
    if (!e->received_order)
        e->received_order = o->order;
    if (from == WIRE_SERVER && e->n_pubrec >= e->n_publish && e->n_publish &&
        is_all_known(o))
        observe_blame(o, from, &more, SHOULD,
                      "a second PUBREC %u for one PUBLISH",
                      (unsigned)p->packet_id);
    e->n_pubrec++;
    e->owed_pubrel++;
}

/* PUBRELs go in the order of the PUBRECs. */
static void judge_release_order(struct observe *o, enum wire_side from,
                                const struct exchange *e)
{
    static const struct observe_cite cite[] = {
        {NULL, NULL},
        {"3.1.1/MQTT-4.6.0-4", "5.0/MQTT-4.6.0-4"},
        {"3.1.1/MQTT-4.6.0-6", NULL}};
    const struct exchange *x = o->sides[from].exchanges;

    for (; x; x = x->next)
        if (x->owed_pubrel && !x->is_released && !x->is_resumed &&
            x->received_order < e->received_order)
            break;
    if (x && !o->is_tainted)
        observe_blame(o, from, &cite[from], MUST,
                      "PUBREL %u overtakes PUBREL %u, whose PUBREC came before",
                      (unsigned)e->id, (unsigned)x->id);
}

static void judge_release(struct observe *o, enum wire_side from,
                          const struct exchange *e, uint16_t id)
{
    static const struct observe_cite early = {"3.1.1/MQTT-4.3.3-1",
                                              "5.0/MQTT-4.3.3-3"};
    static const struct observe_cite again = {NULL, "5.0/MQTT-4.4.0-1"};

    if (e->owed_pubrel) {
        if (!e->is_released && !e->is_resumed)
            judge_release_order(o, from, e);
    } else if (e->is_resumed || o->is_midstream) {
        return;
    } else if (!e->is_released) {
        observe_blame(o, from, &early, MUST,
                      "PUBREL %u, but its PUBREC has not come", (unsigned)id);
    } else {
        observe_blame(o, from, &again, MUST,
                      "PUBREL %u is sent again on the same connection",
                      (unsigned)id);
    }
}

static void on_pubrel(struct observe *o, enum wire_side from,
                      const struct wire_packet *p)
{
    static const struct observe_cite strange = {"3.1.1/MQTT-2.3.1-6",
                                                "5.0/MQTT-2.2.1-5"};
    struct sender *sender = &o->sides[from];
    struct exchange *e = observe_find(sender, p->packet_id);

    if (e && e->kind != EXCHANGE_QOS_2) {
        observe_blame(o, from, &strange, MUST,
                      "PUBREL %u under the identifier of another exchange",
                      (unsigned)p->packet_id);
        if (from == WIRE_CLIENT)
            observe_taint(o);
        return;
    }
    if (!e) {
        judge_unknown(o, from, p, sender->used_qos_2);
        e = observe_begin(o, sender, EXCHANGE_QOS_2, p->packet_id);
    } else {
        judge_release(o, from, e, p->packet_id);
    }
    if (e->owed_pubrel)
        e->owed_pubrel--;
    e->is_released = true;
    e->is_resumed = false;
    e->owed_pubcomp++;
    set_bit(sender->released, p->packet_id);
}

static void on_pubcomp(struct observe *o, enum wire_side from,
                       const struct wire_packet *p)
{
    static const struct observe_cite early = {"3.1.1/MQTT-4.3.3-2",
                                              "5.0/MQTT-4.3.3-11"};
    struct sender *sender = &o->sides[other(from)];
    struct exchange *e = observe_find(sender, p->packet_id);

    give_back(sender);
    if (!e || e->kind != EXCHANGE_QOS_2) {
        judge_unknown(o, from, p, sender->released);
        return;
    }
    if (!e->is_released && !e->is_resumed && is_all_known(o))
        observe_blame(o, from, &early, MUST,
                      "PUBCOMP %u, but PUBREL has not come",
                      (unsigned)p->packet_id);
    finish(o, other(from), e);
}

void observe_ack(struct observe *o, enum wire_side from,
                 const struct wire_packet *p)
{
    if (!p->packet_id)
        return;
    if (p->type == WIRE_PUBACK)
        on_puback(o, from, p);
    else if (p->type == WIRE_PUBREC)
        on_pubrec(o, from, p);
    else if (p->type == WIRE_PUBREL)
        on_pubrel(o, from, p);
    else
        on_pubcomp(o, from, p);
}

/* ---- what is still owed
 * ------------------------------------------------------------------------ */

static void owed_by_answering(struct observe *o, const struct exchange *e)
{
    static const struct observe_cite suback = {"3.1.1/MQTT-3.8.4-1",
                                               "5.0/MQTT-3.8.4-1"};
    static const struct observe_cite unsuback = {"3.1.1/MQTT-3.10.4-4",
                                                 "5.0/MQTT-3.10.4-4"};
    static const struct observe_cite publish = {"3.1.1/MQTT-3.3.4-1",
                                                "5.0/MQTT-3.3.4-1"};
    static const struct observe_cite pubcomp = {"3.1.1/MQTT-4.3.3-2",
                                                "5.0/MQTT-4.3.3-11"};
    const unsigned id = e->id;

    if (e->is_resumed)
        return;
    if (e->kind == EXCHANGE_SUBSCRIBE)
        observe_blame(o, WIRE_SERVER, &suback, MUST,
                      "SUBSCRIBE %u has no SUBACK", id);
    else if (e->kind == EXCHANGE_UNSUBSCRIBE)
        observe_blame(o, WIRE_SERVER, &unsuback, MUST,
                      "UNSUBSCRIBE %u has no UNSUBACK", id);
    else if (e->is_released)
        observe_blame(o, WIRE_SERVER, &pubcomp, MUST,
                      "PUBREL %u has no PUBCOMP", id);
    else if (e->kind == EXCHANGE_QOS_1 || e->n_pubrec < e->n_publish)
        observe_blame(o, WIRE_SERVER, &publish, MUST, "PUBLISH %u has no %s",
                      id, e->kind == EXCHANGE_QOS_1 ? "PUBACK" : "PUBREC");
}

static void owed_by_sending(struct observe *o, const struct exchange *e)
{
    static const struct observe_cite pubrel = {"3.1.1/MQTT-4.3.3-1",
                                               "5.0/MQTT-4.3.3-4"};
    static const struct observe_cite resume = {"3.1.1/MQTT-4.4.0-1",
                                               "5.0/MQTT-4.4.0-1"};
    const struct sender *server = &o->sides[WIRE_SERVER];

    if (e->is_resumed) {
        if (!e->is_shared && e->n_octets && server->quota &&
            !server->packet_max && !o->is_fresh)
            observe_blame(o, WIRE_SERVER, &resume, MUST,
                          "%s %u was left open on an earlier connection and "
                          "has not been sent again",
                          e->is_released ? "PUBREL" : "PUBLISH",
                          (unsigned)e->id);
    } else if (e->owed_pubrel && !e->is_released) {
        observe_blame(o, WIRE_SERVER, &pubrel, MUST, "PUBREC %u has no PUBREL",
                      (unsigned)e->id);
    }
}

void observe_owed(struct observe *o)
{
    static const struct observe_cite connack = {"3.1.1/MQTT-3.1.4-4",
                                                "5.0/MQTT-3.1.4-5"};
    static const struct observe_cite ping = {"3.1.1/MQTT-3.12.4-1",
                                             "5.0/MQTT-3.12.4-1"};
    const struct exchange *e;

    if (o->phase == AWAIT_CONNACK && o->is_connect_taken &&
        !o->connect->props.authentication_method.text)
        observe_blame(o, WIRE_SERVER, &connack, MUST, "CONNECT has no CONNACK");
    if (o->phase != RUNNING || !o->session)
        return;
    for (e = o->sides[WIRE_CLIENT].exchanges; e; e = e->next)
        owed_by_answering(o, e);
    for (e = o->sides[WIRE_SERVER].exchanges; e; e = e->next)
        owed_by_sending(o, e);
    if (o->n_pingresp < o->n_pingreq)
        observe_blame(o, WIRE_SERVER, &ping, MUST, "PINGREQ has no PINGRESP");
}
