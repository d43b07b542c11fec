// SPDX-License-Identifier: Apache-2.0
/* config.c -- command line, INI file and acceptor URL into struct config.
 *
 * All three end in option_set_named, which finds the row of a name and lets it
 * read the value. What depends on several values (versions spoken, filters of
 * address settings) is made at the end, in config_finish.
 */
#include "config.h"

#include "base/die.h"
#include "config_acceptor.h"
#include "config_options.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_LINE = 199,   /* octets of a line that inih reads whole */
    MAX_SECTION = 49, /* of a section's name, likewise */
};

static const char default_url[] = "tcp://127.0.0.1:1883";

void config_init(struct config *c)
{
    memset(c, 0, sizeof *c);
    option_set_defaults(OPTION_BROKER, c);
}

void config_clear(struct config *c)
{
    for (size_t i = 0; i < c->n_acceptors; i++)
        acceptor_clear(&c->acceptors[i]);
    for (size_t i = 0; i < c->n_address_settings; i++) {
        option_clear(OPTION_ADDRESS_SETTING, &c->address_settings[i]);
        free(c->address_settings[i].match);
        free(c->address_settings[i].filter);
    }
    free(c->acceptors);
    free(c->address_settings);
    option_clear(OPTION_BROKER, c);
    memset(c, 0, sizeof *c);
}

static struct acceptor_options *add_acceptor(struct config *c, const char *name)
{
    struct acceptor_options *a;

    c->acceptors = mem_grow(c->acceptors, c->n_acceptors + 1, sizeof *a);
    a = &c->acceptors[c->n_acceptors++];
    config_init_acceptor(a);
    a->name = mem_dup(name, strlen(name));
    return a;
}

int config_add_acceptor(struct config *c, const char *url,
                        struct complaint *error)
{
    char name[32];

    snprintf(name, sizeof name, "acceptor-%zu", c->n_acceptors + 1);
    if (acceptor_read_url(add_acceptor(c, name), url, error) == 0)
        return 0;
    acceptor_clear(&c->acceptors[--c->n_acceptors]);
    return -1;
}

static struct acceptor_options *find_acceptor(struct config *c,
                                              const char *name)
{
    for (size_t i = 0; i < c->n_acceptors; i++)
        if (strcmp(c->acceptors[i].name, name) == 0)
            return &c->acceptors[i];
    return add_acceptor(c, name);
}

static struct address_setting *find_setting(struct config *c, const char *match)
{
    struct address_setting *s;

    for (size_t i = 0; i < c->n_address_settings; i++)
        if (strcmp(c->address_settings[i].match, match) == 0)
            return &c->address_settings[i];
    c->address_settings =
        mem_grow(c->address_settings, c->n_address_settings + 1, sizeof *s);
    s = &c->address_settings[c->n_address_settings++];
    memset(s, 0, sizeof *s);
    option_set_defaults(OPTION_ADDRESS_SETTING, s);
    s->match = mem_dup(match, strlen(match));
    return s;
}

/* weight orders filters: literal levels count most, then "+", then "#". */
static size_t weight(const char *filter)
{
    size_t n = 0;

    for (const char *at = filter; *at; at++)
        n += *at == '+' ? 1 : *at == '#' ? 0 : 1000;
    return n;
}

static int by_weight(const void *a, const void *b)
{
    size_t x = weight(((const struct address_setting *)a)->filter);
    size_t y = weight(((const struct address_setting *)b)->filter);

    return x < y ? 1 : x > y ? -1 : 0;
}

