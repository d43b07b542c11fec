// SPDX-License-Identifier: Apache-2.0
/* trace.c -- one line for each packet, in and out. */
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/decode.h"
#include "codec/props.h"

/* The manual's limit, in characters; four octets each at most. */
#define PAYLOAD_CHARACTERS 256
#define TEXT_SIZE (4 * PAYLOAD_CHARACTERS + 1)

static void put_text(FILE *out, struct slice s)
{
    char text[TEXT_SIZE];
    utf8_to_text(text, sizeof text, s, PAYLOAD_CHARACTERS);
    fputs(s.n ? text : "<empty>", out);
}

/* camel_name prints "Session Expiry Interval" as sessionExpiryInterval. */
static void put_camel_name(FILE *out, const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        if (name[i] == ' ')
            continue;
        bool is_first = i == 0;
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        fputc(is_first && is_upper ? name[i] - 'A' + 'a' : name[i], out);
    }
}

static void put_user_properties(FILE *out, const struct properties *p)
{
    struct slice rest = p->user_properties, name, value;
    const char *separator = "";
    fputs("userProperty=[", out);
    while (user_property_next(&rest, &name, &value)) {
        fputs(separator, out);
        put_text(out, name);
        fputs(": ", out);
        put_text(out, value);
        separator = ", ";
    }
    fputc(']', out);
}

static void put_value(FILE *out, const struct properties *p,
                      const struct property_rule *rule)
{
    const void *field = (const char *)p + rule->field;
    put_camel_name(out, rule->name);
    fputc('=', out);
    switch (rule->type) {
    case PROPERTY_TYPE_BYTE:
        fprintf(out, "%u", *(const uint8_t *)field);
        break;
    case PROPERTY_TYPE_TWO_BYTE_INTEGER:
        fprintf(out, "%u", *(const uint16_t *)field);
        break;
    case PROPERTY_TYPE_FOUR_BYTE_INTEGER:
        fprintf(out, "%" PRIu32, *(const uint32_t *)field);
        break;
    case PROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
        fprintf(out, "%" PRIu32,
                p->subscription_identifiers ? p->subscription_identifiers[0]
                                            : p->subscription_identifier);
        break;
    case PROPERTY_TYPE_UTF8_STRING:
        put_text(out, *(const struct slice *)field);
        break;
    case PROPERTY_TYPE_BINARY_DATA:
        /* may be a secret (Authentication Data) */
        fprintf(out, "%zu octets", ((const struct slice *)field)->n);
        break;
    case PROPERTY_TYPE_UTF8_STRING_PAIR:
    case PROPERTY_TYPE_ENCODED:
        break;
    }
}

static void put_properties(FILE *out, const struct properties *p)
{
    struct properties forwarded;
    if (properties_has(p, PROPERTY_ENCODED) &&
        props_read_block(p->encoded, PROPERTY_IN(PACKET_PUBLISH), &forwarded) ==
            REASON_SUCCESS)
        put_properties(out, &forwarded);
    for (uint32_t id = 1; id < 64; id++) {
        if (!properties_has(p, id))
            continue;
        fputs(", ", out);
        if (id == PROPERTY_USER_PROPERTY)
            put_user_properties(out, p);
        else
            put_value(out, p, property_rule(id));
    }
}

static const char *yes_or_no(bool value)
{
    return value ? "true" : "false";
}

static void put_connect(FILE *out, const struct connect *c)
{
    fprintf(out,
            " protocol=(%s, %d), hasPassword=%s, isCleanStart=%s, "
            "keepAliveTimeSeconds=%u, clientIdentifier=",
            c->version == MQTT_3_1 ? "MQIsdp" : "MQTT", (int)c->version,
            yes_or_no(c->has_password), yes_or_no(c->is_clean_start),
            c->keep_alive_s);
    put_text(out, c->client_id);
    fprintf(out, ", hasUserName=%s, isWillFlag=%s", yes_or_no(c->has_user_name),
            yes_or_no(c->has_will));
    if (c->has_will) {
        fprintf(out, ", willQos=%u, isWillRetain=%s, willTopic=", c->will.qos,
                yes_or_no(c->will.is_retained));
        put_text(out, c->will.topic);
    }
    put_properties(out, &c->properties);
}

