/* SPDX-License-Identifier: Apache-2.0 */
/* message.c -- one packet of a replay, captured or live, in a small form. */
#include "message.h"

#include "room.h"
#include "tell_json.h"

static uint64_t hash(uint64_t h, const void *octets, size_t n)
{
    const uint8_t *at = octets;
    uint64_t word;
    for (; n >= 8; at += 8, n -= 8) {
        memcpy(&word, at, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    while (n--)
        h = (h ^ *at++) * 0x100000001B3u;
    return h;
}

static void learn(struct aliases *a, uint32_t alias, const char *topic)
{
    if (alias >= a->n) {
        a->topics = xrealloc(a->topics, (alias + 1) * sizeof *a->topics);
        memset(a->topics + a->n, 0, (alias + 1 - a->n) * sizeof *a->topics);
        a->n = alias + 1;
    }
    free(a->topics[alias]);
    a->topics[alias] = xstrdup(topic);
}

/* The topic of a PUBLISH, through its alias if it has none of its own. */
static void read_topic(struct message *m, const struct wire_packet *p,
                       struct aliases *a)
{
    uint32_t alias = wire_value(p->props.topic_alias, 0);
    m->n_topic = wire_len(p->topic);
    if (m->n_topic == 0 && alias && a && alias < a->n && a->topics[alias]) {
        m->topic = xstrdup(a->topics[alias]);
        m->n_topic = strlen(m->topic);
        return;
    }
    m->topic = xmemdup(p->topic.text, m->n_topic);
    if (alias && alias <= 0xFFFF && a && m->n_topic)
        learn(a, alias, m->topic);
}

void message_read(struct message *m, enum wire_version version,
                  enum wire_side from, const uint8_t *octets, size_t n,
                  struct aliases *aliases)
{
    struct wire_packet p;
    struct wire_fault fault = {0};
    size_t total;
    *m = (struct message){.from = from, .n = n, .version = version};
    m->octets = xmemdup(octets, n);
    m->is_bad =
        wire_read(version, from, m->octets, n, &p, &total, &fault) != WIRE_OK;
    m->type = p.type ? p.type : (enum wire_type)(octets[0] >> 4);
    if (m->is_bad) {
        snprintf(m->fault, sizeof m->fault, "%s%s%s", fault.sentence,
                 *fault.statement ? " " : "", fault.statement);
        m->is_fatal = fault.reason && *fault.statement;
    }
    m->id = p.packet_id;
    m->qos = p.qos;
    m->is_retain = p.retain;
    m->is_dup = p.dup;
    m->is_clean = p.clean_start;
    m->reason = p.reason;
    if (m->type != WIRE_PUBLISH)
        return;
    read_topic(m, &p, aliases);
    m->n_payload = wire_len(p.payload);
    m->payload_at = n - m->n_payload;
    m->content = hash(hash(m->n_topic, m->topic, m->n_topic),
                      m->octets + m->payload_at, m->n_payload);
}

void message_decode(const struct message *m, struct wire_packet *p)
{
    size_t total;
    wire_read(m->version, m->from, m->octets, m->n, p, &total, NULL);
    if (!p->type)
        p->type = m->type;
}

char *message_line(const struct message *m, char *out, size_t cap)
{
    struct wire_packet p;
    message_decode(m, &p);
    hide_secrets(&p);
    return wire_describe(&p, out, cap);
}

void message_clear(struct message *m)
{
    free(m->octets);
    free(m->topic);
    *m = (struct message){0};
}

void aliases_clear(struct aliases *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->topics[i]);
    free(a->topics);
    *a = (struct aliases){0};
}
