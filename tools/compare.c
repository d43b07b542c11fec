/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c -- a captured packet of the server beside a live one. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct both {
    const struct message *captured, *live;
    struct wire_packet a, b;
    char *why;
    size_t cap;
    bool is_mapped;
};

static bool differ(struct both *b, const char *field, uint64_t captured,
                   uint64_t live)
{
    if (captured == live)
        return false;
    snprintf(b->why, b->cap, "%s: captured %" PRIu64 ", live %" PRIu64, field,
             captured, live);
    return true;
}

static bool differ_text(struct both *b, const char *field,
                        struct wire_bytes captured, struct wire_bytes live)
{
    if (!captured.text != !live.text) {
        snprintf(b->why, b->cap, "%s: captured %s, live %s", field,
                 captured.text ? "has it" : "without",
                 live.text ? "has it" : "without");
        return true;
    }
    if (wire_same(captured, live))
        return false;
    size_t n = wire_len(captured), m = wire_len(live), at = 0;
    while (at < n && at < m && captured.text[at] == live.text[at])
        at++;
    snprintf(b->why, b->cap,
             "%s: differs at octet %zu (captured %zu octets, live %zu)", field,
             at, n, m);
    return true;
}

static bool differ_option(struct both *b, const char *field, uint64_t captured,
                          uint64_t live)
{
    if (wire_is_set(captured) != wire_is_set(live)) {
        snprintf(b->why, b->cap, "%s: captured %s, live %s", field,
                 wire_is_set(captured) ? "has it" : "without",
                 wire_is_set(live) ? "has it" : "without");
        return true;
    }
    return differ(b, field, wire_value(captured, 0), wire_value(live, 0));
}

static bool differ_user_properties(struct both *b)
{
    struct wire_bytes name[2], value[2];
    struct wire_cursor at[2] = {{0}};
    if (differ(b, "User Properties", b->a.props.n_user_properties,
               b->b.props.n_user_properties))
        return true;
    while (wire_next_user_property(&b->a.props, &at[0], &name[0], &value[0])) {
        if (!wire_next_user_property(&b->b.props, &at[1], &name[1], &value[1]))
            return true;
        if (differ_text(b, "User Property's name", name[0], name[1]) ||
            differ_text(b, "User Property's value", value[0], value[1]))
            return true;
    }
    return false;
}

/* The same Subscription Identifiers, in any order (5.0 s3.3.4 leaves it). */
static bool differ_subscription_identifiers(struct both *b)
{
    struct wire_cursor at[2] = {{0}};
    uint32_t one, other;
    uint64_t sum[2] = {0, 0};
    if (differ(b, "Subscription Identifiers",
               b->a.props.n_subscription_identifiers,
               b->b.props.n_subscription_identifiers))
        return true;
    while (wire_next_subscription_identifier(&b->a.props, &at[0], &one) &&
           wire_next_subscription_identifier(&b->b.props, &at[1], &other)) {
        sum[0] += (uint64_t)one * one + one;
        sum[1] += (uint64_t)other * other + other;
    }
    if (sum[0] == sum[1])
        return false;
    snprintf(b->why, b->cap, "Subscription Identifier: other values");
    return true;
}

/* Message Expiry Interval counts down: live may be less, never more. */
static bool differ_expiry(struct both *b)
{
    uint64_t a = b->a.props.message_expiry_interval_s,
             l = b->b.props.message_expiry_interval_s;
    if (wire_is_set(a) && wire_is_set(l) &&
        wire_value(l, 0) <= wire_value(a, 0) + 1)
        return false;
    return differ_option(b, "Message Expiry Interval", a, l);
}

static bool differ_publish(struct both *b)
{
    const struct wire_props *p = &b->a.props, *q = &b->b.props;
    const struct message *c = b->captured, *l = b->live;
    struct wire_bytes topic[2] = {{{c->topic}, c->n_topic},
                                  {{l->topic}, l->n_topic}};
    b->is_mapped |= c->id != l->id || wire_value(p->topic_alias, 0) !=
                                          wire_value(q->topic_alias, 0);
    return differ_text(b, "Topic Name", topic[0], topic[1]) ||
           differ_text(b, "Payload", b->a.payload, b->b.payload) ||
           differ(b, "QoS", c->qos, l->qos) ||
           differ(b, "RETAIN", c->is_retain, l->is_retain) ||
           differ_text(b, "Content Type", p->content_type, q->content_type) ||
           differ_text(b, "Response Topic", p->response_topic,
                       q->response_topic) ||
           differ_text(b, "Correlation Data", p->correlation_data,
                       q->correlation_data) ||
           differ_option(b, "Payload Format Indicator",
                         p->payload_format_indicator,
                         q->payload_format_indicator) ||
           differ_expiry(b) || differ_subscription_identifiers(b) ||
           differ_user_properties(b);
}

