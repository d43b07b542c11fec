/* SPDX-License-Identifier: Apache-2.0 */
/* twin.h -- the same connection, captured on both sides of a proxy or NAT.
 *
 * A capture on "any" interface of a container host shows a connection to the
 * published port and, with the same MQTT octets, one to the container. Two
 * streams are twins when all their packets are equal both ways, they began and
 * ended within a moment of each other, and they go to different servers: two
 * clients that merely say the same speak to the same one.
 */
#ifndef TOOLS_TWIN_H
#define TOOLS_TWIN_H

#include "flow.h"

struct twins {
    struct twin *seen;
    size_t n;
};

/* twins_find looks for the twin of a flow that is complete, and keeps the flow
 * in mind for later ones.
 *
 * Returns the number of the stream that this one repeats; -1 if none.
 */
int64_t twins_find(struct twins *twins, const struct flow *flow);

void twins_clear(struct twins *twins);

#endif
