/* SPDX-License-Identifier: Apache-2.0 */
/* tell.c -- a packet's fields by their names in the standard.
 *
 * One walk over the rows of tables.h serves the one-line description, and all
 * who want the fields one by one (JSON, reports).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/slice.h"
#include "wire/tables.h"

struct walk {
    const struct wire_packet *packet;
    enum wire_version version;
    void (*on_item)(void *user, const struct wire_item *item);
    void *user;
};

static void tell(const struct walk *walk, struct wire_item item)
{
    if (!item.group)
        item.group = "";
    walk->on_item(walk->user, &item);
}

static bool has_will(const struct wire_packet *p)
{
    return p->will.topic.text || p->will.payload.text;
}

static void tell_bits(const struct walk *walk, const struct wire_bits *bits,
                      const void *base, const char *group, size_t index)
{
    for (; bits && bits->width; bits++) {
        const uint8_t value = *(uint8_t *)wire_member(base, bits->offset);
        const bool is_will = !strncmp(bits->name, "will.", 5);
        if (!(bits->versions & wire_version_bit(walk->version)) ||
            (is_will && !has_will(walk->packet)))
            continue;
        tell(walk, (struct wire_item){.group = is_will ? "Will" : group,
                                      .index = index,
                                      .name = bits->title,
                                      .kind = bits->width == 1 ? WIRE_FLAG
                                                               : WIRE_NUMBER,
                                      .number = value});
    }
}

static void tell_filters(const struct walk *walk,
                         const struct wire_field *field)
{
    struct wire_filter filter;

    for (size_t i = 0; wire_filter_at(walk->packet, i, &filter); i++) {
        tell(walk, (struct wire_item){.group = "Filter",
                                      .index = i,
                                      .name = field->title,
                                      .kind = WIRE_TEXT,
                                      .octets = filter.filter});
        tell_bits(walk, field->bits, &filter, "Filter", i);
    }
}

static void tell_codes(const struct walk *walk, const char *title,
                       struct wire_bytes codes)
{
    for (size_t i = 0; i < wire_len(codes) && codes.n; i++)
        tell(walk, (struct wire_item){.index = i,
                                      .name = title,
                                      .kind = WIRE_CODE,
                                      .number = codes.octets[i],
                                      .meaning = wire_reason_name(
                                          walk->version, walk->packet->type,
                                          codes.octets[i])});
}

static void tell_property(const struct walk *walk, const char *group,
                          const struct wire_props *props,
                          const struct wire_property_row *row)
{
    const void *member = wire_member(props, row->offset);
    struct wire_item item = {.group = group, .name = row->title};
    struct wire_cursor at = {0};
    uint32_t number;

    if (row->shape == SHAPE_PAIRS) {
        item.kind = WIRE_PAIR;
        for (; wire_next_user_property(props, &at, &item.octets, &item.value);
             item.index++)
            tell(walk, item);
    } else if (row->shape == SHAPE_VARINTS) {
        item.kind = WIRE_NUMBER;
        for (; wire_next_subscription_identifier(props, &at, &number);
             item.index++) {
            item.number = number;
            tell(walk, item);
        }
    } else if (row->shape == SHAPE_TEXT || row->shape == SHAPE_BINARY) {
        item.kind = row->shape == SHAPE_TEXT ? WIRE_TEXT : WIRE_BINARY;
        item.octets = *(const struct wire_bytes *)member;
        if (item.octets.text)
            tell(walk, item);
    } else if (wire_is_set(*(const uint64_t *)member)) {
        item.kind = WIRE_NUMBER;
        item.number = wire_value(*(const uint64_t *)member, 0);
        tell(walk, item);
    }
}

static void tell_field(const struct walk *walk, const struct wire_field *field)
{
    const struct wire_packet *p = walk->packet;
    const void *member = wire_member(p, field->offset);
    struct wire_item item = {
        .name = field->title,
        .group = strncmp(field->name, "will.", 5) ? "" : "Will"};

    switch (field->shape) {
    case SHAPE_BITS:
        tell_bits(walk, field->bits, p, "", 0);
        return;
    case SHAPE_U16:
        item.number = *(const uint16_t *)member;
        break;
    case SHAPE_OPT8:
        item.number = wire_value(*(const uint64_t *)member, walk->version);
        break;
    case SHAPE_TEXT:
    case SHAPE_BINARY:
    case SHAPE_REST:
        item.kind = field->shape == SHAPE_TEXT ? WIRE_TEXT : WIRE_BINARY;
        item.octets = *(const struct wire_bytes *)member;
        if (!item.octets.text)
            return;
        break;
    case SHAPE_CODE:
        item.kind = WIRE_CODE;
        item.number = *(const uint32_t *)member;
        item.meaning =
            wire_reason_name(walk->version, p->type, (unsigned)item.number);
        break;
    case SHAPE_CODES:
        tell_codes(walk, field->title, *(const struct wire_bytes *)member);
        return;
    case SHAPE_FILTERS:
        tell_filters(walk, field);
        return;
    case SHAPE_PROPS:
        for (size_t i = 0; i < WIRE_N_PROPERTIES; i++)
            tell_property(walk, *item.group ? "Will Properties" : "Properties",
                          member, &wire_property_rows[i]);
        return;
    case SHAPE_OPT16:
    case SHAPE_OPT32:
    case SHAPE_VARINTS:
    case SHAPE_PAIRS:
    case N_SHAPES:
        return;
    }
    tell(walk, item);
}

void wire_walk(const struct wire_packet *packet,
               void (*on_item)(void *user, const struct wire_item *item),
               void *user)
{
    struct walk walk = {packet, packet->version, on_item, user};
    const struct wire_layout *layout;

    /* A packet that was built, or CONNECT of a strange version. */
    if (walk.version == WIRE_UNKNOWN)
        walk.version = WIRE_5_0;
    layout = wire_layout_of(walk.version, packet->type);
    for (const struct wire_field *f = layout ? layout->fields : NULL;
         f && f->name; f++)
        if ((f->versions & wire_version_bit(walk.version)) &&
            (f->when != IF_QOS || packet->qos))
            tell_field(&walk, f);
}

