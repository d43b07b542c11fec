// SPDX-License-Identifier: Apache-2.0
/* client_rules.c -- a security module: rules for Client Identifiers.
 *
 * The argument is a comma list of rules; the first that fits a client counts:
 *
 *     old->new-    an identifier that begins with "old-" begins with "new-"
 *                  from now on; the session has the new name
 *     !test-       identifiers that begin with "test-" are refused (0x85)
 *     @inbox       topics below "inbox/NAME" are for the client NAME alone
 *
 *     mqttspec-broker --security-module build/lib/client_rules.so \
 *                     --security-module-argument 'old->new-,!test-,@inbox'
 *
 * A module may keep state, as here, but must not block. A password is there to
 * be looked at and never to be logged or kept.
 */
#include "security_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENT_IDENTIFIER_NOT_VALID = 0x85,
    MAX_RULES = 32,
};

enum rule_kind {
    RULE_REWRITE,
    RULE_REFUSE,
    RULE_OWNED,
};

struct rule {
    enum rule_kind kind;
    const char *prefix; /* or topic */
    const char *replacement;
};

struct state {
    char *text; /* the argument, cut at its commas */
    struct rule rules[MAX_RULES];
    size_t n_rules;
};

/* read_rule reads one rule in place. Returns 0, or -1 if it is none. */
static int read_rule(struct rule *rule, char *text)
{
    char *arrow = strchr(text, '>');

    if (text[0] == '!' || text[0] == '@') {
        rule->kind = text[0] == '!' ? RULE_REFUSE : RULE_OWNED;
        rule->prefix = text + 1;
        return text[1] ? 0 : -1;
    }
    if (!arrow || arrow == text)
        return -1;
    *arrow = '\0';
    rule->kind = RULE_REWRITE;
    rule->prefix = text;
    rule->replacement = arrow + 1;
    return 0;
}

static void module_close(void *state)
{
    struct state *s = state;

    free(s->text);
    free(s);
}

static int module_open(const char *argument, void **state)
{
    struct state *s = calloc(1, sizeof *s);
    char *rest = NULL;

    if (!s || !(s->text = strdup(argument ? argument : "")))
        abort();
    for (char *text = strtok_r(s->text, ",", &rest); text;
         text = strtok_r(NULL, ",", &rest)) {
        if (s->n_rules < MAX_RULES &&
            read_rule(&s->rules[s->n_rules], text) == 0) {
            s->n_rules++;
            continue;
        }
        fprintf(stderr,
                "client_rules: \"%s\" is not FROM>TO, !PREFIX or "
                "@TOPIC, or there are too many\n",
                text);
        module_close(s);
        return -1;
    }
    *state = s;
    return 0;
}

static int rewrite(const struct rule *rule, struct mqttspec_connect *request)
{
    int n =
        snprintf(request->new_client_id, request->new_client_id_size, "%s%s",
                 rule->replacement, request->client_id + strlen(rule->prefix));

    /* An identifier that was cut could be that of another client. */
    return n > 0 && (size_t)n < request->new_client_id_size
               ? 0
               : CLIENT_IDENTIFIER_NOT_VALID;
}

static int module_connect(void *state, struct mqttspec_connect *request)
{
    const struct state *s = state;

    for (size_t i = 0; i < s->n_rules; i++) {
        const struct rule *rule = &s->rules[i];
        if (rule->kind == RULE_OWNED ||
            strncmp(request->client_id, rule->prefix, strlen(rule->prefix)))
            continue;
        return rule->kind == RULE_REWRITE ? rewrite(rule, request)
                                          : CLIENT_IDENTIFIER_NOT_VALID;
    }
    return 0;
}

/* below gives what stands behind "parent/" in a topic; NULL: it is elsewhere.
 */
static const char *below(const char *topic, const char *parent)
{
    size_t n = strlen(parent);

    return strncmp(topic, parent, n) == 0 && topic[n] == '/' ? topic + n + 1
                                                             : NULL;
}

/* A filter with a wildcard in the place of the name, such as "inbox/+", covers
 * other clients' topics, so it is refused like their names; messages that a
 * wider filter ("#") would match are asked about one by one.
 */
static int module_may(void *state, int is_publish, const char *user,
                      const char *client_id, const char *topic)
{
    const struct state *s = state;

    (void)user;
    if (is_publish) /* everybody may write into an inbox */
        return 1;
    for (size_t i = 0; i < s->n_rules; i++) {
        const char *owner = s->rules[i].kind == RULE_OWNED
                                ? below(topic, s->rules[i].prefix)
                                : NULL;
        size_t n = owner ? strcspn(owner, "/") : 0;
        if (owner && (n != strlen(client_id) || strncmp(owner, client_id, n)))
            return 0;
    }
    return 1;
}

const struct mqttspec_security *mqttspec_security(void)
{
    static const struct mqttspec_security module = {
        .abi = MQTTSPEC_SECURITY_ABI,
        .open = module_open,
        .connect = module_connect,
        .may = module_may,
        .close = module_close,
    };

    return &module;
}
