// SPDX-License-Identifier: Apache-2.0
/* security_test.c -- the users file, the ACL file, and what a refusal tells. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "security.h"
#include "security_files.h"
#include "tests/tests.h"

#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH_OF_NOTHING                                                        \
    "0000000000000000000000000000000000000000000000000000000000000000"

static char users_path[32];
static char acl_path[32];
static struct complaint error;
static struct users users;
static struct acl acl;

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

/* line_of makes the users file's line of a name and a password. */
static void line_of(const char *name, const char *password, char *out, size_t n)
{
    int used = snprintf(out, n, "%s:", name);
    ck_assert_int_eq(
        users_hash(slice_of_text(password), out + used, n - (size_t)used), 0);
}

static void write_user(const char *name, const char *password)
{
    char line[256];
    line_of(name, password, line, sizeof line);
    write_file(users_path, line);
}

static void set_up(void)
{
    strcpy(users_path, "/tmp/mqttspec-users-XXXXXX");
    strcpy(acl_path, "/tmp/mqttspec-acl-XXXXXX");
    close(mkstemp(users_path));
    close(mkstemp(acl_path));
}

static void tear_down(void)
{
    users_clear(&users);
    acl_clear(&acl);
    unlink(users_path);
    unlink(acl_path);
}

static bool verifies(const char *name, const char *password)
{
    return users_verify(&users, slice_of_text(name), slice_of_text(password));
}

START_TEST(password_is_verified)
{
    char ann[256], colon[256], text[600];
    line_of("ann", "secret", ann, sizeof ann);
    line_of("a:b", "", colon, sizeof colon);
    snprintf(text, sizeof text, "# people\n\n  %s\r\n%s", ann, colon);
    write_file(users_path, text);
    ck_assert_int_eq(users_read(&users, users_path, &error), 0);
    ck_assert_uint_eq(users.n, 2);
    ck_assert(verifies("ann", "secret"));
    ck_assert(!verifies("ann", "secreT"));
    ck_assert(!verifies("ann", ""));
    ck_assert(!verifies("an", "secret"));
    ck_assert(!verifies("", ""));
    ck_assert(verifies("a:b", ""));
}
END_TEST

/* The stand-in for somebody unknown has a hash of zeros. Whatever has that
 * hash, an unknown user is refused. */
START_TEST(stand_in_is_never_let_in)
{
    ck_assert(!verifies("nobody", ""));
    write_file(users_path, "zero:$pbkdf2-sha256$1$" SALT "$" HASH_OF_NOTHING);
    ck_assert_int_eq(users_read(&users, users_path, &error), 0);
    ck_assert(!verifies("nobody", ""));
}
END_TEST

/* The same password gives another line each time. */
START_TEST(salts_differ)
{
    char one[256], two[256];
    line_of("ann", "secret", one, sizeof one);
    line_of("ann", "secret", two, sizeof two);
    ck_assert_str_ne(one, two);
    ck_assert_int_eq(users_hash(slice_of_text("x"), one, 100), -1);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} bad_users[] = {
    {"ann", "line 1: not name:"},
    {"ann:secret", "line 1: not name:"},
    {":$pbkdf2-sha256$1$" SALT "$" HASH_OF_NOTHING, "line 1: not name:"},
    {"# x\nann:$pbkdf2-sha256$0$" SALT "$" HASH_OF_NOTHING, "line 2: the numb"},
    {"ann:$pbkdf2-sha256$1000001$" SALT "$" HASH_OF_NOTHING, "line 1: the num"},
    {"ann:$pbkdf2-sha256$x$" SALT "$" HASH_OF_NOTHING, "line 1: the number"},
    {"ann:$pbkdf2-sha256$1$" SALT "00$" HASH_OF_NOTHING, "line 1: salt and"},
    {"ann:$pbkdf2-sha256$1$" SALT "$" HASH_OF_NOTHING "0", "line 1: salt and"},
    {"ann:$pbkdf2-sha256$1$" SALT "$00", "line 1: salt and"},
};

