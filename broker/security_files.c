// SPDX-License-Identifier: Apache-2.0
/* security_files.c -- the users file and the ACL file. */
#include "security_files.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/die.h"
#include "state/topic.h"

/* More would stop the loop for over a quarter of a second. */
#define MOST_ITERATIONS 1000000
#define PREFIX "$pbkdf2-sha256$"

/* ---- lines --------------------------------------------------------------- */

/* each_line calls take for every line that says something, its blanks trimmed.
 * take returns what is wrong with it, or NULL. */
static int each_line(const char *option, const char *path,
                     const char *(*take)(char *line, void *arg), void *arg,
                     struct complaint *error)
{
    char *line = NULL;
    size_t room = 0;
    int number = 0;
    const char *wrong = NULL;
    FILE *in = fopen(path, "r");
    if (!in)
        return complain(error, "%s=%s: %s", option, path, strerror(errno));
    while (!wrong && getline(&line, &room, in) >= 0) {
        char *at = line + strspn(line, " \t");
        number++;
        at[strcspn(at, "\r\n")] = '\0';
        if (*at && *at != '#')
            wrong = take(at, arg);
    }
    /* What cannot be read to its end must not pass for a shorter file. */
    bool is_cut = !wrong && ferror(in);
    if (is_cut)
        complain(error, "%s=%s: %s", option, path, strerror(errno));
    else if (wrong)
        complain(error, "%s=%s: line %d: %s", option, path, number, wrong);
    free(line);
    fclose(in);
    return wrong || is_cut ? -1 : 0;
}

/* ---- users --------------------------------------------------------------- */

static int hash_password(struct slice password, const uint8_t salt[16],
                         unsigned iterations, uint8_t hash[32])
{
    return PKCS5_PBKDF2_HMAC(password.n ? (const char *)password.data : "",
                             (int)password.n, salt, 16, (int)iterations,
                             EVP_sha256(), 32, hash) == 1
               ? 0
               : -1;
}

/* read_hex reads a text of exactly n octets. */
static bool read_hex(const char *text, uint8_t *out, size_t n)
{
    size_t n_read = 0;
    return strlen(text) == 2 * n &&
           OPENSSL_hexstr2buf_ex(out, n, &n_read, text, '\0') == 1;
}

static const char *take_user(char *line, void *arg)
{
    struct users *u = arg;
    struct user_entry entry = {0};
    char *colon = strrchr(line, ':');
    char *end = NULL;
    char salt[2 * sizeof entry.salt + 1], hash[2 * sizeof entry.hash + 1];
    int n = 0;
    if (!colon || colon == line ||
        strncmp(colon + 1, PREFIX, sizeof PREFIX - 1) != 0)
        return "not name:" PREFIX "ITERATIONS$SALT$HASH";
    unsigned long count = strtoul(colon + sizeof PREFIX, &end, 10);
    if (count == 0 || count > MOST_ITERATIONS || *end != '$')
        return "the number of iterations is not 1 to 1000000";
    entry.iterations = (unsigned)count;
    if (sscanf(end, "$%32[^$]$%64s%n", salt, hash, &n) != 2 || end[n] ||
        !read_hex(salt, entry.salt, sizeof entry.salt) ||
        !read_hex(hash, entry.hash, sizeof entry.hash))
        return "salt and hash are not 16 and 32 octets in hex";
    entry.name = mem_dup(line, (size_t)(colon - line));
    u->entries = mem_grow(u->entries, u->n + 1, sizeof *u->entries);
    u->entries[u->n++] = entry;
    return NULL;
}

int users_read(struct users *u, const char *path, struct complaint *error)
{
    struct stat info;
    *u = (struct users){0};
    if (!path)
        return 0;
    if (stat(path, &info) == 0 && (info.st_mode & (S_IWGRP | S_IWOTH))) {
        complain(error, "users=%s: may be written by others; chmod go-w it",
                 path);
        return -1;
    }
    return each_line("users", path, take_user, u, error);
}

void users_clear(struct users *u)
{
    for (size_t i = 0; i < u->n; i++)
        free(u->entries[i].name);
    free(u->entries);
    *u = (struct users){0};
}

const struct user_entry *users_find(const struct users *u, struct slice name)
{
    for (size_t i = 0; i < u->n; i++)
        if (slice_equals(slice_of_text(u->entries[i].name), name))
            return &u->entries[i];
    return NULL;
}

unsigned users_usual_iterations(const struct users *u)
{
    return u->n > 0 ? u->entries[0].iterations : USERS_ITERATIONS;
}

bool users_verify(const struct users *u, struct slice name,
                  struct slice password)
{
    const struct user_entry nobody = {.iterations = users_usual_iterations(u)};
    const struct user_entry *entry = users_find(u, name);
    uint8_t hash[32];
    if (!entry)
        entry = &nobody;
    if (hash_password(password, entry->salt, entry->iterations, hash) != 0)
        return false;
    return CRYPTO_memcmp(hash, entry->hash, sizeof hash) == 0 &&
           entry != &nobody;
}

