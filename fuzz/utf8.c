/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c -- both wings' ideas of well-formed UTF-8, against each other.
 *
 * Spec: 5.0 s1.5.4; 3.1.1 s1.5.3.
 */
#include "support/fuzz.h"

#include <string.h>

#include "base/utf8.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    char text[64];
    struct slice s = slice_of(octets, n);
    bool is_valid = utf8_is_valid(s, false);
    if (is_valid != wire_utf8_is_valid(SLICE(octets, n)))
        fuzz_fail("the broker says %d, the harness does not", is_valid);
    if (is_valid && !utf8_is_valid(s, true))
        fuzz_fail("a text without U+0000 is ill-formed where it may have one");
    bool has_nul = n > 0 && memchr(octets, 0, n);
    if (!has_nul && utf8_is_valid(s, true) != is_valid)
        fuzz_fail("U+0000 matters where there is none");
    size_t length = utf8_to_text(text, sizeof text, s, 20);
    if (length >= sizeof text || text[length] != '\0')
        fuzz_fail("the text for the log has no end");
    if (!utf8_is_valid(slice_of(text, length), false))
        fuzz_fail("the text for the log is ill-formed");
    return 0;
}
