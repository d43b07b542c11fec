// SPDX-License-Identifier: Apache-2.0
/* on_subscribe.c -- SUBSCRIBE and UNSUBSCRIBE.
 *
 * All filters are checked before the first takes effect, so that a packet that
 * ends the connection changes nothing.
 * Spec: 5.0 s3.8 to s3.11, s4.8.2; 3.1.1 s3.8 to s3.11.
 */
#include "on_subscribe.h"

#include <stdlib.h>

#include "base/die.h"
#include "client.h"
#include "codec/decode.h"

/* One filter of a SUBSCRIBE, taken apart. */
struct wanted {
    struct subscription_request request;
    struct slice share; /* empty: not shared */
    struct slice filter;
    bool is_valid;
};

/* parse_filter checks a Topic Filter and cuts "$share/NAME/" off, which means
 * something in 5.0 only. [MQTT-4.7.1-1], [MQTT-4.8.2-1], [MQTT-4.8.2-2]. */
static bool parse_filter(struct slice text, enum mqtt_version version,
                         struct slice *share, struct slice *filter)
{
    *share = slice_of(NULL, 0);
    *filter = text;
    if (version == MQTT_5_0 && !share_parse(text, share, filter))
        return false;
    return topic_filter_is_valid(*filter);
}

/* next_wanted walks the filters of a SUBSCRIBE; false at the end. */
static bool next_wanted(struct slice *rest, enum mqtt_version version,
                        struct wanted *w)
{
    if (!subscribe_next(rest, version, &w->request))
        return false;
    w->is_valid =
        parse_filter(w->request.filter, version, &w->share, &w->filter);
    return true;
}

/* check_subscribe finds what makes the whole packet illegal. */
static enum reason check_subscribe(struct client *c, const struct subscribe *s)
{
    struct slice rest = s->filters;
    struct wanted w;
    if (properties_has(&s->properties, PROPERTY_SUBSCRIPTION_IDENTIFIER) &&
        !c->options->subscription_identifier_available)
        return REASON_SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED;
    while (next_wanted(&rest, c->version, &w)) {
        if (!w.is_valid)
            return REASON_TOPIC_FILTER_INVALID;
        if (w.share.n > 0 && w.request.is_no_local) /* [MQTT-3.8.3-4] */
            return client_blame(c, REASON_PROTOCOL_ERROR,
                                "No Local in a Shared Subscription");
    }
    return REASON_SUCCESS;
}

/* why_refused tells why one subscription is not granted; SUCCESS if it is. */
static enum reason why_refused(const struct broker *b, struct client *c,
                               const struct wanted *w)
{
    const struct session *s = c->session;
    int32_t max_subscriptions = b->config->max_subscriptions;
    if (w->share.n > 0 && !c->options->shared_subscription_available)
        return REASON_SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
    if (!c->options->wildcard_subscription_available &&
        topic_filter_has_wildcard(w->filter))
        return REASON_WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED;
    if (!broker_takes_levels(b, w->filter))
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the Topic Filter has too many levels");
    if (max_subscriptions > 0 &&
        s->n_subscriptions >= (size_t)max_subscriptions &&
        !subtree_find(&b->subtree, s, w->request.filter))
        return client_blame(c, REASON_QUOTA_EXCEEDED,
                            "the session has too many subscriptions");
    if (!security_may_subscribe(b->security, c->user, session_client_id(s),
                                w->filter))
        return client_blame(c, REASON_NOT_AUTHORIZED,
                            "not allowed to subscribe to this Topic Filter");
    return REASON_SUCCESS;
}

/* subscribe_one adds one subscription. Returns the octet of SUBACK.
 *
 * wants_retained   out: whether retained messages are to be sent for it:
 *                  [MQTT-3.3.1-9..11]; never for shared ones (5.0 s4.8.2)
 */
