// SPDX-License-Identifier: Apache-2.0
/* rig.h -- sessions, a router and a store without sockets, for tests.
 *
 * Connections are memory; what was sent on one is read back as a short text:
 * a letter and details for each packet, with a blank between them:
 *
 *     P0:x       PUBLISH, QoS 0, payload "x"
 *     P1#7:x     QoS 1, Packet Identifier 7; d or r before ":" for DUP, RETAIN
 *     P1#7[5*2]  with 2 Subscription Identifiers, the first is 5
 *     P0{9}:x    with a Message Expiry Interval of 9 s
 *     P0@1:x     with Topic Alias 1 (and "/" when the topic is there, too)
 *     L7 L7!92   PUBREL, with its Reason Code if that is not 0
 */
#ifndef BROKER_TESTS_RIG_H
#define BROKER_TESTS_RIG_H

#include "state/retain.h"
#include "state/router.h"
#include "state/session.h"
#include "state/store.h"
#include "state/subtree.h"

struct rig {
    struct session_table sessions;
    struct subtree subtree;
    struct retain retain;
    struct router router;
    struct session_limits limits;
    struct store *store;
    uint64_t now_ms;
    char text[4096]; /* of rig_sent */
};

/* rig_open starts with a clock at 1000 ms. folder NULL: no store. */
void rig_open(struct rig *rig, const char *folder);

/* rig_close ends it; connections still attached are freed. */
void rig_close(struct rig *rig);

/* rig_session makes a session that outlives its connections by 3600 s. */
struct session *rig_session(struct rig *rig, const char *client_id);

/* rig_subscribe subscribes to a filter, "$share/" included; id 0: none. */
void rig_subscribe(struct rig *rig, struct session *s, const char *filter,
                   uint8_t qos, uint32_t id);

/* rig_attach connects with MQTT 5.0 and a Receive Maximum. */
void rig_attach(struct rig *rig, struct session *s, uint16_t receive_maximum);

/* rig_attach_link connects with a link of one's own; conn is added. */
void rig_attach_link(struct rig *rig, struct session *s, struct link link);

/* rig_detach loses the connection. */
void rig_detach(struct rig *rig, struct session *s);

/* rig_publish routes a message from nobody. Returns the matches. */
size_t rig_publish(struct rig *rig, const char *topic, const char *payload,
                   uint8_t qos);

/* rig_publish_expiring is the same with a Message Expiry Interval. */
size_t rig_publish_expiring(struct rig *rig, const char *topic,
                            const char *payload, uint8_t qos,
                            uint32_t expiry_s);

/* rig_ack hands an acknowledgement in. */
enum reason rig_ack(struct rig *rig, struct session *s, enum packet_type type,
                    uint16_t packet_id, enum reason reason);

/* rig_sent tells what was sent to a session since the last call; the text is
 * in the rig.
 */
const char *rig_sent(struct rig *rig, struct session *s);

#endif
