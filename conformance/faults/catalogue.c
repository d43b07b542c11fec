/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.c -- the catalogue of faults.
 *
 * Each is one deviation on the wire that the tap makes between the broker and
 * the tester, and the statements it breaks.
 */
#include "tap/tap.h"

/* Drops what the broker sends of one type. */
static void drop_type(struct tap_relay *relay, enum wire_side from,
                      const struct wire_packet *packet, void *state)
{
    const enum wire_type *type = tap_arg(relay);
    (void)state;
    if (from == WIRE_SERVER && packet->type == *type)
        return;
    tap_forward(relay, from, packet);
}

static const struct fault puback_dropped = {
    .name = "puback_dropped",
    .sentence = "the broker never acknowledges a QoS 1 message",
    .statements = "3.1.1/MQTT-4.3.2-2 5.0/MQTT-4.3.2-4",
    .on_packet = drop_type,
    .arg = &(const enum wire_type){WIRE_PUBACK}};

static const struct fault pingresp_dropped = {
    .name = "pingresp_dropped",
    .sentence = "the broker does not answer PINGREQ",
    .statements = "3.1.1/MQTT-3.12.4-1 5.0/MQTT-3.12.4-1",
    .on_packet = drop_type,
    .arg = &(const enum wire_type){WIRE_PINGRESP}};

/* Keeps the connection open when the broker closes it. */
static bool never_close(struct tap_relay *relay, enum wire_side by, void *state)
{
    (void)relay;
    (void)state;
    return by == WIRE_SERVER;
}

static const struct fault close_withheld = {
    .name = "close_withheld",
    .sentence = "the broker does not close a connection it should close",
    .statements = "3.1.1/MQTT-3.1.0-2 5.0/MQTT-3.1.0-2",
    .on_close = never_close};

const struct fault *const faults[] = {&puback_dropped, &pingresp_dropped,
                                      &close_withheld, NULL};
