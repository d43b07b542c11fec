/* SPDX-License-Identifier: Apache-2.0 */
/* wire_build.c -- packets as tests write them: built, made nonsense, expected.
 */
#include <stdio.h>
#include <string.h>

#include "selftest/selftest.h"
#include "wire/wire.h"

/* Writes a packet and compares with hex digits. */
static void expect_octets(enum wire_version version,
                          const struct wire_packet *packet, const char *hex)
{
    unsigned char octets[256], expected[256];
    const size_t n = wire_write(version, packet, octets, sizeof octets);
    const size_t n_expected = wire_hex(hex, expected, sizeof expected);
    char got[600] = "";

    for (size_t i = 0; i < n && i < sizeof octets; i++)
        sprintf(got + 3 * i, "%02x ", octets[i]);
    ck_assert_msg(n == n_expected && !memcmp(octets, expected, n),
                  "got %s, expected %s", got, hex);
}

START_TEST(packets_are_built_from_designated_initialisers)
{
    expect_octets(
        WIRE_3_1_1,
        CONNECT(.client_id = "pump", .clean_start = 1, .keep_alive_s = 30,
                .will = {.topic = "s", .payload = BYTES("gone"), .qos = 1}),
        "10 19 00044d515454 04 0e 001e 0004 70756d70 0001 73 0004 "
        "676f6e65");
    expect_octets(WIRE_3_1, CONNECT(.client_id = "p"),
                  "10 0f 00064d5149736470 03 00 0000 0001 70");
    expect_octets(WIRE_5_0,
                  CONNECT(.user_name = "u", .password = BYTES("\0"),
                          .props = {.receive_maximum = OPT(1),
                                    .session_expiry_interval_s = 30,
                                    .user_property = {{"k", "v"}}}),
                  "10 22 00044d515454 05 c0 0000 0f 11 0000001e 21 0001 26 "
                  "0001 6b 0001 76 0000 0001 75 0001 00");
    expect_octets(WIRE_5_0,
                  PUBLISH(.topic = "a", .payload = BYTES("x"), .qos = 1,
                          .packet_id = 7, .retain = 1, .dup = 1),
                  "3b 07 0001 61 0007 00 78");
    expect_octets(WIRE_3_1_1, PUBLISH(.topic = "a"), "30 03 0001 61");
    expect_octets(WIRE_5_0, PUBACK(.packet_id = 1), "40 02 0001");
    expect_octets(WIRE_5_0, PUBREL(.packet_id = 1, .reason = 0x92),
                  "62 03 0001 92");
    expect_octets(WIRE_5_0, PUBCOMP(.packet_id = 1, .raw_full = true),
                  "70 04 0001 00 00");
    expect_octets(WIRE_5_0,
                  PUBREC(.packet_id = 1, .props = {.reason_string = "r"}),
                  "50 08 0001 00 04 1f 0001 72");
    expect_octets(
        WIRE_5_0,
        SUBSCRIBE(.packet_id = 2,
                  .filters = {{"a/b", .qos = 1, .no_local = 1,
                               .retain_as_published = 1, .retain_handling = 2},
                              {"c"}}),
        "82 0d 0002 00 0003 612f62 2d 0001 63 00");
    expect_octets(WIRE_3_1_1, SUBACK(.packet_id = 2, .codes = CODES(1, 0x80)),
                  "90 04 0002 01 80");
    expect_octets(WIRE_3_1_1, UNSUBSCRIBE(.packet_id = 2, .filters = {{"a"}}),
                  "a2 05 0002 0001 61");
    expect_octets(WIRE_5_0, UNSUBACK(.packet_id = 2, .codes = CODES(0x11)),
                  "b0 04 0002 00 11");
    expect_octets(WIRE_3_1_1, PINGREQ(), "c0 00");
    expect_octets(WIRE_3_1_1, PINGRESP(), "d0 00");
    expect_octets(WIRE_3_1_1, DISCONNECT(.reason = 4), "e0 00");
    expect_octets(WIRE_5_0, DISCONNECT(.reason = 4), "e0 01 04");
    expect_octets(WIRE_5_0,
                  AUTH(.reason = CONTINUE_AUTHENTICATION,
                       .props = {.authentication_method = "m"}),
                  "f0 06 18 04 15 0001 6d");
    expect_octets(WIRE_5_0, AUTH(.reason = 0x18), "f0 02 18 00");
    expect_octets(WIRE_3_1_1, CONNACK(.session_present = 1, .reason = SUCCESS),
                  "20 02 01 00");
    expect_octets(WIRE_5_0, CONNACK(.reason = 0x87), "20 03 00 87 00");
    expect_octets(WIRE_3_1_1, RAW("c0 00"), "c0 00");
}
END_TEST

