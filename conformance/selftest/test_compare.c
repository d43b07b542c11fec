/* SPDX-License-Identifier: Apache-2.0 */
/* test_compare.c -- merge, compare and explain, as commands and as functions.
 *
 * The commands run in a folder of their own; what they say on stderr goes to a
 * file there.
 */
#include "selftest/selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_reports.h"
#include "report/compare.h"
#include "report/document.h"
#include "report/merge.h"
#include "report/writers.h"
#include "selftest/sample.h"

enum { MAX_ARGUMENTS = 12 };

static char folder[] = "/tmp/mqttspec-compare-XXXXXX";

static void save(const char *name, cJSON *document)
{
    struct text text = {0};
    write_json(&text, document);
    ck_assert_int_eq(text_save(&text, name), 0);
    text_clear(&text);
    cJSON_Delete(document);
}

/* A finished document of another broker, of which one case fares otherwise. */
static cJSON *other_run(const char *name, const char *started)
{
    cJSON *document = sample_unfinished();
    cJSON *target = cJSON_GetObjectItemCaseSensitive(document, "target");
    cJSON_ReplaceItemInObjectCaseSensitive(target, "name",
                                           cJSON_CreateString(name));
    cJSON_ReplaceItemInObjectCaseSensitive(document, "started",
                                           cJSON_CreateString(started));
    cJSON *failed = cJSON_GetArrayItem(
        cJSON_GetObjectItemCaseSensitive(document, "cases"), 1);
    cJSON_ReplaceItemInObjectCaseSensitive(failed, "verdict",
                                           cJSON_CreateString("passed"));
    sample_finish(document);
    return document;
}

static void set_up(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    save("1.json", sample_shard(1, 3));
    save("2.json", sample_shard(2, 3));
    save("3.json", sample_shard(3, 3));
    save("1of2.json", sample_shard(1, 2));
    save("all.json", sample_document());
    save("other.json", other_run("other", "2026-01-02T03:04:05Z"));
    save("later.json", other_run("sample", "2026-02-03T04:05:06Z"));
    cJSON *foreign = cJSON_CreateObject();
    cJSON_AddStringToObject(foreign, "schema", "mqttspec/9");
    save("foreign.json", foreign);
    ck_assert_ptr_nonnull(freopen("said", "w", stderr));
    ck_assert_ptr_nonnull(freopen("printed", "w", stdout));
}

static void tear_down(void)
{
    char command[128];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Runs "merge a b -o c" as the program would. */
static int run(const char *line)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"merge", cli_merge},
                    {"compare", cli_compare},
                    {"explain", cli_explain}};
    char copy[512], *save_at = NULL, *argv[MAX_ARGUMENTS + 1] = {NULL};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &save_at);
         word && argc < MAX_ARGUMENTS; word = strtok_r(NULL, " ", &save_at))
        argv[argc++] = word;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (argc > 0 && strcmp(commands[i].name, argv[0]) == 0)
            return commands[i].run(argc, argv);
    ck_abort_msg("no command in: %s", line);
}

static void assert_file_holds(const char *path, const char *part)
{
    struct text text = {0};
    fflush(NULL);
    ck_assert_msg(text_load(&text, path) == 0, "%s is not there", path);
    ck_assert_msg(strstr(text.chars, part) != NULL, "\"%s\" is not in %s:\n%s",
                  part, path, text.chars);
    text_clear(&text);
}

static size_t count_lines(const char *path)
{
    struct text text = {0};
    size_t n = 0;
    fflush(NULL);
    ck_assert_int_eq(text_load(&text, path), 0);
    for (size_t i = 0; i < text.n; i++)
        n += text.chars[i] == '\n';
    text_clear(&text);
    return n;
}

