// SPDX-License-Identifier: Apache-2.0
/* auth.h -- enhanced authentication, before CONNACK and later.
 *
 * Spec: 5.0 s4.12.
 */
#ifndef BROKER_AUTH_H
#define BROKER_AUTH_H

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

/* auth_go_on answers AUTH.
 *
 * Returns REASON_SUCCESS, or the reason for which the connection ends.
 */
enum reason auth_go_on(struct broker *b, struct client *c,
                       const struct disconnect *auth);

/* auth_take_connect hands over the CONNECT that auth_begin kept, encoded, when
 * its sender has proved who it is.
 *
 * octets   out: for buf_clear
 *
 * Returns false when there is none to be handled now.
 */
bool auth_take_connect(struct client *c, struct buf *octets);

#endif
