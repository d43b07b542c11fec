/* SPDX-License-Identifier: Apache-2.0 */
/* differential.c -- the broker's decoder against the harness's reader.
 *
 * Input: one octet of version, then a stream of packets. Two decoders that
 * share nothing must agree: more is needed, refused, or accepted with the same
 * value in every field. Where the harness knows a rule that the broker obeys
 * in its handlers (Topic Names, Topic Filters, identifiers of
 * acknowledgements), those of the broker's functions are asked as well.
 * Spec: 5.0, 3.1.1 and 3.1, chapters 1 to 3.
 */
#include "support/fuzz.h"

#include <string.h>

#include "codec/decode.h"
#include "codec/frame.h"
#include "state/topic.h"
#include "support/alike.h"
#include "support/leeway.h"
#include "wire/names.h"

const struct fuzz_shape fuzz_shape = {1, 0};

enum answer { MORE, REFUSED, ACCEPTED };

static enum answer ask_broker(struct slice octets, enum mqtt_version version,
                              struct packet *packet, size_t *total)
{
    if (frame_next(octets, 0, total) != REASON_SUCCESS)
        return REFUSED;
    if (*total == 0 || *total > octets.n)
        return MORE;
    return packet_decode(slice_of(octets.data, *total), version, packet) ==
                   REASON_SUCCESS
               ? ACCEPTED
               : REFUSED;
}

/* check_one compares the first packet of a stream. Returns its length, or 0 at
 * the end. */
static size_t check_one(struct slice octets, enum mqtt_version version)
{
    struct packet mine;
    struct wire_packet theirs;
    struct wire_fault fault;
    size_t total, their_total;
    char hex[400];
    enum answer answer = ask_broker(octets, version, &mine, &total);
    unsigned type = octets.data[0] >> 4;
    /* Of PUBREL and PUBCOMP some rules bind the client alone. */
    enum wire_side from = type == WIRE_PUBREL || type == WIRE_PUBCOMP
                              ? WIRE_CLIENT
                              : WIRE_ANYBODY;
    enum wire_status status =
        wire_read((enum wire_version)version, from, octets.data, octets.n,
                  &theirs, &their_total, &fault);
    fuzz_hex(octets.data, status == WIRE_MORE ? octets.n : their_total, hex,
             sizeof hex);
    if (status == WIRE_MORE && answer == ACCEPTED)
        fuzz_fail("the harness wants more: %s", hex);
    if (status != WIRE_MORE && answer == MORE)
        fuzz_fail("the broker wants more: %s", hex);
    if (status == WIRE_OK && answer == REFUSED &&
        leeway_to_refuse(&theirs, their_total))
        return their_total;
    if (status == WIRE_OK && answer == REFUSED)
        fuzz_fail("%s: the broker refuses what the harness accepts: %s",
                  wire_version_name((enum wire_version)version), hex);
    if (status == WIRE_BAD && answer == ACCEPTED &&
        !leeway_to_refuse_later(&mine, &fault))
        fuzz_fail("%s: the broker accepts what the harness refuses: %s (%s)",
                  wire_version_name((enum wire_version)version), hex,
                  fault.sentence);
    if (status == WIRE_OK) {
        if (mine.type == PACKET_CONNECT)
            version = mine.connect.version;
        const char *field = packets_differ(version, &mine, &theirs);
        if (field)
            fuzz_fail("%s: %s differs: %s",
                      wire_version_name((enum wire_version)version), field,
                      hex);
    }
    return status == WIRE_MORE ? 0 : their_total;
}

/* check_cut gives the harness and the broker one octet after the other: until
 * the last one they must want more (or refuse early what they refuse late). */
static void check_cut(struct slice octets, enum mqtt_version version)
{
    struct packet mine;
    struct wire_packet theirs;
    size_t total, their_total;
    for (size_t i = 0; i < octets.n && i < 64; i++) {
        struct slice part = slice_of(octets.data, i);
        if (ask_broker(part, version, &mine, &total) == ACCEPTED)
            fuzz_fail("accepted after %zu of %zu octets", i, octets.n);
        if (i > 0 &&
            wire_read((enum wire_version)version, WIRE_ANYBODY, part.data, i,
                      &theirs, &their_total, NULL) == WIRE_OK)
            fuzz_fail("read after %zu of %zu octets", i, octets.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    enum mqtt_version version = 3 + feed_u8(&feed) % 3;
    while (feed.n > 0) {
        size_t got;
        size_t total = check_one(slice_of(feed.at, feed.n), version);
        if (total == 0)
            return 0;
        check_cut(slice_of(feed.at, total), version);
        feed_run(&feed, total, &got);
    }
    return 0;
}
