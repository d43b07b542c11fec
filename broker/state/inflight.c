// SPDX-License-Identifier: Apache-2.0
/* inflight.c -- QoS 1 and 2 as tables, for both directions.
 *
 * Spec: 5.0 s4.3, s4.4; 3.1.1 s4.3, s4.4.
 */
#include "state/inflight.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/die.h"

#define MAX_PACKET_ID 65535

/* ---- the sender's machine ------------------------------------------------ */

#define FREE OUTGOING_FREE
#define ACK OUTGOING_AWAIT_PUBACK
#define REC OUTGOING_AWAIT_PUBREC
#define COMP OUTGOING_AWAIT_PUBCOMP
#define WRONG(state)                                                           \
    {                                                                          \
        state, OUTGOING_PROTOCOL_ERROR                                         \
    }
#define NOTHING(state)                                                         \
    {                                                                          \
        state, OUTGOING_NOTHING                                                \
    }
/* An acknowledgement that nobody waits for changes nothing: above all, it must
 * not add to the quota. An identifier that waits for another kind of
 * acknowledgement shows that the receiver has lost the thread. */
static const struct outgoing_step
    outgoing[OUTGOING_N_STATES][OUTGOING_N_EVENTS] = {
        [OUTGOING_FREE] =
            {
                [OUTGOING_PUBLISH_1] = NOTHING(ACK),
                [OUTGOING_PUBLISH_2] = NOTHING(REC),
                [OUTGOING_PUBACK] = NOTHING(FREE),
                [OUTGOING_PUBREC] = {FREE, OUTGOING_SEND_PUBREL_NOT_FOUND},
                [OUTGOING_PUBREC_FAILED] = NOTHING(FREE),
                [OUTGOING_PUBCOMP] = NOTHING(FREE),
            },
        [OUTGOING_AWAIT_PUBACK] =
            {
                [OUTGOING_PUBLISH_1] = NOTHING(ACK), /* sent again */
                [OUTGOING_PUBLISH_2] = WRONG(ACK),
                [OUTGOING_PUBACK] = NOTHING(FREE),
                [OUTGOING_PUBREC] = WRONG(ACK),
                [OUTGOING_PUBREC_FAILED] = WRONG(ACK),
                [OUTGOING_PUBCOMP] = WRONG(ACK),
            },
        [OUTGOING_AWAIT_PUBREC] =
            {
                [OUTGOING_PUBLISH_1] = WRONG(REC),
                [OUTGOING_PUBLISH_2] = NOTHING(REC), /* sent again */
                [OUTGOING_PUBACK] = WRONG(REC),
                [OUTGOING_PUBREC] = {COMP, OUTGOING_SEND_PUBREL},
                [OUTGOING_PUBREC_FAILED] = NOTHING(FREE),
                [OUTGOING_PUBCOMP] = WRONG(REC),
            },
        [OUTGOING_AWAIT_PUBCOMP] =
            {
                [OUTGOING_PUBLISH_1] = WRONG(COMP),
                [OUTGOING_PUBLISH_2] = WRONG(COMP), /* [MQTT-4.3.3-6] */
                [OUTGOING_PUBACK] = WRONG(COMP),
                [OUTGOING_PUBREC] = {COMP, OUTGOING_SEND_PUBREL},
                [OUTGOING_PUBREC_FAILED] = NOTHING(FREE),
                [OUTGOING_PUBCOMP] = NOTHING(FREE),
            },
};

struct outgoing_step outgoing_next(enum outgoing_state state,
                                   enum outgoing_event event)
{
    return outgoing[state][event];
}

/* ---- the receiver's machine ---------------------------------------------- */

static const struct incoming_step
    incoming[INCOMING_N_STATES][INCOMING_N_EVENTS] = {
        [INCOMING_FREE] =
            {
                [INCOMING_PUBLISH_2] = {INCOMING_AWAIT_PUBREL,
                                        INCOMING_DELIVER_AND_PUBREC},
                [INCOMING_PUBLISH_2_REFUSED] = {INCOMING_FREE,
                                                INCOMING_PUBREC_FAILED},
                [INCOMING_PUBREL] = {INCOMING_FREE, INCOMING_PUBCOMP_NOT_FOUND},
            },
        [INCOMING_AWAIT_PUBREL] =
            {
                /* [MQTT-4.3.3-10]: a repeat, whatever we think of it now. */
                [INCOMING_PUBLISH_2] = {INCOMING_AWAIT_PUBREL,
                                        INCOMING_PUBREC_ONLY},
                [INCOMING_PUBLISH_2_REFUSED] = {INCOMING_AWAIT_PUBREL,
                                                INCOMING_PUBREC_ONLY},
                [INCOMING_PUBREL] = {INCOMING_FREE, INCOMING_PUBCOMP},
            },
};

