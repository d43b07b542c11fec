// SPDX-License-Identifier: Apache-2.0
/* on_connect.c -- CONNECT, step by step, and AUTH.
 *
 * A CONNECT is checked, its sender authenticated, the other connection of its
 * Client Identifier dealt with, the session found or made, and CONNACK sent.
 * Each step is one function; the first that returns a failure ends the
 * connection with it. With enhanced authentication the CONNECT is handled once
 * more, as if it had just arrived, when the client has proved its name.
 * Spec: 5.0 s3.1, s3.15, s4.12; 3.1.1 s3.1; manual: Link Stealing.
 */
#include "on_connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "auth.h"
#include "base/die.h"
#include "client.h"
#include "codec/decode.h"
#include "connack.h"
#include "on_session.h"

/* The longest Client Identifier of 3.1, in characters (3.1 s3.1). */
#define LONGEST_3_1_CLIENT_ID 23

/* What the steps hand on. */
struct connecting {
    const struct connect *connect;
    struct slice client_id; /* in force: as sent, assigned, or rewritten */
    char assigned[40];
    char *rewritten;            /* by the security module; owned */
    struct link link;           /* what the client can take */
    struct agreement agreement; /* what it is told */
};

/* check_version asks whether the acceptor speaks the version. */
static enum reason check_version(const struct client *c)
{
    const struct acceptor_options *o = c->options;
    bool speaks = c->version == MQTT_5_0     ? o->speaks_mqtt_5_0
                  : c->version == MQTT_3_1_1 ? o->speaks_mqtt_3_1_1
                                             : o->speaks_mqtt_3_1;
    return speaks ? REASON_SUCCESS : REASON_UNSUPPORTED_PROTOCOL_VERSION;
}

/* n_characters counts the code points of well-formed UTF-8. */
static size_t n_characters(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.data[i] & 0xC0) != 0x80;
    return n;
}

/* assign_client_id makes an identifier that no session has. */
static void assign_client_id(struct broker *b, struct connecting *k)
{
    uint64_t random;
    do {
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            random = b->now_ms;
        snprintf(k->assigned, sizeof k->assigned, "auto-%016llx-%llu",
                 (unsigned long long)random,
                 (unsigned long long)++b->last_assigned);
        k->client_id = slice_of_text(k->assigned);
    } while (session_find(&b->sessions, k->client_id));
    k->agreement.is_client_id_assigned = true;
}

/* check_client_id accepts, assigns or refuses the Client Identifier.
 * [MQTT-3.1.3-6]; 3.1.1 [MQTT-3.1.3-7], [MQTT-3.1.3-8]; 3.1 s3.1. */
static enum reason check_client_id(struct broker *b, struct client *c,
                                   struct connecting *k)
{
    k->client_id = k->connect->client_id;
    size_t n = n_characters(k->client_id);
    if (c->version == MQTT_3_1)
        return n >= 1 && n <= LONGEST_3_1_CLIENT_ID
                   ? REASON_SUCCESS
                   : REASON_CLIENT_IDENTIFIER_NOT_VALID;
    if (n > 0)
        return REASON_SUCCESS;
    if (c->version == MQTT_3_1_1 && !k->connect->is_clean_start)
        return REASON_CLIENT_IDENTIFIER_NOT_VALID;
    assign_client_id(b, k);
    return REASON_SUCCESS;
}

/* check_will looks at what a Will asks of the broker. */
static enum reason check_will(const struct broker *b, struct client *c,
                              const struct connect *connect)
{
    const struct will *will = &connect->will;
    if (!connect->has_will)
        return REASON_SUCCESS;
    if (!topic_name_is_valid(will->topic))
        return client_blame(c, REASON_TOPIC_NAME_INVALID,
                            "the Will Topic is no Topic Name");
    if (!broker_takes_levels(b, will->topic))
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the Will Topic has too many levels");
    return client_check_message(c, will->qos, will->is_retained,
                                &will->properties);
}

/* authenticate asks the security; it may rewrite the Client Identifier. */
static enum reason authenticate(struct broker *b, struct client *c,
                                struct connecting *k)
{
    struct security_request request = {
        .client_id = k->client_id,
        .has_user_name = k->connect->has_user_name,
        .has_password = k->connect->has_password,
        .user_name = k->connect->user_name,
        .password = k->connect->password,
        .peer = c->conn->peer,
        .certificate_name = c->certificate_name,
    };
    if (c->auth) {
        request.is_proved = request.has_user_name = true;
        request.has_password = false;
        request.user_name = auth_user(c);
    }
    enum reason reason = security_connect(b->security, &request);
    c->user = request.user;
    k->rewritten = request.new_client_id;
    if (reason == REASON_SUCCESS && k->rewritten)
        k->client_id = slice_of(k->rewritten, request.new_client_id_n);
    return reason;
}