/* ---- one line ------------------------------------------------------------ */

struct line {
    char *out;
    size_t cap, n;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *format, ...)
{
    va_list args;
    int n;

    if (line->n + 1 >= line->cap)
        return;
    va_start(args, format);
    n = vsnprintf(line->out + line->n, line->cap - line->n, format, args);
    va_end(args);
    line->n += n > 0 ? (size_t)n : 0;
    if (line->n >= line->cap)
        line->n = line->cap - 1;
}

enum { MAX_SHOWN = 40 };

static void add_text(struct line *line, struct wire_bytes text)
{
    const size_t n = wire_len(text);

    add(line, "\"");
    for (size_t i = 0; i < n && i < MAX_SHOWN; i++) {
        const unsigned char c = text.octets[i];
        if (c == '"' || c == '\\')
            add(line, "\\%c", c);
        else if (c < 32 || c == 127 || (c > 127 && !wire_utf8_is_valid(text)))
            add(line, "\\x%02x", c);
        else
            add(line, "%c", c);
    }
    add(line, n > MAX_SHOWN ? "...\" (%zu octets)" : "\"", n);
}

/* Whether octets read as text: valid UTF-8, no control characters. */
static bool is_printable(struct wire_bytes octets)
{
    for (size_t i = 0; i < wire_len(octets) && i < MAX_SHOWN; i++)
        if (octets.octets[i] < 32 || octets.octets[i] == 127)
            return false;
    return wire_utf8_is_valid(octets);
}

static void add_binary(struct line *line, struct wire_bytes octets)
{
    const size_t n = wire_len(octets);

    if (is_printable(octets)) {
        add_text(line, octets);
        return;
    }
    for (size_t i = 0; i < n && i < MAX_SHOWN / 2; i++)
        add(line, "%02x", octets.octets[i]);
    add(line, n > MAX_SHOWN / 2 ? "... (%zu octets)" : " (%zu octets)", n);
}

static void describe_item(void *user, const struct wire_item *item)
{
    struct line *line = user;

    if (item->kind == WIRE_FLAG && !item->number)
        return;
    add(line, " %s", item->name);
    switch (item->kind) {
    case WIRE_FLAG:
        return;
    case WIRE_NUMBER:
        add(line, " %llu", (unsigned long long)item->number);
        return;
    case WIRE_CODE:
        add(line, " 0x%02llx (%s)", (unsigned long long)item->number,
            item->meaning);
        return;
    case WIRE_TEXT:
        add(line, " ");
        add_text(line, item->octets);
        return;
    case WIRE_BINARY:
        add(line, " ");
        add_binary(line, item->octets);
        return;
    case WIRE_PAIR:
        add(line, " ");
        add_text(line, item->octets);
        add(line, "=");
        add_text(line, item->value);
        return;
    }
}

char *wire_describe(const struct wire_packet *packet, char *out, size_t cap)
{
    struct line line = {out, cap, 0};

    out[0] = '\0';
    if (packet->type == WIRE_OCTETS && packet->hex)
        add(&line, "octets %s", packet->hex);
    else
        add(&line, "%s", wire_type_name(packet->type));
    wire_walk(packet, describe_item, &line);
    return out;
}
