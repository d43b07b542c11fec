/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h -- a broker, perhaps a liar before it, and a replay run against them.
 *
 * Children die with the test process. Everything is on loopback, on ports that
 * the kernel chooses.
 */
#ifndef TOOLS_TESTS_STAGE_H
#define TOOLS_TESTS_STAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* stage_broker starts a fresh reference broker. Returns its port. */
int stage_broker(void);
/* stage_broker_with does the same with more settings.
 *
 * parameters   of the acceptor, as in its URL; or NULL
 * observed     folder for --observe, or NULL
 */
int stage_broker_with(const char *parameters, const char *observed);
/* stage_end_broker ends the child that was started last, a broker, by SIGTERM.
 * Returns its exit code; what it has said since it listens is in `said`. */
int stage_end_broker(char *said, size_t size);
/* stage_certificates gives the path of a PEM file with a certificate for
 * 127.0.0.1 and its key; its authority is ca.pem beside it. They are made at
 * the first call and removed by stage_stop. */
const char *stage_certificates(void);
/* stage_mosquitto does the same with mosquitto; 0 if it is not installed. */
int stage_mosquitto(void);
/* stage_liar starts a relay before a port that bends what the server says.
 *
 * how   name of the bend, a row of the table in stage.c
 */
int stage_liar(int port, const char *how);
/* stage_yes_man starts a server that accepts every CONNECT, acknowledges every
 * PUBLISH whatever its flags, and never closes. Returns its port. */
int stage_yes_man(void);
/* stage_stop ends what was started by this test. */
void stage_stop(void);

/* stage_shared gives the path of a shared capture; NULL if they are not beside
 * the checkout. Static. */
const char *stage_shared(const char *name);

/* What a replay said. */
struct outcome {
    int exit;
    double seconds; /* wall clock */
    cJSON *json;    /* lives until the next stage_run or stage_stop; or NULL */
};

/* stage_run runs `mqttspec-replay run CAPTURE --json --target ...`.
 *
 * scheme    "mqtt", "ws"
 * options   more options in one string, separated by blanks
 */
struct outcome stage_run(const char *capture, const char *scheme, int port,
                         const char *options);

/* outcome_count gives summary.counts[name]; outcome_summary summary[name]. */
int outcome_count(const struct outcome *o, const char *name);
int outcome_summary(const struct outcome *o, const char *name);
/* outcome_class gives the class of the captured frame, as text: of its first
 * packet of the server with that type, or of any type for NULL; "" if none. */
const char *outcome_class(const struct outcome *o, int frame, const char *type);
/* outcome_where gives the frame of the first packet of a class; for EXTRA the
 * captured frame that it came after; -1 if there is none. */
int outcome_where(const struct outcome *o, const char *class);
/* outcome_text gives the whole JSON as one text, for messages. */
const char *outcome_text(const struct outcome *o);

#endif
