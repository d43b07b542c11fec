// SPDX-License-Identifier: Apache-2.0
/* on_publish.h -- PUBLISH and its acknowledgements.
 *
 * Handlers have one shape: they get the packet, answer it, and return
 * REASON_SUCCESS or the reason for which dispatch ends the connection.
 */
#ifndef BROKER_ON_PUBLISH_H
#define BROKER_ON_PUBLISH_H

#include "broker.h"

/* on_publish handles PUBLISH. Spec: 5.0 s3.3.4; 3.1.1 s3.3.5. */
enum reason on_publish(struct broker *b, struct client *c,
                       struct packet *packet);

/* on_ack handles PUBACK, PUBREC and PUBCOMP. Spec: 5.0 s4.3. */
enum reason on_ack(struct broker *b, struct client *c, struct packet *packet);

/* on_pubrel handles PUBREL. Spec: 5.0 s3.6, s4.3.3. */
enum reason on_pubrel(struct broker *b, struct client *c,
                      struct packet *packet);
#endif
