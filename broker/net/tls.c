// SPDX-License-Identifier: Apache-2.0
/* tls.c -- TLS 1.2 and up over a socket, by OpenSSL.
 *
 * OpenSSL works on the socket itself; reading may want to write and the other
 * way round, which wants_write tells the loop. What is sent is gathered into
 * records, so that many small packets share one record.
 * Spec: RFC 8446, RFC 5246; names of parameters: the Artemis manual.
 */
#include "net/tls.h"

#include "base/die.h"
#include "net/tls_store.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD = 16384, /* octets of plaintext in one record, RFC 8446 s5.1 */
};

struct tls_context {
    SSL_CTX *ssl;
    unsigned n_references;
    bool has_sni_host;
    regex_t sni_host; /* which names a client may ask for */
};

struct tls {
    struct transport base;
    struct transport *below;
    struct tls_context *context;
    SSL *ssl;
    bool has_failed; /* SSL_shutdown must not be called any more */
};

static struct tls *tls_of(const struct transport *t)
{
    return (struct tls *)(uintptr_t)t;
}

/* on_server_name refuses names that sniHost does not match. A client that asks
 * for no name at all is refused as well: it cannot mean this host.
 */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    const struct tls_context *context = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    regmatch_t whole;

    if (name && regexec(&context->sni_host, name, 1, &whole, 0) == 0 &&
        whole.rm_so == 0 && (size_t)whole.rm_eo == strlen(name))
        return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

struct tls_context *tls_context_new(const struct acceptor_options *options,
                                    struct complaint *error)
{
    struct tls_context *context = mem_new(1, sizeof *context);

    context->n_references = 1;
    context->ssl = tls_store_load(options, error);
    if (!context->ssl) {
        free(context);
        return NULL;
    }
    SSL_CTX_set_mode(context->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    if (options->sni_host) {
        if (regcomp(&context->sni_host, options->sni_host, REG_EXTENDED)) {
            complain(error, "sniHost=%s: must be a regular expression",
                     options->sni_host);
            tls_context_free(context);
            return NULL;
        }
        context->has_sni_host = true;
        SSL_CTX_set_tlsext_servername_callback(context->ssl, on_server_name);
        SSL_CTX_set_tlsext_servername_arg(context->ssl, context);
    }
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (!context || --context->n_references > 0)
        return;
    SSL_CTX_free(context->ssl);
    if (context->has_sni_host)
        regfree(&context->sni_host);
    free(context);
}

/* outcome turns what an SSL_ call returned into what a transport returns. */
static ssize_t outcome(struct tls *tls, int n)
{
    int saved = errno;

    tls->base.wants_write = false;
    if (n > 0)
        return n;
    switch (SSL_get_error(tls->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        tls->base.wants_write = true;
        return 0;
    case SSL_ERROR_ZERO_RETURN: /* close_notify */
        errno = 0;
        return -1;
    case SSL_ERROR_SYSCALL:
        tls->has_failed = true;
        errno = saved;
        return -1;
    default: /* SSL_ERROR_SSL: not TLS, no common cipher, bad certificate ... */
        tls->has_failed = true;
        errno = EPROTO;
        return -1;
    }
}

static ssize_t tls_read(struct transport *t, uint8_t *out, size_t n)
{
    struct tls *tls = tls_of(t);
    size_t got = 0;
    ssize_t r = 1;

    /* One call gives one record at most. */
    while (got < n && r > 0) {
        size_t room = n - got < INT32_MAX ? n - got : INT32_MAX;
        ERR_clear_error();
        errno = 0;
        r = outcome(tls, SSL_read(tls->ssl, out + got, (int)room));
        if (r > 0)
            got += (size_t)r;
    }
    /* After some octets the end is told by the next read: OpenSSL repeats it,
     * and the socket stays readable. */
    return got > 0 ? (ssize_t)got : r;
}

/* collect copies up to one record's worth of parts; returns how many octets. */
static size_t collect(uint8_t *out, const struct iovec *parts, int n_parts)
{
    size_t n = 0;

    for (int i = 0; i < n_parts && n < RECORD; i++) {
        size_t some =
            parts[i].iov_len < RECORD - n ? parts[i].iov_len : RECORD - n;
        if (some > 0)
            memcpy(out + n, parts[i].iov_base, some);
        n += some;
    }
    return n;
}

static ssize_t tls_writev(struct transport *t, const struct iovec *parts,
                          int n_parts)
{
    struct tls *tls = tls_of(t);
    uint8_t record[RECORD];
    size_t n = collect(record, parts, n_parts);

    /* The handshake goes on in read; here it must not be forced. */
    if (n == 0 || !SSL_is_init_finished(tls->ssl))
        return 0;
    ERR_clear_error();
    errno = 0;
    return outcome(tls, SSL_write(tls->ssl, record, (int)n));
}

static bool tls_has_pending(const struct transport *t)
{
    return SSL_pending(tls_of(t)->ssl) > 0;
}

static int tls_finish(struct transport *t)
{
    struct tls *tls = tls_of(t);
    int r;

    if (!tls->has_failed && SSL_is_init_finished(tls->ssl)) {
        ERR_clear_error();
        r = SSL_shutdown(tls->ssl);
        if (r < 0 && outcome(tls, r) == 0 && tls->base.wants_write)
            return 0;
    }
    tls->base.wants_write = false;
    return tls->below->ops->finish(tls->below);
}

static void tls_free(struct transport *t)
{
    struct tls *tls = tls_of(t);

    SSL_free(tls->ssl);
    ERR_clear_error();
    tls->below->ops->free(tls->below);
    tls_context_free(tls->context);
    free(tls);
}

static const struct transport_ops tls_ops = {
    .name = "tls",
    .read = tls_read,
    .writev = tls_writev,
    .has_pending = tls_has_pending,
    .finish = tls_finish,
    .free = tls_free,
};

struct transport *tls_new(struct transport *below, struct tls_context *context)
{
    struct tls *tls = mem_new(1, sizeof *tls);

    tls->base.ops = &tls_ops;
    tls->base.fd = below->fd;
    tls->below = below;
    tls->context = context;
    context->n_references++;
    tls->ssl = SSL_new(context->ssl);
    if (!tls->ssl || SSL_set_fd(tls->ssl, below->fd) != 1)
        die("TLS: out of memory");
    SSL_set_accept_state(tls->ssl);
    return &tls->base;
}

bool tls_peer_name(const struct transport *t, char *out, size_t n)
{
    X509 *certificate;
    int length = -1;

    out[0] = '\0';
    if (t->ops != &tls_ops)
        return false;
    certificate = SSL_get1_peer_certificate(tls_of(t)->ssl);
    if (certificate)
        length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                           NID_commonName, out, (int)n);
    X509_free(certificate);
    /* A NUL inside would make another name of it. */
    return length > 0 && strlen(out) == (size_t)length;
}
