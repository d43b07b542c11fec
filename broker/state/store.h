// SPDX-License-Identifier: Apache-2.0
/* store.h -- what survives a restart, in one SQLite file.
 *
 * Sessions, subscriptions, queued and unacknowledged messages, retained
 * messages, Wills. Writes gather in one transaction and are committed once a
 * turn, before anything is acknowledged. Clocks differ between two lives of the
 * process, so times are stored as wall-clock seconds.
 * Every function takes a NULL store and does nothing then.
 */
#ifndef BROKER_STATE_STORE_H
#define BROKER_STATE_STORE_H

#include "base/complaint.h"
#include "base/log.h"
#include "state/message.h"

struct session;
struct session_table;
struct session_limits;
struct subscription;
struct subtree;
struct delivery;
struct retain;
struct store;

/* store_open opens or creates FOLDER/mqttspec-broker.db.
 *
 * error   out: one sentence when NULL is returned
 *
 * Returns the store for store_close, or NULL.
 */
struct store *store_open(const char *folder, const struct log *log,
                         struct complaint *error);

/* store_close commits and closes; NULL is fine. */
void store_close(struct store *s);

/* store_set_time ties the broker's clock to the wall clock; once a turn.
 *
 * now_ms, wall_s   the same moment on both
 */
void store_set_time(struct store *s, uint64_t now_ms, int64_t wall_s);

/* store_load brings back everything into empty tables. Sessions that expired
 * meanwhile are left out and deleted; the others are not attached, and their
 * expiry goes on where it was. One that expired with its Will unpublished comes
 * back to be ended, and its Will published, at the next scan.
 *
 * Returns 0, or -1 after a log line.
 */
int store_load(struct store *s, struct session_table *sessions,
               struct subtree *subtree, struct retain *retain,
               const struct session_limits *limits);

/* store_commit makes the turn's writes durable; nothing happens if there were
 * none. Returns 0, or -1 after a log line (the turn's acknowledgements must
 * then not leave). After that everything is written anew as soon as that is
 * possible, and no turn before is kept.
 */
int store_commit(struct store *s);

/* The rows behind a session, each saved when it changes, with stored_id set. */
void store_save_session(struct store *s, struct session *session);
void store_delete_session(struct store *s, struct session *session);
void store_save_subscription(struct store *s, struct subscription *sub);
void store_delete_subscription(struct store *s, struct subscription *sub);
/* share   the subscription whose group got the message; NULL: ordinary */
void store_save_delivery(struct store *s, const struct session *session,
                         const struct subscription *share, struct delivery *d);
void store_delete_delivery(struct store *s, struct delivery *d);
/* store_release_delivery notes the PUBREC: the message may go, the identifier
 * stays, and the row moves behind those that were released before.
 */
void store_release_delivery(struct store *s, struct delivery *d);
void store_save_incoming(struct store *s, const struct session *session,
                         uint16_t packet_id);
void store_delete_incoming(struct store *s, const struct session *session,
                           uint16_t packet_id);

/* store_save_retained keeps a retained message in place of the topic's last;
 * store_delete_retained forgets it.
 */
void store_save_retained(struct store *s, struct message *m);
void store_delete_retained(struct store *s, struct slice topic);

#endif
