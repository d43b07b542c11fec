/* SPDX-License-Identifier: Apache-2.0 */
/* observe_sessions.c -- the observer on sessions that outlive a connection.
 *
 * Each rule is kept once, in silence, and broken once, and found.
 */
#include "selftest/observe_scene.h"
#include "selftest/selftest.h"

/* One connection with an expiry of 100 s. */
static void visit(struct scene *ps, int clean_start, int session_present)
{
#define s (*ps)
    play(ps, WIRE_5_0);
    C(CONNECT(.client_id = "c", .clean_start = (uint8_t)clean_start,
              .props = {.session_expiry_interval_s = OPT(100)}));
    S(CONNACK(.session_present = (uint8_t)session_present));
#undef s
}

START_TEST(session_present_is_checked_in_a_whole_world)
{
    struct scene s = {.world = observe_world_new(true)};

    visit(&s, 0, 1);
    FOUND("server 5.0/MQTT-3.2.2-3");
    end(&s);
    visit(&s, 1, 0);
    end(&s);
    visit(&s, 0, 1);
    SILENT();
    end(&s);
    visit(&s, 0, 0);
    FOUND("server 5.0/MQTT-3.2.2-3");
    end(&s);
    s.now_ns += INT64_C(101000000000);
    visit(&s, 0, 0);
    SILENT();
    C(DISCONNECT(.props = {.session_expiry_interval_s = OPT(0)}));
    end(&s);
    visit(&s, 0, 0);
    SILENT();
    end(&s);
    observe_world_forget(s.world);
    visit(&s, 0, 1);
    SILENT();
    end(&s);
    observe_world_free(s.world);
}
END_TEST

/* Joined in the middle, a connection may show its CONNECT after packets, and
 * another one: the last is who it is. */
START_TEST(a_second_connect_midway_is_another_client)
{
    struct scene s = {.world = observe_world_new(false)};
    static const char *const ids[] = {"c", "d", "c"};

    play(&s, WIRE_5_0);
    observe_begin_midstream(s.o, WIRE_5_0);
    for (size_t i = 0; i < 3; i++) {
        C(CONNECT(.client_id = ids[i],
                  .props = {.session_expiry_interval_s = OPT(100)}));
        S(CONNACK());
        ck_assert_int_eq(*observe_client_id(s.o).text, *ids[i]);
        C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}));
        S(SUBACK(.packet_id = 1, .codes = CODES(0)));
        for (struct session *x = s.world->sessions; x; x = x->next)
            ck_assert((x->owner == s.o) == (*x->client_id == *ids[i]));
    }
    end(&s);
    ck_assert_ptr_null(s.world->sessions->owner);
    observe_world_free(s.world);
}
END_TEST

/* Its CONNACK does not tell whether an old session goes on: it is not taken for
 * a new one, so that its subscriptions may be there later. */
START_TEST(a_session_of_3_1_may_be_an_old_one)
{
    static const enum wire_version versions[] = {WIRE_3_1_1, WIRE_3_1,
                                                 WIRE_3_1_1};
    struct scene s = {.world = observe_world_new(true)};

    for (int i = 0; i < 3; i++) {
        play(&s, versions[i]);
        C(CONNECT(.client_id = "c"));
        S(CONNACK(.session_present = i == 2));
        if (i == 0) {
            C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}));
            S(SUBACK(.packet_id = 1, .codes = CODES(0)));
        }
        S(PUBLISH(.topic = "a"));
        SILENT();
        end(&s);
    }
    observe_world_free(s.world);
}
END_TEST

/* The server may have begun a session before the answer was lost; not so where
 * the answer was a refusal. */
START_TEST(a_connect_without_answer_may_begin_a_session)
{
    struct scene s = {.world = observe_world_new(true)};

    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "c",
              .props = {.session_expiry_interval_s = OPT(100)}));
    observe_close(s.o, WIRE_CLIENT, OBSERVE_RST, s.now_ns, 0);
    end(&s);
    visit(&s, 0, 1);
    SILENT();
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "d"));
    S(CONNACK(.reason = 0x87));
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "d"));
    S(CONNACK(.session_present = 1));
    FOUND("server 5.0/MQTT-3.2.2-3");
    end(&s);
    observe_world_free(s.world);
}
END_TEST

