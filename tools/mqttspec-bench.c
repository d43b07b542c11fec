/* SPDX-License-Identifier: Apache-2.0 */
/* mqttspec-bench.c -- the reference broker's figures beside a peer's.
 *
 * Both brokers run at the same time on the same machine and take turns, round
 * by round, so that the machine's moods meet both; the median of the rounds
 * counts. A run with a lost, repeated or reordered message is no figure but a
 * failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "load.h"
#include "report/text.h"
#include "room.h"
#include "vanish.h"

static const char USAGE[] =
    "usage: mqttspec-bench [options]\n"
    "  --rounds N        rounds per scenario (3)\n"
    "  --scale F         messages times F (1)\n"
    "  --only NAME       one scenario\n"
    "  --report FILE     where to write JSON (reports/latest/bench.json)\n"
    "  --port N --pid P  measure this broker as ours instead of starting it\n"
    "  --no-peer         do not measure mosquitto\n"
    "  --vanish N        only this: N connections that subscribe, publish and "
    "are cut\n"
    "                    must leave no memory and no descriptor behind\n"
    "  --list            the scenarios\n"
    "Exit: 0 all delivered; 1 messages lost, repeated or reordered, or "
    "something\nleft behind; 4 a broker cannot be run.\n";

/* Publishers, subscribers; MQTT 3.1.1 and 64 octets of payload. */
#define LOAD(publishers, subscribers) SIZED(publishers, subscribers, 64)
#define SIZED(publishers, subscribers, octets)                                 \
    .n_publishers = (publishers), .n_subscribers = (subscribers),              \
    .payload = (octets), .version = WIRE_3_1_1
#define MQTT5                                                                  \
    .n_publishers = 1, .n_subscribers = 1, .payload = 64, .version = WIRE_5_0
#define TIMES(total, at_a_time) .n_messages = (total), .window = (at_a_time)

/* The idle ones first: memory is counted where nobody has worked yet. */
static const struct load LOADS[] = {
    {.name = "idle",
     .sentence = "1,000 connections that only exist",
     LOAD(0, 0),
     .n_idle = 1000},
    {.name = "qos0",
     .sentence = "one to one, QoS 0",
     LOAD(1, 1),
     TIMES(200000, 1000)},
    {.name = "qos1",
     .sentence = "one to one, QoS 1",
     LOAD(1, 1),
     .qos = 1,
     TIMES(100000, 100)},
    {.name = "qos2",
     .sentence = "one to one, QoS 2",
     LOAD(1, 1),
     .qos = 2,
     TIMES(30000, 20)},
    {.name = "fan_out",
     .sentence = "one to 100 subscribers, QoS 0",
     LOAD(1, 100),
     TIMES(4000, 100)},
    {.name = "fan_out_1",
     .sentence = "one to 100 subscribers, QoS 1",
     LOAD(1, 100),
     .qos = 1,
     TIMES(1000, 50)},
    {.name = "fan_in",
     .sentence = "100 publishers to one, QoS 0",
     LOAD(100, 1),
     TIMES(200000, 1000)},
    {.name = "fan_in_1",
     .sentence = "100 publishers to one, QoS 1",
     LOAD(100, 1),
     .qos = 1,
     TIMES(50000, 400)},
    {.name = "topics",
     .n_topics = 10000,
     LOAD(1, 10),
     TIMES(100000, 1000),
     .sentence = "10,000 topics, 1,000 wildcard filters of 10 clients"},
    {.name = "mqtt5",
     .sentence = "MQTT 5.0, QoS 1",
     MQTT5,
     .qos = 1,
     TIMES(100000, 100)},
    {.name = "properties",
     .sentence = "MQTT 5.0, QoS 1, six properties",
     MQTT5,
     .qos = 1,
     .has_properties = true,
     TIMES(60000, 100)},
    {.name = "websocket",
     .sentence = "over WebSocket, QoS 1",
     LOAD(1, 1),
     .is_web_socket = true,
     .qos = 1,
     TIMES(60000, 100)},
    {.name = "large",
     .sentence = "payloads of 1 MiB, QoS 1",
     SIZED(1, 1, 1 << 20),
     .qos = 1,
     TIMES(200, 4)},
    {.name = "delay",
     .sentence = "a message each 500 microseconds, QoS 0",
     LOAD(1, 1),
     .pause_us = 500,
     TIMES(2000, 10)},
};
enum {
    N_LOADS = sizeof LOADS / sizeof LOADS[0],
    ROUNDS_MAX = 21,
    SECONDS_MAX = 120
};

