/* SPDX-License-Identifier: Apache-2.0 */
/* observe.c -- the passive observer: streams to packets, packets to judges.
 *
 * Cuts each direction into packets, reads them strictly, applies what holds for
 * every packet (order, size), and passes it to the judge of its type.
 * Spec: 5.0 and 3.1.1 chapters 2 to 4.
 */
#include "observe/observe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/state.h"

/* ---- lifetime ------------------------------------------------------------ */

static void *zeroed(size_t n)
{
    void *memory = calloc(1, n);

    if (!memory)
        abort();
    return memory;
}

struct observe_world *observe_world_new(bool is_whole)
{
    struct observe_world *world = zeroed(sizeof *world);

    world->is_whole = is_whole;
    return world;
}

static void free_messages(struct message *message)
{
    while (message) {
        struct message *next = message->next;
        free(message->packet);
        free(message);
        message = next;
    }
}

void observe_world_forget(struct observe_world *world)
{
    for (struct session *s = world->sessions; s; s = s->next)
        s->is_known = s->may_exist = false;
    world->is_whole = false;
}

void observe_world_free(struct observe_world *world)
{
    if (!world)
        return;
    while (world->sessions) {
        struct session *next = world->sessions->next;
        observe_session_free(world->sessions);
        world->sessions = next;
    }
    for (size_t i = 0; i < N_MESSAGE_BUCKETS; i++)
        free_messages(world->messages[i]);
    free(world);
}

struct observe *observe_new(struct observe_world *world,
                            observe_on_finding *on_finding,
                            observe_on_packet *on_packet, void *user)
{
    struct observe *o = zeroed(sizeof *o);

    o->world = world;
    o->on_finding = on_finding;
    o->on_packet = on_packet;
    o->user = user;
    for (int side = WIRE_CLIENT; side <= WIRE_SERVER; side++) {
        o->sides[side].quota = o->sides[side].quota_max = 65535;
        o->sides[side].alias_max = 65535; /* until it is told */
    }
    return o;
}

void observe_put(struct id_set *set, uint16_t id)
{
    unsigned char **page;

    if (!set->pages)
        set->pages = zeroed(ID_PAGES * sizeof *set->pages);
    page = &set->pages[id >> 10];
    if (!*page)
        *page = zeroed(128);
    (*page)[(id & 1023) / 8] |= (unsigned char)(1u << id % 8);
}

static void clear_ids(struct id_set *set)
{
    for (size_t i = 0; set->pages && i < ID_PAGES; i++)
        free(set->pages[i]);
    free(set->pages);
}

void observe_free(struct observe *o)
{
    if (!o)
        return;
    observe_session_leave(o);
    for (int side = WIRE_CLIENT; side <= WIRE_SERVER; side++) {
        struct sender *s = &o->sides[side];
        free(s->pending);
        observe_free_exchanges(s->exchanges);
        for (size_t i = 0; i < s->n_aliases; i++)
            free(s->aliases[i].topic);
        free(s->aliases);
        clear_ids(&s->used_qos_1);
        clear_ids(&s->used_qos_2);
        clear_ids(&s->released);
    }
    free(o->connect);
    free(o->connack);
    free(o);
}

void observe_begin_midstream(struct observe *o, enum wire_version version)
{
    o->is_midstream = true;
    o->version = version;
    o->phase = RUNNING;
}

enum wire_version observe_version(const struct observe *o)
{
    return o->version;
}

struct wire_bytes observe_client_id(const struct observe *o)
{
    if (o->connack && o->connack->props.assigned_client_identifier.text)
        return o->connack->props.assigned_client_identifier;
    return o->connect ? o->connect->client_id : (struct wire_bytes){{NULL}, 0};
}

size_t observe_n_packets(const struct observe *o, enum wire_side from)
{
    return o->sides[from].n_packets;
}

size_t observe_n_findings(const struct observe *o, enum wire_side who)
{
    return o->sides[who].n_findings;
}

/* ---- findings ------------------------------------------------------------ */

