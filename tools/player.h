/* SPDX-License-Identifier: Apache-2.0 */
/* player.h -- what the parts of the player share. */
#ifndef TOOLS_PLAYER_H
#define TOOLS_PLAYER_H

#include "replay.h"

/* seed_retained publishes the retained messages that the capture delivers but
 * does not publish, over a connection of its own; or clears them again.
 *
 * is_setting   true before the play, false after it
 *
 * Returns false if the broker cannot be reached; replay.trouble says why.
 */
bool seed_retained(struct replay *replay, bool is_setting);

/* wipe_sessions ends the sessions that the capture's clients have or leave on
 * the broker. Returns false if it cannot be reached. */
bool wipe_sessions(struct replay *replay);

/* causes_have_happened tells whether a client's packet may be sent, as far as
 * other connections go; it may send fences to find out. */
bool causes_have_happened(struct conn *conn, const struct item *item);

/* pace_plan notes when each client's packet is due; without --speed none is.
 * pace_is_due: the capture's pauses before this one are over.
 * pace_deadline gives the milliseconds until the next is due, 20 at most. */
void pace_plan(struct replay *replay);
bool pace_is_due(struct conn *conn, const struct item *item);
int pace_deadline(const struct replay *replay);

/* player_is_closed: the connection is not open, or not any more. */
bool player_is_closed(const struct conn *conn);

/* Nanoseconds in a millisecond. */
static const uint64_t MS = 1000000;

#endif
