/* SPDX-License-Identifier: Apache-2.0 */
/* 3_3_4_actions.c -- what a PUBLISH sets going, and how much at a time.
 *
 * Spec: 3.1.1 s3.3.4, s3.3.5; 5.0 s3.3.4, s4.9.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"

#include <string.h>

/* The copies of one message that came before a fence, all acknowledged. */
struct copies {
    const struct wire_packet *of[4];
    size_t n;
    int highest_qos;
};

/* Takes deliveries, answering them, until the message of the topic "fence". */
static struct copies take_copies(struct t *t, struct peer *peer)
{
    struct copies copies = {.highest_qos = -1};
    const char *fence = t_topic(t, "fence");
    for (;;) {
        const struct wire_packet *p =
            peer_expect_any(peer, PUBLISH(), PUBREL());
        if (p->type == WIRE_PUBREL)
            peer_send(peer, PUBCOMP(.packet_id = p->packet_id));
        if (p->type == WIRE_PUBLISH && p->qos == 1)
            peer_send(peer, PUBACK(.packet_id = p->packet_id));
        if (p->type == WIRE_PUBLISH && p->qos == 2)
            peer_send(peer, PUBREC(.packet_id = p->packet_id));
        if (p->type != WIRE_PUBLISH)
            continue;
        if (wire_same(p->topic, SLICE(fence, strlen(fence))))
            return copies;
        t_check(t, copies.n < 2, "one copy for each filter at most",
                "a third one came");
        copies.of[copies.n++] = p;
        copies.highest_qos =
            p->qos > copies.highest_qos ? p->qos : copies.highest_qos;
    }
}

/* A client whose filters overlap gets the message at the highest QoS among
 * them, in one copy or in one for each filter. */
TEST(overlapping_filters_give_the_highest_qos, "3.1.1/MQTT-3.3.5-1",
     "5.0/MQTT-3.3.4-2", .needs = "wildcards qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "a/b", 2);
    peer_subscribe(reader, "a/+", 0);
    peer_subscribe(reader, "fence", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "x", .qos = 2));
    client_publish(writer, MESSAGE("fence", "x", .qos = 1));
    struct copies copies = take_copies(t, reader);
    t_check(t, copies.highest_qos == 2, "a copy at QoS 2", "%zu, up to QoS %d",
            copies.n, copies.highest_qos);
    peer_expect_alive(reader);
}

/* The same with the lower filter first, and with a message between the two. */
TEST(overlapping_filters_are_capped_by_the_message, "3.1.1/MQTT-3.3.5-1",
     "5.0/MQTT-3.3.4-2", .needs = "wildcards qos2")
{
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, "a/+", 0);
    peer_subscribe(reader, "a/b", 2);
    peer_subscribe(reader, "fence", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "x", .qos = 1));
    client_publish(writer, MESSAGE("fence", "x", .qos = 1));
    struct copies copies = take_copies(t, reader);
    t_check(t, copies.highest_qos == 1, "a copy at QoS 1", "%zu, up to QoS %d",
            copies.n, copies.highest_qos);
    peer_expect_alive(reader);
}

struct overlap_row {
    struct row row;
    const char *first, *second;
    uint8_t first_qos, second_qos;
};
static const struct overlap_row overlaps[] = {
    {{"2_then_1"}, "a/b", "a/+", 2, 1},
    {{"1_then_2"}, "a/b", "a/+", 1, 2},
    {{"wider_2_then_1"}, "a/#", "a/b", 2, 1},
    {{"wider_1_then_2"}, "a/#", "a/b", 1, 2},
};

/* The highest of two QoS that both are above 0. */
TEST_EACH(overlapping_filters_of_qos_1_and_2, overlaps, "3.1.1/MQTT-3.3.5-1",
          "5.0/MQTT-3.3.4-2", .needs = "wildcards qos2")
{
    const struct overlap_row *row = t_row(t);
    struct peer *reader = peer_hello(t, "reader");
    peer_subscribe(reader, row->first, row->first_qos);
    peer_subscribe(reader, row->second, row->second_qos);
    peer_subscribe(reader, "fence", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "x", .qos = 2));
    client_publish(writer, MESSAGE("fence", "x", .qos = 1));
    struct copies copies = take_copies(t, reader);
    t_check(t, copies.highest_qos == 2, "a copy at QoS 2", "%zu, up to QoS %d",
            copies.n, copies.highest_qos);
}

