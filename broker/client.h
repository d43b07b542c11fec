// SPDX-License-Identifier: Apache-2.0
/* client.h -- sending to a client what it is ready to take. */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include "broker.h"

/* client_blame notes in words what is wrong, for the Reason String of the
 * packet that will say so, and for the log. It counts until the packet that is
 * being handled is done with.
 *
 * why   a phrase that tells the client's author what to mend and a stranger
 *       nothing; static. "": better nothing at all
 *
 * Returns reason, so that a check can end with it.
 */
enum reason client_blame(struct client *c, enum reason reason, const char *why);

/* client_check_message looks at what a PUBLISH or a Will asks of the broker.
 * Spec: 5.0 [MQTT-3.2.2-11..14], [MQTT-3.3.2-14].
 */
enum reason client_check_message(struct client *c, uint8_t qos,
                                 bool is_retained, const struct properties *p);

/* client_send sends a packet to a client. One with a Reason Code of 0x80 or
 * more gets a Reason String; this and User Properties are left out again where
 * the client does not want them or where the packet would become too large.
 * Spec: 5.0 s3.1.2.11.7 [MQTT-3.1.2-29], [MQTT-3.2.2-19], [MQTT-3.4.2-2],
 * [MQTT-3.9.2-1], [MQTT-3.14.2-3].
 */
void client_send(struct broker *b, struct client *c, struct packet *packet);

#endif
