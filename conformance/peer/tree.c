/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c -- a tree of retained messages, and what a filter must find in it.
 */
#include "peer/tree.h"

#include <string.h>

#include "peer/inside.h"

enum { MAX_TOPICS = 1000, MAX_LEVELS = 5 };

struct entry {
    const char *topic, *payload; /* as the test names it; "" when removed */
    bool is_found;
};

struct tree {
    struct t *t;
    struct peer *writer, *witness;
    struct entry entries[MAX_TOPICS];
    size_t n;
    unsigned random, n_written, n_readers;
};

struct tree *tree_open(struct t *t, unsigned seed)
{
    struct tree *tree = t_alloc(t, sizeof *tree);
    tree->t = t;
    tree->random = seed;
    tree->writer = peer_hello(t, "writer");
    tree->witness = peer_hello(t, "witness");
    peer_subscribe(tree->witness, "#", 0);
    return tree;
}

/* A number from 0 to below. */
static unsigned draw(struct tree *tree, unsigned below)
{
    tree->random = tree->random * 1664525u + 1013904223u;
    return (tree->random >> 16) % below;
}

static struct entry *entry_of(struct tree *tree, const char *topic)
{
    for (size_t i = 0; i < tree->n; i++)
        if (strcmp(tree->entries[i].topic, topic) == 0)
            return &tree->entries[i];
    if (tree->n == MAX_TOPICS)
        t_error(tree->t, "a tree of more than %d topics", MAX_TOPICS);
    tree->entries[tree->n] = (struct entry){topic, "", false};
    return &tree->entries[tree->n++];
}

void tree_retain_at(struct tree *tree, struct where where, const char *topic,
                    const char *payload)
{
    struct wire_bytes octets = SLICE(payload, strlen(payload));
    entry_of(tree, topic)->payload = payload;
    peer_publish_at(tree->writer, where,
                    MESSAGE(topic, octets, .qos = 1, .retain = 1));
    peer_expect_message_at(tree->witness, where, MESSAGE(topic, octets));
}

static const char *next_payload(struct tree *tree)
{
    return t_text(tree->t, "%u", ++tree->n_written);
}

void tree_plant_at(struct tree *tree, struct where where,
                   const char *const *topics)
{
    for (; *topics; topics++)
        tree_retain_at(tree, where, *topics, next_payload(tree));
}

/* A random name of few different levels, empty ones among them. */
static const char *random_name(struct tree *tree, bool is_filter)
{
    static const char *const levels[] = {"a", "b", "ab", ""};
    const char *name = "a";
    unsigned n = 1 + draw(tree, MAX_LEVELS);
    for (unsigned i = 0; i < n; i++) {
        const char *level = levels[draw(tree, 4)];
        if (is_filter && draw(tree, 3) == 0)
            level = i + 1 == n && draw(tree, 2) ? "#" : "+";
        name =
            i ? t_text(tree->t, "%s/%s", name, level) : (*level ? level : "b");
    }
    return name;
}

void tree_grow_at(struct tree *tree, struct where where, size_t n)
{
    while (n-- > 0) {
        if (draw(tree, 4) || tree->n == 0)
            tree_retain_at(tree, where, random_name(tree, false),
                           next_payload(tree));
        else
            tree_retain_at(tree, where,
                           tree->entries[draw(tree, (unsigned)tree->n)].topic,
                           "");
    }
}

static struct wire_bytes text_of(const struct entry *entry)
{
    return SLICE(entry->payload, strlen(entry->payload));
}

/* Publishes the entries from this one on, all of them open at once: one after
 * the other, hundreds would take too long where packets are slow. */
static void publish_entries(struct tree *tree, struct where where, size_t first)
{
    size_t n = tree->n - first;
    struct message *seen = t_alloc(tree->t, n * sizeof *seen);
    const struct message **list = t_alloc(tree->t, (n + 1) * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = &tree->entries[first + i];
        seen[i] = *MESSAGE(entry->topic, text_of(entry));
        list[i] = &seen[i];
        peer_send(tree->writer,
                  PUBLISH(.topic = {{entry->topic}}, .qos = 1, .retain = 1,
                          .payload = text_of(entry),
                          .packet_id = peer_packet_id(tree->writer)));
    }
    for (size_t i = 0; i < n; i++)
        peer_expect_at(tree->writer, where, PUBACK());
    peer_expect_messages_at(tree->witness, where, list);
}

void tree_widen_at(struct tree *tree, struct where where, size_t n)
{
    enum { AT_ONCE = 20 };
    size_t window =
        wire_value(peer_connack(tree->writer)->props.receive_maximum, AT_ONCE);
    if (window > AT_ONCE)
        window = AT_ONCE;
    for (size_t i = 0, first = tree->n; i < n; i++) {
        entry_of(tree, t_text(tree->t, "wide/%zu", i))->payload =
            next_payload(tree);
        if (tree->n - first == window || i + 1 == n) {
            publish_entries(tree, where, first);
            first = tree->n;
        }
    }
}

/* Level by level; the observer has a matcher of its own. Names of a tree begin
 * with the case's tag, so that no rule about $ is needed. */
static bool matches(const char *filter, const char *topic)
{
    size_t f = strcspn(filter, "/"), n = strcspn(topic, "/");
    if (strcmp(filter, "#") == 0)
        return true;
    bool is_same = f == n && memcmp(filter, topic, n) == 0;
    if (!is_same && !(f == 1 && *filter == '+'))
        return false;
    if (!topic[n]) /* a/# matches a */
        return !filter[f] || strcmp(filter + f, "/#") == 0;
    return filter[f] && matches(filter + f + 1, topic + n + 1);
}