START_TEST(nonsense_is_written_as_told)
{
    expect_octets(WIRE_3_1_1, PINGREQ(.raw_flags = OPT(0)), "c0 00");
    expect_octets(WIRE_3_1_1, PUBREL(.packet_id = 1, .raw_flags = OPT(0)),
                  "60 02 0001");
    expect_octets(WIRE_3_1_1, PINGREQ(.raw_length = OPT(5)), "c0 05");
    expect_octets(WIRE_3_1_1, PINGREQ(.raw_length_octets = 5),
                  "c0 80 80 80 80 00");
    expect_octets(WIRE_3_1_1, PINGREQ(.raw_trailing = BYTES("x")), "c0 01 78");
    expect_octets(WIRE_3_1_1, PUBLISH(.topic = "abc", .raw_cut = 2),
                  "30 05 0003 61");
    expect_octets(WIRE_3_1_1, PUBLISH(.raw_body = BYTES("\xff")), "30 01 ff");
    expect_octets(WIRE_3_1_1,
                  PUBLISH(.raw_fields = {{"topic", BYTES("\x00\xff"
                                                         "a")}}),
                  "30 03 00 ff 61");
    expect_octets(WIRE_3_1_1,
                  CONNECT(.protocol_name = "X", .protocol_level = OPT(0),
                          .raw_connect_flags = OPT(0xff),
                          .raw_fields = {{"keep_alive_s", BYTES("")}}),
                  "10 07 0001 58 00 ff 0000");
    expect_octets(WIRE_5_0, PINGRESP(.props = {.receive_maximum = OPT(1)}),
                  "d0 00");
    expect_octets(
        WIRE_5_0,
        PUBLISH(.topic = "a",
                .props = {.receive_maximum = OPT(0),
                          .topic_alias = OPT(1),
                          .extra = {{0x23, 2}, {0x7f, 0, BYTES("z")}}}),
        "30 0f 0001 61 0b 21 0000 23 0001 23 0002 7f 7a");
    expect_octets(WIRE_5_0,
                  PUBLISH(.topic = "a", .props = {.raw_length = OPT(9),
                                                  .raw_length_octets = 2}),
                  "30 05 0001 61 89 00");
    expect_octets(WIRE_5_0, PUBLISH(.topic = "a", .props = {.raw_omit = true}),
                  "30 03 0001 61");
    expect_octets(WIRE_5_0,
                  PUBLISH(.topic = "a", .props = {.raw = OCTETS(1, 1)}),
                  "30 06 0001 61 02 01 01");
    expect_octets(
        WIRE_3_1_1,
        SUBSCRIBE(.packet_id = 1, .filters = {{"a", .raw_options = OPT(0xff)}}),
        "82 06 0001 0001 61 ff");
    expect_octets(WIRE_3_1_1, AUTH(), "f0 00");
}
END_TEST

/* Reads octets and matches them. */
static bool answers(enum wire_version version,
                    const struct wire_packet *expected, const char *hex,
                    char why[200])
{
    unsigned char octets[128];
    const size_t n = wire_hex(hex, octets, sizeof octets);
    struct wire_packet packet;
    size_t total;

    wire_read(version, WIRE_ANYBODY, octets, n, &packet, &total, NULL);
    return wire_match(expected, &packet, why, 200);
}

#define ANSWERS(version, packet, hex)                                          \
    do {                                                                       \
        char why[200];                                                         \
        ck_assert_msg(answers(version, packet, hex, why), "%s", why);          \
    } while (0)
#define DIFFERS(version, packet, hex, sentence)                                \
    do {                                                                       \
        char why[200];                                                         \
        ck_assert(!answers(version, packet, hex, why));                        \
        ck_assert_str_eq(why, sentence);                                       \
    } while (0)

