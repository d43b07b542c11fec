/* SPDX-License-Identifier: Apache-2.0 */
/* client.h -- the well-behaved speaker: Paho MQTT C, driven step by step.
 *
 * Every connection runs through the tap, so that its octets are seen. Paho
 * answers acknowledgements and pings by itself and never reconnects. Its
 * threads end in this room: each call returns when the broker has answered, or
 * ends the case at the deadline.
 */
#ifndef MQTTSPEC_CLIENT_CLIENT_H
#define MQTTSPEC_CLIENT_CLIENT_H

#include "message.h"
#include "t.h"

struct client;

/* Zero is the usual value of each: a clean start, keep alive 60 s, no Will. */
struct client_options {
    const char *client_id; /* made unique by t */
    bool keep_session;     /* Clean Start / Clean Session 0 */
    int keep_alive_s;
    const char *user_name, *password;
    struct message *will;               /* MESSAGE(...), or NULL */
    uint64_t session_expiry_interval_s; /* 5.0: OPT(n) */
    uint64_t receive_maximum, topic_alias_maximum, maximum_packet_size;
    uint64_t will_delay_interval_s;
};

/* client_connect connects and demands success:
 *     struct client *c = client_connect(t, "watcher", .keep_session = true);
 * Owned by t. */
#define client_connect(t, ...)                                                 \
    client_connect_at(t, HERE(#__VA_ARGS__),                                   \
                      &(struct client_options){.client_id = __VA_ARGS__})
struct client *client_connect_at(struct t *t, struct where where,
                                 const struct client_options *options);
/* client_expect_refused connects and demands a refusal: v3 is the CONNACK
 * return code of 3.x, v5 the Reason Code of 5.0 (an other is a warning). */
#define client_expect_refused(t, v3, v5, ...)                                  \
    client_expect_refused_at(                                                  \
        t, HERE(#__VA_ARGS__), v3, v5,                                         \
        &(struct client_options){.client_id = __VA_ARGS__})
void client_expect_refused_at(struct t *t, struct where where, unsigned v3,
                              unsigned v5,
                              const struct client_options *options);

/* client_session_present tells what CONNACK said. */
bool client_session_present(const struct client *client);

/* client_subscribe subscribes to one filter and demands the QoS as granted; a
 * Server that grants less is in its right, and the case is skipped. */
#define client_subscribe(client, filter, qos)                                  \
    client_subscribe_at(client, HERE(#filter), filter, qos)
/* With options of 5.0: client_subscribe_with(c, "a/b", .qos = 1,
 * .no_local = 1). */
#define client_subscribe_with(client, ...)                                     \
    client_subscribe_filter_at(client, HERE(#__VA_ARGS__),                     \
                               &(struct wire_filter){.filter = __VA_ARGS__})
void client_subscribe_at(struct client *client, struct where where,
                         const char *filter, int qos);
void client_subscribe_filter_at(struct client *client, struct where where,
                                const struct wire_filter *filter);
/* client_subscribe_result subscribes and returns the code of SUBACK. */
int client_subscribe_result(struct client *client, const char *filter, int qos);
#define client_unsubscribe(client, filter)                                     \
    client_unsubscribe_at(client, HERE(#filter), filter)
void client_unsubscribe_at(struct client *client, struct where where,
                           const char *filter);

/* client_publish publishes; returns when the hand-shake is done (QoS 0: when
 * the broker has answered a fence sent behind it). In 5.0 a reason of 0x80 or
 * more fails the case. */
#define client_publish(client, message)                                        \
    client_publish_at(client, HERE(#message), message)
void client_publish_at(struct client *client, struct where where,
                       const struct message *message);
/* client_publish_result returns the Reason Code of the hand-shake. */
int client_publish_result(struct client *client, const struct message *message);

/* client_expect demands this message as the next one. */
#define client_expect(client, message)                                         \
    client_expect_at(client, HERE(#message), message)
void client_expect_at(struct client *client, struct where where,
                      const struct message *message);
/* Several messages, in any order. */
#define client_expect_all(client, ...)                                         \
    client_expect_all_at(client, HERE(#__VA_ARGS__),                           \
                         (const struct message *[]){__VA_ARGS__, NULL})
void client_expect_all_at(struct client *client, struct where where,
                          const struct message **messages);
/* client_expect_nothing_more sends a fence (UNSUBSCRIBE of a filter that never
 * was subscribed to): nothing may arrive before its answer. */
#define client_expect_nothing_more(client)                                     \
    client_expect_nothing_more_at(client, HERE(""))
void client_expect_nothing_more_at(struct client *client, struct where where);
/* client_expect_lost: the broker closes this connection; in 5.0, if the broker
 * says why, the code should be this one (0: any). */
#define client_expect_lost(client, reason)                                     \
    client_expect_lost_at(client, HERE(#reason), reason)
void client_expect_lost_at(struct client *client, struct where where,
                           unsigned reason);

/* client_disconnect says DISCONNECT; client_disconnect_with the 5.0 reason and
 * Session Expiry Interval (OPT(n) or 0); client_drop cuts with a reset. */
void client_disconnect(struct client *client);
void client_disconnect_with(struct client *client, unsigned reason,
                            uint64_t session_expiry_interval_s);
void client_drop(struct client *client);

#endif
