/* SPDX-License-Identifier: Apache-2.0 */
/* tell_json.h -- a packet as JSON, and what must not be shown.
 *
 * Fields go by their names in the standard. Strings that are not UTF-8 come
 * as {"hex": "..."}. User names, passwords and authentication data are hidden.
 */
#ifndef TOOLS_TELL_JSON_H
#define TOOLS_TELL_JSON_H

#include "report/text.h"
#include "wire/wire.h"

/* hide_secrets replaces User Name, Password and Authentication Data.
 *
 * packet   as read; its slices then point to a static "(hidden)"
 */
void hide_secrets(struct wire_packet *packet);

/* json_string appends a quoted JSON string, or {"hex": ...} for octets that
 * are not UTF-8. */
void json_string(struct text *out, struct wire_bytes octets);

/* json_fields appends `, "name": value` for every field of the packet. */
void json_fields(struct text *out, const struct wire_packet *packet);

#endif
