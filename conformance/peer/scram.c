/* SPDX-License-Identifier: Apache-2.0 */
/* scram.c -- the client's side of SCRAM-SHA-256 (RFC 5802 s3, RFC 7677).
 */
#include "peer/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW_NONCE = 18, MAX_SALT = 256 };

static void hmac(const unsigned char *key, const char *text, size_t n,
                 unsigned char *out)
{
    HMAC(EVP_sha256(), key, SCRAM_DIGEST, (const unsigned char *)text, n, out,
         NULL);
}

static void to_base64(const unsigned char *octets, int n, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, octets, n);
}

/* Returns the number of octets, or -1 if it is no base64. */
static int from_base64(const char *text, size_t n, unsigned char *out)
{
    int length = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
    if (length < 0 || n % 4 != 0)
        return -1;
    for (size_t i = n; i > 0 && text[i - 1] == '='; i--)
        length--; /* EVP_DecodeBlock counts the padding */
    return length;
}

/* The value of an attribute of a message, "r=..."; NULL if it is not there. */
static const char *attribute(const char *message, char name, size_t *n)
{
    for (const char *at = message; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (at[0] == name && at[1] == '=') {
            *n = strcspn(at + 2, ",");
            return at + 2;
        }
    }
    return NULL;
}

void scram_begin(struct scram *scram, const char *user, const char *password,
                 const char *nonce)
{
    unsigned char raw[RAW_NONCE];
    *scram = (struct scram){0};
    RAND_bytes(raw, sizeof raw);
    to_base64(raw, sizeof raw, scram->nonce);
    if (nonce)
        snprintf(scram->nonce, sizeof scram->nonce, "%s", nonce);
    snprintf(scram->password, sizeof scram->password, "%s", password);
    snprintf(scram->first, sizeof scram->first, "n,,n=%s,r=%s", user,
             scram->nonce);
}

struct wire_bytes scram_first(struct scram *scram)
{
    return SLICE(scram->first, strlen(scram->first));
}

/* Proof and server signature over the three messages of the exchange. */
static void prove(struct scram *scram, const unsigned char *salted,
                  const char *auth_message, unsigned char *proof)
{
    unsigned char client_key[SCRAM_DIGEST], stored[SCRAM_DIGEST];
    unsigned char server_key[SCRAM_DIGEST];
    hmac(salted, "Client Key", 10, client_key);
    EVP_Digest(client_key, SCRAM_DIGEST, stored, NULL, EVP_sha256(), NULL);
    hmac(stored, auth_message, strlen(auth_message), proof);
    for (int i = 0; i < SCRAM_DIGEST; i++)
        proof[i] ^= client_key[i];
    hmac(salted, "Server Key", 10, server_key);
    hmac(server_key, auth_message, strlen(auth_message), scram->signature);
    scram->has_signature = true;
}

struct wire_bytes scram_final(struct scram *scram, struct wire_bytes challenge)
{
    char server_first[SCRAM_TEXT], without_proof[SCRAM_TEXT], text[64];
    char auth_message[3 * SCRAM_TEXT];
    unsigned char salt[MAX_SALT], salted[SCRAM_DIGEST], proof[SCRAM_DIGEST];
    size_t n_nonce = 0, n_salt = 0, n_count = 0;
    snprintf(server_first, sizeof server_first, "%.*s",
             (int)wire_len(challenge), challenge.text ? challenge.text : "");
    const char *nonce = attribute(server_first, 'r', &n_nonce);
    const char *salt_text = attribute(server_first, 's', &n_salt);
    const char *count = attribute(server_first, 'i', &n_count);
    size_t n_ours = strlen(scram->nonce);
    int n = salt_text && n_salt <= MAX_SALT
                ? from_base64(salt_text, n_salt, salt)
                : -1;
    if (!nonce || !count || n < 0 || n_nonce <= n_ours ||
        memcmp(nonce, scram->nonce, n_ours) != 0)
        return BYTES("");
    PKCS5_PBKDF2_HMAC(scram->password, (int)strlen(scram->password), salt, n,
                      atoi(count), EVP_sha256(), SCRAM_DIGEST, salted);
    snprintf(without_proof, sizeof without_proof, "c=biws,r=%.*s", (int)n_nonce,
             nonce);
    snprintf(auth_message, sizeof auth_message, "%s,%s,%s", scram->first + 3,
             server_first, without_proof);
    prove(scram, salted, auth_message, proof);
    to_base64(proof, SCRAM_DIGEST, text);
    snprintf(scram->final, sizeof scram->final, "%.440s,p=%s", without_proof,
             text);
    return SLICE(scram->final, strlen(scram->final));
}

bool scram_verify(const struct scram *scram, struct wire_bytes server_final)
{
    char text[64] = "v=";
    to_base64(scram->signature, SCRAM_DIGEST, text + 2);
    return scram->has_signature && wire_len(server_final) == strlen(text) &&
           memcmp(server_final.text, text, strlen(text)) == 0;
}
