// SPDX-License-Identifier: Apache-2.0
/* listen.c -- the sockets that wait for connections.
 *
 * A host name may mean several addresses ("localhost": 127.0.0.1 and ::1); all
 * are listened on. With port 0 the first takes a free one and the others the
 * same.
 */
#include "net/listen.h"

#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t port_of(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *v6 = (const void *)address;
    const struct sockaddr_in *v4 = (const void *)address;

    return ntohs(address->ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    struct sockaddr_in6 *v6 = (void *)address;
    struct sockaddr_in *v4 = (void *)address;

    if (address->ss_family == AF_INET6)
        v6->sin6_port = htons(port);
    else
        v4->sin_port = htons(port);
}

/* prepare binds a new socket and listens. Returns 0, or -1 with errno. */
static int prepare(struct listener *l, int fd, struct sockaddr_storage *address,
                   socklen_t n_address)
{
    int one = 1;

    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
        return -1;
    /* 0.0.0.0 and [::] are listened on side by side. */
    if (address->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0)
        return -1;
    set_port(address, l->port);
    if (bind(fd, (struct sockaddr *)address, n_address) != 0 ||
        listen(fd, l->options->backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &n_address) != 0)
        return -1;
    l->port = port_of(address);
    return 0;
}

/* open_address adds one socket. A family that the machine lacks is no error.
 * Returns 0, or -1 with errno.
 */
static int open_address(struct listener *l, const struct addrinfo *info)
{
    struct sockaddr_storage address = {0};
    int fd = socket(info->ai_family, info->ai_socktype, info->ai_protocol);
    int saved;

    if (fd < 0)
        return errno == EAFNOSUPPORT ? 0 : -1;
    memcpy(&address, info->ai_addr, info->ai_addrlen);
    if (prepare(l, fd, &address, info->ai_addrlen) == 0) {
        l->fds[l->n_fds++] = fd;
        return 0;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return saved == EADDRNOTAVAIL && l->n_fds > 0 ? 0 : -1;
}

static int cannot_listen(const struct listener *l, const char *why,
                         struct complaint *error)
{
    bool is_v6 = strchr(l->options->host, ':') != NULL;

    return complain(error, "acceptor=tcp://%s%s%s:%u: cannot listen: %s",
                    is_v6 ? "[" : "", l->options->host, is_v6 ? "]" : "",
                    (unsigned)l->options->port, why);
}

int listener_open(struct listener *l, const struct acceptor_options *options,
                  struct complaint *error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    int result = 0;

    memset(l, 0, sizeof *l);
    l->options = options;
    l->port = options->port;
    if (options->ssl_enabled && !(l->tls = tls_context_new(options, error)))
        return -1;
    result = getaddrinfo(options->host, NULL, &hints, &list);
    if (result != 0) {
        listener_close(l);
        return cannot_listen(l, gai_strerror(result), error);
    }
    for (struct addrinfo *i = list;
         i && result == 0 && l->n_fds < LISTEN_MAX_SOCKETS; i = i->ai_next)
        result = open_address(l, i);
    freeaddrinfo(list);
    if (result == 0 && l->n_fds == 0) {
        errno = EADDRNOTAVAIL;
        result = -1;
    }
    if (result != 0) {
        cannot_listen(l, strerror(errno), error);
        listener_close(l);
    }
    return result;
}

int listener_accept(struct listener *l, int fd, char *peer, size_t n)
{
    struct sockaddr_storage address;
    socklen_t n_address = sizeof address;
    int accepted = accept(fd, (struct sockaddr *)&address, &n_address);
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    (void)l;
    if (accepted < 0)
        return -1;
    if (getnameinfo((struct sockaddr *)&address, n_address, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(peer, n, "unknown");
    else
        snprintf(peer, n,
                 address.ss_family == AF_INET6 ? "[%.45s]:%.5s" : "%.45s:%.5s",
                 host, port);
    return accepted;
}

void listener_close(struct listener *l)
{
    for (int i = 0; i < l->n_fds; i++)
        close(l->fds[i]);
    l->n_fds = 0;
    tls_context_free(l->tls);
    l->tls = NULL;
}
