/* SPDX-License-Identifier: Apache-2.0 */
/* match.c -- does a packet answer an expectation?
 *
 * Walks the rows of tables.h over both. What the expectation asks for is what
 * its macro's text names and what is not zero in it; fields that the version
 * of the packet does not have are not asked for.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/tables.h"

/* ---- the text of the macro ----------------------------------------------- */

/* Steps over one character or a whole string or character literal. */
static const char *step(const char *s, int *depth)
{
    if (*s == '"' || *s == '\'') {
        const char quote = *s++;
        while (*s && *s != quote)
            s += *s == '\\' && s[1] ? 2 : 1;
        return *s ? s + 1 : s;
    }
    *depth += *s == '{' || *s == '(' || *s == '[';
    *depth -= *s == '}' || *s == ')' || *s == ']';
    return s + 1;
}

static const char *skip_space(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

/* Reads ".a.b" into path; returns what follows. */
static const char *read_designator(const char *s, char *path, size_t cap)
{
    size_t n = 0;

    for (s++; isalnum((unsigned char)*s) || *s == '_' || *s == '.'; s++)
        if (n + 1 < cap)
            path[n++] = *s;
    path[n] = '\0';
    return skip_space(s);
}

bool wire_says(const char *said, const char *name)
{
    char path[80];
    int depth = 0;

    for (const char *s = said; s && *s && depth >= 0;) {
        size_t n;
        if (*s != '.' || depth > 0) {
            s = step(s, &depth);
            continue;
        }
        s = read_designator(s, path, sizeof path);
        n = strlen(path);
        if (*s != '=' || strncmp(name, path, n) != 0)
            continue;
        if (!name[n])
            return true;
        s = skip_space(s + 1);
        if (name[n] == '.' && *s == '{' && wire_says(s + 1, name + n + 1))
            return true;
    }
    return false;
}

/* ---- comparing ----------------------------------------------------------- */

struct match {
    const struct wire_packet *expected, *actual;
    char *why;
    size_t cap;
};

__attribute__((format(printf, 2, 3))) static bool
differs(const struct match *m, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(m->why, m->cap, format, args);
    va_end(args);
    return false;
}

static bool same_number(const struct match *m, const char *name,
                        const char *title, uint32_t expected, uint32_t actual)
{
    if (expected == actual ||
        (expected == 0 && !wire_says(m->expected->said, name)))
        return true;
    return differs(m, "%s is %u, expected %u", title, (unsigned)actual,
                   (unsigned)expected);
}

/* Up to 40 octets, what does not print as \xNN. */
static const char *quote(struct wire_bytes bytes, char out[180])
{
    const size_t n = wire_len(bytes);
    size_t at = 0;

    if (!bytes.text)
        return "absent";
    at += (size_t)sprintf(out, "\"");
    for (size_t i = 0; i < n && i < 40; i++)
        at += (size_t)sprintf(
            out + at,
            bytes.octets[i] < 32 || bytes.octets[i] > 126 ? "\\x%02x" : "%c",
            bytes.octets[i]);
    sprintf(out + at, n > 40 ? "...\"" : "\"");
    return out;
}

static bool same_bytes(const struct match *m, const char *title,
                       struct wire_bytes expected, struct wire_bytes actual)
{
    char a[180], b[180];

    if (expected.n == SIZE_MAX && !expected.text)
        return wire_len(actual) == 0 ||
               differs(m, "%s is %s, expected none", title, quote(actual, a));
    if (!expected.text || (actual.text && wire_same(expected, actual)))
        return true;
    if (wire_len(actual) != wire_len(expected))
        return differs(m, "%s is %s (%zu octets), expected %s (%zu octets)",
                       title, quote(actual, a), wire_len(actual),
                       quote(expected, b), wire_len(expected));
    return differs(m, "%s is %s, expected %s", title, quote(actual, a),
                   quote(expected, b));
}

static bool same_code(const struct match *m, const char *title, unsigned code)
{
    const struct wire_packet *e = m->expected;
    const char *name =
        wire_reason_name(m->actual->version, m->actual->type, code);
    char list[180];

    if (e->reason_any.text) {
        const size_t n = wire_len(e->reason_any);
        size_t at = 0;
        list[0] = '\0';
        for (size_t i = 0; i < n; i++) {
            if (e->reason_any.octets[i] == code)
                return true;
            if (at + 6 < sizeof list)
                at += (size_t)sprintf(list + at, " 0x%02x",
                                      e->reason_any.octets[i]);
        }
        return differs(m, "%s is 0x%02x (%s), expected one of%s", title, code,
                       name, list);
    }
    if (e->reason & 0x100)
        return code >= (e->reason & 0xff) ||
               differs(m, "%s is 0x%02x (%s), expected 0x%02x or above", title,
                       code, name, e->reason & 0xff);
    if (code == e->reason || (!e->reason && !wire_says(e->said, "reason")))
        return true;
    return differs(
        m, "%s is 0x%02x (%s), expected 0x%02x (%s)", title, code, name,
        e->reason,
        wire_reason_name(m->actual->version, m->actual->type, e->reason));
}

static bool same_codes(const struct match *m, const char *title,
                       struct wire_bytes expected, struct wire_bytes actual)
{
    for (size_t i = 0; i < actual.n; i++)
        if (!same_code(m, title, actual.octets[i]))
            return false;
    return same_bytes(m, title, expected, actual);
}

static bool same_bits(const struct match *m, const struct wire_bits *bits)
{
    for (; bits && bits->width; bits++) {
        const uint8_t *e = wire_member(m->expected, bits->offset);
        const uint8_t *a = wire_member(m->actual, bits->offset);
        if ((bits->versions & wire_version_bit(m->actual->version)) &&
            !same_number(m, bits->name, bits->title, *e, *a))
            return false;
    }
    return true;
}

static bool same_filters(const struct match *m)
{
    struct wire_filter e, a;
    size_t i = 0;

    if (!wire_filter_at(m->expected, 0, &e))
        return true;
    for (; wire_filter_at(m->expected, i, &e); i++) {
        if (!wire_filter_at(m->actual, i, &a))
            return differs(m, "there are %zu filters, expected more", i);
        if (!same_bytes(m, "Topic Filter", e.filter, a.filter))
            return false;
        if (e.qos != a.qos || e.no_local != a.no_local ||
            e.retain_as_published != a.retain_as_published ||
            e.retain_handling != a.retain_handling)
            return differs(m, "the options of filter %zu differ", i + 1);
    }
    return !wire_filter_at(m->actual, i, &a) ||
           differs(m, "there are more than %zu filters", i);
}

/* ---- properties ---------------------------------------------------------- */

static bool same_pairs(const struct match *m, const struct wire_props *expected,
                       const struct wire_props *actual)
{
    struct wire_bytes name, value, a_name, a_value;
    struct wire_cursor at = {0}, a_at = {0};

    if (expected->no_user_property)
        return !actual->n_user_properties ||
               differs(m, "there is a User Property, expected none");
    if (!expected->user_property[0].name)
        return true;
    while (wire_next_user_property(expected, &at, &name, &value)) {
        if (!wire_next_user_property(actual, &a_at, &a_name, &a_value))
            return differs(m, "there are %zu User Properties, expected more",
                           a_at.i);
        if (!same_bytes(m, "name of a User Property", name, a_name) ||
            !same_bytes(m, "value of a User Property", value, a_value))
            return false;
    }
    return actual->n_user_properties == at.i ||
           differs(m, "there are %zu User Properties, expected %zu",
                   actual->n_user_properties, at.i);
}

static bool same_opt(const struct match *m, const char *title,
                     uint64_t expected, uint64_t actual)
{
    if (expected == 0)
        return true;
    if (expected == NONE)
        return !actual || differs(m, "%s is %u, expected none", title,
                                  (unsigned)wire_value(actual, 0));
    if (!actual)
        return differs(m, "%s is absent, expected %u", title,
                       (unsigned)wire_value(expected, 0));
    return wire_value(expected, 0) == wire_value(actual, 0) ||
           differs(m, "%s is %u, expected %u", title,
                   (unsigned)wire_value(actual, 0),
                   (unsigned)wire_value(expected, 0));
}

static bool same_identifiers(const struct match *m,
                             const struct wire_props *expected,
                             const struct wire_props *actual)
{
    static const char title[] = "Subscription Identifier";
    size_t i = 0;

    if (!expected->subscription_identifier[0])
        return true;
    for (; i < WIRE_MAX_IDENTIFIERS && expected->subscription_identifier[i];
         i++)
        if (!same_opt(m, title, expected->subscription_identifier[i],
                      actual->subscription_identifier[i]))
            return false;
    return expected->subscription_identifier[0] == NONE ||
           actual->n_subscription_identifiers == i ||
           differs(m, "there are %zu Subscription Identifiers, expected %zu",
                   actual->n_subscription_identifiers, i);
}

static bool same_properties(const struct match *m,
                            const struct wire_props *expected,
                            const struct wire_props *actual)
{
    for (size_t i = 0; i < WIRE_N_PROPERTIES; i++) {
        const struct wire_property_row *row = &wire_property_rows[i];
        const void *e = wire_member(expected, row->offset);
        const void *a = wire_member(actual, row->offset);
        bool is_same;
        if (row->shape == SHAPE_PAIRS)
            is_same = same_pairs(m, expected, actual);
        else if (row->shape == SHAPE_VARINTS)
            is_same = same_identifiers(m, expected, actual);
        else if (row->shape == SHAPE_TEXT || row->shape == SHAPE_BINARY)
            is_same = same_bytes(m, row->title, *(const struct wire_bytes *)e,
                                 *(const struct wire_bytes *)a);
        else
            is_same = same_opt(m, row->title, *(const uint64_t *)e,
                               *(const uint64_t *)a);
        if (!is_same)
            return false;
    }
    return true;
}

/* ---- packets ------------------------------------------------------------- */

static bool same_field(const struct match *m, const struct wire_field *field)
{
    const void *e = wire_member(m->expected, field->offset);
    const void *a = wire_member(m->actual, field->offset);

    switch (field->shape) {
    case SHAPE_BITS:
        return same_bits(m, field->bits);
    case SHAPE_U16:
        return same_number(m, field->name, field->title, *(const uint16_t *)e,
                           *(const uint16_t *)a);
    case SHAPE_TEXT:
    case SHAPE_BINARY:
    case SHAPE_REST:
        return same_bytes(m, field->title, *(const struct wire_bytes *)e,
                          *(const struct wire_bytes *)a);
    case SHAPE_CODE:
        return same_code(m, field->title, *(const uint32_t *)a);
    case SHAPE_CODES:
        return same_codes(m, field->title, *(const struct wire_bytes *)e,
                          *(const struct wire_bytes *)a);
    case SHAPE_FILTERS:
        return same_filters(m);
    case SHAPE_PROPS:
        return same_properties(m, e, a);
    case SHAPE_OPT8:
        return same_opt(m, field->title, *(const uint64_t *)e,
                        *(const uint64_t *)a);
    case SHAPE_OPT16:
    case SHAPE_OPT32:
    case SHAPE_VARINTS:
    case SHAPE_PAIRS:
    case N_SHAPES:
        break;
    }
    return true;
}

bool wire_match(const struct wire_packet *expected,
                const struct wire_packet *actual, char *why, size_t cap)
{
    const struct match m = {expected, actual, why, cap};
    const struct wire_layout *layout =
        wire_layout_of(actual->version, actual->type);

    if (cap)
        *why = '\0';
    if (expected->type != actual->type)
        return differs(&m, "it is %s, expected %s",
                       wire_type_name(actual->type),
                       wire_type_name(expected->type));
    for (const struct wire_field *f = layout ? layout->fields : NULL;
         f && f->name; f++)
        if ((f->versions & wire_version_bit(actual->version)) &&
            !same_field(&m, f))
            return false;
    return true;
}
