/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_trace.c -- the trace of packets, and Client Identifiers that a
 * security module replaces or refuses.
 *
 * Spec: the Artemis MQTT manual, "Debug Logging", "Custom Client ID Handling".
 */
#include <string.h>

#include "client/client.h"
#include "peer/peer.h"
#include "peer/scram.h"
#include "suite.h"

#define TRACED .own_broker = true, .needs = "acceptor_parameters restart"

/* Every packet leaves a line: who, which way, what. */
TEST(packets_are_traced, "artemis/R05-trace-packets",
     .versions = "3.1 3.1.1 5.0", .settings = "trace=true", TRACED)
{
    struct peer *peer = peer_hello(t, "traced");
    peer_subscribe(peer, "news", 2);
    peer_publish(peer, MESSAGE("news", "hello", .qos = 2));
    peer_expect_message(peer, MESSAGE("news", "hello", .qos = 2));
    peer_unsubscribe(peer, "news");
    peer_expect_alive(peer);
    peer_disconnect(peer);
    const char *who = t_text(t, "MQTT(%s): ", t_name(t, "traced"));
    const char *topic = t_topic(t, "news");
    t_broker_wrote(t, t_text(t, "clientIdentifier=%s", t_name(t, "traced")));
    t_broker_wrote(t, t_text(t, "%sOUT >> CONNACK", who));
    t_broker_wrote(t, t_text(t, "%sIN << SUBSCRIBE", who));
    t_broker_wrote(t, t_text(t, "topic: %s, qos: ", topic));
    t_broker_wrote(t, t_text(t, "%sOUT >> SUBACK", who));
    t_broker_wrote(t, t_text(t, "%sIN << PUBLISH", who));
    t_broker_wrote(t, t_text(t, "%sOUT >> PUBLISH", who));
    t_broker_wrote(
        t, t_text(t, "topic=%s, qos=2, retain=false, dup=false", topic));
    t_broker_wrote(t, "payload=hello");
    t_broker_wrote(t, t_text(t, "%sOUT >> PUBREC", who));
    t_broker_wrote(t, t_text(t, "%sIN << PUBREL", who));
    t_broker_wrote(t, t_text(t, "%sOUT >> PUBCOMP", who));
    t_broker_wrote(t, t_text(t, "%sIN << UNSUBSCRIBE", who));
    t_broker_wrote(t, t_text(t, "%sOUT >> UNSUBACK", who));
    t_broker_wrote(t, t_text(t, "%sIN << PINGREQ", who));
    t_broker_wrote(t, t_text(t, "%sOUT >> PINGRESP", who));
    t_broker_wrote(t, t_text(t, "%sIN << DISCONNECT", who));
}

/* Without the setting there is no trace. */
TEST(packets_are_not_traced, "artemis/R05-trace-packets",
     .versions = "3.1.1 5.0", TRACED)
{
    struct peer *peer = peer_hello(t, "traced");
    peer_publish(peer, MESSAGE("news", "hello", .qos = 1));
    peer_disconnect(peer);
    t_broker_did_not_write(t, "PUBLISH");
}

/* A payload is shown up to 256 characters, which are not octets. */
TEST(payload_is_traced_up_to_256, "artemis/R05-payload-256",
     .versions = "3.1.1 5.0", .settings = "trace=true", TRACED)
{
    struct peer *peer = peer_hello(t, "traced");
    const char *most = t_fill(t, 512, "\xc3\xa9").text;
    peer_publish(
        peer, MESSAGE("news", {{t_fill(t, 600, "\xc3\xa9").text}}, .qos = 1));
    t_broker_wrote(t, t_text(t, "payload=%s", most));
    t_broker_did_not_write(t, t_text(t, "%s\xc3\xa9", most));
}

/* Octets that are no text do no harm to the log. */
TEST(payload_that_is_no_text_is_traced, "artemis/R05-payload-256",
     .versions = "3.1.1 5.0", .settings = "trace=true", TRACED)
{
    struct peer *peer = peer_hello(t, "traced");
    peer_publish(peer, MESSAGE("news",
                               BYTES("a\xff\xfe"
                                     "b"),
                               .qos = 1));
    t_broker_wrote(t, "payload=a\xef\xbf\xbd\xef\xbf\xbd"
                      "b");
    t_broker_did_not_write(t, "\xff");
}

/* A payload cannot forge a line of the log. */
TEST(payload_does_not_break_the_line, "artemis/R05-trace-packets",
     .versions = "3.1.1 5.0", .settings = "trace=true", TRACED)
{
    struct peer *peer = peer_hello(t, "traced");
    peer_publish(peer,
                 MESSAGE("news", "x\nMQTT(forged): IN << CONNECT", .qos = 1));
    t_broker_wrote(t, "payload=x");
    t_broker_did_not_write(t, "\nMQTT(forged)");
}

