/* SPDX-License-Identifier: Apache-2.0 */
/* page.h -- puts data into a page template.
 *
 * The templates live in reports/page/ and travel inside the binary. A page is
 * one file: style, data and script stand in it, and it loads nothing.
 */
#ifndef MQTTSPEC_REPORT_PAGE_H
#define MQTTSPEC_REPORT_PAGE_H

#include "report/text.h"

/* page_put appends a whole page.
 *
 * template_path   e.g. "reports/page/report.html"; it names, in this order,
 *                 the places of style, data and script
 * script          path of the page's own script, put behind the common one
 * json            the page's data, NUL-terminated
 *
 * A template that is not part of the binary or names no place ends the program:
 * that is a broken build.
 */
void page_put(struct text *out, const char *template_path, const char *script,
              const char *json);

#endif
