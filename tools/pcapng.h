/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng.h -- the block format that Wireshark writes.
 *
 * Sections of either endianness, interfaces of any link type and time
 * resolution, enhanced, simple and the old packet blocks, TLS secrets.
 * Spec: draft-ietf-opsawg-pcapng, sections 3 and 4.
 */
#ifndef TOOLS_PCAPNG_H
#define TOOLS_PCAPNG_H

#include "capture.h"

struct pcapng;

/* pcapng_new prepares to read blocks.
 *
 * file    at the first octet of a section header block; stays the caller's
 */
struct pcapng *pcapng_new(FILE *file);

/* pcapng_next reads up to the next packet.
 *
 * frame     out; `number` is not set
 * trouble   out: a sentence if the file is broken here, else NULL
 *
 * Returns 1 with a packet, 0 at the end.
 */
int pcapng_next(struct pcapng *ng, struct frame *frame, const char **trouble);

/* pcapng_tls_keys gives the TLS key log read so far, NUL-terminated. */
const char *pcapng_tls_keys(const struct pcapng *ng);

void pcapng_free(struct pcapng *ng);

#endif
