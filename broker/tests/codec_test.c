// SPDX-License-Identifier: Apache-2.0
/* codec_test.c -- packets typed from the standard, octet by octet.
 *
 * Good packets are decoded and encoded again, and must come out as they went
 * in. Bad ones must give the reason that the standard asks for. Spaces in the
 * hex separate the fields.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame.h"
#include "codec/props.h"
#include "tests/tests.h"

#define COUNT(table) (int)(sizeof table / sizeof table[0])

/* from_hex turns hex with spaces into octets in a buffer of exactly that size,
 * so that a read beyond the end is seen by the sanitizer. */
static struct slice from_hex(const char *hex)
{
    uint8_t *octets = malloc(strlen(hex) / 2 + 1);
    size_t n = 0;
    for (const char *at = hex; *at; at++) {
        char digits[3] = {at[0], at[1], '\0'};
        if (*at == ' ')
            continue;
        octets[n++] = (uint8_t)strtoul(digits, NULL, 16);
        at++;
    }
    /* No room behind the last octet: a tool then sees a read too far. */
    uint8_t *exact = realloc(octets, n ? n : 1);
    return slice_of(exact ? exact : octets, n);
}

static void release(struct slice s)
{
    free((void *)(uintptr_t)s.data);
}

#define V3 MQTT_3_1
#define V4 MQTT_3_1_1
#define V5 MQTT_5_0

static const struct {
    enum mqtt_version version;
    const char *hex;
} good[] = {
    /* CONNECT: shortest, with everything, Will alone, password alone */
    {V3, "10 0F 0006 4D5149736470 03 02 003C 0001 61"},
    {V4, "10 0D 0004 4D515454 04 02 003C 0001 61"},
    {V4, "10 0C 0004 4D515454 04 02 0000 0000"},
    {V4, "10 1D 0004 4D515454 04 EE 000A 0001 61 0003 612F62 0002 6D21 "
         "0001 75 0002 7077"},
    {V5, "10 0E 0004 4D515454 05 02 003C 00 0001 61"},
    {V5, "10 11 0004 4D515454 05 42 003C 00 0001 61 0001 70"},
    {V5, "10 3D 0004 4D515454 05 02 003C 2D 11 0000000A 15 0003 666F6F "
         "16 0002 0102 17 00 19 01 21 0014 22 000A 26 0001 6E 0001 76 "
         "26 0001 6E 0001 77 27 00000100 0003 616263"},
    {V5, "10 3B 0004 4D515454 05 36 003C 00 0001 61 26 01 01 02 0000003C "
         "03 0001 74 08 0001 72 09 0002 00FF 18 00000005 26 0001 6B 0002 7631 "
         "26 0000 0000 0001 77 0001 78"},
    /* CONNACK */
    {V3, "20 02 00 00"},
    {V4, "20 02 01 00"},
    {V4, "20 02 00 05"},
    {V5, "20 03 00 00 00"},
    {V5, "20 03 00 8C 00"},
    {V5, "20 40 00 00 3D 11 00000E10 12 0002 6964 13 001E 15 0001 61 16 0001 "
         "62 1A 0001 63 1C 0001 64 1F 0001 65 21 0005 22 0006 24 01 25 00 "
         "26 0001 66 0001 67 27 00010000 28 00 29 00 2A 00"},
    /* PUBLISH */
    {V3, "30 05 0003 612F62"},
    {V4, "3D 0A 0003 612F62 000A 682121"},
    {V4, "34 07 0003 612F62 FFFF"},
    {V5, "30 06 0003 612F62 00"},
    {V5, "31 09 0003 612F62 00 686921"},
    {V5, "3A 0B 0003 612F62 0001 00 686921"},
    {V5, "30 37 0001 74 31 01 00 02 00000010 03 0001 63 08 0002 7274 "
         "09 0003 000102 0B 8001 23 0005 26 0001 61 0001 31 "
         "26 0001 62 0001 32 26 0001 61 0001 33 7879"},
    /* PUBACK to PUBCOMP */
    {V4, "40 02 1234"},
    {V4, "50 02 0001"},
    {V4, "62 02 FFFF"},
    {V4, "70 02 0001"},
    {V5, "40 02 1234"},
    {V5, "40 03 1234 87"},
    {V5, "50 03 0001 97"},
    {V5, "62 03 0001 92"},
    {V5, "70 03 0001 92"},
    {V5, "40 0F 0001 10 0B 1F 0001 6E 26 0001 61 0001 62"},
    {V5, "50 08 0001 80 04 1F 0001 6E"},
    {V5, "62 08 0001 92 04 1F 0001 6E"},
    {V5, "70 08 0001 92 04 1F 0001 6E"},
    /* SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK */
    {V4, "82 0C 000A 0001 61 01 0003 622F23 02"},
    {V5, "82 07 000A 00 0001 61 2E"},
    {V5, "82 12 000A 0B 0B 8101 26 0001 61 0002 6263 0001 2B 00"},
    {V4, "90 05 000A 00 02 80"},
    {V5, "90 06 000A 00 00 01 9E"},
    {V5, "90 09 000A 04 1F 0001 78 A2 87"},
    {V4, "A2 0A 000B 0001 61 0003 622F23"},
    {V5, "A2 0D 000B 07 26 0001 61 0001 62 0001 61"},
    {V4, "B0 02 000B"},
    {V5, "B0 05 000B 00 00 11"},
    {V5, "B0 08 000B 04 1F 0001 78 80"},
    /* PINGREQ, PINGRESP, DISCONNECT, AUTH */
    {V3, "C0 00"},
    {V5, "C0 00"},
    {V4, "D0 00"},
    {V4, "E0 00"},
    {V5, "E0 00"},
    {V5, "E0 01 04"},
    {V5, "E0 07 00 05 11 0000003C"},
    {V5, "E0 0F 9D 0D 1C 0001 73 1F 0001 72 26 0000 0000"},
    {V5, "F0 00"},
    {V5, "F0 0F 18 0D 15 0001 6D 16 0001 64 1F 0002 6F6B"},
    {V5, "F0 06 19 04 15 0001 6D"},
};

