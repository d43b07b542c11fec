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

#endif
