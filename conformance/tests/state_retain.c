/* SPDX-License-Identifier: Apache-2.0 */
/* state_retain.c -- the store of retained messages, against a model.
 *
 * Spec: 5.0 s3.3.1.3, 3.8.4, 4.7; 3.1.1 s3.3.1.3, 3.8.4, 4.7.
 */
#include "client/client.h"
#include "peer/tree.h"
#include "suite.h"
#include "tests/retain.h"

#define KEPT .clean_start = 0, .props = {.session_expiry_interval_s = OPT(60)}
#define FINDS_RETAINED                                                         \
    "3.1.1/MQTT-3.3.1-6", "5.0/MQTT-3.3.1-9", "3.1.1/MQTT-4.7.3-4",            \
        "5.0/MQTT-4.7.3-4", .needs = "retain wildcards"

struct seed_row {
    struct row row;
    unsigned seed;
};
static const struct seed_row seeds[] = {{{"1"}, 1}, {{"2"}, 22}, {{"3"}, 333}};

/* In a tree that grows and is thinned at random, each filter finds exactly the
 * retained messages that match it. */
TEST_EACH(random_tree_is_searched, seeds, FINDS_RETAINED)
{
    const struct seed_row *row = t_row(t);
    struct tree *tree = tree_open(t, row->seed);
    tree_grow(tree, 40);
    tree_expect_random(tree, 15);
    tree_grow(tree, 40);
    tree_expect_random(tree, 15);
    tree_expect(tree, "#");
}

static const char *const branches[] = {
    "a",  "a/b",  "a/b/c", "a/x/b/c",     "a/y/b/c", "a/y/b", "a/y/z/c",
    "a/", "a//b", "/",     "/a",          "/a/b",    "b",     "b/a",
    "ab", "ab/c", "a b/c", "a/b/c/d/e/f", NULL};

struct filter_row {
    struct row row;
    const char *filter;
};
static const struct filter_row lookups[] = {
    {{"all"}, "#"},
    {{"first_level"}, "+"},
    {{"second_level"}, "+/+"},
    {{"third_level"}, "+/+/+"},
    {{"parent_and_below"}, "a/#"},
    {{"below_a_plus"}, "+/b/#"},
    {{"plus_between"}, "a/+/b"},
    {{"plus_between_and_below"}, "a/+/b/#"},
    {{"plus_between_and_plus"}, "a/+/b/+"},
    {{"two_plus_between"}, "a/+/+/c"},
    {{"below_all"}, "+/#"},
    {{"below_second"}, "+/+/#"},
    {{"empty_first"}, "/#"},
    {{"empty_first_plus"}, "/+"},
    {{"empty_second"}, "a//#"},
    {{"empty_last"}, "a/"},
    {{"plus_then_empty"}, "+/"},
    {{"deep"}, "a/b/c/d/e/f"},
    {{"deeper_than_all"}, "a/b/c/d/e/f/#"},
    {{"much_deeper_than_all"}, "a/b/c/d/e/f/+/#"},
    {{"exact"}, "a"},
    {{"exact_leaf"}, "a/x/b/c"},
    {{"inner_without_message"}, "a/x"},
    {{"below_inner_without_message"}, "a/x/#"},
    {{"sibling_by_prefix"}, "ab/#"},
    {{"space"}, "a b/+"},
    {{"nothing"}, "c/#"},
};

/* Each filter finds exactly the retained messages that match it. */
TEST_EACH(fixed_tree_is_searched, lookups, FINDS_RETAINED)
{
    const struct filter_row *row = t_row(t);
    struct tree *tree = tree_open(t, 1);
    tree_plant(tree, branches);
    tree_expect(tree, row->filter);
}

static const struct filter_row removals[] = {
    {{"parent"}, "a"},
    {{"child"}, "a/b"},
    {{"inner_without_message"}, "a/x"},
    {{"leaf"}, "a/x/b/c"},
    {{"deepest"}, "a/b/c/d/e/f"},
    {{"empty_level"}, "a/"},
    {{"only_slash"}, "/"},
    {{"what_never_was"}, "never/was"},
    {{"below_a_leaf"}, "b/a/below"},
};

/* The removal of a message leaves all others, above and below it; and its topic
 * can have a new one. */
TEST_EACH(removal_leaves_the_rest_of_the_tree, removals, "3.1.1/MQTT-3.3.1-10",
          "5.0/MQTT-3.3.1-6", .needs = "retain wildcards")
{
    const struct filter_row *row = t_row(t);
    struct tree *tree = tree_open(t, 1);
    tree_plant(tree, branches);
    tree_retain(tree, row->filter, "");
    tree_expect(tree, "#");
    tree_expect(tree, row->filter);
    tree_retain(tree, row->filter, "");
    tree_retain(tree, row->filter, "new");
    tree_expect(tree, "#");
    tree_expect(tree, row->filter);
}

