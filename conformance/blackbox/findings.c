/* SPDX-License-Identifier: Apache-2.0 */
/* findings.c -- what a burst did, and the fewest steps that do it again. */
#include "blackbox/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

enum { MAX_BREACHES = 16, MAX_REPLAYS = 60 };

/* What one playing of a burst showed. */
struct outcome {
    struct {
        char key[64], sentence[300];
    } breaches[MAX_BREACHES];
    size_t n_breaches;
    bool is_gone; /* the broker could not be started again */
};

static void add(struct outcome *o, const char *key, const char *sentence)
{
    for (size_t i = 0; i < o->n_breaches; i++) {
        if (strcmp(o->breaches[i].key, key) == 0)
            return;
    }
    if (o->n_breaches == MAX_BREACHES)
        return;
    snprintf(o->breaches[o->n_breaches].key, 64, "%s", key);
    snprintf(o->breaches[o->n_breaches++].sentence, 300, "%s", sentence);
}

static void on_breach(void *user, const char *statement, bool is_should,
                      const char *who, const char *sentence)
{
    (void)who;
    if (!is_should)
        add(user, statement, sentence);
}

static void count_packet(void *user, int connection, enum wire_side from,
                         const struct wire_packet *packet)
{
    (void)connection, (void)from, (void)packet;
    ++*(uint64_t *)user;
}

/* revive brings broker and witness back. Returns false if that fails. */
static bool revive(struct fuzz *f)
{
    char error[400];
    witness_free(f->witness);
    f->witness = NULL;
    if (!instance_is_running(f->instance) && target_is_ours(f->target) &&
        instance_start_again(f->instance, error, sizeof error) < 0)
        return false;
    f->endpoint = instance_endpoint(f->instance, f->transport);
    f->witness = witness_new(f->endpoint, ++f->run, error, sizeof error);
    return f->witness != NULL;
}

/* play plays a burst, and looks how the broker bore it. */
static void play(struct fuzz *f, const struct burst *burst,
                 struct transcript *t, struct outcome *o)
{
    char why[200];
    bool is_lost = false;
    memset(o, 0, sizeof *o);
    int result = burst_play(burst, f->endpoint, t);
    transcript_judge(t, on_breach, o);
    transcript_for_each_packet(t, count_packet, &f->n_packets);
    bool is_well = witness_asks(f->witness, &is_lost, why, sizeof why);
    if (target_is_ours(f->target) && !instance_is_running(f->instance))
        add(o, "crash", "the broker's process has ended");
    else if (!is_well)
        add(o, is_lost ? "disturbed" : "no service", why);
    else if (result < 0)
        add(o, "no service", "a new connection is not taken");
    if (!is_well)
        o->is_gone = !revive(f);
    if (!o->is_gone)
        burst_clean(burst, f->endpoint);
}

static bool shows(const struct outcome *o, const char *key)
{
    for (size_t i = 0; i < o->n_breaches; i++) {
        if (strcmp(o->breaches[i].key, key) == 0)
            return true;
    }
    return false;
}

/* again plays what is left of a burst under new names. Returns true if it shows
 * the same. The transcript is the caller's. */
static bool again(struct fuzz *f, const struct burst *burst, const char *key,
                  struct transcript **transcript)
{
    struct burst *copy = calloc(1, sizeof *copy);
    struct outcome *o = calloc(1, sizeof *o);
    if (!copy || !o)
        abort();
    burst_write(copy, burst->seed, burst->number, ++f->run);
    memcpy(copy->is_left_out, burst->is_left_out, sizeof copy->is_left_out);
    transcript_free(*transcript);
    *transcript = transcript_new();
    play(f, copy, *transcript, o);
    bool does = shows(o, key) && !o->is_gone;
    free(copy);
    free(o);
    return does;
}

/* shrink leaves out steps, many at once and then one by one, as long as the
 * rest shows the same. */
static void shrink(struct fuzz *f, struct burst *burst, const char *key,
                   struct transcript **transcript)
{
    int n_replays = 0;
    for (size_t size = burst->n_steps / 2; size > 0; size /= 2) {
        for (size_t at = 0; at < burst->n_steps; at += size) {
            bool before[BURST_STEPS];
            size_t n_out = 0;
            memcpy(before, burst->is_left_out, sizeof before);
            for (size_t i = at; i < at + size && i < burst->n_steps; i++) {
                n_out += !burst->is_left_out[i];
                burst->is_left_out[i] = true;
            }
            if (n_out > 0 && n_replays++ < MAX_REPLAYS &&
                again(f, burst, key, transcript))
                continue;
            memcpy(burst->is_left_out, before, sizeof before);
        }
    }
}

