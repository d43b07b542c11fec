/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.c -- `mqttspec fuzz`: bursts against a broker, and what came of them. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "blackbox/findings.h"

enum { EXIT_FOUND = 1, EXIT_USE = 2, EXIT_TARGET = 3, SECONDS = 60 };
#define NOT_GIVEN UINT64_MAX

static const char usage[] =
    "usage: mqttspec fuzz [TARGET] [options]\n\n"
    "Sends well-formed and hostile packets of several clients in bursts. "
    "After\n"
    "each the observer judges what the broker said, and a well-behaved client\n"
    "checks that it still serves.\n\n"
    "  --seconds N        how long (default 60, with --count no limit; 0: "
    "none)\n"
    "  --count N          how many bursts\n"
    "  --seed N           where chance begins; printed if not given\n"
    "  --first N          the first burst (default 0)\n"
    "  --steps A,B,...    only these steps of each burst\n"
    "  --transport T      tcp, tls, ws or wss; else that of the URL, or tcp\n"
    "  --report DIR       for the captures of findings, default "
    "reports/latest\n"
    "  --pid N            the broker's process, where it was started "
    "elsewhere:\n"
    "                     its memory and descriptors are watched\n"
    "\nexit: 0 nothing found, 1 findings, 2 wrong use, 3 no broker there\n";

static bool take_number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno;
}

static bool take_steps(struct fuzz *f, const char *text)
{
    char *end;
    memset(f->has_step, 0, sizeof f->has_step);
    f->has_steps = true;
    for (;; text = end + 1) {
        unsigned long i = strtoul(text, &end, 10);
        if (end == text || i >= BURST_STEPS || (*end && *end != ','))
            return false;
        f->has_step[i] = true;
        if (!*end)
            return true;
    }
}

static bool is_process(uint64_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%llu/fd", (unsigned long long)pid);
    return access(path, R_OK) == 0;
}

static bool take_option(struct fuzz *f, const char *name, const char *value)
{
    if (strcmp(name, "--seconds") == 0)
        return take_number(value, &f->seconds);
    if (strcmp(name, "--count") == 0)
        return take_number(value, &f->count);
    if (strcmp(name, "--seed") == 0)
        return take_number(value, &f->seed);
    if (strcmp(name, "--first") == 0)
        return take_number(value, &f->first);
    if (strcmp(name, "--pid") == 0)
        return take_number(value, &f->pid) && is_process(f->pid);
    if (strcmp(name, "--steps") == 0)
        return take_steps(f, value);
    if (strcmp(name, "--report") == 0) {
        f->report = value;
        return *value != '\0';
    }
    if (strcmp(name, "--transport") == 0) {
        int transport = transport_from_name(value);
        f->transport = transport < 0 ? 0 : (enum transport)transport;
        return transport >= 0;
    }
    return false;
}

/* Returns 0, or an exit code after one line on stderr. */
static int parse(struct fuzz *f, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && !f->name) {
            int only = target_transport_of(argv[i]);
            f->name = argv[i];
            f->transport = only < 0 ? f->transport : (enum transport)only;
            continue;
        }
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (argv[i][0] != '-' || !take_option(f, argv[i], value)) {
            fprintf(stderr,
                    "mqttspec: fuzz does not take %s %s (see mqttspec fuzz "
                    "--help)\n",
                    argv[i], value);
            return EXIT_USE;
        }
        i++;
    }
    return 0;
}

/* ---- the broker ---------------------------------------------------------- */

static int start(struct fuzz *f, char *error, size_t n)
{
    f->target = target_new(f->name, error, n);
    if (!f->target)
        return EXIT_USE;
    f->instance = target_start(f->target, "", error, n);
    if (!f->instance || target_wait(f->target, f->instance, error, n) < 0 ||
        target_probe(f->target, f->instance, TARGET_PROBE_MS, error, n) < 0)
        return EXIT_TARGET;
    f->endpoint = instance_endpoint(f->instance, f->transport);
    if (!f->endpoint || f->endpoint->port == 0) {
        snprintf(error, n, "%s does not listen for %s", target_name(f->target),
                 transport_name(f->transport));
        return EXIT_TARGET;
    }
    f->witness = witness_new(f->endpoint, ++f->run, error, n);
    return f->witness ? 0 : EXIT_TARGET;
}

