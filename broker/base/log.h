// SPDX-License-Identifier: Apache-2.0
/* log.h -- lines for people, on stderr or in a file.
 *
 * One struct, passed around; no global. A line is time, level, text.
 */
#ifndef BROKER_BASE_LOG_H
#define BROKER_BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_INFO,
    LOG_DEBUG,
    LOG_TRACE, /* one line per packet */
};

/* out is borrowed; NULL writes nothing (tests, fuzzing). */
struct log {
    FILE *out;
    enum log_level level;
    bool has_time; /* whether lines begin with the time of day */
};

/* log_is_on tells whether a line of that level would be written, so that
 * costly arguments are made only then. log may be NULL: never.
 */
static inline bool log_is_on(const struct log *log, enum log_level level)
{
    return log && log->out && level <= log->level;
}

/* log_level_named gives the level of a name ("error" ... "trace"); LOG_INFO for
 * others.
 */
enum log_level log_level_named(const char *name);

/* log_line writes one line; a newline is added. log may be NULL: nothing. */
void log_line(const struct log *log, enum log_level level, const char *format,
              ...) __attribute__((format(printf, 3, 4)));

#endif
