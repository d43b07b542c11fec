/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c -- a comparison in a tenth of its size, for the page that carries it.
 *
 * Cases are told in columns. What the page can work out from the case and the
 * run is not said: a rerun of the usual form is `true`, and a capture with the
 * usual name is the folder it lies in.
 */
#include "report/pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/document.h"
#include "report/text.h"

#define PACKED_SCHEMA "mqttspec-compare-page/1"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What the runs have alike in a case, and what each says of it. */
static const char *const head_members[] = {
    "test", "file", "mqtt", "transport", "driver", "statements", "requirement",
};
static const char *const detail_members[] = {
    "verdict",  "ended_by",        "expected", "actual",  "reason", "known",
    "violated", "unexpected_pass", "rerun",    "capture", "alike",
};
enum { N_TOLD = 8 }; /* details that are said as they are */

struct packer {
    struct pool values, heads, details, families;
    cJSON *cases, *transcripts;
    const cJSON *runs;
};

static void add_number(cJSON *array, double number)
{
    cJSON_AddItemToArray(array, cJSON_CreateNumber(number));
}

/* The index of a member; an empty text or list is as good as none. */
static int put_member(struct packer *p, const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    bool is_empty = (cJSON_IsString(member) && !*member->valuestring) ||
                    (cJSON_IsArray(member) && !member->child);
    return is_empty ? 0 : pool_put(&p->values, member);
}

/* The usual rerun becomes `true`, any other stays as it is. */
static int put_rerun(struct packer *p, const cJSON *row, const cJSON *detail,
                     const cJSON *run)
{
    struct text usual = {0};
    const char *rerun = document_text(detail, "rerun");
    text_printf(&usual, "mqttspec run %s --only '%s' --transport %s",
                document_text(run, "name"), document_text(row, "name"),
                document_text(row, "transport"));
    bool is_usual = strcmp(rerun, usual.chars) == 0;
    text_clear(&usual);
    cJSON *value = is_usual ? cJSON_CreateTrue() : cJSON_CreateString(rerun);
    int index = *rerun ? pool_put(&p->values, value) : 0;
    cJSON_Delete(value);
    return index;
}

/* The usual capture becomes its folder with a "/" at the end. */
static int put_capture(struct packer *p, const cJSON *row, const cJSON *detail)
{
    struct text file = {0};
    const char *capture = document_text(detail, "capture");
    const char *name = document_text(row, "name");
    for (const char *c = name; *c; c++)
        text_printf(&file, "%c",
                    *c == '/' || *c == '[' ? '-'
                    : *c == ']'            ? '_'
                                           : *c);
    text_puts(&file, ".pcap");
    const char *slash = strrchr(capture, '/');
    bool is_usual = slash && strcmp(slash + 1, file.chars) == 0;
    cJSON *value = cJSON_CreateString(capture);
    if (is_usual)
        value->valuestring[slash + 1 - capture] = '\0';
    int index = *capture ? pool_put(&p->values, value) : 0;
    cJSON_Delete(value);
    text_clear(&file);
    return index;
}

/* Cases of one test that failed alike in one run have one transcript; its
 * number, counted from 1. */
static int put_transcript(struct packer *p, const cJSON *row,
                          const cJSON *detail, int run)
{
    static const char *const alike[] = {"verdict", "expected", "violated"};
    const cJSON *transcript =
        cJSON_GetObjectItemCaseSensitive(detail, "transcript");
    if (cJSON_GetArraySize(transcript) == 0)
        return 0;
    cJSON *family = cJSON_CreateArray();
    add_number(family, run);
    add_number(family, put_member(p, row, "test"));
    for (size_t i = 0; i < COUNT(alike); i++)
        add_number(family, put_member(p, detail, alike[i]));
    size_t n_before = p->families.n;
    int number = pool_put(&p->families, family);
    cJSON_Delete(family);
    if (p->families.n > n_before)
        cJSON_AddItemToArray(p->transcripts,
                             pack_transcript(&p->values,
                                             document_text(row, "name"),
                                             transcript));
    return number;
}

