/* SPDX-License-Identifier: Apache-2.0 */
/* observe_flow.c -- the observer on identifiers, hand-shakes, quotas, aliases.
 *
 * Each rule is kept once, in silence, and broken once, and found.
 */
#include "selftest/observe_scene.h"
#include "selftest/selftest.h"

/* A connection of a fresh session that has subscribed to everything. */
static void open_all(struct scene *scene, enum wire_version version)
{
    struct scene *const ps = scene;
#define s (*ps)
    play(ps, version);
    C(CONNECT(.client_id = "c", .clean_start = 1));
    S(CONNACK());
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
    SILENT();
#undef s
}

START_TEST(good_hand_shakes_are_silent)
{
    struct scene s = {0};

    for (int version = WIRE_3_1; version <= WIRE_5_0; version++) {
        open_all(&s, (enum wire_version)version);
        C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
        C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
        S(PUBREC(.packet_id = 2));
        S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
        S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
        S(PUBACK(.packet_id = 1));
        C(PUBREL(.packet_id = 2));
        C(PUBACK(.packet_id = 1));
        C(PUBREC(.packet_id = 2));
        S(PUBCOMP(.packet_id = 2));
        S(PUBREL(.packet_id = 2));
        C(PUBCOMP(.packet_id = 2));
        S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
        C(PUBREC(.packet_id = 2));
        S(PUBREL(.packet_id = 2));
        C(PUBCOMP(.packet_id = 2));
        C(UNSUBSCRIBE(.packet_id = 1, .filters = {{"#"}}));
        S(UNSUBACK(.packet_id = 1, .codes = CODES(0)));
        C(PINGREQ());
        S(PINGRESP());
        QUIET();
        C(DISCONNECT());
        SILENT();
        end(&s);
    }
}
END_TEST

START_TEST(server_identifier_in_use)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7));
    S(PUBLISH(.topic = "b", .qos = 1, .packet_id = 7));
    FOUND("server 5.0/MQTT-2.2.1-4");
    end(&s);
    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 7));
    C(PUBREC(.packet_id = 7));
    S(PUBREL(.packet_id = 7));
    S(PUBLISH(.topic = "b", .qos = 1, .packet_id = 7));
    FOUND("server 3.1.1/MQTT-2.3.1-4");
    end(&s);
}
END_TEST

START_TEST(server_repeats_on_the_same_connection)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7, .dup = 1));
    FOUND("server 5.0/MQTT-4.4.0-1");
    end(&s);
    open_all(&s, WIRE_3_1_1); /* there it is tolerated */
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7, .dup = 1));
    C(PUBACK(.packet_id = 7));
    C(PUBACK(.packet_id = 7));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(server_sets_dup_on_a_first_copy)
{
    struct scene s = {0};

    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7, .dup = 1));
    FOUND("server 3.1.1/MQTT-3.3.1-3");
    end(&s);
    play(&s, WIRE_3_1_1); /* resumed: it may have been sent before */
    C(CONNECT(.client_id = "c"));
    S(CONNACK(.session_present = 1));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7, .dup = 1));
    S(PUBREL(.packet_id = 8));
    SILENT();
    end(&s);
}
END_TEST

/* A PUBREC that nobody waited for is answered by a PUBREL, which takes no
 * identifier: the server may give it to a PUBLISH. */
START_TEST(an_answer_to_a_stray_pubrec_takes_no_identifier)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    C(PUBREC(.packet_id = 9));
    FOUND("client 5.0/MQTT-2.2.1-5");
    S(PUBREL(.packet_id = 9, .reason = 0x92));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 9));
    C(PUBACK(.packet_id = 9));
    SILENT();
    end(&s);
}
END_TEST

/* What the server answers, it answers to the later of the two. */
START_TEST(an_identifier_used_again_at_another_qos_is_followed)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5, .dup = 1));
    FOUND("client 5.0/MQTT-2.2.1-3");
    S(PUBREC(.packet_id = 5));
    C(PUBREL(.packet_id = 5));
    S(PUBCOMP(.packet_id = 5));
    SILENT();
    end(&s);
}
END_TEST

