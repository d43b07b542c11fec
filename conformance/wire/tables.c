/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c -- the layout of every packet and property, as data.
 *
 * Read a row from left to right and it is the figure of the standard.
 * Spec: 5.0 chapter 3 and table 2-4; 3.1.1 chapter 3.
 */
#include "wire/tables.h"

#define IN(member) offsetof(struct wire_packet, member)
#define NO_CITE                                                                \
    {                                                                          \
        NULL, NULL, NULL                                                       \
    }
#define CUT_SHORT(section)                                                     \
    {                                                                          \
        "3.1.1 s" section, "5.0 s" section, "3.1 s" section                    \
    }

/* ---- octets of bits ------------------------------------------------------ */

static const struct wire_bits publish_bits[] = {
    {"dup", "DUP", IN(dup), 3, 1, IN_ALL},
    {"qos", "QoS", IN(qos), 1, 2, IN_ALL},
    {"retain", "RETAIN", IN(retain), 0, 1, IN_ALL},
    {NULL, NULL, 0, 0, 0, 0}};

static const struct wire_bits connect_bits[] = {
    {"clean_start", "Clean Start", IN(clean_start), 1, 1, IN_5_0},
    {"clean_start", "Clean Session", IN(clean_start), 1, 1, IN_3},
    {"will.qos", "Will QoS", IN(will.qos), 3, 2, IN_ALL},
    {"will.retain", "Will Retain", IN(will.retain), 5, 1, IN_ALL},
    {NULL, NULL, 0, 0, 0, 0}};

static const struct wire_bits acknowledge_bits[] = {
    {"session_present", "Session Present", IN(session_present), 0, 1, IN_ALL},
    {NULL, NULL, 0, 0, 0, 0}};

#define OF(member) offsetof(struct wire_filter, member)
static const struct wire_bits option_bits[] = {
    {"qos", "Requested QoS", OF(qos), 0, 2, IN_3},
    {"qos", "Maximum QoS", OF(qos), 0, 2, IN_5_0},
    {"no_local", "No Local", OF(no_local), 2, 1, IN_5_0},
    {"retain_as_published", "Retain As Published", OF(retain_as_published), 3,
     1, IN_5_0},
    {"retain_handling", "Retain Handling", OF(retain_handling), 4, 2, IN_5_0},
    {NULL, NULL, 0, 0, 0, 0}};

/* ---- rows of fields ------------------------------------------------------ */

#define END                                                                    \
    {                                                                          \
        NULL, NULL, SHAPE_REST, 0, ALWAYS, 0, NULL, NO_CITE                    \
    }
#define PROPERTIES(when, missing)                                              \
    {                                                                          \
        "props", "Properties", SHAPE_PROPS, IN(props), when, IN_5_0, NULL,     \
            missing                                                            \
    }
#define NO_LENGTH                                                              \
    {                                                                          \
        NULL, "5.0/MQTT-2.2.2-1", NULL                                         \
    }
#define PACKET_ID(section)                                                     \
    {                                                                          \
        "packet_id", "Packet Identifier", SHAPE_U16, IN(packet_id), ALWAYS,    \
            IN_ALL, NULL, CUT_SHORT(section)                                   \
    }
#define REASON(title, when, versions, section)                                 \
    {                                                                          \
        "reason", title, SHAPE_CODE, IN(reason), when, versions, NULL,         \
            CUT_SHORT(section)                                                 \
    }

