/* SPDX-License-Identifier: Apache-2.0 */
/* t_names.c -- texts of a case, and names that no other case has. */
#include "t_inside.h"

#include <stdarg.h>
#include <string.h>

const char *t_text(struct t *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = t_alloc(t, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

struct wire_bytes t_fill(struct t *t, size_t n, const char *pattern)
{
    char *octets = t_alloc(t, n + 1);
    size_t length = strlen(pattern);
    for (size_t i = 0; i < n; i++)
        octets[i] = pattern[i % length];
    return SLICE(octets, n);
}

/* a + tag + b, where a is the first at octets of text. */
static struct wire_bytes insert_tag(struct t *t, struct wire_bytes text,
                                    size_t at, const char *behind)
{
    size_t n = wire_len(text), n_tag = strlen(t->setup->tag);
    size_t n_behind = strlen(behind);
    char *out = t_alloc(t, n + n_tag + n_behind + 1);
    memcpy(out, text.text, at);
    memcpy(out + at, t->setup->tag, n_tag);
    memcpy(out + at + n_tag, behind, n_behind);
    memcpy(out + at + n_tag + n_behind, text.text + at, n - at);
    return SLICE(out, n + n_tag + n_behind);
}

static bool begins_with(struct wire_bytes text, const char *prefix)
{
    size_t n = strlen(prefix);
    return wire_len(text) >= n && memcmp(text.text, prefix, n) == 0;
}

/* EXACT: without the mark, and each {} replaced. */
static struct wire_bytes exact(struct t *t, struct wire_bytes text)
{
    size_t n = wire_len(text), n_mark = strlen(EXACT), n_out = 0;
    char *out = t_alloc(t, 6 * n + 1);
    for (size_t i = n_mark; i < n; i++) {
        if (i + 1 < n && text.text[i] == '{' && text.text[i + 1] == '}') {
            n_out += (size_t)sprintf(out + n_out, "%s", t->setup->tag);
            i++;
        } else {
            out[n_out++] = text.text[i];
        }
    }
    return SLICE(out, n_out);
}

struct wire_bytes t_unique_client_id(struct t *t, struct wire_bytes id)
{
    if (!id.text || wire_len(id) == 0)
        return id;
    if (begins_with(id, EXACT))
        return exact(t, id);
    return insert_tag(t, id, 0, "");
}

struct wire_bytes t_unique_topic(struct t *t, struct wire_bytes topic)
{
    size_t n = wire_len(topic);
    if (!topic.text || n == 0 || begins_with(topic, "$SYS"))
        return topic;
    if (begins_with(topic, EXACT))
        return exact(t, topic);
    if (topic.text[0] != '$')
        return insert_tag(t, topic, 0, "/");
    const char *slash = memchr(topic.text, '/', n);
    if (slash && begins_with(topic, "$share/"))
        slash = memchr(slash + 1, '/', n - (size_t)(slash + 1 - topic.text));
    if (!slash)
        return topic; /* a filter that is broken by intention */
    return insert_tag(t, topic, (size_t)(slash + 1 - topic.text), "/");
}

const char *t_name(struct t *t, const char *client_id)
{
    struct wire_bytes id = {{client_id}, strlen(client_id)};
    return t_unique_client_id(t, id).text;
}

const char *t_topic(struct t *t, const char *topic)
{
    struct wire_bytes name = {{topic}, strlen(topic)};
    return t_unique_topic(t, name).text;
}

const struct wire_packet *t_unique(struct t *t,
                                   const struct wire_packet *packet)
{
    struct wire_packet *copy = t_alloc(t, sizeof *copy);
    *copy = *packet;
    copy->client_id = t_unique_client_id(t, packet->client_id);
    copy->topic = t_unique_topic(t, packet->topic);
    copy->will.topic = t_unique_topic(t, packet->will.topic);
    copy->props.response_topic =
        t_unique_topic(t, packet->props.response_topic);
    copy->will.props.response_topic =
        t_unique_topic(t, packet->will.props.response_topic);
    for (size_t i = 0; i < WIRE_MAX_FILTERS; i++)
        copy->filters[i].filter = t_unique_topic(t, packet->filters[i].filter);
    if (packet->n_filter_list) {
        struct wire_filter *list =
            t_alloc(t, packet->n_filter_list * sizeof *list);
        for (size_t i = 0; i < packet->n_filter_list; i++) {
            list[i] = packet->filter_list[i];
            list[i].filter = t_unique_topic(t, list[i].filter);
        }
        copy->filter_list = list;
    }
    return copy;
}
