/* SPDX-License-Identifier: Apache-2.0 */
/* cli_reports.h -- the subcommands that read reports and the catalogue.
 *
 * Each takes the arguments behind `mqttspec`: argv[0] is the subcommand's own
 * name. They print results to stdout, what is wrong to stderr in one line, and
 * return the exit code of the program: 0 done, 2 wrong use (nothing was
 * written), 3 a result could not be written.
 */
#ifndef MQTTSPEC_CLI_REPORTS_H
#define MQTTSPEC_CLI_REPORTS_H

/* cli_explain: `explain ID...` prints what a statement asks, whom it binds, how
 * it is seen, and which tests and faults cover it. An id without its version
 * ("MQTT-3.1.2-8") explains it for every standard that has it. */
int cli_explain(int argc, char **argv);

/* cli_merge: `merge A.json B.json ... [-o all.json] [--report DIR]` joins the
 * reports of shards, or of runs that share no case, into one. */
int cli_merge(int argc, char **argv);

/* cli_compare: `compare A.json B.json ... [-o page.html]` puts runs side by
 * side: brokers, or the history of one broker when all runs judged the same
 * target. Writes the page and, beside it, the same as Markdown; without -o the
 * Markdown goes to stdout. */
int cli_compare(int argc, char **argv);

#endif
