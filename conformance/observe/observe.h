/* SPDX-License-Identifier: Apache-2.0 */
/* observe.h -- the passive observer: who breaks which statement on a wire.
 *
 * It is fed both directions of a connection in the order in which they were
 * seen, reads them with the strict reader and follows the connection: packets
 * and their order, Packet Identifiers in use, the hand-shakes of QoS 1 and 2,
 * aliases, quotas, sizes, subscriptions. Where the standard leaves a choice or
 * the wire does not tell, it is silent: a finding is a breach for certain.
 * Connections that share a world also share sessions, subscriptions and what is
 * known of retained messages. Expected size: thousands of packets a connection,
 * hundreds of connections a world. Spec: 5.0 and 3.1.1, all but transports.
 */
#ifndef MQTTSPEC_OBSERVE_OBSERVE_H
#define MQTTSPEC_OBSERVE_OBSERVE_H

#include "wire/wire.h"

/* Something that one side did against the standard. */
struct observe_finding {
    enum wire_side who; /* the side that broke the rule */
    bool is_should;     /* a SHOULD: warning; else a MUST: violation */
    /* "5.0/MQTT-3.3.1-2"; "" if the rule has no id, then `rule` has its
     * section, "5.0 s2.2.2.2". Both static. */
    const char *statement;
    const char *rule;
    size_t packet_no;     /* of this connection, both directions, from 1 */
    uint64_t frame_no;    /* as given with the octets that ended the packet */
    int64_t time_ns;      /* likewise */
    const char *sentence; /* borrowed, dies with the callback */
    const struct observe *connection;
};

typedef void observe_on_finding(void *user,
                                const struct observe_finding *finding);
/* A packet as it was completed, before it is judged. from is its sender; fault
 * is NULL if the reader found nothing wrong with it. */
typedef void observe_on_packet(void *user, enum wire_side from,
                               const struct wire_packet *packet,
                               const struct wire_fault *fault, size_t packet_no,
                               uint64_t frame_no, int64_t time_ns);

/* ---- a world ------------------------------------------------------------- */

/* observe_world_new makes the memory that connections to one broker share.
 *
 * is_whole  all that happens to the Client Identifiers and topics that are seen
 *           here is seen here, from the first connection on, in the order of
 *           time: as when a test makes up its own names and watches all its
 *           connections. Then sessions and messages are followed from
 *           connection to connection. Else (a capture, a tap) each connection
 *           is judged by itself.
 *
 * Returns a world for observe_world_free, after all its connections.
 */
struct observe_world *observe_world_new(bool is_whole);
/* observe_world_forget says that the server was restarted, or its state was
 * touched by other means: from then on each connection is judged by itself. */
void observe_world_forget(struct observe_world *world);
void observe_world_free(struct observe_world *world); /* takes NULL */

/* ---- a connection -------------------------------------------------------- */

/* observe_new begins to watch a connection.
 *
 * world       what it shares with others, or NULL
 * on_finding  called for each breach; on_packet for each packet, may be NULL
 * user        passed to both
 *
 * Returns an observer for observe_free. Its version is known from CONNECT; if
 * the first packet is none, see observe_begin_midstream.
 */
struct observe *observe_new(struct observe_world *world,
                            observe_on_finding *on_finding,
                            observe_on_packet *on_packet, void *user);
void observe_free(struct observe *observe); /* takes NULL */

/* observe_begin_midstream says that the beginning was not seen.
 *
 * version  if it is known from elsewhere; else WIRE_UNKNOWN, and only headers
 *          are read. Call before any octets. CONNECT is then not demanded, and
 *          nothing is said of identifiers that were in use before.
 */
void observe_begin_midstream(struct observe *observe,
                             enum wire_version version);

/* observe_octets feeds octets of one direction, in the order of the wire.
 *
 * from      the side that sent them
 * octets, n any cut: single octets, several packets; borrowed
 * time_ns   when they were seen, nanoseconds from any epoch; 0 if not known
 *           (then nothing is said about keep alive)
 * frame_no  number of the frame they were in, for the findings; 0 if none
 *
 * An octet of the server can have been sent before one of the client that is
 * fed earlier was received: the observer allows for that.
 */
void observe_octets(struct observe *observe, enum wire_side from,
                    const void *octets, size_t n, int64_t time_ns,
                    uint64_t frame_no);

enum observe_how { OBSERVE_FIN, OBSERVE_RST };

/* observe_close says that a side closed its direction, or cut both (RST).
 * After the close of either side no server duty is judged as missing. */
void observe_close(struct observe *observe, enum wire_side by,
                   enum observe_how how, int64_t time_ns, uint64_t frame_no);

/* observe_quiet says that the server had all the time it needs: whatever the
 * client sent so far was answered if it ever will be (a fence came back, or a
 * deadline passed while the connection was still open). What is then still
 * owed (CONNACK, PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, PINGRESP) is found.
 * Not called: unanswered requests are never found. */
void observe_quiet(struct observe *observe, int64_t time_ns, uint64_t frame_no);

/* observe_tick lets time pass: a server that keeps a silent client well beyond
 * one and a half times the Keep Alive is found. */
void observe_tick(struct observe *observe, int64_t now_ns);

/* ---- asking -------------------------------------------------------------- */

/* observe_version gives the version in use; WIRE_UNKNOWN before CONNECT. */
enum wire_version observe_version(const struct observe *observe);
/* observe_client_id gives the Client Identifier (an assigned one too) as a
 * slice that lives as long as the observer; unset before CONNECT. */
struct wire_bytes observe_client_id(const struct observe *observe);
/* observe_n_packets gives the number of packets that side has completed. */
size_t observe_n_packets(const struct observe *observe, enum wire_side from);
/* observe_n_findings counts breaches of a MUST by that side so far. */
size_t observe_n_findings(const struct observe *observe, enum wire_side who);

#endif