START_TEST(good_packet_comes_out_as_it_went_in)
{
    struct slice in = from_hex(good[_i].hex);
    struct packet packet;
    uint8_t out[256];
    size_t total;
    ck_assert_int_eq(frame_next(in, 0, &total), REASON_SUCCESS);
    ck_assert_uint_eq(total, in.n);
    ck_assert_msg(packet_decode(in, good[_i].version, &packet) ==
                      REASON_SUCCESS,
                  "%s is refused", good[_i].hex);
    size_t n = packet_encode(&packet, good[_i].version, out, sizeof out);
    if (packet.type == PACKET_PUBLISH) {
        memcpy(out + n, packet.publish.payload.data, packet.publish.payload.n);
        n += packet.publish.payload.n;
    }
    ck_assert_uint_eq(n, in.n);
    ck_assert_mem_eq(out, in.data, in.n);
    ck_assert_uint_eq(packet_size(&packet, packet.type == PACKET_CONNECT
                                               ? packet.connect.version
                                               : good[_i].version),
                      in.n);
    release(in);
}
END_TEST

/* No prefix of a good packet, with its length mended, may be read beyond its
 * end; the sanitizers look. Most are refused, some are shorter packets. */
START_TEST(cut_packet_is_read_within_its_end)
{
    struct slice in = from_hex(good[_i].hex);
    for (size_t n = 2; n < in.n && in.n < 129; n++) {
        uint8_t *cut = malloc(n);
        struct packet packet;
        memcpy(cut, in.data, n);
        cut[1] = (uint8_t)(n - 2);
        packet_decode(slice_of(cut, n), good[_i].version, &packet);
        free(cut);
    }
    release(in);
}
END_TEST