/* Two are open, and the client takes one at a time: what it answers though it
 * was not sent again makes no room for the other. */
START_TEST(room_is_what_was_sent_on_this_connection)
{
    struct scene s = {.world = observe_world_new(true)};

    visit(&s, 1, 0);
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
    for (uint16_t id = 1; id <= 3; id++)
        S(PUBLISH(.topic = "a", .qos = id == 1 ? 2 : 1, .packet_id = id));
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "c", .props = {.session_expiry_interval_s = OPT(100),
                                          .receive_maximum = OPT(1)}));
    S(CONNACK(.session_present = 1));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 1, .dup = 1));
    C(PUBACK(.packet_id = 2));
    QUIET();
    SILENT();
    C(PUBREC(.packet_id = 1));
    S(PUBREL(.packet_id = 1));
    C(PUBCOMP(.packet_id = 1));
    QUIET();
    FOUND("server 5.0/MQTT-4.4.0-1");
    end(&s);
    observe_world_free(s.world);
}
END_TEST

START_TEST(what_is_open_is_resumed)
{
    struct scene s = {.world = observe_world_new(true)};

    visit(&s, 1, 0);
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    S(PUBLISH(.topic = "b", .qos = 2, .packet_id = 2));
    end(&s);
    visit(&s, 0, 1);
    QUIET();
    FOUND("server 5.0/MQTT-4.4.0-1; server 5.0/MQTT-4.4.0-1");
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    FOUND("server 5.0/MQTT-3.3.1-1");
    S(PUBLISH(.topic = "b", .qos = 2, .packet_id = 2, .dup = 1));
    C(PUBREC(.packet_id = 2));
    S(PUBREL(.packet_id = 2));
    SILENT();
    end(&s);
    visit(&s, 0, 1);
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1, .dup = 1));
    S(PUBREL(.packet_id = 2));
    C(PUBCOMP(.packet_id = 2));
    QUIET();
    SILENT();
    end(&s);
    visit(&s, 0, 1);
    S(PUBLISH(.topic = "b", .qos = 2, .packet_id = 2));
    SILENT();
    end(&s);
    observe_world_free(s.world);
}
END_TEST

START_TEST(a_take_over_hands_the_session_on)
{
    struct scene s = {.world = observe_world_new(true)};
    struct observe *older, *newer;

    visit(&s, 1, 0);
    older = s.o;
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}));
    C(PUBLISH(.topic = "b", .qos = 1, .packet_id = 2));
    visit(&s, 0, 1);
    newer = s.o;
    S(PUBLISH(.topic = "a"));
    s.o = older;
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBACK(.packet_id = 2));
    S(DISCONNECT(.reason = SESSION_TAKEN_OVER));
    SILENT();
    end(&s);
    s.o = newer;
    S(PUBLISH(.topic = "a"));
    QUIET();
    SILENT();
    end(&s);
    observe_world_free(s.world);
}
END_TEST

Suite *suite_observe_sessions(void)
{
    Suite *suite = suite_create("observe: sessions");
    TCase *tcase = tcase_create("sessions");

    tcase_add_test(tcase, session_present_is_checked_in_a_whole_world);
    tcase_add_test(tcase, a_second_connect_midway_is_another_client);
    tcase_add_test(tcase, a_session_of_3_1_may_be_an_old_one);
    tcase_add_test(tcase, a_connect_without_answer_may_begin_a_session);
    tcase_add_test(tcase, room_is_what_was_sent_on_this_connection);
    tcase_add_test(tcase, what_is_open_is_resumed);
    tcase_add_test(tcase, a_take_over_hands_the_session_on);
    suite_add_tcase(suite, tcase);
    return suite;
}
