/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine.c -- the engine tried on a broker of a few lines: names,
 * verdicts, the raw speaker, the tap, the capture, the list of known failures.
 */
#include <check.h>
#include <pcap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "known.h"
#include "peer/peer.h"
#include "selftest/replies.h"
#include "selftest/selftest.h"
#include "suite.h"
#include "t_run.h"
#include "tap/tap.h"
#include "transcript.h"

/* Runs a body as a case against such a broker. */
static struct case_result run_body(void (*body)(struct t *t),
                                   const struct reply *replies,
                                   const struct fault *fault, const char *pcap)
{
    static const char *const statements[] = {"5.0/MQTT-3.1.0-2",
                                             "5.0/MQTT-3.12.4-1"};
    char error[200] = "", url[64];
    int port;
    struct case_result result;
    struct test test = {.name = "x",
                        .file = "x.c",
                        .line = 1,
                        .run = body,
                        .statements = {"5.0/MQTT-3.1.0-2", "5.0/MQTT-3.12.4-1",
                                       "3.1.1/MQTT-3.1.0-1"}};
    pid_t broker = replies_start(replies, &port);
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", port);
    struct target *target = target_new(url, error, sizeof error);
    struct catalogue *catalogue = catalogue_new(error, sizeof error);
    ck_assert_msg(target && catalogue, "%s", error);
    struct t_setup setup = {.test = &test,
                            .version = WIRE_5_0,
                            .statements = statements,
                            .n_statements = 2,
                            .catalogue = catalogue,
                            .target = target,
                            .instance =
                                target_start(target, "", error, sizeof error),
                            .fault = fault,
                            .deadline_ms = 300,
                            .tag = "abcde",
                            .pcap = pcap,
                            .json = "",
                            .keeps_all = true};
    t_run(&setup, &result);
    target_free(target);
    catalogue_free(catalogue);
    kill(broker, SIGKILL);
    waitpid(broker, NULL, 0);
    return result;
}

static const struct reply good[] = {{WIRE_CONNECT, "20 03 00 00 00", 0},
                                    {WIRE_PINGREQ, "d0 00", 0},
                                    {WIRE_PUBLISH, "40 02 00 01", 0},
                                    {WIRE_DISCONNECT, "", 0},
                                    {WIRE_OCTETS, NULL, 0}};
static const struct reply closing[] = {{WIRE_CONNECT, "20 03 00 00 00", 0},
                                       {WIRE_PINGREQ, "", 0},
                                       {WIRE_OCTETS, NULL, 0}};

/* ---- names
 * -------------------------------------------------------------------*/

static void body_names(struct t *t)
{
    ck_assert_str_eq(t_name(t, "pump"), "abcdepump");
    ck_assert_str_eq(t_name(t, ""), "");
    ck_assert_str_eq(t_topic(t, "status/pump"), "abcde/status/pump");
    ck_assert_str_eq(t_topic(t, "#"), "abcde/#");
    ck_assert_str_eq(t_topic(t, "/x"), "abcde//x");
    ck_assert_str_eq(t_topic(t, "$share/g/a/b"), "$share/g/abcde/a/b");
    ck_assert_str_eq(t_topic(t, "$share/g"), "$share/g");
    ck_assert_str_eq(t_topic(t, "$SYS/#"), "$SYS/#");
    ck_assert_str_eq(t_topic(t, "$app/x"), "$app/abcde/x");
    ck_assert_str_eq(t_topic(t, EXACT "+/{}/x"), "+/abcde/x");
}

START_TEST(names_are_made_unique)
{
    struct case_result r = run_body(body_names, good, NULL, "");
    ck_assert_int_eq(r.verdict, VERDICT_PASSED);
}
END_TEST

/* ---- verdicts
 * ----------------------------------------------------------------*/

static void body_good(struct t *t)
{
    struct peer *peer = peer_hello(t, "one");
    peer_expect_nothing(peer);
    peer_publish(peer, MESSAGE("a", "x", .qos = 1));
    peer_disconnect(peer);
}