START_TEST(bad_users_file_is_refused_with_its_line)
{
    write_file(users_path, bad_users[_i].text);
    ck_assert_int_eq(users_read(&users, users_path, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, users_path));
    ck_assert_msg(strstr(error.text, bad_users[_i].says) != NULL, "%s",
                  error.text);
    ck_assert_ptr_null(
        strstr(error.text, SALT)); /* no part of a hash is told */
}
END_TEST

START_TEST(users_file_that_others_may_write_is_refused)
{
    write_user("ann", "secret");
    chmod(users_path, 0620);
    ck_assert_int_eq(users_read(&users, users_path, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "chmod go-w"));
    ck_assert_int_eq(users_read(&users, "/nonexistent", &error), -1);
    /* A folder can be opened, and not be read. */
    ck_assert_int_eq(users_read(&users, "/", &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "users=/: "));
}
END_TEST

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* least_cost is what refusing somebody takes, without what the machine adds. */
static double least_cost(const char *name)
{
    double least = 1e9;
    for (int i = 0; i < 9; i++) {
        double begin = cpu_ms();
        ck_assert(!verifies(name, "wrong"));
        double cost = cpu_ms() - begin;
        least = cost < least ? cost : least;
    }
    return least;
}

/* Time does not tell who has an account, and no check stops the loop for long
 * (5 ms on a slow core; the bound is for sanitizers and valgrind). */
START_TEST(stranger_costs_as_much_as_a_wrong_password)
{
    write_user("ann", "secret");
    ck_assert_int_eq(users_read(&users, users_path, &error), 0);
    double known = least_cost("ann"), unknown = least_cost("bob");
    ck_assert_double_gt(unknown, known * 0.7);
    ck_assert_double_lt(unknown, known * 1.4);
    ck_assert_double_lt(known, 500);
}
END_TEST

/* Who is unknown gets the number of iterations that the others have, and the
 * same salt each time he asks. */
START_TEST(scram_stand_in_looks_like_the_others)
{
    struct config config;
    struct scram_user ann, bob, again;
    config_init(&config);
    write_file(users_path,
               "ann:$pbkdf2-sha256$4096$" SALT "$" HASH_OF_NOTHING "\n");
    config.users_file = mem_dup(users_path, strlen(users_path));
    struct security *s = security_open(&config, NULL, &error);
    ck_assert_ptr_nonnull(s);
    security_scram_user(s, slice_of_text("ann"), &ann);
    security_scram_user(s, slice_of_text("bob"), &bob);
    security_scram_user(s, slice_of_text("bob"), &again);
    ck_assert(ann.is_known && !bob.is_known);
    ck_assert_uint_eq(ann.iterations, bob.iterations);
    ck_assert_mem_eq(bob.salt, again.salt, sizeof bob.salt);
    security_close(s);
    config_clear(&config);
}
END_TEST

static enum reason try_connect(struct security *s, const char *name,
                               const char *password)
{
    struct security_request request = {
        .client_id = slice_of_text("c"),
        .has_user_name = true,
        .has_password = true,
        .user_name = slice_of_text(name),
        .password = slice_of_text(password),
        .peer = "127.0.0.1:1",
    };
    enum reason reason = security_connect(s, &request);
    free(request.user);
    free(request.new_client_id);
    return reason;
}

/* Whoever shows a trusted certificate is not anonymous; but a user name that
 * comes along has to be proved. */
