/* SPDX-License-Identifier: Apache-2.0 */
/* test_replay.c -- replays on the reference broker, honest and bent.
 *
 * Twenty cases on captures from the field (they lie beside the checkout, in
 * ../shared; where they are not, that is said and nothing is claimed), and our
 * own captures always: a replay against the broker that made the capture must
 * find nothing, and each lie must be found under its own name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "pcapout.h"
#include "room.h"
#include "tests/scene.h"
#include "tests/stage.h"
#include "wire/wire.h"

/* Gives the capture's path, or ends the test with a word about it. */
#define SHARED(name)                                                           \
    const char *path = stage_shared(name);                                     \
    if (!path) {                                                               \
        fprintf(stderr, "not tested, ../shared is not there: %s\n", name);     \
        return;                                                                \
    }

#define EXITS(o, code)                                                         \
    ck_assert_msg((o).exit == (code), "exit %d: %s", (o).exit,                 \
                  outcome_text(&(o)))
#define COUNTS(o, name, n)                                                     \
    ck_assert_msg(outcome_count(&(o), name) == (n), "%s: %s", name,            \
                  outcome_text(&(o)))
#define CLASS(o, frame, name)                                                  \
    ck_assert_str_eq(outcome_class(&(o), frame, NULL), name)

static int broker;

static void set_up(void)
{
    broker = stage_broker();
}

/* 1 */
START_TEST(qos1_publisher)
{
    SHARED("suricata-mqtt311-pub-qos1.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 2);
    COUNTS(o, "EXTRA", 0);
    ck_assert_int_eq(outcome_summary(&o, "passed"), 1);
}
END_TEST

/* How many packets of a type, or of all (NULL), have the key: "sent", "came",
 * or "frame", which all have. */
static int count_packets(const struct outcome *o, const char *type,
                         const char *key)
{
    const cJSON *stream, *packet;
    int n = 0;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItem(o->json, "streams"))
    {
        cJSON_ArrayForEach(packet, cJSON_GetObjectItem(stream, "packets"))
        {
            const cJSON *is = cJSON_GetObjectItem(packet, "type");
            n += cJSON_HasObjectItem(packet, key) &&
                 (!type || !strcmp(is->valuestring, type));
        }
    }
    return n;
}

static double seconds_of(const struct outcome *o)
{
    return cJSON_GetObjectItem(o->json, "seconds")->valuedouble;
}

/* When the first packet of a type was "sent" or "came" on the n-th stream;
 * -1 if none did. */
static double packet_time(const struct outcome *o, int stream, const char *type,
                          const char *key)
{
    const cJSON *packet,
        *packets = cJSON_GetObjectItem(
            cJSON_GetArrayItem(cJSON_GetObjectItem(o->json, "streams"), stream),
            "packets");
    cJSON_ArrayForEach(packet, packets)
    {
        const cJSON *t = cJSON_GetObjectItem(packet, "type");
        const cJSON *at = cJSON_GetObjectItem(packet, key);
        if (!strcmp(t->valuestring, type) && at)
            return at->valuedouble;
    }
    return -1;
}

/* 2: PUBREL waits for a PUBREC that takes its time */
START_TEST(qos2_waits_for_pubrec)
{
    SHARED("suricata-mqtt5-pub-qos2.pcap")
    struct outcome o =
        stage_run(path, "mqtt", stage_liar(broker, "late pubrec"), "");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 3);
    ck_assert_double_ge(packet_time(&o, 0, "PUBREL", "sent"),
                        packet_time(&o, 0, "PUBREC", "came"));
    ck_assert_double_ge(packet_time(&o, 0, "PUBREL", "sent"), 0.5);
}
END_TEST

/* 3 */
START_TEST(assigned_identifier)
{
    SHARED("suricata-mqtt5-pub-userpass-auto-clientid.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MAPPED", 1);
    o = stage_run(path, "mqtt", stage_liar(broker, "no assigned id"), "");
    EXITS(o, EXIT_FOUND);
    COUNTS(o, "CHANGED", 1);
}
END_TEST

