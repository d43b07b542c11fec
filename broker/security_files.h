// SPDX-License-Identifier: Apache-2.0
/* security_files.h -- the users file and the ACL file.
 *
 * Users: one per line, "name:$pbkdf2-sha256$ITERATIONS$SALT$HASH" (salt and
 * hash in hex). Lines that are empty or begin with "#" are passed over.
 *
 * ACL: rules in order; those before the first "user" line hold for everybody.
 *
 *     topic read public/#
 *     user ann
 *     topic readwrite house/#
 *     topic deny house/safe
 *     client sensor-+
 *     pattern write sensors/%c/#
 *
 * "user NAME" and "client FILTER" say for whom the following rules are; a
 * client filter may hold "*" for any characters. %u and %c in a rule stand for
 * user name and Client Identifier. A rule is read, write, readwrite (if left
 * out) or deny. Nothing is allowed that no rule allows; deny wins.
 */
#ifndef BROKER_SECURITY_FILES_H
#define BROKER_SECURITY_FILES_H

#include "base/bytes.h"
#include "base/complaint.h"

/* The iterations of new hashes: about 5 ms for each CONNECT with a password,
 * during which nobody else is served. A line may say another number, up to
 * 1,000,000; all lines should say the same, because somebody unknown costs as
 * much as the first. */
#define USERS_ITERATIONS 20000

struct user_entry {
    char *name;
    unsigned iterations;
    uint8_t salt[16];
    uint8_t hash[32];
};

struct users {
    struct user_entry *entries;
    size_t n;
};

enum acl_access {
    ACL_READ = 1,
    ACL_WRITE = 2,
    ACL_DENY = 4,
};

struct acl_rule {
    char *user;   /* NULL: everybody */
    char *client; /* pattern with "*"; NULL: every client */
    char *filter; /* with %u and %c */
    unsigned access;
};

struct acl {
    struct acl_rule *rules;
    size_t n;
};

/* users_read reads the file.
 *
 * path       NULL: no users
 * error   out: one sentence when -1 is returned; the file is then as it was
 *
 * Returns 0 or -1; the struct is for users_clear in both cases.
 */
int users_read(struct users *u, const char *path, struct complaint *error);
void users_clear(struct users *u);

/* users_find gives the entry of a name; NULL: there is none. */
const struct user_entry *users_find(const struct users *u, struct slice name);

/* users_usual_iterations tells what somebody unknown is taken to have. */
unsigned users_usual_iterations(const struct users *u);

/* users_verify checks a password in a time that does not tell whether the user
 * exists. */
bool users_verify(const struct users *u, struct slice name,
                  struct slice password);

/* users_hash makes the part of a line behind "name:", with a fresh salt.
 *
 * Returns 0, or -1 when OpenSSL fails or n is too small.
 */
int users_hash(struct slice password, char *out, size_t n);

/* acl_read, acl_clear: likewise. */
int acl_read(struct acl *a, const char *path, struct complaint *error);
void acl_clear(struct acl *a);

/* acl_allows tells whether the rules allow an access.
 *
 * access   ACL_READ or ACL_WRITE
 * user     NULL: anonymous
 * topic    a Topic Name, or the Topic Filter of a subscription: a filter is
 *          allowed when a rule's filter covers it
 */
bool acl_allows(const struct acl *a, enum acl_access access, const char *user,
                struct slice client_id, struct slice topic);

#endif
