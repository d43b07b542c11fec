/* SPDX-License-Identifier: Apache-2.0 */
/* detect.h -- is this MQTT? By its octets, never by its port.
 *
 * A connection seen from its beginning is known by its CONNECT. One that the
 * capture joins in the middle is known by packets that could not well be
 * anything else. Spec: 5.0 s2.1, s3.1.2; 3.1.1 s2.2.
 */
#ifndef TOOLS_DETECT_H
#define TOOLS_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum detected { DETECT_NO, DETECT_MORE, DETECT_YES };

/* detect_connect asks whether octets begin with a CONNECT packet: its fixed
 * header and one of the two protocol names. DETECT_MORE: so far they could. */
enum detected detect_connect(const uint8_t *octets, size_t n);

/* detect_upgrade asks whether octets begin with an HTTP GET. */
enum detected detect_upgrade(const uint8_t *octets, size_t n);

/* detect_tls asks whether octets begin with a TLS handshake record. */
enum detected detect_tls(const uint8_t *octets, size_t n);

/* What a run of packets without a CONNECT says. */
struct detect_run {
    int score;   /* how hard it would be for chance to write this */
    int client;  /* packets that only clients send */
    int server;  /* packets that only servers send */
    bool is_bad; /* something that cannot be MQTT */
};

/* detect_run reads packets, one after another, and judges them.
 *
 * octets, n   from a packet boundary; may end inside a packet
 * run         in and out: counts are added
 */
void detect_run(const uint8_t *octets, size_t n, struct detect_run *run);

#endif
