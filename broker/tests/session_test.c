// SPDX-License-Identifier: Apache-2.0
/* session_test.c -- sending, resuming, limits, and the router above it.
 *
 * What a session sends is written as in rig.h.
 */
#include <stdio.h>
#include <string.h>

#include "tests/rig.h"
#include "tests/tests.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig, NULL);
}

static void close_rig(void)
{
    rig_close(&rig);
}

/* A session with one subscription to "t", attached. */
static struct session *subscriber(const char *client_id, uint8_t qos,
                                  uint16_t receive_maximum)
{
    struct session *s = rig_session(&rig, client_id);
    rig_subscribe(&rig, s, "t", qos, 0);
    rig_attach(&rig, s, receive_maximum);
    return s;
}

/* Messages go out at the lower of the two QoS [MQTT-3.8.4-8]. */
START_TEST(lower_qos)
{
    static const char *const expected[3][3] = {
        {"P0:x", "P0:x", "P0:x"},
        {"P0:x", "P1#1:x", "P1#1:x"},
        {"P0:x", "P1#1:x", "P2#1:x"},
    };
    uint8_t granted = (uint8_t)(_i / 3);
    uint8_t published = (uint8_t)(_i % 3);
    struct session *s = subscriber("s", granted, 10);
    rig_publish(&rig, "t", "x", published);
    ck_assert_str_eq(rig_sent(&rig, s), expected[granted][published]);
}
END_TEST

/* The window holds back QoS 1 and 2, in order, and never QoS 0; PUBACK,
 * PUBCOMP and PUBREC of 0x80 free a place. */
