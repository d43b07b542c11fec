// SPDX-License-Identifier: Apache-2.0
/* decode.c -- from the octets of one whole packet to struct packet.
 *
 * Each function reads one packet in the order of the standard through a cursor
 * that keeps the first reason to refuse it; what is read after that is zero,
 * and the reason is looked at once, at the end. MQTT 3.1 is read with the
 * leniency that its text asks for. Spec: 5.0 s2, s3; 3.1.1 s2, s3; 3.1 s2, s3.
 */
#include "codec/decode.h"

#include <string.h>

#include "base/utf8.h"
#include "codec/frame.h"
#include "codec/props.h"

/* A packet that is being read. */
struct decoder {
    struct reader in;
    enum mqtt_version version;
    enum reason reason; /* to refuse it; SUCCESS: none, or it was cut short */
};

/* demand refuses the packet for a reason, unless that is met or there was one
 * already. */
static void demand(struct decoder *d, bool is_met, enum reason reason)
{
    if (is_met || d->in.has_failed)
        return;
    d->reason = reason;
    d->in.has_failed = true;
    d->in.at = d->in.end;
}

/* demand_end: a packet is read to its end and no further. */
static void demand_end(struct decoder *d)
{
    demand(d, reader_left(&d->in) == 0, REASON_MALFORMED_PACKET);
}

