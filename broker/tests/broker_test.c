// SPDX-License-Identifier: Apache-2.0
/* broker_test.c -- conversations with a whole broker, without sockets.
 *
 * Clients are numbers; what they say and hear is hex typed from the standard.
 * The clock stands still until a test moves it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "codec/decode.h"
#include "tests/tests.h"

#define N_CLIENTS 4

struct world {
    struct config config;
    struct broker broker;
    struct client *clients[N_CLIENTS]; /* NULL: not open, or swept */
    struct buf heard[N_CLIENTS];
    uint64_t now_ms;
};

/* The parts of CONNECT, to be put together. */
#define V4_CLEAN "10 0D 0004 4D515454 04 02 003C 0001 "
#define V5_CLEAN "10 0E 0004 4D515454 05 02 003C 00 0001 "
#define V5_KEPT "10 13 0004 4D515454 05 00 003C 05 11 0000000A 0001 "
#define V5_TERSE "10 10 0004 4D515454 05 02 003C 02 17 00 0001 61"
#define V5_YES "20 0E 00 00 0B 21 FFFF 22 FFFF 27 0FFFFFFF"
#define V5_YES_PRESENT "20 0E 01 00 0B 21 FFFF 22 FFFF 27 0FFFFFFF"

static void gather(struct world *w)
{
    for (int i = 0; i < N_CLIENTS; i++)
        if (w->clients[i])
            conn_take_output(w->clients[i]->conn, &w->heard[i]);
}

/* forget_swept notes who is no client any more. */
static void forget_swept(struct world *w)
{
    for (int i = 0; i < N_CLIENTS; i++) {
        struct client *c = w->broker.clients;
        while (c && c != w->clients[i])
            c = c->next;
        w->clients[i] = c;
    }
}

/* turn lets the broker finish a turn, and sweep who has heard all. */
static void turn(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        gather(w);
        broker_end_turn(&w->broker);
        forget_swept(w);
        gather(w);
        broker_begin_turn(&w->broker, w->now_ms, 1700000000);
    }
}

static void open_world(struct world *w)
{
    struct complaint error;
    memset(w, 0, sizeof *w);
    w->now_ms = 1000;
    config_init(&w->config);
    w->config.sys_interval_s = 0;
    ck_assert_int_eq(
        config_add_acceptor(&w->config, "tcp://127.0.0.1:0", &error), 0);
    ck_assert_int_eq(broker_init(&w->broker, &w->config, NULL, NULL, NULL,
                                 w->now_ms, 1700000000),
                     0);
}

static void close_world(struct world *w)
{
    broker_clear(&w->broker);
    for (int i = 0; i < N_CLIENTS; i++)
        buf_clear(&w->heard[i]);
    config_clear(&w->config);
}

static void append_hex(struct buf *out, const char *hex)
{
    for (const char *at = hex; *at; at++) {
        char digits[3] = {at[0], at[1], '\0'};
        if (*at == ' ')
            continue;
        uint8_t octet = (uint8_t)strtoul(digits, NULL, 16);
        buf_append(out, &octet, 1);
        at++;
    }
}

static void say(struct world *w, int who, const char *hex)
{
    if (!w->clients[who]) {
        struct conn *conn = conn_new(NULL, NULL);
        w->clients[who] =
            broker_add_client(&w->broker, conn, &w->config.acceptors[0]);
    }
    append_hex(&w->clients[who]->conn->in, hex);
    broker_input(&w->broker, w->clients[who]);
    turn(w);
}

/* lose ends a connection without a DISCONNECT. */
static void lose(struct world *w, int who)
{
    w->clients[who]->conn->has_ended = true;
    broker_input(&w->broker, w->clients[who]);
    turn(w);
}

static void wait_ms(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    broker_begin_turn(&w->broker, w->now_ms, 1700000000);
    turn(w);
}

