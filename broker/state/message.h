// SPDX-License-Identifier: Apache-2.0
/* message.h -- an Application Message, held by everybody who still needs it.
 *
 * One allocation: the struct, then topic, properties and payload, copied once
 * from the PUBLISH. Reference-counted; never changed after message_new.
 */
#ifndef BROKER_STATE_MESSAGE_H
#define BROKER_STATE_MESSAGE_H

#include "codec/packet.h"

struct message {
    uint32_t n_references;
    uint8_t qos;      /* as published */
    bool is_retained; /* the RETAIN flag as published */
    bool has_expiry;
    uint64_t expires_ms; /* on the broker's clock; counts if has_expiry */
    uint64_t stored_id;  /* row in the store; 0: not stored */
    uint32_t n_stored;   /* deliveries in the store that need the row */
    uint64_t publisher; /* session id of the publisher, for No Local; 0: none */
    struct slice topic;
    struct slice payload;
    /* What is forwarded, encoded: Payload Format Indicator, Content Type,
     * Response Topic, Correlation Data, User Properties in their order. Message
     * Expiry Interval is made from expires_ms when the message is sent. */
    struct slice properties;
};

/* message_new copies a PUBLISH.
 *
 * topic     the Topic Name (an alias is already resolved)
 * publish   the packet; Topic Alias and Subscription Identifiers are dropped
 * now_ms    the broker's clock: expires_ms = now + Message Expiry Interval
 *
 * Returns it with one reference.
 */
struct message *message_new(struct slice topic, const struct publish *publish,
                            uint64_t now_ms);

/* message_ref takes one more reference and returns m. */
struct message *message_ref(struct message *m);

/* message_unref drops a reference, and the message with the last; NULL is fine.
 */
void message_unref(struct message *m);

/* message_octets tells what a message takes of the limits on octets. */
static inline size_t message_octets(const struct message *m)
{
    return m->topic.n + m->properties.n + m->payload.n;
}

/* message_is_expired tells whether its Message Expiry Interval has passed.
 * Spec: 5.0 s3.3.2.3.3 [MQTT-3.3.2-5].
 */
static inline bool message_is_expired(const struct message *m, uint64_t now_ms)
{
    return m->has_expiry && now_ms >= m->expires_ms;
}

/* message_to_publish fills a PUBLISH for sending on.
 *
 * publish   out: qos, packet_id, is_dup, is_retained are left to the caller;
 *           slices borrow from m. Message Expiry Interval is what is left of it
 *           in seconds, rounded up [MQTT-3.3.2-6]
 */
void message_to_publish(const struct message *m, uint64_t now_ms,
                        struct publish *publish);

#endif
