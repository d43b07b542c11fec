/* SPDX-License-Identifier: Apache-2.0 */
/* deed.h -- how a fault is written: when it acts, and what it does.
 *
 * A row of the catalogue is a name, a sentence, the statements it breaks and
 * up to MAX_DEEDS deeds. Of each packet the first deed that applies decides;
 * a packet to which none applies is forwarded as it is. What a client sends may
 * be altered as well: the broker then does what a broker would that had
 * misread, or ignored, what was asked.
 *
 *     FAULT("puback_dropped", "QoS 1 messages are never acknowledged",
 *           "3.1.1/MQTT-4.3.2-2 5.0/MQTT-4.3.2-4",
 *           {SERVER, PUBACK(), op_drop})
 *     FAULT("dup_never_set", "a message that is sent again has DUP 0",
 *           "3.1.1/MQTT-3.3.1-1 5.0/MQTT-3.3.1-1",
 *           {SERVER, PUBLISH(.dup = 1), op_alter, {SET(dup, 0)}})
 */
#ifndef MQTTSPEC_FAULTS_DEED_H
#define MQTTSPEC_FAULTS_DEED_H

#include <stddef.h>

#include "faults/catalogue.h"
#include "observe/observe.h"
#include "tap/tap.h"

enum { MAX_DEEDS = 4, MAX_CHANGES = 4, MAX_SCRATCH = 16, MAX_ASKED = 16 };

#define CLIENT WIRE_CLIENT
#define SERVER WIRE_SERVER

/* A member of struct wire_packet; size 0: none. */
struct field {
    size_t offset, size;
};
#define FIELD(member)                                                          \
    {                                                                          \
        offsetof(struct wire_packet, member),                                  \
            sizeof(((struct wire_packet *)0)->member)                          \
    }

/* One change of one field of a packet before it goes on. */
enum change_how {
    CHANGE_NONE, /* ends the list */
    CHANGE_SET,  /* a number becomes value; the rest in this order */
    CHANGE_ADD,  /* value is added; an absent number stays absent */
    CHANGE_FLIP, /* exclusive or */
    CHANGE_TEXT, /* octets become text */
    CHANGE_APPEND,
    CHANGE_CHOP, /* the last octet is lost */
    CHANGE_UNSET /* the field is absent */
};
struct change {
    enum change_how how;
    struct field field;
    uint64_t value;
    const char *text;
};
#define SET(member, v)                                                         \
    {                                                                          \
        CHANGE_SET, FIELD(member), (v), NULL                                   \
    }
#define ADD(member, v)                                                         \
    {                                                                          \
        CHANGE_ADD, FIELD(member), (v), NULL                                   \
    }
#define FLIP(member, v)                                                        \
    {                                                                          \
        CHANGE_FLIP, FIELD(member), (v), NULL                                  \
    }
#define TEXT(member, s)                                                        \
    {                                                                          \
        CHANGE_TEXT, FIELD(member), 0, (s)                                     \
    }
#define APPEND(member, s)                                                      \
    {                                                                          \
        CHANGE_APPEND, FIELD(member), 0, (s)                                   \
    }
#define CHOP(member)                                                           \
    {                                                                          \
        CHANGE_CHOP, FIELD(member), 0, NULL                                    \
    }
#define UNSET(member)                                                          \
    {                                                                          \
        CHANGE_UNSET, FIELD(member), 0, NULL                                   \
    }

struct deed;

/* One connection under a fault. */
struct scene {
    struct tap_relay *relay;
    const struct deed *deeds;
    unsigned n_matched[MAX_DEEDS];
    /* What was seen so far. */
    struct wire_packet *connect;
    struct wire_packet *last[2]; /* the last packet: [0] client, [1] server */
    struct wire_packet *publish; /* the last PUBLISH of the server */
    struct wire_packet *kept;    /* the last PUBLISH of the client to retain */
    char *asked[MAX_ASKED];      /* the filters of its SUBSCRIBEs */
    size_t n_asked;
    bool asked_no_local;  /* for one of them */
    bool is_connected;    /* a CONNACK of success was forwarded, */
    int64_t connected_ms; /* at this time */
    bool is_stood_in;     /* the broker's place is taken */
    bool hides_close;     /* the broker's close is not shown */
    /* For the operators. */
    struct wire_packet *held; /* by op_swap */
    enum wire_side held_from;
    void *scratch[MAX_SCRATCH];
    size_t n_scratch;
    struct observe *observe; /* only when a deed asks for breaches */
    char found[256];         /* ids of this packet's breaches, by the client */
};