#define MALFORMED REASON_MALFORMED_PACKET
#define PROTOCOL REASON_PROTOCOL_ERROR
#define VERSION REASON_UNSUPPORTED_PROTOCOL_VERSION

static const struct {
    enum mqtt_version version;
    enum reason reason;
    const char *hex;
} bad[] = {
    /* found by comparing with another decoder */
    {V5, MALFORMED, "C0 8000"},
    {V5, PROTOCOL, "20 03 00 2A 00"},
    {V5, PROTOCOL, "90 03 0001 00"},
    {V4, PROTOCOL, "90 03 0001 9D"},
    /* the first octet */
    {V4, MALFORMED, "00 00"},
    {V4, MALFORMED, "C1 00"},
    {V4, MALFORMED, "C0 01 00"},
    {V4, MALFORMED, "D0 01 00"},
    {V4, MALFORMED, "41 02 0001"},
    {V4, MALFORMED, "60 02 0001"},
    {V5, MALFORMED, "6A 02 0001"},
    {V4, MALFORMED, "80 06 0001 0001 74 00"},
    {V4, MALFORMED, "A0 05 0001 0001 74"},
    {V4, MALFORMED, "E1 00"},
    {V5, MALFORMED, "F1 00"},
    {V4, MALFORMED, "F0 00"},
    {V4, MALFORMED, "11 0D 0004 4D515454 04 02 003C 0001 78"},
    /* CONNECT: name and level */
    {0, MALFORMED, "10 00"},
    {0, MALFORMED, "10 0A FFFF 4D5154540402 0000"},
    {0, VERSION, "10 0D 0004 4D515858 04 02 003C 0001 78"},
    {0, VERSION, "10 0D 0004 6D717474 04 02 003C 0001 78"},
    {0, VERSION, "10 0D 0004 4D515454 00 02 003C 0001 78"},
    {0, VERSION, "10 0D 0004 4D515454 03 02 003C 0001 78"},
    {0, VERSION, "10 0D 0004 4D515454 06 02 003C 0001 78"},
    {0, VERSION, "10 0D 0004 4D515454 83 02 003C 0001 78"},
    {0, VERSION, "10 0F 0006 4D5149736470 04 02 003C 0001 61"},
    /* CONNECT: flags */
    {0, MALFORMED, "10 0D 0004 4D515454 04 03 003C 0001 78"},
    {0, MALFORMED, "10 0D 0004 4D515454 04 0A 003C 0001 78"},
    {0, MALFORMED, "10 0D 0004 4D515454 04 22 003C 0001 78"},
    {0, MALFORMED, "10 13 0004 4D515454 04 1E 003C 0001 78 0001 77 0001 6D"},
    {0, MALFORMED, "10 10 0004 4D515454 04 42 003C 0001 78 0001 70"},
    {0, MALFORMED, "10 0E 0004 4D515454 05 03 003C 00 0001 78"},
    /* CONNECT: fields that are missing, cut, too many, not UTF-8 */
    {0, MALFORMED, "10 0A 0004 4D515454 04 02 003C"},
    {0, MALFORMED, "10 0D 0004 4D515454 04 02 003C 00FF 61"},
    {0, MALFORMED, "10 0E 0004 4D515454 04 02 003C 0001 78 00"},
    {0, MALFORMED, "10 0D 0004 4D515454 04 82 003C 0001 78"},
    {0, MALFORMED, "10 10 0004 4D515454 04 C2 003C 0001 78 0001 75"},
    {0, MALFORMED, "10 10 0004 4D515454 04 02 003C 0001 78 0001 75"},
    {0, MALFORMED, "10 0D 0004 4D515454 04 06 003C 0001 78"},
    {0, MALFORMED, "10 10 0004 4D515454 04 06 003C 0001 78 0001 77"},
    {0, MALFORMED, "10 0F 0004 4D515454 04 02 003C 0003 61 00 62"},
    {0, MALFORMED, "10 0E 0004 4D515454 04 02 003C 0002 FFFE"},
    {0, MALFORMED, "10 0F 0004 4D515454 04 02 003C 0003 EDA080"},
    {0, MALFORMED, "10 0D 0004 4D515454 05 02 003C 0001 78"},
    {0, MALFORMED, "10 0E 0004 4D515454 05 02 003C 7F 0001 78"},
    {0, MALFORMED, "10 12 0004 4D515454 05 02 003C FFFFFFFF01 0001 78"},
    /* CONNECT: properties */
    {0, PROTOCOL, "10 10 0004 4D515454 05 02 003C 02 19 02 0001 78"},
    {0, PROTOCOL, "10 10 0004 4D515454 05 02 003C 02 17 02 0001 78"},
    {0, PROTOCOL, "10 11 0004 4D515454 05 02 003C 03 21 0000 0001 78"},
    {0, PROTOCOL, "10 13 0004 4D515454 05 02 003C 05 27 00000000 0001 78"},
    {0, PROTOCOL, "10 14 0004 4D515454 05 02 003C 06 210005 210005 0001 78"},
    {0, PROTOCOL, "10 12 0004 4D515454 05 02 003C 04 16 0001 61 0001 78"},
    {0, MALFORMED, "10 11 0004 4D515454 05 02 003C 03 23 0001 0001 78"},
    {0, MALFORMED, "10 10 0004 4D515454 05 02 003C 02 7E 00 0001 78"},
    {0, MALFORMED, "10 10 0004 4D515454 05 02 003C 02 21 00 0001 78"},
    {0, MALFORMED,
     "10 15 0004 4D515454 05 02 003C 07 26 0001 FF 0001 61 0001 "
     "78"},
    {0, MALFORMED,
     "10 18 0004 4D515454 05 06 003C 00 0001 78 03 21000A 0001 "
     "77 0001 6D"},
    {0, PROTOCOL,
     "10 17 0004 4D515454 05 06 003C 00 0001 78 02 0102 0001 77 "
     "0001 6D"},
    /* PUBLISH */
    {V4, MALFORMED, "36 06 0001 74 0001 6D"},
    {V5, MALFORMED, "3E 07 0001 74 0001 00 6D"},
    {V4, MALFORMED, "38 04 0001 74 6D"},
    {V4, MALFORMED, "30 01 00"},
    {V4, MALFORMED, "30 00"},
    {V4, MALFORMED, "32 04 0001 74 00"},
    {V4, PROTOCOL, "32 06 0001 74 0000 6D"},
    {V4, MALFORMED, "30 06 0003 61 00 62 6D"},
    {V4, MALFORMED, "30 04 0002 C080"},
    {V5, MALFORMED, "30 05 0001 74 7F 6D"},
    {V5, PROTOCOL, "30 07 0001 74 02 01 02 6D"},
    {V5, PROTOCOL, "30 07 0001 74 02 0B 00 6D"},
    {V5, PROTOCOL, "30 0B 0001 74 06 230001 230001 6D"},
    {V5, PROTOCOL, "30 09 0001 74 04 0101 0100 6D"},
    {V5, MALFORMED, "30 09 0001 74 04 03 0001 FF 6D"},
    {V5, MALFORMED, "30 09 0001 74 04 08 0001 00 6D"},
    {V5, MALFORMED, "30 0A 0001 74 05 11 0000003C 6D"},
    {V5, MALFORMED, "30 08 0001 74 03 0B 8000 6D"},
    /* acknowledgements */
    {V4, MALFORMED, "40 01 00"},
    {V4, PROTOCOL, "40 02 0000"},
    {V4, MALFORMED, "40 03 0001 00"},
    {V5, PROTOCOL, "40 03 0001 92"},
    {V5, PROTOCOL, "50 03 0001 01"},
    {V5, PROTOCOL, "62 03 0001 80"},
    {V5, PROTOCOL, "70 03 0001 10"},
    {V5, MALFORMED, "40 05 0001 00 00 00"},
    {V5, MALFORMED, "40 05 0001 00 01 1F"},
    {V5, PROTOCOL, "40 0C 0001 00 08 1F 0001 61 1F 0001 61"},
    {V5, MALFORMED, "40 09 0001 00 05 11 00000001"},
    /* SUBSCRIBE and UNSUBSCRIBE */
    {V4, PROTOCOL, "82 06 0000 0001 74 00"},
    {V4, PROTOCOL, "82 02 0001"},
    {V5, PROTOCOL, "82 03 0001 00"},
    {V4, MALFORMED, "82 05 0001 0001 74"},
    {V4, PROTOCOL, "82 06 0001 0001 74 03"},
    {V4, MALFORMED, "82 06 0001 0001 74 04"},
    {V4, MALFORMED, "82 06 0001 0001 74 80"},
    {V5, MALFORMED, "82 07 0001 00 0001 74 40"},
    {V5, MALFORMED, "82 07 0001 00 0001 74 80"},
    {V5, PROTOCOL, "82 07 0001 00 0001 74 03"},
    {V5, PROTOCOL, "82 07 0001 00 0001 74 30"},
    {V5, PROTOCOL, "82 09 0001 02 0B00 0001 74 00"},
    {V5, PROTOCOL, "82 0B 0001 04 0B01 0B02 0001 74 00"},
    {V4, MALFORMED, "82 06 0001 0001 FF 00"},
    {V4, PROTOCOL, "A2 02 0001"},
    {V5, PROTOCOL, "A2 03 0001 00"},
    {V4, MALFORMED, "A2 05 0001 0002 74"},
    {V5, MALFORMED, "A2 08 0001 02 0B01 0001 74"},
    {V4, MALFORMED, "B0 03 0001 00"},
    /* DISCONNECT and AUTH */
    {V4, MALFORMED, "E0 01 00"},
    {V5, PROTOCOL, "E0 01 42"},
    {V5, MALFORMED, "E0 03 00 00 00"},
    {V5, MALFORMED, "E0 05 00 03 21 0001"},
    {V5, PROTOCOL, "F0 02 42 00"},
    {V5, MALFORMED, "F0 01 18"},
};

