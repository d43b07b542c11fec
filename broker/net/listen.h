// SPDX-License-Identifier: Apache-2.0
/* listen.h -- the sockets that wait for connections. */
#ifndef BROKER_NET_LISTEN_H
#define BROKER_NET_LISTEN_H

#include "config.h"

#define LISTEN_MAX_SOCKETS 8

/* One acceptor: a host may resolve to several addresses. */
struct listener {
    const struct acceptor_options *options; /* borrowed */
    struct tls_context *tls;                /* owned; NULL without TLS */
    int fds[LISTEN_MAX_SOCKETS];
    int n_fds;
    bool is_internal; /* who stands before it says where to connect */
    uint16_t port;    /* as bound; tells which one when 0 was asked for */
};

/* listener_open binds and listens on all addresses of the acceptor's host.
 *
 * error   out: one sentence when -1 is returned
 *
 * Returns 0, or -1 with nothing left open.
 */
int listener_open(struct listener *l, const struct acceptor_options *options,
                  struct complaint *error);

/* listener_accept takes one waiting connection.
 *
 * peer, n   out: "address:port" of the other side
 *
 * Returns a socket, or -1 with errno (EAGAIN: nobody waits).
 */
int listener_accept(struct listener *l, int fd, char *peer, size_t n);

/* listener_close closes the sockets and the TLS context. */
void listener_close(struct listener *l);

#endif
