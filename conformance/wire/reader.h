/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h -- the reader's place in a packet, and how it takes values.
 *
 * Inside conformance/wire only. The first breach is kept; what leaves the
 * structure whole does not stop the reading.
 */
#ifndef MQTTSPEC_WIRE_READER_H
#define MQTTSPEC_WIRE_READER_H

#include "wire/tables.h"

struct reader {
    enum wire_version version;
    enum wire_side from;
    const struct wire_layout *layout;
    struct wire_packet *packet;
    size_t at, end; /* octets of the packet: next one, and where it ends */
    unsigned connect_flags;
    const char *field; /* title of the field being read */
    struct wire_fault *fault;
    bool is_pair; /* a User Property is being read */
    bool is_bad;  /* a breach was found */
    bool is_lost; /* and the octets after it cannot be made sense of */
};

/* wire_cite_of gives the rule as a version cites it; NULL if it has none. */
const char *wire_cite_of(const struct wire_cite *cite,
                         enum wire_version version);
/* wire_complain notes a breach; only the first one stays. Silent where the
 * version has no such rule. */
__attribute__((format(printf, 5, 6))) void
wire_complain(struct reader *r, const struct wire_cite *cite, unsigned reason,
              size_t at, const char *format, ...);
/* wire_lose notes that the octets end inside a field: nothing after it can be
 * made sense of. */
void wire_lose(struct reader *r, const struct wire_cite *cite,
               const char *what);

/* wire_take_octets, _run, _text, _varint take a number of n octets, octets
 * behind a length, the same as UTF-8, a Variable Byte Integer. `missing` is
 * cited if the packet ends before; then, and once lost, they give nothing. */
unsigned wire_take_octets(struct reader *r, size_t n,
                          const struct wire_cite *missing);
struct wire_bytes wire_take_run(struct reader *r,
                                const struct wire_cite *missing);
struct wire_bytes wire_take_text(struct reader *r,
                                 const struct wire_cite *missing);
uint32_t wire_take_varint(struct reader *r, const struct wire_cite *missing);

/* wire_read_properties reads a property list behind its length. */
void wire_read_properties(struct reader *r, const struct wire_field *field,
                          struct wire_props *props);

#endif
