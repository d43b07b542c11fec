// SPDX-License-Identifier: Apache-2.0
/* props.c -- the properties of MQTT 5.0, in one table.
 *
 * Reader and writer walk the same rows; a row says where the value lies in
 * struct properties. User Properties and Subscription Identifiers, which may
 * stand more than once, have their own few lines.
 * Spec: 5.0 s2.2.2, table 2-4.
 */
#include "codec/props.h"

#include <string.h>

#include "base/utf8.h"

#define IN PROPERTY_IN
#define CONNECT IN(PACKET_CONNECT)
#define CONNACK IN(PACKET_CONNACK)
#define PUBLISH IN(PACKET_PUBLISH)
#define ACKS                                                                   \
    (IN(PACKET_PUBACK) | IN(PACKET_PUBREC) | IN(PACKET_PUBREL) |               \
     IN(PACKET_PUBCOMP))
#define SUBSCRIBE IN(PACKET_SUBSCRIBE)
#define SUBACKS (IN(PACKET_SUBACK) | IN(PACKET_UNSUBACK))
#define DISCONNECT IN(PACKET_DISCONNECT)
#define AUTH IN(PACKET_AUTH)
#define WILL PROPERTY_IN_WILL
#define ANY                                                                    \
    (CONNECT | CONNACK | PUBLISH | ACKS | SUBSCRIBE | SUBACKS |                \
     IN(PACKET_UNSUBSCRIBE) | DISCONNECT | AUTH | WILL)

#define BYTE PROPERTY_TYPE_BYTE
#define TWO PROPERTY_TYPE_TWO_BYTE_INTEGER
#define FOUR PROPERTY_TYPE_FOUR_BYTE_INTEGER
#define VARIABLE PROPERTY_TYPE_VARIABLE_BYTE_INTEGER
#define STRING PROPERTY_TYPE_UTF8_STRING
#define BINARY PROPERTY_TYPE_BINARY_DATA
#define PAIR PROPERTY_TYPE_UTF8_STRING_PAIR
#define AT(field) offsetof(struct properties, field)

/* Indexed by identifier; rows without a name are not on the wire. */
static const struct property_rule rules[] = {
    /* clang-format off */
    [0x00] = {.type = PROPERTY_TYPE_ENCODED},
    [0x01] = {0x01, BYTE, "Payload Format Indicator", AT(payload_format_indicator), PUBLISH | WILL, false, 0, 1},
    [0x02] = {0x02, FOUR, "Message Expiry Interval", AT(message_expiry_interval_s), PUBLISH | WILL, false, 0, UINT32_MAX},
    [0x03] = {0x03, STRING, "Content Type", AT(content_type), PUBLISH | WILL, false, 0, 0},
    [0x08] = {0x08, STRING, "Response Topic", AT(response_topic), PUBLISH | WILL, false, 0, 0},
    [0x09] = {0x09, BINARY, "Correlation Data", AT(correlation_data), PUBLISH | WILL, false, 0, 0},
    [0x0B] = {0x0B, VARIABLE, "Subscription Identifier", AT(subscription_identifier), PUBLISH | SUBSCRIBE, true, 1, 268435455},
    [0x11] = {0x11, FOUR, "Session Expiry Interval", AT(session_expiry_interval_s), CONNECT | CONNACK | DISCONNECT, false, 0, UINT32_MAX},
    [0x12] = {0x12, STRING, "Assigned Client Identifier", AT(assigned_client_identifier), CONNACK, false, 0, 0},
    [0x13] = {0x13, TWO, "Server Keep Alive", AT(server_keep_alive_s), CONNACK, false, 0, UINT16_MAX},
    [0x15] = {0x15, STRING, "Authentication Method", AT(authentication_method), CONNECT | CONNACK | AUTH, false, 0, 0},
    [0x16] = {0x16, BINARY, "Authentication Data", AT(authentication_data), CONNECT | CONNACK | AUTH, false, 0, 0},
    [0x17] = {0x17, BYTE, "Request Problem Information", AT(request_problem_information), CONNECT, false, 0, 1},
    [0x18] = {0x18, FOUR, "Will Delay Interval", AT(will_delay_interval_s), WILL, false, 0, UINT32_MAX},
    [0x19] = {0x19, BYTE, "Request Response Information", AT(request_response_information), CONNECT, false, 0, 1},
    [0x1A] = {0x1A, STRING, "Response Information", AT(response_information), CONNACK, false, 0, 0},
    [0x1C] = {0x1C, STRING, "Server Reference", AT(server_reference), CONNACK | DISCONNECT, false, 0, 0},
    [0x1F] = {0x1F, STRING, "Reason String", AT(reason_string), CONNACK | ACKS | SUBACKS | DISCONNECT | AUTH, false, 0, 0},
    [0x21] = {0x21, TWO, "Receive Maximum", AT(receive_maximum), CONNECT | CONNACK, false, 1, UINT16_MAX},
    [0x22] = {0x22, TWO, "Topic Alias Maximum", AT(topic_alias_maximum), CONNECT | CONNACK, false, 0, UINT16_MAX},
    [0x23] = {0x23, TWO, "Topic Alias", AT(topic_alias), PUBLISH, false, 0, UINT16_MAX},
    [0x24] = {0x24, BYTE, "Maximum QoS", AT(maximum_qos), CONNACK, false, 0, 1},
    [0x25] = {0x25, BYTE, "Retain Available", AT(retain_available), CONNACK, false, 0, 1},
    [0x26] = {0x26, PAIR, "User Property", AT(user_properties), ANY, true, 0, 0},
    [0x27] = {0x27, FOUR, "Maximum Packet Size", AT(maximum_packet_size_octets), CONNECT | CONNACK, false, 1, UINT32_MAX},
    [0x28] = {0x28, BYTE, "Wildcard Subscription Available", AT(wildcard_subscription_available), CONNACK, false, 0, 1},
    [0x29] = {0x29, BYTE, "Subscription Identifier Available", AT(subscription_identifier_available), CONNACK, false, 0, 1},
    [0x2A] = {0x2A, BYTE, "Shared Subscription Available", AT(shared_subscription_available), CONNACK, false, 0, 1},
    /* clang-format on */
};

