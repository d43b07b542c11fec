// SPDX-License-Identifier: Apache-2.0
/* bytes.h -- slices, and cursors with a sticky error.
 *
 * A slice borrows octets. A reader walks them in the order of the standard; a
 * read beyond the end marks it failed, later reads give zero, and the caller
 * checks once at the end. A writer does the same for output.
 * Spec: 5.0 s1.5; 3.1.1 s1.5.
 */
#ifndef BROKER_BASE_BYTES_H
#define BROKER_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed octets; data may be NULL when n is 0. */
struct slice {
    const uint8_t *data;
    size_t n;
};

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool has_failed;
};

struct writer {
    uint8_t *at;
    size_t left;     /* room, in octets */
    size_t n;        /* octets written, or that would have been with room */
    bool has_failed; /* room was short, or a length did not fit its field */
};

/* slice_of makes a slice of n octets at data. */
static inline struct slice slice_of(const void *data, size_t n)
{
    struct slice s = {data, n};
    return s;
}

/* slice_of_text makes a slice of a NUL-terminated text (NULL: empty). */
struct slice slice_of_text(const char *text);

/* slice_equals tells whether two slices hold the same octets. */
bool slice_equals(struct slice a, struct slice b);

/* slice_find gives the first place of a text in s; NULL: it is not there. */
const uint8_t *slice_find(struct slice s, const char *text);

/* slice_cut takes what stands before a separator off the front of rest.
 *
 * rest   the cursor; what is behind the separator. Without one all is taken,
 *        and rest has no data any more (NULL)
 */
struct slice slice_cut(struct slice *rest, const char *separator);

/* reader_of starts reading at the first octet of s. */
struct reader reader_of(struct slice s);

/* reader_left counts the octets not yet read. */
size_t reader_left(const struct reader *r);

/* read_u8, read_u16, read_u32 read a big-endian integer.
 *
 * r   fails when too few octets are left
 *
 * Each returns the value; 0 when r has failed. Spec: 5.0 s1.5.2, s1.5.3.
 */
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);

/* read_varint reads a Variable Byte Integer.
 *
 * r   fails when it is cut short, longer than 4 octets, or not minimal
 *
 * Returns the value, 0 to 268,435,455; 0 when r has failed.
 * Spec: 5.0 s1.5.5 [MQTT-1.5.5-1].
 */
uint32_t read_varint(struct reader *r);

/* read_octets reads exactly n octets; borrowed. Empty when r has failed. */
struct slice read_octets(struct reader *r, size_t n);

/* read_binary reads a two-octet length and that many octets; borrowed.
 * Spec: 5.0 s1.5.6.
 */
struct slice read_binary(struct reader *r);

/* read_rest reads all that is left; borrowed. */
struct slice read_rest(struct reader *r);

/* writer_of starts writing at out, which has room for n octets. Without room
 * (NULL, 0) it measures: w->n counts on.
 */
struct writer writer_of(void *out, size_t n);

/* write_u8 ... write_binary write what their read_ twins read.
 *
 * w       fails, and writes nothing more, when room is short or when a length
 *         does not fit its field
 */
void write_u8(struct writer *w, uint8_t value);
void write_u16(struct writer *w, uint16_t value);
void write_u32(struct writer *w, uint32_t value);
void write_varint(struct writer *w, uint32_t value);
void write_octets(struct writer *w, struct slice s);
void write_binary(struct writer *w, struct slice s);

/* varint_size tells how many octets (1 to 4) a Variable Byte Integer takes; 0
 * when the value is too large for one.
 */
size_t varint_size(uint32_t value);

#endif
