/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c -- a broker, perhaps a liar before it, and a replay run. */
#include "tests/stage.h"

#include <check.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "relay.h"
#include "room.h"

static pid_t children[8];
static int n_children;
static cJSON *kept; /* the last outcome; freed by the next, or at the end */
static char *text_of_kept;
static FILE *broker_output;
static char folder[32]; /* of the certificates; "" if there are none */

/* ---- children ------------------------------------------------------------ */

static pid_t start_child(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    else
        children[n_children++] = child;
    return child;
}

void stage_stop(void)
{
    cJSON_Delete(kept);
    free(text_of_kept);
    if (broker_output)
        fclose(broker_output);
    kept = NULL;
    text_of_kept = NULL;
    broker_output = NULL;
    while (n_children > 0) {
        kill(children[--n_children], SIGKILL);
        waitpid(children[n_children], NULL, 0);
    }
    if (*folder) {
        char command[64];
        snprintf(command, sizeof command, "rm -r %s", folder);
        *folder = system(command) ? '?' : '\0';
    }
}

const char *stage_certificates(void)
{
    static char pem[64];
    char command[300];
    if (!*folder) {
        strcpy(folder, "/tmp/mqttspec-tls-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(command, sizeof command,
                 "umask 077; tools/certificates.sh %s && cat %s/server.pem "
                 "%s/server.key >%s/both.pem",
                 folder, folder, folder, folder);
        ck_assert_int_eq(system(command), 0);
        snprintf(pem, sizeof pem, "%s/both.pem", folder);
    }
    return pem;
}

/* The broker that was built in the same folder as this program. */
static const char *broker_path(void)
{
    static char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    ck_assert_int_gt(n, 0);
    path[n] = '\0';
    strcpy(strrchr(path, '/'), "/mqttspec-broker");
    return path;
}

int stage_broker(void)
{
    return stage_broker_with(NULL, NULL);
}

int stage_broker_with(const char *parameters, const char *observed)
{
    int out[2], port = 0;
    char line[256] = "", acceptor[400];
    snprintf(acceptor, sizeof acceptor, "tcp://127.0.0.1:0%s%s",
             parameters ? "?" : "", parameters ? parameters : "");
    ck_assert_int_eq(pipe(out), 0);
    if (start_child() == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(out[1], 1);
        dup2(null, 2);
        execl(broker_path(), "mqttspec-broker", "--acceptor", acceptor,
              observed ? "--observe" : (char *)NULL, observed, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    broker_output = fdopen(out[0], "r");
    while (!port && fgets(line, sizeof line, broker_output))
        if (strstr(line, "listening on"))
            port = atoi(strrchr(line, ':') + 1);
    ck_assert_msg(port > 0, "the broker did not start: %s", line);
    return port;
}

int stage_end_broker(char *said, size_t size)
{
    int status = 0;
    pid_t pid = children[--n_children];
    kill(pid, SIGTERM);
    said[fread(said, 1, size - 1, broker_output)] = '\0';
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&at, sizeof at);
    getsockname(fd, (struct sockaddr *)&at, &n);
    close(fd);
    return ntohs(at.sin_port);
}

static bool can_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int failed = connect(fd, (struct sockaddr *)&to, sizeof to);
    close(fd);
    return !failed;
}

