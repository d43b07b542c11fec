/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c -- the document, its views, and the folder they go to.
 *
 * One small document with a case of each verdict, and with texts that would
 * break a careless writer of XML, TAP, Markdown or HTML.
 */
#include "selftest/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/console.h"
#include "report/document.h"
#include "report/offending.h"
#include "report/report.h"
#include "report/writers.h"
#include "selftest/sample.h"

static const char *text_of(struct text *text)
{
    return text->chars ? text->chars : "";
}

static void assert_holds(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%s", part,
                  text);
}

static void assert_lacks(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "\"%s\" is in:\n%s", part, text);
}

/* Each verdict is counted once, and known failures apart. */
START_TEST(summary_counts_each_verdict)
{
    cJSON *document = sample_document();
    ck_assert_int_eq(document_count(document, "cases"), 8);
    ck_assert_int_eq(document_count(document, "passed"), 2);
    ck_assert_int_eq(document_count(document, "failed"), 2);
    ck_assert_int_eq(document_count(document, "known_failures"), 1);
    ck_assert_int_eq(document_count(document, "unexpected_passes"), 1);
    ck_assert_int_eq(document_count(document, "errors"), 1);
    ck_assert_int_eq(document_count(document, "warnings"), 1);
    ck_assert_int_eq(document_count(document, "skipped"), 1);
    ck_assert_int_eq(document_count(document, "inconclusive"), 1);
    cJSON_Delete(document);
}
END_TEST

static const struct {
    const char *id;
    const char *verdict;
} judged[] = {
    {"5.0/MQTT-3.1.0-1", "verified"},
    {"5.0/MQTT-3.1.0-2", "violated"},
    {"5.0/MQTT-3.1.2-1", "skipped"},  /* its case was skipped */
    {"5.0/MQTT-3.1.2-3", "skipped"},  /* its case was an error */
    {"5.0/MQTT-3.1.2-4", "verified"}, /* its case warned: no MUST broken */
    {"5.0/MQTT-3.12.4-1", "untested"},
    {"5.0/MQTT-4.5.0-2", "unobservable"},
    {"5.0/RULE-publish-topic-alias-zero", "client"},
    {"5.0/MQTT-2.2.1-4", "violated"}, /* seen by the observer alone */
    {"5.0/MQTT-2.2.1-3", "skipped"},  /* named by that case, not broken */
};

/* A statement's verdict follows from the cases that name it. */
START_TEST(statement_verdict_follows_from_cases)
{
    cJSON *document = sample_document();
    const cJSON *s;
    const char *verdict = "not there";
    cJSON_ArrayForEach(s,
                       cJSON_GetObjectItemCaseSensitive(document, "statements"))
    {
        if (strcmp(document_text(s, "id"), judged[_i].id) == 0)
            verdict = document_text(s, "verdict");
    }
    ck_assert_msg(strcmp(verdict, judged[_i].verdict) == 0, "%s: %s, not %s",
                  judged[_i].id, verdict, judged[_i].verdict);
    cJSON_Delete(document);
}
END_TEST

/* The order in which cases ran leaves no trace. */
START_TEST(order_of_cases_does_not_matter)
{
    cJSON *one = sample_document();
    cJSON *other = sample_unfinished();
    cJSON *cases = cJSON_GetObjectItemCaseSensitive(other, "cases");
    cJSON_AddItemToArray(cases, cJSON_DetachItemFromArray(cases, 0));
    cJSON_AddItemToArray(cases, cJSON_DetachItemFromArray(cases, 2));
    sample_finish(other);
    ck_assert(cJSON_Compare(one, other, true));
    cJSON_Delete(one);
    cJSON_Delete(other);
}
END_TEST

