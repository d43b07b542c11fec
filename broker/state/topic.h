// SPDX-License-Identifier: Apache-2.0
/* topic.h -- Topic Names and Topic Filters.
 *
 * On the wire the characters are always "/", "+" and "#". Address settings and
 * ACL files may be written in another, configured syntax; that is translated
 * when they are read, and no topic is ever altered.
 * Spec: 5.0 s4.7, s4.8.2; 3.1.1 s4.7; manual: Wildcard subscriptions.
 */
#ifndef BROKER_STATE_TOPIC_H
#define BROKER_STATE_TOPIC_H

#include "base/bytes.h"

/* The characters of a syntax; the manual's default is '.', '*', '#'. */
struct topic_syntax {
    char delimiter;
    char single_word;
    char any_words;
};

/* topic_name_is_valid tells whether a PUBLISH may use the name: 1 to 65,535
 * octets, no wildcard, no U+0000. (UTF-8 was checked by the decoder.)
 * Spec: 5.0 s4.7.1 [MQTT-4.7.1-1], s4.7.3 [MQTT-4.7.3-1], [MQTT-3.3.2-2].
 */
bool topic_name_is_valid(struct slice name);

/* topic_filter_is_valid tells whether wildcards stand where they may.
 * Spec: [MQTT-4.7.1-1..3] (3.1.1), [MQTT-4.7.1-1], [MQTT-4.7.1-2] (5.0).
 */
bool topic_filter_is_valid(struct slice filter);

/* topic_filter_has_wildcard tells whether it holds "+" or "#". */
bool topic_filter_has_wildcard(struct slice filter);

/* topic_matches tells whether a valid filter matches a name; or, for another
 * filter, everything that one matches: "+" takes in "+", "#" both. A filter
 * that begins with a wildcard does not match what begins with "$". Spec:
 * [MQTT-4.7.2-1].
 */
bool topic_matches(struct slice filter, struct slice topic);

/* topic_is_sys tells whether a Topic Name is $SYS or below it: the server's. */
bool topic_is_sys(struct slice topic);

/* topic_n_levels counts the levels of a name or filter, at least 1. */
size_t topic_n_levels(struct slice topic);

/* topic_next_level cuts the first level off.
 *
 * rest    the cursor: start with a copy of the topic
 * level   out: the level, without "/"; may be empty
 * is_last out: whether nothing follows. Call no more after that
 */
void topic_next_level(struct slice *rest, struct slice *level, bool *is_last);

/* share_parse takes "$share/NAME/FILTER" apart.
 *
 * name, filter   out: slices into topic; filter is the whole topic and name
 *                empty when it does not begin with "$share/"
 *
 * Returns false when it begins with "$share/" (or is "$share") but is not a
 * legal shared subscription. Spec: 5.0 s4.8.2 [MQTT-4.8.2-1], [MQTT-4.8.2-2].
 */
bool share_parse(struct slice topic, struct slice *name, struct slice *filter);

/* topic_from_syntax translates an address or match of the configuration into
 * an MQTT filter. A backslash before a special character makes it plain.
 *
 * out   room for text.n octets
 *
 * Returns the length of the filter.
 */
size_t topic_from_syntax(char *out, struct slice text,
                         const struct topic_syntax *syntax);

#endif
