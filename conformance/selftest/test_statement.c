/* SPDX-License-Identifier: Apache-2.0 */
/* test_statement.c -- the reader of CSV and the catalogue of statements. */
#include "selftest/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults/catalogue.h"
#include "statement.h"
#include "statements/csv.h"
#include "suite.h"

#define HEADER "id,section,role,testable,level,mqtt,observable,summary,reason\n"
#define ROW "X-1,1.2 Title,server,yes,must,5.0,look,It does.,\n"

/* Quotes, doubled quotes, commas and line breaks inside a field are kept. */
START_TEST(csv_keeps_quoted_text)
{
    const char text[] = "a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\r\n1,\n";
    struct csv csv;
    ck_assert_int_eq(csv_read(&csv, text, sizeof text - 1), 0);
    ck_assert_uint_eq(csv.n_rows, 3);
    ck_assert_str_eq(csv.rows[1].fields[0], "x,\"y\"");
    ck_assert_str_eq(csv.rows[1].fields[1], "two\nlines");
    ck_assert_str_eq(csv.rows[2].fields[1], "");
    ck_assert_uint_eq(csv.rows[2].line, 4);
    ck_assert_int_eq(csv_column(&csv, "b"), 1);
    ck_assert_int_eq(csv_column(&csv, "c"), -1);
    csv_clear(&csv);
}
END_TEST

static const struct {
    const char *text;
    const char *error;
    size_t line;
} broken_csv[] = {
    {"", "empty", 1},
    {"a,b\n1\n", "as many fields", 2},
    {"a,b\n1,2\n1,2,3\n", "as many fields", 3},
    {"a,b\n1,\"2\n", "never closed", 2},
    {"a,b\n1,\"2\"x\n", "after a closing quote", 2},
    {"a,b\n1,x\"y\n", "a quote inside", 2},
};

/* Each broken form is refused with its line. */
START_TEST(csv_names_the_broken_line)
{
    struct csv csv;
    const char *text = broken_csv[_i].text;
    ck_assert_int_eq(csv_read(&csv, text, strlen(text)), -1);
    ck_assert_ptr_nonnull(strstr(csv.error, broken_csv[_i].error));
    ck_assert_uint_eq(csv.error_line, broken_csv[_i].line);
    csv_clear(&csv);
}
END_TEST

/* The embedded catalogue holds what the two standards number, and no id
 * twice. */
START_TEST(catalogue_is_complete)
{
    char error[256] = "";
    struct catalogue *c = catalogue_new(error, sizeof error);
    ck_assert_msg(c != NULL, "%s", error);
    size_t n_311 = 0, n_50 = 0, n_untestable = 0;
    for (size_t i = 0; i < catalogue_count(c); i++) {
        const struct statement *s = catalogue_at(c, i);
        n_311 += s->is_numbered && strcmp(s->catalogue, "3.1.1") == 0;
        n_50 += s->is_numbered && strcmp(s->catalogue, "5.0") == 0;
        n_untestable += s->testable == STATEMENT_TESTABLE_NO;
        ck_assert_ptr_eq(catalogue_find(c, s->id), s);
    }
    ck_assert_uint_eq(n_311, 141);
    ck_assert_uint_eq(n_50, 251);
    ck_assert_uint_eq(n_untestable, 28);
    catalogue_free(c);
}
END_TEST

/* The same number means different things in the two standards. */
START_TEST(catalogue_tells_versions_apart)
{
    char error[256];
    struct catalogue *c = catalogue_new(error, sizeof error);
    const struct statement *old = catalogue_find(c, "3.1.1/MQTT-3.1.2-24");
    const struct statement *new = catalogue_find(c, "5.0/MQTT-3.1.2-24");
    ck_assert_ptr_nonnull(old);
    ck_assert_ptr_nonnull(new);
    ck_assert_str_eq(old->section, "3.1.2.10");
    ck_assert_str_eq(new->section, "3.1.2.11.4");
    ck_assert_uint_eq(old->versions, STATEMENT_MQTT_3_1_1);
    ck_assert_uint_eq(new->versions, STATEMENT_MQTT_5_0);
    ck_assert_ptr_null(catalogue_find(c, "MQTT-3.1.2-24"));
    ck_assert_ptr_null(catalogue_find(c, "5.0/MQTT-3.1.2-99"));
    catalogue_free(c);
}
END_TEST

static const struct {
    const char *text;
    const char *error;
} broken_catalogues[] = {
    {"id,section\nX-1,1 T\n", "x.csv:1: there is no column 'role'"},
    {HEADER ROW ROW, "x.csv:3: 5.0/X-1 stands there twice"},
    {HEADER "X-1,1 T,broker,yes,must,5.0,,S.,\n", "x.csv:2: role 'broker'"},
    {HEADER "X-1,1 T,both,maybe,must,5.0,,S.,\n", "testable 'maybe'"},
    {HEADER "X-1,1 T,both,yes,shall,5.0,,S.,\n", "level 'shall'"},
    {HEADER "X-1,1 T,both,yes,must,4.0,,S.,\n", "mqtt '4.0'"},
    {HEADER "X-1,1,both,yes,must,5.0,,S.,\n", "no title"},
    {HEADER "X-1,1 T,both,yes,must,5.0,,,\n", "no summary"},
    {HEADER "X-1,1 T,both,no,must,5.0,,S.,\n", "a reason goes with"},
    {HEADER "X-1,1 T,both,yes,must,5.0,,S.,why\n", "a reason goes with"},
    {HEADER "X 1,1 T,both,yes,must,5.0,,S.,\n", "'X 1' is no id"},
    {HEADER "X-1,1 T\n", "x.csv:2: the row has not as many"},
};

