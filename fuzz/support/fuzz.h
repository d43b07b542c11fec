/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h -- what the fuzz targets share: taking an input apart, giving up.
 *
 * An input is octets from nowhere. A target takes what it needs from the front
 * and treats what is missing as zero, so that every input means something.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rest of an input. */
struct feed {
    const uint8_t *at;
    size_t n;
};

/* feed_u8, feed_u16 take one or two octets (big endian); 0 at the end. */
uint8_t feed_u8(struct feed *feed);
uint16_t feed_u16(struct feed *feed);

/* feed_run takes up to n octets.
 *
 * got   out: how many there were
 *
 * Returns where they begin; borrowed from the input.
 */
const uint8_t *feed_run(struct feed *feed, size_t n, size_t *got);

/* feed_packet takes one MQTT packet by its own Remaining Length, or all that is
 * left where that length lies or is not whole. Returns as feed_run does.
 */
const uint8_t *feed_packet(struct feed *feed, size_t *got);

/* feed_text takes all that is left as a NUL-terminated text for free(). */
char *feed_text(struct feed *feed);

/* feed_file writes all that is left to a file in memory.
 *
 * path   out: its name, for those who open files by name
 *
 * Returns a descriptor for close(), -1 if the system has none to give.
 */
int feed_file(struct feed *feed, char path[64]);

/* fuzz_fail says what does not hold, and aborts. */
_Noreturn void fuzz_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* fuzz_hex writes octets as hex digits, cut to fit, for fuzz_fail. */
const char *fuzz_hex(const void *octets, size_t n, char *out, size_t size);

/* How an input is laid out, for the mutator (mutate.c): octets of settings in
 * front, then items; an item is a few octets of control and a packet. Each
 * target of packets defines it.
 */
struct fuzz_shape {
    size_t n_settings;
    size_t n_control;
};
extern const struct fuzz_shape fuzz_shape;

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

#endif
