/* SPDX-License-Identifier: Apache-2.0 */
/* load.h -- publishers and subscribers that count every delivery.
 *
 * One thread, one poll loop, packets written by hand: the generator must cost
 * less than the broker it measures. Each payload says who sent it, as which
 * message and when, so that nothing can be lost, come twice or overtake
 * without being seen. Spec: 3.1.1, 5.0 chapters 3 and 4.3.
 */
#ifndef TOOLS_LOAD_H
#define TOOLS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/names.h"

struct load {
    const char *name;     /* of the scenario, for reports */
    const char *sentence; /* what it is like */
    int n_publishers, n_subscribers;
    int qos;
    size_t payload;      /* octets, at least 24 */
    uint64_t window;     /* messages on their way, over all publishers */
    uint64_t n_messages; /* over all publishers */
    enum wire_version version;
    int pause_us; /* between messages, to see the delay without a queue; or 0 */
    int n_idle;   /* connections that only exist */
    int n_topics; /* at most 100,000: spread over them, each tenth with a filter
                     of its own and its subscriber; 0: one topic, to all */
    bool is_web_socket, has_properties;
};

struct load_result {
    uint64_t n_sent, n_received, n_lost, n_repeated, n_reordered;
    double seconds; /* from the first PUBLISH to the last delivery */
    double cpu_s;   /* of the broker, in that time */
    double p50_us, p99_us;
    double connects_per_s;
    double idle_octets; /* of the broker's memory, per idle connection */
};

/* load_run runs a scenario against a broker on loopback.
 *
 * broker   its process, for CPU time and memory; 0: not measured
 * error    out: why it could not be run
 *
 * Returns 0; -1 with `error` set. Losses are no error: they are in the result.
 */
int load_run(const struct load *load, int port, pid_t broker,
             struct load_result *result, char *error, size_t size);

#endif
