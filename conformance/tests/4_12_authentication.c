/* SPDX-License-Identifier: Apache-2.0 */
/* 4_12_authentication.c -- enhanced authentication, by SCRAM-SHA-256.
 *
 * The method is RFC 7677's: the client's first message goes with CONNECT, the
 * server's challenge and the client's proof with AUTH, and what the server has
 * to prove in its turn with CONNACK.
 * Spec: 5.0 s4.12, s3.15.
 */
#include "peer/peer.h"
#include "peer/scram.h"
#include "suite.h"

#define BY_SCRAM "users=on;authenticationMethod=" SCRAM
#define METHOD .authentication_method = SCRAM

/* Sends CONNECT with the first message of an exchange. */
static struct peer *begin(struct t *t, struct scram *scram,
                          const char *password)
{
    struct peer *peer = peer_open(t);
    scram_begin(scram, t_user(t).name, password, NULL);
    peer_send(peer, CONNECT(.client_id = "pump", .clean_start = 1,
                            .props = {METHOD, .authentication_data =
                                                  scram_first(scram)}));
    return peer;
}

/* Takes the challenge; returns the answer to it. */
static struct wire_bytes challenged(struct peer *peer, struct scram *scram)
{
    const struct wire_packet *challenge = peer_expect(
        peer, AUTH(.reason = CONTINUE_AUTHENTICATION, .props = {METHOD}));
    return scram_final(scram, challenge->props.authentication_data);
}

static void send_auth(struct peer *peer, uint32_t reason,
                      struct wire_bytes data)
{
    peer_send(peer, AUTH(.reason = reason,
                         .props = {METHOD, .authentication_data = data}));
}

/* A connection that was authenticated by the method. */
static struct peer *authenticated(struct t *t, struct scram *scram)
{
    struct peer *peer = begin(t, scram, t_user(t).password);
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, scram));
    peer_expect(peer, CONNACK(.reason = SUCCESS, .props = {METHOD}));
    return peer;
}

/* The server asks with AUTH 0x18, takes the right answer, and names the method
 * in each of its packets. By its last message it proves that it knows the
 * password too. */
TEST(method_is_accepted, "5.0/MQTT-4.12.0-2", "5.0/MQTT-4.12.0-5",
     "5.0/MQTT-3.15.2-1", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = begin(t, &scram, t_user(t).password);
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, &scram));
    const struct wire_packet *connack =
        peer_expect(peer, CONNACK(.reason = SUCCESS, .session_present = 0,
                                  .props = {METHOD}));
    t_check(t, scram_verify(&scram, connack->props.authentication_data),
            "Authentication Data that prove that the server knows the password",
            "they do not");
    peer_publish(peer, MESSAGE("news", "x", .qos = 1));
}

/* A wrong answer ends the connection, with or without a CONNACK. */
TEST(wrong_proof_is_refused, "5.0/MQTT-4.12.0-4", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = begin(t, &scram, "not the password");
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, &scram));
    peer_expect_refused(peer,
                        .v5 = CODES(NOT_AUTHORIZED, BAD_USER_NAME_OR_PASSWORD));
}

