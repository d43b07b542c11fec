/* SPDX-License-Identifier: Apache-2.0 */
/* observe_opening.c -- the observer on the order of packets, CONNACK, limits,
 * and what it makes of any octets. */
#include <stdlib.h>

#include "selftest/observe_scene.h"
#include "selftest/selftest.h"

START_TEST(the_first_packets)
{
    struct scene s = {0};

    play(&s, WIRE_3_1_1);
    C(PINGREQ());
    FOUND("client 5.0/MQTT-3.1.0-1");
    end(&s);
    play(&s, WIRE_3_1_1);
    C(CONNECT(.clean_start = 1));
    S(PUBLISH(.topic = "a"));
    FOUND("server 3.1.1/MQTT-3.2.0-1");
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(DISCONNECT(.reason = 0x82));
    FOUND("server 5.0/MQTT-3.14.0-1");
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(CONNACK());
    S(CONNACK());
    FOUND("server 5.0/MQTT-3.2.0-2");
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    FOUND("client 5.0/MQTT-3.1.0-2");
    end(&s);
}
END_TEST

START_TEST(the_last_packets)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(CONNACK());
    S(DISCONNECT(.reason = 0x8b));
    S(PINGRESP());
    FOUND("server 5.0/MQTT-3.14.4-1");
    C(DISCONNECT());
    C(PINGREQ());
    FOUND("client 5.0/MQTT-3.14.4-1");
    end(&s);
    play(&s, WIRE_3_1_1);
    C(CONNECT(.clean_start = 1));
    S(CONNACK(.reason = 5));
    SILENT();
    S(PINGRESP());
    FOUND("server 3.1.1/MQTT-3.2.2-5");
    end(&s);
}
END_TEST

START_TEST(connack_fits_connect)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1));
    S(CONNACK(.session_present = 1, .props = {.response_information = "r"}));
    FOUND("server 5.0/MQTT-3.2.2-2; server 5.0/MQTT-3.1.2-28; server "
          "5.0/MQTT-3.2.2-16");
    end(&s);
    play(&s, WIRE_3_1_1);
    C(CONNECT(.clean_start = 1));
    S(CONNACK(.session_present = 1));
    FOUND("server 3.1.1/MQTT-3.2.2-1");
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(CONNACK(.props = {.authentication_method = "m"}));
    FOUND("server 5.0/MQTT-4.12.0-6");
    end(&s);
}
END_TEST

START_TEST(enhanced_authentication)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c",
              .props = {.authentication_method = "m"}));
    S(AUTH(.reason = 0x18, .props = {.authentication_method = "m"}));
    C(AUTH(.reason = 0x18, .props = {.authentication_method = "m"}));
    S(CONNACK(.props = {.authentication_method = "m"}));
    C(AUTH(.reason = 0x19, .props = {.authentication_method = "m"}));
    S(AUTH(.reason = 0, .props = {.authentication_method = "m"}));
    SILENT();
    S(AUTH(.reason = 0x18, .props = {.authentication_method = "n"}));
    FOUND("server 5.0/MQTT-4.12.0-5");
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(AUTH(.reason = 0x18, .props = {.authentication_method = "m"}));
    FOUND("server 5.0/MQTT-4.12.0-6");
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c",
              .props = {.authentication_method = "m"}));
    C(PINGREQ());
    FOUND("client 5.0/MQTT-3.1.2-30");
    end(&s);
}
END_TEST

START_TEST(limits_of_size_and_problem_information)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c",
              .props = {.maximum_packet_size = OPT(20),
                        .request_problem_information = OPT(0)}));
    S(CONNACK(.props = {.maximum_packet_size = OPT(30)}));
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"#"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0)));
    S(PUBLISH(.topic = "a", .payload = BYTES("0123456789abcd")));
    SILENT();
    S(PUBLISH(.topic = "a", .payload = BYTES("0123456789abcde")));
    FOUND("server 5.0/MQTT-3.1.2-24");
    C(SUBSCRIBE(.packet_id = 1, .filters = {{"x"}}));
    S(SUBACK(.packet_id = 1, .codes = CODES(0),
             .props = {.reason_string = "r"}));
    FOUND("server 5.0/MQTT-3.1.2-29");
    C(PUBLISH(.topic = "a", .payload = BYTES("0123456789abcdefghijklmno")));
    FOUND("client 5.0/MQTT-3.2.2-15");
    end(&s);
}
END_TEST

START_TEST(malformed_packets_are_told_by_side)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(CONNACK());
    S(PINGRESP(.raw_flags = OPT(1)));
    FOUND("server 5.0/MQTT-2.1.3-1; should server 5.0 s3.13");
    C(PUBLISH(.topic = "a/#"));
    FOUND("client 5.0/MQTT-3.3.2-2");
    S(DISCONNECT(.reason = 0x90));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(refusals_of_a_version_are_understood)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c"));
    S(RAW("20 02 00 01"));
    SILENT();
    end(&s);
    play(&s, WIRE_5_0);
    C(CONNECT(.client_id = "c", .protocol_level = OPT(9)));
    FOUND("client 5.0 s3.1.2.2");
    S(RAW("20 02 00 01"));
    S(RAW("20 03 00 84 00"));
    SILENT();
    end(&s);
}
END_TEST

START_TEST(keep_alive_is_watched)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    C(CONNECT(.clean_start = 1, .client_id = "c", .keep_alive_s = 100));
    S(CONNACK(.props = {.server_keep_alive_s = OPT(2)}));
    observe_tick(s.o, s.now_ns + INT64_C(4500000000));
    SILENT();
    observe_tick(s.o, s.now_ns + INT64_C(6000000000));
    observe_tick(s.o, s.now_ns + INT64_C(7000000000));
    FOUND("server 5.0/MQTT-3.1.2-22");
    s.now_ns += INT64_C(8000000000);
    C(PINGREQ());
    FOUND("client 5.0/MQTT-3.1.2-21");
    s.now_ns += INT64_C(2500000000);
    C(PINGREQ());
    SILENT();
    end(&s);
}
END_TEST

