/* SPDX-License-Identifier: Apache-2.0 */
/* target_ini.c -- reads the descriptor of a broker.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "target_inside.h"

struct reading {
    struct descriptor *descriptor;
    char *error;
    size_t n;
    bool is_bad;
};

static const struct key {
    const char *name;
    size_t offset, size;
} keys[] = {
#define KEY(name_)                                                             \
    {                                                                          \
#name_, offsetof(struct descriptor, name_),                            \
            sizeof((struct descriptor *)0)->name_                              \
    }
    KEY(name),
    KEY(program),
    KEY(command),
    KEY(listening),
    KEY(version),
    KEY(lacks),
    KEY(url),
    KEY(user),
    KEY(password),
    KEY(script),
    KEY(version_command),
    KEY(start_seconds),
    KEY(jobs),
    KEY(user_bound),
    KEY(password_bound),
};

static const char *const verbs[] = {"arg", "config", "acceptor", "file", "run"};

static int refuse(struct reading *reading, const char *what, const char *name)
{
    if (!reading->is_bad)
        snprintf(reading->error, reading->n, "%s \"%s\"", what, name);
    reading->is_bad = true;
    return 0;
}

static bool is_verb(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i], word) == 0)
            return true;
    }
    return false;
}

static int add_action(struct reading *reading, const char *setting,
                      const char *value, bool when_unset)
{
    struct descriptor *d = reading->descriptor;
    if (d->n_actions == MAX_ACTIONS)
        return refuse(reading, "too many lines at", setting);
    struct action *a = &d->actions[d->n_actions];
    if (sscanf(value, "%11s %399[^\n]", a->verb, a->text) != 2 ||
        !is_verb(a->verb))
        return refuse(reading, "expected arg, config, acceptor, file or run at",
                      value);
    snprintf(a->setting, sizeof a->setting, "%s", setting);
    a->when_unset = when_unset;
    d->n_actions++;
    return 1;
}

static int on_line(void *user, const char *section, const char *name,
                   const char *value)
{
    struct reading *reading = user;
    struct descriptor *d = reading->descriptor;
    if (reading->is_bad)
        return 0;
    if (strcmp(section, "settings") == 0)
        return add_action(reading, name, value, false);
    if (strcmp(section, "unset") == 0)
        return add_action(reading, name, value, true);
    if (strcmp(section, "config") == 0 && strcmp(name, "line") == 0) {
        size_t n = strlen(d->config);
        snprintf(d->config + n, sizeof d->config - n, "%s\n", value);
        return 1;
    }
    if (strcmp(section, "target") != 0)
        return refuse(reading, "unknown section", section);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            char *at = (char *)d + keys[i].offset;
            size_t n = strlen(at); /* a second line goes on with the first */
            snprintf(at + n, keys[i].size - n, "%s%s", n ? " " : "", value);
            return 1;
        }
    }
    return refuse(reading, "unknown key", name);
}

/* inih takes lines of 200 octets at most; what is longer is given in several
 * lines of the same name. */
int descriptor_read(struct descriptor *d, const char *name, char *error,
                    size_t n)
{
    char path[300], why[200] = "";
    struct reading reading = {d, why, sizeof why, false};
    snprintf(path, sizeof path, "conformance/targets/%s.ini", name);
    const struct embed_file *file = embed_find(path);
    int bad =
        file ? ini_parse_string((const char *)file->octets, on_line, &reading)
             : ini_parse(name, on_line, &reading);
    if (bad == -1)
        snprintf(error, n,
                 "no target of the name \"%s\" (neither a known "
                 "broker, nor a URL, nor an INI file)",
                 name);
    else if (bad)
        snprintf(error, n, "%s:%d: %s", name, bad,
                 *why ? why : "not understood");
    else if (!*d->command && !*d->url)
        snprintf(error, n, "%s: neither \"command\" nor \"url\" is given",
                 name);
    else
        return 0;
    return -1;
}
