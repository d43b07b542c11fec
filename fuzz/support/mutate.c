/* SPDX-License-Identifier: Apache-2.0 */
/* mutate.c -- changes inputs packet by packet, for libFuzzer.
 *
 * An input is settings, then items (struct fuzz_shape); an item is octets of
 * control and a packet. Items are inserted (from the grammar of the black-box
 * fuzzer), dropped, swapped, doubled and changed inside; lengths are fixed up
 * afterwards, or one time in four left lying.
 */
#include <string.h>

#include "blackbox/grammar.h"
#include "support/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
    __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b,
                                 size_t n_b, uint8_t *out, size_t max_out,
                                 unsigned seed);

enum { MAX_ITEMS = 256, MAX_OCTETS = 65536 };

struct item {
    size_t at, n; /* control and packet */
};

struct input {
    uint8_t *octets;
    size_t n, max;
    struct item items[MAX_ITEMS];
    size_t n_items;
};

static void cut(struct input *in)
{
    struct feed feed = {in->octets, in->n};
    size_t got;
    in->n_items = 0;
    feed_run(&feed, fuzz_shape.n_settings, &got);
    while (feed.n > 0 && in->n_items < MAX_ITEMS) {
        struct item *item = &in->items[in->n_items++];
        item->at = in->n - feed.n;
        feed_run(&feed, fuzz_shape.n_control, &got);
        feed_packet(&feed, &got);
        item->n = in->n - feed.n - item->at;
    }
}

/* splice replaces `old` octets at a place by n others. Returns false where
 * there is no room. */
static bool splice(struct input *in, size_t at, size_t old, const uint8_t *with,
                   size_t n)
{
    if (in->n - old + n > in->max)
        return false;
    memmove(in->octets + at + n, in->octets + at + old, in->n - at - old);
    if (n > 0)
        memmove(in->octets + at, with, n);
    in->n += n - old;
    return true;
}

/* octets_of makes room for settings that are not there yet. */
static void have_settings(struct input *in)
{
    while (in->n < fuzz_shape.n_settings && in->n < in->max)
        in->octets[in->n++] = 0;
}

static size_t some_place(const struct input *in, struct grammar *g)
{
    uint32_t i = grammar_below(g, (uint32_t)in->n_items + 1);
    return i < in->n_items ? in->items[i].at : in->n;
}

static void insert(struct input *in, struct grammar *g)
{
    static const enum wire_version versions[] = {WIRE_3_1, WIRE_3_1_1, WIRE_5_0,
                                                 WIRE_5_0, WIRE_5_0};
    uint8_t packet[1024];
    size_t n_control = fuzz_shape.n_control;
    uint32_t place = grammar_below(g, 4);
    for (size_t i = 0; i < n_control; i++)
        packet[i] = (uint8_t)(grammar_below(g, 3) ? place : grammar_number(g));
    enum wire_version version =
        n_control ? versions[grammar_below(g, 5)]
                  : (enum wire_version)(3 + in->octets[0] % 3);
    enum wire_type type =
        n_control ? WIRE_OCTETS : (enum wire_type)grammar_below(g, 16);
    size_t n = grammar_packet(g, version, type, place, packet + n_control,
                              sizeof packet - n_control);
    if (n_control && grammar_below(g, 50) == 0) {
        memcpy(packet + n_control, "\x0f", 2); /* a restart, see session.c */
        n = 2;
    }
    splice(in, some_place(in, g), 0, packet, n + n_control);
}

