/* SPDX-License-Identifier: Apache-2.0 */
/* 3_10_unsubscribe.c -- faults against sections 3.10 and 3.11: UNSUBSCRIBE and
 * UNSUBACK.
 *
 * One row each: name, what the broker seems to do, the statements it breaks.
 */
#include "faults/deed.h"

const struct fault faults_3_10_unsubscribe[] = {
    FAULT("unsuback_dropped", "UNSUBSCRIBE is not answered",
          "3.1.1/MQTT-3.10.4-4 3.1.1/MQTT-3.10.4-5 5.0/MQTT-3.10.4-4 "
          "5.0/MQTT-3.10.4-5",
          {SERVER, UNSUBACK(), op_drop}),
    LENIENT("unsubscribe_without_filter_taken",
            "UNSUBSCRIBE without a filter is taken",
            "3.1.1/MQTT-3.10.3-2 5.0/MQTT-3.10.3-2", UNSUBSCRIBE()),
    FAULT("unsubscribe_ignored",
          "UNSUBSCRIBE is answered, and the subscription stays",
          "3.1.1/MQTT-3.10.4-2 3.1.1/MQTT-3.10.4-6 5.0/MQTT-3.10.4-2 "
          "5.0/MQTT-3.10.4-6 5.0/MQTT-3.10.4-1 5.0/MQTT-3.3.1-10",
          {CLIENT, UNSUBSCRIBE(), op_alter, .edit = edit_narrow_filter},
          {SERVER, UNSUBACK(), op_alter, .edit = edit_codes_success}),
    FAULT("unsubscribe_of_unknown_unanswered",
          "UNSUBSCRIBE is answered only if something was deleted",
          "3.1.1/MQTT-3.10.4-5 5.0/MQTT-3.10.4-5",
          {SERVER, UNSUBACK(), op_drop}),
    FAULT("unsubscribe_matches_filters",
          "UNSUBSCRIBE deletes the filters that its filter matches",
          "3.1.1/MQTT-3.10.4-1 5.0/MQTT-3.10.4-1",
          {CLIENT, UNSUBSCRIBE(), op_alter, .edit = edit_all_that_match},
          {SERVER, UNSUBACK(), op_alter, .edit = edit_codes_first_only}),
    FAULT("unsubscribe_drops_what_was_begun",
          "UNSUBSCRIBE cuts off deliveries that were begun",
          "3.1.1/MQTT-3.10.4-3 5.0/MQTT-3.10.4-3", {SERVER, PUBREL(), op_drop},
          {SERVER, PUBLISH(.dup = 1), op_drop},
          {CLIENT, CONNECT(.clean_start = 0), op_alter, {SET(clean_start, 1)}}),
    FAULT("unsubscribe_takes_the_first_filter_only",
          "of several filters in one UNSUBSCRIBE the last stays",
          "3.1.1/MQTT-3.10.4-6 5.0/MQTT-3.10.4-6 5.0/MQTT-3.11.3-2",
          {CLIENT, UNSUBSCRIBE(), op_alter, .is = has_many_filters,
           .edit = edit_lose_last_filter}),
    FAULT("unsuback_reason_string_too_large",
          "UNSUBACK has a Reason String beyond the client's limit",
          "5.0/MQTT-3.11.2-1",
          {SERVER, UNSUBACK(), op_alter, .edit = edit_reason_string_long}),
    FAULT("unsuback_user_property_too_large",
          "UNSUBACK has a User Property beyond the client's limit",
          "5.0/MQTT-3.11.2-2",
          {SERVER, UNSUBACK(), op_alter, .edit = edit_user_property_long}),
    FAULT("unsuback_codes_reversed", "the codes of UNSUBACK come in reverse",
          "5.0/MQTT-3.11.3-1",
          {SERVER, UNSUBACK(), op_alter, .edit = edit_codes_reverse}),
    FAULT("unsuback_code_unknown", "UNSUBACK has a code of no packet",
          "5.0/MQTT-3.11.3-2",
          {SERVER, UNSUBACK(), op_alter, .edit = edit_codes_unknown}),
    FAULT("unsuback_code_missing", "UNSUBACK lacks the last code",
          "5.0/MQTT-3.11.3-2 5.0/MQTT-3.10.4-6",
          {SERVER, UNSUBACK(), op_alter, .edit = edit_codes_lose_last}),
    FAULT("share_taken_for_its_filter",
          "UNSUBSCRIBE of a share ends the subscription to its filter",
          "5.0/MQTT-3.10.4-1",
          {CLIENT, UNSUBSCRIBE(), op_alter, .edit = edit_unshare,
           .is = is_shared_filter}),
    {0}};
