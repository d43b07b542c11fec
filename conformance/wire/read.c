/* SPDX-License-Identifier: Apache-2.0 */
/* read.c -- one strict reader for all packets.
 *
 * Walks the rows of tables.h over the octets, then the rules of rules.c. The
 * first breach is kept; breaches that leave the structure whole do not stop
 * the reading, so that the packet can still be followed.
 * Spec: 5.0 and 3.1.1 chapters 1 to 3.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/reader.h"
#include "wire/slice.h"

/* ---- fields -------------------------------------------------------------- */

/* Spreads an octet over the members its bits have. */
static void spread_bits(struct reader *r, const struct wire_bits *bits,
                        unsigned octet, void *base)
{
    for (; bits && bits->width; bits++)
        if (bits->versions & wire_version_bit(r->version))
            *(uint8_t *)wire_member(base, bits->offset) =
                (uint8_t)(octet >> bits->shift & ((1u << bits->width) - 1));
}

static void read_bits(struct reader *r, const struct wire_field *field,
                      void *member)
{
    const unsigned octet = field->when == IN_HEADER
                               ? r->packet->flags
                               : wire_take_octets(r, 1, &field->missing);

    *(uint64_t *)member = OPT(octet);
    if (r->packet->type == WIRE_CONNECT)
        r->connect_flags = octet;
    spread_bits(r, field->bits, octet, r->packet);
}

static void read_code(struct reader *r, size_t at, unsigned code)
{
    if (!wire_reason_is_allowed(r->version, r->packet->type, r->from, code))
        wire_complain(r, &r->layout->bad_code, PROTOCOL_ERROR, at,
                      "%s 0x%02x (%s) does not belong in %s%s", r->field, code,
                      wire_reason_name(r->version, r->packet->type, code),
                      wire_type_name(r->packet->type),
                      r->from == WIRE_CLIENT   ? " of a Client"
                      : r->from == WIRE_SERVER ? " of a Server"
                                               : "");
}

static void read_codes(struct reader *r, const struct wire_field *field,
                       struct wire_bytes *codes)
{
    static const struct wire_cite none = {"3.1.1/MQTT-3.8.4-5",
                                          "5.0/MQTT-3.8.4-6", NULL};
    static const struct wire_cite none_un = {NULL, "5.0/MQTT-3.11.3-2", NULL};

    (void)field;
    if (r->at == r->end)
        wire_complain(r, r->packet->type == WIRE_SUBACK ? &none : &none_un,
                      PROTOCOL_ERROR, r->at, "%s without a code",
                      wire_type_name(r->packet->type));
    *codes = r->at == r->end
                 ? (struct wire_bytes){{""}, 0}
                 : SLICE(r->packet->octets.octets + r->at, r->end - r->at);
    for (; r->at < r->end; r->at++)
        read_code(r, r->at, r->packet->octets.octets[r->at]);
}

static void read_options(struct reader *r, size_t at, unsigned options)
{
    static const struct wire_cite reserved = {"3.1.1/MQTT-3.8.3-4",
                                              "5.0/MQTT-3.8.3-5", NULL};
    static const struct wire_cite qos_3 = {
        "3.1.1/MQTT-3.8.3-4", "5.0/RULE-subscribe-qos-3", "3.1 s3.8"};
    static const struct wire_cite handling = {
        NULL, "5.0/RULE-subscribe-retain-handling-3", NULL};
    const unsigned spare = r->version == WIRE_5_0 ? 0xc0 : 0xfc;

    if (options & spare)
        wire_complain(
            r, &reserved, MALFORMED_PACKET, at,
            "reserved bits are set in the options of a filter (0x%02x)",
            options);
    if ((options & 3) == 3)
        wire_complain(r, &qos_3, PROTOCOL_ERROR, at, "a filter asks for QoS 3");
    if (r->version == WIRE_5_0 && (options >> 4 & 3) == 3)
        wire_complain(r, &handling, PROTOCOL_ERROR, at, "Retain Handling is 3");
}

