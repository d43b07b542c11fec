// SPDX-License-Identifier: Apache-2.0
/* props.h -- the properties of MQTT 5.0, in one table.
 *
 * Spec: 5.0 s2.2.2, table 2-4.
 */
#ifndef BROKER_CODEC_PROPS_H
#define BROKER_CODEC_PROPS_H

#include "codec/packet.h"

enum property_type {
    PROPERTY_TYPE_BYTE,
    PROPERTY_TYPE_TWO_BYTE_INTEGER,
    PROPERTY_TYPE_FOUR_BYTE_INTEGER,
    PROPERTY_TYPE_VARIABLE_BYTE_INTEGER,
    PROPERTY_TYPE_UTF8_STRING,
    PROPERTY_TYPE_BINARY_DATA,
    PROPERTY_TYPE_UTF8_STRING_PAIR,
    PROPERTY_TYPE_ENCODED, /* of PROPERTY_ENCODED alone */
};

/* Where a property may stand: bit N for packet type N, and bit 0, which no
 * packet has, for the Will Properties. */
#define PROPERTY_IN(type) (1u << (type))
#define PROPERTY_IN_WILL PROPERTY_IN(PACKET_RESERVED)

struct property_rule {
    enum property id;
    enum property_type type;
    const char *name; /* as the standard prints it */
    uint16_t field;   /* offset in struct properties */
    uint16_t packets; /* PROPERTY_IN bits */
    bool may_repeat;  /* User Property; Subscription Identifier of PUBLISH */
    uint32_t minimum; /* of an integer */
    uint32_t maximum; /* of an integer */
};

/* property_rule finds the row of a property; NULL for an unknown identifier. */
const struct property_rule *property_rule(uint32_t id);

/* props_read reads the Property Length and the properties behind it.
 *
 * r       stands at the length; fails when something is cut short or ill-formed
 * where   PROPERTY_IN(type) or PROPERTY_IN_WILL
 * p       out: all properties; slices into what r reads
 *
 * Returns REASON_SUCCESS; REASON_MALFORMED_PACKET for an unknown property, one
 * that has no place in this packet, or ill-formed data; REASON_PROTOCOL_ERROR
 * for one that stands twice or has an illegal value.
 * Spec: 5.0 s2.2.2.2 [MQTT-2.2.2-1].
 */
enum reason props_read(struct reader *r, unsigned where, struct properties *p);

/* props_read_block does so for properties whose length is known. */
enum reason props_read_block(struct slice block, unsigned where,
                             struct properties *p);

/* props_size tells the length of the encoded properties, in octets, without
 * the Property Length itself.
 */
size_t props_size(const struct properties *p);

/* props_write writes the Property Length and the properties; props_write_block
 * leaves the length out.
 */
void props_write(struct writer *w, const struct properties *p);
void props_write_block(struct writer *w, const struct properties *p);

/* user_property_next walks the User Properties in a run of encoded properties.
 *
 * rest          the cursor: start with a copy of properties->user_properties
 * name, value   out: the next pair, borrowed
 *
 * Returns false when there are no more.
 */
bool user_property_next(struct slice *rest, struct slice *name,
                        struct slice *value);

#endif