/* config_finish makes what depends on several values. May be called again. */
static int config_finish(struct config *c, struct complaint *error)
{
    const struct topic_syntax *syntax = &c->wildcard_syntax;

    if (syntax->delimiter == syntax->single_word ||
        syntax->delimiter == syntax->any_words ||
        syntax->single_word == syntax->any_words)
        return complain(
            error, "delimiter=%c, single-word=%c, any-words=%c: must differ",
            syntax->delimiter, syntax->single_word, syntax->any_words);
    for (size_t i = 0; i < c->n_address_settings; i++) {
        struct address_setting *s = &c->address_settings[i];
        struct slice match = slice_of_text(s->match);
        size_t length;
        free(s->filter);
        s->filter = mem_new(match.n + 1, 1);
        length = topic_from_syntax(s->filter, match, syntax);
        if (!topic_filter_is_valid(slice_of(s->filter, length)))
            return complain(error,
                            "address-setting=%s: must be words, single-word "
                            "and any-words joined by the delimiter, any-words "
                            "only at the end",
                            s->match);
    }
    if (c->n_address_settings > 1)
        qsort(c->address_settings, c->n_address_settings,
              sizeof *c->address_settings, by_weight);
    return 0;
}

/* What the INI reader carries along. */
struct ini_context {
    struct config *config;
    FILE *file;
    int line; /* last one read */
    struct complaint error;
    bool has_failed;
};

static char *ini_line(char *out, int n, void *arg)
{
    struct ini_context *context = arg;
    char *line = fgets(out, n, context->file);
    size_t length = line ? strlen(line) : 0;

    if (!line || context->has_failed)
        return NULL;
    context->line++;
    if ((length > 0 && line[length - 1] != '\n' && !feof(context->file)) ||
        (line[0] == '[' && strcspn(line, "]") > MAX_SECTION)) {
        complain(&context->error,
                 "a line must not be longer than %d octets, a section's name "
                 "than %d",
                 MAX_LINE, MAX_SECTION);
        context->has_failed = true;
        return NULL;
    }
    return line;
}

/* after gives the rest of a section's name behind a prefix; NULL: another. */
static const char *after(const char *section, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(section, prefix, n) == 0 && section[n] ? section + n : NULL;
}

static int ini_value(struct ini_context *context, const char *section,
                     const char *name, const char *value)
{
    struct slice key = slice_of_text(name);
    struct slice text = slice_of_text(value);
    struct complaint *error = &context->error;
    const char *which;

    if (strcmp(section, "broker") == 0)
        return option_set_named(OPTION_BROKER, context->config, key, text,
                                error);
    if ((which = after(section, "acceptor ")) != NULL) {
        struct acceptor_options *a = find_acceptor(context->config, which);
        return strcmp(name, "url") == 0 ? acceptor_read_url(a, value, error)
                                        : acceptor_set(a, key, text, error);
    }
    if ((which = after(section, "address-setting ")) != NULL)
        return option_set_named(OPTION_ADDRESS_SETTING,
                                find_setting(context->config, which), key, text,
                                error);
    return complain(error,
                    "section=%s: must be [broker], [acceptor NAME] or "
                    "[address-setting MATCH]",
                    section);
}

static int on_ini_value(void *arg, const char *section, const char *name,
                        const char *value)
{
    struct ini_context *context = arg;

    if (context->has_failed)
        return 0;
    context->has_failed = ini_value(context, section, name, value) != 0;
    return !context->has_failed;
}

int config_read_file(struct config *c, const char *path,
                     struct complaint *error)
{
    struct ini_context context = {
        .config = c,
        .error = {"must be [SECTION] or name = value"},
    };
    int line;

    context.file = fopen(path, "r");
    if (!context.file)
        return complain(error, "%s: %s", path, strerror(errno));
    line = ini_parse_stream(ini_line, &context, on_ini_value, &context);
    fclose(context.file);
    if (context.has_failed)
        line = context.line;
    if (line != 0)
        return complain(error, "%s:%d: %.3000s", path, line,
                        context.error.text);
    return config_finish(c, error);
}

/* value_behind takes the argument behind an option, if that is a value: one
 * that may be left out, as true is, never begins with a dash. NULL: none.
 */
static const char *value_behind(int argc, char **argv, int *at, bool is_bool)
{
    bool is_value = *at + 1 < argc && !(is_bool && argv[*at + 1][0] == '-');

    return is_value ? argv[++*at] : is_bool ? "true" : NULL;
}

/* What is behind a command-line option: "--name=value", "--name value", or for
 * true just "--name". Moves *at on.
 */
