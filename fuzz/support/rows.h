/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- rows for the store's tables, written behind the broker's back. */
#ifndef FUZZ_ROWS_H
#define FUZZ_ROWS_H

#include <sqlite3.h>

#include "support/fuzz.h"

#define ROWS_WALL_S 1700000000 /* the time that rows speak of */

/* rows_write takes rows from an input: an octet that names the table, then a
 * value for each column. A value is an octet of kind and what it needs.
 */
void rows_write(sqlite3 *db, struct feed *feed);

#endif