/* hear demands that exactly these octets were sent since the last time. */
static void hear(struct world *w, int who, const char *hex)
{
    struct buf expected = {0};
    struct slice got = buf_slice(&w->heard[who]);
    append_hex(&expected, hex);
    char text[1024] = "";
    for (size_t i = 0; i < got.n && i < 400; i++)
        snprintf(text + 2 * i, 3, "%02X", got.data[i]);
    ck_assert_msg(slice_equals(buf_slice(&expected), got),
                  "client %d heard %s, not %s", who, text, hex);
    buf_consume(&w->heard[who], got.n);
    buf_clear(&expected);
}

/* hear_no demands one packet with a Reason Code and a Reason String. */
static void hear_no(struct world *w, int who, enum packet_type type,
                    unsigned reason)
{
    struct slice got = buf_slice(&w->heard[who]);
    struct packet packet = {0};
    ck_assert_uint_eq(got.n, got.n > 1 ? got.data[1] + 2u : 0);
    ck_assert_int_eq(packet_decode(got, MQTT_5_0, &packet), REASON_SUCCESS);
    ck_assert_int_eq(packet.type, type);
    const struct properties *p = type == PACKET_CONNACK
                                     ? &packet.connack.properties
                                     : &packet.disconnect.properties;
    ck_assert_uint_eq(type == PACKET_CONNACK ? packet.connack.reason
                                             : packet.disconnect.reason,
                      reason);
    ck_assert(properties_has(p, PROPERTY_REASON_STRING));
    ck_assert_uint_gt(p->reason_string.n, 4);
    buf_consume(&w->heard[who], got.n);
}

/* greet connects and passes over the CONNACK. */
static void greet(struct world *w, int who, const char *hex)
{
    say(w, who, hex);
    struct slice got = buf_slice(&w->heard[who]);
    ck_assert(got.n >= 4 && got.data[0] == 0x20 && got.data[3] == 0);
    buf_consume(&w->heard[who], got.n);
}

static void expect_closed(struct world *w, int who)
{
    ck_assert_ptr_null(w->clients[who]);
}

/* What a client may not say first. [MQTT-3.1.0-1]; nothing is answered
 * [MQTT-3.14.0-1]. */
START_TEST(first_packet_is_connect)
{
    static const char *const first[] = {
        "C0 00", "E0 00", "30 03 0001 74", "F0 00", "20 02 00 00", "00 00",
    };
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        say(&w, 0, first[i]);
        hear(&w, 0, "");
        expect_closed(&w, 0);
    }
    close_world(&w);
}
END_TEST

START_TEST(second_connect_ends_the_connection)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, V5_CLEAN "61");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x82);
    expect_closed(&w, 0);
    greet(&w, 0, V4_CLEAN "61");
    say(&w, 0, V4_CLEAN "61");
    hear(&w, 0, "");
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

/* What only a server sends is a Protocol Error from a client. */
START_TEST(server_packets_are_refused)
{
    static const char *const packets[] = {"20 03 00 00 00", "90 04 0001 00 00",
                                          "B0 04 0001 00 00", "D0 00"};
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        greet(&w, 0, V5_CLEAN "61");
        say(&w, 0, packets[i]);
        hear_no(&w, 0, PACKET_DISCONNECT, 0x82);
        expect_closed(&w, 0);
    }
    close_world(&w);
}
END_TEST

/* One octet at a time gives what the whole packet gives. */
START_TEST(octets_may_come_one_by_one)
{
    static const char *const octets[] = {"10", "0E", "00", "04", "4D",
                                         "51", "54", "54", "05", "02",
                                         "00", "3C", "00", "00", "01"};
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof octets / sizeof octets[0]; i++) {
        say(&w, 0, octets[i]);
        hear(&w, 0, "");
    }
    say(&w, 0, "61");
    hear(&w, 0, V5_YES);
    close_world(&w);
}
END_TEST