static int put_detail(struct packer *p, const cJSON *row, const cJSON *verdict,
                      const cJSON *detail, int run)
{
    cJSON *packed = cJSON_CreateArray();
    add_number(packed, pool_put(&p->values, verdict));
    for (size_t i = 1; i < N_TOLD; i++)
        add_number(packed, put_member(p, detail, detail_members[i]));
    add_number(packed,
               put_rerun(p, row, detail, cJSON_GetArrayItem(p->runs, run)));
    add_number(packed, put_capture(p, row, detail));
    add_number(packed, put_transcript(p, row, detail, run));
    int index = pool_put(&p->details, packed);
    cJSON_Delete(packed);
    return index;
}

/* "[empty]" of "topic_is_refused[empty]/5.0/tcp", or "": what stands between
 * the test's name and the version. A name of another form stays whole. */
static int put_row_name(struct packer *p, const cJSON *row)
{
    struct text end = {0}, part = {0};
    const char *name = document_text(row, "name");
    const char *test = document_text(row, "test");
    size_t n = strlen(name), n_test = strlen(test);
    text_printf(&end, "/%s/%s", document_text(row, "mqtt"),
                document_text(row, "transport"));
    bool is_usual = n >= n_test + end.n && strncmp(name, test, n_test) == 0 &&
                    strcmp(name + n - end.n, end.chars) == 0;
    if (is_usual)
        text_add(&part, name + n_test, n - n_test - end.n);
    bool is_part = is_usual && (part.n == 0 || *part.chars == '[');
    int index = pool_put_text(&p->values, !is_part      ? name
                                          : part.n == 0 ? ""
                                                        : part.chars);
    text_clear(&end);
    text_clear(&part);
    return index;
}

static void pack_case(struct packer *p, const cJSON *row)
{
    cJSON *packed = cJSON_CreateArray(), *head = cJSON_CreateArray();
    const cJSON *verdict,
        *detail = cJSON_GetObjectItemCaseSensitive(row, "details")->child;
    int run = 0;
    for (size_t i = 0; i < COUNT(head_members); i++)
        add_number(head, put_member(p, row, head_members[i]));
    add_number(packed, pool_put(&p->heads, head));
    add_number(packed, put_row_name(p, row));
    cJSON_Delete(head);
    cJSON_ArrayForEach(verdict,
                       cJSON_GetObjectItemCaseSensitive(row, "verdicts"))
    {
        bool is_there = !cJSON_IsNull(detail);
        double seconds = document_number(detail, "seconds");
        add_number(packed,
                   is_there ? put_detail(p, row, verdict, detail, run) : 0);
        add_number(packed, (double)(long)(seconds * 1000 + 0.5));
        detail = detail->next;
        run++;
    }
    cJSON_AddItemToArray(p->cases, packed);
}

static void add_table(cJSON *packed, const char *name, struct pool *rows,
                      const char *const *members, size_t n)
{
    cJSON *table = cJSON_AddObjectToObject(packed, name);
    cJSON_AddItemToObject(table, "members",
                          cJSON_CreateStringArray(members, (int)n));
    cJSON_AddItemToObject(table, "rows", pool_take(rows));
}

cJSON *pack_comparison(const cJSON *comparison)
{
    static const char *const kept[] = {"mode", "runs", "statements"};
    struct packer p = {
        .cases = cJSON_CreateArray(),
        .transcripts = cJSON_CreateArray(),
        .runs = cJSON_GetObjectItemCaseSensitive(comparison, "runs"),
    };
    cJSON *packed = cJSON_CreateObject();
    const cJSON *row;
    pool_init(&p.values);
    pool_init(&p.heads);
    pool_init(&p.details);
    pool_init(&p.families);
    cJSON_ArrayForEach(row,
                       cJSON_GetObjectItemCaseSensitive(comparison, "cases"))
    {
        pack_case(&p, row);
    }
    cJSON_AddStringToObject(packed, "schema", PACKED_SCHEMA);
    for (size_t i = 0; i < COUNT(kept); i++)
        cJSON_AddItemToObject(
            packed, kept[i],
            cJSON_Duplicate(
                cJSON_GetObjectItemCaseSensitive(comparison, kept[i]), true));
    add_table(packed, "heads", &p.heads, head_members, COUNT(head_members));
    add_table(packed, "details", &p.details, detail_members,
              COUNT(detail_members));
    cJSON_AddItemToObject(packed, "cases", p.cases);
    cJSON_AddItemToObject(packed, "transcripts", p.transcripts);
    cJSON_AddItemToObject(packed, "values", pool_take(&p.values));
    cJSON_Delete(pool_take(&p.families));
    return packed;
}
