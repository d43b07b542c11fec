/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- the users file and the ACL file.
 *
 * Input: an octet that chooses, then the file. Deny wins, and rules that were
 * read must be usable.
 */
#include "support/fuzz.h"

#include <unistd.h>

#include "security_files.h"

static void use_acl(const struct acl *acl)
{
    static const char *const topics[] = {"a", "a/b", "house/safe", "$SYS/x"};
    static const char *const filters[] = {"#", "a/+", "house/#"};
    for (unsigned i = 0; i < 4; i++) {
        acl_allows(acl, ACL_WRITE, "ann", slice_of_text("c1"),
                   slice_of_text(topics[i]));
        acl_allows(acl, ACL_READ, NULL, slice_of_text("c+#/"),
                   slice_of_text(topics[i]));
    }
    for (unsigned i = 0; i < 3; i++)
        acl_allows(acl, ACL_READ, "a+b", slice_of_text(""),
                   slice_of_text(filters[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    unsigned kind = feed_u8(&feed);
    struct complaint error = {0};
    char path[64];
    int fd = feed_file(&feed, path);
    if (fd < 0)
        return 0;
    if (kind & 1) {
        struct acl acl = {0};
        int result = acl_read(&acl, path, &error);
        if (result == 0)
            use_acl(&acl);
        else if (error.text[0] == '\0')
            fuzz_fail("refused without a word");
        acl_clear(&acl);
    } else {
        struct users users = {0};
        if (users_read(&users, path, &error) == 0)
            users_find(&users, slice_of_text("ann"));
        else if (error.text[0] == '\0')
            fuzz_fail("refused without a word");
        users_clear(&users);
    }
    close(fd);
    return 0;
}
