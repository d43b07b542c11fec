/* SPDX-License-Identifier: Apache-2.0 */
/* t.c -- one run of one test: owns everything, ends it, and judges it.
 *
 * A verdict in the middle of a test jumps back to t_run, which closes what was
 * opened, in reverse order, and asks the observer about every connection.
 */
#include "t.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "t_run.h"
#include "tap/tap.h"
#include "transcript.h"

enum { GONE_MS = 2000 }; /* a broker that takes no connection for so long */

struct owned {
    struct owned *next;
    void *object;
    void (*on_close)(void *object);
};

struct t {
    const struct t_setup *setup;
    struct case_result *result;
    struct transcript *transcript;
    struct instance *instance;
    struct owned *owned;
    int64_t began_ms;
    void *clients;
    const char *proves; /* numbers of statements; NULL or "": all */
    jmp_buf end;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- ownership
 * -------------------------------------------------------------*/

void t_own(struct t *t, void *object, void (*on_close)(void *object))
{
    struct owned *owned = malloc(sizeof *owned);
    if (!owned)
        abort();
    *owned = (struct owned){t->owned, object, on_close};
    t->owned = owned;
}

void *t_alloc(struct t *t, size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        abort();
    t_own(t, memory, free);
    return memory;
}

static void close_all(struct t *t)
{
    while (t->owned) {
        struct owned *owned = t->owned;
        t->owned = owned->next;
        owned->on_close(owned->object);
        free(owned);
    }
}

/* ---- verdicts
 * --------------------------------------------------------------*/

static void put_where(struct t *t, struct where where)
{
    const char *slash = strrchr(where.file, '/');
    snprintf(t->result->file, sizeof t->result->file, "%s",
             slash ? slash + 1 : where.file);
    t->result->line = where.line;
}

static void put_violated(struct t *t, const char *statement)
{
    struct case_result *r = t->result;
    for (int i = 0; i < r->n_violated; i++) {
        if (strcmp(r->violated[i], statement) == 0)
            return;
    }
    if (r->n_violated < VERDICT_MAX_VIOLATED)
        snprintf(r->violated[r->n_violated++], sizeof r->violated[0], "%s",
                 statement);
}

/* What the case's first statement asks, with its id. */
static void put_requirement(struct t *t, const char *id)
{
    const struct statement *s =
        id ? catalogue_find(t->setup->catalogue, id) : NULL;
    if (id)
        snprintf(t->result->requirement, sizeof t->result->requirement,
                 "%s: %s", id, s ? s->summary : "");
}

static const char *first_statement(const struct t *t)
{
    return t->setup->n_statements ? t->setup->statements[0] : NULL;
}

/* Is this a requirement, or something that the standard only recommends? */
static bool is_must(const struct t *t, const char *id)
{
    const struct statement *s = catalogue_find(t->setup->catalogue, id);
    return !s || s->level == STATEMENT_LEVEL_MUST;
}

/* Of a broker that others run, nobody has said so. */
static bool promises_the_manual(struct t *t)
{
    return target_is_ours(t->setup->target) &&
           target_has(t->setup->target, "acceptor_parameters");
}

static bool is_gone(struct t *t)
{
    char error[200];
    struct link *link =
        t->instance ? link_open(t_endpoint(t), GONE_MS, error, sizeof error)
                    : NULL;
    link_free(link);
    return !link;
}

/* What cannot be held against every broker. */
static const struct {
    const char *id; /* or its beginning */
    bool (*is_owed)(struct t *t);
} reservations[] = {
    {"artemis/", promises_the_manual},
    {"robustness/R1-survives", is_gone},
};

/* Does a broker that fails in this case break that statement of the case? */
static bool is_broken(struct t *t, const char *id)
{
    for (size_t i = 0; i < sizeof reservations / sizeof *reservations; i++) {
        const char *begin = reservations[i].id;
        if (strncmp(id, begin, strlen(begin)) == 0 &&
            !reservations[i].is_owed(t))
            return false;
    }
    return is_must(t, id);
}

/* Is it the statement of this number: "3.1.2-8" of "5.0/MQTT-3.1.2-8"? */
static bool has_number(const char *id, const char *number, size_t n)
{
    const char *slash = strchr(id, '/');
    const char *own = slash ? slash + 1 : id;
    own += strncmp(own, "MQTT-", 5) == 0 ? 5 : 0;
    return strlen(own) == n && strncmp(own, number, n) == 0;
}

static bool is_proved(const char *numbers, const char *id)
{
    for (const char *at = numbers; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (has_number(id, at, n))
            return true;
        at += n;
    }
    return false;
}

/* Is one of the case's statements meant, and broken if the case fails now? */
static bool proves_one(struct t *t)
{
    for (size_t i = 0; i < t->setup->n_statements; i++) {
        const char *id = t->setup->statements[i];
        if (is_proved(t->proves, id) && is_broken(t, id))
            return true;
    }
    return false;
}

/* Ends the case. It breaks the statement, or without one all its own. */
_Noreturn static void fail(struct t *t, struct where where,
                           const char *statement, const char *expected,
                           const char *actual, va_list args)
{
    struct case_result *r = t->result;
    bool has_own = !statement || !*statement;
    bool is_narrow = has_own && proves_one(t);
    put_where(t, where);
    if (!has_own)
        put_violated(t, statement);
    for (size_t i = 0; has_own && i < t->setup->n_statements; i++) {
        const char *id = t->setup->statements[i];
        if (is_broken(t, id) && (!is_narrow || is_proved(t->proves, id)))
            put_violated(t, id);
    }
    put_requirement(t, r->n_violated ? r->violated[0] : first_statement(t));
    r->verdict = r->n_violated || t->setup->n_statements == 0 ? VERDICT_FAILED
                                                              : VERDICT_WARNING;
    snprintf(r->expected, sizeof r->expected, "%s", expected ? expected : "");
    vsnprintf(r->actual, sizeof r->actual, actual, args);
    longjmp(t->end, 1);
}

void t_fail_at(struct t *t, struct where where, const char *expected,
               const char *actual, ...)
{
    va_list args;
    va_start(args, actual);
    fail(t, where, NULL, expected, actual, args);
    va_end(args); /* for who does not see that fail() never returns */
}

void t_fail_breach_at(struct t *t, struct where where, const char *statement,
                      const char *expected, const char *actual, ...)
{
    va_list args;
    va_start(args, actual);
    fail(t, where, statement, expected, actual, args);
    va_end(args);
}

/* Does the head of the test, in any version, or its row name the number? */
static bool is_in_head(const struct t *t, const char *number, size_t n)
{
    const struct test *test = t->setup->test;
    const struct row *row = test->rows ? t_row(t) : NULL;
    const char *at = row && row->statements ? row->statements : "";
    for (size_t i = 0; i < TEST_MAX_STATEMENTS && test->statements[i]; i++) {
        if (has_number(test->statements[i], number, n))
            return true;
    }
    for (; *at; at += strspn(at, " ")) {
        char id[80];
        size_t n_id = strcspn(at, " ");
        snprintf(id, sizeof id, "%.*s", (int)n_id, at);
        if (has_number(id, number, n))
            return true;
        at += n_id;
    }
    return false;
}

void t_proves(struct t *t, const char *numbers)
{
    for (const char *at = numbers; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (!is_in_head(t, at, n))
            t_error(t, "%.*s is no statement of this test", (int)n, at);
        at += n;
    }
    t->proves = numbers;
}

void t_warn_at(struct t *t, struct where where, const char *should,
               const char *actual, ...)
{
    va_list args;
    struct case_result *r = t->result;
    if (r->verdict == VERDICT_WARNING)
        return; /* the first one stands */
    r->verdict = VERDICT_WARNING;
    put_where(t, where);
    put_requirement(t, first_statement(t));
    snprintf(r->expected, sizeof r->expected, "%s", should);
    va_start(args, actual);
    vsnprintf(r->actual, sizeof r->actual, actual, args);
    va_end(args);
}

#define END_WITH(verdict_, format_)                                            \
    do {                                                                       \
        va_list args;                                                          \
        t->result->verdict = (verdict_);                                       \
        va_start(args, format_);                                               \
        vsnprintf(t->result->reason, sizeof t->result->reason, format_, args); \
        va_end(args);                                                          \
        longjmp(t->end, 1);                                                    \
    } while (0)

void t_skip(struct t *t, const char *reason, ...)
{
    END_WITH(VERDICT_SKIPPED, reason);
}

void t_inconclusive(struct t *t, const char *seen, ...)
{
    END_WITH(VERDICT_INCONCLUSIVE, seen);
}

void t_error(struct t *t, const char *what, ...)
{
    END_WITH(VERDICT_ERROR, what);
}

void t_ended(struct t *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->result->ended_by, sizeof t->result->ended_by, format, args);
    va_end(args);
}

