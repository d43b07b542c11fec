// SPDX-License-Identifier: Apache-2.0
/* packet.c -- names of packet types. */
#include "codec/packet.h"

const char *packet_type_name(enum packet_type type)
{
    static const char *const names[16] = {
        "RESERVED",  "CONNECT",  "CONNACK",     "PUBLISH",
        "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
        "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH",
    };
    return names[type & 15];
}
