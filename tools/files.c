/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- will a file named on the command line do? Asked before the work.
 */
#include "files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(const char *program, const char *path, int why)
{
    fprintf(stderr, "%s: %s: %s\n", program, path, strerror(why));
    return false;
}

static bool is_folder(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISDIR(s.st_mode);
}

bool files_readable(const char *program, const char *path)
{
    if (!path || (!access(path, R_OK) && !is_folder(path)))
        return true;
    return refuse(program, path, is_folder(path) ? EISDIR : errno);
}

bool files_writable(const char *program, const char *path)
{
    char folder[PATH_MAX] = ".";
    if (!path)
        return true;
    if (is_folder(path))
        return refuse(program, path, EISDIR);
    if (!access(path, F_OK)) /* also a device, whose folder is not ours */
        return !access(path, W_OK) || refuse(program, path, errno);
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s",
                 slash == path ? 1 : (int)(slash - path), path);
    return !access(folder, W_OK | X_OK) || refuse(program, path, errno);
}
