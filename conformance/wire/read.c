/* SPDX-License-Identifier: Apache-2.0 */
/* read.c -- one strict reader for all packets.
 *
 * Walks the rows of tables.h over the octets, then the rules of rules.c. The
 * first breach is kept; breaches that leave the structure whole do not stop
 * the reading, so that the packet can still be followed.
 * Spec: 5.0 and 3.1.1 chapters 1 to 3.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/slice.h"
#include "wire/tables.h"

struct reader {
    enum wire_version version;
    enum wire_side from;
    const struct wire_layout *layout;
    struct wire_packet *packet;
    size_t at, end; /* octets of the packet: next one, and where it ends */
    unsigned connect_flags;
    const char *field; /* title of the field being read */
    struct wire_fault *fault;
    bool is_pair; /* a User Property is being read */
    bool is_bad;  /* a breach was found */
    bool is_lost; /* and the octets after it cannot be made sense of */
};

static const char *cite_of(const struct wire_cite *cite,
                           enum wire_version version)
{
    return version == WIRE_3_1     ? cite->v3_1
           : version == WIRE_3_1_1 ? cite->v3_1_1
                                   : cite->v5_0;
}

/* Notes a breach; only the first one stays. Silent where the version has no
 * such rule. */
__attribute__((format(printf, 5, 6))) static void
complain(struct reader *r, const struct wire_cite *cite, unsigned reason,
         size_t at, const char *format, ...)
{
    const char *rule = cite_of(cite, r->version);
    va_list args;

    if (r->is_bad || !rule)
        return;
    r->is_bad = true;
    r->fault->statement = strchr(rule, '/') ? rule : "";
    r->fault->rule = rule;
    r->fault->reason = (uint8_t)reason;
    r->fault->at = at;
    va_start(args, format);
    vsnprintf(r->fault->sentence, sizeof r->fault->sentence, format, args);
    va_end(args);
}

/* Notes that the octets end inside a field, or go on after the last one. */
static void lose(struct reader *r, const struct wire_cite *cite,
                 const char *what)
{
    static const struct wire_cite general = {"3.1.1 s2.2.3", "5.0 s1.2",
                                             "3.1 s2.1"};

    if (!cite_of(cite, r->version))
        cite = &general;
    complain(r, cite, MALFORMED_PACKET, r->at, "%s %s: %s",
             r->layout ? wire_type_name(r->layout->type) : "packet", r->field,
             what);
    r->is_lost = true;
}

/* ---- values -------------------------------------------------------------- */

static unsigned take_octets(struct reader *r, size_t n,
                            const struct wire_cite *missing)
{
    unsigned value = 0;

    if (r->is_lost)
        return 0;
    if (r->end - r->at < n) {
        lose(r, missing, "the packet ends before the field does");
        return 0;
    }
    while (n--)
        value = value << 8 | r->packet->octets.octets[r->at++];
    return value;
}

static const struct wire_cite in_string = {"3.1.1 s1.5.3", "5.0 s1.5.4",
                                           "3.1 s2.5"};

static struct wire_bytes take_run(struct reader *r,
                                  const struct wire_cite *missing)
{
    const size_t n = take_octets(r, 2, missing);
    struct wire_bytes run = {{""}, 0};

    if (r->is_lost)
        return run;
    if (r->end - r->at < n) {
        lose(r, &in_string, "its length points past the end");
        return run;
    }
    if (n)
        run = SLICE(r->packet->octets.octets + r->at, n);
    r->at += n;
    return run;
}

static struct wire_bytes take_text(struct reader *r,
                                   const struct wire_cite *missing)
{
    static const struct wire_cite bad = {"3.1.1/MQTT-1.5.3-1",
                                         "5.0/MQTT-1.5.4-1", NULL};
    static const struct wire_cite in_pair = {NULL, "5.0/MQTT-1.5.7-1", NULL};
    static const struct wire_cite zero = {"3.1.1/MQTT-1.5.3-2",
                                          "5.0/MQTT-1.5.4-2", NULL};
    const struct wire_bytes text = take_run(r, missing);
    const size_t start = r->at - wire_len(text);
    const size_t bad_at = r->is_lost ? SIZE_MAX : wire_utf8_bad_at(text);

    if (bad_at != SIZE_MAX && text.octets[bad_at] == 0)
        complain(r, r->is_pair ? &in_pair : &zero, MALFORMED_PACKET,
                 start + bad_at, "%s holds U+0000 at offset %zu", r->field,
                 bad_at);
    else if (bad_at != SIZE_MAX)
        complain(r, r->is_pair ? &in_pair : &bad, MALFORMED_PACKET,
                 start + bad_at,
                 "%s is not valid UTF-8 from offset %zu (octet %02x)", r->field,
                 bad_at, text.octets[bad_at]);
    return text;
}

