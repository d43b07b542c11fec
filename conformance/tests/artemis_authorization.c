/* SPDX-License-Identifier: Apache-2.0 */
/* artemis_authorization.c -- what becomes of a PUBLISH that is not allowed, by
 * version, QoS and closeMqttConnectionOnPublishAuthorizationFailure; and the
 * other ways to a forbidden topic.
 *
 * "denied/x" is forbidden to the bound user.
 * Spec: the Artemis MQTT manual, "Publish Authorization Failures"; 3.1.1
 * s3.3.5, 5.0 s3.4.2.1, s3.5.2.1.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define CLOSE "users=on;acl=on"
#define KEEP                                                                   \
    "users=on;acl=on;closeMqttConnectionOnPublishAuthorizationFailure=false"
#define AS_CONFIGURED .needs = "acceptor_parameters"

/* A client of the user whom the ACL binds, and one of the user it does not. */
#define BOUND(...)                                                             \
    CONNECT(.clean_start = 1, .user_name = {t_user_bound(t).name},             \
            .password = {t_user_bound(t).password}, __VA_ARGS__)

static struct peer *watch(struct t *t, const char *filter)
{
    struct t_user user = t_user(t);
    struct peer *watcher = peer_connect(
        t, CONNECT(.client_id = "watcher", .clean_start = 1,
                   .user_name = {user.name}, .password = {user.password}));
    peer_subscribe(watcher, filter, 2);
    return watcher;
}

struct qos_row {
    struct row row;
    uint8_t qos;
};
static const struct qos_row all_qos[] = {{{"0"}, 0}, {{"1"}, 1}, {{"2"}, 2}};

static const struct wire_packet *forbidden(struct t *t, int retain)
{
    const struct qos_row *row = t_row(t);
    struct wire_packet *publish = t_alloc(t, sizeof *publish);
    *publish = *PUBLISH(.topic = "denied/x", .payload = "x", .qos = row->qos,
                        .retain = (uint8_t)retain, .packet_id = row->qos);
    return publish;
}

/* 3.1: it is acknowledged by its QoS and dropped; the connection stays. */
TEST_EACH(forbidden_publish_3_1, all_qos, "artemis/R16-publish-3-1",
          "3.1/RULE-publish-unauthorised-acknowledged", .versions = "3.1",
          .settings = CLOSE)
{
    const struct qos_row *row = t_row(t);
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_publish(peer, MESSAGE("denied/x", "x", .qos = row->qos));
    peer_publish(peer, MESSAGE("a", "fence", .qos = 1));
    peer_expect_message(watcher, MESSAGE("a", "fence"));
    peer_expect_nothing(watcher);
}

/* 3.1.1, true: no acknowledgement, the connection ends. */
TEST_EACH(forbidden_publish_closes_3_1_1, all_qos,
          "artemis/R16-publish-3-1-1-close", "3.1.1/MQTT-3.3.5-2",
          .settings = CLOSE, AS_CONFIGURED)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, forbidden(t, 0));
    peer_expect_close(peer);
    peer_expect_nothing(watcher);
}

/* ... which is no DISCONNECT of the client: its Will is published. */
TEST_EACH(forbidden_publish_leaves_will_3_1_1, all_qos,
          "artemis/R16-publish-3-1-1-close", "3.1.1/MQTT-3.1.2-8",
          .settings = CLOSE, AS_CONFIGURED)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer =
        peer_connect(t, BOUND(.client_id = "bound",
                              .will = {.topic = "will", .payload = "gone"}));
    peer_send(peer, forbidden(t, 0));
    peer_expect_close(peer);
    peer_expect_message(watcher, MESSAGE("will", "gone"));
    peer_expect_nothing(watcher);
}

/* 3.1.1, false: it is acknowledged by its QoS and dropped. */
TEST_EACH(forbidden_publish_kept_3_1_1, all_qos,
          "artemis/R16-publish-3-1-1-keep", "3.1.1/MQTT-3.3.5-2",
          .settings = KEEP, AS_CONFIGURED)
{
    const struct qos_row *row = t_row(t);
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_publish(peer, MESSAGE("denied/x", "x", .qos = row->qos));
    peer_publish(peer, MESSAGE("a", "fence", .qos = 1));
    peer_expect_message(watcher, MESSAGE("a", "fence"));
    peer_expect_nothing(watcher);
}

/* 5.0: 0x87 in PUBACK. */
static void check_5_0_qos_1(struct t *t)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect(peer, PUBACK(.packet_id = 1, .reason = NOT_AUTHORIZED));
    peer_publish(peer, MESSAGE("a", "fence", .qos = 1));
    peer_expect_message(watcher, MESSAGE("a", "fence"));
    peer_expect_nothing(watcher);
}

