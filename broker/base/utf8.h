// SPDX-License-Identifier: Apache-2.0
/* utf8.h -- well-formed UTF-8, as the standard wants it.
 *
 * Spec: 5.0 s1.5.4 [MQTT-1.5.4-1], [MQTT-1.5.4-2]; 3.1.1 s1.5.3.
 */
#ifndef BROKER_BASE_UTF8_H
#define BROKER_BASE_UTF8_H

#include "base/bytes.h"

/* utf8_is_valid tells whether s is well-formed UTF-8 as Unicode and RFC 3629
 * define it (no surrogates, no overlong forms, nothing above U+10FFFF).
 *
 * allows_nul   whether U+0000 may occur: false for an MQTT string, true for a
 *              payload that is announced as UTF-8
 */
bool utf8_is_valid(struct slice s, bool allows_nul);

/* utf8_read reads a UTF-8 Encoded String (a length and octets); r fails if it
 * is none.
 */
struct slice utf8_read(struct reader *r);

/* utf8_to_text copies s for a log line: ill-formed octets become U+FFFD,
 * control characters a blank, and it is cut after max_characters.
 *
 * out, n           room for the text and its NUL, n > 0
 * max_characters   code points to keep
 *
 * Returns the length of the text in octets, without the NUL.
 */
size_t utf8_to_text(char *out, size_t n, struct slice s, size_t max_characters);

#endif
