/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- the command line of mqttspec.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blackbox/blackbox.h"
#include "cli_faults.h"
#include "cli_reports.h"
#include "cli_steady.h"
#include "faults/catalogue.h"
#include "runner.h"
#include "target.h"

enum { EXIT_USE = 2, MAX_ONLY = 64 };

static const char usage[] =
    "mqttspec -- a conformance harness for MQTT brokers\n\n"
    "usage: mqttspec [run] [TARGET] [options]\n"
    "       mqttspec faults | steady [TARGET] [options]\n"
    "       mqttspec explain ID | compare A.json B.json ... | merge ...\n"
    "       mqttspec fuzz [TARGET] [options]   (mqttspec fuzz --help)\n\n"
    "TARGET: a known broker (reference, mosquitto, ...), an INI file that\n"
    "describes one, or a URL (mqtt:// mqtts:// ws:// wss://), over which all\n"
    "cases go; default: the reference broker.\n\n"
    "  --only PATTERN     test, file, section (4.7) or statement; may repeat\n"
    "  --mqtt V           3.1, 3.1.1 or 5.0 only\n"
    "  --transport T      over tcp, tls, ws or wss\n"
    "  --segment N        raw speaker: whole, or N octets per TCP segment\n"
    "  --jobs N           cases side by side\n"
    "  --shard K/N        the K-th of N parts\n"
    "  --repeat N         N times; a changed verdict fails the run\n"
    "  --fail-fast        stop at the first failure\n"
    "  --timeout S        seconds a case may take\n"
    "  --strict           a SHOULD counts\n"
    "  --complete         a case that is skipped fails\n"
    "  --fault NAME       inject a fault between broker and tester\n"
    "  --report DIR       default reports/latest\n"
    "  --captures all     keep a .pcap of every case\n"
    "  --known FILE       known failures (none: not even the target's own)\n"
    "  --list [--json]    show the cases, run nothing\n"
    "  --help, --version\n\n"
    "exit: 0 no failure, 1 a case failed, 2 wrong use or nothing selected,\n"
    "3 the target or the harness is at fault\n";

struct parse {
    struct run_options options;
    const char *only[MAX_ONLY + 1];
    size_t n_only;
    const char *why; /* what the option wants, when it is refused */
};

static bool read_number(const char *text, int from, int *out)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*end || end == text || n < from || n > 1000000)
        return false;
    *out = (int)n;
    return true;
}

static bool take_only(struct parse *p, const char *value)
{
    if (p->n_only < MAX_ONLY)
        p->only[p->n_only++] = value;
    return true;
}

static bool take_mqtt(struct parse *p, const char *value)
{
    p->why = "3.1, 3.1.1 or 5.0";
    p->options.version = wire_version_from_name(value);
    return p->options.version != WIRE_UNKNOWN;
}

static bool take_transport(struct parse *p, const char *value)
{
    p->why = "tcp, tls, ws or wss";
    p->options.transport = transport_from_name(value);
    return p->options.transport >= 0;
}

static bool take_segment(struct parse *p, const char *value)
{
    int n = 0;
    p->why = "whole, or a number of octets";
    if (strcmp(value, "whole") != 0 && !read_number(value, 1, &n))
        return false;
    p->options.segment = (size_t)n;
    return true;
}

static bool take_jobs(struct parse *p, const char *value)
{
    p->why = "a number from 1 to 1000000";
    return read_number(value, 1, &p->options.jobs);
}

static bool take_repeat(struct parse *p, const char *value)
{
    p->why = "a number from 1 to 1000000";
    return read_number(value, 1, &p->options.repeat);
}

static bool take_timeout(struct parse *p, const char *value)
{
    p->why = "a number of seconds";
    return read_number(value, 1, &p->options.timeout_s);
}

static bool take_shard(struct parse *p, const char *value)
{
    char rest;
    struct run_options *o = &p->options;
    p->why = "K/N with K from 1 to N";
    return sscanf(value, "%d/%d%c", &o->shard, &o->n_shards, &rest) == 2 &&
           o->shard >= 1 && o->shard <= o->n_shards;
}

static bool take_fault(struct parse *p, const char *value)
{
    p->why = "the name of a fault in the catalogue";
    p->options.fault = fault_find(value);
    return p->options.fault != NULL;
}

static bool take_report(struct parse *p, const char *value)
{
    p->options.report = value;
    return *value != '\0';
}

static bool take_known(struct parse *p, const char *value)
{
    p->options.known = value;
    return *value != '\0';
}

