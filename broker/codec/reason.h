// SPDX-License-Identifier: Apache-2.0
/* reason.h -- the Reason Codes of MQTT 5.0, and what older versions say.
 *
 * Inside the broker the codes of 5.0 serve every version; the encoder turns
 * them into 3.x Return Codes where those exist.
 * Spec: 5.0 s2.4; 3.1.1 s3.2.2.3, s3.9.3.
 */
#ifndef BROKER_CODEC_REASON_H
#define BROKER_CODEC_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum reason {
    REASON_SUCCESS = 0x00,
    REASON_NORMAL_DISCONNECTION = 0x00,
    REASON_GRANTED_QOS_0 = 0x00,
    REASON_GRANTED_QOS_1 = 0x01,
    REASON_GRANTED_QOS_2 = 0x02,
    REASON_DISCONNECT_WITH_WILL_MESSAGE = 0x04,
    REASON_NO_MATCHING_SUBSCRIBERS = 0x10,
    REASON_NO_SUBSCRIPTION_EXISTED = 0x11,
    REASON_CONTINUE_AUTHENTICATION = 0x18,
    REASON_RE_AUTHENTICATE = 0x19,
    REASON_UNSPECIFIED_ERROR = 0x80,
    REASON_MALFORMED_PACKET = 0x81,
    REASON_PROTOCOL_ERROR = 0x82,
    REASON_IMPLEMENTATION_SPECIFIC_ERROR = 0x83,
    REASON_UNSUPPORTED_PROTOCOL_VERSION = 0x84,
    REASON_CLIENT_IDENTIFIER_NOT_VALID = 0x85,
    REASON_BAD_USER_NAME_OR_PASSWORD = 0x86,
    REASON_NOT_AUTHORIZED = 0x87,
    REASON_SERVER_UNAVAILABLE = 0x88,
    REASON_SERVER_BUSY = 0x89,
    REASON_BANNED = 0x8A,
    REASON_SERVER_SHUTTING_DOWN = 0x8B,
    REASON_BAD_AUTHENTICATION_METHOD = 0x8C,
    REASON_KEEP_ALIVE_TIMEOUT = 0x8D,
    REASON_SESSION_TAKEN_OVER = 0x8E,
    REASON_TOPIC_FILTER_INVALID = 0x8F,
    REASON_TOPIC_NAME_INVALID = 0x90,
    REASON_PACKET_IDENTIFIER_IN_USE = 0x91,
    REASON_PACKET_IDENTIFIER_NOT_FOUND = 0x92,
    REASON_RECEIVE_MAXIMUM_EXCEEDED = 0x93,
    REASON_TOPIC_ALIAS_INVALID = 0x94,
    REASON_PACKET_TOO_LARGE = 0x95,
    REASON_MESSAGE_RATE_TOO_HIGH = 0x96,
    REASON_QUOTA_EXCEEDED = 0x97,
    REASON_ADMINISTRATIVE_ACTION = 0x98,
    REASON_PAYLOAD_FORMAT_INVALID = 0x99,
    REASON_RETAIN_NOT_SUPPORTED = 0x9A,
    REASON_QOS_NOT_SUPPORTED = 0x9B,
    REASON_USE_ANOTHER_SERVER = 0x9C,
    REASON_SERVER_MOVED = 0x9D,
    REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E,
    REASON_CONNECTION_RATE_EXCEEDED = 0x9F,
    REASON_MAXIMUM_CONNECT_TIME = 0xA0,
    REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1,
    REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2,
};

/* reason_is_failure tells whether a code means that the operation failed. */
static inline bool reason_is_failure(enum reason reason)
{
    return reason >= 0x80;
}

/* reason_name gives the standard's name of a code; "unknown" for others. */
const char *reason_name(enum reason reason);

/* reason_to_connack_3 turns a code into a CONNACK Return Code of 3.x.
 *
 * Returns 0 to 5; -1 when 3.x has no code for it and the server must close
 * without one. Spec: 3.1.1 s3.2.2.3 [MQTT-3.2.2-6].
 */
int reason_to_connack_3(enum reason reason);

#endif
