/* SPDX-License-Identifier: Apache-2.0 */
/* live.c -- a connection to a live broker that never blocks.
 *
 * Spec: RFC 6455 s4.1, s5.2 (the client's side), 5.0 s6.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "room.h"
#include "ws.h"

enum { WS_BINARY = 2, WS_PONG = 10 }; /* RFC 6455 s5.2: opcodes */

struct live {
    struct live_url url;
    int fd;
    enum live_state state;
    bool is_connected, is_shut_asked, is_reset, wants_write, is_half_closed;
    char trouble[160];
    SSL_CTX *context;
    SSL *ssl;
    bool is_tls_ready;
    struct ws *ws;
    bool is_ws_asked;
    uint8_t *out; /* octets for the socket or TLS */
    size_t n_out, room_out, at_out;
    uint8_t *early; /* MQTT queued before the WebSocket was open */
    size_t n_early;
    uint32_t mask;
};

bool live_url_read(const char *text, struct live_url *url)
{
    static const struct {
        const char *scheme, *port;
        bool is_tls, is_ws;
    } SCHEMES[] = {
        {"mqtt", "1883", false, false}, {"tcp", "1883", false, false},
        {"mqtts", "8883", true, false}, {"ssl", "8883", true, false},
        {"ws", "80", false, true},      {"wss", "443", true, true},
    };
    char scheme[16], rest[400];
    *url = (struct live_url){.path = "/mqtt"};
    if (sscanf(text, "%15[a-z]://%399s", scheme, rest) != 2)
        return false;
    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        if (strcmp(scheme, SCHEMES[i].scheme))
            continue;
        char *path = strchr(rest, '/');
        if (path && path[1])
            snprintf(url->path, sizeof url->path, "%.255s", path);
        if (path)
            *path = '\0';
        char *host = rest, *colon = strrchr(rest, ':');
        char *bracket = strchr(rest, ']');
        if (rest[0] == '[' && bracket) {
            host = rest + 1;
            colon = bracket[1] == ':' ? bracket + 1 : NULL;
            *bracket = '\0';
        }
        if (colon)
            *colon = '\0';
        snprintf(url->host, sizeof url->host, "%.255s", host);
        snprintf(url->port, sizeof url->port, "%.7s",
                 colon ? colon + 1 : SCHEMES[i].port);
        url->is_tls = SCHEMES[i].is_tls;
        url->is_ws = SCHEMES[i].is_ws;
        return *url->host && *url->port;
    }
    return false;
}

static void queue(struct live *l, const uint8_t *octets, size_t n)
{
    if (l->at_out == l->n_out)
        l->at_out = l->n_out = 0;
    if (l->n_out + n > l->room_out) {
        l->room_out = 2 * (l->n_out + n);
        l->out = xrealloc(l->out, l->room_out);
    }
    memcpy(l->out + l->n_out, octets, n);
    l->n_out += n;
}

static void end(struct live *l, const char *why)
{
    if (l->state == LIVE_CLOSED)
        return;
    l->state = LIVE_CLOSED;
    snprintf(l->trouble, sizeof l->trouble, "%s", why);
}

/* A masked frame, as clients must send them. */
static void queue_ws_frame(struct live *l, uint8_t opcode,
                           const uint8_t *octets, size_t n)
{
    uint8_t head[14] = {(uint8_t)(0x80 | opcode)}, *masked = xmemdup(octets, n);
    size_t at = 2;
    if (n < 126) {
        head[1] = (uint8_t)n;
    } else {
        int width = n < 65536 ? 2 : 8;
        head[1] = width == 2 ? 126 : 127;
        for (int i = 0; i < width; i++)
            head[at++] = (uint8_t)((uint64_t)n >> (8 * (width - 1 - i)));
    }
    head[1] |= 0x80;
    l->mask = l->mask * 1664525u + 1013904223u;
    memcpy(head + at, &l->mask, 4);
    for (size_t i = 0; i < n; i++)
        masked[i] ^= head[at + i % 4];
    queue(l, head, at + 4);
    queue(l, masked, n);
    free(masked);
}

/* RFC 6455 s5.5.2: a Ping is answered by a Pong that carries the same. */
static void answer_ping(void *user, const uint8_t *octets, size_t n)
{
    struct live *l = user;
    if (l->state == LIVE_OPENING || l->state == LIVE_OPEN)
        queue_ws_frame(l, WS_PONG, octets, n);
}

