/* SPDX-License-Identifier: Apache-2.0 */
/* state.h -- what the observer knows of a connection, a session, a world.
 *
 * Inside conformance/observe only. Each side of a connection is a sender with
 * exchanges in flight; what outlives the connection hangs on its session.
 */
#ifndef MQTTSPEC_OBSERVE_STATE_H
#define MQTTSPEC_OBSERVE_STATE_H

#include "observe/observe.h"

/* A rule as each version cites it; NULL: that version has none. */
struct observe_cite {
    const char *v3_1_1, *v5_0;
};

/* An exchange that is not finished: who began it is the sender it hangs on. */
enum exchange_kind {
    EXCHANGE_QOS_1,
    EXCHANGE_QOS_2,
    EXCHANGE_SUBSCRIBE,
    EXCHANGE_UNSUBSCRIBE
};
struct exchange {
    struct exchange *next;
    enum exchange_kind kind;
    uint16_t id;
    uint64_t order;          /* of its first packet on this connection */
    uint64_t received_order; /* of its first PUBREC */
    bool is_resumed;         /* begun on an earlier connection of the session,
                                and not seen on this one yet */
    bool is_stray;    /* begun by a PUBREC that no PUBLISH was seen for */
    bool is_released; /* PUBREL was sent */
    bool is_complete; /* PUBCOMP was sent, before the PUBREL that is due */
    bool is_shared;   /* may belong to a Shared Subscription */
    unsigned n_publish, n_pubrec; /* on this connection */
    unsigned owed_pubrel, owed_pubcomp;
    uint64_t hash;               /* of topic and payload */
    size_t n_octets;             /* of the packet */
    struct wire_packet *request; /* SUBSCRIBE, UNSUBSCRIBE: a copy */
};

struct topic_alias {
    uint16_t alias;
    char *topic;
    size_t n;
};

/* A set of Packet Identifiers: one bit each, in pages made at need; so is the
 * list of pages, as most connections use no identifiers. */
struct id_set {
    unsigned char **pages; /* ID_PAGES, each of 1024 identifiers; NULL: none */
};
enum { ID_PAGES = 64 };

/* One direction of a connection. */
struct sender {
    unsigned char *pending; /* octets of a packet that is not complete */
    size_t n_pending, cap_pending;
    bool is_deaf; /* the stream cannot be cut into packets any more */
    size_t n_packets, n_findings;
    struct exchange *exchanges;
    /* Identifiers that were used on this connection. */
    struct id_set used_qos_1, used_qos_2, released;
    uint32_t quota, quota_max;   /* Receive Maximum of the other side */
    uint32_t alias_max;          /* Topic Alias Maximum of the other side */
    uint32_t packet_max;         /* Maximum Packet Size of it; 0 is none */
    struct topic_alias *aliases; /* set so far */
    size_t n_aliases;
    bool has_closed, has_disconnected;
};

/* A Topic Filter that the client has asked for in this session, ever. */
struct subscription {
    struct subscription *next;
    char *filter;
    size_t n;
    bool is_shared; /* "$share/": in 3.x it may be, or mean what it says */
    bool is_of_3;
    bool was_granted;
    unsigned n_open; /* SUBSCRIBEs without their SUBACK */
    unsigned n_subscribes;
    uint8_t max_qos; /* highest granted, or asked in an open SUBSCRIBE */
    bool always_no_local, ever_without_identifier;
    bool ever_retain_as_published, always_retain_as_published;
    uint32_t *identifiers; /* all it ever had */
    size_t n_identifiers;
};

/* Retained copies that were sent for a topic. */
struct retained_copies {
    struct retained_copies *next;
    char *topic;
    size_t n;
    unsigned n_copies;
};

struct session {
    struct session *next;
    char *client_id;
    size_t n_client_id;
    struct observe *owner; /* the connection that has it now, or NULL */
    bool was_begun;        /* a CONNACK has told of it */
    unsigned n_unanswered; /* CONNECTs without their CONNACK: the server may
                              have begun it, and the answer was lost */
    bool is_known;         /* all that happened in it was seen */
    bool may_exist;
    bool is_lasting; /* 5.0: it was to outlive its connection */
    uint32_t expiry_s;
    int64_t ended_ns;
    struct subscription *subscriptions;
    struct retained_copies *retained;
    struct exchange *open[3]; /* by side, while there is no connection */
};

/* A message that some client sent, for comparison with its copies. */
struct message {
    struct message *next;
    uint64_t hash; /* of topic and payload */
    const struct session *publisher;
    bool is_will;
    struct wire_packet *packet; /* a copy of PUBLISH, or of CONNECT */
};

enum { N_MESSAGE_BUCKETS = 256 };
struct observe_world {
    bool is_whole;
    struct session *sessions;
    struct message *messages[N_MESSAGE_BUCKETS];
};

enum phase { AWAIT_CONNECT, AWAIT_CONNACK, RUNNING, REFUSED };

