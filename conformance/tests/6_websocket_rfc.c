/* SPDX-License-Identifier: Apache-2.0 */
/* 6_websocket_rfc.c -- the WebSocket below MQTT: upgrades, pings and closes,
 * and frames that must not be.
 *
 * Frames are written by hand, with a mask of zeros; those that must not be
 * carry a PINGREQ, whose answer shows at once that they were taken.
 * Spec: RFC 6455 s4.2, s5; 5.0 s6, 3.1.1 s6.
 */
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

#define OVER_WS .only_transports = "ws", .versions = "5.0"
#define MASK "00000000"

/* ---- the upgrade
 * -----------------------------------------------------------*/

#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: mqtt\r\n"
#define KEY(key_) "Sec-WebSocket-Key: " key_ "\r\n"
#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SAMPLE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

struct upgrade_row {
    struct row row;
    const char *fields, *accept;
};
static const struct upgrade_row legal_upgrades[] = {
    {{"sample"},
     UPGRADE CONNECTION KEY(SAMPLE_KEY) VERSION PROTOCOL,
     SAMPLE_ACCEPT},
    {{"other_key"},
     UPGRADE CONNECTION KEY("bXF0dHNwZWMwMDAwMDAwMA==") VERSION PROTOCOL,
     "+PWHILiy/FP0XsvP/cYkHropcAk="},
    {{"key_of_zeros"},
     UPGRADE CONNECTION KEY("AAAAAAAAAAAAAAAAAAAAAA==") VERSION PROTOCOL,
     "ICX+Yqv66kxgM0FcWaLWlFLwTAI="},
    {{"key_of_ones"},
     UPGRADE CONNECTION KEY("/////////////////////w==") VERSION PROTOCOL,
     "XXpj4jYzLM2yUE0C7TIgMwTQh2g="},
    {{"as_browsers_do"},
     UPGRADE "Connection: keep-alive, Upgrade\r\n" KEY(SAMPLE_KEY)
         VERSION PROTOCOL,
     SAMPLE_ACCEPT},
    {{"names_in_capitals"},
     "UPGRADE: websocket\r\nCONNECTION: "
     "Upgrade\r\nSEC-WEBSOCKET-KEY: " SAMPLE_KEY
     "\r\nSEC-WEBSOCKET-VERSION: 13\r\n"
     "SEC-WEBSOCKET-PROTOCOL: mqtt\r\n",
     SAMPLE_ACCEPT},
    {{"names_in_small_letters"},
     "upgrade: websocket\r\nconnection: "
     "Upgrade\r\nsec-websocket-key: " SAMPLE_KEY
     "\r\nsec-websocket-version: 13\r\n"
     "sec-websocket-protocol: mqtt\r\n",
     SAMPLE_ACCEPT},
    {{"values_in_other_letters"},
     "Upgrade: WebSocket\r\nConnection: upgrade\r\n" KEY(SAMPLE_KEY)
         VERSION PROTOCOL,
     SAMPLE_ACCEPT},
    {{"other_order"},
     PROTOCOL VERSION KEY(SAMPLE_KEY) CONNECTION UPGRADE,
     SAMPLE_ACCEPT},
};

/* A legal upgrade gets 101 and the answer to its key. */
TEST_EACH(legal_upgrade_is_accepted, legal_upgrades,
          "robustness/R4-websocket-upgrade", OVER_WS)
{
    const struct upgrade_row *row = t_row(t);
    const char *answer = peer_upgrade(t, row->fields);
    t_check(t, strncmp(answer, "HTTP/1.1 101 ", 13) == 0, "HTTP/1.1 101",
            "%.*s", (int)strcspn(answer, "\r\n"), answer);
    t_check(t, strstr(answer, row->accept),
            t_text(t, "Sec-WebSocket-Accept: %s", row->accept), "%s", answer);
}

static void check_refused(struct t *t)
{
    const struct upgrade_row *row = t_row(t);
    const char *answer = peer_upgrade(t, row->fields);
    t_check(t, strncmp(answer, "HTTP/1.1 101", 12) != 0,
            "no 101: an error, or the close", "%.*s",
            (int)strcspn(answer, "\r\n"), answer);
}

