/* SPDX-License-Identifier: Apache-2.0 */
/* frames.h -- inside of link/: the heads of the WebSocket frames that a server
 * sends, looked at octet by octet. wslay takes a length in any form.
 */
#ifndef MQTTSPEC_LINK_FRAMES_H
#define MQTTSPEC_LINK_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* Where a stream of frames stands; all zero at its beginning. */
struct frames {
    unsigned char head[10]; /* of the frame whose head is being read */
    size_t n_head;
    uint64_t left; /* octets of payload to come */
};

/* frames_follow looks at the next octets of the stream. Returns NULL, or what
 * is wrong with a frame: a mask, or a length not in its shortest form. */
const char *frames_follow(struct frames *frames, const unsigned char *octets,
                          size_t n);

#endif
