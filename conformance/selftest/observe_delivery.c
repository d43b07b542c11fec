/* SPDX-License-Identifier: Apache-2.0 */
/* observe_delivery.c -- the observer on subscriptions and what comes of them.
 */
#include <stdlib.h>

#include "selftest/observe_scene.h"
#include "selftest/selftest.h"

static const struct {
    const char *filter, *topic;
    bool matches;
} truths[] = {
    {"a", "a", true},         {"a", "b", false},
    {"a/b", "a/b", true},     {"a/b", "a", false},
    {"a", "a/b", false},      {"#", "a/b", true},
    {"a/#", "a", true},       {"a/#", "a/b/c", true},
    {"a/#", "ab", false},     {"+", "a", true},
    {"+", "a/b", false},      {"+/+", "/a", true},
    {"/+", "/a", true},       {"+", "/a", false},
    {"a/+", "a", false},      {"a/+", "a/", true},
    {"a/+/c", "a/b/c", true}, {"a/+/c", "a/c", false},
    {"#", "$SYS/x", false},   {"+/x", "$SYS/x", false},
    {"$SYS/#", "$SYS", true}, {"$SYS/+", "$SYS/x", true},
    {"a//b", "a//b", true},   {"a/+/b", "a//b", true},
    {"/", "/", true},         {"/", "", false},
    {"A", "a", false},        {"+/#", "a", true},
    {"+/#", "a/b/c", true},   {"a/b/#", "a/b", true},
};

START_TEST(filters_match_as_the_standard_says)
{
    ck_assert_msg(observe_matches(truths[_i].filter, strlen(truths[_i].filter),
                                  truths[_i].topic, strlen(truths[_i].topic)) ==
                      truths[_i].matches,
                  "%s %s", truths[_i].filter, truths[_i].topic);
}
END_TEST

static void connected(struct scene *ps, enum wire_version version,
                      const char *client_id)
{
#define s (*ps)
    play(ps, version);
    C(CONNECT(.client_id = {{client_id}}, .clean_start = 1));
    S(CONNACK());
#undef s
}

START_TEST(replies_answer_their_request)
{
    struct scene s = {0};

    connected(&s, WIRE_5_0, "c");
    C(SUBSCRIBE(.packet_id = 3, .filters = {{"a", .qos = 1}, {"b"}}));
    S(SUBACK(.packet_id = 4, .codes = CODES(1, 0)));
    FOUND("server 5.0/MQTT-3.8.4-2");
    S(SUBACK(.packet_id = 3, .codes = CODES(1)));
    FOUND("server 5.0/MQTT-3.8.4-6");
    C(SUBSCRIBE(.packet_id = 3, .filters = {{"a", .qos = 1}, {"b"}}));
    S(SUBACK(.packet_id = 3, .codes = CODES(2, 0)));
    FOUND("server 5.0/RULE-suback-grants-no-more");
    C(UNSUBSCRIBE(.packet_id = 3, .filters = {{"a"}, {"b"}}));
    S(UNSUBACK(.packet_id = 5, .codes = CODES(0, 0)));
    FOUND("server 5.0/MQTT-2.2.1-6");
    S(UNSUBACK(.packet_id = 3, .codes = CODES(0)));
    FOUND("server 5.0/MQTT-3.11.3-1");
    end(&s);
}
END_TEST

START_TEST(deliveries_match_a_subscription)
{
    struct scene s = {0};

    connected(&s, WIRE_3_1_1, "c");
    S(PUBLISH(.topic = "a"));
    FOUND("server 3.1.1/MQTT-3.3.2-3");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a/+", .qos = 1}}));
    S(PUBLISH(.topic = "a/b", .qos = 1, .packet_id = 1)); /* before SUBACK */
    S(SUBACK(.packet_id = 1, .codes = CODES(1)));
    C(UNSUBSCRIBE(.packet_id = 1, .filters = {{"a/+"}}));
    S(UNSUBACK(.packet_id = 1));
    S(PUBLISH(.topic = "a/b")); /* it may have been queued */
    SILENT();
    S(PUBLISH(.topic = "a/b/c"));
    FOUND("server 3.1.1/MQTT-3.3.2-3");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"no"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0x80)));
    S(PUBLISH(.topic = "no"));
    FOUND("server 3.1.1/MQTT-3.3.2-3");
    S(PUBLISH(.topic = "a/b", .qos = 2, .packet_id = 9));
    FOUND("server 3.1.1/MQTT-3.8.4-6");
    end(&s);
}
END_TEST

