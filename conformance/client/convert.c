/* SPDX-License-Identifier: Apache-2.0 */
/* convert.c -- between Paho's properties and messages, and the harness's. */
#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

void property_add(MQTTProperties *out, enum MQTTPropertyCodes id, uint64_t opt)
{
    MQTTProperty property = {.identifier = id};
    if (!wire_is_set(opt))
        return;
    uint32_t value = wire_value(opt, 0);
    switch (MQTTProperty_getType(id)) {
    case MQTTPROPERTY_TYPE_BYTE:
        property.value.byte = (unsigned char)value;
        break;
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
        property.value.integer2 = (unsigned short)value;
        break;
    default:
        property.value.integer4 = value;
        break;
    }
    MQTTProperties_add(out, &property);
}

static void add_octets(MQTTProperties *out, enum MQTTPropertyCodes id,
                       struct wire_bytes octets)
{
    MQTTProperty property = {.identifier = id};
    if (!octets.text)
        return;
    property.value.data.data = (char *)(uintptr_t)octets.text;
    property.value.data.len = (int)wire_len(octets);
    MQTTProperties_add(out, &property);
}

void properties_from(MQTTProperties *out, const struct wire_props *p)
{
    struct wire_bytes name, value;
    struct wire_cursor at = {0};
    property_add(out, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR,
                 p->payload_format_indicator);
    property_add(out, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
                 p->message_expiry_interval_s);
    add_octets(out, MQTTPROPERTY_CODE_CONTENT_TYPE, p->content_type);
    add_octets(out, MQTTPROPERTY_CODE_RESPONSE_TOPIC, p->response_topic);
    add_octets(out, MQTTPROPERTY_CODE_CORRELATION_DATA, p->correlation_data);
    property_add(out, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL,
                 p->will_delay_interval_s);
    property_add(out, MQTTPROPERTY_CODE_TOPIC_ALIAS, p->topic_alias);
    while (wire_next_user_property(p, &at, &name, &value)) {
        MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
        property.value.data.data = (char *)(uintptr_t)name.text;
        property.value.data.len = (int)wire_len(name);
        property.value.value.data = (char *)(uintptr_t)value.text;
        property.value.value.len = (int)wire_len(value);
        MQTTProperties_add(out, &property);
    }
}

/* Paho ends no string with a NUL, and an empty slice must point to one. */
static struct wire_bytes slice(MQTTLenString text)
{
    return SLICE(text.len > 0 ? text.data : "", (size_t)text.len);
}

static void take_property(struct wire_props *p, const MQTTProperty *property)
{
    size_t n = p->n_user_properties, k = p->n_subscription_identifiers;
    switch (property->identifier) {
    case MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR:
        p->payload_format_indicator = OPT(property->value.byte);
        break;
    case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL:
        p->message_expiry_interval_s = OPT(property->value.integer4);
        break;
    case MQTTPROPERTY_CODE_CONTENT_TYPE:
        p->content_type = slice(property->value.data);
        break;
    case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
        p->response_topic = slice(property->value.data);
        break;
    case MQTTPROPERTY_CODE_CORRELATION_DATA:
        p->correlation_data = slice(property->value.data);
        break;
    case MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER:
        if (k < WIRE_MAX_IDENTIFIERS)
            p->subscription_identifier[k] = OPT(property->value.integer4);
        p->n_subscription_identifiers++;
        break;
    case MQTTPROPERTY_CODE_USER_PROPERTY:
        if (n < WIRE_MAX_PAIRS)
            p->user_property[n] =
                (struct wire_pair){slice(property->value.data).text,
                                   slice(property->value.value).text,
                                   (size_t)property->value.data.len,
                                   (size_t)property->value.value.len};
        p->n_user_properties++;
        break;
    default:
        break;
    }
}

struct wire_packet *packet_from(const char *topic, int n_topic,
                                const MQTTAsync_message *message)
{
    static const enum wire_version version = WIRE_5_0;
    struct wire_packet packet = {
        .type = WIRE_PUBLISH,
        .topic = SLICE(topic, n_topic ? (size_t)n_topic : strlen(topic)),
        .payload = SLICE(message->payloadlen > 0 ? message->payload : "",
                         (size_t)message->payloadlen),
        .qos = (uint8_t)message->qos,
        .retain = (uint8_t)message->retained,
        .dup = (uint8_t)message->dup,
        .packet_id = 1};
    for (int i = 0; i < message->properties.count; i++)
        take_property(&packet.props, &message->properties.array[i]);
    /* Written and read again, all slices point into one block. */
    size_t n = wire_write(version, &packet, NULL, 0), total;
    unsigned char *octets = malloc(n + 1);
    struct wire_packet read;
    if (!octets)
        abort();
    wire_write(version, &packet, octets, n);
    wire_read(version, WIRE_ANYBODY, octets, n, &read, &total, NULL);
    struct wire_packet *copy = wire_dup(&read);
    free(octets);
    return copy;
}

void properties_unique(struct t *t, MQTTProperties *out,
                       const struct wire_props *props)
{
    struct wire_props unique = *props;
    unique.response_topic = t_unique_topic(t, props->response_topic);
    properties_from(out, &unique);
}
