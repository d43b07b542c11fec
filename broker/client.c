// SPDX-License-Identifier: Apache-2.0
/* client.c -- sending to a client what it is ready to take.
 *
 * Spec: 5.0 s3.1.2.11.4, s3.1.2.11.7.
 */
#include "client.h"

#include "codec/encode.h"

/* properties_of finds where a packet may have Reason String and User
 * Properties; NULL: nowhere. */
static struct properties *properties_of(struct packet *packet)
{
    switch (packet->type) {
    case PACKET_CONNACK:
        return &packet->connack.properties;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        return &packet->ack.properties;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        return &packet->suback.properties;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        return &packet->disconnect.properties;
    case PACKET_RESERVED:
    case PACKET_CONNECT:
    case PACKET_PUBLISH:
    case PACKET_SUBSCRIBE:
    case PACKET_UNSUBSCRIBE:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
    return NULL;
}

/* fits tells whether the client accepts a packet of that size. */
static bool fits(const struct client *c, const struct packet *packet)
{
    return c->maximum_packet_size == 0 ||
           packet_size(packet, c->version) <= c->maximum_packet_size;
}

void client_send(struct broker *b, struct client *c, struct packet *packet)
{
    struct properties *p = properties_of(packet);
    bool may_explain = packet->type == PACKET_CONNACK ||
                       packet->type == PACKET_DISCONNECT ||
                       c->wants_problem_information; /* [MQTT-3.1.2-29] */
    if (p && c->version != MQTT_5_0)
        p->present = 0; /* nor would the trace show them */
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
