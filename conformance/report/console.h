/* SPDX-License-Identifier: Apache-2.0 */
/* console.h -- what a run says on the terminal.
 *
 * Failures as they happen, in three lines each; on a terminal one live line
 * with done/total, failures and the time left; at the end the counts, the
 * slowest cases and where the report is. Colour only on a terminal, and not
 * where NO_COLOR is set.
 */
#ifndef MQTTSPEC_REPORT_CONSOLE_H
#define MQTTSPEC_REPORT_CONSOLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

struct console {
    FILE *out;
    bool is_live; /* may rewrite its last line */
    bool has_colour;
    size_t width;  /* columns of the terminal; 0: lines are never cut */
    bool has_line; /* the live line stands there */
    int n_total;
    int n_done;
    int n_failed;
    double started_s; /* monotonic */
    double drawn_s;
};

/* console_begin sets a console up for a run.
 *
 * out       stdout; borrowed
 * n_total   how many cases will run
 */
void console_begin(struct console *console, FILE *out, int n_total);

/* console_case tells of a finished case, as it stands in the document. */
void console_case(struct console *console, const cJSON *test_case);

/* console_tick draws the live line again if a while has passed; cheap enough
 * to be called in every turn of a loop. */
void console_tick(struct console *console);

/* console_end removes the live line and prints how the run ended.
 *
 * document   document_finish was called
 * folder     where the report is; NULL when none was written
 */
void console_end(struct console *console, const cJSON *document,
                 const char *folder);

#endif
