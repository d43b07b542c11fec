/* SPDX-License-Identifier: Apache-2.0 */
/* harmless.c -- two relays that break nothing.
 *
 * Every case passes under them: what fails under a fault fails by the fault.
 */
#include <stdlib.h>

#include "faults/catalogue.h"

enum { JITTER_MS = 200 };

static void pass(struct tap_relay *relay, enum wire_side from,
                 const struct wire_packet *packet, void *state)
{
    (void)state;
    tap_forward(relay, from, packet);
}

static void *remember_seed(struct tap_relay *relay)
{
    (void)relay;
    void *state = calloc(1, sizeof(unsigned));
    if (!state)
        abort();
    return state;
}

/* The first packet is the seed: the same packets wait the same time. */
static unsigned seed_of(const struct wire_packet *packet)
{
    unsigned hash = 2166136261u;
    for (size_t i = 0; i < wire_len(packet->octets); i++)
        hash = (hash ^ packet->octets.octets[i]) * 16777619u;
    return hash ? hash : 1;
}

/* xorshift: the same row on every machine. */
static unsigned draw(unsigned *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void dawdle(struct tap_relay *relay, enum wire_side from,
                   const struct wire_packet *packet, void *state)
{
    unsigned *row = state;
    if (!*row)
        *row = seed_of(packet);
    tap_delay(relay, from, (int)(draw(row) % (JITTER_MS + 1)));
    tap_forward(relay, from, packet);
}

const struct fault fault_relay = {
    .name = "relay",
    .sentence = "nothing: the relay alone",
    .statements = "",
    .on_packet = pass,
};

const struct fault fault_jitter = {
    .name = "jitter",
    .sentence = "each packet waits 0 to 200 ms",
    .statements = "",
    .on_open = remember_seed,
    .on_packet = dawdle,
};