static void read_filters(struct reader *r, const struct wire_field *field,
                         void *member)
{
    struct wire_filter *const kept = member;
    struct wire_packet *const p = r->packet;

    p->filter_octets =
        SLICE(p->octets.octets + r->at, r->is_lost ? 0 : r->end - r->at);
    while (!r->is_lost && r->at < r->end) {
        const size_t at = r->at;
        struct wire_filter filter = {.filter =
                                         wire_take_text(r, &field->missing)};
        const struct wire_cite *cite;
        const char *how;
        if (!r->is_lost && field->bits) {
            const unsigned options = wire_take_octets(r, 1, &field->missing);
            filter.raw_options = OPT(options);
            spread_bits(r, field->bits, options, &filter);
            if (!r->is_lost)
                read_options(r, r->at - 1, options);
        }
        if (r->is_lost)
            break;
        cite = wire_filter_breach(r->version, filter.filter, &how);
        if (cite)
            wire_complain(r, cite, TOPIC_FILTER_INVALID, at, "Topic Filter: %s",
                          how);
        if (p->n_filters < WIRE_MAX_FILTERS)
            kept[p->n_filters] = filter;
        p->n_filters++;
    }
}

static void read_rest(struct reader *r, struct wire_bytes *rest)
{
    *rest = r->at == r->end
                ? (struct wire_bytes){{""}, 0}
                : SLICE(r->packet->octets.octets + r->at, r->end - r->at);
    r->at = r->end;
}

static void read_field(struct reader *r, const struct wire_field *field)
{
    void *const member = wire_member(r->packet, field->offset);
    const size_t at = r->at;

    r->field = field->title;
    switch (field->shape) {
    case SHAPE_BITS:
        read_bits(r, field, member);
        return;
    case SHAPE_U16:
        *(uint16_t *)member = (uint16_t)wire_take_octets(r, 2, &field->missing);
        return;
    case SHAPE_TEXT:
        *(struct wire_bytes *)member = wire_take_text(r, &field->missing);
        return;
    case SHAPE_BINARY:
        *(struct wire_bytes *)member = wire_take_run(r, &field->missing);
        return;
    case SHAPE_REST:
        read_rest(r, member);
        return;
    case SHAPE_CODE:
        *(uint32_t *)member = wire_take_octets(r, 1, &field->missing);
        if (!r->is_lost)
            read_code(r, at, *(uint32_t *)member);
        return;
    case SHAPE_CODES:
        read_codes(r, field, member);
        return;
    case SHAPE_FILTERS:
        read_filters(r, field, member);
        return;
    case SHAPE_PROPS:
        wire_read_properties(r, field, member);
        return;
    case SHAPE_OPT8:
        *(uint64_t *)member = OPT(wire_take_octets(r, 1, &field->missing));
        return;
    case SHAPE_OPT16:
    case SHAPE_OPT32:
    case SHAPE_VARINTS:
    case SHAPE_PAIRS:
    case N_SHAPES:
        return; /* only properties have these */
    }
}

static bool is_there(const struct reader *r, const struct wire_field *field)
{
    const bool has_more = r->at < r->end;

    switch (field->when) {
    case ALWAYS:
    case IN_HEADER:
        return true;
    case IF_WILL:
        return r->connect_flags & 0x04;
    /* In 3.1 the Remaining Length decides, not the flag. */
    case IF_USER_NAME:
        return r->connect_flags & 0x80 && (r->version != WIRE_3_1 || has_more);
    case IF_PASSWORD:
        return r->connect_flags & 0x40 && (r->version != WIRE_3_1 || has_more);
    case IF_QOS:
        return r->packet->qos > 0;
    case IF_MORE:
        return has_more;
    }
    return false;
}

/* ---- packets ------------------------------------------------------------- */

/* Finds out by which version CONNECT is to be read, from its name and level;
 * its Remaining Length, too, is judged by that. */
