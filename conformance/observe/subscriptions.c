/* SPDX-License-Identifier: Apache-2.0 */
/* subscriptions.c -- who asked for what, and what may be delivered for it.
 *
 * Keeps every Topic Filter that a session ever asked for, with all it was ever
 * granted: a message may have been queued under any of them. Only what no
 * history of the session explains is found. Spec: 5.0 s3.3.4, s3.8, s3.10,
 * s4.7; 3.1.1 s3.3.5, s3.8, s3.10, s4.7.
 */
#include <stdlib.h>
#include <string.h>

#include "observe/state.h"

/* ---- matching ------------------------------------------------------------ */

static size_t level_length(const char *text, size_t n)
{
    const char *slash = n ? memchr(text, '/', n) : NULL;

    return slash ? (size_t)(slash - text) : n;
}

bool observe_matches(const char *filter, size_t n_filter, const char *topic,
                     size_t n_topic)
{
    if (n_topic && *topic == '$' &&
        (n_filter == 0 || *filter == '#' || *filter == '+'))
        return false;
    for (;;) {
        const size_t nf = level_length(filter, n_filter);
        const size_t nt = level_length(topic, n_topic);
        const bool f_ends = nf == n_filter, t_ends = nt == n_topic;
        if (nf == 1 && *filter == '#')
            return true;
        if (!(nf == 1 && *filter == '+') &&
            (nf != nt || (nf && memcmp(filter, topic, nf) != 0)))
            return false;
        /* "a/#" matches "a" as well. */
        if (t_ends && !f_ends)
            return n_filter - nf == 2 && filter[nf + 1] == '#';
        if (f_ends)
            return t_ends;
        filter += nf + 1;
        n_filter -= nf + 1;
        topic += nt + 1;
        n_topic -= nt + 1;
    }
}

/* ---- the list ------------------------------------------------------------ */

/* The part of a shared filter that topics are matched with. */
static struct wire_bytes plain_part(const struct subscription *s)
{
    struct wire_bytes rest = {{s->filter}, s->n};

    for (int skip = s->is_shared ? 2 : 0; skip > 0; skip--) {
        const size_t n = level_length(rest.text, rest.n);
        const size_t step = n < rest.n ? n + 1 : n;
        rest.text += step;
        rest.n -= step;
    }
    return rest;
}

static bool covers(const struct subscription *s, struct wire_bytes topic)
{
    const struct wire_bytes filter = plain_part(s);
    const size_t n = wire_len(topic);

    return (s->was_granted || s->n_open) &&
           (observe_matches(filter.text, filter.n, topic.text, n) ||
            (s->is_of_3 && observe_matches(s->filter, s->n, topic.text, n)));
}

static struct subscription *find_subscription(struct session *session,
                                              struct wire_bytes filter)
{
    struct subscription *s = session->subscriptions;

    while (s &&
           !(s->n == wire_len(filter) && !memcmp(s->filter, filter.text, s->n)))
        s = s->next;
    return s;
}

void observe_free_subscriptions(struct session *session)
{
    while (session->subscriptions) {
        struct subscription *next = session->subscriptions->next;
        free(session->subscriptions->filter);
        free(session->subscriptions->identifiers);
        free(session->subscriptions);
        session->subscriptions = next;
    }
    while (session->retained) {
        struct retained_copies *next = session->retained->next;
        free(session->retained->topic);
        free(session->retained);
        session->retained = next;
    }
}

static struct subscription *add_subscription(const struct observe *o,
                                             struct wire_bytes filter)
{
    struct subscription *s = find_subscription(o->session, filter);

    if (s)
        return s;
    s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->n = wire_len(filter);
    s->filter = observe_copy(filter.text, s->n);
    /* 3.x leaves names that begin with "$" to the server (3.1.1 s4.7.2): some
     * serve shared subscriptions there too, others take the filter as it is. */
    s->is_of_3 = o->version != WIRE_5_0;
    s->is_shared = s->n > 7 && !memcmp(s->filter, "$share/", 7);
    s->always_no_local = s->always_retain_as_published = true;
    s->next = o->session->subscriptions;
    o->session->subscriptions = s;
    return s;
}