/* 4: a refusal is a result like any other */
START_TEST(refusal)
{
    SHARED("suricata-mqtt5-sub-customauth.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 2);
    o = stage_run(path, "mqtt", stage_liar(broker, "accept all"), "");
    EXITS(o, EXIT_FOUND);
    COUNTS(o, "CHANGED", 1);
}
END_TEST

/* 5: a client that does not wait is not made to wait */
START_TEST(pipelining_and_retained)
{
    SHARED("zeek-mqtt.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    CLASS(o, 5, "EXCUSED");
    CLASS(o, 11, "MATCH");
    COUNTS(o, "MATCH", 9);
    COUNTS(o, "EXCUSED", 1);
    /* before a broker that keeps CONNACK back, they still go out first */
    o = stage_run(path, "mqtt", stage_liar(broker, "late connack"), "");
    EXITS(o, EXIT_GOOD);
    double connack = packet_time(&o, 1, "CONNACK", "came");
    ck_assert_double_ge(connack, 0);
    ck_assert_double_lt(packet_time(&o, 1, "PUBLISH", "sent"), connack);
    ck_assert_double_lt(packet_time(&o, 1, "DISCONNECT", "sent"), connack);
}
END_TEST

/* 6 */
START_TEST(seeded_retained)
{
    SHARED("zeek-mqtt.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "--seed-retained");
    EXITS(o, EXIT_GOOD);
    CLASS(o, 5, "MATCH");
    COUNTS(o, "EXCUSED", 0);
}
END_TEST

/* 7: the fence decides a race of 79 microseconds as the capture did. It lasts
 * 108 s: with its own pauses, ten times as fast. */
START_TEST(race_behind_a_fence)
{
    SHARED("cpsiot-mqtt.pcap")
    for (int i = 0; i < 20; i++) {
        struct outcome o = stage_run(path, "mqtt", broker, "--speed max");
        EXITS(o, EXIT_GOOD);
        COUNTS(o, "MATCH", 606);
    }
    struct outcome o = stage_run(path, "mqtt", broker, "--speed 10");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 606);
    o = stage_run(path, "mqtt", broker, "--fence none");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 606);
    COUNTS(o, "EXTRA", 0);
    ck_assert_int_le(outcome_count(&o, "RACE"), 1); /* the first delivery */
    o = stage_run(path, "mqtt", stage_liar(broker, "twice"), "--speed max");
    EXITS(o, EXIT_FOUND);
    COUNTS(o, "EXTRA", 1);
}
END_TEST

/* By how much the latest PUBLISH missed its time, divided by ten; negative if
 * one went out early. */
static double lateness(const struct outcome *o)
{
    const cJSON *stream, *packet;
    double late = 0;
    int n = 0;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItem(o->json, "streams"))
    {
        cJSON_ArrayForEach(packet, cJSON_GetObjectItem(stream, "packets"))
        {
            const cJSON *sent = cJSON_GetObjectItem(packet, "sent");
            const cJSON *at = cJSON_GetObjectItem(packet, "at");
            const cJSON *type = cJSON_GetObjectItem(packet, "type");
            if (!sent || strcmp(type->valuestring, "PUBLISH"))
                continue;
            double by = sent->valuedouble - at->valuedouble / 10;
            late = by < -0.001 ? by : late < 0 || by < late ? late : by;
            n++;
        }
    }
    ck_assert_int_eq(n, 3);
    return late;
}

/* The deliveries of the first stream came in the order of the capture. */
static void deliveries_in_order(const struct outcome *o, int expected)
{
    const cJSON *packet,
        *stream =
            cJSON_GetArrayItem(cJSON_GetObjectItem(o->json, "streams"), 0);
    double before = 0;
    int n = 0;
    cJSON_ArrayForEach(packet, cJSON_GetObjectItem(stream, "packets"))
    {
        const cJSON *came = cJSON_GetObjectItem(packet, "came");
        if (!came ||
            strcmp(cJSON_GetObjectItem(packet, "type")->valuestring, "PUBLISH"))
            continue;
        ck_assert_double_gt(came->valuedouble, before);
        before = came->valuedouble;
        n++;
    }
    ck_assert_int_eq(n, expected);
}

