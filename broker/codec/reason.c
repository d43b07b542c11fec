// SPDX-License-Identifier: Apache-2.0
/* reason.c -- names of Reason Codes, and their likes in 3.x. */
#include "codec/reason.h"

#include <stddef.h>

static const struct {
    enum reason reason;
    int connack_3; /* Return Code of CONNACK; -1: none fits */
    const char *name;
} table[] = {
    {REASON_SUCCESS, 0, "Success"},
    {REASON_GRANTED_QOS_1, -1, "Granted QoS 1"},
    {REASON_GRANTED_QOS_2, -1, "Granted QoS 2"},
    {REASON_DISCONNECT_WITH_WILL_MESSAGE, -1, "Disconnect with Will Message"},
    {REASON_NO_MATCHING_SUBSCRIBERS, -1, "No matching subscribers"},
    {REASON_NO_SUBSCRIPTION_EXISTED, -1, "No subscription existed"},
    {REASON_CONTINUE_AUTHENTICATION, -1, "Continue authentication"},
    {REASON_RE_AUTHENTICATE, -1, "Re-authenticate"},
    {REASON_UNSPECIFIED_ERROR, -1, "Unspecified error"},
    {REASON_MALFORMED_PACKET, -1, "Malformed Packet"},
    {REASON_PROTOCOL_ERROR, -1, "Protocol Error"},
    {REASON_IMPLEMENTATION_SPECIFIC_ERROR, -1, "Implementation specific error"},
    {REASON_UNSUPPORTED_PROTOCOL_VERSION, 1, "Unsupported Protocol Version"},
    {REASON_CLIENT_IDENTIFIER_NOT_VALID, 2, "Client Identifier not valid"},
    /* 4 would say that the data is malformed; a wrong password is 5. */
    {REASON_BAD_USER_NAME_OR_PASSWORD, 5, "Bad User Name or Password"},
    {REASON_NOT_AUTHORIZED, 5, "Not authorized"},
    {REASON_SERVER_UNAVAILABLE, 3, "Server unavailable"},
    {REASON_SERVER_BUSY, 3, "Server busy"},
    {REASON_BANNED, 5, "Banned"},
    {REASON_SERVER_SHUTTING_DOWN, 3, "Server shutting down"},
    {REASON_BAD_AUTHENTICATION_METHOD, -1, "Bad authentication method"},
    {REASON_KEEP_ALIVE_TIMEOUT, -1, "Keep Alive timeout"},
    {REASON_SESSION_TAKEN_OVER, -1, "Session taken over"},
    {REASON_TOPIC_FILTER_INVALID, -1, "Topic Filter invalid"},
    {REASON_TOPIC_NAME_INVALID, -1, "Topic Name invalid"},
    {REASON_PACKET_IDENTIFIER_IN_USE, -1, "Packet Identifier in use"},
    {REASON_PACKET_IDENTIFIER_NOT_FOUND, -1, "Packet Identifier not found"},
    {REASON_RECEIVE_MAXIMUM_EXCEEDED, -1, "Receive Maximum exceeded"},
    {REASON_TOPIC_ALIAS_INVALID, -1, "Topic Alias invalid"},
    {REASON_PACKET_TOO_LARGE, -1, "Packet too large"},
    {REASON_MESSAGE_RATE_TOO_HIGH, -1, "Message rate too high"},
    {REASON_QUOTA_EXCEEDED, 3, "Quota exceeded"},
    {REASON_ADMINISTRATIVE_ACTION, -1, "Administrative action"},
    {REASON_PAYLOAD_FORMAT_INVALID, -1, "Payload format invalid"},
    {REASON_RETAIN_NOT_SUPPORTED, -1, "Retain not supported"},
    {REASON_QOS_NOT_SUPPORTED, -1, "QoS not supported"},
    {REASON_USE_ANOTHER_SERVER, 3, "Use another server"},
    {REASON_SERVER_MOVED, 3, "Server moved"},
    {REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, -1,
     "Shared Subscriptions not supported"},
    {REASON_CONNECTION_RATE_EXCEEDED, 3, "Connection rate exceeded"},
    {REASON_MAXIMUM_CONNECT_TIME, -1, "Maximum connect time"},
    {REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, -1,
     "Subscription Identifiers not supported"},
    {REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED, -1,
     "Wildcard Subscriptions not supported"},
};

#define N_ROWS (sizeof table / sizeof table[0])

const char *reason_name(enum reason reason)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (table[i].reason == reason)
            return table[i].name;
    return "unknown";
}

int reason_to_connack_3(enum reason reason)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (table[i].reason == reason)
            return table[i].connack_3;
    return -1;
}
