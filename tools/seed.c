/* SPDX-License-Identifier: Apache-2.0 */
/* seed.c -- what the broker should hold, and not hold, before the play.
 *
 * Retained messages from before the capture are given a source: a connection
 * of MQTT 3.1.1 publishes them with QoS 1, waits for the acknowledgements, and
 * leaves. Sessions are ended by a clean start of their own client.
 * Spec: 3.1.1 s3.1.2.4, s3.3.1.3; 5.0 s3.1.2.4.
 */
#include <poll.h>

#include "player.h"
#include "room.h"

struct seeding {
    struct framer framer;
    bool is_accepted;
    uint64_t n_acked;
};

static void on_packet(void *user, const uint8_t *octets, size_t n,
                      struct mark first, struct mark last)
{
    struct seeding *s = user;
    (void)first;
    (void)last;
    if (octets[0] >> 4 == WIRE_CONNACK && n >= 4)
        s->is_accepted = octets[3] == 0;
    s->n_acked += octets[0] >> 4 == WIRE_PUBACK;
}

static void on_octets(void *user, const uint8_t *octets, size_t n)
{
    struct seeding *s = user;
    framer_push(&s->framer, octets, n, (struct mark){0, 0}, on_packet, s);
}

static void put(struct live *live, const struct wire_packet *p)
{
    size_t n = wire_write(WIRE_3_1_1, p, NULL, 0);
    uint8_t *octets = xcalloc(1, n);
    wire_write(WIRE_3_1_1, p, octets, n);
    live_send(live, octets, n);
    free(octets);
}

/* A retained delivery that nothing in the capture has published. */
static bool is_unsourced(const struct script *s, size_t i)
{
    const struct item *item = &s->items[i];
    return item->kind == ITEM_PACKET && item->from == WIRE_SERVER &&
           item->message.type == WIRE_PUBLISH && item->message.is_retain &&
           item->refers == NOTHING && item->message.n_topic &&
           item->message.topic[0] != '$' && !*s->streams[item->stream].why;
}

static uint64_t put_all(struct replay *r, struct live *live, bool is_setting)
{
    struct script *s = r->script;
    uint64_t n = 0;
    const struct renames *logins = &r->rewrite.credentials;
    const struct rename *login = logins->n ? &logins->rows[0] : NULL;
    put(live, CONNECT(.client_id = "mqttspec-seed", .clean_start = 1,
                      .keep_alive_s = 60, .user_name = login ? login->to : NULL,
                      .password = {{login ? login->password : NULL}}));
    for (size_t i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        if (!is_unsourced(s, i))
            continue;
        const struct message *m = &item->message;
        struct wire_packet p = {
            .type = WIRE_PUBLISH,
            .qos = 1,
            .retain = 1,
            .packet_id = (uint16_t)(1 + n % 65535),
            .topic = {{m->topic}, m->n_topic},
            .payload = {{(const char *)m->octets + m->payload_at},
                        is_setting ? m->n_payload : 0}};
        if (!p.payload.n)
            p.payload = BYTES("");
        /* the delivered QoS is the lesser of two: the source's may be higher */
        put(live, &p);
        n++;
        free(item->excuse);
        item->excuse = NULL;
    }
    return n;
}

bool seed_retained(struct replay *r, bool is_setting)
{
    struct seeding s = {.framer = {.packet_max = 1 << 20}};
    struct live *live = live_open(&r->options->url, r->options->cafile,
                                  r->trouble, sizeof r->trouble);
    if (!live) {
        r->is_unreachable = is_setting;
        return false;
    }
    uint64_t n = put_all(r, live, is_setting), begin = replay_now(r);
    while (live_state(live) != LIVE_CLOSED && s.n_acked < n &&
           replay_now(r) - begin < r->options->timeout_ns) {
        struct pollfd p = {live_fd(live), live_events(live), 0};
        poll(&p, 1, 20);
        live_pump(live, on_octets, &s);
    }
    bool is_good = s.n_acked == n;
    if (!is_good && is_setting) {
        snprintf(r->trouble, sizeof r->trouble,
                 "--seed-retained: the broker has taken %llu of %llu messages",
                 (unsigned long long)s.n_acked, (unsigned long long)n);
        r->is_unreachable = true;
    }
    put(live, DISCONNECT());
    live_shut(live);
    live_pump(live, on_octets, &s);
    live_free(live);
    framer_clear(&s.framer);
    if (is_setting)
        r->n_seeded = n;
    return is_good;
}

/* The first stream of a client identifier that leaves a session behind. */
static bool leaves_session(const struct script *s, const struct stream *st)
{
    const struct message *connect = &s->items[st->items[0]].message;
    for (const struct stream *o = s->streams; o < st; o++)
        if (o->n_client_id == st->n_client_id && !*o->why &&
            !memcmp(o->client_id, st->client_id, st->n_client_id))
            return false; /* that one has been looked at */
    for (const struct stream *o = st; o < s->streams + s->n_streams; o++) {
        if (o->n_client_id != st->n_client_id || *o->why ||
            memcmp(o->client_id, st->client_id, st->n_client_id))
            continue;
        connect = &s->items[o->items[0]].message;
        if (connect->type == WIRE_CONNECT && !connect->is_bad &&
            (!connect->is_clean || connect->version == WIRE_5_0))
            return true;
    }
    return false;
}

/* The stream's own CONNECT, but with a clean start, no Will and no expiry. */
static void put_clean_connect(struct replay *r, const struct stream *st,
                              struct live *live)
{
    struct wire_packet p;
    size_t n, total;
    const struct message *m = &r->script->items[st->items[0]].message;
    uint8_t *octets = rewrite_connect(m, &r->rewrite, &n);
    wire_read(m->version, WIRE_CLIENT, octets, n, &p, &total, NULL);
    p.clean_start = 1;
    p.raw_connect_flags = 0; /* the reader notes the octet as it was */
    memset(&p.will, 0, sizeof p.will);
    p.props.session_expiry_interval_s = 0;
    n = wire_write(m->version, &p, NULL, 0);
    uint8_t *clean = xcalloc(1, n);
    wire_write(m->version, &p, clean, n);
    live_send(live, clean, n);
    put(live, DISCONNECT());
    live_shut(live);
    free(clean);
    free(octets);
}

bool wipe_sessions(struct replay *r)
{
    const struct script *s = r->script;
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct stream *st = &s->streams[i];
        struct seeding seeding = {.framer = {.packet_max = 1 << 20}};
        if (*st->why || !st->n_client_id || !st->n_items ||
            !leaves_session(s, st))
            continue;
        struct live *live = live_open(&r->options->url, r->options->cafile,
                                      r->trouble, sizeof r->trouble);
        if (!live)
            return !(r->is_unreachable = true);
        uint64_t begin = replay_now(r);
        put_clean_connect(r, st, live);
        while (live_state(live) != LIVE_CLOSED &&
               replay_now(r) - begin < r->options->timeout_ns) {
            struct pollfd p = {live_fd(live), live_events(live), 0};
            poll(&p, 1, 20);
            live_pump(live, on_octets, &seeding);
        }
        live_free(live);
        framer_clear(&seeding.framer);
    }
    return true;
}