/* fix_length writes the Remaining Length that an item's packet really has. */
static void fix_length(struct input *in, const struct item *item)
{
    size_t at = item->at + fuzz_shape.n_control + 1;
    size_t end = item->at + item->n;
    size_t old = 0;
    uint8_t length[4];
    size_t n = 0;
    while (old < 4 && at + old < end && (in->octets[at + old++] & 0x80))
        ;
    for (size_t left = at + old < end ? end - at - old : 0; n == 0 || left > 0;
         left >>= 7)
        length[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    if (at + old <= end)
        splice(in, at, old, length, n);
}

static size_t mutate_octets(struct grammar *g, uint8_t *octets, size_t n,
                            size_t max)
{
    if (LLVMFuzzerMutate)
        return LLVMFuzzerMutate(octets, n, max);
    if (n > 0)
        octets[grammar_below(g, (uint32_t)n)] = (uint8_t)grammar_number(g);
    return n;
}

/* change lets the engine loose on the octets of one packet. */
static void change(struct input *in, struct grammar *g, struct item item)
{
    static uint8_t scratch[MAX_OCTETS];
    size_t head = fuzz_shape.n_control + (grammar_below(g, 8) ? 1 : 0);
    if (item.n <= head || item.n - head > sizeof scratch / 2)
        return;
    size_t room = in->max - in->n + item.n - head;
    size_t max = room < sizeof scratch ? room : sizeof scratch;
    memcpy(scratch, in->octets + item.at + head, item.n - head);
    size_t n = mutate_octets(g, scratch, item.n - head, max);
    if (!splice(in, item.at + head, item.n - head, scratch, n))
        return;
    item.n = head + n;
    if (grammar_below(g, 4))
        fix_length(in, &item);
}

/* Acknowledgements matter only if their identifier is one that is in use: one
 * packet takes over two octets of another. */
static void borrow(struct input *in, struct grammar *g, struct item to)
{
    struct item from = in->items[grammar_below(g, (uint32_t)in->n_items)];
    size_t head = fuzz_shape.n_control + 2;
    if (from.n < head + 2 || to.n < head + 2)
        return;
    size_t a =
        from.at + head +
        (grammar_below(g, 2) ? 0
                             : grammar_below(g, (uint32_t)(from.n - head - 1)));
    memmove(in->octets + to.at + head, in->octets + a, 2);
}

static void mutate_once(struct input *in, struct grammar *g)
{
    static uint8_t copy[MAX_OCTETS];
    uint32_t choice = grammar_below(g, 12);
    cut(in);
    if (in->n_items == 0 || choice < 4) {
        insert(in, g);
        return;
    }
    struct item item = in->items[grammar_below(g, (uint32_t)in->n_items)];
    if (choice == 4) { /* drop */
        splice(in, item.at, item.n, NULL, 0);
    } else if (choice == 5 && item.n <= sizeof copy) { /* double, elsewhere */
        memcpy(copy, in->octets + item.at, item.n);
        splice(in, some_place(in, g), 0, copy, item.n);
    } else if (choice == 6 && item.n <= sizeof copy) { /* move */
        memcpy(copy, in->octets + item.at, item.n);
        splice(in, item.at, item.n, NULL, 0);
        cut(in);
        splice(in, some_place(in, g), 0, copy, item.n);
    } else if (choice == 7 && fuzz_shape.n_control) {
        in->octets[item.at] ^= (uint8_t)(1u << grammar_below(g, 8));
    } else if (choice == 8) {
        in->octets[grammar_below(g, (uint32_t)fuzz_shape.n_settings)] =
            (uint8_t)grammar_number(g);
    } else if (choice == 9) {
        borrow(in, g, item);
    } else {
        change(in, g, item);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    struct input in = {.octets = data, .n = size, .max = max_size};
    struct grammar g;
    grammar_init(&g, seed, "", 8);
    have_settings(&in);
    if (in.n < fuzz_shape.n_settings)
        return in.n;
    for (uint32_t n = 1 + grammar_below(&g, 3); n > 0; n--)
        mutate_once(&in, &g);
    return in.n;
}

/* Takes the first items of one input and the last ones of another. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b,
                                 size_t n_b, uint8_t *out, size_t max_out,
                                 unsigned seed)
{
    struct input left = {.octets = (uint8_t *)(uintptr_t)a, .n = n_a};
    struct input right = {.octets = (uint8_t *)(uintptr_t)b, .n = n_b};
    struct grammar g;
    grammar_init(&g, seed, "", 0);
    cut(&left);
    cut(&right);
    size_t upto = some_place(&left, &g);
    size_t from = some_place(&right, &g);
    upto = upto < max_out ? upto : max_out;
    if (upto > 0)
        memcpy(out, a, upto);
    size_t n = n_b - from < max_out - upto ? n_b - from : max_out - upto;
    if (n > 0)
        memcpy(out + upto, b + from, n);
    return upto + n;
}
