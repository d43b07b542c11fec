// SPDX-License-Identifier: Apache-2.0
/* transport.h -- a few functions that carry octets.
 *
 * TCP, TLS and WebSocket are peers; each stands on a descriptor or on another
 * transport. Nothing blocks: 0 means later, never the end.
 */
#ifndef BROKER_NET_TRANSPORT_H
#define BROKER_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct transport;

struct transport_ops {
    const char *name; /* "tcp", "tls", "ws" */

    /* read takes up to n octets. Returns how many; 0: later (select for what
     * wants_write says); -1: no more will come, errno is 0 for an orderly end.
     */
    ssize_t (*read)(struct transport *t, uint8_t *out, size_t n);

    /* writev sends what it can of n_parts parts. Returns how many octets it
     * took over (it may buffer, see wants_write); 0: later; -1 with errno.
     */
    ssize_t (*writev)(struct transport *t, const struct iovec *parts,
                      int n_parts);

    /* has_pending tells whether read would give octets that select() cannot
     * see, because they lie inside this transport.
     */
    bool (*has_pending)(const struct transport *t);

    /* finish says goodbye as the protocol asks (a Close frame, close_notify)
     * and ends the sending side; reading goes on. May be called again after a
     * 0. Returns 1 when done; 0: later; -1 with errno.
     */
    int (*finish)(struct transport *t);

    /* free frees this transport and those below it, and closes the socket. */
    void (*free)(struct transport *t);
};

/* The first member of every transport. */
struct transport {
    const struct transport_ops *ops;
    int fd;           /* the socket at the bottom */
    bool wants_write; /* progress needs a writable socket (handshake, rest) */
};

#endif
