// SPDX-License-Identifier: Apache-2.0
/* connack.c -- CONNACK: what is agreed with a client that was let in.
 *
 * Spec: 5.0 s3.2; 3.1.1 s3.2; manual: Server Keep Alive and others.
 */
#include "connack.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "base/die.h"
#include "client.h"
#include "codec/encode.h"
#include "codec/frame.h"

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

/* offer tells the limits of the acceptor and remembers them for enforcement.
 */
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
    /* That a feature is there is the default: only its lack, 0, is told. */
    if (!o->retain_available)
        properties_set(p, PROPERTY_RETAIN_AVAILABLE);
    if (!o->wildcard_subscription_available)
        properties_set(p, PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE);
    if (!o->subscription_identifier_available)
        properties_set(p, PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE);
    if (!o->shared_subscription_available)
        properties_set(p, PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE);
}

/* response_information makes "response/CLIENT_ID" for those who ask
 * [MQTT-3.1.2-28]. Returns what to free. */
static char *response_information(const struct properties *asked,
                                  struct slice client_id, struct properties *p)
{
    static const char prefix[] = "response/";
    size_t n = sizeof prefix - 1 + client_id.n;
    if (!properties_has(asked, PROPERTY_REQUEST_RESPONSE_INFORMATION) ||
        asked->request_response_information == 0 || n > UINT16_MAX)
        return NULL;
    char *text = mem_new(n, 1);
    memcpy(text, prefix, sizeof prefix - 1);
    memcpy(text + sizeof prefix - 1, client_id.data, client_id.n);
    properties_set(p, PROPERTY_RESPONSE_INFORMATION);
    p->response_information = slice_of(text, n);
    return text;
}

/* fit leaves out of CONNACK what the client can do without, when the
 * whole would be larger than it accepts: first what only repeats the standard's
 * defaults, then the Topic Aliases. [MQTT-3.1.2-24]. Returns false when even
 * that is too large. */
static bool fit(struct client *c, struct packet *packet)
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

bool connack_accept(struct broker *b, struct client *c,
                    const struct agreement *a)
{
    struct packet packet = {.type = PACKET_CONNACK};
    struct properties *p = &packet.connack.properties;
    struct slice client_id = session_client_id(c->session);
    packet.connack.is_session_present = a->is_session_present;
    offer(c, p);
    if (a->is_expiry_substituted) {
        properties_set(p, PROPERTY_SESSION_EXPIRY_INTERVAL);
        p->session_expiry_interval_s = c->session->expiry_interval_s;
    }
    if (keep_alive(c, a->connect->keep_alive_s)) {
        properties_set(p, PROPERTY_SERVER_KEEP_ALIVE);
        p->server_keep_alive_s = c->keep_alive_s;
    }
    if (a->is_client_id_assigned) {
        properties_set(p, PROPERTY_ASSIGNED_CLIENT_IDENTIFIER);
        p->assigned_client_identifier = client_id; /* [MQTT-3.2.2-16] */
    }
    auth_fill_connack(c, p);
    char *response =
        response_information(&a->connect->properties, client_id, p);
    bool is_sent = fit(c, &packet);
    client_send(b, c, &packet);
    free(response);
    return is_sent;
}
