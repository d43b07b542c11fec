/* SPDX-License-Identifier: Apache-2.0 */
/* clientpage.c -- what a client has kept and broken, on one page. */
#include "clientpage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "duties.h"
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

enum client_verdict { BROKEN, KEPT, NOT_EXERCISED, NOT_JUDGED, N_VERDICTS };

static const struct {
    const char *name, *class, *heading;
} VERDICTS[N_VERDICTS] = {
    [BROKEN] = {"broken", "broken", "Broken"},
    [KEPT] = {"no breach", "kept", "Exercised, and no breach was seen"},
    [NOT_EXERCISED] = {"not exercised", "none", "Not exercised"},
    [NOT_JUDGED] = {"not judged", "none", "Not to be judged from the wire"},
};

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
    const struct duty *duty = duties_find(s->id);
    size_t best = 0;
    unsigned types = 0;
    if (duty && duty->occasions)
        return p->occasions[version] & duty->occasions;
    for (size_t i = 0; i < sizeof SECTIONS / sizeof SECTIONS[0]; i++) {
        size_t n = strlen(SECTIONS[i].section);
        if (is_inside(s->section, SECTIONS[i].section) && n > best) {
            best = n;
            types = SECTIONS[i].types ? SECTIONS[i].types : 0xFFFF;
        }
    }
    if (strstr(s->title, "Will") && !(p->occasions[version] & DUTY_WILL))
        return false;
    for (int t = 1; t < 16; t++)
        if (types >> t & 1 && p->sent[version][t])
            return true;
    return false;
}

