/* SPDX-License-Identifier: Apache-2.0 */
/* questions.c -- what a deed may ask of a packet beyond its fields. */
#include <string.h>

#include "faults/deed.h"

static bool is_bad(struct wire_bytes text)
{
    return text.text && !wire_utf8_is_valid(text);
}

bool is_bad_client_id(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->client_id);
}

bool is_bad_user_name(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->user_name);
}

bool is_bad_will_topic(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->will.topic);
}

bool is_bad_topic(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->topic);
}

bool is_bad_filter(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->filters[0].filter) || p->n_filters == 0;
}

bool is_bad_response_topic(const struct scene *scene,
                           const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->props.response_topic);
}

bool is_bad_content_type(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return is_bad(p->props.content_type);
}

bool is_bad_user_property(const struct scene *scene,
                          const struct wire_packet *p)
{
    struct wire_cursor at = {0};
    struct wire_bytes name, value;
    (void)scene;
    return wire_next_user_property(&p->props, &at, &name, &value) &&
           (is_bad(name) || is_bad(value));
}

bool is_resumed(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return scene->connect && !scene->connect->clean_start;
}

bool is_fresh(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return scene->connect && scene->connect->clean_start;
}

static bool holds(struct wire_bytes text, const char *any)
{
    for (size_t i = 0; i < wire_len(text); i++) {
        if (text.text[i] && strchr(any, text.text[i]))
            return true;
    }
    return false;
}

static bool begins(struct wire_bytes text, const char *with)
{
    size_t n = strlen(with);
    return wire_len(text) >= n && memcmp(text.text, with, n) == 0;
}

bool is_dollar_topic(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return begins(p->topic, "$");
}

bool is_wildcard_topic(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return holds(p->topic, "+#");
}

bool is_wildcard_filter(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return holds(p->filters[0].filter, "+#");
}

bool is_plain_filter(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return !holds(p->filters[0].filter, "+#");
}

bool is_shared_filter(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return begins(p->filters[0].filter, "$share");
}

bool is_empty_payload(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return wire_len(p->payload) == 0;
}

bool has_many_filters(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return p->n_filters > 1;
}

bool is_id_of_delivery(const struct scene *scene, const struct wire_packet *p)
{
    return scene->publish && scene->publish->packet_id == p->packet_id;
}

bool is_early(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return !scene->is_connected;
}

bool is_late(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return scene->is_connected;
}

bool is_second_old(const struct scene *scene, const struct wire_packet *packet)
{
    (void)packet;
    return scene->is_connected && link_now_ms() - scene->connected_ms > 1000;
}

bool is_watched_with_will(const struct scene *scene,
                          const struct wire_packet *p)
{
    (void)scene;
    return p->keep_alive_s && p->will.topic.text;
}

bool has_asked_no_local(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return scene->asked_no_local;
}

bool has_retained(const struct scene *scene, const struct wire_packet *p)
{
    (void)p;
    return scene->kept != NULL;
}

bool gave_maximum_packet_size(const struct scene *scene,
                              const struct wire_packet *p)
{
    (void)p;
    return scene->connect &&
           wire_is_set(scene->connect->props.maximum_packet_size);
}

bool refused_problem_information(const struct scene *scene,
                                 const struct wire_packet *p)
{
    (void)p;
    return scene->connect &&
           scene->connect->props.request_problem_information == OPT(0);
}

bool is_repeated_filter(const struct scene *scene, const struct wire_packet *p)
{
    const struct wire_packet *last = scene->last[0];
    return last && last->type == p->type &&
           wire_same(last->filters[0].filter, p->filters[0].filter);
}

bool has_no_client_id(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return wire_len(p->client_id) == 0;
}

/* A CONNECT of no version that there is. */
bool is_odd_level(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    uint32_t level = wire_value(p->protocol_level, 0);
    bool is_connect = wire_len(p->octets) && p->octets.octets[0] == 0x10;
    return is_connect && level != WIRE_3_1_1 && level != WIRE_5_0;
}

bool is_longer_than_2(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return wire_len(p->octets) > 2;
}

bool is_longer_than_60(const struct scene *scene, const struct wire_packet *p)
{
    (void)scene;
    return wire_len(p->octets) > 60;
}

bool is_subscribe_of_many(const struct scene *scene,
                          const struct wire_packet *p)
{
    (void)p;
    return scene->last[0] && scene->last[0]->type == WIRE_SUBSCRIBE &&
           scene->last[0]->n_filters > 1;
}

bool ends_with_slash(const struct scene *scene, const struct wire_packet *p)
{
    size_t n = wire_len(p->topic);
    (void)scene;
    return n && p->topic.text[n - 1] == '/';
}
