/* SPDX-License-Identifier: Apache-2.0 */
/* names.c -- the numbers of MQTT and their names in the standard.
 *
 * Spec: 5.0 s2.1.2, s2.2.2.2, s2.4 and the code table of each packet;
 * 3.1.1 s2.2.1, s3.2.2.3, s3.9.3.
 */
#include "wire/names.h"

#include <stddef.h>
#include <string.h>

#include "wire/tables.h"

const char *wire_version_name(enum wire_version version)
{
    switch (version) {
    case WIRE_3_1:
        return "3.1";
    case WIRE_3_1_1:
        return "3.1.1";
    case WIRE_5_0:
        return "5.0";
    case WIRE_UNKNOWN:
        break;
    }
    return "unknown";
}

enum wire_version wire_version_from_name(const char *name)
{
    static const enum wire_version all[] = {WIRE_3_1, WIRE_3_1_1, WIRE_5_0};

    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (!strcmp(name, wire_version_name(all[i])))
            return all[i];
    return WIRE_UNKNOWN;
}

unsigned wire_version_bit(enum wire_version version)
{
    return version == WIRE_3_1     ? IN_3_1
           : version == WIRE_3_1_1 ? IN_3_1_1
           : version == WIRE_5_0   ? IN_5_0
                                   : 0;
}

const char *wire_side_name(enum wire_side side)
{
    return side == WIRE_CLIENT   ? "client"
           : side == WIRE_SERVER ? "server"
                                 : "somebody";
}

