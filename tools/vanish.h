/* SPDX-License-Identifier: Apache-2.0 */
/* vanish.h -- connections that come, work and are cut; what do they leave?
 *
 * A broker that keeps an octet or a descriptor of each is dead after a month of
 * bad radio. Counted from outside, so it works for every broker on this
 * machine.
 */
#ifndef TOOLS_VANISH_H
#define TOOLS_VANISH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a process holds. */
struct holdings {
    double memory_octets; /* resident */
    int n_descriptors;
};

struct vanish_result {
    struct holdings before, after;
    double seconds;
};

/* vanish_run connects n times (half 3.1.1, half 5.0, each with a Will), each
 * time subscribes, publishes, waits for the acknowledgement, and cuts the
 * connection with a TCP reset. Some are open at the same time. The same with a
 * tenth of n comes first, so that what is kept once is there.
 *
 * broker      its process
 * error, size out: why it could not be run
 *
 * Returns 0, or -1.
 */
int vanish_run(int port, pid_t broker, int n, struct vanish_result *result,
               char *error, size_t size);

/* vanish_is_clean: no more descriptors than before, and no more memory than the
 * allocator's mood and an octet for each connection explain. */
bool vanish_is_clean(const struct vanish_result *result, int n);

#endif
