/* SPDX-License-Identifier: Apache-2.0 */
/* offending.h -- which packet of a failed case's transcript is to blame.
 *
 * The ladder marks one entry. Some hundred entries a case.
 */
#ifndef MQTTSPEC_REPORT_OFFENDING_H
#define MQTTSPEC_REPORT_OFFENDING_H

#include <cjson/cJSON.h>

/* offending_mark sets "offending" on one entry of the transcript of a case that
 * failed or warned: the last packet from the broker that "actual" tells of, or
 * the last close by the broker where that is what ended the case. Does nothing
 * when an entry is marked already, or none fits: no packet is better than a
 * wrong one.
 */
void offending_mark(cJSON *test_case);

#endif