START_TEST(certificate_is_a_name)
{
    struct config config;
    config_init(&config);
    config.allow_anonymous = false;
    struct security *s = security_open(&config, NULL, &error);
    struct security_request request = {.client_id = slice_of_text("c"),
                                       .peer = "127.0.0.1:1"};
    ck_assert_int_eq(security_connect(s, &request), REASON_NOT_AUTHORIZED);
    request.certificate_name = "ann";
    ck_assert_int_eq(security_connect(s, &request), REASON_SUCCESS);
    ck_assert_str_eq(request.user, "ann");
    free(request.user);
    request.has_user_name = true;
    request.user_name = slice_of_text("bob");
    ck_assert_int_eq(security_connect(s, &request),
                     REASON_BAD_USER_NAME_OR_PASSWORD);
    security_close(s);
    config_clear(&config);
}
END_TEST

/* A refusal is logged with the address, without name and password. */
START_TEST(refusal_is_logged_without_secrets)
{
    char *text = NULL;
    size_t n = 0;
    struct log log = {.out = open_memstream(&text, &n), .level = LOG_TRACE};
    struct config config;
    config_init(&config);
    write_user("ann", "secret");
    config.users_file = mem_dup(users_path, strlen(users_path));
    struct security *s = security_open(&config, &log, &error);
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(try_connect(s, "ann", "hunter2"),
                     REASON_BAD_USER_NAME_OR_PASSWORD);
    ck_assert_int_eq(try_connect(s, "hunter2", "x"),
                     REASON_BAD_USER_NAME_OR_PASSWORD);
    ck_assert_int_eq(try_connect(s, "ann", "secret"), REASON_SUCCESS);
    fclose(log.out);
    ck_assert_ptr_nonnull(strstr(text, "127.0.0.1:1: CONNECT refused"));
    ck_assert_ptr_null(strstr(text, "hunter2"));
    ck_assert_ptr_null(strstr(text, "secret"));
    free(text);
    security_close(s);
    config_clear(&config);
}
END_TEST

/* Files are taken as they are now, or, if one is bad, not at all. */
START_TEST(reload_takes_all_or_nothing)
{
    struct config config;
    struct slice client = slice_of_text("c"), topic = slice_of_text("t");
    config_init(&config);
    write_user("ann", "secret");
    write_file(acl_path, "topic readwrite t\n");
    config.users_file = mem_dup(users_path, strlen(users_path));
    config.acl_file = mem_dup(acl_path, strlen(acl_path));
    struct security *s = security_open(&config, NULL, &error);
    ck_assert_ptr_nonnull(s);

    write_user("ann", "changed");
    write_file(acl_path, "nonsense\n");
    ck_assert_int_eq(security_reload(s, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "acl="));
    ck_assert_int_eq(try_connect(s, "ann", "secret"), REASON_SUCCESS);
    ck_assert(security_may_publish(s, "ann", client, topic));

    write_file(acl_path, "topic read t\n");
    ck_assert_int_eq(security_reload(s, &error), 0);
    ck_assert_int_eq(try_connect(s, "ann", "changed"), REASON_SUCCESS);
    ck_assert(!security_may_publish(s, "ann", client, topic));
    ck_assert(security_may_subscribe(s, "ann", client, topic));
    security_close(s);
    config_clear(&config);
}
END_TEST

#define RULES                                                                  \
    "# for everybody\n"                                                        \
    "topic read public/#\n"                                                    \
    "topic deny public/hidden/#\n"                                             \
    "user ann\n"                                                               \
    "topic house/#\n"                                                          \
    "topic deny house/safe\n"                                                  \
    "topic write +/log\n"                                                      \
    "pattern mail/%u\n"                                                        \
    "client sensor-*\n"                                                        \
    "pattern write sensors/%c/#\n"