/* Is this Subscription Identifier on the copy? */
static bool has_identifier(const struct wire_packet *packet, uint32_t asked)
{
    struct wire_cursor at = {0};
    uint32_t identifier;
    while (packet && wire_next_subscription_identifier(&packet->props, &at,
                                                       &identifier)) {
        if (identifier == asked)
            return true;
    }
    return false;
}

/* The copies of a message for the filters "a/+" with the Subscription
 * Identifier 11 and "a/b" with 22. */
static struct copies take_identified(struct t *t)
{
    struct peer *reader = peer_hello(t, "reader");
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{"a/+"}},
                                .props.subscription_identifier = {OPT(11)}));
    peer_expect(reader, SUBACK(.packet_id = 1));
    peer_send(reader, SUBSCRIBE(.packet_id = 2, .filters = {{"a/b"}},
                                .props.subscription_identifier = {OPT(22)}));
    peer_expect(reader, SUBACK(.packet_id = 2));
    peer_subscribe(reader, "fence", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "x"));
    client_publish(writer, MESSAGE("fence", "x"));
    return take_copies(t, reader);
}

/* Overlapping subscriptions have their identifiers on the message: between
 * them, its copies carry both. */
TEST(overlapping_filters_give_their_identifiers, "5.0/MQTT-3.3.4-3",
     .needs = "wildcards subscription_identifiers")
{
    struct copies copies = take_identified(t);
    t_check(
        t, has_identifier(copies.of[0], 11) || has_identifier(copies.of[1], 11),
        "the identifier 11", "it is on none of %zu copies", copies.n);
    t_check(
        t, has_identifier(copies.of[0], 22) || has_identifier(copies.of[1], 22),
        "the identifier 22", "it is on none of %zu copies", copies.n);
}

/* One copy for both carries both identifiers, once each; of two copies, each
 * carries the one of its own subscription. */
static void check_identified(struct t *t, struct copies copies)
{
    const struct wire_packet *a = copies.of[0], *b = copies.of[1];
    bool is_merged = copies.n == 1 && has_identifier(a, 11) &&
                     has_identifier(a, 22) &&
                     a->props.n_subscription_identifiers == 2;
    bool is_apart = copies.n == 2 && a->props.n_subscription_identifiers == 1 &&
                    b->props.n_subscription_identifiers == 1 &&
                    has_identifier(a, 11) != has_identifier(b, 11);
    t_check(t, is_merged || is_apart,
            "one copy with both identifiers, or one with each",
            "%zu copies, the first with %zu identifiers", copies.n,
            copies.n ? a->props.n_subscription_identifiers : 0);
}

TEST(each_copy_has_its_identifiers, "5.0/MQTT-3.3.4-4", "5.0/MQTT-3.3.4-5",
     .needs = "wildcards subscription_identifiers")
{
    check_identified(t, take_identified(t));
}

/* A subscription with an identifier has it on its messages, of live and of
 * retained ones; one without has none. */
TEST(identifier_comes_with_each_message, "5.0/MQTT-3.3.4-3",
     .needs = "retain subscription_identifiers")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "old", .qos = 1, .retain = 1));
    struct peer *reader = peer_hello(t, "reader");
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{"news"}},
                                .props.subscription_identifier = {OPT(7)}));
    peer_expect_all(reader, SUBACK(.packet_id = 1),
                    PUBLISH(.topic = "news", .payload = "old",
                            .props.subscription_identifier = {OPT(7)}));
    peer_subscribe(reader, "other", 0);
    client_publish(writer, MESSAGE("news", "new"));
    const struct wire_packet *packet =
        peer_expect(reader, PUBLISH(.topic = "news", .payload = "new",
                                    .props.subscription_identifier = {OPT(7)}));
    t_check(t, packet->props.n_subscription_identifiers == 1,
            "one Subscription Identifier", "%zu",
            packet->props.n_subscription_identifiers);
    client_publish(writer, MESSAGE("other", "x"));
    packet = peer_expect(reader, PUBLISH(.topic = "other"));
    t_check(t, packet->props.n_subscription_identifiers == 0,
            "no Subscription Identifier", "%zu",
            packet->props.n_subscription_identifiers);
}

#define LASTING                                                                \
    CONNECT(.client_id = "reader", .props.session_expiry_interval_s = OPT(60))

/* Messages that wait for their client keep the identifiers of all their
 * subscriptions, */
