/* SPDX-License-Identifier: Apache-2.0 */
/* tests_main.c -- the tests of the tools. */
#include <stdlib.h>

#include "tests/scene.h"

int main(void)
{
    SRunner *runner = srunner_create(suite_capture());
    srunner_add_suite(runner, suite_tcp());
    srunner_add_suite(runner, suite_flow());
    srunner_add_suite(runner, suite_rewrite());
    srunner_add_suite(runner, suite_captures());
    srunner_add_suite(runner, suite_replay());
    srunner_add_suite(runner, suite_resume());
    srunner_add_suite(runner, suite_duties());
    srunner_add_suite(runner, suite_tap());
    srunner_add_suite(runner, suite_live());
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
