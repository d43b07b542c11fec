/* SPDX-License-Identifier: Apache-2.0 */
/* selftest.h -- the harness's own test suites.
 *
 * One function per file of tests; tests_main.c runs them all.
 */
#ifndef MQTTSPEC_SELFTEST_H
#define MQTTSPEC_SELFTEST_H

#include <check.h>

Suite *suite_statement(void);
Suite *suite_faults(void);
Suite *suite_engine(void);
Suite *suite_report(void);
Suite *suite_compare(void);
Suite *suite_wire_vectors(void);
Suite *suite_wire_bad(void);
Suite *suite_wire_build(void);
Suite *suite_observe_opening(void);
Suite *suite_observe_sessions(void);
Suite *suite_observe_flow(void);
Suite *suite_observe_delivery(void);
Suite *suite_scram(void);
Suite *suite_frames(void);
Suite *suite_target(void);
Suite *suite_tap(void);
Suite *suite_blackbox(void);

#endif