/* 8, 9: deliveries that other connections cause; pauses kept by a factor */
START_TEST(speed)
{
    SHARED("reseau-mqtt.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "--speed max");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 8);
    deliveries_in_order(&o, 3);
    int tries = 10; /* 26 s were captured; a busy machine may miss 2 s once */
    for (; seconds_of(&o) >= 2 && --tries;)
        o = stage_run(path, "mqtt", broker, "--speed max");
    ck_assert_int_gt(tries, 0);
    /* Never early; late by 20 ms at most. How soon a sleeper wakes is the
     * machine's to say, so one run of ten that keeps time is enough: a replay
     * that scales its pauses wrongly is late in all of them. */
    double late, seconds;
    tries = 10;
    do {
        o = stage_run(path, "mqtt", broker, "--speed 10");
        EXITS(o, EXIT_GOOD);
        late = lateness(&o);
        seconds = seconds_of(&o);
        ck_assert_double_ge(late, 0);
        ck_assert_double_ge(seconds, 2.3);
    } while ((late > 0.02 || seconds > 2.9) && --tries);
    ck_assert_msg(tries, "late by %g s, %g s in all", late, seconds);
}
END_TEST

/* 10: a capture that is wrong; 2,000 ARP frames and two others around it */
START_TEST(capture_not_conformant)
{
    SHARED("boofuzznova-mqtt.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "--speed max");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "EXCUSED", 16);
    COUNTS(o, "MATCH", 11);
    ck_assert_int_eq(outcome_summary(&o, "passed"), 9);
    ck_assert_int_eq(outcome_summary(&o, "ignored_frames"), 2002);
    /* nobody waits for what will not come; no Will behind a DISCONNECT */
    ck_assert_double_lt(seconds_of(&o), 5);
    ck_assert_int_eq(count_packets(&o, "DISCONNECT", "sent"), 9);
}
END_TEST

/* 11: one session after another: nobody is taken over, whose CONNACK or PUBACK
 * would then be missing; a hundred times */
START_TEST(no_takeover)
{
    SHARED("boofuzznova-mqtt.pcap")
    for (int i = 0; i < 100; i++) {
        struct outcome o = stage_run(path, "mqtt", broker,
                                     "--speed max --settle 5 --wipe-sessions");
        EXITS(o, EXIT_GOOD);
        COUNTS(o, "MISSING", 0);
        COUNTS(o, "EXTRA", 0);
        ck_assert_int_eq(outcome_summary(&o, "passed"), 9);
    }
}
END_TEST

/* 12, and 13 with two frames swapped */
START_TEST(large_publish)
{
    SHARED("suricata-mqtt-limit-2.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 6);
    COUNTS(o, "EXTRA", 0);
    ck_assert_int_eq(count_packets(&o, NULL, "frame"), 12);

    static uint8_t octets[1 << 20];
    FILE *in = fopen(path, "rb");
    size_t n = fread(octets, 1, sizeof octets, in), at = 24, begin[4] = {0};
    fclose(in);
    for (int frame = 1; at < n && frame <= 13; frame++) {
        uint32_t length;
        if (frame >= 11)
            begin[frame - 11] = at;
        memcpy(&length, octets + at + 8, 4);
        at += 16 + length;
    }
    char swapped[] = "/tmp/mqttspec-swapped-XXXXXX";
    int fd = mkstemp(swapped);
    FILE *out = fdopen(fd, "wb");
    fwrite(octets, 1, begin[0], out);
    fwrite(octets + begin[1], 1, begin[2] - begin[1], out);
    fwrite(octets + begin[0], 1, begin[1] - begin[0], out);
    fwrite(octets + begin[2], 1, n - begin[2], out);
    fclose(out);
    o = stage_run(swapped, "mqtt", broker, "");
    remove(swapped);
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 6);
    COUNTS(o, "EXTRA", 0);
    ck_assert_int_eq(count_packets(&o, NULL, "frame"), 12);
}
END_TEST

static bool holds(const char *octets, size_t n, const char *word, size_t n_word)
{
    for (size_t i = 0; i + n_word <= n; i++)
        if (!memcmp(octets + i, word, n_word))
            return true;
    return false;
}

static bool file_holds(const char *path, const char *word, size_t n_word)
{
    static char octets[1 << 16];
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(octets, 1, sizeof octets, file);
    fclose(file);
    return holds(octets, n, word, n_word);
}

/* 14: what follows the Topic Name is a property length, then a picture */
START_TEST(midstream)
{
    SHARED("suricata-mqtt-midstream-split.pcap")
    char written[] = "/tmp/mqttspec-written-XXXXXX", options[200];
    close(mkstemp(written));
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_UNDECIDED);
    ck_assert_int_eq(outcome_summary(&o, "skipped"), 1);
    snprintf(options, sizeof options,
             "--midstream synthesise --assume-version 5 --write %s", written);
    o = stage_run(path, "mqtt", broker, options);
    EXITS(o, EXIT_GOOD);
    ck_assert(file_holds(written, "topicX\0\xff\xd8\xff", 10));
    ck_assert_int_eq(count_packets(&o, "PUBLISH", "sent"), 1);
    ck_assert_int_eq(count_packets(&o, "DISCONNECT", "sent"), 1);
    remove(written);
    const cJSON *stream =
        cJSON_GetArrayItem(cJSON_GetObjectItem(o.json, "streams"), 0);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(stream, "synthesised")));
}
END_TEST