START_TEST(bad_packet_gives_its_reason)
{
    struct slice in = from_hex(bad[_i].hex);
    struct packet packet;
    size_t total;
    ck_assert_int_eq(frame_next(in, 0, &total), REASON_SUCCESS);
    ck_assert_uint_eq(total, in.n);
    enum reason reason = packet_decode(in, bad[_i].version, &packet);
    ck_assert_msg(reason == bad[_i].reason, "%s gives 0x%02X, not 0x%02X",
                  bad[_i].hex, reason, bad[_i].reason);
    release(in);
}
END_TEST

/* 3.1 is lenient where its text is (standard-wise: DUP on SUBSCRIBE, missing
 * credentials, an empty SUBSCRIBE). */
static const char *const lenient_3_1[] = {
    "10 0F 0006 4D5149736470 03 C2 003C 0001 61",
    "10 0F 0006 4D5149736470 03 03 003C 0001 61",
    "8A 06 0001 0001 74 01",
    "82 02 0001",
    "6A 02 0001",
    "AA 05 0001 0001 74",
    "38 04 0001 74 6D",
};

START_TEST(packet_of_3_1_is_read_leniently)
{
    struct slice in = from_hex(lenient_3_1[_i]);
    struct packet packet;
    ck_assert_int_eq(packet_decode(in, MQTT_3_1, &packet), REASON_SUCCESS);
    release(in);
}
END_TEST

