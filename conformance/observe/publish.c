/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c -- PUBLISH of either side: identifier, DUP, quota, alias.
 *
 * Spec: 5.0 s2.2.1, s3.3, s4.4, s4.9; 3.1.1 s2.3.1, s3.3, s4.4.
 */
#include <stdlib.h>

#include "observe/state.h"

/* ---- identifiers --------------------------------------------------------- */

static const char *const by[] = {"", "Client", "Server"};

static void spend_quota(struct observe *o, enum wire_side from)
{
    static const struct observe_cite cite[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.3.4-7"}, {NULL, "5.0/MQTT-3.3.4-9"}};
    struct sender *sender = &o->sides[from];

    if (sender->quota > 0) {
        sender->quota--;
        return;
    }
    if (o->is_midstream)
        return;
    observe_blame(o, from, &cite[from], MUST,
                  "more than %u publications are unfinished, the Receive "
                  "Maximum",
                  (unsigned)sender->quota_max);
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

static const struct observe_cite in_use[] = {
    {NULL, NULL},
    {"3.1.1/MQTT-2.3.1-2", "5.0/MQTT-2.2.1-3"},
    {"3.1.1/MQTT-2.3.1-4", "5.0/MQTT-2.2.1-4"}};

/* A PUBLISH under an identifier that this connection has in flight. */
static void judge_repeat(struct observe *o, enum wire_side from,
                         const struct wire_packet *p, const struct exchange *e)
{
    static const struct observe_cite released = {"3.1.1/MQTT-4.3.3-1",
                                                 "5.0/MQTT-4.3.3-6"};
    static const struct observe_cite again = {NULL, "5.0/MQTT-4.4.0-1"};

    if (!p->dup) {
        observe_blame(o, from, &in_use[from], MUST,
                      "Packet Identifier %u is in use", (unsigned)p->packet_id);
        if (from == WIRE_CLIENT)
            observe_taint(o);
    } else if (e->is_released) {
        observe_blame(o, from, &released, MUST,
                      "PUBLISH %u is sent again after its PUBREL",
                      (unsigned)p->packet_id);
    } else {
        observe_blame(o, from, &again, MUST,
                      "PUBLISH %u is sent again on the same connection",
                      (unsigned)p->packet_id);
    }
}

/* The first PUBLISH of an exchange that an earlier connection left open. */
static void judge_resumed(struct observe *o, enum wire_side from,
                          const struct wire_packet *p, const struct exchange *e,
                          uint64_t hash)
{
    static const struct observe_cite dup = {"3.1.1/MQTT-3.3.1-1",
                                            "5.0/MQTT-3.3.1-1"};
    static const struct observe_cite released = {"3.1.1/MQTT-4.3.3-1",
                                                 "5.0/MQTT-4.3.3-6"};

    if (o->is_tainted || e->is_shared)
        return;
    if (e->is_released && p->dup && e->hash == hash)
        observe_blame(o, from, &released, MUST,
                      "PUBLISH %u is sent again after its PUBREL",
                      (unsigned)p->packet_id);
    else if (!p->dup && e->hash == hash && !e->is_released)
        observe_blame(o, from, &dup, MUST,
                      "PUBLISH %u is sent again without DUP",
                      (unsigned)p->packet_id);
}

static void follow_publish(struct observe *o, enum wire_side from,
                           const struct wire_packet *p, uint64_t hash,
                           bool is_shared)
{
    static const struct observe_cite dup[] = {
        {NULL, NULL},
        {"3.1.1/MQTT-3.3.1-1", "5.0/MQTT-3.3.1-1"},
        {"3.1.1/MQTT-3.3.1-3", "5.0/MQTT-3.3.1-3"}};
    struct sender *sender = &o->sides[from];
    struct id_set *used =
        p->qos == 1 ? &sender->used_qos_1 : &sender->used_qos_2;
    const enum exchange_kind kind =
        p->qos == 1 ? EXCHANGE_QOS_1 : EXCHANGE_QOS_2;
    struct exchange *e = observe_find(sender, p->packet_id);

    /* DUP or not, another QoS makes another exchange of it: what the server
     * answers, it answers to that. */
    if (e && e->kind != kind && from == WIRE_CLIENT) {
        if (!e->is_resumed)
            observe_blame(o, from, &in_use[from], MUST,
                          "Packet Identifier %u is in use, at another QoS",
                          (unsigned)p->packet_id);
        observe_taint(o);
        observe_end(sender, e);
        e = NULL;
    }
    if (e && e->is_resumed)
        judge_resumed(o, from, p, e, hash);
    else if (e)
        judge_repeat(o, from, p, e);
    else if (p->dup && observe_is_all_known(o) &&
             !observe_has(used, p->packet_id))
        observe_blame(o, from, &dup[from], MUST,
                      "DUP is set on a PUBLISH of the %s that was not sent "
                      "before",
                      by[from]);
    if (!e || !p->dup || e->is_resumed)
        spend_quota(o, from);
    if (e && !p->dup) {
        observe_end(sender, e);
        e = NULL;
    }
    if (!e)
        e = observe_begin(o, sender, kind, p->packet_id);
    if (e->is_resumed)
        e->order = o->order;
    e->is_resumed = false;
    e->is_shared = is_shared;
    e->hash = hash;
    e->n_octets = p->octets.n;
    e->n_publish++;
    observe_put(used, p->packet_id);
}

/* ---- Topic Alias --------------------------------------------------------- */

static struct topic_alias *find_alias(struct sender *sender, uint32_t alias)
{
    for (size_t i = 0; i < sender->n_aliases; i++)
        if (sender->aliases[i].alias == alias)
            return &sender->aliases[i];
    return NULL;
}

static void set_alias(struct sender *sender, uint32_t alias,
                      struct wire_bytes topic)
{
    struct topic_alias *entry = find_alias(sender, alias);

    if (!entry) {
        sender->aliases = realloc(sender->aliases, (sender->n_aliases + 1) *
                                                       sizeof *sender->aliases);
        if (!sender->aliases)
            abort();
        entry = &sender->aliases[sender->n_aliases++];
        *entry = (struct topic_alias){.alias = (uint16_t)alias};
    }
    free(entry->topic);
    entry->n = wire_len(topic);
    entry->topic = observe_copy(topic.text, entry->n);
}

static void judge_alias_maximum(struct observe *o, enum wire_side from,
                                uint32_t alias)
{
    static const struct observe_cite above[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.2.2-17"}, {NULL, "5.0/MQTT-3.1.2-26"}};
    static const struct observe_cite none[] = {
        {NULL, NULL}, {NULL, "5.0/MQTT-3.2.2-18"}, {NULL, "5.0/MQTT-3.1.2-27"}};
    const uint32_t max = o->sides[from].alias_max;

    if (o->is_midstream || alias <= max)
        return;
    observe_blame(o, from, max ? &above[from] : &none[from], MUST,
                  "Topic Alias %u, the Topic Alias Maximum is %u",
                  (unsigned)alias, (unsigned)max);
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

/* The topic of a PUBLISH, looked up if there is only an alias; unset if it is
 * not known. */
static struct wire_bytes resolve_topic(struct observe *o, enum wire_side from,
                                       const struct wire_packet *p)
{
    static const struct observe_cite unknown = {
        NULL, "5.0/RULE-publish-topic-alias-unknown"};
    const struct wire_bytes unset = {{NULL}, 0};
    struct sender *sender = &o->sides[from];
    const struct topic_alias *entry;
    uint32_t alias;

    if (!wire_is_set(p->props.topic_alias))
        return p->topic;
    alias = wire_value(p->props.topic_alias, 0);
    judge_alias_maximum(o, from, alias);
    if (wire_len(p->topic)) {
        set_alias(sender, alias, p->topic);
        return p->topic;
    }
    entry = find_alias(sender, alias);
    if (entry)
        return SLICE(entry->topic, entry->n);
    if (!o->is_midstream) {
        observe_blame(o, from, &unknown, MUST,
                      "Topic Alias %u without a Topic Name, but it was not set "
                      "on this connection",
                      (unsigned)alias);
        if (from == WIRE_CLIENT)
            observe_taint(o);
    }
    return unset;
}

/* What CONNACK switched off. */
static void judge_features(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite qos = {NULL, "5.0/MQTT-3.2.2-11"};
    static const struct observe_cite retain = {NULL, "5.0/MQTT-3.2.2-14"};
    const struct wire_props *props = o->connack ? &o->connack->props : NULL;

    if (props && p->qos > wire_value(props->maximum_qos, 2)) {
        observe_blame(o, WIRE_CLIENT, &qos, MUST,
                      "QoS %u, the Maximum QoS is %u", (unsigned)p->qos,
                      (unsigned)wire_value(props->maximum_qos, 2));
        observe_taint(o);
    }
    if (props && p->retain && !wire_value(props->retain_available, 1)) {
        observe_blame(o, WIRE_CLIENT, &retain, MUST,
                      "RETAIN is set, but Retain Available is 0");
        observe_taint(o);
    }
}

void observe_publish(struct observe *o, enum wire_side from,
                     const struct wire_packet *p)
{
    const struct wire_bytes topic = resolve_topic(o, from, p);
    const struct exchange *e = observe_find(&o->sides[from], p->packet_id);
    const bool is_first = !p->dup && !(p->qos && e);

    if (from == WIRE_CLIENT)
        judge_features(o, p);
    if (p->qos == 3 || (p->qos && !p->packet_id))
        return;
    if (p->qos)
        follow_publish(o, from, p, observe_hash(topic, p->payload),
                       from == WIRE_SERVER && observe_may_be_shared(o, topic));
    if (!topic.text)
        return;
    if (from == WIRE_CLIENT)
        observe_message_sent(o, p, topic);
    else
        observe_delivery(o, p, topic, is_first);
}
