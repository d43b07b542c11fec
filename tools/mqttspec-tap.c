/* SPDX-License-Identifier: Apache-2.0 */
/* mqttspec-tap.c -- stand between any client and any broker, and watch.
 *
 * Passes all octets on unchanged, judges both sides with the observer, says
 * each breach as it happens, keeps a capture, and tells at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "clientpage.h"
#include "commands.h"
#include "duties.h"
#include "files.h"
#include "observe/observe.h"
#include "pcapout.h"
#include "reading.h"
#include "relay.h"
#include "room.h"
#include "tell_json.h"
#include "ws.h"

static const char NAME[] = "mqttspec-tap";

static const char USAGE[] =
    "usage: mqttspec-tap --listen PORT --target URL [options]\n"
    "  --listen PORT       where clients connect; 0 takes a free port\n"
    "  --target URL        mqtt:// or mqtts://host:port (WebSocket clients "
    "are\n"
    "                      passed through to the same port)\n"
    "  --public            listen on all addresses, not on loopback alone\n"
    "  --cert FILE --key FILE   speak TLS to clients (PEM)\n"
    "  --cafile FILE       verify the target's certificate with it\n"
    "  --write FILE.pcap   keep what was said\n"
    "  --report FILE       the client's page: .html, .json or .txt\n"
    "  --fresh             every connection the broker has ever had is seen\n"
    "  --verbose           a line per packet\n"
    "Ends at SIGINT or SIGTERM; exit 1 if a MUST was broken.\n";

struct tap {
    struct relay_options relay;
    const char *write, *report, *target;
    bool is_verbose, is_fresh;
    struct observe_world *world;
    struct pcapout *out;
    struct client_page page;
    uint64_t n_must, n_should, n_packets;
};

/* One connection through the tap. */
struct tapped {
    struct tap *tap;
    struct observe *observe;
    size_t number, pcap;
    const struct wire_packet *packet; /* completed last; alive in a callback */
    enum wire_side from;
    char line[1024]; /* of that packet */
};

static volatile sig_atomic_t is_asked_to_end;

static void on_signal(int number)
{
    (void)number;
    is_asked_to_end = 1;
}

static uint64_t day_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_packet(void *user, enum wire_side from,
                      const struct wire_packet *packet,
                      const struct wire_fault *fault, size_t packet_no,
                      uint64_t frame_no, int64_t time_ns)
{
    struct tapped *t = user;
    struct tap *tap = t->tap;
    (void)packet_no;
    (void)frame_no;
    (void)time_ns;
    tap->n_packets++;
    if (from == WIRE_CLIENT && packet->type < 16)
        tap->page.sent[packet->version][packet->type]++;
    tap->page.occasions[packet->version] |= duties_occasions(from, packet);
    struct wire_packet copy = *packet;
    hide_secrets(&copy);
    wire_describe(&copy, t->line, sizeof t->line);
    t->from = from;
    if (tap->is_verbose)
        printf("%zu %s %s%s%s\n", t->number, from == WIRE_CLIENT ? "->" : "<-",
               t->line, fault ? "  malformed: " : "",
               fault ? fault->sentence : "");
}

static void on_finding(void *user, const struct observe_finding *f)
{
    struct tapped *t = user;
    struct client_page *page = &t->tap->page;
    const char *id = *f->statement ? f->statement : f->rule;
    *(f->is_should ? &t->tap->n_should : &t->tap->n_must) += 1;
    printf("%s connection %zu packet %zu: the %s breaks %s: %s\n    %s %s\n",
           f->is_should ? "warning" : "violation", t->number, f->packet_no,
           wire_side_name(f->who), id, f->sentence,
           t->from == WIRE_CLIENT ? "->" : "<-", t->line);
    fflush(stdout);
    page->findings =
        grow(page->findings, page->n_findings, sizeof *page->findings);
    page->findings[page->n_findings++] =
        (struct client_finding){.statement = xstrdup(id),
                                .sentence = xstrdup(f->sentence),
                                .packet = xstrdup(t->line),
                                .connection = t->number,
                                .packet_no = f->packet_no,
                                .who = f->who,
                                .is_should = f->is_should};
}

