// SPDX-License-Identifier: Apache-2.0
/* packet.c -- what all packets of a type have in common. */
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

unsigned packet_flags(enum packet_type type)
{
    return type == PACKET_PUBREL || type == PACKET_SUBSCRIBE ||
                   type == PACKET_UNSUBSCRIBE
               ? 2
               : 0;
}

struct properties *packet_properties(struct packet *packet)
{
    switch (packet->type) {
    case PACKET_CONNECT:
        return &packet->connect.properties;
    case PACKET_CONNACK:
        return &packet->connack.properties;
    case PACKET_PUBLISH:
        return &packet->publish.properties;
    case PACKET_PUBACK:
    case PACKET_PUBREC:
    case PACKET_PUBREL:
    case PACKET_PUBCOMP:
        return &packet->ack.properties;
    case PACKET_SUBSCRIBE:
        return &packet->subscribe.properties;
    case PACKET_UNSUBSCRIBE:
        return &packet->unsubscribe.properties;
    case PACKET_SUBACK:
    case PACKET_UNSUBACK:
        return &packet->suback.properties;
    case PACKET_DISCONNECT:
    case PACKET_AUTH:
        return &packet->disconnect.properties;
    case PACKET_RESERVED:
    case PACKET_PINGREQ:
    case PACKET_PINGRESP:
        break;
    }
    return NULL;
}
