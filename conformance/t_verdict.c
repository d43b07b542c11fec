/* SPDX-License-Identifier: Apache-2.0 */
/* t_verdict.c -- how a case ends: what a failure says, and whom it accuses. */
#include "t_inside.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { GONE_MS = 2000 }; /* a broker that takes no connection for so long */

void t_put_where(struct t *t, struct where where)
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
    t_put_where(t, where);
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
    t_put_where(t, where);
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

void t_heed_quota(struct t *t, const char *packet, int reason)
{
    if (reason == QUOTA_EXCEEDED)
        t_inconclusive(t, "%s of Quota exceeded: a limit of the broker's own",
                       packet);
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

static bool is_waived(const struct t *t, const char *statement)
{
    const char *waives = t->setup->test->waives;
    const char *at = waives ? strstr(waives, statement) : NULL;
    size_t n = strlen(statement);
    return at && (at[n] == ' ' || at[n] == '\0');
}

void t_on_breach(void *user, const char *statement, bool is_should,
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
    t_put_where(t,
                (struct where){t->setup->test->file, t->setup->test->line, ""});
    put_requirement(t, statement);
    snprintf(r->expected, sizeof r->expected,
             "the observer sees no breach by the broker");
    snprintf(r->actual, sizeof r->actual, "connection of %s: %s", who,
             sentence);
}
