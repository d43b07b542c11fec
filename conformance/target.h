/* SPDX-License-Identifier: Apache-2.0 */
/* target.h -- the broker under test.
 *
 * A target is a descriptor (conformance/targets/NAME.ini, or an INI file of the
 * user's) or a URL. From a descriptor the harness starts instances: child
 * processes with settings, on ports the kernel chose. A URL is one instance
 * that somebody else runs. One target, up to some tens of instances.
 *
 * Settings are "name=value;name=value". Names are the acceptor parameters of
 * the Artemis MQTT manual (receiveMaximum, topicAliasMaximum,
 * maximumPacketSize, serverKeepAlive, allowLinkStealing,
 * defaultMqttSessionExpiryInterval,
 * closeMqttConnectionOnPublishAuthorizationFailure ...), and:
 *   users=on   only the test users may connect: "tester" and "bound"
 *   authenticationMethod=SCRAM-SHA-256   with users=on: enhanced authentication
 *   acl=on     with users=on: "bound" may neither publish nor subscribe to
 *              topics with a second level "denied" ("denied/x" in a test)
 *   refusedClientIds=x
 *              Client Identifiers that begin with "x" are refused
 *   mappedClientId=x>y
 *              the Client Identifier "x" is taken for "y"
 *   trace=true a line in the log for each packet
 *   delimiter, single-word, any-words
 *              the broker's own wildcard syntax
 *   expiry-delay=ms, auto-delete-queues-delay=ms
 *              of the address setting that matches every address
 * The descriptor's [settings] translates them; what is not there cannot be
 * given to that target.
 *
 * Capabilities: mqtt3.1 mqtt3.1.1 mqtt5.0 tcp tls ws wss qos1 qos2 retain
 * wildcards shared subscription_identifiers topic_alias empty_client_id
 * restart process (it can be looked at) persistence durable (what was
 * acknowledged survives a kill) acceptor_parameters (the settings mean just
 * what the Artemis manual says, limits included); probed where a packet can
 * tell (target_probe.c), else declared by the descriptor's `lacks`.
 */
#ifndef MQTTSPEC_TARGET_H
#define MQTTSPEC_TARGET_H

#include "link/link.h"

struct target;
struct instance;

/* target_new finds a target.
 *
 * name       NULL (the reference broker), the name of an embedded descriptor,
 *            the path of an INI file, or a URL: mqtt:// mqtts:// ws:// wss://;
 *            several URLs of one kind, joined by commas, are the nodes of a
 *            cluster: the connections of each case go to them in turn
 * error, n   out: one line when NULL is returned
 *
 * Returns a target for target_free, which stops all its instances.
 */
struct target *target_new(const char *name, char *error, size_t n);
void target_free(struct target *target); /* takes NULL */

/* target_transport_of tells over what a target can be reached at all.
 *
 * name   as for target_new
 *
 * Returns the transport of its URL, also of one in an INI file; -1 when it is
 * no URL, or cannot be read.
 */
int target_transport_of(const char *name);

const char *target_name(const struct target *target);
const char *target_url(const struct target *target); /* "" if started by us */
const char *target_version_text(const struct target *target);
/* target_is_ours: the harness starts and stops it. */
bool target_is_ours(const struct target *target);

/* target_lacks tells why a case cannot run: settings that cannot be given, a
 * capability that is missing, a transport, a version ("3.1.1"). Any may be
 * NULL. Returns NULL if nothing is missing, else a line in out. */
const char *target_lacks(const struct target *target, const char *settings,
                         const char *needs, const char *transport,
                         const char *version, char *out, size_t n);
bool target_has(const struct target *target, const char *capability);

/* target_start starts a broker with these settings ("" for none).
 *
 * error, n   out: one line, with the last line of what the broker said
 *
 * Returns an instance of the target, or NULL. For a URL: the broker itself.
 */
struct instance *target_start(struct target *target, const char *settings,
                              char *error, size_t n);
/* target_start_seconds: how long a broker of this target may take to start. */
int target_start_seconds(const struct target *target);
/* target_jobs: how many cases side by side a broker of this target stands
 * without falling behind; 0: as many as the machine. */
int target_jobs(const struct target *target);
/* target_wait waits until an instance that was started listens. 0 or -1. */
int target_wait(struct target *target, struct instance *instance, char *error,
                size_t n);
/* target_try starts a broker with these settings and looks what becomes of it:
 * it listens, ends by itself (with a failure or without), or does neither.
 * said gets the end of what it wrote. The broker is gone afterwards. */
enum trial { TRIAL_LISTENS, TRIAL_FAILED, TRIAL_ENDED_WELL, TRIAL_SILENT };
enum trial target_try(struct target *target, const char *settings, char *said,
                      size_t n);
/* target_probe connects once per version, asks for what a CONNACK or a SUBACK
 * shows, and so learns what the broker can do.
 *
 * patience_ms   for a connection, and for an answer; what is not answered
 * counts as missing, and is told as that. TARGET_PROBE_MS is enough for a
 * broker that has just started on a busy machine.
 *
 * Returns -1 with one line when no connection could be made at all.
 */
enum { TARGET_PROBE_MS = 20000 };
int target_probe(struct target *target, struct instance *instance,
                 int patience_ms, char *error, size_t n);

/* target_told gives what the probe found, one thing a line: "qos2: yes". */
const char *target_told(const struct target *target);

/* instance_endpoint: where it listens for a transport; port 0 if it does not.
 * Each call gives the next node of a cluster. */
const struct endpoint *instance_endpoint(struct instance *instance,
                                         enum transport transport);
/* instance_stop ends it (SIGTERM, then SIGKILL), or at once with kill;
 * instance_start_again starts it with the same settings and data. */
void instance_stop(struct instance *instance, bool kill);
int instance_start_again(struct instance *instance, char *error, size_t n);
/* instance_wrote: what it has written so far holds this text. */
bool instance_wrote(const struct instance *instance, const char *text);
/* instance_pid gives the process of an instance; 0: not ours, or stopped. */
long instance_pid(const struct instance *instance);
/* instance_is_running: false when our child has ended by itself. */
bool instance_is_running(const struct instance *instance);
/* instance_memory_kib and instance_descriptors: what its process holds, read
 * from /proc; -1 where the process is not ours, or only a script around it. */
long instance_memory_kib(const struct instance *instance);
long instance_descriptors(const struct instance *instance);

/* The test users. */
#define TARGET_USER "tester"
#define TARGET_PASSWORD "tester-secret"
#define TARGET_USER_BOUND "bound"
#define TARGET_PASSWORD_BOUND "bound-secret"
/* target_needs_user: credentials were given with the URL or descriptor. */
bool target_needs_user(const struct target *target);
const char *target_user(const struct target *target, bool is_bound);
const char *target_password(const struct target *target, bool is_bound);

#endif
