/* SPDX-License-Identifier: Apache-2.0 */
/* test_captures.c -- our own captures, as their notes describe them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "tests/scene.h"
#include "tests/stage.h"

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

/* ---- files --------------------------------------------------------------- */

static uint8_t octets[1 << 20], bent[1 << 20];

static struct {
    size_t at, n;
} records[8192];
static size_t n_records;

static size_t load(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t n = fread(octets, 1, sizeof octets, file);
    fclose(file);
    return n;
}

/* Where the records of the n octets of a pcap file are; it is in the byte order
 * of this machine. */
static void find_records(size_t n)
{
    uint32_t length;
    n_records = 0;
    for (size_t at = 24; at + 16 <= n && n_records < 8192; at += 16 + length) {
        memcpy(&length, octets + at + 8, sizeof length);
        records[n_records].at = at;
        records[n_records++].n = 16 + length;
    }
}

/* ---- lost frames --------------------------------------------------------- */

enum { ONE, HEAD, TAIL, EACH_THIRD, ONE_SIDE, N_LOSSES };

/* Two octets of a frame: the sender's port, in Ethernet and IPv4. */
static bool same_port(size_t i, size_t k)
{
    return !memcmp(octets + records[i].at + 16 + 34,
                   octets + records[k].at + 16 + 34, 2);
}

/* Whether record i is lost with record k. */
static bool is_lost(int loss, size_t i, size_t k)
{
    return loss == ONE          ? i == k
           : loss == HEAD       ? i < k
           : loss == TAIL       ? i > k
           : loss == EACH_THIRD ? i > k && i % 3 == k % 3
                                : i > k && same_port(i, k);
}

/* Writes the capture without what is lost with record k. */
static void write_rest(const char *path, int loss, size_t k)
{
    FILE *out = fopen(path, "wb");
    fwrite(octets, 1, 24, out);
    for (size_t i = 0; i < n_records; i++)
        if (!is_lost(loss, i, k))
            fwrite(octets + records[i].at, 1, records[i].n, out);
    fclose(out);
}

/* Who has done nothing wrong is accused of nothing, whatever of it was not
 * captured. */
START_TEST(lost_frames_accuse_nobody)
{
    char path[100], rest[] = "/tmp/mqttspec-rest-XXXXXX";
    const char *name = OWN[_i].name;
    struct read_options options = {.path = rest, .is_quiet = true};
    snprintf(path, sizeof path, "captures/%s.pcap", name);
    find_records(load(path));
    close(mkstemp(rest));
    for (int loss = 0; loss < N_LOSSES; loss++)
        for (size_t k = 0; k < n_records; k++) {
            write_rest(rest, loss, k);
            int exit = command_check(&options);
            ck_assert_msg(exit == EXIT_GOOD || exit == EXIT_UNDECIDED,
                          "%s: loss %d of record %zu: exit %d", name, loss, k,
                          exit);
        }
    remove(rest);
}
END_TEST

/* ---- broken files -------------------------------------------------------- */

/* Reading must end, and touch nothing that is not its own: the sanitizers
 * watch. What it finds is of no matter here. */
static void read_octets(const uint8_t *from, size_t n)
{
    FILE *file = fmemopen((void *)(uintptr_t)from, n, "rb");
    ck_assert_ptr_nonnull(scene_read_file(file));
}

/* Cut at every octet; a large file, from the field, at some thousands. */
static void cut(const char *path)
{
    size_t n = load(path), step = n < 16384 ? 1 : 1 + n / 3000;
    for (size_t at = 1; at < n; at += step)
        read_octets(octets, at);
}

/* Octets of the file changed here and there. */
static void damage(const char *path)
{
    size_t n = load(path);
    srand(1);
    for (int round = 0; round < 200; round++) {
        memcpy(bent, octets, n);
        for (int i = 0; i < 10; i++)
            bent[24 + (size_t)rand() % (n - 24)] ^= (uint8_t)(1 << rand() % 8);
        read_octets(bent, n);
    }
}

/* Its records in another order. */
static void shuffle(const char *path)
{
    size_t n = load(path);
    if (octets[0] == 0x0A || octets[0] == 0xA1)
        return; /* pcapng, or another byte order */
    find_records(n);
    srand(1);
    for (int round = 0; round < 20; round++) {
        size_t to = 24;
        for (size_t i = n_records; i-- > 1;) {
            size_t k = (size_t)rand() % (i + 1), at = records[i].at,
                   size = records[i].n;
            records[i] = records[k];
            records[k].at = at;
            records[k].n = size;
        }
        memcpy(bent, octets, 24);
        for (size_t i = 0; i < n_records; to += records[i++].n)
            memcpy(bent + to, octets + records[i].at, records[i].n);
        read_octets(bent, to);
    }
}

START_TEST(broken_files)
{
    char path[100];
    snprintf(path, sizeof path, "captures/%s.pcap", OWN[_i].name);
    cut(path);
    damage(path);
    shuffle(path);
}
END_TEST

START_TEST(broken_files_from_the_field)
{
    static const char *const NAMES[] = {
        "zeek-mqtt.pcap",
        "ndpi-mqtt.pcap",
        "verimqtt-mqtt.pcapng",
        "suricata-mqtt-limit-2.pcap",
        "suricata-mqtt-events-missing-connect.pcap",
        "smartcampus-mqtt_sll2.pcap",
        "oliversilalahi-mqtt_sll2.pcap",
        "boofuzznova-mqtt.pcap",
    };
    const char *path = stage_shared(NAMES[_i]);
    if (!path) {
        fprintf(stderr, "not tested, ../shared is not there: %s\n", NAMES[_i]);
        return;
    }
    cut(path);
    damage(path);
    shuffle(path);
}
END_TEST

Suite *suite_captures(void)
{
    Suite *s = suite_create("captures");
    TCase *t = tcase_create("whole"), *broken = tcase_create("broken");
    tcase_add_loop_test(t, packets, 0, sizeof OWN / sizeof OWN[0]);
    tcase_add_loop_test(t, bent_ones_agree, 0, 3);
    tcase_add_loop_test(t, no_breach, 0, sizeof OWN / sizeof OWN[0]);
    tcase_add_loop_test(t, lost_frames_accuse_nobody, 0,
                        sizeof OWN / sizeof OWN[0]);
    tcase_add_loop_test(broken, broken_files, 0, sizeof OWN / sizeof OWN[0]);
    tcase_add_loop_test(broken, broken_files_from_the_field, 0, 8);
    tcase_set_timeout(t, 600);
    tcase_set_timeout(broken, 600);
    suite_add_tcase(s, t);
    suite_add_tcase(s, broken);
    return s;
}
