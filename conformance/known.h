/* SPDX-License-Identifier: Apache-2.0 */
/* known.h -- the list of known failures, exact both ways.
 *
 * One a line: `CASE STATEMENT REASON...`, e.g.
 *     @version 2.0.11
 *     will_published_on_drop/5.0/tcp 5.0/MQTT-3.1.2-8 drops it (mended in 2.1)
 * CASE may hold * and ?. STATEMENT is what the case finds broken, or several
 * joined by commas of which one must be: a case that fails for another reason
 * is not known; "-" stands for what has no id. `@version GLOB` makes the lines
 * below it hold for those versions of the target only; below `@sometimes`, up
 * to the next @version, stand cases that a race in the target decides: they may
 * fail and may pass. Empty lines and those that begin with # are skipped. A
 * case that is listed and does not fail, and a line that names no case at all,
 * fail the run as well. Tens of lines.
 */
#ifndef MQTTSPEC_KNOWN_H
#define MQTTSPEC_KNOWN_H

#include <stddef.h>

struct known;

/* known_read reads a list.
 *
 * path      names it; opened unless text is given
 * text      the list itself, NUL-terminated; NULL: read path
 * version   of the target, "" or NULL when it is not known: then lines under
 *           an @version other than * do not hold
 * error, n  out: one line when NULL is returned
 *
 * Returns the list for known_free.
 */
struct known *known_read(const char *path, const char *text,
                         const char *version, char *error, size_t n);
void known_free(struct known *known); /* takes NULL */

/* known_lists tells why a case is listed as one that fails every time, whatever
 * it breaks; NULL when it is not (or known is NULL). */
const char *known_lists(const struct known *known, const char *name);

/* known_reason tells why a failure is known: its case is listed with one of
 * the statements that it found broken. statements holds n ids of up to 79
 * characters. NULL when it is not known. */
const char *known_reason(const struct known *known, const char *name,
                         const char (*statements)[80], int n);

/* known_next_unused walks over the lines that name none of n cases (name_of
 * tells each one's name). Start with line 0; returns the next such line's
 * number and puts its CASE into pattern, or 0 at the end. */
int known_next_unused(const struct known *known, int line, size_t n_cases,
                      const char *(*name_of)(const void *cases, size_t i),
                      const void *cases, const char **pattern);

/* known_n_other tells how many lines hold for other versions only. */
int known_n_other(const struct known *known);

#endif