static bool is_match(struct tree *tree, const char *filter,
                     const struct entry *entry)
{
    return *entry->payload &&
           matches(t_topic(tree->t, filter), t_topic(tree->t, entry->topic));
}

/* The entry that this retained message is, or the case fails. */
static void find(struct tree *tree, struct where where, const char *filter,
                 const struct wire_packet *packet)
{
    char text[600];
    const char *why = "no retained message has this topic";
    for (size_t i = 0; i < tree->n; i++) {
        struct entry *entry = &tree->entries[i];
        const char *topic = t_topic(tree->t, entry->topic);
        if (packet->type != WIRE_PUBLISH ||
            !wire_same(packet->topic, SLICE(topic, strlen(topic))))
            continue;
        why = !is_match(tree, filter, entry) ? "it does not match"
              : entry->is_found              ? "it comes twice"
              : !wire_same(packet->payload,
                           SLICE(entry->payload, strlen(entry->payload)))
                  ? "another message was retained"
              : !packet->retain ? "RETAIN is 0"
                                : NULL;
        entry->is_found = true;
        break;
    }
    if (why)
        t_fail_at(tree->t, where, where.text, "%s (%s)",
                  wire_describe(packet, text, sizeof text), why);
}

void tree_expect_at(struct tree *tree, struct where where, const char *filter)
{
    size_t n = 0;
    struct peer *reader = peer_hello_at(
        tree->t, where, t_text(tree->t, "reader%u", tree->n_readers++));
    for (size_t i = 0; i < tree->n; i++) {
        tree->entries[i].is_found = false;
        n += is_match(tree, filter, &tree->entries[i]);
    }
    struct wire_packet *subscribe = SUBSCRIBE(.packet_id = 1);
    subscribe->filters[0].filter = (struct wire_bytes){{filter}, 0};
    peer_send(reader, subscribe);
    where.text = "SUBACK";
    peer_await(reader, where, WIRE_SUBACK, 1);
    where.text = t_text(tree->t, "the %zu retained messages that match \"%s\"",
                        n, filter);
    while (n-- > 0)
        find(tree, where, filter, peer_receive_at(reader, where));
    peer_expect_nothing_at(reader, where);
    peer_drop(reader);
}

void tree_expect_random_at(struct tree *tree, struct where where, size_t n)
{
    while (n-- > 0)
        tree_expect_at(tree, where, random_name(tree, true));
}

/* ---- live messages
 * ---------------------------------------------------------*/

struct reader {
    struct peer *peer;
    const char *filter;
};

/* A reader keeps one filter and gives another one up. */
static struct reader reader_open(struct tree *tree, struct where where)
{
    struct reader reader = {
        peer_hello_at(tree->t, where,
                      t_text(tree->t, "reader%u", tree->n_readers++)),
        random_name(tree, true)};
    const char *given_up = random_name(tree, true);
    peer_subscribe_at(reader.peer, where, given_up, 0);
    peer_unsubscribe_at(reader.peer, where, given_up);
    peer_subscribe_at(reader.peer, where, reader.filter, 0);
    return reader;
}

static struct wire_bytes payload_of(struct tree *tree, size_t i)
{
    const char *text = t_text(tree->t, "%zu", i);
    return SLICE(text, strlen(text));
}

/* Takes the messages of one reader, in any order. */
static void reader_expect(struct tree *tree, struct where where,
                          const struct reader *reader, const char **topics,
                          size_t n)
{
    size_t n_left = 0;
    bool *is_due = t_alloc(tree->t, n * sizeof *is_due);
    const char *filter = t_topic(tree->t, reader->filter);
    for (size_t i = 0; i < n; i++)
        n_left += is_due[i] = matches(filter, t_topic(tree->t, topics[i]));
    where.text = t_text(tree->t, "the %zu messages that match \"%s\"", n_left,
                        reader->filter);
    while (n_left-- > 0) {
        char text[600];
        size_t i = 0;
        const struct wire_packet *packet = peer_receive_at(reader->peer, where);
        while (i < n && !(is_due[i] && packet->type == WIRE_PUBLISH &&
                          wire_same(packet->payload, payload_of(tree, i))))
            i++;
        if (i == n)
            t_fail_at(tree->t, where, where.text, "%s",
                      wire_describe(packet, text, sizeof text));
        is_due[i] = false;
    }
    peer_expect_nothing_at(reader->peer, where);
}

void tree_deliver_at(struct tree *tree, struct where where, size_t n)
{
    struct reader *readers = t_alloc(tree->t, n * sizeof *readers);
    const char **topics = t_alloc(tree->t, 2 * n * sizeof *topics);
    for (size_t i = 0; i < n; i++)
        readers[i] = reader_open(tree, where);
    for (size_t i = 0; i < 2 * n; i++) {
        topics[i] = random_name(tree, false);
        const struct message *message =
            MESSAGE(topics[i], payload_of(tree, i), .qos = 1);
        peer_publish_at(tree->writer, where, message);
        peer_expect_message_at(tree->witness, where,
                               MESSAGE(topics[i], payload_of(tree, i)));
    }
    for (size_t i = 0; i < n; i++)
        reader_expect(tree, where, &readers[i], topics, 2 * n);
}
