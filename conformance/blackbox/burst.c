/* SPDX-License-Identifier: Apache-2.0 */
/* burst.c -- the script of a burst, and playing it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blackbox/blackbox.h"

enum { CONNECT_MS = 2000, SETTLE_MS = 4, LAST_MS = 40 };

/* ---- the script ---------------------------------------------------------- */

static void write_packet(struct grammar *g, struct burst *b, struct step *s,
                         bool is_first)
{
    enum wire_type type = is_first ? WIRE_CONNECT : WIRE_OCTETS;
    s->kind = STEP_PACKET;
    if (is_first && grammar_below(g, 30) == 0)
        type = WIRE_OCTETS;
    s->n = grammar_packet(g, b->versions[s->who], type, s->who, s->octets,
                          sizeof s->octets);
}

void burst_write(struct burst *b, uint64_t seed, uint64_t number, unsigned run)
{
    static const enum wire_version versions[] = {
        WIRE_3_1, WIRE_3_1_1, WIRE_3_1_1, WIRE_5_0, WIRE_5_0, WIRE_5_0};
    bool is_there[BURST_CLIENTS] = {false};
    struct grammar g;
    memset(b, 0, sizeof *b);
    b->seed = seed;
    b->number = number;
    snprintf(b->prefix, sizeof b->prefix, "z%05x%05llx/", run & 0xfffff,
             (unsigned long long)(number & 0xfffff));
    grammar_init(&g, seed ^ number * UINT64_C(0xD6E8FEB86659FD93), b->prefix,
                 0);
    g.hostile = 3 + grammar_below(&g, 3) * 6;
    for (unsigned i = 0; i < BURST_CLIENTS; i++) {
        b->versions[i] = versions[grammar_below(&g, 6)];
        b->manners[i] = (enum manner)(grammar_below(&g, 5) / 2);
    }
    b->n_steps = 8 + grammar_below(&g, BURST_STEPS - 8);
    for (size_t i = 0; i < b->n_steps; i++) {
        struct step *s = &b->steps[i];
        uint32_t chance = grammar_below(&g, 40);
        s->who = grammar_below(&g, BURST_CLIENTS);
        s->kind = chance == 0   ? STEP_DROP
                  : chance == 1 ? STEP_CLOSE
                  : chance == 2 ? STEP_WAIT
                                : STEP_PACKET;
        if (s->kind == STEP_PACKET)
            write_packet(&g, b, s, !is_there[s->who]);
        is_there[s->who] = s->kind == STEP_PACKET ||
                           (is_there[s->who] && s->kind == STEP_WAIT);
    }
}

/* ---- playing ------------------------------------------------------------- */

struct actor {
    struct link *link;
    int connection; /* in the transcript */
    enum wire_version version;
    enum manner manner;
    unsigned char in[65536];
    size_t n_in;
};

static void say(struct actor *a, struct transcript *t, const void *octets,
                size_t n)
{
    if (!a->link || n == 0)
        return;
    transcript_octets(t, a->connection, WIRE_CLIENT, octets, n);
    link_write(a->link, octets, n);
}

static void leave(struct actor *a, struct transcript *t, enum wire_side by,
                  enum transcript_kind how)
{
    if (!a->link)
        return;
    transcript_close(t, a->connection, by, how);
    if (how == TRANSCRIPT_RST && by == WIRE_CLIENT)
        link_drop(a->link);
    else
        link_close(a->link);
    link_free(a->link);
    a->link = NULL;
    a->n_in = 0;
}

/* answer acknowledges what must be, in the manner of the client. */
static void answer(struct actor *a, struct transcript *t,
                   const struct wire_packet *p)
{
    struct wire_packet reply;
    unsigned char octets[8];
    if (a->manner == KEEPS_SILENT)
        return;
    memset(&reply, 0, sizeof reply);
    reply.packet_id = p->packet_id;
    reply.type = p->type == WIRE_PUBLISH && p->qos == 1   ? WIRE_PUBACK
                 : p->type == WIRE_PUBLISH && p->qos == 2 ? WIRE_PUBREC
                 : p->type == WIRE_PUBREC                 ? WIRE_PUBREL
                 : p->type == WIRE_PUBREL                 ? WIRE_PUBCOMP
                                                          : WIRE_OCTETS;
    if (reply.type == WIRE_OCTETS ||
        (p->type == WIRE_PUBREC && p->reason >= 128))
        return;
    size_t n = wire_write(a->version, &reply, octets, sizeof octets);
    say(a, t, octets, n);
    if (a->manner == ANSWERS_TWICE)
        say(a, t, octets, n);
}

