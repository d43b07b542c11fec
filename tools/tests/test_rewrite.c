/* SPDX-License-Identifier: Apache-2.0 */
/* test_rewrite.c -- what a replay changes in a client's packets. */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "rewrite.h"
#include "tests/scene.h"

static struct message read_back(enum wire_version version, enum wire_side from,
                                const struct wire_packet *p)
{
    uint8_t octets[1024];
    struct message m;
    size_t n = wire_write(version, p, octets, sizeof octets);
    message_read(&m, version, from, octets, n, NULL);
    return m;
}

static const enum wire_version VERSIONS[] = {WIRE_3_1, WIRE_3_1_1, WIRE_5_0};

/* Nothing asked for: not an octet differs. */
START_TEST(connect_untouched)
{
    struct rewrite r = {0};
    size_t n;
    struct message m = read_back(
        VERSIONS[_i], WIRE_CLIENT,
        CONNECT(.client_id = "pump", .keep_alive_s = 30, .user_name = "u",
                .password = BYTES("p"),
                .will = {.topic = "w", .payload = BYTES("gone"), .qos = 1},
                .props = {.receive_maximum = OPT(9),
                          .user_property = {{"k", "v"}}}));
    uint8_t *octets = rewrite_connect(&m, &r, &n);
    ck_assert_uint_eq(n, m.n);
    ck_assert_mem_eq(octets, m.octets, n);
    free(octets);
    message_clear(&m);
}
END_TEST

/* Another identifier, other credentials, a longer Keep Alive; the rest stays.
 */
START_TEST(connect_changed)
{
    struct rewrite r = {.id_prefix = "x-", .speed = 0.5};
    struct message m =
        read_back(VERSIONS[_i], WIRE_CLIENT,
                  CONNECT(.client_id = "pump", .keep_alive_s = 30,
                          .user_name = "u", .password = BYTES("p"),
                          .will = {.topic = "w", .payload = BYTES("gone")}));
    struct wire_packet p;
    size_t n, total;
    renames_add(&r.credentials, NULL, "anna");
    r.credentials.rows[0].password = strdup("secret");
    uint8_t *octets = rewrite_connect(&m, &r, &n);
    ck_assert_int_eq(
        wire_read(VERSIONS[_i], WIRE_CLIENT, octets, n, &p, &total, NULL),
        WIRE_OK);
    ck_assert(wire_same(p.client_id, BYTES("x-pump")));
    ck_assert(wire_same(p.user_name, BYTES("anna")));
    ck_assert(wire_same(p.password, BYTES("secret")));
    ck_assert(wire_same(p.will.payload, BYTES("gone")));
    ck_assert_uint_eq(p.keep_alive_s, 60);
    free(octets);
    renames_clear(&r.credentials);
    message_clear(&m);
}
END_TEST

/* An acknowledgement carries the live identifier. */
START_TEST(acknowledgement)
{
    struct message m = read_back(WIRE_5_0, WIRE_CLIENT,
                                 PUBREC(.packet_id = 7, .reason = 0x80));
    uint8_t *octets = rewrite_id(&m, 0x1234);
    ck_assert_mem_eq(octets, "\x50\x03\x12\x34\x80", 5);
    free(octets);
    message_clear(&m);
}
END_TEST

/* A server that allows no aliases gets the topic itself. */
START_TEST(topic_alias_expanded)
{
    uint8_t first[128], second[128];
    struct aliases aliases = {0};
    struct message set, use;
    struct wire_packet p;
    size_t total,
        n = wire_write(WIRE_5_0,
                       PUBLISH(.topic = "plant/1", .payload = BYTES("a"),
                               .props = {.topic_alias = OPT(3)}),
                       first, sizeof first);
    message_read(&set, WIRE_5_0, WIRE_CLIENT, first, n, &aliases);
    n = wire_write(
        WIRE_5_0,
        PUBLISH(.topic = BYTES(""), .qos = 1, .packet_id = 5,
                .payload = BYTES("b"),
                .props = {.topic_alias = OPT(3), .content_type = "x"}),
        second, sizeof second);
    message_read(&use, WIRE_5_0, WIRE_CLIENT, second, n, &aliases);
    ck_assert_str_eq(use.topic, "plant/1");
    uint8_t *octets = rewrite_alias(&use, &n);
    ck_assert_int_eq(
        wire_read(WIRE_5_0, WIRE_CLIENT, octets, n, &p, &total, NULL), WIRE_OK);
    ck_assert(wire_same(p.topic, BYTES("plant/1")));
    ck_assert(wire_same(p.props.content_type, BYTES("x")));
    ck_assert(!wire_is_set(p.props.topic_alias));
    ck_assert_uint_eq(p.packet_id, 5);
    free(octets);
    message_clear(&set);
    message_clear(&use);
    aliases_clear(&aliases);
}
END_TEST

