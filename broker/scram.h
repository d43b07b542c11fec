// SPDX-License-Identifier: Apache-2.0
/* scram.h -- the server's side of SCRAM-SHA-256.
 *
 * Two messages of the client, two answers. No sockets and no MQTT here: on_auth
 * carries the messages. The users file holds what is needed, because its hash,
 * PBKDF2 with HMAC-SHA-256, is SCRAM's SaltedPassword.
 * Channel binding is not offered. Spec: RFC 5802 s3, s5, s7; RFC 7677.
 */
#ifndef BROKER_SCRAM_H
#define BROKER_SCRAM_H

#include "base/buf.h"

#define SCRAM_METHOD "SCRAM-SHA-256"

enum {
    SCRAM_SALT = 16, /* octets */
    SCRAM_HASH = 32,
    SCRAM_NONCE = 25, /* text of ours, NUL included */
};

/* What is known of a user. */
struct scram_user {
    bool is_known; /* false: a stand-in, so that strangers cannot tell */
    unsigned iterations;
    uint8_t salt[SCRAM_SALT];
    uint8_t salted_password[SCRAM_HASH];
};

/* One exchange; zeroed is new. */
struct scram {
    struct buf name;         /* of the user, escapes undone */
    struct buf gs2_header;   /* "n,," */
    struct buf nonce;        /* the client's, then ours */
    struct buf auth_message; /* what both sides sign, as far as known */
    struct scram_user user;
};

/* scram_clear frees what an exchange holds; it is then new again. */
void scram_clear(struct scram *s);

/* scram_read_first reads the client's first message.
 *
 * Afterwards s->name says whom scram_challenge must be told about.
 * Returns false when the message is malformed or wants what is not offered.
 */
bool scram_read_first(struct scram *s, struct slice message);

/* scram_make_nonce makes our half of a nonce. Returns false if OpenSSL fails.
 */
bool scram_make_nonce(char out[SCRAM_NONCE]);

/* scram_challenge writes the server's first message.
 *
 * user    of s->name; copied
 * nonce   our half, NUL-terminated, printable without commas
 * out     appended to
 */
void scram_challenge(struct scram *s, const struct scram_user *user,
                     const char *nonce, struct buf *out);

/* scram_check_final checks the client's last message.
 *
 * out   the server's last message is appended to it on success
 *
 * Returns whether the client has proved to know the password of s->name. Takes
 * the same time for unknown users.
 */
bool scram_check_final(struct scram *s, struct slice message, struct buf *out);

#endif
