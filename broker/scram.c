// SPDX-License-Identifier: Apache-2.0
/* scram.c -- the server's side of SCRAM-SHA-256.
 *
 * Spec: RFC 5802 s3 (the algorithm), s5.1 (attributes), s7 (grammar); RFC 7677.
 */
#include "scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum {
    PROOF_TEXT = 44, /* base64 of 32 octets */
    MAX_MESSAGE = 2048,
};

void scram_clear(struct scram *s)
{
    buf_clear(&s->name);
    buf_clear(&s->gs2_header);
    buf_clear(&s->nonce);
    buf_clear(&s->auth_message);
    OPENSSL_cleanse(s, sizeof *s);
}

static void append_text(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

static void append_slice(struct buf *out, struct slice s)
{
    buf_append(out, s.data, s.n);
}

static void append_base64(struct buf *out, const uint8_t *octets, size_t n)
{
    unsigned char text[64];

    buf_append(out, text, (size_t)EVP_EncodeBlock(text, octets, (int)n));
}

/* attribute gives the value of "x=value"; false: it is another attribute. */
static bool attribute(struct slice field, char letter, struct slice *value)
{
    if (field.n < 2 || field.data[0] != (uint8_t)letter || field.data[1] != '=')
        return false;
    *value = slice_of(field.data + 2, field.n - 2);
    return true;
}

/* unescape undoes "=2C" and "=3D"; any other "=" is refused. RFC 5802 s5.1. */
static bool unescape(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *plain = NULL;
        if (s.data[i] != '=') {
            buf_append(out, s.data + i, 1);
            continue;
        }
        if (i + 2 < s.n && memcmp(s.data + i, "=2C", 3) == 0)
            plain = ",";
        if (i + 2 < s.n && memcmp(s.data + i, "=3D", 3) == 0)
            plain = "=";
        if (!plain)
            return false;
        buf_append(out, plain, 1);
        i += 2;
    }
    return buf_size(out) > 0;
}

/* is_nonce: printable ASCII without commas, RFC 5802 s7. */
static bool is_nonce(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.data[i] < 0x21 || s.data[i] > 0x7E || s.data[i] == ',')
            return false;
    return s.n > 0;
}

/* read_header reads "n,," or "y,,": no channel binding, nobody to act as. The
 * name that "a=" may hold is refused, as nobody may act for others here.
 */
static bool read_header(struct scram *s, struct slice message,
                        struct slice *bare)
{
    if (message.n < 3 || message.n > MAX_MESSAGE ||
        (message.data[0] != 'n' && message.data[0] != 'y') ||
        message.data[1] != ',' || message.data[2] != ',')
        return false;
    buf_append(&s->gs2_header, message.data, 3);
    *bare = slice_of(message.data + 3, message.n - 3);
    return true;
}

bool scram_read_first(struct scram *s, struct slice message)
{
    struct slice bare;
    struct slice rest;
    struct slice name;
    struct slice nonce;

    scram_clear(s);
    if (!read_header(s, message, &bare))
        return false;
    rest = bare;
    /* "m=" would announce an extension that must be understood. */
    if (!attribute(slice_cut(&rest, ","), 'n', &name) ||
        !attribute(slice_cut(&rest, ","), 'r', &nonce) || !is_nonce(nonce) ||
        !unescape(name, &s->name))
        return false;
    append_slice(&s->nonce, nonce);
    append_slice(&s->auth_message, bare);
    return true;
}

bool scram_make_nonce(char out[SCRAM_NONCE])
{
    uint8_t octets[(SCRAM_NONCE - 1) / 4 * 3];

    if (RAND_bytes(octets, sizeof octets) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)out, octets, sizeof octets);
    return true;
}

