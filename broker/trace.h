// SPDX-License-Identifier: Apache-2.0
/* trace.h -- one line for each packet, in and out.
 *
 * Payloads are shown as UTF-8 up to 256 characters; user names, passwords and
 * Will payloads never. Manual: Debug Logging.
 */
#ifndef BROKER_TRACE_H
#define BROKER_TRACE_H

#include "broker.h"

/* trace_packet writes the line of a packet, whatever the log level.
 *
 * client_id   of the session; empty: not known yet
 * direction   "IN <<" or "OUT >>"
 * version     of the connection
 */
void trace_packet(const struct log *log, struct slice client_id,
                  const char *direction, enum mqtt_version version,
                  const struct packet *packet);

/* client_trace does so for a client, if the log wants traces. */
static inline void client_trace(const struct broker *b, const struct client *c,
                                const char *direction,
                                const struct packet *packet)
{
    if (!log_is_on(b->log, LOG_TRACE))
        return;
    const struct session *s = c->session;
    trace_packet(b->log, s ? session_client_id(s) : slice_of("", 0), direction,
                 c->version, packet);
}

#endif
