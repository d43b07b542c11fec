/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c -- what a captured TLS connection says, when its keys are known.
 *
 * The handshake is read only for what decryption needs: the client's random
 * (it finds the secrets in the log), the cipher suite, the version, and the
 * moment at which each direction changes its keys.
 */
#include "tls.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "room.h"

enum {
    RANDOM = 32,
    SECRET_MAX = 48,
    RECORD_MAX = 16384 + 2048,
    TAG = 16,
    CHANGE_CIPHER_SPEC = 20,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23,
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    FINISHED = 20,
    KEY_UPDATE = 24
};

/* The secrets of a key log, by label. */
enum label {
    MASTER,
    CLIENT_HANDSHAKE,
    SERVER_HANDSHAKE,
    CLIENT_TRAFFIC,
    SERVER_TRAFFIC,
    N_LABELS
};

static const char *const LABELS[N_LABELS] = {
    "CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0"};

struct secret {
    uint8_t random[RANDOM];
    enum label label;
    uint8_t octets[SECRET_MAX];
    size_t n;
};

struct tls_keys {
    struct secret *secrets;
    size_t n;
};

struct suite {
    uint16_t id;
    const char *cipher, *digest;
    size_t key;
    bool is_13;
};

static const struct suite SUITES[] = {
    {0x1301, "AES-128-GCM", "SHA256", 16, true},
    {0x1302, "AES-256-GCM", "SHA384", 32, true},
    {0x1303, "ChaCha20-Poly1305", "SHA256", 32, true},
    {0x009C, "AES-128-GCM", "SHA256", 16, false},
    {0x009E, "AES-128-GCM", "SHA256", 16, false},
    {0xC02B, "AES-128-GCM", "SHA256", 16, false},
    {0xC02F, "AES-128-GCM", "SHA256", 16, false},
    {0x009D, "AES-256-GCM", "SHA384", 32, false},
    {0x009F, "AES-256-GCM", "SHA384", 32, false},
    {0xC02C, "AES-256-GCM", "SHA384", 32, false},
    {0xC030, "AES-256-GCM", "SHA384", 32, false},
    {0xCCA8, "ChaCha20-Poly1305", "SHA256", 32, false},
    {0xCCA9, "ChaCha20-Poly1305", "SHA256", 32, false},
    {0xCCAA, "ChaCha20-Poly1305", "SHA256", 32, false},
};

struct direction {
    uint8_t record[RECORD_MAX + 5];
    size_t n;
    uint8_t message[4]; /* header of the handshake message being read */
    size_t n_message;
    size_t left; /* octets of that message still to come */
    bool has_keys, is_lost;
    uint8_t secret[SECRET_MAX], key[32], iv[12];
    uint64_t sequence;
};

struct tls {
    const struct tls_keys *keys;
    int client;
    uint8_t client_random[RANDOM], server_random[RANDOM];
    const struct suite *suite;
    bool has_failed;
    struct direction direction[2];
};

/* ---- the key log --------------------------------------------------------- */

struct tls_keys *tls_keys_new(void)
{
    return xcalloc(1, sizeof(struct tls_keys));
}

void tls_keys_free(struct tls_keys *keys)
{
    if (!keys)
        return;
    free(keys->secrets);
    free(keys);
}

static size_t read_hex(const char *text, uint8_t *out, size_t cap)
{
    size_t n = 0;
    unsigned octet;
    while (n < cap && sscanf(text + 2 * n, "%2x", &octet) == 1)
        out[n++] = (uint8_t)octet;
    return n;
}

static void add_line(struct tls_keys *keys, const char *line)
{
    char label[48], random[2 * RANDOM + 1], secret[2 * SECRET_MAX + 1];
    if (sscanf(line, "%47s %64[0-9a-fA-F] %96[0-9a-fA-F]", label, random,
               secret) != 3)
        return;
    for (int i = 0; i < N_LABELS; i++) {
        if (strcmp(label, LABELS[i]))
            continue;
        struct secret s = {.label = (enum label)i};
        s.n = read_hex(secret, s.octets, sizeof s.octets);
        if (read_hex(random, s.random, RANDOM) != RANDOM || s.n < 32)
            return;
        keys->secrets = grow(keys->secrets, keys->n, sizeof s);
        keys->secrets[keys->n++] = s;
    }
}

