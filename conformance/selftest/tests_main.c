/* SPDX-License-Identifier: Apache-2.0 */
/* tests_main.c -- runs the harness's own tests. */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "selftest/selftest.h"

static Suite *(*const suites[])(void) = {
    suite_statement,
    suite_faults,
    suite_engine,
    suite_report,
    suite_compare,
    suite_wire_vectors,
    suite_wire_bad,
    suite_wire_build,
    suite_observe_opening,
    suite_observe_sessions,
    suite_observe_flow,
    suite_observe_delivery,
    suite_scram,
    suite_frames,
    suite_target,
    suite_tap,
    suite_blackbox,
};

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
