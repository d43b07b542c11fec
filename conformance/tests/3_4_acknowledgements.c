/* SPDX-License-Identifier: Apache-2.0 */
/* 3_4_acknowledgements.c -- PUBACK, PUBREC, PUBREL and PUBCOMP themselves:
 * codes, flags, sizes. What they mean for delivery is in 4_3_qos.c.
 *
 * Spec: 5.0 s3.4 to s3.7, 3.1.1 s3.4 to s3.7.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/rows.h"
#include "tests/small.h"

/* A PUBLISH at QoS 1 that nobody wants is acknowledged by a code that PUBACK
 * may carry: success, or no matching subscribers. */
TEST(puback_code_without_subscribers, "5.0/MQTT-3.4.2-1")
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer, PUBLISH(.topic = "nobody/here", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect(peer,
                PUBACK(.packet_id = 1,
                       .reason_any = CODES(SUCCESS, NO_MATCHING_SUBSCRIBERS)));
}

/* The same at QoS 2: PUBREC, then PUBCOMP of success for a known identifier. */
TEST(pubrec_and_pubcomp_codes, "5.0/MQTT-3.5.2-1", "5.0/MQTT-3.7.2-1",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer, PUBLISH(.topic = "nobody/here", .payload = "x", .qos = 2,
                            .packet_id = 1));
    t_proves(t, "3.5.2-1");
    peer_expect(peer,
                PUBREC(.packet_id = 1,
                       .reason_any = CODES(SUCCESS, NO_MATCHING_SUBSCRIBERS)));
    peer_send(peer, PUBREL(.packet_id = 1));
    t_proves(t, "3.7.2-1");
    peer_expect(peer, PUBCOMP(.packet_id = 1, .reason = SUCCESS));
}

/* A message that is delivered is acknowledged by success. */
TEST(acknowledged_by_success, "5.0/MQTT-3.4.2-1", "5.0/MQTT-3.5.2-1",
     .needs = "qos2")
{
    struct client *client = client_connect(t, "both");
    client_subscribe(client, "a", 2);
    int puback = client_publish_result(client, MESSAGE("a", "1", .qos = 1));
    client_expect(client, MESSAGE("a", "1", .qos = 1));
    int pubrec = client_publish_result(client, MESSAGE("a", "2", .qos = 2));
    client_expect(client, MESSAGE("a", "2", .qos = 2));
    t_proves(t, "3.4.2-1");
    t_check(t, puback == SUCCESS, "PUBACK 0x00", "0x%02x", (unsigned)puback);
    t_proves(t, "3.5.2-1");
    t_check(t, pubrec == SUCCESS, "PUBREC 0x00", "0x%02x", (unsigned)pubrec);
}

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row refused_at[] = {
    {{"puback", "5.0/MQTT-3.4.2-1 5.0/MQTT-3.4.2-2 5.0/MQTT-3.4.2-3"}, 1},
    {{"pubrec", "5.0/MQTT-3.5.2-1 5.0/MQTT-3.5.2-2 5.0/MQTT-3.5.2-3"}, 2},
};

/* The acknowledgement of a PUBLISH that is not authorised says so, and leaves
 * out the Reason String and User Properties that would make it larger than the
 * client accepts. */
TEST_EACH(refusal_within_maximum_packet_size, refused_at, "5.0/MQTT-3.1.2-24",
          .settings = "users=on;acl=on")
{
    const struct qos_row *row = t_row(t);
    struct t_user bound = t_user_bound(t);
    size_t limit;
    struct peer *peer = small_connect(
        t,
        CONNECT(.client_id = "small", .clean_start = 1,
                .user_name = {bound.name}, .password = {bound.password}),
        &limit);
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x",
                            .qos = row->qos, .packet_id = 1));
    const struct wire_packet *answer =
        peer_expect_any(peer, PUBACK(.packet_id = 1, .reason = NOT_AUTHORIZED),
                        PUBREC(.packet_id = 1, .reason = NOT_AUTHORIZED),
                        DISCONNECT(.reason = NOT_AUTHORIZED));
    small_check(t, answer, limit);
}

/* PUBREL whose reserved flags are not 0010 closes the connection. */
TEST_EACH(pubrel_wrong_flags, flags_not_0010, "3.1.1/MQTT-3.6.1-1",
          "5.0/MQTT-3.6.1-1", "5.0/RULE-flags-malformed", .needs = "qos2")
{
    const struct flags_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "flags");
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "x", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBREL(.packet_id = 1, .raw_flags = OPT(row->flags)));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* The Server's PUBREL has flags 0010 and a code of success. */
TEST(pubrel_of_server, "3.1.1/MQTT-3.6.1-1", "5.0/MQTT-3.6.1-1",
     "5.0/MQTT-3.6.2-1", .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    const struct wire_packet *message =
        peer_expect(peer, PUBLISH(.topic = "a", .qos = 2));
    peer_send(peer, PUBREC(.packet_id = message->packet_id));
    const struct wire_packet *pubrel = peer_expect(
        peer, PUBREL(.packet_id = message->packet_id, .reason = SUCCESS));
    t_proves(t, "3.6.1-1");
    t_check(t, pubrel->flags == 2, "flags 0010", "flags 0x%x", pubrel->flags);
}

