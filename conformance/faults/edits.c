/* SPDX-License-Identifier: Apache-2.0 */
/* edits.c -- changes that take more than one field, or a look at its value.
 *
 * Each works on the copy of a packet that is about to go on. Only the first
 * filters are edited: no test sends more than the reader keeps.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "faults/deed.h"

/* ---- Topic Names and Topic Filters
 * -----------------------------------------*/

/* A copy with room for n more octets, NUL-terminated. */
static char *copy_of(struct scene *scene, struct wire_bytes text, size_t n)
{
    char *copy = scene_keep(scene, wire_len(text) + n + 1);
    if (wire_len(text))
        memcpy(copy, text.text, wire_len(text));
    return copy;
}

/* The last level becomes #: a/b matches all below a. */
void edit_widen_filter(struct scene *scene, struct wire_packet *p)
{
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes *filter = &p->filters[i].filter;
        char *copy = copy_of(scene, *filter, 3), *slash = strrchr(copy, '/');
        strcpy(slash ? slash + 1 : copy, "#");
        *filter = SLICE(copy, strlen(copy));
    }
}

/* One more level: what matched does not match any more. */
void edit_narrow_filter(struct scene *scene, struct wire_packet *p)
{
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes *filter = &p->filters[i].filter;
        char *copy = copy_of(scene, *filter, 3);
        size_t n = strlen(copy);
        bool has_hash = n && copy[n - 1] == '#';
        strcpy(has_hash ? copy + n - 1 : copy + n, has_hash ? "x" : "/x");
        *filter = SLICE(copy, strlen(copy));
    }
}

void edit_plus_to_hash(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->filters[0].filter, 1);
    char *plus = strchr(copy, '+');
    if (plus)
        strcpy(plus, "#");
    p->filters[0].filter = SLICE(copy, strlen(copy));
}

/* $share/group/filter becomes filter. */
void edit_unshare(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->filters[0].filter, 1);
    char *slash = strchr(copy, '/');
    slash = slash ? strchr(slash + 1, '/') : NULL;
    if (slash)
        p->filters[0].filter = SLICE(slash + 1, strlen(slash + 1));
}

void edit_strip_dollar(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    p->topic = SLICE(p->topic.text + 1, wire_len(p->topic) - 1);
}

void edit_lower_case_filter(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->filters[0].filter, 1);
    for (char *at = copy; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    p->filters[0].filter = SLICE(copy, wire_len(p->filters[0].filter));
}

void edit_lower_case_client_id(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->client_id, 1);
    for (char *at = copy; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    p->client_id = SLICE(copy, wire_len(p->client_id));
}

void edit_lose_last_filter(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    if (p->n_filters > 1 && p->n_filters <= WIRE_MAX_FILTERS)
        memset(&p->filters[--p->n_filters], 0, sizeof p->filters[0]);
}

/* An UNSUBSCRIBE deletes all that its filter matches: a/# takes a/+ along. */
void edit_all_that_match(struct scene *scene, struct wire_packet *p)
{
    const char *text = copy_of(scene, p->filters[0].filter, 1);
    size_t n = strlen(text);
    if (n == 0 || text[n - 1] != '#')
        return;
    for (size_t i = 0; i < scene->n_asked; i++) {
        if (strncmp(scene->asked[i], text, n - 1) == 0 &&
            p->n_filters < WIRE_MAX_FILTERS) {
            const char *asked = scene->asked[i];
            p->filters[p->n_filters++].filter = SLICE(asked, strlen(asked));
        }
    }
}

/* The topic one level up, if there is one. */
void edit_topic_above(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->topic, 1), *slash = strrchr(copy, '/');
    if (slash && slash > copy)
        p->topic = SLICE(copy, (size_t)(slash - copy));
}

void edit_topic_of_retained(struct scene *scene, struct wire_packet *p)
{
    p->topic = scene->kept->topic;
    p->packet_id = 0;
}

static struct wire_bytes without_mark(struct wire_bytes text)
{
    size_t n = wire_len(text);
    for (size_t i = 0; i + 3 <= n; i++) {
        if (memcmp(text.text + i, "\xef\xbb\xbf", 3) == 0)
            return i ? SLICE(text.text, i) : SLICE(text.text + 3, n - 3);
    }
    return text;
}

void edit_strip_byte_order_mark(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->topic, 1);
    char *mark = strstr(copy, "\xef\xbb\xbf");
    if (mark)
        memmove(mark, mark + 3, strlen(mark + 3) + 1);
    p->topic = SLICE(copy, strlen(copy));
    p->props.content_type = without_mark(p->props.content_type);
}

/* A Packet Identifier where none belongs: the payload begins with it. */
void edit_payload_behind_id(struct scene *scene, struct wire_packet *p)
{
    size_t n = wire_len(p->payload);
    char *octets = scene_keep(scene, n + 2);
    octets[1] = 7;
    if (n)
        memcpy(octets + 2, p->payload.octets, n);
    p->payload = SLICE(octets, n + 2);
}

