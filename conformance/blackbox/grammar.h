/* SPDX-License-Identifier: Apache-2.0 */
/* grammar.h -- packets by chance, well-formed and hostile, from a seed.
 *
 * The same seed gives the same packets. Names come from a short list, so that
 * clients meet: the same topics, filters, Client Identifiers and Packet
 * Identifiers come again and again. Spec: 5.0 and 3.1.1 chapter 3.
 */
#ifndef MQTTSPEC_BLACKBOX_GRAMMAR_H
#define MQTTSPEC_BLACKBOX_GRAMMAR_H

#include "wire/wire.h"

struct grammar {
    uint64_t state;   /* the seed; moves on with each choice */
    char prefix[24];  /* in front of each topic and Client Identifier */
    unsigned hostile; /* one packet in so many is nonsense; 0: none */
    /* what the last packet's strings are made of */
    char text[8][80];
    unsigned n_texts;
    unsigned char payload[512];
};

/* grammar_init begins with a seed; prefix is copied, "" for none. */
void grammar_init(struct grammar *g, uint64_t seed, const char *prefix,
                  unsigned hostile);

/* grammar_number gives the next number by chance; grammar_below one below n
 * (n > 0). */
uint64_t grammar_number(struct grammar *g);
uint32_t grammar_below(struct grammar *g, uint32_t n);

/* grammar_packet writes the next packet.
 *
 * version   3.1, 3.1.1 or 5.0
 * type      of the packet; WIRE_OCTETS: by chance, as a client sends them
 * who       0 to 2: which Client Identifier a CONNECT has
 * out, cap  room; 2048 octets are enough for all but the largest
 *
 * Returns its length, cut to cap.
 */
size_t grammar_packet(struct grammar *g, enum wire_version version,
                      enum wire_type type, unsigned who, unsigned char *out,
                      size_t cap);

/* grammar_topic gives topic i of the list with its prefix, NULL at the end;
 * borrowed until the next call. */
const char *grammar_topic(struct grammar *g, unsigned i);

/* grammar_client_id writes the Client Identifier of a client.
 *
 * out   room for 40 octets
 */
const char *grammar_client_id(const struct grammar *g, unsigned who,
                              char out[40]);

#endif
