// SPDX-License-Identifier: Apache-2.0
/* tls_store.h -- certificates and keys of an acceptor, from files. */
#ifndef BROKER_NET_TLS_STORE_H
#define BROKER_NET_TLS_STORE_H

#include "config.h"

#include <openssl/ssl.h>

/* tls_store_load makes an OpenSSL context with an acceptor's certificate, key,
 * trusted authorities and protocol versions.
 *
 * options    sslEnabled is set; paths and passwords are read from here
 * error   out: one sentence that names parameter, value and what is legal,
 *            when NULL is returned
 *
 * Returns it for SSL_CTX_free, or NULL. A file that holds a private key must
 * not be readable for everybody.
 */
SSL_CTX *tls_store_load(const struct acceptor_options *options,
                        struct complaint *error);

#endif