/* resources counts the descriptors and the memory (KiB) of a broker of ours. */
static void resources(const struct fuzz *f, long *n_fds, long *rss_kib)
{
    char path[64], line[200];
    long pid = f->pid        ? (long)f->pid
               : f->instance ? instance_pid(f->instance)
                             : 0;
    *n_fds = *rss_kib = 0;
    if (pid == 0)
        return;
    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        *n_fds += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmRSS: %ld", rss_kib);
    if (file)
        fclose(file);
}

static void watch_resources(struct fuzz *f)
{
    enum { MANY_FDS = 32, MUCH_KIB = 128 << 10, WARM_UP = 30 };
    long n_fds, rss_kib;
    char line[160];
    resources(f, &n_fds, &rss_kib);
    if (f->n_bursts == WARM_UP || !f->n_fds) {
        f->n_fds = n_fds;
        f->rss_kib = rss_kib;
    }
    if (n_fds > f->n_fds + MANY_FDS) {
        snprintf(line, sizeof line, "%ld descriptors are open, %ld at first",
                 n_fds, f->n_fds);
        finding_note(f, "descriptors", line);
    }
    if (rss_kib > f->rss_kib + MUCH_KIB) {
        snprintf(line, sizeof line, "%ld MiB of memory, %ld at first",
                 rss_kib >> 10, f->rss_kib >> 10);
        finding_note(f, "memory", line);
    }
}

/* ---- the run ------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void select_steps(const struct fuzz *f, struct burst *burst)
{
    for (size_t i = 0; f->has_steps && i < burst->n_steps; i++)
        burst->is_left_out[i] = !f->has_step[i];
}

static int run(struct fuzz *f)
{
    double began = seconds_now();
    bool is_live = isatty(STDOUT_FILENO);
    struct burst *burst = calloc(1, sizeof *burst);
    if (!burst)
        abort();
    for (uint64_t i = 0; f->count == 0 || i < f->count; i++) {
        double passed = seconds_now() - began;
        if (f->seconds && passed >= (double)f->seconds)
            break;
        if (is_live)
            printf("\r%6llu bursts  %zu findings  %3.0f s ",
                   (unsigned long long)i, f->n_findings, passed);
        fflush(stdout);
        burst_write(burst, f->seed, f->first + i, ++f->run);
        select_steps(f, burst);
        if (!finding_look(f, burst))
            break;
        f->n_bursts++;
        watch_resources(f);
    }
    if (is_live)
        printf("\r%60s\r", "");
    free(burst);
    long n_fds, rss_kib;
    resources(f, &n_fds, &rss_kib);
    printf(
        "%s: %llu bursts, %llu packets in %.0f s, seed %llu; descriptors %ld "
        "-> %ld, memory %ld -> %ld KiB\n",
        target_name(f->target), (unsigned long long)f->n_bursts,
        (unsigned long long)f->n_packets, seconds_now() - began,
        (unsigned long long)f->seed, f->n_fds, n_fds, f->rss_kib, rss_kib);
    return findings_tell(f) > 0 ? EXIT_FOUND : 0;
}

int cli_fuzz(int argc, char **argv)
{
    struct fuzz *f = calloc(1, sizeof *f);
    char error[400] = "";
    int code;
    if (!f)
        abort();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            free(f);
            return 0;
        }
    }
    f->report = "reports/latest";
    f->seed = (uint64_t)time(NULL);
    f->run = (unsigned)(time(NULL) ^ getpid());
    f->seconds = NOT_GIVEN;
    code = parse(f, argc, argv);
    if (f->seconds == NOT_GIVEN)
        f->seconds = f->count ? 0 : SECONDS;
    if (code == 0) {
        code = start(f, error, sizeof error);
        if (code)
            fprintf(stderr, "mqttspec: %s\n", error);
    }
    if (code == 0)
        code = run(f);
    witness_free(f->witness);
    target_free(f->target);
    free(f);
    return code;
}
