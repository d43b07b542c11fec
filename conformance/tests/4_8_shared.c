/* SPDX-License-Identifier: Apache-2.0 */
/* 4_8_shared.c -- Shared Subscriptions: one member of the group gets it.
 *
 * Which member that is belongs to the Server, so tests with two members accept
 * either. Spec: 5.0 s4.8.2.
 */
#include "client/client.h"
#include "peer/peer.h"
#include "suite.h"

#define KEPT .clean_start = 0, .props = {.session_expiry_interval_s = OPT(60)}
#define SHARED "$share/g/a"

/* Each message goes to one member of the group, and to every ordinary
 * subscriber. */
TEST(shared_one_receiver, "5.0/RULE-shared-one-receiver", .needs = "shared")
{
    struct peer *both = peer_hello(t, "both");
    peer_subscribe(both, SHARED, 0);
    peer_subscribe(both, "b", 0);
    struct client *ordinary = client_connect(t, "ordinary");
    client_subscribe(ordinary, "a", 0);
    client_publish(ordinary, MESSAGE("a", "1", .qos = 1));
    client_publish(ordinary, MESSAGE("b", "end", .qos = 1));
    peer_expect_message(both, MESSAGE("a", "1"));
    peer_expect_message(both, MESSAGE("b", "end"));
    client_expect(ordinary, MESSAGE("a", "1"));
    client_expect_nothing_more(ordinary);
}

/* With two members, a message comes to one of them and not to the other. */
TEST(shared_not_twice, "5.0/RULE-shared-one-receiver", .needs = "shared")
{
    struct peer *one = peer_hello(t, "one");
    struct peer *two = peer_hello(t, "two");
    peer_subscribe(one, SHARED, 0);
    peer_subscribe(two, SHARED, 0);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    peer_send(one, PINGREQ());
    peer_send(two, PINGREQ());
    const struct wire_packet *at_one =
        peer_expect_any(one, PUBLISH(.topic = "a"), PINGRESP());
    const struct wire_packet *at_two =
        peer_expect_any(two, PUBLISH(.topic = "a"), PINGRESP());
    t_check(t, (at_one->type == WIRE_PUBLISH) != (at_two->type == WIRE_PUBLISH),
            "one copy of the message", "%s",
            at_one->type == WIRE_PUBLISH ? "one copy for each" : "no copy");
}

/* Two groups on one filter: each group gets the message once. */
TEST(shared_each_group, "5.0/RULE-shared-one-receiver", .needs = "shared")
{
    struct client *one = client_connect(t, "one");
    struct client *two = client_connect(t, "two");
    client_subscribe(one, "$share/g/a", 1);
    client_subscribe(two, "$share/h/a", 1);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    client_expect(one, MESSAGE("a", "x"));
    client_expect(two, MESSAGE("a", "x"));
    client_expect_nothing_more(one);
    client_expect_nothing_more(two);
}

/* Subscribing to a share brings no retained message. */
TEST(shared_no_retained, "5.0/RULE-shared-no-retained",
     .needs = "shared retain")
{
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "kept", .qos = 1, .retain = 1));
    struct client *member = client_connect(t, "member");
    client_subscribe(member, SHARED, 1);
    client_expect_nothing_more(member);
}

/* A member that unsubscribes leaves the share to the others. */
TEST(shared_ends_with_unsubscribe, "5.0/RULE-shared-ends-with-unsubscribe",
     .needs = "shared")
{
    struct client *leaves = client_connect(t, "leaves");
    struct client *stays = client_connect(t, "stays");
    client_subscribe(leaves, SHARED, 1);
    client_subscribe(stays, SHARED, 1);
    client_unsubscribe(leaves, SHARED);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "1", .qos = 1));
    client_publish(publisher, MESSAGE("a", "2", .qos = 1));
    client_expect(stays, MESSAGE("a", "1"));
    client_expect(stays, MESSAGE("a", "2"));
    client_expect_nothing_more(leaves);
}

struct qos_row {
    struct row row;
    uint8_t granted, delivered;
};
static const struct qos_row grants[] = {
    {{"0"}, 0, 0}, {{"1"}, 1, 1}, {{"2"}, 2, 2}};

/* A message goes out at no more than the QoS granted to the member. */
TEST_EACH(shared_granted_qos, grants, "5.0/MQTT-4.8.2-3",
          .needs = "shared qos2")
{
    const struct qos_row *row = t_row(t);
    struct client *member = client_connect(t, "member");
    client_subscribe(member, SHARED, row->granted);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    client_expect(member, MESSAGE("a", "x", .qos = row->delivered));
}