/* When, and what. */
struct deed {
    enum wire_side from;            /* whose packet */
    const struct wire_packet *when; /* what it matches (wire_match) */
    void (*does)(struct scene *scene, const struct deed *deed,
                 const struct wire_packet *packet);
    struct change changes[MAX_CHANGES];
    /* More about when; all of them hold. */
    struct field has, lacks; /* this field is set, is not set */
    bool (*is)(const struct scene *scene, const struct wire_packet *packet);
    const char *breach; /* the client breaks one of these, or "*" any */
    unsigned skip;      /* the first ones are let pass */
    unsigned times;     /* and only so many are taken; 0 all */
    /* More about what. */
    void (*edit)(struct scene *scene, struct wire_packet *packet);
    const struct wire_packet *packet; /* what is sent */
    enum wire_side to_speak;          /* who seems to send it */
    int ms;
};

#define FAULT(name_, sentence_, statements_, ...)                              \
    {                                                                          \
        .name = (name_), .sentence = (sentence_), .statements = (statements_), \
        .on_open = scene_open, .on_packet = scene_packet,                      \
        .on_close = scene_close, .on_free = scene_free,                        \
        .arg = (const struct deed[MAX_DEEDS + 1])                              \
        {                                                                      \
            __VA_ARGS__                                                        \
        }                                                                      \
    }
/* The broker takes what the client may not send: any packet, or one like
 * `when_`, in which the client breaks one of the statements. */
#define TOLERATES(name_, sentence_, statements_)                               \
    FAULT(name_, sentence_, statements_,                                       \
          {CLIENT, NULL, op_accept, .breach = statements_})
#define TOLERATES_IN(name_, sentence_, statements_, when_)                     \
    FAULT(name_, sentence_, statements_,                                       \
          {CLIENT, when_, op_accept, .breach = statements_})
/* The same for a breach that has no id of its own, or is met by chance. */
#define LENIENT(name_, sentence_, statements_, when_)                          \
    FAULT(name_, sentence_, statements_,                                       \
          {CLIENT, when_, op_accept, .breach = "*"})

/* The handlers of every row. */
void *scene_open(struct tap_relay *relay);
void scene_packet(struct tap_relay *relay, enum wire_side from,
                  const struct wire_packet *packet, void *state);
bool scene_close(struct tap_relay *relay, enum wire_side by, void *state);
void scene_free(void *state);

/* scene_keep keeps memory until the packet at hand is done with. */
void *scene_keep(struct scene *scene, size_t n);
/* deed_change makes the altered copy of a packet: changes, then edit. */
struct wire_packet deed_change(struct scene *scene, const struct deed *deed,
                               const struct wire_packet *packet);

/* ---- operators: ops_plain.c ------------------------------------------------
 * Each is given one packet that its deed applies to. */
void op_pass(struct scene *, const struct deed *, const struct wire_packet *);
void op_drop(struct scene *, const struct deed *, const struct wire_packet *);
void op_twice(struct scene *, const struct deed *, const struct wire_packet *);
/* waits ms, and so does what comes behind it */
void op_delay(struct scene *, const struct deed *, const struct wire_packet *);
/* is let pass behind the packet that follows in its direction */
void op_swap(struct scene *, const struct deed *, const struct wire_packet *);
/* the connection is cut (reset), or closed in order, instead or behind it */
void op_cut(struct scene *, const struct deed *, const struct wire_packet *);
void op_shut(struct scene *, const struct deed *, const struct wire_packet *);
void op_shut_behind(struct scene *, const struct deed *,
                    const struct wire_packet *);
