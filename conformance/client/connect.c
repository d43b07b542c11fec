/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c -- Paho MQTT C: from CONNECT to the end of the connection.
 *
 * Clients and their handles are never freed: the case's process ends soon, and
 * until then Paho's threads may still call back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client/inside.h"
#include "tap/tap.h"
#include "transcript.h"

/* ---- connecting
 * ------------------------------------------------------------*/

static void on_close(void *object)
{
    struct client *client = object;
    tap_close(client->tap);
}

static struct client *client_new(struct t *t, const char *name)
{
    char error[256], uri[64];
    struct client *client = calloc(1, sizeof *client);
    MQTTAsync_createOptions options5 = MQTTAsync_createOptions_initializer5;
    MQTTAsync_createOptions options3 = MQTTAsync_createOptions_initializer;
    MQTTAsync_createOptions *options = T_IS_5_0(t) ? &options5 : &options3;
    if (!client)
        abort();
    client->t = t;
    client->last = &client->first;
    client->server_reason = -1;
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->changed, NULL);
    t_uses(t, DRIVER_PAHO);
    client->tap = tap_open(t_endpoint(t), t_transcript(t), name, t_fault(t),
                           error, sizeof error);
    if (!client->tap)
        t_error(t, "%s", error);
    t_own(t, client, on_close);
    client->other = *t_clients(t);
    *t_clients(t) = client;
    snprintf(uri, sizeof uri, "tcp://127.0.0.1:%d", tap_port(client->tap));
    options->MQTTVersion = (int)t_version(t);
    int bad =
        MQTTAsync_createWithOptions(&client->paho, uri, t_name(t, name),
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL, options);
    if (bad)
        t_error(t, "Paho makes no client: %s", MQTTAsync_strerror(bad));
    events_attach(client);
    return client;
}

/* One thread of Paho's waits for all its sockets, and does not notice a new one
 * for up to a second. A packet on an older socket makes it look again. */
static void await_connected(struct client *client)
{
    enum { NUDGE_NS = 2000000, MAX_NUDGES = 500 };
    for (int i = 0; client->other && i < MAX_NUDGES; i++) {
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_nsec += NUDGE_NS;
        at.tv_sec += at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        pthread_mutex_lock(&client->lock);
        if (!client->outcome.is_done)
            pthread_cond_timedwait(&client->changed, &client->lock, &at);
        bool is_done = client->outcome.is_done;
        pthread_mutex_unlock(&client->lock);
        if (is_done)
            return;
        for (struct client *c = client->other; c; c = c->other)
            tap_nudge(c->tap);
    }
}

static void put_will(struct client *client, const struct message *will,
                     MQTTAsync_willOptions *out)
{
    if (!will)
        return;
    out->topicName = t_topic(client->t, will->topic);
    out->payload.data = will->payload.text ? will->payload.text : "";
    out->payload.len = (int)wire_len(will->payload);
    out->qos = will->qos;
    out->retained = will->retain;
}

static void put_properties(struct t *t, const struct client_options *options,
                           MQTTProperties *of_connect, MQTTProperties *of_will)
{
    property_add(of_connect, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                 options->session_expiry_interval_s);
    property_add(of_connect, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM,
                 options->receive_maximum);
    property_add(of_connect, MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM,
                 options->topic_alias_maximum);
    property_add(of_connect, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE,
                 options->maximum_packet_size);
    property_add(of_will, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL,
                 options->will_delay_interval_s);
    if (options->will)
        properties_unique(t, of_will, &options->will->props);
}

static struct outcome do_connect(struct client *client, struct where where,
                                 const struct client_options *options)
{
    struct t *t = client->t;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperties of_will = MQTTProperties_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_connectOptions c5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions c3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions *c = T_IS_5_0(t) ? &c5 : &c3;
    c->keepAliveInterval = options->keep_alive_s ? options->keep_alive_s : 60;
    c->connectTimeout = t_deadline_ms(t) / 1000 + 1;
    c->username = options->user_name;
    c->password = options->password;
    c->MQTTVersion = (int)t_version(t);
    c->maxInflight = 1000;
    put_will(client, options->will, &will);
    c->will = options->will ? &will : NULL;
    if (T_IS_5_0(t)) {
        c->cleanstart = !options->keep_session;
        put_properties(t, options, &properties, &of_will);
        c->connectProperties = &properties;
        c->willProperties = options->will ? &of_will : NULL;
    } else {
        c->cleansession = !options->keep_session;
    }
    events_of_connect(client, c);
    event_begin(client);
    int bad = MQTTAsync_connect(client->paho, c);
    await_connected(client);
    event_expect_done(client, where, "CONNECT", bad);
    MQTTProperties_free(&properties);
    MQTTProperties_free(&of_will);
    client->session_present = client->outcome.session_present;
    return client->outcome;
}

struct client *client_connect_at(struct t *t, struct where where,
                                 const struct client_options *options)
{
    struct client *client = client_new(t, options->client_id);
    struct outcome outcome = do_connect(client, where, options);
    if (outcome.failure)
        t_fail_at(t, where, "the connection is accepted",
                  "it is refused: code 0x%02X (Paho: %s)",
                  (unsigned)outcome.reason,
                  MQTTAsync_strerror(outcome.failure));
    return client;
}

void client_expect_refused_at(struct t *t, struct where where, unsigned v3,
                              unsigned v5, const struct client_options *options)
{
    struct client *client = client_new(t, options->client_id);
    struct outcome outcome = do_connect(client, where, options);
    int code = (int)(T_IS_5_0(t) ? v5 : v3);
    const char *expected =
        t_text(t, "the connection is refused with 0x%02X", (unsigned)code);
    if (!outcome.failure)
        t_fail_at(t, where, expected, "it is accepted");
    bool is_untold = T_IS_5_0(t) && outcome.reason == 0;
    if (outcome.reason != code && !is_untold)
        t_warn_at(t, where, expected, "it is refused with 0x%02X",
                  (unsigned)outcome.reason);
}

bool client_session_present(const struct client *client)
{
    return client->session_present;
}

/* ---- leaving
 * ---------------------------------------------------------------*/

void client_disconnect(struct client *client)
{
    client_disconnect_with(client, 0, 0);
}

void client_disconnect_with(struct client *client, unsigned reason,
                            uint64_t session_expiry_interval_s)
{
    MQTTAsync_disconnectOptions o5 = MQTTAsync_disconnectOptions_initializer5;
    MQTTAsync_disconnectOptions o3 = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions *o = T_IS_5_0(client->t) ? &o5 : &o3;
    events_of_disconnect(client, o);
    if (T_IS_5_0(client->t)) {
        o->reasonCode = (enum MQTTReasonCodes)reason;
        property_add(&o->properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                     session_expiry_interval_s);
    }
    event_begin(client);
    int bad = MQTTAsync_disconnect(client->paho, o);
    if (bad == MQTTASYNC_SUCCESS)
        event_await(client);
    MQTTProperties_free(&o->properties);
}

void client_drop(struct client *client)
{
    tap_drop(client->tap);
    event_await_lost(client);
}
