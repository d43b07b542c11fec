/* SPDX-License-Identifier: Apache-2.0 */
/* names.h -- the numbers of MQTT and their names in the standard.
 *
 * Packet types (5.0 s2.1.2), Reason Codes (5.0 s2.4), return codes of 3.1.1
 * (s3.2.2.3) and properties (5.0 s2.2.2.2).
 */
#ifndef MQTTSPEC_WIRE_NAMES_H
#define MQTTSPEC_WIRE_NAMES_H

#include <stdint.h>

enum wire_version {
    WIRE_UNKNOWN = 0,
    WIRE_3_1 = 3,
    WIRE_3_1_1 = 4,
    WIRE_5_0 = 5
};

enum wire_side { WIRE_ANYBODY, WIRE_CLIENT, WIRE_SERVER };

enum wire_type {
    WIRE_OCTETS = 0,
    WIRE_CONNECT = 1,
    WIRE_CONNACK,
    WIRE_PUBLISH,
    WIRE_PUBACK,
    WIRE_PUBREC,
    WIRE_PUBREL,
    WIRE_PUBCOMP,
    WIRE_SUBSCRIBE,
    WIRE_SUBACK,
    WIRE_UNSUBSCRIBE,
    WIRE_UNSUBACK,
    WIRE_PINGREQ,
    WIRE_PINGRESP,
    WIRE_DISCONNECT,
    WIRE_AUTH
};

/* Reason Codes of 5.0. */
enum wire_reason {
    SUCCESS = 0x00,
    NORMAL_DISCONNECTION = 0x00,
    GRANTED_QOS_0 = 0x00,
    GRANTED_QOS_1 = 0x01,
    GRANTED_QOS_2 = 0x02,
    DISCONNECT_WITH_WILL_MESSAGE = 0x04,
    NO_MATCHING_SUBSCRIBERS = 0x10,
    NO_SUBSCRIPTION_EXISTED = 0x11,
    CONTINUE_AUTHENTICATION = 0x18,
    RE_AUTHENTICATE = 0x19,
    UNSPECIFIED_ERROR = 0x80,
    MALFORMED_PACKET = 0x81,
    PROTOCOL_ERROR = 0x82,
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83,
    UNSUPPORTED_PROTOCOL_VERSION = 0x84,
    CLIENT_IDENTIFIER_NOT_VALID = 0x85,
    BAD_USER_NAME_OR_PASSWORD = 0x86,
    NOT_AUTHORIZED = 0x87,
    SERVER_UNAVAILABLE = 0x88,
    SERVER_BUSY = 0x89,
    BANNED = 0x8a,
    SERVER_SHUTTING_DOWN = 0x8b,
    BAD_AUTHENTICATION_METHOD = 0x8c,
    KEEP_ALIVE_TIMEOUT = 0x8d,
    SESSION_TAKEN_OVER = 0x8e,
    TOPIC_FILTER_INVALID = 0x8f,
    TOPIC_NAME_INVALID = 0x90,
    PACKET_IDENTIFIER_IN_USE = 0x91,
    PACKET_IDENTIFIER_NOT_FOUND = 0x92,
    RECEIVE_MAXIMUM_EXCEEDED = 0x93,
    TOPIC_ALIAS_INVALID = 0x94,
    PACKET_TOO_LARGE = 0x95,
    MESSAGE_RATE_TOO_HIGH = 0x96,
    QUOTA_EXCEEDED = 0x97,
    ADMINISTRATIVE_ACTION = 0x98,
    PAYLOAD_FORMAT_INVALID = 0x99,
    RETAIN_NOT_SUPPORTED = 0x9a,
    QOS_NOT_SUPPORTED = 0x9b,
    USE_ANOTHER_SERVER = 0x9c,
    SERVER_MOVED = 0x9d,
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9e,
    CONNECTION_RATE_EXCEEDED = 0x9f,
    MAXIMUM_CONNECT_TIME = 0xa0,
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xa1,
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xa2,
    /* CONNACK return codes of 3.1 and 3.1.1, SUBACK failure of 3.1.1 */
    REFUSED_PROTOCOL_VERSION = 0x01,
    REFUSED_IDENTIFIER = 0x02,
    REFUSED_SERVER_UNAVAILABLE = 0x03,
    REFUSED_BAD_USER_NAME_OR_PASSWORD = 0x04,
    REFUSED_NOT_AUTHORIZED = 0x05,
    SUBACK_FAILURE = 0x80
};

