// SPDX-License-Identifier: Apache-2.0
/* subtree_test.c -- the tree of filters, against topic_matches as its model.
 */
#include <stdlib.h>
#include <string.h>

#include "state/subtree.h"
#include "state/topic.h"
#include "tests/tests.h"

#define N_FILTERS 400
#define N_NAMES 400

static struct slice text(const char *s)
{
    return slice_of(s, strlen(s));
}

/* A subscription of a session; only the session's address counts here. */
static struct subscription *subscribe(struct subtree *t, const void *session,
                                      const char *topic_filter)
{
    size_t n = strlen(topic_filter);
    struct subscription *s = calloc(1, sizeof *s + n + 1);
    struct slice share;
    struct slice filter;
    memcpy(s->topic_filter, topic_filter, n);
    s->topic_filter_n = n;
    s->session = (struct session *)(uintptr_t)session;
    ck_assert(share_parse(text(topic_filter), &share, &filter));
    subtree_add(t, s, share, filter);
    return s;
}

static void unsubscribe(struct subtree *t, struct subscription *s)
{
    subtree_remove(t, s);
    free(s);
}

static void count(struct subscription *s, void *arg)
{
    (void)s;
    ++*(size_t *)arg;
}

static size_t n_matches(const struct subtree *t, const char *name)
{
    size_t n = 0;
    subtree_match(t, text(name), count, &n);
    return n;
}

/* A small repeatable generator: topics of few words, so that they collide. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void make_topic(char *out, uint32_t *state, bool is_filter)
{
    static const char *const words[] = {"a", "b", "", "$x", "+", "#"};
    uint32_t n_levels = 1 + next_random(state) % 4;
    *out = '\0';
    for (uint32_t i = 0; i < n_levels; i++) {
        uint32_t limit = !is_filter ? 4 : i + 1 == n_levels ? 6 : 5;
        strcat(out, words[next_random(state) % limit]);
        strcat(out, i + 1 < n_levels ? "/" : "");
    }
    if (*out == '\0')
        strcpy(out, "a");
}

/* The tree finds exactly the filters that topic_matches says, while filters
 * come and go. */
START_TEST(agrees_with_the_model)
{
    static char filters[N_FILTERS][32];
    struct subscription *subscriptions[N_FILTERS];
    struct subtree t;
    uint32_t state = 1;
    subtree_init(&t);
    for (size_t i = 0; i < N_FILTERS; i++) {
        make_topic(filters[i], &state, true);
        subscriptions[i] = subscribe(&t, filters[i], filters[i]);
    }
    for (size_t round = 0; round < N_NAMES; round++) {
        char name[32];
        size_t expected = 0;
        make_topic(name, &state, false);
        for (size_t i = round; i < N_FILTERS; i++)
            expected += topic_matches(text(filters[i]), text(name));
        ck_assert_msg(n_matches(&t, name) == expected, "%s: %zu, not %zu", name,
                      n_matches(&t, name), expected);
        unsubscribe(&t, subscriptions[round]);
    }
    ck_assert_uint_eq(t.subscriptions.n, 0);
    ck_assert_uint_eq(t.levels.table.n, 0);
    subtree_clear(&t);
}
END_TEST

/* A session's own subscription is found by its filter, to the octet. */
START_TEST(finds_by_session_and_filter)
{
    struct subtree t;
    int first;
    int second;
    subtree_init(&t);
    struct subscription *a = subscribe(&t, &first, "a/+");
    struct subscription *b = subscribe(&t, &second, "a/+");
    struct subscription *c = subscribe(&t, &first, "$share/g/a/+");
    ck_assert_ptr_eq(subtree_find(&t, a->session, text("a/+")), a);
    ck_assert_ptr_eq(subtree_find(&t, b->session, text("a/+")), b);
    ck_assert_ptr_eq(subtree_find(&t, a->session, text("$share/g/a/+")), c);
    ck_assert_ptr_null(subtree_find(&t, a->session, text("a/b")));
    ck_assert_ptr_null(subtree_find(&t, b->session, text("$share/g/a/+")));
    unsubscribe(&t, a);
    unsubscribe(&t, b);
    unsubscribe(&t, c);
    subtree_clear(&t);
}
END_TEST

/* A share group is visited once, whatever its size; groups are apart. */
START_TEST(groups_count_once)
{
    struct subtree t;
    int first;
    int second;
    subtree_init(&t);
    struct subscription *subscriptions[] = {
        subscribe(&t, &first, "$share/g/a/b"),
        subscribe(&t, &second, "$share/g/a/b"),
        subscribe(&t, &first, "$share/h/a/b"),
        subscribe(&t, &second, "$share/g/a/+"),
        subscribe(&t, &second, "a/b"),
    };
    ck_assert_ptr_eq(subscriptions[0]->group, subscriptions[1]->group);
    ck_assert_ptr_ne(subscriptions[0]->group, subscriptions[2]->group);
    ck_assert_ptr_ne(subscriptions[0]->group, subscriptions[3]->group);
    ck_assert_uint_eq(n_matches(&t, "a/b"), 4);
    unsubscribe(&t, subscriptions[0]);
    ck_assert_uint_eq(n_matches(&t, "a/b"), 4);
    for (size_t i = 1; i < 5; i++)
        unsubscribe(&t, subscriptions[i]);
    ck_assert_uint_eq(t.levels.table.n, 0);
    subtree_clear(&t);
}
END_TEST

/* The deepest topic that fits a packet needs no stack. */
START_TEST(deep_topics)
{
    static char deep[65536];
    struct subtree t;
    int session;
    memset(deep, '/', 65535);
    subtree_init(&t);
    struct subscription *s = subscribe(&t, &session, deep);
    struct subscription *all = subscribe(&t, &session, "#");
    ck_assert_uint_eq(n_matches(&t, deep), 2);
    unsubscribe(&t, s);
    unsubscribe(&t, all);
    ck_assert_uint_eq(t.levels.table.n, 0);
    subtree_clear(&t);
}
END_TEST

Suite *suite_subtree(void)
{
    Suite *suite = suite_create("subtree");
    TCase *tcase = tcase_create("subtree");
    tcase_add_test(tcase, agrees_with_the_model);
    tcase_add_test(tcase, finds_by_session_and_filter);
    tcase_add_test(tcase, groups_count_once);
    tcase_add_test(tcase, deep_topics);
    suite_add_tcase(suite, tcase);
    return suite;
}