static int read_option(struct config *c, int argc, char **argv, int *at,
                       struct complaint *error)
{
    const char *text = argv[*at] + 2;
    const char *equals = strchr(text, '=');
    struct slice name =
        slice_of(text, equals ? (size_t)(equals - text) : strlen(text));
    const struct option *option = option_find(OPTION_BROKER, name);
    const char *value = equals ? equals + 1 : NULL;
    bool is_acceptor = slice_equals(name, slice_of_text("acceptor"));

    if (!option && !is_acceptor && !slice_equals(name, slice_of_text("config")))
        return option_unknown(OPTION_BROKER, name, error);
    if (!value)
        value =
            value_behind(argc, argv, at, option && option->type == OPTION_BOOL);
    if (!value)
        return complain(error, "--%.*s: needs a value", (int)name.n, text);
    if (option)
        return option_set(option, c, slice_of_text(value), error);
    return is_acceptor ? config_add_acceptor(c, value, error)
                       : config_read_file(c, value, error);
}

int config_read_arguments(struct config *c, int argc, char **argv,
                          bool *wants_help, struct complaint *error)
{
    *wants_help = false;
    for (int i = 1; i < argc; i++) {
        int result;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *wants_help = true;
            return 0;
        }
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            result = config_read_file(c, argv[++i], error);
        } else if (strncmp(argv[i], "--", 2) == 0) {
            result = read_option(c, argc, argv, &i, error);
        } else {
            complain(error, "%s: unknown argument; see --help", argv[i]);
            result = -1;
        }
        if (result != 0)
            return -1;
    }
    if (c->n_acceptors == 0 && config_add_acceptor(c, default_url, error) != 0)
        return -1;
    return config_finish(c, error);
}

static void print_place(FILE *out, enum option_place place, const char *prefix)
{
    const struct option *option;
    char legal[128];

    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        if (option->place != place)
            continue;
        option_legal(option, legal, sizeof legal);
        fprintf(out, "  %s%s = %s\n      %s\n      %s\n", prefix, option->name,
                option->initial ? option->initial : "(not given)",
                option->meaning, legal);
    }
}

void config_print_help(FILE *out)
{
    fputs(
        "mqttspec-broker -- the reference broker for MQTT 3.1, 3.1.1 and "
        "5.0\n\n"
        "usage: mqttspec-broker [-c FILE] [--acceptor URL] ... [--NAME VALUE] "
        "...\n\n"
        "  -c FILE, --config FILE\n      read an INI file with [broker], "
        "[acceptor NAME] (url = URL, or\n      parameters) and "
        "[address-setting MATCH]\n"
        "  --acceptor 'tcp://HOST:PORT?name=value;name=value'\n"
        "      listen there, for TCP and WebSocket, with TLS if sslEnabled; "
        "port 0\n      takes a free one; & does for ;\n"
        "  --hash-password NAME\n      read a password from standard input "
        "and print NAME's line of the users\n      file\n"
        "  --version\n      print name and version\n"
        "  --help\n      show this\n\n"
        "Options of the broker, with their defaults (--NAME VALUE, or NAME = "
        "VALUE in\n[broker]):\n\n",
        out);
    print_place(out, OPTION_BROKER, "--");
    fputs(
        "\nParameters of an acceptor (in its URL, or in [acceptor NAME]):\n\n",
        out);
    print_place(out, OPTION_ACCEPTOR, "");
    fputs("\nParameters of [address-setting MATCH]:\n\n", out);
    print_place(out, OPTION_ADDRESS_SETTING, "");
}

bool config_has_auto_delete(const struct config *c)
{
    for (size_t i = 0; i < c->n_address_settings; i++)
        if (c->address_settings[i].auto_delete_created_queues)
            return true;
    return false;
}

const struct address_setting *config_address_setting(const struct config *c,
                                                     struct slice topic)
{
    for (size_t i = 0; i < c->n_address_settings; i++)
        if (topic_matches(slice_of_text(c->address_settings[i].filter), topic))
            return &c->address_settings[i];
    return NULL;
}
