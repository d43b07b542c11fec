/* SPDX-License-Identifier: Apache-2.0 */
/* message.h -- one packet of a replay, captured or live, in a small form.
 *
 * Holds the packet's octets and the few fields that matching looks at all the
 * time; everything else is read again from the octets when it is asked for.
 */
#ifndef TOOLS_MESSAGE_H
#define TOOLS_MESSAGE_H

#include "wire/wire.h"

struct message {
    enum wire_type type;
    enum wire_version version;
    enum wire_side from;
    uint8_t *octets; /* owned */
    size_t n;
    uint16_t id; /* Packet Identifier; 0 if none */
    uint8_t qos;
    bool is_retain, is_dup, is_clean;
    uint32_t reason;
    char *topic; /* of a PUBLISH, its alias resolved; owned, NUL-terminated */
    size_t n_topic;
    size_t payload_at, n_payload;
    uint64_t content; /* hash of topic and payload */
    bool is_bad;      /* the strict reader refuses it */
    bool is_fatal;    /* ... for a numbered statement: a server must close */
    char fault[256];  /* what is wrong with it; "" if nothing */
};

/* Topic Aliases of one direction of one connection. */
struct aliases {
    char **topics; /* by alias; NULL where none */
    size_t n;
};

/* message_read copies a packet and reads what matching needs.
 *
 * aliases   of the sender's direction: learnt from and used; NULL: none
 */
void message_read(struct message *message, enum wire_version version,
                  enum wire_side from, const uint8_t *octets, size_t n,
                  struct aliases *aliases);

/* message_decode reads the packet in full; slices into the message. */
void message_decode(const struct message *message, struct wire_packet *packet);

/* message_line describes it on one line, secrets hidden. */
char *message_line(const struct message *message, char *out, size_t cap);

void message_clear(struct message *message);
void aliases_clear(struct aliases *aliases);

#endif
