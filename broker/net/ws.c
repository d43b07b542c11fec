// SPDX-License-Identifier: Apache-2.0
/* ws.c -- MQTT in WebSocket binary frames, by wslay.
 *
 * Inbound, wslay's frame reader takes frames apart and unmasks them; MQTT sees
 * one stream of octets, whatever the frames' borders [MQTT-6.0.0-2]. Outbound a
 * frame is a few octets in front of what is sent, so that payloads go from
 * where they lie: what one writev is given becomes one frame, cut at
 * webSocketMaxFramePayloadLength. Replies to Ping and Close wait for the end of
 * the frame that is being sent.
 * Spec: RFC 6455 s5, s7; 5.0 s6; 3.1.1 s6.
 */
#include "net/ws.h"

#include "base/buf.h"
#include "base/die.h"
#include "base/utf8.h"
#include "net/ws_handshake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum {
    READ_CHUNK = 16384, /* octets read from below at once */
    MAX_CONTROL = 125,  /* payload of a control frame, RFC 6455 s5.5 */
    MAX_QUEUED = 65536, /* replies to a client that never reads them */
    MAX_PARTS = 256,
};

struct ws {
    struct transport base;
    struct transport *below;
    const struct acceptor_options *options;
    wslay_frame_context_ptr frames;
    struct buf in;      /* from below, not yet seen by wslay */
    struct buf control; /* replies, whole frames, to go out between frames */
    uint8_t head[10];   /* of the frame that is being sent */
    size_t head_at;     /* octets of head already sent */
    size_t head_n;
    size_t frame_left; /* payload octets of that frame yet to be sent */
    struct slice left; /* payload octets inside wslay, for the next read */
    uint8_t control_in[MAX_CONTROL];
    size_t n_control_in; /* payload of a control frame so far */
    uint64_t data_left;  /* payload octets yet to come of the data frame */
    bool is_open;        /* the handshake succeeded */
    bool is_in_message;  /* a fragmented message goes on */
    bool has_said_close;
    bool is_ended;     /* nothing more is read */
    bool has_told_end; /* read returned -1 */
    int error;         /* errno to tell then */
};

static struct ws *ws_of(const struct transport *t)
{
    return (struct ws *)(uintptr_t)t;
}

/* feed gives wslay what was read from below. */
static ssize_t feed(uint8_t *out, size_t n, int flags, void *arg)
{
    struct ws *ws = arg;
    size_t some = buf_size(&ws->in) < n ? buf_size(&ws->in) : n;

    (void)flags;
    if (some == 0)
        return 0;
    memcpy(out, buf_slice(&ws->in).data, some);
    buf_consume(&ws->in, some);
    return (ssize_t)some;
}

static size_t frame_head(uint8_t out[10], uint8_t opcode, size_t n)
{
    struct writer w = writer_of(out, 10);

    write_u8(&w, (uint8_t)(0x80 | opcode));
    if (n <= MAX_CONTROL) {
        write_u8(&w, (uint8_t)n);
    } else if (n <= UINT16_MAX) {
        write_u8(&w, 126);
        write_u16(&w, (uint16_t)n);
    } else {
        write_u8(&w, 127);
        write_u32(&w, (uint32_t)((uint64_t)n >> 32));
        write_u32(&w, (uint32_t)n);
    }
    return (size_t)(w.at - out);
}

static void say(struct ws *ws, uint8_t opcode, const void *payload, size_t n)
{
    uint8_t head[10];

    if (ws->has_said_close || buf_size(&ws->control) > MAX_QUEUED)
        return;
    buf_append(&ws->control, head, frame_head(head, opcode, n));
    buf_append(&ws->control, payload, n);
    ws->base.wants_write = true;
}

static void say_close(struct ws *ws, uint16_t code)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};

    say(ws, WSLAY_CONNECTION_CLOSE, payload, code ? sizeof payload : 0);
    ws->has_said_close = true;
}

/* end stops reading; the Close frame leaves with the next writev. */
static ssize_t end(struct ws *ws, uint16_t code, int error)
{
    say_close(ws, code);
    ws->is_ended = true;
    errno = error;
    return -1;
}

/* send_control sends waiting replies. Returns 1 when none are left, else what a
 * transport returns. Not inside a frame.
 */
static ssize_t send_control(struct ws *ws)
{
    while (buf_size(&ws->control) > 0) {
        struct slice s = buf_slice(&ws->control);
        struct iovec part = {(void *)(uintptr_t)s.data, s.n};
        ssize_t n = ws->below->ops->writev(ws->below, &part, 1);
        if (n <= 0)
            return n;
        buf_consume(&ws->control, (size_t)n);
    }
    buf_shrink(&ws->control, 0);
    return 1;
}

/* handshake reads the request. Returns 1 when frames may follow, 0: later. */
static ssize_t handshake(struct ws *ws)
{
    size_t n_used = 0;

    switch (ws_handshake_answer(buf_slice(&ws->in),
                                ws->options->web_socket_requires_subprotocol,
                                &ws->control, &n_used)) {
    case WS_HANDSHAKE_MORE:
        return 0;
    case WS_HANDSHAKE_ACCEPTED:
        buf_consume(&ws->in, n_used);
        ws->is_open = true;
        ws->base.wants_write = true;
        return 1;
    case WS_HANDSHAKE_REFUSED:
        break;
    }
    ws->has_said_close = true; /* there was no WebSocket to be closed */
    ws->base.wants_write = true;
    ws->is_ended = true;
    errno = EPROTO;
    return -1;
}

