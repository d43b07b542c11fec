// SPDX-License-Identifier: Apache-2.0
/* hash.h -- one hash of octets for all tables of this room.
 *
 * Eight octets a step. Seeded, so that a client cannot choose names that all
 * fall into one chain.
 */
#ifndef BROKER_STATE_HASH_H
#define BROKER_STATE_HASH_H

#include <string.h>

#include "base/bytes.h"

/* hash_mix scatters the bits of a number. */
static inline uint64_t hash_mix(uint64_t h)
{
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

/* hash_octets hashes a slice.
 *
 * seed   anything that clients cannot know, such as an address
 */
static inline uint64_t hash_octets(struct slice s, uint64_t seed)
{
    uint64_t h = hash_mix(seed ^ s.n);
    const uint8_t *at = s.data;
    size_t left = s.n;
    uint64_t word = 0;
    for (; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        h = hash_mix(h ^ word);
    }
    word = 0;
    for (size_t i = 0; i < left; i++)
        word = word << 8 | at[i];
    return hash_mix(hash_mix(h ^ word));
}

#endif