static uint8_t subscribe_one(struct broker *b, struct client *c,
                             const struct wanted *w, uint32_t identifier,
                             bool *wants_retained)
{
    enum reason reason = why_refused(b, c, w);
    if (reason != REASON_SUCCESS) {
        log_line(b->log, LOG_INFO, "%s: subscription refused, %s",
                 c->conn->peer, reason_name(reason));
        /* 3.1 has no failure code: it grants, and nothing is delivered. */
        return c->version == MQTT_3_1 ? w->request.qos : (uint8_t)reason;
    }
    bool is_new = session_add_subscription(c->session, &b->subtree, &w->request,
                                           w->share, w->filter, identifier);
    uint8_t handling = w->request.retain_handling;
    *wants_retained =
        w->share.n == 0 && (handling == 0 || (handling == 1 && is_new));
    return w->request.qos;
}

struct retained_visit {
    struct broker *broker;
    const struct subscription *subscription;
};

static void send_one_retained(struct message *m, void *arg)
{
    const struct retained_visit *visit = arg;
    struct broker *b = visit->broker;
    router_send_retained(&b->router, visit->subscription, m, b->now_ms);
}

/* send_retained sends what is retained for one filter. */
static void send_retained(struct broker *b, struct client *c,
                          const struct wanted *w)
{
    struct retained_visit visit = {
        b, subtree_find(&b->subtree, c->session, w->request.filter)};
    if (visit.subscription)
        retain_match(&b->retain, w->filter, b->now_ms, send_one_retained,
                     &visit);
}

static void send_suback(struct broker *b, struct client *c,
                        enum packet_type type, uint16_t packet_id,
                        struct slice reasons)
{
    struct packet packet = {.type = type};
    packet.suback.packet_id = packet_id;
    packet.suback.reasons = reasons;
    client_send(b, c, &packet);
}

enum reason on_subscribe(struct broker *b, struct client *c,
                         struct packet *packet)
{
    const struct subscribe *s = &packet->subscribe;
    uint32_t identifier =
        properties_has(&s->properties, PROPERTY_SUBSCRIPTION_IDENTIFIER)
            ? s->properties.subscription_identifier
            : 0;
    enum reason reason = check_subscribe(c, s);
    if (reason != REASON_SUCCESS)
        return reason;
    uint8_t *codes = mem_new(s->n_filters, 1);
    bool *wants_retained = mem_new(s->n_filters, sizeof *wants_retained);
    struct wanted w;
    struct slice rest = s->filters;
    for (size_t i = 0; next_wanted(&rest, c->version, &w); i++)
        codes[i] = subscribe_one(b, c, &w, identifier, &wants_retained[i]);
    /* SUBACK first: it tells the client what the messages are for. */
    send_suback(b, c, PACKET_SUBACK, s->packet_id,
                slice_of(codes, s->n_filters));
    rest = s->filters;
    for (size_t i = 0; next_wanted(&rest, c->version, &w); i++)
        if (wants_retained[i] && b->retain.n_messages > 0)
            send_retained(b, c, &w);
    free(wants_retained);
    free(codes);
    return REASON_SUCCESS;
}

/* check_unsubscribe: an illegal filter ends the connection, as in SUBSCRIBE
 * [MQTT-4.7.1-1], [MQTT-4.7.3-1]. */
static enum reason check_unsubscribe(const struct client *c,
                                     const struct unsubscribe *u)
{
    struct slice rest = u->filters, text, share, filter;
    while (unsubscribe_next(&rest, &text))
        if (!parse_filter(text, c->version, &share, &filter))
            return REASON_TOPIC_FILTER_INVALID;
    return REASON_SUCCESS;
}

enum reason on_unsubscribe(struct broker *b, struct client *c,
                           struct packet *packet)
{
    const struct unsubscribe *u = &packet->unsubscribe;
    enum reason reason = check_unsubscribe(c, u);
    if (reason != REASON_SUCCESS)
        return reason;
    uint8_t *codes = mem_new(u->n_filters, 1);
    struct slice rest = u->filters, filter;
    for (size_t i = 0; unsubscribe_next(&rest, &filter); i++)
        codes[i] = session_remove_subscription(c->session, &b->subtree, filter)
                       ? REASON_SUCCESS
                       : REASON_NO_SUBSCRIPTION_EXISTED;
    send_suback(b, c, PACKET_UNSUBACK, u->packet_id,
                slice_of(codes, u->n_filters));
    free(codes);
    return REASON_SUCCESS;
}
