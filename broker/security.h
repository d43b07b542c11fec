// SPDX-License-Identifier: Apache-2.0
/* security.h -- who may connect, publish, subscribe, and under which name.
 *
 * Three sources, asked in this order: the loadable module, the users file with
 * salted hashes, the ACL file with patterns. A password is never logged, and a
 * wrong one takes as long to refuse as a wrong user name.
 */
#ifndef BROKER_SECURITY_H
#define BROKER_SECURITY_H

#include "base/log.h"
#include "codec/reason.h"
#include "config.h"
#include "scram.h"

/* Every function takes a NULL security, which lets everybody do everything. */
struct security;

/* What is known of a client that wants to connect. */
struct security_request {
    struct slice client_id; /* in: as sent, or as assigned */
    bool has_user_name;
    bool has_password;
    bool is_proved; /* user_name was proved otherwise: no password is asked */
    struct slice user_name;
    struct slice password;
    const char *peer;             /* "address:port" */
    const char *certificate_name; /* common name; NULL: none was shown */
    /* out: owned by the caller */
    char *user;          /* whom rights are looked up for; NULL:
                            anonymous */
    char *new_client_id; /* NULL: unchanged */
    size_t new_client_id_n;
};

/* security_open reads users and ACL and loads the module.
 *
 * error   out: one sentence when NULL is returned
 *
 * Returns it for security_close, or NULL.
 */
struct security *security_open(const struct config *config,
                               const struct log *log, struct complaint *error);

/* security_close frees everything; NULL is fine. */
void security_close(struct security *s);

/* security_reload reads users and ACL again; on an error the old ones stay.
 *
 * Returns 0, or -1 with a sentence in error.
 */
int security_reload(struct security *s, struct complaint *error);

/* security_connect decides about a CONNECT.
 *
 * Returns REASON_SUCCESS with request->user and new_client_id set (for free());
 * REASON_BAD_USER_NAME_OR_PASSWORD, REASON_NOT_AUTHORIZED,
 * REASON_CLIENT_IDENTIFIER_NOT_VALID or another failure.
 */
enum reason security_connect(struct security *s,
                             struct security_request *request);

/* security_scram_user gives what SCRAM needs to know of a user. For somebody
 * unknown it makes up values that are the same each time.
 */
void security_scram_user(const struct security *s, struct slice name,
                         struct scram_user *user);

/* security_may_publish and security_may_subscribe decide by user and Client
 * Identifier. topic may be a name (publish) or a filter (subscribe).
 *
 * user   NULL: anonymous
 */
bool security_may_publish(const struct security *s, const char *user,
                          struct slice client_id, struct slice topic);
bool security_may_subscribe(const struct security *s, const char *user,
                            struct slice client_id, struct slice filter);

/* security_hash_password makes the text that stands behind the user name in
 * the users file.
 *
 * out, n   room; 256 octets are enough
 *
 * Returns 0, or -1 when OpenSSL fails.
 */
int security_hash_password(struct slice password, char *out, size_t n);

#endif