/* Each field of a CONNECT with everything lands where it belongs. */
START_TEST(connect_is_taken_apart)
{
    struct slice in =
        from_hex("10 38 0004 4D515454 05 EE 000A 05 11 FFFFFFFF 0002 6964 "
                 "0D 01 01 18 00000007 26 0000 0001 76 0003 612F62 0002 00FF "
                 "0003 616E6E "
                 "0006 736563726574");
    struct packet p;
    ck_assert_uint_eq(in.n, 58);
    ck_assert_int_eq(packet_decode(in, 0, &p), REASON_SUCCESS);
    const struct connect *c = &p.connect;
    ck_assert_int_eq(c->version, MQTT_5_0);
    ck_assert(c->is_clean_start && c->has_will && c->has_user_name &&
              c->has_password && c->will.is_retained);
    ck_assert_uint_eq(c->will.qos, 1);
    ck_assert_uint_eq(c->keep_alive_s, 10);
    ck_assert_uint_eq(c->properties.session_expiry_interval_s, UINT32_MAX);
    ck_assert(slice_equals(c->client_id, slice_of_text("id")));
    ck_assert_uint_eq(c->will.properties.payload_format_indicator, 1);
    ck_assert_uint_eq(c->will.properties.will_delay_interval_s, 7);
    ck_assert(slice_equals(c->will.topic, slice_of_text("a/b")));
    ck_assert(slice_equals(c->will.payload, slice_of("\x00\xFF", 2)));
    ck_assert(slice_equals(c->user_name, slice_of_text("ann")));
    ck_assert(slice_equals(c->password, slice_of_text("secret")));
    release(in);
}
END_TEST

