// SPDX-License-Identifier: Apache-2.0
/* encode.c -- from struct packet to octets.
 *
 * The size of each part is known before it is written, so a packet is written
 * once, front to back. Spec: 5.0 s2, s3; 3.1.1 s2, s3.
 */
#include "codec/encode.h"

#include "codec/frame.h"
#include "codec/props.h"

/* The lengths that have to be known before the octets can be written. */
struct sizes {
    size_t body;       /* the Remaining Length */
    size_t properties; /* the Property Length */
    size_t will;       /* the Property Length of the Will */
    bool has_reason;   /* ack, DISCONNECT, AUTH: not the shortest form */
    bool has_properties;
};

static size_t binary_size(struct slice s)
{
    return 2 + s.n;
}

/* block_size is a Property Length and its properties. */
static size_t block_size(size_t properties)
{
    return varint_size((uint32_t)properties) + properties;
}

static void size_connect(const struct connect *c, struct sizes *sizes)
{
    size_t name = c->version == MQTT_3_1 ? 8 : 6;
    size_t n = name + 4 + binary_size(c->client_id);
    if (c->version == MQTT_5_0) {
        sizes->properties = props_size(&c->properties);
        n += block_size(sizes->properties);
    }
    if (c->has_will) {
        n += binary_size(c->will.topic) + binary_size(c->will.payload);
        if (c->version == MQTT_5_0) {
            sizes->will = props_size(&c->will.properties);
            n += block_size(sizes->will);
        }
    }
    n += c->has_user_name ? binary_size(c->user_name) : 0;
    n += c->has_password ? binary_size(c->password) : 0;
    sizes->body = n;
}

/* size_reason sizes the end of an acknowledgement, DISCONNECT or AUTH: Reason
 * Code and properties, which are left out when they say nothing. */
static void size_reason(enum packet_type type, enum reason reason,
                        const struct properties *p, struct sizes *sizes)
{
    sizes->properties = props_size(p);
    sizes->has_properties = sizes->properties > 0;
    sizes->has_reason = sizes->has_properties || reason != REASON_SUCCESS;
    if (type == PACKET_AUTH) /* has no form with a Reason Code alone */
        sizes->has_properties = sizes->has_reason;
    sizes->body += sizes->has_reason ? 1 : 0;
    sizes->body += sizes->has_properties ? block_size(sizes->properties) : 0;
}

static size_t publish_size(const struct publish *p)
{
    return binary_size(p->topic) + (p->qos > 0 ? 2 : 0) + p->payload.n;
}

/* properties_of finds the properties of a packet that always has them in 5.0;
 * NULL for the other packets. */
static const struct properties *properties_of(const struct packet *packet)
{
    switch (packet->type) {
    case PACKET_CONNACK:
        return &packet->connack.properties;
    case PACKET_PUBLISH:
        return &packet->publish.properties;
    case PACKET_SUBSCRIBE:
        return &packet->subscribe.properties;
    case PACKET_UNSUBSCRIBE:
        return &packet->unsubscribe.properties;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        return &packet->suback.properties;
    case PACKET_RESERVED:
    case PACKET_CONNECT:
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        break;
    }
    return NULL;
}

/* size_body fills the lengths. Returns false for a packet that cannot be
 * written in that version. Long, since it is flat: one case for each type. */
static bool size_body(const struct packet *packet, enum mqtt_version version,
                      struct sizes *sizes)
{
    bool is_5 = version == MQTT_5_0;
    switch (packet->type) {
    case PACKET_RESERVED:
        return false;
    case PACKET_CONNECT:
        size_connect(&packet->connect, sizes);
        break;
    case PACKET_CONNACK:
        sizes->body = 2;
        if (!is_5 && reason_to_connack_3(packet->connack.reason) < 0)
            return false;
        break;
    case PACKET_PUBLISH:
        sizes->body = publish_size(&packet->publish);
        break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        sizes->body = 2;
        if (is_5)
            size_reason(packet->type, packet->ack.reason,
                        &packet->ack.properties, sizes);
        break;
    case PACKET_SUBSCRIBE:
        sizes->body = 2 + packet->subscribe.filters.n;
        break;
    case PACKET_UNSUBSCRIBE:
        sizes->body = 2 + packet->unsubscribe.filters.n;
        break;
    case PACKET_SUBACK:
        sizes->body = 2 + packet->suback.reasons.n;
        break;
    case PACKET_UNSUBACK:
        sizes->body = 2 + (is_5 ? packet->suback.reasons.n : 0);
        break;
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    case PACKET_DISCONNECT:
        if (is_5)
            size_reason(packet->type, packet->disconnect.reason,
                        &packet->disconnect.properties, sizes);
        break;
    case PACKET_AUTH:
        if (!is_5)
            return false;
        size_reason(packet->type, packet->auth.reason, &packet->auth.properties,
                    sizes);
        break;
    }
    const struct properties *p = is_5 ? properties_of(packet) : NULL;
    if (p) {
        sizes->properties = props_size(p);
        sizes->body += block_size(sizes->properties);
    }
    return sizes->body <= FRAME_MAX_REMAINING_LENGTH;
}

size_t packet_size(const struct packet *packet, enum mqtt_version version)
{
    struct sizes sizes = {0};
    if (!size_body(packet, version, &sizes))
        return 0;
    return 1 + varint_size((uint32_t)sizes.body) + sizes.body;
}

