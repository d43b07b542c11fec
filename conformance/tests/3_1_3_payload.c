/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_3_payload.c -- Client Identifier, Will Topic, User Name, Password.
 *
 * Spec: 3.1.1 s3.1.3; 5.0 s3.1.3.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

/* The payload's fields come in one order, and each takes effect: the client is
 * let in, is known by its identifier, and its Will goes to the Will Topic. */
TEST(payload_fields_take_effect, "3.1.1/MQTT-3.1.3-1", "5.0/MQTT-3.1.3-1",
     .settings = "users=on")
{
    struct t_user user = t_user(t);
    struct client *watcher = client_connect(
        t, "watcher", .user_name = user.name, .password = user.password);
    client_subscribe(watcher, "status/pump", 1);
    struct peer *pump = peer_connect(
        t,
        CONNECT(.client_id = "pump",
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1},
                .user_name = user.name, .password = user.password,
                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(pump, "orders", 1);
    peer_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_publish(watcher, MESSAGE("orders", "stop", .qos = 1));
    struct client *again =
        client_connect(t, "pump", .keep_session = true, .user_name = user.name,
                       .password = user.password);
    client_expect(again, MESSAGE("orders", "stop", .qos = 1));
}

/* The same order without users: identifier, Will Topic and payload. */
TEST(identifier_and_will_take_effect, "3.1.1/MQTT-3.1.3-1", "5.0/MQTT-3.1.3-1")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "status/pump", 1);
    struct client *pump = client_connect(
        t, "pump", .keep_session = true, .session_expiry_interval_s = OPT(60),
        .will = MESSAGE("status/pump", "gone", .qos = 1));
    client_subscribe(pump, "orders", 1);
    client_drop(pump);
    client_expect(watcher, MESSAGE("status/pump", "gone", .qos = 1));
    client_publish(watcher, MESSAGE("orders", "stop", .qos = 1));
    struct client *again = client_connect(t, "pump", .keep_session = true);
    client_expect(again, MESSAGE("orders", "stop", .qos = 1));
}

/* Every CONNECT has a Client Identifier, and be it an empty one. */
TEST(payload_without_client_id_is_refused, "3.1.1/MQTT-3.1.3-3",
     "5.0/MQTT-3.1.3-3")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.clean_start = 1,
                            .raw_fields = {{"client_id", BYTES("")}}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          CLIENT_IDENTIFIER_NOT_VALID));
}

/* The Client Identifier is UTF-8. */
TEST(client_id_that_is_no_utf8_is_refused, "3.1.1/MQTT-3.1.3-4",
     "5.0/MQTT-3.1.3-4")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = BYTES("a\xff\xfe"), .clean_start = 1));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          CLIENT_IDENTIFIER_NOT_VALID));
}

/* The Will Topic is UTF-8. */
TEST(will_topic_that_is_no_utf8_is_refused, "3.1.1/MQTT-3.1.3-10",
     "5.0/MQTT-3.1.3-11")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = BYTES("a\xff\xfe"),
                                     .payload = "gone"}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR,
                                          TOPIC_NAME_INVALID));
}

/* The User Name is UTF-8. */
TEST(user_name_that_is_no_utf8_is_refused, "3.1.1/MQTT-3.1.3-11",
     "5.0/MQTT-3.1.3-12")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .clean_start = 1,
                      .user_name = BYTES("a\xff\xfe"), .password = "secret"));
    peer_expect_refused(
        peer,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true,
        .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR, BAD_USER_NAME_OR_PASSWORD,
                    NOT_AUTHORIZED));
}

struct identifier {
    struct row row;
    const char *client_id[3]; /* one a version: they run side by side */
};

#define OF_ALL(id)                                                             \
    {                                                                          \
        EXACT id, EXACT id, EXACT id                                           \
    }

/* The tag has 5 characters, which makes 23 octets with these 18. */
static const struct identifier identifiers[] = {
    {{"one_digit"}, {EXACT "7", EXACT "0", EXACT "5"}},
    {{"one_letter"}, {EXACT "Q", EXACT "a", EXACT "z"}},
    {{"digits"}, OF_ALL("{}012345678901234567")},
    {{"small_a_to_r"}, OF_ALL("{}abcdefghijklmnopqr")},
    {{"small_i_to_z"}, OF_ALL("{}ijklmnopqrstuvwxyz")},
    {{"capital_a_to_r"}, OF_ALL("{}ABCDEFGHIJKLMNOPQR")},
    {{"capital_i_to_z"}, OF_ALL("{}IJKLMNOPQRSTUVWXYZ")},
};