/* Nothing behind a refused CONNECT is looked at [MQTT-3.1.4-6]. */
START_TEST(refused_connect_ends_everything)
{
    struct world w;
    open_world(&w);
    greet(&w, 1, V5_CLEAN "77");
    say(&w, 1, "82 07 0001 00 0001 23 00");
    hear(&w, 1, "90 04 0001 00 00");
    say(&w, 0,
        "10 11 0004 4D515454 05 02 003C 03 21 0000 0001 61"
        "31 05 0001 74 00 78");
    hear(&w, 0, "20 03 00 82 00");
    expect_closed(&w, 0);
    hear(&w, 1, "");
    close_world(&w);
}
END_TEST

/* The older connection hears 0x8E before the newer one its CONNACK. */
START_TEST(takeover_ends_the_older_connection)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 1, V5_CLEAN "61");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x8E);
    hear(&w, 1, V5_YES);
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

/* allowLinkStealing=false: the newer one goes; 5.0 hears DISCONNECT 0x80. */
START_TEST(link_is_not_stolen_when_forbidden)
{
    struct world w;
    open_world(&w);
    w.config.acceptors[0].allow_link_stealing = false;
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 1, V5_CLEAN "61");
    hear_no(&w, 1, PACKET_DISCONNECT, 0x80);
    expect_closed(&w, 1);
    say(&w, 1, V4_CLEAN "61");
    hear(&w, 1, "");
    expect_closed(&w, 1);
    say(&w, 0, "C0 00");
    hear(&w, 0, "D0 00");
    close_world(&w);
}
END_TEST

#define V5_WILL_TO "10 15 0004 4D515454 05 06 003C 00 0001 61 00 0001 "
#define V5_WILL V5_WILL_TO "77 0001 78"
#define WILL "30 05 0001 77 00 78"

/* watch opens client 1 with a subscription to everything. */
static void watch(struct world *w)
{
    greet(w, 1, V5_CLEAN "77");
    say(w, 1, "82 07 0001 00 0001 23 00");
    hear(w, 1, "90 04 0001 00 00");
}

START_TEST(will_is_published_when_the_connection_is_lost)
{
    struct world w;
    open_world(&w);
    watch(&w);
    greet(&w, 0, V5_WILL);
    lose(&w, 0);
    hear(&w, 1, WILL);
    close_world(&w);
}
END_TEST

/* DISCONNECT, and whether the Will is published. */
START_TEST(disconnect_decides_about_the_will)
{
    static const struct {
        const char *disconnect;
        const char *heard;
    } table[] = {
        {"E0 00", ""},
        {"E0 01 00", ""},
        {"E0 01 04", WILL},
        {"E0 01 80", WILL},
        {"E1 00", WILL},
        {"E0 07 00 05 11 0000003C", WILL}, /* from 0: a Protocol Error */
    };
    struct world w;
    open_world(&w);
    watch(&w);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        greet(&w, 0, V5_WILL);
        say(&w, 0, table[i].disconnect);
        hear(&w, 1, table[i].heard);
        expect_closed(&w, 0);
        buf_consume(&w.heard[0], buf_size(&w.heard[0]));
    }
    close_world(&w);
}
END_TEST

#define V5_DELAYED_WILL                                                        \
    "10 1F 0004 4D515454 05 04 003C 05 11 0000000A 0001 61"                    \
    "05 18 00000003 0001 77 0001 78"

/* A broker that ends without a word finds the Wills of those who were connected
 * when it comes back, and publishes them when they are due, not when it happens
 * to scan. */
