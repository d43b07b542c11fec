/* SPDX-License-Identifier: Apache-2.0 */
/* ops_plain.c -- operators that leave a packet as it is, or lose it. */
#include "faults/deed.h"

static void forward(struct scene *scene, const struct deed *deed,
                    const struct wire_packet *packet)
{
    tap_forward(scene->relay, deed->from, packet);
}

void op_pass(struct scene *scene, const struct deed *deed,
             const struct wire_packet *packet)
{
    forward(scene, deed, packet);
}

void op_drop(struct scene *scene, const struct deed *deed,
             const struct wire_packet *packet)
{
    (void)scene;
    (void)deed;
    (void)packet;
}

void op_twice(struct scene *scene, const struct deed *deed,
              const struct wire_packet *packet)
{
    forward(scene, deed, packet);
    forward(scene, deed, packet);
}

void op_delay(struct scene *scene, const struct deed *deed,
              const struct wire_packet *packet)
{
    tap_delay(scene->relay, deed->from, deed->ms);
    forward(scene, deed, packet);
    tap_delay(scene->relay, deed->from, 0);
}

void op_swap(struct scene *scene, const struct deed *deed,
             const struct wire_packet *packet)
{
    if (scene->held) {
        forward(scene, deed, packet);
        return;
    }
    scene->held = wire_dup(packet);
    scene->held_from = deed->from;
}

void op_cut(struct scene *scene, const struct deed *deed,
            const struct wire_packet *packet)
{
    (void)deed;
    (void)packet;
    tap_cut(scene->relay);
}

void op_shut(struct scene *scene, const struct deed *deed,
             const struct wire_packet *packet)
{
    (void)deed;
    (void)packet;
    tap_shut(scene->relay);
}

void op_shut_behind(struct scene *scene, const struct deed *deed,
                    const struct wire_packet *packet)
{
    forward(scene, deed, packet);
    tap_shut(scene->relay);
}

void op_truncate(struct scene *scene, const struct deed *deed,
                 const struct wire_packet *packet)
{
    size_t n = wire_len(packet->octets), lost = deed->changes[0].value;
    tap_forward_part(scene->relay, deed->from, packet, n > lost ? n - lost : 0);
}

void op_hide(struct scene *scene, const struct deed *deed,
             const struct wire_packet *packet)
{
    (void)deed;
    (void)packet;
    scene->is_stood_in = true;
}

void op_hide_close(struct scene *scene, const struct deed *deed,
                   const struct wire_packet *packet)
{
    scene->hides_close = true;
    if (deed->from != WIRE_SERVER || packet->type != WIRE_DISCONNECT)
        forward(scene, deed, packet);
}

void op_pass_and_hide(struct scene *scene, const struct deed *deed,
                      const struct wire_packet *packet)
{
    forward(scene, deed, packet);
    scene->is_stood_in = true;
}
