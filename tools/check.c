/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- mqttspec-replay check: the observer judges a capture.
 *
 * Streams to one server share a world: its sessions, subscriptions and retained
 * messages. Behind a gap the observer begins anew, as if it had joined in the
 * middle: what it did not see it does not judge.
 */
#include <inttypes.h>
#include <string.h>

#include "observe/observe.h"
#include "reading.h"
#include "room.h"
#include "tell_json.h"
#include "twin.h"

/* A server, and what its connections share. */
struct server {
    struct endpoint endpoint;
    struct observe_world *world;
};

struct check {
    const struct read_options *options;
    struct text out;
    struct server *servers;
    size_t n_servers;
    struct twins twins;
    uint64_t n_packets, n_streams, n_partial, n_must, n_should, n_tls;
};

/* A stream under observation. */
struct watch {
    struct check *check;
    struct flow *flow;
    struct observe *observe;
    const struct flow_packet *packet; /* the one being judged, or NULL */
    uint64_t n_gaps[2], n_lost[2];    /* gaps by sender, and octets in them */
};

static struct observe_world *world_of(struct check *c,
                                      const struct endpoint *server)
{
    for (size_t i = 0; i < c->n_servers; i++)
        if (c->servers[i].endpoint.port == server->port &&
            !memcmp(c->servers[i].endpoint.address, server->address, 16))
            return c->servers[i].world;
    c->servers = grow(c->servers, c->n_servers, sizeof *c->servers);
    c->servers[c->n_servers++] =
        (struct server){*server, observe_world_new(false)};
    return c->servers[c->n_servers - 1].world;
}

/* The packet at fault on one line, without secrets. */
static void describe(const struct watch *w, char *line, size_t cap)
{
    struct wire_packet packet;
    size_t total;
    line[0] = '\0';
    if (!w->packet)
        return;
    wire_read(w->flow->version, w->packet->from, w->packet->octets,
              w->packet->n, &packet, &total, NULL);
    if (!packet.type)
        packet.type = (enum wire_type)(w->packet->octets[0] >> 4);
    hide_secrets(&packet);
    wire_describe(&packet, line, cap);
}

static void put_json(struct check *c, const struct watch *w,
                     const struct observe_finding *f, const char *id,
                     const char *line)
{
    text_printf(&c->out,
                "{\"frame\": %" PRIu64 ", \"stream\": %" PRIu64
                ", \"who\": \"%s\", \"level\": \"%s\", \"statement\": \"%s\", "
                "\"sentence\": ",
                f->frame_no, w->flow->tcp->number, wire_side_name(f->who),
                f->is_should ? "SHOULD" : "MUST", id);
    json_string(&c->out,
                (struct wire_bytes){{f->sentence}, strlen(f->sentence)});
    text_puts(&c->out, ", \"packet\": ");
    json_string(&c->out, (struct wire_bytes){{line}, strlen(line)});
    text_puts(&c->out, "}\n");
}

static void on_finding(void *user, const struct observe_finding *f)
{
    struct watch *w = user;
    struct check *c = w->check;
    const char *id = *f->statement ? f->statement : f->rule;
    char line[1024];
    *(f->is_should ? &c->n_should : &c->n_must) += 1;
    describe(w, line, sizeof line);
    if (c->options->is_json) {
        put_json(c, w, f, id, line);
        return;
    }
    text_printf(&c->out, "%s  frame %" PRIu64 "  stream %" PRIu64 "  %s  %s\n",
                f->is_should ? "warning  " : "violation", f->frame_no,
                w->flow->tcp->number, wire_side_name(f->who), id);
    text_printf(&c->out, "    %s\n", f->sentence);
    if (*line)
        text_printf(&c->out, "    %s %s\n",
                    w->packet->from == WIRE_CLIENT ? "->" : "<-", line);
}

static void begin(struct watch *w, bool is_midstream)
{
    struct flow *flow = w->flow;
    const struct endpoint *server = &flow->tcp->side[!flow->client];
    observe_free(w->observe);
    w->observe = observe_new(world_of(w->check, server), on_finding, NULL, w);
    if (is_midstream)
        observe_begin_midstream(w->observe, flow->version);
}

static void on_open(void *user, struct flow *flow, struct mark mark)
{
    struct watch *w = xcalloc(1, sizeof *w);
    (void)mark;
    w->check = user;
    w->flow = flow;
    flow->user = w;
    w->check->n_streams++;
    w->check->n_partial += !flow->has_connect;
    begin(w, !flow->has_connect);
}

static void on_packet(void *user, struct flow *flow,
                      const struct flow_packet *p)
{
    struct watch *w = flow->user;
    struct check *c = user;
    c->n_packets++;
    w->packet = p;
    observe_octets(w->observe, p->from, p->octets, p->n,
                   (int64_t)p->last.time_ns, p->last.frame);
    w->packet = NULL;
    if (c->out.n > 1 << 16) {
        fwrite(c->out.chars, 1, c->out.n, stdout);
        c->out.n = 0;
    }
}

static bool has_notes(const struct check *c)
{
    return !c->options->is_json && !c->options->is_quiet;
}

