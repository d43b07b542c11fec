/* SPDX-License-Identifier: Apache-2.0 */
/* layer.h -- inside of link/: the socket, TLS on it, WebSocket on those. */
#ifndef MQTTSPEC_LINK_LAYER_H
#define MQTTSPEC_LINK_LAYER_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <wslay/wslay.h>

#include "link/frames.h"
#include "link/link.h"

struct link {
    int fd;   /* -1 once closed */
    SSL *ssl; /* NULL without TLS */
    SSL_CTX *ctx;
    wslay_event_context_ptr ws; /* NULL without WebSocket */
    struct frames frames;       /* of the other side */
    unsigned char pong[125];    /* payload of the last pong */
    size_t n_pong;
    bool has_pong;
    unsigned char *in; /* WebSocket payload not yet read */
    size_t n_in, cap_in, at_in;
    unsigned char head[4096]; /* what came behind the HTTP answer */
    size_t n_head;
    char subprotocol[64]; /* of the answer to the upgrade */
    long ended;           /* LINK_AGAIN while open; else how reading ended */
    char error[200];
};

/* link_wait waits until the socket is ready. events as for poll. Returns false
 * when the deadline (link_now_ms) has passed. */
bool link_wait(int fd, short events, int64_t until_ms);

/* socket or TLS: as link_read and link_write. */
long layer_read(struct link *link, void *octets, size_t n);
int layer_write(struct link *link, const void *octets, size_t n);

int tls_begin(struct link *link, const char *host, int64_t until_ms,
              char *error, size_t n);
void tls_end(struct link *link);

int ws_begin(struct link *link, const struct endpoint *endpoint,
             int64_t until_ms, char *error, size_t n);
long ws_read(struct link *link, void *octets, size_t n);
int ws_write(struct link *link, const void *octets, size_t n, bool as_text);
int ws_write_frame(struct link *link, unsigned first, const void *octets,
                   size_t n);
void ws_end(struct link *link, bool say_close);

#endif
