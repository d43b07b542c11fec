// SPDX-License-Identifier: Apache-2.0
/* tls_store.c -- certificates and keys of an acceptor, from files.
 *
 * A store is PKCS#12 or PEM; its first octet tells which (PKCS#12 is a DER
 * SEQUENCE, 0x30). Read at start and again after SIGHUP.
 */
#include "net/tls_store.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    DER_SEQUENCE = 0x30,
};

/* One store file and where to complain about it. */
struct source {
    const char *parameter; /* keyStorePath, trustStorePath */
    const char *path;
    const char *password; /* NULL: none */
    struct complaint *error;
};

static int refuse(const struct source *s, const char *legal)
{
    ERR_clear_error();
    return complain(s->error, "%s=%s: %s", s->parameter, s->path, legal);
}

static int on_password(char *out, int n, int is_writing, void *arg)
{
    const char *password = arg;
    size_t length = password ? strlen(password) : 0;

    (void)is_writing;
    if (length > (size_t)n)
        return -1;
    if (length > 0)
        memcpy(out, password, length);
    return (int)length;
}

static int check_mode(const struct source *s, FILE *file)
{
    struct stat about;

    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        return refuse(s, "must be a regular file");
    if (about.st_mode & S_IROTH)
        return refuse(s, "holds a private key and is readable for everybody; "
                         "its mode must be 0600 or 0640");
    return 0;
}

static bool is_pkcs12(FILE *file)
{
    int first = getc(file);

    rewind(file);
    return first == DER_SEQUENCE;
}

static int parse_pkcs12(const struct source *s, FILE *file, EVP_PKEY **key,
                        X509 **certificate, STACK_OF(X509) * *others)
{
    PKCS12 *p12 = d2i_PKCS12_fp(file, NULL);
    int done = 0;

    if (!p12)
        return refuse(s, "is not a PKCS#12 store");
    done = PKCS12_parse(p12, s->password ? s->password : "", key, certificate,
                        others);
    PKCS12_free(p12);
    return done ? 0
                : refuse(s, "cannot be opened with the password given; "
                            "the password of the store is needed");
}

static int use_pkcs12(SSL_CTX *ssl, const struct source *s, FILE *file)
{
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    STACK_OF(X509) *others = NULL;
    int result = parse_pkcs12(s, file, &key, &certificate, &others);

    if (result == 0 && (!key || !certificate))
        result = refuse(s, "must hold a certificate and its private key");
    if (result == 0 &&
        SSL_CTX_use_cert_and_key(ssl, certificate, key, others, 1) != 1)
        result = refuse(s, "certificate and private key do not fit");
    EVP_PKEY_free(key);
    X509_free(certificate);
    sk_X509_pop_free(others, X509_free);
    return result;
}

static int use_pem(SSL_CTX *ssl, const struct source *s)
{
    if (SSL_CTX_use_certificate_chain_file(ssl, s->path) != 1)
        return refuse(s, "must be PKCS#12, or PEM with the certificate chain "
                         "and its private key; no certificate was found");
    if (SSL_CTX_use_PrivateKey_file(ssl, s->path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ssl) != 1)
        return refuse(s, "must hold the private key of its certificate as "
                         "well (and keyStorePassword, if it is encrypted)");
    return 0;
}

static int use_key_store(SSL_CTX *ssl, const struct source *s)
{
    FILE *file = s->path ? fopen(s->path, "rb") : NULL;
    int result;

    if (!s->path)
        return complain(
            s->error,
            "keyStorePath: sslEnabled=true needs the path of a PKCS#12 or "
            "PEM file with certificate and private key");
    if (!file)
        return refuse(s, strerror(errno));
    result = check_mode(s, file);
    if (result == 0)
        result = is_pkcs12(file) ? use_pkcs12(ssl, s, file) : use_pem(ssl, s);
    fclose(file);
    return result;
}

