/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h -- captures made in memory, bent, and read again.
 *
 * A scene is a list of frames. pcapout writes the straight ones; a test then
 * swaps, drops, repeats or changes frames and reads the result as MQTT.
 */
#ifndef TOOLS_TESTS_SCENE_H
#define TOOLS_TESTS_SCENE_H

#include <check.h>

#include "flow.h"
#include "pcapout.h"

/* Every suite, for the list in tests_main.c. */
Suite *suite_capture(void);
Suite *suite_tcp(void);
Suite *suite_flow(void);
Suite *suite_rewrite(void);
Suite *suite_captures(void);
Suite *suite_replay(void);
Suite *suite_resume(void);
Suite *suite_duties(void);
Suite *suite_tap(void);
Suite *suite_live(void);

struct scene_frame {
    uint64_t time_ns;
    size_t n;
    uint8_t *octets;
};

struct scene {
    struct scene_frame *frames;
    size_t n;
    int link_type;
};

/* scene_begin gives a writer; scene_end takes its frames. */
struct pcapout *scene_begin(void);
void scene_end(struct scene *scene, struct pcapout *out);
/* scene_hello: CONNECT "a", CONNACK, then QoS 1 PUBLISH and PUBACK n times,
 * DISCONNECT and both FINs. Frame 4 is the CONNECT. */
void scene_hello(struct scene *scene, int n_publishes);

void scene_swap(struct scene *scene, size_t a, size_t b);
void scene_drop(struct scene *scene, size_t at);
/* scene_copy puts a copy of frame `at` behind it. */
void scene_copy(struct scene *scene, size_t at);
void scene_clear(struct scene *scene);

/* scene_file writes the scene as a pcap; the caller owns the stream. */
FILE *scene_file(const struct scene *scene);

/* scene_read reads MQTT out of it, as "C:CONNECT S:CONNACK ..." with "(gap 7)"
 * and ".." at ends; a space between them. Static, until the next call. */
const char *scene_read(const struct scene *scene);
/* scene_read_file reads the stream, which it closes. */
const char *scene_read_file(FILE *file);

/* Facts of the last scene_read: of its first stream. */
struct scene_facts {
    struct tcp_stream tcp;
    uint64_t n_mqtt, n_streams;
    enum flow_kind kind;
    enum wire_version version;
    bool is_ws;
    struct link_counts link;
    char trouble[100];
};
const struct scene_facts *scene_facts(void);

#endif
