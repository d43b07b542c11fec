// SPDX-License-Identifier: Apache-2.0
/* packet.c -- names of packet types and versions. */
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

const char *mqtt_version_name(enum mqtt_version version)
{
    switch (version) {
    case MQTT_3_1:
        return "3.1";
    case MQTT_3_1_1:
        return "3.1.1";
    case MQTT_5_0:
        return "5.0";
    }
    return "unknown";
}
