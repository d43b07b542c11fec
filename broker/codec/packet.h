// SPDX-License-Identifier: Apache-2.0
/* packet.h -- every Control Packet as data.
 *
 * One struct per packet and one tagged union, its type first. Strings, binary
 * data and payloads are slices into the octets they were decoded from, and die
 * with them. Packet fields carry the standard's names.
 * Spec: 5.0 s2, s3; 3.1.1 s2, s3; 3.1 s2, s3.
 */
#ifndef BROKER_CODEC_PACKET_H
#define BROKER_CODEC_PACKET_H

#include "base/bytes.h"
#include "codec/reason.h"

/* The Protocol Level octet of CONNECT. */
enum mqtt_version {
    MQTT_3_1 = 3,
    MQTT_3_1_1 = 4,
    MQTT_5_0 = 5,
};

/* The type in the first four bits of the Fixed Header. */
enum packet_type {
    PACKET_RESERVED = 0,
    PACKET_CONNECT = 1,
    PACKET_CONNACK = 2,
    PACKET_PUBLISH = 3,
    PACKET_PUBACK = 4,
    PACKET_PUBREC = 5,
    PACKET_PUBREL = 6,
    PACKET_PUBCOMP = 7,
    PACKET_SUBSCRIBE = 8,
    PACKET_SUBACK = 9,
    PACKET_UNSUBSCRIBE = 10,
    PACKET_UNSUBACK = 11,
    PACKET_PINGREQ = 12,
    PACKET_PINGRESP = 13,
    PACKET_DISCONNECT = 14,
    PACKET_AUTH = 15,
};

/* Property identifiers. Spec: 5.0 table 2-4. */
enum property {
    PROPERTY_ENCODED = 0x00, /* none of the standard's: see struct properties */
    PROPERTY_PAYLOAD_FORMAT_INDICATOR = 0x01,
    PROPERTY_MESSAGE_EXPIRY_INTERVAL = 0x02,
    PROPERTY_CONTENT_TYPE = 0x03,
    PROPERTY_RESPONSE_TOPIC = 0x08,
    PROPERTY_CORRELATION_DATA = 0x09,
    PROPERTY_SUBSCRIPTION_IDENTIFIER = 0x0B,
    PROPERTY_SESSION_EXPIRY_INTERVAL = 0x11,
    PROPERTY_ASSIGNED_CLIENT_IDENTIFIER = 0x12,
    PROPERTY_SERVER_KEEP_ALIVE = 0x13,
    PROPERTY_AUTHENTICATION_METHOD = 0x15,
    PROPERTY_AUTHENTICATION_DATA = 0x16,
    PROPERTY_REQUEST_PROBLEM_INFORMATION = 0x17,
    PROPERTY_WILL_DELAY_INTERVAL = 0x18,
    PROPERTY_REQUEST_RESPONSE_INFORMATION = 0x19,
    PROPERTY_RESPONSE_INFORMATION = 0x1A,
    PROPERTY_SERVER_REFERENCE = 0x1C,
    PROPERTY_REASON_STRING = 0x1F,
    PROPERTY_RECEIVE_MAXIMUM = 0x21,
    PROPERTY_TOPIC_ALIAS_MAXIMUM = 0x22,
    PROPERTY_TOPIC_ALIAS = 0x23,
    PROPERTY_MAXIMUM_QOS = 0x24,
    PROPERTY_RETAIN_AVAILABLE = 0x25,
    PROPERTY_USER_PROPERTY = 0x26,
    PROPERTY_MAXIMUM_PACKET_SIZE = 0x27,
    PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,
    PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29,
    PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE = 0x2A,
};

/* All 27 properties of 5.0. A field counts only when its bit is set in
 * `present` (see properties_has, properties_set). Zeroed is "no properties".
 *
 * User Properties stay encoded: `user_properties` is a run of encoded
 * properties of which only those with identifier 0x26 count, in order; walk it
 * with user_property_next (props.h). A decoder points it at the whole property
 * block, an encoder writes the User Properties that it finds in it.
 *
 * Subscription Identifiers: when decoded, `subscription_identifier` is the
 * first one and n_subscription_identifiers says how many there were. When
 * encoded, `subscription_identifiers` (if not NULL) points to
 * n_subscription_identifiers of them; else the single one is written.
 *
 * Properties that are forwarded as they came lie in `encoded`, which counts
 * with PROPERTY_ENCODED and only for an encoder.
 */
