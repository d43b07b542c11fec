/* SPDX-License-Identifier: Apache-2.0 */
/* target.c -- the broker under test: found, started, asked what it can do.
 */
#include "target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target_inside.h"
#include "wire/wire.h"

static void copy(char *out, size_t n, const char *text)
{
    snprintf(out, n, "%.*s", (int)n - 1, text);
}

/* ---- finding it
 * ------------------------------------------------------------*/

static const struct scheme {
    const char *prefix;
    enum transport transport;
    int port;
} schemes[] = {{"mqtt://", TRANSPORT_TCP, 1883},
               {"mqtts://", TRANSPORT_TLS, 8883},
               {"ws://", TRANSPORT_WS, 80},
               {"wss://", TRANSPORT_WSS, 443}};

/* Splits a URL. Returns 0, 1 if it is none of ours, -1 with error. */
static int parse_url(struct target *target, struct endpoint *endpoint,
                     const char *url, char *error, size_t n)
{
    const struct scheme *scheme = NULL;
    for (size_t i = 0; i < 4; i++) {
        if (strncmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            scheme = &schemes[i];
    }
    if (!scheme)
        return 1;
    char text[200], *host = text, *at, *slash, *colon;
    snprintf(text, sizeof text, "%s", url + strlen(scheme->prefix));
    endpoint->transport = scheme->transport;
    endpoint->port = scheme->port;
    if ((slash = strchr(text, '/'))) {
        copy(endpoint->path, sizeof endpoint->path, slash);
        *slash = '\0';
    }
    if ((at = strrchr(text, '@'))) {
        *at = '\0';
        host = at + 1;
        colon = strchr(text, ':');
        if (colon)
            *colon++ = '\0';
        copy(target->descriptor.user, sizeof target->descriptor.user, text);
        copy(target->descriptor.password, sizeof target->descriptor.password,
             colon ? colon : "");
    }
    if ((colon = strrchr(host, ':'))) {
        *colon = '\0';
        endpoint->port = atoi(colon + 1);
    }
    if (!*host || endpoint->port < 1 || endpoint->port > 65535) {
        snprintf(error, n, "%s: not a URL with host and port", url);
        return -1;
    }
    copy(endpoint->host, sizeof endpoint->host, host);
    return 0;
}

/* The program beside the running binary, in build/bin, or in PATH. */
static void find_program(struct target *target)
{
    char words[200], self[300] = "", path[500], *rest = words, *word;
    snprintf(words, sizeof words, "%s", target->descriptor.program);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    while ((word = strsep(&rest, " "))) {
        const char *folders[] = {self, "build/bin"};
        for (size_t i = 0; i < 2 && !strchr(word, '/'); i++) {
            snprintf(path, sizeof path, "%s/%s", folders[i], word);
            if (access(path, X_OK) == 0) {
                snprintf(target->program, sizeof target->program, "%.399s",
                         path);
                return;
            }
        }
        snprintf(target->program, sizeof target->program, "%s", word);
        if (strchr(word, '/') && access(word, X_OK) == 0)
            return;
    }
    snprintf(words, sizeof words, "%s", target->descriptor.program);
    words[strcspn(words, " ")] = '\0';
    if (access(target->program, X_OK) != 0)
        snprintf(target->program, sizeof target->program, "%s", words);
}

static void ask_version(struct target *target)
{
    char command[600];
    const struct descriptor *d = &target->descriptor;
    if (*d->version_command)
        snprintf(command, sizeof command, "%s 2>&1", d->version_command);
    else if (*d->version)
        snprintf(command, sizeof command, "%s %s 2>&1", target->program,
                 d->version);
    else
        return;
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(target->version, sizeof target->version, pipe))
        target->version[0] = '\0';
    target->version[strcspn(target->version, "\n")] = '\0';
    /* "mosquitto version 2.0.11" is version 2.0.11. */
    char *number = strpbrk(target->version, "0123456789");
    if (number)
        memmove(target->version, number, strlen(number) + 1);
    target->version[strcspn(target->version, "\", ")] = '\0';
    if (pipe)
        pclose(pipe);
}

static struct instance *instance_new(struct target *target)
{
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        abort();
    instance->target = target;
    for (int i = 0; i < N_TRANSPORTS; i++) {
        instance->endpoints[i].transport = (enum transport)i;
        strcpy(instance->endpoints[i].host, "127.0.0.1");
        strcpy(instance->endpoints[i].path, "/mqtt");
    }
    if (target->n_instances < MAX_INSTANCES)
        target->instances[target->n_instances++] = instance;
    return instance;
}

/* One URL, or those of a cluster's nodes with commas between them. Returns 0, 1
 * if the first is none of ours, -1 with error. */
