/* SPDX-License-Identifier: Apache-2.0 */
/* fragment.h -- IP datagrams put together again.
 *
 * Holds at most 64 datagrams of 64 KiB; the oldest gives way. Where
 * fragments overlap, the octets that came first stay.
 * Spec: RFC 791 s3.2, RFC 8200 s4.5.
 */
#ifndef TOOLS_FRAGMENT_H
#define TOOLS_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fragments of one datagram agree in these. */
struct fragment_key {
    uint8_t from[16], to[16];
    uint32_t id;
    unsigned protocol;
};

struct fragments;

struct fragments *fragments_new(void);

/* fragments_add takes one fragment.
 *
 * offset     of its first octet in the datagram's payload
 * has_more   whether others follow it
 * octets, n  its content; borrowed for the call
 * whole      out: the datagram's payload, borrowed until the next call
 * n_whole    out: its length
 *
 * Returns true when this fragment made the datagram whole.
 */
bool fragments_add(struct fragments *fragments, const struct fragment_key *key,
                   size_t offset, bool has_more, const uint8_t *octets,
                   size_t n, const uint8_t **whole, size_t *n_whole);

void fragments_free(struct fragments *fragments);

#endif
