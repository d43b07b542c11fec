/* SPDX-License-Identifier: Apache-2.0 */
/* write.c -- one writer for all packets, which writes nonsense when told to.
 *
 * Walks the rows of tables.h. Lengths are found by writing into nothing first.
 * The raw_* members step in at the place they name and nothing is checked.
 * Spec: 5.0 and 3.1.1 chapters 2 and 3.
 */
#include <stdio.h>
#include <string.h>

#include "wire/tables.h"

struct writer {
    enum wire_version version;
    const struct wire_packet *packet;
    unsigned char *out;
    size_t cap, n; /* n counts on beyond cap */
};

/* ---- values -------------------------------------------------------------- */

static void put_run(struct writer *w, const void *octets, size_t n)
{
    if (n && w->n < w->cap)
        memcpy(w->out + w->n, octets, n < w->cap - w->n ? n : w->cap - w->n);
    w->n += n;
}

static void put_number(struct writer *w, uint32_t value, size_t n_octets)
{
    while (n_octets--) {
        const unsigned char octet = (unsigned char)(value >> (8 * n_octets));
        put_run(w, &octet, 1);
    }
}

/* A Variable Byte Integer, padded to at_least octets. */
static void put_varint(struct writer *w, uint32_t value, int at_least)
{
    do {
        unsigned char octet = value & 0x7f;
        value >>= 7;
        at_least--;
        if (value || at_least > 0)
            octet |= 0x80;
        put_run(w, &octet, 1);
    } while (value || at_least > 0);
}

static void put_bytes(struct writer *w, struct wire_bytes bytes)
{
    put_run(w, bytes.octets, wire_len(bytes));
}

static void put_string(struct writer *w, struct wire_bytes text)
{
    put_number(w, (uint32_t)wire_len(text), 2);
    put_bytes(w, text);
}

/* ---- properties ---------------------------------------------------------- */

/* One property with its identifier. */
static void put_property(struct writer *w, uint32_t id, enum wire_shape shape,
                         uint32_t number, struct wire_bytes octets,
                         struct wire_bytes value)
{
    put_varint(w, id, 0);
    switch (shape) {
    case SHAPE_OPT8:
        put_number(w, number, 1);
        return;
    case SHAPE_OPT16:
        put_number(w, number, 2);
        return;
    case SHAPE_OPT32:
        put_number(w, number, 4);
        return;
    case SHAPE_VARINTS:
        put_varint(w, number, 0);
        return;
    case SHAPE_PAIRS:
        put_string(w, octets);
        put_string(w, value);
        return;
    case SHAPE_TEXT:
    case SHAPE_BINARY:
        put_string(w, octets);
        return;
    default:
        put_bytes(w, octets); /* an identifier there is not */
        return;
    }
}

/* All copies that the struct holds of one property. */
static void put_row(struct writer *w, const struct wire_props *props,
                    const struct wire_property_row *row)
{
    const void *member = wire_member(props, row->offset);
    const struct wire_bytes none = {{NULL}, 0};
    struct wire_cursor at = {0};

    if (row->shape == SHAPE_PAIRS) {
        struct wire_bytes name, value;
        while (wire_next_user_property(props, &at, &name, &value))
            put_property(w, row->id, row->shape, 0, name, value);
    } else if (row->shape == SHAPE_VARINTS) {
        uint32_t number;
        while (wire_next_subscription_identifier(props, &at, &number))
            put_property(w, row->id, row->shape, number, none, none);
    } else if (row->shape == SHAPE_TEXT || row->shape == SHAPE_BINARY) {
        const struct wire_bytes *bytes = member;
        if (bytes->text)
            put_property(w, row->id, row->shape, 0, *bytes, none);
    } else {
        const uint64_t opt = *(const uint64_t *)member;
        if (wire_is_set(opt))
            put_property(w, row->id, row->shape, wire_value(opt, 0), none,
                         none);
    }
}

