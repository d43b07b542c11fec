/* SPDX-License-Identifier: Apache-2.0 */
/* test_target.c -- what a URL says of its target, and what the probe finds out.
 *
 * The brokers probed here are a few lines: each answers a packet type with
 * octets of its own.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "selftest/replies.h"
#include "selftest/selftest.h"
#include "target.h"

/* ---- URLs
 * --------------------------------------------------------------------*/

static const struct reach {
    const char *name;
    int transport;
} reaches[] = {
    {"mqtt://127.0.0.1", TRANSPORT_TCP},
    {"mqtts://broker.example:8884", TRANSPORT_TLS},
    {"ws://127.0.0.1:9001/ws", TRANSPORT_WS},
    {"wss://me:secret@127.0.0.1:9443/mqtt", TRANSPORT_WSS},
    {"wss://a:1,wss://b:2", TRANSPORT_WSS},
    {"mosquitto", -1},
    {"no_such_broker", -1},
    {"wss://", -1},
    {NULL, -1},
};

START_TEST(a_url_tells_its_transport)
{
    ck_assert_int_eq(target_transport_of(reaches[_i].name),
                     reaches[_i].transport);
}
END_TEST

/* An INI file may hold a URL too. */
START_TEST(an_ini_file_tells_the_transport_of_its_url)
{
    char path[] = "/tmp/mqttspec-target.XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("[target]\nname = x\nurl = ws://127.0.0.1:1\n", file);
    fclose(file);
    int transport = target_transport_of(path);
    remove(path);
    ck_assert_int_eq(transport, TRANSPORT_WS);
}
END_TEST

/* ---- the probe
 * ---------------------------------------------------------------*/

/* Brokers of 5.0 alone that deny nothing in CONNACK. */
static const struct reply keeps[] = {{WIRE_CONNECT, "20 03 00 00 00", 5},
                                     {WIRE_CONNECT, "", 0},
                                     {WIRE_SUBSCRIBE, "90 04 00 01 00 00", 0},
                                     {WIRE_PUBLISH, "50 03 00 07 10", 0},
                                     {WIRE_PUBREL, "70 02 00 07", 0},
                                     {WIRE_DISCONNECT, "", 0},
                                     {WIRE_OCTETS, NULL, 0}};
static const struct reply no_shares[] = {
    {WIRE_CONNECT, "20 03 00 00 00", 5},
    {WIRE_CONNECT, "", 0},
    {WIRE_SUBSCRIBE, "90 04 00 01 00 9e", 0},
    {WIRE_PUBLISH, "50 02 00 07", 0},
    {WIRE_PUBREL, "70 02 00 07", 0},
    {WIRE_DISCONNECT, "", 0},
    {WIRE_OCTETS, NULL, 0}};
static const struct reply ends_it[] = {{WIRE_CONNECT, "20 03 00 00 00", 5},
                                       {WIRE_CONNECT, "", 0},
                                       {WIRE_SUBSCRIBE, "e0 02 a2 00", 0},
                                       {WIRE_PUBLISH, "e0 02 9b 00", 0},
                                       {WIRE_DISCONNECT, "", 0},
                                       {WIRE_OCTETS, NULL, 0}};
static const struct reply no_rights[] = {
    {WIRE_CONNECT, "20 03 00 00 00", 5},
    {WIRE_CONNECT, "", 0},
    {WIRE_SUBSCRIBE, "90 04 00 01 00 87", 0},
    {WIRE_PUBLISH, "50 03 00 07 87", 0},
    {WIRE_DISCONNECT, "", 0},
    {WIRE_OCTETS, NULL, 0}};

/* Of 3.1.1 alone, whatever CONNECT asks for. */
static const struct reply one_form[] = {{WIRE_CONNECT, "20 02 00 00", 0},
                                        {WIRE_SUBSCRIBE, "90 03 00 01 00", 0},
                                        {WIRE_DISCONNECT, "", 0},
                                        {WIRE_OCTETS, NULL, 0}};

/* Of 3.1.1 alone, and silent to all but CONNECT. */
static const struct reply silent[] = {{WIRE_CONNECT, "20 02 00 00", 4},
                                      {WIRE_CONNECT, "", 0},
                                      {WIRE_DISCONNECT, "", 0},
                                      {WIRE_OCTETS, NULL, 0}};

static const struct probing {
    const struct reply *replies;
    int patience_ms;
    const char *says[3]; /* beside what CONNACK says */
    const char *lacks[3];
} probings[] = {
    {keeps, TARGET_PROBE_MS, {NULL}, {NULL}},
    {no_shares,
     TARGET_PROBE_MS,
     {"shared: no, though CONNACK does not deny it"},
     {"shared"}},
    {ends_it,
     TARGET_PROBE_MS,
     {"wildcards: no, though CONNACK does not deny it",
      "qos2: no, though CONNACK does not limit it"},
     {"wildcards", "qos2"}},
    {no_rights, TARGET_PROBE_MS, {NULL}, {NULL}},
    {one_form,
     2000,
     {"mqtt5.0: no, though CONNECT is accepted: CONNACK has another form",
      "qos1: no"},
     {"mqtt5.0", "qos1", "qos2"}},
    {silent,
     2000,
     {"qos1: no answer in 2000 ms, taken for no",
      "qos2: no answer in 2000 ms, taken for no",
      "wildcards: no answer in 2000 ms, taken for no"},
     {"qos1", "qos2", "wildcards"}},
};

static size_t count_contradictions(const char *told)
{
    size_t n = 0;
    while ((told = strstr(told, ", though ")) != NULL) {
        told++;
        n++;
    }
    return n;
}

START_TEST(the_probe_tries_what_is_promised)
{
    const struct probing *p = &probings[_i];
    char error[300] = "", url[64];
    int port;
    size_t n = 0;
    pid_t broker = replies_start(p->replies, &port);
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", port);
    struct target *target = target_new(url, error, sizeof error);
    ck_assert_msg(target != NULL, "%s", error);
    struct instance *instance = target_start(target, "", error, sizeof error);
    int bad =
        target_probe(target, instance, p->patience_ms, error, sizeof error);
    kill(broker, SIGKILL);
    waitpid(broker, NULL, 0);
    ck_assert_msg(bad == 0, "%s", error);
    const char *told = target_told(target);
    for (size_t i = 0; i < 3 && p->says[i]; i++) {
        ck_assert_msg(strstr(told, p->says[i]) != NULL, "%s", told);
        n += count_contradictions(p->says[i]);
    }
    ck_assert_uint_eq(count_contradictions(told), n);
    for (size_t i = 0; i < 3 && p->lacks[i]; i++)
        ck_assert(!target_has(target, p->lacks[i]));
    ck_assert(target_has(target, "subscription_identifiers"));
    target_free(target);
}
END_TEST

Suite *suite_target(void)
{
    Suite *suite = suite_create("target");
    TCase *tcase = tcase_create("target");
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, a_url_tells_its_transport, 0,
                        (int)(sizeof reaches / sizeof *reaches));
    tcase_add_test(tcase, an_ini_file_tells_the_transport_of_its_url);
    tcase_add_loop_test(tcase, the_probe_tries_what_is_promised, 0,
                        (int)(sizeof probings / sizeof *probings));
    suite_add_tcase(suite, tcase);
    return suite;
}
