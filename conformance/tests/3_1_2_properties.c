/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_properties.c -- what the properties of CONNECT ask of the server.
 *
 * Spec: 5.0 s3.1.2.11.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

/* A client that takes packets of 64 octets, in a session of a minute. */
#define NARROW                                                                 \
    CONNECT(.client_id = "narrow",                                             \
            .props = {.session_expiry_interval_s = OPT(60),                    \
                      .maximum_packet_size = OPT(64)})

struct level {
    struct row row;
    uint8_t qos;
};
static const struct level levels[] = {
    {{"qos_0"}, 0}, {{"qos_1"}, 1}, {{"qos_2"}, 2}};

/* A message too big for a client never reaches it; those behind it do, and it
 * counts as delivered: it is not kept for a later connection. */
TEST_EACH(packet_too_big_for_the_client_is_dropped, levels, "5.0/MQTT-3.1.2-24",
          "5.0/MQTT-3.1.2-25")
{
    const struct level *row = t_row(t);
    struct peer *reader = peer_connect(t, NARROW);
    peer_subscribe(reader, "news", row->qos);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer,
                 MESSAGE("news", t_fill(t, 200, "long "), .qos = row->qos));
    peer_publish(writer, MESSAGE("news", "short", .qos = row->qos));
    const struct wire_packet *packet =
        peer_expect_message(reader, MESSAGE("news", "short"));
    t_proves(t, "3.1.2-24");
    t_check(t, packet->octets.n <= 64, "a packet of 64 octets or less",
            "it has %zu", packet->octets.n);
    peer_expect_nothing(reader);
    peer_disconnect(reader);

    struct peer *wide =
        peer_connect(t, CONNECT(.client_id = "narrow",
                                .props.session_expiry_interval_s = OPT(60)));
    t_proves(t, "3.1.2-25");
    peer_expect_nothing(wide);
}

/* A message that waited for the client is dropped as well if it is too big. */
TEST(queued_packet_too_big_for_the_client_is_dropped, "5.0/MQTT-3.1.2-24",
     "5.0/MQTT-3.1.2-25")
{
    struct peer *reader = peer_connect(t, NARROW);
    peer_subscribe(reader, "news", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", t_fill(t, 200, "long "), .qos = 1));
    client_publish(writer, MESSAGE("news", "short", .qos = 1));

    struct peer *again = peer_connect(t, NARROW);
    peer_expect_message(again, MESSAGE("news", "short"));
    peer_expect_nothing(again);
}

/* A packet of exactly the size that the client takes is no packet too big. */
TEST(packet_of_maximum_size_is_delivered, "5.0/MQTT-3.1.2-24")
{
    struct peer *reader = peer_connect(t, NARROW);
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    /* 2 + 2 + topic + 1 + payload; the topic has a tag of 5 and a slash */
    size_t header = 2 + 2 + strlen(t_topic(t, "news")) + 1;
    peer_publish(writer, MESSAGE("news", t_fill(t, 65 - header, "x")));
    peer_publish(writer, MESSAGE("news", t_fill(t, 64 - header, "y")));
    peer_expect_message(reader, MESSAGE("news", t_fill(t, 64 - header, "y")));
    peer_expect_nothing(reader);
}

/* The next message, with an alias of 1 to max or none. */
static void expect_alias(struct t *t, struct peer *peer, struct message *next,
                         uint32_t max)
{
    const struct wire_packet *packet = peer_expect_message(peer, next);
    uint64_t alias = packet->props.topic_alias;
    t_check(t,
            !wire_is_set(alias) ||
                (wire_value(alias, 0) >= 1 && wire_value(alias, 0) <= max),
            "a Topic Alias within the maximum of the client, or none",
            "Topic Alias %u", (unsigned)wire_value(alias, 0));
}

/* Aliases of the server stay within the maximum that the client gave, and each
 * stands for the topic it was set to. */
TEST(server_aliases_stay_within_the_maximum, "5.0/MQTT-3.1.2-26",
     "5.0/MQTT-3.3.2-11")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props.topic_alias_maximum = OPT(2)));
    peer_subscribe(reader, "news/+", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news/a", "1"));
    peer_publish(writer, MESSAGE("news/b", "2"));
    peer_publish(writer, MESSAGE("news/c", "3"));
    peer_publish(writer, MESSAGE("news/a", "4"));
    peer_publish(writer, MESSAGE("news/c", "5"));
    peer_publish(writer, MESSAGE("news/b", "6"));
    expect_alias(t, reader, MESSAGE("news/a", "1"), 2);
    expect_alias(t, reader, MESSAGE("news/b", "2"), 2);
    expect_alias(t, reader, MESSAGE("news/c", "3"), 2);
    expect_alias(t, reader, MESSAGE("news/a", "4"), 2);
    expect_alias(t, reader, MESSAGE("news/c", "5"), 2);
    expect_alias(t, reader, MESSAGE("news/b", "6"), 2);
}

