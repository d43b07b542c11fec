/* SPDX-License-Identifier: Apache-2.0 */
/* text.h -- a growing text, and the escapes of the formats we write.
 *
 * Every report is made as one text in memory and written in one go. Texts of
 * kilobytes to some megabytes.
 */
#ifndef MQTTSPEC_REPORT_TEXT_H
#define MQTTSPEC_REPORT_TEXT_H

#include <stddef.h>

/* A text; all zero is the empty text. `chars` is NUL-terminated once anything
 * was added, and NULL before. */
struct text {
    char *chars;
    size_t n;
    size_t room;
};

/* text_clear releases the text and leaves it empty. */
void text_clear(struct text *text);

/* text_add appends n octets as they stand. */
void text_add(struct text *text, const char *octets, size_t n);

/* text_puts appends a NUL-terminated string as it stands; NULL adds nothing. */
void text_puts(struct text *text, const char *string);

/* text_printf appends formatted text. */
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* text_puts_utf8 appends a string with each octet that is not part of
 * well-formed UTF-8, and each control character but tab and line break,
 * replaced by U+FFFD. NULL adds nothing. */
void text_puts_utf8(struct text *text, const char *string);

/* text_puts_xml appends a string for an XML text or attribute: cleaned like
 * text_puts_utf8, with & < > " escaped. NULL adds nothing. */
void text_puts_xml(struct text *text, const char *string);

/* text_puts_line appends a string with line breaks turned into spaces and, for
 * each character of `escaped`, a backslash before it. NULL adds nothing. */
void text_puts_line(struct text *text, const char *string, const char *escaped);

/* text_puts_json_in_html appends JSON, cleaned like text_puts_utf8, so that no
 * markup can begin in it: every < becomes \u003c. Only for JSON whose < stand
 * inside strings. */
void text_puts_json_in_html(struct text *text, const char *json);

/* text_load reads a whole file.
 *
 * path   "-" is no special name
 *
 * Returns 0; -1 with errno set when it cannot be opened or read.
 */
int text_load(struct text *text, const char *path);

/* text_save writes the text to a file beside `path` and renames it, so that
 * the file is either whole or as it was.
 *
 * Returns 0; -1 with errno set, and nothing left behind.
 */
int text_save(const struct text *text, const char *path);

#endif