/* Three shards merged are what one run would have been. */
START_TEST(merged_shards_equal_one_run)
{
    char error[512];
    ck_assert_int_eq(run("merge 2.json 3.json 1.json -o merged.json"), 0);
    cJSON *merged = document_load("merged.json", error, sizeof error);
    ck_assert_msg(merged != NULL, "%s", error);
    cJSON *whole = document_load("all.json", error, sizeof error);
    ck_assert(cJSON_Compare(merged, whole, true));
    cJSON_Delete(merged);
    cJSON_Delete(whole);
}
END_TEST

/* The whole report can be made from shards too. */
START_TEST(merge_writes_a_report)
{
    ck_assert_int_eq(run("merge 1.json 2.json 3.json --report latest"), 0);
    assert_file_holds("latest/conformance.xml", "tests=\"8\"");
    assert_file_holds("latest/index.html", "second_connect");
    assert_file_holds("said", "captures/second_connect.pcap");
}
END_TEST

static const struct {
    const char *line;
    const char *said;
} wrong[] = {
    {"merge 1.json 2.json 2.json 3.json -o out.json",
     "shard 2/3 is given twice: 2.json and 2.json"},
    {"merge 1.json 3.json -o out.json", "shard 2/3 is missing"},
    {"merge 1.json 2.json 1of2.json -o out.json",
     "1of2.json is shard 1/2, but"},
    {"merge all.json 1.json -o out.json", "all.json is no shard"},
    {"merge all.json later.json -o out.json",
     "is in both all.json and later.json"},
    {"merge all.json other.json -o out.json",
     "other.json judged another target than all.json"},
    {"merge 1.json nowhere.json -o out.json", "nowhere.json: No such file"},
    {"merge 1.json foreign.json -o out.json",
     "foreign.json: its schema is \"mqttspec/9\""},
    {"merge 1.json --sort -o out.json", "unknown option --sort"},
    {"merge 1.json -o", "nothing follows -o"},
    {"compare all.json -o out.json", "two reports or more are needed"},
    {"merge all.json", "neither -o FILE nor --report DIR"},
    {"merge -o out.json", "no report was named"},
    {"compare all.json all.json -o out.json",
     "all.json and all.json are one run"},
    {"compare all.json nowhere.json -o out.json", "No such file"},
    {"compare all.json foreign.json -o out.json", "its schema is"},
    {"compare all.json other.json -o out.md", "the page is an .html file"},
    {"explain 5.0/MQTT-9.9.9-9", "no statement \"5.0/MQTT-9.9.9-9\""},
    {"explain", "usage: mqttspec explain"},
};

/* Wrong use: exit 2, one clear line, nothing overwritten. */
START_TEST(wrong_use_changes_nothing)
{
    struct text text = {0};
    text_puts(&text, "precious");
    ck_assert_int_eq(text_save(&text, "out.json"), 0);
    text_clear(&text);
    ck_assert_int_eq(run(wrong[_i].line), 2);
    assert_file_holds("said", wrong[_i].said);
    assert_file_holds("out.json", "precious");
    if (!strstr(wrong[_i].said, "usage"))
        ck_assert_uint_eq(count_lines("said"), 1);
}
END_TEST

/* A file that cannot be written is the third exit code. */
START_TEST(unwritable_output_is_said)
{
    ck_assert_int_eq(run("merge all.json -o no/such/folder.json"), 3);
    assert_file_holds("said", "no/such/folder.json: No such file");
    ck_assert_int_eq(run("compare all.json other.json -o no/such/x.html"), 3);
}
END_TEST

/* Two brokers: what differs comes as a table, with the page beside it. */
START_TEST(compare_shows_differences)
{
    ck_assert_int_eq(run("compare all.json other.json -o page.html"), 0);
    assert_file_holds("page.html", "\"mode\":\"brokers\"");
    assert_file_holds("page.html", "mqttspec-compare-page/1");
    assert_file_holds("page.md", "## Where they differ");
    assert_file_holds("page.md",
                      "| 5.0/MQTT-3.1.0-2 | A repeated CONNECT on one"
                      " connection is a Protocol Error that ends it. |"
                      " **violated** | verified |");
    assert_file_holds("page.md", "## What all of them break");
    assert_file_holds("page.md", "actual: CONNACK \\<b\\>&\"\\</b\\>");
}
END_TEST