/* is_close_code tells which codes may stand in a frame, RFC 6455 s7.4. */
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static ssize_t on_close(struct ws *ws)
{
    const uint8_t *p = ws->control_in;
    size_t n = ws->n_control_in;
    unsigned code = n >= 2 ? (unsigned)(p[0] << 8 | p[1]) : 0;

    if (n == 1 || (n >= 2 && !is_close_code(code)))
        return end(ws, WSLAY_CODE_PROTOCOL_ERROR, EPROTO);
    if (n > 2 && !utf8_is_valid(slice_of(p + 2, n - 2), true))
        return end(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, EPROTO);
    return end(ws, (uint16_t)code, 0);
}

/* on_control gathers a control frame and answers it when it is whole. */
static ssize_t on_control(struct ws *ws, const struct wslay_frame_iocb *frame)
{
    size_t n_whole = (size_t)frame->payload_length;

    if (frame->data_length > MAX_CONTROL - ws->n_control_in)
        return end(ws, WSLAY_CODE_PROTOCOL_ERROR, EPROTO);
    if (frame->data_length > 0)
        memcpy(ws->control_in + ws->n_control_in, frame->data,
               frame->data_length);
    ws->n_control_in += frame->data_length;
    if (ws->n_control_in < n_whole)
        return 0;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE)
        return on_close(ws);
    if (frame->opcode == WSLAY_PING)
        say(ws, WSLAY_PONG, ws->control_in, ws->n_control_in);
    ws->n_control_in = 0;
    return 0;
}

/* begin_data checks the head of a data frame. Returns a close code, 0: fine. */
static uint16_t begin_data(struct ws *ws, const struct wslay_frame_iocb *frame)
{
    bool goes_on = frame->opcode == WSLAY_CONTINUATION_FRAME;

    if (goes_on != ws->is_in_message)
        return WSLAY_CODE_PROTOCOL_ERROR;
    if (frame->opcode == WSLAY_TEXT_FRAME) /* [MQTT-6.0.0-1] */
        return WSLAY_CODE_UNSUPPORTED_DATA;
    if (frame->opcode > WSLAY_BINARY_FRAME)
        return WSLAY_CODE_PROTOCOL_ERROR;
    /* Frames are passed on as they arrive, so that long ones cost no memory;
     * the standard knows no limit. */
    if (ws->options->is_web_socket_limit_given &&
        frame->payload_length >
            (uint64_t)ws->options->web_socket_max_frame_payload_length)
        return WSLAY_CODE_MESSAGE_TOO_BIG;
    ws->is_in_message = !frame->fin;
    ws->data_left = frame->payload_length;
    return 0;
}

/* on_frame takes one piece of a frame from wslay. Returns 0 to go on, or -1. */
static ssize_t on_frame(struct ws *ws, const struct wslay_frame_iocb *frame)
{
    uint16_t code = 0;

    if (!frame->mask || frame->rsv || frame->opcode > WSLAY_PONG)
        return end(ws, WSLAY_CODE_PROTOCOL_ERROR, EPROTO);
    if (wslay_is_ctrl_frame(frame->opcode))
        return on_control(ws, frame);
    if (ws->data_left == 0)
        code = begin_data(ws, frame);
    if (code)
        return end(ws, code,
                   code == WSLAY_CODE_MESSAGE_TOO_BIG ? EMSGSIZE : EPROTO);
    ws->data_left -= frame->data_length;
    ws->left = slice_of(frame->data, frame->data_length);
    return 0;
}

/* refill reads from below. Returns what a transport returns. */
static ssize_t refill(struct ws *ws)
{
    uint8_t *room = buf_reserve(&ws->in, READ_CHUNK);
    ssize_t n = ws->below->ops->read(ws->below, room, READ_CHUNK);

    if (n > 0)
        buf_commit(&ws->in, (size_t)n);
    else
        buf_shrink(&ws->in, 0);
    return n;
}

/* advance takes one step: a handshake, a piece of a frame, or more octets from
 * below. Returns 1 after a step, else what a transport returns.
 */
static ssize_t advance(struct ws *ws)
{
    struct wslay_frame_iocb frame = {0};
    ssize_t n = 0;

    if (!ws->is_open) {
        n = buf_size(&ws->in) ? handshake(ws) : 0;
        return n ? n : refill(ws);
    }
    n = wslay_frame_recv(ws->frames, &frame);
    if (n >= 0)
        return on_frame(ws, &frame) < 0 ? -1 : 1;
    if (n == WSLAY_ERR_WANT_READ)
        return refill(ws);
    return end(ws, WSLAY_CODE_PROTOCOL_ERROR, EPROTO);
}

