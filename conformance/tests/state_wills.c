/* SPDX-License-Identifier: Apache-2.0 */
/* state_wills.c -- when a Will is published: every combination of what the
 * older connection asked for and of what comes after it.
 *
 * Session Expiry Interval: absent, 0, 60 s, for ever. Will Delay Interval:
 * absent, 0, 600 s. Clean Start of the older and of the newer connection. That
 * a Will does not come is seen by a second client with the same delay, lost
 * later: when its Will is there, the first one's would have been.
 * Spec: 5.0 s3.1.2.5, s3.1.3.2.2, s3.1.4, s3.14; 3.1.1 s3.1.2.5.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define EVER OPT(0xffffffff)
#define WILL_IDS "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-7"
#define TAKEOVER_IDS                                                           \
    "5.0/RULE-takeover-publishes-will", "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.4-3"

struct will_row {
    struct row row;
    uint64_t expiry_s, delay_s;
    uint8_t clean, then_clean; /* of the older and the newer connection */
};

/* Both values of the older connection's Clean Start, or of both. */
#define EITHER(name_, expiry_, delay_, then_)                                  \
    {{name_}, expiry_, delay_, 0, then_},                                      \
    {                                                                          \
        {name_ "_fresh"}, expiry_, delay_, 1, then_                            \
    }
#define ANY(name_, expiry_, delay_)                                            \
    EITHER(name_ "_resumed", expiry_, delay_, 0),                              \
        EITHER(name_ "_replaced", expiry_, delay_, 1)

static const struct wire_packet *connect_of(struct t *t, uint64_t delay_s,
                                            const char *id)
{
    const struct will_row *row = t_row(t);
    struct wire_packet *connect = t_alloc(t, sizeof *connect);
    *connect = *CONNECT(.client_id = {id}, .clean_start = row->clean,
                        .props = {.session_expiry_interval_s = row->expiry_s},
                        .will = {.topic = "will",
                                 .payload = {id},
                                 .qos = 1,
                                 .props = {.will_delay_interval_s = delay_s}});
    return connect;
}

static struct peer *watch(struct t *t)
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "will", 1);
    return watcher;
}

/* The older connection of the row. */
static struct peer *older(struct t *t)
{
    const struct will_row *row = t_row(t);
    return peer_connect(t, connect_of(t, row->delay_s, "pump"));
}

/* The newer one. */
static struct peer *newer(struct t *t)
{
    const struct will_row *row = t_row(t);
    return peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = row->then_clean,
                   .props = {.session_expiry_interval_s = row->expiry_s}));
}

/* Behind this a Will with a delay of four seconds would be here. The delay is
 * long against the time that slow packets take the client to come back. */
static void expect_no_will(struct t *t, struct peer *watcher)
{
    t_let_pass(t, 3000, "most of the Will Delay Interval");
    struct peer *clock = peer_connect(t, connect_of(t, OPT(2), "clock"));
    peer_drop(clock);
    peer_expect_message(watcher, MESSAGE("will", "clock", .qos = 1));
    peer_expect_nothing(watcher);
}

/* ---- a takeover -----------------------------------------------------------*/

/* The delay is 0: the Will is due. */
static const struct will_row due_on_takeover[] = {
    ANY("none_none", 0, 0),     ANY("none_0", 0, OPT(0)),
    ANY("0_none", OPT(0), 0),   ANY("0_0", OPT(0), OPT(0)),
    ANY("60_none", OPT(60), 0), ANY("60_0", OPT(60), OPT(0)),
    ANY("ever_none", EVER, 0),  ANY("ever_0", EVER, OPT(0)),
};

/* A takeover publishes the Will, once. */
TEST_EACH(takeover_publishes, due_on_takeover, TAKEOVER_IDS)
{
    struct peer *watcher = watch(t);
    struct peer *first = older(t);
    struct peer *second = newer(t);
    t_proves(t, "3.1.4-3");
    peer_expect_error(first, SESSION_TAKEN_OVER);
    t_proves(t, "RULE-takeover-publishes-will 3.1.2-8");
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_alive(second);
    peer_expect_nothing(watcher);
}

/* The newer connection begins afresh while the Will waits: the end of the
 * session makes it due, says a comment of the standard; its rule on the Will
 * lets any new connection within the delay cancel it. */
static const struct will_row ended_by_takeover[] = {
    EITHER("none_600", 0, OPT(600), 1),
    EITHER("0_600", OPT(0), OPT(600), 1),
    EITHER("60_600", OPT(60), OPT(600), 1),
    EITHER("ever_600", EVER, OPT(600), 1),
};

TEST_EACH(clean_takeover_publishes, ended_by_takeover,
          "5.0/RULE-clean-start-ends-will-delay")
{
    struct peer *watcher = watch(t);
    struct peer *first = older(t);
    struct peer *second = newer(t);
    peer_expect_error(first, SESSION_TAKEN_OVER);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_alive(second);
    peer_expect_nothing(watcher);
}

/* The session goes on within the delay: there is no Will. */
static const struct will_row prevented[] = {
    EITHER("60", OPT(60), OPT(4), 0),
    EITHER("ever", EVER, OPT(4), 0),
};

