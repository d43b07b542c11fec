/* SPDX-License-Identifier: Apache-2.0 */
/* 3_4_acks.c -- faults against sections 3.4 to 3.7: PUBACK, PUBREC, PUBREL,
 * PUBCOMP.
 *
 * One row each: name, what the broker seems to do, the statements it breaks.
 */
#include "faults/deed.h"

#define LARGE(name_, words_, statement_, type_)                                \
    FAULT(name_ "_reason_string_too_large",                                    \
          words_ " has a Reason String beyond the client's limit",             \
          "5.0/" statement_ "-2",                                              \
          {SERVER, type_, op_alter, .edit = edit_reason_string_long}),         \
        FAULT(name_ "_user_property_too_large",                                \
              words_ " has a User Property beyond the client's limit",         \
              "5.0/" statement_ "-3",                                          \
              {SERVER, type_, op_alter, .edit = edit_user_property_long})

const struct fault faults_3_4_acks[] = {
    FAULT("puback_code_unknown", "PUBACK has a code of another packet",
          "5.0/MQTT-3.4.2-1",
          {SERVER, PUBACK(), op_alter, {SET(reason, 0x8e)}}),
    FAULT("puback_refuses", "a good message gets PUBACK 0x80",
          "5.0/MQTT-3.4.2-1",
          {SERVER, PUBACK(), op_alter, {SET(reason, 0x80)}}),
    FAULT("puback_code_of_pubrel", "PUBACK has the code 0x92",
          "5.0/MQTT-3.4.2-1",
          {SERVER, PUBACK(), op_alter, {SET(reason, 0x92)}}),
    LARGE("puback", "PUBACK", "MQTT-3.4.2", PUBACK()),
    FAULT("pubrec_code_unknown", "PUBREC has a code of another packet",
          "5.0/MQTT-3.5.2-1",
          {SERVER, PUBREC(), op_alter, {SET(reason, 0x92)}}),
    FAULT("pubrec_refuses", "a good message gets PUBREC 0x80",
          "5.0/MQTT-3.5.2-1",
          {SERVER, PUBREC(), op_alter, {SET(reason, 0x80)}}),
    LARGE("pubrec", "PUBREC", "MQTT-3.5.2", PUBREC()),
    FAULT("pubrel_code_unknown", "PUBREL has a code of another packet",
          "5.0/MQTT-3.6.2-1",
          {SERVER, PUBREL(), op_alter, {SET(reason, 0x80)}}),
    LARGE("pubrel", "PUBREL", "MQTT-3.6.2", PUBREL()),
    FAULT("pubcomp_code_unknown", "PUBCOMP has a code of another packet",
          "5.0/MQTT-3.7.2-1",
          {SERVER, PUBCOMP(), op_alter, {SET(reason, 0x80)}}),
    LARGE("pubcomp", "PUBCOMP", "MQTT-3.7.2", PUBCOMP()),
    TOLERATES("reason_string_twice_in_puback_taken",
              "PUBACK with two Reason Strings is taken",
              "5.0/RULE-puback-reason-string-twice"),
    TOLERATES("reason_string_twice_in_pubrec_taken",
              "PUBREC with two Reason Strings is taken",
              "5.0/RULE-pubrec-reason-string-twice"),
    TOLERATES("reason_string_twice_in_pubrel_taken",
              "PUBREL with two Reason Strings is taken",
              "5.0/RULE-pubrel-reason-string-twice"),
    TOLERATES("reason_string_twice_in_pubcomp_taken",
              "PUBCOMP with two Reason Strings is taken",
              "5.0/RULE-pubcomp-reason-string-twice"),
    FAULT("pubrel_with_wrong_flags_answered",
          "PUBREL with wrong flags gets its PUBCOMP",
          "3.1.1/MQTT-3.6.1-1 5.0/MQTT-3.6.1-1 5.0/RULE-flags-malformed",
          {CLIENT, PUBREL(), op_instead, .breach = "*", .packet = PUBREL()}),
    {0}};
