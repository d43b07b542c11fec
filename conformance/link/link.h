/* SPDX-License-Identifier: Apache-2.0 */
/* link.h -- octets to a broker: TCP, TLS, WebSocket, WebSocket over TLS.
 *
 * One connection, four ways, one face. Reads wait up to a deadline; a close and
 * a reset are told apart. Nothing here knows MQTT but the sub-protocol "mqtt".
 */
#ifndef MQTTSPEC_LINK_LINK_H
#define MQTTSPEC_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport {
    TRANSPORT_TCP,
    TRANSPORT_TLS,
    TRANSPORT_WS,
    TRANSPORT_WSS,
    N_TRANSPORTS
};

/* Where a broker listens. */
struct endpoint {
    enum transport transport;
    char host[128];
    int port;       /* 0: it does not listen for this transport */
    char path[128]; /* WebSocket only: "/mqtt" */
    char offer[64]; /* WebSocket sub-protocols; "": "mqtt" */
};

/* transport_name gives "tcp" ...; transport_from_name returns -1 for others. */
const char *transport_name(enum transport transport);
int transport_from_name(const char *name);

struct link;

/* link_open connects, with TLS and WebSocket hand-shakes.
 *
 * deadline_ms   for all of it
 * error, n      out: one line, when NULL is returned
 *
 * Returns a link for link_free, or NULL. TLS trusts any certificate: whom we
 * talk to is not what is judged.
 */
struct link *link_open(const struct endpoint *endpoint, int deadline_ms,
                       char *error, size_t n);
/* link_now_ms: milliseconds by a clock that is never set; for deadlines. */
int64_t link_now_ms(void);

/* link_adopt makes a link of an accepted TCP socket; owns fd. */
struct link *link_adopt(int fd);
void link_free(struct link *link); /* closes; takes NULL */

/* link_fd is for poll; when link_pending is true, read without waiting. */
int link_fd(const struct link *link);
bool link_pending(const struct link *link);

/* link_write sends all, as one segment if it can (WebSocket: one binary
 * message; as_text: a text message). Returns 0, or -1 if the other side is
 * gone. */
int link_write(struct link *link, const void *octets, size_t n);
int link_write_text(struct link *link, const void *octets, size_t n);
/* link_write_frame sends one WebSocket frame with this first octet: FIN 0x80,
 * and the opcode (0 continuation, 1 text, 2 binary, 9 ping). Returns 0, or -1
 * if the other side is gone or there is no WebSocket. */
int link_write_frame(struct link *link, unsigned first, const void *octets,
                     size_t n);
/* link_write_below writes octets below WebSocket, where frames are: what is no
 * frame at all. 0; -1 when the connection is gone, or is no WebSocket. */
int link_write_below(struct link *link, const void *octets, size_t n);
/* link_pong gives the payload of the last WebSocket pong that came, NULL if
 * none did; link_was_closed: has a Close of WebSocket come? */
const void *link_pong(const struct link *link, size_t *n);
bool link_was_closed(const struct link *link);
/* link_subprotocol gives the WebSocket sub-protocol the server chose; "" if it
 * named none. */
const char *link_subprotocol(const struct link *link);

enum { LINK_AGAIN = -1, LINK_FIN = 0, LINK_RST = -2, LINK_BAD = -3 };
/* link_read takes what is there, without waiting. Returns the number of
 * octets, LINK_AGAIN when there are none yet, LINK_FIN, LINK_RST, or LINK_BAD
 * when TLS or WebSocket itself is broken (link_error tells). */
long link_read(struct link *link, void *octets, size_t n);
const char *link_error(const struct link *link);

/* link_drop cuts with a TCP reset; link_half_close sends FIN; link_close closes
 * in order. The fd is closed by link_drop and link_close. */
void link_drop(struct link *link);
void link_half_close(struct link *link);
void link_close(struct link *link);

#endif
