/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.c -- tells how a replay went: text, JSON, JUnit, exit code. */
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "replay.h"
#include "report/text.h"
#include "tell_json.h"

static const char *const VERDICTS[N_VERDICTS] = {"PASS", "FAIL", "INCONCLUSIVE",
                                                 "SKIPPED"};

enum { TOLD_MAX = 10 }; /* findings of a stream in the text */

static bool is_told(enum replay_class class)
{
    return class != CLASS_OPEN && class != CLASS_MATCH && class != CLASS_MAPPED;
}

static bool is_server_item(const struct item *item)
{
    return item->from == WIRE_SERVER &&
           (item->kind == ITEM_PACKET ||
            (item->kind == ITEM_END && item->is_close));
}

static const char *item_line(const struct item *item, char *out, size_t cap)
{
    if (item->kind == ITEM_PACKET)
        return message_line(&item->message, out, cap);
    return "the server closes the connection";
}

static enum verdict stream_verdict(const struct replay *r, size_t stream,
                                   const struct conn **conn, const char **why)
{
    const struct stream *st = &r->script->streams[stream];
    *conn = NULL;
    *why = st->why;
    for (size_t i = 0; i < r->n_conns; i++)
        if (r->conns[i].stream == st)
            *conn = &r->conns[i];
    if (*conn) {
        *why = (*conn)->why;
        return (*conn)->verdict;
    }
    return st->is_inconclusive ? VERDICT_INCONCLUSIVE : VERDICT_SKIPPED;
}

/* ---- text ---------------------------------------------------------------- */

static void put_counts(struct text *out, const uint64_t counts[N_CLASSES])
{
    const char *comma = "";
    for (int i = CLASS_MATCH; i < N_CLASSES; i++)
        if (counts[i]) {
            text_printf(out, "%s%" PRIu64 " %s", comma, counts[i],
                        class_name((enum replay_class)i));
            comma = ", ";
        }
}

static void put_conn(struct text *out, const struct conn *c)
{
    char line[1024];
    for (size_t i = 0; i < c->stream->n_items; i++) {
        const struct item *item = conn_item(c, i);
        if (!is_server_item(item) || !is_told(item->class))
            continue;
        text_printf(out, "    frame %-5" PRIu64 " %-9s %s\n", item->frame,
                    class_name(item->class),
                    item_line(item, line, sizeof line));
        if (item->live != NOTHING && item->class == CLASS_CHANGED)
            text_printf(out, "                live      %s\n",
                        message_line(&c->packets[item->live].message, line,
                                     sizeof line));
        if (item->detail)
            text_printf(out, "                          %s\n", item->detail);
    }
    for (size_t i = 0; i < c->n_packets; i++) {
        const struct live_packet *p = &c->packets[i];
        if (p->item != NOTHING || !is_told(p->class))
            continue;
        text_printf(out, "    frame >%-4" PRIu64 " %-9s %s\n", p->frame,
                    class_name(p->class),
                    message_line(&p->message, line, sizeof line));
        if (p->detail)
            text_printf(out, "                          %s\n", p->detail);
    }
    size_t n_told = c->n_findings < TOLD_MAX ? c->n_findings : TOLD_MAX;
    for (size_t i = 0; i < n_told; i++) {
        const struct finding *f = &c->findings[i];
        text_printf(out, "    frame >%-4" PRIu64 " %-9s the live %s: %s %s\n",
                    f->frame,
                    f->who == WIRE_CLIENT ? "note"
                    : f->is_should        ? "warning"
                                          : "violation",
                    wire_side_name(f->who), f->statement, f->sentence);
    }
    if (n_told < c->n_findings)
        text_printf(out, "    and %zu more of the live connection\n",
                    c->n_findings - n_told);
}

static void put_stream(struct text *out, const struct replay *r, size_t i)
{
    const struct stream *st = &r->script->streams[i];
    const struct conn *c;
    const char *why;
    char client[64], server[64];
    enum verdict verdict = stream_verdict(r, i, &c, &why);
    text_printf(
        out,
        "stream %-3" PRIu64 " %-12s %s -> %s  MQTT %s%s%s%s, %" PRIu64
        " published",
        st->number, VERDICTS[verdict], endpoint_text(&st->client, client),
        endpoint_text(&st->server, server), wire_version_name(st->version),
        st->is_tls ? ", TLS" : "", st->is_ws ? ", WebSocket" : "",
        st->is_synthesised ? ", synthesised" : "", st->n_publishes);
    if (c) {
        text_puts(out, ": ");
        put_counts(out, c->counts);
    }
    text_printf(out, "%s%s\n", *why ? "  -- " : "", why);
    if (c)
        put_conn(out, c);
}

