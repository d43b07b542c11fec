/* SPDX-License-Identifier: Apache-2.0 */
/* grammar.c -- packets by chance, well-formed and hostile, from a seed.
 *
 * A function per packet fills a struct wire_packet; the writer makes octets of
 * it. Hostile packets are good ones with one thing wrong.
 */
#include "blackbox/grammar.h"

#include <stdio.h>
#include <string.h>

static const char *const topics[] = {"a",   "a/b",  "a/b/c", "b",
                                     "b/c", "a//c", "/a",    "own/c1/x"};
static const char *const filters[] = {
    "#",           "+",     "a/#",   "+/b",        "a/+/c",
    "+/+",         "a/b",   "b/#",   "/#",         "a",
    "a/+/#",       "b/+",   "own/#", "a//#",       "a/b",
    "+/b/#",       "a/b/c", "b/c",   "$share/g/a", "$share/g/a/#",
    "$share/h/+/b"};
static const char *const bad_filters[] = {
    "",         "a#",        "a/#/b",     "+a",   "$share", "$share/",
    "$share/g", "$share//a", "$share/g/", "a/b+", "##"};

enum { N_TOPICS = 8, N_FILTERS = 21, N_BAD_FILTERS = 11 };

uint64_t grammar_number(struct grammar *g)
{
    uint64_t z = (g->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint32_t grammar_below(struct grammar *g, uint32_t n)
{
    return (uint32_t)(grammar_number(g) % n);
}

static bool one_in(struct grammar *g, uint32_t n)
{
    return grammar_below(g, n) == 0;
}

void grammar_init(struct grammar *g, uint64_t seed, const char *prefix,
                  unsigned hostile)
{
    memset(g, 0, sizeof *g);
    g->state = seed;
    g->hostile = hostile;
    snprintf(g->prefix, sizeof g->prefix, "%s", prefix);
}

/* named puts the prefix where a topic keeps it: behind "$share/NAME/". */
static const char *named(struct grammar *g, const char *topic)
{
    char *out = g->text[g->n_texts++ % 8];
    int at = 0;
    if (g->prefix[0] && strncmp(topic, "$share/", 7) == 0) {
        const char *slash = strchr(topic + 7, '/');
        at = slash ? (int)(slash + 1 - topic) : (int)strlen(topic);
    }
    snprintf(out, sizeof g->text[0], "%.*s%s%s", at, topic, g->prefix,
             topic + at);
    return out;
}

const char *grammar_topic(struct grammar *g, unsigned i)
{
    return i < N_TOPICS ? named(g, topics[i]) : NULL;
}

const char *grammar_client_id(const struct grammar *g, unsigned who,
                              char out[40])
{
    snprintf(out, 40, "%.20sc%u", g->prefix, who);
    for (char *at = out; *at; at++)
        *at = *at == '/' ? '-' : *at;
    return out;
}

static const char *some_topic(struct grammar *g)
{
    return named(g, topics[grammar_below(g, N_TOPICS)]);
}

static const char *some_filter(struct grammar *g)
{
    if (g->hostile && one_in(g, 4 * g->hostile))
        return bad_filters[grammar_below(g, N_BAD_FILTERS)];
    return named(g, filters[grammar_below(g, N_FILTERS)]);
}

/* Packet Identifiers are few, so that they meet again. */
static uint16_t some_id(struct grammar *g)
{
    if (one_in(g, 30))
        return (uint16_t)grammar_number(g);
    return (uint16_t)(1 + grammar_below(g, 6));
}

static struct wire_bytes some_payload(struct grammar *g)
{
    static const uint32_t sizes[] = {0, 1, 3, 20, 130, 500};
    uint32_t n = sizes[grammar_below(g, 6)];
    for (uint32_t i = 0; i < n; i++)
        g->payload[i] = (unsigned char)('a' + grammar_below(g, 26));
    return SLICE(g->payload, n);
}

static uint64_t some_of(struct grammar *g, const uint32_t *values, uint32_t n)
{
    return OPT(values[grammar_below(g, n)]);
}

static void maybe_user_property(struct grammar *g, struct wire_props *p)
{
    if (one_in(g, 5))
        p->user_property[0] = (struct wire_pair){"k", "v", 1, 1};
    if (one_in(g, 15))
        p->user_property[1] = (struct wire_pair){"k", "w", 1, 1};
}

/* ---- one function per packet --------------------------------------------- */

static void fill_message(struct grammar *g, struct wire_props *p)
{
    static const uint32_t expiries[] = {0, 1, 5, 100, 0xffffffff};
    if (one_in(g, 6))
        p->message_expiry_interval_s = some_of(g, expiries, 5);
    if (one_in(g, 8))
        p->payload_format_indicator = OPT(grammar_below(g, 2));
    if (one_in(g, 10))
        p->response_topic.text = "reply/to";
    if (one_in(g, 10))
        p->correlation_data = BYTES("\x00\x01z");
    if (one_in(g, 12))
        p->content_type.text = "text";
    maybe_user_property(g, p);
}

static void fill_connect_properties(struct grammar *g, struct wire_props *p)
{
    static const uint32_t expiries[] = {0, 1, 10, 3600, 0xffffffff};
    static const uint32_t maxima[] = {1, 2, 10, 65535};
    static const uint32_t sizes[] = {20, 40, 200, 100000};
    if (!one_in(g, 3))
        p->session_expiry_interval_s = some_of(g, expiries, 5);
    if (one_in(g, 3))
        p->receive_maximum = some_of(g, maxima, 4);
    if (one_in(g, 3))
        p->topic_alias_maximum = some_of(g, maxima, 4);
    if (one_in(g, 8))
        p->maximum_packet_size = some_of(g, sizes, 4);
    if (one_in(g, 10))
        p->request_problem_information = OPT(grammar_below(g, 2));
    if (one_in(g, 12)) {
        p->authentication_method.text =
            one_in(g, 4) ? "UNKNOWN" : "SCRAM-SHA-256";
        if (one_in(g, 2))
            p->authentication_data.text = "n,,n=ann,r=abc";
    }
    maybe_user_property(g, p);
}

static void fill_connect(struct grammar *g, struct wire_packet *p, unsigned who)
{
    static const uint32_t delays[] = {0, 1, 10, 1000};
    char *id = g->text[g->n_texts++ % 8];
    p->client_id.text = grammar_client_id(g, who, id);
    if (one_in(g, 20))
        p->client_id.text = "";
    p->clean_start = (uint8_t)grammar_below(g, 2);
    p->keep_alive_s = (uint16_t)(one_in(g, 3) ? 1 + grammar_below(g, 5) : 60);
    if (one_in(g, 6))
        p->keep_alive_s = 0;
    if (one_in(g, 3)) {
        p->will.topic.text = some_topic(g);
        p->will.payload = BYTES("gone");
        p->will.qos = (uint8_t)grammar_below(g, 3);
        p->will.retain = one_in(g, 3);
        fill_message(g, &p->will.props);
        if (one_in(g, 2))
            p->will.props.will_delay_interval_s = some_of(g, delays, 4);
    }
    if (one_in(g, 6)) {
        p->user_name.text = "ann";
        p->password.text = one_in(g, 3) ? "wrong" : "secret";
    }
    fill_connect_properties(g, &p->props);
}

static void fill_publish(struct grammar *g, struct wire_packet *p)
{
    p->topic.text = some_topic(g);
    p->payload = some_payload(g);
    p->qos = (uint8_t)grammar_below(g, 3);
    p->retain = one_in(g, 4);
    p->dup = p->qos && one_in(g, 8);
    p->packet_id = some_id(g);
    fill_message(g, &p->props);
    if (one_in(g, 5)) {
        p->props.topic_alias = OPT(1 + grammar_below(g, 3));
        if (one_in(g, 2))
            p->topic = (struct wire_bytes){{""}, 0};
    }
}

static void fill_filters(struct grammar *g, struct wire_packet *p)
{
    static const uint32_t identifiers[] = {1, 2, 128, 268435455};
    uint32_t n = 1 + grammar_below(g, 3);
    p->packet_id = some_id(g);
    for (uint32_t i = 0; i < n; i++) {
        struct wire_filter *f = &p->filters[i];
        f->filter.text = some_filter(g);
        f->qos = (uint8_t)grammar_below(g, 3);
        f->no_local = one_in(g, 6) && f->filter.text[0] != '$';
        f->retain_as_published = one_in(g, 4);
        f->retain_handling = (uint8_t)grammar_below(g, 3);
    }
    if (p->type == WIRE_SUBSCRIBE && one_in(g, 4))
        p->props.subscription_identifier[0] = some_of(g, identifiers, 4);
    maybe_user_property(g, &p->props);
}

static void fill_answer(struct grammar *g, struct wire_packet *p)
{
    p->packet_id = some_id(g);
    if (one_in(g, 6) && (p->type == WIRE_PUBACK || p->type == WIRE_PUBREC))
        p->reason = one_in(g, 2) ? NO_MATCHING_SUBSCRIBERS : UNSPECIFIED_ERROR;
    if (one_in(g, 6) && (p->type == WIRE_PUBREL || p->type == WIRE_PUBCOMP))
        p->reason = PACKET_IDENTIFIER_NOT_FOUND;
    if (one_in(g, 10))
        p->props.reason_string.text = "so";
}

static void fill_end(struct grammar *g, struct wire_packet *p)
{
    static const uint32_t expiries[] = {0, 5, 3600};
    if (p->type == WIRE_AUTH) {
        p->reason = one_in(g, 3) ? RE_AUTHENTICATE : CONTINUE_AUTHENTICATION;
        p->props.authentication_method.text = "SCRAM-SHA-256";
        p->props.authentication_data.text = "n,,n=ann,r=abc";
        return;
    }
    if (one_in(g, 3))
        p->reason = DISCONNECT_WITH_WILL_MESSAGE;
    if (one_in(g, 4))
        p->props.session_expiry_interval_s = some_of(g, expiries, 3);
}

static enum wire_type some_type(struct grammar *g)
{
    static const enum wire_type types[] = {
        WIRE_CONNECT,   WIRE_CONNECT,    WIRE_PUBLISH,   WIRE_PUBLISH,
        WIRE_PUBLISH,   WIRE_PUBLISH,    WIRE_PUBLISH,   WIRE_PUBACK,
        WIRE_PUBREC,    WIRE_PUBREL,     WIRE_PUBREL,    WIRE_PUBCOMP,
        WIRE_SUBSCRIBE, WIRE_SUBSCRIBE,  WIRE_SUBSCRIBE, WIRE_UNSUBSCRIBE,
        WIRE_PINGREQ,   WIRE_DISCONNECT, WIRE_AUTH};
    return types[grammar_below(g, sizeof types / sizeof *types)];
}

/* One thing wrong with a packet before it is written. */
static void spoil(struct grammar *g, struct wire_packet *p)
{
    switch (grammar_below(g, 10)) {
    case 0:
        p->raw_flags = OPT(grammar_below(g, 16));
        return;
    case 1:
        p->raw_length = OPT(grammar_below(g, 300));
        return;
    case 2:
        p->raw_length_octets = 2 + (int)grammar_below(g, 4);
        return;
    case 3:
        p->raw_trailing = BYTES("\x00\xff\x01");
        return;
    case 4:
        p->packet_id = 0;
        return;
    case 5:
        p->raw_connect_flags = OPT(grammar_below(g, 256));
        return;
    case 6:
        p->props.raw_length = OPT(grammar_below(g, 200));
        return;
    case 7:
        p->props.extra[0] =
            (struct wire_extra){.id = 1 + grammar_below(g, 0x2a),
                                .number = grammar_below(g, 3),
                                .octets = BYTES("x"),
                                .value = BYTES("y")};
        return;
    case 8:
        p->qos = (uint8_t)grammar_below(g, 4);
        p->topic.text = "bad/+/topic";
        return;
    default:
        p->topic = p->filters[0].filter = p->will.topic =
            BYTES("a\xc0\x80/\xed\xa0\x80");
        return;
    }
}

/* Some octets changed, or lost, after it is written. */
static size_t scramble(struct grammar *g, unsigned char *out, size_t n)
{
    uint32_t times = 1 + grammar_below(g, 3);
    for (uint32_t i = 0; i < times && n > 0; i++)
        out[grammar_below(g, (uint32_t)n)] = (unsigned char)grammar_number(g);
    return one_in(g, 4) && n > 2 ? 1 + grammar_below(g, (uint32_t)n - 1) : n;
}

size_t grammar_packet(struct grammar *g, enum wire_version version,
                      enum wire_type type, unsigned who, unsigned char *out,
                      size_t cap)
{
    struct wire_packet p;
    bool is_hostile = g->hostile && one_in(g, g->hostile);
    memset(&p, 0, sizeof p);
    p.type = type == WIRE_OCTETS ? some_type(g) : type;
    if (p.type == WIRE_CONNECT)
        fill_connect(g, &p, who);
    else if (p.type == WIRE_PUBLISH)
        fill_publish(g, &p);
    else if (p.type == WIRE_SUBSCRIBE || p.type == WIRE_UNSUBSCRIBE)
        fill_filters(g, &p);
    else if (p.type >= WIRE_PUBACK && p.type <= WIRE_PUBCOMP)
        fill_answer(g, &p);
    else if (p.type == WIRE_DISCONNECT || p.type == WIRE_AUTH)
        fill_end(g, &p);
    if (p.type == WIRE_AUTH && version != WIRE_5_0)
        p.type = WIRE_PINGREQ;
    if (is_hostile && one_in(g, 2))
        spoil(g, &p);
    size_t n = wire_write(version, &p, out, cap);
    n = n < cap ? n : cap;
    return is_hostile && one_in(g, 2) ? scramble(g, out, n) : n;
}
