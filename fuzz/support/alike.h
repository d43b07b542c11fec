/* SPDX-License-Identifier: Apache-2.0 */
/* alike.h -- one packet as both wings read it, field by field. */
#ifndef FUZZ_ALIKE_H
#define FUZZ_ALIKE_H

#include "codec/packet.h"
#include "wire/wire.h"

/* packets_differ compares what both decoders made of the same octets.
 *
 * version   of the connection; a CONNECT's own
 *
 * Returns the name of the first field that differs; NULL if none does.
 */
const char *packets_differ(enum mqtt_version version, const struct packet *b,
                           const struct wire_packet *h);

#endif
