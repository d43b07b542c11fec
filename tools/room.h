/* SPDX-License-Identifier: Apache-2.0 */
/* room.h -- memory that is there, or the end.
 *
 * The tools end at once, with one line, when the machine has no memory left.
 */
#ifndef TOOLS_ROOM_H
#define TOOLS_ROOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void *room_or_die(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(4);
    }
    return p;
}

/* xcalloc, xrealloc, xstrdup, xmemdup are their namesakes; never NULL. */
static inline void *xcalloc(size_t n, size_t size)
{
    return room_or_die(calloc(n ? n : 1, size ? size : 1));
}

static inline void *xrealloc(void *p, size_t n)
{
    return room_or_die(realloc(p, n ? n : 1));
}

static inline char *xstrdup(const char *s)
{
    return room_or_die(strdup(s));
}

/* xmemdup copies n octets and puts a NUL behind them. */
static inline void *xmemdup(const void *from, size_t n)
{
    uint8_t *p = room_or_die(malloc(n + 1));
    if (n)
        memcpy(p, from, n);
    p[n] = 0;
    return p;
}

/* grow makes room for one more element: amortised doubling.
 *
 * array   the pointer to the first element; may be NULL when n is 0
 * n       elements in use; room is the next power of two
 * size    octets of one element
 *
 * Returns the array, perhaps moved.
 */
static inline void *grow(void *array, size_t n, size_t size)
{
    if (n == 0)
        return xrealloc(array, 4 * size);
    if (n >= 4 && (n & (n - 1)) == 0)
        return xrealloc(array, 2 * n * size);
    return array;
}

#endif
