// SPDX-License-Identifier: Apache-2.0
/* on_connect.c -- CONNECT, step by step.
 *
 * A CONNECT is checked, its sender authenticated, the other connection of its
 * Client Identifier dealt with, the session found or made, the values agreed
 * and told in CONNACK. Each step is one function; the first that returns a
 * failure ends the connection with it.
 * Spec: 5.0 s3.1, s3.2, s4.12; 3.1.1 s3.1, s3.2; manual: Link Stealing, Server
 * Keep Alive and others.
 */
#include "on_connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/die.h"
#include "client.h"
#include "codec/encode.h"
#include "codec/frame.h"
#include "on_auth.h"
#include "on_session.h"

/* The longest Client Identifier of 3.1, in characters (3.1 s3.1). */
#define LONGEST_3_1_CLIENT_ID 23

/* What the steps hand on. */
struct connecting {
    const struct connect *connect;
    struct slice client_id; /* in force: as sent, assigned, or rewritten */
    char assigned[40];
    bool was_assigned;
    bool is_session_present;
    char *rewritten;  /* by the security module; owned */
    struct link link; /* what the client can take */
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
    k->was_assigned = true;
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

/* check_will looks at what a Will asks of the broker. [MQTT-3.2.2-12],
 * [MQTT-3.2.2-13], [MQTT-3.3.2-14]. */
static enum reason check_will(const struct broker *b, struct client *c,
                              const struct connect *connect)
{
    const struct will *will = &connect->will;
    if (!connect->has_will)
        return REASON_SUCCESS;
    if (!topic_name_is_valid(will->topic))
        return client_blame(c, REASON_TOPIC_NAME_INVALID,
                            "the Will Topic is no Topic Name");
    if (b->config->max_topic_levels > 0 &&
        topic_n_levels(will->topic) > (size_t)b->config->max_topic_levels)
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the Will Topic has too many levels");
    if (will->qos > c->options->maximum_qos)
        return client_blame(c, REASON_QOS_NOT_SUPPORTED,
                            "the Will QoS is above the Maximum QoS");
    if (will->is_retained && !c->options->retain_available)
        return client_blame(c, REASON_RETAIN_NOT_SUPPORTED,
                            "Will Retain, but retain is not available");
    if (properties_has(&will->properties, PROPERTY_RESPONSE_TOPIC) &&
        !topic_name_is_valid(will->properties.response_topic))
        return client_blame(c, REASON_PROTOCOL_ERROR,
                            "the Will's Response Topic is no Topic Name");
    return REASON_SUCCESS;
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
    if (!b->security)
        return REASON_SUCCESS;
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
                                bool *is_substituted)
{
    int64_t standard = c->options->default_session_expiry_interval_s;
    uint32_t ours = standard < 0 || standard > SESSION_NEVER_EXPIRES
                        ? SESSION_NEVER_EXPIRES
                        : (uint32_t)standard;
    *is_substituted = false;
    if (c->version != MQTT_5_0)
        return connect->is_clean_start ? 0 : ours;
    if (properties_has(&connect->properties, PROPERTY_SESSION_EXPIRY_INTERVAL))
        return connect->properties.session_expiry_interval_s;
    if (!c->options->is_session_expiry_interval_given)
        return 0;
    *is_substituted = true;
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
    k->is_session_present = s != NULL;
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

/* keep_alive applies the manual's table of client and server values. Returns
 * whether the client must be told. */
static bool keep_alive(struct client *c, uint16_t wanted_s)
{
    int32_t server_s = c->options->server_keep_alive_s;
    bool applies =
        c->version == MQTT_5_0 || c->options->server_keep_alive_for_3;
    bool is_imposed = applies && server_s >= 0 &&
                      (server_s == 0 || wanted_s == 0 || wanted_s > server_s);
    c->keep_alive_s = is_imposed ? (uint16_t)server_s : wanted_s;
    /* One and a half times [MQTT-3.1.2-22]. */
    c->conn->silence_ms = (uint64_t)c->keep_alive_s * 1500;
    return is_imposed && c->version == MQTT_5_0;
}

/* set_flag states in CONNACK that a feature is missing; present is the default
 * and not said. */
static void set_flag(struct properties *p, enum property id, uint8_t *field,
                     bool is_available)
{
    if (is_available)
        return;
    properties_set(p, id);
    *field = 0;
}

/* offer tells the limits of the acceptor and remembers them for enforcement. */
static void offer(struct client *c, struct properties *p)
{
    const struct acceptor_options *o = c->options;
    c->receive_maximum = UINT16_MAX;
    if (o->receive_maximum > 0) {
        properties_set(p, PROPERTY_RECEIVE_MAXIMUM);
        p->receive_maximum = (uint16_t)o->receive_maximum;
        c->receive_maximum = (uint16_t)o->receive_maximum;
    }
    c->receive_quota = c->receive_maximum;
    if (o->topic_alias_maximum >= 0) {
        properties_set(p, PROPERTY_TOPIC_ALIAS_MAXIMUM);
        p->topic_alias_maximum = (uint16_t)o->topic_alias_maximum;
        c->topic_alias_maximum = (uint16_t)o->topic_alias_maximum;
    }
    if (o->maximum_packet_size > 0) {
        properties_set(p, PROPERTY_MAXIMUM_PACKET_SIZE);
        p->maximum_packet_size_octets = (uint32_t)o->maximum_packet_size;
    }
    if (o->maximum_qos < 2) {
        properties_set(p, PROPERTY_MAXIMUM_QOS);
        p->maximum_qos = (uint8_t)o->maximum_qos;
    }
    set_flag(p, PROPERTY_RETAIN_AVAILABLE, &p->retain_available,
             o->retain_available);
    set_flag(p, PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE,
             &p->wildcard_subscription_available,
             o->wildcard_subscription_available);
    set_flag(p, PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE,
             &p->subscription_identifier_available,
             o->subscription_identifier_available);
    set_flag(p, PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE,
             &p->shared_subscription_available,
             o->shared_subscription_available);
}

/* response_information makes "response/CLIENT_ID" for those who ask
 * [MQTT-3.1.2-28]. Returns what to free. */
static char *response_information(const struct connecting *k,
                                  struct properties *p)
{
    static const char prefix[] = "response/";
    const struct properties *asked = &k->connect->properties;
    size_t n = sizeof prefix - 1 + k->client_id.n;
    if (!properties_has(asked, PROPERTY_REQUEST_RESPONSE_INFORMATION) ||
        asked->request_response_information == 0 || n > UINT16_MAX)
        return NULL;
    char *text = mem_new(n, 1);
    memcpy(text, prefix, sizeof prefix - 1);
    memcpy(text + sizeof prefix - 1, k->client_id.data, k->client_id.n);
    properties_set(p, PROPERTY_RESPONSE_INFORMATION);
    p->response_information = slice_of(text, n);
    return text;
}

/* fit_connack leaves out of CONNACK what the client can do without, when the
 * whole would be larger than it accepts: first what only repeats the standard's
 * defaults, then the Topic Aliases. [MQTT-3.1.2-24]. Returns false when even
 * that is too large. */
static bool fit_connack(struct client *c, struct packet *packet)
{
    struct properties *p = &packet->connack.properties;
    size_t limit = c->maximum_packet_size;
    if (limit == 0 || packet_size(packet, c->version) <= limit)
        return true;
    if (c->receive_maximum == UINT16_MAX)
        properties_unset(p, PROPERTY_RECEIVE_MAXIMUM);
    if (p->maximum_packet_size_octets >= FRAME_MAX_REMAINING_LENGTH)
        properties_unset(p, PROPERTY_MAXIMUM_PACKET_SIZE);
    properties_unset(p, PROPERTY_RESPONSE_INFORMATION);
    if (packet_size(packet, c->version) <= limit)
        return true;
    properties_unset(p, PROPERTY_TOPIC_ALIAS_MAXIMUM);
    c->topic_alias_maximum = 0;
    return packet_size(packet, c->version) <= limit;
}

/* give_up ends a connection whose CONNACK the client would not take: it never
 * learns of a session that was made for it, nor that its Will was accepted. */
static void give_up(struct broker *b, struct client *c,
                    const struct connecting *k)
{
    c->keeps_will = false;
    if (!k->is_session_present)
        c->session->expiry_interval_s = 0;
    broker_close_client(b, c, REASON_SUCCESS); /* [MQTT-3.14.0-1] */
}

/* accept_with sends the CONNACK that says yes. */
static void accept_with(struct broker *b, struct client *c,
                        const struct connecting *k, bool is_substituted)
{
    struct packet packet = {.type = PACKET_CONNACK};
    struct properties *p = &packet.connack.properties;
    packet.connack.is_session_present = k->is_session_present;
    offer(c, p);
    if (is_substituted) {
        properties_set(p, PROPERTY_SESSION_EXPIRY_INTERVAL);
        p->session_expiry_interval_s = c->session->expiry_interval_s;
    }
    if (keep_alive(c, k->connect->keep_alive_s)) {
        properties_set(p, PROPERTY_SERVER_KEEP_ALIVE);
        p->server_keep_alive_s = c->keep_alive_s;
    }
    if (k->was_assigned) {
        properties_set(p, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER);
        p->assigned_client_identifier = k->client_id; /* [MQTT-3.2.2-16] */
    }
    auth_fill_connack(c, p);
    char *response = response_information(k, p);
    bool is_sent = fit_connack(c, &packet);
    client_send(b, c, &packet);
    free(response);
    c->was_accepted = true;
    b->counters.n_clients++;
    if (b->counters.n_clients > b->counters.n_clients_maximum)
        b->counters.n_clients_maximum = b->counters.n_clients;
    conn_enter(c->conn, CONN_RUNNING);
    conn_heard(c->conn, b->now_ms);
    if (!is_sent)
        give_up(b, c, k);
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

/* check_all runs the checks that come before anything is changed. */
static enum reason check_all(struct broker *b, struct client *c,
                             struct connecting *k)
{
    enum reason reason = check_version(c);
    if (reason == REASON_SUCCESS)
        reason = check_client_id(b, c, k);
    if (reason == REASON_SUCCESS)
        reason = check_will(b, c, k->connect);
    return reason;
}

/* finish_connect does what is left when the client is known to be who it says.
 */
static enum reason finish_connect(struct broker *b, struct client *c,
                                  struct connecting *k)
{
    if (c->options->server_reference)
        return REASON_USE_ANOTHER_SERVER;
    steal_link(b, c, k);
    if (c->conn->state == CONN_CLOSING)
        return REASON_SUCCESS;
    bool is_substituted;
    uint32_t interval_s = expiry_interval(c, k->connect, &is_substituted);
    struct session *s = find_session(b, k);
    c->session = s;
    c->keeps_will = true;
    c->is_session_expiry_zero = interval_s == 0;
    fill_session(b, c, s, k->connect, interval_s);
    accept_with(b, c, k, is_substituted);
    if (c->conn->state == CONN_RUNNING)
        session_attach(s, &k->link, b->now_ms);
    return REASON_SUCCESS;
}

/* admit handles a CONNECT whose sender needs no, or no more, challenge. */
static enum reason admit(struct broker *b, struct client *c,
                         struct connecting *k)
{
    enum reason reason = authenticate(b, c, k);
    if (reason == REASON_SUCCESS)
        reason = finish_connect(b, c, k);
    free(k->rewritten);
    return reason;
}

enum reason on_connect(struct broker *b, struct client *c,
                       struct packet *packet)
{
    struct connecting k = {.connect = &packet->connect};
    c->version = c->conn->version = packet->connect.version;
    k.link = read_limits(c, k.connect);
    enum reason reason = check_all(b, c, &k);
    if (reason != REASON_SUCCESS)
        return reason;
    if (properties_has(&packet->connect.properties,
                       PROPERTY_AUTHENTICATION_METHOD))
        return auth_begin(b, c, packet);
    return admit(b, c, &k);
}

enum reason connect_resume(struct broker *b, struct client *c,
                           struct packet *packet)
{
    struct connecting k = {.connect = &packet->connect};
    k.link = read_limits(c, k.connect);
    enum reason reason = check_all(b, c, &k);
    return reason == REASON_SUCCESS ? admit(b, c, &k) : reason;
}
