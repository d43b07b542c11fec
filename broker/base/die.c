// SPDX-License-Identifier: Apache-2.0
/* die.c -- our own faults, and memory that never fails. */
#include "base/die.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("mqttspec-broker: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void *mem_new(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size ? size : 1);
    if (!memory)
        die("no memory for %zu times %zu octets", n, size);
    return memory;
}

void *mem_grow(void *old, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        die("no memory for %zu times %zu octets", n, size);
    size_t octets = n * size;
    void *memory = realloc(old, octets ? octets : 1);
    if (!memory)
        die("no memory for %zu times %zu octets", n, size);
    return memory;
}

void *mem_more(void *old, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return old;
    *capacity = *capacity ? *capacity : 16;
    while (n >= *capacity)
        *capacity *= 2;
    return mem_grow(old, *capacity, size);
}

char *mem_dup(const void *data, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        die("no memory for %zu octets", n + 1);
    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    return copy;
}
