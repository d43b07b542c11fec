/* SPDX-License-Identifier: Apache-2.0 */
/* t_broker.c -- what a test does with the broker itself: restart it, look at
 * its process and its log, try its settings. */
#include "t_inside.h"

#include <poll.h>
#include <string.h>

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
    int64_t until = link_now_ms() + t->setup->deadline_ms;
    where.text = t_text(t, "the broker's log holds \"%s\"", text);
    while (!log_has(t, text)) {
        if (link_now_ms() >= until)
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