static bool has_identifier(const struct subscription *s, uint32_t identifier)
{
    for (size_t i = 0; i < s->n_identifiers; i++)
        if (s->identifiers[i] == identifier)
            return true;
    return false;
}

void observe_subscribed(struct observe *o, const struct wire_packet *subscribe)
{
    const uint32_t id =
        wire_value(subscribe->props.subscription_identifier[0], 0);
    struct wire_filter f;

    for (size_t i = 0; wire_filter_at(subscribe, i, &f); i++) {
        struct subscription *s = add_subscription(o, f.filter);
        s->n_open++;
        s->n_subscribes++;
        s->always_no_local &= f.no_local;
        s->ever_retain_as_published |= f.retain_as_published;
        s->always_retain_as_published &= f.retain_as_published;
        s->ever_without_identifier |= !id;
        if (f.qos > s->max_qos)
            s->max_qos = f.qos;
        if (!id || has_identifier(s, id))
            continue;
        s->identifiers = realloc(s->identifiers, (s->n_identifiers + 1) *
                                                     sizeof *s->identifiers);
        if (!s->identifiers)
            abort();
        s->identifiers[s->n_identifiers++] = id;
    }
}

void observe_granted(struct observe *o, const struct wire_packet *subscribe,
                     struct wire_bytes codes)
{
    struct wire_filter f;

    if (!o->session)
        return;
    for (size_t i = 0; wire_filter_at(subscribe, i, &f); i++) {
        struct subscription *s = find_subscription(o->session, f.filter);
        if (!s)
            continue;
        if (s->n_open)
            s->n_open--;
        if (i < wire_len(codes) && codes.octets[i] > 2)
            continue;
        /* While it is the only one, what is granted is what counts. */
        if (i < wire_len(codes) && !s->was_granted && !s->n_open &&
            s->n_subscribes == 1)
            s->max_qos = codes.octets[i];
        s->was_granted = true;
    }
}

/* ---- deliveries ---------------------------------------------------------- */

bool observe_may_be_shared(const struct observe *o, struct wire_bytes topic)
{
    if (!o->session || !o->session->is_known || !topic.text)
        return true;
    for (const struct subscription *s = o->session->subscriptions; s;
         s = s->next)
        if (s->is_shared && covers(s, topic))
            return true;
    return false;
}

static struct allowance sum_up(const struct session *session,
                               struct wire_bytes topic)
{
    struct allowance sum = {.must_retain_as_published = true,
                            .only_no_local = true};

    for (const struct subscription *s = session->subscriptions; s;
         s = s->next) {
        if (!covers(s, topic))
            continue;
        sum.n_matching++;
        sum.n_subscribes += s->n_subscribes;
        if (s->max_qos > sum.max_qos)
            sum.max_qos = s->max_qos;
        sum.may_retain_as_published |= s->ever_retain_as_published;
        sum.may_lack_identifier |= s->ever_without_identifier;
        sum.must_retain_as_published &= s->always_retain_as_published;
        sum.only_no_local &= s->always_no_local;
        sum.has_shared |= s->is_shared;
    }
    return sum;
}

static void judge_identifiers(struct observe *o, const struct wire_packet *p,
                              struct wire_bytes topic,
                              const struct allowance *sum)
{
    static const struct observe_cite missing = {NULL, "5.0/MQTT-3.3.4-3"};
    static const struct observe_cite foreign = {NULL, "5.0/MQTT-3.3.4-5"};
    struct wire_cursor at = {0};
    uint32_t id;

    if (!p->props.n_subscription_identifiers && !sum->may_lack_identifier)
        observe_blame(o, WIRE_SERVER, &missing, MUST,
                      "every subscription that matches has a Subscription "
                      "Identifier, the message has none");
    while (wire_next_subscription_identifier(&p->props, &at, &id)) {
        const struct subscription *s = o->session->subscriptions;
        while (s && !(has_identifier(s, id) && covers(s, topic)))
            s = s->next;
        if (!s)
            observe_blame(o, WIRE_SERVER, &foreign, MUST,
                          "Subscription Identifier %u is of no subscription "
                          "that matches",
                          (unsigned)id);
    }
}