enum wire_property {
    WIRE_PAYLOAD_FORMAT_INDICATOR = 0x01,
    WIRE_MESSAGE_EXPIRY_INTERVAL = 0x02,
    WIRE_CONTENT_TYPE = 0x03,
    WIRE_RESPONSE_TOPIC = 0x08,
    WIRE_CORRELATION_DATA = 0x09,
    WIRE_SUBSCRIPTION_IDENTIFIER = 0x0b,
    WIRE_SESSION_EXPIRY_INTERVAL = 0x11,
    WIRE_ASSIGNED_CLIENT_IDENTIFIER = 0x12,
    WIRE_SERVER_KEEP_ALIVE = 0x13,
    WIRE_AUTHENTICATION_METHOD = 0x15,
    WIRE_AUTHENTICATION_DATA = 0x16,
    WIRE_REQUEST_PROBLEM_INFORMATION = 0x17,
    WIRE_WILL_DELAY_INTERVAL = 0x18,
    WIRE_REQUEST_RESPONSE_INFORMATION = 0x19,
    WIRE_RESPONSE_INFORMATION = 0x1a,
    WIRE_SERVER_REFERENCE = 0x1c,
    WIRE_REASON_STRING = 0x1f,
    WIRE_RECEIVE_MAXIMUM = 0x21,
    WIRE_TOPIC_ALIAS_MAXIMUM = 0x22,
    WIRE_TOPIC_ALIAS = 0x23,
    WIRE_MAXIMUM_QOS = 0x24,
    WIRE_RETAIN_AVAILABLE = 0x25,
    WIRE_USER_PROPERTY = 0x26,
    WIRE_MAXIMUM_PACKET_SIZE = 0x27,
    WIRE_WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28,
    WIRE_SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29,
    WIRE_SHARED_SUBSCRIPTION_AVAILABLE = 0x2a
};

/* wire_version_name gives "3.1", "3.1.1", "5.0" or "unknown"; static. */
const char *wire_version_name(enum wire_version version);

/* wire_version_from_name reads "3.1", "3.1.1" or "5.0".
 * Returns WIRE_UNKNOWN for anything else, NULL included. */
enum wire_version wire_version_from_name(const char *name);

/* wire_side_name gives "client", "server" or "somebody"; static. */
const char *wire_side_name(enum wire_side side);

/* wire_type_name gives "CONNECT" ... "AUTH"; "octets" for 0; static. */
const char *wire_type_name(enum wire_type type);

/* wire_reason_name gives a code's name as the packet's section has it:
 * 0 is "Granted QoS 0" in SUBACK and "Normal disconnection" in DISCONNECT.
 * Returns "unknown" for a code that the version does not define; static. */
const char *wire_reason_name(enum wire_version version, enum wire_type type,
                             unsigned code);

/* wire_reason_is_allowed tells whether a packet may carry a code.
 *
 * from   WIRE_ANYBODY asks for either side
 * Spec: 5.0 s2.4 and the table of each packet; 3.1.1 s3.2.2.3, s3.9.3.
 */
int wire_reason_is_allowed(enum wire_version version, enum wire_type type,
                           enum wire_side from, unsigned code);

/* wire_property_name gives "Receive Maximum"; "unknown property"; static. */
const char *wire_property_name(uint32_t id);

#endif
