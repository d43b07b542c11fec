/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_4_response.c -- what the server does with a CONNECT, good or bad.
 *
 * Spec: 3.1.1 s3.1.4; 5.0 s3.1.4.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

struct bad_connect {
    struct row row;
    const char *v3, *v5; /* the packet under 3.1.1 and 5.0; NULL: neither */
};

/* Each is a CONNECT of the client "x" with one thing wrong. */
static const struct bad_connect bad_connects[] = {
    {{"nothing_in_it"}, "1000", "1000"},
    {{"ends_in_the_name"}, "1004 0004 4d51", "1004 0004 4d51"},
    {{"ends_before_the_level"}, "1006 0004 4d515454", "1006 0004 4d515454"},
    {{"ends_before_the_flags"},
     "1007 0004 4d515454 04",
     "1007 0004 4d515454 05"},
    {{"ends_in_the_keep_alive"},
     "1009 0004 4d515454 04 02 00",
     "1009 0004 4d515454 05 02 00"},
    {{"ends_before_the_payload"},
     "100a 0004 4d515454 04 02 003c",
     "100b 0004 4d515454 05 02 003c 00"},
    {{"ends_in_the_client_id"},
     "100d 0004 4d515454 04 02 003c 00ff 78",
     "100e 0004 4d515454 05 02 003c 00 00ff 78"},
    {{"octet_behind_the_payload"},
     "100e 0004 4d515454 04 02 003c 0001 78 00",
     "100f 0004 4d515454 05 02 003c 00 0001 78 00"},
    {{"string_behind_the_payload"},
     "1010 0004 4d515454 04 02 003c 0001 78 0001 79",
     "1011 0004 4d515454 05 02 003c 00 0001 78 0001 79"},
    {{"name_longer_than_the_packet"},
     "100a 00ff 4d515454 04 02 003c",
     "100a 00ff 4d515454 05 02 003c"},
    {{"header_flag_set"},
     "110d 0004 4d515454 04 02 003c 0001 78",
     "110e 0004 4d515454 05 02 003c 00 0001 78"},
    {{"property_length_overrun", NULL, "5.0"},
     NULL,
     "100e 0004 4d515454 05 02 003c 7f 0001 78"},
    {{"property_length_cuts_a_property", NULL, "5.0"},
     NULL,
     "1011 0004 4d515454 05 02 003c 02 21 0001 0001 78"},
    {{"property_length_endless", NULL, "5.0"},
     NULL,
     "1012 0004 4d515454 05 02 003c ffffffff01 0001 78"},
    {{"property_unknown", "5.0/RULE-property-unknown", "5.0"},
     NULL,
     "1010 0004 4d515454 05 02 003c 02 7f01 0001 78"},
    {{"property_of_another_packet", "5.0/RULE-property-not-allowed", "5.0"},
     NULL,
     "1011 0004 4d515454 05 02 003c 03 230001 0001 78"},
    {{"property_of_the_will", "5.0/RULE-property-not-allowed", "5.0"},
     NULL,
     "1013 0004 4d515454 05 02 003c 05 1800000001 0001 78"},
};

/* The server looks at the form of a CONNECT and ends the connection of a bad
 * one: 3.1.1 without a word, 5.0 with or without a CONNACK of 0x80 or more. */
