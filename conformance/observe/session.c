/* SPDX-License-Identifier: Apache-2.0 */
/* session.c -- what outlives a connection.
 *
 * A session is known from the CONNACK that began it, as long as its world is
 * whole; it carries subscriptions and unfinished exchanges from connection to
 * connection. Spec: 5.0 s3.1.2.4, s3.2.2.1.1, s4.1; 3.1.1 s3.1.2.4, s4.1.
 */
#include <stdlib.h>
#include <string.h>

#include "observe/state.h"

static void clear_session(struct session *s)
{
    observe_free_subscriptions(s);
    for (int side = WIRE_CLIENT; side <= WIRE_SERVER; side++) {
        observe_free_exchanges(s->open[side]);
        s->open[side] = NULL;
    }
}

void observe_session_free(struct session *session)
{
    clear_session(session);
    free(session->client_id);
    free(session);
}

static struct session *find_session(const struct observe *o)
{
    const struct wire_bytes id = observe_client_id(o);
    struct session *s = o->world ? o->world->sessions : NULL;

    while (s && !(s->n_client_id == wire_len(id) &&
                  !memcmp(s->client_id, id.text, s->n_client_id)))
        s = s->next;
    return s;
}

static struct session *new_session(struct observe *o)
{
    const struct wire_bytes id = observe_client_id(o);
    struct session *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->n_client_id = wire_len(id);
    s->client_id = observe_copy(id.text, s->n_client_id);
    if (o->world) {
        s->next = o->world->sessions;
        o->world->sessions = s;
    }
    return s;
}

/* ---- CONNECT and its answer ---------------------------------------------- */

void observe_session_ask(struct observe *o)
{
    struct session *s = find_session(o);

    if (!o->world || !wire_len(o->connect->client_id))
        return;
    if (!s)
        s = new_session(o);
    s->n_unanswered++;
}

void observe_session_answer(struct observe *o)
{
    struct session *s = find_session(o);

    if (s && s->n_unanswered > 0)
        s->n_unanswered--;
}

/* ---- is Session Present right? ------------------------------------------- */

/* Whether the session can only be there still. 3.1.1 lets an administrator
 * end a session that has no connection (s4.1), and brokers have settings for
 * it; so only one whose connection is up is certain. */
static bool must_exist(const struct observe *o, const struct session *s)
{
    const int64_t margin_ns = 1000000000;

    if (!s->is_known || !s->may_exist)
        return false;
    if (o->version != WIRE_5_0)
        return s->owner && s->is_lasting;
    if (!s->is_lasting || s->owner || !s->ended_ns || !o->now_ns)
        return false;
    return s->expiry_s == UINT32_MAX || o->now_ns - s->ended_ns + margin_ns <
                                            (int64_t)s->expiry_s * 1000000000;
}

void observe_session_judge(struct observe *o, bool is_present)
{
    static const struct observe_cite lost = {"3.1.1/MQTT-3.2.2-2",
                                             "5.0/MQTT-3.2.2-3"};
    static const struct observe_cite invented = {"3.1.1/MQTT-3.2.2-3",
                                                 "5.0/MQTT-3.2.2-3"};
    const struct session *s = find_session(o);

    if (!o->world || !o->world->is_whole || o->connect->clean_start ||
        !wire_len(o->connect->client_id))
        return;
    if (is_present && !(s && (s->was_begun || s->n_unanswered > 0)))
        observe_blame(o, WIRE_SERVER, &invented, MUST,
                      "Session Present is 1, but this Client Identifier never "
                      "connected before");
    if (!is_present && s && must_exist(o, s))
        observe_blame(o, WIRE_SERVER, &lost, MUST,
                      "Session Present is 0, but the session of this Client "
                      "Identifier has not ended");
}

/* ---- begin and leave ----------------------------------------------------- */

static bool is_request(const struct exchange *e)
{
    return e->kind == EXCHANGE_SUBSCRIBE || e->kind == EXCHANGE_UNSUBSCRIBE;
}

/* Moves open publications to the session. Requests die with the connection. */
static void park(struct observe *o, struct session *s)
{
    for (int side = WIRE_CLIENT; side <= WIRE_SERVER; side++) {
        struct exchange **link = &o->sides[side].exchanges;
        while (*link) {
            struct exchange *e = *link;
            if (is_request(e)) {
                link = &e->next;
                continue;
            }
            *link = e->next;
            e->next = s->open[side];
            s->open[side] = e;
        }
    }
}

/* Takes them over to a new connection. */
static void unpark(struct observe *o, struct session *s)
{
    for (int side = WIRE_CLIENT; side <= WIRE_SERVER; side++) {
        struct exchange **link = &s->open[side];
        while (*link) {
            struct exchange *e = *link;
            *link = e->next;
            if (observe_find(&o->sides[side], e->id)) {
                e->next = NULL;
                observe_free_exchanges(e);
                continue;
            }
            e->is_resumed = true;
            e->n_publish = e->n_pubrec = 0;
            e->owed_pubrel = e->owed_pubcomp = 0;
            e->received_order = 0;
            e->next = o->sides[side].exchanges;
            o->sides[side].exchanges = e;
        }
    }
}

void observe_session_leave(struct observe *o)
{
    struct session *s = o->session;

    o->session = NULL;
    if (!s)
        return;
    park(o, s);
    /* What the server made of such an end is its own business. */
    if (o->is_tainted || o->sides[WIRE_SERVER].has_disconnected)
        s->may_exist = false;
    s->owner = NULL;
    s->ended_ns = o->now_ns;
    if (!o->world)
        observe_session_free(s);
}

void observe_session_begin(struct observe *o, bool is_present)
{
    const bool is_whole = o->world && o->world->is_whole;
    /* CONNACK of 3.1 does not tell whether an old session goes on. */
    const bool is_open = o->version == WIRE_3_1 && !o->connect->clean_start;
    struct session *s = find_session(o);

    if (o->session) /* joined in the middle, it may begin twice */
        observe_session_leave(o);
    if (s && s->owner) /* a take-over */
        observe_session_leave(s->owner);
    is_present |= is_open && (s || !is_whole);
    if (!s)
        s = new_session(o);
    o->is_fresh = !is_present;
    if (!is_present) {
        clear_session(s);
        s->is_known = true;
    } else if (!is_whole || is_open) {
        clear_session(s);
        s->is_known = false;
    }
    s->was_begun = s->may_exist = true;
    s->owner = o;
    s->expiry_s =
        wire_value(o->connack->props.session_expiry_interval_s,
                   wire_value(o->connect->props.session_expiry_interval_s, 0));
    s->is_lasting =
        o->version == WIRE_5_0 ? s->expiry_s > 0 : !o->connect->clean_start;
    o->session = s;
    unpark(o, s);
    for (const struct exchange *e = o->sides[WIRE_CLIENT].exchanges; e;
         e = e->next)
        if (e->kind == EXCHANGE_SUBSCRIBE && e->request)
            observe_subscribed(o, e->request);
}
