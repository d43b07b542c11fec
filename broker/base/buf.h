// SPDX-License-Identifier: Apache-2.0
/* buf.h -- a growing run of octets, filled at one end, emptied at the other.
 *
 * Holds what a connection has read and not yet understood, and the small
 * headers that it will write. Octets move only when room is needed.
 */
#ifndef BROKER_BASE_BUF_H
#define BROKER_BASE_BUF_H

#include "base/bytes.h"

/* Zeroed is a valid empty buffer. Unread octets are data[start..end). */
struct buf {
    uint8_t *data;
    size_t start;
    size_t end;
    size_t capacity;
};

/* buf_clear frees the memory and leaves an empty buffer. */
void buf_clear(struct buf *b);

/* buf_size counts the unread octets. */
static inline size_t buf_size(const struct buf *b)
{
    return b->end - b->start;
}

/* buf_slice borrows the unread octets; dead after the next change. */
static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->data ? b->data + b->start : NULL, buf_size(b));
}

/* buf_reserve makes room for n more octets and returns where to put them;
 * buf_commit then says how many of them were put (at most n).
 */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* buf_append copies n octets to the end; data may be NULL when n is 0. */
void buf_append(struct buf *b, const void *data, size_t n);

/* buf_consume forgets the first n unread octets (at most buf_size). */
void buf_consume(struct buf *b, size_t n);

/* buf_shrink gives memory back when the buffer is empty and larger than keep
 * octets, so that an idle connection costs little.
 */
void buf_shrink(struct buf *b, size_t keep);

#endif