static void put_text(struct text *out, const struct replay *r)
{
    const struct script *s = r->script;
    for (size_t i = 0; i < s->n_streams; i++)
        put_stream(out, r, i);
    if (!s->n_streams)
        text_printf(out, "no MQTT found in %" PRIu64 " frames\n",
                    s->counts.frames);
    text_printf(out,
                "%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64
                " inconclusive, %" PRIu64 " skipped; %" PRIu64
                " packets sent, %" PRIu64 " checked",
                r->verdicts[VERDICT_PASS], r->verdicts[VERDICT_FAIL],
                r->verdicts[VERDICT_INCONCLUSIVE], r->verdicts[VERDICT_SKIPPED],
                r->n_sent, r->n_checked);
    if (r->n_checked || r->counts[CLASS_EXCUSED]) {
        text_puts(out, ": ");
        put_counts(out, r->counts);
    }
    text_printf(out, "; %.3f s\n", r->seconds);
    uint64_t ignored = s->counts.not_ip + s->counts.not_tcp + s->counts.broken;
    if (ignored)
        text_printf(out, "%" PRIu64 " frames without TCP ignored\n", ignored);
    if (s->n_twins)
        text_printf(out,
                    "%" PRIu64 " streams repeat another one behind a "
                    "proxy\n",
                    s->n_twins);
    if (s->n_tls)
        text_printf(out,
                    "%" PRIu64 " TLS streams cannot be read without their "
                    "keys (--keys FILE)\n",
                    s->n_tls);
}

/* ---- JSON ---------------------------------------------------------------- */

static void put_string(struct text *out, const char *key, const char *value)
{
    text_printf(out, "\"%s\": ", key);
    json_string(out, (struct wire_bytes){{value}, strlen(value)});
}

static void json_counts(struct text *out, const uint64_t counts[N_CLASSES])
{
    text_puts(out, "{");
    for (int i = CLASS_MATCH; i < N_CLASSES; i++)
        text_printf(out, "%s\"%s\": %" PRIu64, i > CLASS_MATCH ? ", " : "",
                    class_name((enum replay_class)i), counts[i]);
    text_puts(out, "}");
}

static void json_item(struct text *out, const struct conn *c,
                      const struct item *item, const char *comma)
{
    char line[1024];
    bool is_client = item->from == WIRE_CLIENT;
    text_printf(out, "%s\n    {\"frame\": %" PRIu64 ", \"from\": \"%s\", ",
                comma, item->frame, wire_side_name(item->from));
    put_string(out, "type",
               item->kind == ITEM_PACKET ? wire_type_name(item->message.type)
                                         : "close");
    text_printf(out, ", \"at\": %.6f",
                (double)(item->time_ns - c->replay->script->items[0].time_ns) /
                    1e9);
    if (is_client && item->is_sent)
        text_printf(out, ", \"sent\": %.6f", (double)item->sent_ns / 1e9);
    if (!is_client)
        text_printf(out, ", \"class\": \"%s\"", class_name(item->class));
    if (!is_client && item->live != NOTHING)
        text_printf(out, ", \"came\": %.6f",
                    (double)c->packets[item->live].time_ns / 1e9);
    if (!is_client && item->class == CLASS_CHANGED && item->live != NOTHING) {
        text_puts(out, ", ");
        put_string(
            out, "live",
            message_line(&c->packets[item->live].message, line, sizeof line));
    }
    if (!is_client && is_told(item->class)) {
        text_puts(out, ", ");
        put_string(out, "captured", item_line(item, line, sizeof line));
    }
    if (item->detail) {
        text_puts(out, ", ");
        put_string(out, "detail", item->detail);
    }
    text_puts(out, "}");
}

static void json_extra(struct text *out, const struct live_packet *p,
                       const char *comma)
{
    char line[1024];
    text_printf(out, "%s\n    {\"after_frame\": %" PRIu64 ", ", comma,
                p->frame);
    put_string(out, "type", wire_type_name(p->message.type));
    text_printf(out, ", \"class\": \"%s\", \"came\": %.6f, ",
                class_name(p->class), (double)p->time_ns / 1e9);
    put_string(out, "live", message_line(&p->message, line, sizeof line));
    if (p->detail) {
        text_puts(out, ", ");
        put_string(out, "detail", p->detail);
    }
    text_puts(out, "}");
}

static void json_conn(struct text *out, const struct conn *c)
{
    const char *comma = "";
    text_puts(out, ", \"counts\": ");
    json_counts(out, c->counts);
    text_puts(out, ", \"packets\": [");
    for (size_t i = 0; i < c->stream->n_items; i++) {
        const struct item *item = conn_item(c, i);
        bool is_client = item->from == WIRE_CLIENT && item->kind == ITEM_PACKET;
        if (!is_client && !is_server_item(item))
            continue;
        json_item(out, c, item, comma);
        comma = ",";
    }
    for (size_t i = 0; i < c->n_packets; i++) {
        if (c->packets[i].item != NOTHING)
            continue;
        json_extra(out, &c->packets[i], comma);
        comma = ",";
    }
    text_puts(out, "], \"findings\": [");
    for (size_t i = 0; i < c->n_findings; i++) {
        const struct finding *f = &c->findings[i];
        text_printf(out, "%s{\"who\": \"%s\", \"after_frame\": %" PRIu64 ", ",
                    i ? ", " : "", wire_side_name(f->who), f->frame);
        put_string(out, "statement", f->statement);
        text_puts(out, ", ");
        put_string(out, "sentence", f->sentence);
        text_puts(out, "}");
    }
    text_puts(out, "]");
}

