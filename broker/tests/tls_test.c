// SPDX-License-Identifier: Apache-2.0
/* tls_test.c -- key stores, and TLS between two ends of a socket pair.
 *
 * Key and certificate are made afresh for each test and never leave its folder.
 */
#include "net/tcp.h"
#include "net/tls.h"
#include "tests/tests.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];
static char pem_path[64];
static char p12_path[64];
static char cert_path[64];
static struct complaint error;
static EVP_PKEY *key;
static X509 *certificate;
static struct acceptor_options options;

static void make_certificate(void)
{
    X509_NAME *name;

    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"sensor-7", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    fchmod(fileno(file), 0600);
    return file;
}

static void write_stores(void)
{
    PKCS12 *p12 = PKCS12_create("secret", "broker", key, certificate, NULL, 0,
                                0, 0, 0, 0);
    FILE *file = create(pem_path);

    PEM_write_X509(file, certificate);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    file = create(cert_path);
    PEM_write_X509(file, certificate);
    fclose(file);
    file = create(p12_path);
    i2d_PKCS12_fp(file, p12);
    fclose(file);
    PKCS12_free(p12);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/mqttspec-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(pem_path, sizeof pem_path, "%s/store.pem", folder);
    snprintf(p12_path, sizeof p12_path, "%s/store.p12", folder);
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", folder);
    make_certificate();
    write_stores();
    memset(&options, 0, sizeof options);
    options.ssl_enabled = true;
    options.key_store_path = pem_path;
}

static void tear_down(void)
{
    unlink(pem_path);
    unlink(p12_path);
    unlink(cert_path);
    rmdir(folder);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

static void expect_refusal(const char *begin, const char *holds)
{
    error.text[0] = '\0';
    ck_assert_ptr_null(tls_context_new(&options, &error));
    ck_assert_msg(strncmp(error.text, begin, strlen(begin)) == 0, "%s",
                  error.text);
    ck_assert_msg(strstr(error.text, holds) != NULL, "%s", error.text);
}

START_TEST(missing_or_wrong_stores_are_refused_by_name)
{
    options.key_store_path = NULL;
    expect_refusal("keyStorePath: ", "sslEnabled=true needs");
    options.key_store_path = (char[]){"/nonexistent"};
    expect_refusal("keyStorePath=/nonexistent: ", "No such file");
    options.key_store_path = cert_path;
    expect_refusal("keyStorePath=", "private key");
    options.key_store_path = folder;
    expect_refusal("keyStorePath=", "regular file");
    options.key_store_path = p12_path;
    options.key_store_password = (char[]){"wrong"};
    expect_refusal("keyStorePath=", "password");
}
END_TEST

START_TEST(world_readable_key_is_refused)
{
    chmod(pem_path, 0644);
    expect_refusal("keyStorePath=", "readable for everybody");
    chmod(pem_path, 0640);
    struct tls_context *context = tls_context_new(&options, &error);
    ck_assert_msg(context != NULL, "%s", error.text);
    tls_context_free(context);
}
END_TEST

START_TEST(client_certificates_need_a_trust_store)
{
    options.need_client_auth = true;
    expect_refusal("trustStorePath: ", "needClientAuth=true needs");
    options.trust_store_path = (char[]){"/nonexistent"};
    expect_refusal("trustStorePath=/nonexistent: ", "No such file");
}
END_TEST

START_TEST(illegal_tls_parameters_are_refused)
{
    options.enabled_cipher_suites = (char[]){"NONSENSE"};
    expect_refusal("enabledCipherSuites=NONSENSE: ", "OpenSSL");
    options.enabled_cipher_suites = NULL;
    options.sni_host = (char[]){"*("};
    expect_refusal("sniHost=*(: ", "regular expression");
}
END_TEST

/* ---- two ends ------------------------------------------------------------ */

struct ends {
    struct transport *server;
    SSL_CTX *context;
    SSL *client;
    int fd;
    bool has_server_failed;
    bool has_client_failed;
};

static void open_ends(struct ends *e)
{
    struct tls_context *context = tls_context_new(&options, &error);
    int pair[2];

    ck_assert_msg(context != NULL, "%s", error.text);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                     0);
    memset(e, 0, sizeof *e);
    e->server = tls_new(tcp_new(pair[0]), context);
    tls_context_free(context); /* the transport holds its own reference */
    e->fd = pair[1];
    e->context = SSL_CTX_new(TLS_client_method());
    e->client = SSL_new(e->context);
    SSL_set_fd(e->client, pair[1]);
}

static void close_ends(struct ends *e)
{
    e->server->ops->free(e->server);
    SSL_free(e->client);
    SSL_CTX_free(e->context);
    close(e->fd);
}

/* shake lets both ends speak until they are done or have failed. */
static void shake(struct ends *e)
{
    uint8_t scrap[16];

    for (int i = 0; i < 20; i++) {
        int r = SSL_connect(e->client);
        if (r <= 0 && SSL_get_error(e->client, r) != SSL_ERROR_WANT_READ)
            e->has_client_failed = true;
        if (e->server->ops->read(e->server, scrap, sizeof scrap) < 0)
            e->has_server_failed = true;
        if (e->has_client_failed || e->has_server_failed)
            return;
    }
}

