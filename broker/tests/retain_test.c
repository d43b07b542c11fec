// SPDX-License-Identifier: Apache-2.0
/* retain_test.c -- retained messages: kept, replaced, found, expired.
 */
#include <string.h>

#include "state/retain.h"
#include "state/topic.h"
#include "tests/tests.h"

static struct slice text(const char *s)
{
    return slice_of(s, strlen(s));
}

/* expiry_s 0: none */
static void keep(struct retain *r, const char *topic, const char *payload,
                 uint32_t expiry_s, uint64_t now_ms)
{
    struct publish publish = {.is_retained = true, .payload = text(payload)};
    if (expiry_s > 0)
        properties_set(&publish.properties, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    publish.properties.message_expiry_interval_s = expiry_s;
    struct message *m = message_new(text(topic), &publish, now_ms);
    retain_set(r, m);
    message_unref(m);
}

struct found {
    size_t n;
    char payloads[64]; /* one after the other */
};

static void on_found(struct message *m, void *arg)
{
    struct found *found = arg;
    found->n++;
    strncat(found->payloads, (const char *)m->payload.data, m->payload.n);
}

static struct found find(struct retain *r, const char *filter, uint64_t now_ms)
{
    struct found found = {0};
    retain_match(r, text(filter), now_ms, on_found, &found);
    return found;
}

/* The last message of a topic is the one that is kept [MQTT-3.3.1-5]. */
START_TEST(last_one_is_kept)
{
    struct retain r;
    retain_init(&r, NULL);
    keep(&r, "a/b", "1", 0, 1);
    keep(&r, "a/b", "2", 0, 1);
    ck_assert_str_eq(find(&r, "a/b", 1).payloads, "2");
    ck_assert_uint_eq(r.n_messages, 1);
    retain_clear(&r);
}
END_TEST

/* An empty payload removes, and is not kept; neighbours stay. */
START_TEST(empty_payload_removes)
{
    struct retain r;
    retain_init(&r, NULL);
    keep(&r, "a", "1", 0, 1);
    keep(&r, "a/b", "2", 0, 1);
    keep(&r, "a/b/c", "3", 0, 1);
    keep(&r, "a/b", "", 0, 1);
    keep(&r, "x", "", 0, 1);
    ck_assert_uint_eq(find(&r, "#", 1).n, 2);
    ck_assert_uint_eq(find(&r, "a/b", 1).n, 0);
    keep(&r, "a/b/c", "", 0, 1);
    ck_assert_str_eq(find(&r, "#", 1).payloads, "1");
    keep(&r, "a", "", 0, 1);
    ck_assert_uint_eq(r.levels.table.n, 0);
    ck_assert_uint_eq(r.n_messages, 0);
    retain_clear(&r);
}
END_TEST

/* Wildcards find what topic_matches says, $ topics included. */
START_TEST(wildcards_agree_with_the_model)
{
    static const char *const topics[] = {"a",    "a/b", "a/b/c",  "a//c",
                                         "/",    "/a",  "b/a/",   "$x",
                                         "$x/a", "b",   "a/$x/b", "c/d/e/f"};
    static const char *const filters[] = {
        "#",    "+",    "+/+", "a/#",     "a/+",     "a/+/c",  "/#",  "+/#",
        "$x/#", "$x",   "+/a", "a/b",     "b/+/",    "+/+/+",  "a/#", "zz/#",
        "/+",   "$x/+", "//#", "a/b/c/#", "c/d/e/f", "c/+/e/#"};
    struct retain r;
    retain_init(&r, NULL);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        keep(&r, topics[i], "x", 0, 1);
    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
        size_t expected = 0;
        for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
            expected += topic_matches(text(filters[f]), text(topics[i]));
        ck_assert_msg(find(&r, filters[f], 1).n == expected, "%s", filters[f]);
    }
    retain_clear(&r);
}
END_TEST