struct observe {
    struct observe_world *world;
    observe_on_finding *on_finding;
    observe_on_packet *on_packet;
    void *user;
    enum phase phase;
    enum wire_version version;
    bool is_midstream;
    bool is_tainted;       /* the client broke a rule: the server may do much */
    bool is_connect_taken; /* CONNECT was read and is good */
    bool is_fresh;         /* the session began on this connection */
    size_t n_packets;
    uint64_t order, frame_no;
    int64_t now_ns, last_client_ns;
    struct sender sides[3];                /* by enum wire_side */
    struct session *session;               /* NULL: unknown, or taken over */
    struct wire_packet *connect, *connack; /* copies */
    unsigned n_spare[3]; /* answers to repeats that may still come, by side */
    unsigned n_pingreq, n_pingresp;
    bool has_told_keep_alive;
};

/* ---- findings (observe.c) ------------------------------------------------ */

enum { MUST = 0, SHOULD = 1 };
/* observe_blame reports a breach; silent where the version has no such rule. */
__attribute__((format(printf, 5, 6))) void
observe_blame(struct observe *o, enum wire_side who,
              const struct observe_cite *cite, int strength, const char *format,
              ...);
/* observe_taint notes a breach of the client after which the server may close
 * or answer with an error at any point. */
void observe_taint(struct observe *o);
/* observe_hash gives a number for topic and payload. */
uint64_t observe_hash(struct wire_bytes topic, struct wire_bytes payload);
/* observe_copy copies n octets to the heap and adds a NUL. */
char *observe_copy(const void *octets, size_t n);

/* ---- order.c ------------------------------------------------------------- */

/* observe_order judges what holds for every packet: the place it comes in, its
 * size. Returns false if the packet is to be ignored. */
bool observe_order(struct observe *o, enum wire_side from,
                   const struct wire_packet *p);

/* ---- what each packet means ---------------------------------------------- */

/* Each judges one packet that was readable, from a side, and notes it. */
void observe_connect(struct observe *o, const struct wire_packet *p);
void observe_connack(struct observe *o, const struct wire_packet *p);
void observe_auth(struct observe *o, enum wire_side from,
                  const struct wire_packet *p);
void observe_disconnect(struct observe *o, enum wire_side from,
                        const struct wire_packet *p);
void observe_publish(struct observe *o, enum wire_side from,
                     const struct wire_packet *p);
void observe_ack(struct observe *o, enum wire_side from,
                 const struct wire_packet *p);
void observe_request(struct observe *o, const struct wire_packet *p);
void observe_reply(struct observe *o, const struct wire_packet *p);

/* ---- flow.c -------------------------------------------------------------- */

/* The sets of Packet Identifiers of a sender. */
static inline bool observe_has(const struct id_set *set, uint16_t id)
{
    const unsigned char *page = set->pages ? set->pages[id >> 10] : NULL;

    return page && page[(id & 1023) / 8] >> id % 8 & 1;
}
void observe_put(struct id_set *set, uint16_t id);
/* Whether all exchanges that can be open are known here. */
static inline bool observe_is_all_known(const struct observe *o)
{
    return !o->is_midstream && !o->is_tainted && o->session && o->is_fresh;
}

struct exchange *observe_find(struct sender *sender, uint16_t id);
struct exchange *observe_begin(struct observe *o, struct sender *sender,
                               enum exchange_kind kind, uint16_t id);
void observe_end(struct sender *sender, struct exchange *exchange);
void observe_free_exchanges(struct exchange *exchange);
void observe_owed(struct observe *o);

/* ---- session.c ----------------------------------------------------------- */

void observe_session_ask(struct observe *o);
void observe_session_answer(struct observe *o);
void observe_session_begin(struct observe *o, bool is_present);
void observe_session_leave(struct observe *o);
void observe_session_free(struct session *session);
void observe_session_judge(struct observe *o, bool is_present);

/* ---- subscriptions.c ----------------------------------------------------- */

/* observe_matches tells whether a Topic Name matches a Topic Filter, without
 * "$share/group/". Spec: s4.7. */
bool observe_matches(const char *filter, size_t n_filter, const char *topic,
                     size_t n_topic);
void observe_subscribed(struct observe *o, const struct wire_packet *subscribe);
void observe_granted(struct observe *o, const struct wire_packet *subscribe,
                     struct wire_bytes codes);
/* observe_delivery judges a server's PUBLISH against the subscriptions. */
void observe_delivery(struct observe *o, const struct wire_packet *p,
                      struct wire_bytes topic, bool is_first);
bool observe_may_be_shared(const struct observe *o, struct wire_bytes topic);
/* All that the subscriptions allow that a topic matches, together. */
struct allowance {
    unsigned n_matching, n_subscribes;
    uint8_t max_qos;
    bool may_lack_identifier, has_shared;
    bool may_retain_as_published, must_retain_as_published, only_no_local;
};
void observe_free_subscriptions(struct session *session);

/* ---- messages.c ---------------------------------------------------------- */

/* observe_message_sent keeps a client's message, observe_will_set its Will;
 * observe_message_judge compares a delivered copy with them. */
void observe_will_set(struct observe *o, const struct wire_packet *connect);
void observe_message_sent(struct observe *o, const struct wire_packet *p,
                          struct wire_bytes topic);
void observe_message_judge(struct observe *o, const struct wire_packet *p,
                           struct wire_bytes topic,
                           const struct allowance *allowed);

#endif
