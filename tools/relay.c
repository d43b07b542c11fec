/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c -- any number of connections between clients and a broker. */
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "detect.h"
#include "framer.h"
#include "room.h"
#include "ws.h"

struct relay_conn {
    struct relay *relay;
    size_t number;
    void *user;
    struct live *side[2]; /* client, server */
    bool is_told[2];      /* its close was told and passed on */
    bool is_decided;      /* plain or WebSocket is known */
    struct ws *ws[2];
    struct framer framer; /* of the server, for on_server_packet */
    char trouble[200];
    enum wire_side from; /* whose octets are on their way */
};

struct relay {
    const struct relay_options *options;
    int fd;
    SSL_CTX *context;
    struct relay_conn **conns;
    size_t n, n_ever;
};

static bool load_certificate(struct relay *r, char *error, size_t size)
{
    const struct relay_options *o = r->options;
    if (!o->cert)
        return true;
    const char *key = o->key ? o->key : o->cert, *at_fault = o->cert;
    r->context = SSL_CTX_new(TLS_server_method());
    if (r->context &&
        SSL_CTX_use_certificate_chain_file(r->context, o->cert) == 1) {
        at_fault = key;
        if (SSL_CTX_use_PrivateKey_file(r->context, key, SSL_FILETYPE_PEM) == 1)
            return true;
    }
    snprintf(error, size, "%s: %s", at_fault,
             ERR_reason_error_string(ERR_peek_last_error()));
    return false;
}

static bool start_listening(struct relay *r, char *error, size_t size)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)r->options->port),
        .sin_addr.s_addr =
            htonl(r->options->is_public ? INADDR_ANY : INADDR_LOOPBACK)};
    int yes = 1;
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(r->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (r->fd >= 0 && !bind(r->fd, (struct sockaddr *)&to, sizeof to) &&
        !listen(r->fd, 128))
        return true;
    snprintf(error, size, "port %d: %s", r->options->port, strerror(errno));
    return false;
}

struct relay *relay_new(const struct relay_options *options, char *error,
                        size_t size)
{
    struct relay *r = xcalloc(1, sizeof *r);
    r->options = options;
    r->fd = -1;
    if (!load_certificate(r, error, size) || !start_listening(r, error, size)) {
        relay_free(r);
        return NULL;
    }
    return r;
}

int relay_port(const struct relay *r)
{
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    getsockname(r->fd, (struct sockaddr *)&at, &n);
    return ntohs(at.sin_port);
}

size_t relay_number(const struct relay_conn *c)
{
    return c->number;
}

void *relay_user(const struct relay_conn *c)
{
    return c->user;
}

void relay_set_user(struct relay_conn *c, void *user)
{
    c->user = user;
}

const struct ws_facts *relay_ws(const struct relay_conn *c, enum wire_side from)
{
    const struct ws *ws = c->ws[from == WIRE_SERVER];
    return ws ? ws_facts(ws) : NULL;
}

const char *relay_trouble(const struct relay_conn *c)
{
    return c->trouble;
}

static void accept_one(struct relay *r, int fd)
{
    struct relay_conn *c = xcalloc(1, sizeof *c);
    c->relay = r;
    c->number = r->n_ever++;
    c->framer.packet_max = 256u << 20;
    c->side[0] = live_accept(fd, r->context);
    c->side[1] = live_open(&r->options->url, r->options->cafile, c->trouble,
                           sizeof c->trouble);
    r->conns = grow(r->conns, r->n, sizeof(struct relay_conn *));
    r->conns[r->n++] = c;
    if (r->options->watcher.on_open)
        r->options->watcher.on_open(r->options->watcher.user, c);
}

/* ---- octets -------------------------------------------------------------- */

static void on_plain(void *user, const uint8_t *octets, size_t n)
{
    struct relay_conn *c = user;
    const struct relay_watcher *w = &c->relay->options->watcher;
    if (w->on_octets)
        w->on_octets(w->user, c, c->from, octets, n);
}

static void on_framed(void *user, const uint8_t *octets, size_t n,
                      struct mark first, struct mark last)
{
    struct relay_conn *c = user;
    const struct relay_watcher *w = &c->relay->options->watcher;
    (void)first;
    (void)last;
    w->on_server_packet(w->user, c, octets, n);
}