static void put_list(struct writer *w, const struct wire_props *props)
{
    if (props->raw.text) {
        put_bytes(w, props->raw);
        return;
    }
    for (size_t i = 0; i < WIRE_N_PROPERTIES; i++)
        put_row(w, props, &wire_property_rows[i]);
    for (size_t i = 0; i < WIRE_MAX_EXTRA && props->extra[i].id; i++) {
        const struct wire_extra *extra = &props->extra[i];
        const struct wire_property_row *row = wire_property_row(extra->id);
        put_property(w, extra->id, row ? row->shape : N_SHAPES, extra->number,
                     extra->octets, extra->value);
    }
}

static size_t list_length(const struct wire_props *props)
{
    struct writer counter = {.cap = 0};

    put_list(&counter, props);
    return counter.n;
}

static void put_properties(struct writer *w, const struct wire_props *props)
{
    if (props->raw_omit)
        return;
    put_varint(w, wire_value(props->raw_length, (uint32_t)list_length(props)),
               props->raw_length_octets);
    put_list(w, props);
}

/* Whether an acknowledgement needs its property list. */
static bool needs_properties(const struct wire_packet *p)
{
    return p->raw_full || p->props.raw.text ||
           wire_is_set(p->props.raw_length) || p->props.raw_length_octets ||
           list_length(&p->props);
}

/* ---- fields -------------------------------------------------------------- */

static bool has_will(const struct wire_packet *p)
{
    return p->will.topic.text || p->will.payload.text;
}

static unsigned gather_bits(const struct writer *w,
                            const struct wire_bits *bits, const void *base)
{
    unsigned octet = 0;

    for (; bits && bits->width; bits++)
        if (bits->versions & wire_version_bit(w->version))
            octet |= (unsigned)*(uint8_t *)wire_member(base, bits->offset)
                     << bits->shift;
    return octet & 0xff;
}

static void put_bits(struct writer *w, const struct wire_field *field)
{
    const struct wire_packet *p = w->packet;
    const uint64_t raw = *(uint64_t *)wire_member(p, field->offset);
    unsigned octet = gather_bits(w, field->bits, p);

    if (p->type == WIRE_CONNECT)
        octet |= (has_will(p) ? 0x04u : 0) | (p->password.text ? 0x40u : 0) |
                 (p->user_name.text ? 0x80u : 0);
    put_number(w, wire_value(raw, octet), 1);
}

static void put_filters(struct writer *w, const struct wire_field *field)
{
    struct wire_filter filter;

    for (size_t i = 0; wire_filter_at(w->packet, i, &filter); i++) {
        put_string(w, filter.filter);
        if (field->bits)
            put_number(w,
                       wire_value(filter.raw_options,
                                  gather_bits(w, field->bits, &filter)),
                       1);
    }
}

static void put_level(struct writer *w, const struct wire_field *field)
{
    const uint64_t *level = wire_member(w->packet, field->offset);

    put_number(w, wire_value(*level, w->version), 1);
}

static void put_text_field(struct writer *w, const struct wire_field *field)
{
    const struct wire_bytes *text = wire_member(w->packet, field->offset);

    /* CONNECT's first field has a value of its own in each version. */
    if (text == &w->packet->protocol_name && !text->text)
        put_string(w, w->version == WIRE_3_1 ? BYTES("MQIsdp") : BYTES("MQTT"));
    else
        put_string(w, *text);
}

static void put_field(struct writer *w, const struct wire_field *field)
{
    const void *member = wire_member(w->packet, field->offset);

    switch (field->shape) {
    case SHAPE_BITS:
        put_bits(w, field);
        return;
    case SHAPE_U16:
        put_number(w, *(const uint16_t *)member, 2);
        return;
    case SHAPE_TEXT:
    case SHAPE_BINARY:
        put_text_field(w, field);
        return;
    case SHAPE_REST:
    case SHAPE_CODES:
        put_bytes(w, *(const struct wire_bytes *)member);
        return;
    case SHAPE_CODE:
        put_number(w, *(const uint32_t *)member, 1);
        return;
    case SHAPE_FILTERS:
        put_filters(w, field);
        return;
    case SHAPE_PROPS:
        put_properties(w, member);
        return;
    case SHAPE_OPT8:
        put_level(w, field);
        return;
    case SHAPE_OPT16:
    case SHAPE_OPT32:
    case SHAPE_VARINTS:
    case SHAPE_PAIRS:
    case N_SHAPES:
        return;
    }
}

