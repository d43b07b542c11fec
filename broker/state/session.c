// SPDX-License-Identifier: Apache-2.0
/* session.c -- the table of sessions, their lives and their subscriptions.
 *
 * What a session sends and what it is answered is in session_send.c.
 * Spec: 5.0 s3.1.2.11.2, s3.8.4, s4.1; 3.1.1 s3.1.2.4, s3.8.4.
 */
#include "state/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "state/hash.h"
#include "state/topic.h"

#define FIRST_CHAINS 64

/* ---- the table ----------------------------------------------------------- */

static uint64_t client_hash(const struct session_table *t,
                            struct slice client_id)
{
    return hash_octets(client_id, (uintptr_t)t);
}

static struct slice client_id_of(const struct session *s)
{
    return slice_of(s->client_id, s->client_id_n);
}

static struct session **chain_of(const struct session_table *t,
                                 struct slice client_id)
{
    return &t->chains[client_hash(t, client_id) & (t->n_chains - 1)];
}

struct session *session_find(const struct session_table *t,
                             struct slice client_id)
{
    if (t->n_chains == 0)
        return NULL;
    struct session *s = *chain_of(t, client_id);
    while (s && !slice_equals(client_id_of(s), client_id))
        s = s->next;
    return s;
}

static void make_room(struct session_table *t)
{
    struct session **old = t->chains;
    size_t n_old = t->n_chains;
    if (t->n_sessions < n_old)
        return;
    t->n_chains = n_old ? n_old * 2 : FIRST_CHAINS;
    t->chains = mem_new(t->n_chains, sizeof *t->chains);
    for (size_t i = 0; i < n_old; i++) {
        struct session *next = NULL;
        for (struct session *s = old[i]; s; s = next) {
            struct session **chain = chain_of(t, client_id_of(s));
            next = s->next;
            s->next = *chain;
            *chain = s;
        }
    }
    free(old);
}

struct session *session_new(struct session_table *t, struct slice client_id,
                            struct store *store,
                            const struct session_limits *limits)
{
    make_room(t);
    struct session *s = mem_new(1, sizeof *s);
    s->id = ++t->last_id;
    s->client_id = mem_dup(client_id.data, client_id.n);
    s->client_id_n = client_id.n;
    s->store = store;
    s->limits = limits;
    struct session **chain = chain_of(t, client_id);
    s->next = *chain;
    *chain = s;
    t->n_sessions++;
    return s;
}

static void unlink_subscription(struct session *s, struct subscription *sub)
{
    if (sub->previous_of_session)
        sub->previous_of_session->next_of_session = sub->next_of_session;
    else
        s->subscriptions = sub->next_of_session;
    if (sub->next_of_session)
        sub->next_of_session->previous_of_session = sub->previous_of_session;
    s->n_subscriptions--;
}

static void free_subscription(struct session *s, struct subtree *subtree,
                              struct subscription *sub)
{
    unlink_subscription(s, sub);
    s->n_abandoned -= sub->is_abandoned;
    subtree_remove(subtree, sub);
    free(sub);
}

static void free_session(struct session *s, struct subtree *subtree)
{
    while (s->subscriptions)
        free_subscription(s, subtree, s->subscriptions);
    inflight_clear(&s->inflight);
    delivery_list_clear(&s->queue);
    message_unref(s->will.message);
    session_free_aliases(&s->link);
    free(s->user);
    free(s->client_id);
    free(s);
}

void session_end(struct session_table *t, struct session *s,
                 struct subtree *subtree)
{
    struct session **at = chain_of(t, client_id_of(s));
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    t->n_sessions--;
    if (s->stored_id)
        store_delete_session(s->store, s);
    free_session(s, subtree);
}

void session_each(struct session_table *t,
                  void (*visit)(struct session *s, void *arg), void *arg)
{
    for (size_t i = 0; i < t->n_chains; i++) {
        struct session *next = NULL;
        for (struct session *s = t->chains[i]; s; s = next) {
            next = s->next;
            visit(s, arg);
        }
    }
}

void session_table_clear(struct session_table *t, struct subtree *subtree)
{
    for (size_t i = 0; i < t->n_chains; i++) {
        while (t->chains[i]) {
            struct session *s = t->chains[i];
            t->chains[i] = s->next;
            free_session(s, subtree);
        }
    }
    free(t->chains);
    memset(t, 0, sizeof *t);
}

/* ---- attached and not ---------------------------------------------------- */

