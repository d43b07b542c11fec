/* SPDX-License-Identifier: Apache-2.0 */
/* t.h -- one run of one test.
 *
 * `t` owns everything a test opens: raw peers, Paho clients, child brokers,
 * packets it was handed. A test frees and closes nothing. Helpers that find
 * something wrong end the case at once with a verdict that names the line of
 * the test; nothing returns an error code to a test.
 *
 * Names. Cases run side by side against one broker, so client identifiers,
 * Topic Names, Topic Filters and Will Topics are made unique on the wire by t:
 * with the case's tag "q7f2", client "pump" is "q7f2pump", topic "status/pump"
 * is "q7f2/status/pump", filter "#" is "q7f2/#", "$share/g/a" is
 * "$share/g/q7f2/a", "$app/x" is "$app/q7f2/x"; "$SYS/..." and empty names stay
 * as they are. Expectations are translated in the same way, so a test never
 * sees the tag. The tag has 5 characters of [0-9a-z]. Octets of RAW(),
 * raw_body and raw_fields are sent as they stand. A name that must reach the
 * wire as written is EXACT "#"; in it, {} stands for the tag.
 */
#ifndef MQTTSPEC_T_H
#define MQTTSPEC_T_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"
#include "wire/wire.h"

struct t;
struct transcript;

/* A name that is not made unique: EXACT "+/{}/x". (No name of a test begins
 * with these three octets, which are no UTF-8.) */
#define EXACT "\xfd\xfe\xff"

/* A place in a test, for the report; the macros of peer.h and client.h pass it.
 */
struct where {
    const char *file;
    int line;
    const char *text; /* the argument as written */
};
#define HERE(text_) ((struct where){__FILE__, __LINE__, text_})

/* ---- what a test asks -----------------------------------------------------*/

/* t_version returns the version this case speaks. */
enum wire_version t_version(const struct t *t);
#define T_IS_5_0(t) (t_version(t) == WIRE_5_0)

/* BY_VERSION(t, a, b): a under 3.1 and 3.1.1, b under 5.0. For values that
 * differ, such as a reason: PUBACK(.reason = BY_VERSION(t, 0, 0x87)). */
#define BY_VERSION(t, before, since) (T_IS_5_0(t) ? (since) : (before))

/* t_row returns this case's row of the table of TEST_EACH. */
const void *t_row(const struct t *t);

/* t_name gives a client identifier as it stands on the wire; t_topic a Topic
 * Name or Topic Filter. Owned by t. */
const char *t_name(struct t *t, const char *client_id);
const char *t_topic(struct t *t, const char *topic);

/* t_text formats a string, t_fill makes n octets of a repeated pattern, both
 * owned by t: t_fill(t, 65535, "abc"). n may be 0. */
