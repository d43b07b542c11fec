/* SPDX-License-Identifier: Apache-2.0 */
/* 3_8_subscribe.c -- SUBSCRIBE: what may be asked, and what it brings about.
 *
 * Spec: 5.0 s3.8, 3.1.1 s3.8.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"
#include "tests/retain.h"
#include "tests/rows.h"

/* SUBSCRIBE whose reserved flags are not 0010 closes the connection. */
TEST_EACH(subscribe_wrong_flags, flags_not_0010, "3.1.1/MQTT-3.8.1-1",
          "5.0/MQTT-3.8.1-1", "5.0/RULE-flags-malformed")
{
    const struct flags_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "flags");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .raw_flags = OPT(row->flags)));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* A Topic Filter that is no UTF-8 closes the connection. */
TEST_EACH(subscribe_bad_utf8, filters_not_utf8, "3.1.1/MQTT-3.8.3-1",
          "5.0/MQTT-3.8.3-1")
{
    const struct text_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "utf8");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{row->text}}));
    peer_expect_error(peer, MALFORMED_PACKET, TOPIC_FILTER_INVALID);
}

/* SUBSCRIBE without a Topic Filter closes the connection. */
TEST(subscribe_without_filter, "3.1.1/MQTT-3.8.3-3", "5.0/MQTT-3.8.3-2")
{
    struct peer *peer = peer_hello(t, "empty");
    peer_send(peer, SUBSCRIBE(.packet_id = 1));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

static const struct flags_row wrong_options[] = {
    {{"qos_3", "5.0/RULE-subscribe-qos-3"}, 0x03},
    {{"bit_2", "3.1.1/MQTT-3.8.3-4", "3.1.1"}, 0x04},
    {{"bit_3", "3.1.1/MQTT-3.8.3-4", "3.1.1"}, 0x08},
    {{"bit_4", "3.1.1/MQTT-3.8.3-4", "3.1.1"}, 0x10},
    {{"bit_5", "3.1.1/MQTT-3.8.3-4", "3.1.1"}, 0x20},
    {{"bit_6", "5.0/MQTT-3.8.3-5"}, 0x40},
    {{"bit_7", "5.0/MQTT-3.8.3-5"}, 0x80},
    {{"bits_6_7", "5.0/MQTT-3.8.3-5"}, 0xc0},
    {{"all_bits", "5.0/MQTT-3.8.3-5"}, 0xff},
    {{"retain_handling_3", "5.0/RULE-subscribe-retain-handling-3", "5.0"},
     0x30},
};

/* Subscription Options with a reserved bit or a value that is not defined
 * close the connection; nothing is granted. */
TEST_EACH(subscribe_wrong_options, wrong_options, "3.1.1/MQTT-3.8.3-4",
          "5.0/MQTT-3.8.3-5")
{
    const struct flags_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "options");
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1,
                        .filters = {{"a", .raw_options = OPT(row->flags)}}));
    peer_expect_error(peer, MALFORMED_PACKET, PROTOCOL_ERROR);
}

/* No Local: what a client publishes does not come back to it, what others
 * publish does. */
TEST(subscribe_no_local, "5.0/MQTT-3.8.3-3")
{
    struct client *me = client_connect(t, "me");
    struct client *other = client_connect(t, "other");
    client_subscribe_with(me, "a", .qos = 1, .no_local = 1);
    client_publish(me, MESSAGE("a", "mine", .qos = 1));
    client_publish(other, MESSAGE("a", "theirs", .qos = 1));
    client_expect(me, MESSAGE("a", "theirs"));
    client_expect_nothing_more(me);
}

/* No Local belongs to the Client Identifier: it also holds back what the same
 * client published on its previous connection. */
