// SPDX-License-Identifier: Apache-2.0
/* message.c -- an Application Message, held by everybody who still needs it.
 *
 * Spec: 5.0 s3.3.2.3; 3.1.1 s3.3.
 */
#include "state/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "codec/props.h"

/* Properties that travel to the subscriber unchanged. */
static const uint64_t forwarded = UINT64_C(1)
                                      << PROPERTY_PAYLOAD_FORMAT_INDICATOR |
                                  UINT64_C(1) << PROPERTY_CONTENT_TYPE |
                                  UINT64_C(1) << PROPERTY_RESPONSE_TOPIC |
                                  UINT64_C(1) << PROPERTY_CORRELATION_DATA |
                                  UINT64_C(1) << PROPERTY_USER_PROPERTY;

/* Octets of one encoded User Property beside name and value. */
#define USER_PROPERTY_OVERHEAD 5

static size_t user_properties_size(const struct properties *p)
{
    size_t size = 0;
    struct slice rest = p->user_properties;
    struct slice name;
    struct slice value;
    if (!properties_has(p, PROPERTY_USER_PROPERTY))
        return 0;
    while (user_property_next(&rest, &name, &value))
        size += USER_PROPERTY_OVERHEAD + name.n + value.n;
    return size;
}

/* The run that came in holds other properties too: only what counts is kept,
 * in its order [MQTT-3.3.2-17], [MQTT-3.3.2-18]. */
static struct slice copy_user_properties(uint8_t **at, size_t size,
                                         struct slice rest)
{
    struct writer w = writer_of(*at, size);
    struct slice copy = slice_of(*at, size);
    struct slice name;
    struct slice value;
    while (size > 0 && user_property_next(&rest, &name, &value)) {
        write_u8(&w, PROPERTY_USER_PROPERTY);
        write_binary(&w, name);
        write_binary(&w, value);
    }
    *at += size;
    return copy;
}

static struct slice copy_slice(uint8_t **at, struct slice s)
{
    struct slice copy = slice_of(*at, s.n);
    if (s.n > 0)
        memcpy(*at, s.data, s.n);
    *at += s.n;
    return copy;
}

static struct slice if_present(const struct properties *p, enum property id,
                               struct slice s)
{
    return properties_has(p, id) ? s : slice_of(NULL, 0);
}

static void copy_properties(struct message *m, const struct properties *from,
                            uint8_t **at, size_t user_size)
{
    struct properties *to = m->properties;
    to->present = from->present & forwarded;
    to->payload_format_indicator = from->payload_format_indicator;
    to->content_type = copy_slice(
        at, if_present(from, PROPERTY_CONTENT_TYPE, from->content_type));
    to->response_topic = copy_slice(
        at, if_present(from, PROPERTY_RESPONSE_TOPIC, from->response_topic));
    to->correlation_data =
        copy_slice(at, if_present(from, PROPERTY_CORRELATION_DATA,
                                  from->correlation_data));
    to->user_properties =
        copy_user_properties(at, user_size, from->user_properties);
}

static size_t properties_room(const struct properties *p, size_t user_size)
{
    if ((p->present & forwarded) == 0)
        return 0;
    return if_present(p, PROPERTY_CONTENT_TYPE, p->content_type).n +
           if_present(p, PROPERTY_RESPONSE_TOPIC, p->response_topic).n +
           if_present(p, PROPERTY_CORRELATION_DATA, p->correlation_data).n +
           user_size;
}

struct message *message_new(struct slice topic, const struct publish *publish,
                            uint64_t now_ms)
{
    const struct properties *p = &publish->properties;
    bool has_properties = (p->present & forwarded) != 0;
    size_t head = sizeof(struct message) +
                  (has_properties ? sizeof(struct properties) : 0);
    size_t user_size = user_properties_size(p);
    size_t room = topic.n + publish->payload.n + properties_room(p, user_size);
    struct message *m = mem_grow(NULL, 1, head + room);
    uint8_t *at = (uint8_t *)m + head;
    memset(m, 0, head);
    m->n_references = 1;
    m->qos = publish->qos;
    m->is_retained = publish->is_retained;
    m->topic = copy_slice(&at, topic);
    if (has_properties) {
        m->properties = (struct properties *)(void *)(m + 1);
        copy_properties(m, p, &at, user_size);
    }
    m->payload = copy_slice(&at, publish->payload);
    if (properties_has(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL)) {
        m->has_expiry = true;
        m->expires_ms = now_ms + UINT64_C(1000) * p->message_expiry_interval_s;
    }
    return m;
}

struct message *message_ref(struct message *m)
{
    m->n_references++;
    return m;
}

void message_unref(struct message *m)
{
    if (m && --m->n_references == 0)
        free(m);
}

void message_to_publish(const struct message *m, uint64_t now_ms,
                        struct publish *publish)
{
    struct properties *p = &publish->properties;
    publish->topic = m->topic;
    publish->payload = m->payload;
    /* The fields of absent properties are never read: no need to copy them. */
    if (m->properties)
        *p = *m->properties;
    else
        p->present = 0;
    p->subscription_identifiers = NULL;
    p->n_subscription_identifiers = 0;
    if (m->has_expiry) {
        /* A PUBLISH that is sent again may have expired meanwhile: it goes on
         * with 0 seconds left [MQTT-4.3.3-7]. */
        uint64_t left_ms = m->expires_ms > now_ms ? m->expires_ms - now_ms : 0;
        properties_set(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        p->message_expiry_interval_s = (uint32_t)((left_ms + 999) / 1000);
    }
}