int users_hash(struct slice password, char *out, size_t n)
{
    uint8_t salt[16], hash[32];
    int used = snprintf(out, n, PREFIX "%d$", USERS_ITERATIONS);
    if (used < 0 || (size_t)used + 2 * sizeof salt + 2 * sizeof hash + 2 > n)
        return -1;
    if (RAND_bytes(salt, sizeof salt) != 1 ||
        hash_password(password, salt, USERS_ITERATIONS, hash) != 0)
        return -1;
    char *at = out + used;
    for (size_t i = 0; i < sizeof salt; i++)
        at += sprintf(at, "%02x", salt[i]);
    *at++ = '$';
    for (size_t i = 0; i < sizeof hash; i++)
        at += sprintf(at, "%02x", hash[i]);
    return 0;
}

/* ---- ACL ----------------------------------------------------------------- */

/* The rules read so far, and for whom the next ones are. */
struct acl_reading {
    struct acl *acl;
    char *user;
    char *client;
};

static const struct {
    const char *word;
    unsigned access;
} access_words[] = {
    {"readwrite ", ACL_READ | ACL_WRITE},
    {"read ", ACL_READ},
    {"write ", ACL_WRITE},
    {"deny ", ACL_DENY},
};

static const char *add_rule(struct acl_reading *r, const char *text)
{
    struct acl_rule rule = {.access = ACL_READ | ACL_WRITE};
    for (size_t i = 0; i < sizeof access_words / sizeof access_words[0]; i++) {
        size_t n = strlen(access_words[i].word);
        if (strncmp(text, access_words[i].word, n) != 0)
            continue;
        rule.access = access_words[i].access;
        text += n;
        break;
    }
    text += strspn(text, " \t");
    if (!topic_filter_is_valid(slice_of_text(text)))
        return "not a valid Topic Filter";
    rule.filter = mem_dup(text, strlen(text));
    rule.user = r->user ? mem_dup(r->user, strlen(r->user)) : NULL;
    rule.client = r->client ? mem_dup(r->client, strlen(r->client)) : NULL;
    struct acl *a = r->acl;
    a->rules = mem_grow(a->rules, a->n + 1, sizeof *a->rules);
    a->rules[a->n++] = rule;
    return NULL;
}

static const char *take_acl(char *line, void *arg)
{
    struct acl_reading *r = arg;
    char *word = line;
    char *rest = line + strcspn(line, " \t");
    if (*rest)
        *rest++ = '\0';
    rest += strspn(rest, " \t");
    if (!*rest)
        return "a word is missing";
    if (strcmp(word, "topic") == 0 || strcmp(word, "pattern") == 0)
        return add_rule(r, rest);
    bool is_user = strcmp(word, "user") == 0;
    if (!is_user && strcmp(word, "client") != 0)
        return "does not begin with user, client, topic or pattern";
    free(r->user);
    free(r->client);
    r->user = is_user ? mem_dup(rest, strlen(rest)) : NULL;
    r->client = is_user ? NULL : mem_dup(rest, strlen(rest));
    return NULL;
}

int acl_read(struct acl *a, const char *path, struct complaint *error)
{
    struct acl_reading reading = {.acl = a};
    *a = (struct acl){0};
    if (!path)
        return 0;
    int result = each_line("acl", path, take_acl, &reading, error);
    free(reading.user);
    free(reading.client);
    return result;
}

void acl_clear(struct acl *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->rules[i].user);
        free(a->rules[i].client);
        free(a->rules[i].filter);
    }
    free(a->rules);
    *a = (struct acl){0};
}

/* glob_matches: "*" stands for any characters, also none. */
static bool glob_matches(const char *pattern, struct slice s)
{
    size_t at = 0, star_at = 0;
    const char *star = NULL;
    while (at < s.n) {
        if (*pattern == '*') {
            star = ++pattern;
            star_at = at;
        } else if (*pattern && (uint8_t)*pattern == s.data[at]) {
            pattern++;
            at++;
        } else if (star) {
            pattern = star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* is_for tells whether a rule speaks of this client. */
static bool is_for(const struct acl_rule *rule, const char *user,
                   struct slice client_id)
{
    if (rule->user && (!user || strcmp(rule->user, user) != 0))
        return false;
    return !rule->client || glob_matches(rule->client, client_id);
}

/* has_special: a name that would change the levels of a filter, or match more
 * than itself, never stands for %u or %c. */
static bool has_special(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("/+#", s.data[i]))
            return true;
    return s.n == 0;
}

/* expand writes a rule's filter with %u and %c replaced. Returns false when a
 * name is missing or unfit. */
static bool expand(const struct acl_rule *rule, const char *user,
                   struct slice client_id, struct buf *out)
{
    for (const char *at = rule->filter; *at; at++) {
        bool is_name = at[0] == '%' && (at[1] == 'u' || at[1] == 'c');
        if (!is_name) {
            buf_append(out, at, 1);
            continue;
        }
        struct slice name = at[1] == 'u' ? slice_of_text(user) : client_id;
        if (has_special(name))
            return false;
        buf_append(out, name.data, name.n);
        at++;
    }
    return true;
}

bool acl_allows(const struct acl *a, enum acl_access access, const char *user,
                struct slice client_id, struct slice topic)
{
    bool is_allowed = false;
    for (size_t i = 0; i < a->n; i++) {
        const struct acl_rule *rule = &a->rules[i];
        struct buf filter = {0};
        bool hits = (rule->access & (access | ACL_DENY)) &&
                    is_for(rule, user, client_id) &&
                    expand(rule, user, client_id, &filter) &&
                    topic_matches(buf_slice(&filter), topic);
        buf_clear(&filter);
        if (hits && (rule->access & ACL_DENY))
            return false;
        is_allowed |= hits;
    }
    return is_allowed;
}
