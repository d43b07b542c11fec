// SPDX-License-Identifier: Apache-2.0
/* encode.c -- from struct packet to octets.
 *
 * A packet is written once, front to back. A length that stands before what it
 * counts is measured by the same functions with a writer that has no room.
 * Spec: 5.0 s2, s3; 3.1.1 s2, s3.
 */
#include "codec/encode.h"

#include "codec/frame.h"
#include "codec/props.h"

/* can_be_written: what has no form in a version. */
static bool can_be_written(const struct packet *packet,
                           enum mqtt_version version)
{
    if (packet->type == PACKET_AUTH)
        return version == MQTT_5_0;
    if (packet->type == PACKET_CONNACK)
        return version == MQTT_5_0 ||
               reason_to_connack_3(packet->connack.reason) >= 0;
    return packet->type != PACKET_RESERVED;
}

/* write_properties: only 5.0 has them. */
static void write_properties(struct writer *w, const struct properties *p,
                             enum mqtt_version version)
{
    if (version == MQTT_5_0)
        props_write(w, p);
}

static void write_connect(struct writer *w, const struct connect *c)
{
    unsigned flags = (c->is_clean_start ? 0x02u : 0) |
                     (c->has_will ? 0x04u | (unsigned)c->will.qos << 3 |
                                        (c->will.is_retained ? 0x20u : 0)
                                  : 0) |
                     (c->has_password ? 0x40u : 0) |
                     (c->has_user_name ? 0x80u : 0);
    write_binary(w, slice_of_text(c->version == MQTT_3_1 ? "MQIsdp" : "MQTT"));
    write_u8(w, (uint8_t)c->version);
    write_u8(w, (uint8_t)flags);
    write_u16(w, c->keep_alive_s);
    write_properties(w, &c->properties, c->version);
    write_binary(w, c->client_id);
    if (c->has_will) {
        write_properties(w, &c->will.properties, c->version);
        write_binary(w, c->will.topic);
        write_binary(w, c->will.payload);
    }
    if (c->has_user_name)
        write_binary(w, c->user_name);
    if (c->has_password)
        write_binary(w, c->password);
}

static void write_connack(struct writer *w, const struct connack *c,
                          enum mqtt_version version)
{
    /* 3.1 has no Session Present: the octet is reserved. */
    write_u8(w, c->is_session_present && version != MQTT_3_1);
    write_u8(w,
             (uint8_t)(version == MQTT_5_0 ? (int)c->reason
                                           : reason_to_connack_3(c->reason)));
    write_properties(w, &c->properties, version);
}

static void write_publish(struct writer *w, const struct publish *p,
                          enum mqtt_version version)
{
    write_binary(w, p->topic);
    if (p->qos > 0)
        write_u16(w, p->packet_id);
    write_properties(w, &p->properties, version);
}

/* write_reason writes the end of an acknowledgement, DISCONNECT or AUTH: Reason
 * Code and properties, which are left out when they say nothing. */
static void write_reason(struct writer *w, enum packet_type type,
                         enum reason reason, const struct properties *p,
                         enum mqtt_version version)
{
    bool has_properties = p->present != 0;
    if (version != MQTT_5_0 || (reason == REASON_SUCCESS && !has_properties))
        return;
    write_u8(w, (uint8_t)reason);
    /* AUTH has no form with a Reason Code alone (5.0 s3.15.2.1). */
    if (has_properties || type == PACKET_AUTH)
        props_write(w, p);
}

/* write_filters writes SUBSCRIBE and UNSUBSCRIBE, and UNSUBACK of 5.0. */
static void write_filters(struct writer *w, uint16_t packet_id,
                          const struct properties *p, struct slice payload,
                          enum mqtt_version version)
{
    write_u16(w, packet_id);
    write_properties(w, p, version);
    write_octets(w, payload);
}

static void write_suback(struct writer *w, const struct packet *packet,
                         enum mqtt_version version)
{
    const struct suback *s = &packet->suback;
    bool is_5 = version == MQTT_5_0;
    write_filters(w, s->packet_id, &s->properties,
                  is_5 ? s->reasons : slice_of(NULL, 0), version);
    if (is_5 || packet->type == PACKET_UNSUBACK)
        return;
    for (size_t i = 0; i < s->reasons.n; i++)
        write_u8(w, s->reasons.data[i] >= 0x80 ? 0x80 : s->reasons.data[i]);
}

/* write_body writes what follows the Fixed Header, but not the payload of a
 * PUBLISH. */
static void write_body(struct writer *w, const struct packet *packet,
                       enum mqtt_version version)
{
    switch (packet->type) {
    case PACKET_CONNECT:
        write_connect(w, &packet->connect);
        break;
    case PACKET_CONNACK:
        write_connack(w, &packet->connack, version);
        break;
    case PACKET_PUBLISH:
        write_publish(w, &packet->publish, version);
        break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        write_u16(w, packet->ack.packet_id);
        write_reason(w, packet->type, packet->ack.reason,
                     &packet->ack.properties, version);
        break;
    case PACKET_SUBSCRIBE:
        write_filters(w, packet->subscribe.packet_id,
                      &packet->subscribe.properties, packet->subscribe.filters,
                      version);
        break;
    case PACKET_UNSUBSCRIBE:
        write_filters(w, packet->unsubscribe.packet_id,
                      &packet->unsubscribe.properties,
                      packet->unsubscribe.filters, version);
        break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        write_suback(w, packet, version);
        break;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        write_reason(w, packet->type, packet->disconnect.reason,
                     &packet->disconnect.properties, version);
        break;
    case PACKET_RESERVED:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
}

/* remaining_length measures the body and the payload. Returns false for a
 * packet that cannot be written in that version, or is too large. */
static bool remaining_length(const struct packet *packet,
                             enum mqtt_version version, size_t *n)
{
    struct writer measure = writer_of(NULL, 0);
    if (!can_be_written(packet, version))
        return false;
    write_body(&measure, packet, version);
    *n = measure.n;
    if (packet->type == PACKET_PUBLISH)
        *n += packet->publish.payload.n;
    return *n <= FRAME_MAX_REMAINING_LENGTH;
}

size_t packet_size(const struct packet *packet, enum mqtt_version version)
{
    size_t n;
    if (!remaining_length(packet, version, &n))
        return 0;
    return 1 + varint_size((uint32_t)n) + n;
}

/* first_octet is the type with its flags. Spec: 5.0 s2.1.1. */
static uint8_t first_octet(const struct packet *packet)
{
    const struct publish *p = &packet->publish;
    unsigned flags = packet_flags(packet->type);
    if (packet->type == PACKET_PUBLISH)
        flags = (p->is_dup ? 8u : 0) | (unsigned)p->qos << 1 | p->is_retained;
    return (uint8_t)((unsigned)packet->type << 4 | flags);
}

size_t packet_encode(const struct packet *packet, enum mqtt_version version,
                     uint8_t *out, size_t n)
{
    struct writer w = writer_of(out, n);
    size_t length;
    if (!remaining_length(packet, version, &length))
        return 0;
    write_u8(&w, first_octet(packet));
    write_varint(&w, (uint32_t)length);
    write_body(&w, packet, version);
    return w.has_failed ? 0 : w.n;
}