static void report(struct observe *o, enum wire_side who, const char *rule,
                   int strength, const char *sentence)
{
    const struct observe_finding finding = {.who = who,
                                            .is_should = strength == SHOULD,
                                            .statement =
                                                strchr(rule, '/') ? rule : "",
                                            .rule = rule,
                                            .packet_no = o->n_packets,
                                            .frame_no = o->frame_no,
                                            .time_ns = o->now_ns,
                                            .sentence = sentence,
                                            .connection = o};

    if (strength == MUST)
        o->sides[who].n_findings++;
    if (o->on_finding)
        o->on_finding(o->user, &finding);
}

void observe_blame(struct observe *o, enum wire_side who,
                   const struct observe_cite *cite, int strength,
                   const char *format, ...)
{
    /* Before CONNECT no version is known; the newest stands for all. */
    const char *rule = o->version == WIRE_3_1     ? NULL
                       : o->version == WIRE_3_1_1 ? cite->v3_1_1
                                                  : cite->v5_0;
    char sentence[300];
    va_list args;

    if (!rule)
        return;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    report(o, who, rule, strength, sentence);
}

void observe_taint(struct observe *o)
{
    o->is_tainted = true;
}

uint64_t observe_hash(struct wire_bytes topic, struct wire_bytes payload)
{
    const struct wire_bytes parts[] = {topic, payload};
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (int part = 0; part < 2; part++) {
        for (size_t i = 0, n = wire_len(parts[part]); i < n; i++)
            hash = (hash ^ parts[part].octets[i]) * UINT64_C(1099511628211);
        hash = (hash ^ 0x100) * UINT64_C(1099511628211);
    }
    return hash;
}

char *observe_copy(const void *octets, size_t n)
{
    char *copy = zeroed(n + 1);

    if (n)
        memcpy(copy, octets, n);
    return copy;
}

/* ---- what the reader found ----------------------------------------- */

/* A server that does not speak the version may refuse in the form of another
 * (3.1.1 s3.1.2.2, 5.0 s3.1.2.2). */
static bool is_version_refusal(const struct observe *o,
                               const struct wire_packet *p)
{
    const struct wire_bytes body = p->body;

    return p->type == WIRE_CONNACK && o->phase == AWAIT_CONNACK &&
           body.n >= 2 && body.octets[0] == 0 &&
           ((body.n == 2 && body.octets[1] == 1) || body.octets[1] == 0x84);
}

/* Judges what the reader found. Returns false if the packet ends here. */
static bool judge_fault(struct observe *o, enum wire_side from,
                        const struct wire_packet *p,
                        const struct wire_fault *fault)
{
    if (from == WIRE_SERVER && is_version_refusal(o, p)) {
        o->phase = REFUSED;
        return false;
    }
    /* A strange CONNECT leaves open which standard the answer follows. */
    if (from == WIRE_SERVER && o->version == WIRE_UNKNOWN)
        return false;
    report(o, from, fault->rule,
           o->version == WIRE_3_1 || fault->reason == 0 ? SHOULD : MUST,
           fault->sentence);
    if (from == WIRE_CLIENT && fault->reason)
        observe_taint(o);
    return fault->is_readable;
}

/* ---- packets ------------------------------------------------------------- */

static void judge_ping(struct observe *o, enum wire_side from)
{
    static const struct observe_cite cite = {"3.1.1 s3.13", "5.0 s3.13"};

    if (from == WIRE_CLIENT) {
        o->n_pingreq++;
        return;
    }
    o->n_pingresp++;
    if (o->n_pingresp > o->n_pingreq && !o->is_midstream && !o->is_tainted)
        observe_blame(o, from, &cite, SHOULD,
                      "PINGRESP that answers no PINGREQ");
}

