/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h -- what mqttspec-replay does, one function a command. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include <stdbool.h>

#include "wire/names.h"

/* Exit codes of all commands. */
enum exit_code {
    EXIT_GOOD = 0,
    EXIT_FOUND = 1,     /* a violation, a difference */
    EXIT_USAGE = 2,     /* wrong use */
    EXIT_UNDECIDED = 3, /* nothing could be judged */
    EXIT_TROUBLE = 4    /* the capture or the broker cannot be reached */
};

/* Options that dump and check share. */
struct read_options {
    const char *path;          /* the capture; "-" is standard input */
    const char *keys;          /* a TLS key log file, or NULL */
    enum wire_version assumed; /* for streams without a CONNECT */
    bool is_json;
    bool shows_secrets;
    bool is_strict; /* a SHOULD counts too */
    bool is_quiet;  /* check: no summary */
};

/* command_dump prints a line per MQTT packet. Returns an exit_code. */
int command_dump(const struct read_options *options);

/* command_check judges both directions with the observer; a line for each
 * breach. Returns EXIT_GOOD, EXIT_FOUND if a MUST was broken (or a SHOULD, with
 * is_strict), EXIT_UNDECIDED if there was no MQTT. */
int command_check(const struct read_options *options);

/* command_run replays the client side. argv[0] is "run". Returns an exit_code.
 */
int command_run(int argc, char **argv);

#endif
