/* SPDX-License-Identifier: Apache-2.0 */
/* document.h -- a run's results as one JSON document, schema "mqttspec/1".
 *
 * The document is the model of all reports: the runner adds cases to it, or
 * merge and compare load it from a file, and every writer (JUnit, TAP, page,
 * ...) is a function of it. reports/conformance.schema.json describes it.
 * Expected size: a thousand cases, some megabytes with their transcripts.
 */
#ifndef MQTTSPEC_REPORT_DOCUMENT_H
#define MQTTSPEC_REPORT_DOCUMENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "statement.h"

#define DOCUMENT_SCHEMA "mqttspec/1"

/* What became of a case, in the order in which reports list them. */
enum document_verdict {
    DOCUMENT_FAILED,
    DOCUMENT_ERROR,
    DOCUMENT_WARNING,
    DOCUMENT_INCONCLUSIVE,
    DOCUMENT_SKIPPED,
    DOCUMENT_PASSED,
    DOCUMENT_N_VERDICTS,
};

/* document_verdict_name returns "failed", "error", "warning", ... */
const char *document_verdict_name(enum document_verdict verdict);

/* document_verdict_plural returns the key of the count in the summary:
 * "failed", "errors", "warnings", ... */
const char *document_verdict_plural(enum document_verdict verdict);

/* document_verdict_of returns the verdict of a case of a valid document. */
enum document_verdict document_verdict_of(const cJSON *test_case);

/* document_new begins a document without cases: target, started, seconds and
 * jobs are for the caller to set.
 *
 * Returns the document, to be freed with cJSON_Delete.
 */
cJSON *document_new(void);

/* document_check tells whether a parsed document has the shape we read: the
 * schema, and in every case the fields that the reports rely on.
 *
 * error, n   where to say what is wrong; untouched on success
 *
 * Returns 0 or -1.
 */
int document_check(const cJSON *document, char *error, size_t n);

/* document_load reads a conformance.json and checks it.
 *
 * path       the file, or a folder that holds a conformance.json
 * error, n   where to say what is wrong, with the path; untouched on success
 *
 * Returns the document, to be freed with cJSON_Delete, or NULL.
 */
cJSON *document_load(const char *path, char *error, size_t n);

/* document_finish works out what follows from the cases: the summary, for each
 * case what it asks where it does not say so, and for each statement of the
 * catalogue its verdict and its cases. The cases are
 * brought into one order (file, line, test, version, transport), so that the
 * same cases give the same document however they were run.
 *
 * faults   an object { statement id: [names of faults], or a string that says
 *          why there are none }, borrowed; NULL keeps the faults that the
 *          document's statements name already
 */
void document_finish(cJSON *document, const struct catalogue *catalogue,
                     const cJSON *faults);

/* document_cases returns the array of cases, borrowed. */
const cJSON *document_cases(const cJSON *document);

/* document_count returns a number of the summary, e.g. "failed"; 0 if absent.
 */
int document_count(const cJSON *document, const char *name);

/* document_text returns a string member, or "" when it is absent or of another
 * type. Borrowed. */
const char *document_text(const cJSON *object, const char *name);

/* document_number returns a number member, or 0. */
double document_number(const cJSON *object, const char *name);

/* document_flag returns a boolean member, or false. */
bool document_flag(const cJSON *object, const char *name);

/* document_requirement returns what a case's statement asks, without the id
 * that may stand before it ("5.0/MQTT-3.1.0-2: ..."). Borrowed, never NULL. */
const char *document_requirement(const cJSON *test_case);

/* document_section writes the section of a case: the file's name as numbers,
 * "3_1_connect.c" to "3.1", or the name without its ending.
 *
 * buffer, n   n octets, always terminated
 *
 * Returns buffer.
 */
const char *document_section(const cJSON *test_case, char *buffer, size_t n);

/* document_list writes an array of strings with a separator between them.
 *
 * buffer, n   n octets, always terminated, cut when too long
 *
 * Returns buffer.
 */
const char *document_list(const cJSON *array, const char *separator,
                          char *buffer, size_t n);

#endif