/* 5.0: 0x87 in PUBREC, and that is the end: the identifier is free again. */
static void check_5_0_qos_2(struct t *t)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x", .qos = 2,
                            .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7, .reason = NOT_AUTHORIZED));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "fence", .qos = 2,
                            .packet_id = 7));
    peer_expect(peer, PUBREC(.packet_id = 7, .reason = SUCCESS));
    peer_send(peer, PUBREL(.packet_id = 7));
    peer_expect(peer, PUBCOMP(.packet_id = 7));
    peer_expect_message(watcher, MESSAGE("a", "fence"));
    peer_expect_nothing(watcher);
}

/* 5.0: QoS 0 has no answer; the connection stays. */
static void check_5_0_qos_0(struct t *t)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x"));
    peer_publish(peer, MESSAGE("a", "fence", .qos = 1));
    peer_expect_message(watcher, MESSAGE("a", "fence"));
    peer_expect_nothing(watcher);
}

TEST(forbidden_publish_5_0_qos_0, "artemis/R16-publish-5-0", .versions = "5.0",
     .settings = CLOSE, AS_CONFIGURED)
{
    check_5_0_qos_0(t);
}

TEST(forbidden_publish_5_0_qos_1, "artemis/R16-publish-5-0", .versions = "5.0",
     .settings = CLOSE, AS_CONFIGURED)
{
    check_5_0_qos_1(t);
}

TEST(forbidden_publish_5_0_qos_2, "artemis/R16-publish-5-0", "5.0/MQTT-4.3.3-9",
     .settings = CLOSE, AS_CONFIGURED)
{
    check_5_0_qos_2(t);
}

/* The parameter says nothing about 5.0. */
TEST(forbidden_publish_5_0_qos_0_kept, "artemis/R16-publish-5-0",
     .versions = "5.0", .settings = KEEP, AS_CONFIGURED)
{
    check_5_0_qos_0(t);
}

TEST(forbidden_publish_5_0_qos_1_kept, "artemis/R16-publish-5-0",
     .versions = "5.0", .settings = KEEP, AS_CONFIGURED)
{
    check_5_0_qos_1(t);
}

TEST(forbidden_publish_5_0_qos_2_kept, "artemis/R16-publish-5-0",
     "5.0/MQTT-4.3.3-9", .settings = KEEP, AS_CONFIGURED)
{
    check_5_0_qos_2(t);
}

/* ---- other ways to a forbidden topic --------------------------------------*/

/* A forbidden PUBLISH with RETAIN leaves the retained message of its topic. */
TEST_EACH(forbidden_publish_does_not_retain, all_qos, "artemis/R16-publish-5-0",
          "artemis/R16-publish-3-1-1-keep", "artemis/R16-publish-3-1",
          .versions = "3.1 3.1.1 5.0", .settings = KEEP)
{
    struct peer *watcher = watch(t, "elsewhere");
    peer_publish(watcher, MESSAGE("denied/x", "kept", .qos = 1, .retain = 1));
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send_together(peer, forbidden(t, 1), PINGREQ());
    peer_expect_alive(peer);
    struct peer *late = watch(t, "denied/x");
    peer_expect_message(late, MESSAGE("denied/x", "kept", .retain = 1));
    peer_expect_nothing(late);
}

/* A forbidden topic is no Will Topic either: nothing is published there, though
 * the broker may have let the client in. */
TEST(forbidden_will_is_not_published, "artemis/R04-will-on-failure",
     "artemis/R16-publish-5-0", .versions = "3.1.1 5.0", .settings = CLOSE)
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_open(t);
    peer_send(peer, BOUND(.client_id = "bound", .will = {.topic = "denied/x",
                                                         .payload = "gone",
                                                         .qos = 1}));
    peer_receive(peer);
    peer_drop(peer);
    struct peer *fence =
        peer_connect(t, BOUND(.client_id = "bound",
                              .will = {.topic = "will", .payload = "fence"}));
    peer_drop(fence);
    peer_expect_message(watcher, MESSAGE("will", "fence"));
    peer_expect_nothing(watcher);
}

/* Nor is it retained by a Will. */
TEST(forbidden_will_is_not_retained, "artemis/R04-will-on-failure",
     "artemis/R16-publish-5-0", .versions = "3.1.1 5.0", .settings = CLOSE)
{
    struct peer *watcher = watch(t, "will");
    struct peer *peer = peer_open(t);
    peer_send(peer, BOUND(.client_id = "bound", .will = {.topic = "denied/x",
                                                         .payload = "gone",
                                                         .retain = 1}));
    peer_receive(peer);
    peer_drop(peer);
    struct peer *fence =
        peer_connect(t, BOUND(.client_id = "bound",
                              .will = {.topic = "will", .payload = "fence"}));
    peer_drop(fence);
    peer_expect_message(watcher, MESSAGE("will", "fence"));
    peer_subscribe(watcher, "denied/x", 0);
    peer_expect_nothing(watcher);
}