TEST(subscribe_no_local_over_connections, "5.0/MQTT-3.8.3-3")
{
    struct peer *first = peer_connect(
        t, CONNECT(.client_id = "me", .clean_start = 1,
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_subscribe_with(first, "a", .qos = 1, .no_local = 1);
    peer_disconnect(first);

    struct peer *second = peer_connect(
        t, CONNECT(.client_id = "me",
                   .props = {.session_expiry_interval_s = OPT(60)}));
    peer_publish(second, MESSAGE("a", "mine", .qos = 1));
    peer_expect_nothing(second);
}

/* No Local is an option of one subscription: another one of the same client
 * still gets the message, and its identifier alone. */
TEST(subscribe_no_local_leaves_others, "5.0/MQTT-3.8.3-3", "5.0/MQTT-4.5.0-1",
     "5.0/MQTT-3.3.4-3", .needs = "wildcards subscription_identifiers")
{
    struct peer *me = peer_hello(t, "me");
    peer_send(me, SUBSCRIBE(.packet_id = 1, .filters = {{"a/#", .no_local = 1}},
                            .props.subscription_identifier = {OPT(6)}));
    peer_expect(me, SUBACK(.packet_id = 1, .codes = CODES(0)));
    peer_send(me, SUBSCRIBE(.packet_id = 2, .filters = {{"a/b"}},
                            .props.subscription_identifier = {OPT(7)}));
    peer_expect(me, SUBACK(.packet_id = 2, .codes = CODES(0)));
    peer_send(me, PUBLISH(.topic = "a/b", .payload = "mine"));
    const struct wire_packet *mine =
        peer_expect(me, PUBLISH(.topic = "a/b", .payload = "mine",
                                .props.subscription_identifier = {OPT(7)}));
    t_check(t, mine->props.n_subscription_identifiers == 1,
            "the identifier of the subscription that took it", "there are %zu",
            mine->props.n_subscription_identifiers);
    peer_expect_nothing(me);
}

/* No Local on a Shared Subscription is a Protocol Error. */
TEST(subscribe_no_local_shared, "5.0/MQTT-3.8.3-4", .needs = "shared")
{
    struct peer *peer = peer_hello(t, "sharing");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"$share/g/a", .no_local = 1}}));
    peer_expect_error(peer, PROTOCOL_ERROR);
}

/* SUBSCRIBE is answered by SUBACK with the same Packet Identifier. */
TEST_EACH(subscribe_answered, packet_ids, "3.1.1/MQTT-3.8.4-1",
          "3.1.1/MQTT-3.8.4-2", "5.0/MQTT-3.8.4-1", "5.0/MQTT-3.8.4-2")
{
    const struct id_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "asks");
    peer_send(peer, SUBSCRIBE(.packet_id = row->packet_id, .filters = {{"a"}}));
    peer_expect(peer, SUBACK(.packet_id = row->packet_id));
    peer_expect_nothing(peer);
}

/* Subscribing again to the same Topic Filter replaces the subscription: one
 * copy of each message, at the new QoS, and the retained message once more. */
TEST(subscribe_again_replaces, "3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-3",
     .needs = "retain")
{
    struct peer *peer = peer_hello(t, "again");
    peer_publish(peer, MESSAGE("s/kept", "kept", .qos = 1, .retain = 1));
    peer_send(peer, SUBSCRIBE(.packet_id = 11, .filters = {{"s/#"}}));
    peer_expect_all(peer, SUBACK(.packet_id = 11, .codes = CODES(0)),
                    PUBLISH(.topic = "s/kept", .qos = 0, .retain = 1));
    peer_send(peer, SUBSCRIBE(.packet_id = 12, .filters = {{"s/#", .qos = 1}}));
    peer_expect_all(peer, SUBACK(.packet_id = 12, .codes = CODES(1)),
                    PUBLISH(.topic = "s/kept", .qos = 1, .retain = 1));

    peer_send(peer, PUBLISH(.topic = "s/live", .payload = "x", .qos = 1,
                            .packet_id = 13));
    peer_expect_all(peer, PUBACK(.packet_id = 13),
                    PUBLISH(.topic = "s/live", .qos = 1, .retain = 0));
    peer_expect_nothing(peer);
}

