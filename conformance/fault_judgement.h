/* SPDX-License-Identifier: Apache-2.0 */
/* fault_judgement.h -- what a run of all faults proves, and what it does not.
 *
 * Gathers the verdicts of pairs of a fault and a case. Four lists must be
 * empty but for what has a reason (reasons.h): faults that no case of their
 * statements caught, statements that tests name and no fault breaks, cases that
 * never failed, and claims of a fault (a statement that it breaks) under which
 * no case of that statement failed. Some thousands of pairs.
 */
#ifndef MQTTSPEC_FAULT_JUDGEMENT_H
#define MQTTSPEC_FAULT_JUDGEMENT_H

#include <stdio.h>

#include "engine.h"

struct judgement;

/* judgement_new begins one for these cases (borrowed). */
struct judgement *judgement_new(const struct test_case *cases, size_t n_cases,
                                const struct catalogue *catalogue);
void judgement_free(struct judgement *judgement); /* takes NULL */

/* judgement_is_asked tells whether a case names a statement of fault number f;
 * judgement_is_tried whether that pair was added already. */
bool judgement_is_asked(const struct judgement *judgement, size_t f, size_t c);
bool judgement_is_tried(const struct judgement *judgement, size_t f, size_t c);
/* judgement_ever_failed tells whether a fault that breaks one of its statements
 * made case number c fail. */
bool judgement_ever_failed(const struct judgement *judgement, size_t c);

/* judgement_names tells whether case number c names this statement;
 * judgement_is_proved whether one that does failed under fault number f. */
bool judgement_names(const struct judgement *judgement, size_t c,
                     const char *id);
bool judgement_is_proved(const struct judgement *judgement, size_t f,
                         const char *id);
/* judgement_is_disturbed tells whether case number c came to harm behind the
 * relay without a fault. */
bool judgement_is_disturbed(const struct judgement *judgement, size_t c);

/* judgement_add takes the verdict of a pair: of a fault of the catalogue, or of
 * fault_relay. Failed and warning count as caught; an error of the harness does
 * not. */
void judgement_add(struct judgement *judgement, const struct engine_job *job,
                   const struct case_result *result);

/* judgement_print prints the lists and the figures; the last line says "N
 * passed, N failed". Returns the number of failures. */
int judgement_print(const struct judgement *judgement, FILE *out,
                    double seconds);
/* judgement_write writes FOLDER/faults.json. Returns 0, or -1 with one line. */
int judgement_write(const struct judgement *judgement, const char *folder,
                    double seconds, char *error, size_t n);

#endif
