/* SPDX-License-Identifier: Apache-2.0 */
/* t_run.c -- runs a test, and has its connections judged.
 *
 * A verdict in the middle of a test jumps back to t_run, which closes what was
 * opened, in reverse order, and asks the observer about every connection.
 */
#include "t_inside.h"

#include <stdlib.h>
#include <string.h>

static void stop_own(void *object)
{
    instance_stop(object, true);
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
    t->began_ms = link_now_ms();
    memset(result, 0, sizeof *result);
    t_put_where(t, (struct where){setup->test->file, setup->test->line, ""});
    strcpy(result->ended_by, "test");
    if (setjmp(t->end) == 0) {
        begin(t);
        setup->test->run(t);
        if (result->verdict == VERDICT_NONE)
            result->verdict = VERDICT_PASSED;
    }
    t_close_all(t);
    t_tidy(t);
    transcript_judge(t->transcript, t_on_breach, t);
    result->seconds = (double)t_elapsed_ms(t) / 1000;
    leave_evidence(t);
    transcript_free(t->transcript);
    free(t);
}
