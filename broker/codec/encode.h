// SPDX-License-Identifier: Apache-2.0
/* encode.h -- from struct packet to octets.
 *
 * A packet is a small head and, for PUBLISH, a payload that is sent from where
 * it lies. The head of a PUBLISH ends just before its payload.
 */
#ifndef BROKER_CODEC_ENCODE_H
#define BROKER_CODEC_ENCODE_H

#include "codec/packet.h"

/* packet_size tells how long a packet will be, in octets, with Fixed Header
 * and payload.
 *
 * Returns 0 when the packet cannot be written at all in that version (its
 * Remaining Length or a field is too long, AUTH in 3.x).
 */
size_t packet_size(const struct packet *packet, enum mqtt_version version);

/* packet_encode writes a packet, without the payload of a PUBLISH.
 *
 * packet    what to write; properties are ignored in 3.x
 * version   of the connection it goes to
 * out, n    room; packet_size (less the payload) octets are enough
 *
 * Returns how many octets were written; 0 when room was short or the packet
 * cannot be written. The short forms of 5.0 are used where they exist.
 * Spec: 5.0 s2, s3; 3.1.1 s2, s3.
 */
size_t packet_encode(const struct packet *packet, enum mqtt_version version,
                     uint8_t *out, size_t n);

#endif
