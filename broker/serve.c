// SPDX-License-Identifier: Apache-2.0
/* serve.c -- the select() loop: gather, wait, accept, read, expire, commit,
 * flush, sweep.
 *
 * One turn serves every connection that has something, then writes once to each
 * of those that have output (broker_end_turn), so that the cost of system calls
 * is shared by all that happened. The kernel takes descriptor sets of any
 * length; FD_SET of the C library does not, hence the bit operations here.
 * Expected size: tens to thousands of connections, one word of a set for 64.
 */
#include "serve.h"

#include "base/die.h"
#include "net/sniff.h"
#include "net/tcp.h"
#include "net/tls.h"
#include "net/ws.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_PER_TURN = 131072, /* octets taken from one connection in a turn */
    ACCEPT_PER_TURN = 64,   /* connections taken from one socket in a turn */
    KEEP_INPUT = 2048,      /* a longer rest keeps the large buffer */
    MOST_SURPLUS = 64, /* connections beyond the limits, while they are told */
    RESERVED_DESCRIPTORS = 16, /* for the store, files being reloaded */
    PATIENCE_MS = 1000,        /* how long draining may take */
    ACCEPT_PAUSE_MS = 100,     /* after running out of descriptors */
    WORD_BITS = CHAR_BIT * (int)sizeof(unsigned long),
};

struct serve {
    struct broker *broker;
    struct listener *listeners;
    size_t n_listeners;
    unsigned long *readable; /* descriptor sets, n_words each */
    unsigned long *writable;
    size_t n_words;
    int max_fd;
    struct buf scratch; /* lent to connections that have nothing unread */
    bool has_pending;   /* a transport holds octets that select cannot see */
    uint64_t until_ms;  /* when draining gives up; 0: not draining */
    uint64_t accept_again_ms; /* descriptors ran out; 0: they did not */
};

/* Signals only set a flag and wake select(); nothing else is safe in them. */
static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t reload_signal;

static void on_signal(int number)
{
    if (number == SIGHUP)
        reload_signal = 1;
    else
        stop_signal = number;
}

uint64_t serve_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1;
}

static void set_bit(unsigned long *set, int fd)
{
    set[fd / WORD_BITS] |= 1ul << (fd % WORD_BITS);
}

static bool has_bit(const unsigned long *set, int fd)
{
    return (set[fd / WORD_BITS] >> (fd % WORD_BITS) & 1) != 0;
}

/* raise_limit asks for as many descriptors as the process may have. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* make_room widens the sets for descriptors up to fd. */
static void make_room(struct serve *s, int fd)
{
    size_t n_words = s->n_words ? s->n_words : 16;
    size_t bits = WORD_BITS;

    while (n_words * bits <= (size_t)fd)
        n_words *= 2;
    if (n_words == s->n_words)
        return;
    s->readable = mem_grow(s->readable, n_words, sizeof *s->readable);
    s->writable = mem_grow(s->writable, n_words, sizeof *s->writable);
    s->n_words = n_words;
}

/* may_read tells whether a client's octets are wanted: one who does not read
 * what we send must not make us queue more answers. Messages alone stop at
 * max-output-octets, so that a slow subscriber's acknowledgements and PINGREQ
 * are read all the same.
 */
static bool may_read(const struct serve *s, const struct conn *c)
{
    return !c->has_ended &&
           (c->state == CONN_CLOSING ||
            (int64_t)c->out_octets / 2 <= s->broker->config->max_output_octets);
}

static void gather_listeners(struct serve *s)
{
    if (s->accept_again_ms > s->broker->now_ms || s->broker->is_stopping)
        return;
    s->accept_again_ms = 0;
    for (size_t i = 0; i < s->n_listeners; i++)
        for (int k = 0; k < s->listeners[i].n_fds; k++) {
            int fd = s->listeners[i].fds[k];
            set_bit(s->readable, fd);
            s->max_fd = fd > s->max_fd ? fd : s->max_fd;
        }
}

