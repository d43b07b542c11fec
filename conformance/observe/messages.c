/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c -- is a delivered message like the one that was published?
 *
 * A whole world keeps what its clients publish, by topic and payload. A copy is
 * judged against all publications it may stem from: only what none of them
 * explains is found, and without any nothing is. Spec: 5.0 s3.3.2.3, s3.8.3.1,
 * s3.8.4; 3.1.1 s3.8.4.
 */
#include <stdlib.h>

#include "observe/state.h"

static bool is_kept(const struct observe *o)
{
    return o->world && o->world->is_whole;
}

static void keep(struct observe *o, const struct wire_packet *p,
                 struct wire_bytes topic, struct wire_bytes payload,
                 bool is_will)
{
    enum { MAX_KEPT = 1 << 20 }; /* octets; larger ones are not compared */
    struct message **bucket;
    struct message *m;

    if (p->octets.n > MAX_KEPT)
        return;
    m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->hash = observe_hash(topic, payload);
    m->publisher = o->session;
    m->is_will = is_will;
    m->packet = wire_dup(p);
    bucket = &o->world->messages[m->hash % N_MESSAGE_BUCKETS];
    m->next = *bucket;
    *bucket = m;
}

void observe_message_sent(struct observe *o, const struct wire_packet *p,
                          struct wire_bytes topic)
{
    if (is_kept(o))
        keep(o, p, topic, p->payload, false);
}

void observe_will_set(struct observe *o, const struct wire_packet *connect)
{
    if (is_kept(o) && connect->will.topic.text)
        keep(o, connect, connect->will.topic, connect->will.payload, true);
}

static const struct message *next_candidate(const struct message *m,
                                            uint64_t hash)
{
    while (m && m->hash != hash)
        m = m->next;
    return m;
}

/* ---- one publication and one copy ---------------------------------------- */

static bool same_text(struct wire_bytes sent, struct wire_bytes copy)
{
    return !sent.text || (copy.text && wire_same(sent, copy));
}

static bool keeps_format(const struct wire_props *sent,
                         const struct wire_props *copy)
{
    return !wire_is_set(sent->payload_format_indicator) ||
           wire_value(sent->payload_format_indicator, 0) ==
               wire_value(copy->payload_format_indicator, 0);
}

static bool keeps_response(const struct wire_props *sent,
                           const struct wire_props *copy)
{
    return same_text(sent->response_topic, copy->response_topic);
}

static bool keeps_correlation(const struct wire_props *sent,
                              const struct wire_props *copy)
{
    return same_text(sent->correlation_data, copy->correlation_data);
}

static bool keeps_content_type(const struct wire_props *sent,
                               const struct wire_props *copy)
{
    return same_text(sent->content_type, copy->content_type);
}

/* Every User Property is there, in order; more of them are not forbidden. */
static bool keeps_user_properties(const struct wire_props *sent,
                                  const struct wire_props *copy)
{
    struct wire_bytes name, value, its_name, its_value;
    struct wire_cursor at = {0}, its_at = {0};

    while (wire_next_user_property(sent, &at, &name, &value))
        do {
            if (!wire_next_user_property(copy, &its_at, &its_name, &its_value))
                return false;
        } while (!wire_same(name, its_name) || !wire_same(value, its_value));
    return true;
}

static bool keeps_expiry(const struct wire_props *sent,
                         const struct wire_props *copy)
{
    return !wire_is_set(sent->message_expiry_interval_s) ||
           (wire_is_set(copy->message_expiry_interval_s) &&
            wire_value(copy->message_expiry_interval_s, 0) <=
                wire_value(sent->message_expiry_interval_s, 0));
}