int stage_mosquitto(void)
{
    char text[16];
    int port = free_port();
    snprintf(text, sizeof text, "%d", port);
    if (access("/usr/sbin/mosquitto", X_OK))
        return 0;
    if (start_child() == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execl("/usr/sbin/mosquitto", "mosquitto", "-p", text, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        if (can_connect(port))
            return port;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    ck_abort_msg("mosquitto did not start");
    return 0;
}

/* ---- liars --------------------------------------------------------------- */

struct liar {
    const char *how;
    int n[16];     /* packets seen, by type */
    uint8_t *held; /* a packet put off */
    size_t n_held;
    bool is_done;
};

static void pass_changed(struct relay_conn *c, const uint8_t *octets, size_t n,
                         size_t at, uint8_t change)
{
    uint8_t *copy = xmemdup(octets, n);
    if (at < n)
        copy[at] ^= change;
    relay_pass(c, copy, n);
    free(copy);
}

/* Bends the second packet of a kind (the first of CONNACK and SUBACK). */
static void on_server_packet(void *user, struct relay_conn *c,
                             const uint8_t *octets, size_t n)
{
    struct liar *l = user;
    int type = octets[0] >> 4, nth = ++l->n[type];
    size_t head = n > 129 ? 3 : 2;
    const char *how = l->how;
    if (type == 3 && nth == 2 && !strcmp(how, "drop"))
        return;
    if (type == 3 && nth == 2 && !strcmp(how, "swap")) {
        l->held = xmemdup(octets, n);
        l->n_held = n;
        return;
    }
    if (type == 3 && nth <= 2 && !strcmp(how, "flip payload")) {
        pass_changed(c, octets, n, n - 1, nth == 2 ? 1 : 0);
    } else if (type == 3 && nth == 2 && !strcmp(how, "set retain")) {
        pass_changed(c, octets, n, 0, 1);
    } else if ((type == 4 || type == 5) && nth == 1 && !strcmp(how, "ack id")) {
        pass_changed(c, octets, n, 3, 8);
    } else if (type == 9 && nth == 1 && !strcmp(how, "suback")) {
        pass_changed(c, octets, n, n - 1, 3);
    } else if (type == 2 && !strcmp(how, "no assigned id")) {
        relay_pass(c, (const uint8_t *)"\x20\3\0\0\0", 5);
    } else if (type == 2 && !strcmp(how, "accept all")) {
        relay_pass(c, (const uint8_t *)"\x20\3\0\0\0", 5);
    } else if ((type == 5 && !strcmp(how, "late pubrec")) ||
               (type == 2 && nth == 2 && !strcmp(how, "late connack"))) {
        nanosleep(&(struct timespec){0, 500000000}, NULL);
        relay_pass(c, octets, n);
    } else if (type == 2 && !strcmp(how, "connack octet")) {
        uint8_t longer[5] = {0x20, 3, octets[2], octets[3], 0};
        relay_pass(c, longer, sizeof longer);
    } else {
        relay_pass(c, octets, n);
    }
    if (type == 3 && nth == 2 && !strcmp(how, "twice")) {
        uint8_t *copy = xmemdup(octets, n);
        if (octets[0] & 6) /* under another identifier: a new message */
            copy[head + 2 + copy[head + 1]] ^= 0x40;
        relay_pass(c, copy, n);
        free(copy);
    }
    if (type == 6 && nth == 2 && !strcmp(how, "pubrel twice"))
        relay_pass(c, octets, n);
    if (type == 3 && l->held) {
        relay_pass(c, l->held, l->n_held);
        free(l->held);
        l->held = NULL;
    }
}

int stage_liar(int port, const char *how)
{
    static struct liar liar;
    static struct relay_options options;
    char error[200];
    int pipe_ends[2], at = 0;
    liar = (struct liar){.how = how};
    options = (struct relay_options){
        .watcher = {.user = &liar, .on_server_packet = on_server_packet}};
    snprintf(options.url.host, sizeof options.url.host, "127.0.0.1");
    snprintf(options.url.port, sizeof options.url.port, "%d", port);
    ck_assert_int_eq(pipe(pipe_ends), 0);
    if (start_child() == 0) {
        signal(SIGPIPE, SIG_IGN);
        struct relay *relay = relay_new(&options, error, sizeof error);
        at = relay ? relay_port(relay) : -1;
        if (write(pipe_ends[1], &at, sizeof at) != sizeof at || !relay)
            _exit(1);
        for (;;)
            relay_step(relay, 1000);
    }
    ck_assert_int_eq(read(pipe_ends[0], &at, sizeof at), sizeof at);
    ck_assert_int_gt(at, 0);
    return at;
}

int stage_yes_man(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&at, &n);
    if (start_child() == 0) {
        for (;;) {
            uint8_t in[4096];
            ssize_t got;
            int c = accept(fd, NULL, NULL);
            while ((got = recv(c, in, sizeof in, 0)) > 0) {
                if (in[0] >> 4 == 1)
                    send(c, "\x20\2\0\0", 4, 0);
                if (in[0] >> 4 == 3)
                    send(c, "\x40\2\0\1", 4, 0);
            }
            close(c);
        }
    }
    close(fd);
    return ntohs(at.sin_port);
}

/* ---- replays ------------------------------------------------------------- */

const char *stage_shared(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "../shared/captures/real/%s", name);
    const char *named = getenv("MQTTSPEC_SHARED");
    if (named)
        snprintf(path, sizeof path, "%s/captures/real/%s", named, name);
    return access(path, R_OK) ? NULL : path;
}

