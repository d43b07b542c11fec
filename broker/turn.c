// SPDX-License-Identifier: Apache-2.0
/* turn.c -- the turn: clients come, are served, and are swept.
 *
 * What a turn costs is shared by all that happens in it: one commit of the
 * store, one write for each connection.
 * Spec: 5.0 s3.1.2.10, s4.13; 3.1.1 s3.1.2.10.
 */
#include "broker.h"

#include <stdlib.h>
#include <utlist.h>

#include "address.h"
#include "auth.h"
#include "auto_delete.h"
#include "base/die.h"
#include "client.h"
#include "dispatch.h"
#include "on_session.h"
#include "sys.h"
#include "trace.h"

/* free_client takes a client out of the list and frees it. */
static void free_client(struct broker *b, struct client *c)
{
    DL_DELETE2(b->clients, c, previous, next);
    b->n_clients--;
    b->n_surplus -= c->is_surplus;
    b->counters.n_octets_in += c->conn->n_octets_in;
    b->counters.n_octets_out += c->conn->n_octets_out;
    conn_free(c->conn);
    for (size_t i = 0; i < c->aliases_capacity; i++)
        free(c->aliases[i].topic);
    free(c->aliases);
    free(c->user);
    free(c->certificate_name);
    auth_free(c);
    free(c);
}

void broker_clear(struct broker *b)
{
    while (b->clients) {
        struct client *c = b->clients;
        if (c->session)
            session_detach(c->session, b->now_ms);
        free_client(b, c);
    }
    session_table_clear(&b->sessions, &b->subtree);
    subtree_clear(&b->subtree);
    retain_clear(&b->retain);
    router_clear(&b->router);
    store_close(b->store);
    *b = (struct broker){0};
}

/* earlier picks the nearer of two times; 0 is never. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a ? a : b;
    return a < b ? a : b;
}

/* on_packet_sent counts and traces what goes out, acknowledgements and
 * messages alike. */
static void on_packet_sent(struct conn *conn, const struct packet *packet)
{
    struct client *c = conn->user;
    c->broker->counters.n_packets_out++;
    if (packet->type == PACKET_PUBLISH)
        c->broker->counters.n_publish_out++;
    client_trace(c->broker, c, "OUT >>", packet);
}

/* is_surplus tells whether there are as many connections as allowed already. */
static bool is_surplus(const struct broker *b,
                       const struct acceptor_options *options)
{
    size_t n = b->n_clients - b->n_surplus, n_here = 0;
    int32_t most = b->config->max_connections;
    int32_t most_here = options->connections_allowed;
    if (most > 0 && n >= (size_t)most)
        return true;
    if (most_here < 0)
        return false;
    for (const struct client *c = b->clients; c; c = c->next)
        n_here += c->options == options && !c->is_surplus;
    return n_here >= (size_t)most_here;
}

struct client *broker_add_client(struct broker *b, struct conn *conn,
                                 const struct acceptor_options *options)
{
    struct client *c = mem_new(1, sizeof *c);
    c->broker = b;
    c->conn = conn;
    c->options = options;
    c->wants_problem_information = true;
    c->is_surplus = is_surplus(b, options);
    b->n_surplus += c->is_surplus;
    DL_PREPEND2(b->clients, c, previous, next);
    b->n_clients++;
    conn->user = c;
    conn->on_send = on_packet_sent;
    conn->id = ++b->counters.n_connections;
    if (options->handshake_timeout_s > 0)
        conn->deadline_ms =
            b->now_ms + (uint64_t)options->handshake_timeout_s * 1000;
    b->next_client_ms = earlier(b->next_client_ms, conn->deadline_ms);
    if (b->is_stopping)
        broker_close_client(b, c, REASON_SUCCESS);
    else if (c->is_surplus)
        log_line(b->log, LOG_WARNING, "%s: one connection too many, %zu open",
                 conn->peer, b->n_clients - b->n_surplus);
    return c;
}

void broker_begin_turn(struct broker *b, uint64_t now_ms, int64_t wall_s)
{
    b->now_ms = now_ms;
    b->wall_s = wall_s;
    store_set_time(b->store, now_ms, wall_s);
}

