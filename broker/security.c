// SPDX-License-Identifier: Apache-2.0
/* security.c -- who may connect, publish and subscribe.
 *
 * The module is asked first, then the users file; rights come from the module
 * and the ACL file. Files are read in security_files.c.
 * Spec: 5.0 s5.4; 3.1.1 s5.4; manual: Custom Client ID Handling.
 */
#include "security.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "security_files.h"
#include "security_module.h"

struct security {
    const struct config *config;
    const struct log *log;
    struct users users;
    struct acl acl;
    void *library; /* of the module; NULL: none */
    const struct mqttspec_security *module;
    void *module_state;
    uint8_t secret[32]; /* what made-up salts are made from */
};

/* open_module loads the shared object and starts it. */
static int open_module(struct security *s, struct complaint *error)
{
    const char *path = s->config->security_module;
    const struct mqttspec_security *(*get)(void);
    if (!path)
        return 0;
    s->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!s->library)
        return complain(error, "security-module=%s: %s", path, dlerror());
    /* POSIX makes this conversion work; C has no cast for it. */
    void *symbol = dlsym(s->library, MQTTSPEC_SECURITY_SYMBOL);
    memcpy(&get, &symbol, sizeof get);
    s->module = symbol ? get() : NULL;
    if (!s->module || s->module->abi != MQTTSPEC_SECURITY_ABI)
        return complain(error, "security-module=%s: has no %s for version %d",
                        path, MQTTSPEC_SECURITY_SYMBOL, MQTTSPEC_SECURITY_ABI);
    if (s->module->open && s->module->open(s->config->security_module_argument,
                                           &s->module_state) != 0) {
        complain(error, "security-module=%s: did not start", path);
        s->module = NULL;
        return -1;
    }
    return 0;
}

struct security *security_open(const struct config *config,
                               const struct log *log, struct complaint *error)
{
    struct security *s = mem_new(1, sizeof *s);
    s->config = config;
    s->log = log;
    if (RAND_bytes(s->secret, sizeof s->secret) != 1)
        die("OpenSSL has no random octets");
    if (users_read(&s->users, config->users_file, error) == 0 &&
        acl_read(&s->acl, config->acl_file, error) == 0 &&
        open_module(s, error) == 0)
        return s;
    security_close(s);
    return NULL;
}

void security_close(struct security *s)
{
    if (!s)
        return;
    if (s->module && s->module->close)
        s->module->close(s->module_state);
    if (s->library)
        dlclose(s->library);
    users_clear(&s->users);
    acl_clear(&s->acl);
    free(s);
}

int security_reload(struct security *s, struct complaint *error)
{
    struct users users = {0};
    struct acl acl = {0};
    if (users_read(&users, s->config->users_file, error) != 0 ||
        acl_read(&acl, s->config->acl_file, error) != 0) {
        users_clear(&users);
        acl_clear(&acl);
        return -1;
    }
    users_clear(&s->users);
    acl_clear(&s->acl);
    s->users = users;
    s->acl = acl;
    return 0;
}

/* text copies a slice with a NUL behind, for the module. */
static char *text(bool is_given, struct slice s)
{
    return is_given ? mem_dup(s.data, s.n) : NULL;
}

/* ask_module lets the module decide; it may rewrite the Client Identifier. */
static enum reason ask_module(struct security *s, struct security_request *r)
{
    char new_id[MQTTSPEC_SECURITY_MAX_CLIENT_ID + 1] = "";
    char *id = text(true, r->client_id);
    char *name = text(r->has_user_name, r->user_name);
    struct mqttspec_connect asked = {
        .client_id = id,
        .user_name = name,
        .password = r->has_password ? r->password.data : NULL,
        .password_size = r->has_password ? r->password.n : 0,
        .peer = r->peer,
        .certificate_name = r->certificate_name,
        .new_client_id = new_id,
        .new_client_id_size = sizeof new_id,
    };
    int answer = s->module->connect(s->module_state, &asked);
    if (answer == 0 && new_id[0]) {
        r->new_client_id_n = strlen(new_id);
        r->new_client_id = mem_dup(new_id, r->new_client_id_n);
    }
    free(id);
    free(name);
    return answer >= 0x80 && answer <= 0xFF ? (enum reason)answer
           : answer == 0                    ? REASON_SUCCESS
                                            : REASON_NOT_AUTHORIZED;
}

