/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.h -- what has no fault, or never fails, and why. */
#ifndef MQTTSPEC_FAULTS_REASONS_H
#define MQTTSPEC_FAULTS_REASONS_H

/* Why a statement that tests name has no fault; NULL: there is no reason. */
const char *reason_for_statement(const char *id);
/* Why no fault makes a case fail ("test[row]/5.0/tcp"); NULL likewise. */
const char *reason_for_case(const char *name);

#endif