static void exchange_octets(struct ends *e)
{
    static uint8_t large[50000];
    static uint8_t got[50000];
    struct iovec parts[3] = {{large, 10}, {large + 10, 40000}, {NULL, 0}};
    size_t n = 0;
    size_t sent;

    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 31);
    sent = (size_t)e->server->ops->writev(e->server, parts, 3);
    ck_assert_uint_eq(sent, 16384); /* one record */
    while (n < sent) {
        int r = SSL_read(e->client, got + n, (int)(sizeof got - n));
        ck_assert_int_gt(r, 0);
        n += (size_t)r;
    }
    ck_assert_mem_eq(got, large, sent);
    ck_assert_int_eq(SSL_write(e->client, large, 20000), 20000);
    ck_assert_int_eq(e->server->ops->read(e->server, got, 100), 100);
    ck_assert(e->server->ops->has_pending(e->server));
    ck_assert_int_eq(e->server->ops->read(e->server, got + 100, 40000), 19900);
    ck_assert(!e->server->ops->has_pending(e->server));
    ck_assert_mem_eq(got, large, 20000);
    ck_assert_int_eq(e->server->ops->finish(e->server), 1);
    ck_assert_int_le(SSL_read(e->client, got, 1), 0);
    ck_assert_int_ne(SSL_get_shutdown(e->client) & SSL_RECEIVED_SHUTDOWN, 0);
}

START_TEST(pem_store_serves_tls)
{
    struct ends e;

    open_ends(&e);
    shake(&e);
    ck_assert(!e.has_client_failed && !e.has_server_failed);
    exchange_octets(&e);
    close_ends(&e);
}
END_TEST

START_TEST(pkcs12_store_serves_tls_1_2)
{
    struct ends e;
    char name[32];

    options.key_store_path = p12_path;
    options.key_store_password = (char[]){"secret"};
    options.enabled_protocols = (char[]){"TLSv1.2"};
    open_ends(&e);
    shake(&e);
    ck_assert(!e.has_client_failed && !e.has_server_failed);
    ck_assert_str_eq(SSL_get_version(e.client), "TLSv1.2");
    ck_assert(!tls_peer_name(e.server, name, sizeof name));
    ck_assert_str_eq(name, "");
    close_ends(&e);
}
END_TEST

START_TEST(tls_1_1_is_refused)
{
    struct ends e;

    open_ends(&e);
    SSL_set_min_proto_version(e.client, TLS1_VERSION);
    SSL_set_max_proto_version(e.client, TLS1_1_VERSION);
    SSL_set_security_level(e.client, 0);
    shake(&e);
    ck_assert(e.has_client_failed || e.has_server_failed);
    close_ends(&e);
}
END_TEST

/* Host names a client asks for, with sniHost=.*\.example; NULL: none. */
static const struct {
    const char *host;
    bool is_welcome;
} hosts[] = {
    {"a.example", true},
    {"a.example.org", false},
    {"other", false},
};

START_TEST(sni_host_decides_who_is_served)
{
    struct ends e;

    options.sni_host = (char[]){".*\\.example"};
    open_ends(&e);
    SSL_set_tlsext_host_name(e.client, hosts[_i].host);
    shake(&e);
    ck_assert_int_eq(!e.has_client_failed && !e.has_server_failed,
                     hosts[_i].is_welcome);
    close_ends(&e);
}
END_TEST

START_TEST(client_certificate_is_asked_for_and_named)
{
    struct ends e;
    char name[32];

    options.need_client_auth = true;
    options.trust_store_path = cert_path;
    open_ends(&e);
    SSL_use_certificate(e.client, certificate);
    SSL_use_PrivateKey(e.client, key);
    shake(&e);
    ck_assert(!e.has_client_failed && !e.has_server_failed);
    ck_assert(tls_peer_name(e.server, name, sizeof name));
    ck_assert_str_eq(name, "sensor-7");
    close_ends(&e);
    open_ends(&e);
    shake(&e);
    ck_assert(e.has_client_failed || e.has_server_failed);
    close_ends(&e);
}
END_TEST

START_TEST(what_is_not_tls_ends_the_connection)
{
    struct ends e;
    uint8_t scrap[16];

    open_ends(&e);
    ck_assert_int_eq(write(e.fd, "\x16nonsense and more", 18), 18);
    ck_assert_int_eq(e.server->ops->read(e.server, scrap, sizeof scrap), -1);
    ck_assert_int_eq(e.server->ops->finish(e.server), 1);
    close_ends(&e);
}
END_TEST

Suite *suite_tls(void)
{
    Suite *suite = suite_create("tls");
    TCase *tc = tcase_create("tls");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, missing_or_wrong_stores_are_refused_by_name);
    tcase_add_test(tc, world_readable_key_is_refused);
    tcase_add_test(tc, client_certificates_need_a_trust_store);
    tcase_add_test(tc, illegal_tls_parameters_are_refused);
    tcase_add_test(tc, pem_store_serves_tls);
    tcase_add_test(tc, pkcs12_store_serves_tls_1_2);
    tcase_add_test(tc, tls_1_1_is_refused);
    tcase_add_loop_test(tc, sni_host_decides_who_is_served, 0,
                        (int)(sizeof hosts / sizeof *hosts));
    tcase_add_test(tc, client_certificate_is_asked_for_and_named);
    tcase_add_test(tc, what_is_not_tls_ends_the_connection);
    suite_add_tcase(suite, tc);
    return suite;
}
