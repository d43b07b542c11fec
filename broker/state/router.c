// SPDX-License-Identifier: Apache-2.0
/* router.c -- from one message to all who want it.
 *
 * First the matches are gathered, one for each session (or two, see router.h)
 * and one for each share group; then they are delivered. Nothing is allocated
 * once the scratch has grown to its size.
 * Spec: 5.0 s3.3.4, s4.8.2; 3.1.1 s3.3.5.
 */
#include "state/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

struct router_match {
    struct session *session;
    size_t other; /* index + 1 of the same session's copy with the other
                     RETAIN flag; 0: none */
    size_t first_identifier; /* index + 1; 0: none */
    uint32_t n_identifiers;
    uint8_t qos;
    bool is_retained;
    uint64_t share_group_id; /* 0: ordinary */
};

struct router_identifier {
    uint32_t identifier;
    size_t next; /* index + 1 */
};

struct routing {
    struct router *router;
    struct message *message;
};

void router_clear(struct router *r)
{
    free(r->matches);
    free(r->identifiers);
    free(r->gathered);
    memset(r, 0, sizeof *r);
}

static struct router_match *add_match(struct router *r, struct session *s,
                                      bool is_retained)
{
    r->matches =
        mem_more(r->matches, r->n_matches, &r->capacity, sizeof *r->matches);
    struct router_match *match = &r->matches[r->n_matches++];
    memset(match, 0, sizeof *match);
    match->session = s;
    match->is_retained = is_retained;
    return match;
}

static void add_identifier(struct router *r, struct router_match *match,
                           uint32_t identifier)
{
    if (identifier == 0)
        return;
    r->identifiers = mem_more(r->identifiers, r->n_identifiers,
                              &r->identifiers_capacity, sizeof *r->identifiers);
    struct router_identifier *entry = &r->identifiers[r->n_identifiers++];
    entry->identifier = identifier;
    entry->next = match->first_identifier;
    match->first_identifier = r->n_identifiers;
    match->n_identifiers++;
}

