// SPDX-License-Identifier: Apache-2.0
/* watch.c -- mqttspec-tap before each acceptor (--observe).
 *
 * Taps are children in process groups of their own: Ctrl-C reaches the broker
 * alone, which says goodbye through them and then asks them to end. They end
 * with the broker, however that ends.
 */
#include "watch.h"

#include "base/die.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { EXIT_NO_TAP = 4, MAX_ARGUMENTS = 20 };

/* find_tap looks beside this program. Returns 0, or -1 without it. */
static int find_tap(struct watch *w)
{
    ssize_t n = readlink("/proc/self/exe", w->tap_path,
                         sizeof w->tap_path - sizeof "/mqttspec-tap");
    char *slash;

    w->tap_path[n > 0 ? n : 0] = '\0';
    slash = strrchr(w->tap_path, '/');
    strcpy(slash ? slash : w->tap_path, "/mqttspec-tap");
    return access(w->tap_path, X_OK);
}

/* What an acceptor asks for and a tap before it would take away; NULL: nothing.
 */
static const char *impossible(const struct acceptor_options *a)
{
    const struct {
        bool is_asked;
        const char *name;
    } rows[] = {
        {a->need_client_auth, "needClientAuth"},
        {a->want_client_auth, "wantClientAuth"},
        {a->ssl_optional, "sslOptional"},
        {a->sni_host != NULL, "sniHost"},
        {a->key_store_password != NULL,
         "keyStorePassword (the key store must be PEM without a password)"},
    };

    for (size_t i = 0; a->ssl_enabled && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].is_asked)
            return rows[i].name;
    return NULL;
}

/* take_place notes where clients shall connect and moves the acceptor. */
static int take_place(struct watch_post *post, struct acceptor_options *a,
                      struct complaint *error)
{
    bool is_loopback =
        strcmp(a->host, "127.0.0.1") == 0 || strcmp(a->host, "localhost") == 0;
    const char *why = impossible(a);

    post->port = a->port;
    post->is_public = strcmp(a->host, "0.0.0.0") == 0;
    if (!is_loopback && !post->is_public)
        return complain(
            error,
            "observe: host %s is not possible with it, only 127.0.0.1 "
            "and 0.0.0.0",
            a->host);
    if (why)
        return complain(error, "observe: not possible with %s", why);
    free(a->host);
    a->host = mem_dup("127.0.0.1", 9);
    a->port = 0;
    return 0;
}

int watch_prepare(struct watch *w, struct config *config,
                  struct complaint *error)
{
    memset(w, 0, sizeof *w);
    if (find_tap(w) != 0)
        return complain(error, "observe: %s: %s", w->tap_path, strerror(errno));
    w->posts = mem_new(config->n_acceptors, sizeof *w->posts);
    w->n_posts = config->n_acceptors;
    w->is_whole = config->n_acceptors == 1 && !config->data_folder;
    for (size_t i = 0; i < w->n_posts; i++)
        if (take_place(&w->posts[i], &config->acceptors[i], error) != 0)
            return -1;
    return 0;
}

/* list_arguments makes the command line of a tap; its texts live on. */
static void list_arguments(const struct watch *w, size_t i,
                           const struct listener *l, const char *folder,
                           const char *argv[MAX_ARGUMENTS])
{
    const struct acceptor_options *a = l->options;
    const struct watch_post *post = &w->posts[i];
    size_t room = strlen(folder) + 64;
    char *port = mem_new(room, 1), *url = mem_new(room, 1);
    char *report = mem_new(room, 1), *capture = mem_new(room, 1);
    char part[24] = "";
    int k = 0;

    if (i > 0)
        snprintf(part, sizeof part, "-%zu", i + 1);
    snprintf(port, room, "%u", (unsigned)post->port);
    snprintf(url, room, "mqtt%s://127.0.0.1:%u", a->ssl_enabled ? "s" : "",
             (unsigned)l->port);
    snprintf(report, room, "%s/clients%s.html", folder, part);
    snprintf(capture, room, "%s/clients%s.pcap", folder, part);
    const char *const always[] = {w->tap_path, "--listen", port,
                                  "--target",  url,        "--report",
                                  report,      "--write",  capture};
    for (size_t m = 0; m < sizeof always / sizeof *always; m++)
        argv[k++] = always[m];
    if (post->is_public)
        argv[k++] = "--public";
    if (w->is_whole)
        argv[k++] = "--fresh";
    if (a->ssl_enabled) {
        argv[k++] = "--cert";
        argv[k++] = a->key_store_path;
        argv[k++] = "--key";
        argv[k++] = a->key_store_path;
    }
    argv[k] = NULL;
}

/* become_tap is the child: it never returns. */
static _Noreturn void become_tap(const struct watch *w, size_t i,
                                 const struct listener *l, const char *folder,
                                 const sigset_t *mask)
{
    const char *argv[MAX_ARGUMENTS];

    list_arguments(w, i, l, folder, argv);
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(w->tap_path, (char *const *)argv);
    fprintf(stderr, "mqttspec-broker: observe: %s: %s\n", w->tap_path,
            strerror(errno));
    _exit(EXIT_NO_TAP);
}

/* A broker whose watcher is gone can be reached by nobody: it ends as well. */
static void on_child(int number)
{
    (void)number;
    kill(getpid(), SIGTERM);
}

int watch_start(struct watch *w, const struct config *config,
                const struct listener *listeners, struct complaint *error)
{
    struct sigaction action = {.sa_handler = on_child,
                               .sa_flags = SA_NOCLDSTOP | SA_RESTART};
    const char *folder = config->observe_folder;
    sigset_t term, before;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return complain(error, "observe=%s: %s", folder, strerror(errno));
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    sigaction(SIGCHLD, &action, NULL);
    fflush(NULL);
    for (size_t i = 0; i < w->n_posts; i++) {
        w->posts[i].tap = fork();
        if (w->posts[i].tap == 0)
            become_tap(w, i, &listeners[i], folder, &before);
        if (w->posts[i].tap > 0)
            continue;
        complain(error, "observe: %s", strerror(errno));
        w->posts[i].tap = 0;
        return -1;
    }
    return 0;
}

int watch_stop(struct watch *w)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    int worst = 0;

    sigaction(SIGCHLD, &usual, NULL);
    for (size_t i = 0; i < w->n_posts; i++)
        if (w->posts[i].tap > 0)
            kill(w->posts[i].tap, SIGTERM);
    for (size_t i = 0; i < w->n_posts; i++) {
        int status = 0, code;
        if (w->posts[i].tap <= 0)
            continue;
        while (waitpid(w->posts[i].tap, &status, 0) < 0 && errno == EINTR)
            ;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NO_TAP;
        worst = code > worst ? code : worst;
        w->posts[i].tap = 0;
    }
    return worst;
}

void watch_clear(struct watch *w)
{
    free(w->posts);
    w->posts = NULL;
}
