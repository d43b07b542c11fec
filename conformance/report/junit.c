/* SPDX-License-Identifier: Apache-2.0 */
/* junit.c -- JUnit XML, as CI systems read it.
 *
 * There is no one standard; the schema of Jenkins' xUnit plugin (junit-10) is
 * the common ground of Jenkins, GitLab and the actions for GitHub. It knows no
 * properties of a testcase, so the statements of a case stand in the
 * properties of its suite and, as [[PROPERTY|...]] lines, in its system-out.
 */
#include <stdbool.h>
#include <string.h>

#include "report/document.h"
#include "report/transcript_text.h"
#include "report/writers.h"

/* How JUnit sees a case. */
enum outcome {
    OUTCOME_PASSED,
    OUTCOME_FAILURE,
    OUTCOME_ERROR,
    OUTCOME_SKIPPED,
    N_OUTCOMES,
};

static enum outcome outcome_of(const cJSON *test_case)
{
    static const enum outcome outcomes[DOCUMENT_N_VERDICTS] = {
        [DOCUMENT_FAILED] = OUTCOME_FAILURE,
        [DOCUMENT_ERROR] = OUTCOME_ERROR,
        [DOCUMENT_WARNING] = OUTCOME_SKIPPED,
        [DOCUMENT_INCONCLUSIVE] = OUTCOME_SKIPPED,
        [DOCUMENT_SKIPPED] = OUTCOME_SKIPPED,
        [DOCUMENT_PASSED] = OUTCOME_PASSED,
    };
    enum outcome outcome = outcomes[document_verdict_of(test_case)];
    if (document_flag(test_case, "unexpected_pass"))
        return OUTCOME_FAILURE;
    if (outcome == OUTCOME_FAILURE && *document_text(test_case, "known"))
        return OUTCOME_SKIPPED;
    return outcome;
}

struct counts {
    int tests;
    int of[N_OUTCOMES];
    double seconds;
};

static void count_case(struct counts *counts, const cJSON *test_case)
{
    counts->tests++;
    counts->of[outcome_of(test_case)]++;
    counts->seconds += document_number(test_case, "seconds");
}

static void put_attribute(struct text *out, const char *name, const char *value)
{
    text_printf(out, " %s=\"", name);
    text_puts_xml(out, value);
    text_puts(out, "\"");
}

static void put_counts(struct text *out, const struct counts *counts)
{
    text_printf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\"",
                counts->tests, counts->of[OUTCOME_FAILURE],
                counts->of[OUTCOME_ERROR]);
}

static void put_property(struct text *out, const char *name, const char *value)
{
    text_puts(out, "      <property");
    put_attribute(out, "name", name);
    put_attribute(out, "value", value);
    text_puts(out, "/>\n");
}

