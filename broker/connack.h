// SPDX-License-Identifier: Apache-2.0
/* connack.h -- CONNACK: what is agreed with a client that was let in. */
#ifndef BROKER_CONNACK_H
#define BROKER_CONNACK_H

#include "broker.h"

/* What CONNACK has to tell beside the limits of the acceptor. */
struct agreement {
    const struct connect *connect; /* what the client asked for */
    bool is_session_present;
    bool is_client_id_assigned;
    bool is_expiry_substituted; /* the session's interval is ours */
};

/* connack_accept sends the CONNACK that says yes, and notes in the client what
 * was agreed. Its session is bound.
 *
 * Returns false when even the shortest CONNACK is larger than the client
 * accepts; nothing was sent then.
 */
bool connack_accept(struct broker *b, struct client *c,
                    const struct agreement *a);

#endif
