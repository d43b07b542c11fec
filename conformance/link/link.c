/* SPDX-License-Identifier: Apache-2.0 */
/* link.c -- the socket under every link, and the one face over all layers.
 *
 * The socket never blocks; who wants to wait polls.
 */
#include "link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "link/layer.h"

static const char *const names[N_TRANSPORTS] = {"tcp", "tls", "ws", "wss"};

const char *transport_name(enum transport transport)
{
    return names[transport];
}

int transport_from_name(const char *name)
{
    for (int i = 0; i < N_TRANSPORTS; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

int64_t link_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool link_wait(int fd, short events, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - link_now_ms();
        if (left < 0)
            left = 0;
        struct pollfd ready = {.fd = fd, .events = events};
        int n = poll(&ready, 1, (int)left);
        if (n > 0)
            return true;
        if (n == 0)
            return false;
        if (errno != EINTR)
            return true; /* the next read or write tells */
    }
}

static struct link *link_new(int fd)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        abort();
    int yes = 1;
    link->fd = fd;
    link->ended = LINK_AGAIN;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return link;
}

struct link *link_adopt(int fd)
{
    return link_new(fd);
}

static int connect_one(const struct addrinfo *address, int64_t until_ms)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int error = 0;
    socklen_t n = sizeof error;
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        error = errno;
        if (error == EINPROGRESS) {
            error = ETIMEDOUT;
            if (link_wait(fd, POLLOUT, until_ms))
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
        }
    }
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

static int connect_tcp(const struct endpoint *endpoint, int64_t until_ms,
                       char *error, size_t n)
{
    char port[16];
    snprintf(port, sizeof port, "%d", endpoint->port);
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM,
                                           .ai_flags = AI_NUMERICSERV};
    int bad = getaddrinfo(endpoint->host, port, &hints, &list);
    if (bad) {
        snprintf(error, n, "%s: %s", endpoint->host, gai_strerror(bad));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = connect_one(a, until_ms);
    if (fd < 0)
        snprintf(error, n, "cannot connect to %s port %d: %s", endpoint->host,
                 endpoint->port, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

struct link *link_open(const struct endpoint *endpoint, int deadline_ms,
                       char *error, size_t n)
{
    int64_t until_ms = link_now_ms() + deadline_ms;
    int fd = connect_tcp(endpoint, until_ms, error, n);
    if (fd < 0)
        return NULL;
    struct link *link = link_new(fd);
    bool has_tls = endpoint->transport == TRANSPORT_TLS ||
                   endpoint->transport == TRANSPORT_WSS;
    bool has_ws = endpoint->transport == TRANSPORT_WS ||
                  endpoint->transport == TRANSPORT_WSS;
    if ((has_tls && tls_begin(link, endpoint->host, until_ms, error, n) < 0) ||
        (has_ws && ws_begin(link, endpoint, until_ms, error, n) < 0)) {
        link_free(link);
        return NULL;
    }
    return link;
}

static void close_fd(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    ws_end(link, false);
    tls_end(link);
    close_fd(link);
    free(link->in);
    free(link);
}

int link_fd(const struct link *link)
{
    return link->fd;
}

bool link_pending(const struct link *link)
{
    return link->at_in < link->n_in || link->n_head > 0 ||
           (link->ssl && SSL_pending(link->ssl) > 0);
}

const char *link_error(const struct link *link)
{
    return link->error;
}

static long ended_by_errno(struct link *link)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return LINK_AGAIN;
    return link->ended = LINK_RST;
}

/* OpenSSL keeps errors per thread: what one connection left there, another
 * would take for its own end. So the queue is emptied before each call. */
static long read_tls(struct link *link, void *octets, size_t n)
{
    ERR_clear_error();
    int got = SSL_read(link->ssl, octets, n > 65536 ? 65536 : (int)n);
    if (got > 0)
        return got;
    int why = SSL_get_error(link->ssl, got);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return LINK_AGAIN;
    if (why == SSL_ERROR_SYSCALL && errno == ECONNRESET)
        return link->ended = LINK_RST;
    /* Many brokers close TCP without close_notify: a close all the same. */
    return link->ended = LINK_FIN;
}

long layer_read(struct link *link, void *octets, size_t n)
{
    if (link->n_head > 0) {
        size_t take = n < link->n_head ? n : link->n_head;
        memcpy(octets, link->head, take);
        memmove(link->head, link->head + take, link->n_head - take);
        link->n_head -= take;
        return (long)take;
    }
    if (link->fd < 0 || link->ended != LINK_AGAIN)
        return link->ended == LINK_AGAIN ? LINK_FIN : link->ended;
    if (link->ssl)
        return read_tls(link, octets, n);
    ssize_t got = recv(link->fd, octets, n, 0);
    if (got > 0)
        return got;
    if (got == 0)
        return link->ended = LINK_FIN;
    return ended_by_errno(link);
}

static long write_some(struct link *link, const void *octets, size_t n)
{
    if (!link->ssl) {
        ssize_t sent = send(link->fd, octets, n, MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    ERR_clear_error();
    int sent = SSL_write(link->ssl, octets, n > 16384 ? 16384 : (int)n);
    if (sent > 0)
        return sent;
    int why = SSL_get_error(link->ssl, sent);
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

int layer_write(struct link *link, const void *octets, size_t n)
{
    enum { STALLED_MS = 10000 };
    const char *at = octets;
    while (n > 0) {
        if (link->fd < 0)
            return -1;
        long sent = write_some(link, at, n);
        if (sent < 0)
            return -1;
        at += sent;
        n -= (size_t)sent;
        if (sent == 0 &&
            !link_wait(link->fd, POLLOUT, link_now_ms() + STALLED_MS))
            return -1;
    }
    return 0;
}

int link_write(struct link *link, const void *octets, size_t n)
{
    if (link->ws)
        return ws_write(link, octets, n, false);
    return layer_write(link, octets, n);
}

int link_write_frame(struct link *link, unsigned first, const void *octets,
                     size_t n)
{
    return link->ws ? ws_write_frame(link, first, octets, n) : -1;
}

int link_write_below(struct link *link, const void *octets, size_t n)
{
    return link->ws ? layer_write(link, octets, n) : -1;
}

const char *link_subprotocol(const struct link *link)
{
    return link->subprotocol;
}

int link_write_text(struct link *link, const void *octets, size_t n)
{
    return link->ws ? ws_write(link, octets, n, true) : -1;
}

long link_read(struct link *link, void *octets, size_t n)
{
    return link->ws ? ws_read(link, octets, n) : layer_read(link, octets, n);
}

void link_drop(struct link *link)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (link->fd >= 0)
        setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close_fd(link);
}

void link_half_close(struct link *link)
{
    if (link->fd >= 0)
        shutdown(link->fd, SHUT_WR);
}

void link_close(struct link *link)
{
    ws_end(link, true);
    if (link->ssl && link->fd >= 0) {
        ERR_clear_error();
        SSL_shutdown(link->ssl);
    }
    close_fd(link);
}