START_TEST(shared_subscriptions_match_by_their_filter)
{
    struct scene s = {0};

    connected(&s, WIRE_5_0, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"$share/g/a/#", .qos = 1}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(1)));
    S(PUBLISH(.topic = "a/b", .qos = 1, .packet_id = 1));
    SILENT();
    S(PUBLISH(.topic = "b"));
    FOUND("server 5.0/MQTT-3.3.2-3");
    end(&s);
}
END_TEST

/* In 3.x a server may make of "$share/" what it likes; anything else must still
 * match. */
START_TEST(what_begins_with_a_dollar_is_the_servers_in_3)
{
    struct scene s = {0};

    connected(&s, WIRE_3_1_1, "c");
    C(SUBSCRIBE(.packet_id = 1,
                .filters = {{"$share/g/a/#", .qos = 1}, {"a/c"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(1, 0)));
    S(PUBLISH(.topic = "a/b", .qos = 1, .packet_id = 1));
    S(PUBLISH(.topic = "$share/g/a/b", .qos = 1, .packet_id = 2));
    S(PUBLISH(.topic = "a/c", .retain = 1));
    S(PUBLISH(.topic = "a/c", .retain = 1));
    SILENT();
    S(PUBLISH(.topic = "a/c", .retain = 1));
    FOUND("server 3.1.1/MQTT-3.3.1-9");
    S(PUBLISH(.topic = "b"));
    FOUND("server 3.1.1/MQTT-3.3.2-3");
    end(&s);
}
END_TEST

START_TEST(live_messages_have_no_retain)
{
    struct scene s = {0};

    connected(&s, WIRE_3_1_1, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBLISH(.topic = "a", .retain = 1));
    SILENT();
    S(PUBLISH(.topic = "a", .retain = 1));
    FOUND("server 3.1.1/MQTT-3.3.1-9");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBLISH(.topic = "b", .retain = 1));
    SILENT();
    end(&s);
    connected(&s, WIRE_5_0, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a", .retain_as_published = 1}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBLISH(.topic = "a", .retain = 1));
    S(PUBLISH(.topic = "a", .retain = 1));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(subscription_identifiers_come_with_the_message)
{
    struct scene s = {0};

    connected(&s, WIRE_5_0, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                .props = {.subscription_identifier = OPT(1)}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBLISH(.topic = "a", .props = {.subscription_identifier = OPT(1)}));
    SILENT();
    S(PUBLISH(.topic = "a"));
    FOUND("server 5.0/MQTT-3.3.4-3");
    S(PUBLISH(.topic = "a",
              .props = {.subscription_identifier = {OPT(1), OPT(2)}}));
    FOUND("server 5.0/MQTT-3.3.4-5");
    end(&s);
}
END_TEST

/* Publishes with properties in one connection; the next one is the reader. */
static void publish_first(struct scene *ps)
{
#define s (*ps)
    connected(ps, WIRE_5_0, "p");
    C(PUBLISH(.topic = "a", .payload = BYTES("x"), .qos = 1, .packet_id = 1,
              .props = {.content_type = "t",
                        .response_topic = "r",
                        .correlation_data = BYTES("c"),
                        .payload_format_indicator = OPT(1),
                        .message_expiry_interval_s = OPT(60),
                        .user_property = {{"k", "1"}, {"k", "2"}}}));
    S(PUBACK(.packet_id = 1));
    SILENT();
    end(ps);
    connected(ps, WIRE_5_0, "r");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 2}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(2)));
#undef s
}

