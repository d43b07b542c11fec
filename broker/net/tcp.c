// SPDX-License-Identifier: Apache-2.0
/* tcp.c -- the transport at the bottom: a non-blocking socket.
 *
 * TCP_NODELAY is set: the broker writes once per connection and turn, so there
 * is nothing for Nagle's algorithm to gather, and waiting for delayed
 * acknowledgements would cost 40 ms.
 */
#include "net/tcp.h"

#include "base/die.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* later_or_gone turns what recv or sendmsg returned into what a transport
 * returns when no octet moved.
 */
static ssize_t later_or_gone(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    return -1;
}

static ssize_t receive(const struct transport *t, uint8_t *out, size_t n,
                       int flags)
{
    ssize_t got = recv(t->fd, out, n, flags);

    if (got > 0)
        return got;
    if (got < 0)
        return later_or_gone();
    errno = 0;
    return -1;
}

static ssize_t tcp_read(struct transport *t, uint8_t *out, size_t n)
{
    return receive(t, out, n, 0);
}

static ssize_t tcp_writev(struct transport *t, const struct iovec *parts,
                          int n_parts)
{
    /* sendmsg rather than writev, for MSG_NOSIGNAL; it only reads parts. */
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                             .msg_iovlen = (size_t)n_parts};
    ssize_t sent = sendmsg(t->fd, &message, MSG_NOSIGNAL);

    return sent >= 0 ? sent : later_or_gone();
}

static bool tcp_has_pending(const struct transport *t)
{
    (void)t;
    return false;
}

static int tcp_finish(struct transport *t)
{
    return shutdown(t->fd, SHUT_WR) == 0 ? 1 : -1;
}

static void tcp_free(struct transport *t)
{
    char scrap[4096];

    /* Closing with unread octets would reset the connection, and the other side
     * could lose what was sent to it last. */
    for (int i = 0; i < 16 && recv(t->fd, scrap, sizeof scrap, 0) > 0; i++)
        ;
    close(t->fd);
    free(t);
}

static const struct transport_ops tcp_ops = {
    .name = "tcp",
    .read = tcp_read,
    .writev = tcp_writev,
    .has_pending = tcp_has_pending,
    .finish = tcp_finish,
    .free = tcp_free,
};

struct transport *tcp_new(int fd)
{
    struct transport *t = mem_new(1, sizeof *t);
    int one = 1;

    t->ops = &tcp_ops;
    t->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* Fails on sockets that are not TCP (tests use socketpair); no harm. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return t;
}

ssize_t tcp_peek(struct transport *t, uint8_t *out, size_t n)
{
    return receive(t, out, n, MSG_PEEK);
}