void session_save(struct session *s)
{
    if (s->expiry_interval_s > 0 || s->stored_id)
        store_save_session(s->store, s);
}

void session_detach(struct session *s, uint64_t now_ms)
{
    session_free_aliases(&s->link);
    memset(&s->link, 0, sizeof s->link);
    s->resend = NULL;
    s->detached_ms = now_ms;
    if (s->expiry_interval_s > 0 &&
        s->expiry_interval_s != SESSION_NEVER_EXPIRES)
        s->expires_ms = now_ms + UINT64_C(1000) * s->expiry_interval_s;
    session_save(s);
}

/* ---- subscriptions ------------------------------------------------------- */

static void set_options(struct subscription *sub,
                        const struct subscription_request *request, uint32_t id)
{
    sub->identifier = id;
    sub->qos = request->qos;
    sub->retain_handling = request->retain_handling;
    sub->is_no_local = request->is_no_local;
    sub->is_retain_as_published = request->is_retain_as_published;
}

bool session_add_subscription(struct session *s, struct subtree *subtree,
                              const struct subscription_request *request,
                              struct slice share, struct slice filter,
                              uint32_t id)
{
    struct slice name = request->filter;
    struct subscription *sub = subtree_find(subtree, s, name);
    bool is_new = sub == NULL;
    if (is_new) {
        sub = mem_new(1, sizeof *sub + name.n + 1);
        memcpy(sub->topic_filter, name.data, name.n);
        sub->topic_filter_n = name.n;
        sub->session = s;
        sub->next_of_session = s->subscriptions;
        if (s->subscriptions)
            s->subscriptions->previous_of_session = sub;
        s->subscriptions = sub;
        s->n_subscriptions++;
        subtree_add(subtree, sub, share, filter);
    }
    /* Replaced in place: no message is lost meanwhile [MQTT-3.8.4-4]. */
    set_options(sub, request, id);
    if (s->stored_id)
        store_save_subscription(s->store, sub);
    return is_new;
}

struct subscription *session_find_share(const struct session *s,
                                        uint64_t share_group_id)
{
    struct subscription *sub = share_group_id > 0 ? s->subscriptions : NULL;
    while (sub && !(sub->group && sub->group->id == share_group_id))
        sub = sub->next_of_session;
    return sub;
}

bool session_remove_subscription(struct session *s, struct subtree *subtree,
                                 struct slice topic_filter)
{
    struct subscription *sub = subtree_find(subtree, s, topic_filter);
    if (!sub)
        return false;
    if (s->stored_id)
        store_delete_subscription(s->store, sub);
    free_subscription(s, subtree, sub);
    return true;
}

/* ---- abandoned subscriptions --------------------------------------------- */

static bool wants(const struct subscription *sub, const struct delivery *d)
{
    if (sub->group || d->share_group_id > 0)
        return sub->group && sub->group->id == d->share_group_id;
    return topic_matches(subscription_filter(sub), d->message->topic);
}

static bool is_wanted_by_others(const struct session *s,
                                const struct subscription *not_this,
                                const struct delivery *d)
{
    for (const struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session)
        if (sub != not_this && !sub->is_abandoned && wants(sub, d))
            return true;
    return false;
}

static size_t count_wanted(const struct subscription *sub,
                           const struct delivery *d)
{
    size_t n = 0;
    for (; d; d = d->next)
        n += wants(sub, d);
    return n;
}

size_t session_queue_size(const struct session *s,
                          const struct subscription *sub)
{
    return count_wanted(sub, s->inflight.sent.first) +
           count_wanted(sub, s->queue.first);
}

void session_delete_queue(struct session *s, struct subscription *sub)
{
    struct delivery *next = NULL;
    sub->is_abandoned = true;
    s->n_abandoned++;
    for (struct delivery *d = s->inflight.sent.first; d; d = next) {
        next = d->next;
        if (!wants(sub, d) || is_wanted_by_others(s, sub, d))
            continue;
        inflight_remove(&s->inflight, d);
        store_delete_delivery(s->store, d);
        delivery_free(d);
    }
    for (struct delivery *d = s->queue.first; d; d = next) {
        next = d->next;
        if (!wants(sub, d) || is_wanted_by_others(s, sub, d))
            continue;
        delivery_list_remove(&s->queue, d);
        store_delete_delivery(s->store, d);
        delivery_free(d);
    }
}

void session_reclaim(struct session *s)
{
    if (s->n_abandoned == 0)
        return;
    for (struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session)
        sub->is_abandoned = false;
    s->n_abandoned = 0;
}