struct properties {
    uint64_t present; /* bit N: the property with identifier N */
    struct slice content_type;
    struct slice response_topic;
    struct slice correlation_data;
    struct slice assigned_client_identifier;
    struct slice authentication_method;
    struct slice authentication_data;
    struct slice response_information;
    struct slice server_reference;
    struct slice reason_string;
    struct slice user_properties;
    struct slice encoded;
    const uint32_t *subscription_identifiers;
    uint32_t n_subscription_identifiers;
    uint32_t subscription_identifier;
    uint32_t message_expiry_interval_s;
    uint32_t session_expiry_interval_s;
    uint32_t will_delay_interval_s;
    uint32_t maximum_packet_size_octets;
    uint16_t server_keep_alive_s;
    uint16_t receive_maximum;
    uint16_t topic_alias_maximum;
    uint16_t topic_alias;
    uint8_t payload_format_indicator;
    uint8_t request_problem_information;
    uint8_t request_response_information;
    uint8_t maximum_qos;
    uint8_t retain_available;
    uint8_t wildcard_subscription_available;
    uint8_t subscription_identifier_available;
    uint8_t shared_subscription_available;
};

/* properties_has tells whether a property is there. */
static inline bool properties_has(const struct properties *p, enum property id)
{
    return (p->present >> id & 1) != 0;
}

/* properties_set marks a property as there; its field is set by the caller:
 * properties_set(&p, PROPERTY_TOPIC_ALIAS); p.topic_alias = 3; */
static inline void properties_set(struct properties *p, enum property id)
{
    p->present |= UINT64_C(1) << id;
}

/* properties_unset takes a property away. */
static inline void properties_unset(struct properties *p, enum property id)
{
    p->present &= ~(UINT64_C(1) << id);
}

struct will {
    struct slice topic;
    struct slice payload;
    struct properties properties; /* 5.0 only */
    uint8_t qos;
    bool is_retained;
};

struct connect {
    enum mqtt_version version;
    bool is_clean_start; /* Clean Session in 3.x */
    bool has_will;
    bool has_user_name;
    bool has_password;
    uint16_t keep_alive_s;
    struct slice client_id;
    struct slice user_name;
    struct slice password;
    struct will will;
    struct properties properties;
};

struct connack {
    bool is_session_present;
    enum reason reason; /* encoded as a Return Code in 3.x */
    struct properties properties;
};

struct publish {
    bool is_dup;
    bool is_retained;
    uint8_t qos;
    uint16_t packet_id; /* 0 when qos is 0 */
    struct slice topic; /* empty: see Topic Alias */
    struct slice payload;
    struct properties properties;
};

/* PUBACK, PUBREC, PUBREL and PUBCOMP share one shape. */
struct ack {
    uint16_t packet_id;
    enum reason reason; /* SUCCESS in 3.x */
    struct properties properties;
};

/* One Topic Filter of SUBSCRIBE with its Subscription Options. */
struct subscription_request {
    struct slice filter;
    uint8_t qos;
    bool is_no_local;
    bool is_retain_as_published;
    uint8_t retain_handling; /* 0, 1 or 2 */
};

/* The payload is checked as a whole when decoded; walk it with
 * subscribe_next, unsubscribe_next (decode.h).
 */
struct subscribe {
    uint16_t packet_id;
    struct slice filters; /* the payload, still encoded */
    size_t n_filters;     /* 1 or more, but 0 is legal in 3.1 */
    struct properties properties;
};

struct unsubscribe {
    uint16_t packet_id;
    struct slice filters;
    size_t n_filters;
    struct properties properties;
};

/* SUBACK and UNSUBACK: reasons holds one octet for each Topic Filter. In 3.x
 * the encoder turns failures of SUBACK into 0x80, and leaves out the reasons
 * of UNSUBACK.
 */
struct suback {
    uint16_t packet_id;
    struct slice reasons;
    struct properties properties;
};

/* DISCONNECT and AUTH. In 3.x DISCONNECT is empty and AUTH does not exist. */
struct disconnect {
    enum reason reason;
    struct properties properties;
};

struct packet {
    enum packet_type type;
    union {
        struct connect connect;
        struct connack connack;
        struct publish publish;
        struct ack ack;
        struct subscribe subscribe;
        struct suback suback; /* SUBACK, UNSUBACK */
        struct unsubscribe unsubscribe;
        struct disconnect disconnect;
        struct disconnect auth;
    };
};

/* packet_type_name gives "CONNECT" ... "AUTH", "RESERVED" for 0. */
const char *packet_type_name(enum packet_type type);

/* packet_flags gives the low four bits of the first octet; those of PUBLISH
 * mean something, and are 0 here. Spec: 5.0 s2.1.3 [MQTT-2.1.3-1].
 */
unsigned packet_flags(enum packet_type type);

/* packet_properties finds the properties of a packet; NULL: its type has none.
 */
struct properties *packet_properties(struct packet *packet);

#endif
