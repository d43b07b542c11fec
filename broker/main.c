// SPDX-License-Identifier: Apache-2.0
/* main.c -- start, reload and end of the reference broker.
 *
 * Everything that can be wrong is looked at before anything is listened on. One
 * line on standard error says what; the exit code is 2. 0 after SIGTERM, or
 * what the taps say with --observe.
 */
#include "base/die.h"
#include "net/tls.h"
#include "serve.h"
#include "version.h"
#include "watch.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_MISUSE = 2 };

/* What SIGHUP loads again. */
struct process {
    struct config config;
    struct log log;
    struct security *security;
    struct store *store;
    struct listener *listeners;
    struct broker broker;
    struct watch watch;
    struct complaint error;
};

/* A large message takes memory for a moment. To give it back to the kernel and
 * fetch it again costs more than all else that happens to it: keep some.
 */
static void keep_freed_memory(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
}

/* refuse tells what is wrong with how the broker was started. */
static int refuse(const struct process *p)
{
    fprintf(stderr, "mqttspec-broker: %s\n", p->error.text);
    return EXIT_MISUSE;
}

/* on_reload reads users, ACL and certificates again. Connections live on, with
 * the certificate they were made with; what cannot be read stays as it was.
 */
static void on_reload(void *arg)
{
    struct process *p = arg;
    bool is_whole = true;

    if (security_reload(p->security, &p->error) != 0) {
        log_line(&p->log, LOG_ERROR, "reload: %s", p->error.text);
        is_whole = false;
    }
    broker_apply_rights(&p->broker);
    for (size_t i = 0; i < p->config.n_acceptors; i++) {
        struct listener *l = &p->listeners[i];
        struct tls_context *fresh;
        if (!l->tls)
            continue;
        fresh = tls_context_new(l->options, &p->error);
        if (!fresh) {
            log_line(&p->log, LOG_ERROR, "reload: %s", p->error.text);
            is_whole = false;
            continue;
        }
        tls_context_free(l->tls);
        l->tls = fresh;
    }
    log_line(&p->log, LOG_INFO, "users, ACL and certificates: %s",
             is_whole ? "reloaded" : "not all could be reloaded");
}

/* check_certificates tries every TLS setting, so that a bad one is told before
 * the first socket is opened.
 */
static int check_certificates(struct process *p)
{
    for (size_t i = 0; i < p->config.n_acceptors; i++) {
        const struct acceptor_options *a = &p->config.acceptors[i];
        struct tls_context *tls;
        if (!a->ssl_enabled && a->key_store_path)
            log_line(&p->log, LOG_WARNING,
                     "keyStorePath=%s: not used, since sslEnabled is false",
                     a->key_store_path);
        if (!a->ssl_enabled)
            continue;
        tls = tls_context_new(a, &p->error);
        if (!tls)
            return -1;
        tls_context_free(tls);
    }
    return 0;
}

/* open_listeners opens all or none, apart from what run closes in any case. */
static int open_listeners(struct process *p)
{
    p->listeners = mem_new(p->config.n_acceptors, sizeof *p->listeners);
    for (size_t i = 0; i < p->config.n_acceptors; i++) {
        if (listener_open(&p->listeners[i], &p->config.acceptors[i],
                          &p->error) != 0)
            return -1;
        p->listeners[i].is_internal = p->config.observe_folder != NULL;
    }
    return 0;
}

/* start opens what is left to open. The store belongs to the broker from now
 * on.
 */
static int start(struct process *p)
{
    struct config *config = &p->config;

    if (broker_init(&p->broker, config, &p->log, p->security, p->store,
                    serve_clock_ms(), (int64_t)time(NULL)) != 0)
        return complain(&p->error, "data=%s: cannot be loaded",
                        config->data_folder);
    if (open_listeners(p) != 0)
        return -1;
    return config->observe_folder
               ? watch_start(&p->watch, config, p->listeners, &p->error)
               : 0;
}

static int run(struct process *p)
{
    size_t n = p->config.n_acceptors;
    int result = EXIT_SUCCESS;
    int worst;

    if (start(p) != 0)
        result = refuse(p);
    else
        serve_run(&p->broker, p->listeners, n, on_reload, p);
    broker_clear(&p->broker);
    for (size_t i = 0; p->listeners && i < n; i++)
        listener_close(&p->listeners[i]);
    worst = watch_stop(&p->watch);
    return result == EXIT_SUCCESS ? worst : result;
}

static int open_and_run(struct process *p)
{
    struct config *config = &p->config;

    if (check_certificates(p) != 0)
        return refuse(p);
    p->security = security_open(config, &p->log, &p->error);
    if (!p->security)
        return refuse(p);
    if (config->observe_folder &&
        watch_prepare(&p->watch, config, &p->error) != 0)
        return refuse(p);
    if (config->is_check_only) {
        puts("the configuration is fine");
        return EXIT_SUCCESS;
    }
    if (config->data_folder) {
        p->store = store_open(config->data_folder, &p->log, &p->error);
        if (!p->store)
            return refuse(p);
    }
    return run(p);
}

/* hash_password prints a line for the users file. The password comes from
 * standard input, so that it stands in no list of processes.
 */
static int hash_password(const char *name)
{
    if (!*name || strchr("# \t", *name) || strpbrk(name, "\r\n")) {
        fprintf(
            stderr,
            "mqttspec-broker: --hash-password %s: needs one NAME, a line that "
            "begins with neither a blank nor #\n",
            name);
        return EXIT_MISUSE;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stdin);
    char hash[256];
    int result = EXIT_MISUSE;

    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    if (n <= 0)
        fputs("mqttspec-broker: no password on standard input\n", stderr);
    else if (security_hash_password(slice_of(line, (size_t)n), hash,
                                    sizeof hash) == 0)
        result = printf("%s:%s\n", name, hash) < 0;
    free(line);
    return result;
}

int main(int argc, char **argv)
{
    static struct process p;
    bool wants_help = false;
    int result;

    keep_freed_memory();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(BROKER_VERSION) < 0;
    if (argc >= 2 && strcmp(argv[1], "--hash-password") == 0)
        return hash_password(argc == 3 ? argv[2] : "");
    config_init(&p.config);
    p.log = (struct log){.out = stderr, .level = LOG_INFO, .has_time = true};
    result =
        config_read_arguments(&p.config, argc, argv, &wants_help, &p.error);
    if (wants_help) {
        config_print_help(stdout);
        config_clear(&p.config);
        return EXIT_SUCCESS;
    }
    p.log.level =
        p.config.is_trace ? LOG_TRACE : log_level_named(p.config.log_level);
    setvbuf(stderr, NULL, _IOLBF, 0);
    result = result == 0 ? open_and_run(&p) : refuse(&p);
    free(p.listeners);
    watch_clear(&p.watch);
    security_close(p.security);
    config_clear(&p.config);
    return result;
}