/* A subscription lets one retained message of a topic through each time it is
 * made: any more with RETAIN set are live ones. */
static void judge_retain(struct observe *o, const struct wire_packet *p,
                         struct wire_bytes topic, const struct allowance *sum)
{
    static const struct observe_cite cite = {"3.1.1/MQTT-3.3.1-9",
                                             "5.0/MQTT-3.3.1-12"};
    struct retained_copies *r = o->session->retained;

    if (!p->retain || p->dup || sum->may_retain_as_published)
        return;
    while (r &&
           !(r->n == wire_len(topic) && !memcmp(r->topic, topic.text, r->n)))
        r = r->next;
    if (!r) {
        r = calloc(1, sizeof *r);
        if (!r)
            abort();
        r->n = wire_len(topic);
        r->topic = observe_copy(topic.text, r->n);
        r->next = o->session->retained;
        o->session->retained = r;
    }
    if (++r->n_copies > sum->n_subscribes)
        observe_blame(o, WIRE_SERVER, &cite, MUST,
                      "copy %u with RETAIN set, but there were %u matching "
                      "subscriptions: it is a live message",
                      r->n_copies, sum->n_subscribes);
}

void observe_delivery(struct observe *o, const struct wire_packet *p,
                      struct wire_bytes topic, bool is_first)
{
    static const struct observe_cite unasked = {"3.1.1/MQTT-3.3.2-3",
                                                "5.0/MQTT-3.3.2-3"};
    static const struct observe_cite qos = {"3.1.1/MQTT-3.8.4-6",
                                            "5.0/MQTT-3.8.4-8"};
    struct allowance sum;

    if (o->is_midstream || o->is_tainted || !o->session ||
        !o->session->is_known)
        return;
    sum = sum_up(o->session, topic);
    /* A delivery that was begun is finished, whatever was unsubscribed since.
     */
    if (!sum.n_matching && !is_first)
        return;
    if (!sum.n_matching) {
        observe_blame(o, WIRE_SERVER, &unasked, MUST,
                      "no subscription of this session matches the Topic Name");
        return;
    }
    if (p->qos > sum.max_qos)
        observe_blame(o, WIRE_SERVER, &qos, MUST,
                      "QoS %u, but at most QoS %u was granted",
                      (unsigned)p->qos, (unsigned)sum.max_qos);
    judge_identifiers(o, p, topic, &sum);
    if (is_first)
        judge_retain(o, p, topic, &sum);
    observe_message_judge(o, p, topic, &sum);
}

/* ---- requests and replies ------------------------------------------------ */

/* What CONNACK switched off. */
static void judge_features(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite cite = {NULL,
                                             "5.0/RULE-feature-unavailable"};
    const struct wire_props *props = o->connack ? &o->connack->props : NULL;
    struct wire_filter f;
    bool is_off = false;

    if (!props || p->type != WIRE_SUBSCRIBE)
        return;
    is_off = p->props.n_subscription_identifiers &&
             !wire_value(props->subscription_identifier_available, 1);
    for (size_t i = 0; wire_filter_at(p, i, &f); i++) {
        const size_t n = wire_len(f.filter);
        is_off |=
            !wire_value(props->wildcard_subscription_available, 1) &&
            (memchr(f.filter.text, '#', n) || memchr(f.filter.text, '+', n));
        is_off |= !wire_value(props->shared_subscription_available, 1) &&
                  n > 7 && !memcmp(f.filter.text, "$share/", 7);
    }
    if (is_off) {
        observe_blame(o, WIRE_CLIENT, &cite, MUST,
                      "SUBSCRIBE uses what CONNACK said is not available");
        observe_taint(o);
    }
}

