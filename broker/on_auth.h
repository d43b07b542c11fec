// SPDX-License-Identifier: Apache-2.0
/* on_auth.h -- enhanced authentication: AUTH, before CONNACK and later.
 *
 * Spec: 5.0 s4.12.
 */
#ifndef BROKER_ON_AUTH_H
#define BROKER_ON_AUTH_H

#include "broker.h"

/* auth_begin starts the exchange that a CONNECT with an Authentication Method
 * asks for; the CONNECT is kept until the client has proved who it is.
 *
 * Returns REASON_SUCCESS: the client is now AUTHENTICATING; else the reason to
 * refuse the CONNECT. Spec: 5.0 s4.12 [MQTT-4.12.0-1], [MQTT-4.12.0-2].
 */
enum reason auth_begin(struct broker *b, struct client *c,
                       const struct packet *packet);

/* auth_user gives the name that the exchange has proved; empty before that, and
 * without enhanced authentication.
 */
struct slice auth_user(const struct client *c);

/* auth_fill_connack adds method and last data to the properties of CONNACK;
 * nothing without enhanced authentication. Spec: 5.0 [MQTT-4.12.0-5].
 */
void auth_fill_connack(const struct client *c, struct properties *p);

/* auth_free forgets the exchange. */
void auth_free(struct client *c);

/* on_auth goes on with the exchange, or begins re-authentication.
 * Spec: 5.0 s4.12, s4.12.1 [MQTT-4.12.1-1], [MQTT-4.12.1-2].
 */
enum reason on_auth(struct broker *b, struct client *c, struct packet *packet);

#endif
