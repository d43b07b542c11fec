/* SPDX-License-Identifier: Apache-2.0 */
/* blackbox.h -- fuzzing any broker on a port: `mqttspec fuzz`.
 *
 * A burst is a script: up to three clients connect, send packets of the grammar
 * (good and hostile ones mixed), answer or not, and are cut. It follows from
 * seed and number alone. After each burst the observer judges all that was
 * said, and a well-behaved client checks that the broker still serves and that
 * others were not disturbed. Tens of bursts a second.
 */
#ifndef MQTTSPEC_BLACKBOX_BLACKBOX_H
#define MQTTSPEC_BLACKBOX_BLACKBOX_H

#include "blackbox/grammar.h"
#include "link/link.h"
#include "transcript.h"

enum { BURST_CLIENTS = 3, BURST_STEPS = 40, STEP_OCTETS = 1024 };

enum step_kind { STEP_PACKET, STEP_DROP, STEP_CLOSE, STEP_WAIT };

/* One step of a burst. A packet for a client who is not there opens its
 * connection first. */
struct step {
    enum step_kind kind;
    unsigned who;
    unsigned char octets[STEP_OCTETS];
    size_t n;
};

/* How a client answers what it gets, fixed for the burst. */
enum manner { ANSWERS, KEEPS_SILENT, ANSWERS_TWICE };

struct burst {
    uint64_t seed, number;
    enum wire_version versions[BURST_CLIENTS];
    enum manner manners[BURST_CLIENTS];
    struct step steps[BURST_STEPS];
    size_t n_steps;
    bool is_left_out[BURST_STEPS]; /* by shrinking */
    char prefix[24];               /* of its topics and Client Identifiers */
};

/* burst_write makes the script of a burst.
 *
 * run   a number that differs from run to run, so that names do not meet what
 *       an earlier run left in the broker
 */
void burst_write(struct burst *burst, uint64_t seed, uint64_t number,
                 unsigned run);

/* burst_play plays it and records what both sides say.
 *
 * Returns 0, or -1 if no connection could be opened at all.
 */
int burst_play(const struct burst *burst, const struct endpoint *endpoint,
               struct transcript *transcript);

/* burst_clean takes back what the burst left: sessions, retained messages. */
void burst_clean(const struct burst *burst, const struct endpoint *endpoint);

/* A client that does everything right, before, between and after bursts. */
struct witness;

/* witness_new connects and subscribes. NULL with a line in why if it cannot. */
struct witness *witness_new(const struct endpoint *endpoint, unsigned run,
                            char *why, size_t n);
void witness_free(struct witness *witness); /* takes NULL */

/* witness_asks publishes with QoS 0, 1 and 2 and must get each back.
 *
 * is_lost   out: its connection is gone: others were disturbed
 *
 * Returns true if all is well; else why has a line.
 */
bool witness_asks(struct witness *witness, bool *is_lost, char *why, size_t n);

/* cli_fuzz is the subcommand: `fuzz TARGET [options]`. Returns the exit code:
 * 0 nothing found, 1 findings, 2 wrong use, 3 the target cannot be reached. */
int cli_fuzz(int argc, char **argv);

#endif
