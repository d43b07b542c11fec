/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c -- taking values off a packet, and complaining.
 *
 * Spec: 5.0 s1.5; 3.1.1 s1.5.
 */
#include "wire/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/slice.h"

const char *wire_cite_of(const struct wire_cite *cite,
                         enum wire_version version)
{
    return version == WIRE_3_1     ? cite->v3_1
           : version == WIRE_3_1_1 ? cite->v3_1_1
                                   : cite->v5_0;
}

/* Notes a breach; only the first one stays. Silent where the version has no
 * such rule. */
void wire_complain(struct reader *r, const struct wire_cite *cite,
                   unsigned reason, size_t at, const char *format, ...)
{
    const char *rule = wire_cite_of(cite, r->version);
    va_list args;

    if (r->is_bad || !rule)
        return;
    r->is_bad = true;
    r->fault->statement = strchr(rule, '/') ? rule : "";
    r->fault->rule = rule;
    r->fault->reason = (uint8_t)reason;
    r->fault->at = at;
    va_start(args, format);
    vsnprintf(r->fault->sentence, sizeof r->fault->sentence, format, args);
    va_end(args);
}

/* Notes that the octets end inside a field, or go on after the last one. */
void wire_lose(struct reader *r, const struct wire_cite *cite, const char *what)
{
    static const struct wire_cite general = {"3.1.1 s2.2.3", "5.0 s1.2",
                                             "3.1 s2.1"};

    if (!wire_cite_of(cite, r->version))
        cite = &general;
    wire_complain(r, cite, MALFORMED_PACKET, r->at, "%s %s: %s",
                  r->layout ? wire_type_name(r->layout->type) : "packet",
                  r->field, what);
    r->is_lost = true;
}

unsigned wire_take_octets(struct reader *r, size_t n,
                          const struct wire_cite *missing)
{
    unsigned value = 0;

    if (r->is_lost)
        return 0;
    if (r->end - r->at < n) {
        wire_lose(r, missing, "the packet ends before the field does");
        return 0;
    }
    while (n--)
        value = value << 8 | r->packet->octets.octets[r->at++];
    return value;
}

static const struct wire_cite in_string = {"3.1.1 s1.5.3", "5.0 s1.5.4",
                                           "3.1 s2.5"};

struct wire_bytes wire_take_run(struct reader *r,
                                const struct wire_cite *missing)
{
    const size_t n = wire_take_octets(r, 2, missing);
    struct wire_bytes run = {{""}, 0};

    if (r->is_lost)
        return run;
    if (r->end - r->at < n) {
        wire_lose(r, &in_string, "its length points past the end");
        return run;
    }
    if (n)
        run = SLICE(r->packet->octets.octets + r->at, n);
    r->at += n;
    return run;
}

struct wire_bytes wire_take_text(struct reader *r,
                                 const struct wire_cite *missing)
{
    static const struct wire_cite bad = {"3.1.1/MQTT-1.5.3-1",
                                         "5.0/MQTT-1.5.4-1", NULL};
    static const struct wire_cite in_pair = {NULL, "5.0/MQTT-1.5.7-1", NULL};
    static const struct wire_cite zero = {"3.1.1/MQTT-1.5.3-2",
                                          "5.0/MQTT-1.5.4-2", NULL};
    const struct wire_bytes text = wire_take_run(r, missing);
    const size_t start = r->at - wire_len(text);
    const size_t bad_at = r->is_lost ? SIZE_MAX : wire_utf8_bad_at(text);

    if (bad_at != SIZE_MAX && text.octets[bad_at] == 0)
        wire_complain(r, r->is_pair ? &in_pair : &zero, MALFORMED_PACKET,
                      start + bad_at, "%s holds U+0000 at offset %zu", r->field,
                      bad_at);
    else if (bad_at != SIZE_MAX)
        wire_complain(r, r->is_pair ? &in_pair : &bad, MALFORMED_PACKET,
                      start + bad_at,
                      "%s is not valid UTF-8 from offset %zu (octet %02x)",
                      r->field, bad_at, text.octets[bad_at]);
    return text;
}

uint32_t wire_take_varint(struct reader *r, const struct wire_cite *missing)
{
    static const struct wire_cite padded = {NULL, "5.0/MQTT-1.5.5-1", NULL};
    static const struct wire_cite too_long = {"3.1.1 s2.2.3", "5.0 s1.5.5",
                                              "3.1 s2.1"};
    struct wire_bytes rest =
        SLICE(r->packet->octets.octets + r->at, r->end - r->at);
    const size_t before = rest.n;
    uint32_t value = 0;

    if (r->is_lost)
        return 0;
    if (!wire_varint_take(&rest, &value)) {
        wire_lose(r, before < 4 ? missing : &too_long,
                  "a Variable Byte Integer does not end");
        return 0;
    }
    r->at += before - rest.n;
    if (before - rest.n > 1 && r->packet->octets.octets[r->at - 1] == 0)
        wire_complain(r, &padded, MALFORMED_PACKET, r->at - 1,
                      "%s: %zu octets encode %u, fewer would do", r->field,
                      before - rest.n, (unsigned)value);
    return value;
}