/* ---- properties
 * ------------------------------------------------------------*/

void edit_swap_user_properties(struct scene *scene, struct wire_packet *p)
{
    struct wire_pair first = p->props.user_property[0];
    (void)scene;
    if (p->props.user_property[1].name) {
        p->props.user_property[0] = p->props.user_property[1];
        p->props.user_property[1] = first;
    }
    first = p->will.props.user_property[0];
    if (p->will.props.user_property[1].name) {
        p->will.props.user_property[0] = p->will.props.user_property[1];
        p->will.props.user_property[1] = first;
    }
}

void edit_lose_user_property(struct scene *scene, struct wire_packet *p)
{
    size_t i = 0;
    (void)scene;
    while (i + 1 < WIRE_MAX_PAIRS && p->props.user_property[i + 1].name)
        i++;
    memset(&p->props.user_property[i], 0, sizeof(struct wire_pair));
}

void edit_add_user_property(struct scene *scene, struct wire_packet *p)
{
    size_t i = 0;
    (void)scene;
    while (i + 1 < WIRE_MAX_PAIRS && p->props.user_property[i].name)
        i++;
    p->props.user_property[i] = (struct wire_pair){.name = "x", .value = "y"};
}

enum { LONG = 400 };

void edit_reason_string_long(struct scene *scene, struct wire_packet *p)
{
    char *text = scene_keep(scene, LONG);
    memset(text, 'r', LONG);
    p->props.reason_string = SLICE(text, LONG);
}

void edit_user_property_long(struct scene *scene, struct wire_packet *p)
{
    char *text = scene_keep(scene, LONG);
    memset(text, 'u', LONG);
    p->props.user_property[0] =
        (struct wire_pair){.name = "x", .value = text, .n_value = LONG};
}

/* ---- codes of SUBACK and UNSUBACK
 * ------------------------------------------*/

static unsigned char *codes_of(struct scene *scene, struct wire_packet *p,
                               size_t n)
{
    unsigned char *codes = scene_keep(scene, n + 1);
    size_t n_old = wire_len(p->codes);
    memcpy(codes, p->codes.octets, n_old < n ? n_old : n);
    p->codes = SLICE(codes, n);
    return codes;
}

static void set_codes(struct scene *scene, struct wire_packet *p, int code)
{
    size_t n = wire_len(p->codes);
    memset(codes_of(scene, p, n), code, n);
}

void edit_codes_refuse(struct scene *scene, struct wire_packet *p)
{
    set_codes(scene, p, 0x80);
}

void edit_codes_grant_more(struct scene *scene, struct wire_packet *p)
{
    set_codes(scene, p, 2);
}

void edit_codes_grant_less(struct scene *scene, struct wire_packet *p)
{
    set_codes(scene, p, 0);
}

void edit_codes_unknown(struct scene *scene, struct wire_packet *p)
{
    set_codes(scene, p, 0x7f);
}

void edit_codes_reverse(struct scene *scene, struct wire_packet *p)
{
    size_t n = wire_len(p->codes);
    struct wire_bytes old = p->codes;
    unsigned char *codes = codes_of(scene, p, n);
    for (size_t i = 0; i < n; i++)
        codes[i] = old.octets[n - 1 - i];
}

void edit_codes_lose_last(struct scene *scene, struct wire_packet *p)
{
    size_t n = wire_len(p->codes);
    codes_of(scene, p, n ? n - 1 : 0);
}

void edit_codes_one_more(struct scene *scene, struct wire_packet *p)
{
    codes_of(scene, p, wire_len(p->codes) + 1);
}

/* ---- options of a subscription
 * ---------------------------------------------*/

void edit_qos_of_filters(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].qos = 0;
}

void edit_full_qos_of_filters(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].qos = 2;
}

void edit_no_local_off(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].no_local = 0;
}

void edit_retain_handling_flip(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].retain_handling = p->filters[i].retain_handling ? 0 : 2;
}

void edit_retain_as_published_flip(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].retain_as_published ^= 1;
}

void edit_options_of_first(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 1; i < p->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes filter = p->filters[i].filter;
        p->filters[i] = p->filters[0];
        p->filters[i].filter = filter;
    }
}

/* ---- a whole packet
 * --------------------------------------------------------*/

/* A PUBLISH that nobody sent, on the topic of the last one. */
void edit_like_last_publish(struct scene *scene, struct wire_packet *p)
{
    if (scene->publish)
        p->topic = scene->publish->topic;
}

/* The fields of the payload in another order. */
void edit_user_name_first(struct scene *scene, struct wire_packet *p)
{
    struct wire_bytes name = p->user_name;
    (void)scene;
    if (name.text && p->will.topic.text) {
        p->user_name = p->will.topic;
        p->will.topic = name;
    }
}