START_TEST(stored_will_is_due_after_a_restart)
{
    char folder[] = "/tmp/mqttspec-broker-XXXXXX", path[64];
    struct complaint error;
    struct world w;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int life = 0; life < 2; life++) {
        open_world(&w);
        broker_clear(&w.broker);
        struct store *store = store_open(folder, NULL, &error);
        ck_assert_int_eq(broker_init(&w.broker, &w.config, NULL, NULL, store,
                                     w.now_ms, 1700000000),
                         0);
        if (life > 0)
            break;
        greet(&w, 0, V5_DELAYED_WILL);
        close_world(&w);
    }
    watch(&w);
    wait_ms(&w, 2999);
    hear(&w, 1, "");
    wait_ms(&w, 1);
    hear(&w, 1, WILL);
    close_world(&w);
    snprintf(path, sizeof path, "%s/mqttspec-broker.db", folder);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(delayed_will_waits_and_may_be_cancelled)
{
    struct world w;
    open_world(&w);
    watch(&w);
    greet(&w, 0, V5_DELAYED_WILL);
    lose(&w, 0);
    wait_ms(&w, 2999);
    hear(&w, 1, "");
    wait_ms(&w, 1);
    hear(&w, 1, WILL);
    greet(&w, 0, V5_DELAYED_WILL);
    lose(&w, 0);
    wait_ms(&w, 1000);
    say(&w, 0, V5_KEPT "61");
    hear(&w, 0, V5_YES_PRESENT);
    say(&w, 0, "E0 00");
    wait_ms(&w, 9000);
    hear(&w, 1, "");
    close_world(&w);
}
END_TEST

START_TEST(silence_ends_the_connection_after_one_and_a_half_times)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, "10 0E 0004 4D515454 05 02 000A 00 0001 61");
    wait_ms(&w, 14000);
    say(&w, 0, "C0 00");
    hear(&w, 0, "D0 00");
    wait_ms(&w, 14999);
    hear(&w, 0, "");
    wait_ms(&w, 1);
    hear_no(&w, 0, PACKET_DISCONNECT, 0x8D);
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

START_TEST(unfinished_connect_ends_after_the_handshake_timeout)
{
    struct world w;
    open_world(&w);
    say(&w, 0, "10 0E 0004");
    wait_ms(&w, 9999);
    ck_assert_ptr_nonnull(w.clients[0]);
    wait_ms(&w, 1);
    hear(&w, 0, "");
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

START_TEST(session_lives_for_its_expiry_interval)
{
    struct world w;
    open_world(&w);
    say(&w, 0, V5_KEPT "61");
    hear(&w, 0, V5_YES);
    lose(&w, 0);
    wait_ms(&w, 9999);
    say(&w, 0, V5_KEPT "61");
    hear(&w, 0, V5_YES_PRESENT);
    lose(&w, 0);
    wait_ms(&w, 10000);
    say(&w, 0, V5_KEPT "61");
    hear(&w, 0, V5_YES);
    close_world(&w);
}
END_TEST

/* The manual's table: the acceptor's value, the client's, and what CONNACK
 * says (-1: nothing). */
START_TEST(keep_alive_follows_the_table)
{
    static const struct {
        int32_t server_s;
        const char *client;
        int told;
        uint16_t in_force_s;
    } table[] = {
        {-1, "0000", -1, 0},  {-1, "000A", -1, 10}, {0, "0000", 0, 0},
        {0, "000A", 0, 0},    {30, "0000", 30, 30}, {30, "000A", -1, 10},
        {30, "001E", -1, 30}, {30, "001F", 30, 30},
    };
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char hex[96], told[64];
        w.config.acceptors[0].server_keep_alive_s = table[i].server_s;
        snprintf(hex, sizeof hex, "10 0E 0004 4D515454 05 02 %s 00 0001 61",
                 table[i].client);
        snprintf(told, sizeof told,
                 "20 11 00 00 0E 13 %04X 21 FFFF 22 FFFF 27 0FFFFFFF",
                 table[i].told & 0xFFFF);
        say(&w, 0, hex);
        hear(&w, 0, table[i].told < 0 ? V5_YES : told);
        ck_assert_uint_eq(w.clients[0]->keep_alive_s, table[i].in_force_s);
        say(&w, 0, "E0 00");
    }
    close_world(&w);
}
END_TEST

/* QoS 2: once delivered, however often it is sent before PUBREL. */
START_TEST(qos_2_is_delivered_once)
{
    struct world w;
    open_world(&w);
    watch(&w);
    greet(&w, 0, V5_TERSE);
    say(&w, 0,
        "34 07 0001 74 0005 00 31"
        "3C 07 0001 74 0005 00 31");
    hear(&w, 0, "50 02 0005 50 02 0005");
    hear(&w, 1, "30 05 0001 74 00 31");
    say(&w, 0,
        "62 02 0005"
        "62 02 0005");
    hear(&w, 0, "70 02 0005 70 03 0005 92");
    say(&w, 0, "34 07 0001 74 0005 00 32");
    hear(&w, 0, "50 02 0005");
    hear(&w, 1, "30 05 0001 74 00 32");
    close_world(&w);
}
END_TEST

