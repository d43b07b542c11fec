/* SPDX-License-Identifier: Apache-2.0 */
/* files.h -- will a file named on the command line do? Asked before the work.
 *
 * Whoever taps a line for a day wants to hear of a mistyped folder at its
 * beginning.
 */
#ifndef TOOLS_FILES_H
#define TOOLS_FILES_H

#include <stdbool.h>

/* files_readable says whether a file can be read.
 *
 * program   stands before the line on stderr if it cannot
 * path      NULL: no file was named, which is well
 */
bool files_readable(const char *program, const char *path);

/* files_writable says the same of a file that will be written, or replaced, at
 * the end. Nothing is created. */
bool files_writable(const char *program, const char *path);

#endif
