// SPDX-License-Identifier: Apache-2.0
/* complaint.h -- one sentence on what is wrong, for whoever asked.
 *
 * A function that can fail for reasons a person should read takes a complaint
 * and fills it when it fails; the caller tells it where that makes sense.
 */
#ifndef BROKER_BASE_COMPLAINT_H
#define BROKER_BASE_COMPLAINT_H

/* Zeroed is none. Longer text is cut. */
struct complaint {
    char text[4096];
};

/* complain writes the sentence, printf-like, in place of an earlier one.
 *
 * Returns -1, so that a function can end with it.
 */
int complain(struct complaint *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