/* read_properties: only 5.0 has them. */
static void read_properties(struct decoder *d, unsigned where,
                            struct properties *p)
{
    p->present = 0;
    p->n_subscription_identifiers = 0;
    if (d->version != MQTT_5_0)
        return;
    enum reason reason = props_read(&d->in, where, p);
    demand(d, reason == REASON_SUCCESS, reason);
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

/* read_protocol reads Protocol Name and Level. An unknown pair leaves the
 * version in whose form a refusal would be understood: 5 or 4, or 0 for none.
 * [MQTT-3.1.2-1], [MQTT-3.1.2-2] in both versions. */
static enum mqtt_version read_protocol(struct decoder *d)
{
    struct slice name = read_binary(&d->in);
    uint8_t level = read_u8(&d->in);
    bool is_mqtt = slice_equals(name, slice_of_text("MQTT"));
    bool is_mqisdp = slice_equals(name, slice_of_text("MQIsdp"));
    if (d->in.has_failed)
        return 0;
    if ((is_mqtt && (level == MQTT_3_1_1 || level == MQTT_5_0)) ||
        (is_mqisdp && level == MQTT_3_1))
        return level;
    demand(d, false, REASON_UNSUPPORTED_PROTOCOL_VERSION);
    if (level >= MQTT_5_0 && !is_mqisdp)
        return MQTT_5_0;
    return is_mqtt || is_mqisdp ? MQTT_3_1_1 : 0;
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
static void read_will(struct decoder *d, uint8_t flags, struct will *will)
{
    read_properties(d, PROPERTY_IN_WILL, &will->properties);
    will->topic = utf8_read(&d->in);
    will->payload = read_binary(&d->in);
    will->qos = (uint8_t)((flags & CONNECT_WILL_QOS) >> 3);
    will->is_retained = (flags & CONNECT_WILL_RETAIN) != 0;
}

/* has_field tells whether a flagged field follows. In 3.1 the Remaining Length
 * wins: a flag may be set though the field is missing (3.1 s3.1). */
static bool has_field(const struct decoder *d, unsigned flag)
{
    return flag && !(d->version == MQTT_3_1 && reader_left(&d->in) == 0);
}

static void decode_connect(struct decoder *d, struct connect *c)
{
    c->version = d->version = read_protocol(d);
    uint8_t flags = read_u8(&d->in);
    demand(d, connect_flags_are_legal(flags, c->version),
           REASON_MALFORMED_PACKET);
    c->is_clean_start = (flags & CONNECT_CLEAN_START) != 0;
    c->has_will = (flags & CONNECT_WILL) != 0;
    c->keep_alive_s = read_u16(&d->in);
    read_properties(d, PROPERTY_IN(PACKET_CONNECT), &c->properties);
    c->client_id = utf8_read(&d->in);
    if (c->has_will)
        read_will(d, flags, &c->will);
    c->has_user_name = has_field(d, flags & CONNECT_USER_NAME);
    if (c->has_user_name)
        c->user_name = utf8_read(&d->in);
    c->has_password = has_field(d, flags & CONNECT_PASSWORD);
    if (c->has_password)
        c->password = read_binary(&d->in);
    demand_end(d);
    /* 5.0 s3.1.2.11.10: data without a method is a Protocol Error. */
    demand(d,
           !properties_has(&c->properties, PROPERTY_AUTHENTICATION_DATA) ||
               properties_has(&c->properties, PROPERTY_AUTHENTICATION_METHOD),
           REASON_PROTOCOL_ERROR);
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

static void decode_connack(struct decoder *d, struct connack *c)
{
    uint8_t flags = read_u8(&d->in);
    uint8_t code = read_u8(&d->in);
    c->reason = code;
    /* In 3.1 the octet is reserved, unused. */
    c->is_session_present = d->version != MQTT_3_1 && (flags & 1) != 0;
    demand(d, d->version == MQTT_3_1 || (flags & 0xFE) == 0,
           REASON_MALFORMED_PACKET); /* [MQTT-3.2.2-1] */
    demand(d, !c->is_session_present || code == 0,
           REASON_PROTOCOL_ERROR); /* [MQTT-3.2.2-6], 3.1.1 -4 */
    if (d->version == MQTT_5_0)
        demand(d, reason_is_legal(PACKET_CONNACK, code), REASON_PROTOCOL_ERROR);
    else
        demand(d, connack_3_reason(code, &c->reason), REASON_MALFORMED_PACKET);
    read_properties(d, PROPERTY_IN(PACKET_CONNACK), &c->properties);
}

static void decode_publish(struct decoder *d, uint8_t flags, struct publish *p)
{
    p->is_dup = (flags & 8) != 0;
    p->qos = (flags >> 1) & 3;
    p->is_retained = (flags & 1) != 0;
    demand(d, p->qos < 3, REASON_MALFORMED_PACKET); /* [MQTT-3.3.1-4] */
    demand(d, p->qos > 0 || !p->is_dup || d->version == MQTT_3_1,
           REASON_MALFORMED_PACKET); /* [MQTT-3.3.1-2] */
    p->topic = utf8_read(&d->in);
    p->packet_id = p->qos > 0 ? read_u16(&d->in) : 0;
    demand(d, p->qos == 0 || p->packet_id > 0,
           REASON_PROTOCOL_ERROR); /* [MQTT-2.2.1-3] */
    read_properties(d, PROPERTY_IN(PACKET_PUBLISH), &p->properties);
    p->payload = read_rest(&d->in);
}

/* read_reason reads what the 5.0 acknowledgements, DISCONNECT and AUTH end
 * with: a Reason Code and properties, each of which may be left out. */
static void read_reason(struct decoder *d, enum packet_type type,
                        enum reason *code, struct properties *properties)
{
    *code = REASON_SUCCESS;
    properties->present = 0;
    if (d->version != MQTT_5_0 || reader_left(&d->in) == 0)
        return;
    *code = read_u8(&d->in);
    demand(d, reason_is_legal(type, (uint8_t)*code), REASON_PROTOCOL_ERROR);
    /* AUTH has no form with a Reason Code alone (5.0 s3.15.2.1). */
    if (reader_left(&d->in) > 0 || type == PACKET_AUTH)
        read_properties(d, PROPERTY_IN(type), properties);
}

/* read_packet_id: 0 is none [MQTT-2.2.1-3]. */
static uint16_t read_packet_id(struct decoder *d)
{
    uint16_t packet_id = read_u16(&d->in);
    demand(d, packet_id > 0, REASON_PROTOCOL_ERROR);
    return packet_id;
}

static void decode_ack(struct decoder *d, enum packet_type type,
                       struct ack *ack)
{
    ack->packet_id = read_packet_id(d);
    read_reason(d, type, &ack->reason, &ack->properties);
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

/* check_options looks at the Subscription Options of one filter.
 * [MQTT-3.8.3-5]; 3.1.1 [MQTT-3-8.3-4]; 5.0 s3.8.3.1. */
static void check_options(struct decoder *d, uint8_t options)
{
    bool is_5 = d->version == MQTT_5_0;
    uint8_t reserved = is_5 ? 0xC0 : d->version == MQTT_3_1_1 ? 0xFC : 0;
    demand(d, (options & reserved) == 0, REASON_MALFORMED_PACKET);
    demand(d, (options & 3) < 3, REASON_PROTOCOL_ERROR);
    demand(d, !is_5 || (options & 0x30) < 0x30, REASON_PROTOCOL_ERROR);
}

static void decode_subscribe(struct decoder *d, struct subscribe *s)
{
    s->packet_id = read_packet_id(d);
    read_properties(d, PROPERTY_IN(PACKET_SUBSCRIBE), &s->properties);
    s->filters = slice_of(d->in.at, reader_left(&d->in));
    for (s->n_filters = 0; reader_left(&d->in) > 0; s->n_filters++) {
        utf8_read(&d->in);
        check_options(d, read_u8(&d->in));
    }
    /* [MQTT-3.8.3-2]; 3.1.1 [MQTT-3.8.3-3]. 3.1 does not forbid it. */
    demand(d, s->n_filters > 0 || d->version == MQTT_3_1,
           REASON_PROTOCOL_ERROR);
}

static void decode_unsubscribe(struct decoder *d, struct unsubscribe *u)
{
    u->packet_id = read_packet_id(d);
    read_properties(d, PROPERTY_IN(PACKET_UNSUBSCRIBE), &u->properties);
    u->filters = slice_of(d->in.at, reader_left(&d->in));
    for (u->n_filters = 0; reader_left(&d->in) > 0; u->n_filters++)
        utf8_read(&d->in);
    /* [MQTT-3.10.3-2]. */
    demand(d, u->n_filters > 0 || d->version == MQTT_3_1,
           REASON_PROTOCOL_ERROR);
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

static void decode_suback(struct decoder *d, enum packet_type type,
                          struct suback *s)
{
    s->packet_id = read_packet_id(d);
    read_properties(d, PROPERTY_IN(type), &s->properties);
    s->reasons = slice_of(NULL, 0);
    if (type == PACKET_UNSUBACK && d->version != MQTT_5_0)
        return;
    s->reasons = read_rest(&d->in);
    demand(d, codes_are_legal(s->reasons, d->version, type),
           REASON_PROTOCOL_ERROR);
}

/* decode_body reads what follows the Fixed Header. */
static void decode_body(struct decoder *d, uint8_t flags, struct packet *packet)
{
    enum packet_type type = packet->type;
    switch (type) {
    case PACKET_CONNECT:
        memset(&packet->connect, 0, sizeof packet->connect);
        decode_connect(d, &packet->connect);
        break;
    case PACKET_CONNACK:
        memset(&packet->connack, 0, sizeof packet->connack);
        decode_connack(d, &packet->connack);
        break;
    case PACKET_PUBLISH:
        decode_publish(d, flags, &packet->publish);
        break;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        decode_ack(d, type, &packet->ack);
        break;
    case PACKET_SUBSCRIBE:
        decode_subscribe(d, &packet->subscribe);
        break;
    case PACKET_UNSUBSCRIBE:
        decode_unsubscribe(d, &packet->unsubscribe);
        break;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        decode_suback(d, type, &packet->suback);
        break;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        demand(d, type == PACKET_DISCONNECT || d->version == MQTT_5_0,
               REASON_MALFORMED_PACKET);
        read_reason(d, type, &packet->disconnect.reason,
                    &packet->disconnect.properties);
        break;
    case PACKET_RESERVED:
        demand(d, false, REASON_MALFORMED_PACKET);
        break;
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
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
    struct decoder d = {.in = reader_of(octets), .version = version};
    uint8_t first = read_u8(&d.in);
    size_t total;
    packet->type = first >> 4;
    if (packet->type == PACKET_CONNECT)
        packet->connect.version = 0;
    if (frame_next(octets, 0, &total) != REASON_SUCCESS || total == 0 ||
        total != octets.n)
        return REASON_MALFORMED_PACKET;
    bool is_padded = skip_length(&d.in);
    decode_body(&d, first & 15, packet);
    demand_end(&d);
    /* 3.1 uses some of these bits as hints, and leaves the rest open. */
    demand(&d,
           d.version == MQTT_3_1 || packet->type == PACKET_PUBLISH ||
               packet_flags(packet->type) == (first & 15u),
           REASON_MALFORMED_PACKET);
    /* Only 5.0 wants the shortest form of a length [MQTT-1.5.5-1]. */
    demand(&d, d.version != MQTT_5_0 || !is_padded, REASON_MALFORMED_PACKET);
    if (d.in.has_failed && d.reason == REASON_SUCCESS)
        return REASON_MALFORMED_PACKET;
    return d.reason;
}
