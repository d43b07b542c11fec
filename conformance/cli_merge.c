/* SPDX-License-Identifier: Apache-2.0 */
/* cli_merge.c -- `mqttspec merge`: the reports of shards become one. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli_reports.h"
#include "report/document.h"
#include "report/inputs.h"
#include "report/merge.h"
#include "report/report.h"
#include "report/text.h"
#include "report/writers.h"

enum { EXIT_DONE = 0, EXIT_WRONG_USE = 2, EXIT_NOT_WRITTEN = 3 };

static const char usage_text[] =
    "usage: mqttspec merge A.json B.json ... [-o all.json] [--report DIR]\n"
    "  -o FILE        the merged conformance.json\n"
    "  --report DIR   the whole report: page, JUnit, TAP, captures\n";

/* Copies the captures that a part's failed cases name; a capture that is not
 * there any more is no reason to lose the report. */
static void copy_captures(const cJSON *part, const char *path,
                          const struct report *report)
{
    const char *slash = strrchr(path, '/');
    int n_folder = slash ? (int)(slash - path) : 1;
    const char *folder = slash ? path : ".";
    size_t n_path = strlen(path);
    if (n_path < 5 || strcmp(path + n_path - 5, ".json") != 0) {
        folder = path;
        n_folder = (int)n_path;
    }
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, document_cases(part))
    {
        const char *capture = document_text(test_case, "capture");
        const char *name = strrchr(capture, '/');
        char from[PATH_MAX], to[PATH_MAX];
        struct text text = {0};
        if (!*capture)
            continue;
        snprintf(from, sizeof from, "%.*s/%s", n_folder, folder, capture);
        snprintf(to, sizeof to, "%s/%s", report_captures(report),
                 name ? name + 1 : capture);
        if (text_load(&text, from) < 0 || text_save(&text, to) < 0)
            fprintf(stderr, "mqttspec merge: %s: %s\n", from, strerror(errno));
        text_clear(&text);
    }
}

static int write_report(const struct inputs *inputs, const cJSON *document)
{
    char error[PATH_MAX + 256];
    struct report *report = report_begin(inputs->report, error, sizeof error);
    if (!report)
        goto broken;
    for (size_t i = 0; i < inputs->n; i++)
        copy_captures(inputs->documents[i], inputs->paths[i], report);
    if (report_commit(report, document, error, sizeof error) == 0)
        return EXIT_DONE;
broken:
    fprintf(stderr, "mqttspec merge: %s\n", error);
    return EXIT_NOT_WRITTEN;
}

static int write_output(const char *path, const cJSON *document)
{
    struct text text = {0};
    int code = EXIT_DONE;
    write_json(&text, document);
    if (text_save(&text, path) < 0) {
        fprintf(stderr, "mqttspec merge: %s: %s\n", path, strerror(errno));
        code = EXIT_NOT_WRITTEN;
    }
    text_clear(&text);
    return code;
}

static int merge(const struct inputs *inputs)
{
    char error[2048];
    int code = EXIT_WRONG_USE;
    cJSON *document = NULL;
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    if (catalogue)
        document = merge_documents(inputs->documents, inputs->paths, inputs->n,
                                   catalogue, error, sizeof error);
    if (!document) {
        fprintf(stderr, "mqttspec merge: %s\n", error);
        goto out;
    }
    code = EXIT_DONE;
    if (inputs->report)
        code = write_report(inputs, document);
    if (code == EXIT_DONE && inputs->output)
        code = write_output(inputs->output, document);
    if (code == EXIT_DONE)
        printf("%zu report%s, %d cases: %d passed, %d failed\n", inputs->n,
               inputs->n == 1 ? "" : "s", document_count(document, "cases"),
               document_count(document, "passed"),
               document_count(document, "failed"));
out:
    cJSON_Delete(document);
    catalogue_free(catalogue);
    return code;
}

int cli_merge(int argc, char **argv)
{
    struct inputs inputs = {0};
    int code = EXIT_WRONG_USE;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage_text, stdout);
        return EXIT_DONE;
    }
    if (inputs_read(&inputs, argc, argv, 1) == 0) {
        if (inputs.n == 0)
            fputs("mqttspec merge: no report was named\n", stderr);
        else if (!inputs.output && !inputs.report)
            fputs("mqttspec merge: neither -o FILE nor --report DIR says where"
                  " to write\n",
                  stderr);
        else
            code = merge(&inputs);
    }
    inputs_clear(&inputs);
    return code;
}
