// SPDX-License-Identifier: Apache-2.0
/* auto_delete.h -- cleaning up after clients that never come back. */
#ifndef BROKER_AUTO_DELETE_H
#define BROKER_AUTO_DELETE_H

#include "broker.h"

/* auto_delete_scan looks, once every address-queue-scan-period, for
 * subscriptions without a connection whose address settings ask for
 * auto-delete-created-queues: after auto-delete-queues-delay, and when not more
 * than auto-delete-queues-message-count messages wait, their messages are
 * dropped and no more are gathered. The session itself lives on until it
 * expires; when its client returns, the subscription works again.
 * Manual: Automatic Subscription Clean-up.
 */
void auto_delete_scan(struct broker *b);

#endif
