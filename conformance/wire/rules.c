/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c -- what must hold inside one packet, beyond its single fields.
 *
 * A table: packet, who is bound, cite, and a check that returns a sentence if
 * the rule is broken. The reader runs it over each packet it could read.
 * Spec: 5.0 and 3.1.1 chapter 3, s4.7, s4.8.2.
 */
#include <string.h>

#include "wire/slice.h"
#include "wire/tables.h"

/* ---- Topic Filters ------------------------------------------------------- */

bool wire_is_shared(struct wire_bytes filter)
{
    return wire_len(filter) >= 7 && !memcmp(filter.text, "$share/", 7);
}

/* A level: the octets between two slashes. */
static struct wire_bytes next_level(struct wire_bytes *rest, bool *is_last)
{
    const char *slash = rest->n ? memchr(rest->text, '/', rest->n) : NULL;
    const size_t n = slash ? (size_t)(slash - rest->text) : rest->n;
    const struct wire_bytes level = {{rest->text}, n};

    *is_last = !slash;
    rest->text += n + (slash != NULL);
    rest->n -= n + (slash != NULL);
    return level;
}

static bool has_octet(struct wire_bytes text, char octet)
{
    return text.n && memchr(text.text, octet, text.n);
}

static const struct wire_cite *wildcard_breach(struct wire_bytes rest,
                                               const char **how)
{
    static const struct wire_cite hash = {"3.1.1/MQTT-4.7.1-2",
                                          "5.0/MQTT-4.7.1-1", NULL};
    static const struct wire_cite plus = {"3.1.1/MQTT-4.7.1-3",
                                          "5.0/MQTT-4.7.1-2", NULL};
    bool is_last = false;

    while (!is_last) {
        const struct wire_bytes level = next_level(&rest, &is_last);
        if (has_octet(level, '#') && (level.n > 1 || !is_last)) {
            *how = "'#' is not alone in the last level";
            return &hash;
        }
        if (has_octet(level, '+') && level.n > 1) {
            *how = "'+' does not fill its level";
            return &plus;
        }
    }
    return NULL;
}

const struct wire_cite *wire_filter_breach(enum wire_version version,
                                           struct wire_bytes filter,
                                           const char **how)
{
    static const struct wire_cite empty = {"3.1.1/MQTT-4.7.3-1",
                                           "5.0/MQTT-4.7.3-1", NULL};
    static const struct wire_cite no_name = {NULL, "5.0/MQTT-4.8.2-1", NULL};
    static const struct wire_cite bad_name = {NULL, "5.0/MQTT-4.8.2-2", NULL};
    struct wire_bytes rest = {{filter.text}, wire_len(filter)};
    struct wire_bytes name;
    bool is_last;

    *how = "it is empty";
    if (rest.n == 0)
        return &empty;
    if (version != WIRE_5_0 || !wire_is_shared(filter))
        return wildcard_breach(rest, how);
    (void)next_level(&rest, &is_last);
    name = next_level(&rest, &is_last);
    *how = "the ShareName is empty";
    if (name.n == 0)
        return &no_name;
    *how = "the ShareName holds a wildcard or no Topic Filter follows it";
    if (is_last || rest.n == 0 || has_octet(name, '+') || has_octet(name, '#'))
        return &bad_name;
    return wildcard_breach(rest, how);
}

/* ---- the checks ---------------------------------------------------------- */

#define CHECK(name, condition, sentence)                                       \
    static const char *name(const struct wire_packet *p)                       \
    {                                                                          \
        return (condition) ? sentence : NULL;                                  \
    }

static unsigned connect_flags(const struct wire_packet *p)
{
    return wire_value(p->raw_connect_flags, 0);
}

static bool has_wildcard(struct wire_bytes topic)
{
    topic.n = wire_len(topic);
    return has_octet(topic, '+') || has_octet(topic, '#');
}

/* A payload declared UTF-8 that is ill-formed; U+0000 is a character here. */
static bool is_bad_text(struct wire_bytes payload)
{
    size_t at;

    payload.n = wire_len(payload);
    while (payload.n && (at = wire_utf8_bad_at(payload)) != SIZE_MAX) {
        if (payload.octets[at])
            return true;
        payload.octets += at + 1;
        payload.n -= at + 1;
    }
    return false;
}

static size_t n_characters(struct wire_bytes text)
{
    size_t n = 0;

    for (size_t i = 0; i < wire_len(text); i++)
        n += (text.octets[i] & 0xc0) != 0x80;
    return n;
}