const char *t_text(struct t *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct wire_bytes t_fill(struct t *t, size_t n, const char *pattern);

/* ---- how a test ends ------------------------------------------------------*/

/* A requirement was broken: the case fails. Each of expected and actual is a
 * phrase; NULL expected leaves it out. Does not return. */
#define t_fail(t, expected, ...) t_fail_at(t, HERE(""), expected, __VA_ARGS__)
_Noreturn void t_fail_at(struct t *t, struct where where, const char *expected,
                         const char *actual, ...)
    __attribute__((format(printf, 4, 5)));

/* The broker broke this statement, whatever the case is about: a packet that is
 * not well-formed, say. The case fails for it alone; NULL or "" stands for the
 * statements of the case. Does not return. */
_Noreturn void t_fail_breach_at(struct t *t, struct where where,
                                const char *statement, const char *expected,
                                const char *actual, ...)
    __attribute__((format(printf, 5, 6)));

/* t_proves says which statements of the TEST head the lines below it prove, by
 * their numbers: t_proves(t, "3.1.2-8 RULE-takeover-publishes-will"). A failure
 * there breaks these alone. Numbers of other versions are passed over; where
 * none of the case's statements is meant, and after t_proves(t, ""), a failure
 * breaks all of them. A number that stands neither in the TEST head nor in a
 * row is an error of the test. */
void t_proves(struct t *t, const char *numbers);

/* A SHOULD was not kept: the case goes on and ends as a warning (a failure
 * under --strict), unless something worse follows. */
#define t_warn(t, should, ...) t_warn_at(t, HERE(""), should, __VA_ARGS__)
void t_warn_at(struct t *t, struct where where, const char *should,
               const char *actual, ...) __attribute__((format(printf, 4, 5)));

/* The case cannot be run here; reason names the missing capability or setting.
 * Does not return. */
_Noreturn void t_skip(struct t *t, const char *reason, ...)
    __attribute__((format(printf, 2, 3)));

/* What was seen allows neither conclusion. Does not return. */
_Noreturn void t_inconclusive(struct t *t, const char *seen, ...)
    __attribute__((format(printf, 2, 3)));

/* t_heed_quota ends the case as inconclusive where the broker says by this
 * reason that a limit of its own is reached: Quota exceeded, to which 5.0 sets
 * no bounds. packet names what said so. */
void t_heed_quota(struct t *t, const char *packet, int reason);

/* The harness or its environment is at fault, not the broker. No return. */
_Noreturn void t_error(struct t *t, const char *what, ...)
    __attribute__((format(printf, 2, 3)));

/* t_check fails the case with these words unless what it asks is true. */
#define t_check(t, is_true, expected, ...)                                     \
    ((is_true) ? (void)0 : t_fail_at(t, HERE(#is_true), expected, __VA_ARGS__))

/* t_skip_unless: a capability found out in the middle of a test. */
#define t_skip_unless(t, is_true, ...)                                         \
    ((is_true) ? (void)0 : t_skip(t, __VA_ARGS__))

/* ---- time and the broker --------------------------------------------------*/

/* t_let_pass waits where the standard itself counts seconds: an expiry, a
 * delay. `why` names what is counted. Never to wait for an event. */
void t_let_pass(struct t *t, int ms, const char *why);

/* t_elapsed_ms returns the time since the case began. */
int64_t t_elapsed_ms(const struct t *t);

/* t_broker_restart stops the case's own broker (.own_broker, .needs =
 * "restart") and starts it again with the same settings and the same data; its
 * address may differ, peers opened later find it. t_broker_kill is the same
 * with SIGKILL in place of a clean stop. */
void t_broker_restart(struct t *t);
void t_broker_kill(struct t *t);

/* t_broker_refuses starts a further broker with these settings and demands that
 * it ends by itself with a failure, and that what it says holds this text (the
 * name of the setting): t_broker_refuses(t, "receiveMaximum=0",
 * "receiveMaximum"). Skips the case where the target cannot be given them. */
#define t_broker_refuses(t, settings, text)                                    \
    t_broker_refuses_at(t, HERE(#settings), settings, text)
void t_broker_refuses_at(struct t *t, struct where where, const char *settings,
                         const char *text);
/* t_broker_takes demands that a further broker starts with these settings. */
#define t_broker_takes(t, settings)                                            \
    t_broker_takes_at(t, HERE(#settings), settings)
void t_broker_takes_at(struct t *t, struct where where, const char *settings);

/* t_broker_wrote waits until the log of the case's own broker holds this text;
 * t_broker_did_not_write demands that it does not hold it now. */
#define t_broker_wrote(t, text) t_broker_wrote_at(t, HERE(#text), text)
#define t_broker_did_not_write(t, text)                                        \
    t_broker_did_not_write_at(t, HERE(#text), text)
void t_broker_wrote_at(struct t *t, struct where where, const char *text);
void t_broker_did_not_write_at(struct t *t, struct where where,
                               const char *text);

/* t_broker_memory_kib and t_broker_descriptors: what the broker's process holds
 * now (.own_broker). Skip the case where that cannot be told. */
long t_broker_memory_kib(struct t *t);
long t_broker_descriptors(struct t *t);

/* t_user gives one of the test users that `users=on` knows (target.h). */
struct t_user {
    const char *name, *password;
};
/* The user who may do everything, and the one whom the ACL binds. */
struct t_user t_user(struct t *t);
struct t_user t_user_bound(struct t *t);

/* t_has tells whether the target has a capability (target.h, `needs`). */
bool t_has(const struct t *t, const char *capability);

/* ---- for peer/, client/ and the runner
 * -------------------------------------*/

struct endpoint;
struct tap;

/* t_own hands an object to t; on_close is called once when the case ends, in
 * reverse order. t_alloc gives zeroed memory owned by t. */
void t_own(struct t *t, void *object, void (*on_close)(void *object));
void *t_alloc(struct t *t, size_t size);

/* t_deadline_ms: how long an event may take before the case fails; generous,
 * because the machine may be busy. */
int t_deadline_ms(const struct t *t);

/* t_endpoint: where the broker of this case listens for its transport. */
const struct endpoint *t_endpoint(const struct t *t);
/* t_transcript: what crosses the wire in this case. */
struct transcript *t_transcript(const struct t *t);
/* t_fault: the fault that the tap injects in this run, or NULL. */
const struct fault *t_fault(const struct t *t);
/* t_segment: octets per TCP segment of raw speakers; 0 whole. */
size_t t_segment(const struct t *t);
/* t_uses notes which driver a case used. */
enum driver { DRIVER_WIRE = 1, DRIVER_PAHO = 2 };
void t_uses(struct t *t, enum driver driver);
/* t_ended notes how the case's connection ended, for the report. */
void t_ended(struct t *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* t_clients is a place where client/ keeps its list; NULL at first. */
void **t_clients(struct t *t);

/* t_unique translates the names of a packet; returns a copy owned by t. */
const struct wire_packet *t_unique(struct t *t,
                                   const struct wire_packet *packet);
struct wire_bytes t_unique_topic(struct t *t, struct wire_bytes topic);
struct wire_bytes t_unique_client_id(struct t *t, struct wire_bytes id);

#endif
