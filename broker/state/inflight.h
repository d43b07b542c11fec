// SPDX-License-Identifier: Apache-2.0
/* inflight.h -- QoS 1 and 2 as tables, for both directions.
 *
 * Sending and receiving are two small machines. Their next-state functions are
 * pure tables, tested over every pair of state and event. The containers hold
 * what is under way in one session, by Packet Identifier.
 * Expected size: tens of entries, 65,535 at most.
 * Spec: 5.0 s4.3, s4.4; 3.1.1 s4.3, s4.4.
 */
#ifndef BROKER_STATE_INFLIGHT_H
#define BROKER_STATE_INFLIGHT_H

#include "state/message.h"
#include "state/table.h"

/* What the sender of one PUBLISH waits for. */
enum outgoing_state {
    OUTGOING_FREE,
    OUTGOING_AWAIT_PUBACK,
    OUTGOING_AWAIT_PUBREC,
    OUTGOING_AWAIT_PUBCOMP,
};
#define OUTGOING_N_STATES 4

enum outgoing_event {
    OUTGOING_PUBLISH_1,     /* we send a PUBLISH with QoS 1 */
    OUTGOING_PUBLISH_2,     /* ... QoS 2 */
    OUTGOING_PUBACK,        /* we receive PUBACK, whatever its Reason Code */
    OUTGOING_PUBREC,        /* PUBREC with a Reason Code below 0x80 */
    OUTGOING_PUBREC_FAILED, /* PUBREC of 0x80 and above (5.0) */
    OUTGOING_PUBCOMP,
};
#define OUTGOING_N_EVENTS 6

/* What to send in answer. */
enum outgoing_action {
    OUTGOING_NOTHING,
    OUTGOING_SEND_PUBREL,
    OUTGOING_SEND_PUBREL_NOT_FOUND, /* 0x92: PUBREC for an unknown id */
    OUTGOING_PROTOCOL_ERROR,        /* an acknowledgement of the wrong kind */
};

struct outgoing_step {
    enum outgoing_state next;
    enum outgoing_action action;
};

/* outgoing_next is the sender's machine: pure. */
struct outgoing_step outgoing_next(enum outgoing_state state,
                                   enum outgoing_event event);

/* What the receiver of one QoS 2 PUBLISH waits for. */
enum incoming_state {
    INCOMING_FREE,
    INCOMING_AWAIT_PUBREL,
};
#define INCOMING_N_STATES 2

enum incoming_event {
    INCOMING_PUBLISH_2,
    INCOMING_PUBLISH_2_REFUSED, /* answered by PUBREC of 0x80 and above */
    INCOMING_PUBREL,
};
#define INCOMING_N_EVENTS 3

enum incoming_action {
    INCOMING_NOTHING,
    INCOMING_DELIVER_AND_PUBREC,
    INCOMING_PUBREC_ONLY, /* a repeat: acknowledge, do not deliver again */
    INCOMING_PUBREC_FAILED,
    INCOMING_PUBCOMP,
    INCOMING_PUBCOMP_NOT_FOUND, /* 0x92 in 5.0, plain in 3.x */
};

struct incoming_step {
    enum incoming_state next;
    enum incoming_action action;
};

/* incoming_next is the receiver's machine: pure. */
struct incoming_step incoming_next(enum incoming_state state,
                                   enum incoming_event event);

/* A message for one session: under way, or waiting for its turn. */
struct delivery {
    struct table_link link_of_table; /* by Packet Identifier */
    struct delivery *next;           /* in the order of sending */
    struct delivery *previous;       /* of the first: the last */
    struct message *message;         /* a reference; NULL after PUBREC */
    uint16_t packet_id;              /* 0: still queued, or QoS 0 */
    uint8_t qos;                     /* as delivered */
    bool is_retained;                /* the RETAIN flag to send */
    bool was_sent;    /* on any connection: DUP when sent again */
    bool holds_quota; /* counts against the Receive Maximum */
    enum outgoing_state state;
    uint64_t stored_id;      /* row in the store; 0: not stored */
    uint64_t share_group_id; /* of a shared subscription; 0: ordinary */
    uint32_t n_subscription_identifiers;
    uint32_t subscription_identifiers[]; /* of all matching subscriptions */
};

/* A list of deliveries, first to last; zeroed is empty. */
struct delivery_list {
    struct delivery *first;
    size_t n;
    size_t n_octets; /* payloads and topics together */
};

/* delivery_octets counts a delivery's payload and topic. */
size_t delivery_octets(const struct delivery *d);

/* delivery_new makes a delivery; takes its own reference to the message.
 *
 * m        NULL: only its PUBREL is still under way (from the store)
 * ids, n   Subscription Identifiers, copied; n may be 0
 */
struct delivery *delivery_new(struct message *m, uint8_t qos, bool is_retained,
                              const uint32_t *ids, uint32_t n);

/* delivery_free drops the reference and frees; NULL is fine. */
void delivery_free(struct delivery *d);

void delivery_list_append(struct delivery_list *list, struct delivery *d);
void delivery_list_remove(struct delivery_list *list, struct delivery *d);
void delivery_list_clear(struct delivery_list *list);

/* All that one session has under way in both directions; zeroed is empty. */
struct inflight {
    struct delivery_list sent;     /* PUBLISH, by order of first sending */
    struct delivery_list released; /* PUBREL, by order of PUBREC */
    struct table by_id;            /* identifiers are their own hashes */
    uint16_t last_id;              /* where the search for a free id goes on */
    uint8_t *incoming;             /* bitmap of ids in INCOMING_AWAIT_PUBREL */
    size_t incoming_capacity;      /* in octets */
};

/* inflight_clear frees everything. */
void inflight_clear(struct inflight *f);

/* inflight_add gives a delivery a free Packet Identifier and takes it over, in
 * AWAIT_PUBACK or AWAIT_PUBREC by its qos. Dies if none is free: the send quota
 * is at most 65,535. Spec: [MQTT-2.2.1-4] (5.0), [MQTT-2.3.1-4] (3.1.1).
 */
void inflight_add(struct inflight *f, struct delivery *d);

/* inflight_restore is inflight_add for a delivery that has its identifier and
 * state already (from the store).
 */
void inflight_restore(struct inflight *f, struct delivery *d);

/* inflight_find gives the delivery with that identifier; NULL: none. */
struct delivery *inflight_find(const struct inflight *f, uint16_t packet_id);

/* inflight_release moves a delivery on to AWAIT_PUBCOMP after PUBREC: its
 * message is let go, its identifier stays [MQTT-4.3.3-6].
 */
void inflight_release(struct inflight *f, struct delivery *d);

/* inflight_remove takes a delivery out; the caller frees it. */
void inflight_remove(struct inflight *f, struct delivery *d);

/* inflight_incoming_state and _set keep the receiver's states by identifier. */
enum incoming_state inflight_incoming_state(const struct inflight *f,
                                            uint16_t packet_id);
void inflight_incoming_set(struct inflight *f, uint16_t packet_id,
                           enum incoming_state state);

#endif
