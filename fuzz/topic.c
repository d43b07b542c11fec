/* SPDX-License-Identifier: Apache-2.0 */
/* topic.c -- Topic Names, Topic Filters, matching by octets and by tree.
 *
 * Input: lines. The first is a Topic Name, the others are filters. What one
 * comparison says, the tree of subscriptions and the tree of retained messages
 * must say too. Spec: 5.0 s4.7, s4.8.2; 3.1.1 s4.7.
 */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "state/retain.h"
#include "state/session.h"
#include "state/subtree.h"
#include "state/topic.h"

#define MAX_FILTERS 16

struct found {
    struct subscription *subscriptions[MAX_FILTERS];
    size_t n;
};

static void note(struct subscription *s, void *arg)
{
    struct found *found = arg;
    if (found->n < MAX_FILTERS)
        found->subscriptions[found->n++] = s;
}

static void count(struct message *m, void *arg)
{
    (void)m;
    ++*(size_t *)arg;
}

static struct slice next_line(struct feed *feed)
{
    const uint8_t *end = feed->n ? memchr(feed->at, '\n', feed->n) : NULL;
    size_t n = end ? (size_t)(end - feed->at) : feed->n;
    size_t got;
    struct slice line = slice_of(feed_run(feed, n, &got), n);
    feed_run(feed, 1, &got);
    return line;
}

static void check_levels(struct slice topic)
{
    struct slice rest = topic;
    struct slice level;
    bool is_last = false;
    size_t n_octets = 0;
    size_t n_levels = 0;
    while (!is_last) {
        topic_next_level(&rest, &level, &is_last);
        n_octets += level.n + !is_last;
        n_levels++;
    }
    if (n_octets != topic.n || n_levels != topic_n_levels(topic))
        fuzz_fail("the levels do not add up to the topic");
}

/* check_filter asks three ways whether one filter matches. */
static void check_filter(struct slice name, struct slice filter,
                         struct retain *retain)
{
    struct slice share;
    struct slice bare;
    check_levels(filter);
    (void)topic_filter_has_wildcard(filter);
    if (!share_parse(filter, &share, &bare) || !topic_filter_is_valid(bare))
        return;
    bool does_match = topic_matches(bare, name);
    if (!topic_filter_has_wildcard(bare) &&
        does_match != slice_equals(bare, name))
        fuzz_fail("a filter without wildcards must equal the name");
    size_t n_retained = 0;
    retain_match(retain, bare, 1, count, &n_retained);
    if (n_retained != does_match)
        fuzz_fail("retained: %zu, matches: %d", n_retained, does_match);
    struct session_table sessions = {0};
    struct session_limits limits = {0};
    struct subtree tree;
    struct found found = {0};
    struct subscription_request request = {.filter = filter};
    subtree_init(&tree);
    struct session *s =
        session_new(&sessions, slice_of_text("c"), NULL, &limits);
    if (!session_add_subscription(s, &tree, &request, share, bare, 0))
        fuzz_fail("the first subscription is not new");
    if (session_add_subscription(s, &tree, &request, share, bare, 1))
        fuzz_fail("the second subscription is new");
    subtree_match(&tree, name, note, &found);
    if (found.n != does_match)
        fuzz_fail("tree: %zu, matches: %d", found.n, does_match);
    if (!session_remove_subscription(s, &tree, filter) ||
        tree.subscriptions.n != 0 || tree.levels.table.n != 0)
        fuzz_fail("the tree is not empty after unsubscribing");
    session_table_clear(&sessions, &tree);
    subtree_clear(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    struct slice name = next_line(&feed);
    struct publish publish = {.payload = slice_of_text("x")};
    struct topic_syntax syntax = {'.', '*', '#'};
    struct retain retain;
    if (!topic_name_is_valid(name) || name.n > 4096)
        return 0;
    retain_init(&retain, NULL);
    struct message *m = message_new(name, &publish, 1);
    retain_set(&retain, m);
    message_unref(m);
    for (int i = 0; i < MAX_FILTERS && feed.n > 0; i++) {
        struct slice line = next_line(&feed);
        check_filter(name, line, &retain);
        char *out = malloc(line.n + 1);
        if (out && topic_from_syntax(out, line, &syntax) > line.n)
            fuzz_fail("a translated filter is longer than what was written");
        free(out);
    }
    retain_clear(&retain);
    return 0;
}
