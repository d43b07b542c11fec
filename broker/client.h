// SPDX-License-Identifier: Apache-2.0
/* client.h -- sending to a client what it is ready to take. */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include "broker.h"

/* client_send sends a packet to a client, after dropping Reason String and User
 * Properties that it does not want or that would make the packet too large.
 * Spec: 5.0 s3.1.2.11.7 [MQTT-3.1.2-29], [MQTT-3.2.2-19], [MQTT-3.4.2-2].
 */
void client_send(struct broker *b, struct client *c, struct packet *packet);

#endif
