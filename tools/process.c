/* SPDX-License-Identifier: Apache-2.0 */
/* process.c -- what a process uses, as the kernel counts it. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>

double process_cpu_s(pid_t pid)
{
    char path[300];
    double ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = pid ? opendir(path) : NULL;
    for (struct dirent *d; tasks && (d = readdir(tasks)) != NULL;) {
        double one = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid,
                 d->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lf", &one) == 1)
            ns += one;
        if (file)
            fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return ns / 1e9;
}

double process_memory(pid_t pid)
{
    char path[64], line[200];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %lf kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

int process_descriptors(pid_t pid)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *fds = pid ? opendir(path) : NULL;
    for (struct dirent *d; fds && (d = readdir(fds)) != NULL;)
        n += d->d_name[0] != '.';
    if (fds)
        closedir(fds);
    return n;
}