struct incoming_step incoming_next(enum incoming_state state,
                                   enum incoming_event event)
{
    return incoming[state][event];
}

/* ---- deliveries ---------------------------------------------------------- */

size_t delivery_octets(const struct delivery *d)
{
    return d->message ? message_octets(d->message) : 0;
}

struct delivery *delivery_new(struct message *m, uint8_t qos, bool is_retained,
                              const uint32_t *ids, uint32_t n)
{
    struct delivery *d = mem_new(1, sizeof *d + n * sizeof *ids);
    d->message = m ? message_ref(m) : NULL;
    d->qos = qos;
    d->is_retained = is_retained;
    d->n_subscription_identifiers = n;
    if (n > 0)
        memcpy(d->subscription_identifiers, ids, n * sizeof *ids);
    return d;
}

void delivery_free(struct delivery *d)
{
    if (!d)
        return;
    message_unref(d->message);
    free(d);
}

void delivery_list_append(struct delivery_list *list, struct delivery *d)
{
    DL_APPEND2(list->first, d, previous, next);
    list->n++;
    list->n_octets += delivery_octets(d);
}

void delivery_list_remove(struct delivery_list *list, struct delivery *d)
{
    DL_DELETE2(list->first, d, previous, next);
    list->n--;
    list->n_octets -= delivery_octets(d);
}

void delivery_list_clear(struct delivery_list *list)
{
    while (list->first) {
        struct delivery *d = list->first;
        delivery_list_remove(list, d);
        delivery_free(d);
    }
}

/* ---- what is under way --------------------------------------------------- */

void inflight_clear(struct inflight *f)
{
    delivery_list_clear(&f->sent);
    delivery_list_clear(&f->released);
    table_clear(&f->by_id);
    free(f->incoming);
    memset(f, 0, sizeof *f);
}

static uint16_t free_packet_id(const struct inflight *f)
{
    uint16_t id = f->last_id;
    if (f->by_id.n >= MAX_PACKET_ID)
        die("no Packet Identifier is free");
    do
        id = id == MAX_PACKET_ID ? 1 : (uint16_t)(id + 1);
    while (inflight_find(f, id));
    return id;
}

void inflight_add(struct inflight *f, struct delivery *d)
{
    enum outgoing_event event =
        d->qos == 2 ? OUTGOING_PUBLISH_2 : OUTGOING_PUBLISH_1;
    d->packet_id = free_packet_id(f);
    d->state = outgoing_next(OUTGOING_FREE, event).next;
    inflight_restore(f, d);
}

void inflight_restore(struct inflight *f, struct delivery *d)
{
    bool is_released = d->state == OUTGOING_AWAIT_PUBCOMP;
    f->last_id = d->packet_id;
    table_add(&f->by_id, &d->link_of_table, d->packet_id);
    delivery_list_append(is_released ? &f->released : &f->sent, d);
}

struct delivery *inflight_find(const struct inflight *f, uint16_t packet_id)
{
    return (struct delivery *)table_find(&f->by_id, packet_id);
}

void inflight_release(struct inflight *f, struct delivery *d)
{
    delivery_list_remove(&f->sent, d);
    message_unref(d->message);
    d->message = NULL;
    d->state = OUTGOING_AWAIT_PUBCOMP;
    delivery_list_append(&f->released, d);
}

void inflight_remove(struct inflight *f, struct delivery *d)
{
    bool is_released = d->state == OUTGOING_AWAIT_PUBCOMP;
    table_remove(&f->by_id, &d->link_of_table);
    delivery_list_remove(is_released ? &f->released : &f->sent, d);
}

enum incoming_state inflight_incoming_state(const struct inflight *f,
                                            uint16_t packet_id)
{
    size_t octet = packet_id / 8u;
    if (octet >= f->incoming_capacity)
        return INCOMING_FREE;
    return f->incoming[octet] >> packet_id % 8u & 1 ? INCOMING_AWAIT_PUBREL
                                                    : INCOMING_FREE;
}

void inflight_incoming_set(struct inflight *f, uint16_t packet_id,
                           enum incoming_state state)
{
    size_t octet = packet_id / 8u;
    uint8_t bit = (uint8_t)(1u << packet_id % 8u);
    if (inflight_incoming_state(f, packet_id) == state)
        return;
    if (octet >= f->incoming_capacity) {
        size_t old = f->incoming_capacity;
        f->incoming_capacity = octet < 32 ? 32 : octet * 2;
        f->incoming = mem_grow(f->incoming, f->incoming_capacity, 1);
        memset(f->incoming + old, 0, f->incoming_capacity - old);
    }
    f->incoming[octet] ^= bit;
}
