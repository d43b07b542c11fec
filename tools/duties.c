/* SPDX-License-Identifier: Apache-2.0 */
/* duties.c -- which of a client's duties a connection has put to the test. */
#include "duties.h"

#include <stdio.h>
#include <string.h>

/* ---- occasions ----------------------------------------------------------- */

static bool has(struct wire_bytes field)
{
    return field.text != NULL;
}

static unsigned of_connect(const struct wire_packet *p)
{
    return (has(p->will.topic) ? DUTY_WILL : 0u) |
           (has(p->user_name) ? DUTY_USER_NAME : 0u) |
           (has(p->password) ? DUTY_PASSWORD : 0u) |
           (p->keep_alive_s ? DUTY_KEEP_ALIVE : 0u) |
           (has(p->props.authentication_method) ? DUTY_METHOD : 0u);
}

static unsigned of_connack(const struct wire_packet *p)
{
    const struct wire_props *props = &p->props;
    return (p->session_present ? DUTY_RESUMED : 0u) |
           (wire_is_set(props->maximum_qos) ? DUTY_QOS_LIMIT : 0u) |
           (wire_is_set(props->retain_available) ? DUTY_RETAIN_LIMIT : 0u) |
           (wire_is_set(props->maximum_packet_size) ? DUTY_SIZE_LIMIT : 0u) |
           (wire_is_set(props->server_keep_alive_s) ? DUTY_SERVER_KEEP_ALIVE
                                                    : 0u);
}

static unsigned of_publish(enum wire_side from, const struct wire_packet *p)
{
    static const unsigned SENT[] = {DUTY_QOS_0, DUTY_QOS_1, DUTY_QOS_2, 0};
    static const unsigned GOT[] = {0, DUTY_GOT_QOS_1, DUTY_GOT_QOS_2, 0};
    if (from == WIRE_SERVER)
        return GOT[p->qos & 3];
    return SENT[p->qos & 3] |
           (wire_is_set(p->props.topic_alias) ? DUTY_ALIAS : 0u) |
           (has(p->props.response_topic) ? DUTY_RESPONSE_TOPIC : 0u) |
           (has(p->props.content_type) ? DUTY_CONTENT_TYPE : 0u);
}

static unsigned of_filters(const struct wire_packet *p)
{
    unsigned occasions = 0;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes filter = p->filters[i].filter;
        size_t n = wire_len(filter);
        if (n >= 6 && !memcmp(filter.text, "$share", 6))
            occasions |= DUTY_SHARED;
        if (n && (memchr(filter.text, '#', n) || memchr(filter.text, '+', n)))
            occasions |= DUTY_WILDCARD;
    }
    return occasions;
}

unsigned duties_occasions(enum wire_side from, const struct wire_packet *p)
{
    unsigned occasions = 0;
    if (p->type == WIRE_PUBLISH)
        occasions = of_publish(from, p);
    if (from == WIRE_SERVER)
        return p->type == WIRE_CONNACK ? of_connack(p) : occasions;
    if (p->type == WIRE_CONNECT)
        occasions = of_connect(p);
    if (p->type == WIRE_SUBSCRIBE || p->type == WIRE_UNSUBSCRIBE)
        occasions = of_filters(p);
    if (p->props.n_user_properties)
        occasions |= DUTY_USER_PROPERTY;
    return occasions;
}

/* ---- statements ---------------------------------------------------------- */

#define ANY_QOS (DUTY_QOS_1 | DUTY_QOS_2)
#define GOT_ANY (DUTY_GOT_QOS_1 | DUTY_GOT_QOS_2)

#define NEEDS(id, occasions)                                                   \
    {                                                                          \
        id, occasions, NULL, NULL, NULL                                        \
    }
#define FOUND(id, occasions, by, word)                                         \
    {                                                                          \
        id, occasions, by, word, NULL                                          \
    }
#define UNSEEN(id, why)                                                        \
    {                                                                          \
        id, 0, NULL, NULL, why                                                 \
    }

static const char MEMORY[] = "it is about what the client remembers",
                  FORM[] = "written otherwise, it would read as other fields",
                  RECEIVER[] = "it is about what the client does with what it "
                               "gets",
                  BELOW[] = "it is about what carries the packets",
                  TIME[] = "the standard sets no time for it";