/* What PUBREC has accepted stays accepted, whatever the rules say of a repeat
 * [MQTT-4.3.3-10]; else the next message with its identifier would be lost. */
START_TEST(accepted_qos_2_is_never_refused)
{
    struct world w;
    open_world(&w);
    watch(&w);
    greet(&w, 0, V5_TERSE);
    say(&w, 0, "34 09 0003 742F75 0005 00 31");
    w.config.max_topic_levels = 1;
    say(&w, 0,
        "3C 09 0003 742F75 0005 00 31"
        "62 02 0005"
        "34 07 0001 74 0005 00 32");
    hear(&w, 0, "50 02 0005 50 02 0005 70 02 0005 50 02 0005");
    hear(&w, 1, "30 07 0003 742F75 00 31 30 05 0001 74 00 32");
    close_world(&w);
}
END_TEST

/* Whoever is one too many is told, does not take a session over, and leaves its
 * place; who is there stays. */
START_TEST(surplus_connection_is_told)
{
    struct world w;
    open_world(&w);
    w.config.max_connections = 1;
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 1, V5_CLEAN "61");
    hear_no(&w, 1, PACKET_CONNACK, 0x97);
    expect_closed(&w, 1);
    say(&w, 1, V4_CLEAN "61");
    hear(&w, 1, "20 02 00 03");
    expect_closed(&w, 1);
    say(&w, 0, "C0 00");
    hear(&w, 0, "D0 00");
    w.config.max_connections = 0;
    w.config.acceptors[0].connections_allowed = 1;
    say(&w, 1, V5_CLEAN "62");
    hear_no(&w, 1, PACKET_CONNACK, 0x97);
    say(&w, 0, "E0 00");
    greet(&w, 1, V5_CLEAN "62");
    ck_assert_uint_eq(w.broker.n_surplus, 0);
    close_world(&w);
}
END_TEST

/* A subscription that is there is replaced though there is no room for one
 * more [MQTT-3.8.4-3]. */
START_TEST(full_session_may_subscribe_anew)
{
    struct world w;
    open_world(&w);
    w.config.max_subscriptions = 1;
    greet(&w, 0, V5_TERSE);
    say(&w, 0, "82 0B 0001 00 0001 61 00 0001 62 00");
    hear(&w, 0, "90 05 0001 00 00 97");
    say(&w, 0, "82 07 0002 00 0001 61 01");
    hear(&w, 0, "90 04 0002 00 01");
    close_world(&w);
}
END_TEST

/* A Will adds nothing to as many retained messages as there may be. */
START_TEST(will_keeps_the_limit_of_retained)
{
    struct world w;
    open_world(&w);
    w.config.max_retained_messages = 1;
    greet(&w, 0, V5_TERSE);
    say(&w, 0,
        "33 07 0001 74 0001 00 31"
        "33 07 0001 75 0002 00 32");
    hear(&w, 0, "40 02 0001 40 03 0002 97");
    say(&w, 0, "E0 00");
    greet(&w, 0,
          "10 15 0004 4D515454 05 26 003C 00 0001 61 00 0001 77 0001 78");
    lose(&w, 0);
    greet(&w, 0, V5_CLEAN "62");
    say(&w, 0, "82 07 0001 00 0001 23 00");
    hear(&w, 0, "90 04 0001 00 00 31 05 0001 74 00 31");
    close_world(&w);
}
END_TEST

