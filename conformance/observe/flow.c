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

/* ---- exchanges in flight ------------------------------------------------- */

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

static enum wire_side other(enum wire_side side)
{
    return side == WIRE_CLIENT ? WIRE_SERVER : WIRE_CLIENT;
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

/* ---- acknowledgements ---------------------------------------------------- */

/* An acknowledgement whose exchange is not open: was it ever? */
static void judge_unknown(struct observe *o, enum wire_side from,
                          const struct wire_packet *p,
                          const struct id_set *used)
{
    static const struct observe_cite cite = {"3.1.1/MQTT-2.3.1-6",
                                             "5.0/MQTT-2.2.1-5"};
    const char *name = wire_type_name(p->type);

    if (!observe_is_all_known(o))
        return;
    if (o->n_spare[from] > 0)
        o->n_spare[from]--; /* the answer to a repeat */
    else if (observe_has(used, p->packet_id))
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
        judge_unknown(o, from, p, &sender->used_qos_1);
    else if (e->kind == EXCHANGE_QOS_2)
        judge_wrong_kind(o, from, p);
    else if (e->kind == EXCHANGE_QOS_1) {
        if (from == WIRE_CLIENT)
            judge_order(o, e, p);
        finish(o, other(from), e);
    } else if (observe_is_all_known(o))
        judge_unknown(o, from, p, &sender->used_qos_1);
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
        judge_unknown(o, from, p, &sender->used_qos_2);
        if (from == WIRE_SERVER || e)
            return;
        /* The server may answer PUBREL, with 0x92 in 5.0. */
        e = observe_begin(o, sender, EXCHANGE_QOS_2, p->packet_id);
        e->is_resumed = e->is_stray = true;
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
        observe_is_all_known(o))
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
        judge_unknown(o, from, p, &sender->used_qos_2);
        e = observe_begin(o, sender, EXCHANGE_QOS_2, p->packet_id);
    } else {
        judge_release(o, from, e, p->packet_id);
    }
    if (e->owed_pubrel)
        e->owed_pubrel--;
    e->is_released = true;
    e->is_resumed = false;
    e->owed_pubcomp++;
    observe_put(&sender->released, p->packet_id);
    /* No PUBLISH went before, or all is said: the identifier is not in use. */
    if (e->is_stray || e->is_complete)
        finish(o, from, e);
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
        judge_unknown(o, from, p, &sender->released);
        return;
    }
    if (!e->is_released && !e->is_resumed && observe_is_all_known(o))
        observe_blame(o, from, &early, MUST,
                      "PUBCOMP %u, but PUBREL has not come",
                      (unsigned)p->packet_id);
    /* The PUBREC before it has its PUBREL yet to come. */
    if (e->owed_pubrel && !e->is_released)
        e->is_complete = true;
    else
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

/* ---- what is still owed -------------------------------------------------- */

/* is_too_large_to_answer tells whether SUBACK or UNSUBACK, a code for each
 * Topic Filter, would be larger than the client takes: the server must keep it
 * back [MQTT-3.1.2-24]. */
static bool is_too_large_to_answer(const struct observe *o,
                                   const struct exchange *e)
{
    const uint32_t most = o->sides[WIRE_SERVER].packet_max;
    const size_t n = e->request ? 3 + e->request->n_filters : 0;

    return most && n + (n > 127 ? 3 : 2) > most;
}

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

    if (e->is_resumed || is_too_large_to_answer(o, e))
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

/* has_room tells whether a sender may send one more even if it counts each open
 * exchange of this connection. The answer to what it has not sent again yet
 * gives back a place that it need not have taken. */
static bool has_room(const struct sender *sender)
{
    uint32_t n = 0;

    for (const struct exchange *e = sender->exchanges; e; e = e->next)
        n += !e->is_resumed;
    return sender->quota > 0 && n < sender->quota_max;
}

static void owed_by_sending(struct observe *o, const struct exchange *e)
{
    static const struct observe_cite pubrel = {"3.1.1/MQTT-4.3.3-1",
                                               "5.0/MQTT-4.3.3-4"};
    static const struct observe_cite resume = {"3.1.1/MQTT-4.4.0-1",
                                               "5.0/MQTT-4.4.0-1"};
    const struct sender *server = &o->sides[WIRE_SERVER];

    if (e->is_resumed) {
        if (!e->is_shared && e->n_octets && has_room(server) &&
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
