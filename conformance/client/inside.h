/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h -- what the files of client/ share. */
#ifndef MQTTSPEC_CLIENT_INSIDE_H
#define MQTTSPEC_CLIENT_INSIDE_H

#include <MQTTAsync.h>
#include <pthread.h>

#include "client/client.h"

struct tap;

/* A message as Paho handed it over. */
struct arrival {
    struct arrival *next;
    struct wire_packet *packet; /* one block, for free() */
};

/* What the present request came to. */
struct outcome {
    bool is_done;
    int failure; /* 0, or Paho's code; a CONNACK return code under 3.x */
    int reason;  /* Reason Code of 5.0, granted QoS under 3.x */
    bool session_present;
};

struct client {
    struct t *t;
    struct tap *tap;
    MQTTAsync paho;
    struct client *other; /* the clients made before this one */
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct outcome outcome;
    struct arrival *first, **last;
    bool is_lost, is_fenced;
    int server_reason; /* of the broker's DISCONNECT; -1: none */
    bool session_present;
};

/* events_attach has the client told of messages and of the connection's end;
 * events_of_... put those into options that are told of a request's end.
 * is_publish: a publication has no code under 3.x (alt is its message). */
void events_attach(struct client *client);
void events_of_connect(struct client *client,
                       MQTTAsync_connectOptions *options);
void events_of_disconnect(struct client *client,
                          MQTTAsync_disconnectOptions *options);
MQTTAsync_responseOptions events_of_request(struct client *client,
                                            bool is_publish);

/* event_until gives the time of the deadline, for pthread_cond_timedwait. */
struct timespec event_until(const struct client *client);
/* event_begin forgets the request before; event_await waits until the present
 * one is done, the connection is lost or the deadline is over. */
void event_begin(struct client *client);
struct outcome event_await(struct client *client);
/* event_expect_done ends the case if the request is not answered.
 *
 * what   name of the packet
 * code   what Paho returned for it
 */
void event_expect_done(struct client *client, struct where where,
                       const char *what, int code);
/* event_await_lost tells whether the connection ends before the deadline. */
bool event_await_lost(struct client *client);

/* property_add adds a number, unless it is not set. */
void property_add(MQTTProperties *out, enum MQTTPropertyCodes id, uint64_t opt);
/* properties_from writes properties for Paho; the caller frees them.
 * properties_unique writes them as they stand on the wire: a Response Topic is
 * a name, too. */
void properties_from(MQTTProperties *out, const struct wire_props *props);
void properties_unique(struct t *t, MQTTProperties *out,
                       const struct wire_props *props);
/* packet_from makes a PUBLISH of what arrived; one block for free(). */
struct wire_packet *packet_from(const char *topic, int n_topic,
                                const MQTTAsync_message *message);

#endif