static void show(struct relay_conn *c, const uint8_t *octets, size_t n)
{
    int from = c->from == WIRE_SERVER;
    if (!c->is_decided && !from) {
        c->is_decided = true;
        if (detect_upgrade(octets, n) != DETECT_NO)
            for (int i = 0; i < 2; i++)
                c->ws[i] = ws_new();
    }
    if (c->ws[from])
        ws_push(c->ws[from], octets, n, on_plain, c);
    else
        on_plain(c, octets, n);
}

static void on_client_octets(void *user, const uint8_t *octets, size_t n)
{
    struct relay_conn *c = user;
    c->from = WIRE_CLIENT;
    show(c, octets, n);
    if (c->side[1])
        live_send(c->side[1], octets, n);
}

static void on_server_octets(void *user, const uint8_t *octets, size_t n)
{
    struct relay_conn *c = user;
    c->from = WIRE_SERVER;
    show(c, octets, n);
    if (c->relay->options->watcher.on_server_packet && !c->ws[1])
        framer_push(&c->framer, octets, n, (struct mark){0, 0}, on_framed, c);
    else
        relay_pass(c, octets, n);
}

void relay_pass(struct relay_conn *c, const uint8_t *octets, size_t n)
{
    live_send(c->side[0], octets, n);
}

/* ---- ends ---------------------------------------------------------------- */

static bool is_gone(const struct relay_conn *c, int side)
{
    return !c->side[side] || live_state(c->side[side]) == LIVE_CLOSED;
}

/* Passes the close of one side on to the other. */
static void pass_close(struct relay_conn *c, int side)
{
    const struct relay_watcher *w = &c->relay->options->watcher;
    if (c->is_told[side] || !is_gone(c, side))
        return;
    bool is_reset = c->side[side] && live_was_reset(c->side[side]);
    c->is_told[side] = true;
    if (side == 1 && c->side[1] && *live_trouble(c->side[1]) && !is_reset)
        snprintf(c->trouble, sizeof c->trouble, "%s", live_trouble(c->side[1]));
    if (w->on_close)
        w->on_close(w->user, c, side ? WIRE_SERVER : WIRE_CLIENT, is_reset);
    if (is_gone(c, !side))
        return;
    if (is_reset)
        live_abort(c->side[!side]);
    else
        live_shut(c->side[!side]);
}

static void drop(struct relay *r, size_t i)
{
    struct relay_conn *c = r->conns[i];
    if (r->options->watcher.on_gone)
        r->options->watcher.on_gone(r->options->watcher.user, c);
    for (int k = 0; k < 2; k++) {
        live_free(c->side[k]);
        ws_free(c->ws[k]);
    }
    framer_clear(&c->framer);
    free(c);
    r->conns[i] = r->conns[--r->n];
}

static void pump(struct relay_conn *c)
{
    if (!is_gone(c, 0))
        live_pump(c->side[0], on_client_octets, c);
    if (!is_gone(c, 1))
        live_pump(c->side[1], on_server_octets, c);
    if (!is_gone(c, 0)) /* what the server said goes out in the same turn */
        live_pump(c->side[0], on_client_octets, c);
    pass_close(c, 0);
    pass_close(c, 1);
}

void relay_step(struct relay *r, int timeout_ms)
{
    struct pollfd *fds = xcalloc(1 + 2 * r->n, sizeof *fds);
    nfds_t n = 0;
    fds[n++] = (struct pollfd){r->fd, POLLIN, 0};
    for (size_t i = 0; i < r->n; i++)
        for (int k = 0; k < 2; k++)
            if (!is_gone(r->conns[i], k))
                fds[n++] =
                    (struct pollfd){live_fd(r->conns[i]->side[k]),
                                    live_events(r->conns[i]->side[k]), 0};
    poll(fds, n, timeout_ms);
    if (fds[0].revents) {
        int fd = accept(r->fd, NULL, NULL);
        if (fd >= 0)
            accept_one(r, fd);
    }
    free(fds);
    for (size_t i = r->n; i-- > 0;) {
        pump(r->conns[i]);
        if (is_gone(r->conns[i], 0) && is_gone(r->conns[i], 1))
            drop(r, i);
    }
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    while (r->n)
        drop(r, r->n - 1);
    SSL_CTX_free(r->context);
    if (r->fd >= 0)
        close(r->fd);
    free(r->conns);
    free(r);
}
