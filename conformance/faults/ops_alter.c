/* SPDX-License-Identifier: Apache-2.0 */
/* ops_alter.c -- operators that change a packet, add one or answer one. */
#include <string.h>

#include "faults/deed.h"

/* ---- changes of a field
 * ----------------------------------------------------*/

static uint64_t get_number(const unsigned char *at, size_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        return *at;
    case 2:
        memcpy(&two, at, sizeof two);
        return two;
    case 4:
        memcpy(&four, at, sizeof four);
        return four;
    default:
        memcpy(&eight, at, sizeof eight);
        return eight;
    }
}

static void put_number(unsigned char *at, size_t size, uint64_t value)
{
    uint16_t two = (uint16_t)value;
    uint32_t four = (uint32_t)value;
    if (size == 1)
        *at = (unsigned char)value;
    else if (size == 2)
        memcpy(at, &two, sizeof two);
    else if (size == 4)
        memcpy(at, &four, sizeof four);
    else
        memcpy(at, &value, sizeof value);
}

static uint64_t changed(const struct change *change, uint64_t old)
{
    bool is_optional = change->field.size == sizeof(uint64_t);
    if (change->how == CHANGE_SET)
        return change->value;
    if (is_optional && !wire_is_set(old))
        return old;
    if (is_optional)
        old = wire_value(old, 0);
    old = change->how == CHANGE_ADD ? old + change->value : old ^ change->value;
    return is_optional ? OPT(old) : old;
}

static struct wire_bytes changed_octets(struct scene *scene,
                                        const struct change *change,
                                        struct wire_bytes old)
{
    size_t n = wire_len(old), n_text = change->text ? strlen(change->text) : 0;
    if (change->how == CHANGE_TEXT)
        return SLICE(change->text, n_text);
    if (change->how == CHANGE_CHOP)
        return SLICE(old.octets, n ? n - 1 : 0);
    char *octets = scene_keep(scene, n + n_text);
    if (n)
        memcpy(octets, old.octets, n);
    if (n_text)
        memcpy(octets + n, change->text, n_text);
    return SLICE(octets, n + n_text);
}

static void make_change(struct scene *scene, const struct change *change,
                        struct wire_packet *packet)
{
    unsigned char *at = (unsigned char *)packet + change->field.offset;
    struct wire_bytes octets;
    if (change->how == CHANGE_UNSET) {
        memset(at, 0, change->field.size);
    } else if (change->how >= CHANGE_TEXT) {
        memcpy(&octets, at, sizeof octets);
        octets = changed_octets(scene, change, octets);
        memcpy(at, &octets, sizeof octets);
    } else {
        uint64_t old = get_number(at, change->field.size);
        put_number(at, change->field.size, changed(change, old));
    }
}

struct wire_packet deed_change(struct scene *scene, const struct deed *deed,
                               const struct wire_packet *packet)
{
    struct wire_packet copy = *packet;
    /* No longer what was read: only the members count. */
    copy.octets = copy.body = copy.filter_octets = (struct wire_bytes){0};
    copy.raw_flags = copy.raw_connect_flags = copy.raw_acknowledge_flags = 0;
    for (size_t i = 0; i < WIRE_MAX_FILTERS; i++)
        copy.filters[i].raw_options = 0;
    copy.props.octets = copy.will.props.octets = (struct wire_bytes){0};
    for (size_t i = 0; i < MAX_CHANGES && deed->changes[i].how; i++)
        make_change(scene, &deed->changes[i], &copy);
    if (deed->edit)
        deed->edit(scene, &copy);
    return copy;
}

/* ---- operators
 * -------------------------------------------------------------*/

static enum wire_side other(enum wire_side side)
{
    return side == WIRE_CLIENT ? WIRE_SERVER : WIRE_CLIENT;
}

/* deed->packet, with the Packet Identifier of what caused it, and edited. */
static void send(struct scene *scene, const struct deed *deed,
                 enum wire_side as, const struct wire_packet *cause)
{
    struct wire_packet copy = *deed->packet;
    if (!copy.packet_id)
        copy.packet_id = cause->packet_id;
    if (deed->edit)
        deed->edit(scene, &copy);
    tap_send(scene->relay, as, &copy);
}

void op_alter(struct scene *scene, const struct deed *deed,
              const struct wire_packet *packet)
{
    struct wire_packet copy = deed_change(scene, deed, packet);
    tap_send(scene->relay, deed->from, &copy);
}

void op_and_copy(struct scene *scene, const struct deed *deed,
                 const struct wire_packet *packet)
{
    struct wire_packet copy = deed_change(scene, deed, packet);
    tap_forward(scene->relay, deed->from, packet);
    tap_send(scene->relay, deed->from, &copy);
}

void op_and_send(struct scene *scene, const struct deed *deed,
                 const struct wire_packet *packet)
{
    tap_forward(scene->relay, deed->from, packet);
    send(scene, deed, deed->to_speak ? deed->to_speak : deed->from, packet);
}

void op_send_and(struct scene *scene, const struct deed *deed,
                 const struct wire_packet *packet)
{
    send(scene, deed, deed->to_speak ? deed->to_speak : deed->from, packet);
    tap_forward(scene->relay, deed->from, packet);
}

void op_instead(struct scene *scene, const struct deed *deed,
                const struct wire_packet *packet)
{
    send(scene, deed, deed->from, packet);
}

void op_answer(struct scene *scene, const struct deed *deed,
               const struct wire_packet *packet)
{
    send(scene, deed, other(deed->from), packet);
}

void op_answer_and_shut(struct scene *scene, const struct deed *deed,
                        const struct wire_packet *packet)
{
    op_answer(scene, deed, packet);
    tap_shut(scene->relay);
}