/* The form in which a refusal is understood. */
static const struct {
    const char *hex;
    int version;
} refused[] = {
    {"10 0D 0004 4D515454 03 02 003C 0001 78", 4},
    {"10 0D 0004 4D515454 07 02 003C 0001 78", 5},
    {"10 0F 0006 4D5149736470 05 02 003C 0001 61", 4},
    {"10 0D 0004 4D515858 04 02 003C 0001 78", 0},
    {"10 0D 0004 4D515858 05 02 003C 0001 78", 5},
    {"10 0D 0004 4D515454 04 03 003C 0001 78", 4},
    {"10 0D 0004 4D515454 05 03 003C 0001 78", 5},
    {"10 00", 0},
};

START_TEST(refused_connect_tells_the_form_of_the_answer)
{
    struct slice in = from_hex(refused[_i].hex);
    struct packet p;
    ck_assert_int_ne(packet_decode(in, 0, &p), REASON_SUCCESS);
    ck_assert_int_eq((int)p.connect.version, refused[_i].version);
    release(in);
}
END_TEST

START_TEST(filters_are_walked_in_order)
{
    struct slice in = from_hex("82 0D 0001 00 0001 61 1E 0003 622F23 21");
    struct subscription_request request;
    struct packet p;
    ck_assert_int_eq(packet_decode(in, MQTT_5_0, &p), REASON_SUCCESS);
    ck_assert_uint_eq(p.subscribe.n_filters, 2);
    struct slice rest = p.subscribe.filters;
    ck_assert(subscribe_next(&rest, MQTT_5_0, &request));
    ck_assert(slice_equals(request.filter, slice_of_text("a")));
    ck_assert(request.qos == 2 && request.is_no_local &&
              request.is_retain_as_published && request.retain_handling == 1);
    ck_assert(subscribe_next(&rest, MQTT_5_0, &request));
    ck_assert(slice_equals(request.filter, slice_of_text("b/#")));
    ck_assert(request.qos == 1 && !request.is_no_local &&
              !request.is_retain_as_published && request.retain_handling == 2);
    ck_assert(!subscribe_next(&rest, MQTT_5_0, &request));
    release(in);
}
END_TEST

START_TEST(user_properties_are_walked_between_others)
{
    struct slice in = from_hex("30 18 0001 74 12 26 0001 61 0001 31 01 00 "
                               "26 0000 0001 32 23 0001 0B 05");
    struct packet p;
    struct slice name, value;
    ck_assert_int_eq(packet_decode(in, MQTT_5_0, &p), REASON_SUCCESS);
    struct slice rest = p.publish.properties.user_properties;
    ck_assert(user_property_next(&rest, &name, &value));
    ck_assert(slice_equals(name, slice_of_text("a")));
    ck_assert(slice_equals(value, slice_of_text("1")));
    ck_assert(user_property_next(&rest, &name, &value));
    ck_assert_uint_eq(name.n, 0);
    ck_assert(slice_equals(value, slice_of_text("2")));
    ck_assert(!user_property_next(&rest, &name, &value));
    release(in);
}
END_TEST

