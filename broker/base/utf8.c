// SPDX-License-Identifier: Apache-2.0
/* utf8.c -- well-formed UTF-8, after the table of byte sequences in Unicode. */
#include "base/utf8.h"

#include <string.h>

/* sequence_length tells how many octets the well-formed sequence at `at` has;
 * 0 when it is ill-formed. `left` octets may be looked at. */
static size_t sequence_length(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    size_t n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first > 0xF4 || n == 0 || left < n)
        return 0;
    /* The second octet excludes overlong forms, surrogates and what lies
     * beyond U+10FFFF. */
    uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < lowest || at[1] > highest)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

/* all_ascii tells whether 8 octets are ASCII and none of them is NUL. */
static bool all_ascii(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return (word & ones << 7) == 0 && ((word - ones) & ones << 7) == 0;
}

bool utf8_is_valid(struct slice s, bool allows_nul)
{
    size_t i = 0;
    while (i < s.n) {
        /* Topics are mostly ASCII: eight octets at a time. */
        if (s.n - i >= 8 && all_ascii(s.data + i)) {
            i += 8;
            continue;
        }
        size_t n = sequence_length(s.data + i, s.n - i);
        if (n == 0 || (s.data[i] == 0 && !allows_nul))
            return false;
        i += n;
    }
    return true;
}

struct slice utf8_read(struct reader *r)
{
    struct slice s = read_binary(r);
    if (!utf8_is_valid(s, false))
        r->has_failed = true;
    return s;
}

size_t utf8_to_text(char *out, size_t n, struct slice s, size_t max_characters)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t written = 0;
    size_t i = 0;
    for (size_t c = 0; c < max_characters && i < s.n; c++) {
        size_t length = sequence_length(s.data + i, s.n - i);
        const char *from = (const char *)s.data + i;
        size_t put = length;
        if (length == 0) {
            from = replacement;
            put = 3;
        } else if (length == 1 && (s.data[i] < 0x20 || s.data[i] == 0x7F)) {
            from = " ";
        }
        if (written + put >= n)
            break;
        memcpy(out + written, from, put);
        written += put;
        i += length ? length : 1;
    }
    out[written] = '\0';
    return written;
}
