// SPDX-License-Identifier: Apache-2.0
/* broker.h -- everything the broker owns, in one struct.
 *
 * No globals and no clock of its own: the caller tells the time once a turn, so
 * that tests and fuzzers can drive a broker without sockets and without
 * waiting. A turn is:
 *
 *     broker_begin_turn(b, now_ms, wall_s);
 *     ... broker_input(b, client) for each connection that has new octets ...
 *     broker_end_turn(b);       expires, commits, flushes, sweeps
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/log.h"
#include "config.h"
#include "net/conn.h"
#include "security.h"
#include "state/retain.h"
#include "state/router.h"
#include "state/session.h"
#include "state/store.h"
#include "state/subtree.h"

struct broker;

/* A topic that a client gave a number. */
struct incoming_alias {
    char *topic; /* owned; NULL: not defined */
    size_t n;
};

/* One network connection as the broker sees it: the conn, the session it is
 * bound to, and what was agreed in CONNECT and CONNACK. */
struct client {
    struct client *next;
    struct client *previous;
    struct broker *broker; /* whom it belongs to */
    struct conn *conn;     /* owned */
    const struct acceptor_options *options;
    struct session *session; /* NULL: before CONNACK, or after the end */
    char *user;              /* as authenticated; NULL: anonymous */
    enum mqtt_version version;
    bool wants_problem_information; /* Request Problem Information */
    bool is_session_expiry_zero;    /* CONNECT asked for 0 (3.14.2.2.2) */
    bool is_surplus;                /* beyond the limits: to be refused */
    bool was_accepted;              /* CONNACK with 0x00 was sent */
    bool keeps_will; /* the end is not a normal DISCONNECT: publish the Will */
    uint16_t keep_alive_s;          /* as in force; 0: off */
    uint32_t maximum_packet_size;   /* of the client; 0: no limit */
    uint16_t receive_quota;         /* QoS 1 and 2 PUBLISH it may yet send */
    uint16_t receive_maximum;       /* where the quota starts */
    uint16_t topic_alias_maximum;   /* aliases it may use */
    struct incoming_alias *aliases; /* table, grown at need */
    size_t aliases_capacity;
    struct auth *auth;      /* auth.c; NULL: no enhanced authentication */
    char *certificate_name; /* of its TLS certificate; NULL: none */
    const char *why;   /* it is refused, in words; NULL: none better than the
                          Reason Code's name. Static; see client_blame */
    uint64_t sweep_ms; /* when a CLOSING connection is given up */
};

/* What $SYS and the log tell. */
struct broker_counters {
    uint64_t n_connections; /* ever */
    uint64_t n_clients;     /* now, accepted */
    uint64_t n_clients_maximum;
    uint64_t n_packets_in;
    uint64_t n_packets_out;
    uint64_t n_publish_in;
    uint64_t n_publish_out;
    uint64_t n_publish_dropped;
    uint64_t n_octets_in;
    uint64_t n_octets_out;
};

struct broker {
    const struct config *config; /* borrowed */
    const struct log *log;       /* borrowed; may be NULL */
    struct security *security;   /* borrowed; NULL: all may do all */
    struct store *store;         /* owned; NULL: memory only */
    struct client *clients;
    size_t n_clients;
    size_t n_surplus; /* of them, those to be refused */
    struct session_table sessions;
    struct session_limits limits;
    struct subtree subtree;
    struct retain retain;
    struct router router;
    struct broker_counters counters;
    uint64_t now_ms;
    int64_t wall_s;
    uint64_t started_ms;
    uint64_t next_scan_ms;   /* when sessions are scanned for expiry */
    uint64_t next_will_ms;   /* when the nearest delayed Will is due; 0: none */
    uint64_t next_client_ms; /* the nearest deadline of a connection; 0: none */
    uint64_t next_sys_ms;    /* when $SYS is published */
    size_t n_sys_retained;   /* of the retained messages, those of $SYS */
    uint64_t next_queue_scan_ms; /* when queues are scanned; 0: never */
    uint64_t last_assigned;      /* counts assigned Client Identifiers */
    bool is_stopping;
    bool has_work; /* something is left to do without waiting */
};

/* broker_init makes an empty broker.
 *
 * config, log, security   borrowed; log and security may be NULL
 * store                   owned from now on; NULL: memory only. Its content is
 *                         loaded
 *
 * Returns 0, or -1 when the store cannot be loaded.
 */
int broker_init(struct broker *b, const struct config *config,
                const struct log *log, struct security *security,
                struct store *store, uint64_t now_ms, int64_t wall_s);

/* broker_clear frees everything, connections included; nothing is published. */
void broker_clear(struct broker *b);

/* broker_add_client takes over a new connection.
 *
 * conn      owned from now on; in CONN_OPENING or CONN_AWAIT_CONNECT
 * options   the acceptor it came through; outlives the client
 *
 * Returns the client, in b->clients until the sweep.
 */
struct client *broker_add_client(struct broker *b, struct conn *conn,
                                 const struct acceptor_options *options);

/* broker_begin_turn tells the time.
 *
 * now_ms   any clock that never goes back, from 1 up
 * wall_s   seconds since 1970, for what survives a restart
 */
void broker_begin_turn(struct broker *b, uint64_t now_ms, int64_t wall_s);

/* broker_input handles all whole packets in c->conn->in, and what the end of
 * the connection (conn->has_ended) asks for. Call after conn_read, or after
 * putting octets there by hand.
 */
void broker_input(struct broker *b, struct client *c);

/* broker_end_turn publishes due Wills, ends silent connections and expired
 * sessions, commits the store, flushes every connection once, and sweeps those
 * that are closed.
 */
void broker_end_turn(struct broker *b);

/* broker_next_deadline tells when broker_end_turn has something to do though
 * nothing arrives.
 *
 * Returns a time on the broker's clock; 0: never; not later than now: at once.
 */
uint64_t broker_next_deadline(const struct broker *b);

/* broker_stop tells every client that the server shuts down (DISCONNECT 0x8B in
 * 5.0) and closes. The caller runs turns until b->clients is NULL, or until
 * patience ends.
 */
void broker_stop(struct broker *b);

/* broker_close_client ends a connection: sends the DISCONNECT or CONNACK that
 * the version allows, unbinds the session and deals with its Will. The conn is
 * CLOSING afterwards; memory stays until the sweep.
 *
 * reason   REASON_SUCCESS: without a word
 */
void broker_close_client(struct broker *b, struct client *c,
                         enum reason reason);

/* broker_may_retain tells whether one more message may be retained: it replaces
 * another, or max-retained-messages is not reached. $SYS does not count.
 */
bool broker_may_retain(const struct broker *b, struct slice topic);

/* broker_apply_rights takes from the queues what the rules, read anew, forbid
 * their sessions. What was sent already goes on to its end.
 */
void broker_apply_rights(struct broker *b);

/* broker_publish routes a message that was authorised, and keeps it if it is
 * retained. Address settings (expiry-delay) were applied before.
 *
 * Returns how many sessions matched.
 */
size_t broker_publish(struct broker *b, struct message *m);

/* broker_takes_levels tells whether a topic has no more levels than allowed. */
static inline bool broker_takes_levels(const struct broker *b,
                                       struct slice topic)
{
    int32_t most = b->config->max_topic_levels;
    return most == 0 || topic_n_levels(topic) <= (size_t)most;
}

#endif