/* A Topic Alias is no way around: neither to set nor to use one. */
TEST(forbidden_topic_by_alias, "artemis/R16-publish-5-0", .versions = "5.0",
     .settings = CLOSE, .needs = "topic_alias")
{
    struct peer *watcher = watch(t, "#");
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "1", .qos = 1,
                            .packet_id = 1, .props.topic_alias = OPT(1)));
    peer_expect(peer, PUBACK(.packet_id = 1, .reason = REASON_AT_LEAST(0x80)));
    peer_send(peer, PUBLISH(.topic = "", .payload = "2", .qos = 1,
                            .packet_id = 2, .props.topic_alias = OPT(1)));
    peer_expect_or_close(
        peer, PUBACK(.packet_id = 2, .reason = REASON_AT_LEAST(0x80)));
    peer_expect_nothing(watcher);
}

struct filter_row {
    struct row row;
    const char *filter;
};
static const struct filter_row forbidden_filters[] = {
    {{"exact"}, "denied/x"},
    {{"children", NULL, NULL}, "denied/#"},
    {{"shared", NULL, "5.0"}, "$share/g/denied/x"},
};

/* Forbidden filters are refused in SUBACK, and what is published there does not
 * come. */
TEST_EACH(forbidden_filter_is_refused, forbidden_filters,
          "artemis/R16-publish-5-0", .versions = "3.1.1 5.0", .settings = CLOSE,
          AS_CONFIGURED)
{
    const struct filter_row *row = t_row(t);
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{{row->filter}, .qos = 1}, {"a"}}));
    const struct wire_packet *suback =
        peer_expect(peer, SUBACK(.packet_id = 1));
    t_check(t, suback->codes.octets[0] >= 0x80 && suback->codes.octets[1] == 0,
            "a failure for the first filter and QoS 0 for the second",
            "0x%02x and 0x%02x", suback->codes.octets[0],
            suback->codes.octets[1]);
    struct peer *writer = watch(t, "elsewhere");
    peer_publish(writer, MESSAGE("denied/x", "x", .qos = 1));
    peer_expect_nothing(peer);
}

/* A retained message on a forbidden topic does not come to a filter that takes
 * it in, and neither does a live one. */
TEST(forbidden_topic_under_wildcard, "artemis/R16-publish-5-0",
     .versions = "3.1.1 5.0", .settings = CLOSE, AS_CONFIGURED)
{
    struct peer *writer = watch(t, "elsewhere");
    peer_publish(writer, MESSAGE("denied/x", "kept", .qos = 1, .retain = 1));
    struct peer *peer = peer_connect(t, BOUND(.client_id = "bound"));
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"#", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    peer_publish(writer, MESSAGE("denied/x", "live", .qos = 1));
    peer_expect_nothing(peer);
}

/* ---- enhanced authentication ----------------------------------------------*/

struct method_row {
    struct row row;
    const char *method;
};
static const struct method_row methods[] = {
    {{"plain"}, "PLAIN"},
    {{"scram"}, "SCRAM-SHA-256"},
    {{"empty"}, ""},
};

/* A broker without methods answers CONNECT that names one with 0x8C, closes,
 * and takes nobody's connection over. */
TEST_EACH(method_is_refused, methods, "artemis/R15-authentication-method",
          "5.0/MQTT-4.12.0-1", AS_CONFIGURED)
{
    const struct method_row *row = t_row(t);
    struct peer *older = peer_hello(t, "pump");
    struct peer *newer = peer_open(t);
    peer_send(newer, CONNECT(.client_id = "pump", .clean_start = 1,
                             .props = {.authentication_method = {row->method},
                                       .authentication_data = "x"}));
    peer_expect_refused(newer, .v5 = CODES(BAD_AUTHENTICATION_METHOD),
                        .v5_must = true);
    peer_expect_nothing(older);
}

/* Nothing that comes behind such a CONNECT counts. */
TEST(nothing_behind_refused_method, "artemis/R15-authentication-method",
     "5.0/MQTT-3.1.4-6", AS_CONFIGURED)
{
    struct client *watcher = client_connect(t, "watcher");
    client_subscribe(watcher, "news", 0);
    struct peer *peer = peer_open(t);
    peer_send_together(peer,
                       CONNECT(.client_id = "pump", .clean_start = 1,
                               .props.authentication_method = "PLAIN"),
                       PUBLISH(.topic = "news", .payload = "x"));
    peer_expect_refused(peer, .v5 = CODES(BAD_AUTHENTICATION_METHOD),
                        .v5_must = true);
    client_expect_nothing_more(watcher);
}

SUITE(artemis_authorization, "Artemis R15-R16 authentication and authorization",
      forbidden_publish_3_1, forbidden_publish_closes_3_1_1,
      forbidden_publish_leaves_will_3_1_1, forbidden_publish_kept_3_1_1,
      forbidden_publish_5_0_qos_0, forbidden_publish_5_0_qos_1,
      forbidden_publish_5_0_qos_2, forbidden_publish_5_0_qos_0_kept,
      forbidden_publish_5_0_qos_1_kept, forbidden_publish_5_0_qos_2_kept,
      forbidden_publish_does_not_retain, forbidden_will_is_not_published,
      forbidden_will_is_not_retained, forbidden_topic_by_alias,
      forbidden_filter_is_refused, forbidden_topic_under_wildcard,
      method_is_refused, nothing_behind_refused_method);