/* The options of the new subscription replace the old ones too. */
TEST(subscribe_again_replaces_options, "5.0/MQTT-3.8.4-3",
     "5.0/RULE-subscription-identifier-replaced",
     .needs = "subscription_identifiers")
{
    struct peer *peer = peer_hello(t, "again");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .props = {.subscription_identifier = {1}},
                              .filters = {{"a", .qos = 1, .no_local = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    peer_send(peer, SUBSCRIBE(.packet_id = 2,
                              .props = {.subscription_identifier = {2}},
                              .filters = {{"a", .qos = 0}}));
    peer_expect(peer, SUBACK(.packet_id = 2));

    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("a", "x", .qos = 1));
    peer_expect(peer, PUBLISH(.topic = "a", .qos = 0,
                              .props = {.subscription_identifier = {2}}));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "mine"));
    peer_expect_message(peer, MESSAGE("a", "mine"));
}

/* Without an identifier the new subscription has none. */
TEST(subscribe_again_without_identifier, "5.0/MQTT-3.8.4-3",
     .needs = "subscription_identifiers")
{
    struct peer *peer = peer_hello(t, "again");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .props = {.subscription_identifier = {7}}));
    peer_expect(peer, SUBACK(.packet_id = 1));
    peer_subscribe(peer, "a", 0);
    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("a", "x", .qos = 1));
    const struct wire_packet *packet = peer_expect(peer, PUBLISH(.topic = "a"));
    t_check(t, packet->props.n_subscription_identifiers == 0,
            "no Subscription Identifier", "there are %zu",
            packet->props.n_subscription_identifiers);
}

/* Replacing a subscription while messages flow loses none of them, and with
 * Retain Handling 0 the retained message is sent again. */
TEST(subscribe_again_loses_nothing, "3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-4",
     .needs = "retain")
{
    struct peer *publisher = peer_hello(t, "publisher");
    peer_publish(publisher, MESSAGE("s/kept", "k", .qos = 1, .retain = 1));
    struct peer *peer = peer_hello(t, "again");
    peer_subscribe(peer, "s/#", 1);
    peer_expect_message(peer, MESSAGE("s/kept", "k", .retain = 1));

    peer_send(publisher, PUBLISH(.topic = "s/1", .payload = "1", .qos = 1,
                                 .packet_id = 21));
    peer_send(peer, SUBSCRIBE(.packet_id = 9, .filters = {{"s/#", .qos = 1}}));
    peer_send(publisher, PUBLISH(.topic = "s/2", .payload = "2", .qos = 1,
                                 .packet_id = 22));
    peer_expect_all(publisher, PUBACK(.packet_id = 21),
                    PUBACK(.packet_id = 22));
    peer_expect_all(peer, SUBACK(.packet_id = 9), PUBLISH(.topic = "s/1"),
                    PUBLISH(.topic = "s/2"),
                    PUBLISH(.topic = "s/kept", .retain = 1));
    peer_expect_nothing(peer);
}

/* Several Topic Filters in one SUBSCRIBE count as one request each: one SUBACK
 * with a code for each, and each of them works. */
TEST(subscribe_several_filters, "3.1.1/MQTT-3.8.4-4", "3.1.1/MQTT-3.8.4-5",
     "5.0/MQTT-3.8.4-5", "5.0/MQTT-3.8.4-6", "5.0/MQTT-3.8.4-7")
{
    struct peer *peer = peer_hello(t, "several");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a", .qos = 1},
                                                          {"b/+", .qos = 0},
                                                          {"c/#", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(1, 0, 1)));

    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("a", "1", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "1", .qos = 1));
    client_publish(other, MESSAGE("b/b", "2", .qos = 1));
    peer_expect_message(peer, MESSAGE("b/b", "2", .qos = 0));
    client_publish(other, MESSAGE("c/c/c", "3", .qos = 1));
    peer_expect_message(peer, MESSAGE("c/c/c", "3", .qos = 1));
    peer_expect_nothing(peer);
}