/* steal_link ends the other connection of the same client, or, if the acceptor
 * says so, this one. [MQTT-3.1.4-3]; manual: Link Stealing. */
static enum reason steal_link(struct broker *b, struct client *c,
                              const struct connecting *k)
{
    struct session *s = session_find(&b->sessions, k->client_id);
    if (!s || !s->link.conn)
        return REASON_SUCCESS;
    if (c->options->allow_link_stealing) {
        struct client *older = s->link.conn->user;
        client_blame(older, REASON_SESSION_TAKEN_OVER,
                     "another connection uses this Client Identifier");
        broker_close_client(b, older, REASON_SESSION_TAKEN_OVER);
        return REASON_SUCCESS;
    }
    log_line(b->log, LOG_INFO,
             "%s: %.*s is connected already, and "
             "allowLinkStealing is false",
             c->conn->peer, (int)k->client_id.n,
             (const char *)k->client_id.data);
    /* The manual: a 5.0 client gets DISCONNECT 0x80, without a CONNACK, though
     * the standard has no DISCONNECT there. */
    if (c->version == MQTT_5_0) {
        struct packet packet = {.type = PACKET_DISCONNECT};
        packet.disconnect.reason = client_blame(
            c, REASON_UNSPECIFIED_ERROR,
            "another connection uses this Client Identifier, and keeps it");
        client_send(b, c, &packet);
    }
    broker_close_client(b, c, REASON_SUCCESS);
    return REASON_SUCCESS;
}

/* expiry_interval is the Session Expiry Interval in force. Decision D1: a 5.0
 * client that names none gets the acceptor's, if that was given, and is told.
 */
static uint32_t expiry_interval(const struct client *c,
                                const struct connect *connect,
                                struct agreement *agreement)
{
    int64_t standard = c->options->default_session_expiry_interval_s;
    uint32_t ours = standard < 0 || standard > SESSION_NEVER_EXPIRES
                        ? SESSION_NEVER_EXPIRES
                        : (uint32_t)standard;
    if (c->version != MQTT_5_0)
        return connect->is_clean_start ? 0 : ours;
    if (properties_has(&connect->properties, PROPERTY_SESSION_EXPIRY_INTERVAL))
        return connect->properties.session_expiry_interval_s;
    if (!c->options->is_session_expiry_interval_given)
        return 0;
    agreement->is_expiry_substituted = true;
    return ours;
}

/* find_session takes up the session of the client, or makes one.
 * [MQTT-3.1.2-4..6], [MQTT-4.1.0-2]. */
static struct session *find_session(struct broker *b, struct connecting *k)
{
    struct session *s = session_find(&b->sessions, k->client_id);
    bool has_expired = s && s->expires_ms && s->expires_ms <= b->now_ms;
    if (s && (k->connect->is_clean_start || has_expired)) {
        /* The end of a session publishes its Will (5.0 s3.1.3.2.2). */
        end_session(b, s);
        s = NULL;
    }
    k->agreement.is_session_present = s != NULL;
    return s ? s
             : session_new(&b->sessions, k->client_id, b->store, &b->limits);
}

/* make_will copies the Will into a message, to be published as it is. */
static struct message *make_will(const struct session *s,
                                 const struct will *will)
{
    struct publish publish = {
        .is_retained = will->is_retained,
        .qos = will->qos,
        .topic = will->topic,
        .payload = will->payload,
        .properties = will->properties,
    };
    /* Its lifetime begins when it is published; until then expires_ms counts
     * from 0. See session_publish_will. */
    struct message *m = message_new(will->topic, &publish, 0);
    m->publisher = s->id;
    return m;
}

/* give_up ends a connection whose CONNACK the client would not take: it never
 * learns of a session that was made for it, nor that its Will was accepted. */
static void give_up(struct broker *b, struct client *c,
                    const struct connecting *k)
{
    c->keeps_will = false;
    if (!k->agreement.is_session_present)
        c->session->expiry_interval_s = 0;
    broker_close_client(b, c, REASON_SUCCESS); /* [MQTT-3.14.0-1] */
}

/* enter_running counts the client among those that are connected. */
static void enter_running(struct broker *b, struct client *c)
{
    struct broker_counters *n = &b->counters;
    c->was_accepted = true;
    n->n_clients++;
    if (n->n_clients > n->n_clients_maximum)
        n->n_clients_maximum = n->n_clients;
    conn_enter(c->conn, CONN_RUNNING);
    conn_heard(c->conn, b->now_ms);
}