static bool take_captures(struct parse *p, const char *value)
{
    p->why = "all or failed";
    p->options.all_captures = strcmp(value, "all") == 0;
    return p->options.all_captures || strcmp(value, "failed") == 0;
}

static bool take_fail_fast(struct parse *p, const char *value)
{
    (void)value;
    return p->options.fail_fast = true;
}

static bool take_strict(struct parse *p, const char *value)
{
    (void)value;
    return p->options.strict = true;
}

static bool take_complete(struct parse *p, const char *value)
{
    (void)value;
    return p->options.complete = true;
}

static bool take_list(struct parse *p, const char *value)
{
    (void)value;
    return p->options.list = true;
}

static bool take_json(struct parse *p, const char *value)
{
    (void)value;
    return p->options.json = true;
}

static const struct option {
    const char *name;
    bool has_value;
    bool (*take)(struct parse *parse, const char *value);
} options[] = {{"--only", true, take_only},
               {"--mqtt", true, take_mqtt},
               {"--transport", true, take_transport},
               {"--segment", true, take_segment},
               {"--jobs", true, take_jobs},
               {"--shard", true, take_shard},
               {"--repeat", true, take_repeat},
               {"--fail-fast", false, take_fail_fast},
               {"--timeout", true, take_timeout},
               {"--strict", false, take_strict},
               {"--complete", false, take_complete},
               {"--fault", true, take_fault},
               {"--report", true, take_report},
               {"--captures", true, take_captures},
               {"--known", true, take_known},
               {"--list", false, take_list},
               {"--json", false, take_json}};

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

static int refuse(const char *what, const char *which, const char *more)
{
    fprintf(stderr, "mqttspec: %s %s%s%s (see mqttspec --help)\n", what, which,
            *more ? ": wants " : "", more);
    return EXIT_USE;
}

/* Returns 0, or an exit code after one line on stderr. */
static int parse(struct parse *p, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (p->options.target)
                return refuse("more than one target:", argv[i], "");
            p->options.target = argv[i];
            continue;
        }
        const struct option *option = find_option(argv[i]);
        if (!option)
            return refuse("unknown option", argv[i], "");
        const char *value = "";
        if (option->has_value) {
            if (i + 1 == argc)
                return refuse("a value is missing after", argv[i], "");
            value = argv[++i];
        }
        p->why = "a value";
        if (!option->take(p, value))
            return refuse(option->name, value, p->why);
    }
    return 0;
}

/* A URL says over what its broker is reached: unless it is TCP, which each test
 * takes as it likes, all cases go that way. Returns 0 or an exit code. */
static int follow_url(struct parse *p)
{
    char wants[64];
    int only = target_transport_of(p->options.target);
    int asked = p->options.transport;
    if (only < 0)
        return 0;
    snprintf(wants, sizeof wants, "%s, as the URL of the target",
             transport_name((enum transport)only));
    if (asked >= 0 && asked != only)
        return refuse("--transport", transport_name((enum transport)asked),
                      wants);
    if (only != TRANSPORT_TCP)
        p->options.transport = only;
    return 0;
}

int main(int argc, char **argv)
{
    struct parse p = {.options = {.transport = -1, .report = "reports/latest"}};
    const char *command = argc > 1 ? argv[1] : "run";
    for (int i = 1; i < argc && strcmp(command, "fuzz") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("mqttspec " MQTTSPEC_VERSION);
            return 0;
        }
    }
    if (strcmp(command, "explain") == 0)
        return cli_explain(argc - 1, argv + 1);
    if (strcmp(command, "compare") == 0)
        return cli_compare(argc - 1, argv + 1);
    if (strcmp(command, "fuzz") == 0)
        return cli_fuzz(argc - 1, argv + 1);
    if (strcmp(command, "merge") == 0)
        return cli_merge(argc - 1, argv + 1);
    bool has_command = strcmp(command, "run") == 0 ||
                       strcmp(command, "faults") == 0 ||
                       strcmp(command, "steady") == 0;
    int skip = argc > 1 && has_command ? 2 : 1;
    int bad = argc > 1 ? parse(&p, argc - skip, argv + skip) : 0;
    if (!bad)
        bad = follow_url(&p);
    if (bad)
        return bad;
    p.options.only = p.only;
    if (strcmp(command, "faults") == 0)
        return cli_faults(&p.options);
    if (strcmp(command, "steady") == 0)
        return cli_steady(&p.options);
    return run(&p.options);
}
