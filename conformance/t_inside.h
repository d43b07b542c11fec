/* SPDX-License-Identifier: Apache-2.0 */
/* t_inside.h -- what the parts of one run share. Tests do not see this. */
#ifndef MQTTSPEC_T_INSIDE_H
#define MQTTSPEC_T_INSIDE_H

#include <setjmp.h>
#include <stdint.h>

#include "t.h"
#include "t_run.h"
#include "transcript.h"

struct t {
    const struct t_setup *setup;
    struct case_result *result;
    struct transcript *transcript;
    struct instance *instance;
    struct owned *owned;
    int64_t began_ms;
    void *clients;
    const char *proves; /* numbers of statements; NULL or "": all */
    jmp_buf end;
};

/* t_close_all ends everything that the case owns, the last first. */
void t_close_all(struct t *t);

/* t_put_where notes the line of the test that the result speaks of. */
void t_put_where(struct t *t, struct where where);

/* t_on_breach takes what the observer saw into the verdict; a transcript_judge
 * callback with the case as its user. */
void t_on_breach(void *user, const char *statement, bool is_should,
                 const char *who, const char *sentence);

/* t_tidy removes what the case may have left on a broker that is not ours:
 * sessions, Wills that wait, retained messages. */
void t_tidy(struct t *t);

#endif
