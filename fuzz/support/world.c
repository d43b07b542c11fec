/* SPDX-License-Identifier: Apache-2.0 */
/* world.c -- a whole broker without sockets, watched by the observer. */
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/observe.h"
#include "state/store_sql.h"
#include "support/settings.h"

#define WALL_S 1700000000

enum { MAX_TURNS = 3 }; /* until all is at rest */

static void on_finding(void *user, const struct observe_finding *finding)
{
    const struct world *w = user;
    /* As the manual has it: without link stealing the newcomer is told so, and
     * queues that nobody reads are deleted where an address setting says it:
     * their identifiers are free again, which the observer cannot know. */
    static const char *const of_deleted[] = {"/MQTT-4.4.0-1", "/MQTT-2.3.1-6",
                                             "/MQTT-2.2.1-5", "/MQTT-2.3.1-4",
                                             "/MQTT-2.2.1-4"};
    bool is_agreed = !w->acceptor.allow_link_stealing &&
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

void world_make_room(struct world *w)
{
    w->is_disk_full = false;
    if (w->broker.store)
        sqlite3_exec(w->broker.store->db, "PRAGMA max_page_count = 100000",
                     NULL, NULL, NULL);
}

static void start(struct world *w)
{
    struct store *store = NULL;
    if (w->config.data_folder)
        open_store(w, &store);
    if (broker_init(&w->broker, &w->config, NULL, settings_security(&w->config),
                    store, w->now_ms,
                    WALL_S + (int64_t)(w->now_ms / 1000)) != 0)
        fuzz_fail("what the store kept cannot be loaded");
    if (store && w->is_disk_full)
        fill_disk(store);
}

void world_open(struct world *w, const uint8_t settings[4], bool has_store)
{
    static char yes[] = "yes";
    memset(w, 0, sizeof *w);
    w->now_ms = 1000;
    w->is_told = getenv("FUZZ_TRACE") != NULL;
    settings_read(&w->config, &w->acceptor, settings);
    w->is_disk_full = settings_fill_the_disk(settings);
    if (has_store)
        w->config.data_folder = yes; /* only says that there is one */
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
    if (!conn_has_output(w->places[place].client->conn))
        return;
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

/* tell_time begins a turn. */
static void tell_time(struct world *w)
{
    broker_begin_turn(&w->broker, w->now_ms,
                      WALL_S + (int64_t)(w->now_ms / 1000));
}

/* is_at_rest tells whether another turn would change nothing: nothing is due,
 * and what was CLOSING was swept when its last words had been taken. */
static bool is_at_rest(const struct world *w)
{
    uint64_t due_ms = broker_next_deadline(&w->broker);
    if (due_ms != 0 && due_ms <= w->now_ms)
        return false;
    for (const struct client *c = w->broker.clients; c; c = c->next) {
        if (c->conn->state == CONN_CLOSING)
            return false;
    }
    return true;
}

void world_turn(struct world *w)
{
    for (int i = 0; i == 0 || (i < MAX_TURNS && !is_at_rest(w)); i++) {
        gather(w);
        broker_end_turn(&w->broker);
        forget_swept(w);
        gather(w);
        tell_time(w);
    }
    for (unsigned i = 0; i < WORLD_PLACES; i++) {
        if (w->places[i].client)
            observe_quiet(w->places[i].observe, now_ns(w), w->places[i].number);
    }
}

void world_wait(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    tell_time(w);
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
    w->places[place].client = broker_add_client(&w->broker, conn, &w->acceptor);
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
    bool is_qos_2 = n > 0 && (octets[0] & 0xf6) == 0x34;
    return is_qos_2 && c && c->session && buf_size(&c->conn->in) == 0 &&
           wire_read((enum wire_version)c->version, WIRE_CLIENT, octets, n,
                     &packet, &total, NULL) == WIRE_OK &&
           total == n &&
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