static uint32_t take_varint(struct reader *r, const struct wire_cite *missing)
{
    static const struct wire_cite padded = {NULL, "5.0/MQTT-1.5.5-1", NULL};
    static const struct wire_cite too_long = {"3.1.1 s2.2.3", "5.0 s1.5.5",
                                              "3.1 s2.1"};
    struct wire_bytes rest =
        SLICE(r->packet->octets.octets + r->at, r->end - r->at);
    const size_t before = rest.n;
    uint32_t value = 0;

    if (r->is_lost)
        return 0;
    if (!wire_varint_take(&rest, &value)) {
        lose(r, before < 4 ? missing : &too_long,
             "a Variable Byte Integer does not end");
        return 0;
    }
    r->at += before - rest.n;
    if (before - rest.n > 1 && r->packet->octets.octets[r->at - 1] == 0)
        complain(r, &padded, MALFORMED_PACKET, r->at - 1,
                 "%s: %zu octets encode %u, fewer would do", r->field,
                 before - rest.n, (unsigned)value);
    return value;
}

/* ---- properties ---------------------------------------------------------- */

/* What is said of a property that stands where it may not. */
static void check_place(struct reader *r, const struct wire_property_row *row,
                        unsigned where, size_t at)
{
    static const struct wire_cite not_here = {
        NULL, "5.0/RULE-property-not-allowed", NULL};
    static const struct wire_cite from_client = {NULL, "5.0/MQTT-3.3.4-6",
                                                 NULL};
    static const struct wire_cite from_server = {NULL, "5.0/MQTT-3.14.2-2",
                                                 NULL};
    const enum wire_type type = r->packet->type;

    if (!(row->where & where))
        complain(r, &not_here, MALFORMED_PACKET, at, "%s does not belong in %s",
                 row->title,
                 where == WIRE_IN_WILL ? "the Will" : wire_type_name(type));
    if (row->id == WIRE_SUBSCRIPTION_IDENTIFIER && type == WIRE_PUBLISH &&
        r->from == WIRE_CLIENT)
        complain(r, &from_client, PROTOCOL_ERROR, at,
                 "a Client's PUBLISH has a Subscription Identifier");
    if (row->id == WIRE_SESSION_EXPIRY_INTERVAL && type == WIRE_DISCONNECT &&
        r->from == WIRE_SERVER)
        complain(r, &from_server, PROTOCOL_ERROR, at,
                 "a Server's DISCONNECT has a Session Expiry Interval");
}

static void check_repeat(struct reader *r, const struct wire_property_row *row,
                         unsigned where, size_t at)
{
    /* For these two PUBLISH has no rule against a second one. */
    const bool is_hole = where == 1u << WIRE_PUBLISH &&
                         (row->id == WIRE_PAYLOAD_FORMAT_INDICATOR ||
                          row->id == WIRE_MESSAGE_EXPIRY_INTERVAL);

    if (!(row->many & where))
        complain(r, wire_property_cite(where, row->id, WIRE_TWICE),
                 is_hole ? 0 : PROTOCOL_ERROR, at,
                 "%s stands in %s more than once", row->title,
                 where == WIRE_IN_WILL ? "the Will"
                                       : wire_type_name(r->packet->type));
}

static void check_range(struct reader *r, const struct wire_property_row *row,
                        unsigned where, uint32_t value, size_t at)
{
    if (value < row->min || value > row->max)
        complain(r, wire_property_cite(where, row->id, WIRE_OUT_OF_RANGE),
                 row->id == WIRE_TOPIC_ALIAS ? TOPIC_ALIAS_INVALID
                                             : PROTOCOL_ERROR,
                 at, "%s has the value %u", row->title, (unsigned)value);
}

