/* SPDX-License-Identifier: Apache-2.0 */
/* cli_faults.h -- `mqttspec faults`: every fault against the suite.
 */
#ifndef MQTTSPEC_CLI_FAULTS_H
#define MQTTSPEC_CLI_FAULTS_H

#include "runner.h"

/* cli_faults runs, under each fault of the catalogue, the cases that name a
 * statement it breaks and a few others, and demands that one of the former
 * fails. Prints what was not caught, and writes faults.json into the report
 * folder.
 *
 * options   target, version, only, jobs, report and fault (one fault only, then
 *           every verdict is printed) are heeded
 *
 * Returns the exit code: 0; 1 when a fault was not caught, a statement has no
 * fault, a case never failed, or a case failed without a fault; 2 wrong use;
 * 3 the target could not be started.
 */
int cli_faults(const struct run_options *options);

#endif
