/* SPDX-License-Identifier: Apache-2.0 */
/* leeway.c -- where the two decoders may differ. */
#include "support/leeway.h"

#include <string.h>

bool leeway_to_refuse_later(const struct packet *packet,
                            const struct wire_fault *fault)
{
    static const char *const handled[] = {
        "5.0/MQTT-3.3.2-8",  /* Topic Alias 0: on_publish.c */
        "5.0/MQTT-3.3.2-14", /* wildcards in a Response Topic: likewise */
        "5.0/MQTT-3.8.3-4",  /* No Local when shared: on_subscribe.c */
        "5.0/RULE-auth-method-missing", /* AUTH without a method: auth.c */
    };
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        if (strcmp(fault->rule, handled[i]) == 0)
            return true;
    }
    switch (fault->reason) {
    case 0:
    case TOPIC_NAME_INVALID:
    case TOPIC_FILTER_INVALID:
    case PAYLOAD_FORMAT_INVALID:
    case CLIENT_IDENTIFIER_NOT_VALID:
        return true;
    default:
        return packet->type == PACKET_PUBLISH &&
               packet->publish.topic.n == 0; /* aliases: on_publish.c */
    }
}

static bool is_text(struct wire_bytes text)
{
    return wire_utf8_is_valid(SLICE(text.octets, wire_len(text)));
}

bool leeway_to_refuse(const struct wire_packet *p, size_t total)
{
    struct wire_filter filter;
    /* A server's answer carries the identifier it was given, 0 too. */
    if (p->type >= WIRE_PUBACK && p->type <= WIRE_UNSUBACK && !p->packet_id)
        return true;
    if (p->version != WIRE_3_1)
        return false;
    if (wire_write(WIRE_3_1, p, NULL, 0) < total)
        return true;
    for (size_t i = 0; wire_filter_at(p, i, &filter); i++) {
        if (!is_text(filter.filter))
            return true;
    }
    return !is_text(p->topic) || !is_text(p->client_id) ||
           !is_text(p->will.topic) || !is_text(p->user_name);
}