static int use_url(struct target *target, const char *urls, char *error,
                   size_t n)
{
    char text[1000], *rest = text, *url;
    struct instance *instance = NULL;
    snprintf(text, sizeof text, "%s", urls);
    url = strsep(&rest, ",");
    do {
        struct endpoint endpoint = {.path = "/mqtt"};
        int bad = parse_url(target, &endpoint, url, error, n);
        if (bad && !instance)
            return bad;
        if (!instance)
            instance = instance_new(target);
        if (bad || instance->n_nodes == MAX_NODES ||
            (instance->n_nodes &&
             endpoint.transport != instance->nodes[0].transport)) {
            snprintf(error, n,
                     "%s: the nodes of a cluster are up to %d URLs of one kind",
                     urls, MAX_NODES);
            return -1;
        }
        instance->nodes[instance->n_nodes++] = endpoint;
        url = strsep(&rest, ",");
    } while (url);
    instance->endpoints[instance->nodes[0].transport] = instance->nodes[0];
    snprintf(target->url, sizeof target->url, "%s", urls);
    return 0;
}

int target_transport_of(const char *name)
{
    char error[400];
    struct target *target = calloc(1, sizeof *target);
    struct endpoint endpoint = {.path = "/mqtt"};
    if (!target)
        abort();
    char url[1000];
    snprintf(url, sizeof url, "%s", name ? name : "");
    url[strcspn(url, ",")] = '\0'; /* all nodes of a cluster are alike */
    int bad = parse_url(target, &endpoint, url, error, sizeof error);
    if (bad == 1 && name &&
        descriptor_read(&target->descriptor, name, error, sizeof error) == 0) {
        snprintf(url, sizeof url, "%s", target->descriptor.url);
        url[strcspn(url, ",")] = '\0';
        bad = parse_url(target, &endpoint, url, error, sizeof error);
    }
    free(target);
    return bad ? -1 : (int)endpoint.transport;
}

struct target *target_new(const char *name, char *error, size_t n)
{
    struct target *target = calloc(1, sizeof *target);
    if (!target)
        abort();
    struct descriptor *d = &target->descriptor;
    if (!name)
        name = "reference";
    int is_url = use_url(target, name, error, n);
    if (is_url == 0)
        snprintf(d->name, sizeof d->name, "%s", name);
    if (is_url < 0 || (is_url == 1 && descriptor_read(d, name, error, n) < 0)) {
        target_free(target);
        return NULL;
    }
    if (*d->url && use_url(target, d->url, error, n) != 0) {
        snprintf(error, n, "%s: bad url", name);
        target_free(target);
        return NULL;
    }
    target->owner = getpid();
    target->is_ours = !*target->url;
    if (target->is_ours) {
        char path[100];
        strcpy(target->dir, "/tmp/mqttspec.XXXXXX");
        if (!mkdtemp(target->dir)) {
            snprintf(error, n, "cannot make a folder in /tmp");
            target_free(target);
            return NULL;
        }
        snprintf(path, sizeof path, "%s/certificate.pem", target->dir);
        certificate_write(path);
        find_program(target);
        ask_version(target);
    }
    return target;
}

void target_free(struct target *target)
{
    if (!target)
        return;
    bool is_owner = target->owner == getpid();
    for (int i = 0; is_owner && i < target->n_instances; i++)
        instance_tell_to_stop(target->instances[i], false);
    for (int i = 0; i < target->n_instances; i++) {
        if (is_owner)
            instance_await_stop(target->instances[i]);
        free(target->instances[i]);
    }
    if (is_owner)
        target_remove_folder(target->dir);
    free(target);
}

const char *target_name(const struct target *target)
{
    return *target->descriptor.name ? target->descriptor.name : target->url;
}

const char *target_url(const struct target *target)
{
    return target->url;
}

const char *target_version_text(const struct target *target)
{
    return target->version;
}

bool target_is_ours(const struct target *target)
{
    return target->is_ours;
}

bool target_needs_user(const struct target *target)
{
    return *target->descriptor.user != '\0';
}

const char *target_user(const struct target *target, bool is_bound)
{
    const struct descriptor *d = &target->descriptor;
    if (is_bound)
        return *d->user_bound ? d->user_bound : TARGET_USER_BOUND;
    return *d->user ? d->user : TARGET_USER;
}

const char *target_password(const struct target *target, bool is_bound)
{
    const struct descriptor *d = &target->descriptor;
    if (is_bound)
        return *d->password_bound ? d->password_bound : TARGET_PASSWORD_BOUND;
    return *d->password ? d->password : TARGET_PASSWORD;
}

