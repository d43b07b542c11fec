// SPDX-License-Identifier: Apache-2.0
/* on_connect.h -- CONNECT and AUTH.
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

/* on_auth goes on with enhanced authentication, or begins re-authentication.
 * Spec: 5.0 s4.12, s4.12.1 [MQTT-4.12.1-1], [MQTT-4.12.1-2].
 */
enum reason on_auth(struct broker *b, struct client *c, struct packet *packet);

#endif
