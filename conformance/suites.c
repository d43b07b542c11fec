/* SPDX-License-Identifier: Apache-2.0 */
/* suites.c -- the list of suites, in the order of the standard. */
#include "suite.h"

/* One line per file of tests. */
#define SUITES(X)                                                              \
    X(data)                                                                    \
    X(header)                                                                  \
    X(packet_id)                                                               \
    X(connect)                                                                 \
    X(connect_protocol)                                                        \
    X(connect_flags)                                                           \
    X(session)                                                                 \
    X(session_state)                                                           \
    X(connect_will)                                                            \
    X(will_state)                                                              \
    X(keep_alive)                                                              \
    X(connect_properties)                                                      \
    X(connect_payload)                                                         \
    X(credentials)                                                             \
    X(will_properties)                                                         \
    X(connect_response)                                                        \
    X(level_3)                                                                 \
    X(connack)                                                                 \
    X(connack_limits)                                                          \
    X(publish_flags)                                                           \
    X(retain)                                                                  \
    X(publish_topic)                                                           \
    X(publish_properties)                                                      \
    X(publish_actions)                                                         \
    X(acknowledgements)                                                        \
    X(subscribe)                                                               \
    X(suback)                                                                  \
    X(unsubscribe)                                                             \
    X(ping)                                                                    \
    X(disconnect)                                                              \
    X(auth)                                                                    \
    X(qos)                                                                     \
    X(delivery)                                                                \
    X(topics)                                                                  \
    X(shared)                                                                  \
    X(flow)                                                                    \
    X(authentication)                                                          \
    X(websocket)                                                               \
    X(websocket_rfc)                                                           \
    X(artemis_config)                                                          \
    X(artemis_limits)                                                          \
    X(artemis_takeover)                                                        \
    X(artemis_keep_alive)                                                      \
    X(artemis_expiry)                                                          \
    X(artemis_wildcards)                                                       \
    X(artemis_trace)                                                           \
    X(artemis_restart)                                                         \
    X(artemis_restart_state)                                                   \
    X(state_wills)                                                             \
    X(state_sessions)                                                          \
    X(errors)                                                                  \
    X(artemis_authorization)                                                   \
    X(robustness_header)                                                       \
    X(robustness_truncated)                                                    \
    X(robustness_properties)                                                   \
    X(robustness_strings)                                                      \
    X(robustness_connect)                                                      \
    X(robustness_fields)                                                       \
    X(robustness_bounds)                                                       \
    X(robustness_websocket)                                                    \
    X(state_retain)                                                            \
    X(state_publish)                                                           \
    X(state_takeover)                                                          \
    X(state_subscribe)                                                         \
    X(state_shared)                                                            \
    X(state_leaving)                                                           \
    X(state_many)

#define DECLARE(name) extern const struct suite suite_##name;
SUITES(DECLARE)

#define ENTRY(name) &suite_##name,
const struct suite *const suites[] = {SUITES(ENTRY) NULL};
