/* SPDX-License-Identifier: Apache-2.0 */
/* slice.h -- taking octets, filters and properties off a list.
 *
 * Inside conformance/wire only. Each *_take takes from the front of a slice
 * (whose n is exact) and leaves the rest; with false nothing is taken.
 */
#ifndef MQTTSPEC_WIRE_SLICE_H
#define MQTTSPEC_WIRE_SLICE_H

#include "wire/tables.h"

/* wire_utf8_bad_at gives the offset of the first octet that is not valid
 * UTF-8, or U+0000; SIZE_MAX if there is none. */
size_t wire_utf8_bad_at(struct wire_bytes text);

/* wire_varint_take takes a Variable Byte Integer of at most four octets.
 * Returns false if it does not end in time. Spec: 5.0 s1.5.5. */
bool wire_varint_take(struct wire_bytes *from, uint32_t *value);

/* wire_filter_take takes a filter, with its options in SUBSCRIBE; the options
 * octet stays in raw_options. */
bool wire_filter_take(const struct wire_packet *packet, struct wire_bytes *list,
                      struct wire_filter *filter);

/* wire_property_take takes a property: its row, and the octets of its value. */
bool wire_property_take(struct wire_bytes *list,
                        const struct wire_property_row **row,
                        struct wire_bytes *value);

#endif
