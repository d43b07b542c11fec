/* SPDX-License-Identifier: Apache-2.0 */
/* test_duties.c -- the client's page claims no more than the observer sees. */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "duties.h"
#include "report/text.h"
#include "statement.h"
#include "tests/scene.h"

static struct text sources; /* of the observer and of its reader */

static void read_sources(void)
{
    glob_t files = {0};
    glob("conformance/observe/*.c", 0, NULL, &files);
    glob("conformance/wire/*.c", GLOB_APPEND, NULL, &files);
    ck_assert_uint_gt(files.gl_pathc, 10);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct text one = {0};
        ck_assert_int_eq(text_load(&one, files.gl_pathv[i]), 0);
        text_puts(&sources, one.chars);
        text_clear(&one);
    }
    globfree(&files);
}

static void forget_sources(void)
{
    text_clear(&sources);
}

/* Whether the observer can name a statement: its id stands in a string, with
 * the version or, in the tables of 5.0, without. */
static bool is_cited(const char *id)
{
    char quoted[100];
    const char *name = strncmp(id, "5.0/", 4) ? id : id + 4;
    snprintf(quoted, sizeof quoted, "\"%s\"", id);
    if (strstr(sources.chars, quoted))
        return true;
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    return strstr(sources.chars, quoted) != NULL;
}

static bool all_cited(const char *ids)
{
    char list[200];
    snprintf(list, sizeof list, "%s", ids);
    for (char *id = strtok(list, " "); id; id = strtok(NULL, " "))
        if (!is_cited(id))
            return false;
    return true;
}

/* What binds a client can be found broken, by its own id or another one's, or
 * is said to be out of sight. */
START_TEST(each_statement_is_judged_or_unseen)
{
    char error[200];
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    size_t n = 0;
    ck_assert_msg(catalogue != NULL, "%s", error);
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct statement *s = catalogue_at(catalogue, i);
        const struct duty *duty = duties_find(s->id);
        if (s->role == STATEMENT_ROLE_SERVER || s->catalogue[1] != '.')
            continue;
        bool is_section_6 =
            strstr(s->id, "MQTT-6.0.0-") != NULL; /* the tap's */
        bool is_found = is_cited(s->id) || is_section_6 ||
                        (duty && duty->by && all_cited(duty->by));
        bool is_unseen = duty && duty->unseen;
        ck_assert_msg(is_unseen ? !is_cited(s->id) : is_found, "%s", s->id);
        n++;
    }
    ck_assert_uint_gt(n, 200);
    catalogue_free(catalogue);
}
END_TEST

/* A breach counts for all statements that it breaks, and for no other. */
START_TEST(breaches_count_where_they_belong)
{
    static const struct {
        const char *id, *found, *packet, *sentence;
        bool is_broken;
    } ROWS[] = {
        {"5.0/MQTT-3.3.1-4", "5.0/MQTT-3.3.1-4", "PUBLISH QoS 3", "3", true},
        {"5.0/RULE-publish-topic-alias-zero", "5.0/MQTT-3.3.2-8", "", "", true},
        {"5.0/MQTT-3.1.3-4", "5.0/MQTT-1.5.4-1", "CONNECT Keep Alive 0",
         "Client Identifier is not valid UTF-8", true},
        {"5.0/MQTT-3.1.3-4", "5.0/MQTT-1.5.4-1", "CONNECT Keep Alive 0",
         "Will Topic is not valid UTF-8", false},
        {"5.0/MQTT-3.8.3-1", "5.0/MQTT-1.5.4-1", "SUBSCRIBE Packet Identifier",
         "Topic Filter is not valid UTF-8", true},
        {"5.0/MQTT-3.8.3-1", "5.0/MQTT-1.5.4-1",
         "UNSUBSCRIBE Packet Identifier", "Topic Filter is not valid UTF-8",
         false},
        {"5.0/MQTT-3.4.2-2", "5.0/MQTT-3.2.2-15", "PUBACK Packet Identifier 1",
         "the PUBACK has 300 octets", true},
        {"5.0/MQTT-3.4.2-2", "5.0/MQTT-3.2.2-1", "PUBACK Packet Identifier 1",
         "the PUBACK has 300 octets", false},
    };
    ck_assert(duties_is_broken(ROWS[_i].id, ROWS[_i].found, ROWS[_i].packet,
                               ROWS[_i].sentence) == ROWS[_i].is_broken);
}
END_TEST

/* What a client does is an occasion; what it does not, is none. */
START_TEST(occasions)
{
    ck_assert_uint_eq(duties_occasions(WIRE_CLIENT, CONNECT(.client_id = "a")),
                      0);
    ck_assert_uint_eq(duties_occasions(WIRE_CLIENT, CONNECT(.client_id = "a",
                                                            .keep_alive_s = 9,
                                                            .user_name = "u")),
                      DUTY_KEEP_ALIVE | DUTY_USER_NAME);
    ck_assert_uint_eq(duties_occasions(WIRE_CLIENT, PUBLISH(.topic = "t")),
                      DUTY_QOS_0);
    ck_assert_uint_eq(
        duties_occasions(WIRE_CLIENT,
                         PUBLISH(.topic = "t", .qos = 2, .packet_id = 1,
                                 .props = {.topic_alias = OPT(1)})),
        DUTY_QOS_2 | DUTY_ALIAS);
    ck_assert_uint_eq(duties_occasions(WIRE_SERVER, PUBLISH(.topic = "t")), 0);
    ck_assert_uint_eq(
        duties_occasions(WIRE_SERVER,
                         PUBLISH(.topic = "t", .qos = 1, .packet_id = 1)),
        DUTY_GOT_QOS_1);
    ck_assert_uint_eq(
        duties_occasions(
            WIRE_SERVER,
            CONNACK(.session_present = 1, .props = {.maximum_qos = OPT(1)})),
        DUTY_RESUMED | DUTY_QOS_LIMIT);
}
END_TEST

Suite *suite_duties(void)
{
    Suite *s = suite_create("duties");
    TCase *t = tcase_create("duties");
    tcase_add_checked_fixture(t, read_sources, forget_sources);
    tcase_add_test(t, each_statement_is_judged_or_unseen);
    tcase_add_loop_test(t, breaches_count_where_they_belong, 0, 8);
    tcase_add_test(t, occasions);
    suite_add_tcase(s, t);
    return s;
}
