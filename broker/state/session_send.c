// SPDX-License-Identifier: Apache-2.0
/* session_send.c -- what a session sends, and what it is answered.
 *
 * A QoS 1 or 2 message takes three steps: queued, under way with a Packet
 * Identifier, gone. Under way it holds one place of the client's Receive
 * Maximum, on each connection anew. Order is never changed: while anything
 * waits, newer messages wait behind it (QoS 0 needs no place and passes).
 * Spec: 5.0 s4.3, s4.4, s4.6, s4.9; 3.1.1 s4.3, s4.4, s4.6.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "codec/encode.h"
#include "state/hash.h"
#include "state/session.h"

/* We use at most so many Topic Aliases of those that a client offers. */
#define MAX_TOPIC_ALIASES 256
/* Two chains' worth of slots for each, so that probing stays short. */
#define N_ALIAS_SLOTS 512
/* An alias costs 3 octets: a topic that is not longer gains nothing. */
#define MIN_ALIASED_OCTETS 4
/* Larger ones might not fit a packet when properties are added. */
#define CERTAIN_TO_FIT_OCTETS (UINT32_C(1) << 27)

struct topic_alias {
    uint64_t hash;
    struct message *message; /* its topic; a reference. NULL: slot is free */
    uint16_t alias;
};

/* ---- the link ------------------------------------------------------------ */

void session_free_aliases(struct link *link)
{
    for (size_t i = 0; link->topic_aliases && i < N_ALIAS_SLOTS; i++)
        message_unref(link->topic_aliases[i].message);
    free(link->topic_aliases);
    link->topic_aliases = NULL;
    link->n_topic_aliases = 0;
}

static bool output_is_full(const struct session *s)
{
    size_t limit = s->limits ? s->limits->max_output_octets : 0;
    return limit > 0 && s->link.conn->out_octets > limit;
}

bool session_can_send(const struct session *s)
{
    return s->link.conn && s->link.n_unacknowledged < s->link.receive_maximum &&
           !output_is_full(s);
}

static void take_quota(struct session *s, struct delivery *d)
{
    d->holds_quota = true;
    s->link.n_unacknowledged++;
}

static void give_quota(struct session *s, struct delivery *d)
{
    if (!d->holds_quota)
        return;
    d->holds_quota = false;
    s->link.n_unacknowledged--;
}

/* The slot where the alias of a topic is, or belongs. */
static struct topic_alias *alias_slot(struct link *link, struct slice topic)
{
    uint64_t hash = hash_octets(topic, (uintptr_t)link);
    size_t i = hash % N_ALIAS_SLOTS;
    struct topic_alias *slots = link->topic_aliases;
    while (slots[i].message && !(slots[i].hash == hash &&
                                 slice_equals(slots[i].message->topic, topic)))
        i = (i + 1) % N_ALIAS_SLOTS;
    slots[i].hash = hash;
    return &slots[i];
}

/* Puts the alias into the PUBLISH, if there is or can be one.
 *
 * Returns the slot to fill once the packet is on its way; else NULL.
 */
static struct topic_alias *use_alias(struct link *link, struct publish *publish)
{
    uint16_t max = link->topic_alias_maximum < MAX_TOPIC_ALIASES
                       ? link->topic_alias_maximum
                       : MAX_TOPIC_ALIASES;
    if (max == 0 || publish->topic.n < MIN_ALIASED_OCTETS)
        return NULL;
    if (!link->topic_aliases)
        link->topic_aliases =
            mem_new(N_ALIAS_SLOTS, sizeof *link->topic_aliases);
    struct topic_alias *slot = alias_slot(link, publish->topic);
    bool is_known = slot->message != NULL;
    if (!is_known && link->n_topic_aliases >= max)
        return NULL;
    properties_set(&publish->properties, PROPERTY_TOPIC_ALIAS);
    publish->properties.topic_alias =
        is_known ? slot->alias : (uint16_t)(link->n_topic_aliases + 1);
    if (!is_known)
        return slot;
    publish->topic = slice_of(NULL, 0);
    return NULL;
}

