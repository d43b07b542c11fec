/* SPDX-License-Identifier: Apache-2.0 */
/* roundtrip.c -- decode, encode, decode: the same packet.
 *
 * Input: one octet of version, then packets. The octets need not come back (the
 * encoder has one form for each packet), but a second encoding must equal the
 * first, and the decoder must find the same fields. In 3.1.1 a packet of 5.0
 * is either written as long as was foretold, or not at all.
 */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "codec/decode.h"
#include "codec/encode.h"

const struct fuzz_shape fuzz_shape = {1, 0};

/* A decoded list of Subscription Identifiers keeps the first one and the count;
 * the encoder is given lists. Returns false if it cannot be. */
static bool give_identifiers(struct packet *packet, uint32_t *first)
{
    struct properties *p =
        packet->type == PACKET_PUBLISH     ? &packet->publish.properties
        : packet->type == PACKET_SUBSCRIBE ? &packet->subscribe.properties
                                           : NULL;
    if (!p || !properties_has(p, PROPERTY_SUBSCRIPTION_IDENTIFIER))
        return true;
    *first = p->subscription_identifier;
    p->subscription_identifiers = first;
    return p->n_subscription_identifiers == 1;
}

/* encode gives the octets for free(); the payload of a PUBLISH goes behind. */
static uint8_t *encode(const struct packet *packet, enum mqtt_version version,
                       size_t *n)
{
    bool is_publish = packet->type == PACKET_PUBLISH;
    struct slice payload =
        is_publish ? packet->publish.payload : slice_of(NULL, 0);
    *n = packet_size(packet, version);
    if (*n == 0)
        return NULL;
    uint8_t *out = malloc(*n);
    size_t head = packet_encode(packet, version, out, *n - payload.n);
    if (!out || head + payload.n != *n)
        fuzz_fail("%s: %zu octets foretold, %zu and %zu written",
                  packet_type_name(packet->type), *n, head, payload.n);
    if (payload.n > 0)
        memcpy(out + head, payload.data, payload.n);
    return out;
}

static void check(struct slice octets, enum mqtt_version version)
{
    struct packet first, second;
    uint32_t identifiers[2];
    size_t n[2];
    char hex[200];
    if (packet_decode(octets, version, &first) != REASON_SUCCESS ||
        !give_identifiers(&first, &identifiers[0]))
        return;
    if (first.type == PACKET_CONNECT)
        version = first.connect.version;
    uint8_t *left = encode(&first, version, &n[0]);
    if (!left)
        return; /* a Reason Code that 3.x has no code for */
    if (n[0] > octets.n + 5)
        fuzz_fail("%s grew from %zu to %zu octets",
                  packet_type_name(first.type), octets.n, n[0]);
    if (packet_decode(slice_of(left, n[0]), version, &second))
        fuzz_fail("%s: what was encoded is refused: %s",
                  packet_type_name(first.type),
                  fuzz_hex(left, n[0], hex, sizeof hex));
    give_identifiers(&second, &identifiers[1]);
    uint8_t *right = encode(&second, version, &n[1]);
    if (n[0] != n[1] || memcmp(left, right, n[0]) != 0)
        fuzz_fail("%s: the second encoding differs from the first: %s",
                  packet_type_name(first.type),
                  fuzz_hex(left, n[0], hex, sizeof hex));
    free(left);
    free(right);
}

/* check_in_3 asks for a 5.0 packet in 3.1.1, where it may be impossible: AUTH,
 * or a CONNACK whose Reason Code (here any octet at all) has no name there. */
static void check_in_3(struct slice octets)
{
    static uint8_t out[8192];
    struct packet packet, none = {.type = PACKET_RESERVED};
    if (octets.n > sizeof out / 2 ||
        packet_decode(octets, MQTT_5_0, &packet) != REASON_SUCCESS ||
        packet.type == PACKET_CONNECT)
        return;
    size_t payload =
        packet.type == PACKET_PUBLISH ? packet.publish.payload.n : 0;
    if (packet.type == PACKET_CONNACK)
        packet.connack.reason = octets.data[octets.n - 1];
    size_t n = packet_size(&packet, MQTT_3_1_1);
    size_t head = packet_encode(&packet, MQTT_3_1_1, out, sizeof out);
    if (n != (head ? head + payload : 0))
        fuzz_fail("%s: %zu octets foretold, %zu and %zu written",
                  packet_type_name(packet.type), n, head, payload);
    if (packet.type == PACKET_CONNACK &&
        ((n > 0) != (reason_to_connack_3(packet.connack.reason) >= 0) ||
         !*reason_name(packet.connack.reason)))
        fuzz_fail("CONNACK with %s in 3.1.1",
                  reason_name(packet.connack.reason));
    if (packet_size(&none, MQTT_5_0) != 0)
        fuzz_fail("the reserved type has a size");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    enum mqtt_version version = 3 + feed_u8(&feed) % 3;
    while (feed.n > 0) {
        size_t got;
        const uint8_t *at = feed_packet(&feed, &got);
        check(slice_of(at, got), version);
        if (version == MQTT_5_0)
            check_in_3(slice_of(at, got));
    }
    return 0;
}
