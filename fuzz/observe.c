/* SPDX-License-Identifier: Apache-2.0 */
/* observe.c -- the observer, fed with anything: it must live and repeat itself.
 *
 * Input: settings, then items: an octet of control (who speaks, on which of
 * four connections, or what ends) and a packet. The same octets, cut into
 * single ones, must give the same findings.
 */
#include "support/fuzz.h"

#include "observe/observe.h"

const struct fuzz_shape fuzz_shape = {1, 1};

enum { N_CONNECTIONS = 4 };

struct verdict {
    uint64_t n_findings;
    uint64_t hash;
};

static void on_finding(void *user, const struct observe_finding *finding)
{
    struct verdict *verdict = user;
    verdict->n_findings++;
    for (const char *at = finding->rule; *at; at++)
        verdict->hash = (verdict->hash ^ (uint8_t)*at) * 1099511628211u;
    if (!finding->sentence[0])
        fuzz_fail("a finding without a sentence");
}

static void feed_one(struct observe *o, unsigned control, const uint8_t *octets,
                     size_t n, int64_t now, bool is_cut)
{
    enum wire_side side = control & 4 ? WIRE_SERVER : WIRE_CLIENT;
    if (!is_cut)
        observe_octets(o, side, octets, n, now, 1);
    for (size_t i = 0; is_cut && i < n; i++)
        observe_octets(o, side, octets + i, 1, now, 1);
    if ((control & 0x38) == 0x08)
        observe_close(o, side, control & 0x40 ? OBSERVE_RST : OBSERVE_FIN, now,
                      1);
    if ((control & 0x38) == 0x10)
        observe_quiet(o, now, 1);
    if ((control & 0x38) == 0x18)
        observe_tick(o, now);
}

static struct verdict judge(struct feed feed, bool is_cut)
{
    unsigned settings = feed_u8(&feed);
    struct verdict verdict = {0, 14695981039346656037u};
    struct observe_world *world =
        settings & 2 ? NULL : observe_world_new(settings & 1);
    struct observe *connections[N_CONNECTIONS];
    int64_t now = 1;
    for (int i = 0; i < N_CONNECTIONS; i++) {
        connections[i] = observe_new(world, on_finding, NULL, &verdict);
        if (settings & 4u << i)
            observe_begin_midstream(connections[i], 3 + settings % 3);
    }
    while (feed.n > 0) {
        unsigned control = feed_u8(&feed);
        size_t got;
        const uint8_t *octets = feed_packet(&feed, &got);
        now += (int64_t)(control >> 6) * 700000000 + 1;
        feed_one(connections[control & 3], control, octets, got, now, is_cut);
    }
    for (int i = 0; i < N_CONNECTIONS; i++)
        observe_free(connections[i]);
    observe_world_free(world);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    struct verdict whole = judge(feed, false);
    struct verdict cut = judge(feed, true);
    if (whole.n_findings != cut.n_findings || whole.hash != cut.hash)
        fuzz_fail("%llu findings, octet by octet %llu, or others",
                  (unsigned long long)whole.n_findings,
                  (unsigned long long)cut.n_findings);
    return 0;
}
