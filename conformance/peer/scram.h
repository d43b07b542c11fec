/* SPDX-License-Identifier: Apache-2.0 */
/* scram.h -- the client's side of SCRAM-SHA-256, for Authentication Data.
 *
 *     struct scram scram;
 *     scram_begin(&scram, user.name, user.password, NULL);
 *     ... .authentication_data = scram_first(&scram) ...
 *     ... .authentication_data = scram_final(&scram, challenge) ...
 *     scram_verify(&scram, server_final)
 * The messages are text that lives in the struct; nothing is freed. No channel
 * binding. Spec: RFC 5802, RFC 7677; 5.0 s4.12.
 */
#ifndef MQTTSPEC_PEER_SCRAM_H
#define MQTTSPEC_PEER_SCRAM_H

#include "wire/wire.h"

#define SCRAM "SCRAM-SHA-256"

enum { SCRAM_DIGEST = 32, SCRAM_TEXT = 512 };

struct scram {
    char password[128], nonce[64];
    char first[SCRAM_TEXT], final[SCRAM_TEXT];
    unsigned char signature[SCRAM_DIGEST]; /* the server's, as it must be */
    bool has_signature;
};

/* scram_begin starts an exchange.
 *
 * user, password   as the server knows them, ASCII (no SASLprep is done)
 * nonce            NULL: a random one; given only to check known vectors
 */
void scram_begin(struct scram *scram, const char *user, const char *password,
                 const char *nonce);

/* scram_first gives the first message: "n,,n=USER,r=NONCE". */
struct wire_bytes scram_first(struct scram *scram);

/* scram_final answers the server's challenge "r=NONCE,s=SALT,i=COUNT" with the
 * proof: "c=biws,r=NONCE,p=PROOF". Empty if the challenge cannot be read, or
 * if its nonce does not begin with ours. */
struct wire_bytes scram_final(struct scram *scram, struct wire_bytes challenge);

/* scram_verify tells whether "v=SIGNATURE" proves that the server knows the
 * password as well. */
bool scram_verify(const struct scram *scram, struct wire_bytes server_final);

#endif
