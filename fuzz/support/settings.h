/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h -- what an input says about the broker's configuration. */
#ifndef FUZZ_SETTINGS_H
#define FUZZ_SETTINGS_H

#include "config.h"
#include "security.h"
#include "support/fuzz.h"

/* settings_read fills a configuration with one acceptor: defaults, and limits
 * and options as the octets have it.
 *
 * config     out: points to the acceptor and to what all runs share; must not
 *            be cleared
 * acceptor   out
 * octets     4 of them
 */
void settings_read(struct config *config, struct acceptor_options *acceptor,
                   const uint8_t octets[4]);

/* settings_fill_the_disk tells whether the store may not grow. */
bool settings_fill_the_disk(const uint8_t octets[4]);

/* settings_security gives the users and rights of a configuration: ann may do
 * anything but "a/b", and "secret", hashed once, is her password. Shared, not
 * to be closed; NULL where everybody may do everything.
 */
struct security *settings_security(const struct config *config);

#endif