START_TEST(window)
{
    struct session *s = subscriber("s", 2, 2);
    rig_publish(&rig, "t", "a", 1);
    rig_publish(&rig, "t", "b", 2);
    rig_publish(&rig, "t", "c", 1);
    rig_publish(&rig, "t", "d", 2);
    rig_publish(&rig, "t", "e", 1);
    rig_publish(&rig, "t", "z", 0);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1:a P2#2:b P0:z");
    rig_ack(&rig, s, PACKET_PUBREC, 2, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "L2");
    rig_ack(&rig, s, PACKET_PUBCOMP, 2, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#3:c");
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#4:d");
    rig_ack(&rig, s, PACKET_PUBREC, 4, REASON_QUOTA_EXCEEDED);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#5:e");
    ck_assert_uint_eq(s->link.n_unacknowledged, 2);
}
END_TEST

/* Acknowledgements that nobody waits for give no room. */
START_TEST(stray_acknowledgements)
{
    struct session *s = subscriber("s", 1, 1);
    rig_publish(&rig, "t", "a", 1);
    rig_publish(&rig, "t", "b", 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1:a");
    rig_ack(&rig, s, PACKET_PUBACK, 9, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBCOMP, 9, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "");
    rig_ack(&rig, s, PACKET_PUBREC, 9, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "L9!92");
    ck_assert_int_eq(rig_ack(&rig, s, PACKET_PUBREC, 1, REASON_SUCCESS),
                     REASON_PROTOCOL_ERROR);
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#2:b");
    ck_assert_uint_eq(s->link.n_unacknowledged, 1);
}
END_TEST

/* On resumption everything open is sent again, in its order, under its
 * identifier, with DUP; again after a second loss; then what waited. */
START_TEST(resume_keeps_order_and_identifiers)
{
    struct session *s = subscriber("s", 2, 10);
    rig_publish(&rig, "t", "a", 1);
    rig_publish(&rig, "t", "b", 2);
    rig_publish(&rig, "t", "c", 2);
    rig_publish(&rig, "t", "d", 1);
    rig_ack(&rig, s, PACKET_PUBREC, 3, REASON_SUCCESS);
    rig_sent(&rig, s);
    rig_detach(&rig, s);
    rig_publish(&rig, "t", "e", 1);
    rig_publish(&rig, "t", "f", 0);
    rig_attach(&rig, s, 10);
    ck_assert_str_eq(rig_sent(&rig, s), "L3 P1#1d:a P2#2d:b P1#4d:d P1#5:e");
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBCOMP, 3, REASON_SUCCESS);
    rig_detach(&rig, s);
    rig_attach(&rig, s, 10);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#2d:b P1#4d:d P1#5d:e");
}
END_TEST

/* A smaller window on the new connection holds for what is sent again, too. */
START_TEST(resume_with_smaller_window)
{
    struct session *s = subscriber("s", 1, 10);
    rig_publish(&rig, "t", "a", 1);
    rig_publish(&rig, "t", "b", 1);
    rig_publish(&rig, "t", "c", 1);
    rig_detach(&rig, s);
    rig_publish(&rig, "t", "d", 1);
    rig_attach(&rig, s, 2);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1d:a P1#2d:b");
    rig_publish(&rig, "t", "e", 1);
    rig_ack(&rig, s, PACKET_PUBACK, 2, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#3d:c");
    /* acknowledged late, from the connection before */
    rig_ack(&rig, s, PACKET_PUBACK, 3, REASON_SUCCESS);
    rig_ack(&rig, s, PACKET_PUBACK, 1, REASON_SUCCESS);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#4:d P1#5:e");
}
END_TEST

/* What expired while it waited is never sent and takes no place; what was sent
 * once is sent again whatever its age [MQTT-4.3.3-7]. */
START_TEST(expiry)
{
    struct session *s = subscriber("s", 2, 1);
    rig_publish_expiring(&rig, "t", "a", 2, 1);
    rig_publish_expiring(&rig, "t", "b", 1, 2);
    rig_publish_expiring(&rig, "t", "c", 1, 60);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#1{1}:a");
    rig.now_ms += 3000;
    rig_detach(&rig, s);
    rig_attach(&rig, s, 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#1{0}d:a");
    rig_ack(&rig, s, PACKET_PUBREC, 1, REASON_UNSPECIFIED_ERROR);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#2{57}:c");
    ck_assert_uint_eq(s->queue.n, 0);
}
END_TEST

/* A full queue loses the newest, after what expired made room. */
START_TEST(queue_limits)
{
    struct session *s = subscriber("s", 1, 1);
    rig.limits.max_queued_messages = 2;
    rig_detach(&rig, s);
    rig_publish(&rig, "t", "a", 1);
    rig_publish_expiring(&rig, "t", "b", 1, 1);
    rig_publish(&rig, "t", "c", 1);
    ck_assert_uint_eq(rig.router.n_dropped, 1);
    rig.now_ms += 1000;
    rig_publish(&rig, "t", "d", 1);
    rig_attach(&rig, s, 9);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1:a P1#2:d");
    rig.limits.max_queued_octets = 10;
    rig_detach(&rig, s);
    rig_publish(&rig, "t", "123456789", 1);
    rig_publish(&rig, "t", "x", 1);
    ck_assert_uint_eq(rig.router.n_dropped, 2);
    ck_assert_uint_eq(s->queue.n_octets, 10);
}
END_TEST

/* Behind a full output QoS 0 is lost and the rest waits in order. */
START_TEST(slow_consumer)
{
    struct session *s = subscriber("s", 1, 99);
    rig.limits.max_output_octets = 10;
    rig_publish(&rig, "t", "0123456789", 1);
    rig_publish(&rig, "t", "b", 0);
    rig_publish(&rig, "t", "c", 1);
    ck_assert(session_has_backlog(s));
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1:0123456789");
    session_pump(s, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#2:c");
    ck_assert(!session_has_backlog(s));
    ck_assert_uint_eq(rig.router.n_dropped, 1);
}
END_TEST

/* Retained messages at QoS 0 are all due [MQTT-3.3.1-9]: they wait for room in
 * the output, and what is published meanwhile does not overtake them. */
START_TEST(retained_wait_at_qos_0)
{
    struct session *s = subscriber("s", 0, 1);
    const struct subscription *sub =
        subtree_find(&rig.subtree, s, slice_of("t", 1));
    struct publish publish = {.is_retained = true,
                              .payload = slice_of_text("0123456789")};
    struct message *m = message_new(slice_of("t", 1), &publish, 1);
    rig.limits.max_output_octets = 10;
    for (int i = 0; i < 3; i++)
        router_send_retained(&rig.router, sub, m, rig.now_ms);
    rig_publish(&rig, "t", "c", 0);
    ck_assert_str_eq(rig_sent(&rig, s), "P0r:0123456789");
    ck_assert(session_has_backlog(s));
    session_pump(s, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P0r:0123456789");
    session_pump(s, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P0r:0123456789");
    session_pump(s, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P0:c");
    ck_assert(!session_has_backlog(s));
    ck_assert_uint_eq(rig.router.n_dropped, 0);
    rig.limits.max_queued_messages = 2;
    for (int i = 0; i < 4; i++)
        router_send_retained(&rig.router, sub, m, rig.now_ms);
    ck_assert_uint_eq(rig.router.n_dropped, 1);
    rig_detach(&rig, s);
    ck_assert_uint_eq(s->waiting_0.n, 0);
    message_unref(m);
}
END_TEST

/* A packet that is too large is left out as if it had been delivered, and its
 * alias is not taken [MQTT-3.1.2-24], [MQTT-3.1.2-25]. */
START_TEST(maximum_packet_size)
{
    struct session *s = rig_session(&rig, "s");
    struct link link = {.version = MQTT_5_0,
                        .receive_maximum = 1,
                        .maximum_packet_size = 22,
                        .topic_alias_maximum = 5};
    rig_subscribe(&rig, s, "topic/#", 1, 0);
    rig_attach_link(&rig, s, link);
    rig_publish(&rig, "topic/1", "0123456789", 1);
    ck_assert_uint_eq(s->link.n_unacknowledged, 0);
    ck_assert_str_eq(rig_sent(&rig, s), "");
    rig_publish(&rig, "topic/1", "01234567", 0); /* fits without alias */
    ck_assert_str_eq(rig_sent(&rig, s), "P0:01234567");
    rig_publish(&rig, "topic/1", "x", 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#2@1/:x");
    rig_publish(&rig, "topic/1", "01234567", 0);
    ck_assert_str_eq(rig_sent(&rig, s), "P0@1:01234567");
}
END_TEST

/* Aliases are given up to the client's maximum, and anew on each connection. */
START_TEST(topic_aliases)
{
    struct session *s = rig_session(&rig, "s");
    struct link link = {
        .version = MQTT_5_0, .receive_maximum = 9, .topic_alias_maximum = 2};
    rig_subscribe(&rig, s, "#", 0, 0);
    rig_attach_link(&rig, s, link);
    rig_publish(&rig, "topic/1", "a", 0);
    rig_publish(&rig, "topic/2", "b", 0);
    rig_publish(&rig, "topic/3", "c", 0);
    rig_publish(&rig, "topic/2", "d", 0);
    rig_publish(&rig, "t", "e", 0);
    ck_assert_str_eq(rig_sent(&rig, s), "P0@1/:a P0@2/:b P0:c P0@2:d P0:e");
    rig_detach(&rig, s);
    rig_attach_link(&rig, s, link);
    rig_publish(&rig, "topic/2", "f", 0);
    ck_assert_str_eq(rig_sent(&rig, s), "P0@1/:f");
}
END_TEST

/* Overlapping filters bring one copy, at the highest QoS, with all identifiers
 * [MQTT-3.3.4-2], [MQTT-3.3.4-4]. */
START_TEST(overlapping_subscriptions)
{
    struct session *s = rig_session(&rig, "s");
    rig_subscribe(&rig, s, "a/#", 2, 5);
    rig_subscribe(&rig, s, "a/+", 0, 6);
    rig_subscribe(&rig, s, "a/b", 1, 0);
    rig_attach(&rig, s, 9);
    ck_assert_uint_eq(rig_publish(&rig, "a/b", "x", 2), 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P2#1[5*2]:x");
}
END_TEST

/* Subscribing again replaces options and identifier, and is not new. */
START_TEST(replaced_subscription)
{
    struct session *s = rig_session(&rig, "s");
    struct subscription_request request = {.filter = slice_of("t", 1),
                                           .qos = 2};
    struct slice none = {NULL, 0};
    ck_assert(session_add_subscription(s, &rig.subtree, &request, none,
                                       request.filter, 7));
    request.qos = 1;
    ck_assert(!session_add_subscription(s, &rig.subtree, &request, none,
                                        request.filter, 0));
    rig_attach(&rig, s, 9);
    rig_publish(&rig, "t", "x", 2);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#1:x");
    ck_assert_uint_eq(s->n_subscriptions, 1);
    ck_assert(session_remove_subscription(s, &rig.subtree, request.filter));
    ck_assert(!session_remove_subscription(s, &rig.subtree, request.filter));
    ck_assert_uint_eq(rig_publish(&rig, "t", "y", 2), 0);
}
END_TEST

/* To a 3.1.1 client "$share/g/t" is a name like any other: what a session had
 * under it in 5.0 gives way. */
START_TEST(replaced_share)
{
    struct session *s = rig_session(&rig, "s");
    struct slice text = slice_of_text("$share/g/t"), none = {NULL, 0};
    struct subscription_request request = {.filter = text};
    rig_attach(&rig, s, 9);
    rig_subscribe(&rig, s, "$share/g/t", 0, 0);
    ck_assert_uint_eq(rig_publish(&rig, "t", "x", 0), 1);
    ck_assert(
        session_add_subscription(s, &rig.subtree, &request, none, text, 0));
    ck_assert_uint_eq(s->n_subscriptions, 1);
    ck_assert_uint_eq(rig_publish(&rig, "t", "x", 0), 0);
    ck_assert_uint_eq(rig_publish(&rig, "$share/g/t", "x", 0), 1);
    rig_subscribe(&rig, s, "$share/g/t", 0, 0);
    ck_assert_uint_eq(rig_publish(&rig, "t", "x", 0), 1);
}
END_TEST

/* Retain As Published decides about the flag; when subscriptions differ the
 * session gets both; No Local keeps one's own messages away. */
START_TEST(subscription_options)
{
    struct session *s = rig_session(&rig, "s");
    struct subscription_request request = {.filter = slice_of("a/b", 3),
                                           .is_retain_as_published = true};
    struct slice none = {NULL, 0};
    struct publish publish = {.is_retained = true, .payload = slice_of("x", 1)};
    session_add_subscription(s, &rig.subtree, &request, none, request.filter,
                             1);
    rig_subscribe(&rig, s, "a/+", 0, 2);
    rig_attach(&rig, s, 9);
    struct message *m = message_new(request.filter, &publish, 1);
    router_publish(&rig.router, &rig.subtree, m, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P0[2*1]:x P0[1*1]r:x");
    request.is_no_local = true;
    session_add_subscription(s, &rig.subtree, &request, none, request.filter,
                             1);
    m->publisher = s->id;
    router_publish(&rig.router, &rig.subtree, m, rig.now_ms);
    ck_assert_str_eq(rig_sent(&rig, s), "P0[2*1]:x");
    message_unref(m);
}
END_TEST

/* A share group gives each message to one member, in turn, connected members
 * first; a member's own subscription counts apart. */
START_TEST(share_group_in_turn)
{
    struct session *a = rig_session(&rig, "a");
    struct session *b = rig_session(&rig, "b");
    rig_subscribe(&rig, a, "$share/g/t", 1, 0);
    rig_subscribe(&rig, b, "$share/g/t", 0, 0);
    rig_attach(&rig, a, 9);
    rig_attach(&rig, b, 9);
    for (int i = 0; i < 4; i++)
        rig_publish(&rig, "t", "x", 1);
    ck_assert_str_eq(rig_sent(&rig, a), "P1#1:x P1#2:x");
    ck_assert_str_eq(rig_sent(&rig, b), "P0:x P0:x");
    rig_detach(&rig, b);
    rig_publish(&rig, "t", "y", 1);
    rig_publish(&rig, "t", "z", 1);
    ck_assert_str_eq(rig_sent(&rig, a), "P1#3:y P1#4:z");
    rig_subscribe(&rig, a, "t", 0, 0);
    ck_assert_uint_eq(rig_publish(&rig, "t", "w", 1), 2);
}
END_TEST

/* When nobody is connected a member with QoS 1 keeps the message. */
START_TEST(share_group_away)
{
    struct session *a = rig_session(&rig, "a");
    struct session *b = rig_session(&rig, "b");
    rig_subscribe(&rig, a, "$share/g/t", 0, 0);
    rig_subscribe(&rig, b, "$share/g/t", 1, 0);
    rig_publish(&rig, "t", "x", 1);
    rig_publish(&rig, "t", "y", 1);
    rig_attach(&rig, b, 9);
    ck_assert_str_eq(rig_sent(&rig, b), "P1#1:x P1#2:y");
}
END_TEST

/* When a member's session ends the others get what it held: QoS 1 in flight and
 * all that waited; not a QoS 2 message that was sent [MQTT-4.8.2-5]. */
START_TEST(share_group_hands_over)
{
    struct session *a = rig_session(&rig, "a");
    struct session *b = rig_session(&rig, "b");
    rig_subscribe(&rig, a, "$share/g/t", 2, 0);
    rig_subscribe(&rig, a, "t", 1, 0);
    rig_attach(&rig, a, 4);
    rig_publish(&rig, "t", "1", 1);
    rig_publish(&rig, "t", "2", 2);
    rig_publish(&rig, "t", "3", 2);
    rig_detach(&rig, a);
    rig_subscribe(&rig, b, "$share/g/t", 2, 8);
    rig_attach(&rig, b, 9);
    router_hand_over(&rig.router, a, rig.now_ms);
    session_end(&rig.sessions, a, &rig.subtree);
    ck_assert_str_eq(rig_sent(&rig, b), "P1#1[8*1]:1 P2#2[8*1]:3");
    rig_publish(&rig, "t", "4", 0);
    ck_assert_str_eq(rig_sent(&rig, b), "P0[8*1]:4");
}
END_TEST

/* A QoS 2 PUBLISH is delivered once, however often it comes; a refused one
 * leaves its identifier free. */
START_TEST(received_once)
{
    struct session *s = rig_session(&rig, "s");
    ck_assert(!session_on_publish_2(s, 5, true));
    ck_assert(session_on_publish_2(s, 5, false));
    ck_assert(!session_on_publish_2(s, 5, false));
    ck_assert(!session_on_publish_2(s, 5, false));
    ck_assert_int_eq(session_on_pubrel(s, 5), REASON_SUCCESS);
    ck_assert_int_eq(session_on_pubrel(s, 5),
                     REASON_PACKET_IDENTIFIER_NOT_FOUND);
    ck_assert(session_on_publish_2(s, 5, false));
}
END_TEST

/* Sessions are found by their whole identifier, among many. */
START_TEST(session_table)
{
    char client_id[24];
    for (int i = 0; i < 1000; i++) {
        snprintf(client_id, sizeof client_id, "client%d", i);
        rig_session(&rig, client_id);
    }
    struct session *s = session_find(&rig.sessions, slice_of("client77", 8));
    ck_assert_str_eq(s->client_id, "client77");
    session_end(&rig.sessions, s, &rig.subtree);
    ck_assert_ptr_null(session_find(&rig.sessions, slice_of("client77", 8)));
    ck_assert_ptr_nonnull(session_find(&rig.sessions, slice_of("client7", 7)));
    ck_assert_uint_eq(rig.sessions.table.n, 999);
}
END_TEST

/* Expiry is counted in 64 bits: 136 years do not end at once. */
START_TEST(session_expiry)
{
    struct session *s = rig_session(&rig, "s");
    s->expiry_interval_s = UINT32_MAX - 1;
    rig_attach(&rig, s, 9);
    ck_assert_uint_eq(s->expires_ms, 0);
    rig_detach(&rig, s);
    ck_assert_uint_eq(s->expires_ms, 1000 + UINT64_C(4294967294000));
    s->expiry_interval_s = SESSION_NEVER_EXPIRES;
    rig_attach(&rig, s, 9);
    rig_detach(&rig, s);
    ck_assert_uint_eq(s->expires_ms, 0);
}
END_TEST

/* A deleted queue takes what waits for its subscription and for no other; the
 * subscription works again when the client is back. */
START_TEST(abandoned_queue)
{
    struct session *s = rig_session(&rig, "s");
    rig_subscribe(&rig, s, "a/+", 1, 0);
    rig_subscribe(&rig, s, "+/b", 1, 0);
    rig_attach(&rig, s, 9);
    rig_publish(&rig, "a/0", "sent", 1);
    rig_detach(&rig, s);
    rig_publish(&rig, "a/1", "x", 1);
    rig_publish(&rig, "a/b", "y", 1);
    struct subscription *sub =
        subtree_find(&rig.subtree, s, slice_of("a/+", 3));
    ck_assert_uint_eq(session_queue_size(s, sub), 3);
    session_delete_queue(s, sub);
    rig_publish(&rig, "a/2", "z", 1);
    ck_assert_uint_eq(session_queue_size(s, sub), 1);
    rig_attach(&rig, s, 9);
    rig_publish(&rig, "a/3", "w", 1);
    ck_assert_str_eq(rig_sent(&rig, s), "P1#2:y P1#3:w");
}
END_TEST

Suite *suite_session(void)
{
    Suite *suite = suite_create("session");
    TCase *tcase = tcase_create("session");
    tcase_add_checked_fixture(tcase, open_rig, close_rig);
    tcase_add_loop_test(tcase, lower_qos, 0, 9);
    tcase_add_test(tcase, window);
    tcase_add_test(tcase, stray_acknowledgements);
    tcase_add_test(tcase, resume_keeps_order_and_identifiers);
    tcase_add_test(tcase, resume_with_smaller_window);
    tcase_add_test(tcase, expiry);
    tcase_add_test(tcase, queue_limits);
    tcase_add_test(tcase, slow_consumer);
    tcase_add_test(tcase, retained_wait_at_qos_0);
    tcase_add_test(tcase, maximum_packet_size);
    tcase_add_test(tcase, topic_aliases);
    tcase_add_test(tcase, overlapping_subscriptions);
    tcase_add_test(tcase, replaced_subscription);
    tcase_add_test(tcase, replaced_share);
    tcase_add_test(tcase, subscription_options);
    tcase_add_test(tcase, share_group_in_turn);
    tcase_add_test(tcase, share_group_away);
    tcase_add_test(tcase, share_group_hands_over);
    tcase_add_test(tcase, received_once);
    tcase_add_test(tcase, session_table);
    tcase_add_test(tcase, session_expiry);
    tcase_add_test(tcase, abandoned_queue);
    suite_add_tcase(suite, tcase);
    return suite;
}
