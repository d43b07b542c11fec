/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- mqttspec-replay run: options, and the order of the steps. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>

#include "commands.h"
#include "files.h"
#include "replay.h"
#include "room.h"

static const char NAME[] = "mqttspec-replay run";

static const char USAGE[] =
    "usage: mqttspec-replay run FILE --target URL [options]\n"
    "  --target URL          mqtt://, mqtts://, ws:// or wss://host:port\n"
    "  --cafile FILE         verify the server's certificate with it\n"
    "Order:\n"
    "  --order causal|timed|lockstep   what a client packet waits for "
    "(causal)\n"
    "  --speed FACTOR|max    keep the pauses of the capture, divided by it\n"
    "                        (max, but 1 if the capture plays with expiry)\n"
    "  --max-gap SECONDS     longest pause that is kept (30)\n"
    "  --fence ping|none     how to know that QoS 0 was handled (ping)\n"
    "  --race-window MS      what is nearer than this may go either way (5)\n"
    "  --timeout SECONDS     how long to wait for a packet (5)\n"
    "  --settle MS           silence at the end, to see what is extra (250)\n"
    "  --resume-from FRAME   play what is before it without pauses, and do "
    "not judge it\n"
    "  --at-end disconnect|abort|keep  where the capture stops (disconnect)\n"
    "Identity:\n"
    "  --client-id keep|prefix=S|map=FILE\n"
    "  --credentials FILE    lines \"user:password\" or \"captured user = "
    "user:password\"\n"
    "What is not in the capture:\n"
    "  --midstream skip|synthesise   streams without CONNECT (skip)\n"
    "  --assume-version V    their version: 3.1, 3.1.1 or 5.0\n"
    "  --seed-retained       publish retained messages that have no source\n"
    "  --wipe-sessions       end the clients' sessions, before and after\n"
    "  --keys FILE           TLS key log of the capture\n"
    "  --allow-qos0-loss     a QoS 0 delivery may be missing\n"
    "Output:\n"
    "  --json   --junit FILE   --write FILE.pcap (the live exchange)\n"
    "  --anonymise FILE.pcap (the capture without names; needs no target)\n"
    "  --list (streams only)   --strict (inconclusive and skipped fail: exit "
    "3)\n"
    "Exit: 0 passed, 1 a stream failed, 2 wrong use, 3 nothing could be "
    "decided, 4 out of reach\n";

enum {
    TARGET = 256,
    CAFILE,
    ORDER,
    SPEED,
    MAX_GAP,
    FENCE,
    RACE,
    TIMEOUT,
    SETTLE,
    RESUME,
    AT_END,
    CLIENT_ID,
    CREDENTIALS,
    MIDSTREAM,
    VERSION,
    SEED,
    WIPE,
    KEYS,
    QOS0,
    JSON,
    JUNIT,
    WRITE,
    ANONYMISE,
    LIST,
    STRICT,
    HELP
};

static const struct option OPTIONS[] = {
    {"target", required_argument, NULL, TARGET},
    {"cafile", required_argument, NULL, CAFILE},
    {"order", required_argument, NULL, ORDER},
    {"speed", required_argument, NULL, SPEED},
    {"max-gap", required_argument, NULL, MAX_GAP},
    {"fence", required_argument, NULL, FENCE},
    {"race-window", required_argument, NULL, RACE},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"settle", required_argument, NULL, SETTLE},
    {"resume-from", required_argument, NULL, RESUME},
    {"at-end", required_argument, NULL, AT_END},
    {"client-id", required_argument, NULL, CLIENT_ID},
    {"credentials", required_argument, NULL, CREDENTIALS},
    {"midstream", required_argument, NULL, MIDSTREAM},
    {"assume-version", required_argument, NULL, VERSION},
    {"seed-retained", no_argument, NULL, SEED},
    {"wipe-sessions", no_argument, NULL, WIPE},
    {"keys", required_argument, NULL, KEYS},
    {"allow-qos0-loss", no_argument, NULL, QOS0},
    {"json", no_argument, NULL, JSON},
    {"junit", required_argument, NULL, JUNIT},
    {"write", required_argument, NULL, WRITE},
    {"anonymise", required_argument, NULL, ANONYMISE},
    {"list", no_argument, NULL, LIST},
    {"strict", no_argument, NULL, STRICT},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0}};

static int use_error(const char *what)
{
    fprintf(stderr, "%s: %s (see --help)\n", NAME, what);
    return EXIT_USAGE;
}

