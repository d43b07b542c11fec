/* SPDX-License-Identifier: Apache-2.0 */
/* observe_scene.h -- short plays for the observer's tests.
 *
 *     play(&s, WIRE_5_0);                begins a connection, in s.world if set
 *     C(CONNECT(...)); S(CONNACK());     what each side sends
 *     SILENT();                          nothing was found so far
 *     FOUND("server 5.0/MQTT-3.2.0-2");  just this was found since
 *     end(&s);                           frees the connection
 */
#ifndef MQTTSPEC_OBSERVE_SCENE_H
#define MQTTSPEC_OBSERVE_SCENE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "observe/state.h"

struct scene {
    struct observe_world *world;
    struct observe *o;
    enum wire_version version;
    int64_t now_ns;
    char found[2000], sentence[300];
};

static inline void scene_on_finding(void *user,
                                    const struct observe_finding *finding)
{
    struct scene *s = user;

    snprintf(s->found + strlen(s->found), sizeof s->found - strlen(s->found),
             "%s%s%s %s", *s->found ? "; " : "",
             finding->is_should ? "should " : "", wire_side_name(finding->who),
             finding->rule);
    snprintf(s->sentence, sizeof s->sentence, "%s", finding->sentence);
}

static inline void play(struct scene *s, enum wire_version version)
{
    s->version = version;
    s->found[0] = '\0';
    s->o = observe_new(s->world, scene_on_finding, NULL, s);
    if (!s->now_ns)
        s->now_ns = 1000000000;
}

static inline void scene_say(struct scene *s, enum wire_side from,
                             const struct wire_packet *packet)
{
    unsigned char octets[4096];
    const size_t n = wire_write(s->version, packet, octets, sizeof octets);

    ck_assert_uint_le(n, sizeof octets);
    observe_octets(s->o, from, octets, n, s->now_ns, 0);
}

static inline void end(struct scene *s)
{
    observe_free(s->o);
    s->o = NULL;
}

#define C(packet) scene_say(&s, WIRE_CLIENT, packet)
#define S(packet) scene_say(&s, WIRE_SERVER, packet)
#define FOUND(text)                                                            \
    do {                                                                       \
        ck_assert_msg(!strcmp(s.found, text),                                  \
                      "found \"%s\" (%s), expected \"%s\"", s.found,           \
                      s.sentence, text);                                       \
        s.found[0] = '\0';                                                     \
    } while (0)
#define SILENT() FOUND("")
#define QUIET() observe_quiet(s.o, s.now_ns, 0)

#endif