static char *read_back(FILE *file)
{
    long n = ftell(file);
    char *text = xcalloc(1, (size_t)n + 1);
    rewind(file);
    size_t got = fread(text, 1, (size_t)n, file);
    text[got] = '\0';
    return text;
}

struct outcome stage_run(const char *capture, const char *scheme, int port,
                         const char *options)
{
    char url[64], *words = xstrdup(options);
    char *argv[40] = {"run", "--json", "--target", url};
    int argc = 4, saved = dup(1);
    struct timespec begin, end;
    FILE *out = tmpfile();
    struct outcome o = {0};
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", scheme, port,
             *scheme == 'w' ? "/mqtt" : "");
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    char *path = xstrdup(capture);
    argv[argc++] = path;
    argv[argc] = NULL;
    optind = 0; /* getopt begins anew */
    fflush(stdout);
    dup2(fileno(out), 1);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    o.exit = command_run(argc, argv);
    clock_gettime(CLOCK_MONOTONIC, &end);
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    fseek(out, 0, SEEK_END);
    char *text = read_back(out);
    cJSON_Delete(kept);
    o.json = kept = cJSON_Parse(text);
    o.seconds = (double)(end.tv_sec - begin.tv_sec) +
                (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    fclose(out);
    free(text);
    free(words);
    free(path);
    return o;
}

static int number_at(const cJSON *object, const char *name)
{
    const cJSON *n = cJSON_GetObjectItem(object, name);
    return n ? n->valueint : -1;
}

int outcome_summary(const struct outcome *o, const char *name)
{
    return number_at(cJSON_GetObjectItem(o->json, "summary"), name);
}

int outcome_count(const struct outcome *o, const char *name)
{
    const cJSON *summary = cJSON_GetObjectItem(o->json, "summary");
    return number_at(cJSON_GetObjectItem(summary, "counts"), name);
}

const char *outcome_class(const struct outcome *o, int frame, const char *type)
{
    const cJSON *stream, *packet;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItem(o->json, "streams"))
    {
        cJSON_ArrayForEach(packet, cJSON_GetObjectItem(stream, "packets"))
        {
            const cJSON *class = cJSON_GetObjectItem(packet, "class");
            const cJSON *kind = cJSON_GetObjectItem(packet, "type");
            if (class && number_at(packet, "frame") == frame &&
                (!type || !strcmp(kind->valuestring, type)))
                return class->valuestring;
        }
    }
    return "";
}

int outcome_where(const struct outcome *o, const char *class)
{
    const cJSON *stream, *packet;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItem(o->json, "streams"))
    {
        cJSON_ArrayForEach(packet, cJSON_GetObjectItem(stream, "packets"))
        {
            const cJSON *is = cJSON_GetObjectItem(packet, "class");
            if (is && !strcmp(is->valuestring, class))
                return number_at(
                    packet, strcmp(class, "EXTRA") ? "frame" : "after_frame");
        }
    }
    return -1;
}

const char *outcome_text(const struct outcome *o)
{
    free(text_of_kept);
    text_of_kept = o->json ? cJSON_Print(o->json) : xstrdup("no JSON");
    if (strlen(text_of_kept) > 3000) /* Check has no room for more */
        text_of_kept[3000] = '\0';
    return text_of_kept;
}