static const struct wire_field connect_fields[] = {
    {"protocol_name", "Protocol Name", SHAPE_TEXT, IN(protocol_name), ALWAYS,
     IN_ALL, NULL, CUT_SHORT("3.1.2.1")},
    {"protocol_level", "Protocol Version", SHAPE_OPT8, IN(protocol_level),
     ALWAYS, IN_ALL, NULL, CUT_SHORT("3.1.2.2")},
    {"connect_flags", "Connect Flags", SHAPE_BITS, IN(raw_connect_flags),
     ALWAYS, IN_ALL, connect_bits, CUT_SHORT("3.1.2.3")},
    {"keep_alive_s", "Keep Alive", SHAPE_U16, IN(keep_alive_s), ALWAYS, IN_ALL,
     NULL, CUT_SHORT("3.1.2.10")},
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"client_id",
     "Client Identifier",
     SHAPE_TEXT,
     IN(client_id),
     ALWAYS,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.1.3-3", "5.0/MQTT-3.1.3-3", "3.1 s3.1"}},
    {"will.props",
     "Will Properties",
     SHAPE_PROPS,
     IN(will.props),
     IF_WILL,
     IN_5_0,
     NULL,
     {NULL, "5.0/MQTT-3.1.2-9", NULL}},
    {"will.topic",
     "Will Topic",
     SHAPE_TEXT,
     IN(will.topic),
     IF_WILL,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.1.2-9", "5.0/MQTT-3.1.2-9", "3.1 s3.1"}},
    {"will.payload",
     "Will Payload",
     SHAPE_BINARY,
     IN(will.payload),
     IF_WILL,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.1.2-9", "5.0/MQTT-3.1.2-9", "3.1 s3.1"}},
    {"user_name",
     "User Name",
     SHAPE_TEXT,
     IN(user_name),
     IF_USER_NAME,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.1.2-19", "5.0/MQTT-3.1.2-17", NULL}},
    {"password",
     "Password",
     SHAPE_BINARY,
     IN(password),
     IF_PASSWORD,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.1.2-21", "5.0/MQTT-3.1.2-19", NULL}},
    END};

static const struct wire_field connack_fields[] = {
    {"acknowledge_flags", "Connect Acknowledge Flags", SHAPE_BITS,
     IN(raw_acknowledge_flags), ALWAYS, IN_ALL, acknowledge_bits,
     CUT_SHORT("3.2.2.1")},
    REASON("Connect Return code", ALWAYS, IN_3, "3.2.2.3"),
    REASON("Reason Code", ALWAYS, IN_5_0, "3.2.2.2"),
    PROPERTIES(ALWAYS, NO_LENGTH),
    END};

static const struct wire_field publish_fields[] = {
    {"flags", "flags", SHAPE_BITS, IN(raw_flags), IN_HEADER, IN_ALL,
     publish_bits, NO_CITE},
    {"topic",
     "Topic Name",
     SHAPE_TEXT,
     IN(topic),
     ALWAYS,
     IN_ALL,
     NULL,
     {"3.1.1/MQTT-3.3.2-1", "5.0/MQTT-3.3.2-1", "3.1 s3.3"}},
    {"packet_id", "Packet Identifier", SHAPE_U16, IN(packet_id), IF_QOS, IN_ALL,
     NULL, CUT_SHORT("3.3.2.2")},
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"payload", "Payload", SHAPE_REST, IN(payload), ALWAYS, IN_ALL, NULL,
     NO_CITE},
    END};

static const struct wire_field ack_fields[] = {
    PACKET_ID("2.2.1"), REASON("Reason Code", IF_MORE, IN_5_0, "3.4.2.1"),
    PROPERTIES(IF_MORE, NO_LENGTH), END};

static const struct wire_field subscribe_fields[] = {
    PACKET_ID("3.8.2"),
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"filters", "Topic Filter", SHAPE_FILTERS, IN(filters), ALWAYS, IN_ALL,
     option_bits, CUT_SHORT("3.8.3")},
    END};

static const struct wire_field unsubscribe_fields[] = {
    PACKET_ID("3.10.2"),
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"filters", "Topic Filter", SHAPE_FILTERS, IN(filters), ALWAYS, IN_ALL,
     NULL, CUT_SHORT("3.10.3")},
    END};

static const struct wire_field suback_fields[] = {
    PACKET_ID("3.9.2"),
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"codes", "Reason Code", SHAPE_CODES, IN(codes), ALWAYS, IN_5_0, NULL,
     NO_CITE},
    {"codes", "Return Code", SHAPE_CODES, IN(codes), ALWAYS, IN_3, NULL,
     NO_CITE},
    END};