/* take moves payload octets from wslay to out; returns how many. */
static size_t take(struct ws *ws, uint8_t *out, size_t n)
{
    size_t some = ws->left.n < n ? ws->left.n : n;

    if (some == 0)
        return 0;
    memcpy(out, ws->left.data, some);
    ws->left.data += some;
    ws->left.n -= some;
    return some;
}

static ssize_t ws_read(struct transport *t, uint8_t *out, size_t n)
{
    struct ws *ws = ws_of(t);
    size_t got = 0;
    ssize_t step = 1;

    while (got < n && step > 0 && !ws->is_ended) {
        size_t some = take(ws, out + got, n - got);
        got += some;
        if (some > 0)
            continue;
        errno = 0;
        step = advance(ws);
        if (step < 0) {
            ws->is_ended = true;
            ws->error = errno;
        }
    }
    if (got > 0 || !ws->is_ended)
        return (ssize_t)got; /* the end is told by the next read */
    ws->has_told_end = true;
    errno = ws->error;
    return -1;
}

/* begin_frame starts a binary frame around as much of n octets as is allowed.
 */
static void begin_frame(struct ws *ws, size_t n)
{
    size_t max = (size_t)ws->options->web_socket_max_frame_payload_length;

    ws->frame_left = n < max ? n : max;
    ws->head_n = frame_head(ws->head, WSLAY_BINARY_FRAME, ws->frame_left);
    ws->head_at = 0;
}

/* limit copies parts, but no more octets than the frame has left. */
static int limit(const struct ws *ws, struct iovec *out,
                 const struct iovec *parts, int n_parts)
{
    size_t left = ws->frame_left;
    int n = 0;

    for (; n < n_parts && n < MAX_PARTS && left > 0; n++) {
        out[n] = parts[n];
        if (out[n].iov_len > left)
            out[n].iov_len = left;
        left -= out[n].iov_len;
    }
    return n;
}

static size_t parts_size(const struct iovec *parts, int n_parts)
{
    size_t n = 0;

    for (int i = 0; i < n_parts && i < MAX_PARTS; i++)
        n += parts[i].iov_len;
    return n;
}

static ssize_t ws_writev(struct transport *t, const struct iovec *parts,
                         int n_parts)
{
    struct ws *ws = ws_of(t);
    struct iovec list[MAX_PARTS + 1];
    size_t n_head;
    ssize_t n;
    int n_list;

    if (ws->frame_left == 0) {
        n = send_control(ws);
        if (n <= 0)
            return n;
        ws->base.wants_write = ws->below->wants_write;
        if (n_parts == 0 || !ws->is_open)
            return 0;
        if (ws->has_said_close) /* nothing may follow a Close frame */
            return (ssize_t)parts_size(parts, n_parts);
        begin_frame(ws, parts_size(parts, n_parts));
    }
    n_head = ws->head_n - ws->head_at;
    list[0] = (struct iovec){ws->head + ws->head_at, n_head};
    n_list = 1 + limit(ws, list + 1, parts, n_parts);
    n = ws->below->ops->writev(ws->below, list, n_list);
    if (n <= 0)
        return n;
    if ((size_t)n <= n_head) {
        ws->head_at += (size_t)n;
        return 0;
    }
    ws->head_at = ws->head_n;
    ws->frame_left -= (size_t)n - n_head;
    ws->base.wants_write = ws->below->wants_write || buf_size(&ws->control) > 0;
    return n - (ssize_t)n_head;
}

static bool ws_has_pending(const struct transport *t)
{
    const struct ws *ws = ws_of(t);

    /* Before the handshake is whole, what lies in `in` waits for more. */
    return ws->left.n > 0 || (ws->is_ended && !ws->has_told_end) ||
           (ws->is_open && buf_size(&ws->in) > 0) ||
           ws->below->ops->has_pending(ws->below);
}

static int ws_finish(struct transport *t)
{
    struct ws *ws = ws_of(t);
    ssize_t n;

    if (ws->is_open)
        say_close(ws, WSLAY_CODE_NORMAL_CLOSURE);
    n = send_control(ws);
    if (n <= 0)
        return (int)n;
    ws->base.wants_write = ws->below->wants_write;
    return ws->below->ops->finish(ws->below);
}

static void ws_free(struct transport *t)
{
    struct ws *ws = ws_of(t);

    ws->below->ops->free(ws->below);
    wslay_frame_context_free(ws->frames);
    buf_clear(&ws->in);
    buf_clear(&ws->control);
    free(ws);
}

static const struct transport_ops ws_ops = {
    .name = "ws",
    .read = ws_read,
    .writev = ws_writev,
    .has_pending = ws_has_pending,
    .finish = ws_finish,
    .free = ws_free,
};

struct transport *ws_new(struct transport *below,
                         const struct acceptor_options *options,
                         struct slice early)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback =
                                                               feed};
    struct ws *ws = mem_new(1, sizeof *ws);

    ws->base.ops = &ws_ops;
    ws->base.fd = below->fd;
    ws->below = below;
    ws->options = options;
    if (wslay_frame_context_init(&ws->frames, &callbacks, ws) != 0)
        die("out of memory");
    buf_append(&ws->in, early.data, early.n);
    return &ws->base;
}