void tls_keys_add(struct tls_keys *keys, const char *text)
{
    for (const char *line = text; line && *line;) {
        char one[400];
        size_t n = strcspn(line, "\r\n");
        snprintf(one, sizeof one, "%.*s", (int)(n < 399 ? n : 399), line);
        add_line(keys, one);
        line += n;
        line += strspn(line, "\r\n");
    }
}

static const struct secret *find_secret(const struct tls *tls, enum label label)
{
    for (size_t i = 0; i < tls->keys->n; i++) {
        const struct secret *s = &tls->keys->secrets[i];
        if (s->label == label && !memcmp(s->random, tls->client_random, RANDOM))
            return s;
    }
    return NULL;
}

/* ---- keys ---------------------------------------------------------------- */

static size_t digest_size(const struct suite *suite)
{
    return strcmp(suite->digest, "SHA384") ? 32 : 48;
}

static void hmac(const struct suite *suite, const uint8_t *key, size_t n_key,
                 const uint8_t *data, size_t n, uint8_t out[EVP_MAX_MD_SIZE])
{
    const EVP_MD *md =
        strcmp(suite->digest, "SHA384") ? EVP_sha256() : EVP_sha384();
    HMAC(md, key, (int)n_key, data, n, out, NULL);
}

/* HKDF-Expand-Label of RFC 8446 s7.1 for what one block gives. */
static void expand_label(const struct suite *suite, const uint8_t *secret,
                         const char *label, uint8_t *out, size_t n)
{
    uint8_t info[64], block[EVP_MAX_MD_SIZE];
    size_t n_label = strlen(label);
    info[0] = 0;
    info[1] = (uint8_t)n;
    info[2] = (uint8_t)(6 + n_label);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, n_label);
    info[9 + n_label] = 0;
    info[10 + n_label] = 1;
    hmac(suite, secret, digest_size(suite), info, 11 + n_label, block);
    memcpy(out, block, n);
}

static void use_secret(struct tls *tls, struct direction *d)
{
    expand_label(tls->suite, d->secret, "key", d->key, tls->suite->key);
    expand_label(tls->suite, d->secret, "iv", d->iv, sizeof d->iv);
    d->sequence = 0;
    d->has_keys = true;
}

static void take_secret(struct tls *tls, int from, enum label client,
                        enum label server)
{
    struct direction *d = &tls->direction[from];
    const struct secret *s =
        find_secret(tls, from == tls->client ? client : server);
    if (!s || s->n != digest_size(tls->suite)) {
        tls->has_failed = true;
        return;
    }
    memcpy(d->secret, s->octets, s->n);
    use_secret(tls, d);
}

/* P_hash of RFC 5246 s5, for the key block of TLS 1.2. */
static void key_block(const struct tls *tls, const uint8_t *master,
                      uint8_t *out, size_t n)
{
    uint8_t seed[13 + 2 * RANDOM], a[EVP_MAX_MD_SIZE + sizeof seed];
    size_t size = digest_size(tls->suite);
    memcpy(seed, "key expansion", 13);
    memcpy(seed + 13, tls->server_random, RANDOM);
    memcpy(seed + 13 + RANDOM, tls->client_random, RANDOM);
    hmac(tls->suite, master, 48, seed, sizeof seed, a);
    for (size_t at = 0; at < n; at += size) {
        uint8_t block[EVP_MAX_MD_SIZE], next[EVP_MAX_MD_SIZE];
        memcpy(a + size, seed, sizeof seed);
        hmac(tls->suite, master, 48, a, size + sizeof seed, block);
        memcpy(out + at, block, n - at < size ? n - at : size);
        hmac(tls->suite, master, 48, a, size, next);
        memcpy(a, next, size);
    }
}