/* Of one filter that stands there twice, the second counts, as if it had come
 * in a SUBSCRIBE of its own: one subscription, with its QoS */
TEST(subscribe_same_filter_twice, "3.1.1/MQTT-3.8.4-4", "5.0/MQTT-3.8.4-5",
     "3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-3")
{
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a", .qos = 0}, {"a", .qos = 1}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0, 1)));
    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("a", "x", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "x", .qos = 1));
    peer_expect_nothing(peer);
}

/* and its options. */
TEST(subscribe_same_filter_with_other_options, "5.0/MQTT-3.8.4-5",
     "5.0/MQTT-3.8.4-3")
{
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a", .no_local = 1}, {"a"}}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0, 0)));
    peer_send(peer, PUBLISH(.topic = "a", .payload = "mine"));
    peer_expect_message(peer, MESSAGE("a", "mine"));
    peer_expect_nothing(peer);
}

/* Nor are those lost that wait for the Receive Maximum of the client. */
TEST(subscribe_again_loses_nothing_that_waits, "5.0/MQTT-3.8.4-4")
{
    struct peer *peer =
        peer_connect(t, CONNECT(.client_id = "again", .clean_start = 1,
                                .props.receive_maximum = OPT(1)));
    peer_subscribe(peer, "a", 1);
    struct client *other = client_connect(t, "other");
    client_publish(other, MESSAGE("a", "1", .qos = 1));
    client_publish(other, MESSAGE("a", "2", .qos = 1));
    client_publish(other, MESSAGE("a", "3", .qos = 1));
    uint16_t id = peer_expect(peer, PUBLISH(.payload = "1"))->packet_id;
    peer_subscribe(peer, "a", 1);
    peer_send(peer, PUBACK(.packet_id = id));
    peer_expect_message(peer, MESSAGE("a", "2", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "3", .qos = 1));
    peer_expect_nothing(peer);
}

#define FIRST_OPTIONS                                                          \
    {                                                                          \
        "a", .no_local = 1, .retain_handling = 2                               \
    }
#define SECOND_OPTIONS                                                         \
    {                                                                          \
        "b", .retain_as_published = 1                                          \
    }

struct filters_row {
    struct row row;
    struct wire_filter filters[2];
};
static const struct filters_row both_orders[] = {
    {{"forth"}, {FIRST_OPTIONS, SECOND_OPTIONS}},
    {{"back"}, {SECOND_OPTIONS, FIRST_OPTIONS}},
};

/* Each filter of a SUBSCRIBE has its options for itself; the identifier is for
 * all of them. */
TEST_EACH(subscribe_options_of_each_filter, both_orders, "5.0/MQTT-3.8.4-5",
          "5.0/MQTT-3.8.3-3", "5.0/MQTT-3.3.4-3",
          .needs = "retain subscription_identifiers")
{
    const struct filters_row *row = t_row(t);
    struct client *other = client_connect(t, "other");
    retain_message(t, other, MESSAGE("a", "kept", .qos = 1, .retain = 1));
    retain_message(t, other, MESSAGE("b", "kept", .qos = 1, .retain = 1));
    struct peer *peer = peer_hello(t, "options");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {row->filters[0], row->filters[1]},
                              .props.subscription_identifier = {OPT(7)}));
    peer_expect_all(peer, SUBACK(.packet_id = 1, .codes = CODES(0, 0)),
                    PUBLISH(.topic = "b", .payload = "kept", .retain = 1,
                            .props.subscription_identifier = {OPT(7)}));
    peer_send_together(peer, PUBLISH(.topic = "a", .payload = "mine"),
                       PUBLISH(.topic = "b", .payload = "mine", .retain = 1));
    peer_expect(peer, PUBLISH(.topic = "b", .payload = "mine", .retain = 1,
                              .props.subscription_identifier = {OPT(7)}));
    client_publish(other, MESSAGE("a", "theirs", .retain = 1));
    peer_expect(peer, PUBLISH(.topic = "a", .payload = "theirs", .retain = 0,
                              .props.subscription_identifier = {OPT(7)}));
    peer_expect_nothing(peer);
}