/* A file with one wrong word adds nothing and says where it is wrong. */
START_TEST(catalogue_refuses_a_broken_file)
{
    char error[256] = "";
    struct catalogue *c = catalogue_new_empty();
    const char *text = broken_catalogues[_i].text;
    ck_assert_int_eq(catalogue_add_csv(c, "5.0", "x.csv", text, strlen(text),
                                       error, sizeof error),
                     -1);
    ck_assert_msg(strstr(error, broken_catalogues[_i].error) != NULL, "%s",
                  error);
    ck_assert_uint_eq(catalogue_count(c), 0);
    ck_assert_int_eq(catalogue_add_csv(c, "5.0", "x.csv", HEADER ROW,
                                       strlen(HEADER ROW), error, sizeof error),
                     0);
    ck_assert_ptr_nonnull(catalogue_find(c, "5.0/X-1"));
    catalogue_free(c);
}
END_TEST

static void assert_known(const struct catalogue *c, const struct test *test,
                         const char *ids)
{
    char copy[1024], *save = NULL;
    snprintf(copy, sizeof copy, "%s", ids);
    for (char *id = strtok_r(copy, " ", &save); id;
         id = strtok_r(NULL, " ", &save))
        ck_assert_msg(catalogue_find(c, id) != NULL,
                      "%s:%d: %s names %s, which no catalogue has", test->file,
                      test->line, test->name, id);
}

/* Every test, and every row of its table, names statements that exist. */
START_TEST(tests_name_known_statements)
{
    char error[256];
    size_t n = 0;
    struct catalogue *c = catalogue_new(error, sizeof error);
    for (size_t s = 0; suites[s]; s++)
        for (size_t i = 0; suites[s]->tests[i]; i++, n++) {
            const struct test *test = suites[s]->tests[i];
            ck_assert_msg(test->rows || test->statements[0],
                          "%s names no statement", test->name);
            for (int k = 0; k < TEST_MAX_STATEMENTS && test->statements[k]; k++)
                assert_known(c, test, test->statements[k]);
            for (size_t r = 0; test->rows && r < test->n_rows; r++) {
                const struct row *row =
                    (const void *)((const char *)test->rows +
                                   r * test->row_size);
                ck_assert_msg(row->statements || test->statements[0],
                              "%s[%s] names no statement", test->name,
                              row->name);
                if (row->statements)
                    assert_known(c, test, row->statements);
            }
        }
    ck_assert_uint_gt(n, 0);
    catalogue_free(c);
}
END_TEST

/* Every fault breaks statements that exist. */
START_TEST(faults_name_known_statements)
{
    char error[256];
    struct catalogue *c = catalogue_new(error, sizeof error);
    const struct fault *fault;
    ck_assert_uint_ge(fault_count(), 300);
    for (size_t i = 0; (fault = fault_at(i)); i++) {
        char *copy = strdup(fault->statements), *save = NULL;
        int n = 0;
        for (char *id = strtok_r(copy, " ", &save); id;
             id = strtok_r(NULL, " ", &save), n++)
            ck_assert_msg(catalogue_find(c, id) != NULL,
                          "fault %s breaks %s, which no catalogue has",
                          fault->name, id);
        free(copy);
        ck_assert_msg(n > 0, "fault %s breaks nothing", fault->name);
        ck_assert_msg(fault_find(fault->name) == fault,
                      "two faults are called %s", fault->name);
    }
    catalogue_free(c);
}
END_TEST

Suite *suite_statement(void)
{
    Suite *suite = suite_create("statement");
    TCase *csv = tcase_create("csv");
    tcase_add_test(csv, csv_keeps_quoted_text);
    tcase_add_loop_test(csv, csv_names_the_broken_line, 0,
                        (int)(sizeof broken_csv / sizeof broken_csv[0]));
    suite_add_tcase(suite, csv);
    TCase *catalogue = tcase_create("catalogue");
    tcase_add_test(catalogue, catalogue_is_complete);
    tcase_add_test(catalogue, catalogue_tells_versions_apart);
    tcase_add_loop_test(
        catalogue, catalogue_refuses_a_broken_file, 0,
        (int)(sizeof broken_catalogues / sizeof broken_catalogues[0]));
    tcase_add_test(catalogue, tests_name_known_statements);
    tcase_add_test(catalogue, faults_name_known_statements);
    suite_add_tcase(suite, catalogue);
    return suite;
}
