/* SPDX-License-Identifier: Apache-2.0 */
/* cli_compare.c -- `mqttspec compare`: several runs side by side. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_reports.h"
#include "report/compare.h"
#include "report/document.h"
#include "report/inputs.h"

enum { EXIT_DONE = 0, EXIT_WRONG_USE = 2, EXIT_NOT_WRITTEN = 3 };

static const char usage_text[] =
    "usage: mqttspec compare A.json B.json ... [-o page.html] [--alone]\n"
    "  -o FILE   the page; the same as Markdown goes beside it (FILE.md)\n"
    "  --alone   no links to captures, for a page that leaves its place\n"
    "Runs of one target are shown as its history.\n";

/* "x/page.html" and anything else to "x/page.md". */
static int markdown_path(const char *page, char *path, size_t n)
{
    const char *dot = strrchr(page, '.');
    const char *slash = strrchr(page, '/');
    size_t n_stem =
        dot && (!slash || dot > slash) ? (size_t)(dot - page) : strlen(page);
    int n_path = snprintf(path, n, "%.*s.md", (int)n_stem, page);
    if (n_path > 0 && (size_t)n_path < n && strcmp(path, page) != 0)
        return 0;
    fprintf(stderr, "mqttspec compare: -o %s: the page is an .html file\n",
            page);
    return -1;
}

static int save(const struct text *text, const char *path)
{
    if (text_save(text, path) == 0)
        return EXIT_DONE;
    fprintf(stderr, "mqttspec compare: %s: %s\n", path, strerror(errno));
    return EXIT_NOT_WRITTEN;
}

/* The folder of a file, resolved; "" when it does not exist. */
static void folder_of(const char *path, char *folder)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    char *slash = strrchr(copy, '/');
    if (slash)
        slash[slash == copy] = '\0';
    else
        strcpy(copy, ".");
    if (!realpath(copy, folder))
        folder[0] = '\0';
}

/* Writes the way from one folder to another, both resolved, with a "/" at its
 * end; "" when they are the same. */
static void way_to(const char *from, const char *to, char *way, size_t n)
{
    size_t same = 0, used = 0;
    for (size_t i = 0;; i++) {
        bool is_end = !from[i] || !to[i];
        if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
            same = i;
        if (is_end || from[i] != to[i])
            break;
    }
    way[0] = '\0';
    for (const char *c = from + same; *c && used < n; c++)
        if (*c == '/')
            used += (size_t)snprintf(way + used, n - used, "../");
    if (to[same] && used < n)
        snprintf(way + used, n - used, "%s/", to + same + 1);
}

/* A report names its captures from its own folder; the page lies elsewhere. */
static void rebase_captures(cJSON *document, const char *path,
                            const char *output)
{
    char report[PATH_MAX], page[PATH_MAX], way[PATH_MAX];
    char file[PATH_MAX + 32];
    size_t n = strlen(path);
    bool is_file = n > 5 && strcmp(path + n - 5, ".json") == 0;
    snprintf(file, sizeof file, "%s%s", path, is_file ? "" : "/x");
    folder_of(file, report);
    folder_of(output, page);
    if (!*report || !*page)
        return;
    way_to(page, report, way, sizeof way);
    cJSON *test_case;
    cJSON_ArrayForEach(test_case,
                       cJSON_GetObjectItemCaseSensitive(document, "cases"))
    {
        const char *capture = document_text(test_case, "capture");
        char whole[2 * PATH_MAX];
        if (!*capture)
            continue;
        snprintf(whole, sizeof whole, "%s%s", way, capture);
        cJSON_ReplaceItemInObjectCaseSensitive(test_case, "capture",
                                               cJSON_CreateString(whole));
    }
}

static void drop_captures(cJSON *document)
{
    cJSON *test_case;
    cJSON_ArrayForEach(test_case,
                       cJSON_GetObjectItemCaseSensitive(document, "cases"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(test_case, "capture");
    }
}

static int write_comparison(const struct inputs *inputs, const char *markdown)
{
    int code = EXIT_DONE;
    struct text page = {0}, text = {0};
    for (size_t i = 0; inputs->output && i < inputs->n; i++) {
        rebase_captures(inputs->documents[i], inputs->paths[i], inputs->output);
        if (inputs->is_alone)
            drop_captures(inputs->documents[i]);
    }
    cJSON *comparison = compare_documents(inputs->documents, inputs->n);
    write_compare_markdown(&text, comparison);
    if (!inputs->output) {
        fwrite(text.chars, 1, text.n, stdout);
        goto out;
    }
    write_compare_page(&page, comparison);
    code = save(&page, inputs->output);
    if (code == EXIT_DONE)
        code = save(&text, markdown);
    if (code == EXIT_DONE)
        printf("comparison: %s, %s\n", inputs->output, markdown);
out:
    cJSON_Delete(comparison);
    text_clear(&page);
    text_clear(&text);
    return code;
}

/* The same run twice would be compared with itself. */
static int check_twice(const struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        for (size_t j = i + 1; j < inputs->n; j++)
            if (cJSON_Compare(inputs->documents[i], inputs->documents[j], 1)) {
                fprintf(stderr, "mqttspec compare: %s and %s are one run\n",
                        inputs->paths[i], inputs->paths[j]);
                return -1;
            }
    return 0;
}

int cli_compare(int argc, char **argv)
{
    char markdown[PATH_MAX];
    struct inputs inputs = {0};
    int code = EXIT_WRONG_USE;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage_text, stdout);
        return EXIT_DONE;
    }
    if (inputs_read(&inputs, argc, argv, 0) < 0)
        goto out;
    if (inputs.n < 2) {
        fputs("mqttspec compare: two reports or more are needed\n", stderr);
        goto out;
    }
    if (check_twice(&inputs) < 0)
        goto out;
    if (inputs.output &&
        markdown_path(inputs.output, markdown, sizeof markdown) < 0)
        goto out;
    code = write_comparison(&inputs, markdown);
out:
    inputs_clear(&inputs);
    return code;
}
