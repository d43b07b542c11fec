// SPDX-License-Identifier: Apache-2.0
/* address.h -- address settings, applied to messages. */
#ifndef BROKER_ADDRESS_H
#define BROKER_ADDRESS_H

#include "config.h"
#include "state/message.h"

/* address_set_expiry applies the address setting of a message's topic to a new
 * message, before it is published: no-expiry before expiry-delay before the
 * limits of what the publisher asked for. Manual: Message Expiry.
 */
void address_set_expiry(const struct config *config, struct message *m,
                        uint64_t now_ms);

/* address_to_retain gives the message to keep for a retained one. It is m
 * itself, or a copy that expires sooner or later than m, when there is a
 * setting for "$sys.mqtt.retain.<topic>". Manual: Retain Messages.
 *
 * Returns a reference, for message_unref.
 */
struct message *address_to_retain(const struct config *config,
                                  struct message *m, uint64_t now_ms);

#endif