static const struct wire_field unsuback_fields[] = {
    PACKET_ID("3.11.2"),
    PROPERTIES(ALWAYS, NO_LENGTH),
    {"codes", "Reason Code", SHAPE_CODES, IN(codes), ALWAYS, IN_5_0, NULL,
     NO_CITE},
    END};

static const struct wire_field ping_fields[] = {END};

static const struct wire_field disconnect_fields[] = {
    REASON("Disconnect Reason Code", IF_MORE, IN_5_0, "3.14.2.1"),
    PROPERTIES(IF_MORE, NO_LENGTH), END};

/* Only AUTH with nothing at all may leave out the Property Length. */
static const struct wire_field auth_fields[] = {
    REASON("Authenticate Reason Code", IF_MORE, IN_5_0, "3.15.2.1"),
    PROPERTIES(IF_MORE, NO_LENGTH), END};

/* ---- packets ------------------------------------------------------------- */

#define CLIENT (1u << WIRE_CLIENT)
#define SERVER (1u << WIRE_SERVER)
#define FLAGS                                                                  \
    {                                                                          \
        "3.1.1/MQTT-2.2.2-1", "5.0/MQTT-2.1.3-1", NULL                         \
    }

static const struct wire_layout layouts[] = {
    {WIRE_CONNECT, 0, CLIENT, IN_ALL, connect_fields, FLAGS, NO_CITE},
    {WIRE_CONNACK,
     0,
     SERVER,
     IN_ALL,
     connack_fields,
     FLAGS,
     {"3.1.1/MQTT-3.2.2-6", "5.0/MQTT-3.2.2-8", "3.1 s3.2"}},
    {WIRE_PUBLISH, 0, CLIENT | SERVER, IN_ALL, publish_fields, NO_CITE,
     NO_CITE},
    {WIRE_PUBACK,
     0,
     CLIENT | SERVER,
     IN_ALL,
     ack_fields,
     FLAGS,
     {NULL, "5.0/MQTT-3.4.2-1", NULL}},
    {WIRE_PUBREC,
     0,
     CLIENT | SERVER,
     IN_ALL,
     ack_fields,
     FLAGS,
     {NULL, "5.0/MQTT-3.5.2-1", NULL}},
    {WIRE_PUBREL,
     2,
     CLIENT | SERVER,
     IN_ALL,
     ack_fields,
     {"3.1.1/MQTT-3.6.1-1", "5.0/MQTT-3.6.1-1", NULL},
     {NULL, "5.0/MQTT-3.6.2-1", NULL}},
    {WIRE_PUBCOMP,
     0,
     CLIENT | SERVER,
     IN_ALL,
     ack_fields,
     FLAGS,
     {NULL, "5.0/MQTT-3.7.2-1", NULL}},
    {WIRE_SUBSCRIBE,
     2,
     CLIENT,
     IN_ALL,
     subscribe_fields,
     {"3.1.1/MQTT-3.8.1-1", "5.0/MQTT-3.8.1-1", NULL},
     NO_CITE},
    {WIRE_SUBACK,
     0,
     SERVER,
     IN_ALL,
     suback_fields,
     FLAGS,
     {"3.1.1/MQTT-3.9.3-2", "5.0/MQTT-3.9.3-2", "3.1 s3.9"}},
    {WIRE_UNSUBSCRIBE,
     2,
     CLIENT,
     IN_ALL,
     unsubscribe_fields,
     {"3.1.1/MQTT-3.10.1-1", "5.0/MQTT-3.10.1-1", NULL},
     NO_CITE},
    {WIRE_UNSUBACK,
     0,
     SERVER,
     IN_ALL,
     unsuback_fields,
     FLAGS,
     {NULL, "5.0/MQTT-3.11.3-2", NULL}},
    {WIRE_PINGREQ, 0, CLIENT, IN_ALL, ping_fields, FLAGS, NO_CITE},
    {WIRE_PINGRESP, 0, SERVER, IN_ALL, ping_fields, FLAGS, NO_CITE},
    {WIRE_DISCONNECT, 0, CLIENT, IN_3, disconnect_fields, FLAGS, NO_CITE},
    {WIRE_DISCONNECT,
     0,
     CLIENT | SERVER,
     IN_5_0,
     disconnect_fields,
     FLAGS,
     {NULL, "5.0/MQTT-3.14.2-1", NULL}},
    {WIRE_AUTH,
     0,
     CLIENT | SERVER,
     IN_5_0,
     auth_fields,
     {NULL, "5.0/MQTT-3.15.1-1", NULL},
     {NULL, "5.0/MQTT-3.15.2-1", NULL}},
};

