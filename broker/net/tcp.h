// SPDX-License-Identifier: Apache-2.0
/* tcp.h -- the transport at the bottom: a non-blocking socket. */
#ifndef BROKER_NET_TCP_H
#define BROKER_NET_TCP_H

#include "base/bytes.h"
#include "net/transport.h"

/* tcp_new wraps a connected socket; it is made non-blocking, TCP_NODELAY and
 * close-on-exec are set.
 *
 * fd   the socket; closed by ops->free
 *
 * Returns the transport, to be freed by ops->free.
 */
struct transport *tcp_new(int fd);

/* tcp_peek looks at the first octets that arrived without taking them, so that
 * sniff can choose what stands on top.
 *
 * Returns how many of at most n octets were copied to out; 0: later; -1: the
 * connection is gone.
 */
ssize_t tcp_peek(struct transport *t, uint8_t *out, size_t n);

#endif
