/* SPDX-License-Identifier: Apache-2.0 */
/* deed.c -- which deed of a fault applies to a packet.
 *
 * One scene per connection; it remembers what the deeds ask about.
 */
#include "faults/deed.h"

#include <stdlib.h>
#include <string.h>

void *scene_keep(struct scene *scene, size_t n)
{
    if (scene->n_scratch == MAX_SCRATCH)
        abort();
    void **memory = &scene->scratch[scene->n_scratch++];
    *memory = calloc(1, n ? n : 1);
    if (!*memory)
        abort();
    return *memory;
}

static void sweep(struct scene *scene)
{
    while (scene->n_scratch)
        free(scene->scratch[--scene->n_scratch]);
}

/* ---- breaches by the client
 * ------------------------------------------------*/

static void on_finding(void *user, const struct observe_finding *finding)
{
    struct scene *scene = user;
    size_t n = strlen(scene->found);
    const char *id = *finding->statement ? finding->statement : finding->rule;
    if (finding->who != WIRE_CLIENT || n + strlen(id) + 2 > sizeof scene->found)
        return;
    sprintf(scene->found + n, "%s%s", n ? " " : "", id);
}

static bool asks_for_breaches(const struct deed *deeds)
{
    for (; deeds->does; deeds++) {
        if (deeds->breach)
            return true;
    }
    return false;
}

static bool is_breach(const struct scene *scene, const char *asked)
{
    char found[sizeof scene->found], *save = NULL;
    strcpy(found, scene->found);
    for (char *id = strtok_r(found, " ", &save); id;
         id = strtok_r(NULL, " ", &save)) {
        if (strcmp(asked, "*") == 0 || fault_lists(asked, id))
            return true;
    }
    return false;
}

/* ---- does it apply?
 * --------------------------------------------------------*/

static bool is_set(struct field field, const struct wire_packet *packet)
{
    const unsigned char *at = (const unsigned char *)packet + field.offset;
    if (field.size == sizeof(struct wire_bytes)) {
        struct wire_bytes bytes;
        memcpy(&bytes, at, sizeof bytes);
        return bytes.text != NULL;
    }
    for (size_t i = 0; i < field.size; i++) {
        if (at[i])
            return true;
    }
    return false;
}

static bool applies(struct scene *scene, const struct deed *deed,
                    enum wire_side from, const struct wire_packet *packet)
{
    char why[200];
    if (deed->from != from ||
        (deed->when && (packet->type != deed->when->type ||
                        !wire_match(deed->when, packet, why, sizeof why))) ||
        (deed->has.size && !is_set(deed->has, packet)) ||
        (deed->lacks.size && is_set(deed->lacks, packet)) ||
        (deed->is && !deed->is(scene, packet)) ||
        (deed->breach && !is_breach(scene, deed->breach)))
        return false;
    unsigned n = scene->n_matched[deed - scene->deeds]++;
    return n >= deed->skip && (!deed->times || n < deed->skip + deed->times);
}

/* ---- one connection
 * --------------------------------------------------------*/

void *scene_open(struct tap_relay *relay)
{
    struct scene *scene = calloc(1, sizeof *scene);
    if (!scene)
        abort();
    scene->relay = relay;
    scene->deeds = tap_arg(relay);
    const struct deed *first = scene->deeds;
    scene->hides_close = first->does == op_hide_close && !first->when &&
                         !first->is && !first->breach;
    if (asks_for_breaches(scene->deeds))
        scene->observe = observe_new(NULL, on_finding, NULL, scene);
    return scene;
}

void scene_free(void *state)
{
    struct scene *scene = state;
    sweep(scene);
    observe_free(scene->observe);
    free(scene->connect);
    free(scene->last[0]);
    free(scene->last[1]);
    free(scene->publish);
    free(scene->kept);
    while (scene->n_asked)
        free(scene->asked[--scene->n_asked]);
    free(scene->held);
    free(scene);
}

static void replace(struct wire_packet **kept, const struct wire_packet *packet)
{
    free(*kept);
    *kept = wire_dup(packet);
}

static void remember_filters(struct scene *scene,
                             const struct wire_packet *packet)
{
    for (size_t i = 0; i < packet->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes filter = packet->filters[i].filter;
        scene->asked_no_local |= packet->filters[i].no_local;
        if (wire_len(filter) && scene->n_asked < MAX_ASKED)
            scene->asked[scene->n_asked++] =
                strndup(filter.text, wire_len(filter));
    }
}

static void remember(struct scene *scene, enum wire_side from,
                     const struct wire_packet *packet)
{
    replace(&scene->last[from == WIRE_SERVER], packet);
    if (packet->type == WIRE_CONNECT && !scene->connect)
        replace(&scene->connect, packet);
    if (from == WIRE_SERVER && packet->type == WIRE_PUBLISH)
        replace(&scene->publish, packet);
    if (from == WIRE_CLIENT && packet->type == WIRE_PUBLISH && packet->retain)
        replace(&scene->kept, packet);
    if (from == WIRE_CLIENT && packet->type == WIRE_SUBSCRIBE)
        remember_filters(scene, packet);
    if (from == WIRE_SERVER && packet->type == WIRE_CONNACK &&
        packet->reason == 0) {
        scene->is_connected = true;
        scene->connected_ms = link_now_ms();
    }
}

static void judge(struct scene *scene, enum wire_side from,
                  const struct wire_packet *packet)
{
    scene->found[0] = '\0';
    if (scene->observe)
        observe_octets(scene->observe, from, packet->octets.octets,
                       wire_len(packet->octets), 0, 0);
}

/* A packet that was held back goes behind the one that overtook it. */
static void release(struct scene *scene, enum wire_side from,
                    const struct wire_packet *held)
{
    if (held && held == scene->held && from == scene->held_from) {
        tap_forward(scene->relay, from, held);
        free(scene->held);
        scene->held = NULL;
    }
}

void scene_packet(struct tap_relay *relay, enum wire_side from,
                  const struct wire_packet *packet, void *state)
{
    struct scene *scene = state;
    const struct wire_packet *held = scene->held;
    const struct deed *deed = scene->deeds;
    judge(scene, from, packet);
    if (scene->is_stood_in && from == WIRE_SERVER)
        return;
    while (deed->does && !applies(scene, deed, from, packet))
        deed++;
    if (deed->does)
        deed->does(scene, deed, packet);
    else if (scene->is_stood_in)
        op_accept(scene, deed, packet);
    else if (!scene->hides_close || from != WIRE_SERVER ||
             packet->type != WIRE_DISCONNECT)
        tap_forward(relay, from, packet);
    release(scene, from, held);
    remember(scene, from, packet);
    sweep(scene);
}

bool scene_close(struct tap_relay *relay, enum wire_side by, void *state)
{
    const struct scene *scene = state;
    (void)relay;
    return by == WIRE_SERVER && (scene->hides_close || scene->is_stood_in);
}