struct broker {
    const char *name;
    pid_t pid;
    int port, web_port;
    bool is_ours_to_stop;
};

struct bench {
    int rounds, n_vanish;
    double scale;
    const char *only, *report;
    bool has_peer;
    struct broker brokers[2]; /* ours, the peer */
    struct text json;
    bool has_failed; /* a message was lost, repeated or reordered */
    int n_figures;
};

/* ---- brokers ------------------------------------------------------------- */

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

/* Starts a program on a free port. False: it does not listen. */
static bool start(struct broker *b, const char *path, char *const argv[])
{
    b->pid = fork();
    if (b->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execv(path, argv);
        _exit(127);
    }
    b->is_ours_to_stop = true;
    for (int i = 0; i < 250; i++) {
        if (can_connect(b->port))
            return true;
        if (waitpid(b->pid, NULL, WNOHANG) == b->pid)
            break;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    fprintf(stderr, "mqttspec-bench: %s does not listen\n", path);
    b->is_ours_to_stop = false;
    return false;
}

static bool start_ours(struct broker *b, const char *self)
{
    char path[512], url[64];
    const char *slash = strrchr(self, '/');
    if (b->port)
        return true;
    snprintf(path, sizeof path, "%.*smqttspec-broker",
             slash ? (int)(slash - self + 1) : 0, self);
    b->port = free_port();
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", b->port);
    char *argv[] = {"mqttspec-broker", "--acceptor", url, NULL};
    return start(b, path, argv);
}

static bool start_mosquitto(struct broker *b)
{
    static const char PATH[] = "/usr/sbin/mosquitto";
    char conf[] = "/tmp/mqttspec-bench-XXXXXX";
    int fd = mkstemp(conf);
    b->name = "mosquitto";
    b->port = free_port();
    b->web_port = free_port();
    if (access(PATH, X_OK) || fd < 0)
        return false;
    /* no limit of its own: what is measured is the broker, not its defaults */
    dprintf(fd,
            "listener %d 127.0.0.1\nallow_anonymous true\n"
            "max_inflight_messages 0\nmax_queued_messages 0\n"
            "listener %d 127.0.0.1\nprotocol websockets\n",
            b->port, b->web_port);
    close(fd);
    chmod(conf, 0644); /* it gives up root before it reads */
    char *argv[] = {"mosquitto", "-c", conf, NULL};
    bool is_good = start(b, PATH, argv);
    unlink(conf);
    return is_good;
}

static void stop(struct broker *b)
{
    if (!b->is_ours_to_stop)
        return;
    kill(b->pid, SIGTERM);
    waitpid(b->pid, NULL, 0);
}

/* ---- figures ------------------------------------------------------------- */

/* The figures that a scenario gives; 0 where it gives none. */
enum { RATE, CPU, P50, P99, CONNECTS, IDLE, N_FIGURES };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The middle of the rounds; of memory the most, which is the first round's. */
static double middle(double *values, int n, int figure)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return values[figure == IDLE ? n - 1 : n / 2];
}

static const struct {
    const char *suffix, *unit;
} FIGURES[N_FIGURES] = {
    [RATE] = {"deliveries", "1/s"},
    [CPU] = {"broker_cpu", "us per delivery"},
    [P50] = {"delay_p50", "us"},
    [P99] = {"delay_p99", "us"},
    [CONNECTS] = {"connects", "1/s"},
    [IDLE] = {"idle_memory", "octets per connection"},
};

static void take_figures(const struct load *l, const struct load_result *r,
                         double out[N_FIGURES])
{
    double n = (double)r->n_received;
    memset(out, 0, N_FIGURES * sizeof *out);
    if (l->n_idle) {
        out[CONNECTS] = r->connects_per_s;
        out[IDLE] = r->idle_octets;
    } else if (l->pause_us) {
        out[P50] = r->p50_us;
        out[P99] = r->p99_us;
    } else if (r->seconds > 0 && n > 0) {
        out[RATE] = n / r->seconds;
        out[CPU] = r->cpu_s * 1e6 / n;
    }
}

