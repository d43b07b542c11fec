/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_websocket.c -- what is no WebSocket frame, or an odd one.
 *
 * Frames are written by hand, with a mask of zeros, so that their payload can
 * be read here: PUBACK for nothing, which no broker answers. RFC 6455 says what
 * becomes of them; here others are served. Spec: 5.0 s6, 3.1.1 s6, RFC 6455 s5.
 */
#include "tests/robustness.h"

#define MASK "00000000"

static const struct input frames[] = {
    {{"ping_cut"}, RAW("89 85" MASK "61")},
    {{"ping_without_end"}, RAW("09 80" MASK)},
    {{"ping_of_126"},
     RAW("89 fe 007e" MASK "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718ff")},
    {{"ping_of_125"},
     RAW("89 fd" MASK "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718"
         "000102030405060708090a0b0c0d0e0f101112131415161718")},
    {{"pong_unasked"}, RAW("8a 82" MASK "6162")},
    {{"close_without_code"}, RAW("88 80" MASK)},
    {{"close_with_half_a_code"}, RAW("88 81" MASK "03")},
    {{"close_with_wrong_code"}, RAW("88 82" MASK "0000")},
    {{"close_with_bad_text"}, RAW("88 84" MASK "03e8 c328")},
    {{"close_cut"}, RAW("88 82" MASK "03")},
    {{"close_then_publish"}, RAW("88 80" MASK "82 84" MASK "40020009")},
    {{"no_mask"}, RAW("82 04 40020009")},
    {{"no_mask_empty"}, RAW("82 00")},
    {{"reserved_bit_1"}, RAW("c2 84" MASK "40020009")},
    {{"reserved_bit_2"}, RAW("a2 84" MASK "40020009")},
    {{"reserved_bit_3"}, RAW("92 84" MASK "40020009")},
    {{"reserved_type_3"}, RAW("83 84" MASK "40020009")},
    {{"reserved_type_7"}, RAW("87 84" MASK "40020009")},
    {{"reserved_type_11"}, RAW("8b 80" MASK)},
    {{"reserved_type_15"}, RAW("8f 80" MASK)},
    {{"continuation_of_nothing"}, RAW("80 84" MASK "40020009")},
    {{"message_in_a_message"}, RAW("02 81" MASK "40 82 83" MASK "020009")},
    {{"text_in_a_message"}, RAW("02 81" MASK "40 81 83" MASK "020009")},
    {{"text"}, RAW("81 84" MASK "40020009")},
    {{"text_that_is_no_text"}, RAW("81 82" MASK "ffff")},
    {{"empty_binary"}, RAW("82 80" MASK)},
    {{"empty_fragments"}, RAW("02 80" MASK "00 80" MASK "80 80" MASK)},
    {{"ping_between_fragments"},
     RAW("02 81" MASK "40 89 80" MASK "80 83" MASK "020009")},
    {{"length_in_two_octets"}, RAW("82 fe 0004" MASK "40020009")},
    {{"length_in_eight_octets"}, RAW("82 ff 0000000000000004" MASK "40020009")},
    {{"length_of_4_gib"}, RAW("82 ff 00000000ffffffff" MASK "40020009")},
    {{"length_of_2_to_the_63"}, RAW("82 ff 8000000000000000" MASK "40020009")},
    {{"length_of_all_ones"}, RAW("82 ff ffffffffffffffff" MASK "40020009")},
    {{"header_cut"}, RAW("82")},
    {{"length_cut"}, RAW("82 ff 000000")},
    {{"mask_cut"}, RAW("82 82 0000")},
    {{"packet_longer_than_frame"}, RAW("82 86" MASK "308020000174")},
    {{"bad_packet"}, RAW("82 85" MASK "ffffffffff")},
    {{"bare_packet"}, RAW("40020009")},
    {{"ones"}, RAW("ffffffff ffffffff ffffffff ffffffff")},
    {{"zeros"}, RAW("00000000 00000000 00000000 00000000")},
    {{"http_again"}, RAW("474554202f20485454502f312e310d0a0d0a")},
};

/* A frame that is none, or an odd one, disturbs nobody. */
TEST_EACH(odd_frame_disturbs_nobody, frames, DISTURBS_NOBODY, WATCHED,
          .only_transports = "ws")
{
    const struct input *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_hello(t, "frames");
    peer_send_frame_octets(peer, row->packet);
    hostile_finish(peer);
    hostile_others_are_served(t, watcher);
}

/* The same in the place of CONNECT. */
TEST_EACH(odd_first_frame_disturbs_nobody, frames, DISTURBS_NOBODY, WATCHED,
          .only_transports = "ws", .versions = "5.0")
{
    const struct input *row = t_row(t);
    struct peer *watcher = hostile_watcher(t);
    struct peer *peer = peer_open(t);
    peer_send_frame_octets(peer, row->packet);
    hostile_finish(peer);
    hostile_others_are_served(t, watcher);
}

/* A client that goes in the middle of a frame is gone, and its Will is
 * published. */
TEST(frame_cut_by_the_end_publishes_will, "3.1.1/MQTT-3.1.2-8",
     "5.0/MQTT-3.1.2-8", .only_transports = "ws")
{
    struct peer *watcher = peer_hello(t, "watcher");
    peer_subscribe(watcher, "w", 0);
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "cut", .clean_start = 1,
                                .will = {.topic = "w", .payload = "gone"}));
    peer_send_frame_octets(peer, RAW("82 ff 00000000000000ff" MASK "30"));
    peer_drop(peer);
    peer_expect_message(watcher, MESSAGE("w", "gone"));
    peer_expect_nothing(watcher);
}

SUITE(robustness_websocket, "Robustness: WebSocket frames",
      odd_frame_disturbs_nobody, odd_first_frame_disturbs_nobody,
      frame_cut_by_the_end_publishes_will);