static void put_publish(FILE *out, const struct publish *p)
{
    fprintf(out, "(%u) topic=", p->packet_id);
    put_text(out, p->topic);
    fprintf(out, ", qos=%u, retain=%s, dup=%s", p->qos,
            yes_or_no(p->is_retained), yes_or_no(p->is_dup));
    put_properties(out, &p->properties);
    fputs(", payload=", out);
    put_text(out, p->payload);
}

static void put_subscribe(FILE *out, const struct subscribe *s,
                          enum mqtt_version version)
{
    struct slice rest = s->filters;
    struct subscription_request request;
    fprintf(out, "(%u)", s->packet_id);
    put_properties(out, &s->properties);
    while (subscribe_next(&rest, version, &request)) {
        fputs(" topic: ", out);
        put_text(out, request.filter);
        fprintf(out,
                ", qos: %u, nolocal: %s, retainHandling: %u, "
                "isRetainAsPublished: %s;",
                request.qos, yes_or_no(request.is_no_local),
                request.retain_handling,
                yes_or_no(request.is_retain_as_published));
    }
}

static void put_unsubscribe(FILE *out, const struct unsubscribe *u)
{
    struct slice rest = u->filters, filter;
    fprintf(out, "(%u)", u->packet_id);
    put_properties(out, &u->properties);
    while (unsubscribe_next(&rest, &filter)) {
        fputc(' ', out);
        put_text(out, filter);
    }
}

static void put_suback(FILE *out, const struct suback *s)
{
    fprintf(out, "(%u)", s->packet_id);
    put_properties(out, &s->properties);
    for (size_t i = 0; i < s->reasons.n; i++)
        fprintf(out, " 0x%02X", s->reasons.data[i]);
}

static void put_packet(FILE *out, const struct packet *packet,
                       enum mqtt_version version)
{
    fputs(packet_type_name(packet->type), out);
    switch (packet->type) {
    case PACKET_CONNECT:
        put_connect(out, &packet->connect);
        break;
    case PACKET_CONNACK:
        fprintf(out, " connectReasonCode=0x%02X, sessionPresent=%s",
                packet->connack.reason,
                yes_or_no(packet->connack.is_session_present));
        if (version == MQTT_5_0) /* 3.x is not told */
            put_properties(out, &packet->connack.properties);
        break;
    case PACKET_PUBLISH:
        put_publish(out, &packet->publish);
        break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        fprintf(out, "(%u) reasonCode=0x%02X", packet->ack.packet_id,
                packet->ack.reason);
        put_properties(out, &packet->ack.properties);
        break;
    case PACKET_SUBSCRIBE:
        put_subscribe(out, &packet->subscribe, version);
        break;
    case PACKET_UNSUBSCRIBE:
        put_unsubscribe(out, &packet->unsubscribe);
        break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        put_suback(out, &packet->suback);
        break;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        fprintf(out, " reasonCode=0x%02X", packet->disconnect.reason);
        put_properties(out, &packet->disconnect.properties);
        break;
    case PACKET_RESERVED:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
}

void trace_packet(const struct log *log, struct slice client_id,
                  const char *direction, enum mqtt_version version,
                  const struct packet *packet)
{
    char *line = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&line, &n);
    if (!out)
        return;
    fputs("MQTT(", out);
    if (client_id.n)
        put_text(out, client_id);
    else
        fputs("null", out);
    fprintf(out, "): %s ", direction);
    put_packet(out, packet, version);
    fclose(out);
    log_line(log, LOG_TRACE, "%s", line);
    free(line);
}
