/* SPDX-License-Identifier: Apache-2.0 */
/* tap.h -- the relay between a speaker and the broker: it records, and it lies.
 *
 * A tap listens on a loopback port of its own, takes one connection at a time
 * and joins each with a new link to the broker. Both directions are cut into
 * packets; a fault may look at each and drop, alter, repeat, delay, add or cut.
 * A packet that nobody finishes within a moment goes on as it is.
 * What the speaker's side saw is what the transcript keeps.
 * It runs in a thread of its own; close it before the case ends.
 */
#ifndef MQTTSPEC_TAP_TAP_H
#define MQTTSPEC_TAP_TAP_H

#include "link/link.h"
#include "transcript.h"

struct tap;       /* a listening relay */
struct tap_relay; /* one connection through it; a fault acts on it */

/* A fault: one deviation on the wire. The catalogue is a table of these. */
struct fault {
    const char *name;       /* [a-z0-9_] */
    const char *sentence;   /* what the broker now seems to do */
    const char *statements; /* ids it breaks, separated by spaces */
    /* Called once a connection; may return memory for `state`, or NULL. May
     * itself be NULL. At the end on_free releases it; without, free() does. */
    void *(*on_open)(struct tap_relay *relay);
    void (*on_free)(void *state);
    /* Called for each complete packet (type 0: octets that are no packet), in
     * order, before it is forwarded. Says what happens by calling tap_forward,
     * tap_send, tap_delay, tap_cut ...: a packet for which nothing is called is
     * dropped. */
    void (*on_packet)(struct tap_relay *relay, enum wire_side from,
                      const struct wire_packet *packet, void *state);
    /* Called when a side closes; forwarded unless it returns true. May be
     * NULL. */
    bool (*on_close)(struct tap_relay *relay, enum wire_side by, void *state);
    const void *arg; /* for handlers that serve several faults: tap_arg */
};

/* tap_open starts a relay to a broker.
 *
 * endpoint    where the broker is; any transport
 * transcript  where to record; `who` names the speaker
 * fault       NULL: forwards as it is
 *
 * Returns a tap for tap_close, or NULL with one line in error.
 */
struct tap *tap_open(const struct endpoint *endpoint,
                     struct transcript *transcript, const char *who,
                     const struct fault *fault, char *error, size_t n);
void tap_close(struct tap *tap); /* joins its thread; takes NULL */
/* tap_port is the loopback TCP port it listens on. */
int tap_port(const struct tap *tap);
/* tap_drop cuts the present connection with a reset, on both sides. */
void tap_drop(struct tap *tap);
/* tap_nudge sends the speaker a PINGRESP that the broker did not send and that
 * is not recorded: harmless, and it wakes a speaker who waits on his socket. */
void tap_nudge(struct tap *tap);

/* ---- what a fault may do, from its handlers
 * --------------------------------*/

/* The packet goes on as it is; or the first n octets of it. */
void tap_forward(struct tap_relay *relay, enum wire_side from,
                 const struct wire_packet *packet);
void tap_forward_part(struct tap_relay *relay, enum wire_side from,
                      const struct wire_packet *packet, size_t n);
/* Another packet is written (in the version of the connection) as if `from`
 * had sent it: an altered copy, or one that was never sent. */
void tap_send(struct tap_relay *relay, enum wire_side from,
              const struct wire_packet *packet);
void tap_send_octets(struct tap_relay *relay, enum wire_side from,
                     const void *octets, size_t n);
/* What is sent from now on in that direction waits this long. */
void tap_delay(struct tap_relay *relay, enum wire_side from, int ms);
/* Both connections are cut (reset), or closed in order. */
void tap_cut(struct tap_relay *relay);
void tap_shut(struct tap_relay *relay);
/* The version of the connection (from CONNECT), its client identifier, the
 * fault's arg, a number that counts this relay's packets from that side. */
enum wire_version tap_version(const struct tap_relay *relay);
const void *tap_arg(const struct tap_relay *relay);
size_t tap_count(const struct tap_relay *relay, enum wire_side from);

#endif