/* 15 */
START_TEST(missing_connect)
{
    SHARED("suricata-mqtt-events-missing-connect.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    ck_assert_int_eq(outcome_summary(&o, "inconclusive"), 1);
    ck_assert_ptr_nonnull(strstr(outcome_text(&o), "a gap of 16 octets"));
    o = stage_run(path, "mqtt", broker, "--strict");
    EXITS(o, EXIT_UNDECIDED);
}
END_TEST

/* 16 */
START_TEST(proxy_twins)
{
    SHARED("smartcampus-mqtt_sll2.pcap")
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_UNDECIDED);
    ck_assert_int_eq(outcome_summary(&o, "twins"), 1);
    ck_assert_int_eq(outcome_summary(&o, "skipped"), 2);
    const cJSON *stream =
        cJSON_GetArrayItem(cJSON_GetObjectItem(o.json, "streams"), 0);
    ck_assert_int_eq(cJSON_GetObjectItem(stream, "published")->valueint, 150);
}
END_TEST

/* 17 */
START_TEST(another_port_and_an_open_end)
{
    SHARED("presill-mqtt_start.pcap")
    static const char *const ENDS[] = {"", "--at-end abort", "--at-end keep"};
    struct outcome o = stage_run(path, "mqtt", broker, ENDS[_i]);
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 11);
}
END_TEST

/* 18 */
START_TEST(no_mqtt)
{
    SHARED("icspcaps-notmqtt-x11.pcap")
    char junit[] = "/tmp/mqttspec-junit-XXXXXX", options[64];
    close(mkstemp(junit));
    snprintf(options, sizeof options, "--junit %s", junit);
    struct outcome o = stage_run(path, "mqtt", broker, options);
    EXITS(o, EXIT_UNDECIDED);
    char text[600] = "";
    FILE *file = fopen(junit, "r"); /* not what mkstemp opened: replaced */
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    remove(junit);
    ck_assert_ptr_nonnull(strstr(text, "tests=\"0\""));
    ck_assert_ptr_nonnull(strstr(text, "skipped=\"1\""));
}
END_TEST

/* 19: what no server may accept goes out as it is; behind it there is nothing
 * but the server's close */
START_TEST(malformed_publish)
{
    SHARED("suricata-mqtt-events-invalid-qos.pcap")
    char written[] = "/tmp/mqttspec-written-XXXXXX", options[200];
    close(mkstemp(written));
    snprintf(options, sizeof options, "--write %s", written);
    struct outcome o = stage_run(path, "mqtt", broker, options);
    EXITS(o, EXIT_GOOD);
    ck_assert(file_holds(written, "\x36\x1a\0\6topicX\0\1", 12));
    ck_assert_int_eq(count_packets(&o, "PUBLISH", "sent"), 1);
    ck_assert_int_eq(count_packets(&o, "DISCONNECT", "sent"), 0);
    ck_assert_int_eq(outcome_summary(&o, "checked"), 2);
    remove(written);
    o = stage_run(path, "mqtt", stage_yes_man(), "--timeout 1");
    EXITS(o, EXIT_FOUND);
    ck_assert_ptr_nonnull(strstr(outcome_text(&o),
                                 "kept the connection after a malformed packet "
                                 "(frame 8)"));
}
END_TEST

