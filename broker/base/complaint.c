// SPDX-License-Identifier: Apache-2.0
/* complaint.c -- one sentence on what is wrong, for whoever asked. */
#include "base/complaint.h"

#include <stdarg.h>
#include <stdio.h>

int complain(struct complaint *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* cppcheck-suppress ctuuninitvar -- this is where it gets its text */
    vsnprintf(c->text, sizeof c->text, format, arguments);
    va_end(arguments);
    return -1;
}