TEST_EACH(malformed_connect_is_refused, bad_connects, "3.1.1/MQTT-3.1.4-1",
          "5.0/MQTT-3.1.4-1")
{
    const struct bad_connect *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, RAW(BY_VERSION(t, row->v3, row->v5)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A valid CONNECT is answered with a CONNACK that says so. */
TEST(valid_connect_is_accepted, "3.1.1/MQTT-3.1.4-4", "5.0/MQTT-3.1.4-5",
     "3.1/RULE-protocol-name-level")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_alive(peer);
}

/* A valid CONNECT may arrive octet by octet. */
TEST(connect_in_single_octets_is_accepted, "3.1.1/MQTT-3.1.4-4",
     "5.0/MQTT-3.1.4-5")
{
    struct peer *peer = peer_open(t);
    peer_send_dribbling(peer,
                        CONNECT(.client_id = "one", .clean_start = 1,
                                .will = {.topic = "will", .payload = "x"}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_disconnect(peer);
}

/* A new connection under an identifier in use ends the older one; the new one
 * is served. */
TEST(takeover_ends_the_older_connection, "3.1.1/MQTT-3.1.4-2",
     "5.0/MQTT-3.1.4-3", "3.1/RULE-takeover")
{
    struct peer *older = peer_hello(t, "pump");
    struct client *newer = client_connect(t, "pump");
    peer_expect_error(older, SESSION_TAKEN_OVER);
    client_subscribe(newer, "orders", 1);
    client_publish(newer, MESSAGE("orders", "stop", .qos = 1));
    client_expect(newer, MESSAGE("orders", "stop", .qos = 1));
}

/* Taking over carries the session on when it is not to start clean: messages
 * go to the newer connection. */
TEST(takeover_carries_the_session_on, "3.1.1/MQTT-3.1.2-4", "5.0/MQTT-3.1.2-5")
{
    struct peer *older =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(older, "orders", 1);
    struct peer *newer = peer_open(t);
    peer_send(newer, CONNECT(.client_id = "pump",
                             .props.session_expiry_interval_s = OPT(60)));
    peer_expect(newer, CONNACK(.reason = SUCCESS));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(newer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_nothing(newer);
}

/* Taking over with a clean start leaves nothing of the older session. */
TEST(takeover_with_clean_start_wipes_the_session, "3.1.1/MQTT-3.1.2-6",
     "5.0/MQTT-3.1.2-4")
{
    struct peer *older =
        peer_connect(t, CONNECT(.client_id = "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(older, "orders", 1);
    struct peer *newer = peer_open(t);
    peer_send(newer, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect(newer, CONNACK(.reason = SUCCESS));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_nothing(newer);
}

/* The newest of three connections under one identifier is the one that stays.
 */
TEST(takeover_twice_leaves_the_newest, "3.1.1/MQTT-3.1.4-2", "5.0/MQTT-3.1.4-3")
{
    struct peer *first = peer_hello(t, "pump");
    struct peer *second = peer_hello(t, "pump");
    peer_expect_error(first, SESSION_TAKEN_OVER);
    struct peer *third = peer_hello(t, "pump");
    peer_expect_error(second, SESSION_TAKEN_OVER);
    peer_expect_alive(third);
}

/* After a CONNECT that is refused, nothing else the client sent has any
 * effect. */
TEST(nothing_behind_a_refused_connect_counts, "3.1.1/MQTT-3.1.4-5",
     "5.0/MQTT-3.1.4-6")
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 1);
    struct peer *peer = peer_open(t);
    peer_send_together(peer,
                       CONNECT(.client_id = "", .clean_start = 0,
                               .props.receive_maximum = OPT(0)),
                       PUBLISH(.topic = "news", .payload = "rain", .qos = 1,
                               .retain = 1, .packet_id = 1));
    peer_expect_refused(peer, .v3 = CODES(REFUSED_IDENTIFIER),
                        .v5 = CODES(PROTOCOL_ERROR, MALFORMED_PACKET));
    client_expect_nothing_more(watcher);
    struct client *late = client_connect(t, "late");
    client_subscribe(late, "news", 1);
    client_expect_nothing_more(late);
}

/* A client need not wait for CONNACK: what it sends right behind its CONNECT
 * is served. */
TEST(packets_behind_connect_are_served, "3.1.1/MQTT-3.8.4-1",
     "3.1.1/MQTT-3.3.4-1", "5.0/MQTT-3.8.4-1", "5.0/MQTT-3.3.4-1")
{
    struct peer *peer = peer_open(t);
    peer_send_together(
        peer, CONNECT(.client_id = "hasty", .clean_start = 1),
        SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = 0}}),
        PUBLISH(.topic = "news", .payload = "rain", .qos = 1, .packet_id = 2),
        PINGREQ());
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_all(peer, SUBACK(.packet_id = 1, .codes = CODES(0)),
                    PUBLISH(.topic = "news", .payload = "rain", .qos = 0),
                    PUBACK(.packet_id = 2), PINGRESP());
}

/* A client that cannot show who it is is not let in. */
TEST(wrong_password_is_refused, "3.1.1/RULE-connect-refused-closes",
     "5.0/MQTT-3.1.4-2", .settings = "users=on")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .user_name = t_user(t).name, .password = "wrong"));
    peer_expect_refused(
        peer,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true,
        .v5 = CODES(BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED));
}