/* Reads one value; the first copy stays in the struct. */
static void read_property(struct reader *r, const struct wire_property_row *row,
                          unsigned where, struct wire_props *props,
                          bool is_first)
{
    static const struct wire_cite cut = {
        NULL, "5.0/RULE-property-length-overrun", NULL};
    void *const member = wire_member(props, row->offset);
    const size_t at = r->at;
    uint32_t number = 0;

    r->field = row->title;
    if (row->shape == SHAPE_TEXT || row->shape == SHAPE_BINARY) {
        const struct wire_bytes run =
            row->shape == SHAPE_TEXT ? take_text(r, &cut) : take_run(r, &cut);
        if (is_first)
            *(struct wire_bytes *)member = run;
        return;
    }
    if (row->shape == SHAPE_PAIRS) {
        struct wire_bytes name, value;
        r->is_pair = true;
        name = take_text(r, &cut);
        value = take_text(r, &cut);
        r->is_pair = false;
        if (!r->is_lost && props->n_user_properties < WIRE_MAX_PAIRS)
            props->user_property[props->n_user_properties] =
                (struct wire_pair){name.text, value.text, name.n, value.n};
        props->n_user_properties += !r->is_lost;
        return;
    }
    number = row->shape == SHAPE_VARINTS
                 ? take_varint(r, &cut)
                 : take_octets(r,
                               row->shape == SHAPE_OPT8    ? 1
                               : row->shape == SHAPE_OPT16 ? 2
                                                           : 4,
                               &cut);
    if (r->is_lost)
        return;
    check_range(r, row, where, number, at);
    if (row->shape == SHAPE_VARINTS) {
        if (props->n_subscription_identifiers < WIRE_MAX_IDENTIFIERS)
            props->subscription_identifier[props->n_subscription_identifiers] =
                OPT(number);
        props->n_subscription_identifiers++;
    } else if (is_first) {
        *(uint64_t *)member = OPT(number);
    }
}

static void read_properties(struct reader *r, const struct wire_field *field,
                            struct wire_props *props)
{
    static const struct wire_cite unknown = {NULL, "5.0/RULE-property-unknown",
                                             NULL};
    static const struct wire_cite overrun = {
        NULL, "5.0/RULE-property-length-overrun", NULL};
    const unsigned where = field->offset == offsetof(struct wire_packet, props)
                               ? 1u << r->packet->type
                               : WIRE_IN_WILL;
    const uint32_t n = take_varint(r, &field->missing);
    const size_t outer_end = r->end;
    uint64_t seen = 0;

    if (!r->is_lost && n > r->end - r->at)
        lose(r, &overrun, "the Property Length points past the end");
    if (r->is_lost)
        return;
    props->octets = SLICE(r->packet->octets.octets + r->at, n);
    r->end = r->at + n;
    while (!r->is_lost && r->at < r->end) {
        const size_t at = r->at;
        const uint32_t id = take_varint(r, &unknown);
        const struct wire_property_row *row = wire_property_row(id);
        if (r->is_lost)
            break;
        if (!row) {
            complain(r, &unknown, MALFORMED_PACKET, at,
                     "there is no property 0x%02x", (unsigned)id);
            r->is_lost = true;
            break;
        }
        check_place(r, row, where, at);
        if (seen >> id & 1)
            check_repeat(r, row, where, at);
        read_property(r, row, where, props, !(seen >> id & 1));
        seen |= UINT64_C(1) << id;
    }
    r->end = outer_end;
}

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
                               : take_octets(r, 1, &field->missing);

    *(uint64_t *)member = OPT(octet);
    if (r->packet->type == WIRE_CONNECT)
        r->connect_flags = octet;
    spread_bits(r, field->bits, octet, r->packet);
}

