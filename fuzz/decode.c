/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c -- the broker's decoder, alone and as fast as it goes.
 *
 * Input: one octet of version, then packets as a stream cuts them. Every slice
 * of what was decoded must lie inside the packet.
 */
#include "support/fuzz.h"

#include "codec/decode.h"
#include "codec/props.h"

const struct fuzz_shape fuzz_shape = {1, 0};

static void inside(struct slice whole, struct slice part)
{
    if (part.n > 0 &&
        (part.data < whole.data || part.data + part.n > whole.data + whole.n))
        fuzz_fail("a slice lies outside the packet");
}

static void walk_properties(struct slice whole, const struct properties *p)
{
    struct slice rest = p->user_properties;
    struct slice name, value;
    if (properties_has(p, PROPERTY_CONTENT_TYPE))
        inside(whole, p->content_type);
    if (!properties_has(p, PROPERTY_USER_PROPERTY))
        return;
    inside(whole, rest);
    while (user_property_next(&rest, &name, &value)) {
        inside(whole, name);
        inside(whole, value);
    }
}

static void walk_filters(struct slice whole, const struct packet *packet,
                         enum mqtt_version version)
{
    bool is_subscribe = packet->type == PACKET_SUBSCRIBE;
    struct subscription_request request;
    struct slice rest =
        is_subscribe ? packet->subscribe.filters : packet->unsubscribe.filters;
    size_t n = 0;
    while (is_subscribe ? subscribe_next(&rest, version, &request)
                        : unsubscribe_next(&rest, &request.filter)) {
        inside(whole, request.filter);
        n++;
    }
    if (n != (is_subscribe ? packet->subscribe.n_filters
                           : packet->unsubscribe.n_filters))
        fuzz_fail("%zu filters are not as many as were counted", n);
}

static void walk(struct slice whole, const struct packet *packet,
                 enum mqtt_version version)
{
    switch (packet->type) {
    case PACKET_CONNECT:
        inside(whole, packet->connect.client_id);
        if (packet->connect.version == MQTT_5_0)
            walk_properties(whole, &packet->connect.properties);
        return;
    case PACKET_PUBLISH:
        inside(whole, packet->publish.topic);
        inside(whole, packet->publish.payload);
        if (version == MQTT_5_0)
            walk_properties(whole, &packet->publish.properties);
        return;
    case PACKET_SUBSCRIBE:
    case PACKET_UNSUBSCRIBE:
        walk_filters(whole, packet, version);
        return;
    default:
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    enum mqtt_version version = 3 + feed_u8(&feed) % 3;
    struct packet packet;
    while (feed.n > 0) {
        size_t got;
        const uint8_t *at = feed_packet(&feed, &got);
        struct slice whole = slice_of(at, got);
        if (packet_decode(whole, version, &packet) == REASON_SUCCESS)
            walk(whole, &packet, version);
    }
    return 0;
}