static void gather_clients(struct serve *s)
{
    s->max_fd = 0;
    s->has_pending = false;
    for (struct client *c = s->broker->clients; c; c = c->next) {
        struct transport *t = c->conn->transport;
        bool reads;
        if (!t)
            continue;
        reads = may_read(s, c->conn);
        s->max_fd = t->fd > s->max_fd ? t->fd : s->max_fd;
        if (reads)
            set_bit(s->readable, t->fd);
        if (conn_wants_write(c->conn))
            set_bit(s->writable, t->fd);
        s->has_pending |= reads && t->ops->has_pending(t);
    }
}

/* wait_ms tells how long nothing needs to be done; -1: for ever. */
static int64_t wait_ms(const struct serve *s, uint64_t now_ms)
{
    uint64_t deadline = broker_next_deadline(s->broker);

    if (s->has_pending)
        return 0;
    if (s->accept_again_ms && (!deadline || s->accept_again_ms < deadline))
        deadline = s->accept_again_ms;
    if (s->until_ms && (!deadline || s->until_ms < deadline))
        deadline = s->until_ms;
    if (deadline == 0)
        return -1;
    return deadline > now_ms ? (int64_t)(deadline - now_ms) : 0;
}

/* wait_for_work sleeps in select. Returns how many bits are left. Signals
 * are let in only there, so that none is missed between a look at its flag and
 * the sleep.
 */
static int wait_for_work(struct serve *s, const sigset_t *while_waiting)
{
    int64_t wait = wait_ms(s, s->broker->now_ms);
    struct timespec timeout = {(time_t)(wait / 1000),
                               (long)(wait % 1000) * 1000000};
    int n = pselect(s->max_fd + 1, (fd_set *)(void *)s->readable,
                    (fd_set *)(void *)s->writable, NULL,
                    wait < 0 ? NULL : &timeout, while_waiting);

    if (n < 0 && errno != EINTR)
        die("select: %s", strerror(errno));
    return n > 0 ? n : 0;
}

/* has_place tells whether a connection can be taken, if only to be told that
 * there are as many as allowed.
 */
static bool has_place(const struct serve *s, int max_fds)
{
    const struct broker *b = s->broker;

    return b->n_clients + RESERVED_DESCRIPTORS < (size_t)max_fds &&
           b->n_surplus < MOST_SURPLUS;
}

static void add_client(struct serve *s, struct listener *l, int fd,
                       const char *peer)
{
    struct broker *b = s->broker;
    struct conn *conn = conn_new(tcp_new(fd), b->log);

    snprintf(conn->peer, sizeof conn->peer, "%s", peer);
    make_room(s, fd);
    broker_add_client(b, conn, l->options);
    log_line(b->log, LOG_DEBUG, "connection %llu: from %s",
             (unsigned long long)conn->id, conn->peer);
}

static void accept_all(struct serve *s, struct listener *l, int fd)
{
    int max_fds = (int)sysconf(_SC_OPEN_MAX);
    char peer[64];

    for (int i = 0; i < ACCEPT_PER_TURN; i++) {
        int accepted = listener_accept(l, fd, peer, sizeof peer);
        if (accepted < 0 && (errno == EMFILE || errno == ENFILE ||
                             errno == ENOBUFS || errno == ENOMEM)) {
            log_line(s->broker->log, LOG_WARNING, "cannot accept: %s",
                     strerror(errno));
            s->accept_again_ms = s->broker->now_ms + ACCEPT_PAUSE_MS;
        }
        if (accepted < 0)
            return;
        if (has_place(s, max_fds)) {
            add_client(s, l, accepted, peer);
            continue;
        }
        log_line(s->broker->log, LOG_WARNING,
                 "%s refused: as many connections as allowed", peer);
        close(accepted);
    }
}

static void accept_ready(struct serve *s)
{
    for (size_t i = 0; i < s->n_listeners; i++)
        for (int k = 0; k < s->listeners[i].n_fds; k++)
            if (has_bit(s->readable, s->listeners[i].fds[k]))
                accept_all(s, &s->listeners[i], s->listeners[i].fds[k]);
}