START_TEST(a_connection_seen_from_its_middle_is_not_blamed)
{
    struct scene s = {0};

    play(&s, WIRE_5_0);
    observe_begin_midstream(s.o, WIRE_5_0);
    S(PUBLISH(.topic = "", .props = {.topic_alias = OPT(9)}));
    S(PUBLISH(.topic = "x", .qos = 1, .packet_id = 3, .dup = 1));
    S(PUBACK(.packet_id = 5));
    S(SUBACK(.packet_id = 5, .codes = CODES(0)));
    S(PUBREL(.packet_id = 6));
    S(PINGRESP());
    SILENT();
    S(PUBLISH(.topic = "x/+"));
    FOUND("server 5.0/MQTT-3.3.2-2");
    end(&s);
    play(&s, WIRE_5_0);
    observe_begin_midstream(s.o, WIRE_UNKNOWN);
    S(PUBLISH(.topic = "x/+"));
    SILENT();
    end(&s);
}
END_TEST

/* ---- any octets ---------------------------------------------------------- */

struct tally {
    char text[4000];
    size_t n;
};

static void add_finding(void *user, const struct observe_finding *finding)
{
    struct tally *tally = user;

    if (tally->n + 80 < sizeof tally->text)
        tally->n += (size_t)sprintf(tally->text + tally->n, "%zu %d %.40s\n",
                                    finding->packet_no, (int)finding->who,
                                    finding->rule);
}

/* A conversation that is sound for the most part, then damaged. */
static size_t make_conversation(enum wire_version version, unsigned char *out,
                                size_t cap, enum wire_side from)
{
    const struct wire_packet *packets[] = {
        from == WIRE_CLIENT ? CONNECT(.client_id = "c", .clean_start = 1)
                            : CONNACK(),
        SUBSCRIBE(.packet_id = 1, .filters = {{"a/#", .qos = 1}}),
        SUBACK(.packet_id = 1, .codes = CODES(1)),
        PUBLISH(.topic = "a/b", .payload = BYTES("x"), .qos = 1,
                .packet_id = 2),
        PUBACK(.packet_id = 2),
        PUBREC(.packet_id = 3),
        PUBREL(.packet_id = 3),
        PUBLISH(.topic = "", .props = {.topic_alias = OPT(1)}),
        PINGREQ(),
        PINGRESP(),
        UNSUBSCRIBE(.packet_id = 4, .filters = {{"a/#"}}),
        UNSUBACK(.packet_id = 4, .codes = CODES(0)),
        DISCONNECT(.reason = 0)};
    size_t n = 0;

    for (size_t i = 0; i < 12; i++) {
        const size_t pick = i ? (size_t)rand() % 13 : 0;
        const size_t length =
            wire_write(version, packets[pick], out + n, cap - n);
        if (length > cap - n)
            break;
        n += length;
    }
    for (int damage = rand() % 3; damage > 0; damage--)
        out[(size_t)rand() % n] = (unsigned char)rand();
    return n;
}

static void feed(struct observe *o, enum wire_side from,
                 const unsigned char *octets, size_t n, size_t step)
{
    for (size_t at = 0; at < n; at += step)
        observe_octets(o, from, octets + at, n - at < step ? n - at : step, 1,
                       0);
}

/* Whole, by single octets and by threes: no crash, and the same findings. */
START_TEST(any_cut_gives_the_same_findings)
{
    static const size_t steps[] = {4096, 1, 3};
    unsigned char client[512], server[512];
    struct tally tallies[3];

    srand((unsigned)_i * 7919 + 1);
    for (int round = 0; round < 300; round++) {
        const enum wire_version version = (enum wire_version)(3 + round % 3);
        const size_t nc =
            make_conversation(version, client, sizeof client, WIRE_CLIENT);
        const size_t ns =
            make_conversation(version, server, sizeof server, WIRE_SERVER);
        for (int way = 0; way < 3; way++) {
            struct observe_world *world = observe_world_new(round % 2);
            struct observe *o =
                observe_new(world, add_finding, NULL, &tallies[way]);
            memset(&tallies[way], 0, sizeof tallies[way]);
            feed(o, WIRE_CLIENT, client, nc, steps[way]);
            feed(o, WIRE_SERVER, server, ns, steps[way]);
            observe_quiet(o, 2, 0);
            observe_free(o);
            observe_world_free(world);
            ck_assert_str_eq(tallies[way].text, tallies[0].text);
        }
    }
}
END_TEST

Suite *suite_observe_opening(void)
{
    Suite *suite = suite_create("observe: opening");
    TCase *tcase = tcase_create("opening");

    tcase_add_test(tcase, the_first_packets);
    tcase_add_test(tcase, the_last_packets);
    tcase_add_test(tcase, connack_fits_connect);
    tcase_add_test(tcase, enhanced_authentication);
    tcase_add_test(tcase, limits_of_size_and_problem_information);
    tcase_add_test(tcase, malformed_packets_are_told_by_side);
    tcase_add_test(tcase, refusals_of_a_version_are_understood);
    tcase_add_test(tcase, keep_alive_is_watched);
    tcase_add_test(tcase, a_connection_seen_from_its_middle_is_not_blamed);
    tcase_add_loop_test(tcase, any_cut_gives_the_same_findings, 0, 8);
    suite_add_tcase(suite, tcase);
    return suite;
}