/* A result that could not be written. */
static int write_error(const char *path)
{
    fprintf(stderr, "%s: %s: %s\n", NAME, path, strerror(errno));
    return EXIT_TROUBLE;
}

/* Index of a word in a list that ends with NULL; -1 if it is none of them. */
static int choose(const char *word, const char *const list[])
{
    for (int i = 0; list[i]; i++)
        if (!strcmp(word, list[i]))
            return i;
    return -1;
}

/* A number of a unit as nanoseconds. False if it is none. */
static bool read_time(const char *text, double unit_ns, uint64_t *ns)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 0) || v > 1e9)
        return false;
    *ns = (uint64_t)(v * unit_ns);
    return true;
}

static bool read_frame(const char *text, uint64_t *frame)
{
    char *end;
    errno = 0;
    *frame = strtoull(text, &end, 10);
    return *text >= '1' && *text <= '9' && !*end && !errno;
}

static bool read_speed(struct replay_options *o, const char *text)
{
    char *end;
    o->has_speed = true;
    if (!strcmp(text, "max")) {
        o->speed = 0;
        return true;
    }
    o->speed = strtod(text, &end);
    return end != text && !*end && o->speed >= 0.01 && o->speed <= 1000;
}

static bool read_client_id(struct replay_options *o, const char *text)
{
    if (!strcmp(text, "keep"))
        return true;
    if (!strncmp(text, "prefix=", 7)) {
        o->rewrite.id_prefix = text + 7;
        return true;
    }
    o->id_map = text + 4;
    return !strncmp(text, "map=", 4);
}

/* One option with a choice of words. False: the word is none of them. */
static bool read_choice(struct replay_options *o, int option, const char *text)
{
    static const char *const ORDERS[] = {"causal", "timed", "lockstep", NULL};
    static const char *const FENCES[] = {"none", "ping", NULL};
    static const char *const ENDS[] = {"disconnect", "abort", "keep", NULL};
    static const char *const MIDSTREAMS[] = {"skip", "synthesise", NULL};
    const char *const *list = option == ORDER    ? ORDERS
                              : option == FENCE  ? FENCES
                              : option == AT_END ? ENDS
                                                 : MIDSTREAMS;
    int chosen = choose(text, list);
    if (chosen < 0)
        return false;
    if (option == ORDER)
        o->order = (enum replay_order)chosen;
    else if (option == FENCE)
        o->has_fence = chosen;
    else if (option == AT_END)
        o->at_end = (enum replay_at_end)chosen;
    else
        o->capture.synthesises = chosen;
    return true;
}

/* One option with a value. False: the value is wrong. */
static bool read_value(struct replay_options *o, int option, const char *text)
{
    switch (option) {
    case TARGET:
        o->target = text;
        return live_url_read(text, &o->url);
    case SPEED:
        return read_speed(o, text);
    case MAX_GAP:
        return read_time(text, 1e9, &o->max_gap_ns);
    case RACE:
        return read_time(text, 1e6, &o->race_ns);
    case TIMEOUT:
        return read_time(text, 1e9, &o->timeout_ns);
    case SETTLE:
        return read_time(text, 1e6, &o->settle_ns);
    case RESUME:
        return read_frame(text, &o->resume_from);
    case CLIENT_ID:
        return read_client_id(o, text);
    case CREDENTIALS:
        o->credentials = text;
        return true;
    case VERSION:
        o->capture.assumed = wire_version_from_name(text);
        if (!strcmp(text, "5"))
            o->capture.assumed = WIRE_5_0;
        return o->capture.assumed != WIRE_UNKNOWN;
    case CAFILE:
        o->cafile = text;
        return true;
    case KEYS:
        o->capture.keys = text;
        return true;
    case JUNIT:
        o->junit = text;
        return true;
    case WRITE:
        o->write = text;
        return true;
    case ANONYMISE:
        o->anonymise = text;
        return true;
    default:
        return read_choice(o, option, text);
    }
}