static enum wire_version connect_version(const unsigned char *octets,
                                         size_t total)
{
    static const struct {
        const char *head;
        size_t n;
        enum wire_version version;
    } heads[] = {{"\0\6MQIsdp\3", 9, WIRE_3_1},
                 {"\0\4MQTT\4", 7, WIRE_3_1_1},
                 {"\0\4MQTT\5", 7, WIRE_5_0}};

    size_t at = 1;

    while (at < total && octets[at++] & 0x80)
        ;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (total - at >= heads[i].n &&
            !memcmp(octets + at, heads[i].head, heads[i].n))
            return heads[i].version;
    return WIRE_UNKNOWN;
}

/* CONNECT of no version we know: says what is wrong with name and level. */
static void read_strange_connect(struct reader *r)
{
    static const struct wire_cite name = {"3.1.1/MQTT-3.1.2-1",
                                          "5.0/MQTT-3.1.2-1", "3.1 s3.1"};
    static const struct wire_cite level = {"3.1.1 s3.1.2.2", "5.0 s3.1.2.2",
                                           "3.1 s3.1"};
    struct wire_packet *const p = r->packet;

    read_field(r, &r->layout->fields[0]);
    read_field(r, &r->layout->fields[1]);
    if (!r->is_lost && !wire_same(p->protocol_name, BYTES("MQTT")) &&
        !wire_same(p->protocol_name, BYTES("MQIsdp")))
        wire_complain(r, &name, UNSUPPORTED_PROTOCOL_VERSION, 2,
                      "the Protocol Name is not MQTT");
    wire_complain(r, &level, UNSUPPORTED_PROTOCOL_VERSION,
                  r->at ? r->at - 1 : 0,
                  "Protocol Version %u is no version of this Protocol Name",
                  (unsigned)wire_value(p->protocol_level, 0));
    r->is_lost = true;
}

static void check_header(struct reader *r)
{
    static const struct wire_cite sender = {"3.1.1 s2.2.1", "5.0 s2.1.2",
                                            "3.1 s2.1"};
    const struct wire_packet *p = r->packet;

    if (p->type != WIRE_PUBLISH && p->flags != r->layout->flags)
        wire_complain(r, &r->layout->bad_flags, MALFORMED_PACKET, 0,
                      "the flags of %s are %u%u%u%u, not %u%u%u%u",
                      wire_type_name(p->type), p->flags >> 3 & 1,
                      p->flags >> 2 & 1, p->flags >> 1 & 1, p->flags & 1,
                      r->layout->flags >> 3 & 1, r->layout->flags >> 2 & 1,
                      r->layout->flags >> 1 & 1, r->layout->flags & 1);
    if (r->from && !(r->layout->senders & 1u << r->from))
        wire_complain(r, &sender, PROTOCOL_ERROR, 0, "a %s does not send %s",
                      r->from == WIRE_CLIENT ? "Client" : "Server",
                      wire_type_name(p->type));
}

static void read_fields(struct reader *r)
{
    static const struct wire_cite trailing = {"3.1.1 s2.2.3", "5.0 s2.1.4",
                                              NULL};
    const struct wire_field *field = r->layout->fields;

    for (; field->name && !r->is_lost; field++)
        if ((field->versions & wire_version_bit(r->version)) &&
            is_there(r, field))
            read_field(r, field);
    if (!r->is_lost && r->at < r->end)
        wire_complain(r, &trailing, MALFORMED_PACKET, r->at,
                      "%zu octets are left after the last field of %s",
                      r->end - r->at, wire_type_name(r->packet->type));
}

static void check_rules(struct reader *r)
{
    for (size_t i = 0; i < wire_n_rules && !r->is_bad; i++) {
        const struct wire_rule *rule = &wire_rules[i];
        const char *sentence;
        if (rule->type != r->packet->type ||
            !wire_cite_of(&rule->cite, r->version))
            continue;
        if (rule->senders && !(rule->senders & 1u << r->from))
            continue;
        sentence = rule->is_broken(r->packet);
        if (sentence)
            wire_complain(r, &rule->cite, rule->reason, 0, "%s", sentence);
    }
}

enum wire_status wire_frame(const void *octets, size_t n, size_t *total)
{
    const unsigned char *o = octets;
    size_t length = 0;

