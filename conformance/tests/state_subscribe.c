/* SPDX-License-Identifier: Apache-2.0 */
/* state_subscribe.c -- the tree of subscriptions after odd and many changes.
 *
 * A filter that is parsed wrongly does its damage at the next PUBLISH, and to
 * another client.
 * Spec: 5.0 s3.8, 3.10, 4.7, 4.8.2; 3.1.1 s3.8, 3.10, 4.7.
 */
#include "client/client.h"
#include "peer/tree.h"
#include "tests/retain.h"
#include "tests/state.h"

struct filter_row {
    struct row row;
    const char *filter, *topic; /* what a careless parser makes of it */
};
static const struct filter_row edges[] = {
    {{"share_alone"}, EXACT "$share", EXACT "$share"},
    {{"share_slash"}, EXACT "$share/", EXACT "$share/"},
    {{"group_alone"}, EXACT "$share/{}", "x"},
    {{"group_of_two"}, EXACT "$share/ab", EXACT "ab"},
    {{"group_slash"}, EXACT "$share/{}/", "x"},
    {{"no_group"}, EXACT "$share//{}/x", "x"},
    {{"no_group_no_filter"}, EXACT "$share//", "x"},
    {{"group_plus"}, EXACT "$share/+/{}/x", "x"},
    {{"group_hash"}, EXACT "$share/#/{}/x", "x"},
    {{"group_glued_plus"}, EXACT "$share/g+/{}/x", "x"},
    {{"group_then_nothing_below"}, EXACT "$share/g//{}/x", "x"},
    {{"group_then_hash_inside"}, EXACT "$share/g/{}/#/x", "x"},
    {{"share_of_share"}, EXACT "$share/g/$share/g/{}/x", "x"},
    {{"shared"}, EXACT "$shared/g/{}/x", "x"},
    {{"upper_case"}, EXACT "$SHARE/g/{}/x", "x"},
    {{"slash_before"}, EXACT "/$share/g/{}/x", "x"},
    {{"plus_glued"}, "x+", "x"},
    {{"hash_glued"}, "x#", "x"},
    {{"hash_inside"}, "x/#/y", "x/y"},
    {{"many_slashes"}, "x////////y", "x/y"},
};

/* Whatever is made of the filter: afterwards messages flow, on the names that
 * it might stand for too, and every client is served. */
TEST_EACH(odd_filter_leaves_publishing_alone, edges, "robustness/R1-survives",
          "robustness/R1-others-undisturbed")
{
    const struct filter_row *row = t_row(t);
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "news", 1);
    struct peer *odd = peer_hello(t, "odd");
    peer_send(odd, SUBSCRIBE(.packet_id = 1, .filters = {{{row->filter}}}));
    struct peer *writer = peer_hello(t, "writer");
    peer_send_together(writer, PUBLISH(.topic = {row->topic}, .payload = "1"),
                       PUBLISH(.topic = EXACT "{}", .payload = "2"), PINGREQ());
    peer_expect_or_close(writer, PINGRESP());
    publish_from_clients(t, 10, MESSAGE("y", "3", .qos = 1));
    peer_send(odd, UNSUBSCRIBE(.packet_id = 2, .filters = {{{row->filter}}}));
    peer_send(writer, PUBLISH(.topic = {row->topic}, .payload = "4"));
    peer_drop(odd);
    publish_from_clients(t, 10, MESSAGE("news", "5", .qos = 1));
    client_expect(reader, MESSAGE("news", "5"));
}

struct seed_row {
    struct row row;
    unsigned seed;
};
static const struct seed_row seeds[] = {
    {{"1"}, 6}, {{"2"}, 77}, {{"3"}, 888}, {{"4"}, 9999}};

