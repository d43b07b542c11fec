// SPDX-License-Identifier: Apache-2.0
/* sniff.c -- what a connection speaks, from its first octets.
 *
 * Two octets are enough. TLS opens with a handshake record, content type 22;
 * as MQTT that octet would be a CONNECT with forbidden flags, so nothing is
 * lost. HTTP opens with the letters of a method. 'P' alone could still be a
 * PUBREC, which must be refused as MQTT, so the second octet decides: a short
 * Remaining Length is no capital letter.
 */
#include "net/sniff.h"

enum {
    TLS_HANDSHAKE_RECORD = 22, /* RFC 8446 s5.1 */
};

static bool is_capital(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z';
}

enum sniff sniff_protocol(struct slice octets)
{
    if (octets.n == 0)
        return SNIFF_MORE;
    if (octets.data[0] == TLS_HANDSHAKE_RECORD)
        return SNIFF_TLS;
    if (!is_capital(octets.data[0]))
        return SNIFF_MQTT;
    if (octets.n == 1)
        return SNIFF_MORE;
    return is_capital(octets.data[1]) ? SNIFF_HTTP : SNIFF_MQTT;
}
