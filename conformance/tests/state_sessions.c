/* SPDX-License-Identifier: Apache-2.0 */
/* state_sessions.c -- how long a session lasts: every combination of the
 * interval in CONNECT, the one in DISCONNECT, and the way the client went; and
 * clients that go, come and go again before anything is finished.
 *
 * Spec: 5.0 s3.1.2.11.2, s3.14.2.2.2, s4.1, s4.4; 3.1.1 s4.1, s4.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define EVER OPT(0xffffffff)
#define LASTING(id)                                                            \
    CONNECT(.client_id = id, .props.session_expiry_interval_s = OPT(60))

enum { EXPIRED_MS = 2500 };

struct life {
    struct row row;
    uint64_t connect_s, disconnect_s;
    int present;
};

/* A client that leaves a session of this interval by DISCONNECT. */
static void leave(struct t *t)
{
    const struct life *row = t_row(t);
    struct peer *reader = peer_connect(
        t, CONNECT(.client_id = "reader", .clean_start = 1,
                   .props = {.session_expiry_interval_s = row->connect_s}));
    peer_subscribe(reader, "news", 1);
    peer_send(reader, DISCONNECT(.props = {.session_expiry_interval_s =
                                               row->disconnect_s}));
    peer_expect_close(reader);
}

/* The session is there or not: by CONNACK, and by the subscription. */
static void check_present(struct t *t, int present)
{
    struct peer *reader = peer_open(t);
    peer_send(reader, LASTING("reader"));
    peer_expect(reader, CONNACK(.reason = SUCCESS));
    t_check(t, peer_connack(reader)->session_present == present,
            t_text(t, "Session Present %d", present), "it is %d",
            peer_connack(reader)->session_present);
}

static const struct life at_once[] = {
    {{"none_none"}, 0, 0, 0},         {{"0_none"}, OPT(0), 0, 0},
    {{"60_none"}, OPT(60), 0, 1},     {{"60_0"}, OPT(60), OPT(0), 0},
    {{"60_60"}, OPT(60), OPT(60), 1}, {{"60_ever"}, OPT(60), EVER, 1},
    {{"ever_none"}, EVER, 0, 1},      {{"ever_0"}, EVER, OPT(0), 0},
    {{"ever_60"}, EVER, OPT(60), 1},  {{"ever_ever"}, EVER, EVER, 1},
    {{"3_none"}, OPT(3), 0, 1},
};

/* Seen at once: only 0 has ended. */
TEST_EACH(session_at_once, at_once, "5.0/MQTT-3.1.2-23", "5.0/MQTT-4.1.0-2")
{
    const struct life *row = t_row(t);
    leave(t);
    check_present(t, row->present);
}

static const struct life later[] = {
    {{"1_none"}, OPT(1), 0, 0},      {{"1_60"}, OPT(1), OPT(60), 1},
    {{"1_ever"}, OPT(1), EVER, 1},   {{"60_1"}, OPT(60), OPT(1), 0},
    {{"ever_1"}, EVER, OPT(1), 0},   {{"60_none"}, OPT(60), 0, 1},
    {{"ever_none"}, EVER, 0, 1},     {{"1_1"}, OPT(1), OPT(1), 0},
    {{"ever_60"}, EVER, OPT(60), 1},
};

/* Seen later: what is longer than a second is still there. */
TEST_EACH(session_later, later, "5.0/MQTT-3.1.2-23", "5.0/MQTT-4.1.0-2",
          .seconds = 3)
{
    const struct life *row = t_row(t);
    leave(t);
    t_let_pass(t, EXPIRED_MS, "more than twice the shortest interval");
    check_present(t, row->present);
}

static const struct life dropped[] = {
    {{"none"}, 0, 0, 0},     {{"0"}, OPT(0), 0, 0},  {{"1"}, OPT(1), 0, 0},
    {{"60"}, OPT(60), 0, 1}, {{"ever"}, EVER, 0, 1},
};

/* The same when the connection breaks. */
TEST_EACH(session_after_break, dropped, "5.0/MQTT-3.1.2-23", "5.0/MQTT-4.1.0-2",
          .seconds = 3)
{
    const struct life *row = t_row(t);
    struct peer *reader = peer_connect(
        t, CONNECT(.client_id = "reader", .clean_start = 1,
                   .props = {.session_expiry_interval_s = row->connect_s}));
    peer_drop(reader);
    t_let_pass(t, EXPIRED_MS, "more than twice the shortest interval");
    check_present(t, row->present);
}

