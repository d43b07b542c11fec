// SPDX-License-Identifier: Apache-2.0
/* address_test.c -- address settings: expiry, and abandoned queues.
 */
#include "address.h"
#include "broker.h"

#include <string.h>

#include "tests/tests.h"

static struct config config;
static struct broker broker;
static struct address_setting settings[2];

static struct slice text(const char *s)
{
    return slice_of(s, strlen(s));
}

/* What the configuration leaves in a row that says nothing. */
static struct address_setting silent(char *filter)
{
    return (struct address_setting){.filter = filter,
                                    .expiry_delay_ms = -1,
                                    .min_expiry_delay_ms = -1,
                                    .max_expiry_delay_ms = -1};
}

/* Starts a broker with the settings as they are then. */
static void start(size_t n_settings)
{
    config.address_settings = settings;
    config.n_address_settings = n_settings;
    ck_assert_int_eq(
        broker_init(&broker, &config, NULL, NULL, NULL, 1000, 1700000000), 0);
}

static void set_up(void)
{
    config_init(&config);
    config.address_queue_scan_period_ms = 500;
    config.sys_interval_s = 0;
}

static void tear_down(void)
{
    broker_clear(&broker);
    config.address_settings = NULL;
    config.n_address_settings = 0;
    config_clear(&config);
}

static void turn(uint64_t now_ms)
{
    broker_begin_turn(&broker, now_ms, 1700000000 + (int64_t)now_ms / 1000);
    broker_end_turn(&broker);
}

static struct message *new_message(const char *topic, uint32_t expiry_s)
{
    struct publish publish = {
        .qos = 1, .is_retained = true, .payload = text("x")};
    if (expiry_s > 0)
        properties_set(&publish.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    publish.properties.message_expiry_interval_s = expiry_s;
    return message_new(text(topic), &publish, broker.now_ms);
}

/* When a message expires: in ms from now; 0: never. */
static uint64_t expiry_of(const char *topic, uint32_t expiry_s)
{
    struct message *m = new_message(topic, expiry_s);
    address_set_expiry(broker.config, m, broker.now_ms);
    uint64_t left_ms = m->has_expiry ? m->expires_ms - broker.now_ms : 0;
    message_unref(m);
    return left_ms;
}

/* expiry-delay is for messages that ask for nothing, the limits for those that
 * do; other topics are left alone. */
START_TEST(expiry_delay_and_limits)
{
    settings[0] = silent("a/#");
    settings[0].expiry_delay_ms = 1500;
    settings[0].min_expiry_delay_ms = 2000;
    settings[0].max_expiry_delay_ms = 9000;
    start(1);
    ck_assert_uint_eq(expiry_of("a/b", 0), 1500);
    ck_assert_uint_eq(expiry_of("a/b", 1), 2000);
    ck_assert_uint_eq(expiry_of("a/b", 5), 5000);
    ck_assert_uint_eq(expiry_of("a/b", 10), 9000);
    ck_assert_uint_eq(expiry_of("b", 0), 0);
    ck_assert_uint_eq(expiry_of("b", 10), 10000);
}
END_TEST

/* no-expiry goes before all else. */
START_TEST(no_expiry_goes_first)
{
    settings[0] = silent("a");
    settings[0].no_expiry = true;
    settings[0].expiry_delay_ms = 1500;
    start(1);
    ck_assert_uint_eq(expiry_of("a", 0), 0);
    ck_assert_uint_eq(expiry_of("a", 10), 0);
}
END_TEST

/* A setting for the addresses of retained messages changes what is kept, and
 * not what is sent on. */
START_TEST(retained_have_their_own)
{
    settings[0] = silent("$sys/mqtt/retain/a/#");
    settings[0].expiry_delay_ms = 1500;
    start(1);
    struct message *m = new_message("a/b", 0);
    broker_publish(&broker, m);
    ck_assert(!m->has_expiry);
    struct message *kept = retain_find(&broker.retain, text("a/b"));
    ck_assert(kept->has_expiry);
    ck_assert_uint_eq(kept->expires_ms, 2500);
    ck_assert(slice_equals(kept->payload, text("x")));
    message_unref(m);
    m = new_message("b", 0);
    broker_publish(&broker, m);
    ck_assert_ptr_eq(retain_find(&broker.retain, text("b")), m);
    message_unref(m);
}
END_TEST

/* A session that lost its connection at 1000 with one message waiting. */
static struct session *abandoned_session(const char *filter)
{
    struct session *s =
        session_new(&broker.sessions, text("s"), NULL, &broker.limits);
    struct subscription_request request = {.filter = text(filter), .qos = 1};
    struct slice none = {NULL, 0};
    s->expiry_interval_s = SESSION_NEVER_EXPIRES;
    session_add_subscription(s, &broker.subtree, &request, none, request.filter,
                             0);
    session_detach(s, broker.now_ms);
    struct message *m = new_message(filter, 0);
    broker_publish(&broker, m);
    message_unref(m);
    return s;
}

/* Abandoned queues are deleted after the delay, at a scan; the session and its
 * subscription stay. */
START_TEST(abandoned_queue_is_deleted)
{
    settings[0] = silent("a");
    settings[0].auto_delete_created_queues = true;
    settings[0].auto_delete_queues_delay_ms = 2000;
    settings[0].auto_delete_queues_message_count = -1;
    start(1);
    struct session *s = abandoned_session("a");
    turn(2900);
    ck_assert_uint_eq(s->queue.n, 1);
    ck_assert_uint_eq(broker_next_deadline(&broker), 3400);
    turn(3400);
    ck_assert_uint_eq(s->queue.n, 0);
    ck_assert_uint_eq(s->n_subscriptions, 1);
    ck_assert_uint_eq(broker.sessions.table.n, 1);
}
END_TEST

/* More messages than the message count keep a queue alive; no setting, or one
 * for another address, does so for ever. */
START_TEST(queue_is_kept)
{
    settings[0] = silent("other");
    settings[0].auto_delete_created_queues = true;
    settings[0].auto_delete_queues_message_count = -1;
    settings[1] = silent("#");
    settings[1].auto_delete_created_queues = true;
    settings[1].auto_delete_queues_message_count = 0;
    start(2);
    struct session *s = abandoned_session("a");
    turn(90000);
    ck_assert_uint_eq(s->queue.n, 1);
}
END_TEST

Suite *suite_address(void)
{
    Suite *suite = suite_create("address");
    TCase *tcase = tcase_create("address");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, expiry_delay_and_limits);
    tcase_add_test(tcase, no_expiry_goes_first);
    tcase_add_test(tcase, retained_have_their_own);
    tcase_add_test(tcase, abandoned_queue_is_deleted);
    tcase_add_test(tcase, queue_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