static const struct upgrade_row broken_upgrades[] = {
    {{"no_key"}, UPGRADE CONNECTION VERSION PROTOCOL, NULL},
    {{"empty_key"}, UPGRADE CONNECTION KEY("") VERSION PROTOCOL, NULL},
    {{"no_version"}, UPGRADE CONNECTION KEY(SAMPLE_KEY) PROTOCOL, NULL},
    {{"version_99"},
     UPGRADE CONNECTION KEY(
         SAMPLE_KEY) "Sec-WebSocket-Version: 99\r\n" PROTOCOL,
     NULL},
    {{"no_upgrade"}, CONNECTION KEY(SAMPLE_KEY) VERSION PROTOCOL, NULL},
};

/* A broken one is not accepted. */
TEST_EACH(broken_upgrade_is_refused, broken_upgrades,
          "robustness/R4-websocket-upgrade", OVER_WS)
{
    check_refused(t);
}

static const struct upgrade_row broken_keys[] = {
    {{"of_15_octets"},
     UPGRADE CONNECTION KEY("AAAAAAAAAAAAAAAAAAAA") VERSION PROTOCOL,
     NULL},
    {{"not_base64"},
     UPGRADE CONNECTION KEY("!!!!!!!!!!!!!!!!!!!!!!==") VERSION PROTOCOL,
     NULL},
};

/* Nor should one be whose key is not base64 of 16 octets; but a server need not
 * decode it. */
TEST_EACH(broken_key_of_upgrade_is_refused, broken_keys,
          "robustness/R4-websocket-key", OVER_WS)
{
    check_refused(t);
}

/* ---- frames
 * ----------------------------------------------------------------*/

#define TEN "30313233343536373839"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

struct ping_row {
    struct row row;
    const struct wire_packet *octets;
    size_t n_payload; /* of the ping: "0123456789" over and over */
};
/* The last one comes in the middle of a PUBLISH to "$dat". */
static const struct ping_row pings[] = {
    {{"empty"}, RAW("89 80" MASK), 0},
    {{"short"}, RAW("89 83" MASK "303132"), 3},
    {{"longest"}, RAW("89 fd" MASK HUNDRED TEN TEN "3031323334"), 125},
    {{"between_fragments"},
     RAW("02 84" MASK "30070004 89 83" MASK "303132 80 85" MASK "2464617400"),
     3},
};

/* A Ping is answered by a Pong with its payload, though a message is under way.
 */
TEST_EACH(pong_has_the_payload_of_its_ping, pings,
          "robustness/R4-websocket-control", OVER_WS)
{
    const struct ping_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "ping");
    peer_send_frame_octets(peer, row->octets);
    peer_expect_pong(peer, t_fill(t, row->n_payload, "0123456789"));
    peer_expect_alive(peer);
}

/* A Close is answered by a Close. */
TEST(close_is_answered_by_close, "robustness/R4-websocket-control", OVER_WS)
{
    struct peer *peer = peer_hello(t, "close");
    peer_send_frame_octets(peer, RAW("88 82" MASK "03e8"));
    peer_expect_ws_close(peer);
}

struct frame_row {
    struct row row;
    const struct wire_packet *octets;
};
static const struct frame_row forbidden_frames[] = {
    {{"no_mask"}, RAW("82 02 c000")},
    {{"ping_without_mask"}, RAW("89 00 82 82" MASK "c000")},
    {{"reserved_bit_1"}, RAW("c2 82" MASK "c000")},
    {{"reserved_bit_2"}, RAW("a2 82" MASK "c000")},
    {{"reserved_bit_3"}, RAW("92 82" MASK "c000")},
    {{"reserved_type_3"}, RAW("83 80" MASK "82 82" MASK "c000")},
    {{"reserved_type_11"}, RAW("8b 80" MASK "82 82" MASK "c000")},
};

/* A frame without a mask, with a reserved bit, or of a reserved type ends the
 * connection. */
TEST_EACH(frame_that_is_forbidden_closes, forbidden_frames,
          "robustness/R4-websocket-frames", OVER_WS)
{
    const struct frame_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "forbidden");
    peer_send_frame_octets(peer, row->octets);
    peer_expect_close(peer);
}

SUITE(websocket_rfc, "6 WebSocket: RFC 6455", legal_upgrade_is_accepted,
      broken_upgrade_is_refused, broken_key_of_upgrade_is_refused,
      pong_has_the_payload_of_its_ping, close_is_answered_by_close,
      frame_that_is_forbidden_closes);
