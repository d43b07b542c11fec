/* SPDX-License-Identifier: Apache-2.0 */
/* duties.h -- which of a client's duties a connection has put to the test.
 *
 * A statement that binds a client is found broken by the observer, under its
 * own id or under that of a statement that says the same of all packets. It is
 * exercised only when the client did what it speaks of: an alias is not kept
 * within a maximum by who never uses one. And some no wire shows.
 */
#ifndef TOOLS_DUTIES_H
#define TOOLS_DUTIES_H

#include <stdbool.h>

#include "wire/wire.h"

/* What a connection has had, as a set of bits. */
enum duty_occasion {
    DUTY_WILL = 1 << 0,
    DUTY_USER_NAME = 1 << 1,
    DUTY_PASSWORD = 1 << 2,
    DUTY_KEEP_ALIVE = 1 << 3,
    DUTY_METHOD = 1 << 4,  /* an Authentication Method */
    DUTY_RESUMED = 1 << 5, /* Session Present */
    DUTY_QOS_0 = 1 << 6,   /* the client published so */
    DUTY_QOS_1 = 1 << 7,
    DUTY_QOS_2 = 1 << 8,
    DUTY_GOT_QOS_1 = 1 << 9, /* the server published so */
    DUTY_GOT_QOS_2 = 1 << 10,
    DUTY_ALIAS = 1 << 11,
    DUTY_RESPONSE_TOPIC = 1 << 12,
    DUTY_CONTENT_TYPE = 1 << 13,
    DUTY_USER_PROPERTY = 1 << 14,
    DUTY_SHARED = 1 << 15,
    DUTY_WILDCARD = 1 << 16,
    /* limits that the server set in CONNACK */
    DUTY_QOS_LIMIT = 1 << 17,
    DUTY_RETAIN_LIMIT = 1 << 18,
    DUTY_SIZE_LIMIT = 1 << 19,
    DUTY_SERVER_KEEP_ALIVE = 1 << 20,
    DUTY_WEBSOCKET = 1 << 21,
};

struct duty {
    const char *id;
    unsigned occasions; /* exercised by any of them; 0: see the packet types */
    const char *by;     /* ids it is found broken under, too; NULL: none */
    const char *word;   /* ... if type and sentence have it; NULL: any */
    const char *unseen; /* why no wire shows it; NULL: one does */
};

/* duties_occasions gives the set of what a packet is an occasion for. */
unsigned duties_occasions(enum wire_side from,
                          const struct wire_packet *packet);

/* duties_find gives what is special about a statement; NULL: nothing. */
const struct duty *duties_find(const char *id);

/* duties_is_broken says whether a finding is a breach of a statement.
 *
 * id         of the statement
 * found      the id that the observer found broken
 * packet     the packet on one line, which begins with its type
 * sentence   of the finding
 */
bool duties_is_broken(const char *id, const char *found, const char *packet,
                      const char *sentence);

#endif
