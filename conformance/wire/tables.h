/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h -- the layout of every packet and property, as data.
 *
 * A packet is a row of fields; a field has a shape, a member of struct
 * wire_packet it lives in, and a condition. read.c, write.c, match.c and
 * tell.c walk these rows and know no packet by name; what holds between
 * fields is a row of rules.c. Spec: 5.0 chapter 3, s2.2.2.2; 3.1.1 chapter 3.
 */
#ifndef MQTTSPEC_WIRE_TABLES_H
#define MQTTSPEC_WIRE_TABLES_H

#include "wire/wire.h"

/* Sets of versions. */
enum {
    IN_3_1 = 1,
    IN_3_1_1 = 2,
    IN_5_0 = 4,
    IN_3 = 3,
    IN_4_UP = 6,
    IN_ALL = 7
};

/* A rule as each version cites it: a statement, "5.0/MQTT-1.5.4-1", or a
 * section, "5.0 s1.5.4". NULL: that version has no such rule. */
struct wire_cite {
    const char *v3_1_1, *v5_0;
    const char *v3_1; /* a section of 3.1, or NULL */
};

enum wire_shape {
    SHAPE_BITS,    /* one octet of named bits */
    SHAPE_U16,     /* uint16_t */
    SHAPE_TEXT,    /* struct wire_bytes, UTF-8 behind two octets of length */
    SHAPE_BINARY,  /* struct wire_bytes behind two octets of length */
    SHAPE_REST,    /* struct wire_bytes, all there is */
    SHAPE_CODE,    /* uint32_t, one octet */
    SHAPE_CODES,   /* struct wire_bytes, one code an octet, all there is */
    SHAPE_FILTERS, /* struct wire_filter[], all there is */
    SHAPE_PROPS,   /* struct wire_props behind its length */
    SHAPE_OPT8,    /* uint64_t as OPT, one octet */
    SHAPE_OPT16,   /* two octets */
    SHAPE_OPT32,   /* four octets */
    SHAPE_VARINTS, /* uint64_t[], Variable Byte Integers, one each time */
    SHAPE_PAIRS,   /* struct wire_pair[], one each time */
    N_SHAPES
};

/* When a field is in the packet. */
enum wire_when {
    ALWAYS,
    IF_WILL,
    IF_USER_NAME,
    IF_PASSWORD,
    IF_QOS,   /* the QoS is above 0 */
    IF_MORE,  /* the body goes on: short forms of 5.0 leave it out */
    IN_HEADER /* the low four bits of the first octet, not in the body */
};

/* A run of bits inside an octet; a row of them ends with width 0. */
struct wire_bits {
    const char *name, *title;
    size_t offset; /* of a uint8_t in struct wire_packet or wire_filter */
    unsigned shift, width;
    unsigned versions;
};

struct wire_field {
    const char *name;  /* in C; NULL ends the row */
    const char *title; /* in the standard */
    enum wire_shape shape;
    size_t offset; /* in struct wire_packet */
    enum wire_when when;
    unsigned versions;
    const struct wire_bits *bits; /* SHAPE_BITS; SHAPE_FILTERS: the options */
    struct wire_cite missing;     /* the body ends before the field */
};

struct wire_layout {
    enum wire_type type;
    unsigned flags;   /* the fixed low bits; PUBLISH has none */
    unsigned senders; /* 1 << WIRE_CLIENT | 1 << WIRE_SERVER */
    unsigned versions;
    const struct wire_field *fields;
    struct wire_cite bad_flags, bad_code;
};

/* wire_layout_of gives the layout of a packet; NULL if the version has none. */
const struct wire_layout *wire_layout_of(enum wire_version version,
                                         enum wire_type type);

/* One property. */
struct wire_property_row {
    enum wire_property id;
    const char *name, *title;
    enum wire_shape shape;
    size_t offset;     /* in struct wire_props */
    unsigned where;    /* 1 << packet type, WIRE_IN_WILL for the Will */
    uint32_t min, max; /* of numbers */
    unsigned many;     /* where it may stand more than once; as `where` */
};
enum { WIRE_IN_WILL = 1 }; /* 1 << 0: no packet has type 0 */

/* The 27 rows in order of identifier. */
extern const struct wire_property_row wire_property_rows[];
enum { WIRE_N_PROPERTIES = 27 };
/* wire_property_row gives the row of an identifier; NULL for unknown ones. */
const struct wire_property_row *wire_property_row(uint32_t id);

/* wire_property_cite names the rule that a property breaks.
 *
 * where  the packet, 1 << type, or WIRE_IN_WILL
 * breach it stands there twice, or its value is out of range
 */
enum wire_breach { WIRE_TWICE, WIRE_OUT_OF_RANGE };
const struct wire_cite *wire_property_cite(unsigned where, uint32_t id,
                                           enum wire_breach breach);

/* wire_version_bit gives IN_3_1, IN_3_1_1 or IN_5_0; 0 for unknown. */
unsigned wire_version_bit(enum wire_version version);

/* wire_member gives the address of a field's member in a struct. */
static inline void *wire_member(const void *base, size_t offset)
{
    return (char *)(uintptr_t)base + offset;
}

/* wire_filter_breach tells what is wrong with a Topic Filter's syntax.
 *
 * filter  valid UTF-8 or not: only '/', '+', '#' and '$share/' are looked at
 *
 * Returns NULL if nothing is, or the cite and a half sentence in `how`.
 * Spec: 3.1.1 s4.7, 5.0 s4.7 and s4.8.2.
 */
const struct wire_cite *wire_filter_breach(enum wire_version version,
                                           struct wire_bytes filter,
                                           const char **how);

/* wire_is_shared tells a Shared Subscription's filter by its "$share/". */
bool wire_is_shared(struct wire_bytes filter);

/* A rule that holds inside one packet but not inside one field. */
struct wire_rule {
    enum wire_type type;
    unsigned senders; /* 0: whoever sends it */
    struct wire_cite cite;
    uint8_t reason;
    /* Returns a sentence if the rule is broken, else NULL. */
    const char *(*is_broken)(const struct wire_packet *packet);
};
extern const struct wire_rule wire_rules[];
extern const size_t wire_n_rules;

#endif
