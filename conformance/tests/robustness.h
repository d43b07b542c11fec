/* SPDX-License-Identifier: Apache-2.0 */
/* robustness.h -- what the tables of bad inputs have in common.
 */
#ifndef MQTTSPEC_TESTS_ROBUSTNESS_H
#define MQTTSPEC_TESTS_ROBUSTNESS_H

#include "peer/hostile.h"
#include "suite.h"

/* One bad input. */
struct input {
    struct row row;
    const struct wire_packet *packet;
};

/* For a row's versions. */
#define ONLY_3 "3.1.1"
#define ONLY_5 "5.0"

/* The watcher of every input subscribes to "#". */
#define WATCHED .needs = "wildcards"
#define EVERY_TRANSPORT WATCHED, .transports = "tcp ws"

/* Malformed packets and Protocol Errors close the connection. */
#define CLOSES                                                                 \
    "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1", "robustness/R1-closes-bad-input"
/* The standard leaves the reaction open. */
#define DISTURBS_NOBODY                                                        \
    "robustness/R1-survives", "robustness/R1-others-undisturbed"

#endif
