// SPDX-License-Identifier: Apache-2.0
/* client.c -- sending to a client what it is ready to take.
 *
 * Spec: 5.0 s3.1.2.11.4, s3.1.2.11.7.
 */
#include "client.h"

#include "codec/encode.h"

/* refused_with finds the Reason Code with which a packet refuses; SUCCESS: it
 * does not. */
static enum reason refused_with(const struct packet *packet)
{
    enum reason reason = REASON_SUCCESS;
    const struct slice codes = packet->suback.reasons;
    if (packet->type == PACKET_CONNACK)
        reason = packet->connack.reason;
    else if (packet->type == PACKET_DISCONNECT)
        reason = packet->disconnect.reason;
    else if (packet->type >= PACKET_PUBACK && packet->type <= PACKET_PUBCOMP)
        reason = packet->ack.reason;
    else if (packet->type == PACKET_SUBACK)
        for (size_t i = 0; i < codes.n && reason < 0x80; i++)
            reason = codes.data[i];
    return reason < 0x80 ? REASON_SUCCESS : reason;
}

/* explain gives a packet that refuses its Reason String. */
static void explain(const struct client *c, const struct packet *packet,
                    struct properties *p)
{
    enum reason reason = refused_with(packet);
    const char *why = c->why ? c->why : reason_name(reason);
    if (reason == REASON_SUCCESS || *why == '\0')
        return;
    properties_set(p, PROPERTY_REASON_STRING);
    p->reason_string = slice_of_text(why);
}

/* fits tells whether the client accepts a packet of that size. */
static bool fits(const struct client *c, const struct packet *packet)
{
    return c->maximum_packet_size == 0 ||
           packet_size(packet, c->version) <= c->maximum_packet_size;
}

enum reason client_blame(struct client *c, enum reason reason, const char *why)
{
    c->why = why;
    return reason;
}

enum reason client_check_message(struct client *c, uint8_t qos,
                                 bool is_retained, const struct properties *p)
{
    if (qos > c->options->maximum_qos)
        return client_blame(c, REASON_QOS_NOT_SUPPORTED,
                            "the QoS is above the Maximum QoS");
    if (is_retained && !c->options->retain_available)
        return client_blame(c, REASON_RETAIN_NOT_SUPPORTED,
                            "RETAIN is set, but retain is not available");
    if (properties_has(p, PROPERTY_RESPONSE_TOPIC) &&
        !topic_name_is_valid(p->response_topic))
        return client_blame(c, REASON_PROTOCOL_ERROR,
                            "the Response Topic is no Topic Name");
    return REASON_SUCCESS;
}

void client_send(struct broker *b, struct client *c, struct packet *packet)
{
    struct properties *p = packet_properties(packet);
    bool may_explain = packet->type == PACKET_CONNACK ||
                       packet->type == PACKET_DISCONNECT ||
                       c->wants_problem_information; /* [MQTT-3.1.2-29] */
    if (p && c->version != MQTT_5_0)
        p->present = 0; /* nor would the trace show them */
    else if (p)
        explain(c, packet, p);
    if (p && !may_explain) {
        properties_unset(p, PROPERTY_REASON_STRING);
        properties_unset(p, PROPERTY_USER_PROPERTY);
    }
    if (p && !fits(c, packet))
        properties_unset(p, PROPERTY_USER_PROPERTY);
    if (p && !fits(c, packet))
        properties_unset(p, PROPERTY_REASON_STRING);
    if (!fits(c, packet)) {
        log_line(b->log, LOG_WARNING, "%s: %s is too large for the client",
                 c->conn->peer, packet_type_name(packet->type));
        return; /* [MQTT-3.1.2-24] */
    }
    conn_send(c->conn, packet, NULL);
}
