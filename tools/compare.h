/* SPDX-License-Identifier: Apache-2.0 */
/* compare.h -- a captured packet of the server beside a live one.
 *
 * Identifiers that the server chooses may differ, as long as they map one to
 * one; texts for people and the server's own limits may differ freely; all else
 * must be equal. Spec: 5.0 s3.2, s3.3.2, s3.4.2 ff.
 */
#ifndef TOOLS_COMPARE_H
#define TOOLS_COMPARE_H

#include "message.h"

enum compared {
    COMPARED_EQUAL,
    COMPARED_MAPPED,   /* but for what the server chooses */
    COMPARED_DIFFERENT /* see why */
};

/* compare_messages compares all that a replay promises to be equal.
 *
 * captured, live   of the same type, from the server
 * id               the live Packet Identifier that the captured one maps to;
 *                  0: any (a PUBLISH chooses it)
 * why, cap         out: the first difference: "QoS: captured 1, live 0"
 */
enum compared compare_messages(const struct message *captured,
                               const struct message *live, uint16_t id,
                               char *why, size_t cap);

/* compare_is_delivery tells whether a live PUBLISH is exactly the captured one:
 * topic, payload, QoS, RETAIN and the forwarded properties. Quick. */
bool compare_is_delivery(const struct message *captured,
                         const struct message *live);

#endif
