/* SPDX-License-Identifier: Apache-2.0 */
/* writers.h -- the forms in which a finished document is written.
 *
 * Each writer is a function from a document (document_finish was called) to a
 * text; none touches a file. The runner, merge and compare share them.
 */
#ifndef MQTTSPEC_REPORT_WRITERS_H
#define MQTTSPEC_REPORT_WRITERS_H

#include <cjson/cJSON.h>

#include "report/text.h"

/* write_json writes the document itself, indented. */
void write_json(struct text *out, const cJSON *document);

/* write_junit writes JUnit XML that is valid against the junit-10 schema of
 * Jenkins (reports/junit.xsd is stricter): one testsuite per file of tests, one
 * testcase per case. A failed case is a <failure>, an error an <error>, all
 * others that did not pass are <skipped> with a message; so is a failure that
 * the list of known failures explains, while an unexpected pass is a
 * <failure>. Statement ids are properties of the suite and of system-out. */
void write_junit(struct text *out, const cJSON *document);

/* write_tap writes TAP 13 with one line per case and YAML for what failed;
 * TAP 14 readers take it too. */
void write_tap(struct text *out, const cJSON *document);

/* write_markdown writes a summary of a page's length: counts, what failed with
 * requirement, expected and actual, what is skipped and why. */
void write_markdown(struct text *out, const cJSON *document);

/* write_annotations writes one ::error or ::warning line per case that is not
 * as it should be, as GitHub reads them from a job's output. */
void write_annotations(struct text *out, const cJSON *document);

/* write_badge writes the JSON form that shields.io's endpoint badges read. */
void write_badge(struct text *out, const cJSON *document);

/* write_page writes one self-contained HTML page: the template of
 * reports/page/ with the document inside. */
void write_page(struct text *out, const cJSON *document);

#endif
