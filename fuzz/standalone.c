/* SPDX-License-Identifier: Apache-2.0 */
/* standalone.c -- replays inputs through a target without a fuzzing engine.
 *
 * usage: fuzz-NAME FILE_OR_FOLDER ...
 *
 * Runs each file once; what does not hold ends the run with the file's name.
 * Closes with "N passed, 0 failed". Needs no clang.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fuzz.h"

static char current[512];

static void run_file(const char *path, size_t *n_done)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    size_t size = (size_t)info.st_size;
    /* Exactly as large as the input, so that a read past it is seen. */
    uint8_t *octets = malloc(size ? size : 1);
    if (!octets || fread(octets, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    snprintf(current, sizeof current, "%s", path);
    LLVMFuzzerTestOneInput(octets, size);
    free(octets);
    ++*n_done;
}

static void run_path(const char *path, size_t *n_done)
{
    struct stat info;
    struct dirent **entries;
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        run_file(path, n_done);
        return;
    }
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    for (int i = 0; i < n; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            run_path(name, n_done);
        free(entries[i]);
    }
    free(entries);
}

/* Tells which input it was when a target gives up. */
static void on_abort(int signal)
{
    static const char words[] = "0 passed, 1 failed: ";
    (void)signal;
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0 ||
        write(STDERR_FILENO, current, strlen(current)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        _exit(2);
    _exit(1);
}

int main(int argc, char **argv)
{
    size_t n_done = 0;
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    for (int i = 1; i < argc; i++)
        run_path(argv[i], &n_done);
    printf("%zu passed, 0 failed\n", n_done);
    return n_done > 0 ? 0 : 1;
}
