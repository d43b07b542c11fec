/* SPDX-License-Identifier: Apache-2.0 */
/* wire_vectors.c -- good packets: hex typed from the standard, read and
 * written.
 *
 * Each vector is read, told on one line, and written again from what was read;
 * the octets must be the same. Every packet type, every version, every
 * property.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"
#include "wire/wire.h"

struct vector {
    enum wire_version version;
    enum wire_side from;
    const char *hex, *line;
};

#define C WIRE_CLIENT
#define S WIRE_SERVER

static const struct vector vectors[] = {
    /* CONNECT */
    {3, C, "10 0f 00 06 4d5149736470 03 02 00 0a 00 01 61",
     "CONNECT Protocol Name \"MQIsdp\" Protocol Version 3 Clean Session Keep "
     "Alive 10 Client Identifier \"a\""},
    {4, C, "10 0c 00 04 4d515454 04 02 00 3c 00 00",
     "CONNECT Protocol Name \"MQTT\" Protocol Version 4 Clean Session Keep "
     "Alive 60 Client Identifier \"\""},
    {4, C,
     "10 1b 00 04 4d515454 04 f6 00 0a 00 01 61 00 03 77 2f 74 00 02 6d 67 00 "
     "01 75 00 00",
     "CONNECT Protocol Name \"MQTT\" Protocol Version 4 Clean Session Will QoS "
     "2 Will Retain Keep Alive 10 Client Identifier \"a\" Will Topic \"w/t\" "
     "Will Payload \"mg\" User Name \"u\" Password \"\""},
    {5, C, "10 0d 00 04 4d515454 05 00 00 00 00 00 00",
     "CONNECT Protocol Name \"MQTT\" Protocol Version 5 Keep Alive 0 Client "
     "Identifier \"\""},
    {5, C,
     "10 2b 00 04 4d515454 05 02 00 0a 1c 11 0000001e 15 0001 6d 16 0001 64 17 "
     "00 19 01 21 000a 22 0005 27 00001000 00 02 69 64",
     "CONNECT Protocol Name \"MQTT\" Protocol Version 5 Clean Start Keep Alive "
     "10 Session Expiry Interval 30 Authentication Method \"m\" Authentication "
     "Data \"d\" Request Problem Information 0 Request Response Information 1 "
     "Receive Maximum 10 Topic Alias Maximum 5 Maximum Packet Size 4096 Client "
     "Identifier \"id\""},
    {5, C,
     "10 35 00 04 4d515454 05 06 00 0a 00 00 01 61 1f 01 01 02 00000002 03 "
     "0001 74 08 0001 72 09 0001 63 18 00000005 26 0001 6b 0001 76 00 01 74 00 "
     "02 6d 67",
     NULL},
    /* CONNACK */
    {3, S, "20 02 00 00",
     "CONNACK Connect Return code 0x00 (Connection Accepted)"},
    {4, S, "20 02 01 00",
     "CONNACK Session Present Connect Return code 0x00 (Connection Accepted)"},
    {4, S, "20 02 00 05",
     "CONNACK Connect Return code 0x05 (Connection Refused, not authorized)"},
    {5, S, "20 03 00 00 00", "CONNACK Reason Code 0x00 (Success)"},
    {5, S,
     "20 3f 00 00 3c 11 0000001e 12 0001 63 13 003c 15 0001 6d 16 0001 64 1a "
     "0001 72 1c 0001 73 1f 0001 74 21 000a 22 0005 24 01 25 01 26 0001 6b "
     "0001 76 27 00001000 28 00 29 01 2a 01",
     NULL},
    /* PUBLISH */
    {4, C, "30 05 00 03 61 2f 62",
     "PUBLISH QoS 0 Topic Name \"a/b\" Payload "
     "\"\""},
    {4, S, "3d 08 00 01 61 00 0a 78 79 7a",
     "PUBLISH DUP QoS 2 RETAIN Topic Name \"a\" Packet Identifier 10 Payload "
     "\"xyz\""},
    {3, C, "32 06 00 01 61 00 0a ff",
     "PUBLISH QoS 1 Topic Name \"a\" Packet Identifier 10 Payload ff (1 "
     "octets)"},
    {5, S,
     "32 29 00 01 61 00 0a 22 01 01 02 00000002 03 0001 74 08 0001 72 09 0001 "
     "63 0b 05 0b 80 01 23 0003 26 0001 6b 0001 76 78",
     "PUBLISH QoS 1 Topic Name \"a\" Packet Identifier 10 Payload Format "
     "Indicator 1 Message Expiry Interval 2 Content Type \"t\" Response Topic "
     "\"r\" Correlation Data \"c\" Subscription Identifier 5 Subscription "
     "Identifier 128 Topic Alias 3 User Property \"k\"=\"v\" Payload \"x\""},
    {5, C, "30 06 00 00 03 23 0001",
     "PUBLISH QoS 0 Topic Name \"\" Topic Alias 1 Payload \"\""},
    /* the acknowledgements, short and long */
    {4, S, "40 02 00 0a", "PUBACK Packet Identifier 10"},
    {5, S, "40 02 00 0a",
     "PUBACK Packet Identifier 10 Reason Code 0x00 (Success)"},
    {5, S, "40 03 00 0a 10",
     "PUBACK Packet Identifier 10 Reason Code 0x10 (No matching subscribers)"},
    {5, C, "40 0f 00 0a 87 0b 1f 0001 74 26 0001 6b 0001 76",
     "PUBACK Packet Identifier 10 Reason Code 0x87 (Not authorized) Reason "
     "String \"t\" User Property \"k\"=\"v\""},
    {4, C, "50 02 12 34", "PUBREC Packet Identifier 4660"},
    {5, C, "50 03 12 34 91",
     "PUBREC Packet Identifier 4660 Reason Code 0x91 (Packet Identifier in "
     "use)"},
    {3, S, "62 02 00 01", "PUBREL Packet Identifier 1"},
    {3, S, "6a 02 00 01", NULL}, /* DUP is legal in 3.1 */
    {5, S, "62 03 00 01 92",
     "PUBREL Packet Identifier 1 Reason Code 0x92 (Packet Identifier not "
     "found)"},
    {4, C, "70 02 00 01", "PUBCOMP Packet Identifier 1"},
    {5, C, "70 08 00 01 92 04 1f 0001 74",
     "PUBCOMP Packet Identifier 1 Reason Code 0x92 (Packet Identifier not "
     "found) Reason String \"t\""},
    /* SUBSCRIBE and its kin */
    {4, C, "82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02",
     "SUBSCRIBE Packet Identifier 10 Topic Filter \"a/b\" Requested QoS 1 "
     "Topic Filter \"c/d\" Requested QoS 2"},
    {3, C, "8a 06 00 0a 00 01 61 01", NULL},
    {5, C, "82 0e 00 0a 07 0b 05 26 0000 0000 00 01 23 2e",
     "SUBSCRIBE Packet Identifier 10 Subscription Identifier 5 User Property "
     "\"\"=\"\" Topic Filter \"#\" Maximum QoS 2 No Local Retain As Published "
     "Retain Handling 2"},
    {5, C, "82 12 00 0a 00 00 0c 24 73 68 61 72 65 2f 67 2f 2b 2f 23 01", NULL},
    {4, S, "90 04 00 0a 01 80",
     "SUBACK Packet Identifier 10 Return Code 0x01 (Success - Maximum QoS 1) "
     "Return Code 0x80 (Failure)"},
    {5, S, "90 06 00 0a 00 00 02 a2",
     "SUBACK Packet Identifier 10 Reason Code 0x00 (Granted QoS 0) Reason Code "
     "0x02 (Granted QoS 2) Reason Code 0xa2 (Wildcard Subscriptions not "
     "supported)"},
    {4, C, "a2 05 00 0a 00 01 61",
     "UNSUBSCRIBE Packet Identifier 10 Topic Filter \"a\""},
    {5, C, "a2 0a 00 0a 00 00 01 61 00 02 2f 23",
     "UNSUBSCRIBE Packet Identifier 10 Topic Filter \"a\" Topic Filter "
     "\"/#\""},
    {4, S, "b0 02 00 0a", "UNSUBACK Packet Identifier 10"},
    {5, S, "b0 05 00 0a 00 00 11",
     "UNSUBACK Packet Identifier 10 Reason Code 0x00 (Success) Reason Code "
     "0x11 (No subscription existed)"},
    /* the small ones */
    {4, C, "c0 00", "PINGREQ"},
    {5, S, "d0 00", "PINGRESP"},
    {4, C, "e0 00", "DISCONNECT"},
    {5, C, "e0 00",
     "DISCONNECT Disconnect Reason Code 0x00 (Normal disconnection)"},
    {5, C, "e0 07 04 05 11 00000000",
     "DISCONNECT Disconnect Reason Code 0x04 (Disconnect with Will Message) "
     "Session Expiry Interval 0"},
    {5, S, "e0 06 9d 04 1c 0001 73",
     "DISCONNECT Disconnect Reason Code 0x9d (Server moved) Server Reference "
     "\"s\""},
    {5, S, "e0 01 8e",
     "DISCONNECT Disconnect Reason Code 0x8e (Session taken over)"},
    {5, C, "f0 06 19 04 15 0001 6d",
     "AUTH Authenticate Reason Code 0x19 (Re-authenticate) Authentication "
     "Method \"m\""},
    {5, S, "f0 0a 18 08 15 0001 6d 16 0001 64", NULL},
    {5, S, "f0 00", "AUTH Authenticate Reason Code 0x00 (Success)"},
};