/* Passwords and Will payloads never appear. */
TEST(secrets_are_not_traced, "artemis/R05-no-secrets",
     .versions = "3.1 3.1.1 5.0", .settings = "trace=true", TRACED)
{
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "traced", .clean_start = 1,
                   .user_name = "Nordwind", .password = "Sonnenschein",
                   .will = {.topic = "will", .payload = "Abendrot"}));
    peer_disconnect(peer);
    t_broker_wrote(t, "hasPassword=true");
    t_broker_wrote(t, "hasUserName=true");
    t_broker_did_not_write(t, "Sonnenschein");
    t_broker_did_not_write(t, "Abendrot");
    t_broker_did_not_write(t, "Nordwind");
}

/* Nor does what enhanced authentication says. */
TEST(authentication_data_are_not_traced, "artemis/R05-no-secrets",
     .versions = "5.0",
     .settings = "users=on;authenticationMethod=" SCRAM ";trace=true", TRACED)
{
    struct scram scram;
    scram_begin(&scram, t_user(t).name, t_user(t).password, NULL);
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "traced", .clean_start = 1,
                      .props = {.authentication_method = SCRAM,
                                .authentication_data = scram_first(&scram)}));
    const struct wire_packet *challenge =
        peer_expect(peer, AUTH(.reason = CONTINUE_AUTHENTICATION));
    struct wire_bytes proof =
        scram_final(&scram, challenge->props.authentication_data);
    peer_send(peer, AUTH(.reason = CONTINUE_AUTHENTICATION,
                         .props = {.authentication_method = SCRAM,
                                   .authentication_data = proof}));
    peer_expect(peer, CONNACK(.reason = SUCCESS));
    t_broker_wrote(t, "IN << AUTH");
    t_broker_did_not_write(t, scram.nonce);
    t_broker_did_not_write(t, strstr(proof.text, ",p="));
}

/* A Client Identifier that the module refuses is answered with 0x85, or 2. */
TEST(refused_client_id, "artemis/R06-reject-client-id",
     .versions = "3.1 3.1.1 5.0", .settings = "refusedClientIds=bad",
     .needs = "acceptor_parameters")
{
    struct peer *bad = peer_open(t);
    peer_send(bad, CONNECT(.client_id = EXACT "bad{}", .clean_start = 1));
    peer_expect_refused(bad, .v3 = CODES(REFUSED_IDENTIFIER),
                        .v5 = CODES(CLIENT_IDENTIFIER_NOT_VALID),
                        .v5_must = true);
    struct peer *good = peer_hello(t, "good");
    peer_expect_alive(good);
}

#define MAPPED                                                                 \
    .versions = "3.1 3.1.1 5.0", .settings = "mappedClientId=north>pump",      \
    .own_broker = true, .needs = "acceptor_parameters"

/* A Client Identifier that the module replaces is the other one: the two take
 * each other's connection over, */
TEST(mapped_client_id_takes_over, "artemis/R06-modify-client-id", MAPPED)
{
    struct peer *pump = peer_hello(t, EXACT "pump");
    struct peer *north = peer_hello(t, EXACT "north");
    peer_expect_error(pump, SESSION_TAKEN_OVER);
    struct peer *again = peer_hello(t, EXACT "pump");
    peer_expect_error(north, SESSION_TAKEN_OVER);
    peer_expect_alive(again);
}

/* and have one session, though the observer takes them for two. */
TEST(mapped_client_id_has_one_session, "artemis/R06-modify-client-id", MAPPED,
     .waives = "3.1.1/MQTT-3.2.2-3 5.0/MQTT-3.2.2-3")
{
    struct peer *north =
        peer_connect(t, CONNECT(.client_id = EXACT "north",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_subscribe(north, "news", 1);
    peer_disconnect(north);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "x", .qos = 1));
    struct peer *pump =
        peer_connect(t, CONNECT(.client_id = EXACT "pump",
                                .props.session_expiry_interval_s = OPT(60)));
    peer_expect_message(pump, MESSAGE("news", "x", .qos = 1));
}

SUITE(artemis_trace, "Artemis R05-R06 logging and Client Identifiers",
      packets_are_traced, packets_are_not_traced, payload_is_traced_up_to_256,
      payload_that_is_no_text_is_traced, payload_does_not_break_the_line,
      secrets_are_not_traced, refused_client_id, mapped_client_id_takes_over,
      mapped_client_id_has_one_session, authentication_data_are_not_traced);
