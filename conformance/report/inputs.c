/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.c -- the reports that a command was given. */
#include "report/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/document.h"

static int usage(const char *command, const char *what, const char *argument)
{
    fprintf(stderr, "mqttspec %s: %s%s%s\n", command, what,
            *argument ? " " : "", argument);
    return -1;
}

static int add_document(struct inputs *inputs, const char *command,
                        const char *path)
{
    char error[5120];
    cJSON *document = document_load(path, error, sizeof error);
    if (!document)
        return usage(command, error, "");
    inputs->paths[inputs->n] = path;
    inputs->documents[inputs->n++] = document;
    return 0;
}

/* Takes the option at argv[i]. Returns how many arguments it took, or -1. */
static int take_option(struct inputs *inputs, int i, int argc, char **argv,
                       int takes_report)
{
    const char **place = NULL;
    if (!takes_report && strcmp(argv[i], "--alone") == 0) {
        inputs->is_alone = 1;
        return 1;
    }
    if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
        place = &inputs->output;
    else if (takes_report && strcmp(argv[i], "--report") == 0)
        place = &inputs->report;
    if (!place)
        return usage(argv[0], "unknown option", argv[i]);
    if (i + 1 >= argc || !*argv[i + 1])
        return usage(argv[0], "nothing follows", argv[i]);
    if (*place)
        return usage(argv[0], "given twice:", argv[i]);
    *place = argv[i + 1];
    return 2;
}

int inputs_read(struct inputs *inputs, int argc, char **argv, int takes_report)
{
    memset(inputs, 0, sizeof *inputs);
    inputs->documents = calloc((size_t)argc, sizeof(cJSON *));
    inputs->paths = calloc((size_t)argc, sizeof(const char *));
    if (!inputs->documents || !inputs->paths)
        abort();
    for (int i = 1; i < argc;) {
        int n_taken = 1;
        if (argv[i][0] == '-' && argv[i][1])
            n_taken = take_option(inputs, i, argc, argv, takes_report);
        else if (add_document(inputs, argv[0], argv[i]) < 0)
            return -1;
        if (n_taken < 0)
            return -1;
        i += n_taken;
    }
    return 0;
}

void inputs_clear(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        cJSON_Delete(inputs->documents[i]);
    free(inputs->documents);
    free(inputs->paths);
    memset(inputs, 0, sizeof *inputs);
}
