/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h -- what a captured TLS connection says, when its keys are known.
 *
 * Reads key logs as browsers, curl, mosquitto with SSLKEYLOGFILE and OpenSSL's
 * -keylogfile write them; TLS 1.3, and 1.2 with its authenticated ciphers.
 * Spec: RFC 8446 s5, s7; RFC 5246 s6; RFC 5288; RFC 7905; RFC 9850.
 */
#ifndef TOOLS_TLS_H
#define TOOLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_keys;
struct tls;

struct tls_keys *tls_keys_new(void);

/* tls_keys_add reads lines of a key log; what it does not know it leaves. */
void tls_keys_add(struct tls_keys *keys, const char *text);

void tls_keys_free(struct tls_keys *keys);

/* tls_new prepares for one connection.
 *
 * keys     borrowed for the life of the connection
 * client   which direction (0 or 1) is the client's
 */
struct tls *tls_new(const struct tls_keys *keys, int client);

/* tls_push takes what one side sent.
 *
 * on_plain   called with the application data
 *
 * Returns false if it cannot be read: no keys, an unknown cipher, octets lost.
 */
bool tls_push(struct tls *tls, int from, const uint8_t *octets, size_t n,
              void (*on_plain)(void *user, const uint8_t *octets, size_t n),
              void *user);

/* tls_lose says that octets of one side were lost: it ends there. */
void tls_lose(struct tls *tls, int from);

void tls_free(struct tls *tls);

#endif