struct data_row {
    struct row row;
    const char *data;
};
static const struct data_row foreign_answers[] = {
    {{"empty"}, ""},
    {{"no_scram"}, "open sesame"},
    {{"other_nonce"},
     "c=biws,r=abc,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    {{"no_proof"}, "c=biws,r=abc"},
    {{"endless"}, "c=biws,r=,p="},
};

/* Data that are no answer at all end the connection as well. */
TEST_EACH(foreign_answer_is_refused, foreign_answers, "5.0/MQTT-4.12.0-4",
          .settings = BY_SCRAM)
{
    const struct data_row *row = t_row(t);
    struct scram scram;
    struct peer *peer = begin(t, &scram, t_user(t).password);
    challenged(peer, &scram);
    peer_send(peer,
              AUTH(.reason = CONTINUE_AUTHENTICATION,
                   .props = {METHOD, .authentication_data = {row->data}}));
    peer_expect_refused(peer, .v5 = CODES(NOT_AUTHORIZED, PROTOCOL_ERROR,
                                          BAD_USER_NAME_OR_PASSWORD));
}

/* An answer that was right once is wrong in the next exchange. */
TEST(proof_is_good_once, "5.0/MQTT-4.12.0-4", .settings = BY_SCRAM)
{
    struct scram scram, again;
    struct peer *first = begin(t, &scram, t_user(t).password);
    struct wire_bytes proof = challenged(first, &scram);
    send_auth(first, CONTINUE_AUTHENTICATION, proof);
    peer_expect(first, CONNACK(.reason = SUCCESS));
    struct peer *second = begin(t, &again, t_user(t).password);
    challenged(second, &again);
    send_auth(second, CONTINUE_AUTHENTICATION, proof);
    peer_expect_refused(second,
                        .v5 = CODES(NOT_AUTHORIZED, BAD_USER_NAME_OR_PASSWORD));
    peer_expect_alive(first);
}

struct auth_row {
    struct row row;
    uint32_t reason;
    const char *method; /* NULL: left out */
    struct wire_extra extra;
};
static const struct auth_row bad_answers[] = {
    {{"reason_success", "5.0/MQTT-4.12.0-3"}, SUCCESS, SCRAM},
    {{"reason_re_authenticate", "5.0/MQTT-4.12.0-3"}, RE_AUTHENTICATE, SCRAM},
    {{"reason_unknown", "5.0/MQTT-3.15.2-1"}, 0x42, SCRAM},
    {{"other_method", "5.0/MQTT-4.12.0-5"}, CONTINUE_AUTHENTICATION, "PLAIN"},
    {{"method_missing", "5.0/RULE-auth-method-missing"},
     CONTINUE_AUTHENTICATION,
     NULL},
    {{"method_twice", "5.0/RULE-auth-method-twice"},
     CONTINUE_AUTHENTICATION,
     SCRAM,
     {WIRE_AUTHENTICATION_METHOD, .octets = SCRAM}},
    {{"data_twice", "5.0/RULE-auth-data-twice"},
     CONTINUE_AUTHENTICATION,
     SCRAM,
     {WIRE_AUTHENTICATION_DATA, .octets = "x"}},
};

/* An answer whose packet is wrong ends the connection, though its proof is
 * right. */
TEST_EACH(bad_answer_is_refused, bad_answers, "5.0/MQTT-4.13.1-1",
          .settings = BY_SCRAM)
{
    const struct auth_row *row = t_row(t);
    struct scram scram;
    struct peer *peer = begin(t, &scram, t_user(t).password);
    struct wire_bytes proof = challenged(peer, &scram);
    peer_send(peer, AUTH(.reason = row->reason,
                         .props = {.authentication_method = {row->method},
                                   .authentication_data = proof,
                                   .extra = {row->extra}}));
    peer_expect_refused(peer,
                        .v5 = CODES(PROTOCOL_ERROR, MALFORMED_PACKET,
                                    BAD_AUTHENTICATION_METHOD, NOT_AUTHORIZED));
}

static const struct data_row unknown_methods[] = {
    {{"none"}, "x-none"},
    {{"empty"}, ""},
    {{"case"}, "scram-sha-256"},
    {{"longer"}, SCRAM "-PLUS"},
};

/* A method that the server does not know ends the connection. */
TEST_EACH(unknown_method_is_refused, unknown_methods, "5.0/MQTT-4.12.0-1")
{
    const struct data_row *row = t_row(t);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "pump", .clean_start = 1,
                            .props.authentication_method = {row->data}));
    peer_expect_refused(peer,
                        .v5 = CODES(BAD_AUTHENTICATION_METHOD, NOT_AUTHORIZED));
}

/* So it does where the server knows another one, and the right user name and
 * password do not help. */
TEST_EACH(other_method_is_refused, unknown_methods, "5.0/MQTT-4.12.0-1",
          .settings = BY_SCRAM)
{
    const struct data_row *row = t_row(t);
    struct t_user user = t_user(t);
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "pump", .clean_start = 1,
                      .user_name = {user.name}, .password = {user.password},
                      .props.authentication_method = {row->data}));
    peer_expect_refused(peer,
                        .v5 = CODES(BAD_AUTHENTICATION_METHOD, NOT_AUTHORIZED));
}

/* A client that names no method gets none, and no AUTH. */
TEST(no_method_no_auth, "5.0/MQTT-4.12.0-6", .settings = BY_SCRAM)
{
    struct t_user user = t_user(t);
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "pump", .clean_start = 1,
                      .user_name = {user.name}, .password = {user.password}));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props = {.authentication_method = NO_BYTES,
                                        .authentication_data = NO_BYTES}));
    peer_publish(peer, MESSAGE("news", "x", .qos = 1));
    peer_expect_nothing(peer);
}

/* The same with a server that asks nobody who he is. */
TEST(no_method_no_auth_anonymous, "5.0/MQTT-4.12.0-6")
{
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "pump", .clean_start = 1));
    peer_expect(peer, CONNACK(.reason = SUCCESS,
                              .props = {.authentication_method = NO_BYTES,
                                        .authentication_data = NO_BYTES}));
    peer_expect_nothing(peer);
}

static const struct auth_row unasked_auth[] = {
    {{"re_authenticate"}, RE_AUTHENTICATE, SCRAM},
    {{"continue"}, CONTINUE_AUTHENTICATION, SCRAM},
    {{"success"}, SUCCESS, SCRAM},
};