static void write_connect(struct writer *w, const struct connect *c,
                          const struct sizes *sizes)
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
    if (c->version == MQTT_5_0)
        props_write(w, &c->properties, sizes->properties);
    write_binary(w, c->client_id);
    if (c->has_will) {
        if (c->version == MQTT_5_0)
            props_write(w, &c->will.properties, sizes->will);
        write_binary(w, c->will.topic);
        write_binary(w, c->will.payload);
    }
    if (c->has_user_name)
        write_binary(w, c->user_name);
    if (c->has_password)
        write_binary(w, c->password);
}

static void write_connack(struct writer *w, const struct connack *c,
                          enum mqtt_version version, const struct sizes *sizes)
{
    /* 3.1 has no Session Present: the octet is reserved. */
    write_u8(w, c->is_session_present && version != MQTT_3_1);
    if (version != MQTT_5_0) {
        write_u8(w, (uint8_t)reason_to_connack_3(c->reason));
        return;
    }
    write_u8(w, (uint8_t)c->reason);
    props_write(w, &c->properties, sizes->properties);
}

static void write_publish(struct writer *w, const struct publish *p,
                          enum mqtt_version version, const struct sizes *sizes)
{
    write_binary(w, p->topic);
    if (p->qos > 0)
        write_u16(w, p->packet_id);
    if (version == MQTT_5_0)
        props_write(w, &p->properties, sizes->properties);
}

static void write_reason(struct writer *w, enum reason reason,
                         const struct properties *p, const struct sizes *sizes)
{
    if (sizes->has_reason)
        write_u8(w, (uint8_t)reason);
    if (sizes->has_properties)
        props_write(w, p, sizes->properties);
}

/* write_filters writes SUBSCRIBE and UNSUBSCRIBE, and UNSUBACK of 5.0. */
static void write_filters(struct writer *w, uint16_t packet_id,
                          const struct properties *p, struct slice payload,
                          enum mqtt_version version, const struct sizes *sizes)
{
    write_u16(w, packet_id);
    if (version == MQTT_5_0)
        props_write(w, p, sizes->properties);
    write_octets(w, payload);
}

static void write_suback(struct writer *w, const struct packet *packet,
                         enum mqtt_version version, const struct sizes *sizes)
{
    const struct suback *s = &packet->suback;
    bool is_5 = version == MQTT_5_0;
    write_filters(w, s->packet_id, &s->properties,
                  is_5 ? s->reasons : slice_of(NULL, 0), version, sizes);
    if (is_5 || packet->type == PACKET_UNSUBACK)
        return;
    for (size_t i = 0; i < s->reasons.n; i++)
        write_u8(w, s->reasons.data[i] >= 0x80 ? 0x80 : s->reasons.data[i]);
}

/* first_octet is the type with its flags. Spec: 5.0 s2.1.1. */
static uint8_t first_octet(const struct packet *packet)
{
    const struct publish *p = &packet->publish;
    unsigned flags = 0;
    if (packet->type == PACKET_PUBLISH)
        flags = (p->is_dup ? 8u : 0) | (unsigned)p->qos << 1 | p->is_retained;
    else if (packet->type == PACKET_PUBREL ||
             packet->type == PACKET_SUBSCRIBE ||
             packet->type == PACKET_UNSUBSCRIBE)
        flags = 2;
    return (uint8_t)((unsigned)packet->type << 4 | flags);
}

static void write_body(struct writer *w, const struct packet *packet,
                       enum mqtt_version version, const struct sizes *sizes)
{
    switch (packet->type) {
    case PACKET_CONNECT:
        write_connect(w, &packet->connect, sizes);
        break;
    case PACKET_CONNACK:
        write_connack(w, &packet->connack, version, sizes);
        break;
    case PACKET_PUBLISH:
        write_publish(w, &packet->publish, version, sizes);
        break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        write_u16(w, packet->ack.packet_id);
        write_reason(w, packet->ack.reason, &packet->ack.properties, sizes);
        break;
    case PACKET_SUBSCRIBE:
        write_filters(w, packet->subscribe.packet_id,
                      &packet->subscribe.properties, packet->subscribe.filters,
                      version, sizes);
        break;
    case PACKET_UNSUBSCRIBE:
        write_filters(w, packet->unsubscribe.packet_id,
                      &packet->unsubscribe.properties,
                      packet->unsubscribe.filters, version, sizes);
        break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        write_suback(w, packet, version, sizes);
        break;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        write_reason(w, packet->disconnect.reason,
                     &packet->disconnect.properties, sizes);
        break;
    case PACKET_RESERVED:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
}

size_t packet_encode(const struct packet *packet, enum mqtt_version version,
                     uint8_t *out, size_t n)
{
    struct sizes sizes = {0};
    if (packet->type == PACKET_CONNECT)
        version = packet->connect.version;
    if (!size_body(packet, version, &sizes))
        return 0;
    struct writer w = writer_of(out, n);
    write_u8(&w, first_octet(packet));
    write_varint(&w, (uint32_t)sizes.body);
    write_body(&w, packet, version, &sizes);
    return w.has_failed ? 0 : (size_t)(w.at - out);
}