START_TEST(copies_are_like_what_was_published)
{
    struct scene s = {.world = observe_world_new(true)};

    publish_first(&s);
    S(PUBLISH(.topic = "a", .payload = BYTES("x"), .qos = 1, .packet_id = 1,
              .props = {.content_type = "t",
                        .response_topic = "r",
                        .correlation_data = BYTES("c"),
                        .payload_format_indicator = OPT(1),
                        .message_expiry_interval_s = OPT(59),
                        .user_property = {{"k", "1"}, {"k", "2"}}}));
    S(PUBLISH(.topic = "a", .payload = BYTES("unseen"), .qos = 2,
              .packet_id = 2));
    SILENT();
    S(PUBLISH(.topic = "a", .payload = BYTES("x"), .qos = 2, .packet_id = 3,
              .props = {.content_type = "u",
                        .response_topic = "r",
                        .message_expiry_interval_s = OPT(61),
                        .user_property = {{"k", "2"}, {"k", "1"}}}));
    FOUND("server 5.0/MQTT-3.8.4-8; server 5.0/MQTT-3.3.2-4; server "
          "5.0/MQTT-3.3.2-16; server 5.0/MQTT-3.3.2-17; server "
          "5.0/MQTT-3.3.2-20; server 5.0/MQTT-3.3.2-6");
    end(&s);
    observe_world_free(s.world);
}
END_TEST

START_TEST(no_local_keeps_own_messages_away)
{
    struct scene s = {.world = observe_world_new(true)};

    connected(&s, WIRE_5_0, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a", .no_local = 1}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    C(PUBLISH(.topic = "a", .payload = BYTES("mine")));
    S(PUBLISH(.topic = "a", .payload = BYTES("theirs")));
    SILENT();
    S(PUBLISH(.topic = "a", .payload = BYTES("mine")));
    FOUND("server 5.0/MQTT-3.8.3-3");
    end(&s);
    observe_world_free(s.world);
}
END_TEST

START_TEST(retain_is_followed_from_publisher_to_copy)
{
    struct scene s = {.world = observe_world_new(true)};

    connected(&s, WIRE_3_1_1, "c");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"a"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    C(PUBLISH(.topic = "a", .payload = BYTES("live")));
    S(PUBLISH(.topic = "a", .payload = BYTES("live")));
    SILENT();
    S(PUBLISH(.topic = "a", .payload = BYTES("live"), .retain = 1));
    FOUND("server 3.1.1/MQTT-3.3.1-9");
    end(&s);
    connected(&s, WIRE_5_0, "d");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"b", .retain_as_published = 1}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    C(PUBLISH(.topic = "b", .payload = BYTES("kept"), .retain = 1));
    S(PUBLISH(.topic = "b", .payload = BYTES("kept"), .retain = 1));
    SILENT();
    S(PUBLISH(.topic = "b", .payload = BYTES("kept")));
    FOUND("server 5.0/MQTT-3.3.1-13");
    end(&s);
    observe_world_free(s.world);
}
END_TEST

START_TEST(what_the_server_lacks_is_not_asked_for)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "c", .clean_start = 1));
    S(CONNACK(.props = {.maximum_qos = OPT(1),
                        .retain_available = OPT(0),
                        .wildcard_subscription_available = OPT(0)}));
    C(PUBLISH(.topic = "a", .qos = 1, .packet_id = 1));
    SILENT();
    C(PUBLISH(.topic = "a", .qos = 2, .packet_id = 2));
    FOUND("client 5.0/MQTT-3.2.2-11");
    C(PUBLISH(.topic = "a", .retain = 1));
    FOUND("client 5.0/MQTT-3.2.2-14");
    C(SUBSCRIBE(.packet_id = 3, .filters = {{"#"}}));
    FOUND("client 5.0/RULE-feature-unavailable");
    end(&s);
}
END_TEST

Suite *suite_observe_delivery(void)
{
    Suite *suite = suite_create("observe: delivery");
    TCase *tcase = tcase_create("delivery");

    tcase_add_loop_test(tcase, filters_match_as_the_standard_says, 0,
                        (int)(sizeof truths / sizeof *truths));
    tcase_add_test(tcase, replies_answer_their_request);
    tcase_add_test(tcase, deliveries_match_a_subscription);
    tcase_add_test(tcase, shared_subscriptions_match_by_their_filter);
    tcase_add_test(tcase, what_begins_with_a_dollar_is_the_servers_in_3);
    tcase_add_test(tcase, live_messages_have_no_retain);
    tcase_add_test(tcase, subscription_identifiers_come_with_the_message);
    tcase_add_test(tcase, copies_are_like_what_was_published);
    tcase_add_test(tcase, no_local_keeps_own_messages_away);
    tcase_add_test(tcase, retain_is_followed_from_publisher_to_copy);
    tcase_add_test(tcase, what_the_server_lacks_is_not_asked_for);
    suite_add_tcase(suite, tcase);
    return suite;
}
