/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h -- any number of connections between clients and a broker.
 *
 * Listens, joins each connection with one of its own to the target, passes
 * octets both ways unchanged and shows them to whoever watches. TLS can end
 * here on either side; WebSocket goes through as it is and is shown unmasked.
 * A test may stand between: it gets the server's packets and passes on others.
 * One thread; expected size: hundreds of connections.
 */
#ifndef TOOLS_RELAY_H
#define TOOLS_RELAY_H

#include "live.h"
#include "wire/names.h"

struct relay;
struct relay_conn;

struct relay_watcher {
    void *user;
    void (*on_open)(void *user, struct relay_conn *conn);
    /* what a side sent, WebSocket taken off; before it is passed on */
    void (*on_octets)(void *user, struct relay_conn *conn, enum wire_side from,
                      const uint8_t *octets, size_t n);
    void (*on_close)(void *user, struct relay_conn *conn, enum wire_side by,
                     bool is_reset);
    /* both sides are gone; conn is freed after it */
    void (*on_gone)(void *user, struct relay_conn *conn);
    /* If set: called with each whole packet of the server, plain MQTT only;
     * what it gives to relay_pass goes to the client instead. */
    void (*on_server_packet)(void *user, struct relay_conn *conn,
                             const uint8_t *octets, size_t n);
};

struct relay_options {
    int port;       /* 0: the kernel chooses */
    bool is_public; /* listen on all addresses, not on loopback alone */
    struct live_url url;
    const char *cafile;     /* to verify the target, or NULL */
    const char *cert, *key; /* PEM: clients speak TLS; or NULL */
    struct relay_watcher watcher;
};

/* relay_new begins to listen.
 *
 * options   borrowed for the life of the relay
 *
 * Returns NULL with a line in error.
 */
struct relay *relay_new(const struct relay_options *options, char *error,
                        size_t size);

/* relay_port gives the port it listens on. */
int relay_port(const struct relay *relay);

/* relay_step waits for something to do, at most timeout_ms, and does it. */
void relay_step(struct relay *relay, int timeout_ms);

/* relay_pass sends octets to the client as if the server had. */
void relay_pass(struct relay_conn *conn, const uint8_t *octets, size_t n);

/* relay_number numbers a connection, from 0; relay_user is the watcher's
 * pointer for it, NULL until relay_set_user. */
size_t relay_number(const struct relay_conn *conn);
void *relay_user(const struct relay_conn *conn);
void relay_set_user(struct relay_conn *conn, void *user);
/* relay_ws gives the facts of one direction of a WebSocket; NULL: it is none.
 */
const struct ws_facts *relay_ws(const struct relay_conn *conn,
                                enum wire_side from);
/* relay_trouble says why the target could not be reached; "" if it was. */
const char *relay_trouble(const struct relay_conn *conn);

/* relay_free closes everything; on_gone is called for each connection. */
void relay_free(struct relay *relay);

#endif
