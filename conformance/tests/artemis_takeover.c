/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_takeover.c -- two clients of one Client Identifier, of all versions,
 * with allowLinkStealing and without.
 *
 * Spec: the Artemis MQTT manual, "Link Stealing"; 5.0 s3.1.4, 3.1.1 s3.1.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define ALL .versions = "3.1 3.1.1 5.0"

struct older {
    struct row row;
    enum wire_version version;
};
static const struct older olders[] = {
    {{"from_3_1"}, WIRE_3_1},
    {{"from_3_1_1"}, WIRE_3_1_1},
    {{"from_5_0"}, WIRE_5_0},
};

/* The older client, of the version of the row. */
static struct peer *connect_older(struct t *t)
{
    const struct older *row = t_row(t);
    struct peer *older = peer_open_as(t, row->version);
    peer_send(older, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect(older, CONNACK(.reason = SUCCESS));
    return older;
}

/* The newer client is served, the older one loses its connection; by a
 * DISCONNECT with 0x8E if that one speaks 5.0, without a word if it does not,
 * whatever the newer one speaks. */
TEST_EACH(newer_client_steals, olders, "artemis/R09-stealing-allowed", ALL,
          .needs = "acceptor_parameters")
{
    struct peer *older = connect_older(t);
    struct peer *newer = peer_hello(t, "pump");
    peer_expect_disconnect(older, SESSION_TAKEN_OVER);
    peer_subscribe(newer, "orders", 1);
    peer_publish(newer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(newer, MESSAGE("orders", "stop", .qos = 1));
}

/* The session goes over as well: a subscription of the older client, and what
 * it left unacknowledged. */
TEST_EACH(newer_client_takes_session, olders, "artemis/R09-stealing-allowed",
          "3.1.1/MQTT-4.4.0-1", "5.0/MQTT-4.4.0-1", ALL)
{
    const struct older *row = t_row(t);
    struct peer *older = peer_open_as(t, row->version);
    peer_send(older, CONNECT(.client_id = "pump",
                             .props.session_expiry_interval_s = OPT(60)));
    peer_expect(older, CONNACK(.reason = SUCCESS));
    peer_subscribe(older, "orders", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    uint16_t id = peer_expect(older, PUBLISH(.topic = "orders"))->packet_id;

    struct peer *newer =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_expect(newer, PUBLISH(.topic = "orders", .payload = "stop", .qos = 1,
                               .dup = 1, .packet_id = id));
    peer_expect_error(older, SESSION_TAKEN_OVER);
}

/* The Will of the client that was put out is published. */
TEST_EACH(stolen_client_leaves_its_will, olders, "artemis/R04-will-on-failure",
          "artemis/R09-stealing-allowed", "3.1.1/MQTT-3.1.2-8",
          "5.0/MQTT-3.1.2-8", "3.1/RULE-will", ALL)
{
    const struct older *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 1);
    struct peer *older = peer_open_as(t, row->version);
    peer_send(older,
              CONNECT(.client_id = "pump", .clean_start = 1,
                      .will = {.topic = "will", .payload = "gone", .qos = 1}));
    peer_expect(older, CONNACK(.reason = SUCCESS));
    peer_hello(t, "pump");
    peer_expect_error(older, SESSION_TAKEN_OVER);
    client_expect(watcher, MESSAGE("will", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

struct sides_row {
    struct row row;
    bool older_is_plain; /* not over WebSocket; the newer one is the other */
};
static const struct sides_row sides[] = {{{"to_websocket"}, true},
                                         {{"from_websocket"}, false}};

static struct peer *open_side(struct t *t, bool is_plain)
{
    struct peer *peer = is_plain ? peer_open_beside(t) : peer_open(t);
    peer_send(peer, CONNECT(.client_id = "pump",
                            .props.session_expiry_interval_s = OPT(60)));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    return peer;
}

/* It does not matter how either of them is connected. */
TEST_EACH(newer_client_steals_over_another_transport, sides,
          "artemis/R09-stealing-allowed", "3.1.1/MQTT-3.1.4-2",
          "5.0/MQTT-3.1.4-3", .only_transports = "ws wss",
          .needs = "acceptor_parameters")
{
    const struct sides_row *row = t_row(t);
    struct peer *older = open_side(t, row->older_is_plain);
    peer_subscribe(older, "orders", 1);
    struct peer *newer = open_side(t, !row->older_is_plain);
    peer_expect_disconnect(older, SESSION_TAKEN_OVER);
    peer_publish(newer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(newer, MESSAGE("orders", "stop", .qos = 1));
}

#define FORBIDDEN                                                              \
    .settings = "allowLinkStealing=false", .needs = "acceptor_parameters"

/* With allowLinkStealing=false the newer client is refused and the older one
 * notices nothing. */
TEST_EACH(newer_client_is_refused, olders, "artemis/R09-stealing-forbidden",
          .versions = "3.1 3.1.1", FORBIDDEN)
{
    struct peer *older = connect_older(t);
    peer_subscribe(older, "orders", 1);
    struct peer *newer = peer_open(t);
    peer_send(newer, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect_refused(newer,
                        .v3 = CODES(REFUSED_IDENTIFIER,
                                    REFUSED_SERVER_UNAVAILABLE,
                                    REFUSED_NOT_AUTHORIZED),
                        .v3_may_just_close = true);
    peer_publish(older, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(older, MESSAGE("orders", "stop", .qos = 1));
}

/* A newer client of 5.0 is told 0x80: in a DISCONNECT by the manual; the
 * standard knows no DISCONNECT before CONNACK, so in CONNACK is right too. */
TEST_EACH(newer_client_is_refused_with_0x80, olders,
          "artemis/R09-stealing-forbidden", .versions = "5.0",
          .waives = "5.0/MQTT-3.14.0-1", FORBIDDEN)
{
    struct peer *older = connect_older(t);
    peer_subscribe(older, "orders", 1);
    struct peer *newer = peer_open(t);
    peer_send(newer, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect_any(newer, DISCONNECT(.reason = UNSPECIFIED_ERROR),
                    CONNACK(.reason = REASON_AT_LEAST(0x80)));
    peer_expect_close(newer);
    peer_publish(older, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(older, MESSAGE("orders", "stop", .qos = 1));
}

/* The refused client's Will is not published, and the older one's neither. */
TEST_EACH(refused_client_leaves_no_will, olders,
          "artemis/R09-stealing-forbidden", ALL, .waives = "5.0/MQTT-3.14.0-1",
          FORBIDDEN)
{
    struct peer *older = connect_older(t);
    peer_subscribe(older, "will", 1);
    struct peer *newer = peer_open(t);
    peer_send(newer,
              CONNECT(.client_id = "pump", .clean_start = 1,
                      .will = {.topic = "will", .payload = "gone", .qos = 1}));
    peer_expect_end(newer);
    peer_expect_nothing(older);
}

/* Once the older client has gone, the newer one is let in. */
TEST_EACH(newer_client_follows, olders, "artemis/R09-stealing-forbidden", ALL,
          FORBIDDEN)
{
    struct peer *older = connect_older(t);
    peer_disconnect(older);
    struct peer *newer = peer_hello(t, "pump");
    peer_expect_alive(newer);
}

/* Other Client Identifiers have nothing to do with it. */
TEST(other_clients_are_let_in, "artemis/R09-stealing-forbidden", ALL, FORBIDDEN)
{
    struct peer *one = peer_hello(t, "pump");
    struct peer *other = peer_hello(t, "PUMP");
    peer_expect_alive(one);
    peer_expect_alive(other);
}

SUITE(artemis_takeover, "Artemis R09 Link Stealing", newer_client_steals,
      newer_client_takes_session, stolen_client_leaves_its_will,
      newer_client_is_refused, newer_client_is_refused_with_0x80,
      refused_client_leaves_no_will, newer_client_follows,
      other_clients_are_let_in, newer_client_steals_over_another_transport);