#define DIFFERENT(field, a, b)                                                 \
    do {                                                                       \
        char why_[200];                                                        \
        struct message one_ = read_back(WIRE_5_0, WIRE_SERVER, a),             \
                       two_ = read_back(WIRE_5_0, WIRE_SERVER, b);             \
        ck_assert_int_eq(                                                      \
            compare_messages(&one_, &two_, one_.id, why_, sizeof why_),        \
            COMPARED_DIFFERENT);                                               \
        ck_assert_msg(strstr(why_, field) != NULL, "%s", why_);                \
        message_clear(&one_);                                                  \
        message_clear(&two_);                                                  \
    } while (0)

/* Each field that must be equal is named when it is not. */
START_TEST(differences_are_named)
{
    DIFFERENT("Payload", PUBLISH(.topic = "t", .payload = BYTES("a")),
              PUBLISH(.topic = "t", .payload = BYTES("b")));
    DIFFERENT("Topic Name", PUBLISH(.topic = "t"), PUBLISH(.topic = "u"));
    DIFFERENT("RETAIN", PUBLISH(.topic = "t"),
              PUBLISH(.topic = "t", .retain = 1));
    DIFFERENT("QoS", PUBLISH(.topic = "t"),
              PUBLISH(.topic = "t", .qos = 1, .packet_id = 1));
    DIFFERENT("Content Type",
              PUBLISH(.topic = "t", .props = {.content_type = "a"}),
              PUBLISH(.topic = "t", .props = {.content_type = "b"}));
    DIFFERENT("User Property",
              PUBLISH(.topic = "t", .props = {.user_property = {{"a", "b"}}}),
              PUBLISH(.topic = "t", .props = {.user_property = {{"a", "c"}}}));
    DIFFERENT("Packet Identifier", PUBACK(.packet_id = 1),
              PUBACK(.packet_id = 2));
    DIFFERENT("Reason Code", SUBACK(.packet_id = 1, .codes = CODES(2)),
              SUBACK(.packet_id = 1, .codes = CODES(1)));
    DIFFERENT("Session Present", CONNACK(), CONNACK(.session_present = 1));
    DIFFERENT("Assigned Client Identifier",
              CONNACK(.props = {.assigned_client_identifier = "a"}), CONNACK());
}
END_TEST

/* What the server chooses, and texts for people, may differ. */
START_TEST(choices_may_differ)
{
    char why[200];
    struct message a =
        read_back(WIRE_5_0, WIRE_SERVER,
                  CONNACK(.props = {.assigned_client_identifier = "a",
                                    .receive_maximum = OPT(5),
                                    .reason_string = "x"}));
    struct message b =
        read_back(WIRE_5_0, WIRE_SERVER,
                  CONNACK(.props = {.assigned_client_identifier = "b"}));
    ck_assert_int_eq(compare_messages(&a, &b, 0, why, sizeof why),
                     COMPARED_MAPPED);
    message_clear(&a);
    message_clear(&b);
}
END_TEST

Suite *suite_rewrite(void)
{
    Suite *s = suite_create("rewrite");
    TCase *t = tcase_create("rewrite");
    tcase_add_loop_test(t, connect_untouched, 0, 3);
    tcase_add_loop_test(t, connect_changed, 0, 3);
    tcase_add_test(t, acknowledgement);
    tcase_add_test(t, topic_alias_expanded);
    tcase_add_test(t, differences_are_named);
    tcase_add_test(t, choices_may_differ);
    suite_add_tcase(s, t);
    return s;
}