void broker_input(struct broker *b, struct client *c)
{
    struct conn *conn = c->conn;
    struct slice octets = buf_slice(&conn->in);
    size_t used = 0;
    conn->in_missing = 0;
    if (conn->state != CONN_OPENING && octets.n > 0) {
        for (size_t n = 1; n > 0; used += n)
            n = dispatch_octets(b, c,
                                slice_of(octets.data + used, octets.n - used));
        if (conn->state == CONN_CLOSING)
            used = octets.n;
        buf_consume(&conn->in, used);
    }
    if (conn->has_ended)
        broker_close_client(b, c, REASON_SUCCESS);
}

/* on_silence ends a connection that was silent for too long [MQTT-3.1.2-22]. */
static void on_silence(struct broker *b, struct client *c)
{
    if (c->was_accepted)
        broker_close_client(
            b, c,
            client_blame(c, REASON_KEEP_ALIVE_TIMEOUT,
                         "silent for one and a half times the Keep Alive"));
    else
        broker_close_client(b, c, REASON_SUCCESS);
}

static bool is_due(uint64_t time_ms, uint64_t now_ms)
{
    return time_ms != 0 && time_ms <= now_ms;
}

/* can_be_swept tells whether nothing more can happen on a closed connection. */
static bool can_be_swept(const struct broker *b, const struct client *c)
{
    const struct conn *conn = c->conn;
    if (conn->state != CONN_CLOSING)
        return false;
    bool is_done = conn->transport ? conn->is_finished && conn->has_ended
                                   : !conn_has_output(conn);
    return is_done || conn->is_broken || is_due(c->sweep_ms, b->now_ms);
}

/* give_up drops a connection without writing what waits. */
static void give_up(struct broker *b)
{
    log_line(b->log, LOG_ERROR,
             "the store failed: all connections are dropped, so that nothing "
             "is acknowledged that is not safe");
    for (struct client *c = b->clients; c; c = c->next)
        c->conn->is_broken = c->conn->has_ended = true;
}

/* close_lost ends the connections that were lost, or silent for too long. */
static void close_lost(struct broker *b)
{
    for (struct client *c = b->clients; c; c = c->next) {
        if (c->conn->has_ended)
            broker_close_client(b, c, REASON_SUCCESS);
        else if (is_due(c->conn->deadline_ms, b->now_ms))
            on_silence(b, c);
    }
}

/* flush_client writes what waits, and goes on with what the output limit held
 * back. */
static void flush_client(struct broker *b, struct client *c)
{
    conn_flush(c->conn);
    if (c->session && session_has_backlog(c->session) &&
        !conn_has_output(c->conn)) {
        session_pump(c->session, b->now_ms);
        b->has_work |= conn_has_output(c->conn);
    }
    if (c->conn->has_ended && c->conn->state != CONN_CLOSING)
        b->has_work = true;
}

/* flush_and_sweep visits every connection once, and notes the nearest deadline
 * on the way. Most are idle, and cost a look at one cache line. */
static void flush_and_sweep(struct broker *b)
{
    struct client *next;
    b->next_client_ms = 0;
    for (struct client *c = b->clients; c; c = next) {
        const struct conn *conn = c->conn;
        bool is_closing = conn->state == CONN_CLOSING;
        next = c->next;
        if (is_closing || conn->has_ended || conn_has_output(conn) ||
            conn_wants_write(conn))
            flush_client(b, c);
        b->next_client_ms = earlier(
            b->next_client_ms, is_closing ? c->sweep_ms : conn->deadline_ms);
        if (is_closing && can_be_swept(b, c))
            free_client(b, c);
    }
}

void broker_end_turn(struct broker *b)
{
    bool may_be_lost = b->has_work || is_due(b->next_client_ms, b->now_ms);
    b->has_work = false;
    if (may_be_lost)
        close_lost(b);
    on_sessions_scan(b);
    auto_delete_scan(b);
    sys_publish(b);
    if (store_commit(b->store) != 0)
        give_up(b);
    flush_and_sweep(b);
}

uint64_t broker_next_deadline(const struct broker *b)
{
    uint64_t next = earlier(b->next_scan_ms, b->next_will_ms);
    next = earlier(next, b->next_sys_ms);
    next = earlier(next, b->next_queue_scan_ms);
    next = earlier(next, b->next_client_ms);
    return b->has_work ? b->now_ms : next;
}

void broker_stop(struct broker *b)
{
    b->is_stopping = true;
    for (struct client *c = b->clients; c; c = c->next)
        broker_close_client(b, c, REASON_SERVER_SHUTTING_DOWN);
}