/* A client that named no method may not send AUTH later on. */
TEST_EACH(no_auth_without_method, unasked_auth, "5.0/MQTT-4.12.0-7",
          "5.0/RULE-auth-unasked")
{
    const struct auth_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "pump");
    peer_send(peer, AUTH(.reason = row->reason,
                         .props = {.authentication_method = {row->method},
                                   .authentication_data = "x"}));
    peer_expect_error(peer, PROTOCOL_ERROR, BAD_AUTHENTICATION_METHOD);
}

struct hasty_row {
    struct row row;
    const struct wire_packet *packet;
};
static const struct hasty_row hasty_packets[] = {
    {{"publish"},
     PUBLISH(.topic = "news", .payload = "x", .qos = 1, .packet_id = 1)},
    {{"publish_qos_0"}, PUBLISH(.topic = "news", .payload = "x")},
    {{"puback"}, PUBACK(.packet_id = 1)},
    {{"pubrec"}, PUBREC(.packet_id = 1)},
    {{"pubrel"}, PUBREL(.packet_id = 1)},
    {{"pubcomp"}, PUBCOMP(.packet_id = 1)},
    {{"subscribe"}, SUBSCRIBE(.packet_id = 1, .filters = {{"news"}})},
    {{"unsubscribe"}, UNSUBSCRIBE(.packet_id = 1, .filters = {{"news"}})},
    {{"pingreq"}, PINGREQ()},
    {{"connect"}, CONNECT(.client_id = "hasty", .clean_start = 1)},
};

/* Until CONNACK the client sends nothing but AUTH and DISCONNECT; what it sends
 * has no effect. */
TEST_EACH(nothing_but_auth_before_connack, hasty_packets, "5.0/MQTT-3.1.2-30",
          "5.0/MQTT-4.13.1-1", .settings = BY_SCRAM)
{
    const struct hasty_row *row = t_row(t);
    struct scram scram, other;
    struct peer *watcher = authenticated(t, &other);
    peer_subscribe(watcher, "news", 0);
    struct peer *peer = peer_open(t);
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    peer_send(peer, CONNECT(.client_id = "hasty", .clean_start = 1,
                            .props = {METHOD, .authentication_data =
                                                  scram_first(&scram)}));
    challenged(peer, &scram);
    peer_send(peer, row->packet);
    peer_expect_refused(peer, .v5 = CODES(PROTOCOL_ERROR));
    peer_expect_nothing(watcher);
}

/* A client may give up in the middle. */
TEST(disconnect_before_connack, "5.0/MQTT-3.1.2-30", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = begin(t, &scram, t_user(t).password);
    challenged(peer, &scram);
    peer_send(peer, DISCONNECT());
    peer_expect_close(peer);
    authenticated(t, &scram);
}

/* Who does not finish his exchange takes nobody's connection over. */
TEST(failed_exchange_disturbs_nobody, "5.0/MQTT-3.1.4-2", "5.0/MQTT-4.12.0-4",
     .settings = BY_SCRAM)
{
    struct scram scram, wrong;
    struct peer *pump = authenticated(t, &scram);
    peer_subscribe(pump, "orders", 1);
    struct peer *thief = begin(t, &wrong, "not the password");
    send_auth(thief, CONTINUE_AUTHENTICATION, challenged(thief, &wrong));
    peer_expect_refused(thief,
                        .v5 = CODES(NOT_AUTHORIZED, BAD_USER_NAME_OR_PASSWORD));
    peer_publish(pump, MESSAGE("orders", "stop", .qos = 1));
    peer_expect_message(pump, MESSAGE("orders", "stop", .qos = 1));
}

/* Re-authentication: AUTH 0x19 opens it at any time, the challenge and its
 * answer follow, AUTH 0x00 ends it. Other packets are served meanwhile. */
TEST(re_authentication, "5.0/MQTT-4.12.1-1", "5.0/MQTT-4.12.0-2",
     "5.0/MQTT-4.12.0-5", "5.0/MQTT-3.15.2-1", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = authenticated(t, &scram);
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    send_auth(peer, RE_AUTHENTICATE, scram_first(&scram));
    struct wire_bytes proof = challenged(peer, &scram);
    peer_publish(peer, MESSAGE("news", "between", .qos = 2));
    send_auth(peer, CONTINUE_AUTHENTICATION, proof);
    const struct wire_packet *done =
        peer_expect(peer, AUTH(.reason = SUCCESS, .props = {METHOD}));
    t_check(t, scram_verify(&scram, done->props.authentication_data),
            "Authentication Data that prove that the server knows the password",
            "they do not");
    peer_publish(peer, MESSAGE("news", "after", .qos = 1));
}

