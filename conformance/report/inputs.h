/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h -- the reports that a command was given.
 *
 * merge and compare take some files and an output; both read all of them
 * before they write anything. Tens of files.
 */
#ifndef MQTTSPEC_REPORT_INPUTS_H
#define MQTTSPEC_REPORT_INPUTS_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct inputs {
    cJSON **documents;  /* n of them, owned */
    const char **paths; /* n of them, borrowed from argv */
    size_t n;
    const char *output; /* of -o; NULL when not given; borrowed */
    const char *report; /* of --report; NULL when not given; borrowed */
    int is_alone;       /* --alone was given: no links to captures */
};

/* inputs_read parses a command line and loads the reports it names.
 *
 * inputs       out: clear with inputs_clear, also after a failure
 * argc, argv   argv[0] is the subcommand, for messages
 * takes_report whether --report is an option; otherwise --alone is one
 *
 * Returns 0; -1 after one line on stderr.
 */
int inputs_read(struct inputs *inputs, int argc, char **argv, int takes_report);

/* inputs_clear releases the documents. */
void inputs_clear(struct inputs *inputs);

#endif