static bool begin_tls(struct live *l, const char *cafile)
{
    l->context = SSL_CTX_new(TLS_client_method());
    if (!l->context)
        return false;
    if (cafile) {
        if (!SSL_CTX_load_verify_locations(l->context, cafile, NULL))
            return false;
        SSL_CTX_set_verify(l->context, SSL_VERIFY_PEER, NULL);
    }
    l->ssl = SSL_new(l->context);
    if (!l->ssl)
        return false;
    SSL_set_mode(l->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_tlsext_host_name(l->ssl, l->url.host);
    SSL_set_connect_state(l->ssl);
    return SSL_set_fd(l->ssl, l->fd) == 1;
}

static int connect_any(const struct live_url *url, char *error, size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int why = getaddrinfo(url->host, url->port, &hints, &list), fd = -1;
    if (why) {
        snprintf(error, size, "%s: %s", url->host, gai_strerror(why));
        return -1;
    }
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) {
            snprintf(error, size, "%s:%s: %s", url->host, url->port,
                     strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

struct live *live_open(const struct live_url *url, const char *cafile,
                       char *error, size_t size)
{
    int fd = connect_any(url, error, size);
    if (fd < 0)
        return NULL;
    struct live *l = xcalloc(1, sizeof *l);
    l->url = *url;
    l->fd = fd;
    l->mask = 0x5DEECE66u;
    if (url->is_ws) {
        l->ws = ws_new();
        ws_on_ping(l->ws, answer_ping, l);
    }
    if (url->is_tls && !begin_tls(l, cafile)) {
        snprintf(error, size, "TLS: %s",
                 ERR_reason_error_string(ERR_peek_last_error()));
        live_free(l);
        return NULL;
    }
    return l;
}

struct live *live_accept(int fd, void *context)
{
    struct live *l = xcalloc(1, sizeof *l);
    int yes = 1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    l->fd = fd;
    l->is_connected = true;
    if (context) {
        l->ssl = room_or_die(SSL_new(context));
        SSL_set_mode(l->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_set_accept_state(l->ssl);
        SSL_set_fd(l->ssl, fd);
    }
    return l;
}

int live_fd(const struct live *l)
{
    return l->fd;
}

short live_events(const struct live *l)
{
    if (l->state == LIVE_CLOSED)
        return 0;
    bool out = !l->is_connected || l->wants_write || l->at_out < l->n_out;
    return (short)(POLLIN | (out ? POLLOUT : 0));
}

enum live_state live_state(const struct live *l)
{
    return l->state;
}

const char *live_trouble(const struct live *l)
{
    return l->trouble;
}

bool live_was_reset(const struct live *l)
{
    return l->is_reset;
}

bool live_is_flushed(const struct live *l)
{
    return l->at_out == l->n_out && !l->n_early;
}

void live_send(struct live *l, const uint8_t *octets, size_t n)
{
    if (l->state == LIVE_CLOSED) {
        /* who has said all can still listen: plain TCP closes by halves */
        if (l->is_half_closed)
            (void)!send(l->fd, octets, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else if (l->ws && l->state == LIVE_OPENING) {
        l->early = xrealloc(l->early, l->n_early + n);
        memcpy(l->early + l->n_early, octets, n);
        l->n_early += n;
    } else if (l->ws) {
        queue_ws_frame(l, WS_BINARY, octets, n);
    } else {
        queue(l, octets, n);
    }
}

static void ask_ws(struct live *l)
{
    char request[900];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Key: bXF0dHNwZWMtcmVwbGF5IQ==\r\n"
                     "Sec-WebSocket-Protocol: mqtt\r\n"
                     "Sec-WebSocket-Version: 13\r\n\r\n",
                     l->url.path, l->url.host, l->url.port);
    queue(l, (const uint8_t *)request, (size_t)n);
    l->is_ws_asked = true;
}

/* Says what a failed read or write means. */
static void on_error(struct live *l, ssize_t got)
{
    if (l->ssl) {
        int why = SSL_get_error(l->ssl, (int)got);
        l->wants_write = why == SSL_ERROR_WANT_WRITE;
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
            return;
        if (why == SSL_ERROR_ZERO_RETURN) {
            end(l, "");
            return;
        }
        if (why == SSL_ERROR_SSL && !l->is_tls_ready) {
            end(l, ERR_reason_error_string(ERR_peek_last_error()));
            return;
        }
        l->is_reset = errno == ECONNRESET;
        end(l, l->is_reset ? "connection reset" : "");
        return;
    }
    if (got == 0) {
        l->is_half_closed = l->at_out == l->n_out && l->fd >= 0 && !l->ws;
        end(l, "");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        l->is_reset = errno == ECONNRESET || errno == EPIPE;
        end(l, strerror(errno));
    }
}

static void flush(struct live *l)
{
    while (l->at_out < l->n_out && l->state != LIVE_CLOSED) {
        const uint8_t *at = l->out + l->at_out;
        size_t left = l->n_out - l->at_out;
        ERR_clear_error(); /* another connection's would be taken for ours */
        ssize_t put = l->ssl ? SSL_write(l->ssl, at, (int)left)
                             : send(l->fd, at, left, MSG_NOSIGNAL);
        if (put <= 0) {
            on_error(l, put ? put : -1);
            /* what the server said before it closed is still to be read */
            if (l->state == LIVE_CLOSED && !l->ssl) {
                l->at_out = l->n_out;
                l->state = LIVE_SHUT;
                l->is_shut_asked = false;
            }
            return;
        }
        l->at_out += (size_t)put;
    }
    if (l->is_shut_asked && l->state == LIVE_OPEN && live_is_flushed(l)) {
        if (l->ssl)
            SSL_shutdown(l->ssl);
        shutdown(l->fd, SHUT_WR);
        l->state = LIVE_SHUT;
    }
}

/* TCP connect and TLS handshake. True when octets can flow. */
static bool establish(struct live *l)
{
    if (!l->is_connected) {
        struct pollfd p = {l->fd, POLLOUT, 0};
        int error = 0;
        socklen_t n = sizeof error;
        if (poll(&p, 1, 0) < 1)
            return false;
        getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        if (error) {
            end(l, strerror(error));
            return false;
        }
        l->is_connected = true;
    }
    if (l->ssl && !l->is_tls_ready) {
        ERR_clear_error();
        int got = SSL_do_handshake(l->ssl);
        if (got != 1) {
            on_error(l, got);
            return false;
        }
        l->is_tls_ready = true;
        l->wants_write = false;
    }
    if (l->ws && !l->is_ws_asked)
        ask_ws(l);
    if (!l->ws && l->state == LIVE_OPENING)
        l->state = LIVE_OPEN;
    return true;
}

/* The WebSocket's answer has come: what waited goes out. */
static void open_ws(struct live *l)
{
    const struct ws_facts *facts = ws_facts(l->ws);
    if (facts->is_refused) {
        end(l, "the WebSocket upgrade was refused");
        return;
    }
    if (!facts->is_upgraded || l->state != LIVE_OPENING)
        return;
    l->state = LIVE_OPEN;
    if (l->n_early)
        queue_ws_frame(l, WS_BINARY, l->early, l->n_early);
    l->n_early = 0;
}

/* Brokers that leave Nagle's algorithm on send their next small packet only
 * when the last one is acknowledged: do that at once. */
static void acknowledge_soon(struct live *l)
{
#ifdef TCP_QUICKACK
    int yes = 1;
    setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
#else
    (void)l;
#endif
}

void live_pump(struct live *l,
               void (*on_octets)(void *user, const uint8_t *octets, size_t n),
               void *user)
{
    static const int ROUNDS = 16; /* so that one connection starves none */
    if (l->state == LIVE_CLOSED || !establish(l))
        return;
    flush(l);
    for (int i = 0; l->state != LIVE_CLOSED &&
                    (i < ROUNDS || (l->ssl && SSL_pending(l->ssl)));
         i++) {
        uint8_t in[65536];
        ERR_clear_error();
        ssize_t got = l->ssl ? SSL_read(l->ssl, in, sizeof in)
                             : recv(l->fd, in, sizeof in, 0);
        if (got <= 0) {
            on_error(l, got);
            break;
        }
        acknowledge_soon(l);
        if (l->ws) {
            ws_push(l->ws, in, (size_t)got, on_octets, user);
            open_ws(l);
            if (ws_facts(l->ws)->is_broken)
                end(l, "a WebSocket frame is malformed");
        } else {
            on_octets(user, in, (size_t)got);
        }
    }
    flush(l);
}

void live_shut(struct live *l)
{
    l->is_shut_asked = true;
    if (l->state == LIVE_OPEN)
        flush(l);
}

void live_abort(struct live *l)
{
    struct linger now = {1, 0};
    if (l->fd >= 0) {
        setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(l->fd);
        l->fd = -1;
    }
    end(l, "");
}

void live_free(struct live *l)
{
    if (!l)
        return;
    SSL_free(l->ssl);
    SSL_CTX_free(l->context);
    if (l->fd >= 0)
        close(l->fd);
    ws_free(l->ws);
    free(l->out);
    free(l->early);
    free(l);
}
