// SPDX-License-Identifier: Apache-2.0
/* on_subscribe.h -- SUBSCRIBE and UNSUBSCRIBE.
 *
 * Handlers have one shape: they get the packet, answer it, and return
 * REASON_SUCCESS or the reason for which dispatch ends the connection.
 */
#ifndef BROKER_ON_SUBSCRIBE_H
#define BROKER_ON_SUBSCRIBE_H

#include "broker.h"

/* on_subscribe handles SUBSCRIBE. Spec: 5.0 s3.8.4; 3.1.1 s3.8.4. */
enum reason on_subscribe(struct broker *b, struct client *c,
                         struct packet *packet);

/* on_unsubscribe handles UNSUBSCRIBE. Spec: 5.0 s3.10.4. */
enum reason on_unsubscribe(struct broker *b, struct client *c,
                           struct packet *packet);
#endif
