// SPDX-License-Identifier: Apache-2.0
/* tests.h -- the suites of the broker's unit tests.
 *
 * One for each module, each in its own file; tests_main.c runs them all.
 */
#ifndef BROKER_TESTS_TESTS_H
#define BROKER_TESTS_TESTS_H

#include <check.h>

Suite *suite_base(void);
Suite *suite_broker(void);
Suite *suite_codec(void);
Suite *suite_config(void);
Suite *suite_conn(void);
Suite *suite_listen(void);
Suite *suite_process(void);
Suite *suite_scram(void);
Suite *suite_security(void);
Suite *suite_sniff(void);
Suite *suite_tls(void);
Suite *suite_ws(void);
Suite *suite_topic(void);
Suite *suite_subtree(void);
Suite *suite_retain(void);
Suite *suite_inflight(void);
Suite *suite_session(void);
Suite *suite_store(void);
Suite *suite_address(void);

#endif