static void body_wants_close(struct t *t)
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PINGREQ());
    peer_expect_close(peer);
}

static void body_wants_other(struct t *t)
{
    struct peer *peer = peer_hello(t, "one");
    peer_send(peer, PINGREQ());
    peer_expect(peer, PUBACK(.packet_id = 1));
}

static void body_silence(struct t *t)
{
    peer_expect_message(peer_hello(t, "one"), MESSAGE("a", "x"));
}

static void body_warns(struct t *t)
{
    t_warn(t, "something nice", "something else");
}

static void body_skips(struct t *t)
{
    t_skip(t, "no %s", "retain");
}

static const struct expectation {
    void (*body)(struct t *t);
    const struct reply *replies;
    enum verdict verdict;
    const char *says; /* in actual or reason */
} expectations[] = {
    {body_good, good, VERDICT_PASSED, ""},
    {body_wants_close, closing, VERDICT_PASSED, ""},
    {body_wants_close, good, VERDICT_FAILED, "PINGRESP"},
    {body_wants_other, good, VERDICT_FAILED, "PINGRESP"},
    {body_wants_other, closing, VERDICT_FAILED, "closed the connection"},
    {body_silence, good, VERDICT_FAILED, "nothing came within 300 ms"},
    {body_warns, good, VERDICT_WARNING, "something else"},
    {body_skips, good, VERDICT_SKIPPED, "no retain"},
};

START_TEST(verdicts_say_what_was_seen)
{
    const struct expectation *e = &expectations[_i];
    struct case_result r = run_body(e->body, e->replies, NULL, "");
    ck_assert_str_eq(verdict_name(r.verdict), verdict_name(e->verdict));
    ck_assert_msg(strstr(r.actual, e->says) || strstr(r.reason, e->says),
                  "actual: %s, reason: %s", r.actual, r.reason);
}
END_TEST

/* ---- what a failure breaks
 * -------------------------------------------------------------------*/

static void body_proves_one(struct t *t)
{
    t_proves(t, "3.12.4-1 3.1.0-1");
    t_fail(t, "one", "other");
}

static void body_proves_all(struct t *t)
{
    t_proves(t, "3.12.4-1");
    t_proves(t, "");
    t_fail(t, "one", "other");
}

static void body_proves_another_version(struct t *t)
{
    t_proves(t, "3.1.0-1");
    t_fail(t, "one", "other");
}

static void body_proves_what_is_not_named(struct t *t)
{
    t_proves(t, "3.12.4-1 3.1.0-20");
}

static const struct proof {
    void (*body)(struct t *t);
    enum verdict verdict;
    int n_violated;
    const char *first;
} proofs[] = {
    {body_proves_one, VERDICT_FAILED, 1, "5.0/MQTT-3.12.4-1"},
    {body_proves_all, VERDICT_FAILED, 2, "5.0/MQTT-3.1.0-2"},
    {body_proves_another_version, VERDICT_FAILED, 2, "5.0/MQTT-3.1.0-2"},
    {body_proves_what_is_not_named, VERDICT_ERROR, 0, ""},
};

START_TEST(a_failure_breaks_what_is_at_stake)
{
    const struct proof *p = &proofs[_i];
    struct case_result r = run_body(p->body, good, NULL, "");
    ck_assert_str_eq(verdict_name(r.verdict), verdict_name(p->verdict));
    ck_assert_int_eq(r.n_violated, p->n_violated);
    ck_assert_str_eq(r.violated[0], p->first);
}
END_TEST

/* ---- the tap
 * -----------------------------------------------------------------*/

static void drop_pingresp(struct tap_relay *relay, enum wire_side from,
                          const struct wire_packet *packet, void *state)
{
    (void)state;
    if (packet->type != WIRE_PINGRESP)
        tap_forward(relay, from, packet);
}

static const struct fault no_pingresp = {.name = "no_pingresp",
                                         .sentence = "PINGREQ is not answered",
                                         .statements = "",
                                         .on_packet = drop_pingresp};

