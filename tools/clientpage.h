/* SPDX-License-Identifier: Apache-2.0 */
/* clientpage.h -- what a client has kept and broken, on one page.
 *
 * Every statement that binds a client, in the versions that were spoken: broken
 * when the observer found a breach, "no breach" when the client did what the
 * statement speaks of and no breach was seen, "not judged" when no wire shows
 * whether it is kept, else "not exercised".
 */
#ifndef TOOLS_CLIENTPAGE_H
#define TOOLS_CLIENTPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/names.h"

struct client_finding {
    char *statement, *sentence, *packet; /* owned */
    uint64_t connection, packet_no;
    enum wire_side who;
    bool is_should;
};

struct client_page {
    const char *title; /* what was watched */
    uint64_t n_connections;
    /* packets that clients sent, by version 3, 4, 5 and type */
    uint64_t sent[6][16];
    unsigned occasions[6]; /* sets of enum duty_occasion, by version */
    struct client_finding *findings;
    uint64_t n_findings;
};

/* client_page_is_named says whether the name of a file tells what to write:
 * .html, .json or .txt. */
bool client_page_is_named(const char *path);

/* client_page_write writes the page: JSON if the name ends with .json, text if
 * with .txt, else HTML. Returns 0; -1 with a line on stderr. */
int client_page_write(const struct client_page *page, const char *path);

#endif
