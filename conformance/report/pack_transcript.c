/* SPDX-License-Identifier: Apache-2.0 */
/* pack_transcript.c -- the packets of a case as a row of numbers.
 *
 * Each entry is [microseconds, who, shape, ...]. The shape is what entries of
 * one kind have alike: [from, event, is_offending, type, names of fields ...].
 * Without a type the text follows; with one the octets, the value of each
 * field, and what the text says beyond them: nothing, or what comes behind
 * " -- ", or all of the text where it cannot be told from the fields.
 */
#include <stdbool.h>
#include <string.h>

#include "report/document.h"
#include "report/pack.h"
#include "report/text.h"

/* A longer transcript is no picture. */
enum { MAX_ENTRIES = 80, MAX_START = 20, MAX_AFTER = 8 };

static void add_number(cJSON *array, double number)
{
    cJSON_AddItemToArray(array, cJSON_CreateNumber(number));
}

/* The name of a field as the text has it: without its group and number. */
static const char *plain_name(const char *name)
{
    static const char *const groups[] = {"Properties ", "Filter "};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (strncmp(name, groups[i], strlen(groups[i])) == 0)
            name += strlen(groups[i]);
    if (strncmp(name, "Will Will ", 10) == 0)
        name += 5;
    size_t n_digits = strspn(name, "0123456789");
    return n_digits > 0 && name[n_digits] == ' ' ? name + n_digits + 1 : name;
}

/* Appends a field as the text of a packet tells it; common.js has the same. */
static void tell_field(struct text *out, const cJSON *field)
{
    const char *name = plain_name(field->string);
    if (cJSON_IsFalse(field) || strcmp(field->string, "Will") == 0)
        return;
    text_printf(out, " %s", name);
    if (cJSON_IsNumber(field))
        text_printf(out, " %.0f", field->valuedouble);
    if (!cJSON_IsString(field))
        return;
    const char *value = field->valuestring;
    bool is_code = strncmp(value, "0x", 2) == 0 && strlen(value) > 5 &&
                   strspn(value + 2, "0123456789ABCDEF") == 2 &&
                   value[4] == ' ';
    if (is_code)
        text_printf(out, " %.4s (%s)", value, value + 5);
    else
        text_printf(out, " \"%s\"", value);
}

/* What the text says beyond type and fields; NULL when that is nothing. */
static const char *rest_of(const cJSON *entry, const cJSON *fields)
{
    struct text told = {0};
    const char *text = document_text(entry, "text");
    const cJSON *field;
    text_puts(&told, document_text(entry, "type"));
    cJSON_ArrayForEach(field, fields)
    {
        tell_field(&told, field);
    }
    bool is_begun = strncmp(text, told.chars, told.n) == 0;
    const char *after = is_begun ? text + told.n : text;
    text_clear(&told);
    if (is_begun && *after == '\0')
        return NULL;
    return is_begun && strncmp(after, " -- ", 4) == 0 ? after : text;
}

static cJSON *shape_of(const cJSON *entry, bool is_packet, const cJSON *fields)
{
    cJSON *shape = cJSON_CreateArray();
    static const char *const members[] = {"from", "event"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        cJSON_AddItemToArray(
            shape, cJSON_CreateString(document_text(entry, members[i])));
    add_number(shape, document_flag(entry, "offending"));
    if (is_packet)
        cJSON_AddItemToArray(shape,
                             cJSON_CreateString(document_text(entry, "type")));
    const cJSON *field;
    cJSON_ArrayForEach(field, fields)
    {
        cJSON_AddItemToArray(shape, cJSON_CreateString(field->string));
    }
    return shape;
}

static cJSON *pack_entry(struct pool *values, const cJSON *entry, double since)
{
    cJSON *packed = cJSON_CreateArray();
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(entry, "fields");
    bool is_packet = *document_text(entry, "type") != '\0';
    cJSON *shape = shape_of(entry, is_packet, is_packet ? fields : NULL);
    add_number(packed, since);
    add_number(packed, pool_put_text(values, document_text(entry, "who")));
    add_number(packed, pool_put(values, shape));
    cJSON_Delete(shape);
    if (!is_packet) {
        add_number(packed, pool_put_text(values, document_text(entry, "text")));
        return packed;
    }
    add_number(packed, pool_put_text(values, document_text(entry, "octets")));
    const cJSON *field;
    cJSON_ArrayForEach(field, fields)
    {
        add_number(packed, pool_put(values, field));
    }
    const char *rest = rest_of(entry, fields);
    if (rest)
        add_number(packed, pool_put_text(values, rest));
    return packed;
}

/* Which part of a long transcript is kept: all before `start`, then from
 * `from` up to `end`. */
struct story {
    int start, from, end, n;
};

static struct story story_of(const cJSON *transcript)
{
    int n = cJSON_GetArraySize(transcript), at = 0, offending = n;
    if (n <= MAX_ENTRIES)
        return (struct story){.start = n, .from = n, .end = n, .n = n};
    const cJSON *entry;
    cJSON_ArrayForEach(entry, transcript)
    {
        if (document_flag(entry, "offending"))
            offending = at;
        at++;
    }
    int end = offending + MAX_AFTER < n ? offending + MAX_AFTER : n;
    int from = end - (MAX_ENTRIES - MAX_START);
    if (from < MAX_START)
        from = MAX_START;
    return (struct story){.start = MAX_START, .from = from, .end = end, .n = n};
}

static void add_gap(struct pool *values, cJSON *packed, int n)
{
    struct text text = {0};
    if (n <= 0)
        return;
    cJSON *entry = cJSON_CreateObject();
    text_printf(&text, "%d more, left out here", n);
    cJSON_AddStringToObject(entry, "event", "note");
    cJSON_AddStringToObject(entry, "text", text.chars);
    cJSON_AddItemToArray(packed, pack_entry(values, entry, 0));
    cJSON_Delete(entry);
    text_clear(&text);
}

cJSON *pack_transcript(struct pool *values, const char *name,
                       const cJSON *transcript)
{
    cJSON *packed = cJSON_CreateArray();
    struct story story = story_of(transcript);
    double before = 0;
    int at = 0;
    const cJSON *entry;
    add_number(packed, pool_put_text(values, name));
    cJSON_ArrayForEach(entry, transcript)
    {
        int i = at++;
        if (i == story.start)
            add_gap(values, packed, story.from - story.start);
        if ((i >= story.start && i < story.from) || i >= story.end)
            continue;
        double now =
            (double)(long long)(document_number(entry, "time") * 1e6 + 0.5);
        cJSON_AddItemToArray(packed, pack_entry(values, entry, now - before));
        before = now;
    }
    add_gap(values, packed, story.n - story.end);
    return packed;
}
