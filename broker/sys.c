// SPDX-License-Identifier: Apache-2.0
/* sys.c -- $SYS: the counters that monitoring reads.
 *
 * One table: topic and where its number lies. Published as retained messages,
 * QoS 0; filters that begin with a wildcard do not match them.
 */
#include "sys.h"

#include <inttypes.h>
#include <stdio.h>

#include "version.h"

#define AT(field) offsetof(struct broker_counters, field)

static const struct {
    const char *topic;
    size_t field;
} table[] = {
    {"$SYS/broker/clients/connected", AT(n_clients)},
    {"$SYS/broker/clients/maximum", AT(n_clients_maximum)},
    {"$SYS/broker/connections/total", AT(n_connections)},
    {"$SYS/broker/messages/received", AT(n_packets_in)},
    {"$SYS/broker/messages/sent", AT(n_packets_out)},
    {"$SYS/broker/publish/messages/received", AT(n_publish_in)},
    {"$SYS/broker/publish/messages/sent", AT(n_publish_out)},
    {"$SYS/broker/publish/messages/dropped", AT(n_publish_dropped)},
    {"$SYS/broker/bytes/received", AT(n_octets_in)},
    {"$SYS/broker/bytes/sent", AT(n_octets_out)},
};

static void publish_text(struct broker *b, const char *topic, const char *text)
{
    struct publish publish = {
        .is_retained = true,
        .topic = slice_of_text(topic),
        .payload = slice_of_text(text),
    };
    struct message *m = message_new(publish.topic, &publish, b->now_ms);
    b->n_sys_retained += !retain_find(&b->retain, publish.topic);
    broker_publish(b, m);
    message_unref(m);
}

static void publish_number(struct broker *b, const char *topic, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    publish_text(b, topic, text);
}

/* octets counts those of open connections too. */
static struct broker_counters current(const struct broker *b)
{
    struct broker_counters now = b->counters;
    now.n_publish_dropped += b->router.n_dropped;
    for (const struct client *c = b->clients; c; c = c->next) {
        now.n_octets_in += c->conn->n_octets_in;
        now.n_octets_out += c->conn->n_octets_out;
    }
    return now;
}

void sys_publish(struct broker *b)
{
    if (b->config->sys_interval_s <= 0 || b->now_ms < b->next_sys_ms)
        return;
    b->next_sys_ms =
        b->now_ms + (uint64_t)b->config->sys_interval_s * UINT64_C(1000);
    struct broker_counters now = current(b);
    /* What is counted anew after each start is not kept on disk. */
    b->retain.store = NULL;
    publish_text(b, "$SYS/broker/version", BROKER_VERSION);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        publish_number(
            b, table[i].topic,
            *(const uint64_t *)((const char *)&now + table[i].field));
    publish_number(b, "$SYS/broker/uptime", (b->now_ms - b->started_ms) / 1000);
    publish_number(b, "$SYS/broker/sessions/count", b->sessions.table.n);
    publish_number(b, "$SYS/broker/subscriptions/count",
                   b->subtree.subscriptions.n);
    publish_number(b, "$SYS/broker/retained/count", b->retain.n_messages);
    b->retain.store = b->store;
}