/* hear takes what is there. */
static void hear(struct actor *a, struct transcript *t)
{
    struct wire_packet p;
    size_t total, at = 0;
    long n = link_read(a->link, a->in + a->n_in, sizeof a->in - a->n_in);
    if (n == LINK_AGAIN)
        return;
    if (n <= 0) {
        leave(a, t, WIRE_SERVER,
              n == LINK_RST ? TRANSCRIPT_RST : TRANSCRIPT_FIN);
        return;
    }
    transcript_octets(t, a->connection, WIRE_SERVER, a->in + a->n_in,
                      (size_t)n);
    a->n_in += (size_t)n;
    while (a->link && at < a->n_in &&
           wire_read(a->version, WIRE_SERVER, a->in + at, a->n_in - at, &p,
                     &total, NULL) != WIRE_MORE &&
           total > 0) {
        answer(a, t, &p);
        at += total;
    }
    if (at == 0 && a->n_in == sizeof a->in)
        at = a->n_in; /* nonsense, or a packet larger than we ever sent */
    memmove(a->in, a->in + at, a->n_in - at);
    a->n_in -= at;
}

/* settle hears everybody until nobody has said anything for a while. */
static void settle(struct actor *actors, struct transcript *t, int wait_ms)
{
    for (int rounds = 0; rounds < 200; rounds++) {
        struct pollfd fds[BURST_CLIENTS];
        bool has_pending = false;
        for (int i = 0; i < BURST_CLIENTS; i++) {
            fds[i] = (struct pollfd){
                .fd = actors[i].link ? link_fd(actors[i].link) : -1,
                .events = POLLIN};
            has_pending |= actors[i].link && link_pending(actors[i].link);
        }
        if (poll(fds, BURST_CLIENTS, has_pending ? 0 : wait_ms) <= 0 &&
            !has_pending)
            return;
        for (int i = 0; i < BURST_CLIENTS; i++) {
            if (actors[i].link &&
                (fds[i].revents || link_pending(actors[i].link)))
                hear(&actors[i], t);
        }
    }
}

static int arrive(struct actor *a, const struct endpoint *endpoint,
                  struct transcript *t, unsigned who)
{
    char error[200], name[24];
    a->link = link_open(endpoint, CONNECT_MS, error, sizeof error);
    if (!a->link)
        return -1;
    snprintf(name, sizeof name, "client %u", who);
    a->connection = transcript_open(t, name);
    return 0;
}

int burst_play(const struct burst *b, const struct endpoint *endpoint,
               struct transcript *t)
{
    struct actor *actors = calloc(BURST_CLIENTS, sizeof *actors);
    int result = 0;
    if (!actors)
        abort();
    for (unsigned i = 0; i < BURST_CLIENTS; i++) {
        actors[i].version = b->versions[i];
        actors[i].manner = b->manners[i];
    }
    for (size_t i = 0; i < b->n_steps && result == 0; i++) {
        const struct step *s = &b->steps[i];
        struct actor *a = &actors[s->who];
        if (b->is_left_out[i])
            continue;
        if (s->kind == STEP_PACKET && !a->link)
            result = arrive(a, endpoint, t, s->who);
        if (s->kind == STEP_PACKET)
            say(a, t, s->octets, s->n);
        else if (s->kind != STEP_WAIT)
            leave(a, t, WIRE_CLIENT,
                  s->kind == STEP_DROP ? TRANSCRIPT_RST : TRANSCRIPT_FIN);
        settle(actors, t, s->kind == STEP_WAIT ? LAST_MS : SETTLE_MS);
    }
    settle(actors, t, LAST_MS);
    for (int i = 0; i < BURST_CLIENTS; i++) {
        leave(&actors[i], t, WIRE_CLIENT, TRANSCRIPT_FIN);
    }
    free(actors);
    return result;
}

/* ---- afterwards ---------------------------------------------------------- */

void burst_clean(const struct burst *b, const struct endpoint *endpoint)
{
    struct grammar g;
    unsigned char out[4096];
    char error[200], id[40];
    const char *topic;
    grammar_init(&g, 0, b->prefix, 0);
    for (unsigned who = 0; who < BURST_CLIENTS; who++) {
        enum wire_version version = b->versions[who];
        struct link *link =
            link_open(endpoint, CONNECT_MS, error, sizeof error);
        if (!link)
            return;
        size_t n =
            wire_write(version,
                       CONNECT(.client_id = grammar_client_id(&g, who, id),
                               .clean_start = 1, .keep_alive_s = 10),
                       out, sizeof out);
        for (unsigned i = 0; who == 0 && (topic = grammar_topic(&g, i)); i++)
            n += wire_write(version, PUBLISH(.topic = topic, .retain = 1),
                            out + n, sizeof out - n);
        n += wire_write(version, DISCONNECT(), out + n, sizeof out - n);
        link_write(link, out, n);
        struct pollfd fd = {.fd = link_fd(link), .events = POLLIN};
        for (int i = 0; i < 50; i++) {
            long got = poll(&fd, 1, 20) > 0 || link_pending(link)
                           ? link_read(link, out, sizeof out)
                           : LINK_AGAIN;
            if (got <= 0 && got != LINK_AGAIN)
                break;
        }
        link_close(link);
        link_free(link);
    }
}
