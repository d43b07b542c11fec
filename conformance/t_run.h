/* SPDX-License-Identifier: Apache-2.0 */
/* t_run.h -- how the runner runs one case. Tests do not see this. */
#ifndef MQTTSPEC_T_RUN_H
#define MQTTSPEC_T_RUN_H

#include "link/link.h"
#include "statement.h"
#include "suite.h"
#include "target.h"
#include "verdict.h"
#include "wire/wire.h"

struct fault;

/* All borrowed. */
struct t_setup {
    const struct test *test;
    const struct row *row;
    enum wire_version version;
    const char *const *statements; /* of this version */
    size_t n_statements;
    const struct catalogue *catalogue;
    struct target *target;
    struct instance *instance; /* NULL: the case starts its own */
    enum transport transport;
    const struct fault *fault;
    size_t segment;
    int deadline_ms;  /* for one event */
    char tag[6];      /* makes names unique */
    const char *pcap; /* where to write, unless passed; "" nowhere */
    const char *json; /* the transcript's entries, likewise */
    bool keeps_all;   /* also when it passed */
};

/* t_run runs the case, closes what it opened, lets the observer judge and puts
 * the verdict into result. */
void t_run(const struct t_setup *setup, struct case_result *result);

#endif
