// SPDX-License-Identifier: Apache-2.0
/* session.h -- what the broker remembers of one client.
 *
 * A session outlives its connections. While one is attached, `link` says what
 * may be sent on it; session_pump sends what is queued as far as the link's
 * quota allows. Handlers (on_*.c) change sessions only through this header.
 * Expected size: tens of thousands of sessions. Spec: 5.0 s3.1.2.11, s4.1.
 */
#ifndef BROKER_STATE_SESSION_H
#define BROKER_STATE_SESSION_H

#include "net/conn.h"
#include "state/inflight.h"
#include "state/store.h"
#include "state/subtree.h"
#include "state/table.h"

#define SESSION_NEVER_EXPIRES UINT32_MAX

/* Limits that every session obeys; set once from the configuration. 0: none. */
struct session_limits {
    size_t max_queued_messages;
    size_t max_queued_octets;
    size_t max_output_octets; /* above it QoS 0 is dropped, the rest queued */
};

/* What the attached connection allows us to send. Zeroed: not attached. */
struct link {
    struct conn *conn; /* NULL: not attached */
    enum mqtt_version version;
    uint16_t receive_maximum;  /* of the client; 65,535 when it said nothing */
    uint16_t n_unacknowledged; /* QoS 1 and 2 PUBLISH that count against it */
    uint16_t topic_alias_maximum;
    uint16_t n_topic_aliases;          /* given so far, 1..n */
    struct topic_alias *topic_aliases; /* session_send.c: hashed by topic */
    uint32_t maximum_packet_size;      /* octets; 0: no limit */
};

/* The Will as the session keeps it. message NULL: none. Its lifetime begins
 * when it is published: until then its expires_ms counts from that moment. */
struct session_will {
    struct message *message;
    uint32_t delay_s;
    uint64_t due_ms; /* when to publish; 0: the client is connected */
};

struct session {
    struct table_link link_of_table; /* by Client Identifier */
    uint64_t id;                     /* unique in the process; never reused */
    char *client_id;                 /* owned; client_id_n octets and a NUL */
    size_t client_id_n;
    char *user;                 /* whom it belongs to; NULL: anonymous. Used to
                                   authorise the Will and later deliveries */
    uint32_t expiry_interval_s; /* SESSION_NEVER_EXPIRES: never */
    uint64_t expires_ms;        /* 0: attached, or never */
    uint64_t detached_ms;       /* when it lost its last connection */
    uint64_t stored_id;         /* row in the store; 0: not stored */
    struct link link;
    struct session_will will;
    struct subscription *subscriptions; /* list; each is also in the subtree */
    size_t n_subscriptions;
    struct inflight inflight;
    struct delivery_list queue; /* waiting: quota used up, or not attached */
    struct delivery_list waiting_0; /* at QoS 0, for room in the output: only
                                       while attached, never stored */
    struct delivery *resend; /* in inflight.sent: the first that was not yet
                                sent again on this connection; NULL: none */
    uint64_t n_dropped;      /* deliveries lost to the limits, ever */
    uint64_t next_expiry_look_ms; /* when a full queue is searched again */
    void *match;                  /* scratch of the router during one message */
    struct store *store;          /* NULL: nothing is kept on disk */
    const struct session_limits *limits;
};

/* All sessions by Client Identifier. */
struct session_table {
    struct table table;
    uint64_t last_id;
};

void session_table_clear(struct session_table *t, struct subtree *subtree);

/* session_find gives the session of a Client Identifier; NULL: none. */
struct session *session_find(const struct session_table *t,
                             struct slice client_id);

/* session_new adds an empty session that is not attached.
 *
 * client_id   copied; no session with it exists
 * store       borrowed; NULL: keep nothing
 */
struct session *session_new(struct session_table *t, struct slice client_id,
                            struct store *store,
                            const struct session_limits *limits);

/* session_end removes the session with subscriptions, queue and stored rows,
 * and frees it. Its Will must be dealt with before; it must not be attached.
 * Call router_hand_over first, for its shared subscriptions.
 */
void session_end(struct session_table *t, struct session *s,
                 struct subtree *subtree);

/* session_each calls visit for every session. visit may end the session that
 * it is given, and no other.
 */
void session_each(struct session_table *t,
                  void (*visit)(struct session *s, void *arg), void *arg);

/* session_client_id gives a session's Client Identifier; borrowed. */
static inline struct slice session_client_id(const struct session *s)
{
    return slice_of(s->client_id, s->client_id_n);
}

/* session_free_aliases forgets the Topic Aliases that were given on a link
 * [MQTT-3.3.2-7].
 */
void session_free_aliases(struct link *link);

/* session_reclaim lets abandoned subscriptions gather messages again. */
void session_reclaim(struct session *s);

/* session_save writes the session itself to the store, if it outlives its
 * connection; session_attach and session_detach do that too. Its
 * subscriptions and messages are stored as they change.
 */
void session_save(struct session *s);

/* session_attach binds a connection: the CONNACK was already sent on it.
 *
 * link   what the client allows; copied. Its counters and aliases start anew
 *
 * Stops expiry and a due Will. Sends again, in their old order, the PUBLISH
 * (with DUP) and PUBREL that were not acknowledged, then pumps.
 * Spec: 5.0 s4.4 [MQTT-4.4.0-1]; 3.1.1 s4.4.
 */