void scram_challenge(struct scram *s, const struct scram_user *user,
                     const char *nonce, struct buf *out)
{
    size_t begin = buf_size(out);
    char iterations[32];
    struct slice first;

    s->user = *user;
    append_text(&s->nonce, nonce);
    append_text(out, "r=");
    append_slice(out, buf_slice(&s->nonce));
    append_text(out, ",s=");
    append_base64(out, user->salt, sizeof user->salt);
    snprintf(iterations, sizeof iterations, ",i=%u", user->iterations);
    append_text(out, iterations);
    first = slice_of(buf_slice(out).data + begin, buf_size(out) - begin);
    append_text(&s->auth_message, ",");
    append_slice(&s->auth_message, first);
}

static void hmac(const uint8_t key[SCRAM_HASH], struct slice octets,
                 uint8_t out[SCRAM_HASH])
{
    unsigned n = SCRAM_HASH;

    HMAC(EVP_sha256(), key, SCRAM_HASH, octets.data, octets.n, out, &n);
}

/* is_proved compares H(proof xor signature) with StoredKey = H(ClientKey). */
static bool is_proved(const struct scram *s, const uint8_t proof[SCRAM_HASH])
{
    uint8_t client_key[SCRAM_HASH];
    uint8_t stored_key[SCRAM_HASH];
    uint8_t recovered[SCRAM_HASH];
    uint8_t signature[SCRAM_HASH];
    bool result;

    hmac(s->user.salted_password, slice_of_text("Client Key"), client_key);
    EVP_Digest(client_key, SCRAM_HASH, stored_key, NULL, EVP_sha256(), NULL);
    hmac(stored_key, buf_slice(&s->auth_message), signature);
    for (size_t i = 0; i < SCRAM_HASH; i++)
        recovered[i] = proof[i] ^ signature[i];
    EVP_Digest(recovered, SCRAM_HASH, recovered, NULL, EVP_sha256(), NULL);
    result = CRYPTO_memcmp(recovered, stored_key, SCRAM_HASH) == 0;
    OPENSSL_cleanse(client_key, sizeof client_key);
    return result && s->user.is_known;
}

static void sign(const struct scram *s, struct buf *out)
{
    uint8_t server_key[SCRAM_HASH];
    uint8_t signature[SCRAM_HASH];

    hmac(s->user.salted_password, slice_of_text("Server Key"), server_key);
    hmac(server_key, buf_slice(&s->auth_message), signature);
    append_text(out, "v=");
    append_base64(out, signature, sizeof signature);
}

/* is_header tells whether c= repeats what the first message said of channel
 * binding, in base64.
 */
static bool is_header(const struct scram *s, struct slice text)
{
    struct buf expected = {0};
    bool result;

    append_base64(&expected, buf_slice(&s->gs2_header).data,
                  buf_size(&s->gs2_header));
    result = slice_equals(text, buf_slice(&expected));
    buf_clear(&expected);
    return result;
}

bool scram_check_final(struct scram *s, struct slice message, struct buf *out)
{
    struct slice rest = message;
    struct slice header;
    struct slice nonce;
    struct slice proof;
    struct slice last;
    uint8_t octets[PROOF_TEXT / 4 * 3];

    if (message.n > MAX_MESSAGE ||
        !attribute(slice_cut(&rest, ","), 'c', &header) ||
        !is_header(s, header) ||
        !attribute(slice_cut(&rest, ","), 'r', &nonce) ||
        !slice_equals(nonce, buf_slice(&s->nonce)))
        return false;
    do /* unknown extensions may stand before the proof */
        last = slice_cut(&rest, ",");
    while (rest.n > 0);
    if (!attribute(last, 'p', &proof) || proof.n != PROOF_TEXT ||
        EVP_DecodeBlock(octets, proof.data, PROOF_TEXT) != sizeof octets)
        return false;
    append_text(&s->auth_message, ",");
    append_slice(
        &s->auth_message,
        slice_of(message.data, (size_t)(last.data - message.data) - 1));
    if (!is_proved(s, octets))
        return false;
    sign(s, out);
    return true;
}