TEST_EACH(takeover_prevents, prevented, TAKEOVER_IDS, "5.0/MQTT-3.1.3-9",
          .seconds = 6)
{
    struct peer *watcher = watch(t);
    struct peer *first = older(t);
    struct peer *second = newer(t);
    t_proves(t, "3.1.4-3");
    peer_expect_error(first, SESSION_TAKEN_OVER);
    t_proves(t, "RULE-takeover-publishes-will 3.1.2-8 3.1.3-9");
    expect_no_will(t, watcher);
    peer_expect_alive(second);
}

/* Under 3.x a Will waits for nothing. */
static const struct will_row of_3[] = {
    {{"kept_resumed"}, 0, 0, 0, 0},
    {{"kept_replaced"}, 0, 0, 0, 1},
    {{"clean_resumed"}, 0, 0, 1, 0},
    {{"clean_replaced"}, 0, 0, 1, 1},
};

TEST_EACH(takeover_publishes_in_3, of_3, "3.1.1/MQTT-3.1.2-8",
          "3.1.1/MQTT-3.1.4-2", "3.1/RULE-will", "3.1/RULE-takeover")
{
    struct peer *watcher = watch(t);
    struct peer *first = older(t);
    struct peer *second = newer(t);
    t_proves(t, "3.1.4-2 RULE-takeover");
    peer_expect_close(first);
    t_proves(t, "3.1.2-8 RULE-will");
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_alive(second);
    peer_expect_nothing(watcher);
}

TEST_EACH(drop_publishes_in_3, of_3, "3.1.1/MQTT-3.1.2-8", "3.1/RULE-will")
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    newer(t);
    peer_expect_nothing(watcher);
}

/* ---- a break --------------------------------------------------------------*/

/* Delay or session is over at once. */
#define ALONE(name_, expiry_, delay_) EITHER(name_, expiry_, delay_, 0)

static const struct will_row due_on_drop[] = {
    ALONE("none_none", 0, 0),       ALONE("none_0", 0, OPT(0)),
    ALONE("none_600", 0, OPT(600)), ALONE("0_none", OPT(0), 0),
    ALONE("0_0", OPT(0), OPT(0)),   ALONE("0_600", OPT(0), OPT(600)),
    ALONE("60_none", OPT(60), 0),   ALONE("60_0", OPT(60), OPT(0)),
    ALONE("ever_none", EVER, 0),    ALONE("ever_0", EVER, OPT(0)),
};

TEST_EACH(drop_publishes_at_once, due_on_drop, WILL_IDS)
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    newer(t);
    peer_expect_nothing(watcher);
}

/* The shorter of the two counts: 2 s each. */
static const struct will_row due_later[] = {
    ALONE("60_2", OPT(60), OPT(2)),   ALONE("ever_2", EVER, OPT(2)),
    ALONE("2_600", OPT(2), OPT(600)), ALONE("2_2", OPT(2), OPT(2)),
    ALONE("3_2", OPT(3), OPT(2)),     ALONE("2_3", OPT(2), OPT(3)),
};

TEST_EACH(drop_publishes_later, due_later, WILL_IDS, .seconds = 4)
{
    struct peer *watcher = watch(t);
    struct peer *pump = older(t);
    int64_t from_ms = t_elapsed_ms(t);
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    t_check(t, t_elapsed_ms(t) - from_ms >= 1000,
            "the Will about 2 s after the connection broke",
            "it came within a second");
    t_let_pass(t, 1500, "the rest of the session's and the Will's time");
    peer_expect_nothing(watcher);
}

/* The client is back within the delay, to its session. */
TEST_EACH(return_prevents, prevented, WILL_IDS, "5.0/MQTT-3.1.3-9",
          .seconds = 6)
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    struct peer *second = newer(t);
    expect_no_will(t, watcher);
    peer_expect_alive(second);
}

/* The client is back within the delay and begins afresh: the session ends. */
static const struct will_row replaced[] = {
    EITHER("60_600", OPT(60), OPT(600), 1),
    EITHER("ever_600", EVER, OPT(600), 1),
};

TEST_EACH(clean_return_publishes, replaced,
          "5.0/RULE-clean-start-ends-will-delay")
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    struct peer *second = newer(t);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_nothing(watcher);
    peer_expect_alive(second);
}

/* A Will that was prevented once is not kept for the next break. */
TEST_EACH(prevented_will_is_gone, prevented, "5.0/MQTT-3.1.2-10",
          "5.0/MQTT-3.1.3-9", .seconds = 6)
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    peer_drop(newer(t));
    expect_no_will(t, watcher);
}

/* ---- DISCONNECT -----------------------------------------------------------*/

struct goodbye {
    struct row row;
    const char *disconnect;
};
static const struct goodbye normal[] = {
    {{"no_reason"}, "e000"},
    {{"reason"}, "e001 00"},
    {{"reason_and_properties"}, "e002 00 00"},
    {{"expiry_0"}, "e007 00 05 1100000000"},
    {{"expiry_60"}, "e007 00 05 110000003c"},
    {{"reason_string"}, "e006 00 04 1f0001 78"},
};