START_TEST(a_fault_fails_a_case_that_passes)
{
    struct case_result r = run_body(body_good, good, &no_pingresp, "");
    ck_assert_str_eq(verdict_name(r.verdict), "failed");
    ck_assert_str_eq(r.violated[0], "5.0/MQTT-3.1.0-2");
}
END_TEST

/* ---- the capture
 * -------------------------------------------------------------*/

START_TEST(a_capture_can_be_read)
{
    char error[PCAP_ERRBUF_SIZE], path[] = "/tmp/mqttspec-selftest.XXXXXX";
    struct pcap_pkthdr *header;
    const unsigned char *octets;
    int n = 0, n_connack = 0, fd = mkstemp(path);
    close(fd);
    struct case_result r = run_body(body_good, good, NULL, path);
    ck_assert(r.has_capture);
    pcap_t *pcap = pcap_open_offline(path, error);
    ck_assert_msg(pcap != NULL, "%s", error);
    ck_assert_int_eq(pcap_datalink(pcap), DLT_EN10MB);
    while (pcap_next_ex(pcap, &header, &octets) == 1) {
        ck_assert_uint_ge(header->caplen, 54);
        n_connack += header->caplen == 59 && octets[54] == 0x20;
        n++;
    }
    pcap_close(pcap);
    unlink(path);
    ck_assert_int_ge(n, 11);
    ck_assert_int_eq(n_connack, 1);
}
END_TEST

/* ---- known failures
 * ------------------------------------------------------------*/

static const char *name_in_list(const void *cases, size_t i)
{
    return ((const char *const *)cases)[i];
}

/* A failure is known by its name and by a statement that it broke. */
START_TEST(known_failures_are_found)
{
    static const char will[2][80] = {"5.0/MQTT-3.1.2-8", "5.0/MQTT-3.14.4-3"};
    static const char other[1][80] = {"5.0/MQTT-3.1.2-80"};
    char error[200] = "";
    struct known *known =
        known_read("list",
                   "# why\n\nwill/5.0/tcp 5.0/MQTT-3.1.2-8 it drops the Will\n"
                   "t[row]/* 3.1.1/MQTT-1,5.0/MQTT-3.14.4-3 always\n",
                   "1.0", error, sizeof error);
    ck_assert_ptr_nonnull(known);
    ck_assert_str_eq(known_reason(known, "will/5.0/tcp", will, 2),
                     "it drops the Will");
    ck_assert_str_eq(known_reason(known, "t[row]/3.1.1/tcp", will, 2),
                     "always");
    ck_assert_ptr_null(known_reason(known, "t[row]/3.1.1/tcp", will, 1));
    ck_assert_ptr_null(known_reason(known, "will/5.0/tcp", other, 1));
    ck_assert_ptr_null(known_reason(known, "will/5.0/tcp", NULL, 0));
    ck_assert_ptr_null(known_reason(known, "will/3.1.1/tcp", will, 2));
    ck_assert_ptr_null(known_reason(known, "tr/5.0/tcp", will, 2));
    ck_assert_str_eq(known_lists(known, "will/5.0/tcp"), "it drops the Will");
    ck_assert_ptr_null(known_lists(known, "will/5.0/ws"));
    known_free(known);
}
END_TEST

/* A line that names no case is told, by its number. */
START_TEST(known_failures_all_name_a_case)
{
    static const char *const cases[] = {"a/5.0/tcp", "b[x]/5.0/tcp"};
    char error[200] = "";
    const char *pattern = "";
    struct known *known = known_read("list",
                                     "a/* - one\ngone/* - two\n"
                                     "b[y]/* - three\nb[*]/5.0/* - four\n",
                                     "", error, sizeof error);
    ck_assert_ptr_nonnull(known);
    ck_assert_int_eq(
        known_next_unused(known, 0, 2, name_in_list, cases, &pattern), 2);
    ck_assert_str_eq(pattern, "gone/*");
    ck_assert_int_eq(
        known_next_unused(known, 2, 2, name_in_list, cases, &pattern), 3);
    ck_assert_int_eq(
        known_next_unused(known, 3, 2, name_in_list, cases, &pattern), 0);
    known_free(known);
}
END_TEST