TEST(identifiers_stay_with_waiting_messages, "5.0/MQTT-3.3.4-3",
     "5.0/MQTT-3.3.4-4", "5.0/MQTT-3.3.4-5",
     .needs = "wildcards subscription_identifiers")
{
    struct peer *reader = peer_connect(t, LASTING);
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{"a/+", .qos = 1}},
                                .props.subscription_identifier = {OPT(11)}));
    peer_expect(reader, SUBACK(.packet_id = 1, .codes = CODES(1)));
    peer_send(reader, SUBSCRIBE(.packet_id = 2, .filters = {{"a/b", .qos = 1}},
                                .props.subscription_identifier = {OPT(22)}));
    peer_expect(reader, SUBACK(.packet_id = 2, .codes = CODES(1)));
    peer_subscribe(reader, "fence", 1);
    peer_disconnect(reader);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "x", .qos = 1));
    client_publish(writer, MESSAGE("fence", "x", .qos = 1));
    check_identified(t, take_copies(t, peer_connect(t, LASTING)));
}

/* and so does a message that comes again. */
TEST(identifier_stays_with_repeated_message, "5.0/MQTT-3.3.4-3",
     "5.0/MQTT-4.4.0-1", .needs = "subscription_identifiers")
{
    struct peer *reader = peer_connect(t, LASTING);
    peer_send(reader, SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 1}},
                                .props.subscription_identifier = {OPT(7)}));
    peer_expect(reader, SUBACK(.packet_id = 1, .codes = CODES(1)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 1));
    peer_expect(reader, PUBLISH(.topic = "a",
                                .props.subscription_identifier = {OPT(7)}));
    peer_drop(reader);
    reader = peer_connect(t, LASTING);
    peer_expect(reader, PUBLISH(.topic = "a", .dup = 1,
                                .props.subscription_identifier = {OPT(7)}));
}

/* A client that takes this many messages at a time. */
#define TAKES(n)                                                               \
    CONNECT(.client_id = "reader", .clean_start = 1,                           \
            .props.receive_maximum = OPT(n))

/* No more messages are on their way to the client than its Receive Maximum;
 * each acknowledgement lets one more come. */
TEST(deliveries_keep_to_receive_maximum, "5.0/MQTT-3.3.4-9",
     "5.0/RULE-send-quota-restored")
{
    struct peer *reader = peer_connect(t, TAKES(2));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    client_publish(writer, MESSAGE("news", "3", .qos = 1));
    client_publish(writer, MESSAGE("news", "4", .qos = 1));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    uint16_t b = peer_expect(reader, PUBLISH(.payload = "2"))->packet_id;
    peer_expect_nothing(reader);
    peer_send(reader, PUBACK(.packet_id = a));
    uint16_t c = peer_expect(reader, PUBLISH(.payload = "3"))->packet_id;
    peer_expect_nothing(reader);
    peer_send_together(reader, PUBACK(.packet_id = b), PUBACK(.packet_id = c));
    uint16_t d = peer_expect(reader, PUBLISH(.payload = "4"))->packet_id;
    peer_send(reader, PUBACK(.packet_id = d));
    peer_expect_nothing(reader);
}

/* A QoS 2 message counts until its PUBCOMP. */
TEST(qos_2_counts_until_pubcomp, "5.0/MQTT-3.3.4-9",
     "5.0/RULE-send-quota-restored", .needs = "qos2")
{
    struct peer *reader = peer_connect(t, TAKES(1));
    peer_subscribe(reader, "news", 2);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 2));
    client_publish(writer, MESSAGE("news", "2", .qos = 2));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_expect_nothing(reader);
    peer_send(reader, PUBREC(.packet_id = a));
    peer_expect(reader, PUBREL(.packet_id = a));
    peer_expect_nothing(reader);
    peer_send(reader, PUBCOMP(.packet_id = a));
    peer_expect_message(reader, MESSAGE("news", "2", .qos = 2));
}

/* Acknowledgements that nobody asked for make no room for more messages. */
TEST(stray_acknowledgements_mint_no_quota, "5.0/MQTT-3.3.4-9",
     "5.0/RULE-send-quota-restored")
{
    struct peer *reader = peer_connect(t, TAKES(1));
    peer_subscribe(reader, "news", 1);
    peer_send_together(reader, PUBACK(.packet_id = 1000),
                       PUBACK(.packet_id = 1001), PUBACK(.packet_id = 1002));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_expect_nothing(reader);
    peer_send(reader, PUBACK(.packet_id = a));
    peer_expect_message(reader, MESSAGE("news", "2", .qos = 1));
}