/* Of seven codes none may be left out, and the client takes eleven octets. */
START_TEST(an_answer_that_the_client_does_not_take_is_not_owed)
{
    struct scene s = {0};

    for (uint32_t most = 11; most <= 12; most++) {
        play(&s, WIRE_5_0);
        C(CONNECT(.client_id = "c", .clean_start = 1,
                  .props = {.maximum_packet_size = OPT(most)}));
        S(CONNACK());
        C(SUBSCRIBE(.packet_id = 1,
                    .filters = {
                        {"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"f"}, {"g"}}));
        QUIET();
        FOUND(most == 11 ? "" : "server 5.0/MQTT-3.8.4-1");
        end(&s);
    }
}
END_TEST

/* A client that does not wait for the PUBREL breaks a rule; the server that
 * sends it, and uses the identifier again, does not. */
START_TEST(a_pubrel_may_cross_the_pubcomp)
{
    struct scene s = {0};

    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 3));
    C(PUBREC(.packet_id = 3));
    C(PUBCOMP(.packet_id = 3));
    FOUND("client 3.1.1/MQTT-4.3.3-2");
    S(PUBREL(.packet_id = 3));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 3));
    SILENT();
    end(&s);
    play(&s, WIRE_3_1_1); /* nor where it answers what came before CONNACK */
    C(CONNECT(.client_id = "c", .clean_start = 1));
    C(PUBREC(.packet_id = 3));
    C(PUBCOMP(.packet_id = 3));
    S(CONNACK());
    S(PUBREL(.packet_id = 3));
    SILENT();
    S(PUBREL(.packet_id = 4));
    FOUND("server 3.1.1/MQTT-2.3.1-6");
    end(&s);
}
END_TEST

START_TEST(server_answers_wrongly)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    S(PUBACK(.packet_id = 5));
    FOUND("server 5.0/MQTT-3.3.4-1");
    end(&s);
    open_all(&s, WIRE_3_1_1);
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5));
    S(PUBREC(.packet_id = 5));
    FOUND("server 3.1.1/MQTT-3.3.4-1");
    S(PUBACK(.packet_id = 6));
    FOUND("server 3.1.1/MQTT-2.3.1-6");
    S(PUBACK(.packet_id = 5));
    SILENT();
    S(PUBACK(.packet_id = 5));
    FOUND("should server 3.1.1/MQTT-2.3.1-6");
    S(PUBCOMP(.packet_id = 9));
    FOUND("server 3.1.1/MQTT-2.3.1-6");
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 10));
    S(PUBREC(.packet_id = 10));
    S(PUBCOMP(.packet_id = 10));
    FOUND("server 3.1.1/MQTT-4.3.3-2");
    end(&s);
}
END_TEST

START_TEST(repeats_may_be_answered_each)
{
    struct scene s = {0};

    open_all(&s, WIRE_3_1_1);
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5));
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5, .dup = 1));
    S(PUBACK(.packet_id = 5));
    S(PUBACK(.packet_id = 5));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 6));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 6, .dup = 1));
    S(PUBREC(.packet_id = 6));
    S(PUBREC(.packet_id = 6));
    C(PUBREL(.packet_id = 6));
    C(PUBREL(.packet_id = 6));
    S(PUBCOMP(.packet_id = 6));
    S(PUBCOMP(.packet_id = 6));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(server_releases_wrongly)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    S(PUBREL(.packet_id = 5));
    FOUND("server 5.0/MQTT-4.3.3-3");
    end(&s);
    open_all(&s, WIRE_5_0);
    S(PUBREL(.packet_id = 5));
    FOUND("server 5.0/MQTT-2.2.1-5");
    end(&s);
    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    C(PUBREC(.packet_id = 5));
    S(PUBREL(.packet_id = 5));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5, .dup = 1));
    FOUND("server 3.1.1/MQTT-4.3.3-1");
    end(&s);
    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 6));
    C(PUBREC(.packet_id = 5));
    C(PUBREC(.packet_id = 6));
    S(PUBREL(.packet_id = 6));
    FOUND("server 3.1.1/MQTT-4.6.0-6");
    end(&s);
}
END_TEST

START_TEST(an_error_in_pubrec_ends_the_exchange)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    C(PUBREC(.packet_id = 5, .reason = 0x80));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    S(PUBREC(.packet_id = 5, .reason = 0x87));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(what_is_owed_is_found_when_it_is_quiet)
{
    struct scene s = {0};

    open_all(&s, WIRE_5_0);
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5));
    SILENT();
    QUIET();
    FOUND("server 5.0/MQTT-3.3.4-1");
    S(PUBACK(.packet_id = 5));
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    S(PUBREC(.packet_id = 5));
    C(PUBREL(.packet_id = 5));
    QUIET();
    FOUND("server 5.0/MQTT-4.3.3-11");
    S(PUBCOMP(.packet_id = 5));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 5));
    C(PUBREC(.packet_id = 5));
    QUIET();
    FOUND("server 5.0/MQTT-4.3.3-4");
    S(PUBREL(.packet_id = 5));
    C(SUBSCRIBE(.packet_id = 8, .filters = {{"x"}}));
    QUIET();
    FOUND("server 5.0/MQTT-3.8.4-1");
    S(SUBACK(.packet_id = 8, .codes = CODES(0)));
    C(UNSUBSCRIBE(.packet_id = 8, .filters = {{"x"}}));
    QUIET();
    FOUND("server 5.0/MQTT-3.10.4-4");
    S(UNSUBACK(.packet_id = 8, .codes = CODES(0)));
    C(PINGREQ());
    QUIET();
    FOUND("server 5.0/MQTT-3.12.4-1");
    observe_close(s.o, WIRE_SERVER, OBSERVE_FIN, 0, 0);
    QUIET();
    SILENT();
    end(&s);
}
END_TEST

