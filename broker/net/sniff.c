// SPDX-License-Identifier: Apache-2.0
/* sniff.c -- what a connection speaks, from its first octets.
 *
 * Two octets are enough. TLS opens with a handshake record, content type 22;
 * as MQTT that octet would be a CONNECT with forbidden flags, so nothing is
 * lost. HTTP opens with the letters of a method. 'P' alone could still be a
 * PUBREC, which must be refused as MQTT, so the second octet decides.
 */
#include "net/sniff.h"

enum {
    TLS_HANDSHAKE_RECORD = 22, /* RFC 8446 s5.1 */
};

static bool is_capital(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z';
}

/* is_method tells whether two octets begin a method of HTTP; a PROXY line, for
 * one, does not. */
static bool is_method(const uint8_t *octets)
{
    static const char pairs[] = "GEPOPUHEOPPADETRCO";
    for (const char *pair = pairs; *pair; pair += 2)
        if (octets[0] == (uint8_t)pair[0] && octets[1] == (uint8_t)pair[1])
            return true;
    return false;
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
    return is_method(octets.data) ? SNIFF_HTTP : SNIFF_MQTT;
}
