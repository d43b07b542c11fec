/* SPDX-License-Identifier: Apache-2.0 */
/* target_launch.c -- starts one broker with its settings, and stops it.
 */
#define _XOPEN_SOURCE 700 /* nftw */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "embed.h"
#include "target_inside.h"

enum { MAX_WORDS = 64, TEXT = 4096 };

/* ---- ports
 * -----------------------------------------------------------------*/

/* Takes a port number for this process: no other harness on the machine gets
 * it while the socket of that name is open. */
static bool reserve_port(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1,
                     "mqttspec-port-%d", port);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0)
        return true; /* stays open as long as the process */
    if (fd >= 0)
        close(fd);
    return false;
}

static bool is_free_port(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_free;
}

/* A port for a broker that cannot choose one itself and tell. It lies below
 * those that the kernel gives to connections: were it one of them, a client
 * might get it before the broker does, or another broker answer in its place.
 */
static int pick_port(void)
{
    enum { FIRST = 15000, N = 17000 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long start = (long)getpid() * 7919 + now.tv_nsec;
    for (long i = 0; i < N; i++) {
        int port = FIRST + (int)((start + i) % N);
        if (is_free_port(port) && reserve_port(port))
            return port;
    }
    return 0;
}

/* ---- templates
 * -------------------------------------------------------------*/

struct filling {
    const struct instance *instance;
    const char *name, *value; /* of the setting at hand */
    const char *acceptor;
};

/* The folder of the running program. */
static void own_folder(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static void fill_one(const struct filling *f, const char *key, size_t n,
                     char *out, size_t cap)
{
    const struct instance *instance = f->instance;
    const struct target *target = instance->target;
    char word[32];
    snprintf(word, sizeof word, "%.*s", (int)n, key);
    int transport = transport_from_name(word);
    if (transport >= 0)
        snprintf(out, cap, "%d", instance->endpoints[transport].port);
    else if (strcmp(word, "dir") == 0)
        snprintf(out, cap, "%s", instance->dir);
    else if (strcmp(word, "program") == 0)
        snprintf(out, cap, "%s", target->program);
    else if (strcmp(word, "certificate") == 0)
        snprintf(out, cap, "%s/certificate.pem", target->dir);
    else if (strcmp(word, "name") == 0)
        snprintf(out, cap, "%s", f->name);
    else if (strcmp(word, "value") == 0)
        snprintf(out, cap, "%s", f->value);
    else if (strcmp(word, "acceptor") == 0)
        snprintf(out, cap, "%s", f->acceptor);
    else if (strcmp(word, "home") == 0)
        own_folder(out, cap);
    else if (strcmp(word, "free") == 0)
        snprintf(out, cap, "%d", pick_port());
    else
        snprintf(out, cap, "{%.*s}", (int)n, key);
}

/* Braces that do not hold one word are the configuration's own. */
static void fill(const struct filling *f, const char *text, char *out,
                 size_t cap)
{
    static const char LOWER_CASE[] = "abcdefghijklmnopqrstuvwxyz";
    size_t at = 0;
    while (*text && at + 1 < cap) {
        size_t n = *text == '{' ? strspn(text + 1, LOWER_CASE) : 0;
        if (n == 0 || text[n + 1] != '}') {
            out[at++] = *text++;
            continue;
        }
        fill_one(f, text + 1, n, out + at, cap - at);
        at += strlen(out + at);
        text += n + 2;
    }
    out[at] = '\0';
}

/* ---- what the settings ask
 * -------------------------------------------------*/

struct launch {
    struct filling filling;
    char command[TEXT], config[TEXT], acceptor[TEXT];
    char *error;
    size_t n;
};

static void append(char *text, size_t cap, const char *more, const char *end)
{
    size_t n = strlen(text);
    snprintf(text + n, cap - n, "%s%s", more, end);
}

static int append_file(const struct instance *instance, const char *text)
{
    char name[64], path[200];
    int used = 0;
    if (sscanf(text, "%63s %n", name, &used) != 1)
        return -1;
    snprintf(path, sizeof path, "%s/%s", instance->dir, name);
    FILE *file = fopen(path, "a");
    if (!file)
        return -1;
    fchmod(fileno(file), 0600);
    fprintf(file, "%s\n", text + used);
    return fclose(file);
}

/* At a second start the files are written anew. */
static void forget_files(const struct instance *instance)
{
    const struct descriptor *d = &instance->target->descriptor;
    char name[64], path[200];
    for (int i = 0; i < d->n_actions; i++) {
        if (strcmp(d->actions[i].verb, "file") == 0 &&
            sscanf(d->actions[i].text, "%63s", name) == 1) {
            snprintf(path, sizeof path, "%s/%s", instance->dir, name);
            unlink(path);
        }
    }
}

/* The descriptor's script comes with the harness. */
static int write_script(const struct instance *instance)
{
    const struct descriptor *d = &instance->target->descriptor;
    char path[200];
    if (!*d->script)
        return 0;
    snprintf(path, sizeof path, "conformance/targets/%s", d->script);
    const struct embed_file *script = embed_find(path);
    snprintf(path, sizeof path, "%s/script", instance->dir);
    FILE *file = script ? fopen(path, "w") : NULL;
    if (!file)
        return -1;
    fchmod(fileno(file), 0700);
    fputs((const char *)script->octets, file);
    return fclose(file);
}

static int apply(struct launch *launch, const struct action *action)
{
    char text[TEXT];
    if (strcmp(action->verb, "run") == 0 &&
        launch->filling.instance->was_prepared)
        return 0; /* what it made is there still */
    fill(&launch->filling, action->text, text, sizeof text);
    if (strcmp(action->verb, "arg") == 0) {
        append(launch->command, TEXT, " ", text);
    } else if (strcmp(action->verb, "config") == 0) {
        append(launch->config, TEXT, text, "\n");
    } else if (strcmp(action->verb, "acceptor") == 0) {
        append(launch->acceptor, TEXT, *launch->acceptor ? ";" : "", text);
    } else if (strcmp(action->verb, "file") == 0) {
        return append_file(launch->filling.instance, text);
    } else {
        char command[TEXT + 32];
        snprintf(command, sizeof command, "( %s ) >/dev/null 2>&1", text);
        return system(command) == 0 ? 0 : -1;
    }
    return 0;
}

/* All actions of one setting; "*" serves what has none of its own. */
static int apply_setting(struct launch *launch, const char *name,
                         const char *value)
{
    const struct descriptor *d = &launch->filling.instance->target->descriptor;
    int n_found = 0;
    launch->filling.name = name;
    launch->filling.value = value;
    for (int pass = 0; pass < 2 && !n_found; pass++) {
        for (int i = 0; i < d->n_actions; i++) {
            const struct action *a = &d->actions[i];
            if (a->when_unset || strcmp(a->setting, pass ? "*" : name) != 0)
                continue;
            n_found++;
            if (apply(launch, a) < 0) {
                snprintf(launch->error, launch->n, "%s: %s %s failed", name,
                         a->verb, a->text);
                return -1;
            }
        }
    }
    return 0;
}

static bool is_set(const char *settings, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = settings; at; at = strchr(at, ';')) {
        at += *at == ';';
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            return true;
    }
    return false;
}

static int apply_all(struct launch *launch)
{
    const struct instance *instance = launch->filling.instance;
    const struct descriptor *d = &instance->target->descriptor;
    char settings[512], *rest = settings, *pair;
    forget_files(instance);
    for (int i = 0; i < d->n_actions; i++) {
        if (d->actions[i].when_unset &&
            !is_set(instance->settings, d->actions[i].setting) &&
            apply(launch, &d->actions[i]) < 0)
            return -1;
    }
    snprintf(settings, sizeof settings, "%s", instance->settings);
    while ((pair = strsep(&rest, ";"))) {
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        if (*pair && apply_setting(launch, pair, value ? value : "") < 0)
            return -1;
    }
    return 0;
}

/* ---- the process
 * -----------------------------------------------------------*/

static void spawn(struct instance *instance, char *command)
{
    char *words[MAX_WORDS], *rest = command, *word, log[100];
    int n = 0;
    while ((word = strsep(&rest, " ")) && n < MAX_WORDS - 1) {
        if (*word)
            words[n++] = word;
    }
    words[n] = NULL;
    snprintf(log, sizeof log, "%s/log", instance->dir);
    pid_t parent = getpid();
    unlink(log); /* nobody reads the ports of an earlier start */
    instance->pid = fork();
    if (instance->pid != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it never outlives the harness */
    if (getppid() != parent)
        _exit(127);
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int none = open("/dev/null", O_RDONLY);
    dup2(none, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    execvp(words[0], words);
    fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

/* A broker listens where its descriptor gives it a port. */
static bool names_port(const struct descriptor *d, int transport)
{
    char word[16];
    snprintf(word, sizeof word, "{%s}",
             transport_name((enum transport)transport));
    bool is_named = strstr(d->config, word) || strstr(d->command, word);
    for (int i = 0; i < d->n_actions && !is_named; i++)
        is_named = strstr(d->actions[i].text, word) != NULL;
    return is_named;
}

int instance_launch(struct instance *instance, char *error, size_t n)
{
    struct target *target = instance->target;
    const struct descriptor *d = &target->descriptor;
    char path[100];
    struct launch *launch = calloc(1, sizeof *launch);
    if (!launch)
        abort();
    launch->filling = (struct filling){.instance = instance,
                                       .name = "",
                                       .value = "",
                                       .acceptor = launch->acceptor};
    launch->error = error;
    launch->n = n;
    for (int i = 0; i < N_TRANSPORTS && !*d->listening; i++)
        instance->endpoints[i].port = names_port(d, i) ? pick_port() : 0;
    int bad = apply_all(launch);
    if (write_script(instance) != 0) {
        snprintf(error, n, "cannot write the script %s", d->script);
        bad = -1;
    }
    instance->was_prepared = bad == 0;
    if (bad == 0) {
        char text[TEXT], config[TEXT];
        fill(&launch->filling, d->config, text, sizeof text);
        append(text, TEXT, launch->config, "");
        snprintf(path, sizeof path, "%s/config", instance->dir);
        FILE *file = fopen(path, "w");
        if (file) {
            fputs(text, file);
            fclose(file);
        }
        fill(&launch->filling, d->command, config, sizeof config);
        append(config, TEXT, launch->command, "");
        spawn(instance, config);
    }
    free(launch);
    return bad;
}

static int remove_one(const char *path, const struct stat *stat, int type,
                      struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

void instance_tell_to_stop(struct instance *instance, bool kill_now)
{
    if (instance->pid > 0)
        kill(instance->pid, kill_now ? SIGKILL : SIGTERM);
}

void instance_await_stop(struct instance *instance)
{
    /* Five seconds, or a quarter of what it may take to start. */
    int n_turns = 50 * atoi(instance->target->descriptor.start_seconds);
    n_turns = n_turns > 1000 ? n_turns : 1000;
    if (instance->pid <= 0)
        return;
    for (int i = 0; waitpid(instance->pid, NULL, WNOHANG) == 0; i++) {
        poll(NULL, 0, 5);
        if (i == n_turns)
            kill(instance->pid, SIGKILL);
    }
    instance->pid = 0;
}

void instance_stop(struct instance *instance, bool kill_now)
{
    instance_tell_to_stop(instance, kill_now);
    instance_await_stop(instance);
}

void target_remove_folder(const char *path)
{
    if (*path)
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- a certificate
 * ---------------------------------------------------------*/

int certificate_write(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 10 * 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    FILE *file = fopen(path, "w");
    int bad = !file || fchmod(fileno(file), 0600) != 0 ||
              PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 ||
              PEM_write_X509(file, x) != 1;
    if (file && fclose(file) != 0)
        bad = 1;
    X509_free(x);
    EVP_PKEY_free(key);
    return bad ? -1 : 0;
}
