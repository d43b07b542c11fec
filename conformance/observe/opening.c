/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c -- CONNECT, CONNACK, AUTH and DISCONNECT, as the observer sees
 * them.
 *
 * Takes note of what both sides demand of each other, and judges the answer.
 * Spec: 5.0 s3.1, s3.2, s3.14, s3.15, s4.12; 3.1.1 s3.1, s3.2, s3.14.
 */
#include <stdlib.h>

#include "observe/state.h"

void observe_connect(struct observe *o, const struct wire_packet *p)
{
    struct sender *server = &o->sides[WIRE_SERVER];

    o->phase = AWAIT_CONNACK;
    free(o->connect); /* joined in the middle, CONNECT may come twice */
    o->connect = wire_dup(p);
    o->is_connect_taken = true;
    server->quota = server->quota_max =
        wire_value(p->props.receive_maximum, 65535);
    server->alias_max = wire_value(p->props.topic_alias_maximum, 0);
    server->packet_max = wire_value(p->props.maximum_packet_size, 0);
    observe_session_ask(o);
}

/* ---- CONNACK ------------------------------------------------------------- */

static void judge_answer(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite clean = {"3.1.1/MQTT-3.2.2-1",
                                              "5.0/MQTT-3.2.2-2"};
    static const struct observe_cite unasked = {NULL, "5.0/MQTT-3.1.2-28"};
    static const struct observe_cite nameless = {NULL, "5.0/MQTT-3.2.2-16"};
    static const struct observe_cite no_method = {NULL, "5.0/MQTT-4.12.0-6"};
    static const struct observe_cite method = {NULL, "5.0/MQTT-4.12.0-5"};
    const struct wire_packet *c = o->connect;
    const struct wire_bytes asked = c->props.authentication_method;
    const struct wire_bytes answered = p->props.authentication_method;

    if (p->session_present && c->clean_start)
        observe_blame(o, WIRE_SERVER, &clean, MUST,
                      "Session Present is 1, but the Client asked for a clean "
                      "start");
    if (p->props.response_information.text &&
        !wire_value(c->props.request_response_information, 0))
        observe_blame(o, WIRE_SERVER, &unasked, MUST,
                      "Response Information that was not asked for");
    if (!wire_len(c->client_id) && !p->reason &&
        !p->props.assigned_client_identifier.text)
        observe_blame(o, WIRE_SERVER, &nameless, MUST,
                      "no Assigned Client Identifier for an empty one");
    if (answered.text && !asked.text)
        observe_blame(o, WIRE_SERVER, &no_method, MUST,
                      "an Authentication Method, but CONNECT named none");
    if (asked.text && !p->reason &&
        !(answered.text && wire_same(asked, answered)))
        observe_blame(o, WIRE_SERVER, &method, MUST,
                      "the Authentication Method is not that of CONNECT");
}

void observe_connack(struct observe *o, const struct wire_packet *p)
{
    struct sender *client = &o->sides[WIRE_CLIENT];

    if (o->phase != AWAIT_CONNACK)
        return;
    o->phase = p->reason ? REFUSED : RUNNING;
    free(o->connack);
    o->connack = wire_dup(p);
    client->quota_max = wire_value(p->props.receive_maximum, 65535);
    client->quota = client->quota > 65535 - client->quota_max
                        ? client->quota - (65535 - client->quota_max)
                        : 0;
    client->alias_max = wire_value(p->props.topic_alias_maximum, 0);
    client->packet_max = wire_value(p->props.maximum_packet_size, 0);
    if (!o->is_connect_taken)
        return;
    observe_session_answer(o);
    judge_answer(o, p);
    if (p->reason)
        return;
    if (!o->is_tainted)
        observe_session_judge(o, p->session_present);
    observe_session_begin(o, p->session_present);
    observe_will_set(o, o->connect);
}

/* ---- AUTH ---------------------------------------------------------------- */

void observe_auth(struct observe *o, enum wire_side from,
                  const struct wire_packet *p)
{
    static const struct observe_cite by_server = {NULL, "5.0/MQTT-4.12.0-6"};
    static const struct observe_cite by_client = {NULL, "5.0/MQTT-4.12.0-7"};
    static const struct observe_cite other = {NULL, "5.0/MQTT-4.12.0-5"};
    static const struct observe_cite again = {NULL, "5.0/MQTT-4.12.1-1"};
    struct wire_bytes asked;

    if (!o->is_connect_taken)
        return;
    asked = o->connect->props.authentication_method;
    if (!asked.text)
        observe_blame(o, from, from == WIRE_SERVER ? &by_server : &by_client,
                      MUST, "AUTH, but CONNECT named no Authentication Method");
    else if (p->props.authentication_method.text &&
             !wire_same(asked, p->props.authentication_method))
        observe_blame(o, from, &other, MUST,
                      "the Authentication Method is not that of CONNECT");
    else if (from == WIRE_CLIENT && p->reason == RE_AUTHENTICATE &&
             o->phase == AWAIT_CONNACK)
        observe_blame(o, from, &again, MUST,
                      "re-authentication before CONNACK");
    else
        return;
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

/* ---- DISCONNECT ---------------------------------------------------------- */

void observe_disconnect(struct observe *o, enum wire_side from,
                        const struct wire_packet *p)
{
    static const struct observe_cite from_zero = {
        NULL, "5.0/RULE-disconnect-session-expiry-from-zero"};
    const uint64_t expiry = p->props.session_expiry_interval_s;

    o->sides[from].has_disconnected = true;
    if (from != WIRE_CLIENT || !o->is_connect_taken)
        return;
    if (wire_value(expiry, 0) &&
        !wire_value(o->connect->props.session_expiry_interval_s, 0)) {
        observe_blame(o, from, &from_zero, MUST,
                      "a Session Expiry Interval, but CONNECT had 0");
        observe_taint(o);
    } else if (wire_is_set(expiry) && o->session) {
        o->session->expiry_s = wire_value(expiry, 0);
        o->session->is_lasting = o->session->expiry_s > 0;
    }
}
