/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c -- octets, text and the lists inside a packet.
 *
 * Lengths, comparison, UTF-8 (5.0 s1.5.4, RFC 3629) and the access to filters
 * and properties beyond what struct wire_packet holds.
 */
#include <string.h>

#include "wire/slice.h"
#include "wire/tables.h"

size_t wire_len(struct wire_bytes bytes)
{
    if (!bytes.text)
        return 0;
    return bytes.n ? bytes.n : strlen(bytes.text);
}

bool wire_same(struct wire_bytes a, struct wire_bytes b)
{
    const size_t n = wire_len(a);

    return n == wire_len(b) && (n == 0 || !memcmp(a.octets, b.octets, n));
}

/* ---- UTF-8 --------------------------------------------------------------- */

/* One row of RFC 3629 section 4: the lead octets, the range that the second
 * octet keeps to, and how many octets follow in all. */
static const struct {
    unsigned char first, last, low, high;
    size_t n_more;
} leads[] = {
    {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1},
    {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
    {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3},
    {0xf4, 0xf4, 0x80, 0x8f, 3},
};

/* Length of the character at octets, 0 if it is none. */
static size_t character_length(const unsigned char *octets, size_t n)
{
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
        if (octets[0] < leads[i].first || octets[0] > leads[i].last)
            continue;
        if (n <= leads[i].n_more)
            return 0;
        for (size_t j = 1; j <= leads[i].n_more; j++)
            if (octets[j] < (j == 1 ? leads[i].low : 0x80) ||
                octets[j] > (j == 1 ? leads[i].high : 0xbf))
                return 0;
        return leads[i].n_more + 1;
    }
    return 0;
}

size_t wire_utf8_bad_at(struct wire_bytes text)
{
    const size_t n = wire_len(text);
    size_t at = 0;

    while (at < n) {
        const size_t length = character_length(text.octets + at, n - at);
        if (length == 0)
            return at;
        at += length;
    }
    return SIZE_MAX;
}

bool wire_utf8_is_valid(struct wire_bytes text)
{
    return wire_utf8_bad_at(text) == SIZE_MAX;
}

/* ---- lists --------------------------------------------------------------- */

static size_t n_built_filters(const struct wire_packet *packet)
{
    size_t n = 0;

    while (n < WIRE_MAX_FILTERS && packet->filters[n].filter.text)
        n++;
    return n;
}

/* Takes the next filter off the list; false at its end. */
bool wire_filter_take(const struct wire_packet *packet, struct wire_bytes *list,
                      struct wire_filter *filter)
{
    const bool has_options = packet->type == WIRE_SUBSCRIBE;
    size_t n;

    memset(filter, 0, sizeof *filter);
    if (list->n < 2)
        return false;
    n = (size_t)list->octets[0] << 8 | list->octets[1];
    if (list->n < 2 + n + has_options)
        return false;
    filter->filter = SLICE(n ? list->text + 2 : "", n);
    if (has_options) {
        const unsigned options = list->octets[2 + n];
        filter->qos = options & 3;
        filter->raw_options = OPT(options);
        if (packet->version == WIRE_5_0) {
            filter->no_local = options >> 2 & 1;
            filter->retain_as_published = options >> 3 & 1;
            filter->retain_handling = options >> 4 & 3;
        }
    }
    list->octets += 2 + n + has_options;
    list->n -= 2 + n + has_options;
    return true;
}

bool wire_filter_at(const struct wire_packet *packet, size_t i,
                    struct wire_filter *filter)
{
    const bool was_read = packet->octets.text != NULL;
    const size_t n_own = n_built_filters(packet);
    struct wire_bytes list = packet->filter_octets;

    if (i < n_own) {
        *filter = packet->filters[i];
        return true;
    }
    if (!was_read && i - n_own < packet->n_filter_list) {
        *filter = packet->filter_list[i - n_own];
        return true;
    }
    if (!was_read || i >= packet->n_filters)
        return false;
    for (size_t skip = 0; skip <= i; skip++)
        if (!wire_filter_take(packet, &list, filter))
            return false;
    return true;
}

