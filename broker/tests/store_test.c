// SPDX-License-Identifier: Apache-2.0
/* store_test.c -- what survives a restart, and what must not.
 *
 * A restart is a rig closed and opened on the same folder; sessions' text as in
 * rig.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store_sql.h"
#include "tests/rig.h"
#include "tests/tests.h"

#define WALL_S 1700000000

static struct rig rig;
static char folder[64];

static void start(uint64_t now_ms, int64_t wall_s)
{
    rig_open(&rig, folder);
    rig.now_ms = now_ms;
    store_set_time(rig.store, now_ms, wall_s);
    ck_assert_int_eq(store_load(rig.store, &rig.sessions, &rig.subtree,
                                &rig.retain, &rig.limits),
                     0);
}

/* The clock of the next life begins elsewhere, elapsed_s later. */
static void restart(int64_t elapsed_s)
{
    ck_assert_int_eq(store_commit(rig.store), 0);
    rig_close(&rig);
    start(77, WALL_S + elapsed_s);
}

static struct session *session_of(const char *client_id)
{
    return session_find(&rig.sessions, slice_of(client_id, strlen(client_id)));
}

static void set_up(void)
{
    strcpy(folder, "/tmp/mqttspec-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    start(1000, WALL_S);
}

static void remove_file(const char *suffix)
{
    char path[128];
    snprintf(path, sizeof path, "%s/mqttspec-broker.db%s", folder, suffix);
    unlink(path);
}

static void tear_down(void)
{
    rig_close(&rig);
    remove_file("");
    remove_file("-wal");
    remove_file("-shm");
    rmdir(folder);
}

/* Subscriptions, what waited and what was open come back: same identifiers,
 * same order, DUP on what was sent. */
START_TEST(session_comes_back)
{
    struct session *s = rig_session(&rig, "s");
    rig_subscribe(&rig, s, "t", 2, 5);
    rig_attach(&rig, s, 4);
    rig_publish(&rig, "t", "a", 1);
    rig_publish(&rig, "t", "b", 2);
    rig_publish(&rig, "t", "c", 2);
    rig_publish(&rig, "t", "d", 1);
    rig_publish(&rig, "t", "e", 1); /* waits */
    rig_ack(&rig, s, PACKET_PUBREC, 3, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBREC, 2, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBACK, 4, REASON_SUCCESS);
    session_on_publish_2(s, 9, false);
    session_on_publish_2(s, 10, false);
    session_on_pubrel(s, 10);
    restart(5);
    s = session_of("s");
    ck_assert_ptr_nonnull(s);
    rig_attach(&rig, s, 10);
    ck_assert_str_eq(rig_sent(&rig, s), "L3 L2 P1#1[5*1]d:a P1#5[5*1]d:e");
    ck_assert(!session_on_publish_2(s, 9, false));
    ck_assert(session_on_publish_2(s, 10, false));
    rig_publish(&rig, "t", "f", 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#4[5*1]:f");
}
END_TEST

/* All options of a subscription come back; a removed one does not. */
START_TEST(subscriptions_come_back)
{
    struct session *s = rig_session(&rig, "s");
    struct subscription_request request = {.filter = slice_of("a/+", 3),
                                           .qos = 1,
                                           .is_no_local = true,
                                           .is_retain_as_published = true,
                                           .retain_handling = 2};
    struct slice none = {NULL, 0};
    session_add_subscription(s, &rig.subtree, &request, none, request.filter,
                             268435455);
    rig_subscribe(&rig, s, "$share/g/b", 2, 0);
    rig_subscribe(&rig, s, "gone", 2, 0);
    request.filter = slice_of("$share/g/c", 10); /* a 3.1.1 client's */
    session_add_subscription(s, &rig.subtree, &request, none, request.filter,
                             0);
    session_remove_subscription(s, &rig.subtree, slice_of("gone", 4));
    restart(0);
    s = session_of("s");
    ck_assert_uint_eq(s->n_subscriptions, 3);
    struct subscription *sub =
        subtree_find(&rig.subtree, s, slice_of("a/+", 3));
    ck_assert_uint_eq(sub->qos, 1);
    ck_assert_uint_eq(sub->identifier, 268435455);
    ck_assert_uint_eq(sub->retain_handling, 2);
    ck_assert(sub->is_no_local && sub->is_retain_as_published);
    sub = subtree_find(&rig.subtree, s, slice_of("$share/g/b", 10));
    ck_assert_ptr_nonnull(sub->group);
    sub = subtree_find(&rig.subtree, s, slice_of("$share/g/c", 10));
    ck_assert_ptr_null(sub->group);
}
END_TEST

/* Time goes on while the broker is down: for sessions, for messages that wait
 * and for retained ones. */
START_TEST(time_goes_on)
{
    struct session *s = rig_session(&rig, "s");
    struct session *gone = rig_session(&rig, "gone");
    gone->expiry_interval_s = 10;
    rig_subscribe(&rig, s, "t", 1, 0);
    rig_attach(&rig, s, 9);
    rig_attach(&rig, gone, 9);
    rig_detach(&rig, s);
    rig_detach(&rig, gone);
    rig_publish_expiring(&rig, "t", "a", 1, 10);
    rig_publish_expiring(&rig, "t", "b", 1, 100);
    restart(20);
    ck_assert_ptr_null(session_of("gone"));
    s = session_of("s");
    ck_assert_uint_eq(s->expires_ms, 77 + 3580 * 1000);
    rig_attach(&rig, s, 9);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1{80}:b");
}
END_TEST

/* For a client that was connected the restart is the end of its connection:
 * its session's expiry and its Will Delay start there. */
START_TEST(connected_ones_start_to_expire)
{
    struct session *s = rig_session(&rig, "s");
    struct publish publish = {.qos = 1, .payload = slice_of("bye", 3)};
    rig_attach(&rig, s, 9);
    properties_set(&publish.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    publish.properties.message_expiry_interval_s = 40;
    s->will.message = message_new(slice_of("will", 4), &publish, 0);
    s->will.delay_s = 30;
    session_save(s);
    restart(500);
    s = session_of("s");
    ck_assert_uint_eq(s->expires_ms, 77 + 3600 * 1000);
    ck_assert_uint_eq(s->will.due_ms, 77 + 30 * 1000);
    ck_assert(slice_equals(s->will.message->payload, slice_of("bye", 3)));
    ck_assert_uint_eq(s->will.message->expires_ms, 40 * 1000);
    restart(600);
    ck_assert_uint_eq(session_of("s")->will.due_ms, 77);
}
END_TEST

/* Retained messages come back with their properties and their remaining time;
 * removed and expired ones do not. */
START_TEST(retained_come_back)
{
    struct publish publish = {
        .is_retained = true, .qos = 1, .payload = slice_of("x", 1)};
    struct properties *p = &publish.properties;
    properties_set(p, PROPERTY_CONTENT_TYPE);
    p->content_type = slice_of("text/plain", 10);
    p->message_expiry_interval_s = 100;
    static const char *const topics[] = {"keep", "gone", "expiring"};
    struct message *messages[3];
    for (size_t i = 0; i < 3; i++) {
        if (i == 2)
            properties_set(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        messages[i] = message_new(slice_of(topics[i], strlen(topics[i])),
                                  &publish, rig.now_ms);
        retain_set(&rig.retain, messages[i]);
        message_unref(messages[i]);
    }
    publish.payload.n = 0;
    struct message *empty = message_new(slice_of("gone", 4), &publish, 1000);
    retain_set(&rig.retain, empty);
    message_unref(empty);
    restart(60);
    ck_assert_uint_eq(rig.retain.n_messages, 2);
    struct message *m = retain_find(&rig.retain, slice_of("keep", 4));
    ck_assert(slice_equals(m->payload, slice_of("x", 1)));
    ck_assert(
        slice_equals(m->properties, slice_of("\x03\0\x0Atext/plain", 13)));
    ck_assert(!m->has_expiry);
    ck_assert_uint_eq(m->qos, 1);
    m = retain_find(&rig.retain, slice_of("expiring", 8));
    ck_assert_uint_eq(m->expires_ms, 77 + 40 * 1000);
    restart(100);
    ck_assert_uint_eq(rig.retain.n_messages, 1);
}
END_TEST

/* What was acknowledged, ended, or belonged to a session of one connection
 * leaves no row behind. */
START_TEST(nothing_is_left)
{
    struct session *s = rig_session(&rig, "s");
    struct session *other = rig_session(&rig, "other");
    struct session *brief = session_new(&rig.sessions, slice_of("brief", 5),
                                        rig.store, &rig.limits);
    rig_subscribe(&rig, s, "t", 1, 0);
    rig_subscribe(&rig, other, "t", 1, 0);
    rig_subscribe(&rig, brief, "t", 1, 0);
    rig_attach(&rig, s, 9);
    rig_attach(&rig, brief, 9);
    rig_publish(&rig, "t", "a", 1);
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    session_end(&rig.sessions, other, &rig.subtree);
    restart(0);
    ck_assert_ptr_null(session_of("other"));
    ck_assert_ptr_null(session_of("brief"));
    s = session_of("s");
    rig_attach(&rig, s, 9);
    ck_assert_str_eq(rig_sent(&rig, s), "");
    session_end(&rig.sessions, (rig_detach(&rig, s), s), &rig.subtree);
    restart(0);
    ck_assert_uint_eq(rig.sessions.table.n, 0);
    ck_assert_uint_eq(rig.subtree.subscriptions.n, 0);
}
END_TEST

/* The folder is the broker's own: a second one is refused, others cannot read,
 * and a file that is no store is not touched. */
static void retain(const char *topic, const char *payload)
{
    struct publish publish = {.is_retained = true,
                              .payload = slice_of(payload, strlen(payload))};
    struct message *m =
        message_new(slice_of(topic, strlen(topic)), &publish, rig.now_ms);
    retain_set(&rig.retain, m);
    message_unref(m);
}

/* fill_disk leaves no page more; free_disk does a second later. */
static void fill_disk(void)
{
    sqlite3_exec(rig.store->db, "PRAGMA max_page_count = 1", NULL, NULL, NULL);
}

static void free_disk(void)
{
    sqlite3_exec(rig.store->db, "PRAGMA max_page_count = 9999", NULL, NULL,
                 NULL);
    rig.now_ms += 1000;
    store_set_time(rig.store, rig.now_ms, WALL_S + 1);
}

static char large[9000]; /* takes pages of its own */

/* The disk is full in the middle of a turn: nothing of the turn is kept, not
 * even what would have found room. */
START_TEST(a_turn_is_kept_whole_or_not_at_all)
{
    memset(large, 'x', sizeof large - 1);
    retain("before", "1");
    ck_assert_int_eq(store_commit(rig.store), 0);
    fill_disk();
    retain("first", "2");
    retain("large", large);
    retain("last", "3");
    ck_assert_int_eq(store_commit(rig.store), -1);
    restart(0);
    ck_assert_uint_eq(rig.retain.n_messages, 1);
    ck_assert_ptr_nonnull(retain_find(&rig.retain, slice_of("before", 6)));
}
END_TEST

/* Once there is room again the file catches up with all that was done
 * meanwhile, so that what is acknowledged from then on is safe: no QoS 2
 * message comes twice, none is lost. */
START_TEST(file_catches_up_after_a_failure)
{
    struct session *s = rig_session(&rig, "s"), *t = rig_session(&rig, "t");
    memset(large, 'x', sizeof large - 1);
    rig_attach(&rig, s, 1);
    rig_attach(&rig, t, 9);
    rig_subscribe(&rig, s, "t", 2, 7);
    rig_subscribe(&rig, t, "$share/g/u", 1, 0);
    rig_publish(&rig, "t", "a", 2);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#1[7*1]:a");
    ck_assert_int_eq(store_commit(rig.store), 0);
    fill_disk();
    ck_assert_int_eq(rig_ack(&rig, s, PACKET_PUBREC, 1, 0), REASON_SUCCESS);
    retain("large", large);
    ck_assert_int_eq(store_commit(rig.store), -1);
    ck_assert_int_eq(rig_ack(&rig, s, PACKET_PUBCOMP, 1, 0), REASON_SUCCESS);
    ck_assert_int_eq(store_commit(rig.store), -1);
    free_disk();
    rig_publish(&rig, "t", "b", 2);
    rig_publish(&rig, "t", "c", 2);
    rig_publish(&rig, "u", "d", 1);
    ck_assert(session_on_publish_2(s, 300, false));
    restart(1);
    s = session_of("s");
    ck_assert_uint_eq(rig.retain.n_messages, 1);
    rig_attach(&rig, s, 9);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#2[7*1]d:b P2#3[7*1]:c");
    ck_assert(!session_on_publish_2(s, 300, false));
    rig_attach(&rig, session_of("t"), 9);
    ck_assert_str_eq(rig_sent(&rig, session_of("t")), "P1#1d:d");
    rig_detach(&rig, s);
    restart(2);
    ck_assert_uint_eq(session_of("s")->inflight.sent.n, 2);
    ck_assert_uint_eq(session_of("t")->n_subscriptions, 1);
}
END_TEST

START_TEST(store_is_guarded)
{
    struct complaint error;
    struct stat about;
    char path[128];
    ck_assert_ptr_null(store_open(folder, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "locked"));
    ck_assert_ptr_null(store_open("/nowhere", NULL, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere"));
    snprintf(path, sizeof path, "%s/mqttspec-broker.db", folder);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
}
END_TEST

Suite *suite_store(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, session_comes_back);
    tcase_add_test(tcase, subscriptions_come_back);
    tcase_add_test(tcase, time_goes_on);
    tcase_add_test(tcase, connected_ones_start_to_expire);
    tcase_add_test(tcase, retained_come_back);
    tcase_add_test(tcase, nothing_is_left);
    tcase_add_test(tcase, a_turn_is_kept_whole_or_not_at_all);
    tcase_add_test(tcase, file_catches_up_after_a_failure);
    tcase_add_test(tcase, store_is_guarded);
    suite_add_tcase(suite, tcase);
    return suite;
}