/* 20, and on our own capture: each lie has its class, the truth has none */
static const struct lie {
    const char *how, *capture, *class;
    int frame; /* the lie is about it; 0: any, for where an EXTRA one comes to
                  light depends on when it is read */
} LIES[] = {
    {"drop", "rishi-mqtt_traffic.pcap", "MISSING", 24},
    {"swap", "rishi-mqtt_traffic.pcap", "REORDERED", 24},
    {"flip payload", "rishi-mqtt_traffic.pcap", "CHANGED", 24},
    {"set retain", "rishi-mqtt_traffic.pcap", "CHANGED", 24},
    {"ack id", "suricata-mqtt-limit-2.pcap", "CHANGED", 18},
    {"connack octet", "suricata-mqtt-limit-2.pcap", "CHANGED", 6},
    {"drop", NULL, "MISSING", 28},
    {"swap", NULL, "REORDERED", 19},
    {"flip payload", NULL, "CHANGED", 28},
    {"set retain", NULL, "CHANGED", 28},
    {"ack id", NULL, "CHANGED", 18},
    {"suback", NULL, "CHANGED", 9},
    {"connack octet", NULL, "CHANGED", 6},
    {"twice", NULL, "EXTRA", 0},
    {"pubrel twice", NULL, "EXTRA", 0},
};

START_TEST(lies_are_found)
{
    const struct lie *lie = &LIES[_i];
    /* QoS 2 goes one message at a time: a swap needs a pipeline */
    const char *own = strcmp(lie->how, "swap") ? "captures/qos2.pcap"
                                               : "captures/pipeline.pcap";
    const char *path = lie->capture ? stage_shared(lie->capture) : own;
    if (!path) {
        fprintf(stderr, "not tested, ../shared is not there: %s\n",
                lie->capture);
        return;
    }
    struct outcome o = stage_run(path, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    o = stage_run(path, "mqtt", stage_liar(broker, lie->how), "--timeout 1");
    EXITS(o, EXIT_FOUND);
    ck_assert_msg(outcome_count(&o, lie->class) > 0, "%s %s: %s", lie->how,
                  path, outcome_text(&o));
    int frame = outcome_where(&o, lie->class);
    ck_assert_msg(lie->frame ? frame == lie->frame : frame > 0,
                  "%s %s: frame %d: %s", lie->how, path, frame,
                  outcome_text(&o));
}
END_TEST

/* ---- our own captures ---------------------------------------------------- */

static const char *const OWN[] = {
    "captures/qos2.pcap",
    "captures/properties5.pcap",
    "captures/shared.pcap",
    "captures/websocket.pcap",
    "captures/out-of-order.pcap",
    "captures/ip-fragments.pcap",
    "captures/vlan-qinq.pcap",
    "captures/mosquitto-clients.pcap",
    "captures/pipeline.pcap",
    "captures/session.pcap",
    "captures/will-keep-alive.pcap",
};

/* The broker that made the capture gives no difference, again and again. The
 * two last leave something behind or take seconds: once. */
START_TEST(identity)
{
    int times = _i < 9 ? 100 : 1;
    for (int i = 0; i < times; i++) {
        struct outcome o = stage_run(OWN[_i], "mqtt", broker, "--settle 5");
        EXITS(o, EXIT_GOOD);
        COUNTS(o, "EXCUSED", 0);
    }
}
END_TEST

/* A capture that stops anywhere accuses nobody: what it does not hold is not
 * asked for, and what comes all the same is excused. */
START_TEST(cut_captures_accuse_nobody)
{
    static const char *const CUT[] = {"captures/qos2.pcap",
                                      "captures/properties5.pcap",
                                      "captures/mosquitto-clients.pcap"};
    static uint8_t octets[1 << 16];
    char path[] = "/tmp/mqttspec-cut-XXXXXX";
    FILE *in = fopen(CUT[_i], "rb");
    size_t n = fread(octets, 1, sizeof octets, in);
    fclose(in);
    close(mkstemp(path));
    for (size_t at = 24; at + 16 <= n;) {
        uint32_t length;
        memcpy(&length, octets + at + 8, 4);
        at += 16 + length;
        FILE *out = fopen(path, "wb");
        fwrite(octets, 1, at, out);
        fclose(out);
        struct outcome o = stage_run(path, "mqtt", broker, "--settle 20");
        ck_assert_msg(o.exit == EXIT_GOOD || o.exit == EXIT_UNDECIDED,
                      "%zu octets: %s", at, outcome_text(&o));
    }
    remove(path);
}
END_TEST

/* A packet of a scene that is made up, at a time of it. */
static void put_packet(struct pcapout *out, size_t conn, uint64_t at_ms,
                       bool from_client, const struct wire_packet *p)
{
    uint8_t octets[200];
    size_t n = wire_write(WIRE_5_0, p, octets, sizeof octets);
    pcapout_send(out, conn, from_client, octets, n, at_ms * 1000000u);
}

/* A session that expired in a pause of the capture needs the pause: it is kept
 * though nobody asks for it. */
START_TEST(session_expires_as_captured)
{
    char path[] = "/tmp/mqttspec-expiry-XXXXXX";
    struct pcapout_end client = {0x7F000001, 40000},
                       server = {0x7F000001, 1883};
    close(mkstemp(path));
    struct pcapout *out = pcapout_open(path);
    size_t first = pcapout_connect(out, client, server, 0);
    put_packet(out, first, 1, true,
               CONNECT(.client_id = "pump", .clean_start = 1,
                       .props = {.session_expiry_interval_s = OPT(1)}));
    put_packet(out, first, 2, false, CONNACK());
    pcapout_close(out, first, true, true, 3000000u);
    client.port++;
    size_t second = pcapout_connect(out, client, server, 2500000000u);
    put_packet(out, second, 2501, true, CONNECT(.client_id = "pump"));
    put_packet(out, second, 2502, false, CONNACK());
    pcapout_close(out, second, true, true, 2503000000u);
    ck_assert_int_eq(pcapout_finish(out), 0);
    struct outcome o = stage_run(path, "mqtt", broker, "");
    remove(path);
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "CHANGED", 0);
    ck_assert_double_ge(seconds_of(&o), 2.4);
}
END_TEST