static void put_json(struct text *out, const struct replay *r)
{
    const struct script *s = r->script;
    text_puts(out, "{\"schema\": \"mqttspec-replay/1\", ");
    put_string(out, "capture", r->options->capture.path);
    text_puts(out, ", ");
    put_string(out, "target", r->options->target);
    text_printf(out,
                ", \"seconds\": %.3f, \"summary\": {\"passed\": %" PRIu64
                ", \"failed\": %" PRIu64 ", \"inconclusive\": %" PRIu64
                ", \"skipped\": %" PRIu64 ", \"sent\": %" PRIu64
                ", \"checked\": %" PRIu64 ", \"ignored_frames\": %" PRIu64
                ", \"twins\": %" PRIu64 ", \"counts\": ",
                r->seconds, r->verdicts[VERDICT_PASS],
                r->verdicts[VERDICT_FAIL], r->verdicts[VERDICT_INCONCLUSIVE],
                r->verdicts[VERDICT_SKIPPED], r->n_sent, r->n_checked,
                s->counts.not_ip + s->counts.not_tcp + s->counts.broken,
                s->n_twins);
    json_counts(out, r->counts);
    text_puts(out, "}, \"streams\": [");
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct stream *st = &s->streams[i];
        const struct conn *c;
        const char *why;
        enum verdict verdict = stream_verdict(r, i, &c, &why);
        text_printf(out,
                    "%s\n  {\"stream\": %" PRIu64 ", \"verdict\": \"%s\", "
                    "\"mqtt\": \"%s\", \"published\": %" PRIu64
                    ", \"synthesised\": %s, ",
                    i ? "," : "", st->number, VERDICTS[verdict],
                    wire_version_name(st->version), st->n_publishes,
                    st->is_synthesised ? "true" : "false");
        put_string(out, "why", why);
        if (c)
            json_conn(out, c);
        text_puts(out, "}");
    }
    text_puts(out, "]}\n");
}

void outcome_print(const struct replay *r)
{
    struct text out = {0};
    if (r->options->is_json)
        put_json(&out, r);
    else
        put_text(&out, r);
    fwrite(out.chars, 1, out.n, stdout);
    text_clear(&out);
}

/* ---- JUnit --------------------------------------------------------------- */

static void junit_case(struct text *out, const struct replay *r, size_t i)
{
    const struct conn *c;
    const char *why;
    struct text detail = {0};
    enum verdict verdict = stream_verdict(r, i, &c, &why);
    text_printf(out,
                "  <testcase classname=\"replay\" name=\"stream %" PRIu64 "\"",
                r->script->streams[i].number);
    if (verdict == VERDICT_PASS) {
        text_puts(out, "/>\n");
        return;
    }
    text_puts(out, verdict == VERDICT_FAIL ? ">\n    <failure message=\""
                                           : ">\n    <skipped message=\"");
    text_puts_xml(out, why);
    text_puts(out, "\">");
    if (c)
        put_conn(&detail, c);
    text_puts_xml(out, detail.chars);
    text_puts(out, verdict == VERDICT_FAIL ? "</failure>\n" : "</skipped>\n");
    text_puts(out, "  </testcase>\n");
    text_clear(&detail);
}

int outcome_junit(const struct replay *r, const char *path)
{
    struct text out = {0};
    size_t n = r->script->n_streams;
    uint64_t n_skipped = r->verdicts[VERDICT_INCONCLUSIVE] +
                         r->verdicts[VERDICT_SKIPPED] + (n ? 0 : 1);
    text_printf(&out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuite name=\"replay\" tests=\"%zu\" failures=\"%" PRIu64
                "\" errors=\"0\" skipped=\"%" PRIu64 "\" time=\"%.3f\">\n",
                n, r->verdicts[VERDICT_FAIL], n_skipped, r->seconds);
    for (size_t i = 0; i < n; i++)
        junit_case(&out, r, i);
    if (!n)
        text_puts(&out, "  <testcase classname=\"replay\" name=\"capture\">"
                        "<skipped message=\"no MQTT found\"/></testcase>\n");
    text_puts(&out, "</testsuite>\n");
    int failed = text_save(&out, path);
    text_clear(&out);
    return failed;
}

int outcome_exit(const struct replay *r)
{
    bool is_partial =
        r->verdicts[VERDICT_INCONCLUSIVE] || r->verdicts[VERDICT_SKIPPED];
    if (r->is_unreachable)
        return EXIT_TROUBLE;
    if (r->verdicts[VERDICT_FAIL])
        return EXIT_FOUND;
    if (!r->verdicts[VERDICT_PASS] || !r->n_checked)
        return EXIT_UNDECIDED;
    return is_partial && r->options->is_strict ? EXIT_UNDECIDED : EXIT_GOOD;
}
