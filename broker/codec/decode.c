// SPDX-License-Identifier: Apache-2.0
/* decode.c -- from the octets of one whole packet to struct packet.
 *
 * Each function reads one packet in the order of the standard through a cursor
 * whose error sticks, and looks at the error once, at the end. MQTT 3.1 is read
 * with the leniency that its text asks for.
 * Spec: 5.0 s2, s3; 3.1.1 s2, s3; 3.1 s2, s3.
 */
#include "codec/decode.h"

#include <string.h>

#include "base/utf8.h"
#include "codec/frame.h"
#include "codec/props.h"

/* end_of says whether a packet was read to its end and no further. */
static enum reason end_of(const struct reader *r)
{
    return r->has_failed || reader_left(r) > 0 ? REASON_MALFORMED_PACKET
                                               : REASON_SUCCESS;
}

/* The bits of the Connect Flags. Spec: 5.0 s3.1.2.3. */
enum {
    CONNECT_RESERVED = 0x01,
    CONNECT_CLEAN_START = 0x02,
    CONNECT_WILL = 0x04,
    CONNECT_WILL_QOS = 0x18,
    CONNECT_WILL_RETAIN = 0x20,
    CONNECT_PASSWORD = 0x40,
    CONNECT_USER_NAME = 0x80,
};

/* read_protocol reads Protocol Name and Level. An unknown pair leaves in
 * version the form in which a refusal would be understood: 5 or 4, or 0 for
 * none. [MQTT-3.1.2-1], [MQTT-3.1.2-2] in both versions. */