struct qos_row {
    struct row row;
    uint8_t published, granted, delivered;
};
static const struct qos_row qos_pairs[] = {
    {{"0_to_0"}, 0, 0, 0}, {{"0_to_1"}, 0, 1, 0}, {{"0_to_2"}, 0, 2, 0},
    {{"1_to_0"}, 1, 0, 0}, {{"1_to_1"}, 1, 1, 1}, {{"1_to_2"}, 1, 2, 1},
    {{"2_to_0"}, 2, 0, 0}, {{"2_to_1"}, 2, 1, 1}, {{"2_to_2"}, 2, 2, 2},
};

/* A message is delivered at the lower of its QoS and the granted QoS. */
TEST_EACH(subscribe_lower_qos, qos_pairs, "3.1.1/MQTT-3.8.4-6",
          "5.0/MQTT-3.8.4-8", .needs = "qos2")
{
    const struct qos_row *row = t_row(t);
    struct client *subscriber = client_connect(t, "subscriber");
    client_subscribe(subscriber, "a/b", row->granted);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a/b", "x", .qos = row->published));
    client_expect(subscriber, MESSAGE("a/b", "x", .qos = row->delivered));
}

/* A Server without wildcards refuses each Topic Filter that has one, and no
 * other. */
TEST(subscribe_without_wildcards, "3.1.1/MQTT-3.8.3-2",
     "5.0/RULE-feature-unavailable",
     .settings = "wildcardSubscriptionAvailable=false")
{
    struct peer *peer = peer_hello(t, "plain");
    peer_subscribe(peer, "a/b", 1);
    peer_send(peer, SUBSCRIBE(.packet_id = 8, .filters = {{"a/+"}}));
    peer_expect_not_granted(peer, 8);
    struct peer *other = peer_hello(t, "other");
    peer_send(other, SUBSCRIBE(.packet_id = 9, .filters = {{"a/#"}}));
    peer_expect_not_granted(other, 9);
}

/* A Subscription Identifier of 0 is a Protocol Error. */
TEST(subscribe_identifier_zero,
     "5.0/RULE-subscribe-subscription-identifier-zero")
{
    struct peer *peer = peer_hello(t, "zero");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .props = {.subscription_identifier = {OPT(0)}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

/* A SUBSCRIBE carries one Subscription Identifier at most. */
TEST(subscribe_identifier_twice,
     "5.0/RULE-subscribe-subscription-identifier-twice")
{
    struct peer *peer = peer_hello(t, "twice");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                              .props = {.subscription_identifier = {1, 2}}));
    peer_expect_error(peer, PROTOCOL_ERROR, MALFORMED_PACKET);
}

SUITE(subscribe, "3.8 SUBSCRIBE", subscribe_wrong_flags, subscribe_bad_utf8,
      subscribe_without_filter, subscribe_wrong_options, subscribe_no_local,
      subscribe_no_local_over_connections, subscribe_no_local_shared,
      subscribe_answered, subscribe_again_replaces,
      subscribe_again_replaces_options, subscribe_again_loses_nothing,
      subscribe_several_filters, subscribe_lower_qos,
      subscribe_without_wildcards, subscribe_identifier_zero,
      subscribe_identifier_twice, subscribe_options_of_each_filter,
      subscribe_no_local_leaves_others, subscribe_again_without_identifier,
      subscribe_same_filter_twice, subscribe_same_filter_with_other_options,
      subscribe_again_loses_nothing_that_waits);
