// SPDX-License-Identifier: Apache-2.0
/* inflight_test.c -- every pair of state and event, and the identifiers.
 */
#include <string.h>

#include "state/inflight.h"
#include "tests/tests.h"

struct outgoing_row {
    enum outgoing_state state;
    enum outgoing_event event;
    struct outgoing_step expected;
};

#define SAME(state)                                                            \
    {                                                                          \
        state, OUTGOING_NOTHING                                                \
    }
#define ERROR(state)                                                           \
    {                                                                          \
        state, OUTGOING_PROTOCOL_ERROR                                         \
    }
#define DONE                                                                   \
    {                                                                          \
        OUTGOING_FREE, OUTGOING_NOTHING                                        \
    }

/* Typed from 5.0 s4.3 and s4.9, apart from the table under test. */
static const struct outgoing_row outgoing_rows[] = {
    {OUTGOING_FREE, OUTGOING_PUBLISH_1, SAME(OUTGOING_AWAIT_PUBACK)},
    {OUTGOING_FREE, OUTGOING_PUBLISH_2, SAME(OUTGOING_AWAIT_PUBREC)},
    {OUTGOING_FREE, OUTGOING_PUBACK, SAME(OUTGOING_FREE)},
    {OUTGOING_FREE,
     OUTGOING_PUBREC,
     {OUTGOING_FREE, OUTGOING_SEND_PUBREL_NOT_FOUND}},
    {OUTGOING_FREE, OUTGOING_PUBREC_FAILED, SAME(OUTGOING_FREE)},
    {OUTGOING_FREE, OUTGOING_PUBCOMP, SAME(OUTGOING_FREE)},

    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBLISH_1, SAME(OUTGOING_AWAIT_PUBACK)},
    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBLISH_2, ERROR(OUTGOING_AWAIT_PUBACK)},
    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBACK, DONE},
    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBREC, ERROR(OUTGOING_AWAIT_PUBACK)},
    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBREC_FAILED,
     ERROR(OUTGOING_AWAIT_PUBACK)},
    {OUTGOING_AWAIT_PUBACK, OUTGOING_PUBCOMP, ERROR(OUTGOING_AWAIT_PUBACK)},

    {OUTGOING_AWAIT_PUBREC, OUTGOING_PUBLISH_1, ERROR(OUTGOING_AWAIT_PUBREC)},
    {OUTGOING_AWAIT_PUBREC, OUTGOING_PUBLISH_2, SAME(OUTGOING_AWAIT_PUBREC)},
    {OUTGOING_AWAIT_PUBREC, OUTGOING_PUBACK, ERROR(OUTGOING_AWAIT_PUBREC)},
    {OUTGOING_AWAIT_PUBREC,
     OUTGOING_PUBREC,
     {OUTGOING_AWAIT_PUBCOMP, OUTGOING_SEND_PUBREL}},
    {OUTGOING_AWAIT_PUBREC, OUTGOING_PUBREC_FAILED, DONE},
    {OUTGOING_AWAIT_PUBREC, OUTGOING_PUBCOMP, ERROR(OUTGOING_AWAIT_PUBREC)},

    {OUTGOING_AWAIT_PUBCOMP, OUTGOING_PUBLISH_1, ERROR(OUTGOING_AWAIT_PUBCOMP)},
    {OUTGOING_AWAIT_PUBCOMP, OUTGOING_PUBLISH_2, ERROR(OUTGOING_AWAIT_PUBCOMP)},
    {OUTGOING_AWAIT_PUBCOMP, OUTGOING_PUBACK, ERROR(OUTGOING_AWAIT_PUBCOMP)},
    {OUTGOING_AWAIT_PUBCOMP,
     OUTGOING_PUBREC,
     {OUTGOING_AWAIT_PUBCOMP, OUTGOING_SEND_PUBREL}},
    {OUTGOING_AWAIT_PUBCOMP, OUTGOING_PUBREC_FAILED, DONE},
    {OUTGOING_AWAIT_PUBCOMP, OUTGOING_PUBCOMP, DONE},
};

_Static_assert(sizeof outgoing_rows / sizeof *outgoing_rows ==
                   OUTGOING_N_STATES * OUTGOING_N_EVENTS,
               "every pair has its row");

/* The sender's machine, pair by pair. */
START_TEST(sender_by_table)
{
    const struct outgoing_row *row = &outgoing_rows[_i];
    struct outgoing_step step = outgoing_next(row->state, row->event);
    ck_assert_int_eq(step.next, row->expected.next);
    ck_assert_int_eq(step.action, row->expected.action);
}
END_TEST

struct incoming_row {
    enum incoming_state state;
    enum incoming_event event;
    struct incoming_step expected;
};

