/* SPDX-License-Identifier: Apache-2.0 */
/* 3_1_3_credentials.c -- User Name and Password that are nearly right.
 *
 * Spec: 3.1.1 s3.1.3.4, s3.1.3.5, s3.1.4; 5.0 s3.1.3.5, s3.1.3.6, s3.1.4.
 */
#include "peer/peer.h"
#include "suite.h"

#include <string.h>

struct stranger {
    struct row row;
    const char *user;     /* NULL: the test user */
    bool has_no_password; /* else: */
    int n_right;          /* that many octets of the right one, */
    const char *more;     /* and these */
};
enum { ALL_OF_IT = 100 };

static const struct stranger strangers[] = {
    {{"unknown_user"}, "nobody", false, ALL_OF_IT, ""},
    {{"longer_user"}, "tester2", false, ALL_OF_IT, ""},
    {{"user_in_capitals"}, "TESTER", false, ALL_OF_IT, ""},
    {{"empty_user"}, "", false, ALL_OF_IT, ""},
    {{"no_password"}, NULL, true, 0, ""},
    {{"empty_password"}, NULL, false, 0, ""},
    {{"shorter_password"}, NULL, false, 7, ""},
    {{"longer_password"}, NULL, false, ALL_OF_IT, "x"},
};

#define expect_refused(peer)                                                   \
    peer_expect_refused(                                                       \
        peer,                                                                  \
        .v3 =                                                                  \
            CODES(REFUSED_BAD_USER_NAME_OR_PASSWORD, REFUSED_NOT_AUTHORIZED),  \
        .v3_may_just_close = true,                                             \
        .v5 = CODES(BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED))

/* Who is not quite known is not let in. */
TEST_EACH(stranger_is_refused, strangers, "3.1.1/RULE-connect-refused-closes",
          "5.0/MQTT-3.1.4-2", .settings = "users=on")
{
    const struct stranger *row = t_row(t);
    struct t_user user = t_user(t);
    const char *password =
        t_text(t, "%.*s%s", row->n_right, user.password, row->more);
    struct peer *peer = peer_open(t);
    peer_send(peer,
              CONNECT(.client_id = "one", .clean_start = 1,
                      .user_name = {row->user ? row->user : user.name},
                      .password = {row->has_no_password ? NULL : password}));
    expect_refused(peer);
}

/* A password is binary: it does not end at a zero. */
TEST(password_beyond_a_zero_counts, "3.1.1/RULE-connect-refused-closes",
     "5.0/MQTT-3.1.4-2", .settings = "users=on")
{
    struct t_user user = t_user(t);
    size_t n = strlen(user.password);
    char *password = t_alloc(t, n + 3);
    memcpy(password, user.password, n);
    memcpy(password + n, "\0x", 2);
    struct peer *peer = peer_open(t);
    peer_send(peer, CONNECT(.client_id = "one", .clean_start = 1,
                            .user_name = {user.name},
                            .password = SLICE(password, n + 2)));
    expect_refused(peer);
}

SUITE(credentials, "3.1.3.5 User Name and Password", stranger_is_refused,
      password_beyond_a_zero_counts);
