// SPDX-License-Identifier: Apache-2.0
/* message.c -- an Application Message, held by everybody who still needs it.
 *
 * Spec: 5.0 s3.3.2.3; 3.1.1 s3.3.
 */
#include "state/message.h"

#include <stdlib.h>

#include "base/die.h"
#include "codec/props.h"

#define BIT(id) (UINT64_C(1) << (id))

/* Properties that travel to the subscriber unchanged: [MQTT-3.3.2-4],
 * [MQTT-3.3.2-15..20]. */
static const uint64_t forwarded =
    BIT(PROPERTY_PAYLOAD_FORMAT_INDICATOR) | BIT(PROPERTY_CONTENT_TYPE) |
    BIT(PROPERTY_RESPONSE_TOPIC) | BIT(PROPERTY_CORRELATION_DATA) |
    BIT(PROPERTY_USER_PROPERTY) | BIT(PROPERTY_ENCODED);

/* append writes s and returns where it lies now. */
static struct slice append(struct writer *w, struct slice s)
{
    struct slice copy = slice_of(w->at, s.n);
    write_octets(w, s);
    return copy;
}

struct message *message_new(struct slice topic, const struct publish *publish,
                            uint64_t now_ms)
{
    const struct properties *p = &publish->properties;
    struct properties kept = *p;
    kept.present &= forwarded;
    size_t n_kept = props_size(&kept);
    size_t room = topic.n + n_kept + publish->payload.n;
    struct message *m = mem_grow(NULL, 1, sizeof *m + room);
    struct writer w = writer_of(m + 1, room);
    *m = (struct message){
        .n_references = 1,
        .qos = publish->qos,
        .is_retained = publish->is_retained,
        .has_expiry = properties_has(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL),
        .topic = append(&w, topic),
    };
    m->properties = slice_of(w.at, n_kept);
    props_write_block(&w, &kept);
    m->payload = append(&w, publish->payload);
    if (m->has_expiry)
        m->expires_ms = now_ms + UINT64_C(1000) * p->message_expiry_interval_s;
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
    p->present = m->properties.n > 0 ? BIT(PROPERTY_ENCODED) : 0;
    p->encoded = m->properties;
    if (m->has_expiry) {
        /* A PUBLISH that is sent again may have expired meanwhile: it goes on
         * with 0 seconds left [MQTT-4.3.3-7]. */
        uint64_t left_ms = m->expires_ms > now_ms ? m->expires_ms - now_ms : 0;
        properties_set(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
        p->message_expiry_interval_s = (uint32_t)((left_ms + 999) / 1000);
    }
}
