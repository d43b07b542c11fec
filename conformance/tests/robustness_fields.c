/* SPDX-License-Identifier: Apache-2.0 */
/* robustness_fields.c -- fields out of their range, and packets out of turn.
 *
 * Spec: 5.0 s2.2.1, 3.3-3.14; 3.1.1 s2.3.1, 3.3-3.14.
 */
#include "tests/robustness.h"

#define OPTIONS(n)                                                             \
    SUBSCRIBE(.packet_id = 1, .filters = {{"a", .raw_options = OPT(n)}})

static const struct input out_of_range[] = {
    {{"qos_3"}, PUBLISH(.topic = "a", .qos = 3, .packet_id = 1)},
    {{"qos_3_dup"}, PUBLISH(.topic = "a", .qos = 3, .dup = 1, .packet_id = 1)},
    {{"qos_3_retained"},
     PUBLISH(.topic = "a", .qos = 3, .retain = 1, .packet_id = 1)},
    {{"qos_3_all_flags"},
     PUBLISH(.topic = "a", .qos = 3, .packet_id = 1, .raw_flags = OPT(15))},
    {{"qos_1_id_0"}, PUBLISH(.topic = "a", .payload = "x", .qos = 1)},
    {{"qos_2_id_0"}, PUBLISH(.topic = "a", .payload = "x", .qos = 2)},
    {{"subscribe_id_0"}, SUBSCRIBE(.filters = {{"a"}})},
    {{"unsubscribe_id_0"}, UNSUBSCRIBE(.filters = {{"a"}})},
    {{"subscribe_nothing"}, SUBSCRIBE(.packet_id = 1)},
    {{"unsubscribe_nothing"}, UNSUBSCRIBE(.packet_id = 1)},
    {{"subscribe_empty"}, RAW("82 00")},
    {{"unsubscribe_empty"}, RAW("a2 00")},
    {{"publish_empty"}, RAW("30 00")},
    {{"publish_one_octet"}, RAW("30 01 00")},
    {{"puback_empty"}, RAW("40 00")},
    {{"pubrec_empty"}, RAW("50 00")},
    {{"pubrel_empty"}, RAW("62 00")},
    {{"pubcomp_empty"}, RAW("70 00")},
    {{"subscribe_qos_3"}, OPTIONS(3)},
    {{"subscribe_options_ff"}, OPTIONS(0xff)},
    {{"subscribe_bit_6"}, OPTIONS(0x40)},
    {{"subscribe_bit_7"}, OPTIONS(0x80)},
    {{"subscribe_bits_6_7"}, OPTIONS(0xc1)},
    {{"subscribe_bit_2", NULL, ONLY_3}, OPTIONS(0x04)},
    {{"subscribe_bit_3", NULL, ONLY_3}, OPTIONS(0x08)},
    {{"subscribe_bit_4", NULL, ONLY_3}, OPTIONS(0x10)},
    {{"subscribe_bit_5", NULL, ONLY_3}, OPTIONS(0x20)},
    {{"subscribe_retain_handling_3", NULL, ONLY_5}, OPTIONS(0x30)},
    {{"subscribe_second_qos_3"},
     SUBSCRIBE(.packet_id = 1,
               .filters = {{"a"}, {"b", .raw_options = OPT(3)}})},
    {{"share_no_local", NULL, ONLY_5},
     SUBSCRIBE(.packet_id = 1, .filters = {{"$share/g/a", .no_local = 1}})},
    {{"qos_1_two_octets", NULL, ONLY_3}, RAW("32 02 0001")},
    {{"qos_1_without_id", NULL, ONLY_3}, RAW("32 04 0002 4141")},
};

/* A field out of its range ends the connection. */
TEST_EACH(field_out_of_range_closes, out_of_range, CLOSES, EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_closes(t, row->packet);
}

#define CODE(name, hex)                                                        \
    {                                                                          \
        {name, NULL, ONLY_5}, RAW(hex)                                         \
    }
static const struct input free_fields[] = {
    {{"puback_id_0"}, PUBACK(.packet_id = 0)},
    {{"pubrec_id_0"}, PUBREC(.packet_id = 0)},
    {{"pubrel_id_0"}, PUBREL(.packet_id = 0)},
    {{"pubcomp_id_0"}, PUBCOMP(.packet_id = 0)},
    {{"puback_unknown"}, PUBACK(.packet_id = 0x1234)},
    {{"pubrec_unknown"}, PUBREC(.packet_id = 0x1234)},
    {{"pubrel_unknown"}, PUBREL(.packet_id = 0x1234)},
    {{"pubcomp_unknown"}, PUBCOMP(.packet_id = 0x1234)},
    {{"puback_last_id"}, PUBACK(.packet_id = 65535)},
    {{"unsubscribe_never_subscribed"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"never/was"}, {"#"}, {"+/+"}})},
    {{"unsubscribe_same_twice"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a"}, {"a"}})},
    {{"subscribe_same_twice"},
     SUBSCRIBE(.packet_id = 1, .filters = {{"a"}, {"a", .qos = 2}, {"a"}})},
    {{"subscribe_empty_filter"}, SUBSCRIBE(.packet_id = 1, .filters = {{""}})},
    {{"unsubscribe_empty_filter"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{""}})},
    {{"unsubscribe_wrong_filter"},
     UNSUBSCRIBE(.packet_id = 1, .filters = {{"a/#/b"}, {"a+"}})},
    CODE("puback_code_05", "40 03 0001 05"),
    CODE("pubrec_code_ff", "50 03 0001 ff"),
    CODE("pubrel_code_87", "62 03 0001 87"),
    CODE("pubcomp_code_01", "70 03 0001 01"),
    CODE("disconnect_code_01", "e0 01 01"),
    CODE("disconnect_code_7f", "e0 01 7f"),
    CODE("disconnect_code_ff", "e0 01 ff"),
    CODE("disconnect_code_8b", "e0 01 8b"),
    CODE("puback_success", "40 03 0001 00"),
    {{"last_identifier"}, SUBSCRIBE(.packet_id = 65535, .filters = {{"a"}})},
    {{"empty_message"},
     PUBLISH(.topic = "$data/hostile", .qos = 2, .packet_id = 65535)},
    {{"clears_what_never_was"}, PUBLISH(.topic = "$data/x", .retain = 1)},
};

/* What may be answered, ignored or refused disturbs nobody. */
TEST_EACH(odd_field_disturbs_nobody, free_fields, DISTURBS_NOBODY,
          EVERY_TRANSPORT)
{
    const struct input *row = t_row(t);
    hostile_is_survived(t, row->packet);
}

SUITE(robustness_fields, "Robustness: fields", field_out_of_range_closes,
      odd_field_disturbs_nobody);