static void put_figure(struct bench *b, const struct load *l, int figure,
                       double ours, double peer)
{
    const struct broker *other = &b->brokers[1];
    double ratio = peer > 0 ? ours / peer : 0;
    printf("%-12s %-14s %14.2f %14.2f  %6.2f  %s\n", l->name,
           FIGURES[figure].suffix, ours, peer, ratio, FIGURES[figure].unit);
    text_printf(
        &b->json,
        "%s\n  {\"name\": \"%s.%s\", \"unit\": \"%s\", \"ours\": %.3f, ",
        b->n_figures++ ? "," : "", l->name, FIGURES[figure].suffix,
        FIGURES[figure].unit, ours);
    if (peer > 0)
        text_printf(&b->json,
                    "\"peer\": %.3f, \"peer_name\": \"%s\", \"ratio\": %.3f}",
                    peer, other->name, ratio);
    else
        text_puts(&b->json,
                  "\"peer\": null, \"peer_name\": null, \"ratio\": null}");
}

static int measure(struct bench *b, const struct load *plan)
{
    double values[2][N_FIGURES][ROUNDS_MAX];
    struct load l = *plan;
    char error[200];
    l.n_messages = (uint64_t)((double)l.n_messages * b->scale);
    int n_rounds = 0;
    time_t begin = time(NULL);
    for (; n_rounds < b->rounds; n_rounds++) {
        /* A busy machine gets fewer rounds, not a longer wait. */
        if (n_rounds && time(NULL) - begin >= SECONDS_MAX / N_LOADS) {
            fprintf(stderr, "mqttspec-bench: %s: %d of %d rounds\n", l.name,
                    n_rounds, b->rounds);
            break;
        }
        for (int who = 0; who < (b->has_peer ? 2 : 1); who++) {
            struct load_result r;
            double figures[N_FIGURES];
            const struct broker *broker = &b->brokers[who];
            int port = l.is_web_socket && broker->web_port ? broker->web_port
                                                           : broker->port;
            if (load_run(&l, port, broker->pid, &r, error, sizeof error)) {
                fprintf(stderr, "mqttspec-bench: %s: %s\n",
                        b->brokers[who].name, error);
                return EXIT_TROUBLE;
            }
            if (r.n_lost || r.n_repeated || r.n_reordered) {
                fprintf(stderr,
                        "mqttspec-bench: %s: %s: %" PRIu64 " lost, %" PRIu64
                        " repeated, %" PRIu64 " out of order\n",
                        b->brokers[who].name, l.name, r.n_lost, r.n_repeated,
                        r.n_reordered);
                b->has_failed |= who == 0;
            }
            take_figures(&l, &r, figures);
            for (int k = 0; k < N_FIGURES; k++)
                values[who][k][n_rounds] = figures[k];
        }
    }
    for (int k = 0; k < N_FIGURES; k++) {
        double ours = middle(values[0][k], n_rounds, k);
        double peer = b->has_peer ? middle(values[1][k], n_rounds, k) : 0;
        if (ours > 0 || peer > 0)
            put_figure(b, plan, k, ours, peer);
    }
    fflush(stdout);
    return EXIT_GOOD;
}

/* ---- command line -------------------------------------------------------- */

enum {
    ROUNDS = 256,
    SCALE,
    ONLY,
    REPORT,
    PORT,
    PID,
    NO_PEER,
    VANISH,
    LIST,
    HELP,
    TOLD_VERSION
};

static const struct option OPTIONS[] = {
    {"rounds", required_argument, NULL, ROUNDS},
    {"scale", required_argument, NULL, SCALE},
    {"only", required_argument, NULL, ONLY},
    {"report", required_argument, NULL, REPORT},
    {"port", required_argument, NULL, PORT},
    {"pid", required_argument, NULL, PID},
    {"no-peer", no_argument, NULL, NO_PEER},
    {"vanish", required_argument, NULL, VANISH},
    {"list", no_argument, NULL, LIST},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, TOLD_VERSION},
    {NULL, 0, NULL, 0}};