const char *wire_type_name(enum wire_type type)
{
    static const char *const names[] = {
        "octets",    "CONNECT",  "CONNACK",     "PUBLISH",
        "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
        "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};

    return (unsigned)type < 16 ? names[type] : "unknown";
}

/* ---- reason codes -------------------------------------------------------- */

#define T(type) (1u << WIRE_##type)
enum {
    ACKS = 1u << WIRE_PUBACK | 1u << WIRE_PUBREC,
    DONES = 1u << WIRE_PUBREL | 1u << WIRE_PUBCOMP,
    SUBS = 1u << WIRE_SUBACK | 1u << WIRE_UNSUBACK
};

/* One meaning of a code: the packets it may be in, and in DISCONNECT the side
 * that may send it (0: either). Spec: 5.0 s2.4, s3.14.2.1. */
struct code_row {
    uint8_t code;
    const char *name;
    unsigned where;
    enum wire_side disconnect_from;
};

static const struct code_row codes_5_0[] = {
    {0x00, "Granted QoS 0", T(SUBACK), 0},
    {0x00, "Normal disconnection", T(DISCONNECT), 0},
    {0x00, "Success", T(CONNACK) | ACKS | DONES | T(UNSUBACK) | T(AUTH), 0},
    {0x01, "Granted QoS 1", T(SUBACK), 0},
    {0x02, "Granted QoS 2", T(SUBACK), 0},
    {0x04, "Disconnect with Will Message", T(DISCONNECT), WIRE_CLIENT},
    {0x10, "No matching subscribers", ACKS, 0},
    {0x11, "No subscription existed", T(UNSUBACK), 0},
    {0x18, "Continue authentication", T(AUTH), 0},
    {0x19, "Re-authenticate", T(AUTH), 0},
    {0x80, "Unspecified error", T(CONNACK) | ACKS | SUBS | T(DISCONNECT), 0},
    {0x81, "Malformed Packet", T(CONNACK) | T(DISCONNECT), 0},
    {0x82, "Protocol Error", T(CONNACK) | T(DISCONNECT), 0},
    {0x83, "Implementation specific error",
     T(CONNACK) | ACKS | SUBS | T(DISCONNECT), 0},
    {0x84, "Unsupported Protocol Version", T(CONNACK), 0},
    {0x85, "Client Identifier not valid", T(CONNACK), 0},
    {0x86, "Bad User Name or Password", T(CONNACK), 0},
    {0x87, "Not authorized", T(CONNACK) | ACKS | SUBS | T(DISCONNECT),
     WIRE_SERVER},
    {0x88, "Server unavailable", T(CONNACK), 0},
    {0x89, "Server busy", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0x8a, "Banned", T(CONNACK), 0},
    {0x8b, "Server shutting down", T(DISCONNECT), WIRE_SERVER},
    /* Table 2-6 has 0x8C for DISCONNECT, table 3-10 has not: accepted. */
    {0x8c, "Bad authentication method", T(CONNACK) | T(DISCONNECT),
     WIRE_SERVER},
    {0x8d, "Keep Alive timeout", T(DISCONNECT), WIRE_SERVER},
    {0x8e, "Session taken over", T(DISCONNECT), WIRE_SERVER},
    {0x8f, "Topic Filter invalid", SUBS | T(DISCONNECT), WIRE_SERVER},
    {0x90, "Topic Name invalid", T(CONNACK) | ACKS | T(DISCONNECT), 0},
    {0x91, "Packet Identifier in use", ACKS | SUBS, 0},
    {0x92, "Packet Identifier not found", DONES, 0},
    {0x93, "Receive Maximum exceeded", T(DISCONNECT), 0},
    {0x94, "Topic Alias invalid", T(DISCONNECT), 0},
    {0x95, "Packet too large", T(CONNACK) | T(DISCONNECT), 0},
    {0x96, "Message rate too high", T(DISCONNECT), 0},
    {0x97, "Quota exceeded", T(CONNACK) | ACKS | T(SUBACK) | T(DISCONNECT), 0},
    {0x98, "Administrative action", T(DISCONNECT), 0},
    {0x99, "Payload format invalid", T(CONNACK) | ACKS | T(DISCONNECT), 0},
    {0x9a, "Retain not supported", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0x9b, "QoS not supported", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0x9c, "Use another server", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0x9d, "Server moved", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0x9e, "Shared Subscriptions not supported", T(SUBACK) | T(DISCONNECT),
     WIRE_SERVER},
    {0x9f, "Connection rate exceeded", T(CONNACK) | T(DISCONNECT), WIRE_SERVER},
    {0xa0, "Maximum connect time", T(DISCONNECT), WIRE_SERVER},
    {0xa1, "Subscription Identifiers not supported", T(SUBACK) | T(DISCONNECT),
     WIRE_SERVER},
    {0xa2, "Wildcard Subscriptions not supported", T(SUBACK) | T(DISCONNECT),
     WIRE_SERVER},
};

static const struct code_row codes_3_1_1[] = {
    {0, "Connection Accepted", T(CONNACK), 0},
    {1, "Connection Refused, unacceptable protocol version", T(CONNACK), 0},
    {2, "Connection Refused, identifier rejected", T(CONNACK), 0},
    {3, "Connection Refused, Server unavailable", T(CONNACK), 0},
    {4, "Connection Refused, bad user name or password", T(CONNACK), 0},
    {5, "Connection Refused, not authorized", T(CONNACK), 0},
    {0, "Success - Maximum QoS 0", T(SUBACK), 0},
    {1, "Success - Maximum QoS 1", T(SUBACK), 0},
    {2, "Success - Maximum QoS 2", T(SUBACK), 0},
    {0x80, "Failure", T(SUBACK), 0}, /* not in 3.1 */
};

static const struct code_row *find_code(enum wire_version version,
                                        enum wire_type type, unsigned code)
{
    const bool is_5 = version == WIRE_5_0;
    const struct code_row *rows = is_5 ? codes_5_0 : codes_3_1_1;
    const size_t n = is_5 ? sizeof codes_5_0 / sizeof *codes_5_0
                          : sizeof codes_3_1_1 / sizeof *codes_3_1_1;

    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code && (rows[i].where & 1u << type))
            return &rows[i];
    return NULL;
}

const char *wire_reason_name(enum wire_version version, enum wire_type type,
                             unsigned code)
{
    const struct code_row *row = find_code(version, type, code);

    /* A code in the wrong packet still has a name. */
    for (size_t i = 0; !row && version == WIRE_5_0 &&
                       i < sizeof codes_5_0 / sizeof *codes_5_0;
         i++)
        if (codes_5_0[i].code == code)
            row = &codes_5_0[i];
    return row ? row->name : "unknown";
}

int wire_reason_is_allowed(enum wire_version version, enum wire_type type,
                           enum wire_side from, unsigned code)
{
    const struct code_row *row = find_code(version, type, code);

    if (!row || (version == WIRE_3_1 && code == 0x80))
        return 0;
    /* Re-authentication is begun by the client, success told by the server. */
    if (version == WIRE_5_0 && type == WIRE_AUTH && from)
        return code == 0x18 || (code == 0x19) == (from == WIRE_CLIENT);
    return type != WIRE_DISCONNECT || !row->disconnect_from || !from ||
           row->disconnect_from == from;
}

const char *wire_property_name(uint32_t id)
{
    const struct wire_property_row *row = wire_property_row(id);

    return row ? row->title : "unknown property";
}
