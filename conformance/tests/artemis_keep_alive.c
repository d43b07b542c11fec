/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_keep_alive.c -- serverKeepAlive against the Keep Alive of the client:
 * nine cells.
 *
 *                client 0       client below     client above
 *     -1         never          the client's     the client's
 *     0          never          never            never
 *     n          n              the client's     n
 *
 * Where the broker puts its own value in place of the client's it must say so
 * in CONNACK (5.0); a client of 3.x cannot be told.
 * Spec: the Artemis MQTT manual, "Server Keep Alive"; 5.0 s3.2.2.3.14.
 */
#include "peer/peer.h"
#include "suite.h"

/* With 2 s the limit is 3 s; brokers that look every few seconds are in. */
enum { NOT_BEFORE_MS = 1900, LATEST_MS = 12000, LONG_MS = 4000 };

struct cell {
    struct row row;
    uint16_t client_s;
    uint32_t effective_s;
};

/* The Keep Alive that counts is the one of CONNACK, or the client's own. */
static void check_effective(struct t *t, struct peer *peer,
                            const struct cell *cell)
{
    uint32_t counts = wire_value(peer_connack(peer)->props.server_keep_alive_s,
                                 cell->client_s);
    t_check(t, counts == cell->effective_s,
            t_text(t, "a Keep Alive of %u s to count", cell->effective_s),
            "%u s counts after this CONNACK", counts);
}

static struct peer *connect_with(struct t *t, const struct cell *cell)
{
    return peer_connect(t, CONNECT(.client_id = "idle", .clean_start = 1,
                                   .keep_alive_s = cell->client_s));
}

static const struct cell off[] = {
    {{"client_0"}, 0, 0}, {{"client_2"}, 2, 2}, {{"client_60"}, 60, 60}};

/* -1: the client's value is taken, whatever it is, and none is sent. */
TEST_EACH(keep_alive_off_is_announced, off, "artemis/R14-keep-alive-announced",
          "artemis/R14-keep-alive-off", "artemis/R14-keep-alive-value",
          .versions = "5.0", .settings = "serverKeepAlive=-1",
          .needs = "acceptor_parameters")
{
    struct peer *peer = connect_with(t, t_row(t));
    t_check(t, !wire_is_set(peer_connack(peer)->props.server_keep_alive_s),
            "no Server Keep Alive", "there is one");
}

static const struct cell zero[] = {
    {{"client_0"}, 0, 0}, {{"client_1"}, 1, 0}, {{"client_60"}, 60, 0}};

/* 0: nobody is timed, and the client is told. */
TEST_EACH(keep_alive_zero_is_announced, zero,
          "artemis/R14-keep-alive-announced", "artemis/R14-keep-alive-zero",
          .versions = "5.0", .settings = "serverKeepAlive=0",
          .needs = "acceptor_parameters")
{
    check_effective(t, connect_with(t, t_row(t)), t_row(t));
}

static const struct cell two[] = {
    {{"client_0"}, 0, 2}, {{"client_1"}, 1, 1},   {{"client_2"}, 2, 2},
    {{"client_3"}, 3, 2}, {{"client_60"}, 60, 2}, {{"client_65535"}, 65535, 2}};

/* n: it is told to a client that asks for more, or for none. */
TEST_EACH(keep_alive_two_is_announced, two, "artemis/R14-keep-alive-announced",
          "5.0/MQTT-3.2.2-22", .versions = "5.0",
          .settings = "serverKeepAlive=2", .needs = "acceptor_parameters")
{
    check_effective(t, connect_with(t, t_row(t)), t_row(t));
}

/* -1, client 0: an idle client stays. */
TEST(idle_client_stays_without_any_keep_alive, "artemis/R14-keep-alive-off",
     .versions = "3.1 3.1.1 5.0", .settings = "serverKeepAlive=-1",
     .needs = "acceptor_parameters", .seconds = 4)
{
    struct peer *peer = peer_hello(t, "idle");
    t_let_pass(t, LONG_MS, "a client without Keep Alive is silent");
    peer_expect_alive(peer);
}

/* -1, client 2: the client's value counts. */
TEST(client_keep_alive_counts, "artemis/R14-keep-alive-off",
     .versions = "3.1 3.1.1 5.0", .settings = "serverKeepAlive=-1",
     .needs = "acceptor_parameters", .seconds = 12)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "idle", .clean_start = 1, .keep_alive_s = 2));
    peer_expect_close_within(peer, NOT_BEFORE_MS, LATEST_MS);
}

static const struct cell short_ones[] = {{{"client_0"}, 0, 0},
                                         {{"client_1"}, 1, 0}};

