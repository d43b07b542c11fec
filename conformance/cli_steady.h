/* SPDX-License-Identifier: Apache-2.0 */
/* cli_steady.h -- `mqttspec steady`: does any verdict ever change?
 */
#ifndef MQTTSPEC_CLI_STEADY_H
#define MQTTSPEC_CLI_STEADY_H

#include "runner.h"

/* cli_steady runs the suite options->repeat times (default 50): half of them as
 * it is, half with all processors kept busy and with every packet delayed by 0
 * to 200 ms in a relay. Writes steady.json into the report folder.
 *
 * options   as for run
 *
 * Returns the exit code: 0; 1 when a verdict changed; 2 wrong use; 3 the target
 * could not be started.
 */
int cli_steady(const struct run_options *options);

#endif
