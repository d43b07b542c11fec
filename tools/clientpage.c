/* SPDX-License-Identifier: Apache-2.0 */
/* clientpage.c -- what a client has kept and broken, on one page. */
#include "clientpage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/text.h"
#include "statement.h"
#include "tell_json.h"

/* Which packets of a client the sections of the standards speak of. The
 * longest prefix counts; a section in no row is about the server alone. */
static const struct {
    const char *section;
    unsigned types; /* bits by packet type; 0: any packet */
} SECTIONS[] = {
    {"1.5", 1u << WIRE_CONNECT | 1u << WIRE_PUBLISH | 1u << WIRE_SUBSCRIBE},
    {"2.1", 0},
    {"2.2", 1u << WIRE_SUBSCRIBE | 1u << WIRE_PUBLISH | 1u << WIRE_UNSUBSCRIBE},
    {"2.3", 1u << WIRE_SUBSCRIBE | 1u << WIRE_PUBLISH | 1u << WIRE_UNSUBSCRIBE},
    {"3.1", 1u << WIRE_CONNECT},
    {"3.2", 1u << WIRE_CONNECT},
    {"3.3", 1u << WIRE_PUBLISH},
    {"3.4", 1u << WIRE_PUBACK},
    {"3.5", 1u << WIRE_PUBREC},
    {"3.6", 1u << WIRE_PUBREL},
    {"3.7", 1u << WIRE_PUBCOMP},
    {"3.8", 1u << WIRE_SUBSCRIBE},
    {"3.9", 1u << WIRE_SUBSCRIBE},
    {"3.10", 1u << WIRE_UNSUBSCRIBE},
    {"3.11", 1u << WIRE_UNSUBSCRIBE},
    {"3.12", 1u << WIRE_PINGREQ},
    {"3.13", 1u << WIRE_PINGREQ},
    {"3.14", 1u << WIRE_DISCONNECT},
    {"3.15", 1u << WIRE_AUTH},
    {"4.1", 1u << WIRE_CONNECT},
    {"4.3.1", 1u << WIRE_PUBLISH},
    {"4.3.2", 1u << WIRE_PUBLISH | 1u << WIRE_PUBACK},
    {"4.3.3", 1u << WIRE_PUBREL | 1u << WIRE_PUBREC | 1u << WIRE_PUBCOMP},
    {"4.4", 1u << WIRE_PUBLISH | 1u << WIRE_PUBREL},
    {"4.5", 1u << WIRE_PUBACK | 1u << WIRE_PUBREC},
    {"4.6", 1u << WIRE_PUBLISH | 1u << WIRE_PUBACK | 1u << WIRE_PUBREL},
    {"4.7", 1u << WIRE_PUBLISH | 1u << WIRE_SUBSCRIBE},
    {"4.8", 1u << WIRE_SUBSCRIBE | 1u << WIRE_PUBACK},
    {"4.9", 1u << WIRE_PUBLISH},
    {"4.10", 1u << WIRE_PUBLISH},
    {"4.12", 1u << WIRE_AUTH},
    {"4.13", 1u << WIRE_DISCONNECT},
};

enum client_verdict { NOT_EXERCISED, KEPT, BROKEN };

static const char *const NAMES[] = {"not exercised", "no breach", "broken"};

/* Whether `section` is `prefix` or inside it: "3.1" holds "3.1.2", not "3.10".
 */
static bool is_inside(const char *section, const char *prefix)
{
    size_t n = strlen(prefix);
    return !strncmp(section, prefix, n) &&
           (section[n] < '0' || section[n] > '9');
}

static bool is_exercised(const struct client_page *p, const struct statement *s,
                         int version)
{
    size_t best = 0;
    unsigned types = 0;
    if (is_inside(s->section, "6"))
        return p->n_ws > 0;
    for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
        size_t n = strlen(SECTIONS[i].section);
        if (is_inside(s->section, SECTIONS[i].section) && n > best) {
            best = n;
            types = SECTIONS[i].types ? SECTIONS[i].types : 0xFFFF;
        }
    }
    if (strstr(s->title, "Will") && !p->n_will)
        return false;
    for (int t = 1; t < 16; t++)
        if (types >> t & 1 && p->sent[version][t])
            return true;
    return false;
}

static enum client_verdict judge(const struct client_page *p,
                                 const struct statement *s, int version)
{
    for (uint64_t i = 0; i < p->n_findings; i++)
        if (p->findings[i].who == WIRE_CLIENT &&
            !strcmp(p->findings[i].statement, s->id))
            return BROKEN;
    return is_exercised(p, s, version) ? KEPT : NOT_EXERCISED;
}

/* The version a catalogue is of: its index in `sent`; 0 if none. */
static int version_of(const struct statement *s)
{
    return !strcmp(s->catalogue, "5.0")     ? 5
           : !strcmp(s->catalogue, "3.1.1") ? 4
           : !strcmp(s->catalogue, "3.1")   ? 3
                                            : 0;
}

static bool was_spoken(const struct client_page *p, int version)
{
    return version && p->sent[version][WIRE_CONNECT] > 0;
}

/* Calls row for each statement that binds a client of a version spoken. */
static void each(const struct client_page *p, const struct catalogue *c,
                 void (*row)(struct text *out, const struct statement *s,
                             enum client_verdict verdict),
                 struct text *out, uint64_t counts[3])
{
    for (size_t i = 0; i < catalogue_count(c); i++) {
        const struct statement *s = catalogue_at(c, i);
        int version = version_of(s);
        if (s->role == STATEMENT_ROLE_SERVER || !was_spoken(p, version))
            continue;
        enum client_verdict verdict = judge(p, s, version);
        counts[verdict]++;
        if (row)
            row(out, s, verdict);
    }
}

