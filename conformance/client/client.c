/* SPDX-License-Identifier: Apache-2.0 */
/* client.c -- Paho MQTT C, one step at a time: what is done on a connection. */
#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "client/inside.h"

/* ---- subscribing and publishing
 * --------------------------------------------*/

static int do_subscribe(struct client *client, struct where where,
                        const struct wire_filter *filter)
{
    MQTTAsync_responseOptions r = events_of_request(client, false);
    const char *name = t_unique_topic(client->t, filter->filter).text;
    r.subscribeOptions.noLocal = filter->no_local;
    r.subscribeOptions.retainAsPublished = filter->retain_as_published;
    r.subscribeOptions.retainHandling = filter->retain_handling;
    event_begin(client);
    int bad = MQTTAsync_subscribe(client->paho, name, filter->qos, &r);
    event_expect_done(client, where, "SUBSCRIBE", bad);
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
    t_heed_quota(client->t, "SUBACK", code);
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
    MQTTAsync_responseOptions r = events_of_request(client, false);
    event_begin(client);
    int bad =
        MQTTAsync_unsubscribe(client->paho, t_topic(client->t, filter), &r);
    event_expect_done(client, where, "UNSUBSCRIBE", bad);
}

static int do_publish(struct client *client, struct where where,
                      const struct message *message)
{
    MQTTAsync_responseOptions r = events_of_request(client, true);
    MQTTAsync_message m = MQTTAsync_message_initializer;
    m.payload =
        (void *)(uintptr_t)(message->payload.text ? message->payload.text : "");
    m.payloadlen = (int)wire_len(message->payload);
    m.qos = message->qos;
    m.retained = message->retain;
    if (T_IS_5_0(client->t))
        properties_unique(client->t, &m.properties, &message->props);
    event_begin(client);
    int bad = MQTTAsync_sendMessage(client->paho,
                                    t_topic(client->t, message->topic), &m, &r);
    event_expect_done(client, where, "PUBLISH", bad);
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
    t_heed_quota(client->t, "the acknowledgement of PUBLISH", code);
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
    struct timespec at = event_until(client);
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

void client_expect_lost_at(struct client *client, struct where where,
                           unsigned reason)
{
    if (!event_await_lost(client))
        t_fail_at(client->t, where, "the broker closes the connection",
                  "it was still open after %d ms", t_deadline_ms(client->t));
    if (reason && client->server_reason >= 0 &&
        client->server_reason != (int)reason)
        t_warn_at(client->t, where,
                  t_text(client->t, "DISCONNECT with 0x%02X", reason),
                  "DISCONNECT with 0x%02X", (unsigned)client->server_reason);
}
