/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.c -- what has no fault, or never fails, and why.
 *
 * Rare: whatever a broker can do wrong on the wire, a fault can do as well.
 */
#include "faults/reasons.h"

#include <fnmatch.h>
#include <stddef.h>

struct reason {
    const char *pattern, *why;
};

#define WEBSOCKET                                                              \
    "the relay ends the WebSocket: faults act on packets, not on frames"
#define AT_START                                                               \
    "a broker that starts, or refuses to, says nothing that could be altered"
#define IN_LOG "it is read in the broker's log, which no relay sees"

#define IN_PROCESS                                                             \
    "it is read from the broker's process, which no relay changes"

static const struct reason statements[] = {
    {"3.1.1/MQTT-6.0.0-*", WEBSOCKET},
    {"5.0/MQTT-6.0.0-*", WEBSOCKET},
    {"artemis/R01-protocols", AT_START},
    {"artemis/R05-trace-*", IN_LOG},
    {"artemis/R05-payload-256", IN_LOG},
    {"artemis/R05-no-secrets", IN_LOG},
    {"robustness/R4-websocket-*", WEBSOCKET},
    {"robustness/R2-memory-bounded", IN_PROCESS},
    {"robustness/R2-descriptors-*", IN_PROCESS},
    {NULL, NULL}};

static const struct reason cases[] = {
    {"messages_of_any_size*", WEBSOCKET},
    {"frame_lengths_at_their_edges*", WEBSOCKET},
    {"frame_without_octets_means_nothing*", WEBSOCKET},
    {"one_version_only/*", AT_START},
    {"unknown_parameter_is_refused/*", AT_START},
    {"payload_*traced*", IN_LOG},
    {"packets_are_not_traced/*", IN_LOG},
    {"payload_does_not_break_the_line/*", IN_LOG},
    {"*_in_text_frame/*", WEBSOCKET},
    {"subprotocol_is_mqtt*", WEBSOCKET},
    {"*_upgrade_is_*", WEBSOCKET},
    {"pong_has_the_payload_of_its_ping*", WEBSOCKET},
    {"close_is_answered_by_close*", WEBSOCKET},
    {"frame_that_is_forbidden_closes*", WEBSOCKET},
    {"binary_frames/*", WEBSOCKET},
    {"packets_in_one_frame/*", WEBSOCKET},
    {"packet*_over_several_frames/*", WEBSOCKET},
    {"packet_across_the_edge_of_frames/*", WEBSOCKET},
    {"fragmented_message*", WEBSOCKET},
    {"websocket_*", WEBSOCKET},
    {"illegal_value_is_refused*", AT_START},
    {"legal_value_is_taken*", AT_START},
    {"packets_are_traced/*", IN_LOG},
    {"secrets_are_not_traced/*", IN_LOG},
    {"authentication_data_are_not_traced/*", IN_LOG},
    {"packet_above_the_maximum_of_frames/*", WEBSOCKET},
    {"odd_frame_*", WEBSOCKET},
    {"odd_first_frame_*", WEBSOCKET},
    {"frame_cut_by_the_end_*", WEBSOCKET},
    {"announced_length_takes_no_memory*", IN_PROCESS},
    {"descriptors_are_released*", IN_PROCESS},
    {NULL, NULL}};

static const char *find(const struct reason *list, const char *name)
{
    for (; list->pattern; list++) {
        if (fnmatch(list->pattern, name, 0) == 0)
            return list->why;
    }
    return NULL;
}

const char *reason_for_statement(const char *id)
{
    return find(statements, id);
}

const char *reason_for_case(const char *name)
{
    return find(cases, name);
}