static const struct {
    bool (*is_kept)(const struct wire_props *sent,
                    const struct wire_props *copy);
    struct observe_cite cite;
    const char *sentence;
} rows[] = {
    {keeps_format,
     {NULL, "5.0/MQTT-3.3.2-4"},
     "the Payload Format Indicator is not the one published"},
    {keeps_response,
     {NULL, "5.0/MQTT-3.3.2-15"},
     "the Response Topic is not the one published"},
    {keeps_correlation,
     {NULL, "5.0/MQTT-3.3.2-16"},
     "the Correlation Data is not the one published"},
    {keeps_user_properties,
     {NULL, "5.0/MQTT-3.3.2-17"},
     "the User Properties are not those published, in their order"},
    {keeps_content_type,
     {NULL, "5.0/MQTT-3.3.2-20"},
     "the Content Type is not the one published"},
    {keeps_expiry,
     {NULL, "5.0/MQTT-3.3.2-6"},
     "the Message Expiry Interval is missing or above the one published"},
};

/* ---- the verdict --------------------------------------------------------- */

static const struct wire_props *props_of(const struct message *m)
{
    return m->is_will ? &m->packet->will.props : &m->packet->props;
}

static void judge_properties(struct observe *o, const struct wire_packet *p,
                             const struct message *first, uint64_t hash)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct message *m = first;
        while (m && !rows[i].is_kept(props_of(m), &p->props))
            m = next_candidate(m->next, hash);
        if (!m)
            observe_blame(o, WIRE_SERVER, &rows[i].cite, MUST, "%s",
                          rows[i].sentence);
    }
}

/* What the publications that a copy may stem from have in common. */
struct origin {
    uint8_t max_qos;
    bool is_own, may_be_retained, must_be_retained;
};

static struct origin sum_up(const struct observe *o,
                            const struct message *first, uint64_t hash)
{
    struct origin sum = {.is_own = true, .must_be_retained = true};

    for (const struct message *m = first; m;
         m = next_candidate(m->next, hash)) {
        const uint8_t qos = m->is_will ? m->packet->will.qos : m->packet->qos;
        const bool retain =
            m->is_will ? m->packet->will.retain : m->packet->retain;
        sum.max_qos = qos > sum.max_qos ? qos : sum.max_qos;
        sum.is_own &= !m->is_will && m->publisher == o->session;
        sum.may_be_retained |= retain;
        sum.must_be_retained &= retain;
    }
    return sum;
}

static void judge_retain(struct observe *o, const struct wire_packet *p,
                         const struct origin *from,
                         const struct allowance *allowed)
{
    static const struct observe_cite live = {"3.1.1/MQTT-3.3.1-9",
                                             "5.0/MQTT-3.3.1-12"};
    static const struct observe_cite published = {NULL, "5.0/MQTT-3.3.1-13"};

    if (p->retain && !from->may_be_retained)
        observe_blame(o, WIRE_SERVER,
                      allowed->may_retain_as_published ? &published : &live,
                      MUST, "RETAIN is set, but it was published without");
    if (!p->retain && from->must_be_retained &&
        allowed->must_retain_as_published && !allowed->has_shared)
        observe_blame(o, WIRE_SERVER, &published, MUST,
                      "RETAIN is not set, but it was published with it");
}

void observe_message_judge(struct observe *o, const struct wire_packet *p,
                           struct wire_bytes topic,
                           const struct allowance *allowed)
{
    static const struct observe_cite qos = {"3.1.1/MQTT-3.8.4-6",
                                            "5.0/MQTT-3.8.4-8"};
    static const struct observe_cite no_local = {NULL, "5.0/MQTT-3.8.3-3"};
    const uint64_t hash = observe_hash(topic, p->payload);
    const struct message *first;
    struct origin from;

    if (!is_kept(o))
        return;
    first = next_candidate(o->world->messages[hash % N_MESSAGE_BUCKETS], hash);
    if (!first)
        return;
    from = sum_up(o, first, hash);
    if (p->qos > from.max_qos)
        observe_blame(o, WIRE_SERVER, &qos, MUST,
                      "QoS %u, but it was published at QoS %u",
                      (unsigned)p->qos, (unsigned)from.max_qos);
    if (from.is_own && !p->retain && allowed->only_no_local &&
        !allowed->has_shared)
        observe_blame(o, WIRE_SERVER, &no_local, MUST,
                      "the Client's own message, but its subscription has No "
                      "Local");
    judge_retain(o, p, &from, allowed);
    if (o->version == WIRE_5_0)
        judge_properties(o, p, first, hash);
}
