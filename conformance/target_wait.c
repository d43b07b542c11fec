/* SPDX-License-Identifier: Apache-2.0 */
/* target_wait.c -- until a broker that was started is ready, and what it says.
 *
 * It is ready when it listens wherever its descriptor gives it a port, or has
 * said where it listens. Some take a minute for that on a busy machine.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "target_inside.h"

enum { START_S = 60, REACH_MS = 1000 };

static void last_line_of_log(const struct instance *instance, char *out,
                             size_t n)
{
    char path[100], line[300];
    snprintf(path, sizeof path, "%s/log", instance->dir);
    FILE *log = fopen(path, "r");
    while (log && fgets(line, sizeof line, log)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(out, n, "%s", line);
    }
    if (log)
        fclose(log);
}

/* Reads "listening on HOST:PORT" lines; true when all have come. */
static bool learn_ports(struct instance *instance)
{
    char path[100], line[300], words[100], *rest = words, *word;
    snprintf(path, sizeof path, "%s/log", instance->dir);
    snprintf(words, sizeof words, "%s", instance->target->descriptor.listening);
    FILE *log = fopen(path, "r");
    while (log && (word = strsep(&rest, " "))) {
        char *said = NULL, *colon = NULL;
        while (!said && fgets(line, sizeof line, log))
            said = strchr(line, '\n') ? strstr(line, "listening on ") : NULL;
        colon = said ? strrchr(said, ':') : NULL;
        if (!colon) {
            fclose(log);
            return false;
        }
        for (char *name; (name = strsep(&word, ","));)
            instance->endpoints[transport_from_name(name)].port =
                atoi(colon + 1);
    }
    if (log)
        fclose(log);
    return log != NULL;
}

static bool is_reachable(struct instance *instance)
{
    char error[200];
    bool has_port = false; /* without any, it can only end by itself */
    if (*instance->target->descriptor.listening)
        return learn_ports(instance);
    for (int i = 0; i < N_TRANSPORTS; i++) {
        struct endpoint endpoint = instance->endpoints[i];
        if (!endpoint.port)
            continue;
        endpoint.transport = TRANSPORT_TCP; /* without any handshake */
        struct link *link = link_open(&endpoint, REACH_MS, error, sizeof error);
        link_free(link);
        if (!link)
            return false;
        has_port = true;
    }
    return has_port;
}

int target_start_seconds(const struct target *target)
{
    int seconds = atoi(target->descriptor.start_seconds);
    return seconds > 0 ? seconds : START_S;
}

int target_jobs(const struct target *target)
{
    int jobs = atoi(target->descriptor.jobs);
    return jobs > 0 ? jobs : 0;
}

int target_wait(struct target *target, struct instance *instance, char *error,
                size_t n)
{
    int64_t until = link_now_ms() + target_start_seconds(target) * 1000;
    int n_tries = 0;
    if (!target->is_ours)
        return 0;
    while (link_now_ms() < until) {
        int status;
        if (waitpid(instance->pid, &status, WNOHANG) == instance->pid) {
            /* A port we picked may have been taken since: try others. */
            instance->pid = 0;
            if (*target->descriptor.listening || ++n_tries == 3)
                break;
            if (instance_launch(instance, error, n) < 0)
                return -1;
        }
        if (is_reachable(instance))
            return 0;
        poll(NULL, 0, 5);
    }
    char line[300] = "it says nothing";
    last_line_of_log(instance, line, sizeof line);
    snprintf(error, n, "%s does not come up: %.200s", target_name(target),
             line);
    return -1;
}

/* The end of the log, at most n - 1 octets. */
static void end_of_log(const struct instance *instance, char *out, size_t n)
{
    char path[100];
    snprintf(path, sizeof path, "%s/log", instance->dir);
    FILE *log = fopen(path, "r");
    if (!log)
        return;
    fseek(log, 0, SEEK_END);
    long size = ftell(log), skip = size - (long)n + 1;
    fseek(log, skip > 0 ? skip : 0, SEEK_SET);
    out[fread(out, 1, n - 1, log)] = '\0';
    fclose(log);
}

bool instance_wrote(const struct instance *instance, const char *text)
{
    enum { MOST = 1 << 20 };
    char *log = calloc(1, MOST);
    if (!log)
        abort();
    end_of_log(instance, log, MOST);
    bool wrote = strstr(log, text) != NULL;
    free(log);
    return wrote;
}

enum trial target_try(struct target *target, const char *settings, char *said,
                      size_t n)
{
    int64_t until = link_now_ms() + target_start_seconds(target) * 1000;
    enum trial trial = TRIAL_SILENT;
    struct instance *instance = target_start(target, settings, said, n);
    if (!instance)
        return TRIAL_FAILED;
    while (trial == TRIAL_SILENT && link_now_ms() < until) {
        int status;
        if (waitpid(instance->pid, &status, WNOHANG) == instance->pid) {
            instance->pid = 0;
            trial = WIFEXITED(status) && WEXITSTATUS(status) == 0
                        ? TRIAL_ENDED_WELL
                        : TRIAL_FAILED;
        } else if (is_reachable(instance)) {
            trial = TRIAL_LISTENS;
        } else {
            poll(NULL, 0, 5);
        }
    }
    end_of_log(instance, said, n);
    instance_stop(instance, true);
    return trial;
}