/* The first sentence that says why a case is not a plain pass. */
static const char *message_of(const cJSON *test_case)
{
    if (document_flag(test_case, "unexpected_pass"))
        return "passed, though the list of known failures says it fails";
    static const char *const members[] = {"reason", "actual", "requirement"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (*document_text(test_case, members[i]))
            return document_text(test_case, members[i]);
    return document_text(test_case, "verdict");
}

static void put_line(struct text *out, const cJSON *test_case,
                     const char *title, const char *member)
{
    if (!*document_text(test_case, member))
        return;
    text_printf(out, "%s: ", title);
    text_puts_xml(out, document_text(test_case, member));
    text_puts(out, "\n");
}

static void put_details(struct text *out, const cJSON *test_case)
{
    put_line(out, test_case, "Requirement", "requirement");
    put_line(out, test_case, "Expected", "expected");
    put_line(out, test_case, "Actual", "actual");
    put_line(out, test_case, "Reason", "reason");
    put_line(out, test_case, "Ended by", "ended_by");
    put_line(out, test_case, "Capture", "capture");
    put_line(out, test_case, "Rerun", "rerun");
    struct text transcript = {0};
    transcript_text_put(&transcript, test_case, 0);
    if (transcript.n > 0) {
        text_puts(out, "Transcript:\n");
        text_puts_xml(out, transcript.chars);
    }
    text_clear(&transcript);
}

static void put_outcome(struct text *out, const cJSON *test_case,
                        enum outcome outcome)
{
    static const char *const elements[N_OUTCOMES] = {
        [OUTCOME_FAILURE] = "failure",
        [OUTCOME_ERROR] = "error",
        [OUTCOME_SKIPPED] = "skipped",
    };
    const char *verdict = document_text(test_case, "verdict");
    bool is_known = *document_text(test_case, "known") != '\0';
    text_printf(out, "      <%s type=\"%s\" message=\"", elements[outcome],
                verdict);
    if (outcome == OUTCOME_SKIPPED)
        text_printf(out, "%s: ", is_known ? "known failure" : verdict);
    if (is_known && outcome == OUTCOME_SKIPPED) {
        text_puts_xml(out, document_text(test_case, "known"));
        text_puts(out, "; ");
    }
    text_puts_xml(out, message_of(test_case));
    text_puts(out, "\">");
    put_details(out, test_case);
    text_printf(out, "</%s>\n", elements[outcome]);
}

static void put_case(struct text *out, const cJSON *test_case)
{
    char section[64], ids[2048];
    enum outcome outcome = outcome_of(test_case);
    document_list(cJSON_GetObjectItemCaseSensitive(test_case, "statements"),
                  ", ", ids, sizeof ids);
    text_puts(out, "    <testcase");
    put_attribute(out, "name", document_text(test_case, "name"));
    text_puts(out, " classname=\"mqtt-");
    text_puts_xml(out, document_text(test_case, "mqtt"));
    text_puts(out, ".");
    text_puts_xml(out, document_section(test_case, section, sizeof section));
    text_printf(out, "\" time=\"%.3f\">\n",
                document_number(test_case, "seconds"));
    if (outcome != OUTCOME_PASSED)
        put_outcome(out, test_case, outcome);
    text_puts(out, "      <system-out>[[PROPERTY|statements=");
    text_puts_xml(out, ids);
    text_puts(out, "]]\n[[PROPERTY|driver=");
    text_puts_xml(out, document_text(test_case, "driver"));
    text_puts(out, "]]\n</system-out>\n    </testcase>\n");
}

/* The cases of one file stand together; returns the first one behind them. */
static const cJSON *put_suite(struct text *out, const cJSON *first,
                              const char *target, const char *started)
{
    struct counts counts = {0};
    const char *file = document_text(first, "file");
    const cJSON *end = first;
    for (; end && strcmp(document_text(end, "file"), file) == 0;
         end = end->next)
        count_case(&counts, end);
    text_puts(out, "  <testsuite");
    put_attribute(out, "name", file);
    put_counts(out, &counts);
    text_printf(out, " skipped=\"%d\" time=\"%.3f\"",
                counts.of[OUTCOME_SKIPPED], counts.seconds);
    if (*started)
        put_attribute(out, "timestamp", started);
    text_puts(out, ">\n    <properties>\n");
    put_property(out, "target", target);
    for (const cJSON *c = first; c != end; c = c->next) {
        char ids[2048];
        struct text name = {0};
        text_printf(&name, "statements:%s", document_text(c, "name"));
        put_property(
            out, name.chars,
            document_list(cJSON_GetObjectItemCaseSensitive(c, "statements"),
                          ", ", ids, sizeof ids));
        text_clear(&name);
    }
    text_puts(out, "    </properties>\n");
    for (const cJSON *c = first; c != end; c = c->next)
        put_case(out, c);
    text_puts(out, "  </testsuite>\n");
    return end;
}

void write_junit(struct text *out, const cJSON *document)
{
    struct counts counts = {0};
    const cJSON *cases = document_cases(document);
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(document, "target");
    const cJSON *test_case;
    cJSON_ArrayForEach(test_case, cases)
    {
        count_case(&counts, test_case);
    }
    text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_attribute(out, "name", "mqttspec");
    put_counts(out, &counts);
    text_printf(out, " time=\"%.3f\">\n", document_number(document, "seconds"));
    for (const cJSON *at = cases->child; at;)
        at = put_suite(out, at, document_text(target, "name"),
                       document_text(document, "started"));
    text_puts(out, "</testsuites>\n");
}