START_TEST(an_expectation_compares_what_it_names)
{
    ANSWERS(WIRE_3_1_1, CONNACK(), "20 02 01 00");
    ANSWERS(WIRE_3_1_1, CONNACK(.reason = SUCCESS), "20 02 01 00");
    DIFFERS(WIRE_3_1_1, CONNACK(.reason = SUCCESS, .session_present = 0),
            "20 02 01 00", "Session Present is 1, expected 0");
    DIFFERS(WIRE_5_0, CONNACK(.reason = SUCCESS), "20 03 00 87 00",
            "Reason Code is 0x87 (Not authorized), expected 0x00 (Success)");
    ANSWERS(WIRE_5_0, CONNACK(.reason = REASON_AT_LEAST(0x80)),
            "20 03 00 87 00");
    ANSWERS(WIRE_5_0, CONNACK(.reason_any = CODES(0x87, 0)), "20 03 00 00 00");
    DIFFERS(WIRE_5_0, CONNACK(.reason_any = CODES(0x82, 0x81)),
            "20 03 00 00 00",
            "Reason Code is 0x00 (Success), expected one of 0x82 0x81");
    DIFFERS(WIRE_3_1_1, PINGRESP(), "c0 00",
            "it is PINGREQ, expected PINGRESP");
    DIFFERS(WIRE_3_1_1, PUBLISH(.qos = 0), "32 05 0001 61 0007",
            "QoS is 1, expected 0");
    DIFFERS(WIRE_3_1_1, PUBLISH(.topic = "b", .packet_id = 7),
            "32 05 0001 61 0007", "Topic Name is \"a\", expected \"b\"");
    DIFFERS(WIRE_3_1_1, PUBLISH(.packet_id = 8), "32 05 0001 61 0007",
            "Packet Identifier is 7, expected 8");
    ANSWERS(WIRE_3_1_1, PUBLISH(.payload = BYTES("")), "32 05 0001 61 0007");
    DIFFERS(WIRE_3_1_1, PUBLISH(.payload = BYTES("x")), "32 05 0001 61 0007",
            "Payload is \"\" (0 octets), expected \"x\" (1 octets)");
    DIFFERS(WIRE_3_1_1, SUBACK(.codes = CODES(1, 2)), "90 04 0001 01 01",
            "Return Code is \"\\x01\\x01\", expected \"\\x01\\x02\"");
    ANSWERS(WIRE_5_0, SUBACK(.reason = REASON_AT_LEAST(0x80)),
            "90 05 0001 00 80 8f");
}
END_TEST

START_TEST(an_expectation_compares_properties)
{
    ANSWERS(WIRE_5_0, PUBLISH(.props = {.topic_alias = OPT(3)}),
            "30 07 0001 61 03 23 0003");
    DIFFERS(WIRE_5_0, PUBLISH(.props = {.topic_alias = NONE}),
            "30 07 0001 61 03 23 0003", "Topic Alias is 3, expected none");
    ANSWERS(WIRE_5_0, PUBLISH(.props = {.topic_alias = NONE}),
            "30 04 0001 61 00");
    DIFFERS(WIRE_5_0, PUBLISH(.props = {.topic_alias = OPT(0)}),
            "30 04 0001 61 00", "Topic Alias is absent, expected 0");
    DIFFERS(WIRE_5_0, PUBLISH(.props = {.content_type = NO_BYTES}),
            "30 08 0001 61 04 03 0001 74",
            "Content Type is \"t\", expected none");
    ANSWERS(WIRE_5_0,
            PUBLISH(.props = {.user_property = {{"k", "v"}, {"k", "w"}}}),
            "30 12 0001 61 0e 26 0001 6b 0001 76 26 0001 6b 0001 77");
    DIFFERS(WIRE_5_0,
            PUBLISH(.props = {.user_property = {{"k", "v"}, {"k", "w"}}}),
            "30 12 0001 61 0e 26 0001 6b 0001 77 26 0001 6b 0001 76",
            "value of a User Property is \"w\", expected \"v\"");
    DIFFERS(WIRE_5_0, PUBLISH(.props = {.no_user_property = true}),
            "30 0b 0001 61 07 26 0001 6b 0001 76",
            "there is a User Property, expected none");
    DIFFERS(WIRE_5_0, PUBLISH(.props = {.subscription_identifier = OPT(5)}),
            "30 08 0001 61 04 0b 05 0b 06",
            "there are 2 Subscription Identifiers, expected 1");
}
END_TEST

START_TEST(the_macros_text_is_read)
{
    const char *said = ".topic = \"a, .qos = 1\", .props = {.topic_alias "
                       "=OPT(3)}, .will.qos = 2, .retain=0";

    ck_assert(wire_says(said, "topic"));
    ck_assert(wire_says(said, "retain"));
    ck_assert(wire_says(said, "props.topic_alias"));
    ck_assert(wire_says(said, "will.qos"));
    ck_assert(!wire_says(said, "qos"));
    ck_assert(!wire_says(said, "topic_alias"));
    ck_assert(!wire_says(said, "props.receive_maximum"));
    ck_assert(!wire_says(NULL, "topic"));
}
END_TEST

Suite *suite_wire_build(void)
{
    Suite *suite = suite_create("wire: packets of tests");
    TCase *tcase = tcase_create("build");

    tcase_add_test(tcase, packets_are_built_from_designated_initialisers);
    tcase_add_test(tcase, nonsense_is_written_as_told);
    tcase_add_test(tcase, an_expectation_compares_what_it_names);
    tcase_add_test(tcase, an_expectation_compares_properties);
    tcase_add_test(tcase, the_macros_text_is_read);
    suite_add_tcase(suite, tcase);
    return suite;
}