/* Random messages go to random filters exactly as the rules of matching say. */
TEST_EACH(random_filters_get_what_they_match, seeds, "3.1.1/MQTT-4.7.3-4",
          "5.0/MQTT-4.7.3-4", "3.1.1/MQTT-3.3.2-3", "5.0/MQTT-3.3.2-3",
          .needs = "wildcards")
{
    const struct seed_row *row = t_row(t);
    struct tree *tree = tree_open(t, row->seed);
    tree_deliver(tree, 15);
    tree_deliver(tree, 15);
}

#define OPTIONS(q, n, a, h)                                                    \
    {                                                                          \
        {"qos_" #q "_no_local_" #n "_as_published_" #a "_handling_" #h}, q, n, \
            a, h                                                               \
    }
#define HANDLINGS(q, n, a)                                                     \
    OPTIONS(q, n, a, 0), OPTIONS(q, n, a, 1), OPTIONS(q, n, a, 2)
#define PUBLISHED(q, n) HANDLINGS(q, n, 0), HANDLINGS(q, n, 1)
#define LOCALS(q) PUBLISHED(q, 0), PUBLISHED(q, 1)

struct options_row {
    struct row row;
    uint8_t qos, no_local, as_published, handling;
};
static const struct options_row options[] = {LOCALS(0), LOCALS(1), LOCALS(2)};

/* SUBACK, and the stored message unless Retain Handling is 2. */
static void expect_granted(struct peer *peer, const struct options_row *row)
{
    const struct wire_packet *stored =
        PUBLISH(.payload = "stored", .retain = 1, .qos = row->qos);
    const struct wire_packet *granted =
        SUBACK(.packet_id = 1, .codes = CODES(row->qos));
    if (row->handling == 2)
        peer_expect(peer, granted);
    else
        peer_expect_all(peer, granted, stored);
}

/* What the reader published itself, unless No Local is set, and "end". */
static void expect_own(struct peer *peer, const struct options_row *row)
{
    uint8_t qos = row->qos ? 1 : 0;
    const struct message *end = MESSAGE("end", "end");
    if (row->no_local)
        peer_expect_message(peer, end);
    else
        peer_expect_messages(
            peer, MESSAGE("news", "own", .qos = qos, .retain = 0), end);
}

/* Each set of Subscription Options is granted, and obeyed whole. */
TEST_EACH(each_set_of_options_is_obeyed, options, "5.0/MQTT-3.8.4-7",
          "5.0/MQTT-3.8.3-3", "5.0/MQTT-3.3.1-9", "5.0/MQTT-3.3.1-11",
          "5.0/MQTT-3.3.1-12", "5.0/MQTT-3.3.1-13", .needs = "retain qos2")
{
    const struct options_row *row = t_row(t);
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "stored", .qos = 2, .retain = 1));
    struct peer *peer = peer_hello(t, "reader");
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1,
                        .filters = {{"news", .qos = row->qos,
                                     .no_local = row->no_local,
                                     .retain_as_published = row->as_published,
                                     .retain_handling = row->handling}}));
    t_proves(t, "3.8.4-7 3.3.1-9 3.3.1-11");
    expect_granted(peer, row);
    client_publish(writer, MESSAGE("news", "live", .qos = 2, .retain = 1));
    t_proves(t, "3.8.4-7 3.3.1-12 3.3.1-13");
    peer_expect_message(peer, MESSAGE("news", "live", .qos = row->qos,
                                      .retain = row->as_published));
    t_proves(t, "");
    peer_subscribe(peer, "end", 0);
    peer_publish(peer, MESSAGE("news", "own", .qos = 1));
    client_publish(writer, MESSAGE("end", "end"));
    expect_own(peer, row);
    peer_expect_nothing(peer);
}

/* The same filter ten times is one subscription, and one UNSUBSCRIBE ends it.
 */
TEST(repeated_subscription_is_one, "3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-3")
{
    struct peer *peer = peer_hello(t, "reader");
    send_times(peer, 10,
               SUBSCRIBE(.packet_id = 1, .filters = {{"a/+", .qos = 1}}),
               SUBACK(.packet_id = 1, .codes = CODES(1)));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "1", .qos = 1));
    peer_expect_message(peer, MESSAGE("a/b", "1", .qos = 1));
    peer_expect_nothing(peer);
    peer_unsubscribe(peer, "a/+");
    client_publish(writer, MESSAGE("a/b", "2", .qos = 1));
    peer_expect_nothing(peer);
}

