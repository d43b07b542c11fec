/* SPDX-License-Identifier: Apache-2.0 */
/* test_faults.c -- the catalogue of faults, and how a deed alters a packet.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "faults/deed.h"
#include "faults/reasons.h"
#include "selftest/selftest.h"

/* A packet as the relay would have read it; octets must outlive it. */
static struct wire_packet read_back(const struct wire_packet *packet,
                                    unsigned char *octets, size_t cap)
{
    struct wire_packet out;
    size_t total, n = wire_write(WIRE_5_0, packet, octets, cap);
    ck_assert_uint_le(n, cap);
    ck_assert_int_ne(
        wire_read(WIRE_5_0, WIRE_ANYBODY, octets, n, &out, &total, NULL),
        WIRE_MORE);
    return out;
}

/* Alters a packet and reads what would go on. */
static struct wire_packet alter(const struct wire_packet *packet,
                                const struct deed *deed, unsigned char *octets,
                                size_t cap)
{
    unsigned char before[512];
    struct scene scene = {0};
    struct wire_packet read = read_back(packet, before, sizeof before);
    struct wire_packet copy = deed_change(&scene, deed, &read);
    struct wire_packet after = read_back(&copy, octets, cap);
    while (scene.n_scratch)
        free(scene.scratch[--scene.n_scratch]);
    return after;
}

START_TEST(every_fault_is_in_form)
{
    const struct fault *fault;
    for (size_t i = 0; (fault = fault_at(i)); i++) {
        const struct deed *deeds = fault->arg;
        for (const char *c = fault->name; *c; c++)
            ck_assert_msg(islower((unsigned char)*c) ||
                              isdigit((unsigned char)*c) || *c == '_',
                          "the name %s", fault->name);
        ck_assert_msg(*fault->sentence, "fault %s says nothing", fault->name);
        ck_assert_msg(deeds[0].does != NULL, "%s does nothing", fault->name);
        ck_assert_msg(deeds[MAX_DEEDS].does == NULL, "%s", fault->name);
    }
}
END_TEST

START_TEST(flags_are_altered_though_they_were_read)
{
    unsigned char octets[512];
    struct deed deed = {.changes = {SET(dup, 1), FLIP(retain, 1)}};
    struct wire_packet p =
        alter(PUBLISH(.topic = "a", .qos = 1, .packet_id = 7), &deed, octets,
              sizeof octets);
    ck_assert_int_eq(p.dup, 1);
    ck_assert_int_eq(p.retain, 1);
    ck_assert_int_eq(p.packet_id, 7);
}
END_TEST

START_TEST(session_present_is_flipped)
{
    unsigned char octets[512];
    struct deed deed = {.changes = {FLIP(session_present, 1)}};
    struct wire_packet p =
        alter(CONNACK(.session_present = 1), &deed, octets, sizeof octets);
    ck_assert_int_eq(p.session_present, 0);
}
END_TEST

START_TEST(properties_are_taken_away_and_added)
{
    unsigned char octets[512];
    struct deed lose = {.edit = edit_lose_user_property,
                        .changes = {UNSET(props.content_type)}};
    struct wire_packet p =
        alter(PUBLISH(.topic = "a",
                      .props = {.content_type = "text",
                                .user_property = {{"k", "v"}, {"l", "w"}}}),
              &lose, octets, sizeof octets);
    ck_assert_ptr_null(p.props.content_type.text);
    ck_assert_uint_eq(p.props.n_user_properties, 1);
    struct deed add = {.changes = {ADD(props.message_expiry_interval_s, 60)}};
    p = alter(
        PUBLISH(.topic = "a", .props = {.message_expiry_interval_s = OPT(2)}),
        &add, octets, sizeof octets);
    ck_assert_uint_eq(wire_value(p.props.message_expiry_interval_s, 0), 62);
    p = alter(PUBLISH(.topic = "a"), &add, octets, sizeof octets);
    ck_assert(!wire_is_set(p.props.message_expiry_interval_s));
}
END_TEST

START_TEST(filters_are_widened)
{
    unsigned char octets[512];
    struct deed deed = {.edit = edit_widen_filter};
    struct wire_packet p =
        alter(SUBSCRIBE(.packet_id = 1, .filters = {{"a/b", .qos = 1}}), &deed,
              octets, sizeof octets);
    ck_assert(wire_same(p.filters[0].filter, BYTES("a/#")));
    ck_assert_int_eq(p.filters[0].qos, 1);
}
END_TEST

START_TEST(codes_are_reversed)
{
    unsigned char octets[512];
    struct deed deed = {.edit = edit_codes_reverse};
    struct wire_packet p =
        alter(SUBACK(.packet_id = 1, .codes = CODES(0, 1, 0x80)), &deed, octets,
              sizeof octets);
    ck_assert(wire_same(p.codes, CODES(0x80, 1, 0)));
}
END_TEST

START_TEST(reasons_are_rare)
{
    ck_assert_ptr_nonnull(reason_for_statement("5.0/MQTT-6.0.0-1"));
    ck_assert_ptr_null(reason_for_statement("5.0/MQTT-3.3.1-1"));
    ck_assert_ptr_null(reason_for_case("will_published_on_drop/5.0/tcp"));
}
END_TEST

Suite *suite_faults(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_test(tcase, every_fault_is_in_form);
    tcase_add_test(tcase, flags_are_altered_though_they_were_read);
    tcase_add_test(tcase, session_present_is_flipped);
    tcase_add_test(tcase, properties_are_taken_away_and_added);
    tcase_add_test(tcase, filters_are_widened);
    tcase_add_test(tcase, codes_are_reversed);
    tcase_add_test(tcase, reasons_are_rare);
    suite_add_tcase(suite, tcase);
    return suite;
}