static enum client_verdict judge(const struct client_page *p,
                                 const struct statement *s, int version)
{
    const struct duty *duty = duties_find(s->id);
    for (uint64_t i = 0; i < p->n_findings; i++)
        if (p->findings[i].who == WIRE_CLIENT &&
            duties_is_broken(s->id, p->findings[i].statement,
                             p->findings[i].packet, p->findings[i].sentence))
            return BROKEN;
    if (duty && duty->unseen)
        return NOT_JUDGED;
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

typedef void on_row(struct text *out, const struct statement *s,
                    enum client_verdict verdict);

/* Calls row for each statement that binds a client of a version spoken and got
 * one of the verdicts, a set of bits. */
static void each(const struct client_page *p, const struct catalogue *c,
                 unsigned verdicts, on_row *row, struct text *out)
{
    for (size_t i = 0; i < catalogue_count(c); i++) {
        const struct statement *s = catalogue_at(c, i);
        int version = version_of(s);
        if (s->role == STATEMENT_ROLE_SERVER || !was_spoken(p, version))
            continue;
        enum client_verdict verdict = judge(p, s, version);
        if (verdicts >> verdict & 1)
            row(out, s, verdict);
    }
}

static void count(const struct client_page *p, const struct catalogue *c,
                  uint64_t counts[N_VERDICTS])
{
    for (size_t i = 0; i < catalogue_count(c); i++) {
        const struct statement *s = catalogue_at(c, i);
        int version = version_of(s);
        if (s->role != STATEMENT_ROLE_SERVER && was_spoken(p, version))
            counts[judge(p, s, version)]++;
    }
}

/* Why a statement is not judged; NULL if it is. */
static const char *why_not(const struct statement *s,
                           enum client_verdict verdict)
{
    return verdict == NOT_JUDGED ? duties_find(s->id)->unseen : NULL;
}

static void row_json(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    text_printf(out,
                "%s\n  {\"id\": \"%s\", \"verdict\": \"%s\", \"summary\": ",
                out->chars[out->n - 1] == '[' ? "" : ",", s->id,
                VERDICTS[verdict].name);
    json_string(out, (struct wire_bytes){{s->summary}, strlen(s->summary)});
    if (why_not(s, verdict))
        text_printf(out, ", \"why\": \"%s\"", why_not(s, verdict));
    text_puts(out, "}");
}

static void row_text(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    text_printf(out, "%-14s %-24s %s\n", VERDICTS[verdict].name, s->id,
                s->summary);
}

static void row_html(struct text *out, const struct statement *s,
                     enum client_verdict verdict)
{
    text_printf(out, "<tr class=\"%s\"><td>%s</td><td>",
                VERDICTS[verdict].class, s->id);
    text_puts_xml(out, s->summary);
    if (why_not(s, verdict))
        text_printf(out, " <em>Not seen: %s.</em>", why_not(s, verdict));
    text_puts(out, "</td></tr>\n");
}

static void put_json(struct text *out, const struct client_page *p,
                     const struct catalogue *c,
                     const uint64_t counts[N_VERDICTS])
{
    text_puts(out, "{\"schema\": \"mqttspec-client/1\", \"statements\": [");
    each(p, c, ~0u, row_json, out);
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
    text_printf(out,
                "], \"connections\": %" PRIu64
                ", \"summary\": {\"broken\": %" PRIu64 ", \"kept\": %" PRIu64
                ", \"not_exercised\": %" PRIu64 ", \"not_judged\": %" PRIu64
                "}}\n",
                p->n_connections, counts[BROKEN], counts[KEPT],
                counts[NOT_EXERCISED], counts[NOT_JUDGED]);
}

static void put_text(struct text *out, const struct client_page *p,
                     const struct catalogue *c,
                     const uint64_t counts[N_VERDICTS])
{
    each(p, c, ~0u, row_text, out);
    for (uint64_t i = 0; i < p->n_findings; i++)
        text_printf(out,
                    "connection %" PRIu64 " packet %" PRIu64
                    ": the %s breaks %s: %s\n",
                    p->findings[i].connection, p->findings[i].packet_no,
                    wire_side_name(p->findings[i].who),
                    p->findings[i].statement, p->findings[i].sentence);
    text_printf(out,
                "%" PRIu64 " broken, %" PRIu64 " without a breach, %" PRIu64
                " not exercised, %" PRIu64 " not to be judged from the wire\n",
                counts[BROKEN], counts[KEPT], counts[NOT_EXERCISED],
                counts[NOT_JUDGED]);
}

static const char HEAD[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<title>MQTT client</title>\n<style>"
    "body{font:15px/1.5 sans-serif;margin:1.5em auto;max-width:62em;"
    "padding:0 1em;color:#222}h1{font-size:1.4em;overflow-wrap:anywhere}"
    "h2,summary{font-size:1.1em;font-weight:bold;margin:1.4em 0 .4em}"
    "summary{cursor:pointer}"
    ".counts{display:flex;flex-wrap:wrap;gap:.6em;padding:0}"
    ".counts li{list-style:none;border:1px solid #ddd;border-radius:.4em;"
    "padding:.3em .8em}.counts b{font-size:1.3em;margin-right:.3em}"
    "table{border-collapse:collapse;width:100%}"
    "td{padding:.3em .6em .3em 0;vertical-align:top;overflow-wrap:anywhere;"
    "border-bottom:1px solid #ddd}td:first-child{width:17em}"
    "code{font-size:.85em;color:#555}.broken{color:#b00020}.kept{color:#116329}"
    "td+td{color:#222}.none,.none td{color:#666}"
    "@media(max-width:40em){td,td:first-child{display:block;width:auto;"
    "border:0;padding:0}tr{display:block;padding:.4em 0;"
    "border-bottom:1px solid #ddd}}</style>\n<h1>MQTT client: ";

static void put_counts(struct text *out, const uint64_t counts[N_VERDICTS])
{
    text_puts(out, "<ul class=\"counts\">");
    for (int v = 0; v < N_VERDICTS; v++)
        text_printf(out, "<li class=\"%s\"><b>%" PRIu64 "</b>%s</li>",
                    VERDICTS[v].class, counts[v], VERDICTS[v].name);
    text_puts(out, "</ul>\n");
}

static void put_finding(struct text *out, const struct client_finding *f)
{
    text_printf(out,
                "<tr class=\"%s\"><td>%s<br>%s, connection %" PRIu64
                ", packet %" PRIu64 "</td><td>",
                f->is_should ? "none" : "broken", f->statement,
                wire_side_name(f->who), f->connection, f->packet_no);
    text_puts_xml(out, f->sentence);
    text_puts(out, "<br><code>");
    text_puts_xml(out, f->packet);
    text_puts(out, "</code></td></tr>\n");
}

/* The statements of one verdict; the less urgent ones are folded. */
static void put_group(struct text *out, const struct client_page *p,
                      const struct catalogue *c, enum client_verdict verdict,
                      uint64_t n)
{
    if (!n)
        return;
    text_printf(out, "<details%s><summary>%s: %" PRIu64 "</summary>\n<table>\n",
                verdict <= KEPT ? " open" : "", VERDICTS[verdict].heading, n);
    each(p, c, 1u << verdict, row_html, out);
    text_puts(out, "</table></details>\n");
}

static void put_html(struct text *out, const struct client_page *p,
                     const struct catalogue *c,
                     const uint64_t counts[N_VERDICTS])
{
    text_puts(out, HEAD);
    text_puts_xml(out, p->title);
    text_printf(out,
                "</h1>\n<p>%" PRIu64 " connection%s. Statements that bind a "
                "client:</p>\n",
                p->n_connections, p->n_connections == 1 ? "" : "s");
    put_counts(out, counts);
    if (p->n_findings)
        text_puts(out, "<h2>What was seen</h2>\n<table>\n");
    for (uint64_t i = 0; i < p->n_findings; i++)
        put_finding(out, &p->findings[i]);
    if (p->n_findings)
        text_puts(out, "</table>\n");
    for (int v = 0; v < N_VERDICTS; v++)
        put_group(out, p, c, (enum client_verdict)v, counts[v]);
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
    uint64_t counts[N_VERDICTS] = {0};
    struct text out = {0};
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    if (!catalogue) {
        fprintf(stderr, "%s\n", error);
        return -1;
    }
    count(page, catalogue, counts);
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
