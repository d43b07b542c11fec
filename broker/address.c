// SPDX-License-Identifier: Apache-2.0
/* address.c -- address settings, applied to messages.
 *
 * The manual keeps retained messages under addresses of their own, in front of
 * which stands "$sys.mqtt.retain"; only settings can see these names here.
 */
#include "address.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static const char retain_prefix[] = "$sys/mqtt/retain/";
#define RETAIN_PREFIX_N (sizeof retain_prefix - 1)

static void apply(const struct address_setting *setting, struct message *m,
                  uint64_t now)
{
    if (!setting)
        return;
    if (setting->no_expiry) {
        m->has_expiry = false;
    } else if (!m->has_expiry && setting->expiry_delay_ms >= 0) {
        m->has_expiry = true;
        m->expires_ms = now + (uint64_t)setting->expiry_delay_ms;
    } else if (m->has_expiry) {
        uint64_t least = now + (uint64_t)setting->min_expiry_delay_ms;
        uint64_t most = now + (uint64_t)setting->max_expiry_delay_ms;
        if (setting->min_expiry_delay_ms >= 0 && m->expires_ms < least)
            m->expires_ms = least;
        if (setting->max_expiry_delay_ms >= 0 && m->expires_ms > most)
            m->expires_ms = most;
    }
}

void address_set_expiry(const struct config *config, struct message *m,
                        uint64_t now_ms)
{
    if (config->n_address_settings > 0)
        apply(config_address_setting(config, m->topic), m, now_ms);
}

static const struct address_setting *retain_setting(const struct config *config,
                                                    struct slice topic)
{
    char *name = mem_new(RETAIN_PREFIX_N + topic.n, 1);
    memcpy(name, retain_prefix, RETAIN_PREFIX_N);
    memcpy(name + RETAIN_PREFIX_N, topic.data, topic.n);
    const struct address_setting *setting = config_address_setting(
        config, slice_of(name, RETAIN_PREFIX_N + topic.n));
    free(name);
    return setting;
}

struct message *address_to_retain(const struct config *config,
                                  struct message *m, uint64_t now_ms)
{
    const struct address_setting *setting =
        config->n_address_settings > 0 ? retain_setting(config, m->topic)
                                       : NULL;
    if (!setting || m->payload.n == 0)
        return message_ref(m);
    struct publish publish;
    message_to_publish(m, now_ms, &publish);
    publish.qos = m->qos;
    publish.is_retained = true;
    struct message *copy = message_new(m->topic, &publish, now_ms);
    copy->publisher = m->publisher;
    copy->has_expiry = m->has_expiry;
    copy->expires_ms = m->expires_ms; /* to the millisecond */
    apply(setting, copy, now_ms);
    return copy;
}