/* say adds words to the command, as far as there is room. */
__attribute__((format(printf, 2, 3))) static void say(struct finding *finding,
                                                      const char *format, ...)
{
    size_t used = strlen(finding->again);
    va_list args;
    va_start(args, format);
    vsnprintf(finding->again + used, sizeof finding->again - used, format,
              args);
    va_end(args);
}

/* say_word adds one word, quoted where a shell would take it apart. */
static void say_word(struct finding *finding, const char *word)
{
    bool is_plain = word[strcspn(word, " \t\"'`$&|;<>()*?[]{}~#!\\")] == '\0';
    if (is_plain) {
        say(finding, "%s ", word);
        return;
    }
    for (say(finding, "'"); *word; word++) {
        if (*word == '\'')
            say(finding, "'\\''");
        else
            say(finding, "%c", *word);
    }
    say(finding, "' ");
}

static void write_command(const struct fuzz *f, const struct burst *burst,
                          struct finding *finding)
{
    const char *comma = "";
    finding->again[0] = '\0';
    say(finding, "mqttspec fuzz ");
    if (f->name)
        say_word(finding, f->name);
    if (f->transport != TRANSPORT_TCP)
        say(finding, "--transport %s ", transport_name(f->transport));
    say(finding, "--seed %llu --first %llu --count 1 --steps ",
        (unsigned long long)burst->seed, (unsigned long long)burst->number);
    for (size_t i = 0; i < burst->n_steps; i++) {
        if (burst->is_left_out[i])
            continue;
        say(finding, "%s%zu", comma, i);
        finding->n_steps++;
        comma = ",";
    }
}

/* keep shrinks the burst of a new finding and writes its capture: of the fewest
 * steps, or of what was seen where that does not show it again. */
static void keep(struct fuzz *f, struct burst *burst, struct finding *finding,
                 const struct transcript *seen)
{
    char name[64] = "";
    struct transcript *last = NULL;
    const struct transcript *shown = seen;
    if (again(f, burst, finding->key, &last)) {
        shrink(f, burst, finding->key, &last);
        if (again(f, burst, finding->key, &last))
            shown = last;
        write_command(f, burst, finding);
    }
    for (size_t i = 0; i < sizeof name - 1 && finding->key[i]; i++) {
        char c = finding->key[i];
        name[i] = c == '/' || c == ' ' ? '-' : c;
        name[i + 1] = '\0';
    }
    snprintf(finding->capture, sizeof finding->capture, "%s/fuzz-%s.pcap",
             f->report, name);
    if (report_make_folders(f->report) != 0 ||
        transcript_write_pcap(shown, finding->capture) != 0) {
        fprintf(stderr, "mqttspec: %s cannot be written\n", finding->capture);
        finding->capture[0] = '\0';
    }
    transcript_free(last);
}

bool finding_look(struct fuzz *f, struct burst *burst)
{
    struct transcript *t = transcript_new();
    struct outcome *o = calloc(1, sizeof *o);
    if (!o)
        abort();
    play(f, burst, t, o);
    bool goes_on = !o->is_gone;
    for (size_t i = 0; i < o->n_breaches && goes_on; i++) {
        struct finding *finding =
            finding_note(f, o->breaches[i].key, o->breaches[i].sentence);
        bool before[BURST_STEPS];
        memcpy(before, burst->is_left_out, sizeof before);
        if (finding)
            keep(f, burst, finding, t);
        memcpy(burst->is_left_out, before, sizeof before);
        goes_on = f->witness != NULL;
    }
    transcript_free(t);
    free(o);
    return goes_on;
}

struct finding *finding_note(struct fuzz *f, const char *key,
                             const char *sentence)
{
    for (size_t i = 0; i < f->n_findings; i++) {
        if (strcmp(f->findings[i].key, key) == 0) {
            f->findings[i].n_seen++;
            return NULL;
        }
    }
    if (f->n_findings == MAX_FINDINGS)
        return NULL;
    struct finding *finding = &f->findings[f->n_findings++];
    snprintf(finding->key, sizeof finding->key, "%s", key);
    snprintf(finding->sentence, sizeof finding->sentence, "%s", sentence);
    finding->n_seen = 1;
    return finding;
}

size_t findings_tell(const struct fuzz *f)
{
    for (size_t i = 0; i < f->n_findings; i++) {
        const struct finding *finding = &f->findings[i];
        printf("\n%s: %s\n", finding->key, finding->sentence);
        printf("    seen %zu times", finding->n_seen);
        if (finding->capture[0])
            printf("; %s", finding->capture);
        if (finding->again[0])
            printf("\n    again, %zu steps: %s\n", finding->n_steps,
                   finding->again);
        else
            printf("; a single burst does not show it again\n");
    }
    return f->n_findings;
}