static bool has_filter(const struct wire_packet *p,
                       bool (*is_so)(const struct wire_filter *))
{
    struct wire_filter filter;

    for (size_t i = 0; wire_filter_at(p, i, &filter); i++)
        if (is_so(&filter))
            return true;
    return false;
}

static bool is_shared_no_local(const struct wire_filter *filter)
{
    return filter->no_local && wire_is_shared(filter->filter);
}

/* CONNECT */
CHECK(reserved_flag, connect_flags(p) & 1,
      "the reserved bit of the Connect Flags is set")
CHECK(will_qos_3, (connect_flags(p) & 0x18) == 0x18, "the Will QoS is 3")
CHECK(will_qos_alone, (connect_flags(p) & 0x1c) && !(connect_flags(p) & 4),
      "there is no Will, but its QoS is not 0")
CHECK(will_retain_alone, (connect_flags(p) & 0x24) == 0x20,
      "there is no Will, but Will Retain is set")
CHECK(password_alone, (connect_flags(p) & 0xc0) == 0x40,
      "there is a Password without a User Name")
CHECK(nameless_session, !wire_len(p->client_id) && !p->clean_start,
      "an empty Client Identifier without Clean Session")
CHECK(client_id_3_1,
      !n_characters(p->client_id) || n_characters(p->client_id) > 23,
      "the Client Identifier of 3.1 has 1 to 23 characters")
CHECK(will_wildcard, has_wildcard(p->will.topic),
      "the Will Topic holds a wildcard")
CHECK(will_topic_empty, (connect_flags(p) & 4) && !wire_len(p->will.topic),
      "the Will Topic is empty")
CHECK(data_without_method,
      p->props.authentication_data.text && !p->props.authentication_method.text,
      "Authentication Data without an Authentication Method")
CHECK(will_format,
      wire_value(p->will.props.payload_format_indicator, 0) == 1 &&
          is_bad_text(p->will.payload),
      "the Will Payload is declared UTF-8 and is not")

/* CONNACK */
CHECK(acknowledge_flags, wire_value(p->raw_acknowledge_flags, 0) & 0xfe,
      "bits 7-1 of the Connect Acknowledge Flags are not all 0")
CHECK(refused_with_session, p->reason && p->session_present,
      "refused, but Session Present is 1")

/* PUBLISH */
CHECK(qos_3, p->qos == 3, "the QoS is 3")
CHECK(dup_qos_0, p->dup && p->qos == 0, "DUP is set at QoS 0")
CHECK(topic_wildcard, has_wildcard(p->topic), "the Topic Name holds a wildcard")
CHECK(topic_empty, !wire_len(p->topic) && !wire_is_set(p->props.topic_alias),
      "the Topic Name is empty and there is no Topic Alias")
CHECK(response_wildcard, has_wildcard(p->props.response_topic),
      "the Response Topic holds a wildcard")
CHECK(publish_id_0, p->qos && !p->packet_id,
      "the Packet Identifier is 0 at a QoS above 0")
CHECK(payload_format,
      wire_value(p->props.payload_format_indicator, 0) == 1 &&
          is_bad_text(p->payload),
      "the payload is declared UTF-8 and is not")

/* SUBSCRIBE, UNSUBSCRIBE and the acknowledgements */
CHECK(id_0, !p->packet_id, "the Packet Identifier is 0")
CHECK(no_filter, !p->n_filters, "there is no Topic Filter")
CHECK(shared_no_local, has_filter(p, is_shared_no_local),
      "No Local on a Shared Subscription")

/* AUTH */
CHECK(no_method, p->body.n && !p->props.authentication_method.text,
      "there is no Authentication Method")

/* ---- the table ----------------------------------------------------------- */

#define BY_CLIENT (1u << WIRE_CLIENT)
#define BY_SERVER (1u << WIRE_SERVER)
/* A server may give back what it was given. */
#define ACK_ID(type)                                                           \
    {                                                                          \
        type, BY_CLIENT, {"3.1.1 s2.3.1", "5.0 s2.2.1", "3.1 s2.4"},           \
            PROTOCOL_ERROR, id_0                                               \
    }
#define REQUEST_ID                                                             \
    {                                                                          \
        "3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3", "3.1 s2.4"                   \
    }

