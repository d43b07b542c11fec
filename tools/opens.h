/* SPDX-License-Identifier: Apache-2.0 */
/* opens.h -- the captured packets that have no partner yet, found fast.
 *
 * The server's packets of one stream in chains, each in the order of the
 * capture: packets with the same key are in the same chain, perhaps with some
 * of another key. Whoever has got its class leaves its chain when somebody
 * walks by. Expected size: up to 100,000 packets a stream.
 */
#ifndef TOOLS_OPENS_H
#define TOOLS_OPENS_H

#include "script.h"

struct opens {
    const struct script *script;
    const struct stream *stream;
    size_t *heads, *next; /* a position in the stream and 1; 0 is the end */
    size_t n_heads;       /* a power of two; 0: not built */
};

/* opens_build puts the open packets of a stream into chains.
 *
 * key   gives a packet's key; 0: it is in no chain
 */
void opens_build(struct opens *opens, const struct script *script,
                 const struct stream *stream,
                 uint64_t (*key)(const struct script *script,
                                 const struct item *item));

/* opens_first gives the first link of the chain that holds a key, opens_next
 * the one behind a link. A link that holds 0 is the end. */
size_t *opens_first(struct opens *opens, uint64_t key);
size_t *opens_next(struct opens *opens, size_t *link);

/* opens_item gives the captured packet at a link, which is not the end. */
struct item *opens_item(const struct opens *opens, const size_t *link);

void opens_clear(struct opens *opens);

#endif
