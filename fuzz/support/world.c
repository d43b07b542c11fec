/* SPDX-License-Identifier: Apache-2.0 */
/* world.c -- a whole broker without sockets, watched by the observer. */
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/observe.h"
#include "state/store_sql.h"

#define WALL_S 1700000000

static void on_finding(void *user, const struct observe_finding *finding)
{
    const struct world *w = user;
    const struct acceptor_options *o = &w->config.acceptors[0];
    /* As the manual has it: without link stealing the newcomer is told so, and
     * queues that nobody reads are deleted where an address setting says it:
     * their identifiers are free again, which the observer cannot know. */
    static const char *const of_deleted[] = {"/MQTT-4.4.0-1", "/MQTT-2.3.1-6",
                                             "/MQTT-2.2.1-5", "/MQTT-2.3.1-4",
                                             "/MQTT-2.2.1-4"};
    bool is_agreed = !o->allow_link_stealing &&
                     strcmp(finding->statement, "5.0/MQTT-3.14.0-1") == 0;
    for (size_t i = 0; i < 5 && w->config.n_address_settings > 0; i++)
        is_agreed |= strstr(finding->statement, of_deleted[i]) != NULL;
    if (finding->who == WIRE_SERVER && !finding->is_should && !is_agreed)
        fuzz_fail("the broker breaks %s: %s", finding->rule, finding->sentence);
}

/* on_packet tells the conversation where somebody wants to read it
 * (FUZZ_TRACE=1 fuzz-session INPUT). */
static void on_packet(void *user, enum wire_side from,
                      const struct wire_packet *packet,
                      const struct wire_fault *fault, size_t packet_no,
                      uint64_t frame_no, int64_t time_ns)
{
    char line[300];
    (void)user;
    fprintf(stderr, "%9lld ms %2llu %s %2zu %s%s%s\n",
            (long long)(time_ns / 1000000), (unsigned long long)frame_no,
            from == WIRE_CLIENT ? "->" : "<-", packet_no,
            wire_describe(packet, line, sizeof line), fault ? "  ! " : "",
            fault ? fault->sentence : "");
}

/* The users and rights of every run that asks for them: ann may do anything but
 * "a/b", and "secret" hashed once is her password. */
static struct security *shared_security(void)
{
    static struct security *security;
    static const char users[] =
        "ann:$pbkdf2-sha256$1$00000000000000000000000000000000$"
        "a0f0e61741c34aa36279dd8a411c6ca26a84ce284a983b43ba79caba8a5f26d0\n";
    static const char acl[] =
        "topic readwrite #\nuser ann\ntopic deny a/b\nclient c1\n"
        "topic deny b/#\npattern write own/%c/#\n";
    struct feed parts[] = {{(const uint8_t *)users, sizeof users - 1},
                           {(const uint8_t *)acl, sizeof acl - 1}};
    static struct config config; /* borrowed by it */
    static char paths[2][64];
    struct complaint error;
    if (security)
        return security;
    if (feed_file(&parts[0], paths[0]) < 0 ||
        feed_file(&parts[1], paths[1]) < 0)
        abort();
    config_init(&config);
    config.users_file = paths[0];
    config.acl_file = paths[1];
    config.has_scram_sha_256 = true;
    security = security_open(&config, NULL, &error);
    if (!security)
        fuzz_fail("%s", error.text);
    return security;
}

static void set_acceptor(struct acceptor_options *o, unsigned bits)
{
    o->receive_maximum = bits & 1 ? 2 : 65535;
    o->topic_alias_maximum = bits & 2 ? 2 : 65535;
    o->maximum_packet_size = bits & 4 ? 200 : 268435455;
    o->server_keep_alive_s = bits & 8 ? 3 : -1;
    o->allow_link_stealing = !(bits & 16);
    o->maximum_qos = bits & 32 ? (bits & 64 ? 0 : 1) : 2;
    o->close_on_publish_authorization_failure = (bits & 64) != 0;
    o->retain_available = !(bits & 128);
}

/* What few inputs should have: chosen by more than one bit, or harmless. */
static void set_rarely(struct config *c, unsigned bits)
{
    static char elsewhere[] = "elsewhere:1883";
    struct acceptor_options *o = &c->acceptors[0];
    o->server_reference = (bits & 6) == 6 ? elsewhere : NULL;
    c->max_queued_octets = bits & 8 ? 40 : 0;
    o->server_keep_alive_for_3 = (bits & 16) != 0;
}

static void set_broker(struct config *c, unsigned bits)
{
    struct acceptor_options *o = &c->acceptors[0];
    c->sys_interval_s = bits & 1 ? 10 : 0;
    c->max_queued_messages = bits & 2 ? 2 : 1000;
    c->max_output_octets = bits & 4 ? 100 : 0;
    c->max_subscriptions = bits & 8 ? 3 : 0;
    c->max_topic_levels = bits & 16 ? 3 : 0;
    c->max_retained_messages = bits & 32 ? 2 : 0;
    c->max_connections = bits & 64 ? 2 : 0;
    c->has_scram_sha_256 = (bits & 128) != 0;
    c->allow_anonymous = true;
    o->wildcard_subscription_available = (bits & 0x300) != 0x300;
    o->shared_subscription_available = (bits & 0x300) != 0x200;
    o->subscription_identifier_available = (bits & 0x300) != 0x200;
    o->default_session_expiry_interval_s = bits & 0x400 ? 5 : -1;
    o->is_session_expiry_interval_given = (bits & 0x400) != 0;
}