/* PUBREC for an identifier that is not in use: PUBREL says so (0x92) or goes
 * on as usual, within the client's Maximum Packet Size; to ignore it or to
 * close is not forbidden. */
TEST(pubrel_for_unknown_identifier, "5.0/MQTT-3.6.2-1", "5.0/MQTT-3.6.2-2",
     "5.0/MQTT-3.6.2-3", .needs = "qos2")
{
    size_t limit;
    struct peer *peer = small_connect(
        t, CONNECT(.client_id = "small", .clean_start = 1), &limit);
    peer_send_together(peer, PUBREC(.packet_id = 77), PINGREQ());
    t_proves(t, "3.6.2-1");
    const struct wire_packet *answer = peer_expect_any(
        peer,
        PUBREL(.packet_id = 77,
               .reason_any = CODES(SUCCESS, PACKET_IDENTIFIER_NOT_FOUND)),
        DISCONNECT(.reason = REASON_AT_LEAST(0x80)), PINGRESP());
    t_proves(t, "3.6.2-2 3.6.2-3");
    small_check(t, answer, limit);
}

/* PUBREL for an identifier that is not in use: PUBCOMP says so (0x92) or
 * success, within the client's Maximum Packet Size. */
TEST(pubcomp_for_unknown_identifier, "5.0/MQTT-3.7.2-1", "5.0/MQTT-3.7.2-2",
     "5.0/MQTT-3.7.2-3", .needs = "qos2")
{
    size_t limit;
    struct peer *peer = small_connect(
        t, CONNECT(.client_id = "small", .clean_start = 1), &limit);
    peer_send(peer, PUBREL(.packet_id = 77));
    t_proves(t, "3.7.2-1");
    const struct wire_packet *answer = peer_expect(
        peer,
        PUBCOMP(.packet_id = 77,
                .reason_any = CODES(SUCCESS, PACKET_IDENTIFIER_NOT_FOUND)));
    t_proves(t, "3.7.2-2 3.7.2-3");
    small_check(t, answer, limit);
}

/* A PUBACK with two Reason Strings is a Protocol Error. */
TEST(puback_reason_string_twice, "5.0/RULE-puback-reason-string-twice")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    const struct wire_packet *message =
        peer_expect(peer, PUBLISH(.topic = "a", .qos = 1));
    peer_send(
        peer,
        PUBACK(.packet_id = message->packet_id,
               .props = {.reason_string = "one",
                         .extra = {{WIRE_REASON_STRING, .octets = "two"}}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* A PUBREC with two Reason Strings is a Protocol Error. */
TEST(pubrec_reason_string_twice, "5.0/RULE-pubrec-reason-string-twice",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    const struct wire_packet *message =
        peer_expect(peer, PUBLISH(.topic = "a", .qos = 2));
    peer_send(
        peer,
        PUBREC(.packet_id = message->packet_id,
               .props = {.reason_string = "one",
                         .extra = {{WIRE_REASON_STRING, .octets = "two"}}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* A PUBREL with two Reason Strings is a Protocol Error. */
TEST(pubrel_reason_string_twice, "5.0/RULE-pubrel-reason-string-twice",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "publisher");
    peer_send(peer,
              PUBLISH(.topic = "a", .payload = "x", .qos = 2, .packet_id = 1));
    peer_expect(peer, PUBREC(.packet_id = 1));
    peer_send(peer,
              PUBREL(.packet_id = 1, .props = {.reason_string = "one",
                                               .extra = {{WIRE_REASON_STRING,
                                                          .octets = "two"}}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* A PUBCOMP with two Reason Strings is a Protocol Error. */
TEST(pubcomp_reason_string_twice, "5.0/RULE-pubcomp-reason-string-twice",
     .needs = "qos2")
{
    struct peer *peer = peer_hello(t, "subscriber");
    peer_subscribe(peer, "a", 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    const struct wire_packet *message =
        peer_expect(peer, PUBLISH(.topic = "a", .qos = 2));
    peer_send(peer, PUBREC(.packet_id = message->packet_id));
    peer_expect(peer, PUBREL(.packet_id = message->packet_id));
    peer_send(
        peer,
        PUBCOMP(.packet_id = message->packet_id,
                .props = {.reason_string = "one",
                          .extra = {{WIRE_REASON_STRING, .octets = "two"}}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

SUITE(acknowledgements, "3.4 Acknowledgements", puback_code_without_subscribers,
      pubrec_and_pubcomp_codes, acknowledged_by_success,
      refusal_within_maximum_packet_size, pubrel_wrong_flags, pubrel_of_server,
      pubrel_for_unknown_identifier, pubcomp_for_unknown_identifier,
      puback_reason_string_twice, pubrec_reason_string_twice,
      pubrel_reason_string_twice, pubcomp_reason_string_twice);