static struct peer *leaver(struct t *t, uint64_t expiry_s, uint64_t delay_s)
{
    return peer_connect(
        t, CONNECT(.client_id = "pump", .clean_start = 1,
                   .props = {.session_expiry_interval_s = expiry_s},
                   .will = {.topic = "will",
                            .payload = "pump",
                            .qos = 1,
                            .props = {.will_delay_interval_s = delay_s}}));
}

/* Reason 0x00 throws the Will away, in each of its forms. */
TEST_EACH(disconnect_forgets, normal, "5.0/MQTT-3.14.4-3", "5.0/MQTT-3.1.2-8",
          "5.0/MQTT-3.1.2-10")
{
    const struct goodbye *row = t_row(t);
    struct peer *watcher = watch(t);
    struct peer *pump = leaver(t, OPT(30), 0);
    peer_send(pump, RAW(row->disconnect));
    peer_expect_close(pump);
    peer_hello(t, "pump");
    peer_expect_nothing(watcher);
}

static const struct goodbye with_will[] = {
    {{"reason"}, "e001 04"},
    {{"reason_and_properties"}, "e002 04 00"},
    {{"expiry_60"}, "e007 04 05 110000003c"},
    {{"unspecified"}, "e001 80"},
    {{"malformed"}, "e002 81 00"},
};

/* Every other reason publishes it: at once without a delay, */
TEST_EACH(disconnect_publishes, with_will, "5.0/RULE-disconnect-with-will",
          "5.0/MQTT-3.1.2-8")
{
    const struct goodbye *row = t_row(t);
    struct peer *watcher = watch(t);
    struct peer *pump = leaver(t, OPT(30), 0);
    peer_send(pump, RAW(row->disconnect));
    peer_expect_close(pump);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_nothing(watcher);
}

/* after the delay with one, */
TEST_EACH(disconnect_publishes_later, with_will,
          "5.0/RULE-disconnect-with-will", "5.0/MQTT-3.1.2-8", .seconds = 3)
{
    const struct goodbye *row = t_row(t);
    struct peer *watcher = watch(t);
    struct peer *pump = leaver(t, OPT(30), OPT(2));
    int64_t from_ms = t_elapsed_ms(t);
    peer_send(pump, RAW(row->disconnect));
    peer_expect_close(pump);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    t_check(t, t_elapsed_ms(t) - from_ms >= 1000,
            "the Will about 2 s after DISCONNECT", "it came within a second");
}

/* and at once where the DISCONNECT ends the session. */
TEST(disconnect_ends_session_and_delay, "5.0/RULE-disconnect-with-will",
     "5.0/MQTT-3.1.2-8")
{
    struct peer *watcher = watch(t);
    struct peer *pump = leaver(t, OPT(30), OPT(600));
    peer_send(pump, RAW("e007 04 05 1100000000"));
    peer_expect_close(pump);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
}

/* ---- one Will and the next ------------------------------------------------*/

/* A Will that waits for 136 years holds up nobody else's. */
TEST(long_delay_holds_up_no_other_will, WILL_IDS, .own_broker = true,
     .seconds = 2)
{
    struct peer *watcher = watch(t);
    struct peer *slow = peer_connect(
        t, CONNECT(.client_id = "slow", .props.session_expiry_interval_s = EVER,
                   .will = {.topic = "will",
                            .payload = "slow",
                            .props.will_delay_interval_s = EVER}));
    peer_drop(slow);
    struct peer *pump = peer_connect(
        t, CONNECT(.client_id = "pump", .props.session_expiry_interval_s = EVER,
                   .will = {.topic = "will",
                            .payload = "pump",
                            .qos = 1,
                            .props.will_delay_interval_s = OPT(1)}));
    peer_drop(pump);
    peer_expect_message(watcher, MESSAGE("will", "pump", .qos = 1));
    peer_expect_nothing(watcher);
}

/* In ms or in 16 bits, each of these is little more than a power of two. */
static const struct will_row long_delays[] = {
    {{"65536"}, EVER, OPT(65536), 1, 1},
    {{"4294968"}, EVER, OPT(4294968), 1, 1},
};

/* A long Will Delay Interval is long, whatever its number. */
TEST_EACH(long_delay_is_long, long_delays, WILL_IDS, .seconds = 2)
{
    struct peer *watcher = watch(t);
    peer_drop(older(t));
    t_let_pass(t, 2000, "a small part of the Will Delay Interval");
    peer_expect_nothing(watcher);
    newer(t);
}

SUITE(state_wills, "3.1.2.5 Will: products", takeover_publishes,
      clean_takeover_publishes, takeover_prevents, takeover_publishes_in_3,
      drop_publishes_in_3, drop_publishes_at_once, drop_publishes_later,
      return_prevents, clean_return_publishes, prevented_will_is_gone,
      disconnect_forgets, disconnect_publishes, disconnect_publishes_later,
      disconnect_ends_session_and_delay, long_delay_holds_up_no_other_will,
      long_delay_is_long);