static void judge_by_type(struct observe *o, enum wire_side from,
                          const struct wire_packet *p)
{
    switch (p->type) {
    case WIRE_CONNECT:
        observe_connect(o, p);
        return;
    case WIRE_CONNACK:
        observe_connack(o, p);
        return;
    case WIRE_PUBLISH:
        observe_publish(o, from, p);
        return;
    case WIRE_PUBACK:
    case WIRE_PUBREC:
    case WIRE_PUBREL:
    case WIRE_PUBCOMP:
        observe_ack(o, from, p);
        return;
    case WIRE_SUBSCRIBE:
    case WIRE_UNSUBSCRIBE:
        observe_request(o, p);
        return;
    case WIRE_SUBACK:
    case WIRE_UNSUBACK:
        observe_reply(o, p);
        return;
    case WIRE_PINGREQ:
    case WIRE_PINGRESP:
        judge_ping(o, from);
        return;
    case WIRE_DISCONNECT:
        observe_disconnect(o, from, p);
        return;
    case WIRE_AUTH:
        observe_auth(o, from, p);
        return;
    case WIRE_OCTETS:
        return;
    }
}

/* Whether a side may send such a packet at all. The reader has said it. */
static bool is_own(enum wire_side from, enum wire_type type)
{
    const unsigned server_only = 1u << WIRE_CONNACK | 1u << WIRE_SUBACK |
                                 1u << WIRE_UNSUBACK | 1u << WIRE_PINGRESP;
    const unsigned client_only = 1u << WIRE_CONNECT | 1u << WIRE_SUBSCRIBE |
                                 1u << WIRE_UNSUBSCRIBE | 1u << WIRE_PINGREQ;

    return !((from == WIRE_CLIENT ? server_only : client_only) >> type & 1);
}

/* The Keep Alive in force, in seconds; 0 for none. */
static int64_t keep_alive_s(const struct observe *o)
{
    if (!o->connect || !o->connack)
        return 0;
    return wire_value(o->connack->props.server_keep_alive_s,
                      o->connect->keep_alive_s);
}

/* The client's packet comes too late by half, which no delay of the wire
 * explains. */
static void judge_silence(struct observe *o)
{
    static const struct observe_cite own = {"3.1.1/MQTT-3.1.2-23",
                                            "5.0/MQTT-3.1.2-20"};
    static const struct observe_cite imposed = {NULL, "5.0/MQTT-3.1.2-21"};
    const int64_t silent_ns = o->now_ns - o->last_client_ns;
    const int64_t limit_ns = keep_alive_s(o) * 1500000000;

    if (limit_ns && o->last_client_ns && silent_ns > limit_ns)
        observe_blame(
            o, WIRE_CLIENT,
            wire_is_set(o->connack->props.server_keep_alive_s) ? &imposed
                                                               : &own,
            MUST, "silent for %lld ms, the Keep Alive is %lld s",
            (long long)(silent_ns / 1000000), (long long)keep_alive_s(o));
    o->last_client_ns = o->now_ns;
}

static void on_packet(struct observe *o, enum wire_side from,
                      const struct wire_packet *p,
                      const struct wire_fault *fault)
{
    o->n_packets++;
    o->sides[from].n_packets++;
    o->order++;
    if (o->on_packet)
        o->on_packet(o->user, from, p, fault, o->n_packets, o->frame_no,
                     o->now_ns);
    if (from == WIRE_CLIENT)
        judge_silence(o);
    if (p->type == WIRE_CONNECT && o->phase == AWAIT_CONNECT) {
        o->version = p->version;
        if (fault)
            o->phase = AWAIT_CONNACK; /* whatever the server makes of it */
    } else if (o->version == WIRE_UNKNOWN && (o->is_midstream || !fault)) {
        if (from == WIRE_CLIENT && !o->is_midstream &&
            o->phase == AWAIT_CONNECT)
            observe_order(o, from, p);
        return;
    }
    if (fault && !judge_fault(o, from, p, fault))
        return;
    if (!is_own(from, p->type) || (fault && p->type == WIRE_CONNECT))
        return;
    if (observe_order(o, from, p))
        judge_by_type(o, from, p);
}