static bool fits(const struct link *link, const struct packet *packet)
{
    if (link->maximum_packet_size == 0 &&
        packet->publish.payload.n < CERTAIN_TO_FIT_OCTETS)
        return true;
    size_t size = packet_size(packet, link->version);
    return size > 0 && (link->maximum_packet_size == 0 ||
                        size <= link->maximum_packet_size);
}

static void release_message(void *holder)
{
    message_unref(holder);
}

/* ---- packets ------------------------------------------------------------- */

/* Sends a message; publish has qos, packet_id and flags set. Returns false if
 * it is too large for the client and was left out [MQTT-3.1.2-25]. */
static bool send_publish(struct session *s, struct packet *packet,
                         struct message *m, const uint32_t *ids, uint32_t n,
                         uint64_t now_ms)
{
    struct link *link = &s->link;
    struct publish *publish = &packet->publish;
    struct topic_alias *new_alias = NULL;
    packet->type = PACKET_PUBLISH;
    message_to_publish(m, now_ms, publish);
    if (link->version == MQTT_5_0) {
        if (n > 0)
            properties_set(&publish->properties,
                           PROPERTY_SUBSCRIPTION_IDENTIFIER);
        publish->properties.subscription_identifiers = ids;
        publish->properties.n_subscription_identifiers = n;
        new_alias = use_alias(link, publish);
    }
    if (!fits(link, packet)) {
        if (!new_alias)
            return false;
        /* A topic that travels with its alias is 3 octets longer. */
        properties_unset(&publish->properties, PROPERTY_TOPIC_ALIAS);
        new_alias = NULL;
        if (!fits(link, packet))
            return false;
    }
    struct conn_payload payload = {m->payload, release_message, message_ref(m)};
    conn_send(link->conn, packet, &payload);
    if (new_alias) {
        new_alias->message = message_ref(m);
        new_alias->alias = publish->properties.topic_alias;
        link->n_topic_aliases++;
    }
    return true;
}

static void send_pubrel(struct session *s, uint16_t packet_id,
                        enum reason reason)
{
    struct packet packet;
    memset(&packet, 0, sizeof packet);
    packet.type = PACKET_PUBREL;
    packet.ack.packet_id = packet_id;
    packet.ack.reason = reason;
    conn_send(s->link.conn, &packet, NULL);
}

void session_forget(struct session *s, struct delivery *d)
{
    if (d->packet_id == 0) {
        delivery_list_remove(&s->queue, d);
    } else {
        if (s->resend == d)
            s->resend = d->next;
        give_quota(s, d);
        inflight_remove(&s->inflight, d);
    }
    store_delete_delivery(s->store, d);
    delivery_free(d);
}

/* Sends a delivery that has its Packet Identifier. */
static void send_delivery(struct session *s, struct delivery *d,
                          uint64_t now_ms)
{
    struct packet packet;
    packet.publish.is_dup = d->was_sent;
    packet.publish.is_retained = d->is_retained;
    packet.publish.qos = d->qos;
    packet.publish.packet_id = d->packet_id;
    take_quota(s, d);
    d->was_sent = true;
    if (!send_publish(s, &packet, d->message, d->subscription_identifiers,
                      d->n_subscription_identifiers, now_ms))
        session_forget(s, d);
}

static bool is_kept(const struct session *s)
{
    return s->stored_id != 0;
}

static void save_delivery(struct session *s, struct delivery *d)
{
    if (is_kept(s))
        store_save_delivery(s->store, s,
                            session_find_share(s, d->share_group_id), d);
}

/* A message's first sending: from now on it is under way. */
static void start(struct session *s, struct delivery *d, uint64_t now_ms)
{
    inflight_add(&s->inflight, d);
    save_delivery(s, d);
    send_delivery(s, d, now_ms);
}

/* ---- out ----------------------------------------------------------------- */

