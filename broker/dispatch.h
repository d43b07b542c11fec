// SPDX-License-Identifier: Apache-2.0
/* dispatch.h -- one table: packet type, the states it is legal in, its handler.
 *
 * A packet in the wrong state is a Protocol Error here and nowhere else; what a
 * handler returns is acted on here and nowhere else.
 */
#ifndef BROKER_DISPATCH_H
#define BROKER_DISPATCH_H

#include "broker.h"

/* dispatch_octets cuts, decodes and handles one packet.
 *
 * octets   what has arrived
 *
 * Returns how many octets the packet took; 0: more must arrive, or the client
 * was closed (conn->state is then CONN_CLOSING).
 */
size_t dispatch_octets(struct broker *b, struct client *c, struct slice octets);

#endif