/* Rules for the topics under "a" and "b", as the manual has them. */
static void set_addresses(struct config *c)
{
    static const char text[] =
        "[address-setting a.#]\nauto-delete-queues = true\n"
        "auto-delete-queues-delay = 2000\n"
        "auto-delete-queues-message-count = -1\n"
        "auto-delete-addresses = true\n"
        "[address-setting b.#]\nexpiry-delay = 5000\nmax-expiry-delay = 9000\n"
        "auto-delete-queues = true\nauto-delete-queues-message-count = 1\n";
    struct feed feed = {(const uint8_t *)text, sizeof text - 1};
    char path[64];
    struct complaint error;
    int fd = feed_file(&feed, path);
    if (fd >= 0 && config_read_file(c, path, &error) != 0)
        fuzz_fail("%s", error.text);
    if (fd >= 0)
        close(fd);
}

static void open_store(struct world *w, struct store **store)
{
    struct complaint error;
    static bool is_set_up;
    if (!is_set_up) { /* one thread, and nobody asks for figures */
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        is_set_up = true;
    }
    if (!w->folder[0]) {
        strcpy(w->folder, "/dev/shm/mqttspec-fuzz-XXXXXX");
        if (!mkdtemp(w->folder))
            fuzz_fail("no folder for the store");
    }
    *store = store_open(w->folder, NULL, &error);
    if (!*store)
        fuzz_fail("the store: %s", error.text);
}

/* fill_disk leaves the store no more pages than it has, as a full disk does:
 * what needs another one fails from now on. */
static void fill_disk(struct store *store)
{
    sqlite3_exec(store->db, "PRAGMA max_page_count = 1", NULL, NULL, NULL);
}

static void start(struct world *w)
{
    struct store *store = NULL;
    if (w->config.data_folder)
        open_store(w, &store);
    struct security *security =
        w->config.has_scram_sha_256 ? shared_security() : NULL;
    if (broker_init(&w->broker, &w->config, NULL, security, store, w->now_ms,
                    WALL_S + (int64_t)(w->now_ms / 1000)) != 0)
        fuzz_fail("what the store kept cannot be loaded");
    if (store && w->is_disk_full)
        fill_disk(store);
}

void world_open(struct world *w, const uint8_t settings[4], bool has_store)
{
    static char yes[] = "yes";
    struct complaint error;
    memset(w, 0, sizeof *w);
    w->now_ms = 1000;
    w->is_told = getenv("FUZZ_TRACE") != NULL;
    config_init(&w->config);
    if (config_add_acceptor(&w->config, "tcp://127.0.0.1:0", &error) != 0)
        fuzz_fail("%s", error.text);
    set_acceptor(&w->config.acceptors[0], settings[0]);
    set_broker(&w->config, settings[1] | (settings[2] & 7u) << 8);
    set_rarely(&w->config, settings[3]);
    if (settings[3] & 1)
        set_addresses(&w->config);
    w->is_disk_full = (settings[3] & 0x60) == 0x60;
    if (has_store)
        w->config.data_folder = yes; /* only says that there is one */
    if (w->config.has_scram_sha_256)
        w->config.acl_file = yes;
    w->seen = observe_world_new(true);
    start(w);
}

void world_close(struct world *w)
{
    static const char *const names[] = {"", "-wal", "-shm", "-journal"};
    char path[128];
    broker_clear(&w->broker);
    for (size_t i = 0; i < w->n_observers; i++)
        observe_free(w->observers[i]);
    observe_world_free(w->seen);
    w->config.data_folder = NULL;
    w->config.acl_file = w->config.acceptors[0].server_reference = NULL;
    config_clear(&w->config);
    for (size_t i = 0; w->folder[0] && i < 4; i++) {
        snprintf(path, sizeof path, "%s/mqttspec-broker.db%s", w->folder,
                 names[i]);
        unlink(path);
    }
    if (w->folder[0])
        rmdir(w->folder);
}

static int64_t now_ns(const struct world *w)
{
    return (int64_t)w->now_ms * 1000000;
}

/* take_output shows the observer what the broker has said on one place. */
static void take_output(struct world *w, unsigned place)
{
    struct buf out = {0};
    conn_take_output(w->places[place].client->conn, &out);
    struct slice octets = buf_slice(&out);
    observe_octets(w->places[place].observe, WIRE_SERVER, octets.data, octets.n,
                   now_ns(w), w->places[place].number);
    buf_clear(&out);
}

/* gather does so on every place. What the output limit held back follows, as
 * it does when the broker itself has written all (turn.c). */