/* The interval of the last connection counts, not that of the one before. */
static const struct life changed[] = {
    {{"60_then_0"}, OPT(60), OPT(0), 0}, {{"60_then_none"}, OPT(60), 0, 0},
    {{"ever_then_1"}, EVER, OPT(1), 0},  {{"1_then_60"}, OPT(1), OPT(60), 1},
    {{"1_then_ever"}, OPT(1), EVER, 1},
};

TEST_EACH(session_of_last_connection, changed, "5.0/MQTT-3.1.2-23",
          "5.0/MQTT-4.1.0-2", .seconds = 3)
{
    const struct life *row = t_row(t);
    struct peer *first = peer_connect(
        t, CONNECT(.client_id = "reader",
                   .props = {.session_expiry_interval_s = row->connect_s}));
    peer_disconnect(first);
    struct peer *second = peer_connect(
        t, CONNECT(.client_id = "reader",
                   .props = {.session_expiry_interval_s = row->disconnect_s}));
    peer_disconnect(second);
    t_let_pass(t, EXPIRED_MS, "more than twice the shortest interval");
    check_present(t, row->present);
}

/* The session is still there. Who comes back after its interval, because the
 * machine is slow, sees nothing. */
static void check_kept(struct t *t, int64_t from_ms, int interval_ms)
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    bool is_present = peer_connack(reader)->session_present;
    if (!is_present && t_elapsed_ms(t) - from_ms >= interval_ms)
        t_inconclusive(t, "the client was away for %d s", interval_ms / 1000);
    t_check(t, is_present, "Session Present 1", "it is 0");
}

/* Each connection starts the interval anew. */
TEST(session_expiry_starts_anew, "5.0/MQTT-3.1.2-23", .seconds = 8)
{
    const struct wire_packet *connect =
        CONNECT(.client_id = "reader",
                .props.session_expiry_interval_s = OPT(7));
    struct peer *first = peer_connect(t, connect);
    peer_disconnect(first);
    t_let_pass(t, 4000, "more than half of the session expiry interval");
    struct peer *second = peer_connect(t, connect);
    int64_t from_ms = t_elapsed_ms(t);
    peer_disconnect(second);
    t_let_pass(t, 4000, "the other half, and more");
    check_kept(t, from_ms, 7000);
}

/* ---- going, coming and going again ----------------------------------------*/

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row kept[] = {{{"1"}, 1}, {{"2"}, 2}};

/* What was not acknowledged comes on each of three connections, what is queued
 * behind it follows in order, and nothing is lost or doubled. */
TEST_EACH(unfinished_three_times, kept, "3.1.1/MQTT-4.4.0-1",
          "5.0/MQTT-4.4.0-1", "5.0/MQTT-4.6.0-5", "3.1.1/MQTT-4.6.0-6",
          .needs = "qos2")
{
    const struct qos_row *row = t_row(t);
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", row->qos);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1", .qos = row->qos));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_drop(reader);
    peer_publish(writer, MESSAGE("news", "2", .qos = row->qos));
    reader = peer_connect(t, LASTING("reader"));
    peer_expect(reader, PUBLISH(.payload = "1", .dup = 1, .packet_id = id));
    peer_drop(reader);
    peer_publish(writer, MESSAGE("news", "3", .qos = row->qos));
    reader = peer_connect(t, LASTING("reader"));
    peer_expect_messages(reader, MESSAGE("news", "1", .dup = 1),
                         MESSAGE("news", "2"), MESSAGE("news", "3"));
    peer_disconnect(reader);
    reader = peer_connect(t, LASTING("reader"));
    peer_expect_nothing(reader);
}

/* The client that comes back with a smaller Receive Maximum is held to that. */
TEST(resumed_with_smaller_window, "5.0/RULE-send-quota-restarts",
     "5.0/MQTT-3.3.4-9")
{
    struct peer *reader = peer_connect(t, LASTING("reader"));
    peer_subscribe(reader, "news", 1);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1", .qos = 1));
    peer_publish(writer, MESSAGE("news", "2", .qos = 1));
    peer_publish(writer, MESSAGE("news", "3", .qos = 1));
    peer_expect(reader, PUBLISH(.payload = "1"));
    peer_expect(reader, PUBLISH(.payload = "2"));
    peer_expect(reader, PUBLISH(.payload = "3"));
    peer_drop(reader);
    reader =
        peer_connect(t, CONNECT(.client_id = "reader",
                                .props = {.session_expiry_interval_s = OPT(60),
                                          .receive_maximum = OPT(1)}));
    uint16_t first =
        peer_expect(reader, PUBLISH(.payload = "1", .dup = 1))->packet_id;
    peer_expect_nothing(reader);
    peer_send(reader, PUBACK(.packet_id = first));
    uint16_t second =
        peer_expect(reader, PUBLISH(.payload = "2", .dup = 1))->packet_id;
    peer_expect_nothing(reader);
    peer_send(reader, PUBACK(.packet_id = second));
    peer_expect_message(reader, MESSAGE("news", "3", .dup = 1));
    peer_expect_nothing(reader);
}