static void row_json(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    text_printf(
        out, "%s\n  {\"id\": \"%s\", \"verdict\": \"%s\", \"summary\": ",
        out->chars[out->n - 1] == '[' ? "" : ",", s->id, NAMES[verdict]);
    json_string(out, (struct wire_bytes){{s->summary}, strlen(s->summary)});
    text_puts(out, "}");
}

static void row_text(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    text_printf(out, "%-14s %-24s %s\n", NAMES[verdict], s->id, s->summary);
}

static void row_html(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    static const char *const CLASSES[] = {"none", "kept", "broken"};
    text_printf(out, "<tr class=\"%s\"><td>%s</td><td>%s</td><td>",
                CLASSES[verdict], NAMES[verdict], s->id);
    text_puts_xml(out, s->summary);
    text_puts(out, "</td></tr>\n");
}

static void put_json(struct text *out, const struct client_page *p,
                     const struct catalogue *c, uint64_t counts[3])
{
    text_puts(out, "{\"schema\": \"mqttspec-client/1\", \"statements\": [");
    each(p, c, row_json, out, counts);
    text_puts(out, "], \"findings\": [");
    for (uint64_t i = 0; i < p->n_findings; i++) {
        const struct client_finding *f = &p->findings[i];
        text_printf(out,
                    "%s\n  {\"connection\": %" PRIu64 ", \"packet\": %" PRIu64
                    ", \"who\": \"%s\", \"level\": \"%s\", \"statement\": "
                    "\"%s\", \"sentence\": ",
                    i ? "," : "", f->connection, f->packet_no,
                    wire_side_name(f->who), f->is_should ? "SHOULD" : "MUST",
                    f->statement);
        json_string(out,
                    (struct wire_bytes){{f->sentence}, strlen(f->sentence)});
        text_puts(out, "}");
    }
    text_printf(
        out,
        "], \"connections\": %" PRIu64 ", \"summary\": {\"broken\": %" PRIu64
        ", \"kept\": %" PRIu64 ", \"not_exercised\": %" PRIu64 "}}\n",
        p->n_connections, counts[BROKEN], counts[KEPT], counts[NOT_EXERCISED]);
}

static void put_text(struct text *out, const struct client_page *p,
                     const struct catalogue *c, uint64_t counts[3])
{
    each(p, c, row_text, out, counts);
    for (uint64_t i = 0; i < p->n_findings; i++)
        text_printf(out,
                    "connection %" PRIu64 " packet %" PRIu64
                    ": the %s breaks %s: %s\n",
                    p->findings[i].connection, p->findings[i].packet_no,
                    wire_side_name(p->findings[i].who),
                    p->findings[i].statement, p->findings[i].sentence);
    text_printf(out,
                "%" PRIu64 " broken, %" PRIu64 " without a breach, %" PRIu64
                " not exercised\n",
                counts[BROKEN], counts[KEPT], counts[NOT_EXERCISED]);
}

static void put_html(struct text *out, const struct client_page *p,
                     const struct catalogue *c, uint64_t counts[3])
{
    struct text rows = {0};
    each(p, c, row_html, &rows, counts);
    text_puts(out, "<!doctype html><meta charset=\"utf-8\"><title>MQTT client"
                   "</title>\n<style>body{font:15px/1.5 sans-serif;margin:2em "
                   "auto;max-width:70em;padding:0 1em}td{padding:.2em .6em;"
                   "vertical-align:top;border-bottom:1px solid #ddd}"
                   ".broken td:first-child{color:#b00020;font-weight:bold}"
                   ".kept td:first-child{color:#116329}"
                   ".none{color:#777}</style>\n<h1>MQTT client: ");
    text_puts_xml(out, p->title);
    text_printf(out,
                "</h1>\n<p>%" PRIu64 " connections; %" PRIu64
                " statements broken, %" PRIu64 " without a breach, %" PRIu64
                " not exercised.</p>\n",
                p->n_connections, counts[BROKEN], counts[KEPT],
                counts[NOT_EXERCISED]);
    if (p->n_findings)
        text_puts(out, "<h2>Breaches</h2>\n<table>\n");
    for (uint64_t i = 0; i < p->n_findings; i++) {
        const struct client_finding *f = &p->findings[i];
        text_printf(out,
                    "<tr><td>%s</td><td>%s</td><td>connection %" PRIu64
                    ", packet %" PRIu64 "</td><td>",
                    wire_side_name(f->who), f->statement, f->connection,
                    f->packet_no);
        text_puts_xml(out, f->sentence);
        text_puts(out, "<br><code>");
        text_puts_xml(out, f->packet);
        text_puts(out, "</code></td></tr>\n");
    }
    if (p->n_findings)
        text_puts(out, "</table>\n");
    text_puts(out, "<h2>Statements that bind a client</h2>\n<table>\n");
    text_puts(out, rows.chars);
    text_puts(out, "</table>\n");
    text_clear(&rows);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

bool client_page_is_named(const char *path)
{
    return ends_with(path, ".html") || ends_with(path, ".json") ||
           ends_with(path, ".txt");
}

int client_page_write(const struct client_page *page, const char *path)
{
    char error[200];
    uint64_t counts[3] = {0};
    struct text out = {0};
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    if (!catalogue) {
        fprintf(stderr, "%s\n", error);
        return -1;
    }
    if (ends_with(path, ".json"))
        put_json(&out, page, catalogue, counts);
    else if (ends_with(path, ".txt"))
        put_text(&out, page, catalogue, counts);
    else
        put_html(&out, page, catalogue, counts);
    int failed = text_save(&out, path);
    if (failed)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    text_clear(&out);
    catalogue_free(catalogue);
    return failed;
}