/* A client that named no Topic Alias Maximum gets no alias. */
TEST(no_alias_without_a_maximum, "5.0/MQTT-3.1.2-27")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1"));
    peer_publish(writer, MESSAGE("news", "2"));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "1",
                                .props.topic_alias = NONE));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "2",
                                .props.topic_alias = NONE));
}

/* A client whose Topic Alias Maximum is 0 gets no alias either. */
TEST(no_alias_with_a_maximum_of_zero, "5.0/MQTT-3.1.2-27")
{
    struct peer *reader =
        peer_connect(t, CONNECT(.client_id = "reader", .clean_start = 1,
                                .props.topic_alias_maximum = OPT(0)));
    peer_subscribe(reader, "news", 0);
    struct peer *writer = peer_hello(t, "writer");
    peer_publish(writer, MESSAGE("news", "1"));
    peer_publish(writer, MESSAGE("news", "2"));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "1",
                                .props.topic_alias = NONE));
    peer_expect(reader, PUBLISH(.topic = "news", .payload = "2",
                                .props.topic_alias = NONE));
}

/* A client that asks for no Response Information gets none. */
TEST(no_response_information_when_refused, "5.0/MQTT-3.1.2-28")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props.request_response_information = OPT(0)));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.response_information = NO_BYTES));
}

/* A client that says nothing about Response Information gets none. */
TEST(no_response_information_when_not_asked, "5.0/MQTT-3.1.2-28")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props.response_information = NO_BYTES));
}

/* What a packet is without when problem information is off. */
#define PLAIN .props = {.reason_string = NO_BYTES, .no_user_property = true}

/* With Request Problem Information 0 no acknowledgement explains itself, not
 * even one with bad news. */
TEST(no_problem_information_when_refused, "5.0/MQTT-3.1.2-29")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "one", .clean_start = 1,
                                .props.request_problem_information = OPT(0)));
    peer_send(peer, PUBREL(.packet_id = 77));
    peer_expect(peer, PUBCOMP(.packet_id = 77, PLAIN));
    peer_send(peer, UNSUBSCRIBE(.packet_id = 1, .filters = {{"nothing"}}));
    peer_expect(peer, UNSUBACK(.packet_id = 1, PLAIN));
    peer_send(peer, PUBLISH(.topic = "nobody/listens", .payload = "x", .qos = 1,
                            .packet_id = 2));
    peer_expect(peer, PUBACK(.packet_id = 2, PLAIN));
    peer_send(peer, SUBSCRIBE(.packet_id = 3, .filters = {{"news", .qos = 2}}));
    peer_expect(peer, SUBACK(.packet_id = 3, PLAIN));
}

/* The same of a SUBACK that refuses. */
TEST(no_problem_information_in_refusal, "5.0/MQTT-3.1.2-29",
     .settings = "wildcardSubscriptionAvailable=false")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "one", .clean_start = 1,
                                .props.request_problem_information = OPT(0)));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a/+"}}));
    peer_expect_or_close(
        peer, SUBACK(.packet_id = 1, .reason = REASON_AT_LEAST(0x80), PLAIN));
}

struct forbidden_row {
    struct row row;
    const struct wire_packet *packet;
    enum wire_type answer;
};
static const struct forbidden_row forbidden[] = {
    {{"publish_qos_1"},
     PUBLISH(.topic = "denied/x", .qos = 1, .packet_id = 1),
     WIRE_PUBACK},
    {{"publish_qos_2"},
     PUBLISH(.topic = "denied/x", .qos = 2, .packet_id = 1),
     WIRE_PUBREC},
    {{"subscribe"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"denied/x"}}),
     WIRE_SUBACK},
    {{"unsubscribe"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"denied/x"}}),
     WIRE_UNSUBACK},
};

/* And of the answers to what is forbidden. */
TEST_EACH(no_problem_information_when_forbidden, forbidden, "5.0/MQTT-3.1.2-29",
          .settings = "users=on;acl=on")
{
    const struct forbidden_row *row = t_row(t);
    struct t_user user = t_user_bound(t);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .user_name = {user.name}, .password = {user.password},
                   .props.request_problem_information = OPT(0)));
    struct wire_packet answer = {.type = row->answer, .packet_id = 1, PLAIN};
    peer_send(peer, row->packet);
    peer_expect_or_close(peer, &answer);
}

struct refused {
    struct row row;
    struct wire_props props;
};

