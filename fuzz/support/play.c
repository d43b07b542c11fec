/* SPDX-License-Identifier: Apache-2.0 */
/* play.c -- an input as a play of several clients and the clock.
 *
 * Input: four octets of settings (world.c), then items: an octet of control and
 * a packet. Control: bits 0-1 whose packet it is, bit 2 octet by octet, bit 3
 * the connection is cut after it, bit 4 the turn goes on (several clients are
 * served in one), bits 5-7 how much time passes before. After each turn the
 * observer judges what the broker answered, and all invariants must hold.
 */
#include "support/world.h"

enum { MAX_ITEMS = 200 };

static void step(struct world *w, struct feed *feed)
{
    static const uint64_t waits_ms[8] = {0,    0,    0,     100,
                                         1100, 6000, 90500, 7200000};
    unsigned control = feed_u8(feed);
    unsigned place = control & 3;
    size_t got;
    const uint8_t *octets = feed_packet(feed, &got);
    if (waits_ms[control >> 5])
        world_wait(w, waits_ms[control >> 5]);
    /* A packet of the reserved type that carries nothing: a restart, or room on
     * a disk that was full. */
    if (got == 2 && octets[0] == 0x0f && octets[1] == 0) {
        if (place == 3)
            world_make_room(w);
        else
            world_restart(w);
        broker_check(&w->broker);
        return;
    }
    world_say(w, place, octets, got, (control & 4) != 0);
    if (control & 8)
        world_drop(w, place);
    if (control & 16)
        return;
    world_turn(w);
    broker_check(&w->broker);
}

void world_play(const uint8_t *octets, size_t n, bool has_store)
{
    struct feed feed = {octets, n};
    uint8_t settings[4];
    struct world w;
    for (int i = 0; i < 4; i++)
        settings[i] = feed_u8(&feed);
    world_open(&w, settings, has_store);
    for (int i = 0; feed.n > 0 && i < MAX_ITEMS; i++)
        step(&w, &feed);
    world_turn(&w);
    broker_check(&w.broker);
    world_wait(&w, UINT64_C(100) * 365 * 86400 * 1000);
    broker_check(&w.broker);
    world_close(&w);
}
