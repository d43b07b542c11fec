/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c -- where packets end: whole against octet by octet, both wings.
 *
 * Input: two octets of limit, then a stream. Spec: 5.0 s1.5.5, s2.1.4.
 */
#include "support/fuzz.h"

#include "codec/frame.h"
#include "wire/wire.h"

const struct fuzz_shape fuzz_shape = {2, 0};

/* first_word gives how many octets it takes until frame_next says something
 * other than "more": a total, or a reason. */
static size_t first_word(struct slice octets, size_t max, enum reason *reason,
                         size_t *total)
{
    for (size_t i = 0; i <= octets.n; i++) {
        *reason = frame_next(slice_of(octets.data, i), max, total);
        if (*reason != REASON_SUCCESS || *total != 0)
            return i;
    }
    return octets.n;
}

static void check(struct slice octets, size_t max)
{
    size_t whole, total, harness;
    enum reason early;
    enum reason reason = frame_next(octets, max, &whole);
    size_t at = first_word(octets, max, &early, &total);
    if (early != reason || total != whole)
        fuzz_fail("after %zu octets 0x%02x %zu, with all 0x%02x %zu", at, early,
                  total, reason, whole);
    if (at > 5)
        fuzz_fail("the length is known after %zu octets only", at);
    if (reason == REASON_SUCCESS && max && whole > max)
        fuzz_fail("%zu octets pass a limit of %zu", whole, max);
    enum wire_status status = wire_frame(octets.data, octets.n, &harness);
    if (status == WIRE_BAD && reason != REASON_MALFORMED_PACKET)
        fuzz_fail("the harness refuses the length, the broker does not");
    if (reason == REASON_SUCCESS && whole != harness)
        fuzz_fail("broker %zu, harness %zu octets", whole, harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    size_t max = feed_u16(&feed);
    for (size_t i = 0; i < 100; i++) {
        struct slice rest = slice_of(feed.at, feed.n);
        size_t total, got;
        check(rest, 0);
        check(rest, max);
        if (frame_next(rest, 0, &total) || total == 0 || total > rest.n)
            return 0;
        feed_run(&feed, total, &got);
    }
    return 0;
}
