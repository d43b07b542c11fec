/* SPDX-License-Identifier: Apache-2.0 */
/* 4_13_errors.c -- what an error of one client does: it costs that client its
 * connection, and nobody anything else.
 *
 * That each error is found is tested in the sections; here are its
 * consequences.
 * Spec: 5.0 s4.13, 3.1.1 s4.8.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct error_row {
    struct row row;
    const char *hex;
};

/* Errors that a connected client can make, in both versions. */
static const struct error_row errors[] = {
    {{"reserved_type_0"}, "00 00"},
    {{"second_connect"}, "10 0d 0004 4d515454 04 02 003c 0001 78"},
    {{"connack"}, "20 02 00 00"},
    {{"publish_qos_3"}, "36 05 0001 61 0001"},
    {{"publish_cut"}, "30 02 00 05"},
    {{"publish_without_id"}, "32 03 0001 61"},
    {{"publish_id_0"}, "32 06 0001 61 0000 00"},
    {{"pubrel_flags"}, "60 02 0001"},
    {{"puback_cut"}, "40 01 00"},
    {{"subscribe_flags"}, "80 06 0001 0001 61 00"},
    {{"subscribe_without_filter"}, "82 03 0001 00"},
    {{"subscribe_qos_3"}, "82 07 0001 00 0001 61 03"},
    {{"subscribe_id_0"}, "82 07 0000 00 0001 61 00"},
    {{"unsubscribe_without_filter"}, "a2 03 0001 00"},
    {{"unsubscribe_flags"}, "a0 06 0001 00 0001 61"},
    {{"pingreq_flags"}, "c1 00"},
    {{"remaining_length_of_five"}, "30 80 80 80 80 01"},
};

#define ERROR_IDS "5.0/MQTT-4.13.1-1", "5.0/MQTT-4.13.2-1", "3.1.1/MQTT-4.8.0-1"

static struct peer *erring(struct t *t)
{
    return peer_connect(
        t, CONNECT(.client_id = "erring",
                   .props = {.session_expiry_interval_s = OPT(60)},
                   .will = {.topic = "will", .payload = "gone", .qos = 1}));
}

/* The connection ends and the Will is published, as after any other end but
 * DISCONNECT. */
TEST_EACH(error_publishes_will, errors, ERROR_IDS, "5.0/MQTT-3.1.2-8",
          "3.1.1/MQTT-3.1.2-8")
{
    const struct error_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 1);
    struct peer *peer = erring(t);
    peer_send(peer, RAW(row->hex));
    t_proves(t, "4.13.1-1 4.13.2-1 4.8.0-1");
    peer_expect_close(peer);
    t_proves(t, "");
    client_expect(watcher, MESSAGE("will", "gone", .qos = 1));
    client_expect_nothing_more(watcher);
}

/* The session stays, with what it was subscribed to and what waits for it. */
TEST_EACH(error_leaves_session, errors, ERROR_IDS, "5.0/MQTT-3.1.2-23",
          "3.1.1/MQTT-3.1.2-4")
{
    const struct error_row *row = t_row(t);
    struct peer *peer = erring(t);
    peer_subscribe(peer, "news", 1);
    peer_send(peer, RAW(row->hex));
    t_proves(t, "4.13.1-1 4.13.2-1 4.8.0-1");
    peer_expect_close(peer);
    t_proves(t, "3.1.2-23 3.1.2-4");
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    struct peer *again = erring(t);
    t_check(t, peer_connack(again)->session_present, "Session Present 1",
            "it is 0");
    peer_expect_message(again, MESSAGE("news", "1", .qos = 1));
}

/* What came before the error counts, what came behind it does not. The standard
 * says as much of the connection only: a recommendation. */
TEST_EACH(error_cuts_the_stream, errors, "robustness/R1-nothing-behind-the-end")
{
    const struct error_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "erring");
    peer_send_together(peer, PUBLISH(.topic = "news", .payload = "before"),
                       RAW(row->hex),
                       PUBLISH(.topic = "news", .payload = "behind"));
    peer_expect_close(peer);
    client_expect(watcher, MESSAGE("news", "before"));
    client_expect_nothing_more(watcher);
}

