// SPDX-License-Identifier: Apache-2.0
/* buf.c -- a growing run of octets. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

#define SMALLEST 256

void buf_clear(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
    if (b->capacity - b->end >= n && b->data)
        return b->data + b->end;
    size_t size = buf_size(b);
    /* Moving is cheap when little is unread; else every reserve would move. */
    if (b->capacity >= size + n && size <= b->capacity / 2) {
        memmove(b->data, b->data + b->start, size);
    } else {
        size_t capacity = b->capacity ? b->capacity : SMALLEST;
        while (capacity < size + n)
            capacity *= 2;
        if (b->start == 0) { /* may well grow in place */
            b->data = mem_grow(b->data, capacity, 1);
        } else {
            uint8_t *data = mem_grow(NULL, capacity, 1);
            memcpy(data, b->data + b->start, size);
            free(b->data);
            b->data = data;
        }
        b->capacity = capacity;
    }
    b->start = 0;
    b->end = size;
    return b->data + b->end;
}

void buf_commit(struct buf *b, size_t n)
{
    if (n > b->capacity - b->end)
        die("buf_commit beyond the room reserved");
    b->end += n;
}

void buf_append(struct buf *b, const void *data, size_t n)
{
    if (!n)
        return;
    memcpy(buf_reserve(b, n), data, n);
    b->end += n;
}

void buf_consume(struct buf *b, size_t n)
{
    b->start += n < buf_size(b) ? n : buf_size(b);
    if (b->start == b->end)
        b->start = b->end = 0;
}

void buf_shrink(struct buf *b, size_t keep)
{
    if (buf_size(b) == 0 && b->capacity > keep)
        buf_clear(b);
}
