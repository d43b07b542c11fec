// SPDX-License-Identifier: Apache-2.0
/* session.c -- the table of sessions, their lives and their subscriptions.
 *
 * What a session sends and what it is answered is in session_send.c.
 * Spec: 5.0 s3.1.2.11.2, s3.8.4, s4.1; 3.1.1 s3.1.2.4, s3.8.4.
 */
#include "state/session.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/die.h"
#include "state/hash.h"
#include "state/topic.h"

/* ---- the table ----------------------------------------------------------- */

static uint64_t client_hash(const struct session_table *t,
                            struct slice client_id)
{
    return hash_octets(client_id, (uintptr_t)t);
}

struct session *session_find(const struct session_table *t,
                             struct slice client_id)
{
    struct table_link *link = table_find(&t->table, client_hash(t, client_id));
    while (link &&
           !slice_equals(session_client_id((struct session *)link), client_id))
        link = table_find_same(link);
    return (struct session *)link;
}

struct session *session_new(struct session_table *t, struct slice client_id,
                            struct store *store,
                            const struct session_limits *limits)
{
    struct session *s = mem_new(1, sizeof *s);
    s->id = ++t->last_id;
    s->client_id = mem_dup(client_id.data, client_id.n);
    s->client_id_n = client_id.n;
    s->store = store;
    s->limits = limits;
    table_add(&t->table, &s->link_of_table, client_hash(t, client_id));
    return s;
}

static void free_subscription(struct session *s, struct subtree *subtree,
                              struct subscription *sub)
{
    DL_DELETE2(s->subscriptions, sub, previous_of_session, next_of_session);
    s->n_subscriptions--;
    subtree_remove(subtree, sub);
    free(sub);
}

static void free_session(struct session *s, struct subtree *subtree)
{
    while (s->subscriptions)
        free_subscription(s, subtree, s->subscriptions);
    inflight_clear(&s->inflight);
    delivery_list_clear(&s->queue);
    delivery_list_clear(&s->waiting_0);
    message_unref(s->will.message);
    session_free_aliases(&s->link);
    free(s->user);
    free(s->client_id);
    free(s);
}

void session_end(struct session_table *t, struct session *s,
                 struct subtree *subtree)
{
    table_remove(&t->table, &s->link_of_table);
    if (s->stored_id)
        store_delete_session(s->store, s);
    free_session(s, subtree);
}

void session_each(struct session_table *t,
                  void (*visit)(struct session *s, void *arg), void *arg)
{
    struct table_link *next;
    for (struct table_link *l = table_next(&t->table, NULL); l; l = next) {
        next = table_next(&t->table, l);
        visit((struct session *)l, arg);
    }
}

static void free_with_subscriptions(struct session *s, void *arg)
{
    free_session(s, arg);
}

void session_table_clear(struct session_table *t, struct subtree *subtree)
{
    session_each(t, free_with_subscriptions, subtree);
    table_clear(&t->table);
}

/* ---- attached and not ---------------------------------------------------- */

void session_save(struct session *s)
{
    if (s->expiry_interval_s > 0 || s->stored_id)
        store_save_session(s->store, s);
}

void session_detach(struct session *s, uint64_t now_ms)
{
    delivery_list_clear(&s->waiting_0);
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
    /* "$share/g/t" is another thing in 3.1.1 than in 5.0, and a session may
     * have known both. */
    if (sub && (sub->group != NULL) != (share.n > 0)) {
        free_subscription(s, subtree, sub);
        sub = NULL;
    }
    bool is_new = sub == NULL;
    if (is_new) {
        sub = mem_new(1, sizeof *sub + name.n + 1);
        memcpy(sub->topic_filter, name.data, name.n);
        sub->topic_filter_n = name.n;
        sub->session = s;
        DL_PREPEND2(s->subscriptions, sub, previous_of_session,
                    next_of_session);
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

static void delete_from(struct session *s, const struct delivery_list *list,
                        const struct subscription *sub)
{
    struct delivery *next = NULL;
    for (struct delivery *d = list->first; d; d = next) {
        next = d->next;
        if (wants(sub, d) && !is_wanted_by_others(s, sub, d))
            session_forget(s, d);
    }
}

void session_delete_queue(struct session *s, struct subscription *sub)
{
    sub->is_abandoned = true;
    delete_from(s, &s->inflight.sent, sub);
    delete_from(s, &s->queue, sub);
}

void session_reclaim(struct session *s)
{
    for (struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session)
        sub->is_abandoned = false;
}
