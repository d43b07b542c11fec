// SPDX-License-Identifier: Apache-2.0
/* auth.c -- enhanced authentication, before CONNACK and later.
 *
 * One method, SCRAM-SHA-256, and only if it is switched on. The CONNECT is kept
 * in its encoded form until the client has proved its name.
 * Spec: 5.0 s3.15, s4.12.
 */
#include "auth.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "client.h"
#include "codec/encode.h"
#include "scram.h"

enum auth_step {
    AUTH_IDLE,         /* proved; the client may begin again */
    AUTH_AWAITS_FIRST, /* CONNECT came without Authentication Data */
    AUTH_AWAITS_FINAL,
};

struct auth {
    enum auth_step step;
    struct scram scram;
    struct buf connect; /* the packet, encoded; empty after CONNACK */
    struct buf answer;  /* of the server, last one */
    char *user;         /* as proved; NULL: not yet */
};

void auth_free(struct client *c)
{
    if (!c->auth)
        return;
    scram_clear(&c->auth->scram);
    buf_clear(&c->auth->connect);
    buf_clear(&c->auth->answer);
    free(c->auth->user);
    free(c->auth);
    c->auth = NULL;
}

struct slice auth_user(const struct client *c)
{
    return slice_of_text(c->auth ? c->auth->user : NULL);
}

static void fill(const struct auth *auth, struct properties *p)
{
    properties_set(p, PROPERTY_AUTHENTICATION_METHOD);
    p->authentication_method = slice_of_text(SCRAM_METHOD);
    if (buf_size(&auth->answer) == 0)
        return;
    properties_set(p, PROPERTY_AUTHENTICATION_DATA);
    p->authentication_data = buf_slice(&auth->answer);
}

void auth_fill_connack(const struct client *c, struct properties *p)
{
    if (c->auth)
        fill(c->auth, p);
}

static void send_auth(struct broker *b, struct client *c, enum reason reason)
{
    struct packet packet = {.type = PACKET_AUTH};

    packet.auth.reason = reason;
    fill(c->auth, &packet.auth.properties);
    client_send(b, c, &packet);
}

static void forget_answer(struct auth *auth)
{
    buf_consume(&auth->answer, buf_size(&auth->answer));
}

/* answer_first answers the client's first message with a challenge. */
static enum reason answer_first(struct broker *b, struct client *c,
                                struct slice message)
{
    struct auth *auth = c->auth;
    struct scram_user user;
    char nonce[SCRAM_NONCE];

    forget_answer(auth);
    if (!scram_read_first(&auth->scram, message))
        return REASON_NOT_AUTHORIZED;
    if (!scram_make_nonce(nonce))
        return REASON_UNSPECIFIED_ERROR;
    security_scram_user(b->security, buf_slice(&auth->scram.name), &user);
    scram_challenge(&auth->scram, &user, nonce, &auth->answer);
    auth->step = AUTH_AWAITS_FINAL;
    send_auth(b, c, REASON_CONTINUE_AUTHENTICATION);
    return REASON_SUCCESS;
}

bool auth_take_connect(struct client *c, struct buf *octets)
{
    *octets = c->auth->connect;
    if (!c->auth->user || buf_size(octets) == 0)
        return false;
    c->auth->connect = (struct buf){0};
    return true;
}

/* check_final checks the client's proof. Re-authentication proves the same user
 * again; another one would need another session.
 */
static enum reason check_final(struct broker *b, struct client *c,
                               struct slice message)
{
    struct auth *auth = c->auth;
    struct slice name = buf_slice(&auth->scram.name);

    forget_answer(auth);
    auth->step = AUTH_IDLE;
    if (!scram_check_final(&auth->scram, message, &auth->answer) ||
        (auth->user && !slice_equals(name, auth_user(c)))) {
        log_line(b->log, LOG_WARNING, "%s: " SCRAM_METHOD " failed",
                 c->conn->peer);
        return REASON_NOT_AUTHORIZED;
    }
    if (auth->user)
        send_auth(b, c, REASON_SUCCESS);
    else
        auth->user = mem_dup(name.data, name.n);
    return REASON_SUCCESS;
}

/* names_our_method: a property that is absent has no value to compare. */
static bool names_our_method(const struct properties *p)
{
    return properties_has(p, PROPERTY_AUTHENTICATION_METHOD) &&
           slice_equals(p->authentication_method, slice_of_text(SCRAM_METHOD));
}

/* message_of gives the Authentication Data; empty when there is none. */
static struct slice message_of(const struct properties *p)
{
    return properties_has(p, PROPERTY_AUTHENTICATION_DATA)
               ? p->authentication_data
               : slice_of(NULL, 0);
}

enum reason auth_begin(struct broker *b, struct client *c,
                       const struct packet *packet)
{
    const struct properties *p = &packet->connect.properties;
    size_t n = packet_size(packet, MQTT_5_0);
    struct auth *auth;

    if (!b->config->has_scram_sha_256 || !b->security || !names_our_method(p))
        return REASON_BAD_AUTHENTICATION_METHOD;
    c->auth = auth = mem_new(1, sizeof *auth);
    buf_commit(
        &auth->connect,
        packet_encode(packet, MQTT_5_0, buf_reserve(&auth->connect, n), n));
    conn_enter(c->conn, CONN_AUTHENTICATING);
    /* Until CONNACK each message may take as long as a whole handshake. */
    c->conn->silence_ms = (uint64_t)c->options->handshake_timeout_s * 1000;
    conn_heard(c->conn, b->now_ms);
    if (properties_has(p, PROPERTY_AUTHENTICATION_DATA))
        return answer_first(b, c, p->authentication_data);
    auth->step = AUTH_AWAITS_FIRST;
    send_auth(b, c, REASON_CONTINUE_AUTHENTICATION);
    return REASON_SUCCESS;
}

enum reason auth_go_on(struct broker *b, struct client *c,
                       const struct disconnect *auth)
{
    const struct properties *p = &auth->properties;
    bool begins = auth->reason == REASON_RE_AUTHENTICATE;
    bool goes_on = auth->reason == REASON_CONTINUE_AUTHENTICATION;

    /* Only who gave a method in CONNECT may send AUTH, and only with that
     * method [MQTT-4.12.0-5], [MQTT-4.12.0-7]. */
    if (!c->auth || !names_our_method(p))
        return REASON_PROTOCOL_ERROR;
    if (begins && c->conn->state == CONN_RUNNING && c->auth->step == AUTH_IDLE)
        return answer_first(b, c, message_of(p));
    if (goes_on && c->auth->step == AUTH_AWAITS_FIRST)
        return answer_first(b, c, message_of(p));
    if (goes_on && c->auth->step == AUTH_AWAITS_FINAL)
        return check_final(b, c, message_of(p));
    return REASON_PROTOCOL_ERROR;
}
