// SPDX-License-Identifier: Apache-2.0
/* on_publish.c -- PUBLISH and its acknowledgements.
 *
 * Spec: 5.0 s3.3 to s3.7, s4.3; 3.1.1 s3.3 to s3.7, s4.3; manual: Publish
 * Authorization Failures.
 */
#include "on_publish.h"

#include <stdlib.h>

#include "address.h"
#include "base/die.h"
#include "client.h"

/* remember_alias notes what a Topic Alias stands for from now on. */
static void remember_alias(struct client *c, uint16_t alias, struct slice topic)
{
    size_t had = c->aliases_capacity;
    c->aliases =
        mem_more(c->aliases, alias, &c->aliases_capacity, sizeof *c->aliases);
    for (size_t i = had; i < c->aliases_capacity; i++)
        c->aliases[i] = (struct incoming_alias){0};
    struct incoming_alias *known = &c->aliases[alias];
    if (slice_equals(slice_of(known->topic, known->n), topic))
        return;
    free(known->topic);
    known->topic = mem_dup(topic.data, topic.n);
    known->n = topic.n;
}

/* resolve_topic finds the Topic Name, through its alias if it has one.
 * [MQTT-3.3.2-7..12]; 5.0 s3.3.2.3.4. */
static enum reason resolve_topic(struct client *c, const struct publish *p,
                                 struct slice *topic)
{
    uint16_t alias = p->properties.topic_alias;
    *topic = p->topic;
    if (!properties_has(&p->properties, PROPERTY_TOPIC_ALIAS)) {
        /* 5.0 s3.3.2.1: no topic and no alias is a Protocol Error. */
        if (topic->n == 0)
            return client_blame(c, REASON_PROTOCOL_ERROR,
                                "neither a Topic Name nor a Topic Alias");
        return topic_name_is_valid(*topic) ? REASON_SUCCESS
                                           : REASON_TOPIC_NAME_INVALID;
    }
    if (alias == 0 || alias > c->topic_alias_maximum)
        return client_blame(c, REASON_TOPIC_ALIAS_INVALID,
                            "the Topic Alias is 0, or above the maximum");
    if (topic->n > 0) {
        if (!topic_name_is_valid(*topic))
            return REASON_TOPIC_NAME_INVALID;
        remember_alias(c, alias, *topic);
        return REASON_SUCCESS;
    }
    if (alias >= c->aliases_capacity || !c->aliases[alias].topic)
        return client_blame(c, REASON_PROTOCOL_ERROR,
                            "the Topic Alias stands for no topic yet");
    *topic = slice_of(c->aliases[alias].topic, c->aliases[alias].n);
    return REASON_SUCCESS;
}

/* check_publish looks at what a client may never send. */
static enum reason check_publish(struct client *c, const struct publish *p)
{
    const struct properties *props = &p->properties;
    if (properties_has(props, PROPERTY_SUBSCRIPTION_IDENTIFIER))
        return client_blame(c, REASON_PROTOCOL_ERROR, /* [MQTT-3.3.4-6] */
                            "a Subscription Identifier in a client's PUBLISH");
    return client_check_message(c, p->qos, p->is_retained, props);
}

/* why_refused tells why a message may not be published: NOT_AUTHORIZED,
 * QUOTA_EXCEEDED; SUCCESS if it may. */
static enum reason why_refused(const struct broker *b, struct client *c,
                               const struct publish *p, struct slice topic)
{
    if (topic_is_sys(topic))
        return client_blame(c, REASON_NOT_AUTHORIZED,
                            "$SYS is the server's to publish");
    if (!broker_takes_levels(b, topic))
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the Topic Name has too many levels");
    if (p->is_retained && p->payload.n > 0 && !broker_may_retain(b, topic))
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the server has too many retained messages");
    if (!security_may_publish(b->security, c->user,
                              session_client_id(c->session), topic))
        return client_blame(c, REASON_NOT_AUTHORIZED,
                            "not allowed to publish to this Topic Name");
    return REASON_SUCCESS;
}

/* acknowledge answers a PUBLISH of QoS 1 or 2 [MQTT-3.3.4-1]. */
static void acknowledge(struct broker *b, struct client *c,
                        const struct publish *p, enum reason reason)
{
    struct packet packet;
    if (p->qos == 0)
        return;
    packet.type = p->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC;
    packet.ack.packet_id = p->packet_id;
    packet.ack.reason = c->version == MQTT_5_0 ? reason : REASON_SUCCESS;
    packet.ack.properties.present = 0;
    client_send(b, c, &packet);
}

