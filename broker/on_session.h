// SPDX-License-Identifier: Apache-2.0
/* on_session.h -- DISCONNECT, the end of connections, and Wills.
 *
 * Handlers have one shape: they get the packet, answer it, and return
 * REASON_SUCCESS or the reason for which dispatch ends the connection.
 */
#ifndef BROKER_ON_SESSION_H
#define BROKER_ON_SESSION_H

#include "broker.h"

/* on_disconnect handles DISCONNECT. Spec: 5.0 s3.14.4; 3.1.1 s3.14.4. */
enum reason on_disconnect(struct broker *b, struct client *c,
                          struct packet *packet);

/* on_pingreq answers PINGREQ. Spec: 5.0 s3.12.4. */
enum reason on_pingreq(struct broker *b, struct client *c,
                       struct packet *packet);

/* on_session_lost unbinds a client's session: publishes the Will, or sets the
 * time when it is due, and ends the session if it does not outlive the
 * connection. Spec: 5.0 s3.1.2.5, s3.1.3.2.2; 3.1.1 s3.1.2.5.
 */
void on_session_lost(struct broker *b, struct client *c);

/* on_sessions_scan publishes the Wills that are due and ends sessions whose
 * expiry interval has run [MQTT-4.1.0-2].
 */
void on_sessions_scan(struct broker *b);

/* session_publish_will publishes a session's Will now, if it has one and its
 * user may publish there, and forgets it [MQTT-3.1.2-10].
 */
void session_publish_will(struct broker *b, struct session *s);
/* end_session ends a session that is not attached: publishes its Will
 * [MQTT-3.1.2-8], gives what it holds of shared subscriptions to others, and
 * forgets it.
 */
void end_session(struct broker *b, struct session *s);

#endif