static const struct refused refused_properties[] = {
    {{"session_expiry_interval_twice",
      "5.0/RULE-connect-session-expiry-interval-twice"},
     {.session_expiry_interval_s = OPT(1),
      .extra = {{WIRE_SESSION_EXPIRY_INTERVAL, 1}}}},
    {{"receive_maximum_twice", "5.0/RULE-connect-receive-maximum-twice"},
     {.receive_maximum = OPT(9), .extra = {{WIRE_RECEIVE_MAXIMUM, 9}}}},
    {{"maximum_packet_size_twice",
      "5.0/RULE-connect-maximum-packet-size-twice"},
     {.maximum_packet_size = OPT(999),
      .extra = {{WIRE_MAXIMUM_PACKET_SIZE, 999}}}},
    {{"topic_alias_maximum_twice",
      "5.0/RULE-connect-topic-alias-maximum-twice"},
     {.topic_alias_maximum = OPT(9), .extra = {{WIRE_TOPIC_ALIAS_MAXIMUM, 9}}}},
    {{"request_response_information_twice",
      "5.0/RULE-connect-request-response-information-twice"},
     {.request_response_information = OPT(1),
      .extra = {{WIRE_REQUEST_RESPONSE_INFORMATION, 1}}}},
    {{"request_problem_information_twice",
      "5.0/RULE-connect-request-problem-information-twice"},
     {.request_problem_information = OPT(1),
      .extra = {{WIRE_REQUEST_PROBLEM_INFORMATION, 1}}}},
    {{"authentication_method_twice",
      "5.0/RULE-connect-authentication-method-twice"},
     {.authentication_method = "x",
      .extra = {{WIRE_AUTHENTICATION_METHOD, .octets = "x"}}}},
    {{"authentication_data_twice",
      "5.0/RULE-connect-authentication-data-twice"},
     {.authentication_method = "x",
      .authentication_data = "y",
      .extra = {{WIRE_AUTHENTICATION_DATA, .octets = "y"}}}},
    {{"receive_maximum_zero", "5.0/RULE-connect-receive-maximum-zero"},
     {.receive_maximum = OPT(0)}},
    {{"maximum_packet_size_zero", "5.0/RULE-connect-maximum-packet-size-zero"},
     {.maximum_packet_size = OPT(0)}},
    {{"request_problem_information_2",
      "5.0/RULE-connect-request-problem-information-range"},
     {.request_problem_information = OPT(2)}},
    {{"request_response_information_2",
      "5.0/RULE-connect-request-response-information-range"},
     {.request_response_information = OPT(2)}},
    {{"authentication_data_alone",
      "5.0/RULE-connect-authentication-data-alone"},
     {.authentication_data = "y"}},
};

/* The properties of CONNECT come once and with values that the standard knows;
 * anything else is an error and ends the connection. */
TEST_EACH(connect_property_is_refused, refused_properties, "5.0/MQTT-3.1.4-1",
          "5.0/MQTT-4.13.1-1")
{
    const struct refused *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props = row->props));
    peer_expect_refused(peer, .v5 = CODES(PROTOCOL_ERROR, MALFORMED_PACKET,
                                          BAD_AUTHENTICATION_METHOD));
}

/* A client that asked for enhanced authentication says nothing but AUTH and
 * DISCONNECT before its CONNACK: a SUBSCRIBE in between ends the connection. */
TEST(subscribe_during_authentication_closes, "5.0/MQTT-3.1.2-30",
     .settings = "users=on;authenticationMethod=SCRAM-SHA-256")
{
    struct peer *peer = peer_open(t);
    const char *first =
        t_text(t, "n,,n=%s,r=fyko+d2lbbFgONRv9qkxdawL", t_user(t).name);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props = {.authentication_method = "SCRAM-SHA-256",
                                      .authentication_data =
                                          SLICE(first, strlen(first))}));
    peer_expect(peer, AUTH(.reason = CONTINUE_AUTHENTICATION));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"news"}}));
    peer_expect_refused(peer, .v5 = CODES(PROTOCOL_ERROR, NOT_AUTHORIZED,
                                          BAD_AUTHENTICATION_METHOD));
}

/* User Property is the one property that may come as often as the client
 * likes. */
TEST(user_properties_of_connect_are_welcome, "5.0/MQTT-3.1.4-5")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .props.user_property = {
                                {"a", "1"}, {"a", "1"}, {"b", ""}, {"", "c"}}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
}

/* Every property that CONNECT may have, each with a value it may have. */
TEST(all_properties_of_connect_are_welcome, "5.0/MQTT-3.1.4-5")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .clean_start = 1,
                      .props = {.session_expiry_interval_s = OPT(0xffffffff),
                                .receive_maximum = OPT(65535),
                                .maximum_packet_size = OPT(0xffffffff),
                                .topic_alias_maximum = OPT(65535),
                                .request_response_information = OPT(1),
                                .request_problem_information = OPT(1),
                                .user_property = {{"k", "v"}}}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    peer_expect_alive(peer);
    peer_send(peer, DISCONNECT(.props.session_expiry_interval_s = OPT(0)));
}

SUITE(connect_properties, "3.1.2.11 CONNECT Properties",
      packet_too_big_for_the_client_is_dropped,
      queued_packet_too_big_for_the_client_is_dropped,
      packet_of_maximum_size_is_delivered,
      server_aliases_stay_within_the_maximum, no_alias_without_a_maximum,
      no_alias_with_a_maximum_of_zero, no_response_information_when_refused,
      no_response_information_when_not_asked,
      no_problem_information_when_refused, connect_property_is_refused,
      subscribe_during_authentication_closes,
      user_properties_of_connect_are_welcome,
      all_properties_of_connect_are_welcome, no_problem_information_in_refusal,
      no_problem_information_when_forbidden);
