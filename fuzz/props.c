/* SPDX-License-Identifier: Apache-2.0 */
/* props.c -- a list of properties: read, written, read again.
 *
 * Input: where the list stands (bit 0 to 15 of PROPERTY_IN), then the list with
 * its Property Length. Spec: 5.0 s2.2.2.
 */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "codec/props.h"

static void same(struct slice a, struct slice b, const char *what)
{
    if (!slice_equals(a, b))
        fuzz_fail("%s differs after writing and reading", what);
}

/* same_as_before compares what the table of properties knows to be there. */
static void same_as_before(const struct properties *a,
                           const struct properties *b)
{
    if (a->present != b->present)
        fuzz_fail("present: %llx, then %llx", (unsigned long long)a->present,
                  (unsigned long long)b->present);
    for (uint32_t id = 1; id < 64; id++) {
        const struct property_rule *rule = property_rule(id);
        if (!rule || !properties_has(a, rule->id))
            continue;
        const uint8_t *x = (const uint8_t *)a + rule->field;
        const uint8_t *y = (const uint8_t *)b + rule->field;
        size_t n = rule->type == PROPERTY_TYPE_BYTE               ? 1
                   : rule->type == PROPERTY_TYPE_TWO_BYTE_INTEGER ? 2
                                                                  : 4;
        if (rule->type == PROPERTY_TYPE_UTF8_STRING ||
            rule->type == PROPERTY_TYPE_BINARY_DATA ||
            rule->type == PROPERTY_TYPE_UTF8_STRING_PAIR) {
            struct slice s, t;
            memcpy(&s, x, sizeof s);
            memcpy(&t, y, sizeof t);
            if (!rule->may_repeat)
                same(s, t, rule->name);
        } else if (memcmp(x, y, n) != 0) {
            fuzz_fail("%s differs after writing and reading", rule->name);
        }
    }
    struct slice left = a->user_properties, right = b->user_properties;
    struct slice name[2], value[2];
    if (!properties_has(a, PROPERTY_USER_PROPERTY))
        return;
    while (user_property_next(&left, &name[0], &value[0])) {
        if (!user_property_next(&right, &name[1], &value[1]))
            fuzz_fail("a User Property was lost");
        same(name[0], name[1], "a User Property's name");
        same(value[0], value[1], "a User Property's value");
    }
    if (user_property_next(&right, &name[1], &value[1]))
        fuzz_fail("a User Property came from nowhere");
}

/* walk_raw walks through octets that nobody has checked: whatever they are, the
 * walk ends, and stays inside. */
static void walk_raw(struct slice rest)
{
    const uint8_t *end = rest.data + rest.n;
    struct slice name, value;
    while (user_property_next(&rest, &name, &value)) {
        if (value.n > 0 && value.data + value.n > end)
            fuzz_fail("a User Property reaches past the end");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    unsigned where = PROPERTY_IN(feed_u8(&feed) % 16);
    walk_raw(slice_of(feed.at, feed.n));
    struct reader r = reader_of(slice_of(feed.at, feed.n));
    struct properties p, again;
    memset(&p, 0, sizeof p);
    memset(&again, 0, sizeof again);
    if (props_read(&r, where, &p) != REASON_SUCCESS || r.has_failed)
        return 0;
    if (p.n_subscription_identifiers > 1)
        return 0; /* a decoded list keeps the first one and the count */
    uint32_t identifier = p.subscription_identifier;
    p.subscription_identifiers = &identifier;
    size_t size = props_size(&p);
    uint8_t *out = malloc(size + 4);
    if (!out)
        abort();
    struct writer w = writer_of(out, size + 4);
    props_write(&w, &p);
    size_t written = (size_t)(w.at - out);
    if (w.has_failed || written != varint_size((uint32_t)size) + size)
        fuzz_fail("%zu octets written, %zu foretold", written, size);
    r = reader_of(slice_of(out, written));
    if (props_read(&r, where, &again) != REASON_SUCCESS || reader_left(&r) > 0)
        fuzz_fail("what was written cannot be read");
    same_as_before(&p, &again);
    free(out);
    return 0;
}
