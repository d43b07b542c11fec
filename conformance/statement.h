/* SPDX-License-Identifier: Apache-2.0 */
/* statement.h -- the catalogue of normative statements.
 *
 * Every verdict names what the standard asks. The catalogue holds the numbered
 * statements of 3.1.1 and 5.0, rules of the standards that carry no number, the
 * promises of the Artemis MQTT manual and a few rules of robustness. It is read
 * from the CSV files under conformance/statements/, which travel inside the
 * binary. About 550 statements; looked up by id some thousand times a run.
 */
#ifndef MQTTSPEC_STATEMENT_H
#define MQTTSPEC_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

enum statement_role {
    STATEMENT_ROLE_SERVER,
    STATEMENT_ROLE_CLIENT,
    STATEMENT_ROLE_BOTH,
};

/* Whether a tester on the wire can show that a server breaks the statement. */
enum statement_testable {
    STATEMENT_TESTABLE_YES,
    STATEMENT_TESTABLE_CONFIG, /* only with settings: users, limits, ... */
    STATEMENT_TESTABLE_NO,     /* never; `reason` says why */
};

enum statement_level {
    STATEMENT_LEVEL_MUST,
    STATEMENT_LEVEL_SHOULD,
    STATEMENT_LEVEL_MAY,
};

/* Versions of MQTT as a set. */
enum statement_versions {
    STATEMENT_MQTT_3_1 = 1 << 0,
    STATEMENT_MQTT_3_1_1 = 1 << 1,
    STATEMENT_MQTT_5_0 = 1 << 2,
};

/* One statement. All strings are NUL-terminated and live as long as the
 * catalogue; none is NULL, some are empty. */
struct statement {
    const char *id;        /* "5.0/MQTT-3.1.2-8", "5.0/RULE-auth-unasked",
                              "artemis/R03-retained-first" */
    const char *catalogue; /* "3.1", "3.1.1", "5.0", "artemis", "robustness" */
    const char *section;   /* "3.1.2.5", "R03" */
    const char *title;     /* "Will Flag" */
    enum statement_role role;
    enum statement_testable testable;
    enum statement_level level;
    unsigned versions;      /* set of enum statement_versions */
    bool is_numbered;       /* carries an id of the standard itself */
    const char *observable; /* how a tester sees it; empty when it cannot */
    const char *summary;    /* the statement in our words, one sentence */
    const char *reason;     /* why it cannot be tested; empty when it can */
};

struct catalogue;

/* catalogue_new reads the catalogue out of the binary.
 *
 * error, n   where to say what is wrong, n octets; untouched on success
 *
 * Returns the catalogue, to be freed with catalogue_free; NULL when a file is
 * missing or broken, with "FILE:LINE: what" in error.
 */
struct catalogue *catalogue_new(char *error, size_t n);

/* catalogue_free releases a catalogue and all its statements; NULL is fine. */
void catalogue_free(struct catalogue *catalogue);

/* catalogue_add_csv reads one more file of statements into a catalogue.
 *
 * catalogue   may be fresh from catalogue_new_empty
 * name        the catalogue's name and prefix of the ids, e.g. "5.0"
 * path        for messages only
 * octets, n   the text of the file; copied
 * error, n_error  where to say what is wrong
 *
 * Returns 0, or -1 with "PATH:LINE: what" in error; then nothing was added.
 */
int catalogue_add_csv(struct catalogue *catalogue, const char *name,
                      const char *path, const char *octets, size_t n,
                      char *error, size_t n_error);

/* catalogue_new_empty makes a catalogue without statements. Never NULL. */
struct catalogue *catalogue_new_empty(void);

/* catalogue_count returns how many statements there are. */
size_t catalogue_count(const struct catalogue *catalogue);

/* catalogue_at returns the statement at index i, 0 <= i < catalogue_count, in
 * the order of the files: by standard, then by section. */
const struct statement *catalogue_at(const struct catalogue *catalogue,
                                     size_t i);

/* catalogue_find looks a statement up.
 *
 * id   with its catalogue: "5.0/MQTT-3.1.2-8"; case matters
 *
 * Returns the statement, borrowed from the catalogue, or NULL.
 */
const struct statement *catalogue_find(const struct catalogue *catalogue,
                                       const char *id);

/* statement_role_name returns "server", "client" or "both". */
const char *statement_role_name(enum statement_role role);

/* statement_level_name returns "MUST", "SHOULD" or "MAY". */
const char *statement_level_name(enum statement_level level);

/* statement_testable_name returns "yes", "config" or "no". */
const char *statement_testable_name(enum statement_testable testable);

#endif
