// SPDX-License-Identifier: Apache-2.0
/* config_options.h -- the table of options, and how a value is read.
 *
 * Private to config.c, config_acceptor.c and their tests.
 */
#ifndef BROKER_CONFIG_OPTIONS_H
#define BROKER_CONFIG_OPTIONS_H

#include "config.h"

/* Where an option is given, and which struct its field is in. */
enum option_place {
    OPTION_BROKER,          /* struct config */
    OPTION_ACCEPTOR,        /* struct acceptor_options */
    OPTION_ADDRESS_SETTING, /* struct address_setting */
};
#define OPTION_N_PLACES 3

enum option_type {
    OPTION_BOOL,      /* bool */
    OPTION_INT32,     /* int32_t */
    OPTION_INT64,     /* int64_t */
    OPTION_TEXT,      /* char *, owned, not empty */
    OPTION_CHARACTER, /* char, one visible ASCII character */
    OPTION_CHOICE,    /* char *, owned, one of choices */
    OPTION_LIST,      /* char *, owned, a comma list of choices */
};

struct option {
    const char *name;
    enum option_place place;
    enum option_type type;
    size_t offset;       /* of the field in the place's struct */
    const char *initial; /* text of the default; NULL: not given */
    int64_t minimum;     /* of a number */
    int64_t maximum;
    bool may_be_unset;   /* -1 is legal too */
    const char *choices; /* "a|b|c" */
    const char *meaning; /* for --help */
};

/* option_find gives the row of a name in a place; NULL: there is none. */
const struct option *option_find(enum option_place place, struct slice name);

/* option_at walks the table; NULL behind its end. */
const struct option *option_at(size_t i);

/* option_set reads a value into its field.
 *
 * target     the place's struct
 * value      octets of the value
 * error   out: "NAME=VALUE: must be ..." when -1 is returned
 *
 * Returns 0, or -1 with the field as it was.
 */
int option_set(const struct option *option, void *target, struct slice value,
               struct complaint *error);

/* option_set_named finds the row of a name first; else as option_set. */
int option_set_named(enum option_place place, void *target, struct slice name,
                     struct slice value, struct complaint *error);

/* option_unknown says which names a place knows. Returns -1. */
int option_unknown(enum option_place place, struct slice name,
                   struct complaint *error);

/* option_set_defaults gives every field of a place its default.
 *
 * target   the place's struct, zeroed
 */
void option_set_defaults(enum option_place place, void *target);

/* option_clear frees the texts of a place's struct. */
void option_clear(enum option_place place, void *target);

/* option_legal describes what an option takes: "true or false". */
void option_legal(const struct option *option, char *out, size_t n);

#endif
