/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c -- the harness's reader, writer, describer and matcher.
 *
 * Input: version and sender, then packets. What the reader calls good must
 * describe itself, match itself, and be written as a packet that reads alike.
 */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

const struct fuzz_shape fuzz_shape = {1, 0};

static void count(void *user, const struct wire_item *item)
{
    (void)item;
    ++*(size_t *)user;
}

/* The struct keeps a few of the repeated things only: those cannot be written
 * again from it. */
static bool is_kept_whole(const struct wire_packet *p)
{
    return p->n_filters <= WIRE_MAX_FILTERS &&
           p->props.n_user_properties <= WIRE_MAX_PAIRS &&
           p->will.props.n_user_properties <= WIRE_MAX_PAIRS &&
           p->props.n_subscription_identifiers <= WIRE_MAX_IDENTIFIERS;
}

static void check_again(enum wire_version version, enum wire_side side,
                        const struct wire_packet *p)
{
    struct wire_packet again;
    struct wire_fault fault;
    char why[300], left[600], right[600];
    size_t total;
    struct wire_packet copy = *p;
    if (!is_kept_whole(p))
        return;
    size_t n = wire_write(version, &copy, NULL, 0);
    unsigned char *out = malloc(n ? n : 1);
    if (!out || wire_write(version, &copy, out, n) != n)
        fuzz_fail("the writer changes its mind about the length");
    if (wire_read(version, side, out, n, &again, &total, &fault) != WIRE_OK)
        fuzz_fail("written again, %s is refused: %s",
                  wire_describe(p, left, sizeof left), fault.sentence);
    if (!wire_match(p, &again, why, sizeof why))
        fuzz_fail("written again, it does not match: %s", why);
    if (strcmp(wire_describe(p, left, sizeof left),
               wire_describe(&again, right, sizeof right)) != 0)
        fuzz_fail("written again, %s is %s", left, right);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    unsigned settings = feed_u8(&feed);
    enum wire_version version = 3 + settings % 3;
    enum wire_side side = (enum wire_side)(settings / 3 % 3);
    while (feed.n > 0) {
        struct wire_packet packet;
        struct wire_fault fault;
        char line[600], why[300];
        size_t total, got, n_items = 0;
        enum wire_status status =
            wire_read(version, side, feed.at, feed.n, &packet, &total, &fault);
        if (status == WIRE_MORE || total == 0)
            return 0;
        if (status == WIRE_BAD && !fault.sentence[0])
            fuzz_fail("refused without a word");
        wire_describe(&packet, line, sizeof line);
        wire_walk(&packet, count, &n_items);
        if (status == WIRE_OK && !wire_match(&packet, &packet, why, sizeof why))
            fuzz_fail("%s does not match itself: %s", line, why);
        if (status == WIRE_OK)
            check_again(packet.version, side, &packet);
        struct wire_packet *copy = wire_dup(&packet);
        free(copy);
        feed_run(&feed, total, &got);
    }
    return 0;
}
