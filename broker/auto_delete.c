// SPDX-License-Identifier: Apache-2.0
/* auto_delete.c -- cleaning up after clients that never come back.
 *
 * The manual has a queue for each subscription; here that is those of the
 * session's messages that the subscription matches and no other.
 */
#include "auto_delete.h"

static bool is_abandoned(const struct broker *b, const struct session *s,
                         const struct subscription *sub)
{
    const struct address_setting *setting =
        config_address_setting(b->config, subscription_filter(sub));
    if (!setting || !setting->auto_delete_created_queues)
        return false;
    uint64_t delay_ms = setting->auto_delete_queues_delay_ms > 0
                            ? (uint64_t)setting->auto_delete_queues_delay_ms
                            : 0;
    int64_t most = setting->auto_delete_queues_message_count;
    return b->now_ms >= s->detached_ms + delay_ms &&
           (most < 0 || session_queue_size(s, sub) <= (uint64_t)most);
}

static void visit_session(struct session *s, void *arg)
{
    struct broker *b = arg;
    if (s->link.conn)
        return;
    for (struct subscription *sub = s->subscriptions; sub;
         sub = sub->next_of_session) {
        if (sub->is_abandoned || !is_abandoned(b, s, sub))
            continue;
        session_delete_queue(s, sub);
        log_line(b->log, LOG_INFO, "%s: the queue of %s was abandoned, deleted",
                 s->client_id, sub->topic_filter);
    }
}

void auto_delete_scan(struct broker *b)
{
    if (b->next_queue_scan_ms == 0 || b->now_ms < b->next_queue_scan_ms)
        return;
    session_each(&b->sessions, visit_session, b);
    b->next_queue_scan_ms =
        b->now_ms + (uint64_t)b->config->address_queue_scan_period_ms;
}