/* User Properties count like the payload. */
START_TEST(properties_take_room_in_the_queue)
{
    struct world w;
    open_world(&w);
    w.broker.limits.max_queued_octets = 20;
    greet(&w, 0, V5_KEPT "61");
    say(&w, 0, "82 07 0001 00 0001 74 01");
    lose(&w, 0);
    greet(&w, 1, V5_CLEAN "62");
    say(&w, 1,
        "32 14 0001 74 0001 0D 26 0004 6B6B6B6B 0004 76767676 31"
        "32 14 0001 74 0002 0D 26 0004 6B6B6B6B 0004 76767676 32");
    buf_consume(&w.heard[0], buf_size(&w.heard[0]));
    say(&w, 0, V5_KEPT "61");
    hear(&w, 0,
         V5_YES_PRESENT
         "32 14 0001 74 0001 0D 26 0004 6B6B6B6B 0004 76767676 31");
    close_world(&w);
}
END_TEST

static bool may_if_true(const struct session *s, const struct message *m,
                        void *arg)
{
    const bool *may = arg;
    (void)s;
    (void)m;
    return *may;
}

/* Rules that are read anew hold for what is queued already. */
START_TEST(revoked_right_empties_the_queue)
{
    struct world w;
    bool may = true;
    open_world(&w);
    w.broker.router.may_deliver = may_if_true;
    w.broker.router.may_deliver_arg = &may;
    greet(&w, 0, V5_KEPT "61");
    say(&w, 0, "82 07 0001 00 0001 74 01");
    lose(&w, 0);
    greet(&w, 1, V5_CLEAN "62");
    say(&w, 1, "32 07 0001 74 0001 00 31");
    broker_apply_rights(&w.broker);
    ck_assert_uint_eq(
        session_find(&w.broker.sessions, slice_of("a", 1))->queue.n, 1);
    may = false;
    broker_apply_rights(&w.broker);
    ck_assert_uint_eq(
        session_find(&w.broker.sessions, slice_of("a", 1))->queue.n, 0);
    close_world(&w);
}
END_TEST

/* Receive Maximum: the slot is free again at PUBCOMP [MQTT-3.3.4-7]. */
START_TEST(receive_maximum_is_enforced)
{
    struct world w;
    open_world(&w);
    w.config.acceptors[0].receive_maximum = 1;
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0,
        "34 06 0001 74 0001 00"
        "62 02 0001"
        "34 06 0001 74 0002 00");
    hear(&w, 0, "50 02 0001 70 02 0001 50 02 0002");
    say(&w, 0, "34 06 0001 74 0003 00");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x93);
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

/* Topic Aliases: defined, used, changed, and forgotten with the connection. */
START_TEST(topic_alias_lasts_as_long_as_the_connection)
{
    struct world w;
    open_world(&w);
    watch(&w);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0,
        "30 08 0001 61 03 23 0001 31"
        "30 07 0000 03 23 0001 32"
        "30 08 0001 62 03 23 0001 33"
        "30 07 0000 03 23 0001 34");
    hear(&w, 1,
         "30 05 0001 61 00 31 30 05 0001 61 00 32"
         "30 05 0001 62 00 33 30 05 0001 62 00 34");
    say(&w, 0, "E0 00");
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "30 07 0000 03 23 0001 32");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x82);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "30 08 0001 61 03 23 0000 31");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x94);
    close_world(&w);
}
END_TEST

/* One illegal filter, and none of them takes effect. */
START_TEST(illegal_subscribe_changes_nothing)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "82 0C 0001 00 0001 61 00 0002 612B 00");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x8F);
    ck_assert_uint_eq(w.broker.subtree.subscriptions.n, 0);
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "82 14 0001 00 0001 61 00 000A 2473686172652F672F74 04");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x82);
    ck_assert_uint_eq(w.broker.subtree.subscriptions.n, 0);
    close_world(&w);
}
END_TEST

/* A packet above maximumPacketSize ends the connection, whatever it is. */
START_TEST(maximum_packet_size_is_enforced)
{
    struct world w;
    open_world(&w);
    w.config.acceptors[0].maximum_packet_size = 9;
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "82 07 0001 00 0001 61 00");
    hear(&w, 0, "90 04 0001 00 00");
    say(&w, 0, "82 08 0001 00 0002 6162 00");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x95);
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

