/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_connect.c -- CONNECT packets that contradict themselves.
 *
 * Spec: 5.0 s3.1; 3.1.1 s3.1.
 */
#include "tests/robustness.h"

#define CONNECT_WITH(...)                                                      \
    CONNECT(.client_id = "x", .clean_start = 1, __VA_ARGS__)
#define WILL .will = {.topic = "w", .payload = "gone"}
#define FLAGS(n) .raw_connect_flags = OPT(n)

static const struct input contradictions[] = {
    {{"reserved_flag"}, CONNECT_WITH(FLAGS(0x03))},
    {{"reserved_flag_alone"}, CONNECT_WITH(FLAGS(0x01))},
    {{"all_flags"},
     CONNECT_WITH(WILL, .user_name = "u", .password = "p", FLAGS(0xff))},
    {{"will_qos_without_will"}, CONNECT_WITH(FLAGS(0x0a))},
    {{"will_qos_2_without_will"}, CONNECT_WITH(FLAGS(0x12))},
    {{"will_qos_3_without_will"}, CONNECT_WITH(FLAGS(0x1a))},
    {{"will_retain_without_will"}, CONNECT_WITH(FLAGS(0x22))},
    {{"will_retain_and_qos_without_will"}, CONNECT_WITH(FLAGS(0x2a))},
    {{"will_qos_3"}, CONNECT_WITH(WILL, FLAGS(0x1e))},
    {{"will_qos_3_retained"}, CONNECT_WITH(WILL, FLAGS(0x3e))},
    {{"will_flag_without_fields"}, CONNECT_WITH(FLAGS(0x06))},
    {{"will_fields_without_flag"}, CONNECT_WITH(WILL, FLAGS(0x02))},
    {{"user_name_flag_without_field"}, CONNECT_WITH(FLAGS(0x82))},
    {{"both_flags_without_fields"}, CONNECT_WITH(FLAGS(0xc2))},
    {{"password_missing"}, CONNECT_WITH(.user_name = "u", FLAGS(0xc2))},
    {{"user_name_without_flag"}, CONNECT_WITH(.user_name = "u", FLAGS(0x02))},
    {{"password_flag_without_field", NULL, ONLY_5}, CONNECT_WITH(FLAGS(0x42))},
    {{"password_without_user_name", NULL, ONLY_3},
     CONNECT_WITH(.password = "p")},
    {{"empty"}, RAW("10 00")},
    {{"one_octet"}, RAW("10 01 00")},
    {{"only_a_length"}, RAW("10 02 0004")},
    {{"name_empty"},
     CONNECT_WITH(.raw_fields = {{"protocol_name", {{"\0\0"}, 2}}})},
    {{"name_of_zeros"},
     CONNECT_WITH(.raw_fields = {{"protocol_name", {{"\0\4\0\0\0\0"}, 6}}})},
    {{"no_flags"}, RAW("10 07 0004 4d515454 04")},
    {{"half_a_keep_alive"}, RAW("10 09 0004 4d515454 04 02 00")},
};

/* A CONNECT whose parts contradict each other ends the connection, and its Will
 * is published by nobody. */
TEST_EACH(contradictory_connect_closes, contradictions, CLOSES, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes_first(t, row->packet);
}

static const struct input others[] = {
    {{"name_MQTX"}, CONNECT_WITH(.protocol_name = "MQTX")},
    {{"name_mqtt"}, CONNECT_WITH(.protocol_name = "mqtt")},
    {{"name_longer"}, CONNECT_WITH(.protocol_name = "MQTTMQTT")},
    {{"name_MQIsdp"}, CONNECT_WITH(.protocol_name = "MQIsdp")},
    {{"level_0"}, CONNECT_WITH(.protocol_level = OPT(0))},
    {{"level_2"}, CONNECT_WITH(.protocol_level = OPT(2))},
    {{"level_6"}, CONNECT_WITH(.protocol_level = OPT(6))},
    {{"level_127"}, CONNECT_WITH(.protocol_level = OPT(127))},
    {{"will_topic_empty"},
     CONNECT_WITH(.raw_fields = {{"will.topic", {{"\0\0"}, 2}}},
                  .will = {.topic = "w", .payload = "gone"})},
    {{"will_topic_plus"}, CONNECT_WITH(.will = {.topic = "w/+"})},
    {{"will_topic_hash"}, CONNECT_WITH(.will = {.topic = "#"})},
    {{"nameless_with_session"}, CONNECT(.client_id = "", .clean_start = 0)},
    {{"nameless"}, CONNECT(.client_id = "", .clean_start = 1)},
    {{"keep_alive_65535"}, CONNECT_WITH(.keep_alive_s = 65535)},
    {{"client_id_hash"}, CONNECT(.client_id = "#", .clean_start = 1)},
    {{"client_id_plus_slash"}, CONNECT(.client_id = "+/+", .clean_start = 1)},
    {{"client_id_dollar"}, CONNECT(.client_id = "$SYS", .clean_start = 1)},
    {{"client_id_control"}, CONNECT(.client_id = "\1\x1f", .clean_start = 1)},
    {{"client_id_path"}, CONNECT(.client_id = "/../../x", .clean_start = 1)},
    {{"client_id_percent"}, CONNECT(.client_id = "%s%n", .clean_start = 1)},
    {{"client_id_quotes"},
     CONNECT(.client_id = "'; drop table x", .clean_start = 1)},
    {{"user_name_empty"}, CONNECT_WITH(.user_name = "", .password = "")},
    {{"password_zeros"},
     CONNECT_WITH(.user_name = "u", .password = {{"\0\0\0"}, 3})},
};

/* A CONNECT that may be taken or refused disturbs nobody. */
TEST_EACH(odd_connect_disturbs_nobody, others, DISTURBS_NOBODY, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived_first(t, row->packet);
}

SUITE(robustness_connect, "Robustness: CONNECT", contradictory_connect_closes,
      odd_connect_disturbs_nobody);