static const struct filter_row never_subscribed[] = {
    {{"deep"}, "x/y/z", "x/y/z"},
    {{"hash"}, "x/#", "x/y"},
    {{"plus"}, "+/+", "x/y"},
    {{"part_of_another"}, "a", "a"},
    {{"below_another"}, "a/b/c", "a/b/c"},
    {{"wider"}, "a/#", "a/c"},
};

/* UNSUBSCRIBE of what never was subscribed is answered, and changes nothing:
 * neither for messages on that name, nor for another filter. */
TEST_EACH(unsubscribe_of_nothing_changes_nothing, never_subscribed,
          "3.1.1/MQTT-3.10.4-5", "5.0/MQTT-3.10.4-5")
{
    const struct filter_row *row = t_row(t);
    struct peer *peer = peer_hello(t, "reader");
    peer_subscribe(peer, "a/b", 1);
    send_times(peer, 3,
               UNSUBSCRIBE(.packet_id = 9, .filters = {{{row->filter}}}),
               UNSUBACK(.packet_id = 9));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE(row->topic, "x", .qos = 1));
    client_publish(writer, MESSAGE("a/b", "y", .qos = 1));
    peer_expect_message(peer, MESSAGE("a/b", "y", .qos = 1));
    peer_expect_nothing(peer);
}

/* A subscriber of everything that is cut off leaves the others their messages.
 */
TEST(subscriber_of_everything_may_go, "robustness/R1-survives",
     "robustness/R1-others-undisturbed", .needs = "wildcards")
{
    struct client *reader = client_connect(t, "reader");
    client_subscribe(reader, "a/#", 1);
    struct peer *all = peer_hello(t, "all");
    peer_subscribe(all, "#", 2);
    publish_from_clients(t, 10, MESSAGE("b", "x", .qos = 1));
    peer_drop(all);
    publish_from_clients(t, 10, MESSAGE("b", "x", .qos = 1));
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a/b", "y", .qos = 1));
    client_expect(reader, MESSAGE("a/b", "y"));
    client_expect_nothing_more(reader);
}

/* A message carries the Subscription Identifiers of the client that it goes to,
 * and nobody else's. */
TEST(identifiers_are_of_the_subscriber, "5.0/MQTT-3.3.4-3", "5.0/MQTT-3.3.4-5",
     .needs = "subscription_identifiers")
{
    struct peer *seven = peer_hello(t, "seven");
    struct peer *eight = peer_hello(t, "eight");
    struct peer *none = peer_hello(t, "none");
    peer_send(seven, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                               .props.subscription_identifier = {OPT(7)}));
    peer_expect(seven, SUBACK(.packet_id = 1));
    peer_send(eight, SUBSCRIBE(.packet_id = 1, .filters = {{"a"}},
                               .props.subscription_identifier = {OPT(8)}));
    peer_expect(eight, SUBACK(.packet_id = 1));
    peer_subscribe(none, "a", 0);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("a", "x", .qos = 1));
    peer_expect(seven, PUBLISH(.payload = "x",
                               .props.subscription_identifier = {OPT(7)}));
    peer_expect(eight, PUBLISH(.payload = "x",
                               .props.subscription_identifier = {OPT(8)}));
    peer_expect(
        none, PUBLISH(.payload = "x", .props.subscription_identifier = {NONE}));
}

SUITE(state_subscribe, "State: subscriptions",
      odd_filter_leaves_publishing_alone, random_filters_get_what_they_match,
      each_set_of_options_is_obeyed, repeated_subscription_is_one,
      unsubscribe_of_nothing_changes_nothing, subscriber_of_everything_may_go,
      identifiers_are_of_the_subscriber);