/* ---- asking
 * ----------------------------------------------------------------*/

enum wire_version t_version(const struct t *t)
{
    return t->setup->version;
}

const void *t_row(const struct t *t)
{
    return t->setup->row;
}

int64_t t_elapsed_ms(const struct t *t)
{
    return now_ms() - t->began_ms;
}

int t_deadline_ms(const struct t *t)
{
    return t->setup->deadline_ms;
}

const struct endpoint *t_endpoint(const struct t *t)
{
    return instance_endpoint(t->instance, t->setup->transport);
}

struct transcript *t_transcript(const struct t *t)
{
    return t->transcript;
}

const struct fault *t_fault(const struct t *t)
{
    return t->setup->fault;
}

size_t t_segment(const struct t *t)
{
    return t->setup->segment;
}

void t_uses(struct t *t, enum driver driver)
{
    t->result->drivers |= driver;
}

void **t_clients(struct t *t)
{
    return &t->clients;
}

bool t_has(const struct t *t, const char *capability)
{
    return target_has(t->setup->target, capability);
}

struct t_user t_user(struct t *t)
{
    const struct target *target = t->setup->target;
    return (struct t_user){target_user(target, false),
                           target_password(target, false)};
}

struct t_user t_user_bound(struct t *t)
{
    const struct target *target = t->setup->target;
    return (struct t_user){target_user(target, true),
                           target_password(target, true)};
}