/* A decoder keeps the first Subscription Identifier and counts them; an encoder
 * writes all. */
START_TEST(subscription_identifiers_are_counted_and_written)
{
    struct slice in = from_hex("30 0A 0001 74 05 0B 01 0B 8001 78");
    struct packet p;
    uint8_t out[16];
    static const uint32_t ids[] = {1, 128};
    ck_assert_int_eq(packet_decode(in, MQTT_5_0, &p), REASON_SUCCESS);
    ck_assert_uint_eq(p.publish.properties.n_subscription_identifiers, 2);
    ck_assert_uint_eq(p.publish.properties.subscription_identifier, 1);
    p.publish.properties.subscription_identifiers = ids;
    ck_assert_uint_eq(packet_encode(&p, MQTT_5_0, out, sizeof out), in.n - 1);
    ck_assert_mem_eq(out, in.data, in.n - 1);
    release(in);
}
END_TEST

/* The table of properties, row by row, against 5.0 table 2-4: each property in
 * each packet. */
START_TEST(property_stands_only_where_it_may)
{
    static const struct {
        enum property id;
        const char *packets; /* C CONNECT, c CONNACK, P PUBLISH, a the acks,
            S SUBSCRIBE, s SUBACK, U UNSUBSCRIBE, u UNSUBACK, D DISCONNECT,
            A AUTH, W Will */
    } table[] = {
        {0x01, "PW"},     {0x02, "PW"},  {0x03, "PW"},          {0x08, "PW"},
        {0x09, "PW"},     {0x0B, "PS"},  {0x11, "CcD"},         {0x12, "c"},
        {0x13, "c"},      {0x15, "CcA"}, {0x16, "CcA"},         {0x17, "C"},
        {0x18, "W"},      {0x19, "C"},   {0x1A, "c"},           {0x1C, "cD"},
        {0x1F, "casuDA"}, {0x21, "Cc"},  {0x22, "Cc"},          {0x23, "P"},
        {0x24, "c"},      {0x25, "c"},   {0x26, "CcPaSsUuDAW"}, {0x27, "Cc"},
        {0x28, "c"},      {0x29, "c"},   {0x2A, "c"},
    };
    static const char letters[16] = "WCcPaaaaSsUu  DA";
    int n_found = 0;
    for (uint32_t id = 0; id < 300; id++)
        n_found += property_rule(id) != NULL;
    ck_assert_int_eq(n_found, COUNT(table));
    for (int i = 0; i < COUNT(table); i++) {
        const struct property_rule *rule = property_rule(table[i].id);
        ck_assert_ptr_nonnull(rule);
        for (unsigned type = 0; type < 16; type++) {
            bool may = letters[type] != ' ' &&
                       strchr(table[i].packets, letters[type]) != NULL;
            ck_assert_msg(((rule->packets & PROPERTY_IN(type)) != 0) == may,
                          "property 0x%02X in packet type %u", rule->id, type);
        }
    }
}
END_TEST

