/* SPDX-License-Identifier: Apache-2.0 */
/* tell_json.c -- a packet as JSON, and what must not be shown.
 *
 * The fields come from wire_walk in wire order, so a group or a repeated field
 * is over when the next item is another one.
 */
#include "tell_json.h"

#include <stdio.h>
#include <string.h>

void hide_secrets(struct wire_packet *packet)
{
    static const struct wire_bytes HIDDEN = {{"(hidden)"}, 8};
    struct wire_bytes *secrets[] = {&packet->user_name, &packet->password,
                                    &packet->props.authentication_data};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (secrets[i]->text)
            *secrets[i] = HIDDEN;
}

static void json_hex(struct text *out, struct wire_bytes octets)
{
    static const char DIGITS[] = "0123456789abcdef";
    text_puts(out, "{\"hex\": \"");
    for (size_t i = 0; i < wire_len(octets); i++) {
        char pair[2] = {DIGITS[octets.octets[i] >> 4],
                        DIGITS[octets.octets[i] & 15]};
        text_add(out, pair, 2);
    }
    text_puts(out, "\"}");
}

void json_string(struct text *out, struct wire_bytes octets)
{
    size_t n = wire_len(octets), from = 0;
    /* U+0000 is no text for MQTT but is for JSON; to hex with it */
    if (!wire_utf8_is_valid(octets)) {
        json_hex(out, octets);
        return;
    }
    text_add(out, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = octets.octets[i];
        if (c >= 32 && c != '"' && c != '\\' && c != 127)
            continue;
        text_add(out, octets.text + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else
            text_printf(out, "\\u%04x", c);
    }
    text_add(out, octets.text ? octets.text + from : "", n - from);
    text_add(out, "\"", 1);
}

/* How an item's list or object is closed. */
struct json {
    struct text *out;
    const char *group; /* open object, or NULL */
    const char *name;  /* of the open array, or NULL */
    size_t index;      /* of the open filter */
};

static void close_array(struct json *j)
{
    if (j->name)
        text_puts(j->out, "]");
    j->name = NULL;
}

static void close_group(struct json *j)
{
    close_array(j);
    if (j->group)
        text_puts(j->out, strcmp(j->group, "Filter") ? "}" : "}]");
    j->group = NULL;
}

static void put_value(struct text *out, const struct wire_item *item)
{
    switch (item->kind) {
    case WIRE_NUMBER:
    case WIRE_CODE:
        text_printf(out, "%llu", (unsigned long long)item->number);
        return;
    case WIRE_FLAG:
        text_puts(out, item->number ? "true" : "false");
        return;
    case WIRE_TEXT:
    case WIRE_BINARY:
        json_string(out, item->octets);
        return;
    case WIRE_PAIR:
        text_puts(out, "[");
        json_string(out, item->octets);
        text_puts(out, ", ");
        json_string(out, item->value);
        text_puts(out, "]");
        return;
    }
}

static void on_item(void *user, const struct wire_item *item)
{
    struct json *j = user;
    struct text *out = j->out;
    bool is_grouped = *item->group && strcmp(item->group, "Will");
    bool is_filter = is_grouped && !strcmp(item->group, "Filter");
    const char *comma = ", ";
    if (j->group && (!is_grouped || strcmp(j->group, item->group)))
        close_group(j);
    if (j->name && strcmp(j->name, item->name))
        close_array(j);
    if (is_filter && j->group && item->index != j->index) {
        text_puts(out, "}, {");
        comma = "";
    }
    if (is_grouped && !j->group) {
        text_printf(out, is_filter ? ", \"Topic Filters\": [{" : ", \"%s\": {",
                    item->group);
        j->group = item->group;
        comma = "";
    }
    j->index = item->index;
    bool is_repeated = item->kind == WIRE_PAIR ||
                       !strcmp(item->name, "Subscription Identifier");
    text_puts(out, comma);
    if (is_repeated && !j->name)
        text_printf(out, "\"%s\": [", item->name);
    else if (!is_repeated)
        text_printf(out, "\"%s\": ", item->name);
    if (is_repeated)
        j->name = item->name;
    put_value(out, item);
}

void json_fields(struct text *out, const struct wire_packet *packet)
{
    bool has_codes =
        packet->type == WIRE_SUBACK || packet->type == WIRE_UNSUBACK;
    struct json j = {.out = out};
    struct wire_packet copy = *packet;
    if (has_codes) /* one array; wire_walk gives them one by one */
        copy.codes = (struct wire_bytes){{NULL}, 0};
    wire_walk(&copy, on_item, &j);
    close_group(&j);
    if (!has_codes || !packet->codes.text)
        return;
    text_printf(out, ", \"%s Codes\": [",
                packet->version == WIRE_5_0 ? "Reason" : "Return");
    for (size_t i = 0; i < packet->codes.n; i++)
        text_printf(out, i ? ", %u" : "%u", packet->codes.octets[i]);
    text_puts(out, "]");
}
