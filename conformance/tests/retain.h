/* SPDX-License-Identifier: Apache-2.0 */
/* retain.h -- a retained message, stored before a test goes on.
 *
 * A server may acknowledge a message before it has gone to its subscribers. Who
 * subscribes right then gets it twice: live, and as the stored one. So a
 * witness has to see the live copy first. Spec: 5.0 s3.3.1.3; 3.1.1 s3.3.1.3.
 */
#ifndef MQTTSPEC_TESTS_RETAIN_H
#define MQTTSPEC_TESTS_RETAIN_H

#include "client/client.h"
#include "peer/peer.h"

/* retain_message publishes a message and returns when a witness has got it.
 *
 * writer    who publishes
 * message   with .retain = 1; its payload differs from the one stored before
 */
#define retain_message(t, writer, message)                                     \
    retain_message_at(t, HERE(#message), writer, message)
static inline void retain_message_at(struct t *t, struct where where,
                                     struct client *writer,
                                     const struct message *message)
{
    const struct wire_packet *packet;
    struct peer *witness = peer_hello_at(t, where, "witness");
    peer_subscribe_at(witness, where, message->topic, 0);
    client_publish_at(writer, where, message);
    where.text = "the message goes to its subscriber";
    do {
        packet = peer_receive_at(witness, where);
    } while (!wire_same(packet->payload, message->payload));
    peer_disconnect_at(witness, where);
}

#endif