const struct wire_rule wire_rules[] = {
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.2-3", "5.0/MQTT-3.1.2-3", NULL},
     MALFORMED_PACKET,
     reserved_flag},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.2-14", "5.0/MQTT-3.1.2-12", "3.1 s3.1"},
     MALFORMED_PACKET,
     will_qos_3},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.2-13", "5.0/MQTT-3.1.2-11", NULL},
     MALFORMED_PACKET,
     will_qos_alone},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.2-15", "5.0/MQTT-3.1.2-13", NULL},
     MALFORMED_PACKET,
     will_retain_alone},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.2-22", NULL, "3.1 s3.1"},
     MALFORMED_PACKET,
     password_alone},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-3.1.3-7", NULL, NULL},
     CLIENT_IDENTIFIER_NOT_VALID,
     nameless_session},
    {WIRE_CONNECT,
     0,
     {NULL, NULL, "3.1 s3.1"},
     CLIENT_IDENTIFIER_NOT_VALID,
     client_id_3_1},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-4.7.1-1", "5.0/MQTT-4.7.0-1", NULL},
     TOPIC_NAME_INVALID,
     will_wildcard},
    {WIRE_CONNECT,
     0,
     {"3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1", NULL},
     TOPIC_NAME_INVALID,
     will_topic_empty},
    {WIRE_CONNECT,
     0,
     {NULL, "5.0/RULE-connect-authentication-data-alone", NULL},
     PROTOCOL_ERROR,
     data_without_method},
    {WIRE_CONNECT,
     0,
     {NULL, "5.0/RULE-will-payload-utf8", NULL},
     PAYLOAD_FORMAT_INVALID,
     will_format},

    {WIRE_CONNACK,
     0,
     {"3.1.1/RULE-connack-flags-reserved", "5.0/MQTT-3.2.2-1", NULL},
     MALFORMED_PACKET,
     acknowledge_flags},
    {WIRE_CONNACK,
     0,
     {"3.1.1/MQTT-3.2.2-4", "5.0/MQTT-3.2.2-6", NULL},
     PROTOCOL_ERROR,
     refused_with_session},

    {WIRE_PUBLISH,
     0,
     {"3.1.1/MQTT-3.3.1-4", "5.0/MQTT-3.3.1-4", "3.1 s2.1"},
     MALFORMED_PACKET,
     qos_3},
    {WIRE_PUBLISH,
     0,
     {"3.1.1/MQTT-3.3.1-2", "5.0/MQTT-3.3.1-2", NULL},
     MALFORMED_PACKET,
     dup_qos_0},
    {WIRE_PUBLISH,
     BY_CLIENT,
     {"3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-3", "3.1 s2.4"},
     PROTOCOL_ERROR,
     publish_id_0},
    {WIRE_PUBLISH,
     0,
     {"3.1.1/MQTT-2.3.1-1", "5.0/MQTT-2.2.1-4", "3.1 s2.4"},
     PROTOCOL_ERROR,
     publish_id_0},
    {WIRE_PUBLISH,
     0,
     {"3.1.1/MQTT-3.3.2-2", "5.0/MQTT-3.3.2-2", "3.1 s3.3"},
     TOPIC_NAME_INVALID,
     topic_wildcard},
    {WIRE_PUBLISH,
     0,
     {"3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1", NULL},
     PROTOCOL_ERROR,
     topic_empty},
    {WIRE_PUBLISH,
     0,
     {NULL, "5.0/MQTT-3.3.2-14", NULL},
     PROTOCOL_ERROR,
     response_wildcard},
    {WIRE_PUBLISH,
     BY_CLIENT,
     {NULL, "5.0/RULE-publish-payload-utf8", NULL},
     PAYLOAD_FORMAT_INVALID,
     payload_format},

    ACK_ID(WIRE_PUBACK),
    ACK_ID(WIRE_PUBREC),
    ACK_ID(WIRE_PUBREL),
    ACK_ID(WIRE_PUBCOMP),
    {WIRE_SUBSCRIBE, 0, REQUEST_ID, PROTOCOL_ERROR, id_0},
    {WIRE_SUBSCRIBE,
     0,
     {"3.1.1/MQTT-3.8.3-3", "5.0/MQTT-3.8.3-2", NULL},
     PROTOCOL_ERROR,
     no_filter},
    {WIRE_SUBSCRIBE,
     0,
     {NULL, "5.0/MQTT-3.8.3-4", NULL},
     PROTOCOL_ERROR,
     shared_no_local},
    {WIRE_UNSUBSCRIBE, 0, REQUEST_ID, PROTOCOL_ERROR, id_0},
    {WIRE_UNSUBSCRIBE,
     0,
     {"3.1.1/MQTT-3.10.3-2", "5.0/MQTT-3.10.3-2", NULL},
     PROTOCOL_ERROR,
     no_filter},

    {WIRE_AUTH,
     0,
     {NULL, "5.0/RULE-auth-method-missing", NULL},
     PROTOCOL_ERROR,
     no_method},
};
const size_t wire_n_rules = sizeof wire_rules / sizeof *wire_rules;