void observe_request(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite in_use = {"3.1.1/MQTT-2.3.1-2",
                                               "5.0/MQTT-2.2.1-3"};
    struct sender *client = &o->sides[WIRE_CLIENT];
    struct exchange *e = observe_find(client, p->packet_id);

    if (!p->packet_id || !p->n_filters)
        return;
    judge_features(o, p);
    if (e && !e->is_resumed) {
        observe_blame(o, WIRE_CLIENT, &in_use, MUST,
                      "Packet Identifier %u is in use", (unsigned)p->packet_id);
        if (o->version != WIRE_3_1)
            observe_taint(o);
    }
    if (e)
        observe_end(client, e);
    e = observe_begin(o, client,
                      p->type == WIRE_SUBSCRIBE ? EXCHANGE_SUBSCRIBE
                                                : EXCHANGE_UNSUBSCRIBE,
                      p->packet_id);
    e->request = wire_dup(p);
    if (p->type != WIRE_SUBSCRIBE)
        return;
    if (o->session) /* else when CONNACK comes */
        observe_subscribed(o, p);
}

static void judge_codes(struct observe *o, const struct wire_packet *request,
                        const struct wire_packet *p)
{
    static const struct observe_cite n_sub = {"3.1.1/MQTT-3.8.4-5",
                                              "5.0/MQTT-3.8.4-6"};
    static const struct observe_cite n_unsub = {NULL, "5.0/MQTT-3.11.3-1"};
    static const struct observe_cite more = {"3.1.1/RULE-suback-grants-no-more",
                                             "5.0/RULE-suback-grants-no-more"};
    const size_t n_codes = wire_len(p->codes);
    struct wire_filter f;

    if (n_codes != request->n_filters && n_codes)
        observe_blame(
            o, WIRE_SERVER, p->type == WIRE_SUBACK ? &n_sub : &n_unsub, MUST,
            "%zu codes for %zu Topic Filters", n_codes, request->n_filters);
    if (p->type != WIRE_SUBACK)
        return;
    for (size_t i = 0; i < n_codes && wire_filter_at(request, i, &f); i++)
        if (p->codes.octets[i] <= 2 && p->codes.octets[i] > f.qos)
            observe_blame(o, WIRE_SERVER, &more, MUST,
                          "QoS %u is granted for filter %zu, QoS %u was asked "
                          "for",
                          (unsigned)p->codes.octets[i], i + 1, (unsigned)f.qos);
}

void observe_reply(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite suback = {"3.1.1/MQTT-3.8.4-2",
                                               "5.0/MQTT-3.8.4-2"};
    static const struct observe_cite unsuback = {"3.1.1/MQTT-2.3.1-7",
                                                 "5.0/MQTT-2.2.1-6"};
    const enum exchange_kind kind =
        p->type == WIRE_SUBACK ? EXCHANGE_SUBSCRIBE : EXCHANGE_UNSUBSCRIBE;
    struct sender *client = &o->sides[WIRE_CLIENT];
    struct exchange *e = observe_find(client, p->packet_id);

    if (!e || e->kind != kind || !e->request) {
        if (!o->is_midstream && !o->is_tainted)
            observe_blame(o, WIRE_SERVER,
                          p->type == WIRE_SUBACK ? &suback : &unsuback, MUST,
                          "%s %u answers no open %s", wire_type_name(p->type),
                          (unsigned)p->packet_id,
                          p->type == WIRE_SUBACK ? "SUBSCRIBE" : "UNSUBSCRIBE");
        return;
    }
    if (!o->is_tainted)
        judge_codes(o, e->request, p);
    if (kind == EXCHANGE_SUBSCRIBE)
        observe_granted(o, e->request, p->codes);
    observe_end(client, e);
}
