/* SPDX-License-Identifier: Apache-2.0 */
/* process.h -- what a process uses, as the kernel counts it.
 *
 * All of them give 0 for pid 0 and for a process that is not there.
 */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H

#include <sys/types.h>

/* process_cpu_s: seconds that all its threads have run. */
double process_cpu_s(pid_t pid);

/* process_memory: resident octets. */
double process_memory(pid_t pid);

/* process_descriptors: how many are open. */
int process_descriptors(pid_t pid);

#endif
