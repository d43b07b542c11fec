// SPDX-License-Identifier: Apache-2.0
/* rig.c -- sessions, a router and a store without sockets, for tests. */
#include "tests/rig.h"

#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "codec/decode.h"
#include "codec/frame.h"
#include "state/topic.h"

static struct slice text(const char *s)
{
    return slice_of(s, strlen(s));
}

void rig_open(struct rig *rig, const char *folder)
{
    struct complaint error;
    memset(rig, 0, sizeof *rig);
    rig->now_ms = 1000;
    if (folder) {
        rig->store = store_open(folder, NULL, &error);
        if (!rig->store)
            die("%s", error.text);
    }
    subtree_init(&rig->subtree);
    retain_init(&rig->retain, rig->store);
}

static void free_conn(struct session *s, void *arg)
{
    (void)arg;
    conn_free(s->link.conn);
}

void rig_close(struct rig *rig)
{
    session_each(&rig->sessions, free_conn, NULL);
    session_table_clear(&rig->sessions, &rig->subtree);
    subtree_clear(&rig->subtree);
    retain_clear(&rig->retain);
    router_clear(&rig->router);
    store_close(rig->store);
}

struct session *rig_session(struct rig *rig, const char *client_id)
{
    struct session *s =
        session_new(&rig->sessions, text(client_id), rig->store, &rig->limits);
    s->expiry_interval_s = 3600;
    session_save(s);
    return s;
}

void rig_subscribe(struct rig *rig, struct session *s, const char *filter,
                   uint8_t qos, uint32_t id)
{
    struct subscription_request request = {.filter = text(filter), .qos = qos};
    struct slice share;
    struct slice rest;
    if (!share_parse(request.filter, &share, &rest))
        die("%s is no filter", filter);
    session_add_subscription(s, &rig->subtree, &request, share, rest, id);
}

void rig_attach_link(struct rig *rig, struct session *s, struct link link)
{
    link.conn = conn_new(NULL, NULL);
    link.conn->version = link.version;
    conn_enter(link.conn, CONN_RUNNING);
    session_attach(s, &link, rig->now_ms);
}

void rig_attach(struct rig *rig, struct session *s, uint16_t receive_maximum)
{
    struct link link = {.version = MQTT_5_0,
                        .receive_maximum = receive_maximum};
    rig_attach_link(rig, s, link);
}

void rig_detach(struct rig *rig, struct session *s)
{
    conn_free(s->link.conn);
    s->link.conn = NULL;
    session_detach(s, rig->now_ms);
}

size_t rig_publish_expiring(struct rig *rig, const char *topic,
                            const char *payload, uint8_t qos, uint32_t expiry_s)
{
    struct publish publish = {.qos = qos, .payload = text(payload)};
    if (expiry_s > 0)
        properties_set(&publish.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    publish.properties.message_expiry_interval_s = expiry_s;
    struct message *m = message_new(text(topic), &publish, rig->now_ms);
    size_t n = router_publish(&rig->router, &rig->subtree, m, rig->now_ms);
    message_unref(m);
    return n;
}

size_t rig_publish(struct rig *rig, const char *topic, const char *payload,
                   uint8_t qos)
{
    return rig_publish_expiring(rig, topic, payload, qos, 0);
}

enum reason rig_ack(struct rig *rig, struct session *s, enum packet_type type,
                    uint16_t packet_id, enum reason reason)
{
    struct ack ack = {.packet_id = packet_id, .reason = reason};
    return session_on_ack(s, type, &ack, rig->now_ms);
}

/* ---- what was sent ------------------------------------------------------- */

static size_t tell_identifiers(char *out, size_t n, const struct publish *p)
{
    if (!properties_has(&p->properties, PROPERTY_SUBSCRIPTION_IDENTIFIER))
        return 0;
    /* A decoded packet keeps the first one and the count. */
    return (size_t)snprintf(out, n, "[%u*%u]",
                            (unsigned)p->properties.subscription_identifier,
                            (unsigned)p->properties.n_subscription_identifiers);
}

static size_t tell_publish(char *out, size_t n, const struct publish *p)
{
    const struct properties *q = &p->properties;
    size_t at = (size_t)snprintf(out, n, "P%u", (unsigned)p->qos);
    if (p->packet_id)
        at += (size_t)snprintf(out + at, n - at, "#%u", (unsigned)p->packet_id);
    if (properties_has(q, PROPERTY_TOPIC_ALIAS))
        at += (size_t)snprintf(out + at, n - at, "@%u%s",
                               (unsigned)q->topic_alias,
                               p->topic.n > 0 ? "/" : "");
    at += tell_identifiers(out + at, n - at, p);
    if (properties_has(q, PROPERTY_MESSAGE_EXPIRY_INTERVAL))
        at += (size_t)snprintf(out + at, n - at, "{%u}",
                               (unsigned)q->message_expiry_interval_s);
    return at + (size_t)snprintf(out + at, n - at, "%s%s:%.*s",
                                 p->is_dup ? "d" : "",
                                 p->is_retained ? "r" : "", (int)p->payload.n,
                                 (const char *)p->payload.data);
}

static size_t tell_packet(char *out, size_t n, const struct packet *packet)
{
    if (packet->type == PACKET_PUBLISH)
        return tell_publish(out, n, &packet->publish);
    if (packet->type != PACKET_PUBREL)
        die("a session sends no %s", packet_type_name(packet->type));
    if (packet->ack.reason == REASON_SUCCESS)
        return (size_t)snprintf(out, n, "L%u", (unsigned)packet->ack.packet_id);
    return (size_t)snprintf(out, n, "L%u!%02x", (unsigned)packet->ack.packet_id,
                            (unsigned)packet->ack.reason);
}

const char *rig_sent(struct rig *rig, struct session *s)
{
    struct buf octets = {0};
    size_t at = 0;
    rig->text[0] = '\0';
    conn_take_output(s->link.conn, &octets);
    while (buf_size(&octets) > 0) {
        struct packet packet;
        size_t total = 0;
        if (frame_next(buf_slice(&octets), 0, &total) ||
            total > buf_size(&octets))
            die("what was sent is not whole");
        struct slice one = slice_of(buf_slice(&octets).data, total);
        if (packet_decode(one, s->link.version, &packet))
            die("what was sent cannot be read");
        at += (size_t)snprintf(rig->text + at, sizeof rig->text - at, "%s",
                               at ? " " : "");
        at += tell_packet(rig->text + at, sizeof rig->text - at, &packet);
        buf_consume(&octets, total);
    }
    buf_clear(&octets);
    return rig->text;
}
