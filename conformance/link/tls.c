/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c -- TLS on a link, through OpenSSL. Certificates are not checked: the
 * broker's identity is not what is judged.
 */
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "link/layer.h"

int tls_begin(struct link *link, const char *host, int64_t until_ms,
              char *error, size_t n)
{
    signal(SIGPIPE, SIG_IGN); /* SSL_write has no MSG_NOSIGNAL */
    link->ctx = SSL_CTX_new(TLS_client_method());
    link->ssl = link->ctx ? SSL_new(link->ctx) : NULL;
    if (!link->ssl) {
        snprintf(error, n, "OpenSSL cannot begin");
        return -1;
    }
    SSL_set_mode(link->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_tlsext_host_name(link->ssl, host);
    SSL_set_fd(link->ssl, link->fd);
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(link->ssl);
        if (done == 1)
            return 0;
        int why = SSL_get_error(link->ssl, done);
        short events = why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
        bool may_wait =
            why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        if (!may_wait || !link_wait(link->fd, events, until_ms)) {
            const char *said = ERR_reason_error_string(ERR_peek_last_error());
            snprintf(error, n, "TLS hand-shake with %s failed: %s", host,
                     said       ? said
                     : may_wait ? "no answer"
                                : "closed");
            return -1;
        }
    }
}

void tls_end(struct link *link)
{
    SSL_free(link->ssl);
    SSL_CTX_free(link->ctx);
    link->ssl = NULL;
    link->ctx = NULL;
}
