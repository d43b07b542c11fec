/* SPDX-License-Identifier: Apache-2.0 */
/* t_tidy.c -- a broker that is not ours is left as it was found. */
#include "t_inside.h"

#include <poll.h>
#include <string.h>

/* What a case may have left behind on a broker that is not ours. */
enum { MAX_IDS = 256, MAX_TOPICS = 1024 };

struct traces {
    struct t *t;
    struct wire_bytes ids[MAX_IDS], topics[MAX_TOPICS];
    size_t n_ids, n_topics;
};

static void add_trace(struct t *t, struct wire_bytes *list, size_t *n,
                      size_t max, struct wire_bytes name)
{
    bool is_ours = false;
    size_t length = wire_len(name), n_tag = strlen(t->setup->tag);
    for (size_t i = 0; i + n_tag <= length && !is_ours; i++)
        is_ours = memcmp(name.text + i, t->setup->tag, n_tag) == 0;
    for (size_t i = 0; i < *n; i++)
        is_ours = is_ours && !wire_same(list[i], name);
    if (!is_ours || *n == max || !wire_utf8_is_valid(name))
        return;
    char *copy = t_alloc(t, length + 1);
    memcpy(copy, name.text, length);
    list[(*n)++] = SLICE(copy, length);
}

static void on_packet(void *user, int connection, enum wire_side from,
                      const struct wire_packet *p)
{
    struct traces *traces = user;
    (void)connection;
    struct wire_bytes given = p->props.assigned_client_identifier;
    if (p->type == WIRE_CONNACK && wire_len(given) && traces->n_ids < MAX_IDS) {
        char *copy = t_alloc(traces->t, wire_len(given) + 1);
        memcpy(copy, given.text, wire_len(given));
        traces->ids[traces->n_ids++] = SLICE(copy, wire_len(given));
    }
    if (from != WIRE_CLIENT)
        return;
    /* A Will that waits keeps the client in the broker as a session does. */
    if (p->type == WIRE_CONNECT &&
        (!p->clean_start || wire_is_set(p->props.session_expiry_interval_s) ||
         wire_is_set(p->will.props.will_delay_interval_s)))
        add_trace(traces->t, traces->ids, &traces->n_ids, MAX_IDS,
                  p->client_id);
    if (p->type == WIRE_CONNECT && p->will.retain)
        add_trace(traces->t, traces->topics, &traces->n_topics, MAX_TOPICS,
                  p->will.topic);
    if (p->type == WIRE_PUBLISH && p->retain)
        add_trace(traces->t, traces->topics, &traces->n_topics, MAX_TOPICS,
                  p->topic);
}

/* Writes a packet and waits for the next octets, whatever they are. */
static void say_and_wait(struct t *t, struct link *link,
                         const struct wire_packet *packet)
{
    unsigned char octets[4096];
    size_t n = wire_write(t->setup->version, packet, octets, sizeof octets);
    if (n > sizeof octets || link_write(link, octets, n) < 0)
        return;
    struct pollfd ready = {.fd = link_fd(link), .events = POLLIN};
    poll(&ready, 1, t->setup->deadline_ms);
    link_read(link, octets, sizeof octets);
}

/* One visit to the broker: begin cleanly, delete retained messages, leave. */
static void visit(struct t *t, struct wire_bytes id,
                  const struct traces *traces)
{
    char error[200];
    const char *user = target_user(t->setup->target, false);
    const char *password = target_password(t->setup->target, false);
    struct link *link =
        link_open(t_endpoint(t), t->setup->deadline_ms, error, sizeof error);
    if (!link)
        return;
    struct wire_packet *connect = CONNECT(.client_id = id, .clean_start = 1);
    if (target_needs_user(t->setup->target)) {
        connect->user_name.text = user;
        connect->password.text = password;
    }
    say_and_wait(t, link, connect);
    for (size_t i = 0; traces && i < traces->n_topics; i++)
        say_and_wait(t, link,
                     PUBLISH(.topic = traces->topics[i], .payload = BYTES(""),
                             .qos = 1, .retain = 1, .packet_id = 1));
    unsigned char octets[8];
    link_write(
        link, octets,
        wire_write(t->setup->version, DISCONNECT(), octets, sizeof octets));
    link_close(link);
    link_free(link);
}

void t_tidy(struct t *t)
{
    struct traces traces = {.t = t};
    if (target_is_ours(t->setup->target) || !t->instance)
        return;
    transcript_for_each_packet(t->transcript, on_packet, &traces);
    for (size_t i = 0; i < traces.n_ids; i++)
        visit(t, traces.ids[i], NULL);
    if (traces.n_topics)
        visit(t, t_unique_client_id(t, BYTES("tidy")), &traces);
    t_close_all(t);
}
