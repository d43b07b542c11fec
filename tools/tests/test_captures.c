/* SPDX-License-Identifier: Apache-2.0 */
/* test_captures.c -- our own captures, as their notes describe them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "tests/scene.h"

/* Packets of each capture, counted by hand from the scene that made it. */
static const struct own {
    const char *name;
    unsigned n_packets;
} OWN[] = {
    {"qos2", 38},         {"properties5", 22},       {"shared", 35},
    {"session", 26},      {"websocket", 11},         {"will-keep-alive", 11},
    {"ip-fragments", 38}, {"out-of-order", 38},      {"vlan-qinq", 38},
    {"scram", 7},         {"mosquitto-clients", 21}, {"pipeline", 73},
};

static unsigned count_types(const char *text)
{
    unsigned n = 0;
    for (const char *at = text; (at = strchr(at, ':')) != NULL; at++)
        n += at[1] >= 'A' && at[1] <= 'Z';
    return n;
}

/* Every packet is found, and no octet is missing. */
START_TEST(packets)
{
    char path[100];
    snprintf(path, sizeof path, "captures/%s.pcap", OWN[_i].name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    const char *got = scene_read_file(file);
    ck_assert_msg(count_types(got) == OWN[_i].n_packets, "%s: %u in %s",
                  OWN[_i].name, count_types(got), got);
    ck_assert_ptr_null(strstr(got, "(gap"));
}
END_TEST

/* Bent captures say exactly what the straight one says. */
START_TEST(bent_ones_agree)
{
    static const char *const BENT[] = {"ip-fragments", "out-of-order",
                                       "vlan-qinq"};
    char path[100];
    char *straight = strdup(scene_read_file(fopen("captures/qos2.pcap", "rb")));
    snprintf(path, sizeof path, "captures/%s.pcap", BENT[_i]);
    ck_assert_str_eq(scene_read_file(fopen(path, "rb")), straight);
    free(straight);
}
END_TEST

/* Neither side of any of them breaks the standard. */
START_TEST(no_breach)
{
    char path[100];
    snprintf(path, sizeof path, "captures/%s.pcap", OWN[_i].name);
    struct read_options options = {.path = path, .is_quiet = true};
    ck_assert_int_eq(command_check(&options), EXIT_GOOD);
}
END_TEST

Suite *suite_captures(void)
{
    Suite *s = suite_create("captures");
    TCase *t = tcase_create("captures");
    tcase_add_loop_test(t, packets, 0, sizeof OWN / sizeof OWN[0]);
    tcase_add_loop_test(t, bent_ones_agree, 0, 3);
    tcase_add_loop_test(t, no_breach, 0, sizeof OWN / sizeof OWN[0]);
    suite_add_tcase(s, t);
    return s;
}