/* check_password asks the users file. Somebody unknown costs as much time as a
 * wrong password. */
static enum reason check_password(const struct security *s,
                                  const struct security_request *r)
{
    if (r->is_proved)
        return REASON_SUCCESS;
    if (!r->has_user_name) /* a trusted certificate tells who it is */
        return s->config->allow_anonymous || r->certificate_name
                   ? REASON_SUCCESS
                   : REASON_NOT_AUTHORIZED;
    if (!s->config->users_file)
        return s->config->allow_anonymous || s->module
                   ? REASON_SUCCESS
                   : REASON_BAD_USER_NAME_OR_PASSWORD;
    return users_verify(&s->users, r->user_name,
                        r->has_password ? r->password : slice_of(NULL, 0))
               ? REASON_SUCCESS
               : REASON_BAD_USER_NAME_OR_PASSWORD;
}

enum reason security_connect(struct security *s,
                             struct security_request *request)
{
    enum reason reason = REASON_SUCCESS;
    request->user = NULL;
    request->new_client_id = NULL;
    if (!s)
        return REASON_SUCCESS;
    if (s->module && s->module->connect)
        reason = ask_module(s, request);
    if (reason == REASON_SUCCESS)
        reason = check_password(s, request);
    if (reason != REASON_SUCCESS) {
        log_line(s->log, LOG_WARNING, "%s: CONNECT refused, %s", request->peer,
                 reason_name(reason));
        return reason;
    }
    if (request->has_user_name)
        request->user = text(true, request->user_name);
    else if (request->certificate_name)
        request->user = mem_dup(request->certificate_name,
                                strlen(request->certificate_name));
    return REASON_SUCCESS;
}

void security_scram_user(const struct security *s, struct slice name,
                         struct scram_user *user)
{
    const struct user_entry *entry = users_find(&s->users, name);
    uint8_t made_up[SCRAM_HASH];
    unsigned n = sizeof made_up;

    memset(user, 0, sizeof *user);
    if (entry) {
        user->is_known = true;
        user->iterations = entry->iterations;
        memcpy(user->salt, entry->salt, sizeof user->salt);
        memcpy(user->salted_password, entry->hash, sizeof entry->hash);
        return;
    }
    HMAC(EVP_sha256(), s->secret, sizeof s->secret, name.data, name.n, made_up,
         &n);
    user->iterations = users_usual_iterations(&s->users);
    memcpy(user->salt, made_up, sizeof user->salt);
}

/* may asks the module, then the ACL file. */
static bool may(const struct security *s, enum acl_access access,
                const char *user, struct slice client_id, struct slice topic)
{
    if (!s)
        return true;
    if (s->module && s->module->may) {
        char *id = text(true, client_id);
        char *where = text(true, topic);
        bool is_allowed = s->module->may(s->module_state, access == ACL_WRITE,
                                         user, id, where) != 0;
        free(id);
        free(where);
        if (!is_allowed)
            return false;
    }
    return !s->config->acl_file ||
           acl_allows(&s->acl, access, user, client_id, topic);
}

bool security_may_publish(const struct security *s, const char *user,
                          struct slice client_id, struct slice topic)
{
    return may(s, ACL_WRITE, user, client_id, topic);
}

bool security_may_subscribe(const struct security *s, const char *user,
                            struct slice client_id, struct slice filter)
{
    return may(s, ACL_READ, user, client_id, filter);
}

int security_hash_password(struct slice password, char *out, size_t n)
{
    return users_hash(password, out, n);
}
