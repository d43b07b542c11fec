/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c -- WebSocket on a link: the upgrade by hand, the frames by wslay.
 *
 * Spec: RFC 6455; 5.0 s6.0, 3.1.1 s6.0.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "link/layer.h"

/* The connection is of no use: this is wrong with what the broker sent. */
static void break_off(struct link *link, const char *wrong)
{
    snprintf(link->error, sizeof link->error, "%s", wrong);
    link->ended = LINK_BAD;
}

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *octets, size_t n,
                       int flags, void *user)
{
    (void)flags;
    struct link *link = user;
    const char *wrong = NULL;
    long got = layer_read(link, octets, n);
    if (got > 0)
        wrong = frames_follow(&link->frames, octets, (size_t)got);
    if (got > 0 && !wrong)
        return got;
    if (wrong)
        break_off(link, wrong);
    wslay_event_set_error(ws, got == LINK_AGAIN ? WSLAY_ERR_WOULDBLOCK
                                                : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *octets,
                       size_t n, int flags, void *user)
{
    (void)flags;
    if (layer_write(user, octets, n) == 0)
        return (ssize_t)n;
    wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static int on_mask(wslay_event_context_ptr ws, uint8_t *octets, size_t n,
                   void *user)
{
    (void)ws;
    (void)user;
    return RAND_bytes(octets, (int)n) == 1 ? 0 : -1;
}

static void on_message(wslay_event_context_ptr ws,
                       const struct wslay_event_on_msg_recv_arg *message,
                       void *user)
{
    struct link *link = user;
    (void)ws;
    if (message->opcode == WSLAY_TEXT_FRAME) {
        break_off(link, "the broker sent a WebSocket text frame");
        return;
    }
    if (message->opcode == WSLAY_PONG) {
        link->has_pong = true;
        link->n_pong = message->msg_length;
        if (link->n_pong)
            memcpy(link->pong, message->msg, link->n_pong);
        return;
    }
    if (message->opcode != WSLAY_BINARY_FRAME || message->msg_length == 0)
        return;
    if (link->at_in == link->n_in)
        link->at_in = link->n_in = 0;
    if (link->n_in + message->msg_length > link->cap_in) {
        link->cap_in = 2 * (link->n_in + message->msg_length);
        link->in = realloc(link->in, link->cap_in);
        if (!link->in)
            abort();
    }
    memcpy(link->in + link->n_in, message->msg, message->msg_length);
    link->n_in += message->msg_length;
}

/* Reads the answer to the upgrade, up to the empty line. */
static int read_answer(struct link *link, char *answer, size_t cap,
                       int64_t until_ms)
{
    size_t n = 0;
    while (n + 1 < cap) {
        long got = layer_read(link, answer + n, cap - 1 - n);
        if (got == LINK_AGAIN) {
            if (!link_wait(link->fd, POLLIN, until_ms))
                return -1;
            continue;
        }
        if (got <= 0)
            return -1;
        n += (size_t)got;
        answer[n] = '\0';
        char *end = strstr(answer, "\r\n\r\n");
        if (end) {
            size_t used = (size_t)(end - answer) + 4;
            link->n_head = n - used;
            memcpy(link->head, answer + used, link->n_head);
            end[2] = '\0';
            return 0;
        }
    }
    return -1;
}

/* The key's answer, RFC 6455 s4.2.2: base64 of SHA-1 of key and GUID. */
static void accept_of(const char *key, char *out)
{
    char text[128];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int length = snprintf(text, sizeof text,
                          "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    EVP_Digest(text, (size_t)length, digest, &n, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)out, digest, (int)n);
}

/* The value of a header field of the answer, or "". */
static void header_of(const char *answer, const char *name, char *out,
                      size_t cap)
{
    size_t n = strlen(name);
    *out = '\0';
    for (const char *line = strstr(answer, "\r\n"); line && line[2];
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) != 0 || line[2 + n] != ':')
            continue;
        const char *value = line + 3 + n + strspn(line + 3 + n, " \t");
        snprintf(out, cap, "%.*s", (int)strcspn(value, " \t\r\n"), value);
    }
}

int ws_begin(struct link *link, const struct endpoint *endpoint,
             int64_t until_ms, char *error, size_t n)
{
    char request[512], answer[4096], key[32], accept[64];
    unsigned char nonce[16];
    RAND_bytes(nonce, sizeof nonce);
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    accept_of(key, accept);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: %s\r\n\r\n",
                          *endpoint->path ? endpoint->path : "/mqtt",
                          endpoint->host, endpoint->port, key,
                          *endpoint->offer ? endpoint->offer : "mqtt");
    if (layer_write(link, request, (size_t)length) < 0 ||
        read_answer(link, answer, sizeof answer, until_ms) < 0) {
        snprintf(error, n, "no answer to the WebSocket upgrade");
        return -1;
    }
    if (strncmp(answer, "HTTP/1.1 101", 12) != 0 || !strstr(answer, accept)) {
        snprintf(error, n, "the WebSocket upgrade was refused: %.*s",
                 (int)strcspn(answer, "\r\n"), answer);
        return -1;
    }
    header_of(answer, "Sec-WebSocket-Protocol", link->subprotocol,
              sizeof link->subprotocol);
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message};
    return wslay_event_context_client_init(&link->ws, &callbacks, link);
}

