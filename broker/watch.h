// SPDX-License-Identifier: Apache-2.0
/* watch.h -- mqttspec-tap before each acceptor (--observe).
 *
 * The judge of both sides is a program of its own, which shares nothing with
 * the broker. It takes the acceptor's address; the broker moves behind it, to a
 * port of loopback that the kernel chooses.
 */
#ifndef BROKER_WATCH_H
#define BROKER_WATCH_H

#include "net/listen.h"

#include <sys/types.h>

/* One acceptor's tap. */
struct watch_post {
    uint16_t port;  /* where clients connect; 0: any free one */
    bool is_public; /* on all addresses */
    pid_t tap;      /* 0: not started */
};

struct watch {
    char tap_path[512];
    struct watch_post *posts; /* one for each acceptor, in their order */
    size_t n_posts;
    bool is_whole; /* the tap sees every connection the broker ever has */
};

/* watch_prepare moves the acceptors to internal ports.
 *
 * config     its acceptors get host 127.0.0.1 and port 0
 * error   out: one sentence when -1 is returned: what the tap cannot do
 *
 * Returns 0 or -1; watch_clear is due after either.
 */
int watch_prepare(struct watch *w, struct config *config,
                  struct complaint *error);

/* watch_start starts the taps; each prints where it listens. When one ends
 * before its time, this process gets SIGTERM: SIGTERM is blocked from now on.
 *
 * listeners   open, as many as posts
 *
 * Returns 0, or -1 with a sentence in error.
 */
int watch_start(struct watch *w, const struct config *config,
                const struct listener *listeners, struct complaint *error);

/* watch_stop ends the taps and waits for their reports.
 *
 * Returns the worst of their exit codes: 1 if either side broke a MUST.
 */
int watch_stop(struct watch *w);

/* watch_clear frees what the struct holds. */
void watch_clear(struct watch *w);

#endif