/* What a replay leaves behind is wiped before the next one. */
START_TEST(sessions_are_wiped)
{
    for (int i = 0; i < 10; i++) {
        struct outcome o = stage_run("captures/session.pcap", "mqtt", broker,
                                     "--wipe-sessions --settle 5");
        EXITS(o, EXIT_GOOD);
        COUNTS(o, "MATCH", 12);
    }
}
END_TEST

/* The same law for mosquitto. */
START_TEST(identity_of_mosquitto)
{
    int mosquitto = stage_mosquitto();
    if (!mosquitto) {
        fprintf(stderr, "not tested, mosquitto is not there\n");
        return;
    }
    for (int i = 0; i < 100; i++) {
        struct outcome o = stage_run("captures/mosquitto-clients.pcap", "mqtt",
                                     mosquitto, "--settle 5");
        EXITS(o, EXIT_GOOD);
        COUNTS(o, "EXCUSED", 0);
    }
}
END_TEST

/* The same over WebSocket, and by mosquitto. */
START_TEST(other_ways)
{
    struct outcome o = stage_run(OWN[_i], "ws", broker, "");
    EXITS(o, EXIT_GOOD);
    int mosquitto = stage_mosquitto();
    if (!mosquitto)
        fprintf(stderr, "not tested, mosquitto is not there: %s\n", OWN[_i]);
    else {
        o = stage_run(OWN[_i], "mqtt", mosquitto, "");
        EXITS(o, EXIT_GOOD);
    }
}
END_TEST

/* The live side in TLS, whose certificate is verified; a WebSocket in it. */
START_TEST(live_side_in_tls)
{
    static const char *const SCHEMES[] = {"mqtts", "wss"};
    char parameters[200], options[100];
    const char *pem = stage_certificates();
    snprintf(parameters, sizeof parameters, "sslEnabled=true;keyStorePath=%s",
             pem);
    int port = stage_broker_with(parameters, NULL);
    snprintf(options, sizeof options, "--cafile %.*s/ca.pem",
             (int)(strrchr(pem, '/') - pem), pem);
    struct outcome o =
        stage_run("captures/qos2.pcap", SCHEMES[_i], port, options);
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "EXCUSED", 0);
    /* an authority that has not signed it */
    snprintf(options, sizeof options, "--cafile %.*s/client.pem",
             (int)(strrchr(pem, '/') - pem), pem);
    o = stage_run("captures/qos2.pcap", SCHEMES[_i], port, options);
    EXITS(o, EXIT_TROUBLE);
}
END_TEST