/* CONNACK leaves out what it can; what cannot be told at all ends the
 * connection [MQTT-3.1.2-24]. */
START_TEST(connack_fits_what_the_client_accepts)
{
    static const struct {
        const char *limit;
        const char *heard;
    } table[] = {
        {"10", V5_YES},
        {"0F", "20 06 00 00 03 22 FFFF"},
        {"08", "20 06 00 00 03 22 FFFF"},
        {"07", "20 03 00 00 00"},
        {"05", "20 03 00 00 00"},
        {"04", ""},
    };
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char hex[96];
        snprintf(hex, sizeof hex,
                 "10 13 0004 4D515454 05 02 003C 05 27 000000%s 0001 61",
                 table[i].limit);
        say(&w, 0, hex);
        hear(&w, 0, table[i].heard);
        if (w.clients[0])
            say(&w, 0, "E0 00");
    }
    close_world(&w);
}
END_TEST

/* Who was never told of a session does not find one later, and its Will goes
 * nowhere. */
START_TEST(connack_that_does_not_fit_leaves_no_session)
{
    struct world w;
    open_world(&w);
    greet(&w, 1, V5_CLEAN "62");
    say(&w, 1, "82 07 0001 00 0001 77 00");
    hear(&w, 1, "90 04 0001 00 00");
    say(&w, 0,
        "10 1F 0004 4D515454 05 04 003C 0A 11 00000064 27 00000004 0001 61"
        " 00 0001 77 0001 78");
    hear(&w, 0, "");
    hear(&w, 1, "");
    ck_assert_uint_eq(w.broker.sessions.table.n, 1);
    close_world(&w);
}
END_TEST

/* Every client hears that the server shuts down. */
START_TEST(stop_tells_every_client)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, V5_CLEAN "61");
    greet(&w, 1, V4_CLEAN "62");
    broker_stop(&w.broker);
    turn(&w);
    hear_no(&w, 0, PACKET_DISCONNECT, 0x8B);
    hear(&w, 1, "");
    ck_assert_ptr_null(w.broker.clients);
    close_world(&w);
}
END_TEST

/* "$SYS is the server's to publish" */
#define IT_IS_OURS                                                             \
    "1F 001F "                                                                 \
    "245359532069732074686520736572766572"                                     \
    "277320746F207075626C697368"

/* Reason Strings stand in refusals only, and neither where the client asked for
 * none [MQTT-3.1.2-29], nor where they would make the packet too large for it
 * [MQTT-3.4.2-2]. */
START_TEST(reason_string_respects_the_client)
{
    static const char publish[] = "32 0B 0004 24535953 0001 00 7878";
    static const struct {
        const char *connect, *heard;
    } table[] = {
        {V5_CLEAN "61", "40 26 0001 87 22 " IT_IS_OURS},
        {V5_TERSE, "40 03 0001 87"},
        {"10 13 0004 4D515454 05 02 003C 05 27 00000028 0001 61",
         "40 26 0001 87 22 " IT_IS_OURS},
        {"10 13 0004 4D515454 05 02 003C 05 27 00000027 0001 61",
         "40 03 0001 87"},
        {V4_CLEAN "61", "40 02 0001"},
    };
    struct world w;
    open_world(&w);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool is_5 = strcmp(table[i].connect, V4_CLEAN "61") != 0;
        greet(&w, 0, table[i].connect);
        say(&w, 0, is_5 ? publish : "32 0A 0004 24535953 0001 7878");
        hear(&w, 0, table[i].heard);
        say(&w, 0, "E0 00");
    }
    close_world(&w);
}
END_TEST

/* CONNACK and DISCONNECT explain themselves even to those who asked for no
 * problem information, as long as it fits [MQTT-3.14.2-3]. */