/* refuse answers a PUBLISH that is well-formed and not allowed. 5.0 has codes
 * for that; 3.1.1 leaves the choice between a close and a positive answer, and
 * the acceptor makes it; 3.1 always answers. Manual: Publish Authorization
 * Failures; 3.1.1 [MQTT-3.3.5-2]. */
static enum reason refuse(struct broker *b, struct client *c,
                          const struct publish *p, struct slice topic,
                          enum reason reason)
{
    bool is_5 = c->version == MQTT_5_0;
    log_line(b->log, LOG_INFO, "%s: PUBLISH refused, %s", c->conn->peer,
             reason_name(reason));
    b->counters.n_publish_dropped++;
    if (c->version == MQTT_3_1_1 && reason == REASON_NOT_AUTHORIZED &&
        !topic_is_sys(topic) &&
        c->options->close_on_publish_authorization_failure)
        return reason;
    if (p->qos == 2)
        session_on_publish_2(c->session, p->packet_id, is_5);
    acknowledge(b, c, p, reason);
    return REASON_SUCCESS;
}

/* accept_message routes what may be published. */
static void accept_message(struct broker *b, struct client *c,
                           const struct publish *p, struct slice topic)
{
    struct message *m = message_new(topic, p, b->now_ms);
    m->publisher = c->session->id;
    address_set_expiry(b->config, m, b->now_ms);
    b->counters.n_publish_in++;
    broker_publish(b, m);
    message_unref(m);
}

/* is_repeat tells whether this message was accepted already. */
static bool is_repeat(const struct client *c, const struct publish *p)
{
    return p->qos == 2 &&
           inflight_incoming_state(&c->session->inflight, p->packet_id) ==
               INCOMING_AWAIT_PUBREL;
}

/* exceeds_quota tells whether a new QoS 2 message is one too many for the
 * Receive Maximum that we gave. QoS 1 is acknowledged at once and never counts.
 * [MQTT-3.3.4-7]; 5.0 s4.9. */
static bool exceeds_quota(const struct client *c, const struct publish *p)
{
    return c->version == MQTT_5_0 && c->receive_quota == 0 && !is_repeat(c, p);
}

/* on_publish_2 handles a QoS 2 message that may be published. A repeat is only
 * acknowledged again [MQTT-4.3.3-10]. */
static enum reason on_publish_2(struct broker *b, struct client *c,
                                const struct publish *p, struct slice topic)
{
    if (exceeds_quota(c, p))
        return REASON_RECEIVE_MAXIMUM_EXCEEDED;
    if (session_on_publish_2(c->session, p->packet_id, false)) {
        if (c->version == MQTT_5_0)
            c->receive_quota--;
        accept_message(b, c, p, topic);
    }
    acknowledge(b, c, p, REASON_SUCCESS);
    return REASON_SUCCESS;
}

enum reason on_publish(struct broker *b, struct client *c,
                       struct packet *packet)
{
    const struct publish *p = &packet->publish;
    struct slice topic;
    enum reason reason = check_publish(c, p);
    if (reason == REASON_SUCCESS)
        reason = resolve_topic(c, p, &topic);
    if (reason != REASON_SUCCESS)
        return reason;
    /* To refuse a repeat would take back what PUBREC said of the first. */
    if (!is_repeat(c, p))
        reason = why_refused(b, c, p, topic);
    if (reason != REASON_SUCCESS)
        return refuse(b, c, p, topic, reason);
    if (p->qos == 2)
        return on_publish_2(b, c, p, topic);
    accept_message(b, c, p, topic);
    acknowledge(b, c, p, REASON_SUCCESS);
    return REASON_SUCCESS;
}

enum reason on_ack(struct broker *b, struct client *c, struct packet *packet)
{
    enum reason reason =
        session_on_ack(c->session, packet->type, &packet->ack, b->now_ms);
    return reason == REASON_SUCCESS
               ? reason
               : client_blame(c, reason,
                              "not the packet that is due for this "
                              "Packet Identifier");
}

enum reason on_pubrel(struct broker *b, struct client *c, struct packet *packet)
{
    struct packet answer = {.type = PACKET_PUBCOMP};
    enum reason reason = session_on_pubrel(c->session, packet->ack.packet_id);
    if (reason == REASON_SUCCESS && c->receive_quota < c->receive_maximum)
        c->receive_quota++;
    answer.ack.packet_id = packet->ack.packet_id;
    answer.ack.reason = c->version == MQTT_5_0 ? reason : REASON_SUCCESS;
    client_send(b, c, &answer);
    return REASON_SUCCESS;
}
