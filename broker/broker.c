// SPDX-License-Identifier: Apache-2.0
/* broker.c -- the broker's state as a whole: made, and given a message.
 *
 * What happens to connections in a turn is in turn.c.
 * Spec: 5.0 s4.1.
 */
#include "broker.h"

#include "address.h"

/* may_deliver keeps from a subscriber what its wider filter matches and the
 * rules deny. */
static bool may_deliver(const struct session *s, const struct message *m,
                        void *arg)
{
    const struct broker *b = arg;
    return security_may_subscribe(b->security, s->user, session_client_id(s),
                                  m->topic);
}

/* on_dropped logs losses whenever their number has doubled: each would be a
 * flood, the first alone would hide how many. */
static void on_dropped(const struct session *s, void *arg)
{
    const struct broker *b = arg;
    if ((s->n_dropped & (s->n_dropped - 1)) == 0)
        log_line(b->log, LOG_WARNING,
                 "%s: does not keep up, messages dropped: %llu", s->client_id,
                 (unsigned long long)s->n_dropped);
}

int broker_init(struct broker *b, const struct config *config,
                const struct log *log, struct security *security,
                struct store *store, uint64_t now_ms, int64_t wall_s)
{
    *b = (struct broker){
        .config = config,
        .log = log,
        .security = security,
        .store = store,
        .now_ms = now_ms,
        .wall_s = wall_s,
        .started_ms = now_ms,
        .limits =
            {
                .max_queued_messages = (size_t)config->max_queued_messages,
                .max_queued_octets = (size_t)config->max_queued_octets,
                .max_output_octets = (size_t)config->max_output_octets,
            },
    };
    b->router.on_dropped = on_dropped;
    b->router.on_dropped_arg = b;
    if (security && (config->acl_file || config->security_module)) {
        b->router.may_deliver = may_deliver;
        b->router.may_deliver_arg = b;
    }
    subtree_init(&b->subtree);
    retain_init(&b->retain, store);
    if (config_has_auto_delete(config))
        b->next_queue_scan_ms =
            now_ms + (uint64_t)config->address_queue_scan_period_ms;
    b->next_scan_ms = now_ms + (uint64_t)config->session_scan_interval_ms;
    if (!store)
        return 0;
    store_set_time(store, now_ms, wall_s);
    b->next_will_ms = now_ms; /* the first scan finds out when they are due */
    return store_load(store, &b->sessions, &b->subtree, &b->retain, &b->limits);
}

bool broker_may_retain(const struct broker *b, struct slice topic)
{
    int64_t most = b->config->max_retained_messages;
    return most <= 0 ||
           b->retain.n_messages - b->n_sys_retained < (size_t)most ||
           retain_find(&b->retain, topic);
}

static bool is_forbidden(const struct session *s, const struct message *m,
                         void *arg)
{
    const struct router *r = arg;
    return !r->may_deliver(s, m, r->may_deliver_arg);
}

static void drop_forbidden(struct session *s, void *arg)
{
    session_drop_queued(s, is_forbidden, arg);
}

void broker_apply_rights(struct broker *b)
{
    if (b->router.may_deliver)
        session_each(&b->sessions, drop_forbidden, &b->router);
}

size_t broker_publish(struct broker *b, struct message *m)
{
    if (m->is_retained) {
        struct message *kept = address_to_retain(b->config, m, b->now_ms);
        retain_set(&b->retain, kept);
        message_unref(kept);
    }
    return router_publish(&b->router, &b->subtree, m, b->now_ms);
}
