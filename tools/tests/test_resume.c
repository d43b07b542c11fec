/* SPDX-License-Identifier: Apache-2.0 */
/* test_resume.c -- replays that judge from a frame on.
 *
 * What is before the frame is played all the same: a session that it left must
 * be there, and a lie in it must not count.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "tests/scene.h"
#include "tests/stage.h"

static const char QOS2[] = "captures/qos2.pcap",
                  SESSION[] = "captures/session.pcap";

static int broker;

static void set_up(void)
{
    broker = stage_broker();
}

static void exits(const struct outcome *o, int code)
{
    ck_assert_msg(o->exit == code, "exit %d: %s", o->exit, outcome_text(o));
}

/* A lie about packets of QOS2: the frames of the first and of the last. */
static const struct lie {
    const char *how;
    int frame, last;
} LIES[] = {
    {"connack octet", 6, 15},
    {"suback", 9, 9},
    {"ack id", 18, 43},
    {"flip payload", 28, 28},
};

START_TEST(lie_counts_from_its_frame_on)
{
    const struct lie *lie = &LIES[_i];
    char options[64];
    snprintf(options, sizeof options, "--timeout 1 --resume-from %d",
             lie->frame);
    struct outcome o =
        stage_run(QOS2, "mqtt", stage_liar(broker, lie->how), options);
    exits(&o, EXIT_FOUND);
    ck_assert_int_eq(outcome_where(&o, "CHANGED"), lie->frame);
    snprintf(options, sizeof options, "--timeout 1 --resume-from %d",
             lie->last + 1);
    o = stage_run(QOS2, "mqtt", stage_liar(broker, lie->how), options);
    exits(&o, EXIT_GOOD);
    ck_assert_str_eq(outcome_class(&o, lie->last, NULL), "OPEN");
    ck_assert_int_eq(outcome_count(&o, "CHANGED"), 0);
    ck_assert_int_gt(outcome_count(&o, "MATCH"), 0);
}
END_TEST

START_TEST(streams_before_it_are_played_and_skipped)
{
    struct outcome o = stage_run(SESSION, "mqtt", broker, "--resume-from 35");
    exits(&o, EXIT_GOOD);
    ck_assert_int_eq(outcome_summary(&o, "passed"), 1);
    ck_assert_int_eq(outcome_summary(&o, "skipped"), 2);
    ck_assert_ptr_nonnull(
        strstr(outcome_text(&o), "all of it is before frame 35"));
    ck_assert_str_eq(outcome_class(&o, 37, "CONNACK"), "MATCH");
    ck_assert_str_eq(outcome_class(&o, 45, "PUBLISH"), "MATCH");
}
END_TEST

/* A hundred times as slow: 20 s of pauses before the frame, 40 ms after it. */
START_TEST(pauses_are_kept_from_it_on)
{
    struct outcome o =
        stage_run(SESSION, "mqtt", broker, "--speed 0.01 --resume-from 20");
    exits(&o, EXIT_GOOD);
    double seconds = cJSON_GetObjectItem(o.json, "seconds")->valuedouble;
    ck_assert_double_ge(seconds, 0.04);
    ck_assert_double_lt(seconds, 20);
}
END_TEST

START_TEST(wrong_frames_are_refused)
{
    static const char *const WRONG[] = {"0",   "-1",  "x",
                                        "12x", "100", "99999999999999999999"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        char options[64];
        snprintf(options, sizeof options, "--resume-from %s", WRONG[i]);
        struct outcome o = stage_run(QOS2, "mqtt", broker, options);
        ck_assert_msg(o.exit == EXIT_USAGE, "%s: exit %d", WRONG[i], o.exit);
    }
}
END_TEST

Suite *suite_resume(void)
{
    Suite *s = suite_create("resume");
    TCase *t = tcase_create("resume");
    tcase_add_checked_fixture(t, set_up, stage_stop);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, lie_counts_from_its_frame_on, 0,
                        sizeof LIES / sizeof LIES[0]);
    tcase_add_test(t, streams_before_it_are_played_and_skipped);
    tcase_add_test(t, pauses_are_kept_from_it_on);
    tcase_add_test(t, wrong_frames_are_refused);
    suite_add_tcase(s, t);
    return s;
}
