/* SPDX-License-Identifier: Apache-2.0 */
/* message.h -- an Application Message as a test publishes or expects it.
 *
 * MESSAGE("status/pump", "gone", .qos = 1, .props = {...}). In an expectation
 * topic and payload are always compared; qos, retain and the properties are
 * compared if they are named, or not zero (like wire_match).
 */
#ifndef MQTTSPEC_MESSAGE_H
#define MQTTSPEC_MESSAGE_H

#include "wire/wire.h"

struct message {
    const char *topic; /* made unique by t */
    struct wire_bytes payload;
    uint8_t qos;
    uint8_t retain;
    uint8_t dup;             /* expectation only */
    struct wire_props props; /* 5.0; ignored when a case speaks 3.x */
    const char *said;        /* the arguments as written */
};

#define MESSAGE(topic_, ...)                                                   \
    (&(struct message){                                                        \
        .said = #__VA_ARGS__, .topic = (topic_), .payload = __VA_ARGS__})

#endif
