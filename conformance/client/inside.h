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

/* properties_from writes properties for Paho; the caller frees them. */
void properties_from(MQTTProperties *out, const struct wire_props *props);
/* packet_from makes a PUBLISH of what arrived; one block for free(). */
struct wire_packet *packet_from(const char *topic, int n_topic,
                                const MQTTAsync_message *message);

#endif
