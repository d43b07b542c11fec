/* SPDX-License-Identifier: Apache-2.0 */
/* report.h -- a run's report folder: made whole, or left as it was.
 *
 * All files are written into a hidden folder inside the report folder and
 * renamed when they are complete. Files that other commands put there
 * (faults.json, bench.json) are left alone. One report a run.
 */
#ifndef MQTTSPEC_REPORT_REPORT_H
#define MQTTSPEC_REPORT_REPORT_H

#include <cjson/cJSON.h>
#include <stddef.h>

struct report;

/* report_make_folders makes a folder and its parents. Returns 0, or -1 with
 * errno set. */
int report_make_folders(const char *path);

/* report_begin makes the report folder, with its parents, and a place for what
 * is not complete yet; call it before the first case, so that a folder that
 * cannot be written ends the run at once.
 *
 * folder     e.g. "reports/latest"; copied
 * error, n   where to say what is wrong; untouched on success
 *
 * Returns the report, to be ended by report_commit or report_discard, or NULL.
 */
struct report *report_begin(const char *folder, char *error, size_t n);

/* report_captures returns the folder for the captures of this run, which
 * exists: write CASE.pcap there and name it "captures/CASE.pcap" in the case.
 */
const char *report_captures(const struct report *report);

/* report_commit writes conformance.json, conformance.xml, conformance.tap,
 * index.html, summary.md and badge.json, and puts them and the captures into
 * the folder. The report is freed in any case.
 *
 * document   document_finish was called
 * error, n   where to say what is wrong; untouched on success
 *
 * Returns 0, or -1; a file that could not be written leaves all as they were.
 */
int report_commit(struct report *report, const cJSON *document, char *error,
                  size_t n);

/* report_discard removes what report_begin made; NULL is fine. */
void report_discard(struct report *report);

/* report_tell_ci adds the summary to the file that GITHUB_STEP_SUMMARY names
 * and prints annotations to stdout where GITHUB_ACTIONS is "true"; elsewhere
 * it does nothing. A summary file that cannot be written is said on stderr. */
void report_tell_ci(const cJSON *document);

#endif