static bool differ_connack(struct both *b)
{
    const struct wire_bytes *p = &b->a.props.assigned_client_identifier,
                            *q = &b->b.props.assigned_client_identifier;
    if (differ(b, b->a.version == WIRE_5_0 ? "Reason Code" : "return code",
               b->a.reason, b->b.reason) ||
        differ(b, "Session Present", b->a.session_present,
               b->b.session_present))
        return true;
    if (!p->text != !q->text) {
        snprintf(
            b->why, b->cap, "Assigned Client Identifier: captured %s, live %s",
            p->text ? "has it" : "without", q->text ? "has it" : "without");
        return true;
    }
    b->is_mapped |= !wire_same(*p, *q);
    return differ_text(b, "Authentication Method",
                       b->a.props.authentication_method,
                       b->b.props.authentication_method);
}

/* Acknowledgements: the identifier exactly, the code by its class: several
 * codes mean success, and which failure is the server's to say. */
static bool differ_ack(struct both *b, uint16_t id)
{
    if (differ(b, "Packet Identifier", id, b->live->id))
        return true;
    b->is_mapped |= b->captured->id != b->live->id;
    if (b->a.reason >= 0x80 || b->b.reason >= 0x80)
        return differ(b, "Reason Code", b->a.reason, b->b.reason);
    return false;
}

static bool differ_codes(struct both *b, uint16_t id)
{
    if (differ(b, "Packet Identifier", id, b->live->id) ||
        differ(b, "number of codes", wire_len(b->a.codes),
               wire_len(b->b.codes)))
        return true;
    for (size_t i = 0; i < wire_len(b->a.codes); i++)
        if (differ(b, "Reason Code", b->a.codes.octets[i],
                   b->b.codes.octets[i]))
            return true;
    return false;
}

static bool differ_packets(struct both *b, uint16_t id)
{
    switch (b->captured->type) {
    case WIRE_CONNACK:
        return differ_connack(b);
    case WIRE_PUBLISH:
        return differ_publish(b);
    case WIRE_PUBACK:
    case WIRE_PUBREC:
    case WIRE_PUBREL:
    case WIRE_PUBCOMP:
        return differ_ack(b, id);
    case WIRE_SUBACK:
    case WIRE_UNSUBACK:
        return differ_codes(b, id);
    case WIRE_DISCONNECT:
        return differ(b, "Reason Code", b->a.reason, b->b.reason);
    case WIRE_AUTH:
        return differ(b, "Reason Code", b->a.reason, b->b.reason) ||
               differ_text(b, "Authentication Method",
                           b->a.props.authentication_method,
                           b->b.props.authentication_method);
    case WIRE_OCTETS:
    case WIRE_CONNECT:
    case WIRE_SUBSCRIBE:
    case WIRE_UNSUBSCRIBE:
    case WIRE_PINGREQ:
    case WIRE_PINGRESP:
        break;
    }
    return false;
}

enum compared compare_messages(const struct message *captured,
                               const struct message *live, uint16_t id,
                               char *why, size_t cap)
{
    struct both b = {
        .captured = captured, .live = live, .why = why, .cap = cap};
    why[0] = '\0';
    if (live->is_bad && !captured->is_bad) {
        snprintf(why, cap, "malformed: %s", live->fault);
        return COMPARED_DIFFERENT;
    }
    message_decode(captured, &b.a);
    message_decode(live, &b.b);
    if (differ_packets(&b, id))
        return COMPARED_DIFFERENT;
    return b.is_mapped ? COMPARED_MAPPED : COMPARED_EQUAL;
}

bool compare_is_delivery(const struct message *captured,
                         const struct message *live)
{
    char why[200];
    return captured->content == live->content &&
           captured->n_topic == live->n_topic && captured->qos == live->qos &&
           captured->is_retain == live->is_retain &&
           compare_messages(captured, live, 0, why, sizeof why) !=
               COMPARED_DIFFERENT;
}