START_TEST(farewell_is_explained_where_it_fits)
{
    struct world w;
    open_world(&w);
    greet(&w, 0, V5_TERSE);
    say(&w, 0, V5_CLEAN "61");
    hear_no(&w, 0, PACKET_DISCONNECT, 0x82);
    greet(&w, 0, "10 13 0004 4D515454 05 02 003C 05 27 00000010 0001 61");
    say(&w, 0, V5_CLEAN "61");
    hear(&w, 0, "E0 01 82");
    say(&w, 0, V5_WILL_TO "23 0001 78");
    hear_no(&w, 0, PACKET_CONNACK, 0x90);
    expect_closed(&w, 0);
    close_world(&w);
}
END_TEST

/* SUBACK explains a refusal among grants, and the next one explains nothing. */
START_TEST(suback_explains_only_refusals)
{
    struct world w;
    open_world(&w);
    w.config.max_topic_levels = 2;
    greet(&w, 0, V5_CLEAN "61");
    say(&w, 0, "82 0F 0001 00 0001 61 00 0005 612F622F63 01");
    struct packet packet;
    ck_assert_int_eq(packet_decode(buf_slice(&w.heard[0]), MQTT_5_0, &packet),
                     REASON_SUCCESS);
    ck_assert_int_eq(packet.type, PACKET_SUBACK);
    ck_assert_uint_eq(packet.suback.reasons.data[0], 0);
    ck_assert_uint_eq(packet.suback.reasons.data[1], 0x97);
    ck_assert(
        slice_equals(packet.suback.properties.reason_string,
                     slice_of_text("the Topic Filter has too many levels")));
    buf_consume(&w.heard[0], buf_size(&w.heard[0]));
    say(&w, 0, "82 07 0002 00 0001 62 00");
    hear(&w, 0, "90 04 0002 00 00");
    close_world(&w);
}
END_TEST

Suite *suite_broker(void)
{
    Suite *suite = suite_create("broker");
    TCase *c = tcase_create("all");
    tcase_add_test(c, first_packet_is_connect);
    tcase_add_test(c, second_connect_ends_the_connection);
    tcase_add_test(c, server_packets_are_refused);
    tcase_add_test(c, octets_may_come_one_by_one);
    tcase_add_test(c, refused_connect_ends_everything);
    tcase_add_test(c, takeover_ends_the_older_connection);
    tcase_add_test(c, link_is_not_stolen_when_forbidden);
    tcase_add_test(c, will_is_published_when_the_connection_is_lost);
    tcase_add_test(c, disconnect_decides_about_the_will);
    tcase_add_test(c, delayed_will_waits_and_may_be_cancelled);
    tcase_add_test(c, silence_ends_the_connection_after_one_and_a_half_times);
    tcase_add_test(c, unfinished_connect_ends_after_the_handshake_timeout);
    tcase_add_test(c, session_lives_for_its_expiry_interval);
    tcase_add_test(c, keep_alive_follows_the_table);
    tcase_add_test(c, qos_2_is_delivered_once);
    tcase_add_test(c, accepted_qos_2_is_never_refused);
    tcase_add_test(c, surplus_connection_is_told);
    tcase_add_test(c, full_session_may_subscribe_anew);
    tcase_add_test(c, will_keeps_the_limit_of_retained);
    tcase_add_test(c, properties_take_room_in_the_queue);
    tcase_add_test(c, revoked_right_empties_the_queue);
    tcase_add_test(c, stored_will_is_due_after_a_restart);
    tcase_add_test(c, receive_maximum_is_enforced);
    tcase_add_test(c, reason_string_respects_the_client);
    tcase_add_test(c, farewell_is_explained_where_it_fits);
    tcase_add_test(c, suback_explains_only_refusals);
    tcase_add_test(c, topic_alias_lasts_as_long_as_the_connection);
    tcase_add_test(c, illegal_subscribe_changes_nothing);
    tcase_add_test(c, connack_that_does_not_fit_leaves_no_session);
    tcase_add_test(c, maximum_packet_size_is_enforced);
    tcase_add_test(c, connack_fits_what_the_client_accepts);
    tcase_add_test(c, stop_tells_every_client);
    suite_add_tcase(suite, c);
    return suite;
}