/* ---- what it can do
 * --------------------------------------------------------*/

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[n] == ' ' || at[n] == '\0'))
            return true;
    }
    return false;
}

bool target_has(const struct target *target, const char *capability)
{
    if (strcmp(capability, "restart") == 0 && !target->is_ours)
        return false;
    if (strcmp(capability, "process") == 0)
        return target->is_ours && !*target->descriptor.script;
    /* What the probe found counts, once it was made. */
    return !has_word(*target->told ? target->lacks : target->descriptor.lacks,
                     capability);
}

static bool takes_setting(const struct target *target, const char *name)
{
    const struct descriptor *d = &target->descriptor;
    for (int i = 0; i < d->n_actions; i++) {
        if (!d->actions[i].when_unset &&
            (strcmp(d->actions[i].setting, name) == 0 ||
             (strcmp(d->actions[i].setting, "*") == 0 &&
              strcmp(name, "users") != 0 && strcmp(name, "acl") != 0 &&
              strcmp(name, "authenticationMethod") != 0)))
            return true;
    }
    return false;
}

static const char *lacks_setting(const struct target *target,
                                 const char *settings, char *out, size_t n)
{
    char text[512], *rest = text, *pair;
    snprintf(text, sizeof text, "%s", settings ? settings : "");
    while ((pair = strsep(&rest, ";"))) {
        char *value = strchr(pair, '=');
        if (value)
            *value = '\0';
        if (!*pair || takes_setting(target, pair))
            continue;
        snprintf(out, n, "the target cannot be given the setting %s", pair);
        return out;
    }
    return NULL;
}

static const char *lacks_capability(const struct target *target,
                                    const char *needs, char *out, size_t n)
{
    char text[256], *rest = text, *word;
    snprintf(text, sizeof text, "%s", needs ? needs : "");
    while ((word = strsep(&rest, " "))) {
        if (*word && !target_has(target, word)) {
            snprintf(out, n, "the target lacks %s", word);
            return out;
        }
    }
    return NULL;
}

const char *target_lacks(const struct target *target, const char *settings,
                         const char *needs, const char *transport,
                         const char *version, char *out, size_t n)
{
    const struct instance *first =
        target->n_instances ? target->instances[0] : NULL;
    unsigned level = version ? (unsigned)wire_version_from_name(version) : 0;
    int kind = transport ? transport_from_name(transport) : -1;
    if (level && target->versions && !(target->versions & 1u << level)) {
        snprintf(out, n, "the target does not speak MQTT %s", version);
        return out;
    }
    if (kind >= 0 && first && first->endpoints[kind].port == 0) {
        snprintf(out, n, "the target does not listen for %s", transport);
        return out;
    }
    const char *why = lacks_setting(target, settings, out, n);
    return why ? why : lacks_capability(target, needs, out, n);
}

/* ---- instances
 * -------------------------------------------------------------*/

struct instance *target_start(struct target *target, const char *settings,
                              char *error, size_t n)
{
    if (!target->is_ours)
        return target->instances[0];
    struct instance *instance = instance_new(target);
    snprintf(instance->settings, sizeof instance->settings, "%s", settings);
    snprintf(instance->dir, sizeof instance->dir, "%.40s/i.XXXXXX",
             target->dir);
    if (!mkdtemp(instance->dir)) {
        snprintf(error, n, "cannot make a folder in %s", target->dir);
        return NULL;
    }
    return instance_launch(instance, error, n) < 0 ? NULL : instance;
}

int instance_start_again(struct instance *instance, char *error, size_t n)
{
    return instance_launch(instance, error, n);
}

long instance_pid(const struct instance *instance)
{
    return instance->pid;
}

bool instance_is_running(const struct instance *instance)
{
    return instance->pid == 0 || waitpid(instance->pid, NULL, WNOHANG) == 0;
}

/* The process to look at; 0 if there is none. */
static pid_t process_of(const struct instance *instance)
{
    return *instance->target->descriptor.script ? 0 : instance->pid;
}

long instance_memory_kib(const struct instance *instance)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process_of(instance));
    FILE *file = process_of(instance) ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmRSS: %ld", &kib);
    if (file)
        fclose(file);
    return kib;
}

long instance_descriptors(const struct instance *instance)
{
    char path[64];
    long n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process_of(instance));
    DIR *folder = process_of(instance) ? opendir(path) : NULL;
    if (!folder)
        return -1;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

const struct endpoint *instance_endpoint(struct instance *instance,
                                         enum transport transport)
{
    if (instance->n_nodes > 1 && instance->nodes[0].transport == transport)
        return &instance->nodes[instance->turn++ % instance->n_nodes];
    return &instance->endpoints[transport];
}
