/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c -- when a client's packet is due, if the capture's pauses are kept.
 *
 * What is before the frame that a replay resumes from has no pauses; the clock
 * of the others starts when all of it has been played.
 */
#include "player.h"
#include "room.h"

void pace_plan(struct replay *r)
{
    const struct script *s = r->script;
    double speed = r->options->speed;
    uint64_t at = 0, before = s->n_items ? s->items[0].time_ns : 0;
    if (speed <= 0)
        return;
    while (r->resume_item < s->n_items &&
           !replay_judges(r, s->items[r->resume_item].frame))
        r->resume_item++;
    r->due_ns = xcalloc(s->n_items, sizeof *r->due_ns);
    for (size_t i = 0; i < s->n_items; i++) {
        uint64_t t = s->items[i].time_ns;
        uint64_t gap = t > before && i >= r->resume_item
                           ? (uint64_t)((double)(t - before) / speed)
                           : 0;
        at += gap < r->options->max_gap_ns ? gap : r->options->max_gap_ns;
        r->due_ns[i] = at;
        before = t > before ? t : before;
    }
}

/* Whether items are left; a stream without any may still wait for its close. */
static bool has_more(const struct conn *c)
{
    return c->at < c->stream->n_items;
}

/* Whether all that is before the frame to resume from has been played. */
static bool has_resumed(struct replay *r)
{
    if (r->has_resumed)
        return true;
    for (size_t i = 0; i < r->n_conns; i++) {
        const struct conn *c = &r->conns[i];
        if (has_more(c) && c->stream->items[c->at] < r->resume_item)
            return false;
    }
    r->resumed_ns = r->resume_item ? replay_now(r) : 0;
    return r->has_resumed = true;
}

bool pace_is_due(struct conn *c, const struct item *item)
{
    struct replay *r = c->replay;
    size_t i = (size_t)(item - r->script->items);
    if (!r->due_ns || i < r->resume_item)
        return true;
    return has_resumed(r) && replay_now(r) >= r->resumed_ns + r->due_ns[i];
}

int pace_deadline(const struct replay *r)
{
    uint64_t now = replay_now(r);
    int ms = 20;
    for (size_t i = 0; r->due_ns && i < r->n_conns; i++) {
        const struct conn *c = &r->conns[i];
        if (!has_more(c))
            continue;
        const struct item *item = conn_item(c, c->at);
        uint64_t due = r->resumed_ns + r->due_ns[item - r->script->items];
        if (item->from == WIRE_CLIENT && due > now &&
            (due - now) / MS < (uint64_t)ms)
            ms = (int)((due - now) / MS);
    }
    return ms;
}