static const struct incoming_row incoming_rows[] = {
    {INCOMING_FREE,
     INCOMING_PUBLISH_2,
     {INCOMING_AWAIT_PUBREL, INCOMING_DELIVER_AND_PUBREC}},
    {INCOMING_FREE,
     INCOMING_PUBLISH_2_REFUSED,
     {INCOMING_FREE, INCOMING_PUBREC_FAILED}},
    {INCOMING_FREE,
     INCOMING_PUBREL,
     {INCOMING_FREE, INCOMING_PUBCOMP_NOT_FOUND}},
    {INCOMING_AWAIT_PUBREL,
     INCOMING_PUBLISH_2,
     {INCOMING_AWAIT_PUBREL, INCOMING_PUBREC_ONLY}},
    {INCOMING_AWAIT_PUBREL,
     INCOMING_PUBLISH_2_REFUSED,
     {INCOMING_AWAIT_PUBREL, INCOMING_PUBREC_ONLY}},
    {INCOMING_AWAIT_PUBREL, INCOMING_PUBREL, {INCOMING_FREE, INCOMING_PUBCOMP}},
};

_Static_assert(sizeof incoming_rows / sizeof *incoming_rows ==
                   INCOMING_N_STATES * INCOMING_N_EVENTS,
               "every pair has its row");

/* The receiver's machine, pair by pair. */
START_TEST(receiver_by_table)
{
    const struct incoming_row *row = &incoming_rows[_i];
    struct incoming_step step = incoming_next(row->state, row->event);
    ck_assert_int_eq(step.next, row->expected.next);
    ck_assert_int_eq(step.action, row->expected.action);
}
END_TEST

static struct message *small_message(void)
{
    struct publish publish = {.qos = 1, .payload = slice_of("x", 1)};
    return message_new(slice_of("t", 1), &publish, 1);
}

static struct delivery *add(struct inflight *f, struct message *m)
{
    struct delivery *d = delivery_new(m, 1, false, NULL, 0);
    inflight_add(f, d);
    return d;
}

/* Each message under way has an identifier of its own, up to all 65,535, and
 * after the wrap the one that is free is found. */
START_TEST(identifiers_are_unique)
{
    static bool seen[65536];
    struct inflight f = {0};
    struct message *m = small_message();
    for (int i = 0; i < 65535; i++) {
        uint16_t id = add(&f, m)->packet_id;
        ck_assert(id != 0 && !seen[id]);
        seen[id] = true;
    }
    struct delivery *d = inflight_find(&f, 777);
    inflight_remove(&f, d);
    delivery_free(d);
    ck_assert_ptr_null(inflight_find(&f, 777));
    ck_assert_uint_eq(add(&f, m)->packet_id, 777);
    inflight_clear(&f);
    ck_assert_uint_eq(m->n_references, 1);
    message_unref(m);
}
END_TEST

/* An identifier is not used again while another is still open, and the search
 * goes on behind the last one. */
START_TEST(identifiers_go_round)
{
    struct inflight f = {0};
    struct message *m = small_message();
    struct delivery *first = add(&f, m);
    for (int i = 0; i < 70000; i++) {
        struct delivery *d = add(&f, m);
        ck_assert_uint_ne(d->packet_id, first->packet_id);
        inflight_remove(&f, d);
        delivery_free(d);
    }
    ck_assert_uint_le(f.by_id.n_chains, 8);
    inflight_clear(&f);
    message_unref(m);
}
END_TEST

/* PUBREC lets the message go, keeps the identifier, and notes the order. */
START_TEST(release_keeps_the_order_of_pubrec)
{
    struct inflight f = {0};
    struct message *m = small_message();
    struct delivery *a = add(&f, m);
    struct delivery *b = add(&f, m);
    inflight_release(&f, b);
    inflight_release(&f, a);
    ck_assert_ptr_eq(f.released.first, b);
    ck_assert_ptr_eq(f.released.first->next, a);
    ck_assert_uint_eq(f.sent.n, 0);
    ck_assert_uint_eq(f.sent.n_octets, 0);
    ck_assert_uint_eq(m->n_references, 1);
    ck_assert_ptr_eq(inflight_find(&f, a->packet_id), a);
    inflight_clear(&f);
    message_unref(m);
}
END_TEST

/* The receiver's states of all identifiers are apart from each other. */
START_TEST(incoming_identifiers)
{
    struct inflight f = {0};
    inflight_incoming_set(&f, 65535, INCOMING_AWAIT_PUBREL);
    inflight_incoming_set(&f, 1, INCOMING_AWAIT_PUBREL);
    inflight_incoming_set(&f, 1, INCOMING_AWAIT_PUBREL);
    ck_assert_int_eq(inflight_incoming_state(&f, 2), INCOMING_FREE);
    ck_assert_int_eq(inflight_incoming_state(&f, 1), INCOMING_AWAIT_PUBREL);
    ck_assert_int_eq(inflight_incoming_state(&f, 65535), INCOMING_AWAIT_PUBREL);
    inflight_incoming_set(&f, 1, INCOMING_FREE);
    inflight_clear(&f);
}
END_TEST

#define N_ROWS(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_inflight(void)
{
    Suite *suite = suite_create("inflight");
    TCase *tcase = tcase_create("inflight");
    tcase_add_loop_test(tcase, sender_by_table, 0, N_ROWS(outgoing_rows));
    tcase_add_loop_test(tcase, receiver_by_table, 0, N_ROWS(incoming_rows));
    tcase_add_test(tcase, identifiers_are_unique);
    tcase_add_test(tcase, identifiers_go_round);
    tcase_add_test(tcase, release_keeps_the_order_of_pubrec);
    tcase_add_test(tcase, incoming_identifiers);
    suite_add_tcase(suite, tcase);
    return suite;
}
