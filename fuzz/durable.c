/* SPDX-License-Identifier: Apache-2.0 */
/* durable.c -- several clients, the clock and restarts against a whole broker
 * with a store. Input: see support/play.c. Apart from session, since opening a
 * store costs more than most conversations.
 */
#include "support/world.h"

const struct fuzz_shape fuzz_shape = {4, 1};

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    world_play(octets, n, true);
    return 0;
}