#define N_RULES (sizeof rules / sizeof rules[0])

const struct property_rule *property_rule(uint32_t id)
{
    return id < N_RULES && rules[id].name ? &rules[id] : NULL;
}

/* read_value reads one value into its field. User Properties stay encoded: see
 * struct properties. */
static enum reason read_value(struct reader *r,
                              const struct property_rule *rule,
                              struct properties *p)
{
    void *field = (char *)p + rule->field;
    uint32_t value = 0;
    switch (rule->type) {
    case PROPERTY_TYPE_BYTE:
        value = *(uint8_t *)field = read_u8(r);
        break;
    case PROPERTY_TYPE_TWO_BYTE_INTEGER:
        value = *(uint16_t *)field = read_u16(r);
        break;
    case PROPERTY_TYPE_FOUR_BYTE_INTEGER:
        value = *(uint32_t *)field = read_u32(r);
        break;
    case PROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
        value = read_varint(r);
        if (p->n_subscription_identifiers++ == 0)
            p->subscription_identifier = value;
        break;
    case PROPERTY_TYPE_UTF8_STRING:
        *(struct slice *)field = utf8_read(r);
        break;
    case PROPERTY_TYPE_BINARY_DATA:
        *(struct slice *)field = read_binary(r);
        break;
    case PROPERTY_TYPE_UTF8_STRING_PAIR:
        utf8_read(r);
        utf8_read(r);
        break;
    case PROPERTY_TYPE_ENCODED: /* is never read */
        break;
    }
    if (r->has_failed)
        return REASON_MALFORMED_PACKET;
    return value < rule->minimum || value > rule->maximum
               ? REASON_PROTOCOL_ERROR
               : REASON_SUCCESS;
}

/* may_repeat: SUBSCRIBE may have one Subscription Identifier, PUBLISH many. */
static bool may_repeat(const struct property_rule *rule, unsigned where)
{
    return rule->may_repeat && !(rule->id == PROPERTY_SUBSCRIPTION_IDENTIFIER &&
                                 where == IN(PACKET_SUBSCRIBE));
}

