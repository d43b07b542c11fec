// SPDX-License-Identifier: Apache-2.0
/* frame.h -- where one packet ends in a stream of octets.
 *
 * Decoders only ever see whole packets; "not yet" is decided here.
 */
#ifndef BROKER_CODEC_FRAME_H
#define BROKER_CODEC_FRAME_H

#include "codec/packet.h"

/* The largest Remaining Length. Spec: 5.0 s1.5.5. */
#define FRAME_MAX_REMAINING_LENGTH 268435455u

/* frame_next tells where the first packet in a stream of octets ends.
 *
 * octets   what has arrived; borrowed, may be empty
 * max      largest packet we accept, in octets, Fixed Header included;
 *          0: no limit but the standard's
 * total    out: length of the packet in octets; 0 while that is not known yet;
 *          larger than octets.n: more must arrive
 *
 * Returns REASON_SUCCESS; REASON_MALFORMED_PACKET if the length field is longer
 * than 4 octets; REASON_PACKET_TOO_LARGE if total exceeds max.
 * Spec: 5.0 s1.5.5 [MQTT-1.5.5-1], s2.1.4; 3.1.1 s2.2.3.
 */
enum reason frame_next(struct slice octets, size_t max, size_t *total);

#endif
