/* SPDX-License-Identifier: Apache-2.0 */
/* text.c -- a growing text, and the escapes of the formats we write.
 *
 * Sizes double, so a report of megabytes costs some twenty reallocations.
 */
#include "report/text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void text_clear(struct text *text)
{
    free(text->chars);
    memset(text, 0, sizeof *text);
}

static void make_room(struct text *text, size_t n)
{
    if (text->n + n + 1 <= text->room)
        return;
    size_t room = text->room ? text->room : 256;
    while (room < text->n + n + 1)
        room *= 2;
    text->chars = realloc(text->chars, room);
    if (!text->chars)
        abort();
    text->room = room;
}

void text_add(struct text *text, const char *octets, size_t n)
{
    make_room(text, n);
    if (n > 0)
        memcpy(text->chars + text->n, octets, n);
    text->n += n;
    text->chars[text->n] = '\0';
}

void text_puts(struct text *text, const char *string)
{
    if (string)
        text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0) {
        make_room(text, (size_t)n);
        vsnprintf(text->chars + text->n, (size_t)n + 1, format, again);
        text->n += (size_t)n;
    }
    va_end(again);
}

/* Returns the length of the well-formed UTF-8 character at s, or 0. */
static size_t utf8_length(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;
    if (c[0] < 0x80)
        return c[0] >= 0x20 && c[0] != 0x7F ? 1 : 0;
    size_t n = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    if (c[0] < 0xC2 || c[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    bool is_overlong =
        (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool is_surrogate = c[0] == 0xED && c[1] > 0x9F;
    bool is_too_high = c[0] == 0xF4 && c[1] > 0x8F;
    /* XML takes no U+FFFE and U+FFFF. */
    bool is_no_character = c[0] == 0xEF && c[1] == 0xBF && c[2] >= 0xBE;
    if (is_overlong || is_surrogate || is_too_high || is_no_character)
        return 0;
    return n;
}

/* Appends one character, cleaned. Returns how many octets of s it took. */
static size_t put_clean(struct text *text, const char *s)
{
    size_t n = utf8_length(s);
    if (n == 0 && *s != '\n' && *s != '\t') {
        text_puts(text, "\xEF\xBF\xBD");
        return 1;
    }
    n = n ? n : 1;
    text_add(text, s, n);
    return n;
}

void text_puts_utf8(struct text *text, const char *string)
{
    if (!string)
        return;
    text_puts(text, "");
    while (*string)
        string += put_clean(text, string);
}

void text_puts_xml(struct text *text, const char *string)
{
    static const char *const escapes[256] = {
        ['&'] = "&amp;",
        ['<'] = "&lt;",
        ['>'] = "&gt;",
        ['"'] = "&quot;",
    };
    while (string && *string) {
        const char *escape = escapes[(unsigned char)*string];
        if (escape) {
            text_puts(text, escape);
            string++;
        } else {
            string += put_clean(text, string);
        }
    }
}

void text_puts_line(struct text *text, const char *string, const char *escaped)
{
    while (string && *string) {
        if (*string == '\n' || *string == '\t') {
            text_puts(text, " ");
            string++;
            continue;
        }
        if (strchr(escaped, *string))
            text_puts(text, "\\");
        string += put_clean(text, string);
    }
}

void text_puts_json_in_html(struct text *text, const char *json)
{
    while (*json) {
        if (*json == '<') {
            text_puts(text, "\\u003c");
            json++;
        } else {
            json += put_clean(text, json);
        }
    }
}

int text_load(struct text *text, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    char block[65536];
    size_t n;
    text_add(text, "", 0);
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        text_add(text, block, n);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    errno = error;
    return error ? -1 : 0;
}

int text_save(const struct text *text, const char *path)
{
    char partial[PATH_MAX];
    int n =
        snprintf(partial, sizeof partial, "%s.%ld.part", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof partial) {
        errno = ENAMETOOLONG;
        return -1;
    }
    FILE *file = fopen(partial, "wb");
    if (!file)
        return -1;
    bool is_written = fwrite(text->chars, 1, text->n, file) == text->n;
    is_written &= fclose(file) == 0;
    if (is_written && rename(partial, path) == 0)
        return 0;
    int error = errno;
    unlink(partial);
    errno = error;
    return -1;
}
