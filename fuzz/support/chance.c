/* SPDX-License-Identifier: Apache-2.0 */
/* chance.c -- chance that is the same each time.
 *
 * Stands before OpenSSL's RAND_bytes in the programs that fuzz: a nonce that
 * nobody can foretell would let no seed prove that it knows a password, and no
 * finding come again.
 */
#include <openssl/rand.h>
#include <string.h>

int RAND_bytes(unsigned char *out, int n)
{
    memset(out, 0x5a, (size_t)n);
    return 1;
}