/* 0: an idle client stays, though it asked for a short Keep Alive. */
TEST_EACH(idle_client_stays_with_zero, short_ones,
          "artemis/R14-keep-alive-zero", .versions = "5.0",
          .settings = "serverKeepAlive=0", .needs = "acceptor_parameters",
          .seconds = 4)
{
    struct peer *peer = connect_with(t, t_row(t));
    t_let_pass(t, LONG_MS, "a client is silent where nobody is timed");
    peer_expect_alive(peer);
}

static const struct cell replaced[] = {{{"client_0"}, 0, 2},
                                       {{"client_60"}, 60, 2}};

/* n: the broker's value counts once it was told. */
TEST_EACH(server_keep_alive_counts, replaced, "artemis/R14-keep-alive-enforced",
          "5.0/MQTT-3.1.2-22", "5.0/MQTT-3.2.2-22", .versions = "5.0",
          .settings = "serverKeepAlive=2", .needs = "acceptor_parameters",
          .seconds = 12)
{
    struct peer *peer = connect_with(t, t_row(t));
    check_effective(t, peer, t_row(t));
    peer_expect_close_within(peer, NOT_BEFORE_MS, LATEST_MS);
}

/* n: packets of the client keep it, packets to the client do not. */
TEST(pinging_client_stays, "artemis/R14-keep-alive-enforced",
     "5.0/MQTT-3.1.2-22", .settings = "serverKeepAlive=3",
     .needs = "acceptor_parameters", .seconds = 8)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "ping", .clean_start = 1, .keep_alive_s = 60));
    t_let_pass(t, 2500, "five sixths of the Server Keep Alive");
    peer_expect_alive(peer);
    t_let_pass(t, 2500, "five sixths of the Server Keep Alive");
    peer_publish(peer, MESSAGE("a", "x", .qos = 1));
    t_let_pass(t, 2500, "five sixths of the Server Keep Alive");
    peer_expect_alive(peer);
}

/* n: a client with a shorter one keeps its own. */
TEST(shorter_client_keep_alive_counts, "artemis/R14-keep-alive-enforced",
     .versions = "3.1 3.1.1 5.0", .settings = "serverKeepAlive=30",
     .needs = "acceptor_parameters", .seconds = 12)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "idle", .clean_start = 1, .keep_alive_s = 2));
    peer_expect_close_within(peer, NOT_BEFORE_MS, LATEST_MS);
}

/* n: the time-out is no DISCONNECT of the client: its Will is published. */
TEST(server_keep_alive_publishes_will, "artemis/R14-keep-alive-enforced",
     "artemis/R04-will-on-failure", .versions = "5.0",
     .settings = "serverKeepAlive=2", .needs = "acceptor_parameters",
     .seconds = 12)
{
    struct peer *silent = peer_connect(
        t, CONNECT(.client_id = "silent", .clean_start = 1, .keep_alive_s = 60,
                   .will = {.topic = "will", .payload = "gone", .retain = 1}));
    peer_expect_close_within(silent, NOT_BEFORE_MS, LATEST_MS);
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "will", 0);
    peer_expect_message(watcher, MESSAGE("will", "gone", .retain = 1));
}

static const struct cell untold[] = {{{"client_0"}, 0, 2},
                                     {{"client_60"}, 60, 2}};

/* n, client of 3.x: it is not timed by a value that it was never told, */
TEST_EACH(server_keep_alive_spares_3, untold, "3.1.1/MQTT-3.1.2-24",
          "3.1/RULE-keep-alive", .settings = "serverKeepAlive=2",
          .needs = "acceptor_parameters", .seconds = 4)
{
    struct peer *peer = connect_with(t, t_row(t));
    t_let_pass(t, LONG_MS, "twice the time that a client of 5.0 has");
    peer_expect_alive(peer);
}

/* ... unless it is asked for: a server may end an inactive connection. */
TEST_EACH(server_keep_alive_binds_3, untold, "artemis/R14-keep-alive-enforced",
          .versions = "3.1 3.1.1",
          .settings = "serverKeepAlive=2;serverKeepAliveMqtt3=true",
          .needs = "acceptor_parameters", .seconds = 12)
{
    struct peer *peer = connect_with(t, t_row(t));
    peer_expect_close_within(peer, NOT_BEFORE_MS, LATEST_MS);
}

SUITE(artemis_keep_alive, "Artemis R14 Server Keep Alive",
      keep_alive_off_is_announced, keep_alive_zero_is_announced,
      keep_alive_two_is_announced, idle_client_stays_without_any_keep_alive,
      client_keep_alive_counts, idle_client_stays_with_zero,
      server_keep_alive_counts, pinging_client_stays,
      shorter_client_keep_alive_counts, server_keep_alive_publishes_will,
      server_keep_alive_spares_3, server_keep_alive_binds_3);