/* the last octets are lost: changes[0].value of them */
void op_truncate(struct scene *, const struct deed *,
                 const struct wire_packet *);
/* what the broker does from now on is hidden, its close too */
void op_hide(struct scene *, const struct deed *, const struct wire_packet *);
/* goes on, but a close by the broker from now on is hidden, and DISCONNECT */
void op_hide_close(struct scene *, const struct deed *,
                   const struct wire_packet *);

/* goes on, but nothing behind it, not even the close */
void op_pass_and_hide(struct scene *, const struct deed *,
                      const struct wire_packet *);

/* ---- operators: ops_alter.c ------------------------------------------------
 */
/* goes on altered */
void op_alter(struct scene *, const struct deed *, const struct wire_packet *);
/* goes on; then the altered copy, or deed->packet, is sent by to_speak */
void op_and_copy(struct scene *, const struct deed *,
                 const struct wire_packet *);
void op_and_send(struct scene *, const struct deed *,
                 const struct wire_packet *);
/* deed->packet first, then it goes on */
void op_send_and(struct scene *, const struct deed *,
                 const struct wire_packet *);
/* deed->packet is sent in its place, with its Packet Identifier */
void op_instead(struct scene *, const struct deed *,
                const struct wire_packet *);
/* deed->packet answers it in the broker's place; it is not forwarded */
void op_answer(struct scene *, const struct deed *, const struct wire_packet *);
/* the same, and then the connection is closed */
void op_answer_and_shut(struct scene *, const struct deed *,
                        const struct wire_packet *);

/* ---- operators: ops_lenient.c ----------------------------------------------
 */
/* a broker that takes it as if it were right: it never reaches the broker, and
 * is answered in its place. A CONNECT: so is all that follows. */
void op_accept(struct scene *, const struct deed *, const struct wire_packet *);

/* ---- questions for `is`: questions.c ---------------------------------------
 */
/* the text of this field is no UTF-8, or holds U+0000 */
bool is_bad_client_id(const struct scene *, const struct wire_packet *);
bool is_bad_user_name(const struct scene *, const struct wire_packet *);
bool is_bad_will_topic(const struct scene *, const struct wire_packet *);
bool is_bad_topic(const struct scene *, const struct wire_packet *);
bool is_bad_filter(const struct scene *, const struct wire_packet *);
bool is_bad_response_topic(const struct scene *, const struct wire_packet *);
bool is_bad_content_type(const struct scene *, const struct wire_packet *);
bool is_bad_user_property(const struct scene *, const struct wire_packet *);
/* this connection began with Clean Start 0, or with 1 */
bool is_resumed(const struct scene *, const struct wire_packet *);
bool is_fresh(const struct scene *, const struct wire_packet *);
/* something in a Topic Name, a Topic Filter */
bool is_dollar_topic(const struct scene *, const struct wire_packet *);
bool is_wildcard_topic(const struct scene *, const struct wire_packet *);
bool is_wildcard_filter(const struct scene *, const struct wire_packet *);
bool is_plain_filter(const struct scene *, const struct wire_packet *);
bool is_shared_filter(const struct scene *, const struct wire_packet *);
bool has_no_client_id(const struct scene *, const struct wire_packet *);
bool is_odd_level(const struct scene *, const struct wire_packet *);
bool is_longer_than_2(const struct scene *, const struct wire_packet *);
bool is_longer_than_60(const struct scene *, const struct wire_packet *);
bool is_subscribe_of_many(const struct scene *, const struct wire_packet *);
bool ends_with_slash(const struct scene *, const struct wire_packet *);
bool is_empty_payload(const struct scene *, const struct wire_packet *);
bool has_many_filters(const struct scene *, const struct wire_packet *);
/* its Packet Identifier is the one of the last PUBLISH of the server */
bool is_id_of_delivery(const struct scene *, const struct wire_packet *);
/* it comes before the CONNACK, or behind it */
bool is_early(const struct scene *, const struct wire_packet *);
bool is_late(const struct scene *, const struct wire_packet *);
/* CONNACK is more than a second ago */
bool is_second_old(const struct scene *, const struct wire_packet *);
/* the CONNECT had a Will, and a Keep Alive */
bool is_watched_with_will(const struct scene *, const struct wire_packet *);
/* the client subscribed with No Local; it published what is to be retained */
bool has_asked_no_local(const struct scene *, const struct wire_packet *);
bool has_retained(const struct scene *, const struct wire_packet *);
/* the CONNECT had this property */
bool gave_maximum_packet_size(const struct scene *, const struct wire_packet *);
bool refused_problem_information(const struct scene *,
                                 const struct wire_packet *);