/* Reads all options. Returns -1, or the code to exit with. */
static int read_options(int argc, char **argv, struct replay_options *o)
{
    int c, index = 0;
    *o = (struct replay_options){.has_fence = true,
                                 .timeout_ns = 5000000000u,
                                 .settle_ns = 250000000u,
                                 .max_gap_ns = 30000000000u,
                                 .race_ns = 5000000u};
    char name[sizeof NAME];
    argv[0] = strcpy(name, NAME); /* in what getopt says */
    while ((c = getopt_long(argc, argv, "", OPTIONS, &index)) != -1) {
        if (c == HELP) {
            fputs(USAGE, stdout);
            return EXIT_GOOD;
        }
        if (c == '?')
            return EXIT_USAGE;
        o->seeds_retained |= c == SEED;
        o->wipes_sessions |= c == WIPE;
        o->allows_qos0_loss |= c == QOS0;
        o->is_json |= c == JSON;
        o->is_list |= c == LIST;
        o->is_strict |= c == STRICT;
        if (optarg && !read_value(o, c, optarg)) {
            fprintf(stderr, "%s: --%s does not take \"%s\" (see --help)\n",
                    NAME, OPTIONS[index].name, optarg);
            return EXIT_USAGE;
        }
    }
    if (optind != argc - 1)
        return use_error("one capture file is asked for");
    o->capture.path = argv[optind];
    if (!o->target && !o->is_list && !o->anonymise)
        return use_error("--target URL is missing");
    if (o->order == ORDER_TIMED && !o->has_speed)
        o->speed = 1;
    o->rewrite.speed = o->speed;
    return -1;
}

/* Loads what the options name, and looks where the results shall go. */
static int prepare_files(struct replay_options *o)
{
    if ((o->id_map && !renames_load(&o->rewrite.ids, o->id_map, false)) ||
        (o->credentials &&
         !renames_load(&o->rewrite.credentials, o->credentials, true)) ||
        !files_readable(NAME, o->cafile))
        return EXIT_USAGE;
    bool is_writable = files_writable(NAME, o->junit) &&
                       files_writable(NAME, o->write) &&
                       files_writable(NAME, o->anonymise);
    return is_writable ? -1 : EXIT_TROUBLE;
}

static void list(const struct script *s)
{
    char client[64], server[64];
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct stream *st = &s->streams[i];
        printf("stream %" PRIu64 "  %s -> %s  MQTT %s%s%s  %zu events, %" PRIu64
               " published%s%s\n",
               st->number, endpoint_text(&st->client, client),
               endpoint_text(&st->server, server),
               wire_version_name(st->version), st->is_tls ? " TLS" : "",
               st->is_ws ? " WebSocket" : "", st->n_items, st->n_publishes,
               *st->why ? "  -- " : "", st->why);
    }
}

static int replay(struct replay_options *o, struct script *script)
{
    struct replay r = {.options = o, .script = script};
    if (o->resume_from > script->counts.frames) {
        fprintf(stderr,
                "%s: --resume-from %" PRIu64 ": %s has %" PRIu64 " frames\n",
                NAME, o->resume_from, o->capture.path, script->counts.frames);
        return EXIT_USAGE;
    }
    if (script->uses_time && !o->has_speed)
        o->speed = 1; /* without the pauses nothing would expire */
    if (o->write && !(r.out = pcapout_open(o->write)))
        return write_error(o->write);
    signal(SIGPIPE, SIG_IGN);
    if (player_run(&r)) {
        verdict_decide(&r);
        outcome_print(&r);
    } else {
        fprintf(stderr, "the broker is out of reach: %s\n", r.trouble);
    }
    int exit = outcome_exit(&r);
    if (exit == EXIT_UNDECIDED && !script->n_streams)
        fprintf(stderr, "%s: no MQTT found\n", o->capture.path);
    if (o->junit && outcome_junit(&r, o->junit))
        exit = write_error(o->junit);
    if (r.out && pcapout_finish(r.out))
        exit = write_error(o->write);
    player_free(&r);
    return exit;
}

int command_run(int argc, char **argv)
{
    struct replay_options o;
    struct script script = {0};
    int exit = read_options(argc, argv, &o);
    if (exit < 0)
        exit = prepare_files(&o);
    if (exit < 0 && !script_load(&script, &o.capture))
        exit = EXIT_TROUBLE;
    if (exit < 0 && o.is_list) {
        list(&script);
        exit = script.n_streams ? EXIT_GOOD : EXIT_UNDECIDED;
    }
    if (exit < 0 && o.anonymise && anonymise_write(&script, o.anonymise))
        exit = EXIT_TROUBLE;
    if (exit < 0)
        exit = o.target ? replay(&o, &script) : EXIT_GOOD;
    script_clear(&script);
    renames_clear(&o.rewrite.ids);
    renames_clear(&o.rewrite.credentials);
    return exit;
}
