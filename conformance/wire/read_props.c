/* SPDX-License-Identifier: Apache-2.0 */
/* read_props.c -- the properties of 5.0: place, number, range.
 *
 * Spec: 5.0 s2.2.2.
 */
#include "wire/reader.h"

/* What is said of a property that stands where it may not. */
static void check_place(struct reader *r, const struct wire_property_row *row,
                        unsigned where, size_t at)
{
    static const struct wire_cite not_here = {
        NULL, "5.0/RULE-property-not-allowed", NULL};
    static const struct wire_cite from_client = {NULL, "5.0/MQTT-3.3.4-6",
                                                 NULL};
    static const struct wire_cite from_server = {NULL, "5.0/MQTT-3.14.2-2",
                                                 NULL};
    const enum wire_type type = r->packet->type;

    if (!(row->where & where))
        wire_complain(r, &not_here, MALFORMED_PACKET, at,
                      "%s does not belong in %s", row->title,
                      where == WIRE_IN_WILL ? "the Will"
                                            : wire_type_name(type));
    if (row->id == WIRE_SUBSCRIPTION_IDENTIFIER && type == WIRE_PUBLISH &&
        r->from == WIRE_CLIENT)
        wire_complain(r, &from_client, PROTOCOL_ERROR, at,
                      "a Client's PUBLISH has a Subscription Identifier");
    if (row->id == WIRE_SESSION_EXPIRY_INTERVAL && type == WIRE_DISCONNECT &&
        r->from == WIRE_SERVER)
        wire_complain(r, &from_server, PROTOCOL_ERROR, at,
                      "a Server's DISCONNECT has a Session Expiry Interval");
}

static void check_repeat(struct reader *r, const struct wire_property_row *row,
                         unsigned where, size_t at)
{
    /* For these two PUBLISH has no rule against a second one. */
    const bool is_hole = where == 1u << WIRE_PUBLISH &&
                         (row->id == WIRE_PAYLOAD_FORMAT_INDICATOR ||
                          row->id == WIRE_MESSAGE_EXPIRY_INTERVAL);

    if (!(row->many & where))
        wire_complain(r, wire_property_cite(where, row->id, WIRE_TWICE),
                      is_hole ? 0 : PROTOCOL_ERROR, at,
                      "%s stands in %s more than once", row->title,
                      where == WIRE_IN_WILL ? "the Will"
                                            : wire_type_name(r->packet->type));
}

static void check_range(struct reader *r, const struct wire_property_row *row,
                        unsigned where, uint32_t value, size_t at)
{
    if (value < row->min || value > row->max)
        wire_complain(r, wire_property_cite(where, row->id, WIRE_OUT_OF_RANGE),
                      row->id == WIRE_TOPIC_ALIAS ? TOPIC_ALIAS_INVALID
                                                  : PROTOCOL_ERROR,
                      at, "%s has the value %u", row->title, (unsigned)value);
}

/* Reads one value; the first copy stays in the struct. */
static void read_property(struct reader *r, const struct wire_property_row *row,
                          unsigned where, struct wire_props *props,
                          bool is_first)
{
    static const struct wire_cite cut = {
        NULL, "5.0/RULE-property-length-overrun", NULL};
    void *const member = wire_member(props, row->offset);
    const size_t at = r->at;
    uint32_t number = 0;

    r->field = row->title;
    if (row->shape == SHAPE_TEXT || row->shape == SHAPE_BINARY) {
        const struct wire_bytes run = row->shape == SHAPE_TEXT
                                          ? wire_take_text(r, &cut)
                                          : wire_take_run(r, &cut);
        if (is_first)
            *(struct wire_bytes *)member = run;
        return;
    }
    if (row->shape == SHAPE_PAIRS) {
        struct wire_bytes name, value;
        r->is_pair = true;
        name = wire_take_text(r, &cut);
        value = wire_take_text(r, &cut);
        r->is_pair = false;
        if (!r->is_lost && props->n_user_properties < WIRE_MAX_PAIRS)
            props->user_property[props->n_user_properties] =
                (struct wire_pair){name.text, value.text, name.n, value.n};
        props->n_user_properties += !r->is_lost;
        return;
    }
    number = row->shape == SHAPE_VARINTS
                 ? wire_take_varint(r, &cut)
                 : wire_take_octets(r,
                                    row->shape == SHAPE_OPT8    ? 1
                                    : row->shape == SHAPE_OPT16 ? 2
                                                                : 4,
                                    &cut);
    if (r->is_lost)
        return;
    check_range(r, row, where, number, at);
    if (row->shape == SHAPE_VARINTS) {
        if (props->n_subscription_identifiers < WIRE_MAX_IDENTIFIERS)
            props->subscription_identifier[props->n_subscription_identifiers] =
                OPT(number);
        props->n_subscription_identifiers++;
    } else if (is_first) {
        *(uint64_t *)member = OPT(number);
    }
}

void wire_read_properties(struct reader *r, const struct wire_field *field,
                          struct wire_props *props)
{
    static const struct wire_cite unknown = {NULL, "5.0/RULE-property-unknown",
                                             NULL};
    static const struct wire_cite overrun = {
        NULL, "5.0/RULE-property-length-overrun", NULL};
    const unsigned where = field->offset == offsetof(struct wire_packet, props)
                               ? 1u << r->packet->type
                               : WIRE_IN_WILL;
    const uint32_t n = wire_take_varint(r, &field->missing);
    const size_t outer_end = r->end;
    uint64_t seen = 0;

    if (!r->is_lost && n > r->end - r->at)
        wire_lose(r, &overrun, "the Property Length points past the end");
    if (r->is_lost)
        return;
    props->octets = SLICE(r->packet->octets.octets + r->at, n);
    r->end = r->at + n;
    while (!r->is_lost && r->at < r->end) {
        const size_t at = r->at;
        const uint32_t id = wire_take_varint(r, &unknown);
        const struct wire_property_row *row = wire_property_row(id);
        if (r->is_lost)
            break;
        if (!row) {
            wire_complain(r, &unknown, MALFORMED_PACKET, at,
                          "there is no property 0x%02x", (unsigned)id);
            r->is_lost = true;
            break;
        }
        check_place(r, row, where, at);
        if (seen >> id & 1)
            check_repeat(r, row, where, at);
        read_property(r, row, where, props, !(seen >> id & 1));
        seen |= UINT64_C(1) << id;
    }
    r->end = outer_end;
}
