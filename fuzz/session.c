/* SPDX-License-Identifier: Apache-2.0 */
/* session.c -- several clients and the clock against a whole broker that keeps
 * nothing on disk. Input: see support/play.c.
 */
#include "support/world.h"

const struct fuzz_shape fuzz_shape = {4, 1};

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    world_play(octets, n, false);
    return 0;
}
