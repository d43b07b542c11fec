// SPDX-License-Identifier: Apache-2.0
/* die.h -- our own faults, and memory that never fails.
 *
 * An impossible state or a lack of memory ends the process with one line.
 * Never used on what a peer sent.
 */
#ifndef BROKER_BASE_DIE_H
#define BROKER_BASE_DIE_H

#include <stddef.h>

/* die prints one line on stderr and aborts.
 *
 * format   printf-like; no newline needed
 *
 * Never returns.
 */
_Noreturn void die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* mem_new allocates zeroed memory, or dies.
 *
 * n, size   count and size of an element, in octets; the product may be 0
 *
 * Returns memory for free().
 */
void *mem_new(size_t n, size_t size);

/* mem_grow changes the size of an allocation, or dies. New octets are not
 * cleared.
 *
 * old       what mem_new or mem_grow gave, or NULL; dead afterwards
 * n, size   wanted count and size of an element
 *
 * Returns memory for free().
 */
void *mem_grow(void *old, size_t n, size_t size);

/* mem_more makes room in an array for one more element behind those it has, or
 * dies. It grows by doubling.
 *
 * old        likewise
 * n          elements in use
 * capacity   in and out: elements there is room for
 */
void *mem_more(void *old, size_t n, size_t *capacity, size_t size);

/* mem_dup copies octets and adds a NUL behind them, or dies.
 *
 * data, n   what to copy; data may be NULL when n is 0
 *
 * Returns n + 1 octets for free().
 */
char *mem_dup(const void *data, size_t n);

#endif
