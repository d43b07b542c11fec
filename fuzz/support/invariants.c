/* SPDX-License-Identifier: Apache-2.0 */
/* invariants.c -- what always holds between two turns of the broker. */
#include "support/world.h"

#define MUST_HOLD(condition)                                                   \
    do {                                                                       \
        if (!(condition))                                                      \
            fuzz_fail("invariant at line %d: %s", __LINE__, #condition);       \
    } while (0)

static void check_list(const struct delivery_list *list)
{
    size_t n = 0, n_octets = 0;
    const struct delivery *previous = NULL;
    for (const struct delivery *d = list->first; d; d = d->next) {
        MUST_HOLD(!previous || d->previous == previous);
        MUST_HOLD(!d->message || d->message->n_references > 0);
        n_octets += delivery_octets(d);
        n++;
        previous = d;
    }
    MUST_HOLD(!list->first || list->first->previous == previous);
    MUST_HOLD(list->n == n);
    MUST_HOLD(list->n_octets == n_octets);
}

static size_t check_under_way(const struct inflight *f,
                              const struct delivery *d, bool is_released)
{
    size_t n_quota = 0;
    for (; d; d = d->next) {
        MUST_HOLD(d->packet_id != 0);
        MUST_HOLD(inflight_find(f, d->packet_id) == d);
        MUST_HOLD(is_released   ? d->state == OUTGOING_AWAIT_PUBCOMP
                  : d->qos == 1 ? d->state == OUTGOING_AWAIT_PUBACK
                                : d->state == OUTGOING_AWAIT_PUBREC);
        MUST_HOLD(is_released ? !d->message : d->message != NULL);
        n_quota += d->holds_quota;
    }
    return n_quota;
}

static void check_inflight(const struct session *s)
{
    const struct inflight *f = &s->inflight;
    check_list(&f->sent);
    check_list(&f->released);
    check_list(&s->queue);
    size_t n_quota = check_under_way(f, f->sent.first, false) +
                     check_under_way(f, f->released.first, true);
    if (s->link.conn) {
        MUST_HOLD(n_quota == s->link.n_unacknowledged);
        MUST_HOLD(s->link.n_unacknowledged <= s->link.receive_maximum);
    }
    for (const struct delivery *d = s->queue.first; d; d = d->next)
        MUST_HOLD(d->packet_id == 0 && d->message);
    const struct delivery *resend = f->sent.first;
    while (resend && resend != s->resend)
        resend = resend->next;
    MUST_HOLD(resend == s->resend);
}

static void check_subscriptions(const struct broker *b, const struct session *s)
{
    size_t n = 0;
    for (struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session) {
        struct slice filter = slice_of(sub->topic_filter, sub->topic_filter_n);
        MUST_HOLD(sub->session == s);
        MUST_HOLD(subtree_find(&b->subtree, s, filter) == sub);
        MUST_HOLD(sub->qos <= 2 && sub->retain_handling <= 2);
        MUST_HOLD(!sub->group || sub->group->members);
        n++;
    }
    MUST_HOLD(n == s->n_subscriptions);
}

static const struct client *client_of(const struct broker *b,
                                      const struct session *s)
{
    const struct client *c = b->clients;
    while (c && c->session != s)
        c = c->next;
    return c;
}

struct totals {
    struct broker *broker;
    size_t n_sessions;
    size_t n_subscriptions;
};

static void check_session(struct session *s, void *arg)
{
    struct totals *totals = arg;
    const struct broker *b = totals->broker;
    const struct client *c = client_of(b, s);
    struct slice id = slice_of(s->client_id, s->client_id_n);
    totals->n_sessions++;
    totals->n_subscriptions += s->n_subscriptions;
    MUST_HOLD(session_find(&b->sessions, id) == s);
    MUST_HOLD((c != NULL) == (s->link.conn != NULL));
    MUST_HOLD(!c || c->conn == s->link.conn);
    MUST_HOLD(!c || s->expires_ms == 0);
    MUST_HOLD(!c || s->will.due_ms == 0);
    MUST_HOLD(c || s->expiry_interval_s != 0 || s->will.message);
    MUST_HOLD(!s->match);
    check_inflight(s);
    check_subscriptions(b, s);
}

static void check_clients(const struct broker *b)
{
    size_t n = 0, n_accepted = 0;
    const struct client *previous = NULL;
    for (const struct client *c = b->clients; c; c = c->next) {
        MUST_HOLD(!previous || c->previous == previous);
        MUST_HOLD(c->broker == b);
        MUST_HOLD(!c->session || c->conn->state == CONN_RUNNING);
        MUST_HOLD(c->receive_quota <= c->receive_maximum);
        MUST_HOLD(c->aliases_capacity == 0 || !c->aliases[0].topic);
        for (size_t i = 1 + c->topic_alias_maximum; i < c->aliases_capacity;
             i++)
            MUST_HOLD(!c->aliases[i].topic);
        n_accepted += c->session != NULL;
        n++;
        previous = c;
    }
    MUST_HOLD(n == b->n_clients);
    MUST_HOLD(n_accepted == b->counters.n_clients);
    MUST_HOLD(b->counters.n_clients <= b->counters.n_clients_maximum);
}

void broker_check(struct broker *b)
{
    struct totals totals = {.broker = b};
    check_clients(b);
    session_each(&b->sessions, check_session, &totals);
    MUST_HOLD(totals.n_sessions == b->sessions.table.n);
    MUST_HOLD(totals.n_subscriptions == b->subtree.subscriptions.n);
    if (totals.n_subscriptions == 0)
        MUST_HOLD(b->subtree.levels.table.n == 0);
    if (b->retain.n_messages == 0)
        MUST_HOLD(b->retain.levels.table.n == 0);
}
