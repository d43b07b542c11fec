/* SPDX-License-Identifier: Apache-2.0 */
/* artemis.c -- faults against what settings promise, and against robustness.
 *
 * One row each: name, what the broker seems to do, the statements it breaks.
 */
#include "faults/deed.h"

const struct fault faults_artemis[] = {{0}};