START_TEST(good_packets_are_read_and_told)
{
    const struct vector *v = &vectors[_i];
    unsigned char octets[256];
    const size_t n = wire_hex(v->hex, octets, sizeof octets);
    struct wire_packet packet;
    struct wire_fault fault;
    char line[1000];
    size_t total;

    ck_assert_msg(wire_read(v->version, v->from, octets, n, &packet, &total,
                            &fault) == WIRE_OK,
                  "%s: %s %s", v->hex, fault.rule, fault.sentence);
    ck_assert_uint_eq(total, n);
    ck_assert_int_eq(packet.version, v->version);
    if (v->line)
        ck_assert_str_eq(wire_describe(&packet, line, sizeof line), v->line);
}
END_TEST

START_TEST(good_packets_are_written_as_they_were_read)
{
    const struct vector *v = &vectors[_i];
    unsigned char octets[256], again[256];
    const size_t n = wire_hex(v->hex, octets, sizeof octets);
    struct wire_packet packet;
    size_t total;

    wire_read(v->version, v->from, octets, n, &packet, &total, NULL);
    packet.raw_flags = OPT(packet.flags);
    ck_assert_uint_eq(wire_write(v->version, &packet, again, sizeof again), n);
    ck_assert_mem_eq(again, octets, n);
}
END_TEST