/* A direction of TLS 1.2 changes to the negotiated keys. */
static void change_cipher(struct tls *tls, int from)
{
    const struct secret *master = find_secret(tls, MASTER);
    if (!master || master->n != 48) {
        tls->has_failed = true;
        return;
    }
    struct direction *d = &tls->direction[from];
    bool is_gcm = tls->suite->cipher[0] == 'A';
    size_t key = tls->suite->key, iv = is_gcm ? 4 : 12;
    size_t second = from == tls->client ? 0 : 1;
    uint8_t block[2 * 32 + 2 * 12];
    key_block(tls, master->octets, block, 2 * key + 2 * iv);
    memcpy(d->key, block + second * key, key);
    memcpy(d->iv, block + 2 * key + second * iv, iv);
    d->sequence = 0;
    d->has_keys = true;
}

/* ---- the handshake ------------------------------------------------------- */

static void read_server_hello(struct tls *tls, const uint8_t *body, size_t n)
{
    static const uint8_t RETRY[4] = {0xCF, 0x21, 0xAD, 0x74};
    if (n < 38 || !memcmp(body + 2, RETRY, sizeof RETRY))
        return; /* too short, or a HelloRetryRequest: another one follows */
    memcpy(tls->server_random, body + 2, RANDOM);
    size_t at = 35u + body[34];
    if (at + 2 > n)
        return;
    unsigned id = (unsigned)body[at] << 8 | body[at + 1];
    for (size_t i = 0; i < sizeof SUITES / sizeof SUITES[0]; i++)
        if (SUITES[i].id == id)
            tls->suite = &SUITES[i];
    if (!tls->suite) {
        tls->has_failed = true;
    } else if (tls->suite->is_13) {
        for (int from = 0; from < 2; from++)
            take_secret(tls, from, CLIENT_HANDSHAKE, SERVER_HANDSHAKE);
    }
}

static void on_message(struct tls *tls, int from, const uint8_t *body, size_t n)
{
    struct direction *d = &tls->direction[from];
    int type = d->message[0];
    if (type == CLIENT_HELLO && n >= 34)
        memcpy(tls->client_random, body + 2, RANDOM);
    else if (type == SERVER_HELLO)
        read_server_hello(tls, body, n);
    else if (type == FINISHED && tls->suite && tls->suite->is_13)
        take_secret(tls, from, CLIENT_TRAFFIC, SERVER_TRAFFIC);
    else if (type == KEY_UPDATE && tls->suite && tls->suite->is_13) {
        expand_label(tls->suite, d->secret, "traffic upd", d->secret,
                     digest_size(tls->suite));
        use_secret(tls, d);
    }
}

/* Reads handshake messages; of one that spans records the part in the record
 * where it ends, which is enough for all but the two hellos, and those are
 * small. */
static void read_handshake(struct tls *tls, int from, const uint8_t *at,
                           size_t n)
{
    struct direction *d = &tls->direction[from];
    while (n > 0) {
        if (d->n_message < 4) {
            d->message[d->n_message++] = *at++;
            n--;
            d->left = (size_t)d->message[1] << 16 | (size_t)d->message[2] << 8 |
                      d->message[3];
            if (d->n_message < 4 || d->left)
                continue;
        }
        size_t part = d->left < n ? d->left : n;
        d->left -= part;
        if (d->left == 0) {
            d->n_message = 0;
            on_message(tls, from, at, part);
        }
        at += part;
        n -= part;
    }
}

/* ---- records ------------------------------------------------------------- */

static bool open_sealed(const struct tls *tls, const struct direction *d,
                        const uint8_t nonce[12], const uint8_t *aad,
                        size_t n_aad, const uint8_t *sealed, size_t n,
                        uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = room_or_die(EVP_CIPHER_CTX_new());
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, tls->suite->cipher, NULL);
    uint8_t tag[TAG];
    int done = 0;
    memcpy(tag, sealed + n - TAG, TAG);
    bool is_good = cipher &&
                   EVP_DecryptInit_ex(ctx, cipher, NULL, d->key, nonce) &&
                   EVP_DecryptUpdate(ctx, NULL, &done, aad, (int)n_aad) &&
                   EVP_DecryptUpdate(ctx, out, &done, sealed, (int)(n - TAG)) &&
                   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) &&
                   EVP_DecryptFinal_ex(ctx, out + done, &done) > 0;
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(ctx);
    return is_good;
}