enum reason props_read_block(struct slice block, unsigned where,
                             struct properties *p)
{
    struct reader r = reader_of(block);
    p->present = 0;
    p->n_subscription_identifiers = 0;
    p->subscription_identifiers = NULL;
    p->user_properties = block;
    while (reader_left(&r) > 0) {
        const struct property_rule *rule = property_rule(read_varint(&r));
        if (r.has_failed || !rule || !(rule->packets & where))
            return REASON_MALFORMED_PACKET;
        if (properties_has(p, rule->id) && !may_repeat(rule, where))
            return REASON_PROTOCOL_ERROR;
        enum reason reason = read_value(&r, rule, p);
        if (reason != REASON_SUCCESS)
            return reason;
        properties_set(p, rule->id);
    }
    if (!properties_has(p, PROPERTY_USER_PROPERTY))
        p->user_properties = slice_of(NULL, 0);
    return REASON_SUCCESS;
}

enum reason props_read(struct reader *r, unsigned where, struct properties *p)
{
    struct slice block = read_octets(r, read_varint(r));
    enum reason reason = props_read_block(block, where, p);
    return r->has_failed ? REASON_MALFORMED_PACKET : reason;
}

/* user_property_octets cuts the next encoded User Property, identifier
 * included, out of a run of properties; empty when there is none. */
static struct slice user_property_octets(struct reader *r)
{
    struct properties ignored = {0};
    while (reader_left(r) > 0) {
        const uint8_t *start = r->at;
        const struct property_rule *rule = property_rule(read_varint(r));
        if (!rule)
            break;
        read_value(r, rule, &ignored);
        if (rule->type == PAIR && !r->has_failed)
            return slice_of(start, (size_t)(r->at - start));
    }
    return slice_of(NULL, 0);
}

bool user_property_next(struct slice *rest, struct slice *name,
                        struct slice *value)
{
    struct reader r = reader_of(*rest);
    struct slice one = user_property_octets(&r);
    *rest = slice_of(r.at, reader_left(&r));
    if (one.n == 0)
        return false;
    struct reader pair = reader_of(one);
    read_u8(&pair);
    *name = read_binary(&pair);
    *value = read_binary(&pair);
    return true;
}

static void write_identifiers(struct writer *w, const struct properties *p)
{
    const uint32_t *ids = p->subscription_identifiers;
    uint32_t n = ids ? p->n_subscription_identifiers : 1;
    for (uint32_t i = 0; i < n; i++) {
        write_u8(w, PROPERTY_SUBSCRIPTION_IDENTIFIER);
        write_varint(w, ids ? ids[i] : p->subscription_identifier);
    }
}

static void write_user_properties(struct writer *w, const struct properties *p)
{
    struct reader r = reader_of(p->user_properties);
    struct slice one;
    while ((one = user_property_octets(&r)).n > 0)
        write_octets(w, one);
}

/* write_value writes a property with its identifier. */
static void write_value(struct writer *w, const struct properties *p,
                        const struct property_rule *rule)
{
    const void *field = (const char *)p + rule->field;
    uint8_t id = (uint8_t)rule->id;
    switch (rule->type) {
    case PROPERTY_TYPE_BYTE:
        write_u8(w, id);
        write_u8(w, *(const uint8_t *)field);
        break;
    case PROPERTY_TYPE_TWO_BYTE_INTEGER:
        write_u8(w, id);
        write_u16(w, *(const uint16_t *)field);
        break;
    case PROPERTY_TYPE_FOUR_BYTE_INTEGER:
        write_u8(w, id);
        write_u32(w, *(const uint32_t *)field);
        break;
    case PROPERTY_TYPE_UTF8_STRING:
    case PROPERTY_TYPE_BINARY_DATA:
        write_u8(w, id);
        write_binary(w, *(const struct slice *)field);
        break;
    case PROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
        write_identifiers(w, p);
        break;
    case PROPERTY_TYPE_UTF8_STRING_PAIR:
        write_user_properties(w, p);
        break;
    case PROPERTY_TYPE_ENCODED:
        write_octets(w, p->encoded);
        break;
    }
}

void props_write_block(struct writer *w, const struct properties *p)
{
    for (uint64_t left = p->present; left; left &= left - 1)
        write_value(w, p, &rules[__builtin_ctzll(left)]);
}

size_t props_size(const struct properties *p)
{
    struct writer measure = writer_of(NULL, 0);
    props_write_block(&measure, p);
    return measure.n;
}

void props_write(struct writer *w, const struct properties *p)
{
    write_varint(w, p->present ? (uint32_t)props_size(p) : 0);
    props_write_block(w, p);
}