/* It can be repeated. */
TEST(re_authentication_twice, "5.0/MQTT-4.12.1-1", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = authenticated(t, &scram);
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    send_auth(peer, RE_AUTHENTICATE, scram_first(&scram));
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, &scram));
    peer_expect(peer, AUTH(.reason = SUCCESS, .props = {METHOD}));
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    send_auth(peer, RE_AUTHENTICATE, scram_first(&scram));
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, &scram));
    peer_expect(peer, AUTH(.reason = SUCCESS, .props = {METHOD}));
    peer_expect_nothing(peer);
}

/* A re-authentication that fails ends the connection. */
TEST(re_authentication_fails, "5.0/MQTT-4.12.1-2", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = authenticated(t, &scram);
    scram_begin(&scram, t_user(t).name, "not the password", NULL);
    send_auth(peer, RE_AUTHENTICATE, scram_first(&scram));
    send_auth(peer, CONTINUE_AUTHENTICATION, challenged(peer, &scram));
    peer_expect_error(peer, NOT_AUTHORIZED, BAD_USER_NAME_OR_PASSWORD);
}

static const struct auth_row bad_re_authentications[] = {
    {{"other_method", "5.0/MQTT-4.12.1-1"}, RE_AUTHENTICATE, "PLAIN"},
    {{"method_missing", "5.0/RULE-auth-method-missing"}, RE_AUTHENTICATE, NULL},
    {{"reason_unknown", "5.0/MQTT-3.15.2-1"}, 0x42, SCRAM},
    {{"method_twice", "5.0/RULE-auth-method-twice"},
     RE_AUTHENTICATE,
     SCRAM,
     {WIRE_AUTHENTICATION_METHOD, .octets = SCRAM}},
    {{"data_twice", "5.0/RULE-auth-data-twice"},
     RE_AUTHENTICATE,
     SCRAM,
     {WIRE_AUTHENTICATION_DATA, .octets = "x"}},
};

/* A re-authentication that begins with a wrong packet ends the connection. */
TEST_EACH(bad_re_authentication, bad_re_authentications, "5.0/MQTT-4.13.1-1",
          .settings = BY_SCRAM)
{
    const struct auth_row *row = t_row(t);
    struct scram scram;
    struct peer *peer = authenticated(t, &scram);
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    peer_send(peer, AUTH(.reason = row->reason,
                         .props = {.authentication_method = {row->method},
                                   .authentication_data = scram_first(&scram),
                                   .extra = {row->extra}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET,
                      BAD_AUTHENTICATION_METHOD);
}

/* Reason String and User Property of AUTH stay within the Maximum Packet Size
 * of the client: what is left, method and challenge, just fits here. */
TEST(auth_within_maximum_packet_size, "5.0/MQTT-3.15.2-2", "5.0/MQTT-3.15.2-3",
     "5.0/MQTT-3.1.2-24", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *first = begin(t, &scram, t_user(t).password);
    const struct wire_packet *challenge =
        peer_expect(first, AUTH(.reason = CONTINUE_AUTHENTICATION));
    size_t least = wire_len(challenge->props.authentication_data) +
                   sizeof SCRAM + 12; /* header, reason and lengths */
    struct peer *peer = peer_open(t);
    peer_send(
        peer,
        CONNECT(.client_id = "small", .clean_start = 1,
                .props = {METHOD, .authentication_data = scram_first(&scram),
                          .maximum_packet_size = OPT(least)}));
    const struct wire_packet *small =
        peer_expect(peer, AUTH(.reason = CONTINUE_AUTHENTICATION));
    t_check(t, wire_len(small->octets) <= least, "AUTH within that size",
            "it has %zu octets of %zu", wire_len(small->octets), least);
}

/* A challenge that does not fit the client's Maximum Packet Size at all is not
 * sent. (The client that goes on without one breaks the protocol.) */
TEST(auth_above_maximum_packet_size, "5.0/MQTT-3.1.2-24", .settings = BY_SCRAM)
{
    struct scram scram;
    struct peer *peer = peer_open(t);
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    peer_send(
        peer,
        CONNECT(.client_id = "tiny", .clean_start = 1,
                .props = {METHOD, .authentication_data = scram_first(&scram),
                          .maximum_packet_size = OPT(40)}));
    peer_send(peer, PINGREQ());
    peer_expect_refused(peer, .v5 = NO_CODES);
}

SUITE(authentication, "4.12 Enhanced authentication", method_is_accepted,
      wrong_proof_is_refused, foreign_answer_is_refused, proof_is_good_once,
      bad_answer_is_refused, unknown_method_is_refused, other_method_is_refused,
      no_method_no_auth, no_method_no_auth_anonymous, no_auth_without_method,
      nothing_but_auth_before_connack, disconnect_before_connack,
      failed_exchange_disturbs_nobody, re_authentication,
      re_authentication_twice, re_authentication_fails, bad_re_authentication,
      auth_within_maximum_packet_size, auth_above_maximum_packet_size);