/* Errors in which 5.0 differs. */
static const struct error_row errors_5_0[] = {
    {{"property_unknown"}, "30 06 0001 61 02 7f00"},
    {{"property_misplaced"}, "30 07 0001 61 03 210001"},
    {{"property_length_overrun"}, "30 05 0001 61 09 01"},
    {{"topic_alias_0"}, "30 07 0001 61 03 230000"},
    {{"response_topic_wildcard"}, "30 08 0001 61 04 080001 23"},
    {{"content_type_twice"}, "30 0c 0001 61 08 030001 78 030001 78"},
    {{"puback_reason_string_twice"}, "40 0c 0001 00 08 1f0001 78 1f0001 78"},
    {{"subscription_identifier_0"}, "82 09 0001 02 0b00 0001 61 00"},
    {{"retain_handling_3"}, "82 07 0001 00 0001 61 30"},
    {{"no_local_on_share"}, "82 10 0001 00 000a 24736861 72652f67 2f61 04"},
    {{"auth_unasked"}, "f0 06 19 04 150001 78"},
    {{"disconnect_expiry_twice"}, "e0 0c 00 0a 110000003c 110000003c"},
    {{"disconnect_reason_unknown"}, "e0 01 7f"},
};

/* They end the connection alike. A DISCONNECT that is wrong is none. */
TEST_EACH(error_5_0_publishes_will, errors_5_0, "5.0/MQTT-4.13.1-1",
          "5.0/MQTT-4.13.2-1", "5.0/MQTT-3.1.2-8")
{
    const struct error_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "will", 1);
    struct peer *peer = erring(t);
    peer_send(peer, RAW(row->hex));
    t_proves(t, "4.13.1-1 4.13.2-1");
    peer_expect_close(peer);
    t_proves(t, "3.1.2-8");
    client_expect(watcher, MESSAGE("will", "gone", .qos = 1));
}

/* An error is its client's alone: the connections beside it, of a publisher and
 * of its subscriber in the middle of an exchange, go on. */
TEST_EACH(error_disturbs_nobody, errors, ERROR_IDS, .needs = "qos2")
{
    const struct error_row *row = t_row(t);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 2);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1", .qos = 2));
    uint16_t id = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    struct peer *peer = peer_hello(t, "erring");
    peer_send(peer, RAW(row->hex));
    peer_expect_close(peer);
    peer_send(reader, PUBREC(.packet_id = id));
    peer_expect(reader, PUBREL(.packet_id = id));
    peer_send(reader, PUBCOMP(.packet_id = id));
    peer_publish(writer, MESSAGE("news", "2", .qos = 1));
    peer_expect_message(reader, MESSAGE("news", "2"));
}

struct reason_row {
    struct row row;
    uint8_t reason;
};
static const struct reason_row client_errors[] = {
    {{"unspecified"}, UNSPECIFIED_ERROR},     {{"malformed"}, MALFORMED_PACKET},
    {{"protocol_error"}, PROTOCOL_ERROR},     {{"quota"}, QUOTA_EXCEEDED},
    {{"packet_too_large"}, PACKET_TOO_LARGE},
};

/* A client that says DISCONNECT with an error has closed: the server closes as
 * well, and says nothing. */
TEST_EACH(disconnect_with_error_is_the_end, client_errors, "5.0/MQTT-4.13.2-1",
          "5.0/MQTT-3.14.4-1")
{
    const struct reason_row *row = t_row(t);
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_hello(t, "erring");
    peer_send_together(peer, DISCONNECT(.reason = row->reason),
                       PUBLISH(.topic = "news", .payload = "behind"));
    t_proves(t, "4.13.2-1");
    peer_expect_close(peer);
    t_proves(t, "3.14.4-1");
    client_expect_nothing_more(watcher);
}

/* A server that goes may say so, and its connections end. */
TEST(server_shuts_down, "5.0/MQTT-4.13.2-1", .own_broker = true,
     .needs = "restart")
{
    struct peer *peer = peer_hello(t, "one");
    t_broker_restart(t);
    peer_expect_error(peer, SERVER_SHUTTING_DOWN, ADMINISTRATIVE_ACTION);
    peer_hello(t, "one");
}

/* A server that sends its clients elsewhere names the other one to those of
 * 5.0, and closes. */
TEST(server_refers_to_another, "5.0/MQTT-4.13.2-1",
     "3.1.1/RULE-connect-refused-closes",
     .settings = "serverReference=other.example:1883")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    const struct wire_packet *connack = peer_expect(
        peer, CONNACK(.reason_any = CODES(REFUSED_SERVER_UNAVAILABLE,
                                          REFUSED_NOT_AUTHORIZED,
                                          USE_ANOTHER_SERVER, SERVER_MOVED)));
    t_check(t,
            !T_IS_5_0(t) || wire_same(connack->props.server_reference,
                                      BYTES("other.example:1883")),
            "the Server Reference other.example:1883", "it is another");
    peer_expect_end(peer);
}

SUITE(errors, "4.13 Handling errors", error_publishes_will,
      error_leaves_session, error_cuts_the_stream, error_5_0_publishes_will,
      error_disturbs_nobody, disconnect_with_error_is_the_end,
      server_shuts_down, server_refers_to_another);