void session_attach(struct session *s, const struct link *link, uint64_t now_ms)
{
    s->link = *link;
    s->link.n_unacknowledged = 0;
    s->link.n_topic_aliases = 0;
    s->link.topic_aliases = NULL;
    s->expires_ms = 0;
    s->will.due_ms = 0;
    session_reclaim(s);
    session_save(s);
    for (struct delivery *d = s->inflight.sent.first; d; d = d->next)
        d->holds_quota = false;
    /* The exchange is still open, so it counts, though only PUBLISH waits for
     * a place. */
    for (struct delivery *d = s->inflight.released.first; d; d = d->next) {
        d->holds_quota = false;
        if (s->link.n_unacknowledged < UINT16_MAX)
            take_quota(s, d);
        send_pubrel(s, d->packet_id, REASON_SUCCESS);
    }
    s->resend = s->inflight.sent.first;
    session_pump(s, now_ms);
}

void session_drop_queued(struct session *s,
                         bool (*is_unwanted)(const struct session *s,
                                             const struct message *m,
                                             void *arg),
                         void *arg)
{
    struct delivery *next = NULL;
    for (struct delivery *d = s->queue.first; d; d = next) {
        next = d->next;
        if (is_unwanted(s, d->message, arg))
            session_forget(s, d);
    }
}

static bool is_expired(const struct session *s, const struct message *m,
                       void *now_ms)
{
    (void)s;
    return message_is_expired(m, *(const uint64_t *)now_ms);
}

/* drop_expired looks through a full queue at most once a second, which is how
 * finely messages expire; else each message that finds no place would walk it.
 */
static void drop_expired(struct session *s, uint64_t now_ms)
{
    if (now_ms < s->next_expiry_look_ms)
        return;
    s->next_expiry_look_ms = now_ms + 1000;
    session_drop_queued(s, is_expired, &now_ms);
}

static bool list_is_full(const struct session *s,
                         const struct delivery_list *list,
                         const struct message *m)
{
    const struct session_limits *l = s->limits;
    size_t n_octets = list->n_octets + message_octets(m);
    if (!l)
        return false;
    return (l->max_queued_messages > 0 && list->n >= l->max_queued_messages) ||
           (l->max_queued_octets > 0 && n_octets > l->max_queued_octets);
}

static void send_0(struct session *s, struct message *m, bool is_retained,
                   const uint32_t *ids, uint32_t n, uint64_t now_ms)
{
    struct packet packet;
    packet.publish.is_dup = false;
    packet.publish.is_retained = is_retained;
    packet.publish.qos = 0;
    packet.publish.packet_id = 0;
    send_publish(s, &packet, m, ids, n, now_ms);
}

/* deliver_0 sends at QoS 0. Behind a full output a message is lost, unless it
 * may_wait, or would overtake one that waits. */
static bool deliver_0(struct session *s, struct message *m, bool is_retained,
                      const uint32_t *ids, uint32_t n, bool may_wait,
                      uint64_t now_ms)
{
    bool is_behind = s->waiting_0.first != NULL;
    if (!s->link.conn)
        return true;
    if (!is_behind && !output_is_full(s)) {
        send_0(s, m, is_retained, ids, n, now_ms);
        return true;
    }
    if ((!is_behind && !may_wait) || list_is_full(s, &s->waiting_0, m))
        return false;
    delivery_list_append(&s->waiting_0,
                         delivery_new(m, 0, is_retained, ids, n));
    return true;
}

bool session_deliver(struct session *s, struct message *m, uint8_t qos,
                     bool is_retained, const uint32_t *ids, uint32_t n,
                     uint64_t share_group_id, uint64_t now_ms)
{
    if (qos == 0)
        return deliver_0(s, m, is_retained, ids, n, false, now_ms);
    bool may_send = !s->resend && !s->queue.first && session_can_send(s);
    if (!may_send && list_is_full(s, &s->queue, m)) {
        drop_expired(s, now_ms);
        if (list_is_full(s, &s->queue, m))
            return false;
    }
    struct delivery *d = delivery_new(m, qos, is_retained, ids, n);
    d->share_group_id = share_group_id;
    if (may_send) {
        start(s, d, now_ms);
        return true;
    }
    delivery_list_append(&s->queue, d);
    save_delivery(s, d);
    return true;
}

bool session_deliver_retained(struct session *s, struct message *m, uint8_t qos,
                              const uint32_t *ids, uint32_t n, uint64_t now_ms)
{
    return qos == 0 ? deliver_0(s, m, true, ids, n, true, now_ms)
                    : session_deliver(s, m, qos, true, ids, n, 0, now_ms);
}

