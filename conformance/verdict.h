/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h -- what became of one case.
 *
 * The process that runs a case writes it into memory it shares with the runner,
 * so it holds no pointers. About 6 KiB each, some thousands a run.
 */
#ifndef MQTTSPEC_VERDICT_H
#define MQTTSPEC_VERDICT_H

#include <stdbool.h>

enum verdict {
    VERDICT_NONE, /* not run, or it ended without saying */
    VERDICT_PASSED,
    VERDICT_WARNING,
    VERDICT_INCONCLUSIVE,
    VERDICT_SKIPPED,
    VERDICT_FAILED,
    VERDICT_ERROR
};

enum { VERDICT_MAX_VIOLATED = 8 };

/* All texts are NUL-terminated, empty when there is nothing to say. */
struct case_result {
    enum verdict verdict;
    double seconds;
    unsigned drivers; /* set of enum driver (t.h) */
    char file[128];   /* the line of the test that ended it */
    int line;
    char ended_by[80];     /* "test", "broker close", "DISCONNECT 0x8E" */
    char requirement[512]; /* the statement's summary, or the SHOULD */
    char expected[512];
    char actual[2048];
    char reason[512]; /* skipped, inconclusive, error: why */
    char violated[VERDICT_MAX_VIOLATED][80]; /* ids of broken statements */
    int n_violated;
    int n_observed;      /* breaches that the observer saw by itself */
    bool has_capture;    /* a .pcap was written */
    bool has_transcript; /* and its entries, as JSON */
};

/* verdict_name returns "passed", "failed", "warning" ...; static. */
const char *verdict_name(enum verdict verdict);

#endif