const struct wire_layout *wire_layout_of(enum wire_version version,
                                         enum wire_type type)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].type == type &&
            (layouts[i].versions & wire_version_bit(version)))
            return &layouts[i];
    return NULL;
}

/* ---- properties ---------------------------------------------------------- */

#define T(type) (1u << WIRE_##type)
#define PROP(member) #member, offsetof(struct wire_props, member)
#define MESSAGE (T(PUBLISH) | WIRE_IN_WILL)
#define OPENING (T(CONNECT) | T(CONNACK))
#define ANSWERS                                                                \
    (T(CONNACK) | T(PUBACK) | T(PUBREC) | T(PUBREL) | T(PUBCOMP) | T(SUBACK) | \
     T(UNSUBACK) | T(DISCONNECT) | T(AUTH))
#define EVERYWHERE                                                             \
    (ANSWERS | MESSAGE | T(CONNECT) | T(SUBSCRIBE) | T(UNSUBSCRIBE))
#define ROW(id, title, shape, member, where, min, max, many)                   \
    {                                                                          \
        id, #member, title, shape, offsetof(struct wire_props, member), where, \
            min, max, many                                                     \
    }

const struct wire_property_row wire_property_rows[WIRE_N_PROPERTIES] = {
    ROW(0x01, "Payload Format Indicator", SHAPE_OPT8, payload_format_indicator,
        MESSAGE, 0, 1, 0),
    ROW(0x02, "Message Expiry Interval", SHAPE_OPT32, message_expiry_interval_s,
        MESSAGE, 0, UINT32_MAX, 0),
    ROW(0x03, "Content Type", SHAPE_TEXT, content_type, MESSAGE, 0, 0, 0),
    ROW(0x08, "Response Topic", SHAPE_TEXT, response_topic, MESSAGE, 0, 0, 0),
    ROW(0x09, "Correlation Data", SHAPE_BINARY, correlation_data, MESSAGE, 0, 0,
        0),
    ROW(0x0b, "Subscription Identifier", SHAPE_VARINTS, subscription_identifier,
        T(PUBLISH) | T(SUBSCRIBE), 1, 268435455, T(PUBLISH)),
    ROW(0x11, "Session Expiry Interval", SHAPE_OPT32, session_expiry_interval_s,
        OPENING | T(DISCONNECT), 0, UINT32_MAX, 0),
    ROW(0x12, "Assigned Client Identifier", SHAPE_TEXT,
        assigned_client_identifier, T(CONNACK), 0, 0, 0),
    ROW(0x13, "Server Keep Alive", SHAPE_OPT16, server_keep_alive_s, T(CONNACK),
        0, 65535, 0),
    ROW(0x15, "Authentication Method", SHAPE_TEXT, authentication_method,
        OPENING | T(AUTH), 0, 0, 0),
    ROW(0x16, "Authentication Data", SHAPE_BINARY, authentication_data,
        OPENING | T(AUTH), 0, 0, 0),
    ROW(0x17, "Request Problem Information", SHAPE_OPT8,
        request_problem_information, T(CONNECT), 0, 1, 0),
    ROW(0x18, "Will Delay Interval", SHAPE_OPT32, will_delay_interval_s,
        WIRE_IN_WILL, 0, UINT32_MAX, 0),
    ROW(0x19, "Request Response Information", SHAPE_OPT8,
        request_response_information, T(CONNECT), 0, 1, 0),
    ROW(0x1a, "Response Information", SHAPE_TEXT, response_information,
        T(CONNACK), 0, 0, 0),
    ROW(0x1c, "Server Reference", SHAPE_TEXT, server_reference,
        T(CONNACK) | T(DISCONNECT), 0, 0, 0),
    ROW(0x1f, "Reason String", SHAPE_TEXT, reason_string, ANSWERS, 0, 0, 0),
    ROW(0x21, "Receive Maximum", SHAPE_OPT16, receive_maximum, OPENING, 1,
        65535, 0),
    ROW(0x22, "Topic Alias Maximum", SHAPE_OPT16, topic_alias_maximum, OPENING,
        0, 65535, 0),
    ROW(0x23, "Topic Alias", SHAPE_OPT16, topic_alias, T(PUBLISH), 1, 65535, 0),
    ROW(0x24, "Maximum QoS", SHAPE_OPT8, maximum_qos, T(CONNACK), 0, 1, 0),
    ROW(0x25, "Retain Available", SHAPE_OPT8, retain_available, T(CONNACK), 0,
        1, 0),
    ROW(0x26, "User Property", SHAPE_PAIRS, user_property, EVERYWHERE, 0, 0,
        EVERYWHERE),
    ROW(0x27, "Maximum Packet Size", SHAPE_OPT32, maximum_packet_size, OPENING,
        1, UINT32_MAX, 0),
    ROW(0x28, "Wildcard Subscription Available", SHAPE_OPT8,
        wildcard_subscription_available, T(CONNACK), 0, 1, 0),
    ROW(0x29, "Subscription Identifiers Available", SHAPE_OPT8,
        subscription_identifier_available, T(CONNACK), 0, 1, 0),
    ROW(0x2a, "Shared Subscription Available", SHAPE_OPT8,
        shared_subscription_available, T(CONNACK), 0, 1, 0),
};

