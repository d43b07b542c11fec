/* SPDX-License-Identifier: Apache-2.0 */
/* twin.c -- the same connection, captured on both sides of a proxy or NAT. */
#include "twin.h"

#include "room.h"

enum { NEAR_NS = 200 * 1000 * 1000 };

struct twin {
    uint64_t number;
    struct endpoint client, server;
    uint64_t n_octets[2], hash[2], first_ns, last_ns;
};

static bool is_near(uint64_t a, uint64_t b)
{
    return a > b ? a - b < NEAR_NS : b - a < NEAR_NS;
}

static bool same_server(const struct twin *a, const struct twin *b)
{
    return a->server.port == b->server.port &&
           !memcmp(a->server.address, b->server.address, 16);
}

static bool is_twin(const struct twin *a, const struct twin *b)
{
    return a->n_octets[0] == b->n_octets[0] &&
           a->n_octets[1] == b->n_octets[1] && a->hash[0] == b->hash[0] &&
           a->hash[1] == b->hash[1] && a->n_octets[0] + a->n_octets[1] > 0 &&
           is_near(a->first_ns, b->first_ns) &&
           is_near(a->last_ns, b->last_ns) && !same_server(a, b);
}

int64_t twins_find(struct twins *twins, const struct flow *flow)
{
    struct twin t = {.number = flow->tcp->number,
                     .client = flow->tcp->side[flow->client],
                     .server = flow->tcp->side[!flow->client],
                     .n_octets = {flow->n_octets[0], flow->n_octets[1]},
                     .hash = {flow->hash[0], flow->hash[1]},
                     .first_ns = flow->tcp->first.time_ns,
                     .last_ns = flow->tcp->last.time_ns};
    for (size_t i = 0; i < twins->n; i++)
        if (is_twin(&twins->seen[i], &t))
            return (int64_t)twins->seen[i].number;
    twins->seen = grow(twins->seen, twins->n, sizeof t);
    twins->seen[twins->n++] = t;
    return -1;
}

void twins_clear(struct twins *twins)
{
    free(twins->seen);
    *twins = (struct twins){0};
}