/* A whole life in one segment, FIN included: what was said before the close
 * counts. A recommendation: who does not wait for an acknowledgement was
 * promised nothing. */
TEST(life_in_one_segment, "robustness/R3-whole-life", .only_transports = "tcp")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_open(t);
    peer_send_together(
        peer,
        CONNECT(.client_id = "brief",
                .props = {.session_expiry_interval_s = OPT(60)}),
        SUBSCRIBE(.packet_id = 1, .filters = {{"later", .qos = 1}}),
        PUBLISH(.topic = "news", .payload = "1"),
        PUBLISH(.topic = "news", .payload = "2", .qos = 1, .packet_id = 2),
        DISCONNECT());
    peer_half_close(peer);
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_end(peer);
    client_expect(watcher, MESSAGE("news", "1"));
    client_expect(watcher, MESSAGE("news", "2"));
    client_publish(watcher, MESSAGE("later", "3", .qos = 1));
    struct peer *back = peer_connect(t, LASTING("brief"));
    peer_expect_message(back, MESSAGE("later", "3", .qos = 1));
}

/* Two sessions, one Packet Identifier: each client's exchange is its own. */
TEST(same_identifier_in_two_sessions, "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10",
     .needs = "qos2")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *one = peer_connect(t, LASTING("one"));
    struct peer *two = peer_connect(t, LASTING("two"));
    peer_send(one, PUBLISH(.topic = "news", .payload = "1", .qos = 2,
                           .packet_id = 7));
    peer_expect(one, PUBREC(.packet_id = 7));
    peer_send(two, PUBLISH(.topic = "news", .payload = "2", .qos = 2,
                           .packet_id = 7));
    peer_expect(two, PUBREC(.packet_id = 7));
    peer_send(one, PUBREL(.packet_id = 7));
    peer_expect(one, PUBCOMP(.packet_id = 7));
    peer_send(two, PUBREL(.packet_id = 7));
    peer_expect(two, PUBCOMP(.packet_id = 7));
    client_expect_all(watcher, MESSAGE("news", "1"), MESSAGE("news", "2"));
    client_expect_nothing_more(watcher);
}

/* Both directions may use one identifier at a time. */
TEST(same_identifier_both_ways, "3.1.1/MQTT-4.3.3-2", "5.0/MQTT-4.3.3-10",
     .needs = "qos2")
{
    struct peer *peer = peer_connect(t, LASTING("both"));
    peer_subscribe(peer, "in", 2);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("in", "to it", .qos = 2));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "to it"))->packet_id;
    peer_send(peer, PUBLISH(.topic = "out", .payload = "from it", .qos = 2,
                            .packet_id = id));
    peer_expect(peer, PUBREC(.packet_id = id));
    peer_send(peer, PUBREC(.packet_id = id));
    peer_expect(peer, PUBREL(.packet_id = id));
    peer_send(peer, PUBREL(.packet_id = id));
    peer_expect(peer, PUBCOMP(.packet_id = id));
    peer_send(peer, PUBCOMP(.packet_id = id));
    peer_expect_nothing(peer);
    peer_drop(peer);
    peer = peer_connect(t, LASTING("both"));
    peer_expect_nothing(peer);
}

/* Maximum Packet Size and Topic Alias Maximum are of a connection: a session
 * that is resumed without them has neither. */
TEST(limits_end_with_the_connection, "5.0/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-26",
     "5.0/MQTT-4.5.0-1")
{
    struct peer *narrow = peer_connect(
        t, CONNECT(.client_id = "reader",
                   .props = {.maximum_packet_size = OPT(60),
                             .topic_alias_maximum = OPT(5),
                             .session_expiry_interval_s = OPT(60)}));
    peer_subscribe(narrow, "news", 1);
    peer_drop(narrow);
    struct peer *wide = peer_connect(t, LASTING("reader"));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", t_fill(t, 500, "x"), .qos = 1));
    peer_expect_message(wide, MESSAGE("news", t_fill(t, 500, "x"), .qos = 1,
                                      .props.topic_alias = NONE));
}

SUITE(state_sessions, "4.1 Session State: products", session_at_once,
      session_later, session_after_break, session_of_last_connection,
      session_expiry_starts_anew, unfinished_three_times,
      resumed_with_smaller_window, life_in_one_segment,
      same_identifier_in_two_sessions, same_identifier_both_ways,
      limits_end_with_the_connection);
