// SPDX-License-Identifier: Apache-2.0
/* topic.c -- Topic Names and Topic Filters.
 *
 * Spec: 5.0 s4.7, s4.8.2; 3.1.1 s4.7; manual: Wildcard subscriptions.
 */
#include "state/topic.h"

#include <string.h>

#define TOPIC_MAX_OCTETS 65535

static bool has_octet(struct slice s, int octet)
{
    return s.n > 0 && memchr(s.data, octet, s.n) != NULL;
}

static bool level_is(struct slice level, char character)
{
    return level.n == 1 && level.data[0] == (uint8_t)character;
}

static bool length_is_valid(struct slice topic)
{
    return topic.n > 0 && topic.n <= TOPIC_MAX_OCTETS && !has_octet(topic, 0);
}

bool topic_name_is_valid(struct slice name)
{
    return length_is_valid(name) && !topic_filter_has_wildcard(name);
}

bool topic_filter_is_valid(struct slice filter)
{
    if (!length_is_valid(filter))
        return false;
    struct slice rest = filter;
    struct slice level;
    bool is_last = false;
    while (!is_last) {
        topic_next_level(&rest, &level, &is_last);
        if (level.n > 1 && topic_filter_has_wildcard(level))
            return false; /* a wildcard takes up a whole level */
        if (level_is(level, '#') && !is_last)
            return false;
    }
    return true;
}

bool topic_filter_has_wildcard(struct slice filter)
{
    return has_octet(filter, '+') || has_octet(filter, '#');
}

bool topic_matches(struct slice filter, struct slice topic)
{
    struct slice ours, theirs;
    bool is_last_ours = false, is_last_theirs = false;
    if (filter.n == 0 || topic.n == 0)
        return false;
    /* [MQTT-4.7.2-1] */
    if (topic.data[0] == '$' &&
        (filter.data[0] == '+' || filter.data[0] == '#'))
        return false;
    while (!is_last_ours && !is_last_theirs) {
        topic_next_level(&filter, &ours, &is_last_ours);
        if (level_is(ours, '#'))
            return true;
        topic_next_level(&topic, &theirs, &is_last_theirs);
        if (level_is(theirs, '#') ||
            (!level_is(ours, '+') && !slice_equals(ours, theirs)))
            return false;
    }
    if (is_last_ours)
        return is_last_theirs;
    /* "a/#" matches "a" as well: the parent level is included. */
    topic_next_level(&filter, &ours, &is_last_ours);
    return level_is(ours, '#');
}

bool topic_is_sys(struct slice topic)
{
    struct slice first;
    bool is_last;
    topic_next_level(&topic, &first, &is_last);
    return slice_equals(first, slice_of_text("$SYS"));
}

size_t topic_n_levels(struct slice topic)
{
    size_t n = 1;
    for (size_t i = 0; i < topic.n; i++)
        n += topic.data[i] == '/';
    return n;
}

void topic_next_level(struct slice *rest, struct slice *level, bool *is_last)
{
    /* Levels are short: a plain loop beats memchr. */
    size_t n = 0;
    while (n < rest->n && rest->data[n] != '/')
        n++;
    *level = slice_of(rest->data, n);
    *is_last = n == rest->n;
    if (!*is_last)
        *rest = slice_of(rest->data + n + 1, rest->n - n - 1);
}

bool share_parse(struct slice topic, struct slice *name, struct slice *filter)
{
    static const char prefix[] = "$share";
    const size_t n = sizeof prefix - 1;
    *name = slice_of(NULL, 0);
    *filter = topic;
    if (topic.n < n || memcmp(topic.data, prefix, n) != 0)
        return true;
    if (topic.n > n && topic.data[n] != '/')
        return true; /* "$shared/a" is an ordinary filter */
    if (topic.n == n)
        return false;
    struct slice rest = slice_of(topic.data + n + 1, topic.n - n - 1);
    bool is_last = false;
    topic_next_level(&rest, name, &is_last);
    *filter = rest;
    /* [MQTT-4.8.2-1], [MQTT-4.8.2-2] */
    return name->n > 0 && !topic_filter_has_wildcard(*name) && !is_last &&
           rest.n > 0;
}

size_t topic_from_syntax(char *out, struct slice text,
                         const struct topic_syntax *syntax)
{
    const char special[] = {syntax->delimiter, syntax->single_word,
                            syntax->any_words, '\\'};
    const char meaning[] = {'/', '+', '#'};
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)text.data[i];
        const char *found = memchr(special, c, sizeof special);
        if (found && *found != '\\') {
            out[n++] = meaning[found - special];
            continue;
        }
        /* A backslash before anything else is itself. */
        if (found && i + 1 < text.n &&
            memchr(special, text.data[i + 1], sizeof special))
            c = (char)text.data[++i];
        out[n++] = c;
    }
    return n;
}