/* All of some hundreds of retained messages come. */
TEST(hundreds_of_retained_messages_come, FINDS_RETAINED)
{
    struct tree *tree = tree_open(t, 1);
    tree_widen(tree, 300);
    tree_expect(tree, "wide/+");
    tree_expect(tree, "wide/299");
}

static const struct seed_row qos_1_and_2[] = {{{"1"}, 1}, {{"2"}, 2}};

/* A retained message that was sent for a subscription is a message of the
 * session like any other: not acknowledged, it comes again. */
TEST_EACH(retained_delivery_comes_again, qos_1_and_2, "3.1.1/MQTT-4.4.0-1",
          "5.0/MQTT-4.4.0-1", .needs = "retain qos2")
{
    const struct seed_row *row = t_row(t);
    uint8_t qos = (uint8_t)row->seed;
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = qos, .retain = 1));
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_send(peer,
              SUBSCRIBE(.packet_id = 1, .filters = {{"news", .qos = qos}}));
    peer_expect_all(peer, SUBACK(.packet_id = 1),
                    PUBLISH(.payload = "rain", .qos = qos, .retain = 1));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect(peer,
                PUBLISH(.payload = "rain", .qos = qos, .dup = 1, .retain = 1));
    peer_drop(peer);
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_message(
        peer, MESSAGE("news", "rain", .qos = qos, .dup = 1, .retain = 1));
    peer_expect_nothing(peer);
}

/* A retained message carries the identifier of the subscription it is sent for.
 */
TEST(retained_message_has_the_identifier, "5.0/MQTT-3.3.4-3",
     .needs = "retain subscription_identifiers")
{
    struct client *writer = client_connect(t, "writer");
    retain_message(t, writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    struct peer *peer = peer_hello(t, "reader");
    peer_send(peer, SUBSCRIBE(.packet_id = 1, .filters = {{"news"}},
                              .props.subscription_identifier = {OPT(77)}));
    peer_expect_all(
        peer, SUBACK(.packet_id = 1),
        PUBLISH(.payload = "rain", .props.subscription_identifier = {OPT(77)}));
    peer_expect_nothing(peer);
}

/* A message that was retained and removed while a session was away is nothing
 * but two messages in its queue: nothing comes as retained. */
TEST(queued_messages_are_not_retained, "3.1.1/MQTT-3.3.1-9",
     "5.0/MQTT-3.3.1-12", .needs = "retain")
{
    struct peer *peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_subscribe(peer, "news", 1);
    peer_disconnect(peer);
    struct client *writer = client_connect(t, "writer");
    client_publish(writer, MESSAGE("news", "rain", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("news", "sun", .qos = 1, .retain = 1));
    client_publish(writer, MESSAGE("news", "", .qos = 1, .retain = 1));
    peer = peer_connect(t, CONNECT(.client_id = "sub", KEPT));
    peer_expect_message(peer, MESSAGE("news", "rain", .qos = 1, .retain = 0));
    peer_expect_message(peer, MESSAGE("news", "sun", .qos = 1, .retain = 0));
    peer_expect_message(peer, MESSAGE("news", "", .qos = 1, .retain = 0));
    peer_expect_nothing(peer);
}

/* A SUBSCRIBE with several filters brings what each of them finds, and one that
 * is not granted takes nothing from the others. */
TEST(retained_messages_of_several_filters, "3.1.1/MQTT-3.3.1-6",
     "5.0/MQTT-3.3.1-9", .needs = "retain wildcards")
{
    struct tree *tree = tree_open(t, 1);
    tree_retain(tree, "a/1", "one");
    tree_retain(tree, "b/2", "two");
    tree_retain(tree, "c/3", "three");
    struct peer *peer = peer_hello(t, "reader");
    peer_send(peer, SUBSCRIBE(.packet_id = 1,
                              .filters = {{"a/+"}, {"d/#"}, {"c/3"}}));
    peer_expect_all(peer, SUBACK(.packet_id = 1, .codes = CODES(0, 0, 0)),
                    PUBLISH(.topic = "a/1", .payload = "one", .retain = 1),
                    PUBLISH(.topic = "c/3", .payload = "three", .retain = 1));
    peer_expect_nothing(peer);
}

SUITE(state_retain, "State: retained messages", random_tree_is_searched,
      fixed_tree_is_searched, removal_leaves_the_rest_of_the_tree,
      hundreds_of_retained_messages_come, retained_delivery_comes_again,
      retained_message_has_the_identifier, queued_messages_are_not_retained,
      retained_messages_of_several_filters);
