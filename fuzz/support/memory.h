/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h -- a transport that is memory, for what stands on a transport.
 *
 * Gives and takes a few octets at a time, or takes none now and then.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include "base/buf.h"
#include "net/transport.h"

struct memory {
    struct transport base;
    struct buf in;
    struct buf out;
    unsigned step;     /* octets a call takes; 0: all */
    unsigned n_writes; /* so far */
    bool is_closed;
};

/* memory_new makes an empty one; step is octets a call takes, 0: all. Its ops
 * free it. */
struct memory *memory_new(unsigned step);

#endif
