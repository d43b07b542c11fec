/* SPDX-License-Identifier: Apache-2.0 */
/* console.c -- what a run says on the terminal.
 *
 * The live line is redrawn ten times a second at most: with a thousand short
 * cases the terminal would otherwise be the slowest part.
 */
#include "report/console.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report/document.h"
#include "report/text.h"

#define REDRAW_S 0.1

enum { N_SLOWEST = 5 };

/* ANSI colours, by what they mean here. */
static const char *const colours[DOCUMENT_N_VERDICTS] = {
    [DOCUMENT_FAILED] = "31",  [DOCUMENT_ERROR] = "35",
    [DOCUMENT_WARNING] = "33", [DOCUMENT_INCONCLUSIVE] = "36",
    [DOCUMENT_SKIPPED] = "2",  [DOCUMENT_PASSED] = "32",
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void console_begin(struct console *console, FILE *out, int n_total)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool is_terminal = isatty(fileno(out)) == 1;
    bool is_dumb = !term || strcmp(term, "dumb") == 0;
    memset(console, 0, sizeof *console);
    console->out = out;
    console->is_live = is_terminal && !is_dumb;
    console->has_colour = console->is_live && !(no_colour && *no_colour);
    struct winsize size;
    if (console->is_live && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
        console->width = size.ws_col;
    console->n_total = n_total;
    console->started_s = now_s();
}

static void set_colour(const struct console *console, const char *colour)
{
    if (console->has_colour)
        fprintf(console->out, "\033[%sm", colour);
}

static void remove_line(struct console *console)
{
    if (console->has_line)
        fputs("\r\033[K", console->out);
    console->has_line = false;
}

static void draw_line(struct console *console)
{
    double elapsed = now_s() - console->started_s;
    int n_left = console->n_total - console->n_done;
    fprintf(console->out, "\r\033[K%d/%d", console->n_done, console->n_total);
    if (console->n_failed > 0) {
        set_colour(console, colours[DOCUMENT_FAILED]);
        fprintf(console->out, "  %d failed", console->n_failed);
        set_colour(console, "0");
    }
    double left_s = console->n_done ? elapsed / console->n_done * n_left : 0;
    /* Long waits are begun first and end last: no rate foretells them. */
    if (left_s >= 1)
        fprintf(console->out, "  %.0f s left", left_s);
    else if (console->n_done > 0 && n_left > 0)
        fprintf(console->out, "  %d still running", n_left);
    fflush(console->out);
    console->has_line = true;
    console->drawn_s = now_s();
}

void console_tick(struct console *console)
{
    if (console->is_live && now_s() - console->drawn_s >= REDRAW_S)
        draw_line(console);
}

/* Prints a line, cut at the edge of the terminal: a failure is three lines
 * there, and whole in the report. `used` columns are taken already. */
static void put_cut(const struct console *console, const struct text *line,
                    size_t used)
{
    size_t n = 0, n_columns = used;
    for (; n < line->n; n++) {
        bool begins = ((unsigned char)line->chars[n] & 0xC0) != 0x80;
        if (begins && console->width > 0 && n_columns + 2 > console->width)
            break;
        n_columns += begins;
    }
    fwrite(line->chars ? line->chars : "", 1, n, console->out);
    fputs(n < line->n ? "\xE2\x80\xA6\n" : "\n", console->out);
}

static void put_line(const struct console *console, const char *title,
                     const char *string)
{
    struct text line = {0};
    text_puts_line(&line, *string ? string : "-", "");
    fprintf(console->out, "  %-9s ", title);
    put_cut(console, &line, 12);
    text_clear(&line);
}

/* Three lines: which case breaks what, what was expected, what came. */
static void put_failure(const struct console *console, const cJSON *test_case)
{
    enum document_verdict verdict = document_verdict_of(test_case);
    char ids[512];
    struct text line = {0};
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(test_case, "violated");
    if (cJSON_GetArraySize(list) == 0)
        list = cJSON_GetObjectItemCaseSensitive(test_case, "statements");
    document_list(list, " ", ids, sizeof ids);
    /* Where lines are cut the first statement must do. */
    if (console->width > 0)
        ids[strcspn(ids, " ")] = '\0';
    text_printf(&line, " %s (%s): ", document_text(test_case, "name"), ids);
    text_puts_line(&line, document_requirement(test_case), "");
    set_colour(console, colours[verdict]);
    fputs(document_verdict_name(verdict), console->out);
    set_colour(console, "0");
    put_cut(console, &line, strlen(document_verdict_name(verdict)));
    text_clear(&line);
    if (verdict == DOCUMENT_ERROR) {
        put_line(console, "reason", document_text(test_case, "reason"));
        put_line(console, "ended by", document_text(test_case, "ended_by"));
        return;
    }
    put_line(console, "expected", document_text(test_case, "expected"));
    put_line(console, "actual", document_text(test_case, "actual"));
}

void console_case(struct console *console, const cJSON *test_case)
{
    enum document_verdict verdict = document_verdict_of(test_case);
    bool is_known = *document_text(test_case, "known") != '\0';
    bool is_failure =
        (verdict == DOCUMENT_FAILED && !is_known) || verdict == DOCUMENT_ERROR;
    console->n_done++;
    console->n_failed += is_failure;
    if (is_failure) {
        remove_line(console);
        put_failure(console, test_case);
    }
    if (document_flag(test_case, "unexpected_pass")) {
        console->n_failed++;
        remove_line(console);
        fprintf(console->out,
                "passed %s, a known failure: take it off the list\n",
                document_text(test_case, "name"));
    }
    console_tick(console);
}

static void put_counts(const struct console *console, const cJSON *document)
{
    static const enum document_verdict order[DOCUMENT_N_VERDICTS] = {
        DOCUMENT_PASSED,  DOCUMENT_FAILED,       DOCUMENT_ERROR,
        DOCUMENT_WARNING, DOCUMENT_INCONCLUSIVE, DOCUMENT_SKIPPED,
    };
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(document, "target");
    const char *version = document_text(target, "version");
    fprintf(console->out, "%s%s%s:", document_text(target, "name"),
            *version ? " " : "", version);
    for (int i = 0; i < DOCUMENT_N_VERDICTS; i++) {
        const char *name = document_verdict_plural(order[i]);
        int n = document_count(document, name);
        /* Passed and failed always stand there: scripts look for them. */
        if (n == 0 && order[i] != DOCUMENT_PASSED &&
            order[i] != DOCUMENT_FAILED)
            continue;
        fprintf(console->out, "%s", i ? ", " : " ");
        if (n > 0)
            set_colour(console, colours[order[i]]);
        fprintf(console->out, "%d %s", n, name);
        if (n > 0)
            set_colour(console, "0");
    }
    int known = document_count(document, "known_failures");
    if (known > 0)
        fprintf(console->out, " (%d of the failed are known)", known);
    int unexpected = document_count(document, "unexpected_passes");
    if (unexpected > 0)
        fprintf(console->out, " (%d of the passed should fail)", unexpected);
    fprintf(console->out, " in %.1f s\n", document_number(document, "seconds"));
}

static void put_slowest(const struct console *console, const cJSON *document)
{
    const cJSON *slowest[N_SLOWEST] = {NULL};
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, document_cases(document))
    {
        const cJSON *candidate = test_case;
        for (int i = 0; i < N_SLOWEST && candidate; i++) {
            if (slowest[i] && document_number(slowest[i], "seconds") >=
                                  document_number(candidate, "seconds"))
                continue;
            const cJSON *pushed = slowest[i];
            slowest[i] = candidate;
            candidate = pushed;
        }
    }
    if (slowest[0])
        fprintf(console->out, "slowest:\n");
    for (int i = 0; i < N_SLOWEST && slowest[i]; i++)
        fprintf(console->out, "  %7.3f s  %s\n",
                document_number(slowest[i], "seconds"),
                document_text(slowest[i], "name"));
}

void console_end(struct console *console, const cJSON *document,
                 const char *folder)
{
    remove_line(console);
    put_slowest(console, document);
    put_counts(console, document);
    if (folder)
        fprintf(console->out, "report: %s/index.html\n", folder);
    fflush(console->out);
}
