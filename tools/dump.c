/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c -- mqttspec-replay dump: a line per MQTT packet. */
#include <inttypes.h>
#include <string.h>

#include "reading.h"
#include "tell_json.h"
#include "twin.h"
#include "wire/wire.h"

enum { FLUSH_AT = 1 << 16, LINE_MAX_OCTETS = 4096 };

struct dump {
    const struct read_options *options;
    struct text out;
    struct twins twins;
    uint64_t n_packets, n_tls;
    uint64_t first_ns;
};

static void flush(struct dump *d)
{
    if (d->out.n)
        fwrite(d->out.chars, 1, d->out.n, stdout);
    d->out.n = 0;
}

static void put_json(struct dump *d, const struct flow *flow,
                     const struct flow_packet *p,
                     const struct wire_packet *packet,
                     const struct wire_fault *fault)
{
    char time[32];
    text_printf(&d->out,
                "{\"frame\": %" PRIu64 ", \"time\": %s, \"stream\": %" PRIu64
                ", \"from\": \"%s\", \"type\": \"%s\", \"mqtt\": \"%s\"",
                p->last.frame, time_text(p->last.time_ns, time),
                flow->tcp->number, wire_side_name(p->from),
                wire_type_name(packet->type), wire_version_name(flow->version));
    json_fields(&d->out, packet);
    if (fault) {
        text_puts(&d->out, ", \"fault\": ");
        json_string(&d->out, (struct wire_bytes){{fault->sentence},
                                                 strlen(fault->sentence)});
    }
    text_puts(&d->out, "}\n");
}

static void put_line(struct dump *d, const struct flow *flow,
                     const struct flow_packet *p,
                     const struct wire_packet *packet,
                     const struct wire_fault *fault)
{
    char line[LINE_MAX_OCTETS];
    uint64_t since = p->last.time_ns - d->first_ns;
    wire_describe(packet, line, sizeof line);
    text_printf(&d->out, "%6" PRIu64 " %11.6f  %" PRIu64 " %s %s",
                p->last.frame, (double)since / 1e9, flow->tcp->number,
                p->from == WIRE_CLIENT ? "->" : "<-", line);
    if (fault)
        text_printf(&d->out, "  [malformed: %s]", fault->sentence);
    text_puts(&d->out, "\n");
}

static void on_packet(void *user, struct flow *flow,
                      const struct flow_packet *p)
{
    struct dump *d = user;
    struct wire_packet packet;
    struct wire_fault fault = {0};
    size_t total;
    enum wire_status status = wire_read(flow->version, p->from, p->octets, p->n,
                                        &packet, &total, &fault);
    const struct wire_fault *wrong = status == WIRE_BAD ? &fault : NULL;
    if (!d->n_packets++)
        d->first_ns = p->last.time_ns;
    if (!packet.type)
        packet.type = (enum wire_type)(p->octets[0] >> 4);
    if (!d->options->shows_secrets)
        hide_secrets(&packet);
    if (d->options->is_json)
        put_json(d, flow, p, &packet, wrong);
    else
        put_line(d, flow, p, &packet, wrong);
    if (d->out.n > FLUSH_AT)
        flush(d);
}

static void on_gap(void *user, struct flow *flow, enum wire_side from,
                   uint64_t n, struct mark mark)
{
    struct dump *d = user;
    if (d->options->is_json)
        text_printf(&d->out,
                    "{\"frame\": %" PRIu64 ", \"stream\": %" PRIu64
                    ", \"from\": \"%s\", \"gap\": %" PRIu64 "}\n",
                    mark.frame, flow->tcp->number, wire_side_name(from), n);
    else
        text_printf(&d->out,
                    "%6" PRIu64 "              %" PRIu64 " -- %" PRIu64
                    " octets of the %s are not in the capture\n",
                    mark.frame, flow->tcp->number, n, wire_side_name(from));
}

static void on_close(void *user, struct flow *flow)
{
    struct dump *d = user;
    d->n_tls += flow->kind == FLOW_TLS;
    if (flow->kind != FLOW_MQTT)
        return;
    int64_t twin = twins_find(&d->twins, flow);
    flush(d);
    if (twin >= 0)
        fprintf(stderr,
                "stream %" PRIu64 " repeats stream %" PRId64
                " on the other side of a proxy\n",
                flow->tcp->number, twin);
}

int command_dump(const struct read_options *options)
{
    struct dump d = {.options = options};
    struct flow_watcher watcher = {.user = &d,
                                   .on_packet = on_packet,
                                   .on_gap = on_gap,
                                   .on_close = on_close};
    struct link_counts counts = {0};
    int64_t n = reading_run(options, &watcher, &counts);
    flush(&d);
    text_clear(&d.out);
    twins_clear(&d.twins);
    if (n < 0)
        return EXIT_TROUBLE;
    if (n == 0) {
        reading_why_nothing(options, &counts, d.n_tls);
        return EXIT_UNDECIDED;
    }
    return EXIT_GOOD;
}