static bool is_written(const struct writer *w, const struct wire_field *field)
{
    const struct wire_packet *p = w->packet;

    switch (field->when) {
    case ALWAYS:
        return true;
    case IN_HEADER:
        return false;
    case IF_WILL:
        return has_will(p);
    case IF_USER_NAME:
        return p->user_name.text;
    case IF_PASSWORD:
        return p->password.text;
    case IF_QOS:
        return p->qos > 0;
    case IF_MORE:
        return needs_properties(p) ||
               (field->shape == SHAPE_CODE && p->reason != 0) ||
               (p->type == WIRE_AUTH && p->reason != 0);
    }
    return false;
}

static const struct wire_raw_field *raw_field(const struct wire_packet *p,
                                              const char *name)
{
    for (size_t i = 0; i < WIRE_MAX_RAW_FIELDS && p->raw_fields[i].name; i++)
        if (!strcmp(p->raw_fields[i].name, name))
            return &p->raw_fields[i];
    return NULL;
}

static void put_body(struct writer *w, const struct wire_layout *layout)
{
    const struct wire_packet *p = w->packet;
    const struct wire_field *field = layout ? layout->fields : NULL;

    if (p->raw_body.text) {
        put_bytes(w, p->raw_body);
        return;
    }
    for (; field && field->name; field++) {
        const struct wire_raw_field *raw = raw_field(p, field->name);
        if (!(field->versions & wire_version_bit(w->version)))
            continue;
        if (raw)
            put_bytes(w, raw->octets);
        else if (is_written(w, field))
            put_field(w, field);
    }
    put_bytes(w, p->raw_trailing);
}

static unsigned first_octet(const struct writer *w,
                            const struct wire_layout *layout)
{
    const struct wire_packet *p = w->packet;
    unsigned flags = layout ? layout->flags : 0;

    if (layout && p->type == WIRE_PUBLISH)
        flags = gather_bits(w, layout->fields[0].bits, p);
    return (unsigned)p->type << 4 | (wire_value(p->raw_flags, flags) & 0x0f);
}

/* ---- packets ------------------------------------------------------------- */

size_t wire_hex(const char *digits, void *out, size_t cap)
{
    unsigned char *const octets = out;
    unsigned value = 0;
    size_t n = 0, n_digits = 0;

    for (; *digits; digits++) {
        static const char hex[] = "0123456789abcdefABCDEF";
        const char *digit = strchr(hex, *digits);
        if (!digit)
            continue;
        value = value << 4 |
                (unsigned)(digit - hex < 16 ? digit - hex : digit - hex - 6);
        if (++n_digits % 2)
            continue;
        if (n < cap)
            octets[n] = (unsigned char)value;
        n++;
        value = 0;
    }
    return n;
}

size_t wire_write(enum wire_version version, const struct wire_packet *packet,
                  void *out, size_t cap)
{
    const struct wire_layout *layout = wire_layout_of(version, packet->type);
    struct writer counter = {.version = version, .packet = packet};
    struct writer w = {
        .version = version, .packet = packet, .out = out, .cap = cap};

    if (packet->type == WIRE_OCTETS)
        return wire_hex(packet->hex ? packet->hex : "", out, cap);
    /* Packets that a version lacks (AUTH in 3.1.1) are written as in 5.0. */
    if (!layout) {
        counter.version = w.version = WIRE_5_0;
        layout = wire_layout_of(WIRE_5_0, packet->type);
    }
    put_body(&counter, layout);
    put_number(&w, first_octet(&w, layout), 1);
    put_varint(&w, wire_value(packet->raw_length, (uint32_t)counter.n),
               packet->raw_length_octets);
    put_body(&w, layout);
    return w.n - (packet->raw_cut < w.n ? packet->raw_cut : w.n);
}