static int trust_pkcs12(SSL_CTX *ssl, const struct source *s, FILE *file)
{
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    STACK_OF(X509) *others = NULL;
    int result = parse_pkcs12(s, file, &key, &certificate, &others);
    X509_STORE *trusted = SSL_CTX_get_cert_store(ssl);
    int n_trusted = 0;

    if (certificate && X509_STORE_add_cert(trusted, certificate) == 1)
        n_trusted++;
    for (int i = 0; i < sk_X509_num(others); i++) {
        X509 *other = sk_X509_value(others, i);
        if (X509_STORE_add_cert(trusted, other) == 1 &&
            SSL_CTX_add_client_CA(ssl, other) == 1)
            n_trusted++;
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    sk_X509_pop_free(others, X509_free);
    if (result == 0 && n_trusted == 0)
        result = refuse(s, "must hold at least one certificate");
    return result;
}

static int use_trust_store(SSL_CTX *ssl, const struct source *s)
{
    FILE *file = fopen(s->path, "rb");
    STACK_OF(X509_NAME) * names;
    int result = 0;

    if (!file)
        return refuse(s, strerror(errno));
    if (is_pkcs12(file)) {
        result = trust_pkcs12(ssl, s, file);
    } else if (SSL_CTX_load_verify_file(ssl, s->path) != 1) {
        result = refuse(s, "must be PKCS#12, or PEM with the certificates of "
                           "trusted authorities");
    } else {
        names = SSL_load_client_CA_file(s->path);
        SSL_CTX_set_client_CA_list(ssl, names);
    }
    fclose(file);
    return result;
}

static int use_versions(SSL_CTX *ssl, const char *list, struct complaint *error)
{
    bool has_1_2 = !list || strstr(list, "TLSv1.2");
    bool has_1_3 = !list || strstr(list, "TLSv1.3");

    if (!has_1_2 && !has_1_3)
        return complain(error,
                        "enabledProtocols=%s: must be TLSv1.2, TLSv1.3 or both",
                        list);
    SSL_CTX_set_min_proto_version(ssl,
                                  has_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(ssl,
                                  has_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    return 0;
}

/* use_ciphers takes a comma list that may mix suites of both versions: what
 * TLS 1.3 knows goes there, the rest to TLS 1.2.
 */
static int use_ciphers(SSL_CTX *ssl, const char *list, struct complaint *error)
{
    char names[2][1024] = {"", ""};

    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        char *names_of = names[strncmp(at, "TLS_", 4) == 0];
        size_t used = strlen(names_of);
        snprintf(names_of + used, sizeof *names - used, "%s%.*s",
                 used ? ":" : "", (int)length, at);
        at += length + (at[length] == ',');
    }
    if ((names[0][0] && SSL_CTX_set_cipher_list(ssl, names[0]) != 1) ||
        (names[1][0] && SSL_CTX_set_ciphersuites(ssl, names[1]) != 1)) {
        complain(error,
                 "enabledCipherSuites=%s: must be names of OpenSSL's cipher "
                 "suites (openssl ciphers)",
                 list);
        ERR_clear_error();
        return -1;
    }
    return 0;
}

static int load(SSL_CTX *ssl, const struct acceptor_options *options,
                struct complaint *error)
{
    static const unsigned char context[] = "mqttspec-broker";
    struct source key = {"keyStorePath", options->key_store_path,
                         options->key_store_password, error};
    struct source trust = {"trustStorePath", options->trust_store_path,
                           options->trust_store_password, error};

    SSL_CTX_set_default_passwd_cb(ssl, on_password);
    SSL_CTX_set_default_passwd_cb_userdata(
        ssl, (void *)(uintptr_t)options->key_store_password);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (use_versions(ssl, options->enabled_protocols, error) ||
        (options->enabled_cipher_suites &&
         use_ciphers(ssl, options->enabled_cipher_suites, error)) ||
        use_key_store(ssl, &key) ||
        (trust.path && use_trust_store(ssl, &trust)))
        return -1;
    if (options->need_client_auth && !trust.path)
        return complain(error,
                        "trustStorePath: needClientAuth=true needs the path "
                        "of a PKCS#12 or PEM file with the authorities "
                        "whose clients are welcome");
    /* Clients resume by tickets, which cost no memory here. */
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    /* Without it, resuming a session with a client certificate fails. */
    SSL_CTX_set_session_id_context(ssl, context, sizeof context - 1);
    if (options->need_client_auth)
        SSL_CTX_set_verify(
            ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    else if (options->want_client_auth)
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return 0;
}

SSL_CTX *tls_store_load(const struct acceptor_options *options,
                        struct complaint *error)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    int result;

    if (!ssl) {
        complain(error, "OpenSSL cannot make a TLS context");
        return NULL;
    }
    result = load(ssl, options, error);
    /* The password belongs to options, which may go away. */
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    if (result != 0) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    return ssl;
}