void session_attach(struct session *s, const struct link *link,
                    uint64_t now_ms);

/* session_detach lets the connection go. Messages stay; QoS 0 that was not yet
 * sent is forgotten. Starts expiry when expiry_interval_s is neither 0 nor
 * never. The caller ends a session whose interval is 0.
 */
void session_detach(struct session *s, uint64_t now_ms);

/* session_deliver gives a message to the session: sends it if the link is
 * attached, the order allows it and the quota is there; else queues it (QoS 0
 * is dropped when not attached). Takes its own reference.
 *
 * When the queue is full the newest message is lost, so that the order of the
 * others holds; expired ones make room first.
 *
 * qos              already lowered to what was granted
 * is_retained      the RETAIN flag to send
 * ids, n           Subscription Identifiers, borrowed
 * share_group_id   of a shared subscription; 0: ordinary
 *
 * Returns false when the message was lost to the limits.
 */
bool session_deliver(struct session *s, struct message *m, uint8_t qos,
                     bool is_retained, const uint32_t *ids, uint32_t n,
                     uint64_t share_group_id, uint64_t now_ms);

/* session_deliver_retained gives it a retained message, for a subscription. At
 * QoS 0 too it waits for room in the output, since all are due [MQTT-3.3.1-9].
 */
bool session_deliver_retained(struct session *s, struct message *m, uint8_t qos,
                              const uint32_t *ids, uint32_t n, uint64_t now_ms);

/* session_can_send tells whether a QoS 1 or 2 PUBLISH could leave at once: a
 * connection is attached, and neither quota nor output limit is used up.
 */
bool session_can_send(const struct session *s);

/* session_has_backlog tells whether session_pump has something to send; asked
 * after each flush, since only then the output limit gives way.
 */
static inline bool session_has_backlog(const struct session *s)
{
    return s->link.conn && (s->resend || s->queue.first || s->waiting_0.first);
}

/* session_drop_queued forgets what is queued and not wanted any more. */
void session_drop_queued(struct session *s,
                         bool (*is_unwanted)(const struct session *s,
                                             const struct message *m,
                                             void *arg),
                         void *arg);

/* session_forget takes a delivery, queued or under way, out and frees it. */
void session_forget(struct session *s, struct delivery *d);

/* session_pump sends queued messages while quota and output limits allow.
 * Expired ones and those too large for the client are dropped [MQTT-3.1.2-25].
 */
void session_pump(struct session *s, uint64_t now_ms);

/* session_on_ack moves the sender's machine for PUBACK, PUBREC or PUBCOMP,
 * frees quota and pumps. A PUBREL, if one is due, is sent here.
 *
 * Returns REASON_SUCCESS, or REASON_PROTOCOL_ERROR.
 */
enum reason session_on_ack(struct session *s, enum packet_type type,
                           const struct ack *ack, uint64_t now_ms);

/* session_on_publish_2 moves the receiver's machine for a QoS 2 PUBLISH.
 *
 * is_refused   the PUBREC will carry a failure: the id stays free
 *
 * Returns true when the message is new and must be delivered.
 */
bool session_on_publish_2(struct session *s, uint16_t packet_id,
                          bool is_refused);

/* session_on_pubrel moves it for PUBREL.
 *
 * Returns REASON_SUCCESS, or REASON_PACKET_IDENTIFIER_NOT_FOUND, for PUBCOMP.
 */
enum reason session_on_pubrel(struct session *s, uint16_t packet_id);

/* session_add_subscription adds or replaces a subscription.
 *
 * request   filter with its "$share/NAME/" prefix (5.0), options
 * share     the ShareName; empty: not shared
 * filter    the filter behind it
 * id        Subscription Identifier; 0: none
 *
 * Returns true if there was none with this filter before (Retain Handling 1
 * asks for that). Spec: 5.0 s3.8.4 [MQTT-3.8.4-3]; 3.1.1 s3.8.4.
 */
bool session_add_subscription(struct session *s, struct subtree *subtree,
                              const struct subscription_request *request,
                              struct slice share, struct slice filter,
                              uint32_t id);

/* session_find_share gives the session's subscription in a share group; NULL:
 * it is no member.
 */
struct subscription *session_find_share(const struct session *s,
                                        uint64_t share_group_id);

/* session_remove_subscription takes a subscription away.
 *
 * topic_filter   as the client wrote it, "$share/" included; compared octet by
 *                octet [MQTT-3.10.4-1]
 *
 * Returns false if there was none.
 */
bool session_remove_subscription(struct session *s, struct subtree *subtree,
                                 struct slice topic_filter);

/* session_queue_size counts the messages that wait for one subscription, sent
 * and not acknowledged ones included.
 */
size_t session_queue_size(const struct session *s,
                          const struct subscription *sub);

/* session_delete_queue drops the messages that wait for one subscription and
 * for no other, and lets it gather none until the client returns. (Manual:
 * Automatic Subscription Clean-up.) The session must not be attached.
 */
void session_delete_queue(struct session *s, struct subscription *sub);

#endif