static void give_up(struct serve *s, struct client *c, const char *why)
{
    log_line(s->broker->log, LOG_INFO, "%s: %s", c->conn->peer, why);
    broker_close_client(s->broker, c, REASON_SUCCESS);
}

/* listener_of finds the acceptor that a client came through. */
static const struct listener *listener_of(const struct serve *s,
                                          const struct client *c)
{
    for (size_t i = 0; i < s->n_listeners; i++)
        if (s->listeners[i].options == c->options)
            return &s->listeners[i];
    die("a client without an acceptor");
}

/* open_tls decides, at the bottom, between TLS and plain. Returns false when
 * that is not known yet or the connection is over.
 */
static bool open_tls(struct serve *s, struct client *c)
{
    struct conn *conn = c->conn;
    const struct listener *l = listener_of(s, c);
    uint8_t first;
    ssize_t n;

    if (!l->tls || strcmp(conn->transport->ops->name, "tcp") != 0 ||
        buf_size(&conn->in) > 0)
        return true;
    n = tcp_peek(conn->transport, &first, 1);
    if (n < 0) {
        conn->has_ended = true;
        conn->error = errno;
    }
    if (n <= 0)
        return n < 0;
    if (sniff_protocol(slice_of(&first, 1)) == SNIFF_TLS) {
        conn->transport = tls_new(conn->transport, l->tls);
        return true;
    }
    if (!l->options->ssl_optional)
        give_up(s, c, "does not speak TLS on a TLS port");
    return l->options->ssl_optional;
}

/* open_protocol decides between WebSocket and MQTT, on TCP or TLS. */
static void open_protocol(struct serve *s, struct client *c)
{
    struct conn *conn = c->conn;
    enum sniff protocol = sniff_protocol(buf_slice(&conn->in));
    struct buf early = conn->in;
    char name[256];

    if (protocol == SNIFF_MORE)
        return;
    if (protocol == SNIFF_TLS) {
        give_up(s, c, "speaks TLS on a plain port");
        return;
    }
    if (tls_peer_name(conn->transport, name, sizeof name))
        c->certificate_name = mem_dup(name, strlen(name));
    if (protocol == SNIFF_HTTP) {
        conn->in = (struct buf){0};
        conn->transport =
            ws_new(conn->transport, c->options, buf_slice(&early));
        buf_clear(&early);
    }
    conn_enter(conn, CONN_AWAIT_CONNECT);
}

/* lend gives the loop's large buffer to a connection without unread octets; an
 * idle connection then needs none of its own.
 */
static void lend(struct serve *s, struct conn *c)
{
    if (c->in.data)
        return;
    c->in = s->scratch;
    s->scratch = (struct buf){0};
}

/* take_back returns it; a short rest moves into a small buffer. */
static void take_back(struct serve *s, struct conn *c)
{
    struct buf rest = {0};

    if (c->state == CONN_CLOSING)
        buf_consume(&c->in, buf_size(&c->in));
    if (buf_size(&c->in) > KEEP_INPUT)
        return;
    if (s->scratch.data) {
        buf_shrink(&c->in, KEEP_INPUT);
        return;
    }
    if (buf_size(&c->in) > 0)
        buf_append(&rest, buf_slice(&c->in).data, buf_size(&c->in));
    s->scratch = c->in;
    s->scratch.start = s->scratch.end = 0;
    c->in = rest;
}

static void read_client(struct serve *s, struct client *c)
{
    struct conn *conn = c->conn;

    if (conn->state == CONN_OPENING && !open_tls(s, c))
        return;
    lend(s, conn);
    conn_read(conn, READ_PER_TURN);
    if (conn->state == CONN_OPENING && !conn->has_ended)
        open_protocol(s, c);
    /* What came with the request for a WebSocket lies in the transport. */
    if (conn->state == CONN_AWAIT_CONNECT && buf_size(&conn->in) == 0)
        conn_read(conn, READ_PER_TURN);
    if (conn->state != CONN_OPENING || conn->has_ended)
        broker_input(s->broker, c);
    take_back(s, conn);
}