/* read_limits notes what the client can take. */
static struct link read_limits(struct client *c, const struct connect *connect)
{
    const struct properties *p = &connect->properties;
    int32_t most = c->options->default_maximum_in_flight;
    struct link link = {
        .conn = c->conn,
        .version = c->version,
        .receive_maximum =
            most > 0 && most < UINT16_MAX ? (uint16_t)most : UINT16_MAX,
    };
    if (properties_has(p, PROPERTY_RECEIVE_MAXIMUM))
        link.receive_maximum = p->receive_maximum;
    if (properties_has(p, PROPERTY_TOPIC_ALIAS_MAXIMUM))
        link.topic_alias_maximum = p->topic_alias_maximum;
    if (properties_has(p, PROPERTY_MAXIMUM_PACKET_SIZE))
        link.maximum_packet_size = p->maximum_packet_size_octets;
    c->maximum_packet_size = link.maximum_packet_size;
    if (properties_has(p, PROPERTY_REQUEST_PROBLEM_INFORMATION))
        c->wants_problem_information = p->request_problem_information != 0;
    return link;
}

/* fill_session writes into the session what this CONNECT says of it. */
static void fill_session(struct broker *b, struct client *c, struct session *s,
                         const struct connect *connect, uint32_t interval_s)
{
    free(s->user);
    s->user = c->user ? mem_dup(c->user, strlen(c->user)) : NULL;
    s->expiry_interval_s = interval_s;
    s->expires_ms = 0;
    /* The Will of the connection before is deleted when the session goes on
     * before it was due [MQTT-3.1.3-9]. */
    message_unref(s->will.message);
    s->will = (struct session_will){0};
    if (connect->has_will) {
        s->will.message = make_will(s, &connect->will);
        if (properties_has(&connect->will.properties,
                           PROPERTY_WILL_DELAY_INTERVAL))
            s->will.delay_s = connect->will.properties.will_delay_interval_s;
    }
    /* A session that ends with its connection leaves nothing on disk. The
     * others are saved by session_attach. */
    if (interval_s == 0)
        store_delete_session(b->store, s);
}

/* let_in does what is left when the client is known to be who it says. */
static enum reason let_in(struct broker *b, struct client *c,
                          struct connecting *k)
{
    if (c->options->server_reference)
        return REASON_USE_ANOTHER_SERVER;
    steal_link(b, c, k);
    if (c->conn->state == CONN_CLOSING)
        return REASON_SUCCESS;
    uint32_t interval_s = expiry_interval(c, k->connect, &k->agreement);
    struct session *s = find_session(b, k);
    c->session = s;
    c->keeps_will = true;
    c->is_session_expiry_zero = interval_s == 0;
    fill_session(b, c, s, k->connect, interval_s);
    bool is_sent = connack_accept(b, c, &k->agreement);
    enter_running(b, c);
    if (is_sent)
        session_attach(s, &k->link, b->now_ms);
    else
        give_up(b, c, k);
    return REASON_SUCCESS;
}

/* check_connect runs the checks that come before anything is changed. */
static enum reason check_connect(struct broker *b, struct client *c,
                                 struct connecting *k)
{
    if (c->is_surplus)
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "there are as many connections as allowed");
    enum reason reason = check_version(c);
    if (reason == REASON_SUCCESS)
        reason = check_client_id(b, c, k);
    if (reason == REASON_SUCCESS)
        reason = check_will(b, c, k->connect);
    return reason;
}

enum reason on_connect(struct broker *b, struct client *c,
                       struct packet *packet)
{
    struct connecting k = {.connect = &packet->connect,
                           .agreement.connect = &packet->connect};
    bool wants_auth = properties_has(&packet->connect.properties,
                                     PROPERTY_AUTHENTICATION_METHOD);
    c->version = c->conn->version = packet->connect.version;
    k.link = read_limits(c, k.connect);
    enum reason reason = check_connect(b, c, &k);
    if (reason == REASON_SUCCESS && wants_auth && !c->auth)
        return auth_begin(b, c, packet); /* on_auth comes back with it */
    if (reason == REASON_SUCCESS)
        reason = authenticate(b, c, &k);
    if (reason == REASON_SUCCESS)
        reason = let_in(b, c, &k);
    free(k.rewritten);
    return reason;
}

enum reason on_auth(struct broker *b, struct client *c, struct packet *packet)
{
    struct packet connect;
    struct buf octets;
    enum reason reason = auth_go_on(b, c, &packet->auth);
    if (reason != REASON_SUCCESS || !auth_take_connect(c, &octets))
        return reason;
    reason = packet_decode(buf_slice(&octets), MQTT_5_0, &connect);
    if (reason == REASON_SUCCESS)
        reason = on_connect(b, c, &connect);
    buf_clear(&octets);
    return reason;
}