/* What was inside TLS replays when its keys are given, and only then. */
START_TEST(tls_with_its_keys)
{
    struct outcome o = stage_run("captures/tls.pcap", "mqtt", broker,
                                 "--keys captures/tls.keys");
    EXITS(o, EXIT_GOOD);
    COUNTS(o, "MATCH", 10);
    o = stage_run("captures/tls.pcap", "mqtt", broker, "");
    EXITS(o, EXIT_UNDECIDED);
}
END_TEST

/* Numbers used once cannot be used again. */
START_TEST(authentication_is_not_repeated)
{
    struct outcome o = stage_run("captures/scram.pcap", "mqtt", broker, "");
    EXITS(o, EXIT_UNDECIDED);
    ck_assert_int_eq(outcome_summary(&o, "skipped"), 1);
}
END_TEST

/* What was written of a replay replays; what was anonymised does, too. */
START_TEST(written_and_anonymised)
{
    char written[] = "/tmp/mqttspec-written-XXXXXX";
    char masked[] = "/tmp/mqttspec-masked-XXXXXX", options[200];
    close(mkstemp(written));
    close(mkstemp(masked));
    snprintf(options, sizeof options, "--write %s --anonymise %s", written,
             masked);
    struct outcome o =
        stage_run("captures/properties5.pcap", "mqtt", broker, options);
    EXITS(o, EXIT_GOOD);
    o = stage_run(written, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    o = stage_run(masked, "mqtt", broker, "");
    EXITS(o, EXIT_GOOD);
    ck_assert(!file_holds(masked, "questions", 9));
    ck_assert(!file_holds(masked, "what time", 9));
    ck_assert(!file_holds(masked, "worker", 6));
    remove(written);
    remove(masked);
}
END_TEST

/* A broker that is not there is not a difference. */
START_TEST(out_of_reach)
{
    stage_stop();
    struct outcome o = stage_run("captures/qos2.pcap", "mqtt", broker, "");
    ck_assert_int_eq(o.exit, EXIT_TROUBLE);
    o = stage_run("captures/none.pcap", "mqtt", broker, "");
    ck_assert_int_eq(o.exit, EXIT_TROUBLE);
}
END_TEST

Suite *suite_replay(void)
{
    Suite *s = suite_create("replay");
    TCase *t = tcase_create("field"), *own = tcase_create("own");
    size_t n_own = sizeof OWN / sizeof OWN[0];
    tcase_add_checked_fixture(t, set_up, stage_stop);
    tcase_add_checked_fixture(own, set_up, stage_stop);
    tcase_set_timeout(t, 120);
    tcase_set_timeout(own, 120);
    tcase_add_test(t, qos1_publisher);
    tcase_add_test(t, qos2_waits_for_pubrec);
    tcase_add_test(t, assigned_identifier);
    tcase_add_test(t, refusal);
    tcase_add_test(t, pipelining_and_retained);
    tcase_add_test(t, seeded_retained);
    tcase_add_test(t, race_behind_a_fence);
    tcase_add_test(t, speed);
    tcase_add_test(t, capture_not_conformant);
    tcase_add_test(t, no_takeover);
    tcase_add_test(t, large_publish);
    tcase_add_test(t, midstream);
    tcase_add_test(t, missing_connect);
    tcase_add_test(t, proxy_twins);
    tcase_add_loop_test(t, another_port_and_an_open_end, 0, 3);
    tcase_add_test(t, no_mqtt);
    tcase_add_test(t, malformed_publish);
    tcase_add_loop_test(t, lies_are_found, 0, sizeof LIES / sizeof LIES[0]);
    tcase_add_loop_test(own, identity, 0, (int)n_own);
    tcase_add_loop_test(own, cut_captures_accuse_nobody, 0, 3);
    tcase_add_test(own, session_expires_as_captured);
    tcase_add_test(own, sessions_are_wiped);
    tcase_add_test(own, identity_of_mosquitto);
    tcase_add_loop_test(own, other_ways, 0, (int)n_own);
    tcase_add_loop_test(own, live_side_in_tls, 0, 2);
    tcase_add_test(own, tls_with_its_keys);
    tcase_add_test(own, authentication_is_not_repeated);
    tcase_add_test(own, written_and_anonymised);
    tcase_add_test(own, out_of_reach);
    suite_add_tcase(s, t);
    suite_add_tcase(s, own);
    return s;
}