START_TEST(receive_maximum_binds_the_server)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c",
              .props = {.receive_maximum = OPT(2)}));
    S(CONNACK());
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    S(PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
    S(PUBLISH(.topic = "a"));
    C(PUBACK(.packet_id = 1));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    C(PUBACK(.packet_id = 1));
    C(PUBREC(.packet_id = 2));
    S(PUBREL(.packet_id = 2));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    SILENT();
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 3));
    FOUND("server 5.0/MQTT-3.3.4-9");
    end(&s);
}
END_TEST

START_TEST(receive_maximum_binds_the_client)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(CONNACK(.props = {.receive_maximum = OPT(1)}));
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    SILENT();
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 2));
    FOUND("client 5.0/MQTT-3.3.4-7");
    end(&s);
}
END_TEST

START_TEST(aliases_keep_to_the_maximum)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c",
              .props = {.topic_alias_maximum = OPT(2)}));
    S(CONNACK(.props = {.topic_alias_maximum = OPT(1)}));
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
    S(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(2)}));
    S(PUBLISH(.topic = "", .props = {.topic_alias = OPT(2)}));
    C(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(1)}));
    C(PUBLISH(.topic = "", .props = {.topic_alias = OPT(1)}));
    SILENT();
    S(PUBLISH(.topic = "", .props = {.topic_alias = OPT(1)}));
    FOUND("server 5.0/RULE-publish-topic-alias-unknown");
    S(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(3)}));
    FOUND("server 5.0/MQTT-3.1.2-26");
    C(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(2)}));
    FOUND("client 5.0/MQTT-3.2.2-17");
    end(&s);
    open_all(&s, WIRE_5_0);
    S(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(1)}));
    FOUND("server 5.0/MQTT-3.1.2-27");
    C(PUBLISH(.topic = "a", .props = {.topic_alias = OPT(1)}));
    FOUND("client 5.0/MQTT-3.2.2-18");
    end(&s);
}
END_TEST

START_TEST(client_identifiers_and_order)
{
    struct scene s = {0};

    open_all(&s, WIRE_3_1_1);
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    S(PUBLISH(.topic = "a", .qos = 1, .packet_id = 2));
    C(PUBACK(.packet_id = 2));
    FOUND("client 3.1.1/MQTT-4.6.0-2");
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 5));
    C(SUBSCRIBE(.packet_id = 5, .filters = {{"x"}}));
    FOUND("client 3.1.1/MQTT-2.3.1-2");
    S(PUBACK(.packet_id = 99)); /* after that, anything may happen */
    SILENT();
    end(&s);
}
END_TEST

Suite *suite_observe_flow(void)
{
    Suite *suite = suite_create("observe: flow");
    TCase *tcase = tcase_create("flow");

    tcase_add_test(tcase, good_hand_shakes_are_silent);
    tcase_add_test(tcase, server_identifier_in_use);
    tcase_add_test(tcase, server_repeats_on_the_same_connection);
    tcase_add_test(tcase, server_sets_dup_on_a_first_copy);
    tcase_add_test(tcase, an_answer_to_a_stray_pubrec_takes_no_identifier);
    tcase_add_test(tcase, an_identifier_used_again_at_another_qos_is_followed);
    tcase_add_test(tcase, an_answer_that_the_client_does_not_take_is_not_owed);
    tcase_add_test(tcase, a_pubrel_may_cross_the_pubcomp);
    tcase_add_test(tcase, server_answers_wrongly);
    tcase_add_test(tcase, repeats_may_be_answered_each);
    tcase_add_test(tcase, server_releases_wrongly);
    tcase_add_test(tcase, an_error_in_pubrec_ends_the_exchange);
    tcase_add_test(tcase, what_is_owed_is_found_when_it_is_quiet);
    tcase_add_test(tcase, receive_maximum_binds_the_server);
    tcase_add_test(tcase, receive_maximum_binds_the_client);
    tcase_add_test(tcase, aliases_keep_to_the_maximum);
    tcase_add_test(tcase, client_identifiers_and_order);
    suite_add_tcase(suite, tcase);
    return suite;
}
