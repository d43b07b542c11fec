/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.c -- the tables of faults, one behind the other. */
#include "faults/catalogue.h"

#include <stdio.h>
#include <string.h>

static const struct fault *const tables[] = {
    faults_1_data,           faults_2_header,    faults_3_1_connect,
    faults_3_1_refused,      faults_3_1_session, faults_3_1_will,
    faults_3_2_connack,      faults_3_3_flags,   faults_3_3_properties,
    faults_3_3_actions,      faults_3_4_acks,    faults_3_8_subscribe,
    faults_3_10_unsubscribe, faults_3_12_ping,   faults_4_qos,
    faults_4_topics,         faults_4_flow,      faults_artemis};

enum { N_TABLES = sizeof tables / sizeof *tables };

const struct fault *fault_at(size_t i)
{
    for (size_t t = 0; t < N_TABLES; t++) {
        for (const struct fault *f = tables[t]; f->name; f++) {
            if (i-- == 0)
                return f;
        }
    }
    return NULL;
}

size_t fault_count(void)
{
    size_t n = 0;
    while (fault_at(n))
        n++;
    return n;
}

const struct fault *fault_find(const char *name)
{
    const struct fault *fault;
    if (strcmp(name, fault_relay.name) == 0)
        return &fault_relay;
    if (strcmp(name, fault_jitter.name) == 0)
        return &fault_jitter;
    for (size_t i = 0; (fault = fault_at(i)); i++) {
        if (strcmp(fault->name, name) == 0)
            return fault;
    }
    return NULL;
}

bool fault_lists(const char *list, const char *statement)
{
    size_t n = strlen(statement);
    for (const char *at = list; at && *at;) {
        size_t n_word = strcspn(at, " ");
        if (n_word == n && memcmp(at, statement, n) == 0)
            return true;
        at += n_word + strspn(at + n_word, " ");
    }
    return false;
}

bool fault_breaks(const struct fault *fault, const char *statement)
{
    return fault_lists(fault->statements, statement);
}

bool fault_statement(const struct fault *fault, size_t i, char *id, size_t n)
{
    const char *at = fault->statements;
    while (*at) {
        size_t n_word = strcspn(at, " ");
        if (i-- == 0)
            return snprintf(id, n, "%.*s", (int)n_word, at) > 0;
        at += n_word + strspn(at + n_word, " ");
    }
    return false;
}
