/* SPDX-License-Identifier: Apache-2.0 */
/* report.c -- a run's report folder: made whole, or left as it was.
 *
 * The hidden folder is named after the process, so that two runs into one
 * folder do not mix; those of processes that died are swept at the next run.
 */
#include "report/report.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/writers.h"

#define PARTIAL_PREFIX ".partial-"

static const struct {
    const char *name;
    void (*write)(struct text *out, const cJSON *document);
} files[] = {
    {"conformance.xml", write_junit}, {"conformance.tap", write_tap},
    {"summary.md", write_markdown},   {"badge.json", write_badge},
    {"index.html", write_page},       {"conformance.json", write_json},
};

#define N_FILES (sizeof files / sizeof files[0])

struct report {
    char folder[PATH_MAX / 4];
    char partial[PATH_MAX / 2];
    char captures[PATH_MAX];
};

static int complain(char *error, size_t n, const char *path)
{
    snprintf(error, n, "%s: %s", path, strerror(errno));
    return -1;
}

int report_make_folders(const char *path)
{
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *c = part + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return -1;
        *c = '/';
    }
    if (mkdir(part, 0777) < 0 && errno != EEXIST)
        return -1;
    struct stat status;
    if (stat(part, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    errno = ENOTDIR;
    return -1;
}

/* Removes a file or a folder with all that is in it; follows no link. */
static void remove_tree(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return;
    if (!S_ISDIR(status.st_mode)) {
        unlink(path);
        return;
    }
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char inner[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int n = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof inner)
            remove_tree(inner);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

/* Sweeps what runs left here that ended before their time. */
static void sweep(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX)) != 0)
            continue;
        long pid = atol(entry->d_name + strlen(PARTIAL_PREFIX));
        if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        char stale[PATH_MAX];
        int n = snprintf(stale, sizeof stale, "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof stale)
            remove_tree(stale);
    }
    if (folder)
        closedir(folder);
}

struct report *report_begin(const char *folder, char *error, size_t n)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        abort();
    if (strlen(folder) >= sizeof report->folder) {
        errno = ENAMETOOLONG;
        complain(error, n, folder);
        goto broken;
    }
    snprintf(report->folder, sizeof report->folder, "%s", folder);
    snprintf(report->partial, sizeof report->partial,
             "%s/" PARTIAL_PREFIX "%ld", folder, (long)getpid());
    snprintf(report->captures, sizeof report->captures, "%s/captures",
             report->partial);
    if (report_make_folders(folder) < 0) {
        complain(error, n, folder);
        goto broken;
    }
    sweep(folder);
    remove_tree(report->partial);
    if (report_make_folders(report->captures) < 0) {
        complain(error, n, report->captures);
        goto broken;
    }
    return report;
broken:
    free(report);
    return NULL;
}

const char *report_captures(const struct report *report)
{
    return report->captures;
}

/* Writes one file into the hidden folder. */
static int write_file(const struct report *report, size_t i,
                      const cJSON *document, char *error, size_t n)
{
    char path[PATH_MAX];
    struct text text = {0};
    snprintf(path, sizeof path, "%s/%s", report->partial, files[i].name);
    files[i].write(&text, document);
    int result = text_save(&text, path);
    if (result < 0)
        complain(error, n, path);
    text_clear(&text);
    return result;
}

/* Moves one entry of the hidden folder to its place. A folder cannot replace
 * another one that has entries, so the old one is moved out of the way. */
static int move_entry(const struct report *report, const char *name,
                      char *error, size_t n)
{
    char from[PATH_MAX], to[PATH_MAX], old[PATH_MAX];
    snprintf(from, sizeof from, "%s/%s", report->partial, name);
    snprintf(to, sizeof to, "%s/%s", report->folder, name);
    snprintf(old, sizeof old, "%s/old-%s", report->partial, name);
    if (rename(from, to) == 0)
        return 0;
    if ((errno == ENOTEMPTY || errno == EEXIST) && rename(to, old) == 0 &&
        rename(from, to) == 0)
        return 0;
    return complain(error, n, to);
}

int report_commit(struct report *report, const cJSON *document, char *error,
                  size_t n)
{
    int result = 0;
    for (size_t i = 0; i < N_FILES && result == 0; i++)
        result = write_file(report, i, document, error, n);
    if (result == 0)
        result = move_entry(report, "captures", error, n);
    /* The document goes last: whoever waits for it finds the rest. */
    for (size_t i = 0; i < N_FILES && result == 0; i++)
        result = move_entry(report, files[i].name, error, n);
    report_discard(report);
    return result;
}

void report_discard(struct report *report)
{
    if (report)
        remove_tree(report->partial);
    free(report);
}

static void append_summary(const char *path, const cJSON *document)
{
    struct text text = {0};
    write_markdown(&text, document);
    FILE *file = fopen(path, "a");
    bool is_written = file && fwrite(text.chars, 1, text.n, file) == text.n;
    if (file && fclose(file) != 0)
        is_written = false;
    if (!is_written)
        fprintf(stderr, "mqttspec: GITHUB_STEP_SUMMARY %s: %s\n", path,
                strerror(errno));
    text_clear(&text);
}

void report_tell_ci(const cJSON *document)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    const char *actions = getenv("GITHUB_ACTIONS");
    if (summary && *summary)
        append_summary(summary, document);
    if (actions && strcmp(actions, "true") == 0) {
        struct text text = {0};
        write_annotations(&text, document);
        if (text.n > 0)
            fwrite(text.chars, 1, text.n, stdout);
        text_clear(&text);
    }
}
