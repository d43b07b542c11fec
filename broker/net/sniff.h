// SPDX-License-Identifier: Apache-2.0
/* sniff.h -- what a connection speaks, from its first octets. */
#ifndef BROKER_NET_SNIFF_H
#define BROKER_NET_SNIFF_H

#include "base/bytes.h"

enum sniff {
    SNIFF_MORE, /* cannot be told yet */
    SNIFF_MQTT, /* anything that is neither of the others goes to MQTT, where
                   it is refused by the rules of MQTT */
    SNIFF_HTTP,
    SNIFF_TLS,
};

/* sniff_protocol looks at the first octets of a connection (or of what a TLS
 * connection carries).
 *
 * octets   what has arrived; borrowed, may be empty
 */
enum sniff sniff_protocol(struct slice octets);

#endif
