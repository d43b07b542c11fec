/* SPDX-License-Identifier: Apache-2.0 */
/* events.c -- what Paho's threads tell, and the test's thread waits for.
 *
 * What happens is put under a lock. One request is on its way at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/inside.h"

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

/* ---- who is told
 * ------------------------------------------------------------*/

void events_attach(struct client *client)
{
    MQTTAsync_setCallbacks(client->paho, client, on_lost, on_message, NULL);
    MQTTAsync_setDisconnected(client->paho, client, on_disconnected);
}

void events_of_connect(struct client *client, MQTTAsync_connectOptions *options)
{
    options->context = client;
    if (T_IS_5_0(client->t)) {
        options->onSuccess5 = on_connect5;
        options->onFailure5 = on_failure5;
    } else {
        options->onSuccess = on_connect;
        options->onFailure = on_failure;
    }
}

void events_of_disconnect(struct client *client,
                          MQTTAsync_disconnectOptions *options)
{
    options->context = client;
    if (T_IS_5_0(client->t)) {
        options->onSuccess5 = on_success5;
        options->onFailure5 = on_failure5;
    } else {
        options->onSuccess = on_success;
        options->onFailure = on_failure;
    }
}

MQTTAsync_responseOptions events_of_request(struct client *client,
                                            bool is_publish)
{
    MQTTAsync_responseOptions r = MQTTAsync_responseOptions_initializer;
    r.context = client;
    if (T_IS_5_0(client->t)) {
        r.onSuccess5 = on_success5;
        r.onFailure5 = on_failure5;
    } else {
        r.onSuccess = is_publish ? on_published : on_success;
        r.onFailure = on_failure;
    }
    return r;
}

/* ---- waiting
 * ---------------------------------------------------------------*/

struct timespec event_until(const struct client *client)
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

struct outcome event_await(struct client *client)
{
    struct timespec at = event_until(client);
    int late = 0;
    pthread_mutex_lock(&client->lock);
    while (!client->outcome.is_done && !client->is_lost && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&client->changed, &client->lock, &at);
    struct outcome outcome = client->outcome;
    pthread_mutex_unlock(&client->lock);
    return outcome;
}

void event_expect_done(struct client *client, struct where where,
                       const char *what, int code)
{
    const char *expected = t_text(client->t, "%s is answered", what);
    if (code != MQTTASYNC_SUCCESS && !client->is_lost)
        t_error(client->t, "Paho refuses %s: %s", what,
                MQTTAsync_strerror(code));
    struct outcome outcome = event_await(client);
    if (outcome.is_done)
        return;
    if (client->is_lost)
        t_fail_at(client->t, where, expected,
                  "the broker closed the connection");
    t_fail_at(client->t, where, expected, "no answer within %d ms",
              t_deadline_ms(client->t));
}

void event_begin(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    memset(&client->outcome, 0, sizeof client->outcome);
    pthread_mutex_unlock(&client->lock);
}

bool event_await_lost(struct client *client)
{
    struct timespec at = event_until(client);
    int late = 0;
    pthread_mutex_lock(&client->lock);
    while (!client->is_lost && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&client->changed, &client->lock, &at);
    bool is_lost = client->is_lost;
    pthread_mutex_unlock(&client->lock);
    return is_lost;
}
