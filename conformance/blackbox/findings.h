/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h -- one run of the black-box fuzzer, and what it found.
 *
 * A finding has a key: "crash", "no service", "disturbed", "descriptors",
 * "memory", or the statement that the broker broke. The first of a key is
 * shrunk to the fewest steps and kept as a capture; repeats are counted.
 */
#ifndef MQTTSPEC_BLACKBOX_FINDINGS_H
#define MQTTSPEC_BLACKBOX_FINDINGS_H

#include "blackbox/blackbox.h"
#include "target.h"

enum { MAX_FINDINGS = 64 };

struct finding {
    char key[64];
    char sentence[300];
    char again[1024];  /* the command that shows it again; "" if none does */
    char capture[300]; /* "" if none was written */
    size_t n_steps;    /* after shrinking */
    size_t n_seen;
};

struct fuzz {
    const char *name; /* of the target; NULL: the reference broker */
    const char *report;
    enum transport transport;
    uint64_t seed, first, count, seconds;
    uint64_t pid; /* of a broker that is not ours; 0: not told */
    bool has_steps, has_step[BURST_STEPS];
    unsigned run; /* makes names unique */
    struct target *target;
    struct instance *instance;
    const struct endpoint *endpoint;
    struct witness *witness;
    uint64_t n_bursts, n_packets;
    long n_fds, rss_kib; /* at first */
    struct finding findings[MAX_FINDINGS];
    size_t n_findings;
};

/* finding_look plays a burst, judges it and asks the witness; what is new is
 * shrunk and kept. Returns false if the broker is gone for good. */
bool finding_look(struct fuzz *f, struct burst *burst);

/* finding_note counts a finding that has no burst of its own. Returns it if it
 * is new, else NULL. */
struct finding *finding_note(struct fuzz *f, const char *key,
                             const char *sentence);

/* findings_tell prints them; returns how many there are. */
size_t findings_tell(const struct fuzz *f);

#endif
