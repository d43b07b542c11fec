/* SPDX-License-Identifier: Apache-2.0 */
/* state_shared.c -- shared and ordinary subscriptions side by side.
 *
 * Spec: 5.0 s3.8.3.1, s3.10.4, s4.8.2.
 */
#include "client/client.h"
#include "tests/state.h"

#define SHARED "$share/g/a"

/* Subscribes with an identifier. */
static void subscribe_as(struct peer *peer, const char *filter,
                         uint32_t identifier)
{
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1, .filters = {{{filter}}},
                        .props.subscription_identifier = {OPT(identifier)}));
    peer_expect(peer, SUBACK(.packet_id = 1, .codes = CODES(0)));
}

/* Who has both gets a copy by the ordinary subscription, and as the only member
 * of the group one by the shared one. */
TEST(shared_beside_ordinary, "5.0/RULE-shared-one-receiver", "5.0/MQTT-3.3.4-4",
     .needs = "shared subscription_identifiers")
{
    struct peer *both = peer_hello(t, "both");
    subscribe_as(both, "a", 7);
    subscribe_as(both, SHARED, 8);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 1));
    peer_expect_all(
        both,
        PUBLISH(.payload = "x", .props.subscription_identifier = {OPT(7)}),
        PUBLISH(.payload = "x", .props.subscription_identifier = {OPT(8)}));
    peer_expect_nothing(both);
}

/* A shared subscription that asks for the RETAIN flag as published gets it. */
TEST(shared_retain_as_published, "5.0/MQTT-3.3.1-13", .needs = "shared retain")
{
    struct peer *member = peer_hello(t, "member");
    peer_subscribe_with(member, .filter = SHARED, .qos = 1,
                        .retain_as_published = 1);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 1, .retain = 1));
    peer_expect_message(member, MESSAGE("a", "x", .qos = 1, .retain = 1));
}

struct pair_row {
    struct row row;
    const char *subscribed, *other;
};
static const struct pair_row pairs[] = {
    {{"ordinary"}, SHARED, "a"},
    {{"shared"}, "a", SHARED},
    {{"other_group"}, SHARED, "$share/h/a"},
};

/* Filters are compared character by character: to unsubscribe from the like of
 * a filter takes nothing away. */
TEST_EACH(unsubscribe_from_the_like, pairs, "5.0/MQTT-3.10.4-1",
          .needs = "shared")
{
    const struct pair_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "peer");
    peer_subscribe(peer, row->subscribed, 1);
    peer_send(peer, UNSUBSCRIBE(.packet_id = 9, .filters = {{{row->other}}}));
    peer_expect(peer, UNSUBACK(.packet_id = 9,
                               .codes = CODES(NO_SUBSCRIPTION_EXISTED)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 1));
    peer_expect_message(peer, MESSAGE("a", "x", .qos = 1));
}

SUITE(state_shared, "4.8.2 Shared Subscriptions: states",
      shared_beside_ordinary, shared_retain_as_published,
      unsubscribe_from_the_like);
