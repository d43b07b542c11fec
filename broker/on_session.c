// SPDX-License-Identifier: Apache-2.0
/* on_session.c -- DISCONNECT, the end of connections, and Wills.
 *
 * Spec: 5.0 s3.1.2.5, s3.1.2.11.2, s3.1.3.2.2, s3.12, s3.14, s4.1; 3.1.1
 * s3.1.2.5, s3.12, s3.14.
 */
#include "on_session.h"

#include "address.h"
#include "client.h"

/* How long a closed connection may take to read its last packet and to end its
 * own side. */
#define LINGER_MS 2000

enum reason on_pingreq(struct broker *b, struct client *c,
                       struct packet *packet)
{
    struct packet answer = {.type = PACKET_PINGRESP};
    (void)packet;
    client_send(b, c, &answer); /* [MQTT-3.12.4-1] */
    return REASON_SUCCESS;
}

enum reason on_disconnect(struct broker *b, struct client *c,
                          struct packet *packet)
{
    const struct disconnect *d = &packet->disconnect;
    if (properties_has(&d->properties, PROPERTY_SESSION_EXPIRY_INTERVAL) &&
        c->session) {
        uint32_t interval_s = d->properties.session_expiry_interval_s;
        /* From 0 it cannot be raised: not a valid DISCONNECT, so the Will
         * is published (5.0 s3.14.2.2.2). */
        if (c->is_session_expiry_zero && interval_s != 0)
            return client_blame(c, REASON_PROTOCOL_ERROR,
                                "a Session Expiry Interval of 0 in CONNECT "
                                "cannot be raised");
        c->session->expiry_interval_s = interval_s;
    }
    /* Only Normal disconnection takes the Will away [MQTT-3.14.4-3]. */
    if (d->reason == REASON_NORMAL_DISCONNECTION)
        c->keeps_will = false;
    broker_close_client(b, c, REASON_SUCCESS);
    return REASON_SUCCESS;
}

/* forget_will drops a Will unpublished. */
static void forget_will(struct session *s)
{
    message_unref(s->will.message);
    s->will = (struct session_will){0};
}

void session_publish_will(struct broker *b, struct session *s)
{
    struct message *m = s->will.message;
    if (!m)
        return;
    s->will.message = NULL;
    forget_will(s); /* [MQTT-3.1.2-10] */
    session_save(s);
    if (m->has_expiry)
        m->expires_ms += b->now_ms;
    address_set_expiry(b->config, m, b->now_ms);
    bool is_kept = !m->is_retained || broker_may_retain(b, m->topic);
    if (!is_kept)
        log_line(b->log, LOG_INFO, "%s: Will not retained, %s", s->client_id,
                 reason_name(REASON_QUOTA_EXCEEDED));
    bool may_publish = security_may_publish(b->security, s->user,
                                            session_client_id(s), m->topic);
    if (may_publish && is_kept)
        broker_publish(b, m);
    else if (may_publish) /* with its RETAIN flag [MQTT-3.3.1-13] */
        router_publish(&b->router, &b->subtree, m, b->now_ms);
    else
        log_line(b->log, LOG_INFO, "%s: Will refused, %s", s->client_id,
                 reason_name(REASON_NOT_AUTHORIZED));
    message_unref(m);
}

void end_session(struct broker *b, struct session *s)
{
    session_publish_will(b, s);
    router_hand_over(&b->router, s, b->now_ms);
    session_end(&b->sessions, s, &b->subtree);
}

/* earlier_will notes that on_sessions_scan has to look at that time. */
static void earlier_will(struct broker *b, uint64_t due_ms)
{
    if (b->next_will_ms == 0 || due_ms < b->next_will_ms)
        b->next_will_ms = due_ms;
}

void on_session_lost(struct broker *b, struct client *c)
{
    struct session *s = c->session;
    c->session = NULL;
    if (!c->keeps_will)
        forget_will(s);
    /* Whichever comes first, the delay or the end of the session
     * [MQTT-3.1.2-8]. */
    uint32_t delay_s = s->will.delay_s < s->expiry_interval_s
                           ? s->will.delay_s
                           : s->expiry_interval_s;
    if (s->will.message && delay_s > 0)
        earlier_will(b, s->will.due_ms = b->now_ms + delay_s * UINT64_C(1000));
    session_detach(s, b->now_ms); /* saves the session as it is now */
    if (s->will.message && delay_s == 0)
        session_publish_will(b, s);
    if (s->expiry_interval_s == 0)
        end_session(b, s);
}

/* visit_session does what time asks for one session. */
static void visit_session(struct session *s, void *arg)
{
    struct broker *b = arg;
    bool has_expired = s->expires_ms && s->expires_ms <= b->now_ms;
    if (s->link.conn)
        return;
    if (s->will.due_ms && s->will.due_ms <= b->now_ms)
        session_publish_will(b, s);
    if (has_expired)
        end_session(b, s);
    else if (s->will.due_ms)
        earlier_will(b, s->will.due_ms);
}

void on_sessions_scan(struct broker *b)
{
    bool is_scan = b->now_ms >= b->next_scan_ms;
    bool is_will = b->next_will_ms && b->now_ms >= b->next_will_ms;
    if (!is_scan && !is_will)
        return;
    b->next_will_ms = 0;
    session_each(&b->sessions, visit_session, b);
    if (!is_scan)
        return;
    retain_expire(&b->retain, b->now_ms);
    b->next_scan_ms = b->now_ms + (uint64_t)b->config->session_scan_interval_ms;
}

/* say_goodbye sends the packet that tells why a connection ends, where the
 * version has one. */
static void say_goodbye(struct broker *b, struct client *c, enum reason reason)
{
    struct packet packet = {.type = PACKET_DISCONNECT};
    if (reason == REASON_SUCCESS || c->version == 0)
        return;
    if (c->was_accepted) {
        /* 3.x has no DISCONNECT from the server [MQTT-3.14.0-1]. */
        if (c->version != MQTT_5_0)
            return;
        packet.disconnect.reason = reason;
    } else {
        /* 3.1.1 [MQTT-3.1.4-1], [MQTT-3.2.2-6]: no code, no CONNACK. */
        if (c->version != MQTT_5_0 && reason_to_connack_3(reason) < 0)
            return;
        packet.type = PACKET_CONNACK;
        packet.connack.reason = reason;
        if (c->options->server_reference &&
            (reason == REASON_USE_ANOTHER_SERVER ||
             reason == REASON_SERVER_MOVED)) {
            properties_set(&packet.connack.properties,
                           PROPERTY_SERVER_REFERENCE);
            packet.connack.properties.server_reference =
                slice_of_text(c->options->server_reference);
        }
    }
    client_send(b, c, &packet);
}

void broker_close_client(struct broker *b, struct client *c, enum reason reason)
{
    struct conn *conn = c->conn;
    if (conn->state == CONN_CLOSING)
        return;
    if (reason != REASON_SUCCESS)
        log_line(b->log, LOG_INFO, "%s (%.*s): closed, %s%s%s", conn->peer,
                 c->session ? (int)c->session->client_id_n : 0,
                 c->session ? c->session->client_id : "", reason_name(reason),
                 c->why && *c->why ? ": " : "", c->why ? c->why : "");
    say_goodbye(b, c, reason);
    conn_enter(conn, CONN_CLOSING);
    conn->deadline_ms = 0;
    c->sweep_ms = b->now_ms + LINGER_MS;
    b->has_work = true;
    if (c->was_accepted)
        b->counters.n_clients--;
    if (c->session)
        on_session_lost(b, c);
}
