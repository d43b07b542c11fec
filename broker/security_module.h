// SPDX-License-Identifier: Apache-2.0
/* security_module.h -- what a loadable security module offers.
 *
 * A module is a shared object with one function, mqttspec_security, that
 * returns a table of functions. It includes this header and nothing else of the
 * broker. Each function may be NULL; the table and state stay valid until close
 * returns. Functions are called by one thread, and must not block.
 */
#ifndef MQTTSPEC_SECURITY_MODULE_H
#define MQTTSPEC_SECURITY_MODULE_H

#include <stddef.h>

#define MQTTSPEC_SECURITY_ABI 1
#define MQTTSPEC_SECURITY_SYMBOL "mqttspec_security"
#define MQTTSPEC_SECURITY_MAX_CLIENT_ID 255

/* A client that wants to connect. Texts end with NUL and are borrowed. */
struct mqttspec_connect {
    const char *client_id;
    const char *user_name; /* NULL: none was sent */
    const void *password;  /* octets, no NUL behind; NULL: none was sent */
    size_t password_size;
    const char *peer;             /* "address:port" */
    const char *certificate_name; /* common name; NULL: none was shown */
    char *new_client_id;          /* out: another Client Identifier, NUL behind;
                                     left empty: unchanged */
    size_t new_client_id_size;    /* room, NUL included */
};

struct mqttspec_security {
    int abi; /* MQTTSPEC_SECURITY_ABI */

    /* open starts the module.
     *
     * argument   security-module-argument; NULL: not given
     * state      out: handed to the other functions
     *
     * Returns 0, or -1 to refuse the start of the broker.
     */
    int (*open)(const char *argument, void **state);

    /* connect decides about a CONNECT; it may write new_client_id.
     *
     * Returns 0 to accept (the users file, if there is one, is asked next), or
     * a Reason Code of MQTT 5.0 from 0x80 up: 0x85 refuses the Client
     * Identifier, 0x86 the password, 0x87 the client.
     */
    int (*connect)(void *state, struct mqttspec_connect *request);

    /* may decides whether a client may publish to a topic (is_publish 1) or
     * subscribe to a filter (0). user is NULL for anonymous clients.
     *
     * Returns 1 to allow (the ACL file, if there is one, is asked next), 0 to
     * refuse.
     */
    int (*may)(void *state, int is_publish, const char *user,
               const char *client_id, const char *topic);

    void (*close)(void *state);
};

/* mqttspec_security is what the module exports. */
const struct mqttspec_security *mqttspec_security(void);

#endif
