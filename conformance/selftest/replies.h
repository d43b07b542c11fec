/* SPDX-License-Identifier: Apache-2.0 */
/* replies.h -- a broker of a few lines, for the tests of the harness. */
#ifndef MQTTSPEC_SELFTEST_REPLIES_H
#define MQTTSPEC_SELFTEST_REPLIES_H

#include <sys/types.h>

#include "wire/wire.h"

/* What it answers to a packet type: octets; "" closes, NULL is silent. The
 * first that fits counts; a list ends with WIRE_OCTETS. */
struct reply {
    enum wire_type type;
    const char *hex;
    unsigned char
        level; /* of CONNECT: to this Protocol Version alone; 0: any */
};

/* replies_start starts it on a port of the loopback interface; it serves one
 * connection after the other.
 *
 * replies   borrowed
 * port      out
 *
 * Returns its process, for the caller to kill and wait for.
 */
pid_t replies_start(const struct reply *replies, int *port);

#endif