static void read_code(struct reader *r, size_t at, unsigned code)
{
    if (!wire_reason_is_allowed(r->version, r->packet->type, r->from, code))
        complain(r, &r->layout->bad_code, PROTOCOL_ERROR, at,
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
        complain(r, r->packet->type == WIRE_SUBACK ? &none : &none_un,
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
        complain(r, &reserved, MALFORMED_PACKET, at,
                 "reserved bits are set in the options of a filter (0x%02x)",
                 options);
    if ((options & 3) == 3)
        complain(r, &qos_3, PROTOCOL_ERROR, at, "a filter asks for QoS 3");
    if (r->version == WIRE_5_0 && (options >> 4 & 3) == 3)
        complain(r, &handling, PROTOCOL_ERROR, at, "Retain Handling is 3");
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
        struct wire_filter filter = {.filter = take_text(r, &field->missing)};
        const struct wire_cite *cite;
        const char *how;
        if (!r->is_lost && field->bits) {
            const unsigned options = take_octets(r, 1, &field->missing);
            filter.raw_options = OPT(options);
            spread_bits(r, field->bits, options, &filter);
            if (!r->is_lost)
                read_options(r, r->at - 1, options);
        }
        if (r->is_lost)
            break;
        cite = wire_filter_breach(r->version, filter.filter, &how);
        if (cite)
            complain(r, cite, TOPIC_FILTER_INVALID, at, "Topic Filter: %s",
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
        *(uint16_t *)member = (uint16_t)take_octets(r, 2, &field->missing);
        return;
    case SHAPE_TEXT:
        *(struct wire_bytes *)member = take_text(r, &field->missing);
        return;
    case SHAPE_BINARY:
        *(struct wire_bytes *)member = take_run(r, &field->missing);
        return;
    case SHAPE_REST:
        read_rest(r, member);
        return;
    case SHAPE_CODE:
        *(uint32_t *)member = take_octets(r, 1, &field->missing);
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
        read_properties(r, field, member);
        return;
    case SHAPE_OPT8:
        *(uint64_t *)member = OPT(take_octets(r, 1, &field->missing));
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

/* Finds out by which version CONNECT is to be read, from its name and level. */
static enum wire_version connect_version(const struct wire_bytes *body)
{
    static const struct {
        const char *head;
        size_t n;
        enum wire_version version;
    } heads[] = {{"\0\6MQIsdp\3", 9, WIRE_3_1},
                 {"\0\4MQTT\4", 7, WIRE_3_1_1},
                 {"\0\4MQTT\5", 7, WIRE_5_0}};

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (body->n >= heads[i].n &&
            !memcmp(body->octets, heads[i].head, heads[i].n))
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
        complain(r, &name, UNSUPPORTED_PROTOCOL_VERSION, 2,
                 "the Protocol Name is not MQTT");
    complain(r, &level, UNSUPPORTED_PROTOCOL_VERSION, r->at ? r->at - 1 : 0,
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
        complain(r, &r->layout->bad_flags, MALFORMED_PACKET, 0,
                 "the flags of %s are %u%u%u%u, not %u%u%u%u",
                 wire_type_name(p->type), p->flags >> 3 & 1, p->flags >> 2 & 1,
                 p->flags >> 1 & 1, p->flags & 1, r->layout->flags >> 3 & 1,
                 r->layout->flags >> 2 & 1, r->layout->flags >> 1 & 1,
                 r->layout->flags & 1);
    if (r->from && !(r->layout->senders & 1u << r->from))
        complain(r, &sender, PROTOCOL_ERROR, 0, "a %s does not send %s",
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
        complain(r, &trailing, MALFORMED_PACKET, r->at,
                 "%zu octets are left after the last field of %s",
                 r->end - r->at, wire_type_name(r->packet->type));
}

static void check_rules(struct reader *r)
{
    for (size_t i = 0; i < wire_n_rules && !r->is_bad; i++) {
        const struct wire_rule *rule = &wire_rules[i];
        const char *sentence;
        if (rule->type != r->packet->type || !cite_of(&rule->cite, r->version))
            continue;
        if (rule->senders && !(rule->senders & 1u << r->from))
            continue;
        sentence = rule->is_broken(r->packet);
        if (sentence)
            complain(r, &rule->cite, rule->reason, 0, "%s", sentence);
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
    r->packet->octets = SLICE(octets, total);
    r->packet->type = (enum wire_type)(octets[0] >> 4);
    r->packet->flags = octets[0] & 0x0f;
    r->end = total;
    r->at = 1;
    r->field = "Remaining Length";
    (void)take_varint(r, &in_string);
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
        complain(r, &reserved, MALFORMED_PACKET, 0,
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
    struct wire_fault ignored;
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
        complain(&r, &length, MALFORMED_PACKET, 1,
                 "the Remaining Length does not end within four octets");
        return WIRE_BAD;
    }
    read_header(&r, octets, *total);
    if (packet->type == WIRE_CONNECT) {
        packet->version = connect_version(&packet->body);
        r.version = packet->version           ? packet->version
                    : version == WIRE_UNKNOWN ? WIRE_5_0
                                              : version;
    } else {
        packet->version = version;
        if (version == WIRE_UNKNOWN)
            return WIRE_OK;
    }
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