/* Every identifier of 1 to 23 letters and digits is accepted. */
TEST_EACH(client_id_of_letters_and_digits_is_accepted, identifiers,
          "3.1.1/MQTT-3.1.3-5", "5.0/MQTT-3.1.3-5",
          "3.1/RULE-client-identifier-length")
{
    const struct identifier *row = t_row(t);
    struct peer *peer = peer_open(t);
    const char *id = row->client_id[t_version(t) - WIRE_3_1];
    peer_send(peer, CONNECT(.client_id = id, .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
}

/* Clients with an empty identifier get one each from the server: both stay
 * connected, and each has its own subscriptions. */
TEST(empty_client_id_gets_a_unique_one, "3.1.1/MQTT-3.1.3-6",
     "5.0/MQTT-3.1.3-6", .needs = "empty_client_id")
{
    struct peer *first = peer_hello(t, "");
    struct peer *second = peer_hello(t, "");
    peer_subscribe(first, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "rain", .qos = 1));
    peer_expect_message(first, MESSAGE("news", "rain", .qos = 1));
    peer_expect_nothing(second);
}

/* The server tells the client which identifier it has got, and no two clients
 * get the same. */
TEST(assigned_client_id_is_told, "5.0/MQTT-3.1.3-6", "5.0/MQTT-3.1.3-7",
     "5.0/MQTT-3.2.2-16", .needs = "empty_client_id")
{
    struct peer *first = peer_hello(t, "");
    struct peer *second = peer_hello(t, "");
    struct wire_bytes a = peer_connack(first)->props.assigned_client_identifier;
    struct wire_bytes b =
        peer_connack(second)->props.assigned_client_identifier;
    t_check(t, wire_len(a) > 0 && wire_len(b) > 0,
            "an Assigned Client Identifier in each CONNACK", "one has none");
    t_check(t, !wire_same(a, b), "different Assigned Client Identifiers",
            "both are \"%.*s\"", (int)wire_len(a), a.text);
    peer_expect_alive(first);
}

/* Nor does it matter whether a session was asked for. */
TEST(assigned_client_id_is_told_to_all, "5.0/MQTT-3.1.3-6", "5.0/MQTT-3.2.2-16",
     .needs = "empty_client_id")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "", .clean_start = 0));
    const struct wire_packet *connack =
        peer_expect(peer, CONNACK(.reason = SUCCESS, .session_present = 0));
    t_check(t, wire_len(connack->props.assigned_client_identifier) > 0,
            "an Assigned Client Identifier in CONNACK", "there is none");
}

/* The client owns the identifier it was assigned: under it, it comes back to
 * its session. */
TEST(assigned_client_id_owns_its_session, "5.0/MQTT-3.1.3-7",
     .needs = "empty_client_id")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "", .clean_start = 1,
                                .props.session_expiry_interval_s = OPT(60)));
    struct wire_bytes id = peer_connack(peer)->props.assigned_client_identifier;
    t_check(t, wire_len(id) > 0, "an Assigned Client Identifier in CONNACK",
            "there is none");
    peer_subscribe(peer, "news", 1);
    peer_disconnect(peer);

    struct peer *again = peer_open(t);
    peer_send(again, CONNECT(.client_id = t_text(t, EXACT "%.*s",
                                                 (int)wire_len(id), id.text),
                             .props.session_expiry_interval_s = OPT(10)));
    peer_expect(again, CONNACK(.reason = SUCCESS, .session_present = 1));
    peer_publish(again, MESSAGE("news", "rain", .qos = 0));
    peer_expect_message(again, MESSAGE("news", "rain"));
    peer_send(again, DISCONNECT(.props.session_expiry_interval_s = OPT(0)));
}

/* A client that brings its own identifier is not given another. */
TEST(client_id_of_the_client_is_kept, "5.0/MQTT-3.1.3-2")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.assigned_client_identifier = NO_BYTES));
}

/* An empty identifier asks for a clean session; without one it is refused with
 * code 2. */
TEST(empty_client_id_without_clean_session_is_refused, "3.1.1/MQTT-3.1.3-7",
     "3.1.1/MQTT-3.1.3-8")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "", .clean_start = 0));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_IDENTIFIER));
}

/* An identifier that the server does not take is refused: in 3.1.1 with code
 * 2, in 5.0 with 0x85 or without a word. */
TEST(client_id_that_is_not_welcome_is_refused, "3.1.1/MQTT-3.1.3-9",
     "5.0/MQTT-3.1.3-8", .settings = "refusedClientIds=unwelcome")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = EXACT "unwelcome{}", .clean_start = 1));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_IDENTIFIER),
                        .v5 = CODES(CLIENT_IDENTIFIER_NOT_VALID));
    peer_hello(t, "welcome");
}

/* A Will Topic is a Topic Name, for a Will Message is published under it: it
 * has one character at least, and no Topic Alias stands for it. */
TEST(empty_will_topic_is_refused, "3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = "", .payload = "gone"}));
    peer_expect_refused(peer, .v5 = CODES(TOPIC_NAME_INVALID, PROTOCOL_ERROR,
                                          MALFORMED_PACKET));
}

/* Connects with an identifier of 40 octets. A server that takes no more than 23
 * is in its right. */
static struct peer *connect_as(struct t *t, const char *last)
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = {t_text(t, "%.34s%s",
                                           t_fill(t, 34, "long").text, last)},
                      .clean_start = 1));
    const struct wire_packet *connack = peer_expect_or_close(peer, CONNACK());
    t_skip_unless(t, connack && connack->reason == SUCCESS,
                  "Client Identifiers of 40 octets are refused");
    return peer;
}

/* Identifiers that differ in their last octet are two, however long they are.
 */
TEST(long_client_ids_are_told_apart, "3.1.1/MQTT-3.1.3-2", "5.0/MQTT-3.1.3-2")
{
    struct peer *one = connect_as(t, "1");
    struct peer *two = connect_as(t, "2");
    peer_expect_alive(one);
    peer_expect_alive(two);
}

SUITE(connect_payload, "3.1.3 CONNECT payload", payload_fields_take_effect,
      identifier_and_will_take_effect, payload_without_client_id_is_refused,
      client_id_that_is_no_utf8_is_refused,
      will_topic_that_is_no_utf8_is_refused,
      user_name_that_is_no_utf8_is_refused,
      client_id_of_letters_and_digits_is_accepted,
      empty_client_id_gets_a_unique_one, assigned_client_id_is_told,
      assigned_client_id_owns_its_session, client_id_of_the_client_is_kept,
      empty_client_id_without_clean_session_is_refused,
      client_id_that_is_not_welcome_is_refused, empty_will_topic_is_refused,
      long_client_ids_are_told_apart,

      assigned_client_id_is_told_to_all);
