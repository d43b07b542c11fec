// SPDX-License-Identifier: Apache-2.0
/* config_acceptor.h -- one acceptor's parameters, and the URL that holds them.
 *
 * Private to config.c.
 */
#ifndef BROKER_CONFIG_ACCEPTOR_H
#define BROKER_CONFIG_ACCEPTOR_H

#include "config.h"

/* acceptor_set sets one parameter and what follows from it.
 *
 * Returns 0, or -1 with one line in error.
 */
int acceptor_set(struct acceptor_options *options, struct slice name,
                 struct slice value, struct complaint *error);

/* acceptor_read_url reads 'tcp://host:port?name=value;name=value'.
 *
 * Returns 0, or -1 with one line in error; what was read until then is set.
 */
int acceptor_read_url(struct acceptor_options *options, const char *url,
                      struct complaint *error);

/* acceptor_clear frees what the options own. */
void acceptor_clear(struct acceptor_options *options);

#endif
