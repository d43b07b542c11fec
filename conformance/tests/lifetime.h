/* SPDX-License-Identifier: Apache-2.0 */
/* lifetime.h -- the Message Expiry Interval of a message, told in words.
 *
 * One that is left out and one of 0 seconds are two findings.
 * Spec: 5.0 s3.3.2.3.3.
 */
#ifndef MQTTSPEC_TESTS_LIFETIME_H
#define MQTTSPEC_TESTS_LIFETIME_H

#include "t.h"

/* lifetime_text tells the Message Expiry Interval of a PUBLISH: "it is 57 s" or
 * "it is absent". Owned by t. */
static inline const char *lifetime_text(struct t *t,
                                        const struct wire_packet *publish)
{
    uint64_t lifetime_s = publish->props.message_expiry_interval_s;
    return lifetime_s ? t_text(t, "it is %u s", wire_value(lifetime_s, 0))
                      : "it is absent";
}

#endif