static const struct duty DUTIES[] = {
    /* 3.1.1 */
    UNSEEN("3.1.1/MQTT-1.5.3-3", RECEIVER),
    UNSEEN("3.1.1/MQTT-2.2.2-2", RECEIVER),
    UNSEEN("3.1.1/MQTT-2.3.1-3", MEMORY),
    UNSEEN("3.1.1/MQTT-2.3.1-5", FORM),
    NEEDS("3.1.1/MQTT-2.3.1-6", GOT_ANY),
    UNSEEN("3.1.1/MQTT-3.1.2-4", MEMORY),
    UNSEEN("3.1.1/MQTT-3.1.2-6", MEMORY),
    FOUND("3.1.1/MQTT-3.1.2-11", 0, "3.1.1/MQTT-3.1.2-13 3.1.1/MQTT-3.1.2-15",
          NULL),
    UNSEEN("3.1.1/MQTT-3.1.2-18", FORM),
    NEEDS("3.1.1/MQTT-3.1.2-19", DUTY_USER_NAME),
    UNSEEN("3.1.1/MQTT-3.1.2-20", FORM),
    NEEDS("3.1.1/MQTT-3.1.2-21", DUTY_PASSWORD),
    NEEDS("3.1.1/MQTT-3.1.2-22", DUTY_PASSWORD),
    NEEDS("3.1.1/MQTT-3.1.2-23", DUTY_KEEP_ALIVE),
    UNSEEN("3.1.1/MQTT-3.1.3-1", FORM),
    UNSEEN("3.1.1/MQTT-3.1.3-2", MEMORY),
    FOUND("3.1.1/MQTT-3.1.3-4", 0, "3.1.1/MQTT-1.5.3-1 3.1.1/MQTT-1.5.3-2",
          "Client Identifier"),
    FOUND("3.1.1/MQTT-3.1.3-10", DUTY_WILL,
          "3.1.1/MQTT-1.5.3-1 3.1.1/MQTT-1.5.3-2", "Will Topic"),
    FOUND("3.1.1/MQTT-3.1.3-11", DUTY_USER_NAME,
          "3.1.1/MQTT-1.5.3-1 3.1.1/MQTT-1.5.3-2", "User Name"),
    NEEDS("3.1.1/MQTT-3.3.1-1", DUTY_RESUMED),
    NEEDS("3.1.1/MQTT-3.3.1-2", DUTY_QOS_0),
    NEEDS("3.1.1/MQTT-3.3.4-1", GOT_ANY),
    FOUND("3.1.1/MQTT-3.8.3-1", 0, "3.1.1/MQTT-1.5.3-1 3.1.1/MQTT-1.5.3-2",
          "SUBSCRIBE Topic Filter"),
    FOUND("3.1.1/MQTT-3.10.3-1", 0, "3.1.1/MQTT-1.5.3-1 3.1.1/MQTT-1.5.3-2",
          "UNSUBSCRIBE Topic Filter"),
    UNSEEN("3.1.1/MQTT-3.14.4-1", TIME),
    UNSEEN("3.1.1/MQTT-4.1.0-1", MEMORY),
    UNSEEN("3.1.1/MQTT-4.1.0-2", MEMORY),
    FOUND("3.1.1/MQTT-4.3.1-1", DUTY_QOS_0, "3.1.1/MQTT-3.3.1-2", NULL),
    FOUND("3.1.1/MQTT-4.3.2-1", DUTY_QOS_1,
          "3.1.1/MQTT-2.3.1-2 3.1.1/MQTT-3.3.1-1", NULL),
    FOUND("3.1.1/MQTT-4.3.2-2", DUTY_GOT_QOS_1, "3.1.1/MQTT-2.3.1-6", "PUBACK"),
    NEEDS("3.1.1/MQTT-4.3.3-1", DUTY_QOS_2),
    NEEDS("3.1.1/MQTT-4.3.3-2", DUTY_GOT_QOS_2),
    NEEDS("3.1.1/MQTT-4.4.0-1", DUTY_RESUMED),
    FOUND("3.1.1/MQTT-4.5.0-2", GOT_ANY, "3.1.1/MQTT-3.3.4-1", NULL),
    UNSEEN("3.1.1/MQTT-4.6.0-1", MEMORY),
    NEEDS("3.1.1/MQTT-4.6.0-2", DUTY_GOT_QOS_1),
    NEEDS("3.1.1/MQTT-4.6.0-3", DUTY_GOT_QOS_2),
    NEEDS("3.1.1/MQTT-4.6.0-4", DUTY_QOS_2),
    NEEDS("3.1.1/MQTT-4.7.1-2", DUTY_WILDCARD),
    NEEDS("3.1.1/MQTT-4.7.1-3", DUTY_WILDCARD),
    FOUND("3.1.1/MQTT-4.7.3-2", 0, "3.1.1/MQTT-1.5.3-2", "Topic"),
    UNSEEN("3.1.1/MQTT-4.7.3-3", FORM),
    UNSEEN("3.1.1/MQTT-4.8.0-1", RECEIVER),
    UNSEEN("3.1.1/MQTT-4.8.0-2", RECEIVER),
    NEEDS("3.1.1/MQTT-6.0.0-1", DUTY_WEBSOCKET),
    UNSEEN("3.1.1/MQTT-6.0.0-2", RECEIVER),
    NEEDS("3.1.1/MQTT-6.0.0-3", DUTY_WEBSOCKET),
    UNSEEN("3.1.1/MQTT-7.0.0-2", BELOW),
    UNSEEN("3.1.1/MQTT-7.1.2-1", BELOW),
    /* 5.0 */
    UNSEEN("5.0/MQTT-1.5.4-3", RECEIVER),
    NEEDS("5.0/MQTT-1.5.7-1", DUTY_USER_PROPERTY),
    UNSEEN("5.0/MQTT-2.2.1-2", FORM),
    NEEDS("5.0/MQTT-2.2.1-5", GOT_ANY | DUTY_QOS_2),
    UNSEEN("5.0/MQTT-3.1.2-4", MEMORY),
    UNSEEN("5.0/MQTT-3.1.2-16", FORM),
    NEEDS("5.0/MQTT-3.1.2-17", DUTY_USER_NAME),
    UNSEEN("5.0/MQTT-3.1.2-18", FORM),
    NEEDS("5.0/MQTT-3.1.2-19", DUTY_PASSWORD),
    NEEDS("5.0/MQTT-3.1.2-20", DUTY_KEEP_ALIVE),
    NEEDS("5.0/MQTT-3.1.2-21", DUTY_SERVER_KEEP_ALIVE),
    UNSEEN("5.0/MQTT-3.1.2-23", MEMORY),
    NEEDS("5.0/MQTT-3.1.2-30", DUTY_METHOD),
    UNSEEN("5.0/MQTT-3.1.3-1", FORM),
    UNSEEN("5.0/MQTT-3.1.3-2", MEMORY),
    FOUND("5.0/MQTT-3.1.3-4", 0, "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2",
          "Client Identifier"),
    FOUND("5.0/MQTT-3.1.3-11", DUTY_WILL, "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2",
          "Will Topic"),
    FOUND("5.0/MQTT-3.1.3-12", DUTY_USER_NAME,
          "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2", "User Name"),
    UNSEEN("5.0/MQTT-3.2.2-4", MEMORY),
    UNSEEN("5.0/MQTT-3.2.2-5", MEMORY),
    NEEDS("5.0/MQTT-3.2.2-11", DUTY_QOS_LIMIT),
    NEEDS("5.0/MQTT-3.2.2-14", DUTY_RETAIN_LIMIT),
    NEEDS("5.0/MQTT-3.2.2-15", DUTY_SIZE_LIMIT),
    NEEDS("5.0/MQTT-3.2.2-17", DUTY_ALIAS),
    NEEDS("5.0/MQTT-3.2.2-18", DUTY_ALIAS),
    FOUND("5.0/MQTT-3.2.2-21", DUTY_SERVER_KEEP_ALIVE, "5.0/MQTT-3.1.2-21",
          NULL),
    NEEDS("5.0/MQTT-3.3.1-1", DUTY_RESUMED),
    NEEDS("5.0/MQTT-3.3.1-2", DUTY_QOS_0),
    UNSEEN("5.0/MQTT-3.3.2-7", MEMORY),
    NEEDS("5.0/MQTT-3.3.2-8", DUTY_ALIAS),
    FOUND("5.0/MQTT-3.3.2-9", DUTY_ALIAS, "5.0/MQTT-3.2.2-17 5.0/MQTT-3.2.2-18",
          NULL),
    UNSEEN("5.0/MQTT-3.3.2-10", RECEIVER),
    FOUND("5.0/MQTT-3.3.2-13", DUTY_RESPONSE_TOPIC,
          "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2", "Response Topic"),
    NEEDS("5.0/MQTT-3.3.2-14", DUTY_RESPONSE_TOPIC),
    FOUND("5.0/MQTT-3.3.2-19", DUTY_CONTENT_TYPE,
          "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2", "Content Type"),
    NEEDS("5.0/MQTT-3.3.4-1", GOT_ANY),
    NEEDS("5.0/MQTT-3.3.4-7", ANY_QOS),
    UNSEEN("5.0/MQTT-3.3.4-8", RECEIVER),
    FOUND("5.0/MQTT-3.4.2-2", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBACK"),
    FOUND("5.0/MQTT-3.4.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBACK"),
    FOUND("5.0/MQTT-3.5.2-2", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBREC"),
    FOUND("5.0/MQTT-3.5.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBREC"),
    FOUND("5.0/MQTT-3.6.2-2", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBREL"),
    FOUND("5.0/MQTT-3.6.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBREL"),
    FOUND("5.0/MQTT-3.7.2-2", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBCOMP"),
    FOUND("5.0/MQTT-3.7.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "PUBCOMP"),
    FOUND("5.0/MQTT-3.8.3-1", 0, "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2",
          "SUBSCRIBE Topic Filter"),
    NEEDS("5.0/MQTT-3.8.3-4", DUTY_SHARED),
    FOUND("5.0/MQTT-3.10.3-1", 0, "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2",
          "UNSUBSCRIBE Topic Filter"),
    FOUND("5.0/MQTT-3.14.1-1", 0, "5.0/MQTT-2.1.3-1", "DISCONNECT"),
    FOUND("5.0/MQTT-3.14.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15",
          "DISCONNECT"),
    FOUND("5.0/MQTT-3.14.2-4", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15",
          "DISCONNECT"),
    UNSEEN("5.0/MQTT-3.14.4-2", TIME),
    FOUND("5.0/MQTT-3.15.2-2", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "AUTH"),
    FOUND("5.0/MQTT-3.15.2-3", DUTY_SIZE_LIMIT, "5.0/MQTT-3.2.2-15", "AUTH"),
    UNSEEN("5.0/MQTT-4.1.0-1", MEMORY),
    UNSEEN("5.0/MQTT-4.2.0-1", BELOW),
    FOUND("5.0/MQTT-4.3.1-1", DUTY_QOS_0, "5.0/MQTT-3.3.1-2", NULL),
    FOUND("5.0/MQTT-4.3.2-1", DUTY_QOS_1, "5.0/MQTT-2.2.1-3", NULL),
    FOUND("5.0/MQTT-4.3.2-2", DUTY_QOS_1, "5.0/MQTT-3.3.1-1", NULL),
    UNSEEN("5.0/MQTT-4.3.2-3", MEMORY),
    FOUND("5.0/MQTT-4.3.2-4", DUTY_GOT_QOS_1, "5.0/MQTT-2.2.1-5", "PUBACK"),
    UNSEEN("5.0/MQTT-4.3.2-5", MEMORY),
    FOUND("5.0/MQTT-4.3.3-1", DUTY_QOS_2, "5.0/MQTT-2.2.1-3", NULL),
    FOUND("5.0/MQTT-4.3.3-2", DUTY_QOS_2, "5.0/MQTT-3.3.1-1", NULL),
    NEEDS("5.0/MQTT-4.3.3-3", DUTY_QOS_2),
    NEEDS("5.0/MQTT-4.3.3-4", DUTY_QOS_2),
    UNSEEN("5.0/MQTT-4.3.3-5", MEMORY),
    NEEDS("5.0/MQTT-4.3.3-6", DUTY_QOS_2),
    UNSEEN("5.0/MQTT-4.3.3-7", MEMORY),
    FOUND("5.0/MQTT-4.3.3-8", DUTY_GOT_QOS_2, "5.0/MQTT-2.2.1-5", "PUBREC"),
    UNSEEN("5.0/MQTT-4.3.3-9", MEMORY),
    UNSEEN("5.0/MQTT-4.3.3-10", RECEIVER),
    NEEDS("5.0/MQTT-4.3.3-11", DUTY_GOT_QOS_2),
    UNSEEN("5.0/MQTT-4.3.3-12", MEMORY),
    UNSEEN("5.0/MQTT-4.3.3-13", MEMORY),
    NEEDS("5.0/MQTT-4.4.0-1", DUTY_RESUMED),
    UNSEEN("5.0/MQTT-4.4.0-2", MEMORY),
    FOUND("5.0/MQTT-4.5.0-2", GOT_ANY, "5.0/MQTT-3.3.4-1", NULL),
    UNSEEN("5.0/MQTT-4.6.0-1", MEMORY),
    NEEDS("5.0/MQTT-4.6.0-2", DUTY_GOT_QOS_1),
    NEEDS("5.0/MQTT-4.6.0-3", DUTY_GOT_QOS_2),
    NEEDS("5.0/MQTT-4.6.0-4", DUTY_QOS_2),
    NEEDS("5.0/MQTT-4.7.1-1", DUTY_WILDCARD),
    NEEDS("5.0/MQTT-4.7.1-2", DUTY_WILDCARD),
    FOUND("5.0/MQTT-4.7.3-2", 0, "5.0/MQTT-1.5.4-2", "Topic"),
    UNSEEN("5.0/MQTT-4.7.3-3", FORM),
    NEEDS("5.0/MQTT-4.8.2-1", DUTY_SHARED),
    NEEDS("5.0/MQTT-4.8.2-2", DUTY_SHARED),
    FOUND("5.0/MQTT-4.9.0-1", ANY_QOS, "5.0/MQTT-3.3.4-7", NULL),
    FOUND("5.0/MQTT-4.9.0-2", ANY_QOS, "5.0/MQTT-3.3.4-7", NULL),
    UNSEEN("5.0/MQTT-4.9.0-3", RECEIVER),
    UNSEEN("5.0/MQTT-4.12.0-3", RECEIVER),
    UNSEEN("5.0/MQTT-4.12.1-2", RECEIVER),
    UNSEEN("5.0/MQTT-4.13.2-1", TIME),
    NEEDS("5.0/MQTT-6.0.0-1", DUTY_WEBSOCKET),
    UNSEEN("5.0/MQTT-6.0.0-2", RECEIVER),
    NEEDS("5.0/MQTT-6.0.0-3", DUTY_WEBSOCKET),
    FOUND("5.0/RULE-utf8-malformed", 0, "5.0/MQTT-1.5.4-1 5.0/MQTT-1.5.4-2",
          NULL),
    FOUND("5.0/RULE-string-pair-malformed", DUTY_USER_PROPERTY,
          "5.0/MQTT-1.5.7-1", NULL),
    FOUND("5.0/RULE-flags-malformed", 0, "5.0/MQTT-2.1.3-1", NULL),
    FOUND("5.0/RULE-packet-identifier-one-set", 0, "5.0/MQTT-2.2.1-3", NULL),
    FOUND("5.0/RULE-publish-topic-alias-too-high", DUTY_ALIAS,
          "5.0/MQTT-3.2.2-17 5.0/MQTT-3.2.2-18", NULL),
    FOUND("5.0/RULE-publish-topic-alias-zero", DUTY_ALIAS, "5.0/MQTT-3.3.2-8",
          NULL),
    NEEDS("5.0/RULE-publish-topic-alias-twice", DUTY_ALIAS),
    NEEDS("5.0/RULE-publish-topic-alias-unknown", DUTY_ALIAS),
    FOUND("5.0/RULE-publish-topic-empty", 0, "5.0/MQTT-4.7.3-1", "Topic Name"),
    FOUND("5.0/RULE-auth-unasked", 0, "5.0/MQTT-4.12.0-7", NULL),
    NEEDS("5.0/RULE-publish-response-topic-twice", DUTY_RESPONSE_TOPIC),
    NEEDS("5.0/RULE-publish-content-type-twice", DUTY_CONTENT_TYPE),
};

const struct duty *duties_find(const char *id)
{
    for (size_t i = 0; i < sizeof DUTIES / sizeof DUTIES[0]; i++)
        if (!strcmp(DUTIES[i].id, id))
            return &DUTIES[i];
    return NULL;
}

/* Whether a text has words, not as the end of a longer one. */
static bool has_words(const char *text, const char *words)
{
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        if (at == text || at[-1] == ' ')
            return true;
    return false;
}

bool duties_is_broken(const char *id, const char *found, const char *packet,
                      const char *sentence)
{
    const struct duty *duty = duties_find(id);
    char text[400], list[100], key[60];
    if (!strcmp(id, found))
        return true;
    if (!duty || !duty->by)
        return false;
    /* ids end with a digit or a letter: a blank behind them tells them apart */
    snprintf(list, sizeof list, "%s ", duty->by);
    snprintf(key, sizeof key, "%s ", found);
    snprintf(text, sizeof text, "%.*s %s", (int)strcspn(packet, " "), packet,
             sentence);
    return has_words(list, key) && (!duty->word || has_words(text, duty->word));
}
