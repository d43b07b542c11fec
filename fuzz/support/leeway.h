/* SPDX-License-Identifier: Apache-2.0 */
/* leeway.h -- where the broker's decoder and the harness's reader may differ.
 */
#ifndef FUZZ_LEEWAY_H
#define FUZZ_LEEWAY_H

#include <stdbool.h>

#include "codec/packet.h"
#include "wire/wire.h"

/* leeway_to_refuse_later tells whether the harness may refuse what the broker's
 * decoder accepts: for rules that the broker's handlers obey, or that bind
 * nobody (reason 0).
 */
bool leeway_to_refuse_later(const struct packet *packet,
                            const struct wire_fault *fault);

/* leeway_to_refuse tells whether the broker may refuse what the harness
 * accepts: 3.1 says nothing of octets after the last field, nor of ill-formed
 * UTF-8.
 *
 * total   octets of the packet
 */
bool leeway_to_refuse(const struct wire_packet *p, size_t total);

#endif