static enum reason read_protocol(struct reader *r, enum mqtt_version *version)
{
    struct slice name = read_binary(r);
    uint8_t level = read_u8(r);
    bool is_mqtt = slice_equals(name, slice_of_text("MQTT"));
    bool is_mqisdp = slice_equals(name, slice_of_text("MQIsdp"));
    *version = 0;
    if (r->has_failed)
        return REASON_MALFORMED_PACKET;
    if ((is_mqtt && (level == MQTT_3_1_1 || level == MQTT_5_0)) ||
        (is_mqisdp && level == MQTT_3_1)) {
        *version = level;
        return REASON_SUCCESS;
    }
    if (level >= MQTT_5_0 && !is_mqisdp)
        *version = MQTT_5_0;
    else if (is_mqtt || is_mqisdp)
        *version = MQTT_3_1_1;
    return REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

/* connect_flags_are_legal checks the flags against each other. Spec: 5.0
 * [MQTT-3.1.2-3], [MQTT-3.1.2-11..13]; 3.1.1 [MQTT-3.1.2-3], [MQTT-3.1.2-13],
 * [MQTT-3.1.2-15], [MQTT-3.1.2-22]; 3.1 says less. */
static bool connect_flags_are_legal(uint8_t flags, enum mqtt_version version)
{
    bool has_password_alone =
        (flags & CONNECT_PASSWORD) && !(flags & CONNECT_USER_NAME);
    if ((flags & CONNECT_WILL_QOS) == CONNECT_WILL_QOS)
        return false; /* [MQTT-3.1.2-12], 3.1.1 [MQTT-3.1.2-14] */
    if (version != MQTT_5_0 && has_password_alone)
        return false;
    if (version == MQTT_3_1)
        return true;
    if (flags & CONNECT_RESERVED)
        return false;
    return (flags & CONNECT_WILL) ||
           !(flags & (CONNECT_WILL_QOS | CONNECT_WILL_RETAIN));
}

/* read_will reads Will Properties, Will Topic and Will Payload. */
static enum reason read_will(struct reader *r, enum mqtt_version version,
                             uint8_t flags, struct will *will)
{
    if (version == MQTT_5_0) {
        enum reason reason = props_read(r, PROPERTY_IN_WILL, &will->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    will->topic = utf8_read(r);
    will->payload = read_binary(r);
    will->qos = (uint8_t)((flags & CONNECT_WILL_QOS) >> 3);
    will->is_retained = (flags & CONNECT_WILL_RETAIN) != 0;
    return REASON_SUCCESS;
}

/* read_credentials reads User Name and Password. In 3.1 the Remaining Length
 * wins: a flag may be set though the field is missing (3.1 s3.1). */
static void read_credentials(struct reader *r, struct connect *c, uint8_t flags)
{
    bool may_miss = c->version == MQTT_3_1;
    if ((flags & CONNECT_USER_NAME) && !(may_miss && reader_left(r) == 0)) {
        c->has_user_name = true;
        c->user_name = utf8_read(r);
    }
    if ((flags & CONNECT_PASSWORD) && !(may_miss && reader_left(r) == 0)) {
        c->has_password = true;
        c->password = read_binary(r);
    }
}

static enum reason decode_connect(struct reader *r, struct connect *c)
{
    enum reason reason = read_protocol(r, &c->version);
    if (reason != REASON_SUCCESS)
        return reason;
    uint8_t flags = read_u8(r);
    if (!connect_flags_are_legal(flags, c->version))
        return REASON_MALFORMED_PACKET;
    c->is_clean_start = (flags & CONNECT_CLEAN_START) != 0;
    c->has_will = (flags & CONNECT_WILL) != 0;
    c->keep_alive_s = read_u16(r);
    if (c->version == MQTT_5_0) {
        reason = props_read(r, PROPERTY_IN(PACKET_CONNECT), &c->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    c->client_id = utf8_read(r);
    if (c->has_will) {
        reason = read_will(r, c->version, flags, &c->will);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    read_credentials(r, c, flags);
    reason = end_of(r);
    /* 5.0 s3.1.2.11.10: data without a method is a Protocol Error. */
    if (reason == REASON_SUCCESS &&
        properties_has(&c->properties, PROPERTY_AUTHENTICATION_DATA) &&
        !properties_has(&c->properties, PROPERTY_AUTHENTICATION_METHOD))
        reason = REASON_PROTOCOL_ERROR;
    return reason;
}

/* reason_is_legal tells whether a Reason Code may stand in a packet of that
 * type, sent by either side. Spec: 5.0 table 2-6 and the tables of s3. */
static bool reason_is_legal(enum packet_type type, uint8_t code)
{
    static const char *const publish = "\x00\x10\x80\x83\x87\x90\x91\x97\x99";
    static const char *const release = "\x00\x92";
    static const char *const disconnect =
        "\x00\x04\x80\x81\x82\x83\x87\x89\x8B\x8C\x8D\x8E\x8F\x90\x93\x94\x95"
        "\x96\x97\x98\x99\x9A\x9B\x9C\x9D\x9E\x9F\xA0\xA1\xA2";
    static const char *const auth = "\x00\x18\x19";
    static const char *const connack =
        "\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8A\x8C\x90\x95\x97"
        "\x99\x9A\x9B\x9C\x9D\x9F";
    static const char *const suback =
        "\x00\x01\x02\x80\x83\x87\x8F\x91\x97\x9E\xA1\xA2";
    static const char *const unsuback = "\x00\x11\x80\x83\x87\x8F\x91";
    static const struct {
        const char *codes;
        size_t n;
    } legal[16] = {
        [PACKET_PUBACK] = {publish, 9},         [PACKET_PUBREC] = {publish, 9},
        [PACKET_PUBREL] = {release, 2},         [PACKET_PUBCOMP] = {release, 2},
        [PACKET_DISCONNECT] = {disconnect, 30}, [PACKET_AUTH] = {auth, 3},
        [PACKET_CONNACK] = {connack, 22},       [PACKET_SUBACK] = {suback, 12},
        [PACKET_UNSUBACK] = {unsuback, 7},
    };
    return memchr(legal[type].codes, code, legal[type].n) != NULL;
}

/* connack_3_reason turns a Return Code of 3.x into its like among the Reason
 * Codes. Returns false for a code that does not exist. */
static bool connack_3_reason(uint8_t code, enum reason *reason)
{
    static const enum reason reasons[] = {
        REASON_SUCCESS,
        REASON_UNSUPPORTED_PROTOCOL_VERSION,
        REASON_CLIENT_IDENTIFIER_NOT_VALID,
        REASON_SERVER_UNAVAILABLE,
        REASON_BAD_USER_NAME_OR_PASSWORD,
        REASON_NOT_AUTHORIZED,
    };
    if (code >= sizeof reasons / sizeof reasons[0])
        return false;
    *reason = reasons[code];
    return true;
}

static enum reason decode_connack(struct reader *r, enum mqtt_version version,
                                  struct connack *c)
{
    uint8_t flags = read_u8(r);
    uint8_t code = read_u8(r);
    c->is_session_present = (flags & 1) != 0;
    c->reason = code;
    if (version == MQTT_3_1)
        c->is_session_present = false; /* the octet is reserved, unused */
    else if (flags & 0xFE)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.2.2-1] */
    if (c->is_session_present && code)
        return REASON_PROTOCOL_ERROR; /* [MQTT-3.2.2-6], 3.1.1 -4 */
    if (version != MQTT_5_0 && !connack_3_reason(code, &c->reason))
        return REASON_MALFORMED_PACKET;
    if (version == MQTT_5_0) {
        if (!reason_is_legal(PACKET_CONNACK, code))
            return REASON_PROTOCOL_ERROR;
        enum reason reason =
            props_read(r, PROPERTY_IN(PACKET_CONNACK), &c->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    return end_of(r);
}

static enum reason decode_publish(struct reader *r, enum mqtt_version version,
                                  uint8_t flags, struct publish *p)
{
    p->is_dup = (flags & 8) != 0;
    p->qos = (flags >> 1) & 3;
    p->is_retained = (flags & 1) != 0;
    if (p->qos == 3)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.3.1-4] */
    if (p->qos == 0 && p->is_dup && version != MQTT_3_1)
        return REASON_MALFORMED_PACKET; /* [MQTT-3.3.1-2] */
    p->topic = utf8_read(r);
    p->packet_id = p->qos > 0 ? read_u16(r) : 0;
    if (r->has_failed)
        return REASON_MALFORMED_PACKET;
    if (p->qos > 0 && p->packet_id == 0)
        return REASON_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] */
    p->properties.present = 0;
    p->properties.n_subscription_identifiers = 0;
    if (version == MQTT_5_0) {
        enum reason reason =
            props_read(r, PROPERTY_IN(PACKET_PUBLISH), &p->properties);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    p->payload = read_rest(r);
    return REASON_SUCCESS;
}

/* read_reason reads what the 5.0 acknowledgements, DISCONNECT and AUTH end
 * with: a Reason Code and properties, each of which may be left out. */
static enum reason read_reason(struct reader *r, enum packet_type type,
                               enum reason *code, struct properties *properties)
{
    *code = REASON_SUCCESS;
    properties->present = 0;
    if (r->has_failed || reader_left(r) == 0)
        return end_of(r);
    *code = read_u8(r);
    if (!reason_is_legal(type, (uint8_t)*code))
        return REASON_PROTOCOL_ERROR;
    /* AUTH has no form with a Reason Code alone (5.0 s3.15.2.1). */
    if (reader_left(r) == 0 && type != PACKET_AUTH)
        return REASON_SUCCESS;
    enum reason reason = props_read(r, PROPERTY_IN(type), properties);
    return reason != REASON_SUCCESS ? reason : end_of(r);
}

static enum reason decode_ack(struct reader *r, enum mqtt_version version,
                              enum packet_type type, struct ack *ack)
{
    ack->packet_id = read_u16(r);
    if (!r->has_failed && ack->packet_id == 0)
        return REASON_PROTOCOL_ERROR;
    if (version == MQTT_5_0)
        return read_reason(r, type, &ack->reason, &ack->properties);
    ack->reason = REASON_SUCCESS;
    ack->properties.present = 0;
    return end_of(r);
}

bool subscribe_next(struct slice *rest, enum mqtt_version version,
                    struct subscription_request *request)
{
    struct reader r = reader_of(*rest);
    if (reader_left(&r) == 0)
        return false;
    *request = (struct subscription_request){.filter = read_binary(&r)};
    uint8_t options = read_u8(&r);
    request->qos = options & 3;
    if (version == MQTT_5_0) {
        request->is_no_local = (options & 4) != 0;
        request->is_retain_as_published = (options & 8) != 0;
        request->retain_handling = (options >> 4) & 3;
    }
    *rest = read_rest(&r);
    return !r.has_failed;
}

bool unsubscribe_next(struct slice *rest, struct slice *filter)
{
    struct reader r = reader_of(*rest);
    if (reader_left(&r) == 0)
        return false;
    *filter = read_binary(&r);
    *rest = read_rest(&r);
    return !r.has_failed;
}

/* check_options tells whether the Subscription Options of one filter are
 * legal. [MQTT-3.8.3-5]; 3.1.1 [MQTT-3-8.3-4]; 5.0 s3.8.3.1. */
static enum reason check_options(uint8_t options, enum mqtt_version version)
{
    uint8_t reserved = version == MQTT_5_0     ? 0xC0
                       : version == MQTT_3_1_1 ? 0xFC
                                               : 0;
    if (options & reserved)
        return REASON_MALFORMED_PACKET;
    bool is_qos_3 = (options & 3) == 3;
    bool is_handling_3 = version == MQTT_5_0 && (options & 0x30) == 0x30;
    return is_qos_3 || is_handling_3 ? REASON_PROTOCOL_ERROR : REASON_SUCCESS;
}

/* read_head reads the Packet Identifier and properties that SUBSCRIBE,
 * UNSUBSCRIBE, SUBACK and UNSUBACK begin with. */
static enum reason read_head(struct reader *r, enum mqtt_version version,
                             enum packet_type type, uint16_t *packet_id,
                             struct properties *properties)
{
    *packet_id = read_u16(r);
    properties->present = 0;
    if (r->has_failed)
        return REASON_MALFORMED_PACKET;
    if (*packet_id == 0)
        return REASON_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] */
    return version == MQTT_5_0 ? props_read(r, PROPERTY_IN(type), properties)
                               : REASON_SUCCESS;
}

static enum reason decode_subscribe(struct reader *r, enum mqtt_version version,
                                    struct subscribe *s)
{
    enum reason reason =
        read_head(r, version, PACKET_SUBSCRIBE, &s->packet_id, &s->properties);
    if (reason != REASON_SUCCESS)
        return reason;
    s->filters = slice_of(r->at, reader_left(r));
    for (s->n_filters = 0; reader_left(r) > 0; s->n_filters++) {
        utf8_read(r);
        uint8_t options = read_u8(r);
        if (r->has_failed)
            return REASON_MALFORMED_PACKET;
        reason = check_options(options, version);
        if (reason != REASON_SUCCESS)
            return reason;
    }
    /* [MQTT-3.8.3-2]; 3.1.1 [MQTT-3.8.3-3]. 3.1 does not forbid it. */
    return s->n_filters == 0 && version != MQTT_3_1 ? REASON_PROTOCOL_ERROR
                                                    : REASON_SUCCESS;
}

static enum reason decode_unsubscribe(struct reader *r,
                                      enum mqtt_version version,
                                      struct unsubscribe *u)
{
    enum reason reason = read_head(r, version, PACKET_UNSUBSCRIBE,
                                   &u->packet_id, &u->properties);
    if (reason != REASON_SUCCESS)
        return reason;
    u->filters = slice_of(r->at, reader_left(r));
    for (u->n_filters = 0; reader_left(r) > 0; u->n_filters++) {
        utf8_read(r);
        if (r->has_failed)
            return REASON_MALFORMED_PACKET;
    }
    /* [MQTT-3.10.3-2]. */
    return u->n_filters == 0 && version != MQTT_3_1 ? REASON_PROTOCOL_ERROR
                                                    : REASON_SUCCESS;
}

/* codes_are_legal looks at the codes of SUBACK and UNSUBACK, one for each Topic
 * Filter: [MQTT-3.8.4-6], [MQTT-3.11.3-2]; 3.1.1 [MQTT-3.9.3-2]. */
static bool codes_are_legal(struct slice codes, enum mqtt_version version,
                            enum packet_type type)
{
    for (size_t i = 0; i < codes.n; i++) {
        uint8_t code = codes.data[i];
        bool is_legal = version == MQTT_5_0     ? reason_is_legal(type, code)
                        : version == MQTT_3_1_1 ? code <= 2 || code == 0x80
                                                : code <= 2;
        if (!is_legal)
            return false;
    }
    return codes.n > 0 || version == MQTT_3_1;
}

static enum reason decode_suback(struct reader *r, enum mqtt_version version,
                                 enum packet_type type, struct suback *s)
{
    enum reason reason =
        read_head(r, version, type, &s->packet_id, &s->properties);
    if (reason != REASON_SUCCESS)
        return reason;
    if (type == PACKET_UNSUBACK && version != MQTT_5_0) {
        s->reasons = slice_of(NULL, 0);
        return end_of(r);
    }
    s->reasons = read_rest(r);
    return codes_are_legal(s->reasons, version, type) ? REASON_SUCCESS
                                                      : REASON_PROTOCOL_ERROR;
}

static enum reason decode_disconnect(struct reader *r,
                                     enum mqtt_version version,
                                     enum packet_type type,
                                     struct disconnect *d)
{
    if (version == MQTT_5_0)
        return read_reason(r, type, &d->reason, &d->properties);
    d->reason = REASON_SUCCESS;
    d->properties.present = 0;
    return type == PACKET_AUTH ? REASON_MALFORMED_PACKET : end_of(r);
}

/* decode_body reads what follows the Fixed Header. */
static enum reason decode_body(struct reader *r, enum mqtt_version version,
                               uint8_t flags, struct packet *packet)
{
    switch (packet->type) {
    case PACKET_RESERVED:
        return REASON_MALFORMED_PACKET;
    case PACKET_CONNECT:
        memset(&packet->connect, 0, sizeof packet->connect);
        return decode_connect(r, &packet->connect);
    case PACKET_CONNACK:
        memset(&packet->connack, 0, sizeof packet->connack);
        return decode_connack(r, version, &packet->connack);
    case PACKET_PUBLISH:
        return decode_publish(r, version, flags, &packet->publish);
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        return decode_ack(r, version, packet->type, &packet->ack);
    case PACKET_SUBSCRIBE:
        return decode_subscribe(r, version, &packet->subscribe);
    case PACKET_UNSUBSCRIBE:
        return decode_unsubscribe(r, version, &packet->unsubscribe);
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        return decode_suback(r, version, packet->type, &packet->suback);
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        return end_of(r);
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        return decode_disconnect(r, version, packet->type, &packet->disconnect);
    }
    return REASON_MALFORMED_PACKET;
}

/* skip_length passes over a Remaining Length that frame_next has read. Returns
 * true if fewer octets would have done. */
static bool skip_length(struct reader *r)
{
    size_t n = 1;
    uint8_t octet;
    while ((octet = read_u8(r)) & 0x80)
        n++;
    return n > 1 && octet == 0;
}

enum reason packet_decode(struct slice octets, enum mqtt_version version,
                          struct packet *packet)
{
    struct reader r = reader_of(octets);
    uint8_t first = read_u8(&r);
    size_t total;
    packet->type = first >> 4;
    if (packet->type == PACKET_CONNECT)
        packet->connect.version = 0;
    if (frame_next(octets, 0, &total) != REASON_SUCCESS || total == 0 ||
        total != octets.n)
        return REASON_MALFORMED_PACKET;
    bool is_padded = skip_length(&r);
    enum reason reason = decode_body(&r, version, first & 15, packet);
    if (reason != REASON_SUCCESS)
        return reason;
    /* 3.1 uses some of these bits as hints, and leaves the rest open. */
    if (packet->type == PACKET_CONNECT)
        version = packet->connect.version;
    if (version != MQTT_3_1 && packet->type != PACKET_PUBLISH &&
        packet_flags(packet->type) != (first & 15u))
        return REASON_MALFORMED_PACKET;
    /* Only 5.0 wants the shortest form of a length [MQTT-1.5.5-1]. */
    return version == MQTT_5_0 && is_padded ? REASON_MALFORMED_PACKET
                                            : REASON_SUCCESS;
}