/* The first gap of a side is told where it is; the others in one sentence. */
static void on_gap(void *user, struct flow *flow, enum wire_side from,
                   uint64_t n, struct mark mark)
{
    struct watch *w = flow->user;
    struct check *c = user;
    int i = from == WIRE_SERVER;
    w->n_lost[i] += n;
    if (!w->n_gaps[i]++ && has_notes(c))
        text_printf(&c->out,
                    "note       frame %" PRIu64 "  stream %" PRIu64 "  %" PRIu64
                    " octets of the %s are not in the capture\n",
                    mark.frame, flow->tcp->number, n, wire_side_name(from));
    begin(w, true);
}

static void tell_gaps(struct check *c, const struct watch *w, int i)
{
    if (w->n_gaps[i] > 1 && has_notes(c))
        text_printf(&c->out,
                    "note       stream %" PRIu64 " has %" PRIu64
                    " gaps of the %s, %" PRIu64 " octets in all\n",
                    w->flow->tcp->number, w->n_gaps[i],
                    wire_side_name(i ? WIRE_SERVER : WIRE_CLIENT),
                    w->n_lost[i]);
}

static void on_end(void *user, struct flow *flow, enum wire_side from,
                   enum tcp_end end, size_t left, struct mark mark)
{
    struct watch *w = flow->user;
    (void)user;
    (void)left;
    if (end != TCP_END_CAPTURE)
        observe_close(w->observe, from,
                      end == TCP_END_FIN ? OBSERVE_FIN : OBSERVE_RST,
                      (int64_t)mark.time_ns, mark.frame);
}

/* MQTT in text frames: the one rule of section 6 that a stream shows. */
static void judge_ws(struct check *c, const struct flow *flow)
{
    const char *id =
        flow->version == WIRE_5_0 ? "5.0/MQTT-6.0.0-1" : "3.1.1/MQTT-6.0.0-1";
    if (!flow->n_ws_text)
        return;
    c->n_must++;
    if (c->options->is_json)
        text_printf(&c->out,
                    "{\"stream\": %" PRIu64 ", \"level\": \"MUST\", "
                    "\"statement\": \"%s\", \"sentence\": \"%" PRIu64
                    " WebSocket text frames carry MQTT\"}\n",
                    flow->tcp->number, id, flow->n_ws_text);
    else
        text_printf(&c->out,
                    "violation  stream %" PRIu64 "  %s\n    %" PRIu64
                    " WebSocket text frames carry MQTT; only binary ones may\n",
                    flow->tcp->number, id, flow->n_ws_text);
}

static void on_close(void *user, struct flow *flow)
{
    struct check *c = user;
    struct watch *w = flow->user;
    c->n_tls += flow->kind == FLOW_TLS;
    if (flow->kind != FLOW_MQTT)
        return;
    judge_ws(c, flow);
    tell_gaps(c, w, 0);
    tell_gaps(c, w, 1);
    int64_t twin = twins_find(&c->twins, flow);
    if (twin >= 0 && has_notes(c))
        text_printf(&c->out,
                    "note       stream %" PRIu64 " repeats stream %" PRId64
                    " on the other side of a proxy\n",
                    flow->tcp->number, twin);
    if (flow->is_ws_deflated && has_notes(c))
        text_printf(&c->out,
                    "note       stream %" PRIu64
                    " is compressed (permessage-deflate): not judged\n",
                    flow->tcp->number);
    observe_free(w->observe);
    free(w);
}

static void put_summary(const struct check *c)
{
    char packets[48], streams[48], violations[48], warnings[48];
    fprintf(stderr, "%s in %s judged: %s, %s",
            count_text(c->n_packets, "packet", packets),
            count_text(c->n_streams, "stream", streams),
            count_text(c->n_must, "violation", violations),
            count_text(c->n_should, "warning", warnings));
    if (c->n_partial)
        fprintf(stderr, "; %s joined without CONNECT",
                count_text(c->n_partial, "stream", streams));
    if (c->n_tls)
        fprintf(stderr, "; %s not read (--keys FILE)",
                count_text(c->n_tls, "TLS stream", streams));
    fputc('\n', stderr);
}

int command_check(const struct read_options *options)
{
    struct check c = {.options = options};
    struct flow_watcher watcher = {.user = &c,
                                   .on_open = on_open,
                                   .on_packet = on_packet,
                                   .on_gap = on_gap,
                                   .on_end = on_end,
                                   .on_close = on_close};
    struct link_counts counts = {0};
    int64_t n = reading_run(options, &watcher, &counts);
    if (c.out.n)
        fwrite(c.out.chars, 1, c.out.n, stdout);
    text_clear(&c.out);
    twins_clear(&c.twins);
    for (size_t i = 0; i < c.n_servers; i++)
        observe_world_free(c.servers[i].world);
    free(c.servers);
    if (n < 0)
        return EXIT_TROUBLE;
    if (n == 0) {
        reading_why_nothing(options, &counts, c.n_tls);
        return EXIT_UNDECIDED;
    }
    if (!options->is_quiet)
        put_summary(&c);
    return c.n_must || (options->is_strict && c.n_should) ? EXIT_FOUND
                                                          : EXIT_GOOD;
}
