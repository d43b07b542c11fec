// SPDX-License-Identifier: Apache-2.0
/* serve.h -- the select() loop: gather, wait, accept, read, expire, commit,
 * flush, sweep.
 *
 * Nothing is registered, so nothing goes stale: the descriptor sets are built
 * each turn from the list of clients. They are sized to the process's
 * descriptor limit, not to FD_SETSIZE.
 */
#ifndef BROKER_SERVE_H
#define BROKER_SERVE_H

#include "broker.h"
#include "net/listen.h"

/* serve_clock_ms is the clock that the loop gives the broker: milliseconds that
 * never go back, from 1 up. */
uint64_t serve_clock_ms(void);

/* serve_run serves until SIGTERM or SIGINT, then drains.
 *
 * listeners   open; closed by the caller
 * reload      called after SIGHUP, in the loop; may be NULL
 *
 * Prints "listening on HOST:PORT" for each listener once it accepts.
 */
void serve_run(struct broker *b, struct listener *listeners, size_t n_listeners,
               void (*reload)(void *arg), void *arg);

#endif
