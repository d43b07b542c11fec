/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.h -- all faults there are, one table per chapter of the standard.
 *
 * Some hundreds, in the order of the chapters.
 */
#ifndef MQTTSPEC_FAULTS_CATALOGUE_H
#define MQTTSPEC_FAULTS_CATALOGUE_H

#include "tap/tap.h"

/* fault_at gives fault i, counted over all tables from 0; NULL beyond the last.
 */
const struct fault *fault_at(size_t i);
size_t fault_count(void);
/* fault_find looks a fault up by name, the harmless ones too; NULL: none. */
const struct fault *fault_find(const char *name);

/* fault_breaks tells whether a fault says that it breaks a statement. */
bool fault_breaks(const struct fault *fault, const char *statement);

/* fault_statement copies the i-th statement that a fault says it breaks; false
 * beyond the last. */
bool fault_statement(const struct fault *fault, size_t i, char *id, size_t n);

/* A list of statement ids, separated by spaces, holds this one? */
bool fault_lists(const char *list, const char *statement);

/* No faults: a relay that alters nothing, and one that makes each packet wait
 * 0 to 200 ms, drawn from a fixed seed. Every case passes under both. */
extern const struct fault fault_relay, fault_jitter;

/* The tables; a NULL name ends each. */
extern const struct fault faults_1_data[], faults_2_header[],
    faults_3_1_connect[], faults_3_1_refused[], faults_3_1_session[],
    faults_3_1_will[], faults_3_2_connack[], faults_3_3_flags[],
    faults_3_3_properties[], faults_3_3_actions[], faults_3_4_acks[],
    faults_3_8_subscribe[], faults_3_10_unsubscribe[], faults_3_12_ping[],
    faults_4_qos[], faults_4_topics[], faults_4_flow[], faults_artemis[];

#endif