void t_let_pass(struct t *t, int ms, const char *why)
{
    int64_t until = now_ms() + ms;
    transcript_note(t->transcript, -1, t_text(t, "%d ms pass: %s", ms, why));
    for (int64_t left = ms; left > 0; left = until - now_ms())
        poll(NULL, 0, (int)left);
}

/* ---- names
 * -----------------------------------------------------------------*/

const char *t_text(struct t *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = t_alloc(t, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

struct wire_bytes t_fill(struct t *t, size_t n, const char *pattern)
{
    char *octets = t_alloc(t, n + 1);
    size_t length = strlen(pattern);
    for (size_t i = 0; i < n; i++)
        octets[i] = pattern[i % length];
    return SLICE(octets, n);
}

/* a + tag + b, where a is the first at octets of text. */
static struct wire_bytes insert_tag(struct t *t, struct wire_bytes text,
                                    size_t at, const char *behind)
{
    size_t n = wire_len(text), n_tag = strlen(t->setup->tag);
    size_t n_behind = strlen(behind);
    char *out = t_alloc(t, n + n_tag + n_behind + 1);
    memcpy(out, text.text, at);
    memcpy(out + at, t->setup->tag, n_tag);
    memcpy(out + at + n_tag, behind, n_behind);
    memcpy(out + at + n_tag + n_behind, text.text + at, n - at);
    return SLICE(out, n + n_tag + n_behind);
}

static bool begins_with(struct wire_bytes text, const char *prefix)
{
    size_t n = strlen(prefix);
    return wire_len(text) >= n && memcmp(text.text, prefix, n) == 0;
}

/* EXACT: without the mark, and each {} replaced. */
static struct wire_bytes exact(struct t *t, struct wire_bytes text)
{
    size_t n = wire_len(text), n_mark = strlen(EXACT), n_out = 0;
    char *out = t_alloc(t, 6 * n + 1);
    for (size_t i = n_mark; i < n; i++) {
        if (i + 1 < n && text.text[i] == '{' && text.text[i + 1] == '}') {
            n_out += (size_t)sprintf(out + n_out, "%s", t->setup->tag);
            i++;
        } else {
            out[n_out++] = text.text[i];
        }
    }
    return SLICE(out, n_out);
}

struct wire_bytes t_unique_client_id(struct t *t, struct wire_bytes id)
{
    if (!id.text || wire_len(id) == 0)
        return id;
    if (begins_with(id, EXACT))
        return exact(t, id);
    return insert_tag(t, id, 0, "");
}

struct wire_bytes t_unique_topic(struct t *t, struct wire_bytes topic)
{
    size_t n = wire_len(topic);
    if (!topic.text || n == 0 || begins_with(topic, "$SYS"))
        return topic;
    if (begins_with(topic, EXACT))
        return exact(t, topic);
    if (topic.text[0] != '$')
        return insert_tag(t, topic, 0, "/");
    const char *slash = memchr(topic.text, '/', n);
    if (slash && begins_with(topic, "$share/"))
        slash = memchr(slash + 1, '/', n - (size_t)(slash + 1 - topic.text));
    if (!slash)
        return topic; /* a filter that is broken by intention */
    return insert_tag(t, topic, (size_t)(slash + 1 - topic.text), "/");
}

const char *t_name(struct t *t, const char *client_id)
{
    struct wire_bytes id = {{client_id}, strlen(client_id)};
    return t_unique_client_id(t, id).text;
}

const char *t_topic(struct t *t, const char *topic)
{
    struct wire_bytes name = {{topic}, strlen(topic)};
    return t_unique_topic(t, name).text;
}

const struct wire_packet *t_unique(struct t *t,
                                   const struct wire_packet *packet)
{
    struct wire_packet *copy = t_alloc(t, sizeof *copy);
    *copy = *packet;
    copy->client_id = t_unique_client_id(t, packet->client_id);
    copy->topic = t_unique_topic(t, packet->topic);
    copy->will.topic = t_unique_topic(t, packet->will.topic);
    copy->props.response_topic =
        t_unique_topic(t, packet->props.response_topic);
    copy->will.props.response_topic =
        t_unique_topic(t, packet->will.props.response_topic);
    for (size_t i = 0; i < WIRE_MAX_FILTERS; i++)
        copy->filters[i].filter = t_unique_topic(t, packet->filters[i].filter);
    if (packet->n_filter_list) {
        struct wire_filter *list =
            t_alloc(t, packet->n_filter_list * sizeof *list);
        for (size_t i = 0; i < packet->n_filter_list; i++) {
            list[i] = packet->filter_list[i];
            list[i].filter = t_unique_topic(t, list[i].filter);
        }
        copy->filter_list = list;
    }
    return copy;
}

/* ---- the broker
 * ------------------------------------------------------------*/

static void stop_own(void *object)
{
    instance_stop(object, true);
}

static void restart(struct t *t, bool kill)
{
    char error[256];
    if (!t->setup->test->own_broker)
        t_error(t, "the test restarts a broker that it does not own");
    transcript_note(t->transcript, -1, "the broker is restarted");
    instance_stop(t->instance, kill);
    if (instance_start_again(t->instance, error, sizeof error) < 0 ||
        target_wait(t->setup->target, t->instance, error, sizeof error) < 0)
        t_error(t, "the broker did not come back: %s", error);
}

long t_broker_memory_kib(struct t *t)
{
    long kib = instance_memory_kib(t->instance);
    t_skip_unless(t, kib >= 0, "the broker's process cannot be looked at");
    return kib;
}

long t_broker_descriptors(struct t *t)
{
    long n = instance_descriptors(t->instance);
    t_skip_unless(t, n >= 0, "the broker's process cannot be looked at");
    return n;
}

void t_broker_restart(struct t *t)
{
    restart(t, false);
}

void t_broker_kill(struct t *t)
{
    restart(t, true);
}

/* Starts a further broker; returns what became of it. */
static enum trial try_settings(struct t *t, const char *settings, char *said,
                               size_t n)
{
    char why[256];
    struct target *target = t->setup->target;
    t_skip_unless(t, target_is_ours(target), "the broker is not ours to start");
    if (target_lacks(target, settings, NULL, NULL, NULL, why, sizeof why))
        t_skip(t, "%s", why);
    transcript_note(t->transcript, -1,
                    t_text(t, "a broker is started with %s", settings));
    return target_try(target, settings, said, n);
}

void t_broker_refuses_at(struct t *t, struct where where, const char *settings,
                         const char *text)
{
    char said[2000] = "";
    enum trial trial = try_settings(t, settings, said, sizeof said);
    where.text = t_text(t, "a broker that does not start with %s", settings);
    if (trial == TRIAL_LISTENS)
        t_fail_at(t, where, where.text, "it listens");
    if (trial == TRIAL_ENDED_WELL)
        t_fail_at(t, where, where.text, "it ended as if all were well");
    if (trial == TRIAL_SILENT)
        t_fail_at(t, where, where.text, "it neither ended nor listens");
    if (!strstr(said, text))
        t_fail_at(t, where, t_text(t, "a message that names %s", text), "%s",
                  *said ? said : "it said nothing");
}

void t_broker_takes_at(struct t *t, struct where where, const char *settings)
{
    char said[2000] = "";
    enum trial trial = try_settings(t, settings, said, sizeof said);
    where.text = t_text(t, "a broker that starts with %s", settings);
    if (trial != TRIAL_LISTENS)
        t_fail_at(t, where, where.text, "it does not: %s", said);
}

static bool log_has(struct t *t, const char *text)
{
    if (!t->setup->test->own_broker)
        t_error(t, "the test reads the log of a broker that it does not own");
    return instance_wrote(t->instance, text);
}

void t_broker_wrote_at(struct t *t, struct where where, const char *text)
{
    int64_t until = now_ms() + t->setup->deadline_ms;
    where.text = t_text(t, "the broker's log holds \"%s\"", text);
    while (!log_has(t, text)) {
        if (now_ms() >= until)
            t_fail_at(t, where, where.text, "it does not");
        poll(NULL, 0, 5);
    }
}

void t_broker_did_not_write_at(struct t *t, struct where where,
                               const char *text)
{
    where.text = t_text(t, "the broker's log does not hold \"%s\"", text);
    if (log_has(t, text))
        t_fail_at(t, where, where.text, "it does");
}

static void begin(struct t *t)
{
    char error[256];
    const char *settings = t->setup->test->settings;
    t->instance = t->setup->instance;
    if (t->instance)
        return;
    t->instance = target_start(t->setup->target, settings ? settings : "",
                               error, sizeof error);
    if (!t->instance)
        t_error(t, "the broker cannot be started: %s", error);
    t_own(t, t->instance, stop_own);
    if (target_wait(t->setup->target, t->instance, error, sizeof error) < 0)
        t_error(t, "the broker cannot be reached: %s", error);
}

/* ---- leaving a broker as it was found
 * --------------------------------------*/

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

static void tidy(struct t *t)
{
    struct traces traces = {.t = t};
    if (target_is_ours(t->setup->target) || !t->instance)
        return;
    transcript_for_each_packet(t->transcript, on_packet, &traces);
    for (size_t i = 0; i < traces.n_ids; i++)
        visit(t, traces.ids[i], NULL);
    if (traces.n_topics)
        visit(t, t_unique_client_id(t, BYTES("tidy")), &traces);
    close_all(t);
}

/* ---- running
 * ---------------------------------------------------------------*/

static bool is_waived(const struct t *t, const char *statement)
{
    const char *waives = t->setup->test->waives;
    const char *at = waives ? strstr(waives, statement) : NULL;
    size_t n = strlen(statement);
    return at && (at[n] == ' ' || at[n] == '\0');
}

static void on_breach(void *user, const char *statement, bool is_should,
                      const char *who, const char *sentence)
{
    struct t *t = user;
    struct case_result *r = t->result;
    bool counts = r->verdict == VERDICT_PASSED ||
                  r->verdict == VERDICT_WARNING ||
                  r->verdict == VERDICT_INCONCLUSIVE;
    if (is_waived(t, statement) || r->verdict == VERDICT_ERROR ||
        r->verdict == VERDICT_SKIPPED)
        return;
    r->n_observed++;
    if (!is_should)
        put_violated(t, statement);
    if (!counts || (is_should && r->verdict == VERDICT_WARNING))
        return;
    r->verdict = is_should ? VERDICT_WARNING : VERDICT_FAILED;
    put_where(t,
              (struct where){t->setup->test->file, t->setup->test->line, ""});
    put_requirement(t, statement);
    snprintf(r->expected, sizeof r->expected,
             "the observer sees no breach by the broker");
    snprintf(r->actual, sizeof r->actual, "connection of %s: %s", who,
             sentence);
}

static void leave_evidence(struct t *t)
{
    struct case_result *r = t->result;
    bool is_wanted = t->setup->keeps_all || (r->verdict != VERDICT_PASSED &&
                                             r->verdict != VERDICT_SKIPPED);
    if (!is_wanted || transcript_n_events(t->transcript) == 0)
        return;
    if (*t->setup->pcap)
        r->has_capture =
            transcript_write_pcap(t->transcript, t->setup->pcap) == 0;
    FILE *out = *t->setup->json ? fopen(t->setup->json, "w") : NULL;
    if (!out)
        return;
    transcript_write_json(t->transcript, out);
    r->has_transcript = fclose(out) == 0;
}

void t_run(const struct t_setup *setup, struct case_result *result)
{
    struct t *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    t->setup = setup;
    t->result = result;
    t->transcript = transcript_new();
    t->began_ms = now_ms();
    memset(result, 0, sizeof *result);
    put_where(t, (struct where){setup->test->file, setup->test->line, ""});
    strcpy(result->ended_by, "test");
    if (setjmp(t->end) == 0) {
        begin(t);
        setup->test->run(t);
        if (result->verdict == VERDICT_NONE)
            result->verdict = VERDICT_PASSED;
    }
    close_all(t);
    tidy(t);
    transcript_judge(t->transcript, on_breach, t);
    result->seconds = (double)t_elapsed_ms(t) / 1000;
    leave_evidence(t);
    transcript_free(t->transcript);
    free(t);
}
