// SPDX-License-Identifier: Apache-2.0
/* tests_main.c -- runs the broker's unit tests. */
#include <stdlib.h>

#include "tests/tests.h"

static Suite *(*const suites[])(void) = {
    suite_base,   suite_broker,  suite_codec,    suite_config,   suite_conn,
    suite_listen, suite_scram,   suite_sniff,    suite_tls,      suite_ws,
    suite_topic,  suite_subtree, suite_retain,   suite_inflight, suite_session,
    suite_store,  suite_address, suite_security, suite_process,
};

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
