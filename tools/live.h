/* SPDX-License-Identifier: Apache-2.0 */
/* live.h -- a connection to a live broker that never blocks.
 *
 * TCP, TLS, WebSocket, or both, behind one queue out and one callback in. The
 * caller polls `live_fd` for `live_events`, then calls `live_pump`.
 */
#ifndef TOOLS_LIVE_H
#define TOOLS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a broker is, from "mqtt://host:port", "mqtts://", "ws://.../path",
 * "wss://". */
struct live_url {
    char host[256];
    char port[8];
    char path[256];
    bool is_tls, is_ws;
};

/* live_url_read reads a URL; a missing port is the scheme's usual one.
 * Returns false if it is none. */
bool live_url_read(const char *text, struct live_url *url);

enum live_state {
    LIVE_OPENING, /* TCP, TLS or WebSocket handshake */
    LIVE_OPEN,
    LIVE_SHUT,   /* we have sent our last octet */
    LIVE_CLOSED, /* the other side has closed, or broke it */
};

struct live;

/* live_open begins to connect.
 *
 * url      copied
 * cafile   certificates to verify the server with; NULL: not verified
 * error    out: why not, `size` octets of room
 *
 * Returns NULL if the host is unknown or no socket can be had.
 */
struct live *live_open(const struct live_url *url, const char *cafile,
                       char *error, size_t size);

/* live_accept takes over a connection that was accepted: the other end.
 *
 * fd        owned from now on
 * context   an SSL_CTX with a certificate, borrowed; NULL: no TLS
 */
struct live *live_accept(int fd, void *context);

int live_fd(const struct live *live);
/* live_events gives what to poll for: POLLIN, POLLOUT. */
short live_events(const struct live *live);
enum live_state live_state(const struct live *live);
/* live_trouble says why it closed, or "" for a clean end; borrowed. */
const char *live_trouble(const struct live *live);
/* live_was_reset tells whether it ended with RST. */
bool live_was_reset(const struct live *live);

/* live_send queues octets; sent when the connection is open. */
void live_send(struct live *live, const uint8_t *octets, size_t n);

/* live_is_flushed tells whether all that was queued is in the kernel. */
bool live_is_flushed(const struct live *live);

/* live_pump goes on with handshake, output and input.
 *
 * on_octets   called with what the server sent; WebSocket taken off
 */
void live_pump(struct live *live,
               void (*on_octets)(void *user, const uint8_t *octets, size_t n),
               void *user);

/* live_shut sends FIN behind what is queued; input goes on. */
void live_shut(struct live *live);

/* live_abort sends RST now. */
void live_abort(struct live *live);

/* live_free closes and frees; NULL is allowed. */
void live_free(struct live *live);

#endif
