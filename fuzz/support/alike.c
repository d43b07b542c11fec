/* SPDX-License-Identifier: Apache-2.0 */
/* alike.c -- one packet as both wings read it, field by field. */
#include "support/alike.h"

#include "codec/decode.h"
#include "codec/props.h"

static bool same(struct slice b, struct wire_bytes h)
{
    return slice_equals(b, slice_of(h.octets, wire_len(h)));
}

#define DIFFERS(condition, name)                                               \
    if (condition)                                                             \
    return name

/* A number that may be absent, and a run of octets that may be. */
#define NUMBER(id, field, theirs)                                              \
    DIFFERS(properties_has(b, id) != wire_is_set(theirs) ||                    \
                (wire_is_set(theirs) && b->field != wire_value(theirs, 0)),    \
            #field)
#define RUN(id, field, theirs)                                                 \
    DIFFERS(properties_has(b, id) != (theirs.text != NULL) ||                  \
                (theirs.text && !same(b->field, theirs)),                      \
            #field)

static const char *numbers_differ(const struct properties *b,
                                  const struct wire_props *h)
{
    NUMBER(PROPERTY_PAYLOAD_FORMAT_INDICATOR, payload_format_indicator,
           h->payload_format_indicator);
    NUMBER(PROPERTY_MESSAGE_EXPIRY_INTERVAL, message_expiry_interval_s,
           h->message_expiry_interval_s);
    NUMBER(PROPERTY_SESSION_EXPIRY_INTERVAL, session_expiry_interval_s,
           h->session_expiry_interval_s);
    NUMBER(PROPERTY_SERVER_KEEP_ALIVE, server_keep_alive_s,
           h->server_keep_alive_s);
    NUMBER(PROPERTY_REQUEST_PROBLEM_INFORMATION, request_problem_information,
           h->request_problem_information);
    NUMBER(PROPERTY_WILL_DELAY_INTERVAL, will_delay_interval_s,
           h->will_delay_interval_s);
    NUMBER(PROPERTY_REQUEST_RESPONSE_INFORMATION, request_response_information,
           h->request_response_information);
    NUMBER(PROPERTY_RECEIVE_MAXIMUM, receive_maximum, h->receive_maximum);
    NUMBER(PROPERTY_TOPIC_ALIAS_MAXIMUM, topic_alias_maximum,
           h->topic_alias_maximum);
    NUMBER(PROPERTY_TOPIC_ALIAS, topic_alias, h->topic_alias);
    NUMBER(PROPERTY_MAXIMUM_QOS, maximum_qos, h->maximum_qos);
    NUMBER(PROPERTY_RETAIN_AVAILABLE, retain_available, h->retain_available);
    NUMBER(PROPERTY_MAXIMUM_PACKET_SIZE, maximum_packet_size_octets,
           h->maximum_packet_size);
    NUMBER(PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE,
           wildcard_subscription_available, h->wildcard_subscription_available);
    NUMBER(PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE,
           subscription_identifier_available,
           h->subscription_identifier_available);
    NUMBER(PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE,
           shared_subscription_available, h->shared_subscription_available);
    return NULL;
}

static const char *runs_differ(const struct properties *b,
                               const struct wire_props *h)
{
    RUN(PROPERTY_CONTENT_TYPE, content_type, h->content_type);
    RUN(PROPERTY_RESPONSE_TOPIC, response_topic, h->response_topic);
    RUN(PROPERTY_CORRELATION_DATA, correlation_data, h->correlation_data);
    RUN(PROPERTY_ASSIGNED_CLIENT_IDENTIFIER, assigned_client_identifier,
        h->assigned_client_identifier);
    RUN(PROPERTY_AUTHENTICATION_METHOD, authentication_method,
        h->authentication_method);
    RUN(PROPERTY_AUTHENTICATION_DATA, authentication_data,
        h->authentication_data);
    RUN(PROPERTY_RESPONSE_INFORMATION, response_information,
        h->response_information);
    RUN(PROPERTY_SERVER_REFERENCE, server_reference, h->server_reference);
    RUN(PROPERTY_REASON_STRING, reason_string, h->reason_string);
    return NULL;
}

static const char *lists_differ(const struct properties *b,
                                const struct wire_props *h)
{
    struct slice rest = b->user_properties, name, value;
    struct wire_bytes their_name, their_value;
    struct wire_cursor pairs = {0}, identifiers = {0};
    size_t n = 0;
    if (properties_has(b, PROPERTY_USER_PROPERTY)) {
        for (; user_property_next(&rest, &name, &value); n++)
            DIFFERS(!wire_next_user_property(h, &pairs, &their_name,
                                             &their_value) ||
                        !same(name, their_name) || !same(value, their_value),
                    "user_property");
    }
    DIFFERS(n != h->n_user_properties, "n_user_properties");
    uint32_t identifier = 0;
    bool has_identifier =
        wire_next_subscription_identifier(h, &identifiers, &identifier);
    DIFFERS(properties_has(b, PROPERTY_SUBSCRIPTION_IDENTIFIER) !=
                has_identifier,
            "subscription_identifier");
    if (!has_identifier)
        return NULL;
    DIFFERS(b->subscription_identifier != identifier, "first identifier");
    DIFFERS(b->n_subscription_identifiers != h->n_subscription_identifiers,
            "n_subscription_identifiers");
    return NULL;
}

static const char *properties_differ(const struct properties *b,
                                     const struct wire_props *h)
{
    const char *field = numbers_differ(b, h);
    if (!field)
        field = runs_differ(b, h);
    return field ? field : lists_differ(b, h);
}

static const char *connects_differ(const struct connect *b,
                                   const struct wire_packet *h)
{
    const struct will *will = &b->will;
    const char *field = NULL;
    DIFFERS((unsigned)b->version != (unsigned)h->version, "version");
    DIFFERS(b->is_clean_start != (h->clean_start != 0), "clean_start");
    DIFFERS(b->keep_alive_s != h->keep_alive_s, "keep_alive_s");
    DIFFERS(!same(b->client_id, h->client_id), "client_id");
    DIFFERS(b->has_user_name != (h->user_name.text != NULL), "has_user_name");
    DIFFERS(b->has_user_name && !same(b->user_name, h->user_name), "user_name");
    DIFFERS(b->has_password != (h->password.text != NULL), "has_password");
    DIFFERS(b->has_password && !same(b->password, h->password), "password");
    DIFFERS(b->has_will != (h->will.topic.text != NULL), "has_will");
    if (b->has_will) {
        DIFFERS(!same(will->topic, h->will.topic), "will.topic");
        DIFFERS(!same(will->payload, h->will.payload), "will.payload");
        DIFFERS(will->qos != h->will.qos, "will.qos");
        DIFFERS(will->is_retained != (h->will.retain != 0), "will.retain");
        if (b->version == MQTT_5_0)
            field = properties_differ(&will->properties, &h->will.props);
    }
    if (!field && b->version == MQTT_5_0)
        field = properties_differ(&b->properties, &h->props);
    return field;
}

static const char *publishes_differ(enum mqtt_version version,
                                    const struct publish *b,
                                    const struct wire_packet *h)
{
    DIFFERS(b->is_dup != (h->dup != 0), "dup");
    DIFFERS(b->is_retained != (h->retain != 0), "retain");
    DIFFERS(b->qos != h->qos, "qos");
    DIFFERS(b->packet_id != h->packet_id, "packet_id");
    DIFFERS(!same(b->topic, h->topic), "topic");
    DIFFERS(!same(b->payload, h->payload), "payload");
    return version == MQTT_5_0 ? properties_differ(&b->properties, &h->props)
                               : NULL;
}

static const char *filters_differ(enum mqtt_version version,
                                  const struct packet *b,
                                  const struct wire_packet *h)
{
    bool is_subscribe = b->type == PACKET_SUBSCRIBE;
    struct slice rest =
        is_subscribe ? b->subscribe.filters : b->unsubscribe.filters;
    struct subscription_request mine = {0};
    struct wire_filter theirs;
    size_t n = 0;
    DIFFERS(b->subscribe.packet_id != h->packet_id, "packet_id");
    while (is_subscribe ? subscribe_next(&rest, version, &mine)
                        : unsubscribe_next(&rest, &mine.filter)) {
        DIFFERS(!wire_filter_at(h, n++, &theirs), "n_filters");
        DIFFERS(!same(mine.filter, theirs.filter), "filter");
        DIFFERS(is_subscribe && mine.qos != theirs.qos, "filter.qos");
        DIFFERS(mine.is_no_local != (theirs.no_local != 0), "no_local");
        DIFFERS(mine.is_retain_as_published !=
                    (theirs.retain_as_published != 0),
                "retain_as_published");
        DIFFERS(mine.retain_handling != theirs.retain_handling,
                "retain_handling");
    }
    DIFFERS(n != h->n_filters, "n_filters");
    return version == MQTT_5_0
               ? properties_differ(is_subscribe ? &b->subscribe.properties
                                                : &b->unsubscribe.properties,
                                   &h->props)
               : NULL;
}

const char *packets_differ(enum mqtt_version version, const struct packet *b,
                           const struct wire_packet *h)
{
    bool is_5 = version == MQTT_5_0;
    DIFFERS((unsigned)b->type != (unsigned)h->type, "type");
    switch (b->type) {
    case PACKET_CONNECT:
        return connects_differ(&b->connect, h);
    case PACKET_CONNACK:
        DIFFERS(version != MQTT_3_1 &&
                    b->connack.is_session_present != (h->session_present != 0),
                "session_present");
        DIFFERS(is_5 && b->connack.reason != h->reason, "reason");
        return is_5 ? properties_differ(&b->connack.properties, &h->props)
                    : NULL;
    case PACKET_PUBLISH:
        return publishes_differ(version, &b->publish, h);
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        DIFFERS(b->ack.packet_id != h->packet_id, "packet_id");
        DIFFERS(b->ack.reason != h->reason, "reason");
        return is_5 ? properties_differ(&b->ack.properties, &h->props) : NULL;
    case PACKET_SUBSCRIBE:
    case PACKET_UNSUBSCRIBE:
        return filters_differ(version, b, h);
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        DIFFERS(b->suback.packet_id != h->packet_id, "packet_id");
        DIFFERS(!same(b->suback.reasons, h->codes), "codes");
        return is_5 ? properties_differ(&b->suback.properties, &h->props)
                    : NULL;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        DIFFERS(is_5 && b->disconnect.reason != h->reason, "reason");
        return is_5 ? properties_differ(&b->disconnect.properties, &h->props)
                    : NULL;
    case PACKET_RESERVED:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        return NULL;
    }
    return NULL;
}
