// SPDX-License-Identifier: Apache-2.0
/* tls.h -- TLS 1.2 and up over a socket, by OpenSSL.
 *
 * The settings of one acceptor make one context; a context can be loaded again
 * (new certificates) while connections made with the old one live on.
 */
#ifndef BROKER_NET_TLS_H
#define BROKER_NET_TLS_H

#include "config.h"
#include "net/transport.h"

struct tls_context; /* reference-counted */

/* tls_context_new loads key store and trust store of an acceptor.
 *
 * options        sslEnabled is set; paths and passwords are read from here
 * error, n       out: one sentence that names parameter, value and what is
 *                legal, when NULL is returned
 *
 * Returns the context for tls_context_free, or NULL.
 */
struct tls_context *tls_context_new(const struct acceptor_options *options,
                                    struct complaint *error);

/* tls_context_free drops a reference; NULL is fine. */
void tls_context_free(struct tls_context *context);

/* tls_new starts the server side of TLS on a socket; the handshake runs inside
 * read and writev.
 *
 * below   the TCP transport; owned from now on
 */
struct transport *tls_new(struct transport *below, struct tls_context *context);

/* tls_peer_name copies the common name of the client's certificate.
 *
 * Returns false when the client showed none (out is then "").
 */
bool tls_peer_name(const struct transport *t, char *out, size_t n);

#endif