static uint8_t lower(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* ---- share groups -------------------------------------------------------- */

static bool may_deliver(const struct router *r, const struct session *s,
                        const struct message *m)
{
    return !r->may_deliver || r->may_deliver(s, m, r->may_deliver_arg);
}

/* How well a member can take a message now; 0: not at all. */
static int fitness(const struct router *r, const struct subscription *member,
                   const struct message *m)
{
    const struct session *s = member->session;
    if (member->is_abandoned || !may_deliver(r, s, m))
        return 0;
    if (!s->link.conn)
        return lower(member->qos, m->qos) > 0 ? 1 : 0;
    return session_has_backlog(s) || !session_can_send(s) ? 2 : 3;
}

/* The member whose turn it is among those that are fittest; NULL: nobody.
 * not_this is passed over. */
static struct subscription *choose_member(const struct router *r,
                                          struct share_group *g,
                                          const struct message *m,
                                          const struct session *not_this)
{
    struct subscription *first = g->last_served && g->last_served->next_of_node
                                     ? g->last_served->next_of_node
                                     : g->members;
    struct subscription *best = NULL;
    int best_fitness = 0;
    struct subscription *s = first;
    do {
        int f = s->session == not_this ? 0 : fitness(r, s, m);
        if (f > best_fitness) {
            best = s;
            best_fitness = f;
        }
        s = s->next_of_node ? s->next_of_node : g->members;
    } while (s != first && best_fitness < 3);
    if (best)
        g->last_served = best;
    return best;
}

static void match_group(struct router *r, struct share_group *g,
                        struct message *m)
{
    struct subscription *s = choose_member(r, g, m, NULL);
    if (!s)
        return;
    struct router_match *match =
        add_match(r, s->session, m->is_retained && s->is_retain_as_published);
    match->qos = lower(s->qos, m->qos);
    match->share_group_id = g->id;
    add_identifier(r, match, s->identifier);
}

/* ---- ordinary subscriptions ---------------------------------------------- */

/* The match of this session with this RETAIN flag: an old or a new one. The
 * session knows its first match during the routing of one message. */
static struct router_match *match_of(struct router *r, struct session *s,
                                     bool is_retained)
{
    size_t first = (size_t)(uintptr_t)s->match;
    if (first == 0) {
        s->match = (void *)(uintptr_t)(r->n_matches + 1);
        return add_match(r, s, is_retained);
    }
    struct router_match *match = &r->matches[first - 1];
    if (match->is_retained == is_retained)
        return match;
    if (match->other > 0)
        return &r->matches[match->other - 1];
    match->other = r->n_matches + 1;
    return add_match(r, s, is_retained);
}

static void on_match(struct subscription *s, void *arg)
{
    struct routing *routing = arg;
    struct router *r = routing->router;
    struct message *m = routing->message;
    if (s->group) {
        match_group(r, s->group, m);
        return;
    }
    if (s->is_abandoned)
        return;
    /* [MQTT-3.8.3-3] */
    if (s->is_no_local && s->session->id == m->publisher)
        return;
    struct router_match *match =
        match_of(r, s->session, m->is_retained && s->is_retain_as_published);
    uint8_t qos = lower(s->qos, m->qos);
    if (qos > match->qos)
        match->qos = qos;
    add_identifier(r, match, s->identifier);
}

/* Identifiers were chained newest first; they go out oldest first. */
static const uint32_t *gather(struct router *r,
                              const struct router_match *match)
{
    uint32_t n = match->n_identifiers;
    if (n > 0)
        r->gathered = mem_more(r->gathered, n - 1, &r->gathered_capacity,
                               sizeof *r->gathered);
    for (size_t i = match->first_identifier; i > 0;
         i = r->identifiers[i - 1].next)
        r->gathered[--n] = r->identifiers[i - 1].identifier;
    return r->gathered;
}

/* note_loss passes on what session_deliver says. */
static void note_loss(struct router *r, struct session *s, bool is_delivered)
{
    if (is_delivered)
        return;
    r->n_dropped++;
    s->n_dropped++;
    if (r->on_dropped)
        r->on_dropped(s, r->on_dropped_arg);
}

size_t router_publish(struct router *r, const struct subtree *subtree,
                      struct message *m, uint64_t now_ms)
{
    struct routing routing = {r, m};
    r->n_matches = 0;
    r->n_identifiers = 0;
    subtree_match(subtree, m->topic, on_match, &routing);
    for (size_t i = 0; i < r->n_matches; i++) {
        struct router_match *match = &r->matches[i];
        struct session *s = match->session;
        s->match = NULL;
        if (!may_deliver(r, s, m))
            continue;
        note_loss(r, s,
                  session_deliver(s, m, match->qos, match->is_retained,
                                  gather(r, match), match->n_identifiers,
                                  match->share_group_id, now_ms));
    }
    return r->n_matches;
}

void router_send_retained(struct router *r, const struct subscription *s,
                          struct message *m, uint64_t now_ms)
{
    if (may_deliver(r, s->session, m))
        note_loss(r, s->session,
                  session_deliver_retained(s->session, m, lower(s->qos, m->qos),
                                           &s->identifier,
                                           s->identifier > 0 ? 1 : 0, now_ms));
}

/* ---- when a member's session ends ---------------------------------------- */

static void hand_over_list(struct router *r, struct session *s,
                           const struct delivery_list *list, uint64_t now_ms)
{
    for (struct delivery *d = list->first; d; d = d->next) {
        struct message *m = d->message;
        if (d->share_group_id == 0 || message_is_expired(m, now_ms))
            continue;
        if (d->qos == 2 && d->was_sent)
            continue; /* [MQTT-4.8.2-5] */
        const struct subscription *old =
            session_find_share(s, d->share_group_id);
        const struct subscription *new =
            old ? choose_member(r, old->group, m, s) : NULL;
        if (!new)
            continue;
        note_loss(r, new->session,
                  session_deliver(new->session, m, lower(new->qos, m->qos),
                                  m->is_retained && new->is_retain_as_published,
                                  &new->identifier, new->identifier > 0 ? 1 : 0,
                                  d->share_group_id, now_ms));
    }
}

void router_hand_over(struct router *r, struct session *s, uint64_t now_ms)
{
    hand_over_list(r, s, &s->inflight.sent, now_ms);
    hand_over_list(r, s, &s->queue, now_ms);
}
