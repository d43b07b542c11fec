// SPDX-License-Identifier: Apache-2.0
/* frame.c -- where one packet ends in a stream of octets. */
#include "codec/frame.h"

enum reason frame_next(struct slice octets, size_t max, size_t *total)
{
    *total = 0;
    uint32_t length = 0;
    for (size_t i = 1; i <= 4; i++) {
        if (i >= octets.n)
            return REASON_SUCCESS;
        uint8_t octet = octets.data[i];
        length |= (uint32_t)(octet & 0x7F) << (7 * (i - 1));
        if (octet & 0x80)
            continue;
        size_t size = 1 + i + length;
        if (max && size > max)
            return REASON_PACKET_TOO_LARGE;
        *total = size;
        return REASON_SUCCESS;
    }
    return REASON_MALFORMED_PACKET;
}
