/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_2_flags.c -- CONNECT flags that contradict each other or the payload.
 *
 * Most of these statements bind the client. They are shown by breaking them:
 * the server has to close (3.1.1 silently, 5.0 after a CONNACK of 0x80 or more
 * if it likes). Spec: 3.1.1 s3.1.2.3-3.1.2.9; 5.0 s3.1.2.3-3.1.2.9.
 */
#include "peer/peer.h"
#include "suite.h"

/* The lowest bit of the Connect Flags is reserved; the server checks it. */
TEST(connect_flags_reserved_bit_is_refused, "3.1.1/MQTT-3.1.2-3",
     "5.0/MQTT-3.1.2-3")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x03)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* Without a Will, a Will QoS of 1 has no business in the flags. */
TEST(will_qos_1_without_will_is_refused, "3.1.1/MQTT-3.1.2-11",
     "3.1.1/MQTT-3.1.2-13", "5.0/MQTT-3.1.2-11")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x0a)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* Without a Will, a Will QoS of 2 has no business in the flags either. */
TEST(will_qos_2_without_will_is_refused, "3.1.1/MQTT-3.1.2-11",
     "3.1.1/MQTT-3.1.2-13", "5.0/MQTT-3.1.2-11")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x12)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* Without a Will, the Will Retain bit is zero. */
TEST(will_retain_without_will_is_refused, "3.1.1/MQTT-3.1.2-11",
     "3.1.1/MQTT-3.1.2-15", "5.0/MQTT-3.1.2-13")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x22)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A Will asks for QoS 0, 1 or 2; both QoS bits together are malformed. */
TEST(will_qos_3_is_refused, "3.1.1/MQTT-3.1.2-14", "5.0/MQTT-3.1.2-12")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x1e),
                            .will = {.topic = "will", .payload = "gone"}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A Will Flag promises Will fields in the payload: none is there. */
TEST(will_flag_without_will_fields_is_refused, "3.1.1/MQTT-3.1.2-9",
     "5.0/MQTT-3.1.2-9")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x06)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A Will Flag promises a Will payload beside the Will Topic. */
TEST(will_flag_without_will_payload_is_refused, "3.1.1/MQTT-3.1.2-9",
     "5.0/MQTT-3.1.2-9")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = "will", .payload = "gone"},
                            .raw_fields = {{"will.payload", BYTES("")}}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* A Will Flag promises Will Properties, and be it their length of zero. */
TEST(will_without_property_length_is_refused, "5.0/MQTT-3.1.2-9")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .will = {.topic = "will",
                                     .payload = "gone",
                                     .props.raw_omit = true}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* With the Will Flag clear no Will field is sent. */
TEST(will_fields_without_will_flag_are_refused, "3.1.1/MQTT-3.1.2-11",
     "5.0/MQTT-3.1.4-1")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x02),
                            .will = {.topic = "will", .payload = "gone"}));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* With the User Name Flag clear no User Name is sent. */
TEST(user_name_without_flag_is_refused, "3.1.1/MQTT-3.1.2-18",
     "5.0/MQTT-3.1.2-16")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x02),
                            .user_name = "user"));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* With the User Name Flag set there is a User Name. */
TEST(user_name_flag_without_user_name_is_refused, "3.1.1/MQTT-3.1.2-19",
     "5.0/MQTT-3.1.2-17")
{
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x82)));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* With the Password Flag clear no Password is sent. */
TEST(password_without_flag_is_refused, "3.1.1/MQTT-3.1.2-20",
     "5.0/MQTT-3.1.2-18")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .raw_connect_flags = OPT(0x82),
                            .user_name = "user", .password = "secret"));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* With the Password Flag set there is a Password. */
TEST(password_flag_without_password_is_refused, "3.1.1/MQTT-3.1.2-21",
     "5.0/MQTT-3.1.2-19")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .raw_connect_flags = OPT(0xc2),
                            .user_name = "user"));
    peer_expect_refused(peer, .v5 = CODES(MALFORMED_PACKET, PROTOCOL_ERROR));
}

/* In 3.1.1 a Password comes only together with a User Name. */
TEST(password_without_user_name_is_refused, "3.1.1/MQTT-3.1.2-22")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .password = "secret"));
    peer_expect_refused(
        peer,
        .v3 = CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),
        .v3_may_just_close = true);
}

/* In 5.0 a Password may come alone: if the server refuses it, then because it
 * does not know the client and not because of the form. */
TEST(password_without_user_name_is_well_formed, "5.0/MQTT-3.1.2-19")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .password = "secret"));
    peer_expect(peer,
                CONNACK(.reason_any = CODES(SUCCESS, BAD_USER_NAME_OR_PASSWORD,
                                            NOT_AUTHORIZED)));
}

SUITE(connect_flags, "3.1.2 CONNECT flags",
      connect_flags_reserved_bit_is_refused, will_qos_1_without_will_is_refused,
      will_qos_2_without_will_is_refused, will_retain_without_will_is_refused,
      will_qos_3_is_refused, will_flag_without_will_fields_is_refused,
      will_flag_without_will_payload_is_refused,
      will_without_property_length_is_refused,
      will_fields_without_will_flag_are_refused,
      user_name_without_flag_is_refused,
      user_name_flag_without_user_name_is_refused,
      password_without_flag_is_refused,
      password_flag_without_password_is_refused,
      password_without_user_name_is_refused,
      password_without_user_name_is_well_formed);
