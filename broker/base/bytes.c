// SPDX-License-Identifier: Apache-2.0
/* bytes.c -- slices, and cursors with a sticky error. */
#include "base/bytes.h"

#include <string.h>

struct slice slice_of_text(const char *text)
{
    return slice_of(text, text ? strlen(text) : 0);
}

bool slice_equals(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.data, b.data, a.n) == 0);
}

const uint8_t *slice_find(struct slice s, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.data + i, text, n) == 0)
            return s.data + i;
    return NULL;
}

struct slice slice_cut(struct slice *rest, const char *separator)
{
    const uint8_t *found = slice_find(*rest, separator);
    struct slice before = *rest;
    size_t n_behind;
    if (!found) {
        *rest = slice_of(NULL, 0);
        return before;
    }
    before.n = (size_t)(found - rest->data);
    n_behind = before.n + strlen(separator);
    *rest = slice_of(rest->data + n_behind, rest->n - n_behind);
    return before;
}

struct reader reader_of(struct slice s)
{
    /* An empty slice may have no address; adding to NULL is undefined. */
    static const uint8_t nothing[1];
    const uint8_t *at = s.n ? s.data : nothing;
    struct reader r = {at, at + s.n, false};
    return r;
}

size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* take moves the cursor over n octets and returns where they begin; NULL, and
 * a failed reader, when fewer are left. */
static const uint8_t *take(struct reader *r, size_t n)
{
    if (r->has_failed || reader_left(r) < n) {
        r->has_failed = true;
        r->at = r->end;
        return NULL;
    }
    const uint8_t *at = r->at;
    r->at += n;
    return at;
}

uint8_t read_u8(struct reader *r)
{
    const uint8_t *at = take(r, 1);
    return at ? at[0] : 0;
}

uint16_t read_u16(struct reader *r)
{
    const uint8_t *at = take(r, 2);
    return (uint16_t)(at ? at[0] << 8 | at[1] : 0);
}

uint32_t read_u32(struct reader *r)
{
    const uint8_t *at = take(r, 4);
    if (!at)
        return 0;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

uint32_t read_varint(struct reader *r)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t octet = read_u8(r);
        value |= (uint32_t)(octet & 0x7F) << (7 * i);
        if (octet & 0x80)
            continue;
        /* A last octet of 0 adds nothing: not minimal [MQTT-1.5.5-1]. */
        if (i > 0 && octet == 0)
            break;
        return r->has_failed ? 0 : value;
    }
    r->has_failed = true;
    r->at = r->end;
    return 0;
}

struct slice read_octets(struct reader *r, size_t n)
{
    const uint8_t *at = take(r, n);
    return slice_of(at, at ? n : 0);
}

struct slice read_binary(struct reader *r)
{
    return read_octets(r, read_u16(r));
}

struct slice read_rest(struct reader *r)
{
    return read_octets(r, reader_left(r));
}

struct writer writer_of(void *out, size_t n)
{
    struct writer w = {.at = out, .left = n};
    return w;
}

/* put makes room for n octets and returns where they go; NULL, and a failed
 * writer, when room is short. Counts them in any case. */
static uint8_t *put(struct writer *w, size_t n)
{
    w->n += n;
    if (w->has_failed || w->left < n) {
        w->has_failed = true;
        return NULL;
    }
    uint8_t *at = w->at;
    w->at += n;
    w->left -= n;
    return at;
}

void write_u8(struct writer *w, uint8_t value)
{
    uint8_t *at = put(w, 1);
    if (at)
        at[0] = value;
}

void write_u16(struct writer *w, uint16_t value)
{
    uint8_t *at = put(w, 2);
    if (!at)
        return;
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void write_u32(struct writer *w, uint32_t value)
{
    uint8_t *at = put(w, 4);
    if (!at)
        return;
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void write_varint(struct writer *w, uint32_t value)
{
    size_t n = varint_size(value);
    uint8_t *at = n ? put(w, n) : NULL;
    if (!at) {
        w->has_failed = true;
        return;
    }
    for (; n > 1; n--) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at = (uint8_t)value;
}

void write_octets(struct writer *w, struct slice s)
{
    uint8_t *at = s.n ? put(w, s.n) : NULL;
    if (at)
        memcpy(at, s.data, s.n);
}

void write_binary(struct writer *w, struct slice s)
{
    if (s.n > UINT16_MAX)
        w->has_failed = true;
    write_u16(w, (uint16_t)s.n);
    write_octets(w, s);
}

size_t varint_size(uint32_t value)
{
    if (value < 128)
        return 1;
    if (value < 16384)
        return 2;
    if (value < 2097152)
        return 3;
    return value <= 268435455 ? 4 : 0;
}