static void on_open(void *user, struct relay_conn *conn)
{
    static const uint32_t LOOPBACK = 0x7F000001;
    struct tap *tap = user;
    struct tapped *t = xcalloc(1, sizeof *t);
    t->tap = tap;
    t->number = relay_number(conn);
    t->observe = observe_new(tap->world, on_finding, on_packet, t);
    tap->page.n_connections++;
    relay_set_user(conn, t);
    if (*relay_trouble(conn))
        fprintf(stderr, "mqttspec-tap: %s\n", relay_trouble(conn));
    if (tap->out)
        t->pcap = pcapout_connect(
            tap->out,
            (struct pcapout_end){LOOPBACK,
                                 (uint16_t)(40000 + t->number % 20000)},
            (struct pcapout_end){LOOPBACK, 1883}, day_time());
}

static void on_octets(void *user, struct relay_conn *conn, enum wire_side from,
                      const uint8_t *octets, size_t n)
{
    struct tap *tap = user;
    struct tapped *t = relay_user(conn);
    uint64_t now = day_time();
    if (tap->out)
        pcapout_send(tap->out, t->pcap, from == WIRE_CLIENT, octets, n, now);
    observe_octets(t->observe, from, octets, n, (int64_t)now, 0);
}

static void on_close(void *user, struct relay_conn *conn, enum wire_side by,
                     bool is_reset)
{
    struct tap *tap = user;
    struct tapped *t = relay_user(conn);
    uint64_t now = day_time();
    if (tap->out)
        pcapout_close(tap->out, t->pcap, by == WIRE_CLIENT, is_reset, now);
    observe_close(t->observe, by, is_reset ? OBSERVE_RST : OBSERVE_FIN,
                  (int64_t)now, 0);
    if (by == WIRE_SERVER && *relay_trouble(conn))
        fprintf(stderr, "mqttspec-tap: connection %zu: %s\n", t->number,
                relay_trouble(conn));
}

/* A rule of section 6 that a side has broken. */
static void blame_ws(struct tapped *t, enum wire_side who, const char *rule,
                     const char *sentence)
{
    char id[40];
    snprintf(id, sizeof id, "%s/MQTT-6.0.0-%s",
             observe_version(t->observe) == WIRE_5_0 ? "5.0" : "3.1.1", rule);
    snprintf(t->line, sizeof t->line, "a WebSocket");
    t->from = who;
    on_finding(t, &(struct observe_finding){.who = who,
                                            .statement = id,
                                            .sentence = sentence,
                                            .connection = t->observe});
}

/* What its frames show of a WebSocket, when it has ended. */
static void judge_ws(struct tapped *t, const struct relay_conn *conn)
{
    static const enum wire_side SIDES[] = {WIRE_CLIENT, WIRE_SERVER};
    enum wire_version version = observe_version(t->observe);
    const struct ws_facts *client = relay_ws(conn, WIRE_CLIENT);
    if (!client || version == WIRE_UNKNOWN)
        return;
    t->tap->page.occasions[version] |= DUTY_WEBSOCKET;
    if (!client->is_mqtt)
        blame_ws(t, WIRE_CLIENT, "3", "the subprotocol mqtt is not offered");
    for (int i = 0; i < 2; i++)
        if (relay_ws(conn, SIDES[i])->n_text)
            blame_ws(t, SIDES[i], "1", "MQTT in text frames");
}

static void on_gone(void *user, struct relay_conn *conn)
{
    struct tapped *t = relay_user(conn);
    (void)user;
    judge_ws(t, conn);
    observe_free(t->observe);
    free(t);
}

enum {
    LISTEN = 256,
    TARGET,
    PUBLIC,
    CERT,
    KEY,
    CAFILE,
    WRITE,
    REPORT,
    FRESH,
    VERBOSE,
    HELP,
    TOLD_VERSION
};

static const struct option OPTIONS[] = {
    {"listen", required_argument, NULL, LISTEN},
    {"target", required_argument, NULL, TARGET},
    {"public", no_argument, NULL, PUBLIC},
    {"cert", required_argument, NULL, CERT},
    {"key", required_argument, NULL, KEY},
    {"cafile", required_argument, NULL, CAFILE},
    {"write", required_argument, NULL, WRITE},
    {"report", required_argument, NULL, REPORT},
    {"fresh", no_argument, NULL, FRESH},
    {"verbose", no_argument, NULL, VERBOSE},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, TOLD_VERSION},
    {NULL, 0, NULL, 0}};

static int use_error(const char *what)
{
    fprintf(stderr, "mqttspec-tap: %s (see --help)\n", what);
    return EXIT_USAGE;
}