/* Decrypts the record in d->record. Gives its content's type, 0 on failure. */
static int unseal(struct tls *tls, struct direction *d, uint8_t *out,
                  size_t *n_out)
{
    bool is_13 = tls->suite->is_13, is_gcm = tls->suite->cipher[0] == 'A';
    size_t explicit_nonce = !is_13 && is_gcm ? 8 : 0, n = d->n - 5;
    if (n < explicit_nonce + TAG)
        return 0;
    uint8_t nonce[12], aad[13];
    memcpy(nonce, d->iv, sizeof nonce);
    if (explicit_nonce)
        memcpy(nonce + 4, d->record + 5, 8);
    for (int i = 0; i < 8; i++) {
        uint8_t octet = (uint8_t)(d->sequence >> (56 - 8 * i));
        aad[i] = octet;
        if (!explicit_nonce)
            nonce[4 + i] ^= octet;
    }
    size_t plain = n - explicit_nonce - TAG;
    memcpy(aad + 8, d->record, 3);
    aad[11] = (uint8_t)(plain >> 8);
    aad[12] = (uint8_t)plain;
    d->sequence++;
    if (!open_sealed(tls, d, nonce, is_13 ? d->record : aad, is_13 ? 5 : 13,
                     d->record + 5 + explicit_nonce, n - explicit_nonce, out))
        return 0;
    int type = d->record[0];
    if (is_13) { /* the true type is behind the content, before zeros */
        while (plain > 0 && out[plain - 1] == 0)
            plain--;
        type = plain ? out[--plain] : 0;
    }
    *n_out = plain;
    return type;
}

static void on_record(struct tls *tls, int from,
                      void (*on_plain)(void *, const uint8_t *, size_t),
                      void *user)
{
    struct direction *d = &tls->direction[from];
    uint8_t plain[RECORD_MAX];
    const uint8_t *content = d->record + 5;
    size_t n = d->n - 5;
    int type = d->record[0];
    bool is_sealed =
        d->has_keys && !(type == CHANGE_CIPHER_SPEC && tls->suite->is_13);
    if (is_sealed) {
        type = unseal(tls, d, plain, &n);
        content = plain;
        if (type == 0) {
            tls->has_failed = true;
            return;
        }
    }
    if (type == HANDSHAKE)
        read_handshake(tls, from, content, n);
    else if (type == CHANGE_CIPHER_SPEC && tls->suite && !tls->suite->is_13)
        change_cipher(tls, from);
    else if (type == APPLICATION_DATA && is_sealed)
        on_plain(user, content, n);
    else if (type == APPLICATION_DATA)
        tls->has_failed = true;
}

struct tls *tls_new(const struct tls_keys *keys, int client)
{
    if (keys->n == 0)
        return NULL;
    struct tls *tls = xcalloc(1, sizeof *tls);
    tls->keys = keys;
    tls->client = client;
    return tls;
}

bool tls_push(struct tls *tls, int from, const uint8_t *octets, size_t n,
              void (*on_plain)(void *user, const uint8_t *octets, size_t n),
              void *user)
{
    struct direction *d = &tls->direction[from];
    while (n > 0 && !tls->has_failed && !d->is_lost) {
        size_t total = 5;
        if (d->n >= 5)
            total += (size_t)d->record[3] << 8 | d->record[4];
        if (total > sizeof d->record) {
            tls->has_failed = true;
            break;
        }
        size_t part = total - d->n < n ? total - d->n : n;
        memcpy(d->record + d->n, octets, part);
        d->n += part;
        octets += part;
        n -= part;
        if (d->n >= 5 &&
            d->n == 5 + ((size_t)d->record[3] << 8 | d->record[4])) {
            on_record(tls, from, on_plain, user);
            d->n = 0;
        }
    }
    return !tls->has_failed && !d->is_lost;
}

void tls_lose(struct tls *tls, int from)
{
    tls->direction[from].is_lost = true;
}

void tls_free(struct tls *tls)
{
    free(tls);
}