/* A QoS 2 delivery that was cut short is finished with the same member when it
 * comes back, though another one is there. */
TEST(shared_qos2_finished_by_same, "5.0/MQTT-4.8.2-4", .needs = "shared qos2")
{
    struct peer *chosen = peer_connect(t, CONNECT(.client_id = "chosen", KEPT));
    peer_subscribe(chosen, SHARED, 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(chosen, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_send(chosen, PUBREC(.packet_id = id));
    peer_expect(chosen, PUBREL(.packet_id = id));
    struct client *other = client_connect(t, "other");
    client_subscribe(other, SHARED, 2);
    peer_drop(chosen);

    chosen = peer_connect(t, CONNECT(.client_id = "chosen", KEPT));
    peer_expect(chosen, PUBREL(.packet_id = id));
    peer_send(chosen, PUBCOMP(.packet_id = id));
    client_expect_nothing_more(other);
}

/* If the session of that member ends instead, no other member gets it. */
TEST(shared_qos2_dies_with_session, "5.0/MQTT-4.8.2-5", .needs = "shared qos2")
{
    struct peer *chosen = peer_connect(t, CONNECT(.client_id = "chosen", KEPT));
    peer_subscribe(chosen, SHARED, 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    uint16_t id =
        peer_expect(chosen, PUBLISH(.payload = "x", .qos = 2))->packet_id;
    peer_send(chosen, PUBREC(.packet_id = id));
    peer_expect(chosen, PUBREL(.packet_id = id));
    struct client *other = client_connect(t, "other");
    client_subscribe(other, SHARED, 2);
    peer_drop(chosen);

    peer_hello(t, "chosen"); /* a clean start: the session ends */
    client_expect_nothing_more(other);
}

/* The same when it had not answered yet. */
TEST(shared_qos2_unanswered_dies_with_session, "5.0/MQTT-4.8.2-5",
     .needs = "shared qos2")
{
    struct peer *chosen = peer_connect(t, CONNECT(.client_id = "chosen", KEPT));
    peer_subscribe(chosen, SHARED, 2);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 2));
    peer_expect(chosen, PUBLISH(.payload = "x", .qos = 2));
    struct client *other = client_connect(t, "other");
    client_subscribe(other, SHARED, 2);
    peer_drop(chosen);

    peer_hello(t, "chosen"); /* a clean start: the session ends */
    client_expect_nothing_more(other);
}

/* A Shared Subscription has an identifier like any other. */
TEST(shared_has_its_identifier, "5.0/MQTT-3.3.4-3",
     .needs = "shared subscription_identifiers")
{
    struct peer *member = peer_hello(t, "member");
    peer_send(member, SUBSCRIBE(.packet_id = 1, .filters = {{SHARED}},
                                .props.subscription_identifier = {OPT(7)}));
    peer_expect(member, SUBACK(.packet_id = 1, .codes = CODES(0)));
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = 1));
    peer_expect(member, PUBLISH(.topic = "a",
                                .props.subscription_identifier = {OPT(7)}));
}

struct refusal_row {
    struct row row;
    uint8_t qos;
};
static const struct refusal_row refusals[] = {{{"puback"}, 1}, {{"pubrec"}, 2}};

/* A message that its member refused with an error goes to nobody else. */
TEST_EACH(shared_refused_is_dropped, refusals, "5.0/MQTT-4.8.2-6",
          .needs = "shared qos2")
{
    const struct refusal_row *row = t_row(t);
    struct peer *chosen = peer_hello(t, "chosen");
    peer_subscribe(chosen, SHARED, row->qos);
    struct client *publisher = client_connect(t, "publisher");
    client_publish(publisher, MESSAGE("a", "x", .qos = row->qos));
    const struct wire_packet *message =
        peer_expect(chosen, PUBLISH(.payload = "x", .qos = row->qos));
    struct client *other = client_connect(t, "other");
    client_subscribe(other, SHARED, row->qos);
    peer_send(chosen,
              row->qos == 1
                  ? PUBACK(.packet_id = message->packet_id, .reason = 0x80)
                  : PUBREC(.packet_id = message->packet_id, .reason = 0x80));
    peer_expect_nothing(chosen);
    client_expect_nothing_more(other);
}

SUITE(shared, "4.8.2 Shared Subscriptions", shared_one_receiver,
      shared_not_twice, shared_each_group, shared_no_retained,
      shared_ends_with_unsubscribe, shared_granted_qos,
      shared_qos2_finished_by_same, shared_qos2_dies_with_session,
      shared_refused_is_dropped, shared_qos2_unanswered_dies_with_session,
      shared_has_its_identifier);