static void gather(struct world *w)
{
    for (unsigned i = 0; i < WORLD_PLACES; i++) {
        struct client *c = w->places[i].client;
        if (!c)
            continue;
        for (take_output(w, i); c->session && session_has_backlog(c->session) &&
                                session_can_send(c->session);
             take_output(w, i))
            session_pump(c->session, w->now_ms);
    }
}

/* forget_swept notes which connections are gone. */
static void forget_swept(struct world *w)
{
    for (unsigned i = 0; i < WORLD_PLACES; i++) {
        struct client *c = w->broker.clients;
        while (c && c != w->places[i].client)
            c = c->next;
        if (c || !w->places[i].client)
            continue;
        observe_close(w->places[i].observe, WIRE_SERVER, OBSERVE_FIN, now_ns(w),
                      w->places[i].number);
        w->places[i].client = NULL;
    }
}

void world_turn(struct world *w)
{
    for (int i = 0; i < 3; i++) {
        gather(w);
        broker_end_turn(&w->broker);
        forget_swept(w);
        gather(w);
        broker_begin_turn(&w->broker, w->now_ms,
                          WALL_S + (int64_t)(w->now_ms / 1000));
    }
    for (unsigned i = 0; i < WORLD_PLACES; i++) {
        if (w->places[i].client)
            observe_quiet(w->places[i].observe, now_ns(w), w->places[i].number);
    }
}

void world_wait(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    broker_begin_turn(&w->broker, w->now_ms,
                      WALL_S + (int64_t)(w->now_ms / 1000));
    world_turn(w);
    for (unsigned i = 0; i < WORLD_PLACES; i++) {
        if (w->places[i].client)
            observe_tick(w->places[i].observe, now_ns(w));
    }
}

/* arrive makes sure that somebody is there. Returns false when there were too
 * many connections already. */
static bool arrive(struct world *w, unsigned place)
{
    if (w->places[place].client)
        return true;
    if (w->n_observers == WORLD_CONNECTIONS)
        return false;
    struct conn *conn = conn_new(NULL, NULL);
    w->places[place].client =
        broker_add_client(&w->broker, conn, &w->config.acceptors[0]);
    w->places[place].observe = w->observers[w->n_observers++] =
        observe_new(w->seen, on_finding, w->is_told ? on_packet : NULL, w);
    w->places[place].number = w->n_observers;
    return true;
}

static void add_waiting(struct session *s, void *arg)
{
    *(uint64_t *)arg += s->queue.n;
}

/* n_delivered counts what was ever sent to or waits for anybody. */
static uint64_t n_delivered(struct world *w)
{
    uint64_t n = w->broker.counters.n_publish_out;
    session_each(&w->broker.sessions, add_waiting, &n);
    return n;
}

/* is_repeat tells whether octets are a QoS 2 PUBLISH whose identifier still
 * waits for its PUBREL: it must not be delivered again [MQTT-4.3.3-10]. */
static bool is_repeat(const struct world *w, unsigned place,
                      const uint8_t *octets, size_t n)
{
    const struct client *c = w->places[place].client;
    struct wire_packet packet;
    size_t total;
    return c && c->session && buf_size(&c->conn->in) == 0 &&
           wire_read((enum wire_version)c->version, WIRE_CLIENT, octets, n,
                     &packet, &total, NULL) == WIRE_OK &&
           total == n && packet.type == WIRE_PUBLISH && packet.qos == 2 &&
           inflight_incoming_state(&c->session->inflight, packet.packet_id) ==
               INCOMING_AWAIT_PUBREL;
}

void world_say(struct world *w, unsigned place, const uint8_t *octets, size_t n,
               bool is_cut)
{
    size_t step = is_cut ? 1 : n;
    if (n == 0 || !arrive(w, place))
        return;
    struct client *c = w->places[place].client;
    uint64_t before = is_repeat(w, place, octets, n) ? 1 + n_delivered(w) : 0;
    for (size_t at = 0; at < n && c->conn->state != CONN_CLOSING; at += step) {
        buf_append(&c->conn->in, octets + at, step);
        observe_octets(w->places[place].observe, WIRE_CLIENT, octets + at, step,
                       now_ns(w), w->places[place].number);
        broker_input(&w->broker, c);
    }
    /* Unless it ended the connection, and a Will went out. */
    if (before && c->session && n_delivered(w) + 1 != before)
        fuzz_fail("a repeated QoS 2 PUBLISH was delivered again");
    gather(w); /* before others speak: the observer follows the order of time */
}

void world_drop(struct world *w, unsigned place)
{
    struct client *c = w->places[place].client;
    if (!c)
        return;
    gather(w);
    observe_close(w->places[place].observe, WIRE_CLIENT, OBSERVE_RST, now_ns(w),
                  1);
    c->conn->has_ended = true;
    broker_input(&w->broker, c);
}

void world_restart(struct world *w)
{
    if (!w->config.data_folder)
        return;
    for (unsigned i = 0; i < WORLD_PLACES; i++)
        world_drop(w, i);
    world_turn(w);
    broker_clear(&w->broker);
    memset(w->places, 0, sizeof w->places);
    observe_world_forget(w->seen);
    start(w);
}