START_TEST(a_part_of_a_packet_asks_for_more)
{
    const struct vector *v = &vectors[_i];
    unsigned char octets[256];
    const size_t n = wire_hex(v->hex, octets, sizeof octets);
    struct wire_packet packet;
    size_t total;

    for (size_t cut = 0; cut < n; cut++) {
        ck_assert_int_eq(
            wire_read(v->version, v->from, octets, cut, &packet, &total, NULL),
            WIRE_MORE);
        ck_assert(total == 0 || total == n);
    }
}
END_TEST

START_TEST(a_copy_has_octets_of_its_own)
{
    unsigned char octets[] = {0x30, 0x04, 0x00, 0x01, 'a', 'x'};
    struct wire_packet packet, *copy;
    size_t total;

    wire_read(WIRE_3_1_1, WIRE_CLIENT, octets, sizeof octets, &packet, &total,
              NULL);
    copy = wire_dup(&packet);
    memset(octets, 0, sizeof octets);
    ck_assert(wire_same(copy->topic, BYTES("a")));
    ck_assert(wire_same(copy->payload, BYTES("x")));
    free(copy);
}
END_TEST

START_TEST(lists_go_on_beyond_the_struct)
{
    struct wire_filter list[20];
    unsigned char octets[512];
    struct wire_packet packet;
    struct wire_filter filter;
    size_t n, total;

    memset(list, 0, sizeof list);
    for (size_t i = 0; i < 20; i++)
        list[i] = (struct wire_filter){.filter = BYTES("f/x"),
                                       .qos = (uint8_t)(i % 3)};
    n = wire_write(
        WIRE_5_0,
        SUBSCRIBE(.packet_id = 1, .filter_list = list, .n_filter_list = 20),
        octets, sizeof octets);
    ck_assert_int_eq(
        wire_read(WIRE_5_0, WIRE_CLIENT, octets, n, &packet, &total, NULL),
        WIRE_OK);
    ck_assert_uint_eq(packet.n_filters, 20);
    ck_assert(wire_filter_at(&packet, 19, &filter));
    ck_assert_uint_eq(filter.qos, 1);
    ck_assert(wire_same(filter.filter, BYTES("f/x")));
    ck_assert(!wire_filter_at(&packet, 20, &filter));
}
END_TEST

START_TEST(user_properties_go_on_beyond_the_struct)
{
    unsigned char octets[512] = {0x30, 0x81, 0x01, 0x00, 0x01, 'a', 125};
    struct wire_packet packet;
    struct wire_bytes name, value;
    size_t n = 7, total;

    for (int i = 0; i < 25; i++) {
        octets[n++] = 0x26;
        for (int j = 0; j < 2; j++)
            n += 2; /* two empty strings */
    }
    octets[n++] = 'p';
    octets[1] = (unsigned char)(0x80 | ((n - 3) & 0x7f));
    octets[2] = (unsigned char)((n - 3) >> 7);
    ck_assert_int_eq(
        wire_read(WIRE_5_0, WIRE_CLIENT, octets, n, &packet, &total, NULL),
        WIRE_OK);
    ck_assert_uint_eq(packet.props.n_user_properties, 25);
    struct wire_cursor at = {0};
    for (int i = 0; i < 25; i++)
        ck_assert(wire_next_user_property(&packet.props, &at, &name, &value));
    ck_assert(!wire_next_user_property(&packet.props, &at, &name, &value));
}
END_TEST

Suite *suite_wire_vectors(void)
{
    const int n = (int)(sizeof vectors / sizeof *vectors);
    Suite *suite = suite_create("wire: good packets");
    TCase *tcase = tcase_create("vectors");

    tcase_add_loop_test(tcase, good_packets_are_read_and_told, 0, n);
    tcase_add_loop_test(tcase, good_packets_are_written_as_they_were_read, 0,
                        n);
    tcase_add_loop_test(tcase, a_part_of_a_packet_asks_for_more, 0, n);
    tcase_add_test(tcase, a_copy_has_octets_of_its_own);
    tcase_add_test(tcase, lists_go_on_beyond_the_struct);
    tcase_add_test(tcase, user_properties_go_on_beyond_the_struct);
    suite_add_tcase(suite, tcase);
    return suite;
}
