/* SPDX-License-Identifier: Apache-2.0 */
/* known.h -- the list of known failures, exact both ways.
 *
 * One a line: `CASE STATEMENT REASON...`, e.g.
 *     will_published_on_drop/5.0/tcp 5.0/MQTT-3.1.2-8 drops it (mended in 2.1)
 * CASE may hold * and ?; STATEMENT is the one that is broken, or "-". Empty
 * lines and those that begin with # are skipped. A case that is listed and
 * passes is an unexpected pass, which fails the run as well. Tens of lines.
 */
#ifndef MQTTSPEC_KNOWN_H
#define MQTTSPEC_KNOWN_H

#include <stddef.h>

struct known;

/* known_read reads a list from a file, or from text if it is not NULL.
 * Returns it for known_free, or NULL with one line in error. */
struct known *known_read(const char *path, const char *text, char *error,
                         size_t n);
void known_free(struct known *known); /* takes NULL */

/* known_reason tells why a case is known to fail; NULL when it is not listed
 * (or known is NULL). */
const char *known_reason(const struct known *known, const char *name);

#endif