/* A full window holds back PUBLISH of QoS 1 and 2, and nothing else. */
TEST(full_window_holds_back_nothing_else, "5.0/MQTT-3.3.4-10")
{
    struct peer *reader = peer_connect(t, TAKES(1));
    peer_subscribe(reader, "news", 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "1", .qos = 1));
    client_publish(writer, MESSAGE("news", "2", .qos = 1));
    uint16_t a = peer_expect(reader, PUBLISH(.payload = "1"))->packet_id;
    peer_send(reader, PINGREQ());
    peer_expect(reader, PINGRESP());
    peer_subscribe(reader, "other", 0);
    peer_send(reader, PUBLISH(.topic = "nobody", .payload = "x", .qos = 1,
                              .packet_id = 9));
    peer_expect(reader, PUBACK(.packet_id = 9));
    peer_unsubscribe(reader, "other");
    peer_send(reader, PUBACK(.packet_id = a));
    peer_expect_message(reader, MESSAGE("news", "2", .qos = 1));
}

/* A PUBLISH that is not allowed gets its normal acknowledgement or the close
 * in 3.1.1, which has no other answer; it is not delivered. */
TEST(forbidden_publish_is_answered, "3.1.1/MQTT-3.3.5-2",
     .settings = "users=on;acl=on")
{
    struct t_user all = t_user(t), bound = t_user_bound(t);
    struct client *watcher = client_connect(t, "watcher", .user_name = all.name,
                                            .password = all.password);
    client_subscribe(watcher, "denied/x", 1);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .user_name = bound.name, .password = bound.password));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect_or_close(peer, PUBACK(.packet_id = 1));
    client_expect_nothing_more(watcher);
}

/* The same at QoS 2. */
TEST(forbidden_publish_of_qos_2_is_answered, "3.1.1/MQTT-3.3.5-2",
     .settings = "users=on;acl=on", .needs = "qos2")
{
    struct t_user all = t_user(t), bound = t_user_bound(t);
    struct client *watcher = client_connect(t, "watcher", .user_name = all.name,
                                            .password = all.password);
    client_subscribe(watcher, "denied/x", 2);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .user_name = bound.name, .password = bound.password));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x", .qos = 2,
                            .packet_id = 1));
    peer_expect_or_close(peer, PUBREC(.packet_id = 1));
    peer_send(peer, PUBREL(.packet_id = 1));
    peer_expect_or_close(peer, PUBCOMP(.packet_id = 1));
    client_expect_nothing_more(watcher);
}

/* In 3.1 a PUBLISH that is not allowed is acknowledged and goes nowhere. */
TEST(forbidden_publish_is_acknowledged_in_3_1,
     "3.1/RULE-publish-unauthorised-acknowledged",
     .settings = "users=on;acl=on")
{
    struct t_user all = t_user(t), bound = t_user_bound(t);
    struct client *watcher = client_connect(t, "watcher", .user_name = all.name,
                                            .password = all.password);
    client_subscribe(watcher, "denied/x", 1);
    struct peer *peer = peer_connect(
        t, CONNECT(.client_id = "one", .clean_start = 1,
                   .user_name = bound.name, .password = bound.password));
    peer_send(peer, PUBLISH(.topic = "denied/x", .payload = "x", .qos = 1,
                            .packet_id = 1));
    peer_expect(peer, PUBACK(.packet_id = 1));
    client_expect_nothing_more(watcher);
}

SUITE(publish_actions, "3.3.4 PUBLISH actions",
      overlapping_filters_give_the_highest_qos,
      overlapping_filters_are_capped_by_the_message,
      overlapping_filters_give_their_identifiers, each_copy_has_its_identifiers,
      identifier_comes_with_each_message, deliveries_keep_to_receive_maximum,
      qos_2_counts_until_pubcomp, stray_acknowledgements_mint_no_quota,
      full_window_holds_back_nothing_else, forbidden_publish_is_answered,
      forbidden_publish_of_qos_2_is_answered,
      forbidden_publish_is_acknowledged_in_3_1,
      identifiers_stay_with_waiting_messages,
      identifier_stays_with_repeated_message,
      overlapping_filters_of_qos_1_and_2);