static bool read_port(const char *text, int *port)
{
    char *end;
    long v = strtol(text, &end, 10);
    *port = (int)v;
    return end != text && !*end && v >= 0 && v <= 65535;
}

/* Reads the options. Returns -1, or the code to exit with. */
static int read_options(int argc, char **argv, struct tap *tap)
{
    int c;
    bool has_port = false;
    while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (c) {
        case LISTEN:
            has_port = read_port(optarg, &tap->relay.port);
            if (!has_port)
                return use_error("--listen takes a port from 0 to 65535");
            break;
        case TARGET:
            tap->target = optarg;
            if (!live_url_read(optarg, &tap->relay.url) || tap->relay.url.is_ws)
                return use_error("--target takes mqtt:// or mqtts://");
            break;
        case PUBLIC:
            tap->relay.is_public = true;
            break;
        case CERT:
            tap->relay.cert = optarg;
            break;
        case KEY:
            tap->relay.key = optarg;
            break;
        case CAFILE:
            tap->relay.cafile = optarg;
            break;
        case WRITE:
            tap->write = optarg;
            break;
        case REPORT:
            tap->report = optarg;
            if (!client_page_is_named(optarg))
                return use_error("--report takes FILE.html, .json or .txt");
            break;
        case FRESH:
            tap->is_fresh = true;
            break;
        case VERBOSE:
            tap->is_verbose = true;
            break;
        case HELP:
            fputs(USAGE, stdout);
            return EXIT_GOOD;
        case TOLD_VERSION:
            puts("mqttspec-tap " MQTTSPEC_VERSION);
            return EXIT_GOOD;
        default:
            return EXIT_USAGE;
        }
    }
    if (!has_port || !tap->target || optind != argc)
        return use_error("--listen and --target are needed, nothing else");
    if (!tap->relay.cert != !tap->relay.key)
        return use_error("--cert and --key go together");
    bool is_readable = files_readable(NAME, tap->relay.cert) &&
                       files_readable(NAME, tap->relay.key) &&
                       files_readable(NAME, tap->relay.cafile);
    return is_readable ? -1 : EXIT_USAGE;
}

static int finish(struct tap *tap)
{
    int exit = tap->n_must ? EXIT_FOUND : EXIT_GOOD;
    char packets[48], connections[48], violations[48], warnings[48];
    printf("%s on %s: %s, %s\n", count_text(tap->n_packets, "packet", packets),
           count_text(tap->page.n_connections, "connection", connections),
           count_text(tap->n_must, "violation", violations),
           count_text(tap->n_should, "warning", warnings));
    tap->page.title = tap->target;
    if (tap->report && client_page_write(&tap->page, tap->report))
        exit = EXIT_TROUBLE;
    if (tap->out && pcapout_finish(tap->out)) {
        fprintf(stderr, "%s: could not be written\n", tap->write);
        exit = EXIT_TROUBLE;
    }
    for (uint64_t i = 0; i < tap->page.n_findings; i++) {
        free(tap->page.findings[i].statement);
        free(tap->page.findings[i].sentence);
        free(tap->page.findings[i].packet);
    }
    free(tap->page.findings);
    observe_world_free(tap->world);
    return exit;
}

int main(int argc, char **argv)
{
    struct tap tap = {0};
    char error[256];
    int exit = read_options(argc, argv, &tap);
    if (exit >= 0)
        return exit;
    if (!files_writable(NAME, tap.report))
        return EXIT_TROUBLE;
    if (tap.write && !(tap.out = pcapout_open(tap.write))) {
        fprintf(stderr, "%s: %s: %s\n", NAME, tap.write, strerror(errno));
        return EXIT_TROUBLE;
    }
    tap.relay.watcher = (struct relay_watcher){.user = &tap,
                                               .on_open = on_open,
                                               .on_octets = on_octets,
                                               .on_close = on_close,
                                               .on_gone = on_gone};
    tap.world = observe_world_new(tap.is_fresh);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct relay *relay = relay_new(&tap.relay, error, sizeof error);
    if (!relay) {
        fprintf(stderr, "mqttspec-tap: %s\n", error);
        finish(&tap);
        return EXIT_TROUBLE;
    }
    printf("listening on 127.0.0.1:%d\n", relay_port(relay));
    fflush(stdout);
    while (!is_asked_to_end)
        relay_step(relay, 200);
    for (int i = 0; i < 10; i++) /* what is on its way arrives */
        relay_step(relay, 10);
    relay_free(relay);
    return finish(&tap);
}
