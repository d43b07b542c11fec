/* SPDX-License-Identifier: Apache-2.0 */
/* mqttspec-replay.c -- captures: show them, judge them, replay them. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const char USAGE[] =
    "usage: mqttspec-replay dump FILE [options]   a line per MQTT packet\n"
    "       mqttspec-replay check FILE [options]  judge both directions; exit "
    "1 on a violation\n"
    "       mqttspec-replay run FILE --target URL [options]  replay the client "
    "side, compare the broker's\n"
    "\n"
    "FILE is pcap or pcapng; \"-\" is standard input. Options of dump and "
    "check:\n"
    "  --json                one JSON object a line\n"
    "  --keys FILE           TLS key log, to read what was encrypted\n"
    "  --assume-version V    3.1, 3.1.1 or 5.0, for streams without their "
    "CONNECT\n"
    "  --show-secrets        dump: user names and passwords too\n"
    "  --strict              check: a SHOULD counts as well\n"
    "  --quiet               check: no notes and no summary\n"
    "\"mqttspec-replay run --help\" tells the options of run.\n";

static int use_error(const char *what)
{
    fprintf(stderr, "mqttspec-replay: %s (see --help)\n", what);
    return EXIT_USAGE;
}

enum { JSON = 256, KEYS, VERSION, SECRETS, STRICT, QUIET, HELP };

static const struct option OPTIONS[] = {
    {"json", no_argument, NULL, JSON},
    {"keys", required_argument, NULL, KEYS},
    {"assume-version", required_argument, NULL, VERSION},
    {"show-secrets", no_argument, NULL, SECRETS},
    {"strict", no_argument, NULL, STRICT},
    {"quiet", no_argument, NULL, QUIET},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0}};

/* Reads the options. Returns -1, or the code to exit with. */
static int read_options(int argc, char **argv, struct read_options *o)
{
    int c;
    while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (c) {
        case JSON:
            o->is_json = true;
            break;
        case KEYS:
            o->keys = optarg;
            break;
        case VERSION:
            o->assumed = wire_version_from_name(optarg);
            if (o->assumed == WIRE_UNKNOWN && !strcmp(optarg, "5"))
                o->assumed = WIRE_5_0;
            if (o->assumed == WIRE_UNKNOWN)
                return use_error("--assume-version takes 3.1, 3.1.1 or 5.0");
            break;
        case SECRETS:
            o->shows_secrets = true;
            break;
        case STRICT:
            o->is_strict = true;
            break;
        case QUIET:
            o->is_quiet = true;
            break;
        case HELP:
            fputs(USAGE, stdout);
            return EXIT_GOOD;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind != argc - 1)
        return use_error("one capture file is asked for");
    o->path = argv[optind];
    return -1;
}

int main(int argc, char **argv)
{
    static char name[] = "mqttspec-replay"; /* in what getopt says */
    if (argc < 2)
        return use_error("which command: dump, check or run?");
    const char *command = argv[1];
    argv[1] = name;
    if (!strcmp(command, "--help") || !strcmp(command, "help")) {
        fputs(USAGE, stdout);
        return EXIT_GOOD;
    }
    if (!strcmp(command, "--version")) {
        puts("mqttspec-replay " MQTTSPEC_VERSION);
        return EXIT_GOOD;
    }
    if (!strcmp(command, "run"))
        return command_run(argc - 1, argv + 1);
    if (strcmp(command, "dump") && strcmp(command, "check"))
        return use_error("the commands are dump, check and run");
    struct read_options options = {0};
    int exit = read_options(argc - 1, argv + 1, &options);
    if (exit >= 0)
        return exit;
    return strcmp(command, "dump") ? command_check(&options)
                                   : command_dump(&options);
}