static const struct {
    const char *user, *client;
    enum acl_access access;
    const char *topic;
    bool is_allowed;
} accesses[] = {
    /* rules before the first user hold for all; deny wins */
    {NULL, "x", ACL_READ, "public/a", true},
    {NULL, "x", ACL_READ, "public", true},
    {NULL, "x", ACL_READ, "public/#", true},
    {NULL, "x", ACL_READ, "publicity", false},
    {NULL, "x", ACL_READ, "#", false},
    {NULL, "x", ACL_READ, "+/a", false},
    {NULL, "x", ACL_WRITE, "public/a", false},
    {"ann", "x", ACL_READ, "public/hidden/a", false},
    {NULL, "x", ACL_READ, "house/a", false},
    /* of one user */
    {"ann", "x", ACL_READ, "house/a/b", true},
    {"ann", "x", ACL_WRITE, "house/a", true},
    {"ann", "x", ACL_WRITE, "house/safe", false},
    {"ann", "x", ACL_READ, "house/safe", false},
    {"bob", "x", ACL_READ, "house/a", false},
    {"ann", "x", ACL_WRITE, "a/log", true},
    {"ann", "x", ACL_READ, "a/log", false},
    {"ann", "x", ACL_WRITE, "a/b/log", false},
    {"ann", "x", ACL_WRITE, "$SYS/log", false},
    /* names in patterns */
    {"ann", "x", ACL_READ, "mail/ann", true},
    {"ann", "x", ACL_READ, "mail/bob", false},
    {NULL, "x", ACL_READ, "mail/", false},
    {NULL, "sensor-7", ACL_WRITE, "sensors/sensor-7/t", true},
    {NULL, "sensor-7", ACL_WRITE, "sensors/sensor-8/t", false},
    {NULL, "sensor-+", ACL_WRITE, "sensors/sensor-8/t", false},
    {NULL, "sensor-a/b", ACL_WRITE, "sensors/sensor-a/b", false},
    {NULL, "tensor-7", ACL_WRITE, "sensors/tensor-7/t", false},
    {"ann", "sensor-7", ACL_READ, "sensors/sensor-7/t", false},
};

START_TEST(acl_decides_as_its_rules_say)
{
    write_file(acl_path, RULES);
    ck_assert_int_eq(acl_read(&acl, acl_path, &error), 0);
    ck_assert_int_eq(acl_allows(&acl, accesses[_i].access, accesses[_i].user,
                                slice_of_text(accesses[_i].client),
                                slice_of_text(accesses[_i].topic)),
                     accesses[_i].is_allowed);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} bad_acls[] = {
    {"topic", "line 1: a word is missing"},
    {"user ann\ntopic read a/#/b", "line 2: not a valid Topic Filter"},
    {"topic a+", "line 1: not a valid Topic Filter"},
    {"allow a", "line 1: does not begin with"},
};

START_TEST(bad_acl_file_is_refused_with_its_line)
{
    write_file(acl_path, bad_acls[_i].text);
    ck_assert_int_eq(acl_read(&acl, acl_path, &error), -1);
    ck_assert_msg(strstr(error.text, bad_acls[_i].says) != NULL, "%s",
                  error.text);
}
END_TEST

#define ROWS(table) (int)(sizeof table / sizeof *table)

Suite *suite_security(void)
{
    Suite *suite = suite_create("security");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, password_is_verified);
    tcase_add_test(c, stand_in_is_never_let_in);
    tcase_add_test(c, salts_differ);
    tcase_add_loop_test(c, bad_users_file_is_refused_with_its_line, 0,
                        ROWS(bad_users));
    tcase_add_test(c, users_file_that_others_may_write_is_refused);
    tcase_add_test(c, stranger_costs_as_much_as_a_wrong_password);
    tcase_add_test(c, scram_stand_in_looks_like_the_others);
    tcase_add_test(c, certificate_is_a_name);
    tcase_add_test(c, refusal_is_logged_without_secrets);
    tcase_add_test(c, reload_takes_all_or_nothing);
    tcase_add_loop_test(c, acl_decides_as_its_rules_say, 0, ROWS(accesses));
    tcase_add_loop_test(c, bad_acl_file_is_refused_with_its_line, 0,
                        ROWS(bad_acls));
    suite_add_tcase(suite, c);
    return suite;
}