    *total = 0;
    for (size_t i = 0; i < 4 && i + 1 < n; i++) {
        length |= (size_t)(o[i + 1] & 0x7f) << (7 * i);
        if (o[i + 1] & 0x80)
            continue;
        *total = i + 2 + length;
        return n < *total ? WIRE_MORE : WIRE_OK;
    }
    return n < 5 ? WIRE_MORE : WIRE_BAD;
}

/* Reads the fixed header into the packet; the reader then stands at the body.
 */
static void read_header(struct reader *r, const unsigned char *octets,
                        size_t total)
{
    static const struct wire_cite length = {"3.1.1 s2.2.3", "5.0 s2.1.4",
                                            "3.1 s2.1"};

    r->packet->octets = SLICE(octets, total);
    r->packet->type = (enum wire_type)(octets[0] >> 4);
    r->packet->flags = octets[0] & 0x0f;
    r->end = total;
    r->at = 1;
    r->field = "Remaining Length";
    (void)wire_take_varint(r, &length);
    r->packet->body = SLICE(octets + r->at, total - r->at);
}

/* Reads what follows the fixed header. */
static void read_body(struct reader *r)
{
    static const struct wire_cite reserved = {"3.1.1 s2.2.1", "5.0 s2.1.2",
                                              "3.1 s2.1"};
    struct wire_packet *const p = r->packet;

    r->layout = wire_layout_of(r->version, p->type);
    if (!r->layout) {
        wire_complain(r, &reserved, MALFORMED_PACKET, 0,
                      "packet type %u is reserved", (unsigned)p->type);
        r->is_lost = true;
        return;
    }
    check_header(r);
    if (p->type == WIRE_CONNECT && p->version == WIRE_UNKNOWN)
        read_strange_connect(r);
    else
        read_fields(r);
    if (!r->is_lost)
        check_rules(r);
}

enum wire_status wire_read(enum wire_version version, enum wire_side from,
                           const void *octets, size_t n,
                           struct wire_packet *packet, size_t *total,
                           struct wire_fault *fault)
{
    static const struct wire_cite length = {
        "3.1.1/RULE-remaining-length-four-octets",
        "5.0/RULE-remaining-length-four-octets", "3.1 s2.1"};
    struct wire_fault ignored = {0};
    struct reader r = {.version = version, .from = from, .packet = packet};
    enum wire_status status = wire_frame(octets, n, total);

    r.fault = fault ? fault : &ignored;
    memset(packet, 0, sizeof *packet);
    memset(r.fault, 0, sizeof *r.fault);
    r.fault->statement = r.fault->rule = "";
    if (status == WIRE_MORE)
        return WIRE_MORE;
    if (status == WIRE_BAD) {
        packet->type = (enum wire_type)(*(const unsigned char *)octets >> 4);
        packet->octets = SLICE(octets, n);
        wire_complain(&r, &length, MALFORMED_PACKET, 1,
                      "the Remaining Length does not end within four octets");
        return WIRE_BAD;
    }
    packet->version = version;
    if (*(const unsigned char *)octets >> 4 == WIRE_CONNECT) {
        packet->version = connect_version(octets, *total);
        r.version = packet->version           ? packet->version
                    : version == WIRE_UNKNOWN ? WIRE_5_0
                                              : version;
    }
    read_header(&r, octets, *total);
    if (packet->type != WIRE_CONNECT && version == WIRE_UNKNOWN)
        return WIRE_OK;
    read_body(&r);
    r.fault->is_readable = !r.is_lost;
    return r.is_bad ? WIRE_BAD : WIRE_OK;
}

struct wire_packet *wire_dup(const struct wire_packet *packet)
{
    const size_t n = wire_len(packet->octets);
    struct wire_packet *copy = malloc(sizeof *copy + n);
    size_t total;

    if (!copy)
        abort();
    memcpy(copy + 1, packet->octets.octets, n);
    (void)wire_read(packet->version, WIRE_ANYBODY, copy + 1, n, copy, &total,
                    NULL);
    return copy;
}
