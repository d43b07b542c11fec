/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h -- opening a capture with its key log, and what it held. */
#ifndef TOOLS_READING_H
#define TOOLS_READING_H

#include "commands.h"
#include "flow.h"

/* reading_run reads the whole capture of `options` through a watcher.
 *
 * counts   out, if not NULL: what became of the frames
 *
 * Returns the number of MQTT flows; -1 with a line on stderr if the capture
 * or the key log cannot be read.
 */
int64_t reading_run(const struct read_options *options,
                    const struct flow_watcher *watcher,
                    struct link_counts *counts);

/* reading_why_nothing says on stderr why there is no MQTT in the capture. */
void reading_why_nothing(const struct read_options *options,
                         const struct link_counts *counts, uint64_t n_tls);

/* time_text writes seconds since 1970 with six decimals.
 *
 * text   at least 32 octets
 */
const char *time_text(uint64_t time_ns, char text[32]);

/* count_text writes a number and what was counted: "1 stream", "2 streams".
 *
 * word   in the singular
 */
const char *count_text(uint64_t n, const char *word, char text[48]);

#endif
