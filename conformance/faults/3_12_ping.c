/* SPDX-License-Identifier: Apache-2.0 */
/* 3_12_ping.c -- faults against sections 3.12, 3.14 and 3.15: PINGREQ,
 * DISCONNECT, AUTH.
 *
 * One row each: name, what the broker seems to do, the statements it breaks.
 */
#include "faults/deed.h"

#define PINGS "3.1.1/MQTT-3.12.4-1 5.0/MQTT-3.12.4-1"

const struct fault faults_3_12_ping[] = {
    FAULT("pingresp_dropped", "PINGREQ is not answered", PINGS,
          {SERVER, PINGRESP(), op_drop}),
    FAULT("pingresp_once", "only the first PINGREQ is answered", PINGS,
          {SERVER, PINGRESP(), op_drop, .skip = 1}),
    FAULT("pingresp_twice", "PINGREQ is answered twice", PINGS,
          {SERVER, PINGRESP(), op_twice}),
    FAULT("disconnect_not_followed_by_close",
          "the broker sends DISCONNECT and keeps the connection",
          "5.0/MQTT-3.14.4-2", {SERVER, DISCONNECT(), op_pass_and_hide}),
    FAULT("packet_behind_disconnect",
          "the broker sends something behind its DISCONNECT",
          "5.0/MQTT-3.14.4-1",
          {SERVER, DISCONNECT(), op_and_send, .packet = PINGRESP()}),
    FAULT("disconnect_code_of_client",
          "the broker's DISCONNECT has a code that only clients use",
          "5.0/MQTT-3.14.2-1",
          {SERVER, DISCONNECT(), op_alter, {SET(reason, 4)}}),
    FAULT("disconnect_code_unknown",
          "the broker's DISCONNECT has a code of another packet",
          "5.0/MQTT-3.14.2-1",
          {SERVER, DISCONNECT(), op_alter, {SET(reason, 0x91)}}),
    FAULT("disconnect_with_session_expiry",
          "the broker's DISCONNECT has a Session Expiry Interval",
          "5.0/MQTT-3.14.2-2",
          {SERVER,
           DISCONNECT(),
           op_alter,
           {SET(props.session_expiry_interval_s, OPT(10))}}),
    FAULT("disconnect_reason_string_too_large",
          "DISCONNECT has a Reason String beyond the client's limit",
          "5.0/MQTT-3.14.2-3",
          {SERVER, DISCONNECT(), op_alter, .edit = edit_reason_string_long}),
    FAULT("disconnect_user_property_too_large",
          "DISCONNECT has a User Property beyond the client's limit",
          "5.0/MQTT-3.14.2-4",
          {SERVER, DISCONNECT(), op_alter, .edit = edit_user_property_long}),
    LENIENT("auth_unasked_taken",
            "AUTH is taken though no Authentication Method was named",
            "5.0/RULE-auth-unasked", AUTH()),
    {0}};