static void assert_capture(const char *page, const char *capture)
{
    char part[256];
    snprintf(part, sizeof part, "\"%s\"", capture);
    assert_file_holds(page, part);
}

/* The page links the captures where they are, wherever it lies itself. */
START_TEST(compare_finds_captures)
{
    ck_assert_int_eq(mkdir("a", 0777), 0);
    ck_assert_int_eq(mkdir("a/b", 0777), 0);
    ck_assert_int_eq(mkdir("ab", 0777), 0);
    ck_assert_int_eq(rename("all.json", "a/conformance.json"), 0);
    const char *capture = "captures/second_connect.pcap";
    ck_assert_int_eq(run("compare a other.json -o near.html"), 0);
    assert_capture("near.html", "a/captures/second_connect.pcap");
    ck_assert_int_eq(run("compare a other.json -o a/same.html"), 0);
    assert_capture("a/same.html", capture);
    ck_assert_int_eq(run("compare a other.json -o a/b/deep.html"), 0);
    assert_capture("a/b/deep.html", "../captures/second_connect.pcap");
    ck_assert_int_eq(run("compare a other.json -o ab/beside.html"), 0);
    assert_capture("ab/beside.html", "../a/captures/second_connect.pcap");
}
END_TEST

/* A page that leaves its place links nothing there. */
START_TEST(compare_alone_links_nothing)
{
    struct text page = {0};
    ck_assert_int_eq(run("compare all.json other.json --alone -o x.html"), 0);
    ck_assert_int_eq(text_load(&page, "x.html"), 0);
    ck_assert_ptr_nonnull(strstr(page.chars, "second_connect"));
    ck_assert_ptr_null(strstr(page.chars, "second_connect.pcap"));
    text_clear(&page);
}
END_TEST

/* Runs of one broker, in whatever order given, are its history. */
START_TEST(compare_shows_history)
{
    ck_assert_int_eq(run("compare later.json all.json"), 0);
    assert_file_holds("printed", "conformance of sample over time");
    assert_file_holds("printed", "second\\_connect/5.0/tcp: failed -> passed");
}
END_TEST

/* A bare id is explained for each standard; a full one for its own. */
START_TEST(explain_tells_versions_apart)
{
    ck_assert_int_eq(run("explain 5.0/MQTT-3.1.2-24"), 0);
    assert_file_holds("printed", "Maximum Packet Size");
    ck_assert_int_eq(run("explain MQTT-4.5.0-2"), 0);
    assert_file_holds("printed", "3.1.1/MQTT-4.5.0-2");
    assert_file_holds("printed", "5.0/MQTT-4.5.0-2");
    assert_file_holds("printed", "because");
    assert_file_holds("printed", "tests     none names it");
    ck_assert_int_eq(run("explain 5.0/MQTT-3.12.4-1"), 0);
    assert_file_holds("printed", "(3.12 PINGREQ");
}
END_TEST

Suite *suite_compare(void)
{
    Suite *suite = suite_create("compare");
    TCase *commands = tcase_create("commands");
    tcase_add_checked_fixture(commands, set_up, tear_down);
    tcase_add_test(commands, merged_shards_equal_one_run);
    tcase_add_test(commands, merge_writes_a_report);
    tcase_add_loop_test(commands, wrong_use_changes_nothing, 0,
                        (int)(sizeof wrong / sizeof wrong[0]));
    tcase_add_test(commands, unwritable_output_is_said);
    tcase_add_test(commands, compare_shows_differences);
    tcase_add_test(commands, compare_finds_captures);
    tcase_add_test(commands, compare_alone_links_nothing);
    tcase_add_test(commands, compare_shows_history);
    tcase_add_test(commands, explain_tells_versions_apart);
    suite_add_tcase(suite, commands);
    return suite;
}
