// SPDX-License-Identifier: Apache-2.0
/* topic_test.c -- tables of Topic Names and Topic Filters.
 *
 * The examples of section 4.7 of both standards, and the edges beside them.
 */
#include <string.h>

#include "state/topic.h"
#include "tests/tests.h"

static struct slice text(const char *s)
{
    return slice_of(s, strlen(s));
}

struct match_row {
    const char *filter;
    const char *name;
    bool matches;
};

static const struct match_row match_rows[] = {
    /* 4.7.1.2: the multi-level wildcard */
    {"sport/tennis/player1/#", "sport/tennis/player1", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
    {"sport/tennis/player1/#", "sport/tennis/player10", false},
    {"sport/#", "sport", true},
    {"#", "sport", true},
    {"#", "/", true},
    {"#", "a/b/c", true},
    {"sport/tennis/#", "sport/tennis", true},
    {"sport/tennis/#", "sport", false},
    /* 4.7.1.3: the single-level wildcard */
    {"sport/tennis/+", "sport/tennis/player1", true},
    {"sport/tennis/+", "sport/tennis/player2", true},
    {"sport/tennis/+", "sport/tennis/player1/ranking", false},
    {"sport/+", "sport", false},
    {"sport/+", "sport/", true},
    {"+", "sport", true},
    {"+", "a/b", false},
    {"+/tennis/#", "sport/tennis", true},
    {"+/tennis/#", "sport/tennis/x/y", true},
    {"+/tennis/#", "sport/golf", false},
    {"sport/+/player1", "sport/tennis/player1", true},
    {"sport/+/player1", "sport//player1", true},
    {"sport/+/player1", "sport/player1", false},
    {"+/+", "/finance", true},
    {"/+", "/finance", true},
    {"+", "/finance", false},
    {"+/#", "a", true},
    {"+/+/#", "a", false},
    {"+/+/#", "a/b", true},
    /* 4.7.2: names that begin with $ */
    {"#", "$SYS/monitor/Clients", false},
    {"+/monitor/Clients", "$SYS/monitor/Clients", false},
    {"$SYS/#", "$SYS/monitor/Clients", true},
    {"$SYS/#", "$SYS", true},
    {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
    {"$SYS/+/Clients", "$SYS/monitor/Clients", true},
    {"+", "$SYS", false},
    {"#", "$", false},
    {"#", "a/$SYS", true},
    {"a/+", "a/$SYS", true},
    {"+/$SYS", "a/$SYS", true},
    /* 4.7.3: as they are */
    {"ACCOUNTS", "Accounts", false},
    {"/finance", "finance", false},
    {"a", "a/", false},
    {"a/", "a", false},
    {"a/", "a/", true},
    {"/", "/", true},
    {"//", "//", true},
    {"/", "//", false},
    {"a//b", "a/b", false},
    {"a//b", "a//b", true},
    {"a/+/b", "a//b", true},
    {"//#", "//", true},
    {"//#", "/", true},
    {"//#", "//x/y", true},
    {"//#", "a/b", false},
    {"Accounts payable", "Accounts payable", true},
    {"\xC3\xA9", "e\xCC\x81", false}, /* composed and decomposed */
    {"$share/g/a", "a", false},       /* in 3.1.1 an ordinary filter */
    {"a/b", "a/b/c", false},
    {"a/b/c", "a/b", false},
    {"abc", "ab", false},
    {"ab", "abc", false},
};

/* A name is matched by the filters of section 4.7 and by no others. */
START_TEST(matches_by_table)
{
    const struct match_row *row = &match_rows[_i];
    ck_assert_msg(topic_matches(text(row->filter), text(row->name)) ==
                      row->matches,
                  "%s and %s", row->filter, row->name);
}
END_TEST

struct validity_row {
    const char *topic;
    bool is_filter;
    bool is_name;
};

static const struct validity_row validity_rows[] = {
    {"", false, false},
    {"a", true, true},
    {"/", true, true},
    {"//", true, true},
    {"#", true, false},
    {"+", true, false},
    {"/#", true, false},
    {"+/+", true, false},
    {"a/#", true, false},
    {"a#", false, false},
    {"a/b#", false, false},
    {"#/a", false, false},
    {"a/#/b", false, false},
    {"##", false, false},
    {"a/##", false, false},
    {"a+", false, false},
    {"+a", false, false},
    {"a/+b/c", false, false},
    {"++", false, false},
    {"+#", false, false},
    {"a/+/#", true, false},
    {"sport+", false, false},
    {"+/tennis/#", true, false},
    {"$SYS/a", true, true},
    {"a b/\xC3\xA9", true, true},
    {"#/", false, false},
    {"+/", true, false},
};

/* Wildcards stand alone in a level, and # in the last; names have none. */
START_TEST(validity_by_table)
{
    const struct validity_row *row = &validity_rows[_i];
    struct slice topic = text(row->topic);
    ck_assert_msg(topic_filter_is_valid(topic) == row->is_filter, "filter %s",
                  row->topic);
    ck_assert_msg(topic_name_is_valid(topic) == row->is_name, "name %s",
                  row->topic);
}
END_TEST

/* U+0000 has no place in a name or filter; 65,535 octets do. */
START_TEST(nul_and_length)
{
    static char octets[65536];
    memset(octets, 'x', sizeof octets);
    ck_assert(!topic_name_is_valid(slice_of("a\0b", 3)));
    ck_assert(!topic_filter_is_valid(slice_of("a\0b", 3)));
    ck_assert(topic_name_is_valid(slice_of(octets, 65535)));
    ck_assert(topic_filter_is_valid(slice_of(octets, 65535)));
    ck_assert(!topic_name_is_valid(slice_of(octets, 65536)));
    ck_assert(!topic_filter_is_valid(slice_of(octets, 65536)));
}
END_TEST

/* Levels are counted by their separators, empty ones too. */
START_TEST(levels_are_counted)
{
    ck_assert_uint_eq(topic_n_levels(text("a")), 1);
    ck_assert_uint_eq(topic_n_levels(text("/")), 2);
    ck_assert_uint_eq(topic_n_levels(text("a//b")), 3);
    ck_assert_uint_eq(topic_n_levels(text("a/b/")), 3);
}
END_TEST

struct share_row {
    const char *topic;
    bool is_legal;
    const char *name;
    const char *filter;
};

static const struct share_row share_rows[] = {
    {"$share/consumer1/sport/tennis/+", true, "consumer1", "sport/tennis/+"},
    {"$share/consumer1//finance", true, "consumer1", "/finance"},
    {"$share/g/#", true, "g", "#"},
    {"$share/g//", true, "g", "/"},
    {"$share/\xC3\xA9/a", true, "\xC3\xA9", "a"},
    {"sport/tennis/+", true, "", "sport/tennis/+"},
    {"$shared/a/b", true, "", "$shared/a/b"},
    {"$SHARE/a/b", true, "", "$SHARE/a/b"},
    {"$shar", true, "", "$shar"},
    {"/$share/a/b", true, "", "/$share/a/b"},
    {"$share", false, "", ""},
    {"$share/", false, "", ""},
    {"$share/g", false, "", ""},
    {"$share/g/", false, "", ""},
    {"$share//a", false, "", ""},
    {"$share//", false, "", ""},
    {"$share/g+/a", false, "", ""},
    {"$share/+/a", false, "", ""},
    {"$share/#/a", false, "", ""},
    {"$share/g#/a", false, "", ""},
};

/* A shared filter is "$share/", a ShareName, "/" and a filter (4.8.2). */
START_TEST(shares_by_table)
{
    const struct share_row *row = &share_rows[_i];
    struct slice name;
    struct slice filter;
    bool is_legal = share_parse(text(row->topic), &name, &filter);
    ck_assert_msg(is_legal == row->is_legal, "%s", row->topic);
    ck_assert_msg(!is_legal || (slice_equals(name, text(row->name)) &&
                                slice_equals(filter, text(row->filter))),
                  "%s", row->topic);
}
END_TEST

struct syntax_row {
    const char *characters; /* delimiter, single word, any words */
    const char *text;
    const char *filter;
};

static const struct syntax_row syntax_rows[] = {
    {".*#", "news.europe.#", "news/europe/#"},
    {".*#", "news.*.sport", "news/+/sport"},
    {".*#", "#", "#"},
    {".*#", "1\\.0.dev", "1.0/dev"},
    {".*#", "a\\*.b", "a*/b"},
    {".*#", "a\\\\b", "a\\b"},
    {".*#", "a\\b", "a\\b"},
    {".*#", "a\\", "a\\"},
    {".*#", "$sys.mqtt.retain.#", "$sys/mqtt/retain/#"},
    {"/+#", "a/+/#", "a/+/#"},
    {"/+#", "a.b/c*", "a.b/c*"},
    {"_%>", "a_%_>", "a/+/#"},
    {"_%>", "a.b_c", "a.b/c"},
    {"_%>", "a\\_b_c", "a_b/c"},
};

/* A configured address becomes a filter; a backslash keeps a character. */
START_TEST(syntax_by_table)
{
    const struct syntax_row *row = &syntax_rows[_i];
    const struct topic_syntax syntax = {row->characters[0], row->characters[1],
                                        row->characters[2]};
    char out[64];
    size_t n = topic_from_syntax(out, text(row->text), &syntax);
    ck_assert_msg(slice_equals(slice_of(out, n), text(row->filter)), "%s: %.*s",
                  row->text, (int)n, out);
}
END_TEST

#define N_ROWS(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_topic(void)
{
    Suite *suite = suite_create("topic");
    TCase *tcase = tcase_create("topic");
    tcase_add_loop_test(tcase, matches_by_table, 0, N_ROWS(match_rows));
    tcase_add_loop_test(tcase, validity_by_table, 0, N_ROWS(validity_rows));
    tcase_add_test(tcase, nul_and_length);
    tcase_add_test(tcase, levels_are_counted);
    tcase_add_loop_test(tcase, shares_by_table, 0, N_ROWS(share_rows));
    tcase_add_loop_test(tcase, syntax_by_table, 0, N_ROWS(syntax_rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
