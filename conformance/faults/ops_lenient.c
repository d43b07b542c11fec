/* SPDX-License-Identifier: Apache-2.0 */
/* ops_lenient.c -- a broker that takes what it must refuse.
 *
 * The offending packet never reaches the broker; the answer to a good one is
 * given in its place, so that the tester sees a broker that overlooked it.
 */
#include "faults/deed.h"

/* A code for each filter of a SUBSCRIBE or UNSUBSCRIBE. */
static struct wire_bytes codes_for(struct scene *scene,
                                   const struct wire_packet *packet)
{
    size_t n = packet->n_filters ? packet->n_filters : 1;
    unsigned char *codes = scene_keep(scene, n);
    struct wire_filter filter;
    for (size_t i = 0; i < n; i++) {
        if (packet->type == WIRE_SUBSCRIBE &&
            wire_filter_at(packet, i, &filter))
            codes[i] = filter.qos < 3 ? filter.qos : 2;
    }
    return SLICE(codes, n);
}

static enum wire_type answer_to(const struct wire_packet *packet)
{
    static const enum wire_type answers[] = {
        [WIRE_CONNECT] = WIRE_CONNACK,  [WIRE_PUBREL] = WIRE_PUBCOMP,
        [WIRE_SUBSCRIBE] = WIRE_SUBACK, [WIRE_UNSUBSCRIBE] = WIRE_UNSUBACK,
        [WIRE_PINGREQ] = WIRE_PINGRESP, [WIRE_AUTH] = 0};
    static const enum wire_type taken[] = {0, WIRE_PUBACK, WIRE_PUBREC,
                                           WIRE_PUBREC};
    if (packet->type == WIRE_PUBLISH)
        return taken[packet->qos & 3];
    return packet->type <= WIRE_AUTH ? answers[packet->type] : 0;
}

void op_accept(struct scene *scene, const struct deed *deed,
               const struct wire_packet *packet)
{
    struct wire_packet answer = {.type = answer_to(packet),
                                 .packet_id = packet->packet_id};
    (void)deed;
    if (packet->type == WIRE_CONNECT || !scene->is_connected)
        scene->is_stood_in = true;
    if (!answer.type)
        return;
    if (answer.type == WIRE_SUBACK || answer.type == WIRE_UNSUBACK)
        answer.codes = codes_for(scene, packet);
    tap_send(scene->relay, WIRE_SERVER, &answer);
}
