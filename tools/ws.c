/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c -- the payload of one direction of a captured WebSocket.
 *
 * wslay asks for octets through a callback; the callback serves what was
 * pushed and then says "would block", which suspends wslay inside the frame.
 */
#include "ws.h"

#include <strings.h>
#include <sys/types.h>
#include <wslay/wslay.h>

#include "room.h"

enum { HEAD_MAX = 16384, CONTROL_MAX = 125 };

struct ws {
    struct ws_facts facts;
    char *head; /* the HTTP head so far */
    size_t n_head;
    wslay_frame_context_ptr frames;
    const uint8_t *octets; /* what was pushed and not yet asked for */
    size_t n;
    uint64_t left; /* of the present frame's payload */
    bool is_inside;
    void (*on_ping)(void *user, const uint8_t *octets, size_t n);
    void *ping_user;
    uint8_t ping[CONTROL_MAX]; /* payload of the Ping that is coming in */
    size_t n_ping;
};

static ssize_t on_recv(uint8_t *to, size_t n, int flags, void *user)
{
    struct ws *ws = user;
    (void)flags;
    if (n > ws->n)
        n = ws->n;
    if (n == 0)
        return -1; /* would block */
    memcpy(to, ws->octets, n);
    ws->octets += n;
    ws->n -= n;
    return (ssize_t)n;
}

struct ws *ws_new(void)
{
    struct ws *ws = xcalloc(1, sizeof *ws);
    static const struct wslay_frame_callbacks CALLBACKS = {.recv_callback =
                                                               on_recv};
    if (wslay_frame_context_init(&ws->frames, &CALLBACKS, ws))
        room_or_die(NULL);
    return ws;
}

void ws_on_ping(struct ws *ws,
                void (*on_ping)(void *user, const uint8_t *octets, size_t n),
                void *user)
{
    ws->on_ping = on_ping;
    ws->ping_user = user;
}

void ws_lose(struct ws *ws)
{
    ws->facts.is_broken = true;
}

const struct ws_facts *ws_facts(const struct ws *ws)
{
    return &ws->facts;
}

void ws_free(struct ws *ws)
{
    if (!ws)
        return;
    wslay_frame_context_free(ws->frames);
    free(ws->head);
    free(ws);
}

/* Finds a header field's value: from after the colon to the line's end. */
static bool field_names(const char *head, const char *name, const char *word)
{
    size_t n_name = strlen(name), n_word = strlen(word);
    for (const char *line = strchr(head, '\n'); line;
         line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, n_name) || line[n_name] != ':')
            continue;
        for (const char *at = line + n_name + 1; *at && *at != '\n'; at++)
            if (!strncasecmp(at, word, n_word))
                return true;
    }
    return false;
}

static void read_head(struct ws *ws)
{
    struct ws_facts *f = &ws->facts;
    f->is_upgraded = true;
    f->is_mqtt = field_names(ws->head, "Sec-WebSocket-Protocol", "mqtt");
    bool is_response = !strncmp(ws->head, "HTTP/1.1 ", 9);
    f->is_refused = is_response && strncmp(ws->head + 9, "101", 3);
    f->is_deflated =
        is_response &&
        field_names(ws->head, "Sec-WebSocket-Extensions", "permessage-deflate");
}

/* Takes octets of the HTTP head. Returns how many belonged to it. */
static size_t take_head(struct ws *ws, const uint8_t *octets, size_t n)
{
    ws->head = xrealloc(ws->head, ws->n_head + n + 1);
    memcpy(ws->head + ws->n_head, octets, n);
    size_t before = ws->n_head, from = before > 3 ? before - 3 : 0;
    ws->n_head += n;
    ws->head[ws->n_head] = '\0';
    for (size_t i = from; i + 4 <= ws->n_head; i++) {
        if (memcmp(ws->head + i, "\r\n\r\n", 4))
            continue;
        ws->n_head = i + 4;
        ws->head[ws->n_head] = '\0';
        read_head(ws);
        return ws->n_head - before;
    }
    ws->facts.is_broken = ws->n_head > HEAD_MAX;
    return n;
}

static void begin_frame(struct ws *ws, const struct wslay_frame_iocb *frame)
{
    ws->is_inside = true;
    ws->left = frame->payload_length;
    ws->facts.n_frames++;
    ws->facts.n_text += frame->opcode == WSLAY_TEXT_FRAME;
    ws->facts.has_closed |= frame->opcode == WSLAY_CONNECTION_CLOSE;
}

/* A piece of a Ping; with the last one it is told. */
static void take_ping(struct ws *ws, const struct wslay_frame_iocb *frame,
                      size_t n)
{
    if (frame->opcode != WSLAY_PING || !ws->on_ping ||
        n > CONTROL_MAX - ws->n_ping)
        return;
    if (n > 0)
        memcpy(ws->ping + ws->n_ping, frame->data, n);
    ws->n_ping += n;
    if (ws->left > 0)
        return;
    ws->on_ping(ws->ping_user, ws->ping, ws->n_ping);
    ws->n_ping = 0;
}

void ws_push(struct ws *ws, const uint8_t *octets, size_t n,
             void (*on_payload)(void *user, const uint8_t *octets, size_t n),
             void *user)
{
    if (!ws->facts.is_upgraded && !ws->facts.is_broken) {
        size_t used = take_head(ws, octets, n);
        octets += used;
        n -= used;
    }
    ws->octets = octets;
    ws->n = n;
    while (!ws->facts.is_broken && ws->facts.is_upgraded) {
        struct wslay_frame_iocb frame;
        memset(&frame, 0, sizeof frame);
        ssize_t got = wslay_frame_recv(ws->frames, &frame);
        if (got == WSLAY_ERR_WANT_READ)
            break;
        if (got < 0) {
            ws->facts.is_broken = true;
            break;
        }
        if (!ws->is_inside)
            begin_frame(ws, &frame);
        if (got > 0 && !wslay_is_ctrl_frame(frame.opcode))
            on_payload(user, frame.data, (size_t)got);
        ws->left -= (uint64_t)got < ws->left ? (uint64_t)got : ws->left;
        ws->is_inside = ws->left > 0;
        take_ping(ws, &frame, (size_t)got);
    }
    ws->octets = NULL;
    ws->n = 0;
}
