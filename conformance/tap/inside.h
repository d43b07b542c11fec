/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h -- what the files of tap/ share. */
#ifndef MQTTSPEC_TAP_INSIDE_H
#define MQTTSPEC_TAP_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "tap/tap.h"

struct tap {
    struct endpoint endpoint;
    struct transcript *transcript;
    const struct fault *fault;
    char who[64];
    int listener, port, wake[2];
    atomic_bool should_stop, should_drop, should_nudge;
    pthread_t thread;
};

/* relay_serve joins this accepted connection with the broker until it ends. */
void relay_serve(struct tap *tap, int fd);
/* relay_drain empties the pipe that wakes the tap's thread. */
void relay_drain(struct tap *tap);

#endif
