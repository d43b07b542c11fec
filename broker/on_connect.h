// SPDX-License-Identifier: Apache-2.0
/* on_connect.h -- CONNECT.
 *
 * Handlers have one shape: they get the packet, answer it, and return
 * REASON_SUCCESS or the reason for which dispatch ends the connection.
 */
#ifndef BROKER_ON_CONNECT_H
#define BROKER_ON_CONNECT_H

#include "broker.h"

/* on_connect answers CONNECT. Spec: 5.0 s3.1.4; 3.1.1 s3.1.4. */
enum reason on_connect(struct broker *b, struct client *c,
                       struct packet *packet);

/* connect_resume does what on_connect does after authentication, for a client
 * that has proved its name by enhanced authentication (see auth_user).
 *
 * packet   the CONNECT, decoded again
 */
enum reason connect_resume(struct broker *b, struct client *c,
                           struct packet *packet);

#endif
