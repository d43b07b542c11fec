/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_header.c -- fixed headers that no packet has.
 *
 * Each input is sent in every manner (peer/hostile.h), and others must be
 * served all the while.
 * Spec: 5.0 s2.1, 4.13; 3.1.1 s2.2, 4.8.
 */
#include "tests/robustness.h"

#define FLAGS(name, n, type, ...)                                              \
    {                                                                          \
        {name "_" #n}, type(.raw_flags = OPT(n), __VA_ARGS__)                  \
    }
/* Each bit of the low four wrong, where they should be 0 or 2. */
#define FLAGS_0(name, ...)                                                     \
    FLAGS(name, 1, __VA_ARGS__), FLAGS(name, 2, __VA_ARGS__),                  \
        FLAGS(name, 4, __VA_ARGS__), FLAGS(name, 8, __VA_ARGS__),              \
        FLAGS(name, 15, __VA_ARGS__)
#define FLAGS_2(name, ...)                                                     \
    FLAGS(name, 0, __VA_ARGS__), FLAGS(name, 3, __VA_ARGS__),                  \
        FLAGS(name, 6, __VA_ARGS__), FLAGS(name, 10, __VA_ARGS__),             \
        FLAGS(name, 15, __VA_ARGS__)

static const struct input reserved_bits[] = {
    FLAGS_0("puback", PUBACK, .packet_id = 1),
    FLAGS_0("pubrec", PUBREC, .packet_id = 1),
    FLAGS_2("pubrel", PUBREL, .packet_id = 1),
    FLAGS_0("pubcomp", PUBCOMP, .packet_id = 1),
    FLAGS_2("subscribe", SUBSCRIBE, .packet_id = 1, .filters = {{"a"}}),
    FLAGS_2("unsubscribe", UNSUBSCRIBE, .packet_id = 1, .filters = {{"a"}}),
    FLAGS_0("pingreq", PINGREQ, .packet_id = 0),
    FLAGS_0("disconnect", DISCONNECT, .reason = 0),
};

/* A reserved bit of the first octet that is not as it must be ends the
 * connection. */
TEST_EACH(reserved_bit_closes, reserved_bits, "3.1.1/MQTT-2.2.2-2",
          "5.0/RULE-flags-malformed", "robustness/R1-closes-bad-input",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

static const struct input connect_bits[] = {
    FLAGS_0("connect", CONNECT, .client_id = "hostile", .clean_start = 1)};

/* The same bits in CONNECT. */
TEST_EACH(reserved_bit_of_connect_closes, connect_bits, "3.1.1/MQTT-2.2.2-2",
          "5.0/RULE-flags-malformed", "robustness/R1-closes-bad-input",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

static const struct input no_packets_of_a_client[] = {
    {{"type_0"}, RAW("00 00")},
    {{"type_0_flags_15"}, RAW("0f 00")},
    {{"type_0_with_body"}, RAW("00 05 0102030405")},
    {{"type_15", NULL, ONLY_3}, RAW("f0 00")},
    {{"type_15_flags_15"}, RAW("ff 00")},
    {{"type_15_with_body", NULL, ONLY_3}, RAW("f0 02 1800")},
    {{"auth_unasked", NULL, ONLY_5}, RAW("f0 00")},
    {{"auth_unasked_again", NULL, ONLY_5}, AUTH(.reason = 0x19)},
    {{"auth_with_flags", NULL, ONLY_5}, RAW("f1 00")},
    {{"connack"}, CONNACK()},
    {{"connack_with_session"}, CONNACK(.session_present = 1)},
    {{"connack_refusal"}, CONNACK(.reason = 5)},
    {{"connack_empty"}, RAW("20 00")},
    {{"connack_flags_9"}, RAW("29 02 0001")},
    {{"suback"}, SUBACK(.packet_id = 1, .codes = {{"\0"}, 1})},
    {{"suback_empty"}, RAW("90 00")},
    {{"unsuback"}, UNSUBACK(.packet_id = 1, .codes = {{"\0"}, 1})},
    {{"unsuback_empty"}, RAW("b0 00")},
    {{"pingresp"}, PINGRESP()},
    {{"pingresp_with_body"}, RAW("d0 01 00")},
    {{"connect_again"}, CONNECT(.client_id = "hostile", .clean_start = 1)},
    {{"connect_again_as_other"}, CONNECT(.client_id = "x", .clean_start = 1)},
    {{"connect_again_empty"}, RAW("10 00")},
    {{"connect_again_garbage"}, RAW("10 04 ffffffff")},
};

/* Types that are reserved, that only a server sends, or that a client sends
 * once, end the connection. */
TEST_EACH(no_packet_of_a_client_closes, no_packets_of_a_client,
          "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

static const struct input wrong_lengths[] = {
    {{"pingreq_1"}, RAW("c0 01 00")},
    {{"pingreq_holds_pingreq"}, RAW("c0 02 c000")},
    {{"pingreq_200"}, PINGREQ(.raw_trailing = {{"x\0y"}, 3})},
    {{"disconnect_1", NULL, ONLY_3}, RAW("e0 01 00")},
    {{"disconnect_2", NULL, ONLY_3}, RAW("e0 02 0000")},
    {{"disconnect_trailing", NULL, ONLY_5}, RAW("e0 03 00 00 00")},
    {{"puback_3", NULL, ONLY_3}, RAW("40 03 0001 00")},
    {{"pubrec_3", NULL, ONLY_3}, RAW("50 03 0001 00")},
    {{"pubrel_3", NULL, ONLY_3}, RAW("62 03 0001 00")},
    {{"pubcomp_3", NULL, ONLY_3}, RAW("70 03 0001 00")},
    {{"puback_trailing", NULL, ONLY_5}, RAW("40 05 0001 00 00 00")},
    {{"pubrec_trailing", NULL, ONLY_5}, RAW("50 05 0001 00 00 00")},
    {{"pubrel_trailing", NULL, ONLY_5}, RAW("62 05 0001 00 00 00")},
    {{"pubcomp_trailing", NULL, ONLY_5}, RAW("70 05 0001 00 00 00")},
    {{"subscribe_one_more"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
               .raw_trailing = {{"\0"}, 1})},
    {{"subscribe_two_more"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
               .raw_trailing = {{"\0\1"}, 2})},
    {{"unsubscribe_one_more"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                 .raw_trailing = {{"\0"}, 1})},
    {{"unsubscribe_three_more"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                 .raw_trailing = {{"\0\3a"}, 3})},
};

/* A packet that is longer than its fields ends the connection. */
TEST_EACH(longer_than_its_fields_closes, wrong_lengths, "3.1.1/MQTT-4.8.0-1",
          "5.0/MQTT-4.13.1-1", "robustness/R1-closes-bad-input",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define FIVE(type, n)                                                          \
    {                                                                          \
        {type "_" n}, RAW(n "ffffffff 01")                                     \
    }
static const struct input long_lengths[] = {
    FIVE("publish", "30"),
    FIVE("publish_qos_1", "32"),
    FIVE("publish_qos_2", "34"),
    FIVE("puback", "40"),
    FIVE("pubrec", "50"),
    FIVE("pubrel", "62"),
    FIVE("pubcomp", "70"),
    FIVE("subscribe", "82"),
    FIVE("unsubscribe", "a2"),
    FIVE("pingreq", "c0"),
    FIVE("disconnect", "e0"),
    {{"zero_in_five"}, RAW("c0 80808080 00")},
    {{"endless"}, RAW("30 ffffffff ffffffff ffffffff ffffffff ffffffff")},
    {{"endless_zero"}, RAW("30 80808080 80808080 80808080 80808080 80808080")},
};

/* A Remaining Length of more than four octets ends the connection. */
TEST_EACH(length_of_five_octets_closes, long_lengths,
          "3.1.1/RULE-remaining-length-four-octets",
          "5.0/RULE-remaining-length-four-octets",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

static const struct input long_lengths_first[] = {
    {{"connect"}, RAW("10 ffffffff 01 00044d515454")},
    {{"connect_zero"}, RAW("10 80808080 00")},
    {{"connect_endless"},
     RAW("10 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff")},
};

/* The same in the first packet. */
TEST_EACH(first_length_of_five_octets_closes, long_lengths_first,
          "3.1.1/RULE-remaining-length-four-octets",
          "5.0/RULE-remaining-length-four-octets",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

static const struct input free_headers[] = {
    {{"length_0_in_two"}, RAW("c0 8000")},
    {{"length_0_in_three"}, RAW("c0 808000")},
    {{"length_0_in_four"}, RAW("c0 80808000")},
    {{"disconnect_in_two"}, RAW("e0 8000")},
    {{"publish_in_four"},
     PUBLISH(.topic = "$data/hostile", .raw_length_octets = 4)},
    {{"publish_of_256_mib"}, RAW("30 ffffff7f 0001 61")},
    {{"publish_of_128_mib"}, RAW("32 ffffff3f 0001 61")},
    {{"subscribe_of_256_mib"}, RAW("82 ffffff7f 0001")},
    {{"puback_of_256_mib"}, RAW("40 ffffff7f")},
    {{"pingreq_of_256_mib"}, RAW("c0 ffffff7f")},
    {{"one_octet_of_puback"}, RAW("40")},
    {{"length_open"}, RAW("30 80")},
    {{"length_open_three"}, RAW("30 ffffff")},
    {{"dup_at_qos_0"},
     PUBLISH(.topic = "$data/hostile", .payload = "x", .dup = 1)},
    {{"dup_at_first_send"},
     PUBLISH(.topic = "$data/hostile", .dup = 1, .qos = 1, .packet_id = 1)},
    {{"nothing"}, RAW("")},
};

/* Headers for which the standard lays down no reaction, or which only promise
 * more than comes, disturb nobody. */
TEST_EACH(odd_header_disturbs_nobody, free_headers, "robustness/R1-survives",
          "robustness/R1-others-undisturbed", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived(t, row->packet);
}

static const struct input first_packets[] = {
    {{"type_0"}, RAW("00 00")},
    {{"connack"}, CONNACK()},
    {{"publish"}, PUBLISH(.topic = "a", .payload = "x")},
    {{"publish_qos_1"}, PUBLISH(.topic = "a", .qos = 1, .packet_id = 1)},
    {{"publish_qos_2"}, PUBLISH(.topic = "a", .qos = 2, .packet_id = 1)},
    {{"publish_retained"}, PUBLISH(.topic = "a", .payload = "x", .retain = 1)},
    {{"puback"}, PUBACK(.packet_id = 1)},
    {{"pubrec"}, PUBREC(.packet_id = 1)},
    {{"pubrel"}, PUBREL(.packet_id = 1)},
    {{"pubcomp"}, PUBCOMP(.packet_id = 1)},
    {{"subscribe"}, SUBSCRIBE(.packet_id = 1, .filters = {{"#"}})},
    {{"suback"}, SUBACK(.packet_id = 1, .codes = {{"\0"}, 1})},
    {{"unsubscribe"}, UNSUBSCRIBE(.packet_id = 1, .filters = {{"#"}})},
    {{"unsuback"}, UNSUBACK(.packet_id = 1, .codes = {{"\0"}, 1})},
    {{"pingreq"}, PINGREQ()},
    {{"pingresp"}, PINGRESP()},
    {{"disconnect"}, DISCONNECT()},
    {{"auth"}, AUTH(.reason = 0x18, .props = {.authentication_method = "x"})},
    {{"zeros"}, RAW("00000000 00000000 00000000 00000000")},
    {{"proxy"},
     RAW("50524f58 59205443 50342031 2e322e33 2e342035 2e362e37"
         "2e382031 20320d0a 50524f58 59205443 50342031 2e322e33"
         "2e342035 2e362e37 2e382031 20320d0a 50524f58 59205443"
         "50342031 2e322e33 2e342035 2e362e37 2e382031 20320d0a")},
    {{"ones"}, RAW("ffffffff ffffffff ffffffff ffffffff")},
};

/* The first packet is CONNECT; any other ends the connection, and nothing of it
 * goes further. */
TEST_EACH(first_packet_that_is_no_connect_closes, first_packets,
          "3.1.1/MQTT-3.1.0-1", "5.0/MQTT-3.1.0-1",
          "robustness/R1-closes-bad-input", EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

static const struct input free_first_packets[] = {
    {{"nothing"}, RAW("")},
    {{"one_octet"}, RAW("10")},
    {{"length_open"}, RAW("10 ffff")},
    {{"connect_of_256_mib"}, RAW("10 ffffff7f 00044d515454")},
    {{"publish_of_256_mib"}, RAW("30 ffffff7f 78")},
    {{"half_a_name"}, RAW("10 0d 0004 4d51")},
};

/* A first packet that does not end disturbs nobody. */
TEST_EACH(first_packet_without_end_disturbs_nobody, free_first_packets,
          "robustness/R1-survives", "robustness/R1-others-undisturbed",
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived_first(t, row->packet);
}

SUITE(robustness_header, "Robustness: headers", reserved_bit_closes,
      reserved_bit_of_connect_closes, no_packet_of_a_client_closes,
      longer_than_its_fields_closes, length_of_five_octets_closes,
      first_length_of_five_octets_closes, odd_header_disturbs_nobody,
      first_packet_that_is_no_connect_closes,
      first_packet_without_end_disturbs_nobody);