/* A client that says nothing about who it is is not let in either. */
TEST(missing_user_name_is_refused, "3.1.1/RULE-connect-refused-closes",
     "5.0/MQTT-3.1.4-2", .settings = "users=on")
{
    client_expect_refused(t, REFUSED_NOT_AUTHORIZED, NOT_AUTHORIZED, "one");
}

/* A client that is not let in neither disturbs the one whose identifier it
 * names, nor is its Will published. */
TEST(refused_client_disturbs_nobody, "3.1.1/MQTT-3.1.4-5", "5.0/MQTT-3.1.4-6",
     .settings = "users=on")
{
    struct t_user user = t_user(t);
    struct client *pump = client_connect(t, "pump", .user_name = user.name,
                                         .password = user.password);
    client_subscribe(pump, "status/pump", 1);
    struct peer *thief = peer_open(t);
    peer_send(
        thief,
        CONNECT(.client_id = "pump", .clean_start = 1, .user_name = user.name,
                .password = "wrong",
                .will = {.topic = "status/pump", .payload = "gone", .qos = 1}));
    peer_expect_refused(
        thief,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true,
        .v5 = CODES(BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED));
    client_publish(pump, MESSAGE("status/pump", "well", .qos = 1));
    client_expect(pump, MESSAGE("status/pump", "well", .qos = 1));
    client_expect_nothing_more(pump);
}

/* Nor does it end the session of an absent client. */
TEST(refused_client_ends_no_session, "3.1.1/MQTT-3.1.4-5", "5.0/MQTT-3.1.4-6",
     .settings = "users=on")
{
    struct t_user user = t_user(t);
    const struct wire_packet *connect =
        CONNECT(.client_id = "pump", .user_name = user.name,
                .password = user.password,
                .props.session_expiry_interval_s = OPT(60));
    struct peer *pump = peer_connect(t, connect);
    peer_subscribe(pump, "orders", 1);
    peer_disconnect(pump);
    struct peer *thief = peer_open(t);
    peer_send(thief, CONNECT(.client_id = "pump", .clean_start = 1,
                             .user_name = user.name, .password = "wrong"));
    peer_expect_end(thief);
    struct client *writer = client_connect(t, "writer", .user_name = user.name,
                                           .password = user.password);
    client_publish(writer, MESSAGE("orders", "stop", .qos = 1));
    pump = peer_connect(t, connect);
    peer_expect_message(pump, MESSAGE("orders", "stop", .qos = 1));
}

/* A refusal for which 3.1.1 has no code comes without a CONNACK: here, that the
 * server defends the connection it has. */
TEST(refusal_without_a_code_is_silent, "3.1.1/MQTT-3.2.2-6",
     .settings = "allowLinkStealing=false")
{
    struct client *pump = client_connect(t, "pump");
    struct peer *thief = peer_open(t);
    peer_send(thief, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect_refused(thief,
                        .v3 = CODES(REFUSED_IDENTIFIER,
                                    REFUSED_SERVER_UNAVAILABLE,
                                    REFUSED_NOT_AUTHORIZED),
                        .v3_may_just_close = true);
    client_expect_nothing_more(pump);
}

SUITE(connect_response, "3.1.4 CONNECT actions", malformed_connect_is_refused,
      valid_connect_is_accepted, connect_in_single_octets_is_accepted,
      takeover_ends_the_older_connection, takeover_carries_the_session_on,
      takeover_with_clean_start_wipes_the_session,
      takeover_twice_leaves_the_newest, nothing_behind_a_refused_connect_counts,
      packets_behind_connect_are_served, wrong_password_is_refused,
      missing_user_name_is_refused, refused_client_disturbs_nobody,
      refusal_without_a_code_is_silent, refused_client_ends_no_session);