bool wire_varint_take(struct wire_bytes *from, uint32_t *value)
{
    uint32_t v = 0;

    for (size_t i = 0; i < 4 && i < from->n; i++) {
        v |= (uint32_t)(from->octets[i] & 0x7f) << (7 * i);
        if (from->octets[i] & 0x80)
            continue;
        from->octets += i + 1;
        from->n -= i + 1;
        *value = v;
        return true;
    }
    return false;
}

/* Length of a property's value at the head of `from`; SIZE_MAX if cut. */
static size_t value_length(const struct wire_property_row *row,
                           struct wire_bytes from)
{
    struct wire_bytes rest = from;
    uint32_t ignored;
    size_t n = 0;

    switch (row->shape) {
    case SHAPE_OPT8:
        return 1;
    case SHAPE_OPT16:
        return 2;
    case SHAPE_OPT32:
        return 4;
    case SHAPE_VARINTS:
        return wire_varint_take(&rest, &ignored) ? from.n - rest.n : SIZE_MAX;
    default: /* strings: two octets of length each */
        for (int part = 0; part < (row->shape == SHAPE_PAIRS ? 2 : 1); part++) {
            if (from.n < n + 2)
                return SIZE_MAX;
            n += 2 + ((size_t)from.octets[n] << 8 | from.octets[n + 1]);
        }
        return n;
    }
}

bool wire_property_take(struct wire_bytes *list,
                        const struct wire_property_row **row,
                        struct wire_bytes *value)
{
    uint32_t id;
    size_t n;

    if (!wire_varint_take(list, &id) || !(*row = wire_property_row(id)))
        return false;
    n = value_length(*row, *list);
    if (n > list->n)
        return false;
    *value = SLICE(list->octets, n);
    list->octets += n;
    list->n -= n;
    return true;
}

/* The next property of an identifier in a list that was read. */
static bool find_property(struct wire_bytes list, enum wire_property id,
                          struct wire_cursor *at, struct wire_bytes *value)
{
    const struct wire_property_row *row;

    if (!at->rest.text)
        at->rest = list;
    while (wire_property_take(&at->rest, &row, value))
        if (row->id == id && at->n_passed++ == at->i) {
            at->i++;
            return true;
        }
    return false;
}

bool wire_next_user_property(const struct wire_props *props,
                             struct wire_cursor *at, struct wire_bytes *name,
                             struct wire_bytes *value)
{
    struct wire_bytes pair;
    size_t n;

    if (at->i < WIRE_MAX_PAIRS && props->user_property[at->i].name) {
        const struct wire_pair *own = &props->user_property[at->i++];
        *name = (struct wire_bytes){{own->name}, own->n_name};
        name->n = wire_len(*name);
        *value =
            (struct wire_bytes){{own->value ? own->value : ""}, own->n_value};
        value->n = wire_len(*value);
        return true;
    }
    if (!find_property(props->octets, WIRE_USER_PROPERTY, at, &pair))
        return false;
    n = (size_t)pair.octets[0] << 8 | pair.octets[1];
    *name = SLICE(n ? pair.text + 2 : "", n);
    *value = SLICE(pair.n - n > 4 ? pair.text + 4 + n : "", pair.n - n - 4);
    return true;
}

bool wire_next_subscription_identifier(const struct wire_props *props,
                                       struct wire_cursor *at,
                                       uint32_t *identifier)
{
    struct wire_bytes value;

    if (at->i < WIRE_MAX_IDENTIFIERS && props->subscription_identifier[at->i]) {
        *identifier = wire_value(props->subscription_identifier[at->i++], 0);
        return true;
    }
    return find_property(props->octets, WIRE_SUBSCRIPTION_IDENTIFIER, at,
                         &value) &&
           wire_varint_take(&value, identifier);
}
