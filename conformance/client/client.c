/* SPDX-License-Identifier: Apache-2.0 */
/* client.c -- Paho MQTT C, one step at a time.
 *
 * Paho's threads put what happens under a lock; the test's thread waits for it.
 * Clients and their handles are never freed: the case's process ends soon, and
 * until then Paho's threads may still call back.
 */
#include "client/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/inside.h"
#include "tap/tap.h"
#include "transcript.h"

/* ---- what Paho tells
 * -------------------------------------------------------*/

static void finish(struct client *client, int failure, int reason,
                   bool session_present)
{
    pthread_mutex_lock(&client->lock);
    client->outcome = (struct outcome){true, failure, reason, session_present};
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static void on_connect(void *user, MQTTAsync_successData *data)
{
    finish(user, 0, 0, data && data->alt.connect.sessionPresent);
}

static void on_connect5(void *user, MQTTAsync_successData5 *data)
{
    finish(user, 0, data ? (int)data->reasonCode : 0,
           data && data->alt.connect.sessionPresent);
}

static void on_success(void *user, MQTTAsync_successData *data)
{
    finish(user, 0, data ? data->alt.qos : 0, false);
}

static void on_success5(void *user, MQTTAsync_successData5 *data)
{
    finish(user, 0, data ? (int)data->reasonCode : 0, false);
}

/* A publication has no code under 3.x (alt is its message). */
static void on_published(void *user, MQTTAsync_successData *data)
{
    (void)data;
    finish(user, 0, 0, false);
}

static void on_failure(void *user, MQTTAsync_failureData *data)
{
    int code = data ? data->code : -1;
    finish(user, code ? code : -1, code > 0 ? code : 0, false);
}

static void on_failure5(void *user, MQTTAsync_failureData5 *data)
{
    int code = data ? data->code : -1;
    int reason = data ? (int)data->reasonCode : 0;
    if (reason == 0 && code >= 0x80) /* where Paho puts that of CONNACK */
        reason = code;
    finish(user, code ? code : -1, reason, false);
}

static void on_lost(void *user, char *cause)
{
    struct client *client = user;
    (void)cause;
    pthread_mutex_lock(&client->lock);
    client->is_lost = true;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static void on_disconnected(void *user, MQTTProperties *properties,
                            enum MQTTReasonCodes reason)
{
    struct client *client = user;
    (void)properties;
    pthread_mutex_lock(&client->lock);
    client->server_reason = (int)reason;
    client->is_lost = true;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static int on_message(void *user, char *topic, int n_topic,
                      MQTTAsync_message *message)
{
    struct client *client = user;
    struct arrival *arrival = malloc(sizeof *arrival);
    if (!arrival)
        abort();
    arrival->next = NULL;
    arrival->packet = packet_from(topic, n_topic, message);
    pthread_mutex_lock(&client->lock);
    *client->last = arrival;
    client->last = &arrival->next;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- waiting
 * ---------------------------------------------------------------*/

static struct timespec until(const struct client *client)
{
    struct timespec at;
    int ms = t_deadline_ms(client->t);
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static struct outcome await(struct client *client)
{
    struct timespec at = until(client);
    int late = 0;
    pthread_mutex_lock(&client->lock);
    while (!client->outcome.is_done && !client->is_lost && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&client->changed, &client->lock, &at);
    struct outcome outcome = client->outcome;
    pthread_mutex_unlock(&client->lock);
    return outcome;
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

static void expect_done(struct client *client, struct where where,
                        const char *what, int code)
{
    const char *expected = t_text(client->t, "%s is answered", what);
    if (code != MQTTASYNC_SUCCESS && !client->is_lost)
        t_error(client->t, "Paho refuses %s: %s", what,
                MQTTAsync_strerror(code));
    struct outcome outcome = await(client);
    if (outcome.is_done)
        return;
    if (client->is_lost)
        t_fail_at(client->t, where, expected,
                  "the broker closed the connection");
    t_fail_at(client->t, where, expected, "no answer within %d ms",
              t_deadline_ms(client->t));
}

static void begin_request(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    memset(&client->outcome, 0, sizeof client->outcome);
    pthread_mutex_unlock(&client->lock);
}

static MQTTAsync_responseOptions response(struct client *client)
{
    MQTTAsync_responseOptions r = MQTTAsync_responseOptions_initializer;
    r.context = client;
    if (T_IS_5_0(client->t)) {
        r.onSuccess5 = on_success5;
        r.onFailure5 = on_failure5;
    } else {
        r.onSuccess = on_success;
        r.onFailure = on_failure;
    }
    return r;
}

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
    MQTTAsync_setCallbacks(client->paho, client, on_lost, on_message, NULL);
    MQTTAsync_setDisconnected(client->paho, client, on_disconnected);
    return client;
}

static void add_limit(MQTTProperties *properties, enum MQTTPropertyCodes id,
                      uint64_t opt, bool is_short)
{
    MQTTProperty property = {.identifier = id};
    if (!wire_is_set(opt))
        return;
    if (is_short)
        property.value.integer2 = (unsigned short)wire_value(opt, 0);
    else
        property.value.integer4 = wire_value(opt, 0);
    MQTTProperties_add(properties, &property);
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

/* Properties as they stand on the wire: a Response Topic is a name, too. */
static void unique_properties_from(struct t *t, MQTTProperties *out,
                                   const struct wire_props *props)
{
    struct wire_props unique = *props;
    unique.response_topic = t_unique_topic(t, props->response_topic);
    properties_from(out, &unique);
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
    c->context = client;
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
        c->onSuccess5 = on_connect5;
        c->onFailure5 = on_failure5;
        add_limit(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                  options->session_expiry_interval_s, false);
        add_limit(&properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM,
                  options->receive_maximum, true);
        add_limit(&properties, MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM,
                  options->topic_alias_maximum, true);
        add_limit(&properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE,
                  options->maximum_packet_size, false);
        add_limit(&of_will, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL,
                  options->will_delay_interval_s, false);
        if (options->will)
            unique_properties_from(t, &of_will, &options->will->props);
        c->connectProperties = &properties;
        c->willProperties = options->will ? &of_will : NULL;
    } else {
        c->cleansession = !options->keep_session;
        c->onSuccess = on_connect;
        c->onFailure = on_failure;
    }
    begin_request(client);
    int bad = MQTTAsync_connect(client->paho, c);
    await_connected(client);
    expect_done(client, where, "CONNECT", bad);
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

/* ---- subscribing and publishing
 * --------------------------------------------*/

static int do_subscribe(struct client *client, struct where where,
                        const struct wire_filter *filter)
{
    MQTTAsync_responseOptions r = response(client);
    const char *name = t_unique_topic(client->t, filter->filter).text;
    r.subscribeOptions.noLocal = filter->no_local;
    r.subscribeOptions.retainAsPublished = filter->retain_as_published;
    r.subscribeOptions.retainHandling = filter->retain_handling;
    begin_request(client);
    int bad = MQTTAsync_subscribe(client->paho, name, filter->qos, &r);
    expect_done(client, where, "SUBSCRIBE", bad);
    if (client->outcome.failure)
        return client->outcome.reason >= 0x80 ? client->outcome.reason : 0x80;
    return client->outcome.reason;
}

void client_subscribe_filter_at(struct client *client, struct where where,
                                const struct wire_filter *filter)
{
    int code = do_subscribe(client, where, filter);
    if (code < filter->qos) /* which a Server may */
        t_skip(client->t, "the server grants QoS %d in place of %d", code,
               filter->qos);
    if (code != filter->qos)
        t_fail_at(client->t, where,
                  t_text(client->t, "SUBACK grants QoS %d", filter->qos),
                  "SUBACK with 0x%02X", (unsigned)code);
}

void client_subscribe_at(struct client *client, struct where where,
                         const char *filter, int qos)
{
    struct wire_filter one = {.filter = {{filter}}, .qos = (uint8_t)qos};
    client_subscribe_filter_at(client, where, &one);
}

int client_subscribe_result(struct client *client, const char *filter, int qos)
{
    struct wire_filter one = {.filter = {{filter}}, .qos = (uint8_t)qos};
    return do_subscribe(client, HERE(""), &one);
}

void client_unsubscribe_at(struct client *client, struct where where,
                           const char *filter)
{
    MQTTAsync_responseOptions r = response(client);
    begin_request(client);
    int bad =
        MQTTAsync_unsubscribe(client->paho, t_topic(client->t, filter), &r);
    expect_done(client, where, "UNSUBSCRIBE", bad);
}

static int do_publish(struct client *client, struct where where,
                      const struct message *message)
{
    MQTTAsync_responseOptions r = response(client);
    MQTTAsync_message m = MQTTAsync_message_initializer;
    if (!T_IS_5_0(client->t))
        r.onSuccess = on_published;
    m.payload =
        (void *)(uintptr_t)(message->payload.text ? message->payload.text : "");
    m.payloadlen = (int)wire_len(message->payload);
    m.qos = message->qos;
    m.retained = message->retain;
    if (T_IS_5_0(client->t))
        unique_properties_from(client->t, &m.properties, &message->props);
    begin_request(client);
    int bad = MQTTAsync_sendMessage(client->paho,
                                    t_topic(client->t, message->topic), &m, &r);
    expect_done(client, where, "PUBLISH", bad);
    MQTTProperties_free(&m.properties);
    int code = client->outcome.reason;
    if (client->outcome.failure && code < 0x80)
        t_fail_at(client->t, where, "the message is acknowledged",
                  "Paho gives up: %s",
                  MQTTAsync_strerror(client->outcome.failure));
    if (message->qos == 0)
        client_unsubscribe_at(client, where, "fence");
    return code;
}

void client_publish_at(struct client *client, struct where where,
                       const struct message *message)
{
    int code = do_publish(client, where, message);
    if (code >= 0x80)
        t_fail_at(client->t, where, "the message is acknowledged",
                  "Reason Code 0x%02X", (unsigned)code);
}

int client_publish_result(struct client *client, const struct message *message)
{
    return do_publish(client, HERE(""), message);
}

/* ---- receiving
 * -------------------------------------------------------------*/

/* The next message, or NULL: none before the deadline. Owned by t. */
static const struct wire_packet *next_message(struct client *client)
{
    struct timespec at = until(client);
    int late = 0;
    pthread_mutex_lock(&client->lock);
    while (!client->first && !client->is_lost && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&client->changed, &client->lock, &at);
    struct arrival *arrival = client->first;
    if (arrival) {
        client->first = arrival->next;
        if (!client->first)
            client->last = &client->first;
    }
    pthread_mutex_unlock(&client->lock);
    if (!arrival)
        return NULL;
    struct wire_packet *packet = arrival->packet;
    free(arrival);
    t_own(client->t, packet, free);
    return packet;
}

static const struct wire_packet *expected_packet(struct client *client,
                                                 const struct message *message)
{
    struct wire_packet *p = t_alloc(client->t, sizeof *p);
    *p = (struct wire_packet){.type = WIRE_PUBLISH,
                              .topic = {{message->topic}},
                              .payload = message->payload,
                              .qos = message->qos,
                              .retain = message->retain,
                              .dup = message->dup};
    p->said = t_text(client->t, ".topic = , .payload = %s",
                     message->said ? message->said : "");
    if (T_IS_5_0(client->t))
        p->props = message->props;
    return t_unique(client->t, p);
}

static const struct wire_packet *receive(struct client *client,
                                         struct where where)
{
    const struct wire_packet *packet = next_message(client);
    if (packet)
        return packet;
    if (client->is_lost)
        t_fail_at(client->t, where, where.text,
                  "the broker closed the connection");
    t_fail_at(client->t, where, where.text, "no message within %d ms",
              t_deadline_ms(client->t));
}

void client_expect_at(struct client *client, struct where where,
                      const struct message *message)
{
    char why[400] = "", text[600];
    const struct wire_packet *packet = receive(client, where);
    if (!wire_match(expected_packet(client, message), packet, why, sizeof why))
        t_fail_at(client->t, where, where.text, "%s (%s)",
                  wire_describe(packet, text, sizeof text), why);
}

void client_expect_all_at(struct client *client, struct where where,
                          const struct message **messages)
{
    enum { MAX_MESSAGES = 32 };
    char why[400], text[600];
    const struct wire_packet *left[MAX_MESSAGES];
    size_t n = 0;
    for (; n < MAX_MESSAGES && messages[n]; n++)
        left[n] = expected_packet(client, messages[n]);
    while (n > 0) {
        size_t i = 0;
        const struct wire_packet *packet = receive(client, where);
        while (i < n && !wire_match(left[i], packet, why, sizeof why))
            i++;
        if (i == n)
            t_fail_at(client->t, where, where.text, "%s",
                      wire_describe(packet, text, sizeof text));
        left[i] = left[--n];
    }
}

void client_expect_nothing_more_at(struct client *client, struct where where)
{
    char text[600];
    client_unsubscribe_at(client, where, "fence");
    pthread_mutex_lock(&client->lock);
    const struct arrival *first = client->first;
    pthread_mutex_unlock(&client->lock);
    if (first)
        t_fail_at(client->t, where, "no more messages", "%s",
                  wire_describe(first->packet, text, sizeof text));
}

static bool wait_lost(struct client *client)
{
    struct timespec at = until(client);
    int late = 0;
    pthread_mutex_lock(&client->lock);
    while (!client->is_lost && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&client->changed, &client->lock, &at);
    bool is_lost = client->is_lost;
    pthread_mutex_unlock(&client->lock);
    return is_lost;
}

void client_expect_lost_at(struct client *client, struct where where,
                           unsigned reason)
{
    if (!wait_lost(client))
        t_fail_at(client->t, where, "the broker closes the connection",
                  "it was still open after %d ms", t_deadline_ms(client->t));
    if (reason && client->server_reason >= 0 &&
        client->server_reason != (int)reason)
        t_warn_at(client->t, where,
                  t_text(client->t, "DISCONNECT with 0x%02X", reason),
                  "DISCONNECT with 0x%02X", (unsigned)client->server_reason);
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
    o->context = client;
    if (T_IS_5_0(client->t)) {
        o->onSuccess5 = on_success5;
        o->onFailure5 = on_failure5;
        o->reasonCode = (enum MQTTReasonCodes)reason;
        add_limit(&o->properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                  session_expiry_interval_s, false);
    } else {
        o->onSuccess = on_success;
        o->onFailure = on_failure;
    }
    begin_request(client);
    int bad = MQTTAsync_disconnect(client->paho, o);
    if (bad == MQTTASYNC_SUCCESS)
        await(client);
    MQTTProperties_free(&o->properties);
}

void client_drop(struct client *client)
{
    tap_drop(client->tap);
    wait_lost(client);
}
