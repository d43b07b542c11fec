/* SPDX-License-Identifier: Apache-2.0 */
/* page.c -- the document as JSON, and as one self-contained page.
 *
 * The page is reports/page/report.html with its style, its script and the
 * document put where the template names them. Everything it shows is drawn by
 * the script from the document.
 */
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "report/document.h"
#include "report/page.h"
#include "report/writers.h"

/* Above this the page leaves out the transcripts of cases that passed. */
enum { MAX_FULL_PAGE_OCTETS = 3 * 1024 * 1024 };

void write_json(struct text *out, const cJSON *document)
{
    char *json = cJSON_Print(document);
    if (!json)
        abort();
    /* What a broker sent may have found its way into a string. */
    text_puts_utf8(out, json);
    text_puts(out, "\n");
    cJSON_free(json);
}

/* A text that is part of the binary; a build without it is broken. */
static const char *template_text(const char *path)
{
    const struct embed_file *file = embed_find(path);
    if (!file)
        abort();
    return (const char *)file->octets;
}

void page_put(struct text *out, const char *template_path, const char *script,
              const char *json)
{
    static const char *const common = "reports/page/common.js";
    static const struct {
        const char *mark;
        enum { PUT_STYLE, PUT_DATA, PUT_SCRIPT } what;
    } marks[] = {
        {"/*STYLE*/", PUT_STYLE},
        {"/*DATA*/", PUT_DATA},
        {"/*SCRIPT*/", PUT_SCRIPT},
    };
    const char *at = template_text(template_path);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *mark = strstr(at, marks[i].mark);
        if (!mark)
            abort();
        text_add(out, at, (size_t)(mark - at));
        switch (marks[i].what) {
        case PUT_STYLE:
            text_puts(out, template_text("reports/page/style.css"));
            break;
        case PUT_DATA:
            text_puts_json_in_html(out, json);
            break;
        case PUT_SCRIPT:
            text_puts(out, template_text(common));
            text_puts(out, template_text(script));
            break;
        }
        at = mark + strlen(marks[i].mark);
    }
    text_puts(out, at);
}

/* A copy without the transcripts of what passed. */
static char *lighter_json(const cJSON *document)
{
    cJSON *copy = cJSON_Duplicate(document, true);
    cJSON *test_case;
    cJSON_ArrayForEach(test_case,
                       cJSON_GetObjectItemCaseSensitive(copy, "cases"))
    {
        if (document_verdict_of(test_case) == DOCUMENT_PASSED)
            cJSON_DeleteItemFromObjectCaseSensitive(test_case, "transcript");
    }
    char *json = cJSON_PrintUnformatted(copy);
    cJSON_Delete(copy);
    return json;
}

void write_page(struct text *out, const cJSON *document)
{
    char *json = cJSON_PrintUnformatted(document);
    if (json && strlen(json) > MAX_FULL_PAGE_OCTETS) {
        cJSON_free(json);
        json = lighter_json(document);
    }
    if (!json)
        abort();
    page_put(out, "reports/page/report.html", "reports/page/report.js", json);
    cJSON_free(json);
}
