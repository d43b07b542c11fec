/* SPDX-License-Identifier: Apache-2.0 */
/* rewrite.h -- the few octets of a client's packet that a replay must change.
 *
 * Everything else goes out as it was captured, well-formed or not.
 */
#ifndef TOOLS_REWRITE_H
#define TOOLS_REWRITE_H

#include "message.h"

/* A rule "captured name -> live name", and perhaps a password. */
struct rename {
    char *from; /* NULL: any */
    char *to;
    char *password; /* NULL: as captured */
};

struct renames {
    struct rename *rows;
    size_t n;
};

/* renames_load reads a file of lines: `captured = live` for client
 * identifiers; with is_credentials `captured user = user:password`, or only
 * `user:password` for everybody. Empty lines and lines with # are skipped.
 *
 * Returns false with a line on stderr that never quotes the file.
 */
bool renames_load(struct renames *renames, const char *path,
                  bool is_credentials);
void renames_add(struct renames *renames, const char *from, const char *to);
/* renames_find gives the row for a name; NULL if there is none. */
const struct rename *renames_find(const struct renames *renames,
                                  const char *name, size_t n);
void renames_clear(struct renames *renames);

struct rewrite {
    const char *id_prefix;           /* NULL: keep */
    struct renames ids, credentials; /* may be empty */
    struct renames assigned;         /* identifiers that servers assigned */
    double speed; /* below 1 the Keep Alive grows with the pauses */
};

/* rewrite_connect makes the live form of a CONNECT.
 *
 * n   out: its length
 *
 * Returns octets for free().
 */
uint8_t *rewrite_connect(const struct message *connect,
                         const struct rewrite *rewrite, size_t *n);

/* rewrite_id makes a copy of an acknowledgement with another identifier. */
uint8_t *rewrite_id(const struct message *message, uint16_t id);

/* rewrite_alias makes a PUBLISH with its whole topic and without its Topic
 * Alias, for a server that allows fewer. Returns octets for free(). */
uint8_t *rewrite_alias(const struct message *publish, size_t *n);

#endif