/* Reads the options. Returns -1, or the code to exit with. */
static int read_options(int argc, char **argv, struct bench *b)
{
    int c;
    while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (c) {
        case ROUNDS:
            b->rounds = atoi(optarg);
            break;
        case SCALE:
            b->scale = strtod(optarg, NULL);
            break;
        case ONLY:
            b->only = optarg;
            break;
        case REPORT:
            b->report = optarg;
            break;
        case PORT:
            b->brokers[0].port = atoi(optarg);
            break;
        case PID:
            b->brokers[0].pid = atoi(optarg);
            break;
        case NO_PEER:
            b->has_peer = false;
            break;
        case VANISH:
            b->n_vanish = atoi(optarg);
            b->has_peer = false;
            break;
        case LIST:
            for (int i = 0; i < N_LOADS; i++)
                printf("%-12s %s\n", LOADS[i].name, LOADS[i].sentence);
            return EXIT_GOOD;
        case HELP:
            fputs(USAGE, stdout);
            return EXIT_GOOD;
        case TOLD_VERSION:
            puts("mqttspec-bench " MQTTSPEC_VERSION);
            return EXIT_GOOD;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind != argc || b->n_vanish < 0 || b->rounds < 1 ||
        b->rounds > ROUNDS_MAX || !(b->scale > 0)) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static int vanish(const struct bench *b)
{
    struct vanish_result r;
    char error[200];
    if (vanish_run(b->brokers[0].port, b->brokers[0].pid, b->n_vanish, &r,
                   error, sizeof error)) {
        fprintf(stderr, "mqttspec-bench: %s\n", error);
        return EXIT_TROUBLE;
    }
    bool is_clean = vanish_is_clean(&r, b->n_vanish);
    printf("%d connections in %.1f s left %+.0f octets and %+d descriptors "
           "behind (%.0f KiB, %d descriptors in all)\n"
           "%d passed, %d failed\n",
           b->n_vanish, r.seconds,
           r.after.memory_octets - r.before.memory_octets,
           r.after.n_descriptors - r.before.n_descriptors,
           r.after.memory_octets / 1024, r.after.n_descriptors, is_clean,
           !is_clean);
    return is_clean ? EXIT_GOOD : EXIT_FOUND;
}

static int run_all(struct bench *b)
{
    int exit = EXIT_GOOD, n = 0;
    printf("%-12s %-14s %14s %14s  %6s\n", "scenario", "figure", "ours",
           b->has_peer ? b->brokers[1].name : "-", "ratio");
    text_puts(&b->json, "{\"schema\": \"mqttspec-bench/1\", \"figures\": [");
    for (int i = 0; i < N_LOADS && exit == EXIT_GOOD; i++) {
        if (b->only && strcmp(b->only, LOADS[i].name))
            continue;
        n++;
        exit = measure(b, &LOADS[i]);
    }
    text_puts(&b->json, "]}\n");
    if (!n) {
        fprintf(stderr, "mqttspec-bench: no scenario \"%s\"\n", b->only);
        return EXIT_USAGE;
    }
    if (exit == EXIT_GOOD && text_save(&b->json, b->report)) {
        fprintf(stderr, "%s: %s\n", b->report, strerror(errno));
        exit = EXIT_TROUBLE;
    }
    return exit == EXIT_GOOD && b->has_failed ? EXIT_FOUND : exit;
}

int main(int argc, char **argv)
{
    struct bench b = {.rounds = 3,
                      .scale = 1,
                      .report = "reports/latest/bench.json",
                      .has_peer = true,
                      .brokers = {{.name = "mqttspec-broker"}}};
    struct rlimit files = {8192, 8192};
    int exit = read_options(argc, argv, &b);
    if (exit >= 0)
        return exit;
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_NOFILE, &files); /* the brokers inherit it */
    mkdir("reports", 0777);
    mkdir("reports/latest", 0777);
    if (!start_ours(&b.brokers[0], argv[0]))
        return EXIT_TROUBLE;
    if (b.has_peer && !start_mosquitto(&b.brokers[1])) {
        fprintf(stderr, "mqttspec-bench: mosquitto is not there: our figures "
                        "alone\n");
        b.has_peer = false;
    }
    exit = b.n_vanish ? vanish(&b) : run_all(&b);
    stop(&b.brokers[0]);
    stop(&b.brokers[1]);
    text_clear(&b.json);
    return exit;
}
