/* SPDX-License-Identifier: Apache-2.0 */
/* restart.h -- brokers that are stopped, or killed, and started again.
 *
 * A clean stop must lose nothing. After a kill, what was acknowledged counts:
 * that much is promised by brokers that are durable.
 * Spec: the Artemis MQTT manual, "MQTT Quality of Service"; 5.0 s4.1, 3.1.1
 * s4.1.
 */
#ifndef MQTTSPEC_TESTS_RESTART_H
#define MQTTSPEC_TESTS_RESTART_H

#include "peer/peer.h"
#include "suite.h"

#define ALL .versions = "3.1 3.1.1 5.0"
#define RESTARTED(needs_)                                                      \
    .settings = "persistence=on", .own_broker = true,                          \
    .needs = "restart persistence" needs_
#define STOPPED RESTARTED("")
#define KILLED RESTARTED(" durable")
#define STOPPED_WITH_QOS_2 RESTARTED(" qos2")
#define KILLED_WITH_QOS_2 RESTARTED(" durable qos2")

#define LASTING(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(600))

enum how { STOP, KILL };

/* again starts the case's broker anew, after a clean stop or a kill. */
static inline void again(struct t *t, enum how how)
{
    how == KILL ? t_broker_kill(t) : t_broker_restart(t);
}

#endif
