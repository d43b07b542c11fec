// SPDX-License-Identifier: Apache-2.0
/* log.c -- lines for people. */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"error", "warning", "info", "debug",
                                          "trace"};

enum log_level log_level_named(const char *name)
{
    enum log_level level = LOG_ERROR;
    while (level <= LOG_TRACE && strcmp(level_names[level], name) != 0)
        level++;
    return level <= LOG_TRACE ? level : LOG_INFO;
}

void log_line(const struct log *log, enum log_level level, const char *format,
              ...)
{
    if (!log_is_on(log, level))
        return;
    if (log->has_time) {
        struct timespec now;
        struct tm parts;
        char text[32];
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &parts);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        fprintf(log->out, "%s.%03ldZ ", text, now.tv_nsec / 1000000);
    }
    fprintf(log->out, "%s: ", level_names[level]);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(log->out, format, arguments);
    va_end(arguments);
    fputc('\n', log->out);
    /* A trace of a packet should be there when the process dies next. */
    fflush(log->out);
}