/* What has expired is not found, and is removed in time; the rest stays. */
START_TEST(expired_ones_go)
{
    struct retain r;
    retain_init(&r, NULL);
    keep(&r, "a", "1", 2, 1000);
    keep(&r, "a/b", "2", 5, 1000);
    keep(&r, "a/c", "3", 0, 1000);
    ck_assert_uint_eq(find(&r, "#", 2999).n, 3);
    ck_assert_uint_eq(find(&r, "#", 3000).n, 2);
    retain_expire(&r, 2999);
    ck_assert_uint_eq(r.n_messages, 3);
    retain_expire(&r, 3000);
    ck_assert_uint_eq(r.n_messages, 2);
    ck_assert_uint_eq(r.next_expiry_ms, 6000);
    retain_expire(&r, 6000);
    ck_assert_uint_eq(r.n_messages, 1);
    ck_assert_str_eq(find(&r, "#", 9999).payloads, "3");
    retain_clear(&r);
}
END_TEST

/* The largest Message Expiry Interval is 136 years, not a moment ago. */
START_TEST(longest_expiry)
{
    struct retain r;
    retain_init(&r, NULL);
    keep(&r, "a", "1", UINT32_MAX, 1000);
    ck_assert_uint_eq(find(&r, "a", UINT64_C(4294967295000)).n, 1);
    ck_assert_uint_eq(find(&r, "a", UINT64_C(4294967296000)).n, 0);
    retain_clear(&r);
}
END_TEST

/* Time spent in the server is taken from the interval [MQTT-3.3.2-6], and the
 * other properties travel unchanged and in order. */
START_TEST(properties_are_forwarded)
{
    static const uint8_t user[] = {0x01, 1,    0x26, 0, 1,    'k', 0, 1,
                                   '1',  0x23, 0,    9, 0x26, 0,   0, 0,
                                   0,    0x26, 0,    1, 'k',  0,   1, '2'};
    static const uint8_t kept[] = {
        0x01, 1,    0x09, 0, 2, 0, 0xFF, 0x26, 0, 1,   'k', 0, 1,
        '1',  0x26, 0,    0, 0, 0, 0x26, 0,    1, 'k', 0,   1, '2'};
    struct publish in = {.qos = 1, .payload = text("p")};
    struct properties *p = &in.properties;
    properties_set(p, PROPERTY_MESSAGE_EXPIRY_INTERVAL);
    properties_set(p, PROPERTY_TOPIC_ALIAS);
    properties_set(p, PROPERTY_USER_PROPERTY);
    properties_set(p, PROPERTY_CORRELATION_DATA);
    properties_set(p, PROPERTY_PAYLOAD_FORMAT_INDICATOR);
    p->message_expiry_interval_s = 60;
    p->payload_format_indicator = 1;
    p->correlation_data = slice_of("\0\xFF", 2);
    p->user_properties = slice_of(user, sizeof user);
    struct message *m = message_new(text("t"), &in, 1000);
    struct publish out;
    message_to_publish(m, 4000, &out);
    ck_assert_uint_eq(out.properties.message_expiry_interval_s, 57);
    ck_assert(!properties_has(&out.properties, PROPERTY_TOPIC_ALIAS));
    ck_assert(
        slice_equals(out.properties.encoded, slice_of(kept, sizeof kept)));
    message_unref(m);
}
END_TEST

Suite *suite_retain(void)
{
    Suite *suite = suite_create("retain");
    TCase *tcase = tcase_create("retain");
    tcase_add_test(tcase, last_one_is_kept);
    tcase_add_test(tcase, empty_payload_removes);
    tcase_add_test(tcase, wildcards_agree_with_the_model);
    tcase_add_test(tcase, expired_ones_go);
    tcase_add_test(tcase, longest_expiry);
    tcase_add_test(tcase, properties_are_forwarded);
    suite_add_tcase(suite, tcase);
    return suite;
}
