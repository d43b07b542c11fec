/* SPDX-License-Identifier: Apache-2.0 */
/* world.h -- a whole broker without sockets, watched by the observer.
 *
 * Four places for clients; what one says on an empty place opens a connection.
 * Time stands still until it is moved. All that the broker answers is given to
 * the observer, and a breach of the standard ends the run.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "broker.h"
#include "support/fuzz.h"

struct observe;
struct observe_world;

#define WORLD_PLACES 4
#define WORLD_CONNECTIONS 80

struct world {
    struct config config; /* shares what settings.c keeps: not to be cleared */
    struct acceptor_options acceptor;
    struct broker broker;
    struct observe_world *seen;
    struct observe *observers[WORLD_CONNECTIONS]; /* all there ever were */
    size_t n_observers;
    struct {
        struct client *client; /* NULL: nobody */
        struct observe *observe;
        uint64_t number; /* of the connection, from 1 */
    } places[WORLD_PLACES];
    uint64_t now_ms;
    bool is_told;      /* the conversation is written to stderr */
    char folder[64];   /* of the store; "": memory only */
    bool is_disk_full; /* the store cannot grow */
};

/* world_open makes a broker; the settings decide about limits and options.
 *
 * settings    4 octets
 * has_store   it keeps what survives a restart, in memory that looks like a
 * disk
 */
void world_open(struct world *w, const uint8_t settings[4], bool has_store);

/* world_close frees everything. */
void world_close(struct world *w);

/* world_say lets the client of a place send octets.
 *
 * is_cut   octet by octet
 */
void world_say(struct world *w, unsigned place, const uint8_t *octets, size_t n,
               bool is_cut);

/* world_drop cuts the connection of a place. */
void world_drop(struct world *w, unsigned place);

/* world_turn ends the turn; afterwards the broker has said all it has to say.
 */
void world_turn(struct world *w);

/* world_wait moves the clock and ends the turn. */
void world_wait(struct world *w, uint64_t ms);

/* world_restart closes the broker in good order and starts it again with what
 * the store kept. Nothing happens without a store. */
void world_restart(struct world *w);

/* world_make_room ends that the disk is full: the store can grow again. */
void world_make_room(struct world *w);

/* world_play opens a world, does what an input says, and closes it (play.c). */
void world_play(const uint8_t *octets, size_t n, bool has_store);

/* broker_check looks at every invariant of the broker's tables and counters;
 * aborts where one does not hold (invariants.c). */
void broker_check(struct broker *b);

#endif
