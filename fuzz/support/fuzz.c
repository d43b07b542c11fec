/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c -- taking an input apart, and giving up. */
#define _GNU_SOURCE /* memfd_create */
#include "support/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* AddressSanitizer asks for this. An input frees tens of KiB, seldom more than
 * 1 MiB, so a larger quarantine finds nothing more, and misses the caches; and
 * the first few callers of malloc say where memory is from. ASAN_OPTIONS
 * override it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
           "malloc_context_size=8:allocator_may_return_null=1";
}

uint8_t feed_u8(struct feed *feed)
{
    if (feed->n == 0)
        return 0;
    feed->n--;
    return *feed->at++;
}

uint16_t feed_u16(struct feed *feed)
{
    unsigned high = feed_u8(feed);
    return (uint16_t)(high << 8 | feed_u8(feed));
}

const uint8_t *feed_run(struct feed *feed, size_t n, size_t *got)
{
    const uint8_t *at = feed->at;
    *got = n < feed->n ? n : feed->n;
    if (*got > 0)
        feed->at += *got;
    feed->n -= *got;
    return at;
}

const uint8_t *feed_packet(struct feed *feed, size_t *got)
{
    size_t length = 0;
    for (size_t i = 1; i < 5 && i < feed->n; i++) {
        length |= (size_t)(feed->at[i] & 0x7f) << (7 * (i - 1));
        if (!(feed->at[i] & 0x80))
            return feed_run(feed, 1 + i + length, got);
    }
    return feed_run(feed, feed->n, got);
}

char *feed_text(struct feed *feed)
{
    size_t n = feed->n;
    char *text = malloc(n + 1);
    if (!text)
        abort();
    if (n > 0)
        memcpy(text, feed->at, n);
    text[n] = '\0';
    feed->n = 0;
    return text;
}

int feed_file(struct feed *feed, char path[64])
{
    int fd = memfd_create("input", 0);
    if (fd < 0 || fchmod(fd, 0600) != 0)
        return -1;
    while (feed->n > 0) {
        ssize_t n = write(fd, feed->at, feed->n);
        if (n <= 0)
            break;
        feed->at += n;
        feed->n -= (size_t)n;
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

void fuzz_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("fuzz: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    abort();
}

const char *fuzz_hex(const void *octets, size_t n, char *out, size_t size)
{
    const uint8_t *at = octets;
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && used + 3 < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%02x", at[i]);
    return out;
}