/* take_ready counts the bits that select() left for a client off n_ready.
 * Returns whether it is to be read: TLS may need a writable socket for that.
 */
static bool take_ready(const struct serve *s, const struct transport *t,
                       int *n_ready)
{
    bool is_readable = has_bit(s->readable, t->fd);
    bool is_writable = has_bit(s->writable, t->fd);

    *n_ready -= is_readable + is_writable;
    return is_readable || (is_writable && t->wants_write);
}

/* serve_clients reads from those that are ready, and stops behind the last one,
 * unless a transport may hold octets that select() does not see.
 */
static void serve_clients(struct serve *s, int n_ready)
{
    for (struct client *c = s->broker->clients;
         c && (n_ready > 0 || s->has_pending); c = c->next) {
        const struct transport *t = c->conn->transport;
        if (!t)
            continue;
        bool is_ready = n_ready > 0 && take_ready(s, t, &n_ready);
        if (may_read(s, c->conn) && (is_ready || t->ops->has_pending(t)))
            read_client(s, c);
    }
}

static void turn(struct serve *s, const sigset_t *while_waiting)
{
    int n_ready;

    memset(s->readable, 0, s->n_words * sizeof *s->readable);
    memset(s->writable, 0, s->n_words * sizeof *s->writable);
    gather_clients(s);
    gather_listeners(s);
    n_ready = wait_for_work(s, while_waiting);
    broker_begin_turn(s->broker, serve_clock_ms(), (int64_t)time(NULL));
    serve_clients(s, n_ready);
    if (n_ready > 0 && !s->broker->is_stopping)
        accept_ready(s);
    broker_end_turn(s->broker);
}

/* catch_signals lets signals in only while select() waits. */
static void catch_signals(sigset_t *while_waiting)
{
    static const int caught[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        sigaddset(&blocked, caught[i]);
        sigaction(caught[i], &action, NULL);
    }
    sigaction(SIGPIPE, &ignore, NULL);
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigdelset(while_waiting, caught[i]);
}

static void announce(struct serve *s)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        const struct listener *l = &s->listeners[i];
        bool is_v6 = strchr(l->options->host, ':') != NULL;
        for (int k = 0; k < l->n_fds; k++)
            make_room(s, l->fds[k]);
        if (l->is_internal)
            continue;
        printf("listening on %s%s%s:%u\n", is_v6 ? "[" : "", l->options->host,
               is_v6 ? "]" : "", (unsigned)l->port);
    }
    fflush(stdout);
}

/* drain waits until every client has its DISCONNECT, or patience ends. */
static void drain(struct serve *s, const sigset_t *while_waiting)
{
    log_line(s->broker->log, LOG_INFO, "stopping");
    broker_stop(s->broker);
    s->until_ms = serve_clock_ms() + PATIENCE_MS;
    for (size_t i = 0; i < s->n_listeners; i++)
        listener_close(&s->listeners[i]);
    while (s->broker->clients && serve_clock_ms() < s->until_ms)
        turn(s, while_waiting);
}

void serve_run(struct broker *b, struct listener *listeners, size_t n_listeners,
               void (*reload)(void *arg), void *arg)
{
    struct serve s = {
        .broker = b, .listeners = listeners, .n_listeners = n_listeners};
    sigset_t while_waiting;

    raise_limit();
    make_room(&s, 0);
    catch_signals(&while_waiting);
    announce(&s);
    while (!stop_signal) {
        turn(&s, &while_waiting);
        if (!reload_signal)
            continue;
        reload_signal = 0;
        if (reload)
            reload(arg);
    }
    drain(&s, &while_waiting);
    buf_clear(&s.scratch);
    free(s.readable);
    free(s.writable);
}