/* Reads the packets that are complete; returns the octets they took. */
static size_t take_packets(struct observe *o, enum wire_side from,
                           const unsigned char *octets, size_t n)
{
    struct sender *sender = &o->sides[from];
    struct wire_packet packet;
    struct wire_fault fault;
    size_t at = 0, total;

    while (at < n && !sender->is_deaf) {
        const enum wire_status status = wire_read(
            o->version, from, octets + at, n - at, &packet, &total, &fault);
        if (status == WIRE_MORE)
            break;
        on_packet(o, from, &packet, status == WIRE_BAD ? &fault : NULL);
        sender->is_deaf = total == 0;
        at += total;
    }
    return sender->is_deaf ? n : at;
}

void observe_octets(struct observe *o, enum wire_side from, const void *octets,
                    size_t n, int64_t time_ns, uint64_t frame_no)
{
    struct sender *sender = &o->sides[from];
    size_t taken;

    if (time_ns > o->now_ns)
        o->now_ns = time_ns;
    o->frame_no = frame_no;
    if (n == 0 || sender->is_deaf)
        return;
    if (sender->n_pending == 0) {
        taken = take_packets(o, from, octets, n);
        octets = (const unsigned char *)octets + taken;
        n -= taken;
    }
    if (n == 0)
        return;
    if (sender->n_pending + n > sender->cap_pending) {
        sender->cap_pending = 2 * (sender->n_pending + n);
        sender->pending = realloc(sender->pending, sender->cap_pending);
        if (!sender->pending)
            abort();
    }
    memcpy(sender->pending + sender->n_pending, octets, n);
    sender->n_pending += n;
    taken = take_packets(o, from, sender->pending, sender->n_pending);
    sender->n_pending -= taken;
    memmove(sender->pending, sender->pending + taken, sender->n_pending);
}

/* ---- time and the end ---------------------------------------------------- */

void observe_close(struct observe *o, enum wire_side by, enum observe_how how,
                   int64_t time_ns, uint64_t frame_no)
{
    if (time_ns > o->now_ns)
        o->now_ns = time_ns;
    o->frame_no = frame_no;
    o->sides[by].has_closed = true;
    if (how == OBSERVE_RST)
        o->sides[WIRE_CLIENT].has_closed = o->sides[WIRE_SERVER].has_closed =
            true;
    observe_session_leave(o);
}

static bool is_open(const struct observe *o)
{
    return !o->sides[WIRE_CLIENT].has_closed &&
           !o->sides[WIRE_SERVER].has_closed &&
           !o->sides[WIRE_CLIENT].has_disconnected &&
           !o->sides[WIRE_SERVER].has_disconnected;
}

void observe_quiet(struct observe *o, int64_t time_ns, uint64_t frame_no)
{
    if (time_ns > o->now_ns)
        o->now_ns = time_ns;
    o->frame_no = frame_no;
    if (is_open(o) && !o->is_tainted && !o->is_midstream)
        observe_owed(o);
}

void observe_tick(struct observe *o, int64_t now_ns)
{
    static const struct observe_cite cite = {"3.1.1/MQTT-3.1.2-24",
                                             "5.0/MQTT-3.1.2-22"};
    const int64_t second = 1000000000;
    const int64_t silent_ns = now_ns - o->last_client_ns;
    const int64_t limit_s = 2 * keep_alive_s(o) + 1;

    if (now_ns > o->now_ns)
        o->now_ns = now_ns;
    if (!is_open(o) || o->phase != RUNNING || !o->last_client_ns ||
        o->has_told_keep_alive || o->is_tainted)
        return;
    /* Twice and a second more: the clocks and the wire take their share. */
    if (!keep_alive_s(o) || silent_ns < limit_s * second)
        return;
    o->has_told_keep_alive = true;
    observe_blame(o, WIRE_SERVER, &cite, MUST,
                  "the connection stays open %lld ms after the last packet of "
                  "the Client, the Keep Alive is %lld s",
                  (long long)(silent_ns / 1000000), (long long)keep_alive_s(o));
}