/* What is listed for one version says nothing of another. */
START_TEST(known_failures_belong_to_a_version)
{
    static const char *const text = "@version 2.0.11\na/* - old\n"
                                    "@version 2.[12]*\nb/* - new\n"
                                    "@version *\nc/* - ever\n";
    char error[200] = "";
    struct known *known = known_read("list", text, "2.0.11", error, 200);
    ck_assert_str_eq(known_lists(known, "a/5.0/tcp"), "old");
    ck_assert_ptr_null(known_lists(known, "b/5.0/tcp"));
    ck_assert_str_eq(known_lists(known, "c/5.0/tcp"), "ever");
    ck_assert_int_eq(known_n_other(known), 1);
    known_free(known);
    known = known_read("list", text, "2.1.0", error, 200);
    ck_assert_ptr_null(known_lists(known, "a/5.0/tcp"));
    ck_assert_str_eq(known_lists(known, "b/5.0/tcp"), "new");
    known_free(known);
    known = known_read("list", text, NULL, error, 200);
    ck_assert_ptr_null(known_lists(known, "a/5.0/tcp"));
    ck_assert_str_eq(known_lists(known, "c/5.0/tcp"), "ever");
    known_free(known);
}
END_TEST

/* A case that a race decides is a known failure, and may pass. */
START_TEST(known_failures_may_come_sometimes)
{
    static const char broken[1][80] = {"5.0/MQTT-1"};
    char error[200] = "";
    struct known *known =
        known_read("list",
                   "a/* 5.0/MQTT-1 ever\n@sometimes\nb/* 5.0/MQTT-1 a race\n"
                   "@version *\nc/* 5.0/MQTT-1 ever\n",
                   "", error, sizeof error);
    ck_assert_ptr_nonnull(known);
    ck_assert_str_eq(known_reason(known, "b/5.0/tcp", broken, 1), "a race");
    ck_assert_ptr_null(known_lists(known, "b/5.0/tcp"));
    ck_assert_str_eq(known_lists(known, "a/5.0/tcp"), "ever");
    ck_assert_str_eq(known_lists(known, "c/5.0/tcp"), "ever");
    known_free(known);
}
END_TEST

/* A line that is no entry is refused, and named. */
START_TEST(known_failures_are_written_well)
{
    char error[200] = "";
    ck_assert_ptr_null(
        known_read("list", "just_a_name\n", "", error, sizeof error));
    ck_assert_str_eq(error, "list:1: expected: CASE STATEMENT REASON");
    ck_assert_ptr_null(
        known_read("list", "\n@since 2.0\na - b\n", "", error, sizeof error));
    ck_assert_str_eq(error, "list:2: expected: CASE STATEMENT REASON");
    ck_assert_ptr_null(
        known_read("/nowhere/list", NULL, "", error, sizeof error));
    ck_assert_str_eq(error, "/nowhere/list: No such file or directory");
}
END_TEST

Suite *suite_engine(void)
{
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, names_are_made_unique);
    tcase_add_loop_test(tcase, verdicts_say_what_was_seen, 0,
                        sizeof expectations / sizeof *expectations);
    tcase_add_loop_test(tcase, a_failure_breaks_what_is_at_stake, 0,
                        (int)(sizeof proofs / sizeof *proofs));
    tcase_add_test(tcase, a_fault_fails_a_case_that_passes);
    tcase_add_test(tcase, a_capture_can_be_read);
    tcase_add_test(tcase, known_failures_are_found);
    tcase_add_test(tcase, known_failures_all_name_a_case);
    tcase_add_test(tcase, known_failures_belong_to_a_version);
    tcase_add_test(tcase, known_failures_may_come_sometimes);
    tcase_add_test(tcase, known_failures_are_written_well);
    suite_add_tcase(suite, tcase);
    return suite;
}