/* the SUBSCRIBE, PUBLISH ... before it was alike */
bool is_repeated_filter(const struct scene *, const struct wire_packet *);

/* ---- edits: edits.c --------------------------------------------------------
 */
void edit_widen_filter(struct scene *, struct wire_packet *);
void edit_narrow_filter(struct scene *, struct wire_packet *);
void edit_plus_to_hash(struct scene *, struct wire_packet *);
void edit_unshare(struct scene *, struct wire_packet *);
void edit_strip_dollar(struct scene *, struct wire_packet *);
void edit_lower_case_filter(struct scene *, struct wire_packet *);
void edit_lose_last_filter(struct scene *, struct wire_packet *);
void edit_strip_byte_order_mark(struct scene *, struct wire_packet *);
void edit_payload_behind_id(struct scene *, struct wire_packet *);
void edit_swap_user_properties(struct scene *, struct wire_packet *);
void edit_lose_user_property(struct scene *, struct wire_packet *);
void edit_add_user_property(struct scene *, struct wire_packet *);
void edit_codes_refuse(struct scene *, struct wire_packet *);
void edit_codes_grant_more(struct scene *, struct wire_packet *);
void edit_codes_grant_less(struct scene *, struct wire_packet *);
void edit_codes_reverse(struct scene *, struct wire_packet *);
void edit_codes_lose_last(struct scene *, struct wire_packet *);
void edit_codes_one_more(struct scene *, struct wire_packet *);
void edit_codes_unknown(struct scene *, struct wire_packet *);
void edit_qos_of_filters(struct scene *, struct wire_packet *);
void edit_full_qos_of_filters(struct scene *, struct wire_packet *);
void edit_no_local_off(struct scene *, struct wire_packet *);
void edit_retain_handling_flip(struct scene *, struct wire_packet *);
void edit_retain_as_published_flip(struct scene *, struct wire_packet *);
void edit_options_of_first(struct scene *, struct wire_packet *);
void edit_like_last_publish(struct scene *, struct wire_packet *);
void edit_reason_string_long(struct scene *, struct wire_packet *);
void edit_user_property_long(struct scene *, struct wire_packet *);
void edit_unlike_any_client_id(struct scene *, struct wire_packet *);
void edit_swap_will_fields(struct scene *, struct wire_packet *);
void edit_first_client_id(struct scene *, struct wire_packet *);
void edit_on_last_filter(struct scene *, struct wire_packet *);
void edit_old_subscription_identifier(struct scene *, struct wire_packet *);
void edit_lose_subscription_identifier(struct scene *, struct wire_packet *);
void edit_retain_handling_0(struct scene *, struct wire_packet *);
void edit_topic_behind_payload(struct scene *, struct wire_packet *);
void edit_codes_as_asked(struct scene *, struct wire_packet *);
void edit_lower_case_topic(struct scene *, struct wire_packet *);
void edit_unshare_anything(struct scene *, struct wire_packet *);
void edit_match_all(struct scene *, struct wire_packet *);
void edit_one_share(struct scene *, struct wire_packet *);
void edit_user_name_first(struct scene *, struct wire_packet *);
void edit_lower_case_client_id(struct scene *, struct wire_packet *);
void edit_topic_above(struct scene *, struct wire_packet *);
void edit_topic_of_retained(struct scene *, struct wire_packet *);
void edit_all_that_match(struct scene *, struct wire_packet *);
void edit_codes_first_only(struct scene *, struct wire_packet *);
void edit_codes_success(struct scene *, struct wire_packet *);

#endif