long ws_read(struct link *link, void *octets, size_t n)
{
    if (link->at_in == link->n_in && link->ended == LINK_AGAIN) {
        int bad = wslay_event_recv(link->ws);
        wslay_event_send(link->ws); /* pongs, the answer to a close */
        if (link->ended == LINK_AGAIN &&
            (bad || wslay_event_get_close_received(link->ws)))
            link->ended = LINK_FIN;
    }
    if (link->at_in < link->n_in) {
        size_t left = link->n_in - link->at_in, take = n < left ? n : left;
        memcpy(octets, link->in + link->at_in, take);
        link->at_in += take;
        return (long)take;
    }
    return link->ended;
}

int ws_write(struct link *link, const void *octets, size_t n, bool as_text)
{
    struct wslay_event_msg message = {.opcode = as_text ? WSLAY_TEXT_FRAME
                                                        : WSLAY_BINARY_FRAME,
                                      .msg = octets,
                                      .msg_length = n};
    if (link->fd < 0 || wslay_event_queue_msg(link->ws, &message) != 0)
        return -1;
    return wslay_event_send(link->ws) == 0 ? 0 : -1;
}

/* RFC 6455 s5.2: FIN and opcode, masked length, key, payload. */
int ws_write_frame(struct link *link, unsigned first, const void *octets,
                   size_t n)
{
    const unsigned char *payload = octets;
    unsigned char *frame = malloc(n + 14), *at = frame, key[4];
    if (!frame)
        abort();
    RAND_bytes(key, sizeof key);
    *at++ = (unsigned char)first;
    *at++ = (unsigned char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (int shift = n < 126 ? -8 : n < 65536 ? 8 : 56; shift >= 0; shift -= 8)
        *at++ = (unsigned char)((uint64_t)n >> shift);
    memcpy(at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < n; i++)
        *at++ = (unsigned char)(payload[i] ^ key[i % 4]);
    int bad = layer_write(link, frame, (size_t)(at - frame));
    free(frame);
    return bad;
}

const void *link_pong(const struct link *link, size_t *n)
{
    *n = link->n_pong;
    return link->has_pong ? link->pong : NULL;
}

bool link_was_closed(const struct link *link)
{
    return link->ws && wslay_event_get_close_received(link->ws);
}

void ws_end(struct link *link, bool say_close)
{
    if (!link->ws)
        return;
    if (say_close && link->fd >= 0) {
        wslay_event_queue_close(link->ws, 1000, NULL, 0);
        wslay_event_send(link->ws);
    }
    wslay_event_context_free(link->ws);
    link->ws = NULL;
}