const struct wire_property_row *wire_property_row(uint32_t id)
{
    for (size_t i = 0; i < WIRE_N_PROPERTIES; i++)
        if (wire_property_rows[i].id == id)
            return &wire_property_rows[i];
    return NULL;
}

/* Rules about single properties; all others stand under s2.2.2.2. */
static const struct {
    unsigned where;
    uint32_t id; /* 0: any */
    enum wire_breach breach;
    struct wire_cite cite;
} breaches[] = {
#define RULE(where, id, breach, name)                                          \
    {                                                                          \
        where, id, breach,                                                     \
        {                                                                      \
            NULL, "5.0/" name, NULL                                            \
        }                                                                      \
    }
    RULE(T(CONNECT), 0x11, WIRE_TWICE,
         "RULE-connect-session-expiry-interval-twice"),
    RULE(T(CONNECT), 0x21, WIRE_TWICE, "RULE-connect-receive-maximum-twice"),
    RULE(T(CONNECT), 0x27, WIRE_TWICE,
         "RULE-connect-maximum-packet-size-twice"),
    RULE(T(CONNECT), 0x22, WIRE_TWICE,
         "RULE-connect-topic-alias-maximum-twice"),
    RULE(T(CONNECT), 0x19, WIRE_TWICE,
         "RULE-connect-request-response-information-twice"),
    RULE(T(CONNECT), 0x17, WIRE_TWICE,
         "RULE-connect-request-problem-information-twice"),
    RULE(T(CONNECT), 0x15, WIRE_TWICE,
         "RULE-connect-authentication-method-twice"),
    RULE(T(CONNECT), 0x16, WIRE_TWICE,
         "RULE-connect-authentication-data-twice"),
    RULE(WIRE_IN_WILL, 0x18, WIRE_TWICE, "RULE-will-will-delay-interval-twice"),
    RULE(WIRE_IN_WILL, 0x01, WIRE_TWICE,
         "RULE-will-payload-format-indicator-twice"),
    RULE(WIRE_IN_WILL, 0x02, WIRE_TWICE,
         "RULE-will-message-expiry-interval-twice"),
    RULE(WIRE_IN_WILL, 0x03, WIRE_TWICE, "RULE-will-content-type-twice"),
    RULE(WIRE_IN_WILL, 0x08, WIRE_TWICE, "RULE-will-response-topic-twice"),
    RULE(WIRE_IN_WILL, 0x09, WIRE_TWICE, "RULE-will-correlation-data-twice"),
    RULE(T(PUBLISH), 0x01, WIRE_TWICE,
         "RULE-publish-payload-format-indicator-twice"),
    RULE(T(PUBLISH), 0x02, WIRE_TWICE,
         "RULE-publish-message-expiry-interval-twice"),
    RULE(T(PUBLISH), 0x03, WIRE_TWICE, "RULE-publish-content-type-twice"),
    RULE(T(PUBLISH), 0x08, WIRE_TWICE, "RULE-publish-response-topic-twice"),
    RULE(T(PUBLISH), 0x09, WIRE_TWICE, "RULE-publish-correlation-data-twice"),
    RULE(T(PUBLISH), 0x23, WIRE_TWICE, "RULE-publish-topic-alias-twice"),
    RULE(T(CONNACK), 0x00, WIRE_TWICE, "RULE-connack-property-twice"),
    RULE(T(PUBACK), 0x1f, WIRE_TWICE, "RULE-puback-reason-string-twice"),
    RULE(T(PUBREC), 0x1f, WIRE_TWICE, "RULE-pubrec-reason-string-twice"),
    RULE(T(PUBREL), 0x1f, WIRE_TWICE, "RULE-pubrel-reason-string-twice"),
    RULE(T(PUBCOMP), 0x1f, WIRE_TWICE, "RULE-pubcomp-reason-string-twice"),
    RULE(T(SUBSCRIBE), 0x0b, WIRE_TWICE,
         "RULE-subscribe-subscription-identifier-twice"),
    RULE(T(DISCONNECT), 0x11, WIRE_TWICE,
         "RULE-disconnect-session-expiry-twice"),
    RULE(T(AUTH), 0x15, WIRE_TWICE, "RULE-auth-method-twice"),
    RULE(T(AUTH), 0x16, WIRE_TWICE, "RULE-auth-data-twice"),
    RULE(T(CONNECT), 0x21, WIRE_OUT_OF_RANGE,
         "RULE-connect-receive-maximum-zero"),
    RULE(T(CONNECT), 0x27, WIRE_OUT_OF_RANGE,
         "RULE-connect-maximum-packet-size-zero"),
    RULE(T(CONNECT), 0x17, WIRE_OUT_OF_RANGE,
         "RULE-connect-request-problem-information-range"),
    RULE(T(CONNECT), 0x19, WIRE_OUT_OF_RANGE,
         "RULE-connect-request-response-information-range"),
    RULE(T(CONNACK), 0x21, WIRE_OUT_OF_RANGE,
         "RULE-connack-receive-maximum-zero"),
    RULE(T(CONNACK), 0x27, WIRE_OUT_OF_RANGE,
         "RULE-connack-maximum-packet-size-zero"),
    RULE(T(CONNACK), 0x24, WIRE_OUT_OF_RANGE, "RULE-connack-maximum-qos-range"),
    RULE(T(CONNACK), 0x00, WIRE_OUT_OF_RANGE, "RULE-connack-flag-range"),
    RULE(T(PUBLISH), 0x0b, WIRE_OUT_OF_RANGE,
         "RULE-publish-subscription-identifier-zero"),
    RULE(T(PUBLISH), 0x23, WIRE_OUT_OF_RANGE, "MQTT-3.3.2-8"),
    RULE(T(SUBSCRIBE), 0x0b, WIRE_OUT_OF_RANGE,
         "RULE-subscribe-subscription-identifier-zero"),
};

const struct wire_cite *wire_property_cite(unsigned where, uint32_t id,
                                           enum wire_breach breach)
{
    static const struct wire_cite other = {NULL, "5.0 s2.2.2.2", NULL};

    for (size_t i = 0; i < sizeof breaches / sizeof *breaches; i++)
        if (breaches[i].where == where && breaches[i].breach == breach &&
            (breaches[i].id == id || !breaches[i].id))
            return &breaches[i].cite;
    return &other;
}
