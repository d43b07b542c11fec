// SPDX-License-Identifier: Apache-2.0
/* decode.h -- from the octets of one whole packet to struct packet.
 *
 * One function per packet, reading in the order of the standard. Nothing is
 * copied and nothing allocated. All that a packet alone can tell is checked
 * here: flags, lengths, UTF-8, properties, reserved bits, legal values. What
 * depends on state (aliases, quotas, topics in use) is not.
 * Packets of both directions are understood.
 */
#ifndef BROKER_CODEC_DECODE_H
#define BROKER_CODEC_DECODE_H

#include "codec/packet.h"

/* packet_decode reads one whole packet, as frame_next cut it.
 *
 * octets    exactly one packet, Fixed Header included; borrowed by packet
 * version   what the connection speaks; ignored for CONNECT, which tells it
 * packet    out: filled; its slices point into octets. For a CONNECT that fails
 *           packet->connect.version is set as soon as it was read (else 0)
 *
 * Returns REASON_SUCCESS; REASON_MALFORMED_PACKET; REASON_PROTOCOL_ERROR;
 * REASON_UNSUPPORTED_PROTOCOL_VERSION for a CONNECT with an unknown protocol
 * name or level.
 * Spec: 5.0 s2, s3, s4.13; 3.1.1 s2, s3.
 */
enum reason packet_decode(struct slice octets, enum mqtt_version version,
                          struct packet *packet);

/* subscribe_next walks the Topic Filters of a decoded SUBSCRIBE.
 *
 * rest      the cursor: start with a copy of subscribe->filters
 * version   of the connection: 3.x has only the QoS among the options
 * request   out: the next one; its filter points into the packet
 *
 * Returns false when there are no more. Spec: 5.0 s3.8.3.
 */
bool subscribe_next(struct slice *rest, enum mqtt_version version,
                    struct subscription_request *request);

/* unsubscribe_next walks the Topic Filters of a decoded UNSUBSCRIBE; likewise.
 */
bool unsubscribe_next(struct slice *rest, struct slice *filter);

#endif