void edit_swap_will_fields(struct scene *scene, struct wire_packet *p)
{
    struct wire_bytes topic = p->will.topic;
    (void)scene;
    p->will.topic = p->will.payload;
    p->will.payload = topic;
}

void edit_unlike_any_client_id(struct scene *scene, struct wire_packet *p)
{
    struct timespec now;
    char *id = copy_of(scene, p->client_id, 24);
    clock_gettime(CLOCK_MONOTONIC, &now);
    sprintf(id + strlen(id), "%lx", (unsigned long)now.tv_nsec);
    p->client_id = SLICE(id, strlen(id));
}

/* What names begin with, which is the same for all clients of a test. */
void edit_first_client_id(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    enum { N_TAG = 5 };
    if (wire_len(p->client_id) > N_TAG)
        p->client_id.n = N_TAG;
}

/* A topic that matches the filter of the SUBSCRIBE just before. */
void edit_on_last_filter(struct scene *scene, struct wire_packet *p)
{
    const struct wire_packet *last = scene->last[0];
    if (!last || last->type != WIRE_SUBSCRIBE)
        return;
    char *topic = copy_of(scene, last->filters[0].filter, 1);
    if (strncmp(topic, "$share/", 7) == 0 && strchr(topic + 7, '/'))
        topic = strchr(topic + 7, '/') + 1;
    for (char *at = topic; *at; at++)
        *at = *at == '+' || *at == '#' ? 'x' : *at;
    p->topic = SLICE(topic, strlen(topic));
}

void edit_old_subscription_identifier(struct scene *scene,
                                      struct wire_packet *p)
{
    (void)scene;
    if (wire_is_set(p->props.subscription_identifier[0]))
        p->props.subscription_identifier[0] =
            OPT(wire_value(p->props.subscription_identifier[0], 0) + 1);
}

/* Of several, one is left. */
void edit_lose_subscription_identifier(struct scene *scene,
                                       struct wire_packet *p)
{
    (void)scene;
    memset(p->props.subscription_identifier + 1, 0,
           sizeof p->props.subscription_identifier - sizeof(uint64_t));
}

void edit_retain_handling_0(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++)
        p->filters[i].retain_handling = 0;
}

void edit_topic_behind_payload(struct scene *scene, struct wire_packet *p)
{
    struct wire_bytes topic = p->topic;
    (void)scene;
    p->topic = p->payload;
    p->payload = topic;
}

/* The QoS that the last SUBSCRIBE asked for, filter by filter. */
void edit_codes_as_asked(struct scene *scene, struct wire_packet *p)
{
    const struct wire_packet *asked = scene->last[0];
    struct wire_filter filter;
    if (!asked || asked->type != WIRE_SUBSCRIBE)
        return;
    unsigned char *codes = codes_of(scene, p, wire_len(p->codes));
    for (size_t i = 0; i < wire_len(p->codes); i++) {
        if (wire_filter_at(asked, i, &filter))
            codes[i] = filter.qos;
    }
}

void edit_lower_case_topic(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->topic, 1);
    for (char *at = copy; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    p->topic = SLICE(copy, wire_len(p->topic));
}

/* x/name/filter becomes filter, whatever x is. */
void edit_unshare_anything(struct scene *scene, struct wire_packet *p)
{
    edit_unshare(scene, p);
}

/* $share/any/filter becomes $share/g/filter. */
void edit_one_share(struct scene *scene, struct wire_packet *p)
{
    char *copy = copy_of(scene, p->filters[0].filter, 1);
    char *slash = strlen(copy) > 7 ? strchr(copy + 7, '/') : NULL;
    char *out = scene_keep(scene, strlen(copy) + 16);
    sprintf(out, "$share/one%s", slash ? slash : "/");
    p->filters[0].filter = SLICE(out, strlen(out));
}

/* All topics of the test: what names begin with, and #. */
void edit_match_all(struct scene *scene, struct wire_packet *p)
{
    for (size_t i = 0; i < p->n_filters && i < WIRE_MAX_FILTERS; i++) {
        struct wire_bytes *filter = &p->filters[i].filter;
        char *copy = copy_of(scene, *filter, 3), *slash = strchr(copy, '/');
        strcpy(slash ? slash + 1 : copy, "#");
        *filter = SLICE(copy, strlen(copy));
    }
}

void edit_codes_first_only(struct scene *scene, struct wire_packet *p)
{
    (void)scene;
    if (wire_len(p->codes) > 1)
        p->codes = SLICE(p->codes.octets, 1);
}

void edit_codes_success(struct scene *scene, struct wire_packet *p)
{
    size_t n = wire_len(p->codes);
    if (n)
        p->codes = SLICE((char *)scene_keep(scene, n), n);
}
