/* SPDX-License-Identifier: Apache-2.0 */
/* config.c -- settings from a file, a command line, an acceptor URL.
 *
 * Input: an octet that chooses, then the text; arguments are lines. What is
 * refused must be said in a sentence.
 */
#include "support/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

enum { MAX_ARGUMENTS = 16 };

static int read_arguments(struct config *config, char *text,
                          struct complaint *error)
{
    char *arguments[MAX_ARGUMENTS + 1] = {(char[]){"broker"}};
    int count = 1;
    bool wants_help = false;
    for (char *at = strtok(text, "\n"); at && count < MAX_ARGUMENTS;
         at = strtok(NULL, "\n"))
        arguments[count++] = at;
    /* -c opens files: not those of the machine that fuzzes. */
    for (int i = 1; i < count; i++) {
        if (strncmp(arguments[i], "-c", 2) == 0 ||
            strncmp(arguments[i], "--config", 8) == 0)
            return 0;
    }
    return config_read_arguments(config, count, arguments, &wants_help, error);
}

static int read_file(struct config *config, struct feed *feed,
                     struct complaint *error)
{
    char path[64];
    int fd = feed_file(feed, path);
    if (fd < 0)
        return 0;
    int result = config_read_file(config, path, error);
    close(fd);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct feed feed = {octets, n};
    unsigned kind = feed_u8(&feed) % 3;
    struct config config;
    struct complaint error = {0};
    config_init(&config);
    int result;
    if (kind == 0) {
        result = read_file(&config, &feed, &error);
    } else {
        char *text = feed_text(&feed);
        result = kind == 1 ? config_add_acceptor(&config, text, &error)
                           : read_arguments(&config, text, &error);
        free(text);
    }
    if (result != 0 && error.text[0] == '\0')
        fuzz_fail("refused without a word");
    for (size_t i = 0; i < config.n_address_settings; i++)
        config_address_setting(&config, slice_of_text("a/b"));
    config_clear(&config);
    return 0;
}