/* JUnit: failures are failures, errors are errors, the rest is skipped. */
START_TEST(junit_maps_verdicts)
{
    struct text text = {0};
    cJSON *document = sample_document();
    write_junit(&text, document);
    assert_holds(text_of(&text),
                 "<testsuites name=\"mqttspec\" tests=\"8\" failures=\"2\" "
                 "errors=\"1\"");
    assert_holds(text_of(&text), "<failure type=\"failed\" message=\"");
    assert_holds(text_of(&text), "<error type=\"error\" message=\"");
    assert_holds(text_of(&text), "message=\"skipped: no users\"");
    assert_holds(text_of(&text), "message=\"known failure: issue 7;");
    assert_holds(text_of(&text), "&lt;b&gt;&amp;&quot;");
    assert_holds(text_of(&text), "PUBLISH &quot;a&quot;   &lt;&lt;&lt;");
    assert_holds(text_of(&text), "[[PROPERTY|statements=5.0/MQTT-3.1.0-2]]");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* The JUnit file is valid against the schema in reports/. */
START_TEST(junit_is_valid)
{
    char path[] = "/tmp/mqttspec-junit-XXXXXX";
    struct text text = {0};
    cJSON *document = sample_document();
    ck_assert_int_ge(mkstemp(path), 0);
    write_junit(&text, document);
    ck_assert_int_eq(text_save(&text, path), 0);
    pid_t child = fork();
    if (child == 0) {
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
        execlp("xmllint", "xmllint", "--noout", "--schema", "reports/junit.xsd",
               path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    unlink(path);
    ck_assert_msg(WIFEXITED(status), "xmllint died");
    ck_assert_msg(WEXITSTATUS(status) == 0,
                  "xmllint (package libxml2-utils) exits %d",
                  WEXITSTATUS(status));
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* TAP: a plan, a line per case, directives for what must not fail a run. */
START_TEST(tap_has_plan_and_directives)
{
    struct text text = {0};
    cJSON *document = sample_document();
    write_tap(&text, document);
    ck_assert_int_eq(strncmp(text_of(&text), "TAP version 13\n1..8\n", 20), 0);
    assert_holds(text_of(&text), "# SKIP no users\n");
    assert_holds(text_of(&text), "# SKIP inconclusive: ");
    assert_holds(text_of(&text), "# TODO issue 7\n");
    assert_holds(text_of(&text), "not ok ");
    assert_holds(text_of(&text), "  ---\n  verdict: |\n    failed\n");
    assert_holds(text_of(&text), "  transcript:\n    - '   0.5000 one        "
                                 "< PUBLISH \"a\"   <<<'\n  ...\n");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* Markdown: markup in a broker's words stays text. */
START_TEST(markdown_escapes_markup)
{
    struct text text = {0};
    cJSON *document = sample_document();
    write_markdown(&text, document);
    assert_holds(text_of(&text), "not passed");
    assert_holds(text_of(&text), "\\<b\\>&\"");
    assert_lacks(text_of(&text), " <b>");
    assert_holds(text_of(&text), "- 1: no users\n");
    text_clear(&text);
    write_annotations(&text, document);
    assert_holds(text_of(&text), "::error title=second_connect/5.0/tcp::");
    assert_holds(text_of(&text), "%0Aexpected: ");
    assert_holds(text_of(&text), "::error title=mended/5.0/tcp::");
    assert_holds(text_of(&text), "::warning title=known/5.0/tcp::");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* The page holds the document, and no text of it can end the script. */
START_TEST(page_is_self_contained)
{
    struct text text = {0};
    cJSON *document = sample_document();
    write_page(&text, document);
    assert_holds(text_of(&text), "\"schema\":\"mqttspec/1\"");
    assert_holds(text_of(&text), "\\u003cb>&");
    assert_lacks(text_of(&text), "<b>&");
    assert_lacks(text_of(&text), "src=\"http");
    assert_lacks(text_of(&text), "url(http");
    assert_lacks(text_of(&text), "@import");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* A string that is no UTF-8 leaves the JSON and the page readable. */
START_TEST(json_is_utf8)
{
    struct text text = {0};
    cJSON *document = sample_unfinished();
    cJSON_AddStringToObject(
        cJSON_GetObjectItemCaseSensitive(document, "target"), "said",
        "\xFD\xFE name");
    sample_finish(document);
    write_json(&text, document);
    assert_holds(text_of(&text), "\xEF\xBF\xBD\xEF\xBF\xBD name");
    assert_lacks(text_of(&text), "\xFD");
    text_clear(&text);
    write_page(&text, document);
    assert_lacks(text_of(&text), "\xFD");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

static const struct {
    const char *actual;
    int marked; /* index of the entry, -1 for none */
} blamed[] = {
    {"PUBLISH \"a\" (DUP is 1, expected 0)", 2},
    {"connection of one: PUBLISH \"a\"", 2},
    {"PUBLISH \"ab\" (DUP is 1)", -1},
    {"nothing within 1 s", -1},
    {"the broker closed the connection", 3},
};

/* The packet that "actual" tells of is marked, and only that one. */
START_TEST(offending_packet_is_marked)
{
    cJSON *test_case = cJSON_Parse(
        "{\"verdict\": \"failed\", \"transcript\": ["
        "{\"event\": \"packet\", \"from\": \"broker\","
        " \"text\": \"PUBLISH \\\"a\\\"\"},"
        "{\"event\": \"packet\", \"from\": \"client\","
        " \"text\": \"PUBLISH \\\"a\\\"\"},"
        "{\"event\": \"packet\", \"from\": \"broker\","
        " \"text\": \"PUBLISH \\\"a\\\"\"},"
        "{\"event\": \"close\", \"from\": \"broker\", \"text\": \"closes\"}"
        "]}");
    ck_assert_ptr_nonnull(test_case);
    cJSON_AddStringToObject(test_case, "actual", blamed[_i].actual);
    offending_mark(test_case);
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(test_case, "transcript");
    for (int i = 0; i < cJSON_GetArraySize(list); i++)
        ck_assert_int_eq(
            document_flag(cJSON_GetArrayItem(list, i), "offending"),
            i == blamed[_i].marked);
    cJSON_Delete(test_case);
}
END_TEST

/* The badge says what shields.io wants to know. */
START_TEST(badge_counts_failures)
{
    struct text text = {0};
    cJSON *document = sample_document();
    write_badge(&text, document);
    assert_holds(text_of(&text), "2 passed, 2 failed, 1 errors");
    assert_holds(text_of(&text), "\"red\"");
    text_clear(&text);
    cJSON_Delete(document);
}
END_TEST

/* Octets that are no UTF-8 never reach a report. */
START_TEST(text_is_cleaned)
{
    struct text text = {0};
    text_puts_utf8(&text, "a\xC3\xA9\xED\xA0\x80\xFF\x01\tz\xF0\x9F\x98\x80");
    ck_assert_str_eq(text_of(&text),
                     "a\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                     "\xEF\xBF\xBD\xEF\xBF\xBD\tz\xF0\x9F\x98\x80");
    text_clear(&text);
}
END_TEST

/* Not on a terminal: three lines a failure, the counts, no escape, and no live
 * line. What is known or passed is counted and not told. */
START_TEST(console_is_plain_in_a_file)
{
    char path[] = "/tmp/mqttspec-console-XXXXXX";
    struct text text = {0};
    struct console console;
    cJSON *document = sample_document();
    const cJSON *test_case;
    ck_assert_int_ge(mkstemp(path), 0);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    console_begin(&console, out, 8);
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        console_case(&console, test_case);
    }
    console_end(&console, document, "reports/latest");
    fclose(out);
    ck_assert_int_eq(text_load(&text, path), 0);
    assert_holds(text_of(&text),
                 "failed second_connect/5.0/tcp (5.0/MQTT-3.1.0-2): A second "
                 "CONNECT ends the connection.\n"
                 "  expected  the close\n"
                 "  actual    CONNACK <b>&\"</b>\n");
    assert_holds(text_of(&text), "error reserved_bit/5.0/tcp");
    assert_holds(text_of(&text), "passed mended/5.0/tcp, a known failure");
    assert_holds(text_of(&text),
                 "sample 1.0: 2 passed, 2 failed, 1 errors, 1 warnings, "
                 "1 inconclusive, 1 skipped (1 of the failed are known) "
                 "(1 of the passed should fail)");
    assert_holds(text_of(&text), "report: reports/latest/index.html\n");
    assert_lacks(text_of(&text), "failed known/5.0/tcp");
    assert_lacks(text_of(&text), "\033");
    assert_lacks(text_of(&text), "\r");
    text_clear(&text);
    unlink(path);
    cJSON_Delete(document);
}
END_TEST

static const char *const files[] = {
    "conformance.json", "conformance.xml", "conformance.tap",
    "index.html",       "summary.md",      "badge.json",
};

static int exists(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void remove_folder(const char *folder)
{
    char command[512];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_into(const char *folder, const char *name)
{
    char path[512];
    struct text text = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    text_puts(&text, "x");
    ck_assert_int_eq(text_save(&text, path), 0);
    text_clear(&text);
}

/* A committed report has all files and the captures of this run alone; what
 * other commands wrote beside it stays. */
START_TEST(report_replaces_its_own_files)
{
    char folder[] = "/tmp/mqttspec-report-XXXXXX", error[512] = "";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_into(folder, "faults.json");
    cJSON *document = sample_document();
    for (int run = 0; run < 2; run++) {
        struct report *report = report_begin(folder, error, sizeof error);
        ck_assert_msg(report != NULL, "%s", error);
        write_into(report_captures(report), run ? "new.pcap" : "old.pcap");
        ck_assert_msg(report_commit(report, document, error, sizeof error) == 0,
                      "%s", error);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        ck_assert_msg(exists(folder, files[i]), "%s", files[i]);
    ck_assert(exists(folder, "faults.json"));
    ck_assert(exists(folder, "captures/new.pcap"));
    ck_assert(!exists(folder, "captures/old.pcap"));
    cJSON_Delete(document);
    remove_folder(folder);
}
END_TEST

/* A discarded report leaves the folder as it was. */
START_TEST(report_discarded_leaves_nothing)
{
    char folder[] = "/tmp/mqttspec-report-XXXXXX", error[512] = "";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    struct report *report = report_begin(folder, error, sizeof error);
    ck_assert_ptr_nonnull(report);
    report_discard(report);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* A folder that cannot be is refused before anything ran. */
START_TEST(report_refuses_a_file)
{
    char path[] = "/tmp/mqttspec-report-XXXXXX", error[512] = "";
    ck_assert_int_ge(mkstemp(path), 0);
    ck_assert_ptr_null(report_begin(path, error, sizeof error));
    assert_holds(error, path);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static const struct {
    const char *json;
    const char *error;
} refused[] = {
    {"[", "is not JSON"},
    {"{}", "no report of mqttspec"},
    {"{\"schema\": \"mqttspec/2\"}", "its schema is \"mqttspec/2\""},
    {"{\"schema\": \"mqttspec/1\"}", "no \"target\""},
    {"{\"schema\": \"mqttspec/1\", \"target\": {}}", "no \"cases\""},
    {"{\"schema\": \"mqttspec/1\", \"target\": {}, \"cases\": [{}]}",
     "case 1 has no \"name\""},
};

/* What is no report of ours is refused with the reason and the path. */
START_TEST(document_refuses_other_files)
{
    char path[] = "/tmp/mqttspec-document-XXXXXX", error[512] = "";
    struct text text = {0};
    ck_assert_int_ge(mkstemp(path), 0);
    text_puts(&text, refused[_i].json);
    ck_assert_int_eq(text_save(&text, path), 0);
    ck_assert_ptr_null(document_load(path, error, sizeof error));
    assert_holds(error, path);
    assert_holds(error, refused[_i].error);
    text_clear(&text);
    unlink(path);
    ck_assert_ptr_null(document_load(path, error, sizeof error));
    assert_holds(error, "No such file");
}
END_TEST

Suite *suite_report(void)
{
    Suite *suite = suite_create("report");
    TCase *model = tcase_create("document");
    tcase_add_test(model, summary_counts_each_verdict);
    tcase_add_loop_test(model, statement_verdict_follows_from_cases, 0,
                        (int)(sizeof judged / sizeof judged[0]));
    tcase_add_test(model, order_of_cases_does_not_matter);
    tcase_add_loop_test(model, document_refuses_other_files, 0,
                        (int)(sizeof refused / sizeof refused[0]));
    tcase_add_loop_test(model, offending_packet_is_marked, 0,
                        (int)(sizeof blamed / sizeof blamed[0]));
    suite_add_tcase(suite, model);
    TCase *views = tcase_create("views");
    tcase_add_test(views, junit_maps_verdicts);
    tcase_add_test(views, junit_is_valid);
    tcase_add_test(views, tap_has_plan_and_directives);
    tcase_add_test(views, markdown_escapes_markup);
    tcase_add_test(views, page_is_self_contained);
    tcase_add_test(views, json_is_utf8);
    tcase_add_test(views, badge_counts_failures);
    tcase_add_test(views, text_is_cleaned);
    tcase_add_test(views, console_is_plain_in_a_file);
    suite_add_tcase(suite, views);
    TCase *folder = tcase_create("folder");
    tcase_add_test(folder, report_replaces_its_own_files);
    tcase_add_test(folder, report_discarded_leaves_nothing);
    tcase_add_test(folder, report_refuses_a_file);
    suite_add_tcase(suite, folder);
    return suite;
}