START_TEST(frame_end_is_found)
{
    static const struct {
        const char *hex;
        size_t max;
        enum reason reason;
        size_t total;
    } table[] = {
        {"", 0, REASON_SUCCESS, 0},
        {"30", 0, REASON_SUCCESS, 0},
        {"30 80", 0, REASON_SUCCESS, 0},
        {"30 FFFFFF", 0, REASON_SUCCESS, 0},
        {"30 00", 0, REASON_SUCCESS, 2},
        {"30 05", 0, REASON_SUCCESS, 7},
        {"30 8001", 0, REASON_SUCCESS, 131},
        {"30 FFFFFF7F", 0, REASON_SUCCESS, 268435460},
        {"30 FFFFFF7F", 1000, REASON_PACKET_TOO_LARGE, 0},
        {"30 8001", 131, REASON_SUCCESS, 131},
        {"30 8001", 130, REASON_PACKET_TOO_LARGE, 0},
        {"C0 8000", 0, REASON_SUCCESS, 3},
        {"30 FFFFFFFF", 0, REASON_MALFORMED_PACKET, 0},
        {"30 FFFFFFFF01", 0, REASON_MALFORMED_PACKET, 0},
    };
    for (int i = 0; i < COUNT(table); i++) {
        struct slice in = from_hex(table[i].hex);
        size_t total;
        ck_assert_int_eq(frame_next(in, table[i].max, &total), table[i].reason);
        ck_assert_uint_eq(total, table[i].total);
        release(in);
    }
}
END_TEST

/* What 3.x cannot say is left out or said in its own words. */
START_TEST(encoder_speaks_3_x)
{
    uint8_t out[64];
    struct packet p = {.type = PACKET_CONNACK};
    p.connack.reason = REASON_BAD_USER_NAME_OR_PASSWORD;
    properties_set(&p.connack.properties, PROPERTY_RECEIVE_MAXIMUM);
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1_1, out, sizeof out), 4);
    ck_assert_mem_eq(out, "\x20\x02\x00\x05", 4);
    p.connack.reason = REASON_PACKET_TOO_LARGE;
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1_1, out, sizeof out), 0);
    p = (struct packet){.type = PACKET_SUBACK};
    p.suback.packet_id = 7;
    p.suback.reasons = slice_of("\x01\x9E", 2);
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1_1, out, sizeof out), 6);
    ck_assert_mem_eq(out, "\x90\x04\x00\x07\x01\x80", 6);
    p.type = PACKET_UNSUBACK;
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1_1, out, sizeof out), 4);
    ck_assert_mem_eq(out, "\xB0\x02\x00\x07", 4);
    p = (struct packet){.type = PACKET_AUTH};
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1_1, out, sizeof out), 0);
    p = (struct packet){.type = PACKET_CONNACK};
    p.connack.is_session_present = true;
    ck_assert_uint_eq(packet_encode(&p, MQTT_3_1, out, sizeof out), 4);
    ck_assert_mem_eq(out, "\x20\x02\x00\x00", 4);
}
END_TEST

START_TEST(encoder_stays_within_its_room)
{
    struct packet p = {.type = PACKET_SUBACK};
    uint8_t out[8];
    p.suback.packet_id = 1;
    p.suback.reasons = slice_of("\x00\x01\x02", 3);
    for (size_t room = 0; room < 8; room++)
        ck_assert_uint_eq(packet_encode(&p, MQTT_5_0, out, room), 0);
    ck_assert_uint_eq(packet_encode(&p, MQTT_5_0, out, 8), 8);
}
END_TEST

Suite *suite_codec(void)
{
    Suite *suite = suite_create("codec");
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, good_packet_comes_out_as_it_went_in, 0, COUNT(good));
    tcase_add_loop_test(c, cut_packet_is_read_within_its_end, 0, COUNT(good));
    tcase_add_loop_test(c, bad_packet_gives_its_reason, 0, COUNT(bad));
    tcase_add_loop_test(c, packet_of_3_1_is_read_leniently, 0,
                        COUNT(lenient_3_1));
    tcase_add_test(c, connect_is_taken_apart);
    tcase_add_loop_test(c, refused_connect_tells_the_form_of_the_answer, 0,
                        COUNT(refused));
    tcase_add_test(c, filters_are_walked_in_order);
    tcase_add_test(c, user_properties_are_walked_between_others);
    tcase_add_test(c, subscription_identifiers_are_counted_and_written);
    tcase_add_test(c, property_stands_only_where_it_may);
    tcase_add_test(c, frame_end_is_found);
    tcase_add_test(c, encoder_speaks_3_x);
    tcase_add_test(c, encoder_stays_within_its_room);
    suite_add_tcase(suite, c);
    return suite;
}
