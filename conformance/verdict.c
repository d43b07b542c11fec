/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c -- the names of the verdicts, as the reports spell them. */
#include "verdict.h"

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"error",        "passed",  "warning",
                                        "inconclusive", "skipped", "failed",
                                        "error"};
    return names[verdict];
}