static void pump_0(struct session *s, uint64_t now_ms)
{
    while (s->waiting_0.first && !output_is_full(s)) {
        struct delivery *d = s->waiting_0.first;
        delivery_list_remove(&s->waiting_0, d);
        if (!message_is_expired(d->message, now_ms))
            send_0(s, d->message, d->is_retained, d->subscription_identifiers,
                   d->n_subscription_identifiers, now_ms);
        delivery_free(d);
    }
}

void session_pump(struct session *s, uint64_t now_ms)
{
    pump_0(s, now_ms);
    while (s->resend && session_can_send(s)) {
        struct delivery *d = s->resend;
        s->resend = d->next;
        send_delivery(s, d, now_ms);
    }
    while (!s->resend && s->queue.first && session_can_send(s)) {
        struct delivery *d = s->queue.first;
        if (message_is_expired(d->message, now_ms)) {
            session_forget(s, d);
            continue;
        }
        delivery_list_remove(&s->queue, d);
        start(s, d, now_ms);
    }
}

/* ---- answers ------------------------------------------------------------- */

static enum outgoing_event event_of(enum packet_type type,
                                    const struct ack *ack)
{
    if (type == PACKET_PUBACK)
        return OUTGOING_PUBACK;
    if (type == PACKET_PUBCOMP)
        return OUTGOING_PUBCOMP;
    return reason_is_failure(ack->reason) ? OUTGOING_PUBREC_FAILED
                                          : OUTGOING_PUBREC;
}

enum reason session_on_ack(struct session *s, enum packet_type type,
                           const struct ack *ack, uint64_t now_ms)
{
    struct delivery *d = inflight_find(&s->inflight, ack->packet_id);
    enum outgoing_state state = d ? d->state : OUTGOING_FREE;
    struct outgoing_step step = outgoing_next(state, event_of(type, ack));
    if (step.action == OUTGOING_PROTOCOL_ERROR)
        return REASON_PROTOCOL_ERROR;
    if (step.action == OUTGOING_SEND_PUBREL_NOT_FOUND)
        send_pubrel(s, ack->packet_id, REASON_PACKET_IDENTIFIER_NOT_FOUND);
    if (!d)
        return REASON_SUCCESS;
    if (step.next == OUTGOING_AWAIT_PUBCOMP && state == OUTGOING_AWAIT_PUBREC) {
        if (s->resend == d)
            s->resend = d->next;
        store_release_delivery(s->store, d);
        inflight_release(&s->inflight, d);
    }
    if (step.action == OUTGOING_SEND_PUBREL)
        send_pubrel(s, ack->packet_id, REASON_SUCCESS);
    if (step.next == OUTGOING_FREE) {
        session_forget(s, d);
        session_pump(s, now_ms);
    }
    return REASON_SUCCESS;
}

bool session_on_publish_2(struct session *s, uint16_t packet_id,
                          bool is_refused)
{
    enum incoming_state state =
        inflight_incoming_state(&s->inflight, packet_id);
    struct incoming_step step = incoming_next(
        state, is_refused ? INCOMING_PUBLISH_2_REFUSED : INCOMING_PUBLISH_2);
    inflight_incoming_set(&s->inflight, packet_id, step.next);
    if (step.next != state && is_kept(s))
        store_save_incoming(s->store, s, packet_id);
    return step.action == INCOMING_DELIVER_AND_PUBREC;
}

enum reason session_on_pubrel(struct session *s, uint16_t packet_id)
{
    enum incoming_state state =
        inflight_incoming_state(&s->inflight, packet_id);
    struct incoming_step step = incoming_next(state, INCOMING_PUBREL);
    inflight_incoming_set(&s->inflight, packet_id, step.next);
    if (step.next != state && is_kept(s))
        store_delete_incoming(s->store, s, packet_id);
    return step.action == INCOMING_PUBCOMP ? REASON_SUCCESS
                                           : REASON_PACKET_IDENTIFIER_NOT_FOUND;
}
